//! A fixture as a kernel tree: the mini kernel's headers, the fixture's files, and what `make prepare` would leave.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

use crate::fixture::Fixture;

/// What stands in every prepared tree, and what the driver reads of it.
const FRAME: [(&str, &str); 5] = [
    ("Makefile", "VERSION = 6\nPATCHLEVEL = 12\nSUBLEVEL = 0\n"),
    ("kernel/bounds.c", "/* Only its command is read. */\n"),
    ("arch/x86/include/README", "The mini kernel has no architecture.\n"),
    ("include/config/auto.conf", "CONFIG_64BIT=y\n"),
    ("include/generated/autoconf.h", "#define CONFIG_64BIT 1\n"),
];

/// The command by which `make prepare` compiled `kernel/bounds.c`: every file is compiled so.
const BASE_COMMAND: &str = "savedcmd_kernel/bounds.s := gcc -nostdinc -I./arch/x86/include -I./include -D__KERNEL__ \
                            -std=gnu11 -S -o kernel/bounds.s kernel/bounds.c\n";

/// A tree and a cache in a directory of their own, which goes with them.
pub(crate) struct Tree {
    directory: PathBuf,
    pub(crate) root: PathBuf,
    pub(crate) cache: PathBuf,
}

impl Drop for Tree {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.directory);
    }
}

impl Tree {
    /// The files have the same names in the tree as below `testdata`.
    pub(crate) fn build(testdata: &Path, fixture: &Fixture) -> std::io::Result<Tree> {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let directory = std::env::temp_dir().join(format!("gup-testkit-{}-{number}", std::process::id()));
        let _ = fs::remove_dir_all(&directory);
        let tree = Tree { root: directory.join("linux"), cache: directory.join("cache"), directory };
        for include in ["include"].into_iter().chain(fixture.directives.include.as_deref()) {
            copy_headers(&testdata.join(include).join("linux"), &tree.root.join("include/linux"))?;
        }
        for (name, text) in FRAME {
            tree.write(name, text)?;
        }
        tree.write("kernel/.bounds.s.cmd", BASE_COMMAND)?;
        tree.write("Kbuild", &kbuild(fixture))?;
        for file in &fixture.files {
            tree.write(&file.name, &fs::read_to_string(testdata.join(&file.name))?)?;
        }
        Ok(tree)
    }

    pub(crate) fn write(&self, name: &str, text: &str) -> std::io::Result<()> {
        let path = self.root.join(name);
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder)?;
        }
        fs::write(path, text)
    }
}

fn copy_headers(from: &Path, to: &Path) -> std::io::Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        fs::copy(entry.path(), to.join(entry.file_name()))?;
    }
    Ok(())
}

/// Every source is built in, with the fixture's own arguments.
fn kbuild(fixture: &Fixture) -> String {
    let mut text = format!("ccflags-y := {}\n", fixture.directives.args.join(" "));
    for stem in fixture.files.iter().filter_map(|file| file.name.strip_suffix(".c")) {
        text.push_str(&format!("obj-y += {stem}.o\n"));
    }
    text
}

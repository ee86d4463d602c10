//! The kernel of the fixtures as a tree that can be audited: for people who can bring no real one.
//!
//! `testdata/include` has the headers and `testdata/rules` the drivers; what makes a kernel of them (makefiles, a
//! configuration, the command that compiled `kernel/bounds.c`) is written here.

use std::fs;
use std::path::{Path, PathBuf};

use crate::cache::{Cache, Stamped, write_whole};
use crate::run::{Failure, Outcome};

/// Files that stand in every prepared tree, and what the driver reads from them.
const FRAME: [(&str, &str); 7] = [
    ("Makefile", "VERSION = 6\nPATCHLEVEL = 12\nSUBLEVEL = 0\n"),
    ("Kbuild", "obj-y += drivers/\n"),
    ("kernel/bounds.c", "/* Only its command is read. */\n"),
    ("kernel/.bounds.s.cmd", BOUNDS),
    ("arch/x86/include/README", "The mini kernel has no architecture.\n"),
    ("include/config/auto.conf", "CONFIG_64BIT=y\nCONFIG_MMU=y\n"),
    ("include/generated/autoconf.h", "#define CONFIG_64BIT 1\n#define CONFIG_MMU 1\n"),
];

const BOUNDS: &str = "savedcmd_kernel/bounds.s := gcc -nostdinc -I./arch/x86/include -I./include -D__KERNEL__ -std=gnu11 \
                      -fshort-wchar -fno-strict-aliasing -O2 -S -o kernel/bounds.s kernel/bounds.c\n";

/// Writes the tree into the cache, anew every time: it is small, and fixtures change.
pub(crate) fn ensure(cache: &Cache, testdata: &Path) -> Outcome<PathBuf> {
    let tree = Stamped { folder: cache.kernel("mini").join("source") };
    tree.clear()?;
    copy(&testdata.join("include"), &tree.folder.join("include"))?;
    let objects = copy(&testdata.join("rules"), &tree.folder.join("drivers"))?;
    for (name, text) in FRAME {
        write_whole(&tree.folder.join(name), text.as_bytes())?;
    }
    let lines: String = objects.iter().filter_map(|path| Some(format!("obj-y += {}.o\n", path.strip_suffix(".c")?))).collect();
    write_whole(&tree.folder.join("drivers/Makefile"), lines.as_bytes())?;
    tree.finish("testdata")?;
    Ok(tree.folder)
}

/// Copies a folder with all that is in it; returns the paths of the files relative to it.
fn copy(from: &Path, to: &Path) -> Outcome<Vec<String>> {
    let mut files = Vec::new();
    let mut folders = vec![PathBuf::new()];
    while let Some(folder) = folders.pop() {
        let here = from.join(&folder);
        for entry in fs::read_dir(&here).map_err(|e| Failure::io("read", &here, &e))?.filter_map(Result::ok) {
            let relative = folder.join(entry.file_name());
            if entry.path().is_dir() {
                folders.push(relative);
                continue;
            }
            let bytes = fs::read(entry.path()).map_err(|e| Failure::io("read", &entry.path(), &e))?;
            write_whole(&to.join(&relative), &bytes)?;
            files.push(relative.to_string_lossy().into_owned());
        }
    }
    files.sort();
    Ok(files)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workspace;

    #[test]
    fn every_fixture_is_built_in() {
        let cache = Cache::at(std::env::temp_dir().join(format!("xtask-mini-{}", std::process::id())));
        let tree = ensure(&cache, &workspace::root().join("testdata")).unwrap();
        assert!(tree.join("include/linux/mm.h").is_file() && tree.join("kernel/.bounds.s.cmd").is_file());
        let makefile = fs::read_to_string(tree.join("drivers/Makefile")).unwrap();
        for line in makefile.lines() {
            let object = line.strip_prefix("obj-y += ").unwrap();
            assert!(tree.join("drivers").join(object.replace(".o", ".c")).is_file(), "{object}");
        }
        assert!(makefile.contains("obj-y += leak/error-paths.o\n"), "{makefile}");
        fs::remove_dir_all(cache.debs().parent().unwrap()).unwrap();
    }
}

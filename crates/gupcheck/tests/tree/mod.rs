//! A prepared kernel tree with a few drivers over the mini kernel of `testdata/include`, and runs of gupcheck on it.
#![allow(dead_code, reason = "each test program uses a part of it")]

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};

use serde_json::Value;

/// Goes with its directory.
pub(crate) struct Tree {
    pub directory: PathBuf,
}

/// Takes one page and never drops it; the wrapper's caller is in another file, which names no acquisition.
const LEAK: &str = "#include <linux/mm.h>\n\
    int look(unsigned long addr)\n{\n\tstruct page *page;\n\n\tif (get_user_pages_fast(addr, 1, 0, &page) != 1)\n\t\treturn -EFAULT;\n\treturn 0;\n}\n";
const WRAPPER: &str = "#include <linux/mm.h>\n#include \"own.h\"\n\
    int grab_one(unsigned long addr, struct page **page)\n{\n\tint got = get_user_pages_fast(addr, 1, GRAB_FLAGS, page);\n\n\treturn got == 1 ? 0 : -EFAULT;\n}\n";
const CALLER: &str = "#include <linux/mm.h>\n#include \"own.h\"\n\
    int peek(unsigned long addr)\n{\n\tstruct page *page;\n\n\tif (grab_one(addr, &page))\n\t\treturn -EFAULT;\n\tput_page(page);\n\treturn 0;\n}\n";
const PART: &str = "static int part_look(unsigned long addr)\n{\n\tstruct page *page;\n\n\tif (get_user_pages_fast(addr, 1, 0, &page) != 1)\n\t\treturn -EFAULT;\n\
    \tput_page(page);\n\treturn 0;\n}\n";

impl Tree {
    pub(crate) fn new(name: &str) -> Tree {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let directory = std::env::temp_dir().join(format!("gupcheck-cli-{}-{name}-{number}", std::process::id()));
        let _ = std::fs::remove_dir_all(&directory);
        let tree = Tree { directory };
        let include = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../testdata/include/linux");
        for entry in std::fs::read_dir(include).unwrap().map(Result::unwrap) {
            let text = std::fs::read_to_string(entry.path()).unwrap();
            tree.write(&format!("include/linux/{}", entry.file_name().to_string_lossy()), &text);
        }
        for (file, text) in [
            ("Makefile", "VERSION = 6\nPATCHLEVEL = 12\nSUBLEVEL = 0\n"),
            ("Kbuild", "obj-y += drivers/\n"),
            ("kernel/bounds.c", ""),
            ("arch/x86/include/README", ""),
            ("include/config/auto.conf", "CONFIG_OWN=m\n"),
            ("include/generated/autoconf.h", ""),
            (
                "kernel/.bounds.s.cmd",
                "savedcmd_kernel/bounds.s := gcc -nostdinc -I./arch/x86/include -I./include -D__KERNEL__ -std=gnu11 -mno-such-flag \
                 --param x=1 -fplugin=./evil.so -S -o kernel/bounds.s kernel/bounds.c\n",
            ),
            (
                "drivers/Makefile",
                "obj-$(CONFIG_OWN) += leak.o own.o\nown-y := wrapper.o caller.o whole.o\nobj-$(CONFIG_OFF) += off.o\n",
            ),
            ("drivers/own.h", "#define GRAB_FLAGS 0\nint grab_one(unsigned long addr, struct page **page);\n"),
            ("drivers/leak.c", LEAK),
            ("drivers/wrapper.c", WRAPPER),
            ("drivers/caller.c", CALLER),
            (
                "drivers/whole.c",
                "#include <linux/mm.h>\n#include \"part.c\"\nint look_in(unsigned long a)\n{\n\treturn part_look(a);\n}\n",
            ),
            ("drivers/part.c", PART),
            ("drivers/off.c", LEAK),
        ] {
            tree.write(file, text);
        }
        tree
    }

    pub(crate) fn root(&self) -> PathBuf {
        self.directory.join("linux")
    }

    pub(crate) fn cache(&self) -> PathBuf {
        self.directory.join("cache")
    }

    pub(crate) fn write(&self, file: &str, text: &str) {
        let path = self.root().join(file);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }

    pub(crate) fn read(&self, file: &str) -> String {
        std::fs::read_to_string(self.root().join(file)).unwrap()
    }

    /// gupcheck in the root of the tree, over the tree's own cache.
    pub(crate) fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_gupcheck"));
        command.args(args).current_dir(self.root()).env("GUPCHECK_CACHE_DIR", self.cache()).stdin(Stdio::null());
        command
    }

    pub(crate) fn run(&self, args: &[&str]) -> Run {
        Run::of(self.command(args).output().unwrap())
    }

    /// The report of `audit` with more options.
    pub(crate) fn audit(&self, args: &[&str]) -> Run {
        self.run(&[&["audit", "--format", "json", "--confidence", "medium"], args].concat())
    }

    /// A patch that replaces `from` by `to` in a file's text.
    pub(crate) fn change(&self, file: &str, from: &str, to: &str) -> String {
        let old = self.read(file);
        assert!(old.contains(from));
        let new = old.replace(from, to);
        let mut patch = format!("--- a/{file}\n+++ b/{file}\n@@ -1,{} +1,{} @@\n", old.lines().count(), new.lines().count());
        old.lines().for_each(|line| patch.push_str(&format!("-{line}\n")));
        new.lines().for_each(|line| patch.push_str(&format!("+{line}\n")));
        patch
    }

    /// `diff` of such a change.
    pub(crate) fn diff(&self, file: &str, from: &str, to: &str) -> Run {
        self.apply(&self.change(file, from, to))
    }

    pub(crate) fn apply(&self, patch: &str) -> Run {
        self.apply_with(patch, &[])
    }

    pub(crate) fn apply_with(&self, patch: &str, args: &[&str]) -> Run {
        std::fs::write(self.directory.join("change.patch"), patch).unwrap();
        let all = ["diff", "--format", "json", "--confidence", "medium", "--patch", "../change.patch"];
        self.run(&[&all, args].concat())
    }
}

impl Drop for Tree {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.directory);
    }
}

/// What a run said.
pub(crate) struct Run {
    pub status: Option<i32>,
    pub out: String,
    pub err: String,
}

impl Run {
    pub(crate) fn of(output: Output) -> Run {
        Run {
            status: output.status.code(),
            out: String::from_utf8(output.stdout).unwrap(),
            err: String::from_utf8(output.stderr).unwrap(),
        }
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.out).unwrap_or_else(|error| panic!("{error}: {}{}", self.out, self.err))
    }

    /// Lines of complaint on stderr.
    pub(crate) fn complaints(&self) -> Vec<&str> {
        self.err.lines().filter(|line| line.starts_with("gupcheck: ")).collect()
    }
}

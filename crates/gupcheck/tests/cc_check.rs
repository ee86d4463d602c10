//! `gupcheck cc-check` as Kbuild calls it: flags of all sorts, where findings go, what is written, what other files say.
#![allow(clippy::unwrap_used)]

mod tree;

use std::path::Path;

use tree::{Run, Tree};

/// What Kbuild puts before the file: CHECKFLAGS, with CF= in their middle, then the compiler's own.
const FLAGS: &[&str] = &[
    "-D__linux__",
    "-Dlinux",
    "-Wbitwise",
    "-Wno-return-void",
    "--gup-from-CF",
    "--arch=x86",
    "-mlittle-endian",
    "-m64",
    "-Wp,-MMD,drivers/.leak.o.d",
    "-nostdinc",
    "-I",
    "./arch/x86/include",
    "-I./include",
    "-D__KERNEL__",
    "-D",
    "TWO_WORDS",
    "-std=gnu11",
    "--param",
    "x=1",
    "-mllvm",
    "-asan-x=1",
    "-fplugin=./evil.so",
    "-fsanitize=kcfi",
    "-mno-such-flag",
    "-DMODULE",
    "-DKBUILD_BASENAME=\"leak\"",
];

fn check(tree: &Tree, ours: &[&str], file: &str) -> Run {
    tree.run(&[&["cc-check"], ours, FLAGS, &[file]].concat())
}

#[test]
fn findings_go_to_stderr_with_status_0_and_nothing_into_the_tree() {
    let tree = Tree::new("cc-check");
    let run = check(&tree, &[], "drivers/leak.c");
    assert_eq!((run.status, run.out.as_str()), (Some(0), ""));
    assert!(run.err.starts_with("drivers/leak.c: In function 'look':\ndrivers/leak.c:8:2: error: "), "{}", run.err);
    let notes = run.err.lines().filter(|line| line.contains(": note: "));
    assert!(notes.clone().count() > 0 && !notes.clone().any(|line| line.contains("warn") || line.contains("error")));
    assert!(!tree.root().join("drivers/.leak.o.d").exists(), "the dependency file is the compiler's");
    assert!(!tree.root().join(".gupcheck").exists());
}

#[test]
fn what_has_nothing_to_do_with_pages_is_done_without_libclang() {
    let tree = Tree::new("cc-check-idle");
    tree.write("drivers/idle.c", "int idle(void)\n{\n\treturn 0;\n}\n");
    let run = |file: &str| {
        let words = [&["cc-check"], FLAGS, &[file]].concat();
        Run::of(tree.command(&words).env("LIBCLANG_PATH", "/nowhere").output().unwrap())
    };
    let idle = run("drivers/idle.c");
    assert_eq!((idle.status, idle.err.as_str()), (Some(0), ""));
    let leak = run("drivers/leak.c");
    assert_eq!(leak.status, Some(2), "no libclang must not look like a clean kernel");
    assert!(leak.err.contains("install the package"), "{}", leak.err);
    assert!(run("drivers/part.c").err.contains("install the package"), "a source that names an acquisition");
    assert!(run("drivers/whole.c").err.contains("install the package"), "one that includes such a source");
}

#[test]
fn names_are_those_that_make_gave_also_from_a_build_directory() {
    let tree = Tree::new("cc-check-build");
    let build = tree.directory.join("build");
    for file in ["include/config/auto.conf", "include/generated/autoconf.h", "kernel/.bounds.s.cmd"] {
        let path = build.join(file);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        let text = tree.read(file).replace("-I./", &format!("-I{}/", tree.root().display()));
        std::fs::write(path, text).unwrap();
    }
    std::fs::write(build.join(".config"), "").unwrap();
    std::os::unix::fs::symlink(tree.root(), build.join("source")).unwrap();
    let include = format!("-I{}/include", tree.root().display());
    let file = tree.root().join("drivers/leak.c").display().to_string();
    let words = ["cc-check", "-Wp,-MMD,x.d", "-nostdinc", &include, "-D__KERNEL__", "-std=gnu11", &file];
    let run = Run::of(tree.command(&words).current_dir(&build).output().unwrap());
    assert!(run.err.starts_with(&format!("{file}: In function 'look':\n{file}:8:2: error: ")), "{}", run.err);
    std::fs::remove_file(build.join("source")).unwrap();
    let named = [&["cc-check", "--tree", "../linux"], &words[1..]].concat();
    let named = Run::of(tree.command(&named).current_dir(&build).output().unwrap());
    assert_eq!(named.err, run.err, "without the link the tree must be named, the build need not");
}

/// As `make M=` does it: a file that lies outside the tree.
#[test]
fn a_module_outside_the_tree_is_checked_with_the_flags_of_the_call() {
    let tree = Tree::new("cc-check-module");
    let file = tree.directory.join("own/own.c");
    std::fs::create_dir_all(file.parent().unwrap()).unwrap();
    std::fs::write(&file, tree.read("drivers/leak.c").replace("#include", "#ifdef OWN\n#include") + "#endif\n").unwrap();
    let name = file.display().to_string();
    assert_eq!(check(&tree, &[], &name).err, "", "nothing is defined");
    let run = tree.run(&[&["cc-check"], FLAGS, &["-DOWN", &name]].concat());
    assert!(run.err.contains(&format!("{name}:9:2: error: ")), "{}", run.err);
}

#[test]
fn an_audit_lets_it_know_what_other_files_say() {
    let tree = Tree::new("cc-check-others");
    // The caller of a wrapper names no acquisition.
    tree.write("drivers/caller.c", &tree.read("drivers/caller.c").replace("\tput_page(page);\n", ""));
    assert_eq!(check(&tree, &[], "drivers/caller.c").err, "");
    tree.audit(&[]);
    let run = check(&tree, &["--confidence", "medium"], "drivers/caller.c");
    assert!(run.err.contains("drivers/caller.c:") && run.err.contains("[leak]"), "{}", run.err);
    assert!(!check(&tree, &[], "drivers/wrapper.c").err.contains("drivers/caller.c"), "each finding is told with its own file");
}

#[test]
fn baseline_and_suppressions_hold_for_it_too() {
    let tree = Tree::new("cc-check-known");
    assert_eq!(tree.run(&["baseline", "create", "../known.json"]).status, Some(0));
    assert_eq!(check(&tree, &["--baseline", "../known.json"], "drivers/leak.c").err, "");
}

#[test]
fn what_cannot_be_read_is_said_and_no_failure() {
    let tree = Tree::new("cc-check-failed");
    tree.write("drivers/leak.c", "#include <linux/nowhere.h>\nint f(void)\n{\n\treturn get_user_pages_fast(0, 1, 0, 0);\n}\n");
    let run = check(&tree, &[], "drivers/leak.c");
    assert_eq!((run.status, run.complaints().len()), (Some(0), 1), "{}", run.err);
    assert!(run.err.contains("drivers/leak.c was not checked: ") && run.err.contains("nowhere.h"), "{}", run.err);
    let wrong = tree.run(&["cc-check", "-DX", "leak.o"]);
    assert_eq!(wrong.status, Some(2));
    assert!(wrong.err.contains("CHECK=\"gupcheck cc-check\""), "{}", wrong.err);
    assert!(!Path::new(&tree.root()).join("leak.o").exists());
}

//! Precompiled headers, overlays, names of files, and what happens when something is missing.

mod common;

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use gup_frontend::{Extraction, Request, build_pch, extract, extract_headers};

const COMMON: &str = "#include <linux/common.h>\n";

/// A small tree: `src` with headers and a driver, `out` with a generated header.
struct Tree {
    directory: PathBuf,
}

impl Tree {
    fn new(name: &str) -> Tree {
        let directory = std::env::temp_dir().join(format!("gup-frontend-{name}-{}", std::process::id()));
        let tree = Tree { directory };
        tree.write(
            "src/include/linux/common.h",
            "#pragma once\n#include <generated.h>\nstatic inline int common(int x) { return x + LIMIT; }\n",
        );
        tree.write("out/include/generated.h", "#define LIMIT 7\nstatic inline int generated(void) { return 0; }\n");
        tree.write(
            "src/drivers/own.h",
            "static inline int own(int x) { return common(x); }\nstatic inline int spare(void) { return 1; }\n",
        );
        tree.write(
            "src/drivers/driver.c",
            "#include <linux/common.h>\n#include \"own.h\"\nint probe(int x) { return own(x) + generated(); }\n",
        );
        tree
    }

    fn write(&self, file: &str, text: &str) -> PathBuf {
        let path = self.directory.join(file);
        std::fs::create_dir_all(path.parent().expect("a file in a directory")).expect("a writable temporary directory");
        std::fs::write(&path, text).expect("a writable temporary directory");
        path
    }

    fn src(&self) -> PathBuf {
        self.directory.join("src")
    }

    fn out(&self) -> PathBuf {
        self.directory.join("out")
    }

    fn args(&self) -> Vec<String> {
        let include = self.src().join("include");
        common::flags(&["-std=gnu11", "-I./include", &format!("-I{}", include.display())])
    }

    fn pch(&self) -> PathBuf {
        self.out().join("common.pch")
    }

    fn build_pch(&self) -> Result<Vec<PathBuf>, String> {
        build_pch(&common::clang(), &self.src(), COMMON, &self.args(), &self.out(), &[], &self.pch())
    }

    fn extract(&self, pch: Option<&Path>, overlay: &[(PathBuf, Vec<u8>)], known: &[&str]) -> Extraction {
        let known: HashSet<String> = known.iter().map(|name| (*name).to_owned()).collect();
        let (root, directory, mut args) = (self.src(), self.out(), self.args());
        // As Kbuild does: the unit has a macro more than the PCH.
        args.push("-DKBUILD_MODNAME=\"driver\"".to_owned());
        let request = Request {
            root: &root,
            file: "drivers/driver.c",
            args: &args,
            directory: &directory,
            overlay,
            pch,
            known_headers: &known,
        };
        extract(&common::clang(), &request)
    }
}

impl Drop for Tree {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.directory);
    }
}

fn functions(extraction: &Extraction) -> Vec<&str> {
    assert_eq!((&extraction.fatal, extraction.errors.len()), (&None, 0), "{:?}", extraction.errors);
    extraction.unit.functions.iter().map(|function| function.name.as_str()).collect()
}

#[test]
fn without_a_pch_a_unit_brings_the_header_functions_it_needs() {
    let tree = Tree::new("plain");
    let extraction = tree.extract(None, &[], &[]);
    assert_eq!(functions(&extraction), ["generated", "common", "own", "probe"]);
    assert_eq!(
        extraction.unit.files,
        ["drivers/driver.c", "build:include/generated.h", "include/linux/common.h", "drivers/own.h"]
    );
    let expected = ["out/include/generated.h", "src/drivers/driver.c", "src/drivers/own.h", "src/include/linux/common.h"];
    assert_eq!(extraction.includes, expected.map(|file| tree.directory.join(file)));
}

#[test]
fn known_headers_are_left_out() {
    let tree = Tree::new("known");
    let extraction = tree.extract(None, &[], &["include/linux/common.h", "build:include/generated.h"]);
    assert_eq!(functions(&extraction), ["own", "probe"]);
}

#[test]
fn a_pch_brings_its_functions_once() {
    let tree = Tree::new("pch");
    let inputs = tree.build_pch().expect("headers without errors");
    let expected = ["out/common.h", "out/include/generated.h", "src/include/linux/common.h"];
    assert_eq!(inputs, expected.map(|file| tree.directory.join(file)));
    let headers = extract_headers(&common::clang(), &tree.src(), COMMON, &tree.args(), &tree.out(), &[], &tree.pch());
    assert_eq!(functions(&headers), ["generated", "common"]);
    let extraction = tree.extract(Some(&tree.pch()), &[], &[]);
    assert_eq!(functions(&extraction), ["own", "probe"]);
    assert_eq!(extraction.includes, ["src/drivers/driver.c", "src/drivers/own.h"].map(|file| tree.directory.join(file)));
}

#[test]
fn with_and_without_a_pch_the_main_file_lowers_alike() {
    let tree = Tree::new("alike");
    tree.build_pch().expect("headers without errors");
    let own = |extraction: &Extraction| {
        let function = extraction.unit.functions.iter().find(|function| function.name == "probe").expect("in the main file");
        gup_ir::text::print_function(function)
    };
    assert_eq!(own(&tree.extract(Some(&tree.pch()), &[], &[])), own(&tree.extract(None, &[], &[])));
}

#[test]
fn a_changed_header_makes_the_pch_stale() {
    let tree = Tree::new("stale");
    tree.build_pch().expect("headers without errors");
    tree.write("out/include/generated.h", "#define LIMIT 8888\nstatic inline int generated(void) { return 1; }\n");
    let extraction = tree.extract(Some(&tree.pch()), &[], &[]);
    assert!(extraction.fatal.as_ref().is_some_and(|reason| reason.contains("precompiled header")), "{:?}", extraction.fatal);
    tree.build_pch().expect("headers without errors");
    assert_eq!(functions(&tree.extract(Some(&tree.pch()), &[], &[])), ["own", "probe"]);
}

#[test]
fn an_overlay_stands_for_the_file() {
    let tree = Tree::new("overlay");
    tree.build_pch().expect("headers without errors");
    let text = b"#include <linux/common.h>\nint changed(int x) { return common(x); }\n".to_vec();
    let overlay = [(tree.src().join("drivers/driver.c"), text)];
    assert_eq!(functions(&tree.extract(Some(&tree.pch()), &overlay, &[])), ["changed"]);
    assert_eq!(functions(&tree.extract(None, &overlay, &[])), ["common", "changed"]);
}

#[test]
fn errors_have_their_place_and_do_not_cost_the_unit() {
    let tree = Tree::new("errors");
    tree.write(
        "src/drivers/driver.c",
        "int good(int x) { return x; }\nint bad(struct absent *p) { return p->field + undeclared; }\n",
    );
    let extraction = tree.extract(None, &[], &[]);
    assert!(extraction.errors[0].starts_with("drivers/driver.c:2:"), "{:?}", extraction.errors);
    assert!(extraction.unit.functions.iter().any(|function| function.name == "good"));
}

#[test]
fn what_cannot_be_read_is_fatal_with_a_reason() {
    let tree = Tree::new("missing");
    std::fs::remove_file(tree.src().join("drivers/driver.c")).expect("it was there");
    let extraction = tree.extract(None, &[], &[]);
    assert!(extraction.fatal.is_some() || !extraction.errors.is_empty());
    assert_eq!(extraction.unit.functions, []);
    assert_eq!(extraction.unit.file, "drivers/driver.c");
}

#[test]
fn headers_with_errors_make_no_pch() {
    let tree = Tree::new("broken");
    tree.write("src/include/linux/common.h", "#include <absent.h>\n");
    let error = tree.build_pch().expect_err("a header is missing");
    assert!(error.contains("include/linux/common.h:1:") && error.contains("absent.h"), "{error}");
}

#[test]
fn a_very_long_expression_is_opaque_and_not_the_end() {
    let tree = Tree::new("long");
    let sum = vec!["x"; 5_000].join(" + ");
    tree.write("src/drivers/driver.c", &format!("int sum(int x) {{ return {sum}; }}\nint after(int x) {{ return x; }}\n"));
    let extraction = tree.extract(None, &[], &[]);
    assert_eq!(functions(&extraction), ["sum", "after"]);
    assert_eq!(extraction.opaque.keys().collect::<Vec<_>>(), ["expr: nested too deep"]);
}

#[test]
fn a_file_that_stays_parsed_gives_what_it_gives_anew() {
    let tree = Tree::new("live");
    let clang = gup_clang::load().expect("these tests need libclang; `cargo xtask test` installs it");
    let live = gup_frontend::Live::new(&clang);
    let (pch, scratch) = (tree.pch(), tree.out());
    build_pch(&clang, &tree.src(), COMMON, &tree.args(), &tree.out(), &[], &pch).expect("a PCH");
    tree.write("src/drivers/other.h", "static inline int other(int x) { return x; }\nstatic int (*table)(int) = other;\n");
    let own = "#include <linux/common.h>\n#include \"own.h\"\n";
    let texts = [
        format!("{own}int probe(int x) {{ return own(x) + generated(); }}\n"),
        format!("{own}int probe(int x) {{ return own(x + 1; }}\n"),
        format!("{own}int probe(int x) {{ return own(x) + spare(); }}\nint more(void) {{ return 3; }}\n"),
        format!("/* it\n * has lines */\n\n{own}int probe(int x) {{ return own(x) + spare(); }}\n"),
        format!("/* it */\n#include \"other.h\"\n{own}int probe(int x) {{ return spare(); }}\n"),
        "#include <linux/common.h>\nint probe(int x) { return common(x); }\nint more(void) { return 3; }\n".to_owned(),
        "#include <linux/none.h>\nint probe(int x) { return x; }\n".to_owned(),
        format!("#include <linux/common.h>\n#define X \"/*\"\n#if X\n#include \"own.h\"\n#endif\nint y = 1; {own}"),
    ];
    for pch in [Some(pch.as_path()), None] {
        for text in &texts {
            let overlay = [(tree.src().join("drivers/driver.c"), text.as_bytes().to_vec())];
            let (root, args, directory, known_headers) = (tree.src(), tree.args(), tree.out(), HashSet::new());
            let request = Request {
                root: &root,
                file: "drivers/driver.c",
                args: &args,
                directory: &directory,
                overlay: &overlay,
                pch,
                known_headers: &known_headers,
            };
            let (anew, again) = (extract(&clang, &request), live.extract(&request, &scratch));
            assert_eq!((&anew.unit, &anew.errors, &anew.includes), (&again.unit, &again.errors, &again.includes), "{text}");
            assert_eq!((anew.statements, anew.fatal), (again.statements, again.fatal));
        }
    }
}

#[test]
fn a_header_that_changes_under_a_file_that_stays_parsed_is_read_again() {
    let tree = Tree::new("live-stale");
    let clang = gup_clang::load().expect("these tests need libclang; `cargo xtask test` installs it");
    let live = gup_frontend::Live::new(&clang);
    let pch = tree.pch();
    build_pch(&clang, &tree.src(), COMMON, &tree.args(), &tree.out(), &[], &pch).expect("a PCH");
    let text = "#include \"own.h\"\nint probe(int x) { return own(x); }\n";
    let overlay = [(tree.src().join("drivers/driver.c"), text.as_bytes().to_vec())];
    let (root, args, directory, known_headers) = (tree.src(), tree.args(), tree.out(), HashSet::new());
    let (file, pch) = ("drivers/driver.c", Some(pch.as_path()));
    let request =
        Request { root: &root, file, args: &args, directory: &directory, overlay: &overlay, pch, known_headers: &known_headers };
    let scratch = tree.out().join("scratch");
    std::fs::create_dir(&scratch).expect("a writable temporary directory");
    let prefixes = || std::fs::read_dir(&scratch).expect("a directory").count();
    live.extract(&request, &scratch);
    assert_eq!(prefixes(), 1);
    live.extract(&request, &scratch);
    let lower = [(tree.src().join("drivers/driver.c"), format!("\n/* it */\n{text}").into_bytes())];
    let written = |overlay| {
        let request = Request { overlay, ..request };
        let (anew, again) = (extract(&clang, &request), live.extract(&request, &scratch));
        assert_eq!((&anew.unit, &anew.errors, &anew.includes), (&again.unit, &again.errors, &again.includes));
        std::fs::read_dir(&scratch).expect("a directory").map(|entry| entry.expect("an entry").path()).collect::<Vec<_>>()
    };
    assert_eq!(written(&overlay), written(&lower), "comments and empty lines above it do not make it another one");
    tree.write("src/drivers/own.h", "static inline int fresh(int x) { return x; }\n#define own fresh\n");
    for _ in 0..2 {
        let (anew, again) = (extract(&clang, &request), live.extract(&request, &scratch));
        assert_eq!((&anew.unit, &anew.errors, &anew.includes), (&again.unit, &again.errors, &again.includes));
    }
    assert_eq!(prefixes(), 1, "the old one is gone");
}

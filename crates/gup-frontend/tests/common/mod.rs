//! What several test files need.
#![allow(dead_code)]

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use gup_clang::Clang;
use gup_frontend::{Extraction, Request, extract};

pub(crate) fn clang() -> Clang {
    gup_clang::load().expect("these tests need libclang; `cargo xtask test` installs it")
}

/// `testdata/frontend`
pub(crate) fn testdata() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../testdata/frontend")
        .canonicalize()
        .expect("testdata/frontend is part of the repository")
}

pub(crate) fn flags(flags: &[&str]) -> Vec<String> {
    flags.iter().map(|flag| (*flag).to_owned()).collect()
}

/// The C files of a directory below `testdata/frontend`, sorted.
pub(crate) fn c_files(directory: &str) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(testdata().join(directory)).expect("a directory");
    let mut files: Vec<PathBuf> = entries.map(|entry| entry.expect("a readable entry").path()).collect();
    files.retain(|file| file.extension().is_some_and(|extension| extension == "c"));
    files.sort();
    assert!(!files.is_empty(), "no C files in {directory}");
    files
}

/// Extracts a file of `testdata/frontend` and checks what must hold for every unit.
pub(crate) fn extract_fixture(clang: &Clang, file: &Path) -> Extraction {
    let root = testdata();
    let name = file.strip_prefix(&root).expect("below testdata/frontend").to_str().expect("a plain name");
    let args = flags(&["-std=gnu11", "-funsigned-char"]);
    let known = HashSet::new();
    let request =
        Request { root: &root, file: name, args: &args, directory: &root, overlay: &[], pch: None, known_headers: &known };
    let extraction = extract(clang, &request);
    assert_eq!(extraction.fatal, None, "{name}");
    assert_eq!(extraction.errors, Vec::<String>::new(), "{name}");
    for function in &extraction.unit.functions {
        assert_eq!(gup_ir::check::check(function), Ok(()), "{name}");
    }
    let text = gup_ir::text::print(&extraction.unit);
    let again = gup_ir::text::parse(&text).unwrap_or_else(|error| panic!("{name}: printed IR does not parse: {error}\n{text}"));
    assert_eq!(again, extraction.unit, "{name}");
    extraction
}

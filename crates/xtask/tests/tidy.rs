//! Invariants of the repository that no compiler checks: who imports whom, the four places of a rule, no kernel API in Rust,
//! a first paragraph in every module. The reasons stand in crates/README.md.

#![allow(clippy::unwrap_used, reason = "what cannot be read fails the test")]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// Crate and what of ours it may import, tests included. What is not here is forbidden.
const IMPORTS: [(&str, &[&str]); 10] = [
    ("gup-ir", &[]),
    ("gup-clang", &[]),
    ("gup-frontend", &["gup-clang", "gup-ir"]),
    ("gup-analysis", &["gup-ir"]),
    ("gup-report", &["gup-analysis"]),
    ("gup-driver", &["gup-analysis", "gup-clang", "gup-frontend", "gup-ir", "gup-report"]),
    ("gup-lsp", &["gup-driver", "gup-report"]),
    ("gupcheck", &["gup-analysis", "gup-driver", "gup-lsp", "gup-report"]),
    ("gup-testkit", &["gup-analysis", "gup-driver", "gup-frontend", "gup-ir", "gup-report"]),
    ("xtask", &["gup-clang", "gup-report"]),
];

#[test]
fn imports_point_one_way() {
    let allowed: BTreeMap<&str, &[&str]> = IMPORTS.into();
    for manifest in files(&root().join("crates"), &|path| path.ends_with("Cargo.toml")) {
        let table: toml::Table = read(&manifest).parse().unwrap();
        let name = table["package"]["name"].as_str().unwrap();
        let may =
            allowed.get(name).unwrap_or_else(|| panic!("{name} is a new crate: give it a line here and in crates/README.md"));
        for section in ["dependencies", "dev-dependencies", "build-dependencies"] {
            let names = table.get(section).and_then(toml::Value::as_table).into_iter().flat_map(|table| table.keys());
            for dependency in names.filter(|dependency| allowed.contains_key(dependency.as_str())) {
                assert!(may.contains(&dependency.as_str()), "{name} imports {dependency}, which crates/README.md forbids");
            }
            let clang = table.get(section).and_then(|table| table.get("clang-sys"));
            assert!(clang.is_none() || name == "gup-clang", "{name} imports clang-sys; only gup-clang may");
        }
    }
}

#[test]
fn every_crate_obeys_the_workspaces_lints() {
    for manifest in files(&root().join("crates"), &|path| path.ends_with("Cargo.toml")) {
        let table: toml::Table = read(&manifest).parse().unwrap();
        let name = table["package"]["name"].as_str().unwrap();
        let inherits = table.get("lints").and_then(|lints| lints.get("workspace")).and_then(toml::Value::as_bool) == Some(true);
        // gup-clang alone cannot: `forbid` admits no exception. It lists its own.
        assert!(inherits || (name == "gup-clang" && table.contains_key("lints")), "{name} has no [lints] workspace = true");
    }
}

#[test]
fn a_rule_stands_in_four_places() {
    let of = |folder: &str, extension: &str| -> BTreeSet<String> {
        let entries = fs::read_dir(root().join(folder)).unwrap().map(|entry| entry.unwrap().path());
        let named = entries.filter(|path| path.extension().unwrap_or_default() == extension);
        named.map(|path| path.file_stem().unwrap().to_string_lossy().replace('_', "-")).collect()
    };
    let mut code = of("crates/gup-analysis/src/rules", "rs");
    assert!(code.remove("mod"), "the registry is in rules/mod.rs");
    let registry = read(&root().join("crates/gup-analysis/src/rules/mod.rs"));
    let registered: BTreeSet<String> =
        code.iter().filter(|rule| registry.contains(&format!("{}::RULE", rule.replace('-', "_")))).cloned().collect();
    assert_eq!(code, registered, "code, and what RULES has");
    assert_eq!(code, of("analyses/rules", "md"), "code, and pages in analyses/rules");
    assert_eq!(code, of("testdata/rules", ""), "code, and folders of fixtures in testdata/rules");
}

/// Words of the contract language, which are spelled as the kernel spells them.
const LANGUAGE: [&str; 1] = ["IS_ERR"];

#[test]
fn no_kernel_api_stands_in_rust_outside_tests() {
    let names = contract_names();
    assert!(names.contains("pin_user_pages_fast"), "the contracts were not found");
    for path in sources() {
        for (line, literal) in literals(code(&read(&path))) {
            let is_api = names.contains(literal) && !LANGUAGE.contains(&literal);
            assert!(!is_api, "{}:{line}: \"{literal}\" belongs in analyses/contracts", path.display());
        }
    }
}

#[test]
fn every_module_says_what_it_is() {
    for path in sources() {
        let text = read(&path);
        assert!(text.starts_with("//! "), "{} does not open with `//!`: what it is, what it must not know", path.display());
    }
}

/// One file is one thing. Most are below 500 lines; a file that reaches this has become two things.
const MAX_LINES: usize = 700;

#[test]
fn no_file_is_too_long() {
    for path in files(&root().join("crates"), &|path| path.extension().is_some_and(|extension| extension == "rs")) {
        let count = read(&path).lines().count();
        assert!(count < MAX_LINES, "{} has {count} lines: split it by what its parts do", path.display());
    }
}

#[test]
fn every_crate_is_on_the_map() {
    let map = read(&root().join("crates/README.md"));
    for (name, _) in IMPORTS {
        assert!(map.contains(&format!("| `{name}` |")), "{name} is not in the code map of crates/README.md");
    }
}

/// Rust sources that go into a program: not tests, not examples.
fn sources() -> Vec<PathBuf> {
    let ours = |path: &Path| path.extension().is_some_and(|extension| extension == "rs");
    let all = files(&root().join("crates"), &ours);
    let is_test = |path: &PathBuf| {
        let parts: Vec<_> = path.components().map(|part| part.as_os_str().to_string_lossy().into_owned()).collect();
        parts.iter().any(|part| ["tests", "tests.rs", "examples", "gup-testkit"].contains(&part.as_str()))
    };
    all.into_iter().filter(|path| !is_test(path)).collect()
}

/// The part of a file before its unit tests.
fn code(text: &str) -> &str {
    text.split("#[cfg(test)]\nmod ").next().unwrap_or(text)
}

/// String literals outside comments, with their lines.
fn literals(text: &str) -> impl Iterator<Item = (usize, &str)> {
    text.lines().enumerate().flat_map(|(index, line)| {
        let line = if line.trim_start().starts_with("//") { "" } else { line };
        line.split('"').skip(1).step_by(2).map(move |literal| (index + 1, literal))
    })
}

fn contract_names() -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for path in files(&root().join("analyses/contracts"), &|path| path.extension().is_some_and(|extension| extension == "toml")) {
        let table: toml::Table = read(&path).parse().unwrap();
        for api in table.get("api").and_then(toml::Value::as_array).into_iter().flatten() {
            names.extend(api.get("name").and_then(toml::Value::as_str).map(str::to_owned));
            let lists = ["names", "aliases"].into_iter().filter_map(|key| api.get(key)?.as_array());
            names.extend(lists.flatten().filter_map(toml::Value::as_str).map(str::to_owned));
        }
    }
    // `sort` is a kernel function and also a word of make.
    names.retain(|name| name.contains('_'));
    names
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().unwrap()
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn files(root: &Path, wanted: &dyn Fn(&Path) -> bool) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![root.to_path_buf()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()) {
            if entry.is_dir() {
                folders.push(entry);
            } else if wanted(&entry) {
                found.push(entry);
            }
        }
    }
    found.sort();
    found
}

//! The contract files of `analyses/`, and broken ones of `testdata/contracts/`.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use super::text::print;
use super::*;
use crate::summary::{Effect, Expr, Refs, TestOp};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// All contract and policy files of the project, by name.
fn project_files() -> Vec<(String, String)> {
    let mut files = Vec::new();
    for folder in ["analyses/contracts", "analyses/policies"] {
        for entry in fs::read_dir(root().join(folder)).expect("the folder exists") {
            let path = entry.expect("readable").path();
            if path.extension().is_some_and(|extension| extension == "toml") {
                let name = format!("{folder}/{}", path.file_name().expect("a file").to_string_lossy());
                files.push((name, fs::read_to_string(&path).expect("UTF-8")));
            }
        }
    }
    files.sort();
    files
}

fn show(errors: &[ContractError], files: &[(String, String)]) -> String {
    errors.iter().map(|error| {
        let text = &files.iter().find(|(name, _)| *name == error.file).expect("a file that was given").1;
        format!("{}\n", render(error, text))
    }).collect()
}

/// `file:line:column-column: message` and the help: what a diagnostic shows.
fn render(error: &ContractError, text: &str) -> String {
    let before = &text[..error.span.start];
    let line = before.matches('\n').count() + 1;
    let column = before.len() - before.rfind('\n').map_or(0, |at| at + 1) + 1;
    let marked = &text[error.span.clone()];
    format!("{}:{line}:{column} `{marked}`\n  {}\n  help: {}", error.file, error.message, error.help)
}

fn project() -> ContractFiles {
    let files = project_files();
    ContractFiles::parse(&files).unwrap_or_else(|errors| panic!("\n{}", show(&errors, &files)))
}

/// A tree that declares `words`, constants unknown.
fn tree(words: &[&str]) -> TreeFacts {
    TreeFacts { declared: words.iter().map(|word| (*word).to_owned()).collect(), ..TreeFacts::default() }
}

fn one(text: &str) -> Result<ContractFiles, Vec<ContractError>> {
    ContractFiles::parse(&[("t.toml".to_owned(), text.to_owned())])
}

#[test]
fn every_contract_prints_and_reads_back() {
    let files = project();
    let mut count = 0;
    for contract in files.all() {
        let text = format!(
            "[[api]]\nname = \"{}\"\nsource = \"printed\"\nparams = {:?}\n{}",
            contract.name,
            contract.params,
            print(&contract.summary, &contract.params)
        );
        let read = one(&text).unwrap_or_else(|errors| panic!("{text}\n{}", show(&errors, &[("t.toml".to_owned(), text.clone())])));
        let again = read.all().next().expect("one api was printed");
        assert_eq!(again.summary, contract.summary, "{text}");
        count += 1;
    }
    assert!(count > 100, "the project has more than {count} contracts");
}

#[test]
fn both_kernels_resolve() {
    let files = project();
    for words in [KERNEL_6_1, KERNEL_6_12, SEED] {
        let facts = tree(words);
        for word in words {
            assert!(files.words().contains(*word), "no contract asks for `{word}`: the lists below are stale");
        }
        let contracts = files.resolve(&facts).unwrap_or_else(|errors| panic!("{}", show(&errors, &project_files())));
        assert!(contracts.lookup("get_user_pages_fast", "x.c").is_some_and(|contract| contract.site && contract.can_fail));
        assert!(contracts.lookup("kfree", "x.c").is_some());
        assert!(contracts.borrows("memcpy") || contracts.lookup("memcpy", "x.c").is_some());
        assert!(!contracts.borrows("no_such_function"));
    }
}

/// What the contracts' conditions look for, as Linux 6.1 declares it.
const KERNEL_6_1: &[&str] = &[
    "pin_user_pages", "pin_user_pages_fast", "pin_user_pages_fast_only", "pin_user_pages_unlocked", "pin_user_pages_remote",
    "unpin_user_page", "unpin_user_pages", "unpin_user_pages_dirty_lock", "unpin_user_page_range_dirty_lock",
    "iov_iter_get_pages2", "iov_iter_get_pages_alloc2", "BIO_NO_PAGE_REF",
];

const KERNEL_6_12: &[&str] = &[
    "pin_user_pages", "pin_user_pages_fast", "pin_user_pages_unlocked", "pin_user_pages_remote", "memfd_pin_folios", "folio_add_pin",
    "get_user_page_vma_remote", "unpin_user_page", "unpin_user_pages", "unpin_user_pages_dirty_lock",
    "unpin_user_page_range_dirty_lock", "unpin_user_folio", "unpin_folios", "iov_iter_get_pages2", "iov_iter_get_pages_alloc2",
    "iov_iter_extract_pages", "extract_iter_to_sg", "netfs_extract_user_iter", "BIO_PAGE_PINNED",
];

const SEED: &[&str] = &["put_user_page", "BIO_NO_PAGE_REF"];

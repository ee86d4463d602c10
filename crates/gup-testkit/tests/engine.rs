//! The engine alone: `testdata/engine/NAME.ir` is analysed under `contracts.toml` beside it, and `NAME.out` holds what must
//! come out: each function's summary, the findings and the ledger. `UPDATE=1` accepts what comes out now.

use std::fs;
use std::path::{Path, PathBuf};

use gup_analysis::contract::{ContractFiles, Contracts, TreeFacts};
use gup_analysis::finding::Analysis;
use gup_analysis::{Memo, Program, Settings};
use gup_ir::Unit;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn contracts() -> Contracts {
    let named = |name: &str, path: &str| (name.to_owned(), read(&root().join(path)));
    let files = [named("contracts.toml", "testdata/engine/contracts.toml"), named("pin.toml", "analyses/policies/pin.toml")];
    let facts = TreeFacts { policy: Some("pin".to_owned()), ..TreeFacts::default() };
    ContractFiles::parse(&files).and_then(|files| files.resolve(&facts)).unwrap_or_else(|errors| panic!("{errors:#?}"))
}

/// All that the engine says of a program, as text.
fn told(unit: &Unit) -> String {
    let (contracts, settings) = (contracts(), Settings::default());
    let program = Program::link(vec![unit.clone()]);
    let mut text = String::new();
    for function in &unit.functions {
        let summary = gup_analysis::summary_text(&program, &contracts, &settings, &mut Memo::default(), &function.name);
        text.push_str(&summary.unwrap_or_else(|| format!("# {}: not analysed, nothing is left to it\n", function.name)));
        text.push('\n');
    }
    let Analysis { findings, ledger, .. } = gup_analysis::analyse(&program, &contracts, &settings);
    for finding in findings {
        text.push_str(&format!(
            "{}:{}: {} in {}: {}\n",
            finding.at.line, finding.at.column, finding.rule, finding.function, finding.message
        ));
    }
    for site in ledger.sites {
        let releases: Vec<String> = site.releases.iter().map(|release| format!("{}:{}", release.api, release.at.line)).collect();
        let reason = if site.reason.is_empty() { String::new() } else { format!(" ({})", site.reason) };
        text.push_str(&format!("{}: {} {:?}{reason} [{}]\n", site.at.line, site.api, site.verdict, releases.join(" ")));
    }
    text
}

fn programs() -> Vec<PathBuf> {
    let folder = root().join("testdata/engine");
    let mut names: Vec<PathBuf> =
        fs::read_dir(&folder).expect("testdata/engine is there").flatten().map(|entry| entry.path()).collect();
    names.retain(|path| path.extension().is_some_and(|extension| extension == "ir"));
    names.sort();
    assert!(!names.is_empty());
    names
}

#[test]
fn what_the_engine_says_of_each_program() {
    let mut differences = Vec::new();
    for path in programs() {
        let unit = gup_ir::text::parse(&read(&path)).unwrap_or_else(|error| panic!("{}:{error}", path.display()));
        for function in &unit.functions {
            gup_ir::check::check(function).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        }
        let told = told(&unit);
        let golden = path.with_extension("out");
        if std::env::var_os("UPDATE").is_some() {
            fs::write(&golden, &told).expect("testdata/engine can be written");
        }
        if fs::read_to_string(&golden).unwrap_or_default() != told {
            differences.push(format!("{} should be:\n{told}", golden.display()));
        }
    }
    assert!(differences.is_empty(), "UPDATE=1 accepts what comes out now\n{}", differences.join("\n"));
}

/// What is recalled is what would be found: with every function left out in turn, or another under its name (so that all others
/// keep their numbers), callers must not be told of the old callee.
#[test]
fn a_memo_changes_nothing_but_speed() {
    let (contracts, settings) = (contracts(), Settings::default());
    for path in programs() {
        let unit = gup_ir::text::parse(&read(&path)).unwrap_or_else(|error| panic!("{}:{error}", path.display()));
        let mut memo = gup_analysis::Memo::default();
        memo.follows_edits = true;
        let without = (0..unit.functions.len()).map(|left_out| {
            let mut less = unit.clone();
            less.functions.remove(left_out);
            less
        });
        let other = (0..unit.functions.len()).flat_map(|changed| {
            let mut other = unit.clone();
            let function = &mut other.functions[changed];
            *function = gup_ir::Function::unknown(&function.name, function.linkage);
            [other, unit.clone()]
        });
        for variant in [unit.clone()].into_iter().chain(without).chain([unit.clone()]).chain(other) {
            let program = Program::link(vec![variant]);
            let recalled = gup_analysis::analyse_with(&program, &contracts, &settings, &mut memo);
            assert_eq!(recalled, gup_analysis::analyse(&program, &contracts, &settings), "{}", path.display());
        }
    }
}

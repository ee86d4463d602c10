//! MAINTAINERS as we read it against scripts/get_maintainer.pl of a real tree, for every file with a site in the committed audit.
//! Passes idly without `GUPCHECK_TEST_TREE` (`cargo xtask test` names one) or perl.

#![allow(clippy::unwrap_used, clippy::print_stderr, reason = "what fails, fails the test; a test that skips says so")]

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;

use gup_driver::Maintainers;

fn tree() -> Option<PathBuf> {
    let tree = std::env::var_os("GUPCHECK_TEST_TREE").map(PathBuf::from)?;
    let is_perl_there = Command::new("perl").arg("-v").output().is_ok_and(|output| output.status.success());
    (tree.join("scripts/get_maintainer.pl").is_file() && is_perl_there).then_some(tree)
}

/// Files of the ledger.
fn files() -> BTreeSet<String> {
    let report = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../reports/linux-6.12/report.json");
    let report: serde_json::Value = serde_json::from_str(&std::fs::read_to_string(report).unwrap()).unwrap();
    let sites = report["ledger"]["sites"].as_array().unwrap().iter();
    sites.map(|site| site["file"].as_str().unwrap().to_owned()).collect()
}

/// What the script prints, a set of lines: those of equal depth come in the order of a Perl hash.
fn script(tree: &Path, options: &[&str], file: &str) -> BTreeSet<String> {
    let mut command = Command::new("perl");
    command.arg("scripts/get_maintainer.pl").args(["--no-git", "--no-git-fallback", "--no-rolestats"]).args(options);
    let output = command.args(["-f", file]).current_dir(tree).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap().lines().map(str::to_owned).collect()
}

#[test]
fn people_lists_and_subsystems_are_those_of_get_maintainer() {
    let Some(tree) = tree() else { return eprintln!("skipped: no GUPCHECK_TEST_TREE, or no perl") };
    let (maintainers, files) = (Maintainers::read(&tree), files());
    let mut differing = Vec::new();
    for file in files.iter().filter(|file| tree.join(file).is_file()) {
        let entries = maintainers.of(file, "");
        let addresses = maintainers.addresses(&entries);
        let names = entries.iter().map(|entry| entry.name.clone());
        let mut ours: BTreeSet<String> = addresses.people.into_iter().chain(addresses.lists).chain(names).collect();
        let mut theirs = script(&tree, &["--no-roles", "--subsystem"], file);
        // Of a list with a name it makes an empty line.
        if theirs.remove("") {
            ours.retain(|line| theirs.contains(line) || !line.ends_with("-devel@amazon.com"));
        }
        if ours != theirs {
            differing.push(format!("{file}:\n  ours   {ours:?}\n  theirs {theirs:?}"));
        }
    }
    eprintln!("{} of {} files agree with get_maintainer.pl", files.len() - differing.len(), files.len());
    assert_eq!(differing, [""; 0], "{}", differing.join("\n"));
}

#[test]
fn keywords_are_those_of_get_maintainer() {
    let Some(tree) = tree() else { return eprintln!("skipped: no GUPCHECK_TEST_TREE, or no perl") };
    let maintainers = Maintainers::read(&tree);
    for file in files().iter().filter(|file| tree.join(file).is_file()).step_by(4) {
        let text = String::from_utf8_lossy(&std::fs::read(tree.join(file)).unwrap()).into_owned();
        let ours: BTreeSet<String> = maintainers.of(file, &text).iter().map(|entry| entry.name.clone()).collect();
        let theirs = script(&tree, &["--no-email", "--no-l", "--subsystem", "--keywords-in-file"], file);
        assert_eq!(ours, theirs, "{file}");
    }
}

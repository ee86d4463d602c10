//! The README's recipes for CI, as far as they go without their services: the calls are run as they stand there.
#![allow(clippy::unwrap_used)]

mod tree;

use std::process::{Command, Output};

use tree::Tree;

/// The code block behind the first line that has these words.
fn block(words: &str) -> String {
    let readme = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../../README.md")).unwrap();
    let (_, after) = readme.split_once(words).unwrap_or_else(|| panic!("{words} is not in the README"));
    let (_, code) = after.split_once("```").unwrap();
    code.split_once('\n').unwrap().1.split("```").next().unwrap().to_owned()
}

/// A tree with a commit that forgets a page behind one that does not.
fn repository(name: &str) -> Tree {
    let tree = Tree::new(name);
    let git = |args: &[&str]| {
        let identity = ["-c", "user.name=A", "-c", "user.email=a@example.org", "-c", "commit.gpgsign=false"];
        let output = Command::new("git").arg("-C").arg(tree.root()).args(identity).args(args).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    };
    git(&["init", "-q"]);
    git(&["add", "-A"]);
    git(&["commit", "-q", "-m", "before"]);
    git(&["update-ref", "refs/remotes/origin/main", "HEAD"]);
    tree.write("drivers/caller.c", &tree.read("drivers/caller.c").replace("\tput_page(page);\n", ""));
    git(&["commit", "-q", "-a", "-m", "after"]);
    tree
}

/// Runs a script in the tree as that CI would; gupcheck is found by its name.
fn run(tree: &Tree, script: &str, variables: &[(&str, &str)]) -> Output {
    let program = std::path::Path::new(env!("CARGO_BIN_EXE_gupcheck"));
    let path = format!("{}:{}", program.parent().unwrap().display(), std::env::var("PATH").unwrap());
    let mut bash = Command::new("bash");
    bash.arg("-c").arg(script).current_dir(tree.root()).env("PATH", path).env("GUPCHECK_CACHE_DIR", tree.cache());
    // The analysis is less than sure of a wrapper's callers.
    bash.env("GUPCHECK_CONFIDENCE", "medium").envs(variables.iter().copied()).output().unwrap()
}

#[test]
fn nipa_gets_its_status_its_sentence_and_its_files() {
    let tree = repository("nipa");
    let results = tree.directory.join("results");
    std::fs::create_dir(&results).unwrap();
    let script = format!("exec 7> ../desc\n{}", block("NIPA, as"));
    let variables = [("RESULTS_DIR", results.to_str().unwrap()), ("DESC_FD", "7"), ("GUPCHECK_BUILD", ".")];
    let output = run(&tree, &script, &variables);
    assert_eq!(output.status.code(), Some(1), "{}", String::from_utf8_lossy(&output.stderr));
    assert_eq!(std::fs::read_to_string(tree.directory.join("desc")).unwrap(), "introduced 1, fixed 0, unchanged 1\n");
    assert!(results.join("gupcheck.json").is_file());
    assert!(String::from_utf8_lossy(&output.stdout).contains("drivers/caller.c:"));
}

#[test]
fn the_calls_of_github_and_gitlab_find_what_is_new() {
    let tree = repository("forges");
    for words in ["A GitHub workflow:", "GitLab:"] {
        let recipe = block(words);
        let line = recipe.lines().find(|line| line.contains("gupcheck diff")).unwrap();
        let call = line.split_once("gupcheck diff").map(|(_, rest)| format!("gupcheck diff{rest}")).unwrap();
        let call = call.replace("/tmp/build", ".");
        let base = [("GITHUB_BASE_REF", "main"), ("CI_MERGE_REQUEST_DIFF_BASE_SHA", "HEAD~1")];
        let output = run(&tree, &call, &base);
        assert_eq!(output.status.code(), Some(1), "{call}: {}", String::from_utf8_lossy(&output.stderr));
        assert!(String::from_utf8_lossy(&output.stdout).contains("drivers/caller.c:"));
    }
}

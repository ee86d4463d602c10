//! The command line beside its main jobs: settings, doctor, completions, man page, drafts, exit status for bots.
#![allow(clippy::unwrap_used)]

mod tree;

use std::path::Path;

use tree::{Run, Tree};

#[test]
fn a_trees_settings_count_and_less_than_those_of_the_environment_and_the_command_line() {
    let tree = Tree::new("settings");
    tree.write(".gupcheck.toml", "# ours\nfail-on = \"never\"\nbaseline = \"known.json\"\n");
    assert_eq!(tree.run(&["baseline", "create", "known.json"]).status, Some(0));
    let run = |words: &[&str]| tree.run(words).status;
    assert_eq!(run(&["audit"]), Some(0));
    assert_eq!(run(&["audit", "--fail-on", "info"]), Some(0), "the baseline has it");
    std::fs::remove_file(tree.root().join("known.json")).unwrap();
    assert!(tree.run(&["audit"]).err.contains("known.json"));
    tree.write(".gupcheck.toml", "fail-on = \"never\"\n");
    assert_eq!((run(&["audit"]), run(&["audit", "--fail-on", "info"])), (Some(0), Some(1)));
    let by_environment = tree.command(&["audit"]).env("GUPCHECK_FAIL_ON", "error").output().unwrap();
    assert_eq!(Run::of(by_environment).status, Some(1));
    let shown = Run::of(tree.command(&["config", "show"]).env("GUPCHECK_POLICY", "pin").output().unwrap()).out;
    assert!(shown.contains("fail-on       never  (") && shown.contains("linux/.gupcheck.toml:1)"), "{shown}");
    assert!(shown.contains("policy        pin  ($GUPCHECK_POLICY)") && shown.contains("arch          (not set)"), "{shown}");
    let elsewhere = tree.command(&["audit", "--tree", "linux"]).current_dir(&tree.directory).output().unwrap();
    assert_eq!(Run::of(elsewhere).status, Some(0), "the file of the tree that is named");
}

#[test]
fn a_users_settings_come_last_and_unknown_ones_are_errors_with_a_suggestion() {
    let tree = Tree::new("settings-user");
    tree.write("../home/gupcheck/config.toml", "fail-on = \"never\"\ncache-dir = \"elsewhere\"\n");
    let home = tree.directory.join("home");
    let with_home = |words: &[&str]| {
        Run::of(tree.command(words).env("XDG_CONFIG_HOME", &home).env_remove("GUPCHECK_CACHE_DIR").output().unwrap())
    };
    assert_eq!(with_home(&["audit"]).status, Some(0));
    assert!(home.join("gupcheck/elsewhere/v3").is_dir(), "relative to the file");
    tree.write(".gupcheck.toml", "fail-on = \"error\"\n");
    assert_eq!(with_home(&["audit", "--no-cache"]).status, Some(1));
    for (text, said) in [
        ("polcy = \"pin\"\n", "did you mean `policy`?"),
        ("fail-on = \"erorr\"\n", "did you mean `error`?"),
        ("cache-dir = \"/tmp\"\n", "a tree does not say what `cache-dir` is"),
        ("policy = 1\n", "`policy` is a string"),
    ] {
        tree.write(".gupcheck.toml", text);
        let run = tree.run(&["audit"]);
        assert_eq!((run.status, run.out.as_str()), (Some(2), ""));
        assert!(run.err.contains(said) && run.err.contains(".gupcheck.toml:1:1"), "{}", run.err);
    }
    assert_eq!(tree.run(&["completions", "bash"]).status, Some(0), "commands without settings do not read them");
}

#[test]
fn the_doctor_has_one_line_for_each_thing_and_the_remedy() {
    let tree = Tree::new("doctor");
    let well = tree.run(&["doctor"]);
    assert_eq!(well.status, Some(0), "{}", well.out);
    for said in
        ["ok   libclang", "ok   tree       Linux 6.12.0", "ok   build      prepared for x86", "ok   cache", "note audited"]
    {
        assert!(well.out.contains(said), "{said} in:\n{}", well.out);
    }
    tree.audit(&[]);
    assert!(tree.run(&["doctor"]).out.contains("ok   audited"));
    let ill = Run::of(tree.command(&["doctor", "--tree", "/"]).env("LIBCLANG_PATH", "/nowhere").output().unwrap());
    assert_eq!(ill.status, Some(2));
    assert!(ill.out.contains("BAD  libclang") && ill.out.contains("install the package"), "{}", ill.out);
    assert!(ill.out.contains("BAD  tree") && ill.out.contains("--tree DIR"), "{}", ill.out);
}

#[test]
fn help_fits_a_screen_and_completions_and_man_pages_are_made() {
    let tree = Tree::new("install");
    let help = tree.run(&["--help"]).out;
    assert!(help.lines().count() <= 40, "{help}");
    for shell in ["bash", "zsh", "fish"] {
        assert!(tree.run(&["completions", shell]).out.contains("cc-check"), "{shell}");
    }
    assert!(tree.run(&["man"]).out.contains(".TH"));
    std::fs::create_dir(tree.directory.join("man")).unwrap();
    assert_eq!(tree.run(&["man", "../man"]).status, Some(0));
    let page = std::fs::read_to_string(tree.directory.join("man/gupcheck-audit.1")).unwrap();
    assert!(page.contains("min\\-coverage"), "{page}");
}

#[test]
fn bots_get_the_status_that_they_know() {
    let tree = Tree::new("exit");
    let status = |words: &[&str]| tree.run(&[&["audit"], words].concat()).status;
    assert_eq!(status(&["--exit-map", "nipa"]), Some(1), "a leak is an error");
    assert_eq!(status(&["--exit-map", "nipa", "drivers/wrapper.c"]), Some(0));
    let patch = tree.change("drivers/caller.c", "\tput_page(page);\n", "");
    assert_eq!(tree.apply_with(&patch, &["--exit-map", "nipa"]).status, Some(1));
    tree.write("drivers/leak.c", "#include <linux/nowhere.h>\nint f(void)\n{\n\treturn get_user_pages_fast(0, 1, 0, 0);\n}\n");
    assert_eq!(status(&["--exit-map", "nipa", "--min-coverage", "90"]), Some(250));
}

#[test]
fn a_run_that_looked_at_nothing_does_not_look_green() {
    let tree = Tree::new("empty");
    for file in ["leak", "wrapper", "caller", "part"] {
        tree.write(&format!("drivers/{file}.c"), "int nothing;\n");
    }
    assert_eq!(tree.run(&["audit"]).status, Some(0));
    let run = tree.run(&["audit", "--min-coverage", "1"]);
    assert_eq!((run.status, run.complaints()), (Some(3), vec!["gupcheck: 0 of 0 units could be read"]));
    let nipa = tree.run(&["audit", "--min-coverage", "1", "--exit-map", "nipa"]);
    assert_eq!(nipa.status, Some(250));
}

#[test]
fn a_draft_answers_what_the_kernels_guidelines_ask() {
    let tree = Tree::new("draft");
    let report = tree.audit(&[]);
    tree.write("../report.json", &report.out);
    let fingerprint = report.json()["findings"][0]["fingerprint"].as_str().unwrap().to_owned();
    let draft = tree.run(&["draft", &fingerprint, "--report", "../report.json"]);
    for said in [
        "drivers: leak: [",
        "In look() (drivers/leak.c:8)",
        "How it is reached:",
        "\n  1. drivers/leak.c:",
        "Effect: The pages can never be freed",
        "Found by static analysis: gupcheck",
        "on Linux 6.12.0 (x86)",
        "Fixes: [",
        "Signed-off-by: [you]",
    ] {
        assert!(draft.out.replace('\n', " ").contains(&said.replace('\n', " ")), "{said} in:\n{}{}", draft.out, draft.err);
    }
    assert!(draft.out.lines().all(|line| line.len() <= 76 || line.starts_with("  ")), "{}", draft.out);
    assert_eq!(tree.run(&["draft", "gf1:0", "--report", "../report.json"]).status, Some(2));
    assert!(!Path::new(&tree.root()).join(".gupcheck.toml").exists());
}

//! Only what is new: baselines and suppressions as their users keep them.
#![allow(clippy::unwrap_used)]

mod tree;

use serde_json::{Value, json};
use tree::Tree;

fn fingerprint(tree: &Tree) -> String {
    tree.audit(&[]).json()["findings"][0]["fingerprint"].as_str().unwrap().to_owned()
}

fn second_leak(tree: &Tree) {
    let text = tree.read("drivers/leak.c");
    tree.write("drivers/leak.c", &(text.clone() + &text.replace("#include <linux/mm.h>\n", "\n").replace("look", "second_look")));
}

#[test]
fn a_baseline_leaves_only_what_is_new() {
    let tree = Tree::new("baseline");
    let created = tree.run(&["baseline", "create", "../known.json"]);
    assert_eq!((created.status, created.complaints()), (Some(0), vec!["gupcheck: 1 findings in ../known.json"]));
    assert!(tree.run(&["baseline", "create", "../known.json"]).err.contains("baseline update"));
    let all = tree.run(&["audit", "--baseline", "../known.json"]);
    assert_eq!((all.status, all.out.as_str()), (Some(0), ""), "{}", all.err);
    assert!(all.err.contains("not told: 1 in the baseline, 0 suppressed"), "{}", all.err);
    second_leak(&tree);
    let new = tree.audit(&["--baseline", "../known.json"]);
    let report = new.json();
    let marks: Vec<Value> = report["findings"].as_array().unwrap().iter().map(|finding| finding["in_baseline"].clone()).collect();
    assert_eq!((new.status, marks), (Some(1), vec![json!(true), Value::Null]), "all stay in the JSON");
    assert_eq!(tree.run(&["audit", "--baseline", "../known.json"]).out.matches("[leak]").count(), 1);
    let updated = tree.run(&["baseline", "update", "../known.json"]);
    assert!(updated.err.contains("1 added, 0 gone, 0 moved, 2 in all"), "{}", updated.err);
    let shown = tree.run(&["baseline", "show", "../known.json"]).out;
    assert!(shown.contains("drivers/leak.c: second_look: ") && shown.lines().count() == 2, "{shown}");
}

#[test]
fn a_file_that_moves_takes_its_entries_along_and_what_is_gone_is_said() {
    let tree = Tree::new("baseline-moved");
    tree.run(&["baseline", "create", "../known.json"]);
    std::fs::rename(tree.root().join("drivers/leak.c"), tree.root().join("drivers/moved.c")).unwrap();
    tree.write("drivers/Makefile", &tree.read("drivers/Makefile").replace("leak.o", "moved.o"));
    let moved = tree.run(&["audit", "--baseline", "../known.json"]);
    assert_eq!((moved.status, moved.out.as_str()), (Some(0), ""), "{}", moved.err);
    let updated = tree.run(&["baseline", "update", "../known.json"]);
    assert!(updated.err.contains("0 added, 0 gone, 1 moved, 1 in all"), "{}", updated.err);
    tree.write("drivers/moved.c", &tree.read("drivers/moved.c").replace("\treturn 0;", "\tput_page(page);\n\treturn 0;"));
    let fixed = tree.run(&["audit", "--baseline", "../known.json"]);
    assert!(fixed.err.contains("1 findings of the baseline are gone: `gupcheck baseline update`"), "{}", fixed.err);
}

#[test]
fn a_suppression_has_a_reason_and_is_pruned_when_it_fits_nothing() {
    let tree = Tree::new("suppress");
    let of_one = fingerprint(&tree);
    let file = ["--suppressions", "../own.toml"];
    let add = |words: &[&str]| tree.run(&[&["suppress", "add"], words, &["--owner", "A <a@example.org>"], &file[..]].concat());
    assert_eq!(add(&[&of_one]).status, Some(2), "no reason");
    let added = add(&[&of_one, "--reason", "it is a test"]);
    assert_eq!(added.status, Some(0), "{}", added.err);
    assert_eq!(add(&["--rule", "wrong-put", "--path", "drivers/**", "--reason", "old", "--until", "2020-01-01"]).status, Some(0));
    assert!(add(&["gf1:0000000000000000", "--reason", "x"]).err.contains("no finding has the fingerprint"));
    assert!(add(&["--rule", "wrong", "--path", "x", "--reason", "x"]).err.contains("there is no rule `wrong`"));
    let run = tree.audit(&file);
    let report = run.json();
    assert_eq!((run.status, &report["findings"][0]["suppressed"]["reason"]), (Some(0), &json!("it is a test")));
    assert_eq!(report["known"]["suppressed"], json!(1));
    assert_eq!(run.complaints().len(), 2, "over, and the sum: {}", run.err);
    let listed = tree.run(&[&["suppress", "list"], &file[..]].concat()).out;
    assert!(listed.contains("until 2020-01-01) (over)") && listed.contains("it is a test (A <a@example.org>)"), "{listed}");
    second_leak(&tree);
    assert_eq!(tree.audit(&file).status, Some(1), "one finding, not its like");
    tree.write("drivers/leak.c", "");
    assert!(tree.audit(&file).err.contains("fits no finding"));
    let pruned = tree.run(&[&["suppress", "prune"], &file[..]].concat());
    assert!(pruned.err.contains("2 removed, 0 left"), "{}", pruned.err);
    assert_eq!(std::fs::read_to_string(tree.directory.join("own.toml")).unwrap(), "");
}

#[test]
fn a_wrong_file_is_shown_with_its_line_before_anything_runs() {
    let tree = Tree::new("suppress-wrong");
    tree.write("../wrong.toml", "[[suppress]]\nrule = \"laek\"\npath = \"**\"\nowner = \"A\"\n");
    let run = tree.audit(&["--suppressions", "../wrong.toml"]);
    assert_eq!((run.status, run.out.as_str()), (Some(2), ""));
    for said in ["../wrong.toml:2:8", "did you mean `leak`?", "../wrong.toml:1:1", "needs a `reason`"] {
        assert!(run.err.contains(said), "{said} in:\n{}", run.err);
    }
    tree.write("../wrong.json", "{}");
    assert!(tree.audit(&["--baseline", "../wrong.json"]).err.contains("gupcheck baseline create"));
    assert!(tree.audit(&["--baseline", "../nowhere.json"]).err.contains("../nowhere.json"));
}

#[test]
fn a_change_is_judged_by_what_is_not_known() {
    let tree = Tree::new("diff-known");
    let patch = tree.change("drivers/caller.c", "\tput_page(page);\n", "");
    let introduced = tree.apply(&patch);
    assert_eq!(introduced.status, Some(1));
    let of_one = introduced.json()["introduced"][0]["fingerprint"].as_str().unwrap().to_owned();
    let entry = format!("[[suppress]]\nfingerprint = \"{of_one}\"\nreason = \"r\"\nowner = \"o\"\n");
    tree.write("../own.toml", &entry);
    let run = tree.apply_with(&patch, &["--suppressions", "../own.toml"]);
    assert_eq!((run.status, &run.json()["introduced"][0]["suppressed"]["owner"]), (Some(0), &json!("o")), "{}", run.err);
    tree.apply_with(&patch, &["--suppressions", "../own.toml", "-o", "sarif=../own.sarif", "-o", "mail=../own.mail"]);
    let sarif: serde_json::Value = serde_json::from_str(&tree.read("../own.sarif")).unwrap();
    assert_eq!(sarif["runs"][0]["results"][0]["suppressions"][0]["justification"], json!("r"));
    assert_eq!(tree.read("../own.mail"), "", "nobody is written to about it");
}

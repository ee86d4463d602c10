//! Every edit that is offered for a finding of the fixtures, applied: the finding is gone, nothing else came, and the file reads as well.
#![allow(clippy::unwrap_used, clippy::print_stderr, reason = "it says how many there were")]

mod client;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use client::{Client, Tree};
use serde_json::{Value, json};

/// The fixtures as drivers of one tree.
fn tree() -> (Tree, Vec<String>) {
    let tree = Tree::new("fixtures");
    let rules = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../testdata/rules").canonicalize().unwrap();
    let mut folders: Vec<PathBuf> = vec![rules.clone()];
    let mut files = BTreeSet::new();
    while let Some(folder) = folders.pop() {
        for path in std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
            match path.is_dir() {
                true => folders.push(path),
                false => {
                    let name = path.strip_prefix(&rules).unwrap().to_string_lossy().into_owned();
                    tree.write(&format!("drivers/{name}"), std::fs::read(&path).unwrap());
                    files.insert(name);
                }
            }
        }
    }
    let lines: Vec<String> = files.iter().filter_map(|name| Some(format!("obj-y += {}.o\n", name.strip_suffix(".c")?))).collect();
    tree.write("drivers/Makefile", lines.concat());
    (tree, files.into_iter().map(|name| format!("drivers/{name}")).collect())
}

fn apply(text: &str, edits: &[Value]) -> String {
    let mut lines: Vec<String> = text.split('\n').map(str::to_owned).collect();
    for edit in edits.iter().rev() {
        let at = |end: &str, part: &str| edit["range"][end][part].as_u64().unwrap() as usize;
        assert_eq!(at("start", "line"), at("end", "line"));
        lines[at("start", "line")]
            .replace_range(at("start", "character")..at("end", "character"), edit["newText"].as_str().unwrap());
    }
    lines.join("\n")
}

fn keys(diagnostics: &[Value]) -> Vec<String> {
    let mut all: Vec<String> =
        diagnostics.iter().map(|it| it["data"]["fingerprint"].to_string() + &it["code"].to_string()).collect();
    all.sort();
    all
}

#[test]
fn every_edit_that_is_offered_mends() {
    let (tree, files) = tree();
    let mut client = Client::new(&tree, json!({"general": {"positionEncodings": ["utf-8"]}}));
    let (mut findings, mut offered) = (0, 0);
    let mut by_rule: std::collections::BTreeMap<String, (u32, u32)> = Default::default();
    for file in files.iter().filter(|file| file.ends_with(".c")) {
        let (uri, text) = (tree.uri(file), tree.read(file));
        client.open(&uri, &text);
        let told = client.pushed_for(&uri, 1);
        let mut version = 1;
        for diagnostic in told.iter().filter(|it| it["code"] != "not-read") {
            findings += 1;
            let count = by_rule.entry(diagnostic["code"].as_str().unwrap().to_owned()).or_default();
            count.1 += 1;
            let params = json!({"textDocument": {"uri": uri}, "range": diagnostic["range"], "context": {"diagnostics": []}});
            let actions = client.ask("textDocument/codeAction", params).unwrap();
            let is_of = |action: &&Value| {
                action["edit"]["changes"][&uri].is_array() && action["diagnostics"][0]["data"] == diagnostic["data"]
            };
            let Some(action) = actions.as_array().unwrap().iter().find(is_of).cloned() else { continue };
            offered += 1;
            count.0 += 1;
            let changed = apply(&text, action["edit"]["changes"][&uri].as_array().unwrap());
            version += 1;
            client.change(&uri, version, &changed);
            let after = client.pushed_for(&uri, version);
            let mut expected = keys(&told);
            expected
                .retain(|key| !key.contains(diagnostic["data"]["fingerprint"].as_str().unwrap()) || keys(&after).contains(key));
            assert!(after.len() < told.len(), "{file}: {}\n{changed}\n{after:?}", action["title"]);
            assert!(keys(&after).iter().all(|key| expected.contains(key)), "{file}: {}\n{changed}\n{after:?}", action["title"]);
            version += 1;
            client.change(&uri, version, &text);
            assert_eq!(keys(&client.pushed_for(&uri, version)), keys(&told), "{file}: as before");
        }
        client.notify("textDocument/didClose", json!({"textDocument": {"uri": uri}}));
    }
    by_rule.iter().for_each(|(rule, (offered, findings))| eprintln!("{rule}: {offered} of {findings}"));
    eprintln!("{offered} of {findings} findings of the fixtures have an edit");
    assert!(offered >= 40, "{offered} of {findings}");
    assert!(client.end());
}

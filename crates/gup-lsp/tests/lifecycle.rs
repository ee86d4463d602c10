//! Starting, ending, and what goes wrong in between, over a connection in memory.
#![allow(clippy::unwrap_used)]

mod client;

use client::{CLEAN, Client, LEAK, OTHER, Tree, rules};
use serde_json::{Value, json};

#[test]
fn it_ends_in_any_state() {
    let tree = Tree::new("ends");
    assert!(!Client::silent(&tree).exit(), "before initialize");
    let mut client = Client::silent(&tree);
    assert_eq!(client.ask("textDocument/hover", json!({})), Err(-32002), "not initialized");
    client.initialize(&tree, json!({}));
    assert_eq!(client.ask("initialize", json!({})), Err(-32600));
    assert_eq!(client.ask("textDocument/definition", json!({})), Err(-32601));
    assert_eq!(client.ask("textDocument/codeLens", json!({"textDocument": 3})), Err(-32602));
    assert!(!client.exit(), "without shutdown, in the middle of an audit");
    let mut client = Client::new(&tree, json!({}));
    client.ask("shutdown", Value::Null).unwrap();
    assert_eq!(client.ask("textDocument/hover", json!({})), Err(-32600), "after shutdown");
    client.open(&tree.uri("drivers/leak.c"), LEAK);
    assert!(client.exit());
}

#[test]
fn requests_that_wait_can_be_cancelled() {
    let tree = Tree::new("cancel");
    let mut client = Client::new(&tree, json!({"textDocument": {"diagnostic": {}}}));
    let leak = tree.uri("drivers/leak.c");
    client.open(&leak, LEAK);
    let id = client.send("textDocument/diagnostic", json!({"textDocument": {"uri": leak}}));
    client.notify("$/cancelRequest", json!({"id": 2}));
    assert_eq!(client.result(&id), Err(-32800));
    assert_eq!(client.pull(&leak, None)["items"].as_array().unwrap().len(), 1);
    client.notify("$/cancelRequest", json!({"id": 77}));
    client.notify("$/cancelRequest", json!({"id": {}}));
    let id = client.send("textDocument/diagnostic", json!({"textDocument": {"uri": leak}}));
    client.change(&leak, 2, CLEAN);
    client.result(&id).unwrap();
    let late = client.send("textDocument/diagnostic", json!({"textDocument": {"uri": leak}}));
    client.ask("shutdown", Value::Null).unwrap();
    client.result(&late).unwrap_err();
    assert!(client.exit());
}

#[test]
fn progress_is_told_while_the_tree_is_audited() {
    let tree = Tree::new("progress");
    let mut client = Client::new(&tree, json!({"window": {"workDoneProgress": true}}));
    let begin = client.notification("$/progress");
    assert_eq!(begin["value"]["kind"], "begin");
    loop {
        let told = client.notification("$/progress");
        assert_eq!(told["token"], begin["token"]);
        match told["value"]["kind"].as_str().unwrap() {
            "end" => break,
            kind => assert_eq!(kind, "report"),
        }
    }
    assert!(client.end());
}

#[test]
fn what_changes_on_disk_counts() {
    let tree = Tree::new("watched");
    let can = json!({"workspace": {"didChangeWatchedFiles": {"dynamicRegistration": true}}});
    let mut client = Client::new(&tree, can);
    let (leak, other) = (tree.uri("drivers/leak.c"), tree.uri("drivers/other.c"));
    assert_eq!(rules(client.pushed(&leak)["diagnostics"].as_array().unwrap()), ["leak"]);
    tree.write("drivers/leak.c", CLEAN);
    tree.write("drivers/other.c", OTHER.replace("\tunpin_user_page(page);\n", ""));
    let changes = json!([{"uri": leak, "type": 2}, {"uri": other, "type": 2}]);
    client.notify("workspace/didChangeWatchedFiles", json!({"changes": changes}));
    assert_eq!(client.pushed(&leak)["diagnostics"], json!([]));
    assert_eq!(rules(client.pushed(&other)["diagnostics"].as_array().unwrap()), ["leak"]);
    // Saved from the editor.
    client.open(&leak, CLEAN);
    client.pushed_for(&leak, 1);
    client.change(&leak, 2, LEAK);
    assert_eq!(rules(&client.pushed_for(&leak, 2)), ["leak"]);
    tree.write("drivers/leak.c", LEAK);
    client.notify("textDocument/didSave", json!({"textDocument": {"uri": leak}}));
    client.notify("textDocument/didClose", json!({"textDocument": {"uri": leak}}));
    client.open(&leak, CLEAN);
    assert_eq!(client.pushed_for(&leak, 1), [Value::Null; 0]);
    // A file goes, and comes again.
    std::fs::remove_file(tree.root().join("drivers/other.c")).unwrap();
    client.notify("workspace/didChangeWatchedFiles", json!({"changes": [{"uri": other, "type": 3}]}));
    assert_eq!(client.pushed(&other)["diagnostics"], json!([]));
    let is_registration = |message: &lsp_server::Message| matches!(message, lsp_server::Message::Request(it) if it.method == "client/registerCapability");
    assert!(client.heard.iter().any(is_registration));
    assert!(client.end());
}

#[test]
fn without_a_tree_it_says_so_and_goes_on() {
    let tree = Tree::new("no-tree");
    let bounds = tree.read("include/config/auto.conf");
    std::fs::remove_file(tree.root().join("include/config/auto.conf")).unwrap();
    let mut client = Client::new(&tree, json!({}));
    let message = client.notification("window/showMessage")["message"].as_str().unwrap().to_owned();
    assert!(message.contains("make"), "{message}");
    let leak = tree.uri("drivers/leak.c");
    client.open(&leak, LEAK);
    assert_eq!(client.pull(&leak, None)["items"], json!([]), "no answer would be worse");
    tree.write("include/config/auto.conf", bounds);
    let prepared = json!({"changes": [{"uri": tree.uri("include/config/auto.conf"), "type": 1}]});
    client.notify("workspace/didChangeWatchedFiles", prepared);
    assert_eq!(rules(&client.pushed_for(&leak, 1)), ["leak"]);
    assert!(client.end());
}

#[test]
fn a_damaged_cache_costs_time_only() {
    let tree = Tree::new("damaged");
    let leak = tree.uri("drivers/leak.c");
    let mut client = Client::new(&tree, json!({}));
    client.pushed(&leak);
    assert!(client.end());
    let mut folders = vec![tree.directory.join("cache")];
    while let Some(folder) = folders.pop() {
        for path in std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
            match path.is_dir() {
                true => folders.push(path),
                false => std::fs::write(path, b"gupcach1 damaged").unwrap(),
            }
        }
    }
    let mut client = Client::new(&tree, json!({}));
    assert_eq!(rules(client.pushed(&leak)["diagnostics"].as_array().unwrap()), ["leak"]);
    client.open(&leak, CLEAN);
    assert_eq!(client.pushed_for(&leak, 1), [Value::Null; 0]);
    assert!(client.end());
}

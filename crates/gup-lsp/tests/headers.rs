//! Headers that concern much of the tree, edited while other files are, over a connection in memory.
#![allow(clippy::unwrap_used)]

mod client;

use std::fs::OpenOptions;
use std::path::PathBuf;
use std::process::Command;

use client::{CLEAN, Client, LEAK, Tree, rules};
use serde_json::{Value, json};

/// A file that whoever includes it waits for until it is opened: so long a header is being prepared.
struct Gate {
    path: PathBuf,
}

impl Gate {
    fn new(tree: &Tree) -> Gate {
        let path = tree.directory.join("gate");
        assert!(Command::new("mkfifo").arg(&path).status().unwrap().success());
        Gate { path }
    }

    /// mm.h behind it, with a function that does `body` to a page.
    fn header(&self, tree: &Tree, body: &str) -> String {
        format!("#include \"{}\"\n{}", self.path.display(), header(tree, body))
    }

    fn open(&self) {
        // Both ends: so this waits for nobody. Who waits sees the end of the file once it is closed, and others an empty one.
        let both_ends = OpenOptions::new().read(true).write(true).open(&self.path).unwrap();
        let empty = self.path.with_extension("empty");
        std::fs::write(&empty, "").unwrap();
        std::fs::rename(empty, &self.path).unwrap();
        drop(both_ends);
    }
}

fn header(tree: &Tree, body: &str) -> String {
    tree.read("include/linux/mm.h") + &format!("static inline void drop_one(struct page *page)\n{{\n{body}}}\n")
}

/// The tree with mm.h and a driver open, as they are on disk.
fn opened(tree: &Tree, can: Value) -> (Client, String, String) {
    let mut client = Client::new(tree, can);
    let (header, leak) = (tree.uri("include/linux/mm.h"), tree.uri("drivers/leak.c"));
    client.open(&header, &tree.read("include/linux/mm.h"));
    client.open(&leak, LEAK);
    client.ask("textDocument/codeLens", json!({"textDocument": {"uri": leak}})).unwrap();
    (client, header, leak)
}

#[test]
fn files_are_answered_while_a_common_header_is_prepared() {
    let tree = Tree::new("beside");
    let (mut client, header, leak) = opened(&tree, json!({}));
    let gate = Gate::new(&tree);
    client.change(&header, 2, &gate.header(&tree, "\tput_page(page);\n"));
    for (version, text, findings) in [(2, CLEAN, 0), (3, LEAK, 1), (4, CLEAN, 0)] {
        client.change(&leak, version, text);
        assert_eq!(rules(&client.pushed_for(&leak, version)), ["leak"][..findings], "with the header as it was");
    }
    client.change(&leak, 5, &CLEAN.replace("put_page", "drop_one"));
    assert_eq!(rules(&client.pushed_for(&leak, 5)), ["leak", "not-read"], "there is no such function yet");
    gate.open();
    client.pushed_for(&header, 2);
    assert_eq!(client.pull(&leak, None)["items"], json!([]), "the header's results have replaced them");
    client.change(&header, 3, &self::header(&tree, ""));
    client.pushed_for(&header, 3);
    let told = client.pull(&leak, None)["items"].as_array().unwrap().clone();
    assert_eq!(rules(&told), ["leak"], "of a text that was not edited since");
    assert!(client.end());
}

#[test]
fn who_asks_hears_when_a_header_is_ready() {
    let tree = Tree::new("beside-pull");
    let can = json!({"textDocument": {"diagnostic": {}}, "workspace": {"diagnostics": {"refreshSupport": true}}});
    let (mut client, header, leak) = opened(&tree, can);
    let gate = Gate::new(&tree);
    client.change(&header, 2, &gate.header(&tree, "\tput_page(page);\n"));
    client.change(&leak, 2, &CLEAN.replace("put_page", "drop_one"));
    let told = client.pull(&leak, None)["items"].as_array().unwrap().clone();
    assert_eq!(rules(&told), ["leak", "not-read"], "with the header as it was");
    client.heard.clear();
    gate.open();
    let is_refresh = |message: &lsp_server::Message| matches!(message, lsp_server::Message::Request(it) if it.method == "workspace/diagnostic/refresh");
    client.wait(is_refresh);
    assert_eq!(client.pull(&leak, None)["items"], json!([]));
    assert!(client.end());
}

#[test]
fn a_header_that_is_undone_is_not_waited_for() {
    let tree = Tree::new("beside-undone");
    let (mut client, header, leak) = opened(&tree, json!({}));
    let gate = Gate::new(&tree);
    client.change(&header, 2, &gate.header(&tree, ""));
    client.change(&leak, 2, CLEAN);
    assert_eq!(client.pushed_for(&leak, 2), [Value::Null; 0]);
    client.change(&header, 3, &tree.read("include/linux/mm.h"));
    client.change(&leak, 3, LEAK);
    let lens = client.ask("textDocument/codeLens", json!({"textDocument": {"uri": leak}})).unwrap();
    assert_eq!(lens.as_array().unwrap().len(), 1, "said of the texts as they are");
    client.pushed_for(&header, 3);
    gate.open();
    client.change(&leak, 4, CLEAN);
    assert_eq!(client.pushed_for(&leak, 4), [Value::Null; 0]);
    assert_eq!(client.pull(&leak, None)["items"], json!([]));
    assert!(client.end());
}

#[test]
fn a_header_that_is_saved_meanwhile_is_not_lost() {
    let tree = Tree::new("beside-saved");
    let (mut client, header, leak) = opened(&tree, json!({}));
    let gate = Gate::new(&tree);
    let text = gate.header(&tree, "\tput_page(page);\n");
    client.change(&header, 2, &text);
    client.change(&leak, 2, CLEAN);
    assert_eq!(client.pushed_for(&leak, 2), [Value::Null; 0]);
    tree.write("include/linux/mm.h", &text);
    client.notify("textDocument/didSave", json!({"textDocument": {"uri": header}}));
    client.change(&leak, 3, &CLEAN.replace("put_page", "drop_one"));
    gate.open();
    client.pushed_for(&header, 2);
    assert_eq!(client.pull(&leak, None)["items"], json!([]));
    client.change(&leak, 4, LEAK);
    assert_eq!(rules(&client.pushed_for(&leak, 4)), ["leak"]);
    assert!(client.end());
}

#[test]
fn it_ends_while_a_header_is_prepared() {
    let tree = Tree::new("beside-end");
    let (mut client, header, leak) = opened(&tree, json!({}));
    let gate = Gate::new(&tree);
    client.change(&header, 2, &gate.header(&tree, ""));
    client.change(&leak, 2, CLEAN);
    client.pushed_for(&leak, 2);
    let late = client.send("textDocument/codeLens", json!({"textDocument": {"uri": leak}}));
    client.ask("shutdown", Value::Null).unwrap();
    client.result(&late).unwrap_err();
    // The gate stays closed: libclang, which is in this process here, must not go on while that ends.
    assert!(client.exit());
}

//! Diagnostics, pushed and pulled, over a connection in memory.
#![allow(clippy::unwrap_used)]

mod client;

use client::{CALLER, CLEAN, Client, LEAK, OTHER, Tree, rules};
use serde_json::{Value, json};

#[test]
fn findings_are_pushed_for_files_that_are_open_and_for_others() {
    let tree = Tree::new("push");
    let mut client = Client::new(&tree, json!({}));
    let leak = tree.uri("drivers/leak.c");
    let first = client.pushed(&leak);
    assert_eq!(rules(first["diagnostics"].as_array().unwrap()), ["leak"], "the audit needs no open file");
    let diagnostic = &first["diagnostics"][0];
    assert_eq!(diagnostic["range"], json!({"start": {"line": 7, "character": 1}, "end": {"line": 7, "character": 7}}));
    assert_eq!((&diagnostic["severity"], &diagnostic["source"]), (&json!(1), &json!("gupcheck")));
    assert_eq!(diagnostic["relatedInformation"][0]["location"]["uri"], leak.as_str());
    assert!(diagnostic["data"]["fingerprint"].as_str().unwrap().starts_with("gf1:"));
    let page = diagnostic["codeDescription"]["href"].as_str().unwrap().strip_prefix("file://").unwrap();
    assert!(std::fs::read_to_string(page).unwrap().starts_with("# leak"));
    client.open(&leak, LEAK);
    assert_eq!(rules(&client.pushed_for(&leak, 1)), ["leak"]);
    client.change(&leak, 2, CLEAN);
    assert_eq!(client.pushed_for(&leak, 2), [Value::Null; 0]);
    client.change(&leak, 3, LEAK);
    assert_eq!(rules(&client.pushed_for(&leak, 3)), ["leak"]);
    assert_eq!(tree.read("drivers/leak.c"), LEAK, "only in memory");
    assert!(client.end());
}

#[test]
fn a_change_in_one_file_is_told_for_another() {
    let tree = Tree::new("across");
    let mut client = Client::new(&tree, json!({}));
    let (wrapper, caller) = (tree.uri("drivers/wrapper.c"), tree.uri("drivers/caller.c"));
    client.open(&wrapper, &tree.read("drivers/wrapper.c"));
    assert_eq!(client.pushed_for(&wrapper, 1), [Value::Null; 0]);
    // Now its caller puts a pin by put_page().
    client.change(&wrapper, 2, &tree.read("drivers/wrapper.c").replace("get_user_pages_fast", "pin_user_pages_fast"));
    let told = client.pushed(&caller);
    assert_eq!(rules(told["diagnostics"].as_array().unwrap()), ["wrong-put"]);
    let related = told["diagnostics"][0]["relatedInformation"].as_array().unwrap();
    assert!(related.iter().any(|step| step["location"]["uri"] == wrapper.as_str()), "{related:?}");
    client.open(&caller, &CALLER.replace("put_page", "unpin_user_page"));
    assert_eq!(client.pushed(&caller)["diagnostics"], json!([]));
    client.notify("textDocument/didClose", json!({"textDocument": {"uri": wrapper}}));
    assert_eq!(rules(client.pushed(&caller)["diagnostics"].as_array().unwrap()), ["wrong-put"]);
    assert!(client.end());
}

#[test]
fn headers_are_analysed_as_they_are_in_the_editor() {
    let tree = Tree::new("header");
    let mut client = Client::new(&tree, json!({}));
    let (own, leak) = (tree.uri("drivers/own.h"), tree.uri("drivers/caller.c"));
    client.open(&leak, CALLER);
    assert_eq!(client.pushed_for(&leak, 1), [Value::Null; 0]);
    client.open(&own, "#define GRAB_FLAGS FOLL_WRITE\nint grab_one(unsigned long addr, struct page **page);\nstatic inline void drop_one(struct page *page)\n{\n}\n");
    client.change(&leak, 2, &CALLER.replace("put_page", "drop_one"));
    assert_eq!(rules(&client.pushed_for(&leak, 2)), ["leak"]);
    client.change(&own, 2, "#define GRAB_FLAGS FOLL_WRITE\nint grab_one(unsigned long addr, struct page **page);\nstatic inline void drop_one(struct page *page)\n{\n\tput_page(page);\n}\n");
    loop {
        let told = client.pushed(&leak);
        if told["diagnostics"] == json!([]) {
            break;
        }
    }
    assert!(client.end());
}

#[test]
fn common_headers_are_analysed_as_they_are_in_the_editor() {
    let tree = Tree::new("common-header");
    let mut client = Client::new(&tree, json!({}));
    let (header, other) = (tree.uri("include/linux/mm.h"), tree.uri("drivers/other.c"));
    client.open(&other, &OTHER.replace("unpin_user_page(page)", "drop_pin(page)"));
    client.open(
        &header,
        &(tree.read("include/linux/mm.h") + "static inline void drop_pin(struct page *page)\n{\n\tunpin_user_page(page);\n}\n"),
    );
    loop {
        if client.pushed_for(&other, 1) == [Value::Null; 0] {
            break;
        }
    }
    client.change(
        &header,
        2,
        &(tree.read("include/linux/mm.h") + "static inline void drop_pin(struct page *page)\n{\n\tput_page(page);\n}\n"),
    );
    let told = client.pushed_for(&header, 2);
    assert_eq!(rules(&told), ["wrong-put"], "told where it goes wrong");
    let related = told[0]["relatedInformation"].as_array().unwrap();
    assert!(related.iter().any(|step| step["location"]["uri"] == other.as_str()), "{related:?}");
    assert!(client.end());
}

#[test]
fn diagnostics_are_pulled_and_not_pushed_where_the_client_asks() {
    let tree = Tree::new("pull");
    let can = json!({"textDocument": {"diagnostic": {}}, "workspace": {"diagnostics": {"refreshSupport": true}}});
    let mut client = Client::new(&tree, can);
    let leak = tree.uri("drivers/leak.c");
    client.open(&leak, LEAK);
    let full = client.pull(&leak, None);
    assert_eq!((&full["kind"], full["items"].as_array().unwrap().len()), (&json!("full"), 1));
    let id = full["resultId"].as_str().unwrap().to_owned();
    assert_eq!(client.pull(&leak, Some(&id)), json!({"kind": "unchanged", "resultId": id}));
    client.change(&leak, 2, CLEAN);
    let full = client.pull(&leak, Some(&id));
    assert_eq!((&full["kind"], &full["items"]), (&json!("full"), &json!([])));
    assert_ne!(full["resultId"], id.as_str());
    client.change(&leak, 3, LEAK);
    assert_eq!(client.pull(&leak, Some(&id))["kind"], "unchanged");
    let all = client.ask("workspace/diagnostic", json!({"previousResultIds": []})).unwrap();
    assert_eq!((all["items"].as_array().unwrap().len(), &all["items"][0]["uri"]), (1, &json!(leak)));
    let known = json!({"previousResultIds": [{"uri": leak, "value": id}]});
    assert_eq!(client.ask("workspace/diagnostic", known.clone()).unwrap()["items"][0]["kind"], "unchanged");
    client.change(&leak, 4, CLEAN);
    let gone = client.ask("workspace/diagnostic", known).unwrap();
    assert_eq!((&gone["items"][0]["kind"], &gone["items"][0]["items"]), (&json!("full"), &json!([])));
    let is_push = |message: &lsp_server::Message| matches!(message, lsp_server::Message::Notification(it) if it.method.ends_with("publishDiagnostics"));
    assert!(!client.heard.iter().any(is_push));
    let is_refresh = |message: &lsp_server::Message| matches!(message, lsp_server::Message::Request(it) if it.method == "workspace/diagnostic/refresh");
    assert!(client.heard.iter().any(is_refresh));
    assert!(client.end());
}

#[test]
fn positions_are_counted_as_the_client_counts() {
    let tree = Tree::new("positions");
    let text = LEAK.replace("\treturn 0;", "\t/* \u{1f427}\u{e4} */ return 0;");
    for (can, start) in [(json!({}), 11), (json!({"general": {"positionEncodings": ["utf-8"]}}), 14)] {
        let mut client = Client::silent(&tree);
        let result = client.initialize(&tree, can);
        assert_eq!(result["capabilities"]["positionEncoding"], if start == 14 { "utf-8" } else { "utf-16" });
        let leak = tree.uri("drivers/leak.c");
        client.open(&leak, &text);
        assert_eq!(client.pushed_for(&leak, 1)[0]["range"]["start"], json!({"line": 7, "character": start}));
        assert!(client.end());
    }
}

#[test]
fn a_source_that_is_not_utf_8_is_told_in_its_characters() {
    let tree = Tree::new("latin-1");
    let mut bytes = LEAK.replace("\treturn 0;", "\t/* ?? */ return 0;").into_bytes();
    bytes.iter_mut().filter(|byte| **byte == b'?').for_each(|byte| *byte = 0xe4);
    tree.write("drivers/leak.c", &bytes);
    let mut client = Client::new(&tree, json!({}));
    let leak = tree.uri("drivers/leak.c");
    assert_eq!(client.pushed(&leak)["diagnostics"][0]["range"]["start"], json!({"line": 7, "character": 10}));
    // The editor has it in UTF-8.
    client.open(
        &leak,
        &String::from_utf8(bytes.iter().flat_map(|byte| char::from(*byte).to_string().into_bytes()).collect()).unwrap(),
    );
    assert_eq!(client.pushed_for(&leak, 1)[0]["range"]["start"], json!({"line": 7, "character": 10}));
    assert!(client.end());
}

#[test]
fn a_file_that_is_not_seen_whole_says_so() {
    let tree = Tree::new("unseen");
    let mut client = Client::new(&tree, json!({}));
    let (off, leak) = (tree.uri("drivers/off.c"), tree.uri("drivers/leak.c"));
    client.open(&off, &tree.read("drivers/off.c"));
    let told = client.pushed_for(&off, 1);
    assert_eq!(rules(&told), ["not-read"]);
    assert!(told[0]["message"].as_str().unwrap().contains("CONFIG_OFF is not set"), "{told:?}");
    client.open(&leak, &LEAK.replace("return 0;", "return 0 +;"));
    let told = client.pushed_for(&leak, 1);
    assert!(rules(&told).contains(&"not-read"), "{told:?}");
    client.change(&leak, 2, LEAK);
    assert_eq!(rules(&client.pushed_for(&leak, 2)), ["leak"]);
    assert!(client.end());
}

/// Rule, line and message by file.
fn told(client: &mut Client, tree: &Tree) -> Vec<String> {
    let all = client.ask("workspace/diagnostic", json!({"previousResultIds": []})).unwrap();
    let mut lines = Vec::new();
    for report in all["items"].as_array().unwrap() {
        let file = report["uri"].as_str().unwrap().strip_prefix(&tree.uri("")).unwrap().to_owned();
        for item in report["items"].as_array().unwrap() {
            lines.push(format!("{file}:{} {} {}", item["range"]["start"]["line"], item["code"], item["message"]));
        }
    }
    lines
}

#[test]
fn after_many_edits_it_says_what_an_audit_of_these_texts_says() {
    let (tree, other) = (Tree::new("edited"), Tree::new("written"));
    let mut client = Client::new(&tree, json!({}));
    let edits = [
        ("drivers/leak.c", CLEAN.to_owned()),
        ("drivers/wrapper.c", client::WRAPPER.replace("get_user_pages_fast", "pin_user_pages_fast")),
        ("drivers/own.h", "#define GRAB_FLAGS FOLL_WRITE\nint grab_one(unsigned long addr, struct page **page);\n".to_owned()),
        ("drivers/other.c", OTHER.replace("unpin_user_page", "put_page")),
        ("drivers/leak.c", LEAK.replace("return 0;", "return 0")),
        ("drivers/caller.c", CALLER.replace("\tput_page(page);\n", "")),
        ("drivers/leak.c", LEAK.replace("look", "peer")),
        (
            "drivers/leak.c",
            format!("/* it */\n\n{}", LEAK.replace("look", "peer").replace("\n\tif", "\n\t/* here\n\t */\n\n\tif")),
        ),
        (
            "drivers/own.h",
            "#define GRAB_FLAGS 0\nint grab_one(unsigned long addr, struct page **page);\n#define peek peeked\n".to_owned(),
        ),
    ];
    for (number, (file, text)) in edits.iter().enumerate() {
        let uri = tree.uri(file);
        match edits[..number].iter().any(|(earlier, _)| earlier == file) {
            true => client.change(&uri, number as i32 + 1, text),
            false => client.open(&uri, text),
        }
        if number % 2 == 0 {
            client.ask("textDocument/codeLens", json!({"textDocument": {"uri": uri}})).unwrap();
        }
        other.write(file, text);
    }
    let mut audit = Client::new(&other, json!({}));
    let edited = told(&mut client, &tree);
    assert_eq!(edited, told(&mut audit, &other));
    assert_eq!(edited.len(), 3, "{edited:?}");
    assert!(client.end() && audit.end());
}

#[test]
fn who_names_a_field_is_asked_again_where_an_edit_names_it() {
    let tree = Tree::new("readers");
    let own = "#include <linux/mm.h>\n#include \"session.h\"\n";
    let late = |body: &str| format!("{own}void late(struct session *s)\n{{\n{body}}}\n");
    tree.write("drivers/Makefile", "obj-y += enter.o late.o\n");
    tree.write("drivers/session.h", "struct session {\n\tstruct page *kept;\n\tint busy;\n};\n");
    let enter = "int enter(struct session *s, unsigned long at)\n{\n\tstruct page *page;\n\n\tif (s->kept)\n\t\treturn -1;\n\
        \tif (get_user_pages_fast(at, 1, 0, &page) != 1)\n\t\treturn -1;\n\ts->kept = page;\n\treturn 0;\n}\n";
    tree.write("drivers/enter.c", format!("{own}{enter}"));
    tree.write("drivers/late.c", late("\ts->busy = 0;\n"));
    let mut client = Client::new(&tree, json!({}));
    let uri = tree.uri("drivers/late.c");
    client.open(&uri, &late("\ts->busy = 0;\n"));
    for (number, (body, findings)) in [
        ("\n\ts->busy = 0;\n", 1),
        ("\tput_page(s->kept);\n", 0),
        ("\n\tput_page(s->kept);\n", 0),
        ("\ts->busy = 2;\n", 1),
        ("\ts->busy = 2;\n\n", 1),
    ]
    .into_iter()
    .enumerate()
    {
        client.change(&uri, number as i32 + 2, &late(body));
        client.ask("textDocument/codeLens", json!({"textDocument": {"uri": uri}})).unwrap();
        let told = told(&mut client, &tree);
        assert_eq!(told.len(), findings, "{body}: {told:?}");
        assert!(told.iter().all(|line| line.starts_with("drivers/enter.c")), "{told:?}");
    }
    assert!(client.end());
}

//! Code actions, code lenses, hovers and commands, over a connection in memory.
#![allow(clippy::unwrap_used)]

mod client;

use client::{Client, LEAK, OTHER, Tree, rules};
use serde_json::{Value, json};

/// The actions at a diagnostic.
fn actions(client: &mut Client, uri: &str, diagnostic: &Value) -> Vec<Value> {
    let params =
        json!({ "textDocument": { "uri": uri }, "range": diagnostic["range"], "context": { "diagnostics": [diagnostic] } });
    client.ask("textDocument/codeAction", params).unwrap().as_array().unwrap().clone()
}

/// The text with the edits of the one action that has some.
fn mended(uri: &str, text: &str, actions: &[Value]) -> Option<String> {
    let edit = actions.iter().find(|action| action.get("edit").is_some())?;
    let mut edits = edit["edit"]["changes"][uri].as_array().unwrap().clone();
    edits.reverse();
    let mut lines: Vec<String> = text.split('\n').map(str::to_owned).collect();
    for edit in edits {
        let at = |end: &str| {
            let place = &edit["range"][end];
            (place["line"].as_u64().unwrap() as usize, place["character"].as_u64().unwrap() as usize)
        };
        let ((line, start), (end_line, end)) = (at("start"), at("end"));
        assert_eq!(line, end_line, "ours are within a line");
        lines[line].replace_range(start..end, edit["newText"].as_str().unwrap());
    }
    Some(lines.join("\n"))
}

/// Opens `text` as a driver, and applies what is offered for its first finding; the result must be clean, without new errors.
fn mends(text: &str) -> Option<String> {
    let tree = Tree::new("mends");
    let mut client = Client::new(&tree, json!({}));
    let uri = tree.uri("drivers/leak.c");
    client.open(&uri, text);
    let told = client.pushed_for(&uri, 1);
    assert!(!told.is_empty() && !rules(&told).contains(&"not-read"), "{told:?}");
    let offered = actions(&mut client, &uri, &told[0]);
    let result = mended(&uri, text, &offered);
    if let Some(result) = &result {
        client.change(&uri, 2, result);
        assert_eq!(client.pushed_for(&uri, 2), [Value::Null; 0], "{result}");
    }
    assert!(client.end());
    result
}

#[test]
fn a_missing_release_is_inserted() {
    assert_eq!(mends(LEAK).unwrap(), LEAK.replace("\treturn 0;", "\tput_page(page);\n\treturn 0;"));
    let array = "#include <linux/mm.h>\nint look(unsigned long addr)\n{\n\tstruct page *pages[16];\n\tint nr = 16, got;\n\n\tgot = pin_user_pages_fast(addr, nr, 0, pages);\n\
        \tif (got < 0)\n\t\treturn got;\n\tif (got != nr)\n\t\treturn -EFAULT;\n\tunpin_user_pages(pages, got);\n\treturn 0;\n}\n";
    let result = mends(array).unwrap();
    assert!(result.contains("\tif (got != nr) {\n\t\tunpin_user_pages(pages, got);\n\t\treturn -EFAULT;\n\t}\n"), "{result}");
}

#[test]
fn a_wrong_put_is_replaced() {
    let wrong = OTHER.replace("unpin_user_page(page)", "put_page(page)");
    assert_eq!(mends(&wrong).unwrap(), OTHER);
    let looped = "#include <linux/mm.h>\nint look(unsigned long addr, int nr, struct page **pages)\n{\n\tint i, got = pin_user_pages_fast(addr, nr, 0, pages);\n\n\
        \tfor (i = 0; i < got; i++)\n\t\tput_page(pages[i]);\n\treturn got;\n}\n";
    assert_eq!(mends(looped).unwrap(), looped.replace("put_page", "unpin_user_page"));
    let array = "#include <linux/mm.h>\nint look(unsigned long addr, int nr, struct page **pages)\n{\n\tint got = pin_user_pages_fast(addr, nr, 0, pages);\n\n\
        \tif (got > 0)\n\t\trelease_pages(pages, got);\n\treturn got;\n}\n";
    assert_eq!(mends(array).unwrap(), array.replace("release_pages", "unpin_user_pages"));
}

#[test]
fn what_is_not_certain_is_not_offered() {
    // A release before the common end would be one too many on the other path.
    let common = "#include <linux/mm.h>\nint look(unsigned long addr, int bad)\n{\n\tstruct page *page;\n\tint err = 0;\n\n\tif (get_user_pages_fast(addr, 1, 0, &page) != 1)\n\t\treturn -EFAULT;\n\
        \tif (bad) {\n\t\terr = -EIO;\n\t\tgoto out;\n\t}\n\tput_page(page);\nout:\n\treturn err;\n}\n";
    assert_eq!(mends(common), None);
}

#[test]
fn a_finding_can_be_explained_traced_and_suppressed() {
    let tree = Tree::new("commands");
    let mut client = Client::new(&tree, json!({}));
    let uri = tree.uri("drivers/leak.c");
    client.open(&uri, LEAK);
    let told = client.pushed_for(&uri, 1);
    let offered = actions(&mut client, &uri, &told[0]);
    let run = |client: &mut Client, name: &str| {
        let action = offered.iter().find(|action| action["command"]["command"] == name).unwrap();
        client.ask("workspace/executeCommand", action["command"].clone()).unwrap().as_str().unwrap().to_owned()
    };
    assert!(run(&mut client, "gupcheck/explain").starts_with("# leak"));
    let trace = run(&mut client, "gupcheck/trace");
    assert!(trace.contains("drivers/leak.c:6 get_user_pages_fast in look"), "{trace}");
    assert!(run(&mut client, "gupcheck/suppress").contains("suppressions.toml: added gf1:"));
    let text = std::fs::read_to_string(tree.directory.join("suppressions.toml")).unwrap();
    assert!(text.contains("rule = \"leak\"") && text.contains("reason = \"TODO\""), "{text}");
    let unknown = client.ask("workspace/executeCommand", json!({"command": "gupcheck/explain", "arguments": ["no-rule"]}));
    assert_eq!(unknown, Err(-32602));
    assert!(client.end());
}

#[test]
fn acquisitions_have_a_lens() {
    let tree = Tree::new("lens");
    let mut client = Client::new(&tree, json!({}));
    for (file, title) in [("drivers/leak.c", "no release: finding"), ("drivers/other.c", "1 release: balanced")] {
        let uri = tree.uri(file);
        client.open(&uri, &tree.read(file));
        let lenses = client.ask("textDocument/codeLens", json!({"textDocument": {"uri": uri}})).unwrap();
        assert_eq!((&lenses[0]["command"]["title"], &lenses[0]["range"]["start"]["line"]), (&json!(title), &json!(5)));
        let trace = client.ask("workspace/executeCommand", lenses[0]["command"].clone()).unwrap();
        assert!(trace.as_str().unwrap().contains(&format!("{file}:6")));
    }
    assert!(client.end());
}

#[test]
fn only_functions_that_touch_references_have_a_hover() {
    let tree = Tree::new("hover");
    let mut client = Client::new(&tree, json!({}));
    let uri = tree.uri("drivers/caller.c");
    client.open(&uri, &tree.read("drivers/caller.c"));
    client.pushed_for(&uri, 1);
    let mut hover = |line: u32, character: u32| {
        let params = json!({"textDocument": {"uri": uri}, "position": {"line": line, "character": character}});
        client.ask("textDocument/hover", params).unwrap()
    };
    let wrapper = hover(6, 8);
    assert!(wrapper["contents"]["value"].as_str().unwrap().contains("acquire get"), "{wrapper}");
    assert_eq!(wrapper["range"]["start"], json!({"line": 6, "character": 5}));
    let api = hover(8, 3);
    assert!(api["contents"]["value"].as_str().unwrap().contains("release put"), "{api}");
    assert_eq!(hover(2, 5), Value::Null, "peek() leaves nothing");
    assert_eq!(hover(4, 9), Value::Null, "struct");
    assert_eq!(hover(0, 0), Value::Null);
    assert!(client.end());
}

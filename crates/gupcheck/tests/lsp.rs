//! The language server against the clients that people have: Neovim, the official client library of VS Code, Emacs. `cargo
//! xtask test` brings them; a test that misses its program says that it skipped.
#![allow(clippy::unwrap_used, clippy::print_stderr, reason = "what fails, fails the test; a test that skips says so")]

mod tree;

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::{Value, json};
use tree::Tree;

fn on_path(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path).map(|folder| folder.join(name)).find(|path| path.is_file())
}

fn skip(what: &str) {
    eprintln!("skipped: {what}; `cargo xtask test` installs it where a registry can be reached");
}

fn script(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../testdata/consumers").join(name).canonicalize().unwrap()
}

/// A client's program, with what its script asks for in the environment.
fn client(program: &Path, tree: &Tree) -> Command {
    let mut command = Command::new(program);
    command
        .env("GUPCHECK", env!("CARGO_BIN_EXE_gupcheck"))
        .env("GUPCHECK_CACHE_DIR", tree.cache())
        .env("TREE", tree.root())
        .env("FILE", tree.root().join("drivers/leak.c"))
        .env("FOLDER", &tree.directory)
        .env("HOME", &tree.directory)
        .env("OUT", tree.directory.join("out"))
        .current_dir(&tree.directory)
        .stdin(Stdio::null());
    command
}

#[test]
fn neovim_shows_findings_and_applies_what_mends_them() {
    let Some(nvim) = on_path("nvim") else { return skip("Neovim") };
    let tree = Tree::new("lsp-nvim");
    let output = client(&nvim, &tree)
        .args(["--headless", "-u", "NONE", "-i", "NONE", "-n", "-c"])
        .arg(format!("luafile {}", script("lsp_nvim.lua").display()))
        .output()
        .unwrap();
    let text = std::fs::read_to_string(tree.directory.join("out")).unwrap();
    let steps: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let step = |name: &str| {
        let found = steps.iter().find(|step| step["step"] == name);
        found.unwrap_or_else(|| panic!("{name} is missing: {text}{}", String::from_utf8_lossy(&output.stderr)))["value"].clone()
    };
    assert_eq!((&step("opened")[0]["line"], &step("opened")[0]["code"]), (&json!(8), &json!("leak")));
    assert_eq!(step("actions")[0], "gupcheck: insert `put_page(page);`");
    assert!(step("text").as_str().unwrap().contains("\tput_page(page);\n\treturn 0;"));
    assert_eq!(step("mended"), json!([]));
    assert_eq!(step("undone")[0]["code"], "leak");
    assert_eq!(step("lens"), "no release: finding");
    assert_eq!(step("stopped"), true);
}

/// What the official client library saw.
fn library(tree: &Tree, mode: &str) -> Option<Value> {
    let (Some(node), Some(modules)) = (on_path("node"), std::env::var_os("GUPCHECK_TEST_NODE")) else {
        skip("Node.js with the client library of VS Code");
        return None;
    };
    let output = client(&node, tree)
        .env("NODE_PATH", Path::new(&modules).join("node_modules"))
        .arg(script("lsp_client.js"))
        .arg(env!("CARGO_BIN_EXE_gupcheck"))
        .arg(tree.root())
        .arg(tree.root().join("drivers/leak.c"))
        .arg(mode)
        .output()
        .unwrap();
    assert!(output.status.success(), "{mode}: {}", String::from_utf8_lossy(&output.stderr));
    Some(serde_json::from_slice(&output.stdout).unwrap())
}

#[test]
fn the_client_library_of_vs_code_is_served_by_pushing_and_by_pulling() {
    for mode in ["push", "pull"] {
        let tree = Tree::new("lsp-node");
        let Some(saw) = library(&tree, mode) else { return };
        assert_eq!((&saw["first"][0]["code"], &saw["second"]), (&json!("leak"), &json!([])), "{mode}");
        assert!(saw["mended"].as_str().unwrap().contains("\tput_page(page);\n\treturn 0;"));
        assert_eq!(saw["lenses"][0]["command"]["title"], "1 release: balanced");
        assert!(saw["trace"].as_str().unwrap().contains("put_page at drivers/leak.c:8"), "{}", saw["trace"]);
        assert_eq!((&saw["status"], &saw["told"]["registered"][0]), (&json!(0), &json!("workspace/didChangeWatchedFiles")));
        assert_eq!(saw["told"]["progress"][0], "begin");
        assert_eq!(saw["workspace"].is_null(), mode == "push");
    }
}

#[test]
fn emacs_shows_findings_beside_another_server() {
    let Some(emacs) = on_path("emacs") else { return skip("Emacs") };
    let tree = Tree::new("lsp-emacs");
    let output = client(&emacs, &tree).args(["--batch", "-Q", "-l"]).arg(script("lsp_emacs.el")).output().unwrap();
    let (text, complaints) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    if complaints.contains("Cannot open load file") {
        return skip("lsp-mode for Emacs");
    }
    assert_eq!(text, "opened (\"leak\")\nmended nil\ndone\n", "{complaints}");
}

#[test]
fn settings_come_from_the_tree_and_from_the_client() {
    let tree = Tree::new("lsp-settings");
    tree.write(".gupcheck.toml", "confidence = \"nonsense\"\n");
    let said = conversation(&tree, &[]);
    assert!(said.contains("nonsense"), "{said}");
    tree.write(".gupcheck.toml", "confidence = \"low\"\n");
    let said = conversation(&tree, &[("build", "nowhere")]);
    assert!(said.contains("nowhere"), "{said}");
    let said = conversation(&tree, &[("no-such-setting", "x")]);
    assert!(said.contains("no-such-setting"), "{said}");
    assert!(conversation(&tree, &[]).contains("\"code\":\"leak\""));
}

/// All that the server says to a client that opens a folder, waits for something to show, and goes.
fn conversation(tree: &Tree, settings: &[(&str, &str)]) -> String {
    use std::io::{BufRead, BufReader, Read, Write};
    let mut server = tree.command(&["lsp", "--stdio"]).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let mut input = server.stdin.take().unwrap();
    let mut output = BufReader::new(server.stdout.take().unwrap());
    let mut say = |message: Value| {
        let text = message.to_string();
        write!(input, "Content-Length: {}\r\n\r\n{text}", text.len()).unwrap();
        input.flush().unwrap();
    };
    let options: serde_json::Map<String, Value> =
        settings.iter().map(|(name, value)| ((*name).to_owned(), json!(value))).collect();
    let params =
        json!({"rootUri": format!("file://{}", tree.root().display()), "capabilities": {}, "initializationOptions": options});
    say(json!({"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": params}));
    say(json!({"jsonrpc": "2.0", "method": "initialized", "params": {}}));
    let mut all = String::new();
    loop {
        let mut line = String::new();
        output.read_line(&mut line).unwrap();
        let length: usize = line.trim().strip_prefix("Content-Length: ").unwrap().parse().unwrap();
        output.read_line(&mut line).unwrap();
        let mut bytes = vec![0; length];
        output.read_exact(&mut bytes).unwrap();
        let text = String::from_utf8(bytes).unwrap();
        let is_news = text.contains("showMessage") || text.contains("publishDiagnostics");
        all.push_str(&text);
        if is_news {
            break;
        }
    }
    say(json!({"jsonrpc": "2.0", "id": 2, "method": "shutdown"}));
    say(json!({"jsonrpc": "2.0", "method": "exit"}));
    output.read_to_string(&mut String::new()).unwrap();
    assert_eq!(server.wait().unwrap().code(), Some(0));
    all
}

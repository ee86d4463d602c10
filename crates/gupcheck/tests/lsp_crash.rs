//! The language server with real worker processes: one that is killed costs the request that it was at, and a cache that is damaged
//! costs time.
#![allow(clippy::unwrap_used)]

mod tree;

use std::io::BufReader;
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use lsp_server::{Message, Notification, Request, RequestId};
use serde_json::{Value, json};
use tree::Tree;

const PATIENCE: Duration = Duration::from_secs(120);
/// Operators that libclang's parser follows by calling itself, until there is no stack left. (Of parentheses it takes 256.)
const DEEP: usize = 100_000;

/// A server in a process of its own.
struct Server {
    child: Child,
    input: ChildStdin,
    heard: Receiver<Message>,
    uri: String,
    version: i32,
}

impl Server {
    fn start(tree: &Tree) -> Server {
        let mut child = Command::new(env!("CARGO_BIN_EXE_gupcheck"))
            .args(["lsp", "--cache-dir"])
            .arg(tree.cache())
            .current_dir(tree.root())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let (input, output) = (child.stdin.take().unwrap(), child.stdout.take().unwrap());
        let (tell, heard) = channel();
        std::thread::spawn(move || {
            let mut output = BufReader::new(output);
            while let Ok(Some(message)) = Message::read(&mut output) {
                if tell.send(message).is_err() {
                    return;
                }
            }
        });
        let uri = |path: &Path| format!("file://{}", path.display());
        let mut server = Server { child, input, heard, uri: uri(&tree.root().join("drivers/leak.c")), version: 1 };
        server.ask(1, "initialize", json!({ "rootUri": uri(&tree.root()), "capabilities": {} }));
        server.notify("initialized", json!({}));
        server
    }

    fn send(&mut self, message: Message) {
        message.write(&mut self.input).unwrap();
    }

    fn notify(&mut self, method: &str, params: Value) {
        self.send(Message::Notification(Notification { method: method.to_owned(), params }));
    }

    fn ask(&mut self, id: i32, method: &str, params: Value) {
        let id = RequestId::from(id);
        self.send(Message::Request(Request { id: id.clone(), method: method.to_owned(), params }));
        while !matches!(self.heard.recv_timeout(PATIENCE).unwrap(), Message::Response(response) if response.id == id) {}
    }

    fn open(&mut self, text: &str) -> Vec<String> {
        let document = json!({ "uri": self.uri, "languageId": "c", "version": self.version, "text": text });
        self.notify("textDocument/didOpen", json!({ "textDocument": document }));
        self.told()
    }

    fn change_header(&mut self, uri: &str, version: i32, text: &str) {
        let document = json!({ "uri": uri, "version": version });
        self.notify("textDocument/didChange", json!({ "textDocument": document, "contentChanges": [{ "text": text }] }));
    }

    fn change(&mut self, text: &str) {
        self.version += 1;
        let document = json!({ "uri": self.uri, "version": self.version });
        self.notify("textDocument/didChange", json!({ "textDocument": document, "contentChanges": [{ "text": text }] }));
    }

    /// The codes of what is told of the file as it is now.
    fn told(&mut self) -> Vec<String> {
        codes(&self.told_in_full())
    }

    fn told_in_full(&mut self) -> Vec<Value> {
        loop {
            let Message::Notification(told) = self.heard.recv_timeout(PATIENCE).unwrap() else { continue };
            let of_it = told.params["uri"] == self.uri && told.params["version"] == self.version;
            if told.method == "textDocument/publishDiagnostics" && of_it {
                return told.params["diagnostics"].as_array().unwrap().clone();
            }
        }
    }

    /// Its exit status, where it ends in order.
    fn end(&mut self) -> Option<i32> {
        self.ask(2, "shutdown", Value::Null);
        self.notify("exit", Value::Null);
        self.child.wait().unwrap().code()
    }

    /// The processes that it started.
    fn workers(&self) -> Vec<String> {
        let is_child = |pid: &String| {
            let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
            let parent = stat.rsplit(") ").next().and_then(|rest| rest.split(' ').nth(1)).map(str::to_owned);
            parent == Some(self.child.id().to_string())
        };
        let all = std::fs::read_dir("/proc").unwrap().flatten().map(|entry| entry.file_name().to_string_lossy().into_owned());
        all.filter(is_child).collect()
    }

    fn signal(&self, name: &str) {
        assert!(!self.workers().is_empty());
        for pid in self.workers() {
            assert!(Command::new("kill").args([&format!("-{name}"), &pid]).status().unwrap().success());
        }
    }
}

fn codes(diagnostics: &[Value]) -> Vec<String> {
    diagnostics.iter().map(|one| one["code"].as_str().unwrap().to_owned()).collect()
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn a_worker_that_is_killed_costs_one_answer() {
    let tree = Tree::new("lsp-killed");
    let text = tree.read("drivers/leak.c");
    let mut server = Server::start(&tree);
    assert_eq!(server.open(&text), ["leak"]);
    server.change(&format!("{text}\n"));
    assert_eq!(server.told(), ["leak"]);
    server.signal("STOP");
    server.change(&format!("{text}\n\n"));
    // It is in the middle of that request now.
    std::thread::sleep(Duration::from_millis(300));
    server.signal("KILL");
    assert_eq!(server.told(), ["not-read"]);
    server.change(&format!("{text}\n\n\n"));
    assert_eq!(server.told(), ["leak"]);
}

#[test]
fn a_libclang_that_crashes_costs_one_answer_and_is_told_once() {
    let tree = Tree::new("lsp-crash");
    let text = tree.read("drivers/leak.c");
    let mut server = Server::start(&tree);
    assert_eq!(server.open(&text), ["leak"]);
    let deep = format!("{text}int deep(int a)\n{{\n\treturn {}a;\n}}\n", "!".repeat(DEEP));
    for text in [deep.clone(), format!("{deep}\n")] {
        server.change(&text);
        let told = server.told_in_full();
        assert_eq!(codes(&told), ["not-read"], "{told:?}");
        assert!(told[0]["message"].as_str().unwrap().contains("libclang crashed"), "{told:?}");
    }
    server.change(&format!("{text}\n"));
    assert_eq!(server.told(), ["leak"]);
}

/// The worker that reads a header here never comes to its end: it waits for a file that nobody writes.
#[test]
fn a_header_is_given_up_for_a_newer_one_and_survives_a_crash() {
    let tree = Tree::new("lsp-header");
    let text = tree.read("drivers/leak.c");
    let gate = tree.directory.join("gate");
    assert!(Command::new("mkfifo").arg(&gate).status().unwrap().success());
    let mut server = Server::start(&tree);
    assert_eq!(server.open(&text), ["leak"]);
    let uri = format!("file://{}", tree.root().join("include/linux/mm.h").display());
    let header = tree.read("include/linux/mm.h");
    let document = json!({ "uri": uri, "languageId": "c", "version": 1, "text": header });
    server.notify("textDocument/didOpen", json!({ "textDocument": document }));
    let endless = format!("#include \"{}\"\n{header}", gate.display());
    let dropping = format!("{header}static inline void drop_one(struct page *page)\n{{\n\tput_page(page);\n}}\n");
    let dropped = text.replace("\treturn 0;", "\tdrop_one(page);\n\treturn 0;");
    server.change_header(&uri, 2, &endless);
    server.change(&dropped);
    assert_eq!(server.told(), ["not-read"], "with the header as it was");
    server.change_header(&uri, 3, &dropping);
    while !server.told().is_empty() {}
    server.change_header(&uri, 4, &endless);
    server.change(&text);
    assert_eq!(server.told(), ["leak"], "while another header is prepared");
    server.signal("KILL");
    server.change(&format!("{dropped}\n"));
    server.told();
    server.change(&format!("{dropped}\n\n"));
    assert!(server.told().is_empty());
    server.change_header(&uri, 5, &header);
    while server.told() != ["not-read"] {}
    assert_eq!(server.end(), Some(0));
}

#[test]
fn a_damaged_cache_costs_time_only() {
    let tree = Tree::new("lsp-damaged");
    let text = tree.read("drivers/leak.c");
    let mut server = Server::start(&tree);
    assert_eq!(server.open(&text), ["leak"]);
    damage(&tree.cache());
    server.change(&format!("{text}\n"));
    assert_eq!(server.told(), ["leak"], "under a server that runs");
    drop(server);
    damage(&tree.cache());
    let mut server = Server::start(&tree);
    assert_eq!(server.open(&text), ["leak"], "from the start");
}

/// All files there are halved, and nonsense is in the middle of what is left.
fn damage(directory: &Path) {
    for entry in std::fs::read_dir(directory).unwrap().flatten() {
        let path = entry.path();
        if path.is_dir() {
            damage(&path);
        } else {
            let mut bytes = std::fs::read(&path).unwrap();
            bytes.truncate(bytes.len() / 2);
            let middle = bytes.len() / 2;
            bytes.iter_mut().skip(middle).take(9).for_each(|byte| *byte = !*byte);
            std::fs::write(&path, bytes).unwrap();
        }
    }
}

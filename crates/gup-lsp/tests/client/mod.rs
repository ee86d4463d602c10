//! A client in memory, and a prepared kernel tree with a few drivers over the mini kernel of `testdata`.
#![allow(dead_code, reason = "each test program uses a part of it")]

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use gup_driver::{Options, Workers};
use gup_lsp::{Connection, Host, Request, Settings, serve};
use gup_report::RuleText;
use gup_report::known::{Day, Given};
use gup_report::report::Confidence;
use lsp_server::{Message, Notification, RequestId};
use serde_json::{Value, json};

pub(crate) const LEAK: &str = "#include <linux/mm.h>\n\
    int look(unsigned long addr)\n{\n\tstruct page *page;\n\n\tif (get_user_pages_fast(addr, 1, 0, &page) != 1)\n\t\treturn -EFAULT;\n\treturn 0;\n}\n";
pub(crate) const CLEAN: &str = "#include <linux/mm.h>\n\
    int look(unsigned long addr)\n{\n\tstruct page *page;\n\n\tif (get_user_pages_fast(addr, 1, 0, &page) != 1)\n\t\treturn -EFAULT;\n\tput_page(page);\n\treturn 0;\n}\n";
pub(crate) const OTHER: &str = "#include <linux/mm.h>\n\
    int other(unsigned long addr)\n{\n\tstruct page *page;\n\n\tif (pin_user_pages_fast(addr, 1, 0, &page) != 1)\n\t\treturn -EFAULT;\n\tunpin_user_page(page);\n\treturn 0;\n}\n";
/// Takes one page for the caller, who is in another file.
pub(crate) const WRAPPER: &str = "#include <linux/mm.h>\n#include \"own.h\"\n\
    int grab_one(unsigned long addr, struct page **page)\n{\n\tint got = get_user_pages_fast(addr, 1, GRAB_FLAGS, page);\n\n\treturn got == 1 ? 0 : -EFAULT;\n}\n";
pub(crate) const CALLER: &str = "#include <linux/mm.h>\n#include \"own.h\"\n\
    int peek(unsigned long addr)\n{\n\tstruct page *page;\n\n\tif (grab_one(addr, &page))\n\t\treturn -EFAULT;\n\tput_page(page);\n\treturn 0;\n}\n";

/// Goes with its directory.
pub(crate) struct Tree {
    pub directory: PathBuf,
}

impl Tree {
    pub(crate) fn new(name: &str) -> Tree {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let directory = std::env::temp_dir().join(format!("gup-lsp-{}-{name}-{number}", std::process::id()));
        let _ = std::fs::remove_dir_all(&directory);
        std::fs::create_dir_all(&directory).unwrap();
        let tree = Tree { directory: directory.canonicalize().unwrap() };
        let testdata = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../testdata");
        copy(&testdata.join("frame"), &tree.root());
        copy(&testdata.join("include"), &tree.root().join("include"));
        for (file, text) in [
            ("drivers/Makefile", "obj-y += leak.o other.o wrapper.o caller.o\nobj-$(CONFIG_OFF) += off.o\n"),
            ("drivers/own.h", "#define GRAB_FLAGS 0\nint grab_one(unsigned long addr, struct page **page);\n"),
            ("drivers/leak.c", LEAK),
            ("drivers/off.c", LEAK),
            ("drivers/other.c", OTHER),
            ("drivers/wrapper.c", WRAPPER),
            ("drivers/caller.c", CALLER),
        ] {
            tree.write(file, text);
        }
        tree
    }

    pub(crate) fn root(&self) -> PathBuf {
        self.directory.join("linux")
    }

    pub(crate) fn write(&self, file: &str, text: impl AsRef<[u8]>) {
        let path = self.root().join(file);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }

    pub(crate) fn read(&self, file: &str) -> String {
        std::fs::read_to_string(self.root().join(file)).unwrap()
    }

    pub(crate) fn uri(&self, file: &str) -> String {
        format!("file://{}", self.root().join(file).display())
    }
}

impl Drop for Tree {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.directory);
    }
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap().map(Result::unwrap) {
        let target = to.join(entry.file_name());
        match entry.path().is_dir() {
            true => copy(&entry.path(), &target),
            false => drop(std::fs::copy(entry.path(), target).unwrap()),
        }
    }
}

/// A client on the other end of a connection in memory.
pub(crate) struct Client {
    connection: Connection,
    server: Option<JoinHandle<bool>>,
    next_id: i32,
    /// Came while something else was waited for.
    pub(crate) heard: Vec<Message>,
}

const PATIENCE: Duration = Duration::from_secs(120);

impl Client {
    /// Says nothing yet.
    pub(crate) fn silent(tree: &Tree) -> Client {
        let cache = tree.directory.join("cache");
        let suppressions = tree.directory.join("suppressions.toml");
        let settings = move |request: &Request| {
            let mut options = Options::new(request.folder.clone(), Workers::InProcess);
            options.cache = Some(cache.clone());
            if let Some(build) = request.given.get("build").and_then(Value::as_str) {
                options.build = Some(PathBuf::from(build));
            }
            let text = |rule: gup_driver::Rule| RuleText {
                page: format!("# {}\n", rule.name),
                severity: rule.severity.into(),
                name: rule.name,
                summary: rule.summary,
            };
            Ok(Settings {
                options,
                confidence: Confidence::Medium,
                known: Given::default(),
                suppressions: Some(suppressions.clone()),
                files: Vec::new(),
                rules: gup_driver::rules().into_iter().map(text).collect(),
            })
        };
        let host = Host { settings: Arc::new(settings), today: || Day::of_seconds(0) };
        let (connection, theirs) = Connection::memory();
        let server = std::thread::spawn(move || serve(theirs, host));
        Client { connection, server: Some(server), next_id: 0, heard: Vec::new() }
    }

    /// After the handshake.
    pub(crate) fn new(tree: &Tree, capabilities: Value) -> Client {
        let mut client = Client::silent(tree);
        client.initialize(tree, capabilities);
        client
    }

    pub(crate) fn initialize(&mut self, tree: &Tree, capabilities: Value) -> Value {
        let result = self.ask("initialize", json!({ "rootUri": tree.uri(""), "capabilities": capabilities })).unwrap();
        self.notify("initialized", json!({}));
        result
    }

    pub(crate) fn notify(&self, method: &str, params: Value) {
        self.connection.sender.send(Message::Notification(Notification { method: method.to_owned(), params })).unwrap();
    }

    pub(crate) fn send(&mut self, method: &str, params: Value) -> RequestId {
        self.next_id += 1;
        let id = RequestId::from(self.next_id);
        let request = lsp_server::Request { id: id.clone(), method: method.to_owned(), params };
        self.connection.sender.send(Message::Request(request)).unwrap();
        id
    }

    /// The result, or the code of the error.
    pub(crate) fn ask(&mut self, method: &str, params: Value) -> Result<Value, i32> {
        let id = self.send(method, params);
        self.result(&id)
    }

    pub(crate) fn result(&mut self, id: &RequestId) -> Result<Value, i32> {
        let is_it = |message: &Message| matches!(message, Message::Response(response) if response.id == *id);
        match self.wait(is_it) {
            Message::Response(response) => response.response_result.map_err(|error| error.code),
            other => panic!("{other:?}"),
        }
    }

    /// The next message of that kind, also one that came before; what comes in between is kept.
    pub(crate) fn wait(&mut self, is_it: impl Fn(&Message) -> bool) -> Message {
        if let Some(at) = self.heard.iter().position(&is_it) {
            return self.heard.remove(at);
        }
        let since = Instant::now();
        loop {
            let left = PATIENCE.saturating_sub(since.elapsed());
            let message = self.connection.receiver.recv_timeout(left);
            let message = message.unwrap_or_else(|_| panic!("nothing like that came; {:?}", self.heard));
            if let Message::Request(request) = &message {
                let result = if request.method == "workspace/configuration" { json!([null]) } else { Value::Null };
                let response = lsp_server::Response::new_ok(request.id.clone(), result);
                self.connection.sender.send(Message::Response(response)).unwrap();
            }
            if is_it(&message) {
                return message;
            }
            self.heard.push(message);
        }
    }

    pub(crate) fn notification(&mut self, method: &str) -> Value {
        let is_it = |message: &Message| matches!(message, Message::Notification(notification) if notification.method == method);
        match self.wait(is_it) {
            Message::Notification(notification) => notification.params,
            other => panic!("{other:?}"),
        }
    }

    /// What is pushed for a file next.
    pub(crate) fn pushed(&mut self, uri: &str) -> Value {
        let is_it = |message: &Message| {
            matches!(message, Message::Notification(notification)
                if notification.method == "textDocument/publishDiagnostics" && notification.params["uri"] == uri)
        };
        match self.wait(is_it) {
            Message::Notification(notification) => notification.params,
            other => panic!("{other:?}"),
        }
    }

    /// What is pushed for a version of a file.
    pub(crate) fn pushed_for(&mut self, uri: &str, version: i32) -> Vec<Value> {
        loop {
            let params = self.pushed(uri);
            if params["version"] == version {
                return params["diagnostics"].as_array().unwrap().clone();
            }
        }
    }

    pub(crate) fn open(&self, uri: &str, text: &str) {
        self.notify(
            "textDocument/didOpen",
            json!({ "textDocument": { "uri": uri, "languageId": "c", "version": 1, "text": text } }),
        );
    }

    /// The whole text anew.
    pub(crate) fn change(&self, uri: &str, version: i32, text: &str) {
        self.notify(
            "textDocument/didChange",
            json!({ "textDocument": { "uri": uri, "version": version }, "contentChanges": [{ "text": text }] }),
        );
    }

    pub(crate) fn pull(&mut self, uri: &str, previous: Option<&str>) -> Value {
        let mut params = json!({ "textDocument": { "uri": uri } });
        if let Some(previous) = previous {
            params["previousResultId"] = previous.into();
        }
        self.ask("textDocument/diagnostic", params).unwrap()
    }

    /// What `serve` said at its end.
    pub(crate) fn end(mut self) -> bool {
        self.ask("shutdown", Value::Null).unwrap();
        self.exit()
    }

    pub(crate) fn exit(mut self) -> bool {
        self.notify("exit", Value::Null);
        self.server.take().unwrap().join().unwrap()
    }
}

pub(crate) fn rules(diagnostics: &[Value]) -> Vec<&str> {
    diagnostics.iter().map(|diagnostic| diagnostic["code"].as_str().unwrap()).collect()
}

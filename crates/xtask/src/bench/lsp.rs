//! `cargo xtask bench --lsp`: how long an editor waits. A client of our own edits files of a real kernel and takes the time until
//! their diagnostics come, as a person at the keyboard would.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::process_tree::{proportional_kib, ticks_of_tree, tree};
use crate::audit::Ready;
use crate::run::{Failure, Outcome};

/// Files with an acquisition: one that is hard to analyse, one through which many go, and a driver's.
const FILES: [&str; 3] = ["fs/direct-io.c", "block/bio.c", "drivers/infiniband/core/umem.c"];
/// Between two edits, after the diagnostics of the first have come.
const PAUSE: Duration = Duration::from_millis(50);
/// Hovers that are timed, at most.
const HOVERS: usize = 40;
const PATIENCE: Duration = Duration::from_secs(900);

/// Measures and prints.
pub(super) fn run(ready: &Ready, scratch: &Path, edits: usize, endurance: usize) -> Outcome<()> {
    let cache = scratch.join("cache-lsp");
    let mut cold = Client::start(ready, &cache)?;
    let first = FILES[0];
    let preview = cold.open(first)?;
    let whole = cold.audited()?;
    println!("| start | s |\n| --- | ---: |");
    println!("| cold cache: first diagnostics of an open file | {:.1} |", preview.as_secs_f64());
    println!("| cold cache: the whole tree audited | {:.1} |", whole.as_secs_f64());
    cold.end()?;
    let mut client = Client::start(ready, &cache)?;
    client.open(first)?;
    println!("| warm cache: the whole tree audited, diagnostics of an open file | {:.1} |\n", client.audited()?.as_secs_f64());
    println!("| file | edits | median ms | p95 ms | worst ms | CPU ms an edit |\n| --- | ---: | ---: | ---: | ---: | ---: |");
    for file in FILES {
        client.open(file)?;
        let row = client.edits(file, edits)?;
        println!("{}", row.text(file));
    }
    let mut memory = vec![(0, client.memory_mib())];
    let parts = 4;
    for part in 1..=parts {
        let row = client.edits(first, endurance / parts)?;
        memory.push((part * endurance / parts, client.memory_mib()));
        println!("{}", row.text(first));
    }
    println!("\n| more edits | MiB of all its processes |\n| ---: | ---: |");
    memory.iter().for_each(|(edits, mib)| println!("| {edits} | {mib} |"));
    println!("\n| hover | times | median ms | p95 ms | worst ms |\n| --- | --- | ---: | ---: | ---: |");
    for (when, is_edited) in [("nothing changes", false), ("right after an edit", true)] {
        let row = client.hovers(first, edits.min(HOVERS), is_edited)?;
        println!("| {when} | {} | {:.0} | {:.0} | {:.0} |", row.times.len(), row.at(0.5), row.at(0.95), row.at(1.0));
    }
    client.end()
}

/// What a series of edits took.
struct Row {
    /// Milliseconds, sorted.
    times: Vec<f64>,
    cpu_ms: f64,
}

impl Row {
    fn at(&self, share: f64) -> f64 {
        let last = self.times.len().saturating_sub(1);
        self.times.get(((self.times.len() as f64 * share) as usize).min(last)).copied().unwrap_or(0.0)
    }

    fn text(&self, file: &str) -> String {
        let (median, p95, worst) = (self.at(0.5), self.at(0.95), self.at(1.0));
        format!("| {file} | {} | {median:.0} | {p95:.0} | {worst:.0} | {:.0} |", self.times.len(), self.cpu_ms)
    }
}

/// A client that waits for what it asked.
struct Client {
    server: Child,
    input: ChildStdin,
    heard: Receiver<Value>,
    started: Instant,
    root: PathBuf,
    version: i64,
    next_id: i64,
}

impl Client {
    fn start(ready: &Ready, cache: &Path) -> Outcome<Client> {
        let mut command: Command = ready.gupcheck("lsp");
        command.arg("--cache-dir").arg(cache).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
        let started = Instant::now();
        let mut server = command.spawn().map_err(|e| Failure::new(format!("cannot start {command:?}: {e}")))?;
        let (Some(input), Some(output)) = (server.stdin.take(), server.stdout.take()) else {
            return Err(Failure::new("a server without pipes"));
        };
        let (tell, heard) = channel();
        std::thread::spawn(move || {
            let mut output = BufReader::new(output);
            while let Some(message) = read(&mut output) {
                if tell.send(message).is_err() {
                    return;
                }
            }
        });
        let root = ready.kernel.source.clone();
        let mut client = Client { server, input, heard, started, root, version: 0, next_id: 0 };
        let params = json!({ "rootUri": client.uri(""), "capabilities": { "window": { "workDoneProgress": true } } });
        client.request("initialize", params)?;
        client.notify("initialized", json!({}))?;
        Ok(client)
    }

    fn uri(&self, file: &str) -> String {
        format!("file://{}", self.root.join(file).display())
    }

    /// Since the server was started, until the file's first diagnostics.
    fn open(&mut self, file: &str) -> Outcome<Duration> {
        self.version += 1;
        let (uri, version, text) = (self.uri(file), self.version, self.text(file)?);
        let document = json!({ "uri": uri, "languageId": "c", "version": version, "text": text });
        self.notify("textDocument/didOpen", json!({ "textDocument": document }))?;
        self.diagnostics(&uri, version)?;
        Ok(self.started.elapsed())
    }

    /// Since the server was started, until the first audit of the tree has ended.
    fn audited(&mut self) -> Outcome<Duration> {
        // What is asked now is answered once the analysis is up to date.
        let uri = self.uri(FILES[0]);
        self.request("textDocument/codeLens", json!({ "textDocument": { "uri": uri } }))?;
        Ok(self.started.elapsed())
    }

    /// Each edit puts another line behind the file's first acquisition, or another statement.
    fn edits(&mut self, file: &str, count: usize) -> Outcome<Row> {
        let (uri, text) = (self.uri(file), self.text(file)?);
        let lines: Vec<&str> = text.split_inclusive('\n').collect();
        let is_acquisition = |line: &&str| acquisition_in(line).is_some() && line.contains(';');
        let acquisition = lines.iter().position(is_acquisition).unwrap_or(lines.len() / 2);
        let is_statement = |line: &&str| line.starts_with('\t') && !line.starts_with("\t\t") && line.ends_with(";\n");
        let at = lines.iter().skip(acquisition).position(is_statement).map_or(acquisition, |more| acquisition + more + 1);
        let before = ticks_of_tree(self.server.id());
        let mut times = Vec::new();
        for number in 0..count {
            let version = self.version + 1;
            let new = match number % 4 {
                0 => format!("\tif ({version} > 3)\n\t\tbarrier();\n"),
                _ => format!("\t/* edit {version} */\n"),
            };
            let text = [&lines[..at].concat(), &new, &lines[at..].concat()].map(String::as_str).concat();
            let start = Instant::now();
            self.change(&uri, &text)?;
            self.diagnostics(&uri, version)?;
            times.push(start.elapsed().as_secs_f64() * 1000.0);
            std::thread::sleep(PAUSE);
        }
        times.sort_by(f64::total_cmp);
        let cpu_ms = (ticks_of_tree(self.server.id()).saturating_sub(before)) as f64 * 10.0 / count.max(1) as f64;
        Ok(Row { times, cpu_ms })
    }

    /// The file's text is another now, and its version the next one.
    fn change(&mut self, uri: &str, text: &str) -> Outcome<()> {
        self.version += 1;
        let document = json!({ "uri": uri, "version": self.version });
        self.notify("textDocument/didChange", json!({ "textDocument": document, "contentChanges": [{ "text": text }] }))
    }

    /// Hovers over the file's first acquisition.
    fn hovers(&mut self, file: &str, count: usize, is_edited: bool) -> Outcome<Row> {
        let (uri, text) = (self.uri(file), self.text(file)?);
        let found = text.lines().enumerate().find_map(|(number, line)| Some((number, acquisition_in(line)?)));
        let (line, character) = found.unwrap_or_default();
        let position = json!({ "textDocument": { "uri": uri }, "position": { "line": line, "character": character } });
        let mut times = Vec::new();
        for _ in 0..count {
            if is_edited {
                self.change(&uri, &format!("{text}/* {} */\n", self.version + 1))?;
                std::thread::sleep(PAUSE);
            }
            let start = Instant::now();
            self.request("textDocument/hover", position.clone())?;
            times.push(start.elapsed().as_secs_f64() * 1000.0);
        }
        times.sort_by(f64::total_cmp);
        Ok(Row { times, cpu_ms: 0.0 })
    }

    /// With all processes that it started.
    fn memory_mib(&self) -> u64 {
        tree(self.server.id()).iter().map(|pid| proportional_kib(*pid)).sum::<u64>() / 1024
    }

    fn end(mut self) -> Outcome<()> {
        self.request("shutdown", Value::Null)?;
        self.notify("exit", Value::Null)?;
        match self.server.wait() {
            Ok(status) if status.success() => Ok(()),
            other => Err(Failure::new(format!("the language server ended with {other:?}"))),
        }
    }

    fn text(&self, file: &str) -> Outcome<String> {
        let path = self.root.join(file);
        fs::read_to_string(&path).map_err(|e| Failure::io("read", &path, &e))
    }

    fn diagnostics(&mut self, uri: &str, version: i64) -> Outcome<()> {
        self.wait(|message| {
            let params = &message["params"];
            message["method"] == "textDocument/publishDiagnostics" && params["uri"] == uri && params["version"] == version
        })
    }

    fn request(&mut self, method: &str, params: Value) -> Outcome<()> {
        self.next_id += 1;
        let id = self.next_id;
        self.send(&json!({ "jsonrpc": "2.0", "id": id, "method": method, "params": params }))?;
        self.wait(|message| message["id"] == id && message.get("method").is_none())
    }

    fn notify(&mut self, method: &str, params: Value) -> Outcome<()> {
        self.send(&json!({ "jsonrpc": "2.0", "method": method, "params": params }))
    }

    fn send(&mut self, message: &Value) -> Outcome<()> {
        let text = message.to_string();
        let sent = write!(self.input, "Content-Length: {}\r\n\r\n{text}", text.len()).and_then(|()| self.input.flush());
        sent.map_err(|e| Failure::new(format!("the language server is gone: {e}")))
    }

    fn wait(&mut self, is_it: impl Fn(&Value) -> bool) -> Outcome<()> {
        loop {
            let message = self.heard.recv_timeout(PATIENCE);
            let message = message.map_err(|_| Failure::new("the language server says nothing any more"))?;
            if message.get("method").is_some() && message.get("id").is_some() {
                self.send(&json!({ "jsonrpc": "2.0", "id": message["id"], "result": null }))?;
            }
            if is_it(&message) {
                return Ok(());
            }
        }
    }
}

/// Where in a line an acquisition is named, about.
fn acquisition_in(line: &str) -> Option<usize> {
    ["extract_pages", "_user_pages"].iter().find_map(|name| line.find(name))
}

fn read(from: &mut impl BufRead) -> Option<Value> {
    let mut length = None;
    loop {
        let mut line = String::new();
        if from.read_line(&mut line).ok()? == 0 {
            return None;
        }
        match line.trim().split_once(": ") {
            Some(("Content-Length", value)) => length = value.parse::<usize>().ok(),
            Some(_) => {}
            None => break,
        }
    }
    let mut bytes = vec![0; length?];
    from.read_exact(&mut bytes).ok()?;
    serde_json::from_slice(&bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_have_a_length() {
        let mut bytes = &b"Content-Length: 7\r\nContent-Type: x\r\n\r\n{\"a\":1}Content-Length: 2\r\n\r\n{}"[..];
        assert_eq!(read(&mut bytes), Some(json!({ "a": 1 })));
        assert_eq!(read(&mut bytes), Some(json!({})));
        assert_eq!(read(&mut bytes), None);
    }

    #[test]
    fn a_share_of_the_times() {
        let row = Row { times: (1..=100).map(f64::from).collect(), cpu_ms: 5.0 };
        assert_eq!(row.text("a.c"), "| a.c | 100 | 51 | 96 | 100 | 5 |");
    }
}

//! Every check of the project, as CI and people run it.

use std::io::{BufRead, BufReader};
use std::process::{ExitCode, Stdio};

use crate::cache::Cache;
use crate::consumers::Consumers;
use crate::libclang::LibClang;
use crate::run::{Failure, Outcome, output_of};
use crate::{kernel, workspace};

/// Where tests find a real kernel, if there is one: set by [`run`], read by tests that otherwise do nothing.
const TREE: &str = "GUPCHECK_TEST_TREE";
const BUILD: &str = "GUPCHECK_TEST_BUILD";

/// `cargo xtask test`
pub(crate) fn run() -> Outcome<ExitCode> {
    let cache = Cache::locate()?;
    let (libclang, consumers) = {
        let _lock = cache.lock()?;
        (LibClang::ensure(&cache)?, Consumers::ensure(&cache))
    };
    let mut failed = Vec::new();
    for (component, arguments) in [
        ("fmt", &["fmt", "--all", "--check"][..]),
        ("clippy", &["clippy", "--workspace", "--all-targets", "--", "-D", "warnings"][..]),
    ] {
        if output_of(workspace::cargo().args([component, "--version"])).is_none() {
            eprintln!("xtask: cargo {component} is not installed and left out; `rustup component add {component}` brings it");
        } else if !started(workspace::cargo().args(arguments).status())?.success() {
            failed.push(format!("cargo {}", arguments.join(" ")));
        }
    }
    let count = tests(&cache, &libclang, &consumers)?;
    if count.failed > 0 || !count.complete {
        failed.push("cargo test".to_owned());
    }
    if !failed.is_empty() {
        eprintln!("xtask: failed: {}", failed.join(", "));
    }
    println!("{} passed, {} failed, {} skipped", count.passed, count.failed, count.ignored);
    Ok(if failed.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// What cargo's test programs counted.
#[derive(Debug, Default, PartialEq, Eq)]
struct Count {
    passed: u64,
    failed: u64,
    ignored: u64,
    /// Whether cargo said that all is well: a test program that does not compile or crashes counts nothing.
    complete: bool,
}

fn tests(cache: &Cache, libclang: &LibClang, consumers: &Consumers) -> Outcome<Count> {
    let mut command = workspace::cargo();
    command.args(["test", "--workspace", "--no-fail-fast"]);
    libclang.tell(&mut command);
    consumers.tell(&mut command);
    match kernel::existing(cache, "6.12") {
        Some(kernel) => {
            eprintln!("xtask: the tests that want a real kernel use {}", kernel.package);
            command.env(TREE, kernel.source).env(BUILD, kernel.build);
        }
        None => eprintln!(
            "xtask: no kernel is prepared, so the tests that want a real one pass idly; `cargo xtask audit` prepares one"
        ),
    }
    let mut child = started(command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn())?;
    let stdout = child.stdout.take().expect("stdout is piped");
    let mut count = Count::default();
    for line in BufReader::new(stdout).lines().map_while(Result::ok) {
        println!("{line}");
        count.add(&line);
    }
    count.complete = started(child.wait())?.success();
    Ok(count)
}

impl Count {
    /// Adds a line as `test result: ok. 12 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.1s`.
    fn add(&mut self, line: &str) {
        let Some(result) = line.strip_prefix("test result: ") else { return };
        for part in result.split([';', '.']) {
            let mut words = part.split_whitespace();
            let (Some(Ok(number)), Some(what)) = (words.next().map(str::parse::<u64>), words.next()) else { continue };
            match what {
                "passed" => self.passed += number,
                "failed" => self.failed += number,
                "ignored" => self.ignored += number,
                _ => {}
            }
        }
    }
}

fn started<T>(result: std::io::Result<T>) -> Outcome<T> {
    result.map_err(|error| Failure::new(format!("cannot run cargo: {error}; install Rust from https://rustup.rs")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_of_all_programs_are_added() {
        let mut count = Count::default();
        count.add("running 3 tests");
        count.add("test result: ok. 3 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.10s");
        count.add("test result: FAILED. 4 passed; 2 failed; 0 ignored; 0 measured; 0 filtered out; finished in 1.25s");
        assert_eq!(count, Count { passed: 7, failed: 2, ignored: 1, complete: false });
    }
}

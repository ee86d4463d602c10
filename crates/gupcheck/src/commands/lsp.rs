//! `gupcheck lsp`: the language server on stdio. What a tree's settings are is found out here, as for every other command.

use std::ffi::OsString;
use std::process::ExitCode;
use std::sync::Arc;

use clap::Parser;
use gup_lsp::{Host, Request, Settings};
use serde_json::Value;

use crate::cli::{Cli, Command, Confidence};
use crate::config;
use crate::formats::rule_texts;
use crate::known;
use crate::output::Failure;

/// The words behind `gupcheck lsp` count more than what the client sets.
pub(crate) fn run() -> ExitCode {
    let typed: Vec<OsString> = std::env::args_os().skip(2).collect();
    let settings = Arc::new(move |request: &Request| settings(&typed, request).map_err(|failure| failure.text()));
    match gup_lsp::stdio(Host { settings, today: known::today }) {
        true => ExitCode::SUCCESS,
        false => ExitCode::from(1),
    }
}

/// As the command line would have it: configuration files, then what the client set, then what was typed.
fn settings(typed: &[OsString], request: &Request) -> Result<Settings, Failure> {
    let mut words: Vec<OsString> = ["gupcheck", "lsp"].map(OsString::from).to_vec();
    for (name, value) in &request.given {
        words.push(word(name, value, request)?);
    }
    words.extend_from_slice(typed);
    if config::option(&words, "--tree").is_none() {
        let root = gup_driver::Tree::source(&request.folder, None)?;
        words.insert(2, joined("tree", root.as_os_str()));
    }
    let cli = Cli::try_parse_from(config::argv(words)?).map_err(|error| Failure::new(error.to_string()))?;
    let Command::Lsp(args) = cli.command else { return Err(Failure::new("these are no settings of the language server")) };
    let mut options = args.tree.options(&[])?;
    options.working.clone_from(&request.folder);
    let root = options.tree.clone().unwrap_or_default();
    let files = [Some(root.join(".gupcheck.toml")), args.known.baseline.clone(), args.known.suppressions.clone()];
    Ok(Settings {
        confidence: match args.confidence {
            Confidence::High => gup_report::report::Confidence::High,
            Confidence::Medium => gup_report::report::Confidence::Medium,
            Confidence::Low => gup_report::report::Confidence::Low,
        },
        known: args.known.read_if_there()?,
        suppressions: args.known.suppressions.clone(),
        files: files.into_iter().flatten().collect(),
        rules: rule_texts(args.tree.analyses.as_deref())?,
        options,
    })
}

/// A setting of the client as an option; its paths are relative to the folder that is open.
fn word(name: &str, value: &Value, request: &Request) -> Result<OsString, Failure> {
    let text = match value {
        Value::String(text) => text.clone(),
        Value::Number(_) | Value::Bool(_) => value.to_string(),
        _ => return Err(Failure::new(format!("the client's setting {name} is neither text nor number"))),
    };
    let is_path = name == "tree" || config::SETTINGS.iter().any(|setting| setting.name == name && setting.is_path);
    Ok(if is_path { joined(name, request.folder.join(text).as_os_str()) } else { joined(name, text.as_ref()) })
}

fn joined(name: &str, value: &std::ffi::OsStr) -> OsString {
    let mut word = OsString::from(format!("--{name}="));
    word.push(value);
    word
}

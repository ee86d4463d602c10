//! Changes of a suppression file that keep what people wrote in it.

use std::collections::BTreeSet;

use super::{Covers, Suppressions};
use crate::known::Day;

/// A new entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct New {
    pub covers: Covers,
    pub reason: String,
    pub owner: String,
    pub until: Option<Day>,
    /// What the finding says, as a comment.
    pub message: String,
}

/// The text with one more entry at its end.
pub fn added(text: &str, new: &New) -> String {
    let mut out = text.trim_end().to_owned();
    if !out.is_empty() {
        out.push_str("\n\n");
    }
    if !new.message.is_empty() {
        out.push_str(&format!("# {}\n", new.message.replace('\n', " ")));
    }
    out.push_str("[[suppress]]\n");
    let mut line = |key: &str, value: &str| {
        if !value.is_empty() {
            out.push_str(&format!("{key} = {}\n", quoted(value)));
        }
    };
    match &new.covers {
        Covers::One { fingerprint, rule, file, function } => {
            line("fingerprint", fingerprint);
            line("rule", rule);
            line("file", file);
            line("function", function);
        }
        Covers::All { rule, path } => {
            line("rule", rule);
            line("path", path);
        }
    }
    line("reason", &new.reason);
    line("owner", &new.owner);
    if let Some(day) = new.until {
        out.push_str(&format!("until = {day}\n"));
    }
    out
}

/// The text without these entries, and without the comments right above them.
pub fn without(text: &str, suppressions: &Suppressions, gone: &BTreeSet<usize>) -> String {
    let lines: Vec<&str> = text.lines().collect();
    let starts: Vec<usize> = suppressions.entries.iter().map(|entry| first_line(&lines, entry.line - 1)).collect();
    let entry_of = |line: usize| starts.iter().rposition(|start| *start <= line);
    let kept = lines.iter().enumerate().filter(|(number, _)| entry_of(*number).is_none_or(|entry| !gone.contains(&entry)));
    let mut out: String = kept.map(|(_, line)| format!("{line}\n")).collect();
    out.truncate(out.trim_end().len());
    if !out.is_empty() {
        out.push('\n');
    }
    out
}

/// The first of the comments that stand right above a line.
fn first_line(lines: &[&str], header: usize) -> usize {
    let above = lines[..header].iter().rev().take_while(|line| line.trim_start().starts_with('#')).count();
    header - above
}

/// A TOML string.
fn quoted(text: &str) -> String {
    let mut out = String::from("\"");
    for char in text.chars() {
        match char {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            char if char.is_control() => out.push_str(&format!("\\u{:04X}", u32::from(char))),
            char => out.push(char),
        }
    }
    out + "\""
}

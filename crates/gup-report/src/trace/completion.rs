//! `gupcheck trace` of a completion handler, which pages can be in what it ends, and of a release, what reaches it.

use std::collections::BTreeSet;

use crate::report::{Conversion, Reached, Release, Report};
use gup_analysis::finding::{Analysis, Handler, Location, Origin, Submission};

use super::{branches_below, release};

/// The handlers of that name: all that is handed to them, and the releases that run there.
pub(super) fn handlers(analysis: &Analysis, report: &Report, name: &str) -> String {
    let meant = analysis.handlers.iter().filter(|handler| handler.name == name);
    meant.map(|handler| self::handler(handler, report)).collect()
}

fn handler(handler: &Handler, report: &Report) -> String {
    let name = &handler.name;
    // One place may be come to on several paths.
    let at: BTreeSet<&Location> = handler.submissions.iter().map(|given| &given.at).collect();
    let mut text = format!("{name}() completes what is handed to it at {}\n", places(at.len()));
    let mut branches: Vec<String> = Vec::new();
    for line in handler.submissions.iter().flat_map(submission) {
        if !branches.contains(&line) {
            branches.push(line);
        }
    }
    let completion = report.ledger.completions.iter().find(|completion| completion.handler == *name);
    let mut releases: Vec<&Release> = completion.iter().flat_map(|completion| &completion.releases).collect();
    let listed: Vec<&Conversion> = report.conversion.iter().filter(|entry| entry.function == *name).collect();
    releases.retain(|done| !listed.iter().any(|entry| (&entry.file, entry.line) == (&done.file, done.line)));
    for entry in listed {
        branches.push(format!("{}:{} {} runs there: {}", entry.file, entry.line, entry.api, reached(entry)));
        branches.extend(entry.uncertain.iter().map(|why| format!("  not certain: {why}")));
    }
    branches.extend(releases.into_iter().map(|done| format!("{} runs for it", release(done))));
    branches.push(answer(handler).to_owned());
    text.push_str(&branches_below(&branches));
    text
}

fn places(count: usize) -> String {
    if count == 1 { "one place".to_owned() } else { format!("{count} places") }
}

/// One place where something is handed over, and a line for each reference in it.
fn submission(given: &Submission) -> Vec<String> {
    let place = format!("{}:{} in {}", given.at.file, given.at.line, given.function);
    let mut lines = Vec::new();
    for (kind, origin) in &given.held {
        let from = origin.as_ref().map_or_else(|| ", taken by no GUP call".to_owned(), origin_text);
        lines.push(format!("{place} hands it {}{from}", kind.name()));
    }
    if lines.is_empty() {
        lines.push(format!("{place} hands it nothing that was followed"));
    }
    if given.is_foreign {
        lines.push(format!("{place} did not make it: others may have put more in"));
    }
    lines
}

fn origin_text(origin: &Origin) -> String {
    format!(" from {} at {}:{} in {}", origin.api, origin.at.file, origin.at.line, origin.function)
}

/// The question of 2019, answered from what was seen.
fn answer(handler: &Handler) -> &'static str {
    let held = || handler.submissions.iter().flat_map(|given| &given.held);
    let is_gup = |origin: &Option<Origin>, kind: &str| origin.is_some() && matches!(kind, "pin" | "get");
    let gup = held().any(|(kind, origin)| is_gup(origin, kind.name()));
    let other = held().any(|(kind, origin)| !is_gup(origin, kind.name()));
    let is_open = handler.submissions.iter().any(|given| given.is_foreign || given.held.is_empty());
    match (gup, other, is_open) {
        (true, true, _) => "both: GUP pages and others",
        (true, false, false) => "GUP pages only",
        (true, false, true) => "GUP pages; whether others, too, is not certain",
        (false, true, false) => "no GUP pages",
        (false, true, true) => "other pages; whether GUP pages, too, is not certain",
        (false, false, _) => "no page in it was followed",
    }
}

/// The releases at `file:line`, with what reaches them.
pub(super) fn releases(report: &Report, is_meant: impl Fn(&str, u32) -> bool) -> String {
    let meant = report.conversion.iter().filter(|entry| is_meant(&entry.file, entry.line));
    meant.map(entry).collect()
}

fn entry(entry: &Conversion) -> String {
    let mut branches: Vec<String> = Vec::new();
    for from in &entry.acquisitions {
        let with = if from.replace_with.is_empty() { String::new() } else { format!(", to become {}", from.replace_with) };
        let of = &from.origin;
        branches.push(format!("{} from {} at {}:{} in {}{with}", of.kind, of.api, of.file, of.line, of.function));
    }
    branches.extend(entry.others.iter().map(|other| format!("other: {other}")));
    branches.extend(entry.uncertain.iter().map(|why| format!("not certain: {why}")));
    branches.extend(entry.blocked_by.iter().map(|why| format!("in the way: {why}")));
    branches.push(reached(entry));
    format!("{}:{} {} in {} drops\n{}", entry.file, entry.line, entry.api, entry.function, branches_below(&branches))
}

fn reached(entry: &Conversion) -> String {
    let by = match (entry.verdict, entry.uncertain.is_empty()) {
        (Reached::Gup, true) => "GUP references only",
        (Reached::Gup, false) => "GUP references, and no others that were seen",
        (Reached::Mixed, _) => "both GUP references and others",
        (Reached::Never, true) => "no GUP references",
        (Reached::Never, false) => "no GUP references that were seen",
    };
    let with = if entry.replace_with.is_empty() { String::new() } else { format!("; to become {}", entry.replace_with) };
    format!("{by}{with}")
}

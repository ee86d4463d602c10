//! `gupcheck suppress`: keeps the file with the reasons why findings are not told.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Args, Subcommand};
use gup_report::known::suppression::edit::{New, added, without};
use gup_report::known::suppression::{Covers, Use};
use gup_report::known::{Circumstances, Day};

use crate::commands::source::{Found, Source};
use crate::known;
use crate::output::{Failure, print, say, write_file};

#[derive(Subcommand)]
pub(crate) enum Action {
    /// Add an entry: for one finding by its fingerprint, or for a rule in some files
    Add(Add),
    /// Print the entries, and which of them are over
    List(File),
    /// Remove entries that are over or fit no finding
    Prune(Prune),
}

#[derive(Args)]
pub(crate) struct File {
    /// The file of suppressions
    #[arg(long = "suppressions", value_name = "FILE")]
    file: Option<PathBuf>,
}

#[derive(Args)]
pub(crate) struct Add {
    /// As the JSON report has it: gf1:0123456789abcdef
    #[arg(required_unless_present = "path", conflicts_with = "path")]
    fingerprint: Option<String>,
    /// All findings of this rule in the files of --path
    #[arg(long, requires = "path")]
    rule: Option<String>,
    /// Files of the tree: * and ? within a directory, ** across them
    #[arg(long, value_name = "GLOB", requires = "rule")]
    path: Option<String>,
    /// Why it is not to be told
    #[arg(long)]
    reason: String,
    /// Who says so: a name, an address
    #[arg(long)]
    owner: String,
    /// Last day on which it holds: 2027-03-01
    #[arg(long, value_name = "DAY", value_parser = day)]
    until: Option<Day>,
    #[command(flatten)]
    file: File,
    #[command(flatten)]
    source: Source,
}

#[derive(Args)]
pub(crate) struct Prune {
    #[command(flatten)]
    file: File,
    #[command(flatten)]
    source: Source,
}

fn day(text: &str) -> Result<Day, String> {
    Day::parse(text).ok_or_else(|| "write it as 2027-03-01".to_owned())
}

pub(crate) fn run(action: &Action) -> Result<ExitCode, Failure> {
    match action {
        Action::Add(args) => add(args)?,
        Action::List(args) => list(args.path()?)?,
        Action::Prune(args) => prune(args.file.path()?, &args.source)?,
    }
    Ok(ExitCode::SUCCESS)
}

impl File {
    fn path(&self) -> Result<&Path, Failure> {
        self.file.as_deref().ok_or_else(|| Failure::new("name the file of suppressions: --suppressions FILE"))
    }
}

fn add(args: &Add) -> Result<(), Failure> {
    let path = args.file.path()?;
    let old = if path.exists() { known::suppressions(path)?.0 } else { String::new() };
    let (covers, message) = match (&args.fingerprint, &args.rule, &args.path) {
        (Some(fingerprint), ..) => one(fingerprint, &args.source.findings()?)?,
        (None, rule, files) => {
            let covers = Covers::All { rule: rule.clone().unwrap_or_default(), path: files.clone().unwrap_or_default() };
            (covers, String::new())
        }
    };
    let new = New { covers, message, reason: args.reason.clone(), owner: args.owner.clone(), until: args.until };
    let text = added(&old, &new);
    // What is written is what a run would read.
    known::parse(path, &text)?;
    write_file(path, &text)?;
    say(&format!("gupcheck: {}: added {}\n", path.display(), new.covers));
    Ok(())
}

/// The finding of that fingerprint, and what it says.
fn one(fingerprint: &str, found: &Found) -> Result<(Covers, String), Failure> {
    let finding = found.finding(fingerprint)?;
    let covers = Covers::One {
        fingerprint: fingerprint.to_owned(),
        rule: finding.rule.clone(),
        file: finding.file.clone(),
        function: finding.function.clone(),
    };
    Ok((covers, finding.message.clone()))
}

fn list(path: &Path) -> Result<(), Failure> {
    let (_, suppressions) = known::suppressions(path)?;
    let today = known::today();
    let mut text = String::new();
    for entry in &suppressions.entries {
        let until = entry.until.map(|day| format!(", until {day}")).unwrap_or_default();
        let over = if entry.is_over(today) { " (over)" } else { "" };
        let place = format!("{}:{}", path.display(), entry.line);
        text.push_str(&format!("{place}: {}: {} ({}{until}){over}\n", entry.covers, entry.reason, entry.owner));
    }
    print(&text)
}

fn prune(path: &Path, source: &Source) -> Result<(), Failure> {
    let (text, suppressions) = known::suppressions(path)?;
    let found = source.findings()?;
    let exists = |file: &str| found.root.join(file).exists();
    let at = Circumstances { today: known::today(), exists: &exists, is_whole: true };
    let uses = suppressions.uses(&found.report, &at);
    let gone: BTreeSet<usize> = (0..uses.len()).filter(|number| uses[*number] != Use::Used).collect();
    for number in &gone {
        let why = if uses[*number] == Use::Expired { "is over" } else { "fits no finding" };
        say(&format!("gupcheck: removed {}, which {why}\n", suppressions.entries[*number].covers));
    }
    if !gone.is_empty() {
        write_file(path, &without(&text, &suppressions, &gone))?;
    }
    say(&format!("gupcheck: {}: {} removed, {} left\n", path.display(), gone.len(), uses.len() - gone.len()));
    Ok(())
}

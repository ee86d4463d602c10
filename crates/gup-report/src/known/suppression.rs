//! Suppressions: findings that somebody looked at and does not want to be told again, each with the reason and who says so.
//!
//! ```toml
//! [[suppress]]                            # one finding
//! fingerprint = "gf1:7a3174fca6e8cce5"
//! rule = "count-mismatch"                 # these three may be left out; with them the entry follows a file that is moved
//! file = "drivers/tee/tee_shm.c"
//! function = "register_shm_helper"
//! reason = "the iterator's kind decides, see <20260101.x@example.org>"
//! owner = "A Maintainer <a@example.org>"
//!
//! [[suppress]]                            # all findings of a rule in these files
//! rule = "get-for-dma"
//! path = "drivers/staging/**"
//! reason = "not before they leave staging"
//! owner = "staging@example.org"
//! until = 2027-03-01                      # the last day
//! ```
//!
//! TOML, as the contracts are: people write it, a reason may be long, comments stay, and mistakes are shown with their lines.
//! Written over by [`edit`] alone, which keeps what people wrote.

pub mod edit;
mod read;

use std::ops::Range;

use gup_analysis::contract::ContractError;

use super::matching::{self, Key};
use super::{Circumstances, Day, Known, Suppressed, glob};
use crate::Report;

/// A file of suppressions.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Suppressions {
    /// As the user named it, for messages.
    name: String,
    /// In the order of the file.
    pub entries: Vec<Suppression>,
}

/// One `[[suppress]]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Suppression {
    pub covers: Covers,
    pub reason: String,
    pub owner: String,
    pub until: Option<Day>,
    /// Of its first line in the file, from 1.
    pub line: usize,
    /// The bytes of that line.
    span: Range<usize>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Covers {
    /// One finding; all but the fingerprint may be empty.
    One { fingerprint: String, rule: String, file: String, function: String },
    /// All findings of a rule in the files that fit.
    All { rule: String, path: String },
}

/// Of what use an entry was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Use {
    Used,
    /// It covers no finding of this report.
    Unused,
    /// Its last day is over.
    Expired,
}

impl Suppressions {
    /// Reads a file; `rules`: the names of all rules. All mistakes come back at once.
    pub fn parse(name: &str, text: &str, rules: &[&str]) -> Result<Suppressions, Vec<ContractError>> {
        read::file(name, text, rules)
    }

    /// For each entry, of what use it is for the report.
    pub fn uses(&self, report: &Report, at: &Circumstances<'_>) -> Vec<Use> {
        self.uses_of(&self.covering(report, at), at)
    }

    fn uses_of(&self, covering: &[Option<usize>], at: &Circumstances<'_>) -> Vec<Use> {
        let use_of = |(number, entry): (usize, &Suppression)| match entry.is_over(at.today) {
            true => Use::Expired,
            false if covering.contains(&Some(number)) => Use::Used,
            false => Use::Unused,
        };
        self.entries.iter().enumerate().map(use_of).collect()
    }

    /// Marks what is covered, and notes what was of no use.
    pub(super) fn apply(&self, report: &mut Report, at: &Circumstances<'_>, known: &mut Known) {
        let covering = self.covering(report, at);
        for (finding, number) in report.findings.iter_mut().zip(&covering) {
            finding.suppressed = number.map(|number| self.entries[number].reason());
        }
        known.suppressed = covering.iter().flatten().count() as u64;
        for (entry, of_use) in self.entries.iter().zip(self.uses_of(&covering, at)) {
            let place = format!("{}:{}: {}", self.name, entry.line, entry.covers);
            match of_use {
                Use::Expired => {
                    let until = entry.until.map(|day| day.to_string()).unwrap_or_default();
                    known.expired.push(format!("{place}: ended on {until}; {} decides", entry.owner));
                }
                Use::Unused if at.is_whole => known.unused.push(format!("{place}: fits no finding")),
                _ => {}
            }
        }
    }

    /// For each finding the number of the entry that covers it: one of its own before one for many.
    fn covering(&self, report: &Report, at: &Circumstances<'_>) -> Vec<Option<usize>> {
        let valid = |entry: &&Suppression| !entry.is_over(at.today);
        let numbered = || self.entries.iter().enumerate().filter(|(_, entry)| valid(entry));
        let (numbers, keys): (Vec<usize>, Vec<Key<'_>>) =
            numbered().filter_map(|(number, entry)| Some((number, entry.covers.key()?))).unzip();
        let single = matching::assign(&report.findings, &keys, at.exists);
        let of_many = |finding: &crate::report::Finding| {
            let mut fitting = numbered().filter(|(_, entry)| match &entry.covers {
                Covers::All { rule, path } => *rule == finding.rule && glob::matches(path, &finding.file),
                Covers::One { .. } => false,
            });
            fitting.next().map(|(number, _)| number)
        };
        let cover =
            |(finding, own): (&crate::report::Finding, Option<usize>)| own.map(|key| numbers[key]).or_else(|| of_many(finding));
        report.findings.iter().zip(single).map(cover).collect()
    }
}

impl Suppression {
    pub fn is_over(&self, today: Day) -> bool {
        self.until.is_some_and(|last| last < today)
    }

    fn reason(&self) -> Suppressed {
        let until = self.until.map(|day| day.to_string());
        Suppressed { reason: self.reason.clone(), owner: self.owner.clone(), until }
    }
}

impl Covers {
    fn key(&self) -> Option<Key<'_>> {
        match self {
            Covers::One { fingerprint, rule, file, function } => Some(Key { fingerprint, rule, file, function, message: "" }),
            Covers::All { .. } => None,
        }
    }
}

impl std::fmt::Display for Covers {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Covers::One { fingerprint, rule, file, function } if !file.is_empty() => {
                write!(f, "{fingerprint} ({rule} in {file}: {function})")
            }
            Covers::One { fingerprint, .. } => f.write_str(fingerprint),
            Covers::All { rule, path } => write!(f, "{rule} in {path}"),
        }
    }
}

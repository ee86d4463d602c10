//! What is known already and need not be told again: a baseline of old findings, and suppressions with their reasons.
//!
//! Both stand in files of their own, never in comments of the kernel's source. Findings are compared by fingerprint, as multisets: of
//! two that are alike an entry covers one. Where a file was moved, its findings have other fingerprints; an entry whose file is
//! not in the tree any more covers a finding of the same rule in a function of the same name. What is covered stays in the
//! report, marked. Pure: files come in as text, and whether one exists is asked through a callback.
//!
//! Start with [`mark`], then [`baseline`] and [`suppression`].

pub mod baseline;
pub mod day;
mod glob;
mod matching;
pub mod suppression;

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

pub use baseline::Baseline;
pub use day::Day;
pub use suppression::Suppressions;

use crate::Report;
use matching::Key;

/// What the report says of the files that were given.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Known {
    /// Findings that the baseline has.
    pub in_baseline: u64,
    /// Entries of the baseline whose findings are gone; empty where only a part of the tree was audited.
    pub gone: Vec<baseline::Entry>,
    /// Findings that a suppression covers.
    pub suppressed: u64,
    /// Suppressions that fit nothing, each in words.
    pub unused: Vec<String>,
    /// Suppressions that are over, each in words.
    pub expired: Vec<String>,
}

/// Why a finding is not told.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Suppressed {
    /// As whoever suppressed it gave it.
    pub reason: String,
    /// Who says so.
    pub owner: String,
    /// The last day, as 2027-03-01; null: for good.
    pub until: Option<String>,
}

/// What the user gave.
#[derive(Clone, Debug, Default)]
pub struct Given {
    pub baseline: Option<Baseline>,
    pub suppressions: Option<Suppressions>,
}

/// The run that is marked.
pub struct Circumstances<'a> {
    pub today: Day,
    /// Is there such a file in the tree?
    pub exists: &'a dyn Fn(&str) -> bool,
    /// The report is of the whole tree, so that what fits nothing is of no use.
    pub is_whole: bool,
}

/// Marks the findings that are known, and notes in the report what was and was not of use. `report` must have findings of all
/// confidences: what is filtered out first would look gone.
pub fn mark(report: &mut Report, given: &Given, at: &Circumstances<'_>) {
    if given.baseline.is_none() && given.suppressions.is_none() {
        return;
    }
    let mut known = Known::default();
    if let Some(baseline) = &given.baseline {
        let keys: Vec<Key<'_>> = baseline.findings.iter().map(baseline::Entry::key).collect();
        let found = matching::assign(&report.findings, &keys, at.exists);
        for (finding, entry) in report.findings.iter_mut().zip(&found) {
            finding.in_baseline = entry.is_some();
        }
        known.in_baseline = found.iter().flatten().count() as u64;
        let used: BTreeSet<usize> = found.into_iter().flatten().collect();
        let gone = baseline.findings.iter().enumerate().filter(|(number, _)| !used.contains(number));
        known.gone = gone.filter(|_| at.is_whole).map(|(_, entry)| entry.clone()).collect();
    }
    if let Some(suppressions) = &given.suppressions {
        suppressions.apply(report, at, &mut known);
    }
    report.known = Some(known);
}

#[cfg(test)]
mod tests;

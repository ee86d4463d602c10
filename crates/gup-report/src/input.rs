//! What every format is rendered from: one report, also one that was read back, and what stands beside it.

use crate::Report;
use crate::diff::{Difference, Patch};
use crate::report::{Finding, Severity};

/// For one rendering.
#[derive(Clone, Copy)]
pub struct Input<'a> {
    /// Of a change: the report that [`Diff::report`](crate::Diff::report) makes of it.
    pub report: &'a Report,
    /// The findings of the report are then what it introduces.
    pub change: Option<&'a Difference>,
    /// What each patch of the change does, where that was asked for.
    pub patches: &'a [Patch],
    /// The title of the patch, where only one of them is rendered.
    pub patch: Option<&'a str>,
    /// All rules, also those that found nothing.
    pub rules: &'a [RuleText],
    /// A file's text by its name in the report, where it can be had.
    pub source: &'a dyn Fn(&str) -> Option<String>,
    /// The tree's absolute path, for formats whose readers want it.
    pub root: Option<&'a str>,
}

/// A rule, as its users read about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RuleText {
    /// Kebab-case.
    pub name: String,
    /// One sentence.
    pub summary: String,
    pub severity: Severity,
    /// Its page, in Markdown; empty where there is none.
    pub page: String,
}

/// Whether a finding is one of the change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// In an audit, which knows nothing of before.
    Present,
    New,
    /// Also what the baseline has.
    Old,
    Fixed,
    /// Somebody gave a reason why it is not to be told.
    Suppressed,
}

impl<'a> Input<'a> {
    /// The findings with their standing: the report's, then of a change the old ones of the files that it touches, then those
    /// that it fixes. What is known is known, whatever the change does.
    pub fn findings(&self) -> Vec<(Standing, &'a Finding)> {
        let Some(change) = self.change else {
            return self.report.findings.iter().map(|finding| (standing(finding, Standing::Present), finding)).collect();
        };
        let new = self.report.findings.iter().map(|finding| (standing(finding, Standing::New), finding));
        let old = change.left.iter().map(|finding| (standing(finding, Standing::Old), finding));
        let fixed = change.fixed.iter().map(|finding| (Standing::Fixed, finding));
        new.chain(old).chain(fixed).collect()
    }

    /// Titles of the patches that introduce the finding, in their order.
    pub fn introduced_by(&self, finding: &Finding) -> Vec<&'a str> {
        let has = |patch: &&Patch| patch.difference.introduced.iter().any(|new| new.fingerprint == finding.fingerprint);
        self.patches.iter().filter(has).map(|patch| patch.title.as_str()).collect()
    }

    /// What is to be told: neither old nor known.
    pub fn told(&self) -> Vec<&'a Finding> {
        let is_told = |standing| matches!(standing, Standing::Present | Standing::New);
        self.findings().into_iter().filter(|(standing, _)| is_told(*standing)).map(|(_, finding)| finding).collect()
    }
}

fn standing(finding: &Finding, of_run: Standing) -> Standing {
    match (&finding.suppressed, finding.in_baseline) {
        (Some(_), _) => Standing::Suppressed,
        (None, true) => Standing::Old,
        (None, false) => of_run,
    }
}

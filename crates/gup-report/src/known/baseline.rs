//! The baseline: findings that were there when somebody began to look, so that only new ones are told.
//!
//! A file that gupcheck writes and people commit: JSON, one finding a line, sorted, and nothing in it that changes when code
//! only moves, so that its differences are those of the findings. Published as `reports/schema/gupcheck.baseline-1.schema.json`.

use serde::{Deserialize, Serialize};

use super::matching::{self, Key};
use crate::report::Finding;

/// Name and version of the format.
pub const SCHEMA: &str = "gupcheck.baseline/1";

/// Findings that were there when somebody began to look. Within version 1 members may be added; none goes away or changes its
/// meaning.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Baseline {
    /// [`SCHEMA`].
    schema: String,
    /// Sorted; several that are alike stand there as often as they are found.
    pub findings: Vec<Entry>,
}

/// A finding, as far as it does not change with its surroundings.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Entry {
    pub file: String,
    pub function: String,
    pub rule: String,
    pub fingerprint: String,
    /// Says what was found.
    pub message: String,
}

/// What an update changed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Changes {
    pub added: usize,
    pub gone: usize,
    /// Found in another file than the entry says.
    pub moved: usize,
}

impl Baseline {
    /// Of all these findings, whatever their confidence, but not of those that a suppression covers.
    pub fn of(findings: &[Finding]) -> Baseline {
        let mut entries: Vec<Entry> = findings.iter().filter(|finding| finding.suppressed.is_none()).map(Entry::of).collect();
        entries.sort();
        Baseline { schema: SCHEMA.to_owned(), findings: entries }
    }

    /// The error says what is wrong with the text, and what to do.
    pub fn parse(text: &str) -> Result<Baseline, String> {
        const REMEDY: &str = "`gupcheck baseline create` writes one";
        let baseline: Baseline = serde_json::from_str(text).map_err(|error| format!("this is no baseline: {error}; {REMEDY}"))?;
        if baseline.schema != SCHEMA {
            return Err(format!("it has the schema {}, this version of gupcheck reads {SCHEMA}; {REMEDY}", baseline.schema));
        }
        Ok(baseline)
    }

    pub fn text(&self) -> String {
        let line = |entry: &Entry| serde_json::to_string(entry).expect("strings become JSON");
        let lines: Vec<String> = self.findings.iter().map(line).collect();
        let body = if lines.is_empty() { String::new() } else { format!("\n{}\n", lines.join(",\n")) };
        format!("{{\"schema\": \"{SCHEMA}\", \"findings\": [{body}]}}\n")
    }

    /// What the baseline becomes with the findings of today: those that are gone go, new ones come.
    pub fn updated(&self, findings: &[Finding], exists: &dyn Fn(&str) -> bool) -> (Baseline, Changes) {
        let new = Baseline::of(findings);
        let shown: Vec<Finding> = findings.iter().filter(|finding| finding.suppressed.is_none()).cloned().collect();
        let keys: Vec<Key<'_>> = self.findings.iter().map(Entry::key).collect();
        let found = matching::assign(&shown, &keys, exists);
        let kept = found.iter().flatten().count();
        let is_moved = |(finding, entry): &(&Finding, &Option<usize>)| {
            entry.is_some_and(|number| self.findings[number].file != finding.file)
        };
        let moved = shown.iter().zip(&found).filter(is_moved).count();
        (new, Changes { added: shown.len() - kept, gone: self.findings.len() - kept, moved })
    }
}

impl Entry {
    pub fn of(finding: &Finding) -> Entry {
        Entry {
            file: finding.file.clone(),
            function: finding.function.clone(),
            rule: finding.rule.clone(),
            fingerprint: finding.fingerprint.clone(),
            message: finding.message.clone(),
        }
    }

    pub(super) fn key(&self) -> Key<'_> {
        let Entry { file, function, rule, fingerprint, message } = self;
        Key { fingerprint, rule, file, function, message }
    }
}

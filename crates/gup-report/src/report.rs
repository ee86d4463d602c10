//! The report: what one audit says, in the names of the published JSON (`reports/schema/gupcheck.report-1.schema.json`).
//!
//! These types are the format, and nothing but the format: a change here is a change of what users read. They are
//! converted by hand from the analysis, so that it may change freely.

use std::collections::BTreeMap;

use gup_analysis::finding::Analysis;
use serde::{Deserialize, Serialize};

use crate::conversion;
pub use crate::conversion::{Acquisition, Conversion, Reached};
use crate::known::{Known, Suppressed};
use crate::mend;
pub(crate) use convert::origin;

mod convert;

/// Name and version of the format.
pub const SCHEMA: &str = "gupcheck.report/1";

/// What one audit of a kernel tree by gupcheck says. Within version 1 members may be added; none goes away or changes its
/// meaning.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Report {
    /// [`SCHEMA`].
    pub schema: String,
    /// What made the report.
    pub tool: Tool,
    /// What was audited.
    pub tree: Tree,
    /// How much was read, and how much of it was understood.
    pub coverage: Coverage,
    /// Sorted by file, line, column, rule.
    pub findings: Vec<Finding>,
    /// The MAINTAINERS entries that findings and sites name, by name. Reports of before 2026-11-25 lack it.
    #[serde(default)]
    pub subsystems: Vec<Subsystem>,
    /// For every acquisition site its releases and a verdict.
    pub ledger: Ledger,
    /// The conversion audit: every release that GUP references reach, and those beside such a release or beside an
    /// acquisition.
    pub conversion: Vec<Conversion>,
    /// What a baseline or suppressions made of the findings; absent where none was given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub known: Option<Known>,
}

/// What the analysis does not know of its run.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Run {
    pub tool: Tool,
    /// The policy is filled in from the analysis.
    pub tree: Tree,
    pub units: Units,
    /// Statements of the extracted units, and those among them that were not understood, by reason.
    pub statements: u64,
    pub opaque_statements: BTreeMap<String, u64>,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Tool {
    /// `gupcheck`.
    pub name: String,
    /// Of gupcheck.
    pub version: String,
    /// As libclang names itself.
    pub libclang: String,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Tree {
    /// `make kernelversion`.
    pub version: String,
    /// The kernel's name of it: `x86`.
    pub arch: String,
    /// Which release each kind of reference requires: get-put, put-user-page or pin.
    pub policy: String,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Coverage {
    /// Translation units: what one call of the compiler reads.
    pub units: Units,
    /// Acquisition sites by verdict.
    pub sites: SiteCounts,
    /// Why sites are unresolved, most frequent first.
    pub unresolved_reasons: Vec<ReasonCount>,
    /// Statements of the units that were read.
    pub statements: u64,
    /// Statements that were not understood, by reason, most frequent first.
    pub opaque_statements: Vec<ReasonCount>,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Units {
    /// Units of this configuration that should be read.
    pub selected: u64,
    /// Units that were read.
    pub extracted: u64,
    /// Units that could not be read.
    pub failed: Vec<FileReason>,
    /// Files that name what is looked for, but are not built in this configuration.
    pub not_in_configuration: Vec<FileReason>,
    /// Acquisitions in lines of the units that this configuration leaves out (`#ifdef` and its kin).
    #[serde(default)]
    pub left_out: Vec<FileReason>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct FileReason {
    pub file: String,
    /// Why, in words.
    pub reason: String,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct ReasonCount {
    /// In words.
    pub reason: String,
    /// How often.
    pub count: u64,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct SiteCounts {
    /// All of them.
    pub total: u64,
    /// Every reference is dropped, by the call that fits.
    pub balanced: u64,
    /// A finding is about them.
    pub finding: u64,
    /// The analysis cannot tell, and says why.
    pub unresolved: u64,
}

/// What a rule found.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Finding {
    pub rule: String,
    /// How bad it is if it is true: the rule's.
    pub severity: Severity,
    /// high: every step from acquisition to violation was understood.
    pub confidence: Confidence,
    /// Stands alone, without the path.
    pub message: String,
    pub file: String,
    pub line: u32,
    pub column: u32,
    pub function: String,
    pub fingerprint: String,
    /// What must hold for this to happen.
    pub assumptions: Vec<String>,
    /// Why the confidence is no higher, in words; none where it is high, nor of hints.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub doubts: Vec<String>,
    /// null where the references are of unknown origin.
    pub origin: Option<Origin>,
    /// From the acquisition to the violation.
    pub path: Vec<Step>,
    /// By MAINTAINERS.
    pub maintainers: Vec<String>,
    /// Mailing lists, by MAINTAINERS.
    pub lists: Vec<String>,
    /// Headlines of the MAINTAINERS entries about the file, the most precise first; also those of which a keyword stands in
    /// the finding's lines.
    #[serde(default)]
    pub subsystems: Vec<String>,
    /// The edit of `suggestion`, where it is a single one; null otherwise. For readers of before 2026-11-28.
    pub fix: Option<Edit>,
    /// What mends it; absent where nothing can be said, and from reports of before 2026-11-28.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub suggestion: Option<Suggestion>,
    /// Why it is not to be told again, from the file that --suppressions named; absent where nobody said so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub suppressed: Option<Suppressed>,
    /// The file that --baseline named has it; absent where it has not.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub in_baseline: bool,
}

/// What mends a finding: always in words, as edits only where these are certain.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Suggestion {
    /// In the words of an order: "call a() instead of b()".
    pub message: String,
    /// All of them together, or none; in the order of their places, and none overlaps another.
    pub edits: Vec<Edit>,
}

/// One text put in the place of another.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Edit {
    pub file: String,
    pub line: u32,
    /// Where the old text begins: in bytes, counted from 1; 0 where unknown.
    pub column: u32,
    /// The text that begins there; empty where something is only inserted.
    pub replace: String,
    /// The text that is to stand there.
    pub with: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    Info,
    Warning,
    Error,
}

impl Severity {
    /// In the words of compilers, which SARIF has taken over.
    pub(crate) fn level(self) -> &'static str {
        match self {
            Severity::Info => "note",
            Severity::Warning => "warning",
            Severity::Error => "error",
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum Confidence {
    Low,
    Medium,
    High,
}

impl Confidence {
    /// As the JSON has it, and as GitHub calls the precision of a result.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Confidence::Low => "low",
            Confidence::Medium => "medium",
            Confidence::High => "high",
        }
    }
}

/// finding before unresolved before balanced: the first that applies.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    Finding,
    Unresolved,
    Balanced,
}

/// Where references come from.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Origin {
    /// The acquiring function, as called.
    pub api: String,
    pub kind: String,
    pub file: String,
    pub line: u32,
    pub function: String,
}

/// A place on the way to the violation.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Step {
    pub file: String,
    pub line: u32,
    pub column: u32,
    pub function: String,
    /// What happens there.
    pub message: String,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Ledger {
    /// Every acquisition site, sorted by file, line, column.
    pub sites: Vec<Site>,
    /// Fields of published objects through which references pass.
    pub slots: Vec<Slot>,
    /// Handlers that run later with references.
    pub completions: Vec<Completion>,
}

/// A call that acquires references.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Site {
    /// The acquiring function, as called.
    pub api: String,
    pub kinds: Vec<String>,
    pub file: String,
    pub line: u32,
    pub column: u32,
    pub function: String,
    /// Headlines of the MAINTAINERS entries about the file, the most precise first.
    #[serde(default)]
    pub subsystems: Vec<String>,
    pub verdict: Verdict,
    /// Why; empty for balanced.
    pub reason: String,
    /// For unresolved: the statement that stopped the analysis; null where the reason is not one of a statement.
    #[serde(default)]
    pub stopped_at: Option<Stop>,
    /// Where its references are dropped.
    pub releases: Vec<Release>,
}

/// The statement that stopped the analysis.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Stop {
    pub file: String,
    pub line: u32,
    pub function: String,
}

/// A place where references are dropped.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Release {
    /// The releasing function, as called.
    pub api: String,
    pub file: String,
    pub line: u32,
    pub function: String,
    /// The slot or function through which the references got there; empty where they did not leave the function.
    pub via: String,
}

/// A field of published objects through which references pass.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Slot {
    /// `struct foo.pages`
    pub slot: String,
    /// What is put in.
    pub deposits: Vec<Origin>,
    /// Who drops what was taken out.
    pub withdrawals: Vec<Release>,
    pub verdict: Verdict,
    /// Why; empty for balanced.
    pub reason: String,
}

/// A handler that runs later with references.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Completion {
    /// Name of the function.
    pub handler: String,
    /// Where it is handed over with references.
    pub submitters: Vec<Submitter>,
    /// Where these come from.
    pub origins: Vec<Origin>,
    /// Where it drops them.
    pub releases: Vec<Release>,
    pub verdict: Verdict,
    /// Why; empty for balanced.
    pub reason: String,
}

/// A call that hands references to a handler.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Submitter {
    pub file: String,
    pub line: u32,
}

/// An entry of MAINTAINERS.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Subsystem {
    /// Its headline.
    pub name: String,
    /// S: as it stands there (`Supported`, `Maintained`, `Orphan`); empty where it does not say.
    pub status: String,
    /// M:
    pub maintainers: Vec<String>,
    /// R:
    pub reviewers: Vec<String>,
    /// L:, without those that only take mail from subscribers.
    pub lists: Vec<String>,
    /// T:
    pub trees: Vec<String>,
}

/// Who looks after a place, by MAINTAINERS.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Owners {
    pub maintainers: Vec<String>,
    pub lists: Vec<String>,
    /// The most precise first.
    pub subsystems: Vec<Subsystem>,
}

impl Suggestion {
    pub(crate) fn only_edit(&self) -> Option<&Edit> {
        if let [edit] = &self.edits[..] { Some(edit) } else { None }
    }

    /// Without edits whose old text does not stand where it should: it comes out of a macro, or the tree is another.
    pub fn checked(mut self, source: impl Fn(&str) -> Option<String>) -> Suggestion {
        if !self.edits.iter().all(|edit| source(&edit.file).is_some_and(|text| edit.is_in_place(&text))) {
            self.edits.clear();
        }
        self
    }
}

impl Edit {
    /// Does the old text stand there, as whole words, in the text of the file?
    pub fn is_in_place(&self, text: &str) -> bool {
        let Some(at) = mend::offset(text, self.line, self.column) else { return false };
        let ends_within_word = |after: &str| {
            let (last, next) = (self.replace.bytes().last(), after.bytes().next());
            last.is_some_and(mend::is_word) && next.is_some_and(mend::is_word)
        };
        text[at..].strip_prefix(self.replace.as_str()).is_some_and(|after| !ends_within_word(after))
    }
}

impl Finding {
    /// Leaves of the suggestion's edits what stands in the source.
    pub fn check_edits(&mut self, source: impl Fn(&str) -> Option<String>) {
        self.suggestion = self.suggestion.take().map(|suggestion| suggestion.checked(source));
        self.fix = self.suggestion.as_ref().and_then(Suggestion::only_edit).cloned();
    }

    /// Neither suppressed nor in the baseline: to be told, and a reason to fail.
    pub fn is_open(&self) -> bool {
        self.suppressed.is_none() && !self.in_baseline
    }
}

impl Report {
    /// The open findings: all that formats for people tell.
    pub fn open(&self) -> impl Iterator<Item = &Finding> {
        self.findings.iter().filter(|finding| finding.is_open())
    }

    /// The order of findings and ledger is kept: the analysis sorts them.
    pub fn new(run: Run, analysis: &Analysis) -> Report {
        let ledger = Ledger {
            sites: analysis.ledger.sites.iter().map(convert::site).collect(),
            slots: analysis.ledger.slots.iter().map(convert::slot).collect(),
            completions: analysis.ledger.completions.iter().map(convert::completion).collect(),
        };
        Report {
            schema: SCHEMA.to_owned(),
            tool: run.tool,
            tree: Tree { policy: analysis.policy.clone(), ..run.tree },
            coverage: Coverage {
                sites: count_sites(&ledger.sites),
                unresolved_reasons: count_unresolved(&ledger.sites),
                units: run.units,
                statements: run.statements,
                opaque_statements: most_frequent_first(run.opaque_statements),
            },
            findings: analysis.findings.iter().map(convert::finding).collect(),
            subsystems: Vec::new(),
            ledger,
            conversion: analysis.conversion.iter().map(conversion::entry).collect(),
            known: None,
        }
    }

    /// Names those to whom each finding is sent, and the subsystem of each site. `owners` is asked for a file with the lines of
    /// it that matter: those of a finding's path; none for a site.
    pub fn address(&mut self, owners: impl Fn(&str, &[u32]) -> Owners) {
        let mut all: BTreeMap<String, Subsystem> = BTreeMap::new();
        let mut names = |subsystems: Vec<Subsystem>| -> Vec<String> {
            let names = subsystems.iter().map(|subsystem| subsystem.name.clone()).collect();
            all.extend(subsystems.into_iter().map(|subsystem| (subsystem.name.clone(), subsystem)));
            names
        };
        for finding in &mut self.findings {
            let steps = finding.path.iter().filter(|step| step.file == finding.file).map(|step| step.line);
            let mut lines: Vec<u32> = steps.chain([finding.line]).collect();
            lines.sort_unstable();
            lines.dedup();
            let Owners { maintainers, lists, subsystems } = owners(&finding.file, &lines);
            finding.maintainers = maintainers;
            finding.lists = lists;
            finding.subsystems = names(subsystems);
        }
        for site in &mut self.ledger.sites {
            site.subsystems = names(owners(&site.file, &[]).subsystems);
        }
        self.subsystems = all.into_values().collect();
    }
}

/// Counts by word, most frequent first, equal ones by name.
fn most_frequent_first(counts: BTreeMap<String, u64>) -> Vec<ReasonCount> {
    let mut sorted: Vec<ReasonCount> = counts.into_iter().map(|(reason, count)| ReasonCount { reason, count }).collect();
    sorted.sort_by_key(|entry| std::cmp::Reverse(entry.count));
    sorted
}

pub(crate) fn count_unresolved(sites: &[Site]) -> Vec<ReasonCount> {
    let mut counts = BTreeMap::new();
    for site in sites.iter().filter(|site| site.verdict == Verdict::Unresolved) {
        *counts.entry(site.reason.clone()).or_insert(0) += 1;
    }
    most_frequent_first(counts)
}

pub(crate) fn count_sites(sites: &[Site]) -> SiteCounts {
    let count = |verdict| sites.iter().filter(|site| site.verdict == verdict).count() as u64;
    SiteCounts {
        total: sites.len() as u64,
        balanced: count(Verdict::Balanced),
        finding: count(Verdict::Finding),
        unresolved: count(Verdict::Unresolved),
    }
}

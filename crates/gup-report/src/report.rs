//! The report: what one audit says, in the names of the published JSON (`reports/schema/gupcheck.report-1.schema.json`).
//!
//! These types are the format, and nothing but the format: a change here is a change of what users read. They are
//! converted by hand from the analysis, so that it may change freely.

use std::collections::BTreeMap;

use gup_analysis::finding::{self, Analysis};
use serde::{Deserialize, Serialize};

use crate::conversion;
pub use crate::conversion::{Acquisition, Conversion, Reached};
use crate::known::{Known, Suppressed};

/// Name and version of the format.
pub const SCHEMA: &str = "gupcheck.report/1";

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Report {
    /// [`SCHEMA`].
    pub schema: String,
    pub tool: Tool,
    pub tree: Tree,
    pub coverage: Coverage,
    pub findings: Vec<Finding>,
    /// Those that findings and sites name, by name.
    #[serde(default)]
    pub subsystems: Vec<Subsystem>,
    pub ledger: Ledger,
    /// Release sites with the kinds that reach them, for a change of policy.
    pub conversion: Vec<Conversion>,
    /// What a baseline or suppressions made of the findings; none where none was given.
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
pub struct Tool {
    pub name: String,
    pub version: String,
    /// As libclang names itself.
    pub libclang: String,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Tree {
    /// `make kernelversion`.
    pub version: String,
    /// The kernel's name of it: `x86`.
    pub arch: String,
    pub policy: String,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Coverage {
    pub units: Units,
    pub sites: SiteCounts,
    /// Most frequent first.
    pub unresolved_reasons: Vec<ReasonCount>,
    pub statements: u64,
    /// Most frequent first.
    pub opaque_statements: Vec<ReasonCount>,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Units {
    /// Units of this configuration that should be read.
    pub selected: u64,
    pub extracted: u64,
    pub failed: Vec<FileReason>,
    /// Files that name what we look for, but are not built in this configuration.
    pub not_in_configuration: Vec<FileReason>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct FileReason {
    pub file: String,
    pub reason: String,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ReasonCount {
    pub reason: String,
    pub count: u64,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct SiteCounts {
    pub total: u64,
    pub balanced: u64,
    pub finding: u64,
    pub unresolved: u64,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Finding {
    pub rule: String,
    pub severity: Severity,
    pub confidence: Confidence,
    pub message: String,
    pub file: String,
    pub line: u32,
    pub column: u32,
    pub function: String,
    pub fingerprint: String,
    pub assumptions: Vec<String>,
    pub origin: Option<Origin>,
    pub path: Vec<Step>,
    pub maintainers: Vec<String>,
    pub lists: Vec<String>,
    /// Names of the MAINTAINERS entries, the most precise first.
    #[serde(default)]
    pub subsystems: Vec<String>,
    /// A proposed edit, where it is certain.
    pub fix: Option<Fix>,
    /// Why it is not to be told again, where somebody said so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub suppressed: Option<Suppressed>,
    /// It was there when the baseline was made.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub in_baseline: bool,
}

/// One call replaced by another that takes the same arguments.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fix {
    pub file: String,
    pub line: u32,
    /// Where the name of the call begins.
    pub column: u32,
    pub replace: String,
    pub with: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    Info,
    Warning,
    Error,
}

impl From<finding::Severity> for Severity {
    fn from(severity: finding::Severity) -> Severity {
        match severity {
            finding::Severity::Info => Severity::Info,
            finding::Severity::Warning => Severity::Warning,
            finding::Severity::Error => Severity::Error,
        }
    }
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

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    Finding,
    Unresolved,
    Balanced,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Origin {
    pub api: String,
    /// `pin`, `get`, `cache`, `alloc`, `ref`, `borrowed` or `immortal`.
    pub kind: String,
    pub file: String,
    pub line: u32,
    pub function: String,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Step {
    pub file: String,
    pub line: u32,
    pub column: u32,
    pub function: String,
    pub message: String,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Ledger {
    pub sites: Vec<Site>,
    pub slots: Vec<Slot>,
    pub completions: Vec<Completion>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Site {
    pub api: String,
    pub kinds: Vec<String>,
    pub file: String,
    pub line: u32,
    pub column: u32,
    pub function: String,
    #[serde(default)]
    pub subsystems: Vec<String>,
    pub verdict: Verdict,
    pub reason: String,
    /// The statement that stopped the analysis, where it was one.
    pub stopped_at: Option<Stop>,
    pub releases: Vec<Release>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Stop {
    pub file: String,
    pub line: u32,
    pub function: String,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Release {
    pub api: String,
    pub file: String,
    pub line: u32,
    pub function: String,
    pub via: String,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Slot {
    pub slot: String,
    pub deposits: Vec<Origin>,
    pub withdrawals: Vec<Release>,
    pub verdict: Verdict,
    pub reason: String,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Completion {
    pub handler: String,
    pub submitters: Vec<Submitter>,
    pub origins: Vec<Origin>,
    pub releases: Vec<Release>,
    pub verdict: Verdict,
    pub reason: String,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Submitter {
    pub file: String,
    pub line: u32,
}

/// An entry of MAINTAINERS.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Subsystem {
    pub name: String,
    /// `Supported`, `Maintained`, `Orphan`; empty where the entry does not say.
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

impl Finding {
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
            sites: analysis.ledger.sites.iter().map(site).collect(),
            slots: analysis.ledger.slots.iter().map(slot).collect(),
            completions: analysis.ledger.completions.iter().map(completion).collect(),
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
            findings: analysis.findings.iter().map(finding).collect(),
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

fn finding(finding: &finding::Finding) -> Finding {
    Finding {
        rule: finding.rule.clone(),
        severity: finding.severity.into(),
        confidence: match finding.confidence {
            finding::Confidence::Low => Confidence::Low,
            finding::Confidence::Medium => Confidence::Medium,
            finding::Confidence::High => Confidence::High,
        },
        message: finding.message.clone(),
        file: finding.at.file.clone(),
        line: finding.at.line,
        column: finding.at.column,
        function: finding.function.clone(),
        fingerprint: finding.fingerprint.clone(),
        assumptions: finding.assumptions.clone(),
        origin: finding.origin.as_ref().map(origin),
        path: finding.path.iter().map(step).collect(),
        maintainers: Vec::new(),
        lists: Vec::new(),
        subsystems: Vec::new(),
        fix: finding.fix.as_ref().map(fix),
        suppressed: None,
        in_baseline: false,
    }
}

fn fix(fix: &finding::Fix) -> Fix {
    Fix {
        file: fix.at.file.clone(),
        line: fix.at.line,
        column: fix.at.column,
        replace: fix.replace.clone(),
        with: fix.with.clone(),
    }
}

fn step(step: &finding::PathStep) -> Step {
    Step {
        file: step.at.file.clone(),
        line: step.at.line,
        column: step.at.column,
        function: step.function.clone(),
        message: step.message.clone(),
    }
}

fn site(site: &finding::Site) -> Site {
    Site {
        api: site.api.clone(),
        kinds: site.kinds.iter().map(|kind| kind.name().to_owned()).collect(),
        file: site.at.file.clone(),
        line: site.at.line,
        column: site.at.column,
        function: site.function.clone(),
        subsystems: Vec::new(),
        verdict: verdict(site.verdict),
        reason: site.reason.clone(),
        stopped_at: site.stopped_at.as_ref().map(|(at, function)| Stop {
            file: at.file.clone(),
            line: at.line,
            function: function.clone(),
        }),
        releases: site.releases.iter().map(release).collect(),
    }
}

fn slot(slot: &finding::Slot) -> Slot {
    Slot {
        slot: slot.slot.clone(),
        deposits: slot.deposits.iter().map(origin).collect(),
        withdrawals: slot.withdrawals.iter().map(release).collect(),
        verdict: verdict(slot.verdict),
        reason: slot.reason.clone(),
    }
}

fn completion(completion: &finding::Completion) -> Completion {
    Completion {
        handler: completion.handler.clone(),
        submitters: completion.submitters.iter().map(|at| Submitter { file: at.file.clone(), line: at.line }).collect(),
        origins: completion.origins.iter().map(origin).collect(),
        releases: completion.releases.iter().map(release).collect(),
        verdict: verdict(completion.verdict),
        reason: completion.reason.clone(),
    }
}

pub(crate) fn origin(origin: &finding::Origin) -> Origin {
    Origin {
        api: origin.api.clone(),
        kind: origin.kind.name().to_owned(),
        file: origin.at.file.clone(),
        line: origin.at.line,
        function: origin.function.clone(),
    }
}

fn release(release: &finding::ReleaseAt) -> Release {
    Release {
        api: release.api.clone(),
        file: release.at.file.clone(),
        line: release.at.line,
        function: release.function.clone(),
        via: release.via.clone(),
    }
}

fn verdict(verdict: finding::Verdict) -> Verdict {
    match verdict {
        finding::Verdict::Finding => Verdict::Finding,
        finding::Verdict::Unresolved => Verdict::Unresolved,
        finding::Verdict::Balanced => Verdict::Balanced,
    }
}

//! What a change introduces, fixes and leaves: two reports of one tree, compared by fingerprint and never by line.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::Report;
use crate::report::{Coverage, FileReason, Finding, Ledger, Site, Subsystem, Tool, Tree, Units, Verdict};

/// Name and version of the format.
pub const SCHEMA: &str = "gupcheck.diff/1";

/// What a change of a kernel tree introduces, fixes and leaves. Findings are compared by fingerprint, never by line. Within
/// version 1 members may be added; none goes away or changes its meaning.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Diff {
    /// [`SCHEMA`].
    pub schema: String,
    /// What made the reports.
    #[serde(default)]
    pub tool: Tool,
    /// The changed tree.
    #[serde(default)]
    pub tree: Tree,
    /// The MAINTAINERS entries that findings name, by name. Differences of before 2026-11-25 lack it.
    #[serde(default)]
    pub subsystems: Vec<Subsystem>,
    #[serde(flatten)]
    pub whole: Difference,
    /// With --each: each patch or commit against the state before it; else empty.
    pub patches: Vec<Patch>,
}

/// One patch of a series.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Patch {
    /// Its subject.
    pub title: String,
    #[serde(flatten)]
    pub difference: Difference,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Difference {
    /// Findings that only the changed tree has.
    pub introduced: Vec<Finding>,
    /// Findings that only the tree before has.
    pub fixed: Vec<Finding>,
    /// Number of findings that both have.
    pub unchanged: u64,
    /// Findings of changed files that both have: the old ones beside the new.
    #[serde(default)]
    pub left: Vec<Finding>,
    /// Every file that the change touches, so that none is passed over in silence.
    pub changed: Vec<ChangedFile>,
    /// Acquisition sites of changed files.
    pub sites: Vec<SiteChange>,
    /// How much was read on both sides: what is missing there is no finding, and not clean either.
    pub coverage: BothSides,
    /// What was odd about the change, one line each: hunks that fit only elsewhere, a work tree that is not at HEAD.
    pub remarks: Vec<String>,
}

/// How much was read before and after.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct BothSides {
    /// Of the tree before.
    pub before: Side,
    /// Of the changed tree.
    pub after: Side,
}

/// How much was read.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Side {
    /// Units that had to be read.
    pub selected: u64,
    /// Units that were read.
    pub extracted: u64,
    /// Units that could not be read.
    pub failed: Vec<FileReason>,
    /// Units that the compiler read with errors, with the first of them: parts may be missing.
    pub incomplete: Vec<FileReason>,
    /// Caps that were hit: what was not followed because of them.
    pub limits: Vec<String>,
}

/// A file that the change touches.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct ChangedFile {
    pub file: String,
    /// The name that it had, where the change gives it another; else null.
    #[serde(default)]
    pub renamed_from: Option<String>,
    /// Whether it was analysed. A makefile counts as analysed: it is evaluated anew.
    pub status: FileStatus,
    /// Why it was not analysed; empty where it was. Of a header: what changed in it, and why a unit that depends on it could
    /// not be read.
    pub reason: String,
    /// Units that were read again because of it. `(common headers)` is the unit of the headers that most units share: it has
    /// their inline functions.
    pub read_again: Vec<String>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum FileStatus {
    #[default]
    Analysed,
    Failed,
    NotInConfiguration,
    /// Analysed with the units that read it.
    Header,
}

/// An acquisition site of a changed file.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct SiteChange {
    pub file: String,
    /// In the changed tree; in the old one where the site is gone. Counted from 1; 0 where unknown.
    pub line: u32,
    pub function: String,
    /// The acquiring function, as called.
    pub api: String,
    /// null where there was no such site.
    pub before: Option<Verdict>,
    /// null where there is no such site any more.
    pub after: Option<Verdict>,
}

impl Diff {
    /// `after`: the changed tree, for what both sides share.
    pub fn new(after: &Report, whole: Difference, patches: Vec<Patch>) -> Diff {
        Diff {
            schema: SCHEMA.to_owned(),
            tool: after.tool.clone(),
            tree: after.tree.clone(),
            subsystems: after.subsystems.clone(),
            whole,
            patches,
        }
    }

    /// What the formats render: a report with what `difference` (the whole or a patch) introduces as its findings. The ledger
    /// is no part of a difference.
    pub fn report(&self, difference: &Difference) -> Report {
        let Side { selected, extracted, ref failed, .. } = difference.coverage.after;
        let units = Units { selected, extracted, failed: failed.clone(), ..Units::default() };
        Report {
            schema: crate::report::SCHEMA.to_owned(),
            tool: self.tool.clone(),
            tree: self.tree.clone(),
            coverage: Coverage { units, ..Coverage::default() },
            findings: difference.introduced.clone(),
            subsystems: self.subsystems.clone(),
            ledger: Ledger::default(),
            conversion: Vec::new(),
            known: None,
        }
    }
}

impl Difference {
    /// `changed`: the files that the change touches.
    pub fn between(before: &Report, after: &Report, changed: Vec<ChangedFile>) -> Difference {
        let renamed: Renamed<'_> =
            changed.iter().filter_map(|file| Some((file.renamed_from.as_deref()?, file.file.as_str()))).collect();
        let (mut introduced, mut fixed) = (not_in(&after.findings, &before.findings), not_in(&before.findings, &after.findings));
        introduced.retain(|new| match fixed.iter().position(|old| is_renamed(old, new, &renamed)) {
            Some(at) => {
                fixed.remove(at);
                false
            }
            None => true,
        });
        Difference {
            left: left(&after.findings, &introduced, &changed),
            introduced,
            unchanged: (before.findings.len() - fixed.len()) as u64,
            fixed,
            sites: site_changes(before, after, &changed, &renamed),
            changed,
            ..Difference::default()
        }
    }
}

/// Findings of changed files that are not new.
fn left(findings: &[Finding], introduced: &[Finding], changed: &[ChangedFile]) -> Vec<Finding> {
    let files: BTreeSet<&str> = changed.iter().map(|changed| changed.file.as_str()).collect();
    let mut old = not_in(findings, introduced);
    old.retain(|finding| files.contains(finding.file.as_str()));
    old
}

/// Old name → new name of files.
type Renamed<'a> = BTreeMap<&'a str, &'a str>;

/// The same finding but for the name of its file, which is part of the fingerprint.
fn is_renamed(old: &Finding, new: &Finding, renamed: &Renamed<'_>) -> bool {
    let origin = |finding: &Finding| finding.origin.as_ref().map(|origin| (origin.api.clone(), origin.function.clone()));
    let facts = |finding: &Finding| (finding.rule.clone(), finding.function.clone(), finding.message.clone(), origin(finding));
    renamed.get(old.file.as_str()) == Some(&new.file.as_str()) && facts(old) == facts(new)
}

/// The findings that `others` has not as often.
fn not_in(findings: &[Finding], others: &[Finding]) -> Vec<Finding> {
    let mut left: BTreeMap<&str, usize> = BTreeMap::new();
    for other in others {
        *left.entry(&other.fingerprint).or_default() += 1;
    }
    let is_new = |finding: &&Finding| match left.get_mut(finding.fingerprint.as_str()) {
        Some(count @ 1..) => {
            *count -= 1;
            false
        }
        _ => true,
    };
    findings.iter().filter(is_new).cloned().collect()
}

/// A site is the n-th call of this API in this function of this file.
type SiteKey<'a> = (&'a str, &'a str, &'a str, usize);

fn site_changes(before: &Report, after: &Report, changed: &[ChangedFile], renamed: &Renamed<'_>) -> Vec<SiteChange> {
    let files: BTreeSet<&str> = changed.iter().map(|changed| changed.file.as_str()).collect();
    let before = numbered(&before.ledger.sites, &files, renamed);
    let after = numbered(&after.ledger.sites, &files, &Renamed::new());
    let keys: BTreeSet<SiteKey> = before.keys().chain(after.keys()).copied().collect();
    let change = |key| {
        let (old, new) = (before.get(&key), after.get(&key));
        let site = new.or(old).expect("every key is from one of the two");
        SiteChange {
            file: site.file.clone(),
            line: site.line,
            function: site.function.clone(),
            api: site.api.clone(),
            before: old.map(|site| site.verdict),
            after: new.map(|site| site.verdict),
        }
    };
    let mut changes: Vec<SiteChange> = keys.into_iter().map(change).collect();
    changes.sort_by(|a, b| (&a.file, a.line).cmp(&(&b.file, b.line)));
    changes
}

fn numbered<'a>(sites: &'a [Site], files: &BTreeSet<&str>, renamed: &Renamed<'a>) -> BTreeMap<SiteKey<'a>, &'a Site> {
    let mut counts: BTreeMap<(&str, &str, &str), usize> = BTreeMap::new();
    let mut found = BTreeMap::new();
    for site in sites.iter().filter(|site| files.contains(site.file.as_str())) {
        let (function, api) = (site.function.as_str(), site.api.as_str());
        let file = renamed.get(site.file.as_str()).copied().unwrap_or(&site.file);
        let count = counts.entry((file, function, api)).or_default();
        found.insert((file, function, api, *count), site);
        *count += 1;
    }
    found
}

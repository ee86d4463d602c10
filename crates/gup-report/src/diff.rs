//! What a change introduces, fixes and leaves: two reports of one tree, compared by fingerprint and never by line.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::Report;
use crate::report::{Finding, Site, Verdict};

/// Name and version of the format.
pub const SCHEMA: &str = "gupcheck.diff/1";

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Diff {
    /// [`SCHEMA`].
    pub schema: String,
    pub introduced: Vec<Finding>,
    pub fixed: Vec<Finding>,
    pub unchanged: u64,
    /// Every file that the change touches, so that none is passed over in silence.
    pub changed: Vec<ChangedFile>,
    /// Acquisition sites of changed files.
    pub sites: Vec<SiteChange>,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct ChangedFile {
    pub file: String,
    pub status: FileStatus,
    /// Why it was not analysed; empty where it was.
    pub reason: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FileStatus {
    Analysed,
    Failed,
    NotInConfiguration,
    /// Not analysed by itself: what includes it is.
    Header,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SiteChange {
    pub file: String,
    /// In the changed tree; in the old one where the site is gone.
    pub line: u32,
    pub function: String,
    pub api: String,
    /// None where there was no such site.
    pub before: Option<Verdict>,
    pub after: Option<Verdict>,
}

impl Diff {
    /// `changed`: the files that the change touches.
    pub fn between(before: &Report, after: &Report, changed: Vec<ChangedFile>) -> Diff {
        let fixed = not_in(&before.findings, &after.findings);
        Diff {
            schema: SCHEMA.to_owned(),
            introduced: not_in(&after.findings, &before.findings),
            unchanged: (before.findings.len() - fixed.len()) as u64,
            fixed,
            sites: site_changes(before, after, &changed),
            changed,
        }
    }
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

fn site_changes(before: &Report, after: &Report, changed: &[ChangedFile]) -> Vec<SiteChange> {
    let files: BTreeSet<&str> = changed.iter().map(|changed| changed.file.as_str()).collect();
    let before = numbered(&before.ledger.sites, &files);
    let after = numbered(&after.ledger.sites, &files);
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

fn numbered<'a>(sites: &'a [Site], files: &BTreeSet<&str>) -> BTreeMap<SiteKey<'a>, &'a Site> {
    let mut counts: BTreeMap<(&str, &str, &str), usize> = BTreeMap::new();
    let mut found = BTreeMap::new();
    for site in sites.iter().filter(|site| files.contains(site.file.as_str())) {
        let (file, function, api) = (site.file.as_str(), site.function.as_str(), site.api.as_str());
        let count = counts.entry((file, function, api)).or_default();
        found.insert((file, function, api, *count), site);
        *count += 1;
    }
    found
}

//! Two reports of the same tree: which findings and which verdicts of the ledger differ.

use std::collections::BTreeMap;
use std::fmt::Write;

use crate::report::{Finding, Report, Site};

/// What differs, each a line for people. Line numbers are shown but not compared.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Differences {
    pub(crate) lines: Vec<String>,
}

/// Compares as multisets: findings by fingerprint, sites by file, function, API and their order in the function.
pub(crate) fn compare(old: &Report, new: &Report) -> Differences {
    let mut lines = Vec::new();
    findings(&old.findings, &new.findings, &mut lines);
    sites(&old.ledger.sites, &new.ledger.sites, &mut lines);
    Differences { lines }
}

fn findings(old: &[Finding], new: &[Finding], lines: &mut Vec<String>) {
    let (old, new) = (by_fingerprint(old), by_fingerprint(new));
    for (fingerprint, group) in &new {
        let before = old.get(fingerprint).map_or(0, Vec::len);
        lines.extend(group.iter().skip(before).map(|finding| format!("new finding: {}", one_line(finding))));
    }
    for (fingerprint, group) in &old {
        let after = new.get(fingerprint).map_or(0, Vec::len);
        lines.extend(group.iter().skip(after).map(|finding| format!("finding gone: {}", one_line(finding))));
    }
}

fn by_fingerprint(findings: &[Finding]) -> BTreeMap<&str, Vec<&Finding>> {
    let mut map: BTreeMap<&str, Vec<&Finding>> = BTreeMap::new();
    for finding in findings {
        map.entry(&finding.fingerprint).or_default().push(finding);
    }
    map
}

fn one_line(finding: &Finding) -> String {
    let Finding { file, line, rule, message, fingerprint, .. } = finding;
    format!("{file}:{line}: [{rule}] {message} ({fingerprint})")
}

fn sites(old: &[Site], new: &[Site], lines: &mut Vec<String>) {
    let (old, new) = (by_place(old), by_place(new));
    for (place, site) in &new {
        match old.get(place) {
            None => lines.push(format!("new site: {}, {}", place.line(site), verdict(site))),
            Some(before) if before.verdict != site.verdict => {
                lines.push(format!("verdict: {}: {} was {}", place.line(site), verdict(site), verdict(before)));
            }
            Some(_) => {}
        }
    }
    for (place, site) in old.iter().filter(|(place, _)| !new.contains_key(place)) {
        lines.push(format!("site gone: {}, {}", place.line(site), verdict(site)));
    }
}

/// A site without its line: the n-th call of an API in a function.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Place<'a> {
    file: &'a str,
    function: &'a str,
    api: &'a str,
    ordinal: usize,
}

impl Place<'_> {
    fn line(&self, site: &Site) -> String {
        format!("{}:{}: {} in {}", self.file, site.line, self.api, self.function)
    }
}

fn by_place(sites: &[Site]) -> BTreeMap<Place<'_>, &Site> {
    let mut sorted: Vec<&Site> = sites.iter().collect();
    sorted.sort_by_key(|site| (&site.file, site.line));
    let mut seen: BTreeMap<(&str, &str, &str), usize> = BTreeMap::new();
    let mut map = BTreeMap::new();
    for site in sorted {
        let Site { file, function, api, .. } = site;
        let count = seen.entry((file, function, api)).or_default();
        map.insert(Place { file, function, api, ordinal: *count }, site);
        *count += 1;
    }
    map
}

fn verdict(site: &Site) -> String {
    let mut text = site.verdict.clone();
    if let Some(reason) = site.reason.as_deref().filter(|reason| !reason.is_empty()) {
        write!(text, " ({reason})").expect("writing to a string");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report(findings: &[(&str, &str)], sites: &[(&str, u64, &str)]) -> Report {
        let findings: Vec<_> = findings
            .iter()
            .map(|(fingerprint, rule)| {
                serde_json::json!({"rule": rule, "message": "m", "file": "a.c", "line": 1, "function": "f", "fingerprint": fingerprint, "origin": null})
            })
            .collect();
        let sites: Vec<_> = sites
            .iter()
            .map(|(api, line, verdict)| serde_json::json!({"api": api, "file": "a.c", "line": line, "function": "f", "verdict": verdict, "reason": ""}))
            .collect();
        let report = serde_json::json!({
            "schema": "gupcheck.report/1", "findings": findings, "ledger": {"sites": sites},
            "coverage": {"units": {"selected": 1, "extracted": 1}},
        });
        serde_json::from_value(report).unwrap()
    }

    #[test]
    fn moved_lines_are_no_difference() {
        let old = report(&[("gf1:1", "leak")], &[("pin", 10, "finding"), ("pin", 20, "balanced")]);
        let new = report(&[("gf1:1", "leak")], &[("pin", 11, "finding"), ("pin", 33, "balanced")]);
        assert_eq!(compare(&old, &new), Differences::default());
    }

    #[test]
    fn findings_are_compared_as_multisets() {
        let old = report(&[("gf1:1", "leak"), ("gf1:2", "leak")], &[]);
        let new = report(&[("gf1:1", "leak"), ("gf1:1", "leak")], &[]);
        let lines = compare(&old, &new).lines;
        assert_eq!(lines.len(), 2, "{lines:?}");
        assert!(lines[0].starts_with("new finding: ") && lines[0].ends_with("(gf1:1)"), "{lines:?}");
        assert!(lines[1].starts_with("finding gone: ") && lines[1].ends_with("(gf1:2)"), "{lines:?}");
    }

    #[test]
    fn a_verdict_that_changes_is_named_with_both_values() {
        let old = report(&[], &[("pin", 10, "unresolved"), ("pin", 20, "balanced")]);
        let new = report(&[], &[("pin", 10, "balanced")]);
        let lines = compare(&old, &new).lines;
        assert_eq!(lines, ["verdict: a.c:10: pin in f: balanced was unresolved", "site gone: a.c:20: pin in f, balanced"]);
    }
}

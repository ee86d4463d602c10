//! A report in a page of text, the same bytes for the same report: committed beside it, so that a diff between two audits can be read.

use std::collections::BTreeMap;
use std::fmt::Write;

use crate::report::{Finding, Report, Site};

/// The page: coverage, the ledger by verdict, why sites are unresolved, failed units, findings one a line.
pub(crate) fn summary(report: &Report, package: &str) -> String {
    let mut page = String::new();
    let mut line = |text: String| writeln!(page, "{text}").expect("writing to a string");
    let tree = &report.tree;
    line(format!("{package}: Linux {}, {}, policy {}", tree.version, tree.arch, tree.policy));
    line(String::new());
    let units = &report.coverage.units;
    line(format!("units     {} selected, {} extracted, {} failed", units.selected, units.extracted, units.failed.len()));
    line(format!("          {} more name a GUP function but are not in this configuration", units.not_in_configuration.len()));
    let sites = &report.ledger.sites;
    line(format!("sites     {} acquisitions: {}", sites.len(), verdicts(sites)));
    line(format!("findings  {}", report.findings.len()));
    section(&mut line, "Why sites are unresolved", &report.coverage.unresolved_reasons, |reason| {
        format!("{:5}  {}", reason.count, reason.reason)
    });
    section(&mut line, "Failed units", &units.failed, |unit| format!("{}: {}", unit.file, unit.reason));
    section(&mut line, "Findings", &report.findings, finding);
    page
}

fn section<T>(line: &mut impl FnMut(String), title: &str, rows: &[T], show: impl Fn(&T) -> String) {
    if rows.is_empty() {
        return;
    }
    line(format!("\n{title}\n"));
    rows.iter().for_each(|row| line(show(row)));
}

fn verdicts(sites: &[Site]) -> String {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for site in sites {
        *counts.entry(&site.verdict).or_default() += 1;
    }
    let share = |count: usize| 100 * count / sites.len().max(1);
    let parts: Vec<String> = counts.iter().map(|(verdict, count)| format!("{count} {verdict} ({} %)", share(*count))).collect();
    parts.join(", ")
}

fn finding(finding: &Finding) -> String {
    let Finding { file, line, rule, confidence, function, message, fingerprint, .. } = finding;
    format!("{file}:{line}: {function}: [{rule}, {confidence}] {message} ({fingerprint})")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_holds_figures_reasons_and_findings() {
        let site =
            |verdict: &str| serde_json::json!({"api": "take", "file": "a.c", "line": 1, "function": "f", "verdict": verdict});
        let report: Report = serde_json::from_value(serde_json::json!({
            "schema": "gupcheck.report/1",
            "tree": {"version": "6.12.117", "arch": "x86_64", "policy": "pin"},
            "coverage": {
                "units": {"selected": 3, "extracted": 2, "failed": [{"file": "b.c", "reason": "time limit"}]},
                "unresolved_reasons": [{"reason": "loop", "count": 2}],
            },
            "findings": [{"rule": "leak", "confidence": "high", "message": "lost", "file": "a.c", "line": 9, "function": "f",
                          "fingerprint": "gf1:0", "origin": null}],
            "ledger": {"sites": [site("balanced"), site("unresolved"), site("unresolved")]},
        }))
        .unwrap();
        let expected = "linux-source-6.12 6.12.117-1: Linux 6.12.117, x86_64, policy pin\n\n\
                        units     3 selected, 2 extracted, 1 failed\n          0 more name a GUP function but are not in this configuration\n\
                        sites     3 acquisitions: 1 balanced (33 %), 2 unresolved (66 %)\nfindings  1\n\
                        \nWhy sites are unresolved\n\n    2  loop\n\nFailed units\n\nb.c: time limit\n\
                        \nFindings\n\na.c:9: f: [leak, high] lost (gf1:0)\n";
        assert_eq!(summary(&report, "linux-source-6.12 6.12.117-1"), expected);
    }
}

//! Two audits of the same tree: which findings and which verdicts of the ledger differ. Lines may move.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::ExitCode;

use gup_report::diff::{ChangedFile, Difference, SiteChange};
use gup_report::report::{Finding, Report, Verdict};

use crate::reports::Reports;
use crate::run::Outcome;

/// `cargo xtask compare`
pub(crate) fn run(old: &Path, new: &Path) -> Outcome<ExitCode> {
    let (old, new) = (Reports::at(old), Reports::at(new));
    let (from, to) = (old.package()?, new.package()?);
    let after = new.report()?;
    let lines = differences(&old.report()?, &after);
    for line in &lines {
        println!("{line}");
    }
    let count = lines.len();
    if from != to {
        println!("compared {from} with {to}: {count} differences between two versions of the kernel, none of them a failure");
    } else if count == 0 {
        println!("no differences: {} findings, {} sites, {to}", after.findings.len(), after.ledger.sites.len());
    } else {
        println!(
            "{count} differences for the same {to}; if they are meant, run `cargo xtask audit` and commit {}",
            old.folder().display()
        );
        return Ok(ExitCode::FAILURE);
    }
    Ok(ExitCode::SUCCESS)
}

/// Each a line for people. The same comparison as of `gupcheck diff`, with every file taken as changed.
fn differences(old: &Report, new: &Report) -> Vec<String> {
    let sites = old.ledger.sites.iter().chain(&new.ledger.sites);
    let files: BTreeSet<&str> = sites.map(|site| site.file.as_str()).collect();
    let all = files.into_iter().map(|file| ChangedFile { file: file.to_owned(), ..ChangedFile::default() });
    let diff = Difference::between(old, new, all.collect());
    let introduced = diff.introduced.iter().map(|it| format!("new finding: {}", finding(it)));
    let fixed = diff.fixed.iter().map(|it| format!("finding gone: {}", finding(it)));
    let sites = diff.sites.iter().filter(|site| site.before != site.after).map(site);
    introduced.chain(fixed).chain(sites).collect()
}

fn finding(finding: &Finding) -> String {
    let Finding { file, line, rule, message, fingerprint, .. } = finding;
    format!("{file}:{line}: [{rule}] {message} ({fingerprint})")
}

fn site(site: &SiteChange) -> String {
    let SiteChange { file, line, function, api, before, after } = site;
    let name = |verdict: Option<Verdict>| match verdict {
        Some(Verdict::Balanced) => "balanced",
        Some(Verdict::Finding) => "finding",
        Some(Verdict::Unresolved) => "unresolved",
        None => "not there",
    };
    format!("site: {file}:{line}: {api} in {function}: {} was {}", name(*after), name(*before))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reports::tests::{a_finding, a_report, a_site};

    #[test]
    fn moved_lines_are_no_difference() {
        let at = |line| a_report(vec![a_finding("gf1:1", "a.c", "f")], vec![a_site("pin", "a.c", line, Verdict::Finding)]);
        assert_eq!(differences(&at(10), &at(11)), Vec::<String>::new());
    }

    #[test]
    fn findings_are_compared_as_multisets() {
        let old = a_report(vec![a_finding("gf1:1", "a.c", "f"), a_finding("gf1:2", "a.c", "f")], vec![]);
        let new = a_report(vec![a_finding("gf1:1", "a.c", "f"), a_finding("gf1:1", "a.c", "f")], vec![]);
        let lines = differences(&old, &new);
        assert_eq!(lines.len(), 2, "{lines:?}");
        assert!(lines[0].starts_with("new finding: ") && lines[0].ends_with("(gf1:1)"), "{lines:?}");
        assert!(lines[1].starts_with("finding gone: ") && lines[1].ends_with("(gf1:2)"), "{lines:?}");
    }

    #[test]
    fn a_verdict_that_changes_is_named_with_both_values() {
        let two = [a_site("pin", "a.c", 10, Verdict::Unresolved), a_site("pin", "a.c", 20, Verdict::Balanced)];
        let old = a_report(vec![], two.to_vec());
        let new = a_report(vec![], vec![a_site("pin", "a.c", 10, Verdict::Balanced)]);
        assert_eq!(
            differences(&old, &new),
            ["site: a.c:10: pin in f: balanced was unresolved", "site: a.c:20: pin in f: not there was balanced"]
        );
    }
}

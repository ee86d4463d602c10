//! Findings that people have judged against the kernel's source: `testdata/triage/linux-<version>.toml`.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use gup_report::report::{Finding, Report};
use serde::Deserialize;

use crate::reports::Reports;
use crate::run::{Failure, Outcome};
use crate::workspace;

/// `cargo xtask triage`
pub(crate) fn run(version: &str, reports: Option<&PathBuf>) -> Outcome<ExitCode> {
    let root = workspace::root();
    let triage = Triage::read(&root.join(format!("testdata/triage/linux-{version}.toml")))?;
    let meeting = triage.meet(&Reports::of(version, reports).report()?);
    for line in &meeting.unjudged {
        println!("not judged: {line}");
    }
    for line in &meeting.gone {
        println!("no such finding any more: {line}");
    }
    println!("{}", meeting.summary());
    let settled = meeting.unjudged.is_empty() && meeting.gone.is_empty();
    Ok(if settled { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Triage {
    #[serde(default)]
    finding: Vec<Judged>,
}

/// One `[[finding]]`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct Judged {
    rule: String,
    file: String,
    function: String,
    fingerprint: String,
    /// Whether what the finding says happens.
    verdict: bool,
    /// What in the source decides it.
    why: String,
}

/// How judgements and findings of a report meet.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Meeting {
    /// Findings that nobody has judged, each a line.
    pub(crate) unjudged: Vec<String>,
    /// Judgements whose finding is gone, each a line.
    pub(crate) gone: Vec<String>,
    /// Findings judged true and false.
    pub(crate) found_true: usize,
    pub(crate) found_false: usize,
}

impl Triage {
    /// Reads the file; one that is not there holds no judgement.
    pub(crate) fn read(path: &Path) -> Outcome<Triage> {
        let text = match fs::read_to_string(path) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => String::new(),
            text => text.map_err(|e| Failure::io("read", path, &e))?,
        };
        Triage::parse(&text).map_err(|error| Failure::new(format!("{}: {error}", path.display())))
    }

    fn parse(text: &str) -> Result<Triage, String> {
        let triage: Triage = toml::from_str(text).map_err(|error| error.to_string())?;
        match triage.finding.iter().find(|judged| judged.why.trim().is_empty()) {
            Some(judged) => Err(format!("{} has no reason in `why`; a judgement nobody can check is none", judged.fingerprint)),
            None => Ok(triage),
        }
    }

    /// Equal fingerprints are matched one to one, in order.
    pub(crate) fn meet(&self, report: &Report) -> Meeting {
        let mut judged: BTreeMap<&str, Vec<&Judged>> = BTreeMap::new();
        for entry in self.finding.iter().rev() {
            judged.entry(&entry.fingerprint).or_default().push(entry);
        }
        let mut meeting = Meeting::default();
        for finding in &report.findings {
            match judged.get_mut(finding.fingerprint.as_str()).and_then(Vec::pop) {
                Some(entry) if entry.verdict => meeting.found_true += 1,
                Some(_) => meeting.found_false += 1,
                None => meeting.unjudged.push(unjudged(finding)),
            }
        }
        for entry in judged.into_values().flatten() {
            let Judged { rule, file, function, fingerprint, verdict, .. } = entry;
            meeting.gone.push(format!("{file}: {function}: [{rule}] judged {verdict} ({fingerprint})"));
        }
        meeting
    }
}

impl Meeting {
    /// The figures in one sentence.
    pub(crate) fn summary(&self) -> String {
        let judged = self.found_true + self.found_false;
        let share =
            (100 * self.found_true).checked_div(judged).map_or("nothing judged".to_owned(), |share| format!("{share} % true"));
        let Meeting { found_true, found_false, .. } = self;
        format!(
            "{judged} findings judged: {found_true} true, {found_false} false ({share}); {} not judged, {} judgements without a finding",
            self.unjudged.len(),
            self.gone.len()
        )
    }
}

fn unjudged(finding: &Finding) -> String {
    let Finding { rule, file, line, function, message, fingerprint, .. } = finding;
    format!("{file}:{line}: {function}: [{rule}] {message} ({fingerprint})")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reports::tests::{a_finding, a_report};

    fn report(fingerprints: &[&str]) -> Report {
        a_report(fingerprints.iter().map(|fingerprint| a_finding(fingerprint, "a.c", "f")).collect(), vec![])
    }

    fn entry(fingerprint: &str, verdict: bool) -> String {
        format!(
            "[[finding]]\nrule = \"leak\"\nfile = \"a.c\"\nfunction = \"f\"\nfingerprint = \"{fingerprint}\"\nverdict = {verdict}\nwhy = \"read\"\n"
        )
    }

    #[test]
    fn judged_unjudged_and_gone_are_told_apart() {
        let triage = Triage::parse(&[entry("gf1:1", true), entry("gf1:2", false), entry("gf1:3", true)].concat()).unwrap();
        let meeting = triage.meet(&report(&["gf1:1", "gf1:2", "gf1:2"]));
        assert_eq!((meeting.found_true, meeting.found_false), (1, 1));
        assert_eq!(meeting.unjudged, ["a.c:5: f: [leak] lost (gf1:2)"], "the second of equal ones is judged by itself");
        assert_eq!(meeting.gone, ["a.c: f: [leak] judged true (gf1:3)"]);
        assert_eq!(
            meeting.summary(),
            "2 findings judged: 1 true, 1 false (50 % true); 1 not judged, 1 judgements without a finding"
        );
    }

    #[test]
    fn a_judgement_without_reason_is_refused() {
        let text = entry("gf1:1", true).replace("read", " ");
        assert!(Triage::parse(&text).unwrap_err().contains("gf1:1 has no reason"));
    }

    #[test]
    fn a_missing_or_misspelled_key_is_refused() {
        assert!(Triage::parse(&entry("gf1:1", true).replace("why", "reason")).is_err());
    }
}

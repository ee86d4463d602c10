//! What findings suggest, over all fixtures: that there is a suggestion where there must be one, and that edits mend what they
//! are about and break nothing.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use gup_analysis::finding::Analysis;
use gup_report::Report;
use gup_report::mend::apply;
use gup_report::report::Run;
use gup_testkit::fixture::{self, Fixture};
use gup_testkit::program::Program;

/// Rules of which every finding about an acquisition of known kind says what mends it.
const SUGGESTING: [&str; 5] = ["wrong-put", "leak", "partial-leak", "get-for-dma", "missing-dirty"];

fn testdata() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../testdata").canonicalize().expect("testdata is there")
}

/// Fixtures of one source in which something is found.
fn fixtures() -> Vec<Fixture> {
    let has_finding = |fixture: &Fixture| fixture.files.len() == 1 && !fixture.directives.clean;
    fixture::all(&testdata()).into_iter().filter(has_finding).collect()
}

fn report(program: &Program, analysis: &Analysis) -> Report {
    let mut report = Report::new(Run::default(), analysis);
    report.findings.iter_mut().for_each(|finding| finding.check_edits(|_| Some(program.text().to_owned())));
    report
}

#[test]
fn edits_mend_their_finding_and_bring_no_other() {
    let mut tried = 0;
    for fixture in fixtures() {
        let Some(mut program) = Program::of(&testdata(), &fixture) else { continue };
        let before = report(&program, &program.audit().expect("the fixture is analysed"));
        let original = program.text().to_owned();
        for finding in &before.findings {
            let Some(suggestion) = finding.suggestion.as_ref().filter(|suggestion| !suggestion.edits.is_empty()) else {
                continue;
            };
            tried += 1;
            program.write(apply(&original, &suggestion.edits).expect("edits that were checked fit"));
            let after = report(&program, &program.audit().expect("the mended fixture is analysed"));
            let left = |report: &Report| report.findings.iter().filter(|one| one.fingerprint == finding.fingerprint).count();
            let (name, message) = (&fixture.name, &suggestion.message);
            assert!(left(&after) < left(&before), "{name}:{}: {message} does not mend it", finding.line);
            assert!(after.findings.len() < before.findings.len(), "{name}:{}: {message} brings others", finding.line);
        }
    }
    assert!(tried > 10, "only {tried} findings had edits");
}

#[test]
fn what_can_be_mended_says_how() {
    let mut without: BTreeMap<String, usize> = BTreeMap::new();
    let mut with = 0;
    for fixture in fixtures() {
        let Some(program) = Program::of(&testdata(), &fixture) else { continue };
        let report = report(&program, &program.audit().expect("the fixture is analysed"));
        for finding in report.findings.iter().filter(|finding| SUGGESTING.contains(&finding.rule.as_str())) {
            match (&finding.suggestion, &finding.origin) {
                (Some(suggestion), _) => {
                    with += 1;
                    assert!(suggestion.message.contains("()"), "{}: no call is named: {}", fixture.name, suggestion.message);
                }
                (None, Some(_)) => {
                    *without.entry(format!("{}:{} {}", fixture.name, finding.line, finding.rule)).or_default() += 1
                }
                (None, None) => {}
            }
        }
    }
    assert!(with > 100 && without.is_empty(), "{with} with, without: {without:?}");
}

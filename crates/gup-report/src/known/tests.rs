//! Baselines and suppressions over findings that move, double and go.

use std::collections::BTreeSet;

use super::suppression::edit::{New, added, without};
use super::suppression::{Covers, Use};
use super::*;
use crate::report::{Confidence, Finding, Severity};

const RULES: [&str; 2] = ["leak", "wrong-put"];
const TODAY: Day = Day { year: 2026, month: 11, day: 25 };

fn finding(file: &str, function: &str, fingerprint: char) -> Finding {
    Finding {
        rule: "leak".into(),
        severity: Severity::Error,
        confidence: Confidence::High,
        message: "lost".into(),
        file: file.into(),
        line: 5,
        column: 1,
        function: function.into(),
        fingerprint: format!("gf1:{}", fingerprint.to_string().repeat(16)),
        assumptions: vec![],
        doubts: vec![],
        origin: None,
        path: vec![],
        maintainers: vec![],
        lists: vec![],
        subsystems: Vec::new(),
        fix: None,
        suggestion: None,
        suppressed: None,
        in_baseline: false,
    }
}

fn report(findings: Vec<Finding>) -> Report {
    let run = crate::report::Run::default();
    Report { findings, ..Report::new(run, &gup_analysis::finding::Analysis::default()) }
}

/// The findings that are left open, by file, in a tree that has all files but `gone`.
fn open(findings: Vec<Finding>, given: Given, gone: &str) -> (Vec<String>, Known) {
    let mut report = report(findings);
    let exists = |file: &str| file != gone;
    mark(&mut report, &given, &Circumstances { today: TODAY, exists: &exists, is_whole: true });
    (report.open().map(|finding| finding.file.clone()).collect(), report.known.unwrap_or_default())
}

fn baseline(findings: &[Finding]) -> Given {
    let baseline = Baseline::of(findings);
    assert_eq!(Baseline::parse(&baseline.text()), Ok(baseline.clone()), "it is read back");
    Given { baseline: Some(baseline), suppressions: None }
}

fn suppressions(text: &str) -> Suppressions {
    Suppressions::parse("s.toml", text, &RULES).unwrap_or_else(|errors| panic!("{errors:?}"))
}

#[test]
fn an_entry_covers_one_finding_and_what_is_gone_is_said() {
    let old = [finding("a.c", "f", '1'), finding("b.c", "g", '2')];
    let twice = vec![finding("a.c", "f", '1'), finding("a.c", "f", '1'), finding("c.c", "g", '3')];
    let (open, known) = open(twice, baseline(&old), "");
    assert_eq!(open, ["a.c", "c.c"], "of two that are alike one is new");
    assert_eq!((known.in_baseline, known.gone.len(), known.gone[0].file.as_str()), (1, 1, "b.c"));
}

#[test]
fn a_moved_file_takes_its_entries_along_only_when_the_old_one_is_gone() {
    let old = baseline(&[finding("a.c", "f", '1')]);
    let new = || vec![finding("b.c", "f", '2')];
    assert_eq!(open(new(), old.clone(), "a.c").0, [""; 0]);
    assert_eq!(open(new(), old.clone(), "").0, ["b.c"], "a copy is new");
    assert_eq!(open(vec![finding("b.c", "other", '2')], old.clone(), "a.c").0, ["b.c"]);
    let two = vec![finding("b.c", "f", '2'), finding("b.c", "f", '3')];
    assert_eq!(open(two, old, "a.c").0, ["b.c"], "an entry covers one");
}

#[test]
fn an_update_says_what_came_and_went() {
    let old = Baseline::of(&[finding("a.c", "f", '1'), finding("b.c", "g", '2'), finding("c.c", "h", '3')]);
    let today = [finding("a.c", "f", '1'), finding("new.c", "g", '4'), finding("d.c", "i", '5')];
    let (new, changes) = old.updated(&today, &|file| file != "b.c");
    assert_eq!(changes, baseline::Changes { added: 1, gone: 1, moved: 1 });
    assert_eq!(new, Baseline::of(&today));
    assert!(Baseline::parse("{}").unwrap_err().contains("gupcheck baseline create"));
    assert!(Baseline::parse("{\"schema\":\"gupcheck.baseline/2\",\"findings\":[]}").unwrap_err().contains("gupcheck.baseline/1"));
}

const FILE: &str = "\
# by hand
[[suppress]]
fingerprint = \"gf1:1111111111111111\"
reason = \"checked\"
owner = \"A\"

# the second
[[suppress]]
rule = \"leak\"
path = \"drivers/**\"
reason = \"old\"
owner = \"B\"
until = 2026-11-25

[[suppress]]
rule = \"wrong-put\"
path = \"**\"
reason = \"over\"
owner = \"C\"
until = 2026-11-24
";

#[test]
fn suppressed_findings_stay_marked_and_what_is_of_no_use_is_said() {
    let given = Given { baseline: None, suppressions: Some(suppressions(FILE)) };
    let mut report = report(vec![finding("a.c", "f", '1'), finding("drivers/x/y.c", "f", '2'), finding("b.c", "f", '3')]);
    mark(&mut report, &given, &Circumstances { today: TODAY, exists: &|_| true, is_whole: true });
    let reasons: Vec<Option<&str>> =
        report.findings.iter().map(|finding| finding.suppressed.as_ref().map(|why| why.reason.as_str())).collect();
    assert_eq!(reasons, [Some("checked"), Some("old"), None]);
    assert_eq!(report.findings[1].suppressed.as_ref().and_then(|why| why.until.as_deref()), Some("2026-11-25"));
    let known = report.known.clone().unwrap_or_default();
    assert_eq!((known.suppressed, known.unused.len(), known.expired.len()), (2, 0, 1));
    assert_eq!(known.expired[0], "s.toml:15: wrong-put in **: ended on 2026-11-24; C decides");
    let (open, known) = open(vec![finding("b.c", "f", '3')], given, "");
    assert_eq!((open.len(), known.unused.len()), (1, 2));
    assert_eq!(known.unused[0], "s.toml:2: gf1:1111111111111111: fits no finding");
}

#[test]
fn a_suppression_of_one_finding_follows_its_file() {
    let text = "[[suppress]]\nfingerprint = \"gf1:1111111111111111\"\nrule = \"leak\"\nfile = \"a.c\"\nfunction = \"f\"\nreason = \"r\"\nowner = \"o\"\n";
    let given = Given { baseline: None, suppressions: Some(suppressions(text)) };
    assert_eq!(open(vec![finding("b.c", "f", '2')], given.clone(), "a.c").0, [""; 0]);
    assert_eq!(open(vec![finding("b.c", "f", '2')], given, "").0, ["b.c"]);
}

#[test]
fn mistakes_are_all_found_with_their_lines_and_remedies() {
    let text = "[[suppress]]\nfingerprint = \"gf1:12\"\nreason = \" \"\nowner = \"o\"\n\n[[suppress]]\nrule = \"laek\"\npath = \"/x\"\n\
        reson = \"r\"\nowner = 1\nuntil = \"soon\"\n[[suppress]]\nreason = \"r\"\nowner = \"o\"\n";
    let errors = Suppressions::parse("s.toml", text, &RULES).unwrap_err();
    let said: Vec<(usize, &str, &str)> = errors
        .iter()
        .map(|error| (text[..error.span.start].matches('\n').count() + 1, error.message.as_str(), error.help.as_str()))
        .collect();
    let has = |line, message: &str, help: &str| {
        assert!(
            said.iter().any(|(at, m, h)| *at == line && m.contains(message) && h.contains(help)),
            "{line} {message}: {said:#?}"
        );
    };
    has(2, "no fingerprint", "16 hex digits");
    has(3, "`reason` is empty", "say why");
    has(7, "there is no rule `laek`", "did you mean `leak`?");
    has(8, "relative to the kernel tree", "drivers/staging/**");
    has(9, "no key `reson`", "did you mean `reason`?");
    has(10, "`owner` is a string", "owner");
    has(11, "`until` is a day", "without quotes");
    has(12, "nothing says what is suppressed", "fingerprint");
}

#[test]
fn edits_keep_what_people_wrote() {
    let one =
        Covers::One { fingerprint: "gf1:2222222222222222".into(), rule: "leak".into(), file: "a.c".into(), function: "f".into() };
    let new = New {
        covers: one.clone(),
        reason: "says \"so\" \\".into(),
        owner: "D".into(),
        until: Some(TODAY),
        message: "lost".into(),
    };
    let text = added(FILE, &new);
    let read = suppressions(&text);
    assert!(text.starts_with(FILE) && text.contains("\n\n# lost\n[[suppress]]\n"));
    let last = read.entries.last().unwrap_or_else(|| panic!("{text}"));
    assert_eq!((&last.covers, last.reason.as_str(), last.until), (&one, "says \"so\" \\", Some(TODAY)));
    assert_eq!(suppressions(&added("", &new)).entries.len(), 1);
    let report = report(vec![finding("a.c", "f", '1')]);
    let at = Circumstances { today: TODAY, exists: &|_| true, is_whole: true };
    assert_eq!(suppressions(FILE).uses(&report, &at), [Use::Used, Use::Unused, Use::Expired]);
    let left = without(FILE, &suppressions(FILE), &BTreeSet::from([1, 2]));
    assert_eq!(left, FILE.split("\n\n").next().map(|first| format!("{first}\n")).unwrap_or_default());
    assert_eq!(without(FILE, &suppressions(FILE), &BTreeSet::from([0, 1, 2])), "");
}

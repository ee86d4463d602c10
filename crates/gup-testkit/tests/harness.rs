//! The harness itself: that it fails where it must.

use gup_analysis::finding::{Analysis, Confidence, Finding, Ledger, Location, Severity, Site, Verdict};
use gup_testkit::fixture::{self, Fixture};
use gup_testkit::matcher::mismatches;

const FILE: &str = "rules/leak/x.c";

fn fixture(text: &str) -> Fixture {
    let mut fixture = Fixture { name: FILE.into(), ..Fixture::default() };
    fixture::parse(FILE, text, &mut fixture).expect("the fixture is well formed");
    fixture
}

fn parse_error(text: &str) -> String {
    fixture::parse(FILE, text, &mut Fixture::default()).expect_err("the fixture is not well formed")
}

fn at(line: u32) -> Location {
    Location { file: FILE.into(), line, column: 1 }
}

fn leak(line: u32, function: &str) -> Finding {
    Finding {
        rule: "leak".into(),
        severity: Severity::Error,
        confidence: Confidence::High,
        message: "the page is lost".into(),
        at: at(line),
        function: function.into(),
        fingerprint: String::new(),
        assumptions: vec![],
        doubts: vec![],
        origin: None,
        path: vec![],
        fix: None,
    }
}

fn found(findings: Vec<Finding>) -> Analysis {
    Analysis { findings, ..Analysis::default() }
}

fn ledger(verdict: Verdict, reason: &str) -> Analysis {
    let site = Site {
        api: "pin".into(),
        kinds: vec![],
        at: at(2),
        function: "f".into(),
        verdict,
        stopped_at: None,
        reason: reason.into(),
        releases: vec![],
    };
    Analysis { ledger: Ledger { sites: vec![site], ..Ledger::default() }, ..Analysis::default() }
}

const EXPECTS: &str = "int f_bad(void)\n{\n\treturn 1; // expect: leak \"lost\"\n}\n";

#[test]
fn one_finding_for_one_marker_passes() {
    assert_eq!(mismatches(&fixture(EXPECTS), &found(vec![leak(3, "f_bad")])), [""; 0]);
}

#[test]
fn a_marker_without_finding_fails() {
    let problems = mismatches(&fixture(EXPECTS), &found(vec![]));
    assert_eq!(
        problems,
        ["rules/leak/x.c:1: nothing is found in f_bad", "rules/leak/x.c:3: expected, but not found: leak with \"lost\""]
    );
}

#[test]
fn a_finding_without_marker_fails_even_beside_one_with_marker() {
    let problems = mismatches(&fixture(EXPECTS), &found(vec![leak(3, "f_bad"), leak(3, "f_bad")]));
    assert_eq!(problems, ["rules/leak/x.c:3: not expected in f_bad: leak (High): the page is lost"]);
}

#[test]
fn another_line_rule_file_or_message_is_another_finding() {
    let changes: [fn(&mut Finding); 4] = [
        |finding| finding.at.line = 2,
        |finding| finding.rule = "double-put".into(),
        |finding| finding.at.file = "rules/leak/y.c".into(),
        |finding| finding.message = "gone".into(),
    ];
    for change in changes {
        let mut finding = leak(3, "f_bad");
        change(&mut finding);
        let problems = mismatches(&fixture(EXPECTS), &found(vec![finding]));
        assert!(problems.iter().any(|text| text.contains("not expected")), "{problems:?}");
        assert!(problems.iter().any(|text| text.contains("expected, but not found")), "{problems:?}");
    }
}

#[test]
fn two_markers_need_two_findings() {
    let two = fixture("// expect: leak\nint f_bad(void) { return 1; } // expect: leak\n");
    assert_eq!(mismatches(&two, &found(vec![leak(2, "f_bad")])), ["rules/leak/x.c:2: expected, but not found: leak"]);
    assert_eq!(mismatches(&two, &found(vec![leak(2, "f_bad"), leak(2, "f_bad")])), [""; 0]);
}

#[test]
fn a_known_miss_fails_when_it_is_found() {
    let fixme = fixture("int f_bad(void)\n{\n\treturn 1; // fixme-missing: leak the loop is not understood\n}\n");
    assert_eq!(mismatches(&fixme, &found(vec![])), [""; 0]);
    let problems = mismatches(&fixme, &found(vec![leak(3, "f_bad")]));
    assert_eq!(problems, ["rules/leak/x.c:3: leak is found now: make the fixme-missing an expect"]);
}

#[test]
fn a_known_false_finding_fails_when_it_is_gone() {
    let fixme = fixture("int f_ok(void)\n{\n\treturn 1; // fixme-extra: leak the flag is not understood\n}\n");
    assert_eq!(mismatches(&fixme, &found(vec![leak(3, "f_ok")])), [""; 0]);
    assert_eq!(mismatches(&fixme, &found(vec![])), ["rules/leak/x.c:3: leak is not found any more: drop the fixme-extra"]);
}

#[test]
fn names_are_promises() {
    let ok = fixture("int f_ok(void)\n{\n\treturn 1; // expect: leak\n}\n");
    assert_eq!(mismatches(&ok, &found(vec![leak(3, "f_ok")])), ["rules/leak/x.c:1: f_ok should have no finding"]);
    let bad = fixture("//@ clean\nstatic int *f_bad(int x,\n\t\t  int y)\n{\n\treturn 1;\n}\n");
    assert_eq!(mismatches(&bad, &found(vec![])), ["rules/leak/x.c:2: nothing is found in f_bad"]);
    // A declaration and a call promise nothing.
    let others = fixture("//@ clean\nint f_bad(void);\nint g(void)\n{\n\treturn f_bad();\n}\n");
    assert_eq!(mismatches(&others, &found(vec![])), [""; 0]);
}

#[test]
fn silence_must_be_declared() {
    let none = "int f(void);\n";
    assert!(mismatches(&fixture(none), &found(vec![]))[0].contains("say `//@ clean`"));
    let both = format!("//@ clean\n{EXPECTS}");
    assert!(mismatches(&fixture(&both), &found(vec![leak(4, "f_bad")]))[0].contains("there are markers"));
}

#[test]
fn the_ledger_is_asked_for_the_line() {
    let balanced = fixture("//@ clean\nx = pin(); // balanced\n");
    assert_eq!(mismatches(&balanced, &ledger(Verdict::Balanced, "")), [""; 0]);
    let problems = mismatches(&balanced, &ledger(Verdict::Unresolved, "loop"));
    assert_eq!(problems, ["rules/leak/x.c:2: should be balanced, but pin is unresolved: loop"]);
    let elsewhere = fixture("//@ clean\n\nx = pin(); // balanced\n");
    let problems = mismatches(&elsewhere, &ledger(Verdict::Balanced, ""));
    assert_eq!(problems, ["rules/leak/x.c:3: balanced, but the ledger has no site here"]);
}

#[test]
fn an_unresolved_site_needs_the_reason() {
    let unresolved = fixture("//@ clean\nx = pin(); // unresolved: loop\n");
    assert_eq!(mismatches(&unresolved, &ledger(Verdict::Unresolved, "a loop")), [""; 0]);
    for other in [ledger(Verdict::Unresolved, "passed on"), ledger(Verdict::Balanced, ""), found(vec![])] {
        assert_eq!(mismatches(&unresolved, &other).len(), 1);
    }
}

#[test]
fn what_cannot_be_understood_is_refused() {
    assert_eq!(parse_error("x; // expects: leak\n"), "rules/leak/x.c:1: there is no marker `expects`");
    assert_eq!(parse_error("x; // fixme-missing: leak\n"), "rules/leak/x.c:1: `fixme-missing: leak` does not say why");
    assert_eq!(parse_error("x; // expect: leak lost\n"), "rules/leak/x.c:1: `lost` should be in quotes");
    assert_eq!(
        parse_error("//@ polcy: pin\n"),
        "rules/leak/x.c:1: there is no directive `polcy: pin`: clean, policy: NAME, include: FOLDER, args: ARGS..."
    );
    assert_eq!(parse_error("// expect: leak\n"), "rules/leak/x.c: the markers at the end belong to no line");
}

#[test]
fn directives_are_read() {
    let fixture = fixture(
        "//@ clean\n//@ policy: get-put\n//@ args: -DA -DB=1\n// Prose: with a colon, and `expect: x` in words.\nint x;\n",
    );
    let directives = fixture.directives;
    assert!(directives.clean);
    assert_eq!(directives.policy.as_deref(), Some("get-put"));
    assert_eq!(directives.args, ["-DA", "-DB=1"]);
}

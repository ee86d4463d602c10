//! Every format, rendered from one report, against `testdata/render/`. `UPDATE=1 cargo test -p gup-report` accepts what is
//! rendered now.

mod fixture;

use std::fs;

use fixture::{SOURCE, assert_golden, diff, report, repository, source};
use gup_analysis::contract::ContractError;
use gup_report::diff::Difference;
use gup_report::known::{self, Baseline, Circumstances, Day, Given, Suppressions};
use gup_report::{contract_error, gcc, json, summary, text};
use serde_json::Value;

#[test]
fn the_report_as_json() {
    let rendered = json::report(&report());
    assert_golden("report.json", &rendered);
    let read = json::read_report(&rendered).unwrap();
    assert_eq!(read, report());
    assert_eq!(json::report(&read), rendered);
}

#[test]
fn what_is_no_report_is_refused_with_the_reason() {
    let other = json::report(&report()).replace("gupcheck.report/1", "gupcheck.report/2");
    assert_eq!(
        json::read_report(&other).unwrap_err(),
        "the report has the schema gupcheck.report/2, this version of gupcheck reads gupcheck.report/1"
    );
    assert!(json::read_report("{}").unwrap_err().contains("missing field"));
}

#[test]
fn the_diff_as_json() {
    let diff = diff();
    assert_eq!((diff.whole.introduced.len(), diff.whole.fixed.len(), diff.whole.unchanged), (1, 1, 1));
    assert_golden("diff.json", &json::diff(&diff));
}

#[test]
fn equal_findings_are_compared_as_multisets() {
    let one = report();
    let mut three = report();
    three.findings.extend([three.findings[0].clone(), three.findings[0].clone()]);
    let diff = Difference::between(&one, &three, vec![]);
    assert_eq!((diff.introduced.len(), diff.fixed.len(), diff.unchanged), (2, 0, 2));
    let diff = Difference::between(&three, &one, vec![]);
    assert_eq!((diff.introduced.len(), diff.fixed.len(), diff.unchanged), (0, 2, 2));
}

#[test]
fn lines_as_gcc_prints_them() {
    let rendered = gcc::render(&report());
    assert_golden("findings.gcc", &rendered);
    for line in rendered.lines().filter(|line| line.contains(" note: ")) {
        let note = line.to_lowercase();
        assert!(!note.contains("error") && !note.contains("warn"), "a log parser would count this as a finding: {line}");
    }
}

#[test]
fn text_with_source_lines() {
    assert_golden("findings.txt", &text::render(&report(), &source, false));
}

#[test]
fn text_without_any_source_still_names_every_place() {
    let rendered = text::render(&report(), &|_| None, false);
    for place in ["drivers/foo.c:5:6: 1: pinned here", "drivers/foo.c:7:2", "drivers/gone.c:9:1"] {
        assert!(rendered.contains(place), "{place} in:\n{rendered}");
    }
}

#[test]
fn the_file_where_it_goes_wrong_is_shown_first() {
    let rendered = text::render(&report(), &|_| Some(SOURCE.repeat(2)), false);
    let leak = &rendered[rendered.find("warning[leak]").unwrap()..];
    assert!(leak.find("drivers/gone.c:9:1").unwrap() < leak.find("drivers/foo.c:8:2").unwrap(), "{leak}");
}

#[test]
fn text_survives_positions_that_the_source_no_longer_has() {
    let mut report = report();
    for (line, column) in [(7, 22), (7, 23), (7, 4000), (4, 1), (10, 1), (4000, 1), (0, 0)] {
        report.findings[0].path[1].line = line;
        report.findings[0].path[1].column = column;
        assert!(text::render(&report, &source, false).contains("2: no error"), "{line}:{column}");
    }
}

#[test]
fn colour_only_where_it_is_asked_for() {
    assert!(text::render(&report(), &source, true).contains("\u{1b}["));
    assert!(!text::render(&report(), &source, false).contains('\u{1b}'));
}

#[test]
fn the_summary() {
    let phases = [("select".to_owned(), 0.84), ("extract".to_owned(), 101.26), ("analyse".to_owned(), 12.0)];
    assert_golden("summary.txt", &summary::render(&report(), &phases));
}

#[test]
fn without_anything_to_convert_the_summary_says_nothing_of_it() {
    let mut report = report();
    for entry in &mut report.conversion {
        entry.replace_with.clear();
        entry.blocked_by.clear();
    }
    assert!(!summary::render(&report, &[]).contains("conversion"));
}

#[test]
fn tables_of_the_summary_are_cut_but_nothing_is_left_uncounted() {
    let mut report = report();
    let reason = report.coverage.unresolved_reasons[0].clone();
    report.coverage.unresolved_reasons = vec![reason; 20];
    assert!(summary::render(&report, &[]).contains("16  for 8 other reasons"));
}

#[test]
fn mistakes_in_contracts() {
    let file = "analyses/contracts/foo.toml";
    let toml = "[[api]]\nname = \"pin_pages\"\nacquire = \"pagse[0..ret]\"\n";
    let start = toml.find("pagse").unwrap();
    let error =
        |span, message: &str, help: &str| ContractError { file: file.into(), span, message: message.into(), help: help.into() };
    let errors = [
        error(start..start + 5, "`pagse` is no parameter", "did you mean `pages`?"),
        error(9000..9001, "the file ends too early", "close the table"),
    ];
    let rendered = contract_error::render(&errors, &|name| (name == file).then(|| toml.to_owned()), false);
    assert_golden("contract-error.txt", &rendered);
}

fn schema(name: &str) -> Value {
    let path = repository().join("reports/schema").join(name);
    serde_json::from_str(&fs::read_to_string(path).expect("the schema is there")).expect("the schema is JSON")
}

/// Errors of the value by the schema, each with its place.
fn violations(schema_name: &str, value: &Value) -> Vec<String> {
    let validator = jsonschema::validator_for(&schema(schema_name)).expect("the schema is a schema");
    validator.iter_errors(value).map(|error| format!("{}: {error}", error.instance_path())).collect()
}

#[test]
fn rendered_json_fits_the_published_schemas() {
    let report: Value = serde_json::from_str(&json::report(&report())).unwrap();
    assert_eq!(violations("gupcheck.report-1.schema.json", &report), [""; 0]);
    let diff: Value = serde_json::from_str(&json::diff(&diff())).unwrap();
    assert_eq!(violations("gupcheck.diff-1.schema.json", &diff), [""; 0]);
}

#[test]
fn marked_reports_and_baselines_fit_the_published_schemas() {
    let mut report = report();
    let known = Baseline::of(&report.findings[..1]);
    let value: Value = serde_json::from_str(&known.text()).unwrap();
    assert_eq!(violations("gupcheck.baseline-1.schema.json", &value), [""; 0]);
    let mut with_a_gone_one = known.clone();
    with_a_gone_one.findings.extend(Baseline::of(&report.findings[1..]).findings);
    let text = "[[suppress]]\nrule = \"leak\"\npath = \"**\"\nreason = \"r\"\nowner = \"o\"\nuntil = 2027-01-01\n\
        [[suppress]]\nrule = \"leak\"\npath = \"x\"\nreason = \"r\"\nowner = \"o\"\n";
    let suppressions = Suppressions::parse("s.toml", text, &["leak"]).unwrap();
    let given = Given { baseline: Some(with_a_gone_one), suppressions: Some(suppressions) };
    report.findings.pop();
    let today = Day::parse("2026-11-25").unwrap();
    known::mark(&mut report, &given, &Circumstances { today, exists: &|_| true, is_whole: true });
    assert!(report.known.as_ref().is_some_and(|known| known.gone.len() == 1 && known.unused.len() == 2), "{:?}", report.known);
    let value: Value = serde_json::from_str(&json::report(&report)).unwrap();
    assert_eq!(violations("gupcheck.report-1.schema.json", &value), [""; 0]);
    assert_eq!(json::read_report(&json::report(&report)).unwrap(), report);
}

#[test]
fn committed_reports_fit_the_published_schema_and_are_read_back() {
    let folders = fs::read_dir(repository().join("reports")).expect("reports is there").flatten().map(|entry| entry.path());
    for path in folders.map(|folder| folder.join("report.json")).filter(|path| path.is_file()) {
        let text = fs::read_to_string(&path).expect("a report is text");
        let value: Value = serde_json::from_str(&text).expect("a report is JSON");
        assert_eq!(violations("gupcheck.report-1.schema.json", &value), [""; 0], "{}", path.display());
        assert_eq!(json::report(&json::read_report(&text).expect("a report is read")), text, "{}", path.display());
    }
}

#[test]
fn the_schemas_refuse_what_is_wrong() {
    let mut value: Value = serde_json::from_str(&json::report(&report())).unwrap();
    value["findings"][0]["confidence"] = "certain".into();
    value["ledger"]["sites"][0]["file"] = "/abs/olute.c".into();
    value["coverage"]["units"].as_object_mut().unwrap().remove("failed");
    assert_eq!(violations("gupcheck.report-1.schema.json", &value).len(), 3);
    let mut value: Value = serde_json::from_str(&json::diff(&diff())).unwrap();
    value["introduced"][0]["fingerprint"] = "drivers/foo.c:7".into();
    assert_eq!(violations("gupcheck.diff-1.schema.json", &value).len(), 1);
}

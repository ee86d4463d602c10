//! Every format, rendered from one report, against `testdata/render/`. `UPDATE=1 cargo test -p gup-report` accepts what is
//! rendered now.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use gup_analysis::contract::ContractError;
use gup_analysis::finding::{
    Analysis, Completion, Confidence, Conversion, Finding, Ledger, Location, Origin, PathStep, Reached, ReleaseAt, Severity,
    Site, Slot, Verdict,
};
use gup_analysis::summary::RefKind;
use gup_report::diff::{BothSides, ChangedFile, Difference, FileStatus, Patch, SCHEMA, Side};
use gup_report::known::{self, Baseline, Circumstances, Day, Given, Suppressions};
use gup_report::report::{FileReason, Owners, Run, Tool, Tree, Units};
use gup_report::{Diff, Report, contract_error, gcc, json, summary, text};
use serde_json::Value;

const SOURCE: &str = "\
int take(unsigned long addr)
{
	struct page *page;

	if (pin_user_pages_fast(addr, 1, 0, &page) != 1)
		return -EFAULT;
	put_page(page); /* größer */
	return 0;
}
";

fn source(file: &str) -> Option<String> {
    (file == "drivers/foo.c").then(|| SOURCE.to_owned())
}

fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// Compares with the file in `testdata/render`, or writes it.
fn assert_golden(name: &str, rendered: &str) {
    let path = repository().join("testdata/render").join(name);
    if std::env::var_os("UPDATE").is_some() {
        fs::write(&path, rendered).expect("testdata/render can be written");
    }
    let golden = fs::read_to_string(&path).unwrap_or_default();
    assert_eq!(golden, rendered, "{name} differs; UPDATE=1 accepts what is rendered now");
}

fn at(line: u32, column: u32) -> Location {
    Location { file: "drivers/foo.c".into(), line, column }
}

fn origin() -> Origin {
    Origin { api: "pin_user_pages_fast".into(), kind: RefKind::Pin, at: at(5, 6), function: "take".into() }
}

fn release() -> ReleaseAt {
    ReleaseAt { api: "put_page".into(), at: at(7, 2), function: "take".into(), via: String::new() }
}

fn step(at: Location, message: &str) -> PathStep {
    PathStep { at, function: "take".into(), message: message.into() }
}

fn wrong_put() -> Finding {
    Finding {
        rule: "wrong-put".into(),
        severity: Severity::Error,
        confidence: Confidence::High,
        message: "put_page() drops a page that pin_user_pages_fast() pinned".into(),
        at: at(7, 2),
        function: "take".into(),
        fingerprint: "gf1:0123456789abcdef".into(),
        assumptions: vec!["nothing else errors".into(), "no Error happens".into()],
        origin: Some(origin()),
        path: vec![step(at(5, 6), "pinned here"), step(at(5, 45), "no error"), step(at(7, 2), "put_page() here")],
    }
}

fn leak_elsewhere() -> Finding {
    let gone = Location { file: "drivers/gone.c".into(), line: 9, column: 1 };
    Finding {
        rule: "leak".into(),
        severity: Severity::Warning,
        confidence: Confidence::Medium,
        message: "references are lost".into(),
        fingerprint: "gf1:00000000000000ff".into(),
        origin: None,
        path: vec![step(at(8, 0), "back in take()"), step(gone.clone(), "references are lost")],
        at: gone,
        ..wrong_put()
    }
}

/// A release that both kinds reach, one that is not certain, and one beside them.
fn conversions() -> Vec<Conversion> {
    let mixed = Conversion {
        api: "put_page".into(),
        at: at(7, 2),
        function: "take".into(),
        verdict: Reached::Mixed,
        replace_with: "unpin_user_page".into(),
        blocked_by: vec!["a page of the page cache, dropped in take at drivers/foo.c:7".into()],
        uncertain: vec![],
        origins: vec![(Origin { kind: RefKind::Get, ..origin() }, "pin_user_pages_fast".into())],
        others: vec!["a page of the page cache, dropped in take at drivers/foo.c:7".into()],
    };
    let unsure = Conversion {
        at: at(17, 2),
        verdict: Reached::Gup,
        blocked_by: vec![],
        uncertain: vec!["drop() may be called from files that were not read".into()],
        others: vec![],
        ..mixed.clone()
    };
    let beside = Conversion {
        at: at(27, 2),
        verdict: Reached::Never,
        replace_with: String::new(),
        uncertain: vec![],
        origins: vec![],
        others: vec!["a page of the page allocator, dropped in take at drivers/foo.c:27".into()],
        ..unsure.clone()
    };
    vec![mixed, unsure, beside]
}

fn analysis() -> Analysis {
    let site = |line, verdict, reason: &str, releases| Site {
        api: "pin_user_pages_fast".into(),
        kinds: vec![RefKind::Pin],
        at: at(line, 6),
        function: "take".into(),
        verdict,
        reason: reason.into(),
        stopped_at: None,
        releases,
    };
    let slot = Slot {
        slot: "struct foo.pages".into(),
        deposits: vec![origin()],
        withdrawals: vec![release()],
        verdict: Verdict::Unresolved,
        reason: "bar() reads it".into(),
    };
    let completion = Completion {
        handler: "foo_end_io".into(),
        submitters: vec![at(6, 3)],
        origins: vec![Origin { kind: RefKind::Get, ..origin() }],
        releases: vec![release()],
        verdict: Verdict::Balanced,
        reason: String::new(),
    };
    Analysis {
        findings: vec![wrong_put(), leak_elsewhere()],
        ledger: Ledger {
            sites: vec![
                site(5, Verdict::Finding, "wrong-put", vec![release()]),
                site(6, Verdict::Unresolved, "loop", vec![]),
                site(7, Verdict::Unresolved, "passed to frob()", vec![]),
                site(8, Verdict::Unresolved, "passed to frob()", vec![]),
                site(9, Verdict::Balanced, "", vec![release()]),
            ],
            slots: vec![slot],
            completions: vec![completion],
        },
        conversion: conversions(),
        policy: "pin".into(),
        ..Analysis::default()
    }
}

fn report() -> Report {
    let failed = FileReason { file: "drivers/bad.c".into(), reason: "more than 20 s".into() };
    let run = Run {
        tool: Tool { name: "gupcheck".into(), version: "0.1.0".into(), libclang: "clang version 19.1.7".into() },
        tree: Tree { version: "6.12.1".into(), arch: "x86".into(), policy: String::new() },
        units: Units {
            selected: 300,
            extracted: 299,
            failed: vec![failed],
            not_in_configuration: vec![FileReason { file: "arch/s390/kvm/pci.c".into(), reason: "arch/s390".into() }],
        },
        statements: 100_000,
        opaque_statements: BTreeMap::from([("asm goto".into(), 3), ("statement expression".into(), 40)]),
    };
    let mut report = Report::new(run, &analysis());
    report.address(|file| match file {
        "drivers/foo.c" => Owners { maintainers: vec!["A <a@example.org>".into()], lists: vec!["l@example.org".into()] },
        _ => Owners::default(),
    });
    report
}

fn diff() -> Diff {
    let after = report();
    let mut before = report();
    // Before: another finding instead of the leak; line 9's site was unresolved, line 8's did not exist.
    before.findings[1].fingerprint = "gf1:1111111111111111".into();
    before.ledger.sites.remove(3);
    before.ledger.sites[3].verdict = gup_report::report::Verdict::Unresolved;
    let changed = |file: &str, status, reason: &str| ChangedFile {
        file: file.into(),
        status,
        reason: reason.into(),
        ..ChangedFile::default()
    };
    let changed = vec![
        changed("drivers/foo.c", FileStatus::Analysed, ""),
        ChangedFile {
            renamed_from: Some("include/linux/bar.h".into()),
            read_again: vec!["(common headers)".into(), "drivers/foo.c".into()],
            ..changed("include/linux/foo.h", FileStatus::Header, "inside inline functions: foo")
        },
        changed("drivers/bad.c", FileStatus::Failed, "more than 20 s"),
        changed("drivers/off.c", FileStatus::NotInConfiguration, "CONFIG_OFF is not set"),
    ];
    let mut whole = Difference::between(&before, &after, changed);
    let failed = vec![FileReason { file: "drivers/bad.c".into(), reason: "more than 20 s".into() }];
    let limits = vec!["400 files use foo; none of them was read for it".into()];
    whole.coverage = BothSides {
        before: Side { selected: 3, extracted: 3, ..Side::default() },
        after: Side { selected: 3, extracted: 2, failed, limits, ..Side::default() },
    };
    whole.remarks.push("drivers/foo.c: hunk 1 applied at line 7 with fuzz 1".into());
    let patches = vec![Patch { title: "[PATCH 1/1] foo: bar".into(), difference: whole.clone() }];
    Diff { schema: SCHEMA.into(), whole, patches }
}

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
    let registry = jsonschema::Registry::new()
        .add("json-schema:///gupcheck.report-1.schema.json", schema("gupcheck.report-1.schema.json"))
        .and_then(|registry| {
            registry.add("json-schema:///gupcheck.baseline-1.schema.json", schema("gupcheck.baseline-1.schema.json"))
        })
        .and_then(|registry| registry.prepare())
        .expect("the schema is a resource");
    let validator = jsonschema::options().with_registry(&registry).build(&schema(schema_name)).expect("the schema is a schema");
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
    let root = schema("gupcheck.report-1.schema.json");
    assert_eq!(undescribed(&value, &root, &root, "report"), [""; 0]);
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

/// A member that the schema does not describe would be published without a word.
#[test]
fn every_member_that_is_written_is_in_the_schema() {
    let root = schema("gupcheck.report-1.schema.json");
    let value = serde_json::from_str(&json::report(&report())).unwrap();
    assert_eq!(undescribed(&value, &root, &root, "report"), [""; 0]);
    let root = schema("gupcheck.diff-1.schema.json");
    let value = serde_json::from_str(&json::diff(&diff())).unwrap();
    assert_eq!(undescribed(&value, &root, &root, "diff"), [""; 0]);
}

fn undescribed(value: &Value, schema: &Value, root: &Value, place: &str) -> Vec<String> {
    if let Some((file, pointer)) = schema["$ref"].as_str().and_then(|reference| reference.split_once('#')) {
        let other = (!file.is_empty()).then(|| self::schema(file));
        let root = other.as_ref().unwrap_or(root);
        return undescribed(value, root.pointer(pointer).expect("references lead somewhere"), root, place);
    }
    match value {
        Value::Object(members) => {
            let schema = schema.get("oneOf").map_or(schema, |alternatives| &alternatives[0]);
            if schema["$ref"].is_string() {
                return undescribed(value, schema, root, place);
            }
            let of_member = |(name, member): (&String, &Value)| match schema["properties"].get(name) {
                Some(inner) => undescribed(member, inner, root, &format!("{place}.{name}")),
                None => vec![format!("{place}.{name}")],
            };
            members.iter().flat_map(of_member).collect()
        }
        Value::Array(items) => items.iter().flat_map(|item| undescribed(item, &schema["items"], root, place)).collect(),
        _ => vec![],
    }
}

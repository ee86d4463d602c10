//! What a fingerprint must survive: lines, layout, names of locals, a file that moves. And what it must tell apart.
//!
//! `FINGERPRINT_CASES=1000 cargo test -p gup-testkit --test fingerprints -- --nocapture` tries more, and says how many.

#![allow(clippy::print_stdout, reason = "how many edits survived is a figure that people ask for")]

use std::cell::RefCell;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};

use gup_analysis::finding::Analysis;
use gup_report::Report;
use gup_report::known::{Baseline, Circumstances, Day, Given, mark};
use gup_report::report::Run;
use gup_testkit::edits::Edit;
use gup_testkit::fixture::{self, Fixture};
use gup_testkit::program::Program;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};

fn testdata() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../testdata").canonicalize().expect("testdata is there")
}

fn report(analysis: &Analysis) -> Report {
    Report::new(Run::default(), analysis)
}

fn fingerprints(analysis: &Analysis) -> Vec<String> {
    let mut all: Vec<String> = analysis.findings.iter().map(|finding| finding.fingerprint.clone()).collect();
    all.sort();
    all
}

/// Findings that a baseline leaves open, and entries that are gone.
fn left(baseline: &Baseline, program: &Program, analysis: &Analysis) -> (usize, usize) {
    let mut report = report(analysis);
    let given = Given { baseline: Some(baseline.clone()), suppressions: None };
    let today = Day { year: 2026, month: 11, day: 25 };
    mark(&mut report, &given, &Circumstances { today, exists: &|file| program.exists(file), is_whole: true });
    (report.open().count(), report.known.map_or(0, |known| known.gone.len()))
}

fn edit() -> impl Strategy<Value = Edit> {
    (0..6u8, 0..1000u32).prop_map(|(kind, number)| match kind {
        0 => Edit::Lines(number),
        1 => Edit::Function(number),
        2 => Edit::Indentation(number),
        3 => Edit::Break(number),
        4 => Edit::Join(number),
        _ => Edit::Rename(number),
    })
}

/// Fixtures of one source in which something is found.
fn fixtures() -> Vec<Fixture> {
    let has_finding = |fixture: &Fixture| fixture.files.len() == 1 && !fixture.directives.clean;
    fixture::all(&testdata()).into_iter().filter(has_finding).collect()
}

#[test]
fn fingerprints_survive_edits_and_baselines_moves() {
    let fixtures = fixtures();
    assert!(fixtures.len() > 20, "{} fixtures", fixtures.len());
    let cases = std::env::var("FINGERPRINT_CASES").ok().and_then(|count| count.parse().ok()).unwrap_or(48);
    let config = Config { cases, failure_persistence: None, max_shrink_iters: 40, ..Config::default() };
    let (edits, moves, findings) = (AtomicUsize::new(0), AtomicUsize::new(0), AtomicUsize::new(0));
    let last = RefCell::new(String::new());
    let strategy = (0..fixtures.len(), proptest::collection::vec(edit(), 1..8), any::<bool>());
    let result = TestRunner::new(config).run(&strategy, |(which, wanted, moves_too)| {
        let fixture = &fixtures[which];
        let mut program = Program::of(&testdata(), fixture).expect("the fixture has one source");
        let before = program.audit().map_err(TestCaseError::fail)?;
        let done = wanted.into_iter().filter(|edit| program.edit(*edit)).count();
        last.replace(format!("{}\n{}", fixture.name, program.text()));
        let after = program.audit().map_err(TestCaseError::fail)?;
        prop_assert_eq!(fingerprints(&before), fingerprints(&after), "{}", last.borrow());
        edits.fetch_add(done, Ordering::Relaxed);
        findings.fetch_add(after.findings.len(), Ordering::Relaxed);
        if moves_too {
            let baseline = Baseline::of(&report(&before).findings);
            program.rename("rules/elsewhere/moved.c");
            let moved = program.audit().map_err(TestCaseError::fail)?;
            prop_assert_eq!(left(&baseline, &program, &moved), (0, 0), "{} moved", fixture.name);
            moves.fetch_add(1, Ordering::Relaxed);
        }
        Ok(())
    });
    println!(
        "{} edits and {} moves in {cases} programs with {} findings: {}",
        edits.into_inner(),
        moves.into_inner(),
        findings.into_inner(),
        if result.is_ok() { "all survived" } else { "not all survived" }
    );
    if let Err(error) = result {
        panic!("{error}\n{}", last.borrow());
    }
}

const TWO_LEAKS: &str = "#include <linux/mm.h>\n\
    int twice(unsigned long addr, int first)\n{\n\tstruct page *page;\n\n\
    \tif (first) {\n\t\tif (get_user_pages_fast(addr, 1, 0, &page) != 1)\n\t\t\treturn -EFAULT;\n\t\treturn 1;\n\t}\n\
    \tif (get_user_pages_fast(addr, 1, 0, &page) != 1)\n\t\treturn -EFAULT;\n\treturn 0;\n}\n";

#[test]
fn two_leaks_in_one_function_are_two() {
    let fixture = fixture::read(&testdata(), &testdata().join("rules/leak/error-paths.c"));
    let mut program = Program::of(&testdata(), &fixture).expect("the fixture has one source");
    program.write(TWO_LEAKS.to_owned());
    let both = program.audit().expect("it compiles");
    let before = fingerprints(&both);
    assert_eq!((before.len(), before.first() == before.last()), (2, false), "{:#?}", both.findings);
    let baseline = Baseline::of(&report(&both).findings);
    for end in ["return 1;", "return 0;"] {
        let mended = TWO_LEAKS.replace(end, &format!("put_page(page);\n\t{end}"));
        program.write(mended);
        let analysis = program.audit().expect("it compiles");
        assert_eq!(analysis.findings.len(), 1, "{:#?}", analysis.findings);
        assert_eq!(left(&baseline, &program, &analysis), (0, 1), "one is gone, the other known");
    }
}

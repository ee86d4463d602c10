//! One test for each fixture, named by its path: `cargo test -p gup-testkit --test fixtures rules/leak`.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use gup_testkit::fixture;
use libtest_mimic::{Arguments, Failed, Trial};

fn main() -> ExitCode {
    let testdata: PathBuf =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../../testdata").canonicalize().expect("testdata is there");
    let fixtures = fixture::all(&testdata);
    assert!(!fixtures.is_empty(), "no fixture below {}", testdata.display());
    let trials = fixtures.into_iter().map(|fixture| {
        let testdata = testdata.clone();
        Trial::test(fixture.name.clone(), move || {
            let problems = gup_testkit::run(&testdata, &fixture);
            if problems.is_empty() { Ok(()) } else { Err(Failed::from(problems.join("\n"))) }
        })
    });
    libtest_mimic::run(&Arguments::from_args(), trials.collect()).exit_code()
}

//! `gupcheck cc-check`: the `CHECK=` entry of Kbuild. Findings of one unit go to stderr, and the status is 0.
//!
//! Kbuild deletes an object whose checker fails, and other checkers never do; so findings, and a unit that cannot be read, are
//! told and no failure. Only a wrong call or environment is one: no libclang would otherwise look like a clean kernel.

use std::process::ExitCode;

use gup_driver::{Call, Checked};
use gup_report::gcc;

use crate::cli::CcCheck;
use crate::commands::audit;
use crate::known;
use crate::output::{Failure, say};

pub(crate) fn run(mut args: CcCheck) -> Result<ExitCode, Failure> {
    let call = Call::of(&args.call)?;
    // make runs as many checkers as it has jobs.
    args.tree.jobs.get_or_insert(1);
    let mut options = args.tree.options(&[])?;
    options.listener = None;
    let given = args.known.read()?;
    let Some(checked) = gup_driver::check(&options, &call)? else { return Ok(ExitCode::SUCCESS) };
    complain(&checked, args.tree.verbose);
    let mut report = checked.outcome.report();
    known::apply(&mut report, &given, &checked.outcome.root, false);
    audit::narrow(&mut report, args.confidence);
    let before = prefix(&call.file, &checked.file);
    for mut finding in report.open().cloned() {
        finding.file.insert_str(0, before);
        finding.path.iter_mut().for_each(|step| step.file.insert_str(0, before));
        // One write for each, so that those of other processes under `make -j` do not come between its lines.
        say(&gcc::finding(&finding));
    }
    Ok(ExitCode::SUCCESS)
}

/// What the caller puts before the names of the tree's files: editors find a file by the name that make gave it.
fn prefix<'f>(given: &'f str, in_tree: &str) -> &'f str {
    given.strip_suffix(in_tree).filter(|before| before.is_empty() || before.ends_with('/')).unwrap_or_default()
}

/// Log parsers of CI count the lines that say "error" or "warning"; these are neither.
fn complain(checked: &Checked, verbose: bool) {
    let Checked { outcome, file, failed, is_alone } = checked;
    if let Some(reason) = failed {
        say(&format!("gupcheck: {file} was not checked: {reason}\n"));
    } else if let Some((_, first)) = outcome.coverage.with_errors.iter().find(|(unit, _)| unit == file) {
        say(&format!("gupcheck: parts of {file} were not read: {first}\n"));
    }
    if *is_alone && !outcome.coverage.limits.is_empty() {
        say(&format!(
            "gupcheck: {file} was checked without all files that it works with: `gupcheck audit` of this tree, once, finds them\n"
        ));
    }
    if verbose {
        outcome.warnings.iter().for_each(|warning| say(&format!("gupcheck: {warning}\n")));
        say(&format!(
            "gupcheck: {file}: {} units read, {} of them out of the cache\n",
            outcome.coverage.extracted, outcome.coverage.cached
        ));
    }
}

#[cfg(test)]
mod tests {
    use super::prefix;

    #[test]
    fn names_are_those_that_make_gave() {
        assert_eq!(prefix("/src/linux/fs/a.c", "fs/a.c"), "/src/linux/");
        assert_eq!(prefix("../fs/a.c", "fs/a.c"), "../");
        assert_eq!(prefix("fs/a.c", "fs/a.c"), "");
        assert_eq!(prefix("/own/a.c", "/own/a.c"), "");
        assert_eq!(prefix("xfs/a.c", "fs/a.c"), "");
    }
}

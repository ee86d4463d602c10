//! `gupcheck diff`: what a patch, a series or a range of commits introduces, fixes and leaves.

use std::io::Read;
use std::path::Path;
use std::process::ExitCode;

use gup_driver::{Change, Comparison, Coverage, Source, Status};
use gup_report::diff::{BothSides, ChangedFile, Difference, FileStatus, Patch, Side};
use gup_report::{Diff, Report};

use crate::cli;
use crate::commands::audit;
use crate::formats::{Rendering, Subject, rule_texts};
use crate::output::{self, Failure, say};
use crate::progress;
use crate::scope::Scope;

pub(crate) fn run(args: &cli::Diff) -> Result<ExitCode, Failure> {
    let source = match (&args.patch, &args.range) {
        (Some(patch), _) => Source::Patch(read(patch)?),
        (None, range) => Source::Range(range.clone().unwrap_or_default()),
    };
    let given = args.report.known.read()?;
    let options = args.tree.options(&[])?;
    let comparison = gup_driver::diff(&options, &source, args.each)?;
    progress::clear();
    // What of the files is of no use is told by an audit: a change must not have to answer for it.
    let scope = Scope::new(&args.report, given, false, &comparison.whole.after)?;
    let (diff, after) = published(&comparison, &scope);
    let text = |patch: Option<usize>, file: &str| {
        let change = patch.and_then(|index| comparison.patches.get(index)).unwrap_or(&comparison.whole);
        output::source(&change.after, file)
    };
    let rendering = Rendering {
        subject: Subject::Diff(&diff),
        options: &args.report.formats,
        rules: rule_texts(args.tree.analyses.as_deref())?,
        source: &text,
        root: Some(&comparison.whole.after.root),
    };
    rendering.write(args.tree.color)?;
    let whole = &comparison.whole;
    audit::warn(&whole.after);
    for remark in &diff.whole.remarks {
        say(&format!("gupcheck: {remark}\n"));
    }
    if !args.tree.quiet {
        say(&summary(&diff, &whole.after.phases));
    }
    // Also what a later patch of the series mends: every commit of a kernel is one that somebody runs.
    Ok(audit::status(&all_introduced(&diff, after), &whole.after, &args.report))
}

fn read(path: &Path) -> Result<Vec<u8>, Failure> {
    let mut bytes = Vec::new();
    let result = match path == Path::new("-") {
        true => std::io::stdin().lock().read_to_end(&mut bytes).map(|_| ()),
        false => std::fs::read(path).map(|read| bytes = read),
    };
    result.map_err(|error| Failure::new(format!("{}: {error}", path.display())))?;
    Ok(bytes)
}

/// The comparison in its published form, and the report of the whole changed tree.
fn published(comparison: &Comparison, scope: &Scope) -> (Diff, Report) {
    let compared = |change: &Change, after: &Report| difference(change, &scope.report(&change.before), after);
    let patch =
        |change: &Change| Patch { title: change.title.clone(), difference: compared(change, &scope.report(&change.after)) };
    let after = scope.report(&comparison.whole.after);
    let mut whole = compared(&comparison.whole, &after);
    whole.remarks.extend(comparison.patches.iter().flat_map(|change| change.remarks.clone()));
    let patches = comparison.patches.iter().map(patch).collect();
    (Diff::new(&after, whole, patches), after)
}

/// The whole report with what the series or any patch of it introduces as its findings.
fn all_introduced(diff: &Diff, after: Report) -> Report {
    let each = diff.patches.iter().map(|patch| &patch.difference);
    let findings = each.chain([&diff.whole]).flat_map(|difference| difference.introduced.clone()).collect();
    Report { findings, ..after }
}

fn difference(change: &Change, before: &Report, after: &Report) -> Difference {
    let mut difference = Difference::between(before, after, changed(change));
    difference.coverage = BothSides { before: side(&change.before.coverage), after: side(&change.after.coverage) };
    difference.remarks.clone_from(&change.remarks);
    difference
}

fn side(coverage: &Coverage) -> Side {
    Side {
        selected: coverage.selected as u64,
        extracted: coverage.extracted as u64,
        failed: audit::files(&coverage.failed),
        incomplete: audit::files(&coverage.with_errors),
        limits: coverage.limits.clone(),
    }
}

fn changed(change: &Change) -> Vec<ChangedFile> {
    let file = |changed: &gup_driver::Changed| ChangedFile {
        file: changed.file.clone(),
        renamed_from: changed.renamed_from.clone(),
        status: match changed.status {
            Status::Analysed => FileStatus::Analysed,
            Status::Failed => FileStatus::Failed,
            Status::NotInConfiguration => FileStatus::NotInConfiguration,
            Status::Header => FileStatus::Header,
        },
        reason: changed.reason.clone(),
        read_again: changed.read_again.clone(),
    };
    change.changed.iter().map(file).collect()
}

fn summary(diff: &Diff, phases: &[(String, f64)]) -> String {
    let line = |difference: &Difference| {
        let Difference { introduced, fixed, unchanged, .. } = difference;
        let known = introduced.iter().filter(|finding| !finding.is_open()).count();
        let of_these = if known > 0 { format!(" ({known} of them known)") } else { String::new() };
        format!("introduced {}{of_these}, fixed {}, unchanged {unchanged}\n", introduced.len(), fixed.len())
    };
    let mut text: String = diff.patches.iter().map(|patch| format!("{}: {}", patch.title, line(&patch.difference))).collect();
    text.push_str(&line(&diff.whole));
    for file in &diff.whole.changed {
        match file.status {
            FileStatus::Analysed => {}
            FileStatus::Header => {
                let units = file.read_again.len();
                text.push_str(&format!("header: {}: {} ({units} units read again)\n", file.file, file.reason));
            }
            _ => text.push_str(&format!("not analysed: {}: {}\n", file.file, file.reason)),
        }
    }
    let seconds: Vec<String> = phases.iter().map(|(name, seconds)| format!("{name} {seconds:.1}")).collect();
    text.push_str(&format!("seconds: {}\n", seconds.join(", ")));
    text
}

//! `gupcheck diff`: what a patch, a series or a range of commits introduces, fixes and leaves.

use std::io::Read;
use std::path::Path;
use std::process::ExitCode;

use gup_driver::{Change, Comparison, Coverage, Outcome, Source, Status};
use gup_report::diff::{BothSides, ChangedFile, Difference, FileStatus, Patch, SCHEMA, Side};
use gup_report::known::Given;
use gup_report::{Diff, Report};

use crate::cli::{self, Format};
use crate::commands::audit;
use crate::known;
use crate::output::{Failure, default_format, print, rendered, say, use_color, write_file};
use crate::progress;

pub(crate) fn run(args: &cli::Diff) -> Result<ExitCode, Failure> {
    let source = match (&args.patch, &args.range) {
        (Some(patch), _) => Source::Patch(read(patch)?),
        (None, range) => Source::Range(range.clone().unwrap_or_default()),
    };
    let given = args.report.known.read()?;
    let options = args.tree.options(&[])?;
    let comparison = gup_driver::diff(&options, &source, args.each)?;
    progress::clear();
    let shown = Shown::of(&comparison, args, &given);
    for target in &args.report.output {
        write_file(&target.file, &shown.text(target.format, false))?;
    }
    if let Some(format) = default_format(args.report.format, !args.report.output.is_empty()) {
        print(&shown.text(format, use_color(args.tree.color)))?;
    }
    let whole = &comparison.whole;
    audit::warn(&whole.after);
    for remark in &shown.diff.whole.remarks {
        say(&format!("gupcheck: {remark}\n"));
    }
    if !args.tree.quiet {
        say(&summary(&shown.diff, &whole.after.phases));
    }
    // Also what a later patch of the series mends: every commit of a kernel is one that somebody runs.
    Ok(audit::status(&shown.all_introduced(), &whole.after, &args.report))
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

/// A comparison in its published form, with what the people's formats need beside.
struct Shown<'c> {
    comparison: &'c Comparison,
    diff: Diff,
    /// The whole changed tree.
    after: Report,
}

impl<'c> Shown<'c> {
    fn of(comparison: &'c Comparison, args: &cli::Diff, given: &Given) -> Shown<'c> {
        let report = |outcome: &Outcome| {
            let mut report = audit::whole(outcome);
            // What is of no use is told by an audit: a change must not have to answer for it.
            known::apply(&mut report, given, &outcome.root, false);
            audit::narrow(&mut report, args.report.confidence);
            report
        };
        let difference = |change: &Change| difference(change, &report(&change.before), &report(&change.after));
        let patch = |change: &Change| Patch { title: change.title.clone(), difference: difference(change) };
        let mut whole = difference(&comparison.whole);
        whole.remarks.extend(comparison.patches.iter().flat_map(|change| change.remarks.clone()));
        let patches = comparison.patches.iter().map(patch).collect();
        Shown { comparison, diff: Diff { schema: SCHEMA.to_owned(), whole, patches }, after: report(&comparison.whole.after) }
    }

    fn text(&self, format: Format, color: bool) -> String {
        if format == Format::Json {
            return gup_report::json::diff(&self.diff);
        }
        // The people's formats show what the change introduces.
        let introduced = |difference: &Difference, change: &Change| {
            let report = Report { findings: difference.introduced.clone(), ..self.after.clone() };
            rendered(&report, format, &change.after, color)
        };
        if self.diff.patches.is_empty() {
            return introduced(&self.diff.whole, &self.comparison.whole);
        }
        let patches =
            self.diff.patches.iter().zip(&self.comparison.patches).filter(|(patch, _)| !patch.difference.introduced.is_empty());
        patches.map(|(patch, change)| format!("{}:\n{}", patch.title, introduced(&patch.difference, change))).collect()
    }

    /// The whole report with what the series or any patch of it introduces as its findings.
    fn all_introduced(&self) -> Report {
        let each = self.diff.patches.iter().map(|patch| &patch.difference);
        let findings = each.chain([&self.diff.whole]).flat_map(|difference| difference.introduced.clone()).collect();
        Report { findings, ..self.after.clone() }
    }
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

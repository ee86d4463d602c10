//! `gupcheck audit`: the whole way, and one analysis in as many formats as asked for.

use std::process::ExitCode;

use gup_driver::Outcome;
use gup_report::Report;
use gup_report::report;

use crate::cli::{Audit, Confidence, ReportOptions};
use crate::exit;
use crate::formats::{Rendering, Subject, rule_texts};
use crate::known;
use crate::output::{Failure, say, source};
use crate::progress;
use crate::scope::Scope;

pub(crate) fn run(args: &Audit) -> Result<ExitCode, Failure> {
    let given = args.report.known.read()?;
    let options = args.tree.options(&args.paths)?;
    let outcome = gup_driver::audit(&options)?;
    progress::clear();
    let report = Scope::new(&args.report, given, args.paths.is_empty(), &outcome)?.report(&outcome);
    let source = |_: Option<usize>, file: &str| source(&outcome, file);
    let rendering = Rendering {
        subject: Subject::Report(&report),
        options: &args.report.formats,
        rules: rule_texts(args.tree.analyses.as_deref())?,
        source: &source,
        root: Some(&outcome.root),
    };
    rendering.write(args.tree.color)?;
    warn(&outcome);
    known::remark(&report);
    if !args.tree.quiet {
        say(&gup_report::summary::render(&report, &outcome.phases));
    }
    Ok(status(&report, &outcome, &args.report))
}

/// Leaves findings of at least this confidence.
pub(crate) fn narrow(report: &mut Report, confidence: Confidence) {
    let least = match confidence {
        Confidence::High => report::Confidence::High,
        Confidence::Medium => report::Confidence::Medium,
        Confidence::Low => report::Confidence::Low,
    };
    report.findings.retain(|finding| finding.confidence >= least);
}

pub(crate) fn files(list: &[(String, String)]) -> Vec<report::FileReason> {
    list.iter().map(|(file, reason)| report::FileReason { file: file.clone(), reason: reason.clone() }).collect()
}

pub(crate) fn warn(outcome: &Outcome) {
    for warning in outcome.warnings.iter().chain(&outcome.coverage.limits) {
        say(&format!("gupcheck: {warning}\n"));
    }
}

pub(crate) fn status(report: &Report, outcome: &Outcome, options: &ReportOptions) -> ExitCode {
    let coverage = &outcome.coverage;
    let nothing_read = coverage.selected > 0 && coverage.extracted == 0;
    // Who asks for coverage does not want a run that looked at nothing to look green.
    let too_little = options.min_coverage > 0.0 && (coverage.selected == 0 || coverage.percent() < options.min_coverage);
    let is_enough = !nothing_read && !too_little;
    if !is_enough {
        say(&format!("gupcheck: {} of {} units could be read\n", coverage.extracted, coverage.selected));
    }
    exit::end(&report.findings, is_enough, options).code(options.exit_map)
}

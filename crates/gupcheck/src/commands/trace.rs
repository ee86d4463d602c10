//! `gupcheck trace`: where references go, by the ledger; what a completion is given; and how one function comes to call another.

mod completion;

use std::process::ExitCode;

use gup_report::Report;
use gup_report::report::{Release, Site};

use crate::cli::Trace;
use crate::commands::audit;
use crate::output::{Failure, print};
use crate::progress;

pub(crate) fn run(args: &Trace) -> Result<ExitCode, Failure> {
    let options = args.tree.options(&[])?;
    if let Some(to) = &args.to {
        let path = gup_driver::call_path(&options, &args.what, to)?;
        progress::clear();
        let Some(path) = path else {
            print(&format!("no call path from {} to {to} in the units that were read\n", args.what))?;
            return Ok(ExitCode::from(1));
        };
        let line = |(depth, step): (usize, &gup_driver::CallStep)| {
            format!("{}{} ({}:{})\n", "  ".repeat(depth), step.function, step.at.file, step.at.line)
        };
        print(&path.iter().enumerate().map(line).collect::<String>())?;
        return Ok(ExitCode::SUCCESS);
    }
    let outcome = gup_driver::audit(&options)?;
    progress::clear();
    let report = audit::published(&outcome);
    let mut text = completion::handlers(&outcome.analysis, &report, &args.what);
    text.push_str(&tree(&report, &args.what));
    if text.is_empty() {
        let message =
            format!("no acquisition or release at {0} in the ledger, and no completion {0} or function {0} in it", args.what);
        return Err(Failure::new(message));
    }
    print(&text)?;
    Ok(ExitCode::SUCCESS)
}

/// The sites meant by `file:line` or a function's name, each with what becomes of its references.
fn tree(report: &Report, what: &str) -> String {
    let at_line = what.rsplit_once(':').and_then(|(file, line)| Some((file, line.parse::<u32>().ok()?)));
    let is_there = |file: &str, line: u32| {
        let wanted = at_line.filter(|(_, at)| *at == line).map(|(file, _)| file);
        wanted.is_some_and(|wanted| file == wanted || file.ends_with(&format!("/{wanted}")))
    };
    let is_meant = |site: &&Site| match at_line {
        Some(_) => is_there(&site.file, site.line),
        None => site.function == what || site.releases.iter().any(|release| release.function == what),
    };
    let sites: String = report.ledger.sites.iter().filter(is_meant).map(|site| self::site(report, site)).collect();
    sites + &completion::releases(report, is_there)
}

fn site(report: &Report, site: &Site) -> String {
    let verdict = match site.reason.is_empty() {
        true => word(site.verdict).to_owned(),
        false => {
            let stop = site.stopped_at.as_ref();
            let stop = stop.map(|at| format!(" ({}:{} in {})", at.file, at.line, at.function)).unwrap_or_default();
            format!("{}: {}{stop}", word(site.verdict), site.reason)
        }
    };
    let mut text = format!("{}:{} {} in {} takes {}\n", site.file, site.line, site.api, site.function, site.kinds.join(" or "));
    let mut branches: Vec<String> = site.releases.iter().map(release).collect();
    let from_here = |origin: &gup_report::report::Origin| origin.file == site.file && origin.line == site.line;
    for slot in report.ledger.slots.iter().filter(|slot| slot.deposits.iter().any(from_here)) {
        branches.push(format!("kept in {}: {}", slot.slot, with_reason(word(slot.verdict), &slot.reason)));
        branches.extend(slot.withdrawals.iter().map(|withdrawal| format!("  {}", release(withdrawal))));
    }
    for completion in report.ledger.completions.iter().filter(|completion| completion.origins.iter().any(from_here)) {
        branches.push(format!(
            "completed by {}: {}",
            completion.handler,
            with_reason(word(completion.verdict), &completion.reason)
        ));
        branches.extend(completion.releases.iter().map(|done| format!("  {}", release(done))));
    }
    for finding in report.findings.iter().filter(|finding| finding.origin.as_ref().is_some_and(from_here)) {
        branches.push(format!("finding {} at {}:{}: {}", finding.rule, finding.file, finding.line, finding.message));
    }
    branches.push(verdict);
    text.push_str(&branches_below(&branches));
    text
}

fn branches_below(branches: &[String]) -> String {
    let mut lines = String::new();
    for (number, branch) in branches.iter().enumerate() {
        lines.push_str(&format!("{} {branch}\n", if number + 1 == branches.len() { "└─" } else { "├─" }));
    }
    lines
}

fn release(release: &Release) -> String {
    let via = if release.via.is_empty() { String::new() } else { format!(" via {}", release.via) };
    format!("{} at {}:{} in {}{via}", release.api, release.file, release.line, release.function)
}

fn with_reason(verdict: &str, reason: &str) -> String {
    if reason.is_empty() { verdict.to_owned() } else { format!("{verdict}, {reason}") }
}

fn word(verdict: gup_report::report::Verdict) -> &'static str {
    match verdict {
        gup_report::report::Verdict::Finding => "finding",
        gup_report::report::Verdict::Unresolved => "unresolved",
        gup_report::report::Verdict::Balanced => "balanced",
    }
}

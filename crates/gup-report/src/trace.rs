//! Where references go, as a tree of text: of an acquisition or a release, and of a completion what it is given.

mod completion;

use gup_analysis::finding::Analysis;

use crate::Report;
use crate::report::{Origin, Release, Site, Verdict};

/// What the completion handlers of that name are given; empty where there is none. Not all of it is in the report.
pub fn handlers(analysis: &Analysis, report: &Report, name: &str) -> String {
    completion::handlers(analysis, report, name)
}

/// The sites meant by `file:line` or a function's name, each with what becomes of its references; empty where the ledger has
/// nothing there.
pub fn render(report: &Report, what: &str) -> String {
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
    let from_here = |origin: &Origin| origin.file == site.file && origin.line == site.line;
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

fn word(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Finding => "finding",
        Verdict::Unresolved => "unresolved",
        Verdict::Balanced => "balanced",
    }
}

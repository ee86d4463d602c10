//! The end of every audit, for the terminal: how much was read, how much of it is decided, and what stands in the way of
//! the rest, so that the next contract or capability to build is obvious.

use std::collections::BTreeMap;

use crate::Report;
use crate::conversion;
use crate::report::{FileReason, ReasonCount, Units};

/// Rows of each table; the JSON report has all of them.
const MAX_ROWS: usize = 12;

/// `phases`: name and seconds of each step of the run, in order; none for a stored report.
pub fn render(report: &Report, phases: &[(String, f64)]) -> String {
    let mut text = format!("{} {}", report.tool.name, report.tool.version);
    text.push_str(&format!(": Linux {}, {}, policy {}\n\n", report.tree.version, report.tree.arch, report.tree.policy));
    text.push_str(&row("units", &units(&report.coverage.units)));
    text.push_str(&row("statements", &statements(report)));
    text.push_str(&row("sites", &sites(report)));
    text.push_str(&row("findings", &findings(report)));
    if !phases.is_empty() {
        text.push_str(&row("seconds", &seconds(phases)));
    }
    text.push_str(&table("unresolved sites by reason", &report.coverage.unresolved_reasons));
    text.push_str(&table("statements not understood, by reason", &report.coverage.opaque_statements));
    let unresolved = report.coverage.sites.unresolved;
    text.push_str(&conversion::summary(&report.conversion, &report.tree.policy, unresolved));
    text.push_str(&failed(&report.coverage.units.failed));
    text
}

fn row(name: &str, value: &str) -> String {
    format!("  {name:<12}{value}\n")
}

fn units(units: &Units) -> String {
    let Units { selected, extracted, failed, not_in_configuration, left_out } = units;
    let mut text = format!("{extracted} of {selected} read ({})", share(*extracted, *selected));
    if !failed.is_empty() {
        text.push_str(&format!(", {} failed", failed.len()));
    }
    if !not_in_configuration.is_empty() {
        text.push_str(&format!("; not in this configuration: {}", not_in_configuration.len()));
    }
    if !left_out.is_empty() {
        text.push_str(&format!("; acquisitions under an #ifdef that leaves them out: {}", left_out.len()));
    }
    text
}

fn statements(report: &Report) -> String {
    let n_opaque: u64 = report.coverage.opaque_statements.iter().map(|entry| entry.count).sum();
    let total = report.coverage.statements;
    format!("{total}, {n_opaque} of them not understood ({})", share(n_opaque, total))
}

fn sites(report: &Report) -> String {
    let counts = &report.coverage.sites;
    let part = |count: u64| format!("{count} ({})", share(count, counts.total));
    format!(
        "{}: {} balanced, {} with findings, {} unresolved",
        counts.total,
        part(counts.balanced),
        part(counts.finding),
        part(counts.unresolved)
    )
}

fn findings(report: &Report) -> String {
    let mut by_rule: BTreeMap<&str, u64> = BTreeMap::new();
    for finding in report.open() {
        *by_rule.entry(&finding.rule).or_default() += 1;
    }
    let rules: Vec<String> = by_rule.iter().map(|(rule, count)| format!("{count} {rule}")).collect();
    match by_rule.values().sum::<u64>() {
        0 => "none".to_owned(),
        total => format!("{total}: {}", rules.join(", ")),
    }
}

fn seconds(phases: &[(String, f64)]) -> String {
    let total: f64 = phases.iter().map(|(_, seconds)| seconds).sum();
    let parts: Vec<String> = phases.iter().map(|(name, seconds)| format!("{name} {seconds:.1}")).collect();
    format!("{total:.1}: {}", parts.join(", "))
}

fn table(title: &str, rows: &[ReasonCount]) -> String {
    if rows.is_empty() {
        return String::new();
    }
    let mut text = format!("\n  {title}\n");
    for ReasonCount { reason, count } in rows.iter().take(MAX_ROWS) {
        text.push_str(&format!("  {count:>8}  {reason}\n"));
    }
    if let Some(rest) = rows.get(MAX_ROWS..).filter(|rest| !rest.is_empty()) {
        let count: u64 = rest.iter().map(|row| row.count).sum();
        text.push_str(&format!("  {count:>8}  for {} other reasons\n", rest.len()));
    }
    text
}

fn failed(files: &[FileReason]) -> String {
    if files.is_empty() {
        return String::new();
    }
    let mut text = "\n  units that could not be read\n".to_owned();
    for FileReason { file, reason } in files.iter().take(MAX_ROWS) {
        text.push_str(&format!("    {file}: {reason}\n"));
    }
    if files.len() > MAX_ROWS {
        text.push_str(&format!("    and {} more\n", files.len() - MAX_ROWS));
    }
    text
}

/// Percent, without decimals except where that would say 0 or 100 of something that is neither.
fn share(part: u64, whole: u64) -> String {
    if whole == 0 {
        return "none".to_owned();
    }
    let percent = part as f64 * 100.0 / whole as f64;
    let is_exact = part == 0 || part == whole;
    if !is_exact && !(0.5..99.5).contains(&percent) { format!("{percent:.2} %") } else { format!("{percent:.0} %") }
}

//! A report taken apart by MAINTAINERS entry: for each one JSON file and one to read, for those who look after it.

use std::collections::BTreeMap;

use crate::report::{Report, Site, Subsystem, Verdict};
use crate::{Input, json, text};

/// Where findings and sites go that no entry is about.
const UNASSIGNED: &str = "unassigned";

/// Names of files and their contents: `memory-management.json`, a report of its own, and `memory-management.txt`. Only
/// subsystems with a site or a finding are there.
pub fn render(input: &Input<'_>) -> Vec<(String, String)> {
    let mut report = input.report.clone();
    name_the_unassigned(&mut report);
    let mut files = Vec::new();
    let mut taken: BTreeMap<String, usize> = BTreeMap::new();
    for subsystem in &report.subsystems {
        let part = report.only(|other| other.name == subsystem.name);
        let name = slug(&subsystem.name);
        let count = taken.entry(name.clone()).or_default();
        *count += 1;
        let name = if *count > 1 { format!("{name}-{count}") } else { name };
        files.push((format!("{name}.json"), json::report(&part)));
        files.push((format!("{name}.txt"), page(subsystem, &part, input.source)));
    }
    files
}

fn name_the_unassigned(report: &mut Report) {
    let findings = report.findings.iter_mut().map(|finding| &mut finding.subsystems);
    let sites = report.ledger.sites.iter_mut().map(|site| &mut site.subsystems);
    let mut any = false;
    for names in findings.chain(sites).filter(|names| names.is_empty()) {
        names.push(UNASSIGNED.to_owned());
        any = true;
    }
    if any {
        report.subsystems.push(Subsystem { name: UNASSIGNED.to_owned(), ..Subsystem::default() });
    }
}

/// Lower case, one `-` for what is neither letter nor digit.
fn slug(name: &str) -> String {
    let words = name.split(|char: char| !char.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
    let slug = words.collect::<Vec<_>>().join("-").to_lowercase();
    if slug.is_empty() { "subsystem".to_owned() } else { slug }
}

fn page(subsystem: &Subsystem, part: &Report, source: &dyn Fn(&str) -> Option<String>) -> String {
    let counts = &part.coverage.sites;
    let mut text = format!("{}\n\n", subsystem.name);
    let rows = [
        ("status", std::slice::from_ref(&subsystem.status)),
        ("maintainer", &subsystem.maintainers[..]),
        ("reviewer", &subsystem.reviewers),
        ("list", &subsystem.lists),
        ("tree", &subsystem.trees),
    ];
    for (name, values) in rows {
        text.extend(values.iter().filter(|value| !value.is_empty()).map(|value| format!("  {name:<12}{value}\n")));
    }
    text.push_str(&format!(
        "  {:<12}Linux {}, {}, policy {}\n  {:<12}{}: {} balanced, {} with findings, {} unresolved\n",
        "audited",
        part.tree.version,
        part.tree.arch,
        part.tree.policy,
        "sites",
        counts.total,
        counts.balanced,
        counts.finding,
        counts.unresolved
    ));
    text.push_str(&format!("\nFindings: {}\n\n", part.open().count()));
    text.push_str(&text::render(part, source, false));
    for (title, verdict) in [("Unresolved", Verdict::Unresolved), ("Balanced", Verdict::Balanced)] {
        let sites: Vec<&Site> = part.ledger.sites.iter().filter(|site| site.verdict == verdict).collect();
        text.push_str(&format!("{title}: {}\n", sites.len()));
        text.extend(sites.into_iter().map(line));
        text.push('\n');
    }
    text
}

fn line(site: &Site) -> String {
    let reason = if site.reason.is_empty() { String::new() } else { format!(": {}", site.reason) };
    format!("  {}:{} {}() in {}(){reason}\n", site.file, site.line, site.api, site.function)
}

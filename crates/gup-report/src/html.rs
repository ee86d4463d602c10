//! The report as one page to look at: ledger with filters, each path beside its source lines, graphs, plots. One file, no network.
//!
//! The page's own parts are in `html/`: `page.html`, `page.css` and scripts, each about one thing. They draw what they find in
//! the JSON that is put in here; source lines come from the tree, so a page with them is not for committing.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use crate::diff::Patch;
use crate::input::{Input, Standing};
use crate::report::Finding;

const PAGE: &str = include_str!("html/page.html");
const STYLE: &str = include_str!("html/page.css");
const SCRIPTS: [&str; 6] = [
    include_str!("html/elements.js"),
    include_str!("html/plots.js"),
    include_str!("html/graph.js"),
    include_str!("html/findings.js"),
    include_str!("html/ledger.js"),
    include_str!("html/start.js"),
];

/// Lines shown around a step of a path, and around an acquisition.
const AROUND_STEP: u32 = 4;
const AROUND_SITE: u32 = 2;

/// The page. Without source, places stand without their lines.
pub fn render(input: &Input<'_>) -> String {
    let findings = input.findings();
    let lines = lines(input, &findings);
    let standing: Vec<&str> = findings.iter().map(|(standing, _)| name(*standing)).collect();
    let mut report = input.report.clone();
    report.findings = findings.into_iter().map(|(_, finding)| finding.clone()).collect();
    report.conversion.clear();
    let rules: BTreeMap<&str, &str> = input.rules.iter().map(|rule| (rule.name.as_str(), rule.summary.as_str())).collect();
    let data = json!({
        "report": report,
        "standing": standing,
        "change": input.change.map(|change| json!({
            "unchanged": change.unchanged, "changed": change.changed, "sites": change.sites, "remarks": change.remarks,
        })),
        "rules": rules,
        "patches": input.patches.iter().map(patch).collect::<Vec<_>>(),
        "lines": lines,
    });
    let title = format!("gupcheck: Linux {}, {}, policy {}", report.tree.version, report.tree.arch, report.tree.policy);
    // Nothing in a string of the data can end the element that it stands in.
    let data = data.to_string().replace('<', "\\u003c");
    let parts =
        [("{{title}}", escaped(&title)), ("{{style}}", STYLE.to_owned()), ("{{data}}", data), ("{{script}}", SCRIPTS.concat())];
    let mut page = String::new();
    let mut rest = PAGE;
    for (mark, content) in parts {
        let (before, after) = rest.split_once(mark).expect("page.html has the marks, in this order");
        page.push_str(before);
        page.push_str(&content);
        rest = after;
    }
    page.push_str(rest);
    page
}

fn name(standing: Standing) -> &'static str {
    match standing {
        Standing::Present => "present",
        Standing::New => "new",
        Standing::Old => "old",
        Standing::Fixed => "fixed",
        Standing::Suppressed => "suppressed",
    }
}

fn patch(patch: &Patch) -> Value {
    let introduced = patch.difference.introduced.iter().filter(|finding| finding.is_open()).map(|finding| {
        let Finding { fingerprint, file, line, rule, message, .. } = finding;
        json!({ "fingerprint": fingerprint, "file": file, "line": line, "rule": rule, "message": message })
    });
    json!({ "title": patch.title, "introduced": introduced.collect::<Vec<_>>(), "fixed": patch.difference.fixed.len() })
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;")
}

/// The source lines that the page shows, by file and number.
fn lines(input: &Input<'_>, findings: &[(Standing, &Finding)]) -> BTreeMap<String, BTreeMap<u32, String>> {
    let mut wanted: BTreeMap<&str, BTreeSet<u32>> = BTreeMap::new();
    let mut want = |file, line: u32, around: u32| {
        let range = line.saturating_sub(around).max(1)..=line.saturating_add(around);
        wanted.entry(file).or_default().extend(range.filter(|_| line > 0));
    };
    for (_, finding) in findings {
        want(finding.file.as_str(), finding.line, AROUND_STEP);
        finding.path.iter().for_each(|step| want(step.file.as_str(), step.line, AROUND_STEP));
    }
    for site in &input.report.ledger.sites {
        want(site.file.as_str(), site.line, AROUND_SITE);
    }
    let mut lines = BTreeMap::new();
    for (file, numbers) in wanted {
        let Some(source) = (input.source)(file) else { continue };
        let of_file = source.lines().zip(1..).filter(|(_, number)| numbers.contains(number));
        lines.insert(file.to_owned(), of_file.map(|(line, number)| (number, line.to_owned())).collect());
    }
    lines
}

//! KCIDB v5.3, what KernelCI's database takes: one test a rule, one issue a fingerprint, an incident for each finding.
//!
//! There is no "finding" in KCIDB. `static.gupcheck` is the whole, with the number of findings; `static.gupcheck.coverage` says
//! how much was read, so that an empty run does not look clean. Held in the tests against PyPI's kcidb-io.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use crate::gcc;
use crate::input::Input;
use crate::json::pretty;
use crate::report::Finding;

/// The schema's limit of `log_excerpt`.
const MAX_EXCERPT: usize = 16_384;
/// Of the meaning that this version gives to an issue.
const ISSUE_VERSION: u64 = 1;

/// Under which names the results are sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sender<'a> {
    /// Of the CI system: letters, digits and `_`, all lower case.
    pub origin: &'a str,
    /// Of a build that the CI system sends itself; without, build and checkout are made up from version and architecture.
    pub build: Option<&'a str>,
}

impl<'a> Sender<'a> {
    /// Refuses what the database would refuse, with the reason.
    pub fn new(origin: &'a str, build: Option<&'a str>) -> Result<Sender<'a>, String> {
        let is_name = |char: char| char.is_ascii_lowercase() || char.is_ascii_digit() || char == '_';
        if origin.is_empty() || !origin.chars().all(is_name) {
            return Err(format!("`{origin}` is no KCIDB origin: lower-case letters, digits and _"));
        }
        if let Some(build) = build.filter(|build| build.split_once(':').is_none_or(|(by, id)| by.is_empty() || id.is_empty())) {
            return Err(format!("`{build}` is no KCIDB build: write it as ORIGIN:ID"));
        }
        Ok(Sender { origin, build })
    }
}

/// The submission as JSON, indented. Of a change, what it introduces counts; what it leaves is told in `misc`.
pub fn render(input: &Input<'_>, sender: &Sender<'_>) -> String {
    let report = input.report;
    let own_build = format!("{}:linux-{}-{}", sender.origin, report.tree.version, report.tree.arch);
    let build = sender.build.unwrap_or(&own_build);
    let new = input.told();
    // Equal fingerprints are one issue.
    let by_issue: BTreeMap<String, &Finding> =
        new.iter().rev().map(|finding| (issue_id(sender.origin, finding), *finding)).collect();
    let mut tests = vec![whole(input, &new), coverage(input)];
    let rules: BTreeSet<&str> =
        input.rules.iter().map(|rule| rule.name.as_str()).chain(new.iter().map(|finding| finding.rule.as_str())).collect();
    tests.extend(rules.into_iter().map(|rule| of_rule(input, rule, &new)));
    for test in &mut tests {
        let id = format!("{}:{}-{}", sender.origin, after_colon(build), test["path"].as_str().unwrap_or_default());
        test["id"] = id.into();
        test["origin"] = sender.origin.into();
        test["build_id"] = build.into();
    }
    let mut submission = json!({
        "version": { "major": 5, "minor": 3 },
        "tests": tests,
        "issues": issues(sender.origin, &by_issue),
        "incidents": incidents(sender.origin, after_colon(build), &by_issue),
    });
    if sender.build.is_none() {
        let checkout = format!("{}:linux-{}", sender.origin, report.tree.version);
        submission["checkouts"] =
            json!([{ "id": checkout, "origin": sender.origin, "comment": format!("Linux {}", report.tree.version) }]);
        submission["builds"] = json!([{
            "id": own_build, "origin": sender.origin, "checkout_id": checkout, "architecture": report.tree.arch,
        }]);
    }
    pretty(&submission)
}

fn whole(input: &Input<'_>, new: &[&Finding]) -> Value {
    let units = &input.report.coverage.units;
    let status = match (units.selected > 0 && units.extracted == 0, new.is_empty()) {
        (true, _) => "ERROR",
        (false, true) => "PASS",
        (false, false) => "FAIL",
    };
    let mut misc = json!({
        "tool": input.report.tool,
        "tree": input.report.tree,
        "sites": input.report.coverage.sites,
    });
    if let Some(change) = input.change {
        misc["unchanged"] = change.unchanged.into();
        misc["fixed"] = change.fixed.iter().map(|finding| finding.fingerprint.as_str()).collect();
    }
    let mut test = json!({ "path": "static.gupcheck", "status": status, "number": { "value": new.len() }, "misc": misc });
    if !new.is_empty() {
        test["log_excerpt"] = excerpt(new).into();
    }
    test
}

fn coverage(input: &Input<'_>) -> Value {
    let units = &input.report.coverage.units;
    let percent = if units.selected == 0 { 100.0 } else { units.extracted as f64 * 100.0 / units.selected as f64 };
    json!({
        "path": "static.gupcheck.coverage",
        "status": if units.failed.is_empty() { "DONE" } else { "ERROR" },
        "number": { "value": percent, "unit": "%" },
        "misc": { "failed": units.failed, "not_in_configuration": units.not_in_configuration, "left_out": units.left_out },
    })
}

fn of_rule(input: &Input<'_>, rule: &str, new: &[&Finding]) -> Value {
    let of: Vec<&Finding> = new.iter().filter(|finding| finding.rule == rule).copied().collect();
    let mut test = json!({
        "path": format!("static.gupcheck.{rule}"),
        "status": if of.is_empty() { "PASS" } else { "FAIL" },
        "number": { "value": of.len() },
    });
    if let Some(text) = input.rules.iter().find(|text| text.name == rule) {
        test["comment"] = text.summary.as_str().into();
    }
    if !of.is_empty() {
        test["log_excerpt"] = excerpt(&of).into();
    }
    test
}

fn issues(origin: &str, by_issue: &BTreeMap<String, &Finding>) -> Vec<Value> {
    let issue = |(id, finding): (&String, &&Finding)| {
        json!({
            "id": id,
            "origin": origin,
            "version": ISSUE_VERSION,
            "culprit": { "code": true, "tool": false, "harness": false },
            "comment": format!("{}: {}: {} [{}]", finding.file, finding.function, finding.message, finding.rule),
            "misc": {
                "category": "static.page-references",
                "fingerprint": finding.fingerprint,
                "rule": finding.rule,
                "confidence": finding.confidence,
                "file": finding.file,
                "function": finding.function,
                "maintainers": finding.maintainers,
                "lists": finding.lists,
            },
        })
    };
    by_issue.iter().map(issue).collect()
}

fn incidents(origin: &str, build: &str, by_issue: &BTreeMap<String, &Finding>) -> Vec<Value> {
    let incident = |(issue, finding): (&String, &&Finding)| {
        json!({
            "id": format!("{origin}:{build}-{}", after_colon(issue)),
            "origin": origin,
            "issue_id": issue,
            "issue_version": ISSUE_VERSION,
            "test_id": format!("{origin}:{build}-static.gupcheck.{}", finding.rule),
            "present": true,
            "comment": format!("{}:{}", finding.file, finding.line),
        })
    };
    by_issue.iter().map(incident).collect()
}

fn issue_id(origin: &str, finding: &Finding) -> String {
    format!("{origin}:{}", finding.fingerprint.replace(':', "-"))
}

fn after_colon(id: &str) -> &str {
    id.split_once(':').map_or(id, |(_, rest)| rest)
}

/// As many whole findings as fit.
fn excerpt(findings: &[&Finding]) -> String {
    let mut text = String::new();
    for finding in findings {
        let more = gcc::finding(finding);
        if text.chars().count() + more.chars().count() > MAX_EXCERPT {
            break;
        }
        text.push_str(&more);
    }
    text
}

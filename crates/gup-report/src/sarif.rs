//! SARIF 2.1.0 (OASIS): one run, each path as a code flow, paths relative to `SRCROOT`. For GitHub, CodeChecker, editors.
//!
//! Held in the tests against the official schema and read by CodeChecker's report-converter.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use crate::input::{Input, RuleText, Standing};
use crate::json::pretty;
use crate::report::{Finding, Step, Suggestion};

/// GitHub reads no more of one run ("SARIF results exceed one or more limits", docs.github.com).
const MAX_RESULTS: usize = 25_000;
/// It shows 1,000 steps of a result and refuses 10,000; nobody reads more than these.
const MAX_STEPS: usize = 200;
const SCHEMA: &str = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json";
const BASE: &str = "SRCROOT";

/// The log as JSON, indented. With `root`, `SRCROOT` is that directory on this machine: CodeChecker wants to read the source;
/// without, the log is the same on every machine.
pub fn render(input: &Input<'_>) -> String {
    let mut findings = input.findings();
    let left_out = findings.len().saturating_sub(MAX_RESULTS);
    if left_out > 0 {
        findings.sort_by_key(|(_, finding)| std::cmp::Reverse((finding.severity, finding.confidence)));
        findings.truncate(MAX_RESULTS);
    }
    let results: Vec<Value> = findings.iter().map(|(standing, finding)| result(input, *standing, finding)).collect();
    let mut run = json!({
        "tool": { "driver": driver(input) },
        "automationDetails": { "id": format!("gupcheck/{}/", input.report.tree.arch) },
        "invocations": [{
            "executionSuccessful": true,
            "toolExecutionNotifications": notifications(input, left_out),
        }],
        "columnKind": "unicodeCodePoints",
        "results": results,
        "properties": { "tree": input.report.tree, "sites": input.report.coverage.sites },
    });
    if let Some(root) = input.root {
        run["originalUriBaseIds"] = json!({ BASE: { "uri": format!("file://{}/", uri(root.trim_end_matches('/'))) } });
    }
    let log = json!({ "$schema": SCHEMA, "version": "2.1.0", "runs": [run] });
    pretty(&log)
}

fn driver(input: &Input<'_>) -> Value {
    json!({
        "name": "gupcheck",
        "semanticVersion": input.report.tool.version,
        "rules": input.rules.iter().map(rule).collect::<Vec<_>>(),
        "notifications": [
            { "id": "unit-failed", "shortDescription": { "text": "a file of this configuration could not be read" } },
            { "id": "results-omitted", "shortDescription": { "text": "there are more findings than readers of SARIF take" } },
        ],
    })
}

/// All rules are listed, so that "ran and found nothing" can be seen.
fn rule(rule: &RuleText) -> Value {
    let mut value = json!({
        "id": rule.name,
        "shortDescription": { "text": rule.summary },
        "defaultConfiguration": { "level": rule.severity.level() },
        "properties": { "tags": ["linux-kernel", "page-references"] },
    });
    if !rule.page.is_empty() {
        value["help"] = json!({ "text": rule.page, "markdown": rule.page });
    }
    value
}

fn notifications(input: &Input<'_>, left_out: usize) -> Vec<Value> {
    let failed = input.report.coverage.units.failed.iter().map(|unit| {
        json!({
            "descriptor": { "id": "unit-failed" },
            "level": "error",
            "message": { "text": format!("{} could not be read: {}", unit.file, unit.reason) },
            "locations": [{ "physicalLocation": { "artifactLocation": artifact(&unit.file) } }],
        })
    });
    let omitted = (left_out > 0).then(|| {
        json!({
            "descriptor": { "id": "results-omitted" },
            "level": "warning",
            "message": { "text": format!("{left_out} findings of lower severity are left out; the JSON report has them") },
        })
    });
    failed.chain(omitted).collect()
}

fn result(input: &Input<'_>, standing: Standing, finding: &Finding) -> Value {
    let mut value = json!({
        "ruleId": finding.rule,
        "level": finding.severity.level(),
        "message": { "text": finding.message },
        "locations": [place(&finding.file, finding.line, finding.column, &finding.function, None)],
        "partialFingerprints": { "gupcheck/v1": finding.fingerprint },
        "properties": {
            "confidence": finding.confidence,
            "precision": finding.confidence.name(),
            "assumptions": finding.assumptions,
            "doubts": finding.doubts,
            "maintainers": finding.maintainers,
            "lists": finding.lists,
            "subsystems": finding.subsystems,
        },
    });
    if let Some(index) = input.rules.iter().position(|rule| rule.name == finding.rule) {
        value["ruleIndex"] = index.into();
    }
    if !finding.path.is_empty() {
        value["codeFlows"] = json!([{ "threadFlows": [{ "locations": steps(&finding.path) }] }]);
    }
    if let Some(origin) = &finding.origin {
        let message = format!("{}() takes the references", origin.api);
        value["relatedLocations"] = json!([place(&origin.file, origin.line, 0, &origin.function, Some(&message))]);
    }
    match &finding.suggestion {
        Some(suggestion) if !suggestion.edits.is_empty() => value["fixes"] = json!([fix(suggestion)]),
        // A fix without edits is none in SARIF.
        Some(suggestion) => value["properties"]["suggestion"] = suggestion.message.as_str().into(),
        None => {}
    }
    let patches = input.introduced_by(finding);
    if !patches.is_empty() {
        value["properties"]["patches"] = json!(patches);
    }
    let state = match standing {
        Standing::Present | Standing::Suppressed => None,
        Standing::New => Some("new"),
        Standing::Old => Some("unchanged"),
        Standing::Fixed => Some("absent"),
    };
    if let Some(state) = state {
        value["baselineState"] = state.into();
    }
    if let Some(suppressed) = &finding.suppressed {
        value["suppressions"] = json!([{ "kind": "external", "status": "accepted", "justification": suppressed.reason }]);
    }
    value
}

/// The first and the last are essential; of a path that is too long the middle is left out.
fn steps(path: &[Step]) -> Vec<Value> {
    let (begin, end) = match path.len() > MAX_STEPS {
        true => (&path[..MAX_STEPS / 2], &path[path.len() - MAX_STEPS / 2..]),
        false => (path, &path[..0]),
    };
    let numbered = begin.iter().enumerate().chain(end.iter().enumerate().map(|(at, step)| (path.len() - end.len() + at, step)));
    numbered
        .map(|(index, step)| {
            let is_end = index == 0 || index + 1 == path.len();
            json!({
                "location": place(&step.file, step.line, step.column, &step.function, Some(&step.message)),
                "executionOrder": index + 1,
                "importance": if is_end { "essential" } else { "important" },
            })
        })
        .collect()
}

/// A line or column of 0 is not known and left out.
fn place(file: &str, line: u32, column: u32, function: &str, message: Option<&str>) -> Value {
    let mut physical = json!({ "artifactLocation": artifact(file) });
    if line > 0 {
        let mut region = Map::from_iter([("startLine".to_owned(), line.into())]);
        if column > 0 {
            region.insert("startColumn".to_owned(), column.into());
        }
        physical["region"] = region.into();
    }
    let mut value = json!({ "physicalLocation": physical });
    if !function.is_empty() {
        value["logicalLocations"] = json!([{ "name": function, "kind": "function" }]);
    }
    if let Some(message) = message {
        value["message"] = json!({ "text": message });
    }
    value
}

/// Edits of one file stand together.
fn fix(suggestion: &Suggestion) -> Value {
    let mut files: BTreeMap<&str, Vec<Value>> = BTreeMap::new();
    for edit in &suggestion.edits {
        let lines = edit.replace.matches('\n').count() as u32;
        let last = edit.replace.rsplit('\n').next().unwrap_or_default().chars().count() as u32;
        let end = if lines == 0 { edit.column + last } else { 1 + last };
        files.entry(edit.file.as_str()).or_default().push(json!({
            "deletedRegion": {
                "startLine": edit.line, "startColumn": edit.column, "endLine": edit.line + lines, "endColumn": end,
            },
            "insertedContent": { "text": edit.with },
        }));
    }
    let change =
        |(file, replacements): (&str, Vec<Value>)| json!({ "artifactLocation": artifact(file), "replacements": replacements });
    json!({
        "description": { "text": suggestion.message },
        "artifactChanges": files.into_iter().map(change).collect::<Vec<_>>(),
    })
}

fn artifact(file: &str) -> Value {
    json!({ "uri": uri(file), "uriBaseId": BASE })
}

/// A path as RFC 3986 wants it.
fn uri(path: &str) -> String {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"/-._~+,@".contains(&byte);
    path.bytes().map(|byte| if is_plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") }).collect()
}

//! What `b4.review-perpatch-check-cmd` prints (b4 0.16): a list of checks, each `pass`, `warn` or `fail`.
//!
//! b4 shows `summary` in a line and `details` when asked. Without output b4 takes a check for not run, so there is one entry
//! at least. Held in the tests against b4's own reader.

use serde_json::{Value, json};

use crate::diff::{FileStatus, Patch};
use crate::gcc;
use crate::input::Input;
use crate::json::pretty;
use crate::report::{Finding, Severity};

/// The list as JSON, indented: a check for each new finding, and one for each file that was not looked at.
pub fn render(input: &Input<'_>) -> String {
    let mut checks: Vec<Value> = if input.patches.is_empty() {
        input.told().into_iter().map(|finding| of_finding(finding, "")).collect()
    } else {
        input.patches.iter().flat_map(of_patch).collect()
    };
    if checks.is_empty() {
        checks.push(check("pass", &passed(input), ""));
    }
    checks.extend(not_analysed(input).into_iter().map(|summary| check("warn", &summary, "")));
    pretty(&checks)
}

/// What a patch brings is wrong in it, also where a later one mends it.
fn of_patch(patch: &Patch) -> Vec<Value> {
    let open = patch.difference.introduced.iter().filter(|finding| finding.is_open());
    open.map(|finding| of_finding(finding, &format!("{}: ", patch.title))).collect()
}

fn of_finding(finding: &Finding, patch: &str) -> Value {
    let status = if finding.severity == Severity::Error { "fail" } else { "warn" };
    let Finding { file, line, message, rule, .. } = finding;
    check(status, &format!("{patch}{file}:{line}: {message} [{rule}]"), &gcc::finding(finding))
}

fn check(status: &str, summary: &str, details: &str) -> Value {
    json!({ "tool": "gupcheck", "status": status, "summary": summary, "url": "", "details": details })
}

/// A file that was not read is not clean.
fn not_analysed(input: &Input<'_>) -> Vec<String> {
    let Some(change) = input.change else {
        let failed = &input.report.coverage.units.failed;
        return failed.iter().map(|unit| format!("{} could not be read: {}", unit.file, unit.reason)).collect();
    };
    let is_missing = |status| matches!(status, FileStatus::Failed | FileStatus::NotInConfiguration);
    let missing = change.changed.iter().filter(|changed| is_missing(changed.status));
    missing.map(|changed| format!("{} was not analysed: {}", changed.file, changed.reason)).collect()
}

fn passed(input: &Input<'_>) -> String {
    match input.change {
        Some(change) => format!("no new findings; fixed {}, unchanged {}", change.fixed.len(), change.unchanged),
        None => format!("no findings at {} acquisitions", input.report.coverage.sites.total),
    }
}

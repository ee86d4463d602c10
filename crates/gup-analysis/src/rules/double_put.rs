//! The same references dropped twice.

use super::{Rule, Subject};
use crate::exec::event::{Event, EventKind};
use crate::finding::Severity;

pub(super) const RULE: Rule = Rule {
    name: "double-put",
    summary: "the same references are released twice on one path",
    severity: Severity::Error,
    is_about_balance: true,
    remedy: None,
    check,
};

fn check(event: &Event, subject: &Subject<'_>) -> Option<String> {
    let EventKind::Twice = event.kind else { return None };
    let origin = if subject.acquired_by.is_empty() { String::new() } else { format!(" taken by {}()", subject.acquired_by) };
    Some(format!("{}() releases references{origin} that were released before", subject.released_by))
}

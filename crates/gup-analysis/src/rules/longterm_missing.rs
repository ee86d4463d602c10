//! Pins that outlive the call that took them.

use super::{Rule, Subject};
use crate::exec::event::{Event, EventKind};
use crate::finding::Severity;

pub(super) const RULE: Rule = Rule {
    name: "longterm-missing",
    summary: "pins are kept beyond the system call without FOLL_LONGTERM",
    severity: Severity::Warning,
    is_about_balance: false,
    remedy: None,
    check,
};

fn check(event: &Event, subject: &Subject<'_>) -> Option<String> {
    let EventKind::ShortTerm = event.kind else { return None };
    Some(format!("pages from {}() stay pinned after the call, but were not pinned for long", subject.acquired_by))
}

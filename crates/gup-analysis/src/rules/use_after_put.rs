//! A page that may be another one's by now.

use super::{Rule, Subject};
use crate::exec::event::{Event, EventKind};
use crate::finding::Severity;

pub(super) const RULE: Rule = Rule {
    name: "use-after-put",
    summary: "a page is used after the last reference to it was dropped",
    severity: Severity::Error,
    is_about_balance: false,
    remedy: None,
    check,
};

fn check(event: &Event, subject: &Subject<'_>) -> Option<String> {
    let EventKind::UsedAfter = event.kind else { return None };
    Some(format!("a page from {}() is used after its reference was dropped", subject.acquired_by))
}

//! The page lock, where nobody may wait for it.

use super::{Rule, Subject};
use crate::exec::event::{Event, EventKind};
use crate::finding::Severity;

pub(super) const RULE: Rule = Rule {
    name: "sleeping-release",
    summary: "a release that may sleep, where sleeping is not allowed",
    severity: Severity::Error,
    is_about_balance: false,
    remedy: None,
    check,
};

fn check(event: &Event, _: &Subject<'_>) -> Option<String> {
    let EventKind::Sleeps { handler } = &event.kind else { return None };
    Some(if handler.is_empty() {
        "marking pages dirty under their lock may sleep, which is not allowed here".into()
    } else {
        format!("{handler}() may be called where sleeping is not allowed, and marks pages dirty under their lock")
    })
}

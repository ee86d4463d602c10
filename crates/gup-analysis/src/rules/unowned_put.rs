//! A release of references that this code does not hold.

use super::{Rule, Subject};
use crate::exec::event::{Event, EventKind};
use crate::finding::Severity;

pub(super) const RULE: Rule = Rule {
    name: "unowned-put",
    summary: "references are released that this code does not hold",
    severity: Severity::Error,
    is_about_balance: true,
    remedy: None,
    check,
};

fn check(event: &Event, subject: &Subject<'_>) -> Option<String> {
    match event.kind {
        EventKind::Unheld { borrowed: true, .. } => {
            Some(format!("{}() releases pages on which no reference was taken", subject.released_by))
        }
        EventKind::Unheld { borrowed: false, .. } if !subject.acquired_by.is_empty() => {
            Some(format!("{}() releases pages that {}() did not obtain on this path", subject.released_by, subject.acquired_by))
        }
        EventKind::ErrorPointer => Some(format!("{}() is given an error code made a pointer, no page", subject.released_by)),
        EventKind::Unheld { .. } => Some(format!("{}() releases pages that were not obtained on this path", subject.released_by)),
        _ => None,
    }
}

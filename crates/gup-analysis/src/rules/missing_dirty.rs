//! Pages were written to, and whoever writes them back is not told.

use super::{Remedy, Rule, Subject};
use crate::exec::event::{Event, EventKind};
use crate::finding::Severity;

pub(super) const RULE: Rule = Rule {
    name: "missing-dirty",
    summary: "pages that were written to are released without being marked dirty",
    severity: Severity::Error,
    is_about_balance: false,
    remedy: Some(Remedy::Dirtying),
    check,
};

fn check(event: &Event, subject: &Subject<'_>) -> Option<String> {
    let EventKind::Undirtied { .. } = event.kind else { return None };
    let by = if subject.released_by.is_empty() { String::new() } else { format!(" by {}()", subject.released_by) };
    Some(format!("pages from {}() were written to and are released{by} without being marked dirty", subject.acquired_by))
}

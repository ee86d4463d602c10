//! More released than obtained.

use super::{Rule, Subject};
use crate::exec::event::{Event, EventKind};
use crate::finding::Severity;

pub(super) const RULE: Rule = Rule {
    name: "count-mismatch",
    summary: "more or fewer references are released than were obtained",
    severity: Severity::Error,
    check,
};

fn check(event: &Event, subject: &Subject<'_>) -> Option<String> {
    let EventKind::TooMany = event.kind else { return None };
    Some(format!("{}() releases more pages than {}() obtained on this path", subject.released_by, subject.acquired_by))
}

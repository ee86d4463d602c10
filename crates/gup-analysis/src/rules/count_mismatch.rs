//! More or fewer released than obtained.

use super::{Remedy, Rule, Subject};
use crate::exec::event::{Event, EventKind};
use crate::finding::Severity;

pub(super) const RULE: Rule = Rule {
    name: "count-mismatch",
    summary: "more or fewer references are released than were obtained",
    severity: Severity::Error,
    is_about_balance: true,
    remedy: Some(Remedy::Release),
    check,
};

fn check(event: &Event, subject: &Subject<'_>) -> Option<String> {
    match &event.kind {
        EventKind::TooMany => {
            Some(format!("{}() releases more pages than {}() obtained on this path", subject.released_by, subject.acquired_by))
        }
        EventKind::TooFew => Some(format!("fewer pages are released than {}() obtained on this path", subject.acquired_by)),
        EventKind::Overcounted { slot, length } => Some(format!(
            "{length}, which all releases of what {}() put into {slot} go by, says that there is more than was obtained",
            subject.acquired_by
        )),
        _ => None,
    }
}

//! References that nobody owns any more.

use super::{Remedy, Rule, Subject};
use crate::exec::event::{Event, EventKind};
use crate::finding::Severity;

pub(super) const RULE: Rule = Rule {
    name: "leak",
    summary: "references are held with no owner left to release them",
    severity: Severity::Error,
    is_about_balance: true,
    remedy: Some(Remedy::Release),
    check,
};

fn check(event: &Event, subject: &Subject<'_>) -> Option<String> {
    if subject.handler.is_some() {
        return None;
    }
    match &event.kind {
        EventKind::Lost { short: false, freed: false } => {
            Some(format!("references taken by {}() are never released on this path", subject.acquired_by))
        }
        EventKind::Lost { short: false, freed: true } => {
            Some(format!("the memory that holds references taken by {}() is freed while they are held", subject.acquired_by))
        }
        EventKind::Uncounted { slot, length } => Some(format!(
            "what {}() put into {slot} is left there while {length}, which all releases of it go by, says that there is none",
            subject.acquired_by
        )),
        EventKind::Undrained { slot } => Some(format!("nobody takes out of {slot} what {}() put there", subject.acquired_by)),
        _ => None,
    }
}

//! Released by a call that does not match how the references were obtained.

use super::{Remedy, Rule, Subject};
use crate::exec::event::{Event, EventKind};
use crate::finding::Severity;

pub(super) const RULE: Rule = Rule {
    name: "wrong-put",
    summary: "references are released by a call that does not match how they were obtained",
    severity: Severity::Error,
    is_about_balance: true,
    remedy: Some(Remedy::AnotherCall),
    check,
};

fn check(event: &Event, subject: &Subject<'_>) -> Option<String> {
    match (&event.kind, subject.handler) {
        (EventKind::WrongClass { .. }, None) => {
            Some(format!("{} are released by {}(); they need {}", subject.pages, subject.released_by, subject.wanted))
        }
        (EventKind::GivenAs { by, promised, .. }, _) => Some(format!(
            "{} need {}, but the callers of {by}() get them as {} references",
            subject.pages,
            subject.wanted,
            promised.name()
        )),
        _ => None,
    }
}

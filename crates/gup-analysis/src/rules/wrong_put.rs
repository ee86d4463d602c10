//! Released by a call that does not match how the references were obtained.

use super::{Rule, Subject};
use crate::exec::event::{Event, EventKind};
use crate::finding::Severity;

pub(super) const RULE: Rule = Rule {
    name: "wrong-put",
    summary: "references are released by a call that does not match how they were obtained",
    severity: Severity::Error,
    is_about_balance: true,
    check,
};

fn check(event: &Event, subject: &Subject<'_>) -> Option<String> {
    let (EventKind::WrongClass { .. }, None) = (&event.kind, subject.handler) else { return None };
    let (released_by, wanted) = (subject.released_by, subject.wanted);
    Some(match (subject.acquired_by, &event.kind) {
        ("", EventKind::WrongClass { kind, .. }) => {
            let kind = format!("{kind:?}").to_lowercase();
            format!("references of kind {kind} are released by {released_by}(); they need {wanted}")
        }
        (acquired_by, _) => format!("pages from {acquired_by}() are released by {released_by}(); they need {wanted}"),
    })
}

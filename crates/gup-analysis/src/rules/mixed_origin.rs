//! Pages of kinds that need different releases, in one carrier, released all the same way.

use super::{Remedy, Rule, Subject};
use crate::exec::event::{Event, EventKind};
use crate::finding::Severity;

pub(super) const RULE: Rule = Rule {
    name: "mixed-origin",
    summary: "one carrier holds pages of kinds that need different releases, and all are released the same way",
    severity: Severity::Error,
    is_about_balance: true,
    remedy: Some(Remedy::AnotherCall),
    check,
};

fn check(event: &Event, subject: &Subject<'_>) -> Option<String> {
    let EventKind::Mixed { kinds: (fitting, other), .. } = event.kind else { return None };
    let released_by = subject.released_by;
    let (fitting, other) = (fitting.name(), other.name());
    Some(format!(
        "{released_by}() releases references of kind {fitting} and {other} out of one carrier; {other} needs {}",
        subject.wanted
    ))
}

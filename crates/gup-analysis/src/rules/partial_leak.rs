//! Some pages were obtained, fewer than asked for, and those are forgotten.

use super::{Remedy, Rule, Subject};
use crate::exec::event::{Event, EventKind};
use crate::finding::Severity;

pub(super) const RULE: Rule = Rule {
    name: "partial-leak",
    summary: "a short return is treated as failure and the pages obtained are forgotten",
    severity: Severity::Error,
    is_about_balance: true,
    remedy: Some(Remedy::Release),
    check,
};

fn check(event: &Event, subject: &Subject<'_>) -> Option<String> {
    let (EventKind::Lost { short: true, freed }, None) = (&event.kind, subject.handler) else { return None };
    let how = if *freed { "their array is freed while they are held" } else { "they are never released on this path" };
    Some(format!("{}() can return fewer pages than asked for; {how}", subject.acquired_by))
}

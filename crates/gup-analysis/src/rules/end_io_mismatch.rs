//! A completion that drops what its submitter did not obtain that way, or never drops what it must.

use super::{Remedy, Rule, Subject};
use crate::exec::event::{Event, EventKind};
use crate::finding::Severity;

pub(super) const RULE: Rule = Rule {
    name: "end-io-mismatch",
    summary: "a completion does not release the references as its submitter obtained them",
    severity: Severity::Error,
    is_about_balance: true,
    remedy: Some(Remedy::AnotherCall),
    check,
};

fn check(event: &Event, subject: &Subject<'_>) -> Option<String> {
    let handler = subject.handler?;
    match event.kind {
        EventKind::WrongClass { .. } => {
            Some(format!("{handler}() releases {} by {}(); they need {}", subject.pages, subject.released_by, subject.wanted))
        }
        EventKind::Lost { .. } => {
            Some(format!("{handler}() ends what holds references taken by {}() and does not release them", subject.acquired_by))
        }
        _ => None,
    }
}

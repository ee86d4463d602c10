//! Released by a call that does not match how the references were obtained.

use super::{Rule, Subject};
use crate::exec::event::{Event, EventKind};
use crate::finding::Severity;
use crate::summary::RefKind;

pub(super) const RULE: Rule = Rule {
    name: "wrong-put",
    summary: "references are released by a call that does not match how they were obtained",
    severity: Severity::Error,
    check,
};

fn check(event: &Event, subject: &Subject<'_>) -> Option<String> {
    let EventKind::WrongClass { kind, .. } = event.kind else { return None };
    let pages = match (subject.acquired_by, kind) {
        ("", RefKind::Cache) => "pages from the page cache".to_owned(),
        ("", RefKind::Alloc) => "pages from the page allocator".to_owned(),
        ("", _) => "pages with an ordinary reference".to_owned(),
        (api, _) => format!("pages from {api}()"),
    };
    Some(format!("{pages} are released by {}(); they need {}", subject.released_by, subject.wanted))
}

//! References of the wrong kind for what is done with the pages.

use super::{Rule, Subject};
use crate::exec::event::{Event, EventKind};
use crate::finding::Severity;

pub(super) const RULE: Rule = Rule {
    name: "get-for-dma",
    summary: "pages whose content is worked on are held by an ordinary reference",
    severity: Severity::Warning,
    is_about_balance: false,
    remedy: None,
    check,
};

fn check(event: &Event, subject: &Subject<'_>) -> Option<String> {
    let EventKind::NotPinned { by_device } = event.kind else { return None };
    let what = if by_device { "mapped for a device" } else { "written to by the kernel" };
    Some(format!("pages from {}() are {what}, but not pinned", subject.acquired_by))
}

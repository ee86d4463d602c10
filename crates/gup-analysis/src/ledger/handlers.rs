//! Completions with all that they are given, whatever its kind: what can be in a bio that this handler ends?

use super::Case;
use crate::exec::reached;
use crate::finding::{Handler, Submission};
use crate::summary::RefKind;

/// For people.
pub(super) fn kind_in_words(kind: RefKind) -> &'static str {
    match kind {
        RefKind::Pin => "a pinned page",
        RefKind::Get => "a GUP page",
        RefKind::Cache => "a page of the page cache",
        RefKind::Alloc => "a page of the page allocator",
        RefKind::Ref => "an ordinary reference",
        RefKind::Borrowed => "a page without a reference of its own",
        RefKind::Immortal => "the zero page",
    }
}

impl Case<'_> {
    pub(super) fn handlers(&self) -> Vec<Handler> {
        let submission = |given: &reached::Submission| Submission {
            at: self.program.location(given.by, given.pos),
            function: self.program.name(given.by).to_owned(),
            held: given.held.iter().map(|&(kind, site)| (kind, site.map(|site| self.origin(site, kind)))).collect(),
            is_foreign: given.is_foreign,
        };
        let all = self.inference.fates.reached.submissions.iter();
        let handler = |(name, given): (&String, &std::collections::BTreeSet<reached::Submission>)| {
            let mut submissions: Vec<Submission> = given.iter().map(submission).collect();
            submissions.sort_by(|a, b| a.at.cmp(&b.at));
            Handler { name: name.clone(), submissions }
        };
        all.map(handler).collect()
    }
}

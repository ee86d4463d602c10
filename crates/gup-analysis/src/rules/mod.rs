//! Rules: each reads what execution noticed and says what a user is told. Their order cannot matter.
//!
//! To add one: a file here, a line in [`RULES`], a page in `analyses/rules/`, fixtures in `testdata/rules/`.

mod count_mismatch;
mod double_put;
mod end_io_mismatch;
mod get_for_dma;
mod leak;
mod longterm_missing;
mod missing_dirty;
mod mixed_origin;
mod partial_leak;
mod sleeping_release;
mod unowned_put;
mod use_after_put;
mod wrong_put;

use crate::exec::event::Event;
use crate::finding::Severity;

/// A rule's identity and its judgement.
pub struct Rule {
    /// Kebab-case; also the name of its page and of its fixture folder.
    pub name: &'static str,
    /// One sentence.
    pub summary: &'static str,
    pub severity: Severity,
    /// What it finds is a reference that is not balanced: while it is not sure, the site is not decided.
    pub(crate) is_about_balance: bool,
    /// What sort of edit may mend what it finds.
    pub remedy: Option<Remedy>,
    pub(crate) check: fn(&Event, &Subject<'_>) -> Option<String>,
}

/// An edit that is worth trying for a finding.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Remedy {
    /// Another release in the place of the one that the finding is at.
    AnotherCall,
    /// A release before the place that the finding is at.
    Release,
    /// At the release that the finding is at, the pages are marked dirty.
    Dirtying,
}

/// What may mend findings of a rule, by its name.
pub fn remedy(rule: &str) -> Option<Remedy> {
    RULES.iter().find(|known| known.name == rule)?.remedy
}

/// The words for what an event is about.
pub(crate) struct Subject<'a> {
    /// Name of the acquiring API; empty where the references are not the ledger's.
    pub(crate) acquired_by: &'a str,
    /// "pages from x()", or of another origin.
    pub(crate) pages: &'a str,
    pub(crate) released_by: &'a str,
    /// The release that the policy asks for, by kind.
    pub(crate) wanted: &'a str,
    /// The completion in which it happens.
    pub(crate) handler: Option<&'a str>,
}

/// The rule whose findings one call instead of another may mend.
pub(crate) const WRONG_PUT: &str = wrong_put::RULE.name;

/// All rules, by name.
pub const RULES: &[Rule] = &[
    count_mismatch::RULE,
    double_put::RULE,
    end_io_mismatch::RULE,
    get_for_dma::RULE,
    leak::RULE,
    longterm_missing::RULE,
    missing_dirty::RULE,
    mixed_origin::RULE,
    partial_leak::RULE,
    sleeping_release::RULE,
    unowned_put::RULE,
    use_after_put::RULE,
    wrong_put::RULE,
];

//! Acquisitions that take references or none, as the carrier has it that they are given: `iter->@pins`, user-backed or not.

use gup_ir::{Callee, Operand, Place, Proj, Rvalue, StmtKind};

use super::Case;
use crate::program::Known;
use crate::summary::{Effect, Expr, Outcome, Path, RefKind, Root, SiteId, Step};

impl Case<'_> {
    /// The carrier is a part of something larger, and no path releases any: more likely what stands beside it says that it has none
    /// than that the code is always wrong.
    ///
    /// ```c
    ///         if (msg->msg_flags & MSG_SPLICE_PAGES)                  // no user memory
    ///                 part = iov_iter_extract_pages(&msg->msg_iter, &pages, len, 1, 0, &off);
    /// ```
    pub(super) fn relies_on_carrier(&self, site: SiteId) -> bool {
        let (function, api, _) = self.sites.site(site);
        let is_released = self.inference.fates.by_site.get(&site).is_some_and(|fate| !fate.releases.is_empty());
        let Known::Contract(contract) = self.program.known(*function, api, self.contracts) else { return false };
        let outcomes = &contract.summary.outcomes;
        let mut effects = outcomes.iter().flat_map(|outcome| &outcome.effects);
        let may_have_none = effects.any(|effect| matches!(effect, Effect::Acquire { kind: RefKind::Borrowed, .. }));
        let carrier = outcomes.iter().find_map(carrier_of);
        !is_released && may_have_none && carrier.is_some_and(|carrier| self.is_part(site, carrier))
    }

    /// Is the argument the address of a field?
    fn is_part(&self, site: SiteId, argument: u32) -> bool {
        let (function, api, pos) = self.sites.site(site);
        let stmts = || self.program.function(*function).blocks.iter().flat_map(|block| &block.stmts);
        let is_call = |callee: &Callee| matches!(callee, Callee::Direct(name) if name == api);
        let argument = stmts().filter(|stmt| stmt.pos == *pos).find_map(|stmt| match &stmt.kind {
            StmtKind::Call { callee, args, .. } if is_call(callee) => args.get(argument as usize),
            _ => None,
        });
        let Some(Operand::Place(variable)) = argument else { return false };
        let is_field = |place: &Place| matches!(place.proj.last(), Some(Proj::Field { .. }));
        stmts().any(|stmt| match &stmt.kind {
            StmtKind::Assign { dst, src: Rvalue::AddrOf(place) } => dst == variable && is_field(place),
            _ => false,
        })
    }
}

/// The parameter by whose field of contracts the outcome is chosen.
fn carrier_of(outcome: &Outcome) -> Option<u32> {
    outcome.when.iter().find_map(|test| match &test.lhs {
        Expr::Load(Path { root, steps }) => match (&**root, steps.last()) {
            (Root::At(Expr::Param(number)), Some(Step::Field(field))) if field.name.starts_with('@') => Some(*number),
            _ => None,
        },
        _ => None,
    })
}

//! What a function gives its callers, against what its contract says that it gives: all of them release by the contract.
//!
//! ```c
//!         res = get_user_pages_fast(addr, maxpages, gup_flags, *pages);   // iov_iter_extract_pages() is said to pin
//! ```

use std::collections::BTreeSet;

use super::Case;
use crate::exec::event::{Event, EventKind, Fate};
use crate::program::{FnId, Known};
use crate::summary::{Effect, RefKind, SiteId};

impl Case<'_> {
    /// References of another kind than the contract of the function that passes them on has, and that no release fits which fits those.
    pub(super) fn given_otherwise(&self) -> Vec<Event> {
        self.inference.fates.by_site.iter().filter_map(|(&site, fate)| self.given_by(site, fate)).collect()
    }

    fn given_by(&self, site: SiteId, fate: &Fate) -> Option<Event> {
        let (function, api, pos) = self.sites.site(site);
        // Inside the file that implements it, flags mean more than a contract says to those outside: FOLL_PIN was one.
        let is_its_own =
            self.program.callee(*function, api).is_some_and(|id| self.program.unit_of(id) == self.program.unit_of(*function));
        if is_its_own {
            return None;
        }
        let mut kinds = fate.kinds.iter().copied().filter(|kind| is_held(*kind));
        // One that obtains either, by flags, is looked at where they are known.
        let (Some(kind), None) = (kinds.next(), kinds.next()) else { return None };
        let (giver, promised) = fate.passed_up.iter().find_map(|giver| Some((*giver, self.promises_another(*giver, kind)?)))?;
        let event = EventKind::GivenAs { kind, promised, by: self.program.name(giver).to_owned() };
        Some(Event { doubts: fate.unresolved.keys().cloned().collect(), ..Event::concluded(event, Some(site), *function, *pos) })
    }

    /// The kind that the contract has instead.
    fn promises_another(&self, giver: FnId, kind: RefKind) -> Option<RefKind> {
        let Known::Contract(contract) = self.program.known(giver, self.program.name(giver), self.contracts) else { return None };
        let effects = contract.summary.outcomes.iter().flat_map(|outcome| &outcome.effects);
        let promised = effects.filter_map(|effect| match effect {
            Effect::Acquire { kind, .. } if is_held(*kind) => Some(*kind),
            _ => None,
        });
        let promised: BTreeSet<RefKind> = promised.collect();
        let accepted = |kind: &RefKind| self.contracts.policy().accepts.get(kind);
        let share_one = |other: &RefKind| match (accepted(&kind), accepted(other)) {
            (Some(ours), Some(theirs)) => !ours.is_disjoint(theirs),
            _ => true,
        };
        promised.first().copied().filter(|_| !promised.iter().any(share_one))
    }
}

fn is_held(kind: RefKind) -> bool {
    !matches!(kind, RefKind::Borrowed | RefKind::Immortal)
}

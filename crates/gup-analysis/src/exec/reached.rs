//! Which references come to which release: what a change of policy must know of each.
//!
//! ```c
//!         put_page(page);         // taken here by get_user_pages()? found in a field? the caller's?
//! ```
//! Nothing here decides anything: `ledger::conversion` does, for all functions together.

use std::collections::{BTreeMap, BTreeSet};

use gup_ir::Pos;
use serde::{Deserialize, Serialize};

use super::Exec;
use super::reach::Reach;
use crate::domain::refs::{Segment, Status, What};
use crate::domain::state::State;
use crate::domain::term::{Atom, AtomId, Lin, Root};
use crate::program::FnId;
use crate::summary::{RefKind, ReleaseId, SiteId, Touch};

/// Over all functions and paths.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Reached {
    pub(crate) releases: BTreeMap<ReleaseId, BTreeSet<Arrival>>,
    /// References of no acquisition site that were left in a field, by slot. Those with a site are in `Fate::deposits`.
    pub(crate) others_left: BTreeMap<String, BTreeSet<(RefKind, FnId, Pos)>>,
    /// What completions are given, by handler.
    pub(crate) submissions: BTreeMap<String, BTreeSet<Submission>>,
}

/// Something that is dropped by a release.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) struct Arrival {
    pub(crate) source: Source,
    /// Where that shows: the release itself, or a call of what contains it.
    pub(crate) by: FnId,
    pub(crate) pos: Pos,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) enum Source {
    Held {
        kind: RefKind,
        site: Option<SiteId>,
        /// Elements of a plain array of pages.
        in_array: bool,
        /// Marked dirty before.
        dirty: Option<Touch>,
    },
    /// What the callers pass, or what lies in what they pass.
    Caller,
    /// In the words of a report.
    Unknown(String),
}

/// What a handler is given at one place.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) struct Submission {
    pub(crate) by: FnId,
    pub(crate) pos: Pos,
    pub(crate) held: BTreeSet<(RefKind, Option<SiteId>)>,
    /// It was not made by the function that hands it on: more may be in it.
    pub(crate) is_foreign: bool,
}

impl Reached {
    pub(crate) fn merge(&mut self, other: Reached) {
        for (release, arrivals) in other.releases {
            self.releases.entry(release).or_default().extend(arrivals);
        }
        for (slot, left) in other.others_left {
            self.others_left.entry(slot).or_default().extend(left);
        }
        for (handler, submissions) in other.submissions {
            self.submissions.entry(handler).or_default().extend(submissions);
        }
    }

    /// The same, noticed by the function under another number.
    pub(crate) fn of_function(self, id: FnId) -> Reached {
        let arrivals = |set: BTreeSet<Arrival>| set.into_iter().map(|arrival| Arrival { by: id, ..arrival }).collect();
        let left = |set: BTreeSet<(RefKind, FnId, Pos)>| set.into_iter().map(|(kind, _, pos)| (kind, id, pos)).collect();
        let given = |set: BTreeSet<Submission>| set.into_iter().map(|given| Submission { by: id, ..given }).collect();
        Reached {
            releases: self.releases.into_iter().map(|(release, set)| (release, arrivals(set))).collect(),
            others_left: self.others_left.into_iter().map(|(slot, set)| (slot, left(set))).collect(),
            submissions: self.submissions.into_iter().map(|(handler, set)| (handler, given(set))).collect(),
        }
    }
}

impl Exec<'_> {
    fn arrives(&mut self, at: Option<ReleaseId>, source: Source) {
        let (0, Some(at)) = (self.quiet, at) else { return };
        let arrival = Arrival { source, by: self.id, pos: self.pos };
        self.fates.reached.releases.entry(at).or_default().insert(arrival);
    }

    /// References that this path holds, or held until it lost sight of them.
    pub(super) fn segment_arrives(&mut self, state: &State, segment: &Segment, what: &What, at: Option<ReleaseId>) {
        let plain = |what: &What| matches!(what, What::Range { sub, .. } if sub.is_empty());
        let marks = segment.site.map_or(&[][..], |site| state.content.marks(site));
        let dirty = marks.iter().map(|mark| mark.touch).filter(|touch| touch.is_dirtying()).max();
        let in_array = plain(&segment.what) || plain(what);
        self.arrives(at, Source::Held { kind: segment.kind, site: segment.site, in_array, dirty });
    }

    pub(super) fn unknown_arrives(&mut self, why: &str, at: Option<ReleaseId>) {
        self.arrives(at, Source::Unknown(why.to_owned()));
    }

    /// What else this release drops than the segments that were found for it: more of a range, more in somebody else's carrier.
    pub(super) fn rest_arrives(&mut self, state: &State, what: &What, segments: &[What], at: Option<ReleaseId>) {
        if self.quiet > 0 || at.is_none() {
            return;
        }
        match what {
            What::One(value) if self.is_whole_content(what) && self.is_foreign_carrier(value) => self.arrives(at, Source::Caller),
            What::One(_) => {}
            What::Range { .. } if self.cover(state, segments, what) => {}
            What::Range { .. } => {
                self.unknown_arrives("it is not certain that all that is dropped here is what was obtained", at)
            }
        }
    }

    /// Do the ranges, one after the other, make up the whole?
    fn cover(&self, state: &State, segments: &[What], what: &What) -> bool {
        let What::Range { lo, hi, .. } = what else { return false };
        let is_at_most = |a: &Lin, b: &Lin| state.facts.proves_at_least_zero(&self.terms, &b.minus(a));
        let mut at = lo.clone();
        for _ in 0..=segments.len() {
            if is_at_most(hi, &at) {
                return true;
            }
            let next = segments.iter().find_map(|segment| match segment {
                What::Range { lo, hi, .. } if is_at_most(lo, &at) && !is_at_most(hi, &at) => Some(hi.clone()),
                _ => None,
            });
            match next {
                Some(end) => at = end,
                None => return false,
            }
        }
        false
    }

    /// All of what is in a carrier that came from elsewhere.
    fn is_foreign_carrier(&self, value: &Lin) -> bool {
        let Some(Atom::Load(place, _)) = value.as_atom().map(|atom| self.terms.get(atom)) else { return false };
        match &self.terms.place(*place).root {
            Root::At(atom) => !self.allocations.contains(atom),
            Root::Global(_) => true,
            Root::Local(_) => false,
        }
    }

    /// Nothing that this path holds: what was found in memory, or what the callers have.
    pub(super) fn unheld_arrives(&mut self, state: &State, what: &What, at: Option<ReleaseId>) {
        // An acquisition without an array takes nothing, and code that passes none on that path has nothing to drop.
        if what.atoms().into_iter().any(|atom| self.is_null_array(state, atom)) {
            return;
        }
        let is_slot = !self.slots_of(what).is_empty();
        let of_entry = |atom| self.terms.depends(atom, &|inner| matches!(self.terms.get(inner), Atom::Param(_)));
        if what.atoms().into_iter().any(of_entry) {
            self.arrives(at, Source::Caller);
        } else if !is_slot {
            self.unknown_arrives("it is not understood where what is dropped here comes from", at);
        }
    }

    fn is_null_array(&self, state: &State, atom: AtomId) -> bool {
        let is_null = |atom: AtomId| state.facts.proves_zero(&self.terms, &Lin::atom(atom));
        match self.terms.get(atom) {
            Atom::Load(place, _) => matches!(self.terms.place(*place).root, Root::At(array) if is_null(array)),
            _ => is_null(atom),
        }
    }

    /// References of no acquisition site are left where others find them.
    pub(super) fn leave_other(&mut self, slot: String, kind: RefKind) {
        if self.quiet == 0 {
            let left = (kind, self.id, self.pos);
            self.fates.reached.others_left.entry(slot).or_default().insert(left);
        }
    }

    /// Who hands the handler what, whatever its kind.
    pub(super) fn note_contents(&mut self, state: &State, handler: &str, argument: &Lin, pos: Pos) {
        if self.quiet > 0 {
            return;
        }
        let reach = Reach::from_value(self, state, argument);
        let is_there =
            |segment: &Segment| !matches!(segment.status, Status::Released { .. } | Status::Escaped(_) | Status::Renamed);
        let held = (0..state.segments.len())
            .filter(|&index| is_there(&state.segments[index]) && reach.holds(self, state, index))
            .map(|index| (state.segments[index].kind, state.segments[index].site))
            .collect();
        let is_own = argument.as_atom().is_some_and(|atom| self.allocations.contains(&atom));
        let submission = Submission { by: self.id, pos, held, is_foreign: !is_own };
        self.fates.reached.submissions.entry(handler.to_owned()).or_default().insert(submission);
    }
}

//! Releases of what is not held on a path: dropped before, borrowed, the caller's, an error code, or nobody's.

use gup_ir::Pos;

use super::Exec;
use super::event::EventKind;
use super::overlap::Overlap;
use crate::domain::refs::{ANOTHER, Status, What, element_index};
use crate::domain::state::{Done, State};
use crate::domain::term::{Atom, AtomId, Lin, LocId, Root};
use crate::summary::{RefKind, ReleaseClass, ReleaseId, SiteId};

impl Exec<'_> {
    /// An error code that this function got, or made, and takes for a page. That a caller may have given one is only asked to warn:
    ///
    /// ```c
    ///         WARN_ON(is_error_page(page));
    ///         put_page(page);
    /// ```
    pub(super) fn is_error_pointer(&self, state: &State, what: &What) -> bool {
        let What::One(value) = what else { return false };
        let is_own = |&(atom, _): &(AtomId, i128)| matches!(self.terms.get(atom), Atom::Fresh(_));
        let proves = |value: Lin| state.facts.proves_at_least_zero(&self.terms, &value);
        value.terms.iter().all(is_own) && proves(value.scaled(-1).offset(-1)) && proves(value.offset(4095))
    }

    /// The acquisition that failed to fill the variable with the error code.
    pub(super) fn left_unfilled(&self, state: &State, what: &What) -> Option<SiteId> {
        let What::One(value) = what else { return None };
        let homes: Vec<LocId> = self.homes(state, value).collect();
        let is_home = |array: AtomId| matches!(self.terms.get(array), Atom::Addr(place) if homes.contains(place));
        state.unfilled.iter().rev().find(|unfilled| is_home(unfilled.base)).map(|unfilled| unfilled.site)
    }

    /// No release of a page accepts NULL: where a variable was to be filled and still is NULL, it crashes.
    pub(super) fn release_of_null(&mut self, state: &State, class: ReleaseClass, what: &What, at: Option<ReleaseId>, pos: Pos) {
        if let (What::One(value), Some(unfilled)) = (what, state.unfilled.last())
            && value.as_int() == Some(0)
        {
            self.event(state, EventKind::Unheld { class, borrowed: false }, Some(unfilled.site), pos, at);
        }
    }

    /// Nothing open matches: dropped before, borrowed, the caller's, or nobody's.
    pub(super) fn release_of_unheld(
        &mut self,
        state: &mut State,
        class: ReleaseClass,
        what: What,
        at: Option<ReleaseId>,
        pos: Pos,
    ) {
        for index in (0..state.segments.len()).rev() {
            let segment = state.segments[index].clone();
            let known = matches!(segment.status, Status::Released { .. }) || segment.kind == RefKind::Borrowed;
            if segment.kind == RefKind::Immortal && !matches!(self.overlap(state, index, &what), Overlap::None) {
                return;
            }
            if known && self.overlap(state, index, &what).is_certain() {
                if segment.kind == RefKind::Borrowed {
                    self.segment_arrives(state, &segment, &what, at);
                }
                let kind = if segment.kind == RefKind::Borrowed {
                    EventKind::Unheld { class, borrowed: true }
                } else {
                    EventKind::Twice
                };
                self.event(state, kind, segment.site, pos, at);
                return;
            }
            if let Status::Escaped(why) = &segment.status
                && !matches!(self.overlap(state, index, &what), Overlap::None)
            {
                self.segment_arrives(state, &segment, &what, at);
                self.unknown_arrives(why, at);
                if why != ANOTHER {
                    self.check_class_of_lost(state, class, &what, at, pos);
                }
                return;
            }
        }
        if let Some(site) = self.just_beyond(state, &what) {
            self.event(state, EventKind::TooMany, Some(site), pos, at);
            return;
        }
        if let Some(site) = self.unfilled(state, &what) {
            self.event(state, EventKind::Unheld { class, borrowed: false }, Some(site), pos, at);
            return;
        }
        let what = self.by_value(state, what);
        let what = self.by_original(state, what);
        self.unheld_arrives(state, &what, at);
        let since = state.since(&mut self.terms, &what);
        let after = self.dropped_before(state, &what, since, at);
        self.note_again(after, at);
        self.withdrawal(state, &what, class, at, after);
        self.note_dirty_withdrawal(state, &what);
        state.done.push(Done::Release { class, what, at, since });
    }

    /// A single page that lies in an array, or a variable, is known by where it comes from.
    ///
    /// ```c
    ///         page = sg_page(sg);
    ///         unpin_user_pages_dirty_lock(&page, 1, dirty);
    /// ```
    fn by_value(&mut self, state: &State, what: What) -> What {
        let What::Range { base, sub, lo, hi } = &what else { return what };
        if !state.facts.proves_zero(&self.terms, &hi.minus(lo).offset(-1)) {
            return what;
        }
        let place = crate::domain::refs::element(&mut self.terms, *base, lo, sub);
        state.memory().get(&place).cloned().map_or(what, What::One)
    }

    fn note_again(&mut self, after: Option<ReleaseId>, at: Option<ReleaseId>) {
        if let (0, Some(first), Some(second)) = (self.quiet, after, at)
            && [first, second].iter().all(|release| self.world.sites.release(*release).0 == self.id)
        {
            self.fates.again.insert(second);
        }
    }

    /// Another release, of some of the same that was found there, earlier on this path. In a loop the same release may drop a page
    /// as often as it has references. What carriers have as a whole may be other pages the second time: bio_reset() empties a bio.
    fn dropped_before(&mut self, state: &State, what: &What, since: u32, at: Option<ReleaseId>) -> Option<ReleaseId> {
        if self.is_whole_content(what) {
            return None;
        }
        state.done.iter().find_map(|done| {
            let Done::Release { what: earlier, at: other, since: then, .. } = done else { return None };
            if *other == at || *then != since {
                return None;
            }
            let is_same = self.relation(state, earlier, what).is_certain();
            other.filter(|_| is_same)
        })
    }

    /// A release of references whose fate is not followed any more: what kind they are is known all the same.
    fn check_class_of_lost(&mut self, state: &State, class: ReleaseClass, what: &What, at: Option<ReleaseId>, pos: Pos) {
        let mut lost: Vec<(RefKind, Option<SiteId>)> = Vec::new();
        for index in 0..state.segments.len() {
            let (kind, site) = (state.segments[index].kind, state.segments[index].site);
            if !matches!(self.overlap(state, index, what), Overlap::None) {
                lost.push((kind, site));
            }
        }
        let accepts = &self.contracts.policy().accepts;
        let may_fit = |(kind, site): &(RefKind, Option<SiteId>)| {
            let is_unsure = site.is_none() || matches!(kind, RefKind::Borrowed | RefKind::Immortal);
            is_unsure || accepts.get(kind).is_some_and(|accepted| accepted.contains(&class))
        };
        if !lost.iter().any(may_fit) {
            self.check_class(state, class, &lost, at, pos);
        }
    }

    /// The element right behind those that were obtained: `i <= got`.
    fn just_beyond(&mut self, state: &State, what: &What) -> Option<SiteId> {
        let What::One(value) = what else { return None };
        for segment in &state.segments {
            let What::Range { base, sub, hi, .. } = &segment.what else { continue };
            if self.probing && !self.is_own_array(*base) {
                continue;
            }
            let Some(index) = self.index_of(state, value, *base, sub) else { continue };
            let is_last =
                !state.segments.iter().any(|s| matches!(&s.what, What::Range { base: b, lo, .. } if b == base && lo == hi));
            if is_last && state.facts.proves_zero(&self.terms, &index.minus(hi)) {
                return segment.site;
            }
        }
        None
    }

    /// The acquisition that should have filled this memory but did not on this path: only this function knows the memory, or
    /// it is released in the number that the acquisition failed with.
    ///
    /// ```c
    ///         got = get_user_pages_fast(addr, n, FOLL_WRITE, queue->pages);
    ///         if (got < n)
    ///                 release_pages_of(queue->pages, got);    // u64 count: -EFAULT is a lot
    /// ```
    fn unfilled(&mut self, state: &State, what: &What) -> Option<SiteId> {
        let failed = |exec: &Self, returned: &Lin| state.facts.proves_at_least_zero(&exec.terms, &returned.scaled(-1).offset(-1));
        let is_counted = |returned: &Lin| match (what, returned.as_atom()) {
            (What::Range { lo, hi, .. }, Some(atom)) => hi.minus(lo).mentions(atom),
            _ => false,
        };
        state
            .unfilled
            .iter()
            .rev()
            .find(|u| {
                failed(self, &u.returned)
                    && (self.is_own_memory(state, u.base) || is_counted(&u.returned))
                    && self.is_in_array(state, what, u.base)
            })
            .map(|unfilled| unfilled.site)
    }

    fn is_own_memory(&self, state: &State, base: AtomId) -> bool {
        match self.terms.get(base) {
            Atom::Addr(loc) => matches!(self.terms.place(*loc).root, Root::Local(_)),
            Atom::Fresh(_) => self.allocations.contains(&base) && !state.published.contains(&base),
            _ => false,
        }
    }

    fn is_in_array(&mut self, state: &State, what: &What, array: AtomId) -> bool {
        match what {
            What::Range { base, .. } => *base == array,
            // `if (pages[i])` is a test of whether it was filled.
            What::One(value) => {
                !state.facts.proves_not_zero(&self.terms, value)
                    && match value.as_atom().map(|atom| self.terms.get(atom).clone()) {
                        Some(Atom::Load(place, _)) => element_index(&mut self.terms, place, array, &[]).is_some(),
                        _ => false,
                    }
            }
        }
    }
}

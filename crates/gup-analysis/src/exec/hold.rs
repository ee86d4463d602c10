//! Taking, passing on and dropping references on one path.

use gup_ir::Pos;

use super::Exec;
use super::event::EventKind;
use super::overlap::{Overlap, merge_neighbours};
use crate::domain::refs::{Segment, Status, What, element_index};
use crate::domain::state::{Done, State};
use crate::domain::term::{Atom, AtomId, Lin, LocId, Root, Step};
use crate::summary::{Field, RefKind, ReleaseClass, ReleaseId, SiteId, is_by_number};

impl Exec<'_> {
    /// References come into being: `what` is held from now on.
    pub(super) fn acquire(&mut self, state: &mut State, kind: RefKind, what: What, site: Option<SiteId>, short: bool) {
        let what = match what {
            // A single page is known by its value, which other variables may share.
            What::Range { base, sub, lo, hi } if state.facts.proves_zero(&self.terms, &hi.minus(&lo).offset(-1)) => {
                What::One(if is_by_number(&sub) {
                    Lin::atom(base).plus(&lo)
                } else {
                    let place = crate::domain::refs::element(&mut self.terms, base, &lo, &sub);
                    let place = self.terms.place(place).clone();
                    let value = self.read(state, &place);
                    let id = self.terms.loc(place);
                    state.set_raw(id, value.clone());
                    value
                })
            }
            other if self.is_empty(state, &other) => return,
            other => other,
        };
        if let What::One(value) = &what
            && !matches!(kind, RefKind::Borrowed)
        {
            // A page that was obtained has an address.
            state.facts.assume_at_least_zero(&self.terms, value.offset(-1));
        }
        self.assume_fits(state, &what);
        // get_page() on each page of an array takes more of the same pages; the others come with new ones.
        if (kind != RefKind::Ref || site.is_some()) && what.numbers().is_none() {
            self.give_up_reused(state, &what);
        }
        self.renew_content(state, site);
        state.segments.push(Segment { site, kind, what, status: Status::Held, short });
        merge_neighbours(&self.terms, state);
    }

    /// What an array was made for is what it has room for.
    ///
    /// ```c
    ///         bvecs = kvcalloc(n, sizeof(*bvecs), GFP_KERNEL);
    ///         fill(iter, bvecs);                      // not more than n
    /// ```
    fn assume_fits(&self, state: &mut State, what: &What) {
        if let What::Range { base, hi, .. } = what
            && let Some(elements) = self.elements.get(base)
        {
            state.facts.assume_at_least_zero(&self.terms, elements.minus(hi));
        }
    }

    /// An array that is filled again while it is the only home of held references. Where it is filled from the same element on,
    /// they are lost; else their fate is not followed further.
    fn give_up_reused(&mut self, state: &mut State, what: &What) {
        let What::Range { base, sub, lo, hi } = what else { return };
        self.rename_copied(state, *base, sub, lo);
        // Those that go by their numbers do not lie there any more.
        for at in (0..state.segments.len()).rev() {
            if state.segments[at].status == Status::Renamed
                && let What::Range { base: b, sub: s, lo: l, hi: h } = &state.segments[at].what
                && b == base
                && s == sub
                && !self.disjoint(state, lo, hi, l, h)
            {
                state.segments.remove(at);
            }
        }
        for at in 0..state.segments.len() {
            let segment = &state.segments[at];
            if segment.status != Status::Held {
                continue;
            }
            let What::Range { base: b, sub: s, lo: l, hi: h } = &segment.what else { continue };
            if b != base || s != sub || self.disjoint(state, lo, hi, l, h) {
                continue;
            }
            let site = segment.site;
            let (range, some) = (segment.what.clone(), h.minus(l).offset(-1));
            if state.facts.proves_zero(&self.terms, &lo.minus(l))
                && state.facts.proves_at_least_zero(&self.terms, &some)
                && !self.is_read_by_element(&range)
            {
                state.note(self.pos, "the array is filled again here, over the references in it".to_owned());
                self.lose(state, at, false, self.pos);
                continue;
            }
            let why = "the array is filled again while it holds references";
            state.segments[at].status = Status::Escaped(why.into());
            self.unresolved(site, why);
        }
    }

    /// An array that is filled again from `lo` on no longer has what was copied from there to other arrays: it goes by those.
    ///
    /// ```c
    ///         while (pin_user_pages_fast(addr, 16, 0, pages) == 16)
    ///                 for (i = 0; i < 16; i++)
    ///                         bvec[n++].bv_page = pages[i];           // bvec[n - 16] is not pages[0] any more
    /// ```
    fn rename_copied(&mut self, state: &mut State, base: AtomId, sub: &[Field], lo: &Lin) {
        let is_before = |state: &State, end: &Lin| state.facts.proves_at_least_zero(&self.terms, &lo.minus(end));
        for at in 0..state.segments.len() {
            let What::Range { base: array, sub: path, hi, .. } = &state.segments[at].what else { continue };
            if *array == base
                && path == sub
                && !is_before(state, hi)
                && let Some(copy) = super::loops::in_copies(state, &state.segments[at].what).into_iter().next()
            {
                state.segments[at].what = copy;
            }
        }
        let is_kept = |what: &What| matches!(what, What::Range { base: array, sub: path, .. } if *array == base && path == sub);
        if !state.segments.iter().any(|segment| is_kept(&segment.what)) {
            state.aliases.retain(|alias| alias.sub_in_copy(base, sub).is_none());
        }
    }

    /// Does this function look at single pages of the array? It may keep them elsewhere then.
    fn is_read_by_element(&mut self, what: &What) -> bool {
        let loaded: Vec<LocId> = self.terms.loaded_places().collect();
        self.any_is_element(&loaded, what)
    }

    /// Does the path know something of single pages of the array? `if (!pages[n - 1])` may say how many there are.
    fn is_told_by_element(&mut self, state: &State, what: &What) -> bool {
        let facts = state.facts.at_least_zero().iter().chain(state.facts.not_zero());
        let loaded = facts.flat_map(|fact| &fact.terms).filter_map(|(atom, _)| match self.terms.get(*atom) {
            Atom::Load(place, _) => Some(*place),
            _ => None,
        });
        let loaded: Vec<LocId> = loaded.collect();
        self.any_is_element(&loaded, what)
    }

    /// Is one of the places an element of the range's array? A single page is in none that is known.
    fn any_is_element(&mut self, places: &[LocId], what: &What) -> bool {
        let What::Range { base, sub, .. } = what else { return true };
        places.iter().any(|&place| element_index(&mut self.terms, place, *base, sub).is_some())
    }

    /// References are dropped.
    pub(super) fn release(&mut self, state: &mut State, class: ReleaseClass, what: What, at: Option<ReleaseId>, pos: Pos) {
        if self.takes_nothing(state, &what) {
            self.release_of_null(state, class, &what, at, pos);
            return;
        }
        if self.is_error_pointer(state, &what) {
            let site = self.left_unfilled(state, &what);
            self.event(state, EventKind::ErrorPointer, site, pos, at);
            return;
        }
        self.note_renamed(state, &what);
        if matches!(what, What::Range { .. }) {
            self.join_range(state);
        }
        let class_fits = |exec: &Self, kind: RefKind| {
            exec.contracts.policy().accepts.get(&kind).is_some_and(|accepted| accepted.contains(&class))
        };
        let mut order: Vec<usize> = (0..state.segments.len()).rev().collect();
        // get_page(page) on a pinned page: each release takes the reference it fits.
        order.sort_by_key(|&i| {
            let segment = &state.segments[i];
            (!segment.is_open(), !class_fits(self, segment.kind))
        });
        let mut open = false;
        let mut over: Option<Option<SiteId>> = None;
        let mut dropped: Vec<(RefKind, Option<SiteId>)> = Vec::new();
        let mut touched: Vec<(RefKind, Option<SiteId>)> = Vec::new();
        let mut covered: Vec<What> = Vec::new();
        for index in order {
            if !state.segments[index].is_open() {
                continue;
            }
            // get_page() on a page that somebody holds: another kind of release drops what that somebody holds.
            // Not so where an acquisition took it (those are this code's own), nor where all of a carrier's content goes.
            let content = self.is_whole_content(&what);
            let segment = &state.segments[index];
            let is_extra = segment.kind == RefKind::Ref && segment.site.is_none() && !content;
            if is_extra && !class_fits(self, RefKind::Ref) {
                continue;
            }
            let overlap = self.overlap(state, index, &what);
            let site = state.segments[index].site;
            match overlap {
                Overlap::None => continue,
                Overlap::Unclear if self.may_be_end(state, index, &what) => {
                    // `i <= got`: all but the last are inside.
                    // Of a loop that is not understood, where it ends is not either.
                    if !self.probing {
                        self.at_end.insert(pos);
                        self.event(state, EventKind::TooMany, site, pos, at);
                    }
                    state.segments[index].status = Status::Escaped("released one too far".into());
                }
                Overlap::Unclear => {
                    let why = "a release whose range could not be related to what is held";
                    if self.begins_in(state, index, &what) {
                        touched.push((state.segments[index].kind, site));
                    }
                    self.segment_arrives(state, &state.segments[index].clone(), &what, at);
                    self.unknown_arrives(why, at);
                    state.segments[index].status = Status::Escaped(why.into());
                    self.unresolved(site, why);
                }
                Overlap::Whole | Overlap::Part(..) => {
                    let whole = state.segments[index].clone();
                    self.segment_arrives(state, &whole, &what, at);
                    covered.push(whole.what);
                    let part = self.cut(state, index, overlap);
                    let kind = state.segments[part].kind;
                    dropped.push((kind, site));
                    state.segments[part].status = Status::Released { class, at };
                    self.released(site, at);
                    self.note_release(state, part, at, pos);
                    if self.exceeds(state, part, &what, &covered) {
                        over = Some(site);
                    }
                    // One reference a page: with those of get_page() the others are still there.
                    if is_extra && self.is_all(state, part, &what) {
                        open = true;
                        break;
                    }
                }
            }
            open = true;
            // A carrier's content is dropped as a whole, whatever it is made of.
            if matches!(what, What::One(_)) && !content {
                break;
            }
        }
        merge_neighbours(&self.terms, state);
        // However many it drops: they are of that kind.
        if !touched.iter().any(|(kind, _)| class_fits(self, *kind)) {
            dropped.extend(touched);
        }
        self.check_class(state, class, &dropped, at, pos);
        if let Some(site) = over {
            self.event(state, EventKind::TooMany, site, pos, at);
        }
        if open {
            self.rest_arrives(state, &what, &covered, at);
            if let Some(rest) = self.of_callers_before(state, &what, &covered) {
                self.release_of_unheld(state, class, rest, at, pos);
            }
        } else {
            self.release_of_unheld(state, class, what, at, pos);
        }
    }

    /// Has the segment the first page of the range, if that has any? Of two tables in one array, one may end before the other begins.
    fn begins_in(&self, state: &State, index: usize, what: &What) -> bool {
        let (What::Range { lo, hi, .. }, What::Range { lo: first, .. }) = (&state.segments[index].what, what) else {
            return true;
        };
        let le = |a: &Lin, b: &Lin| self.is_at_most(state, a, b);
        le(lo, first) && (le(first, lo) || le(&first.offset(1), hi))
    }

    /// Does the segment have every page of the range?
    fn is_all(&self, state: &State, index: usize, what: &What) -> bool {
        match (&state.segments[index].what, what) {
            (What::Range { base, sub, lo, hi }, What::Range { base: b, sub: s, lo: l, hi: h }) => {
                base == b && sub == s && self.is_at_most(state, lo, l) && self.is_at_most(state, h, hi)
            }
            _ => false,
        }
    }

    /// Everything in a carrier as one unit: `bio->@pages`.
    pub(super) fn is_whole_content(&self, what: &What) -> bool {
        let What::One(value) = what else { return false };
        let Some(Atom::Load(place, _)) = value.as_atom().map(|atom| self.terms.get(atom)) else { return false };
        matches!(self.terms.place(*place).steps.last(), Some(Step::Field(field)) if field.name.starts_with("@pages"))
    }

    /// Are all these to be released like that? If only some are, then they should not have been in one carrier:
    ///
    /// ```c
    ///         bio_add_page(bio, ZERO_PAGE(0), ...);   // get_page() was done
    ///         bio_iov_iter_get_pages(bio, iter);      // pinned
    ///         bio_release_pages(bio, false);          // unpins both
    /// ```
    pub(super) fn check_class(
        &mut self,
        state: &State,
        class: ReleaseClass,
        dropped: &[(RefKind, Option<SiteId>)],
        at: Option<ReleaseId>,
        pos: Pos,
    ) {
        let accepts = &self.contracts.policy().accepts;
        let fits = |kind: RefKind| accepts.get(&kind).is_some_and(|accepted| accepted.contains(&class));
        let right = dropped.iter().find(|(kind, _)| fits(*kind)).copied();
        let wrong: Vec<(RefKind, Option<SiteId>)> = dropped.iter().filter(|(kind, _)| !fits(*kind)).copied().collect();
        for (kind, site) in wrong {
            match right {
                Some((fitting, other)) if fitting != kind => {
                    let kinds = (fitting, kind);
                    self.event(state, EventKind::Mixed { class, kinds }, site.or(other), pos, at);
                }
                _ => self.event(state, EventKind::WrongClass { kind, class }, site, pos, at),
            }
        }
    }

    /// An empty range, NULL.
    pub(super) fn takes_nothing(&self, state: &State, what: &What) -> bool {
        match what {
            What::One(value) => state.facts.proves_zero(&self.terms, value),
            range => self.is_empty(state, range),
        }
    }

    /// An index that is at most the end of what is held, and may be the end itself.
    fn may_be_end(&mut self, state: &State, index: usize, what: &What) -> bool {
        let (What::One(value), What::Range { base, sub, hi, .. }) = (what, state.segments[index].what.clone()) else {
            return false;
        };
        let Some(at) = self.index_of(state, value, base, &sub) else { return false };
        state.facts.proves_at_least_zero(&self.terms, &hi.minus(&at)) && !state.facts.proves_not_zero(&self.terms, &hi.minus(&at))
    }

    /// In memory of this function's own: what lies beyond the references there is nobody's. In the caller's it may be the caller's.
    pub(super) fn is_own_array(&mut self, base: AtomId) -> bool {
        self.allocations.contains(&base) || matches!(self.terms.deref(&Lin::atom(base)).root, Root::Local(_))
    }

    /// The references now belong to the content of an object.
    pub(super) fn carry(&mut self, state: &mut State, what: &What, into: LocId) {
        self.note_renamed(state, what);
        let mut found = false;
        for index in (0..state.segments.len()).rev() {
            if state.segments[index].status != Status::Held {
                continue;
            }
            match self.overlap(state, index, what) {
                Overlap::None => continue,
                Overlap::Unclear => {
                    let why = "handed on in a number that could not be related to what is held";
                    state.segments[index].status = Status::Escaped(why.into());
                    let site = state.segments[index].site;
                    self.unresolved(site, why);
                }
                overlap => {
                    let part = self.cut(state, index, overlap);
                    state.segments[part].status = Status::Carried(into);
                }
            }
            found = true;
        }
        merge_neighbours(&self.terms, state);
        if !found {
            let done = Done::Carry { what: what.clone(), into };
            if !state.done.contains(&done) {
                state.done.push(done);
            }
        }
    }

    /// The references went to code that is not understood.
    pub(super) fn escape(&mut self, state: &mut State, what: &What, why: &str) {
        self.note_renamed(state, what);
        let mut found = false;
        for index in (0..state.segments.len()).rev() {
            if !state.segments[index].is_open() {
                continue;
            }
            let overlap = self.overlap(state, index, what);
            if matches!(overlap, Overlap::None) {
                continue;
            }
            let part = self.cut(state, index, overlap);
            state.segments[part].status = Status::Escaped(why.to_owned());
            let site = state.segments[part].site;
            self.unresolved(site, why);
            found = true;
        }
        if !found {
            state.done.push(Done::Escape { what: what.clone(), why: why.to_owned() });
        }
    }

    /// The object's storage is gone. References that had no other home are lost here.
    pub(super) fn destroy(&mut self, state: &mut State, object: &Lin, pos: Pos) {
        if state.facts.proves_zero(&self.terms, object) {
            return;
        }
        self.part_by_copies(state);
        let loc = self.terms.deref(object);
        if !state.destroyed.contains(&loc.root) {
            state.destroyed.push(loc.root.clone());
        }
        for index in 0..state.segments.len() {
            if !state.segments[index].is_open() {
                continue;
            }
            if let Status::Carried(place) = state.segments[index].status
                && self.terms.place(place).root == loc.root
            {
                // The pages' own array, or variable, was a home all the time.
                let copy = self.carrier_in_copy(state, place);
                state.segments[index].status = copy.map_or(Status::Held, Status::Carried);
            }
            if self.last_home_in(state, index) {
                self.lose_by_branch(state, index, true, pos);
            }
        }
        state.done.push(Done::Destroy(object.clone()));
    }

    /// Is every home of these references in storage that was freed?
    fn last_home_in(&mut self, state: &State, index: usize) -> bool {
        let gone = |exec: &Self, place: LocId| state.destroyed.contains(&exec.terms.place(place).root);
        if let Status::Carried(place) = state.segments[index].status {
            return gone(self, place);
        }
        match &state.segments[index].what {
            what if what.numbers().is_some() => {
                let mut homes = self.told_at(state, what).peekable();
                homes.peek().is_some() && homes.all(|place| gone(self, place))
            }
            what @ What::Range { base, .. } => {
                let copies = state.aliases.iter().filter(|alias| self.may_have(state, alias, what)).map(|alias| alias.base);
                let arrays: Vec<AtomId> = std::iter::once(*base).chain(copies).collect();
                arrays.into_iter().all(|array| {
                    let root = self.terms.deref(&Lin::atom(array)).root;
                    state.destroyed.contains(&root)
                })
            }
            What::One(value) => {
                let mut homes = self.homes(state, value).peekable();
                if homes.peek().is_none() {
                    return matches!(value.as_atom().map(|a| self.terms.get(a)), Some(Atom::Load(place, _)) if gone(self, *place));
                }
                homes.all(|place| gone(self, place))
            }
        }
    }

    /// Places that keep a page: as it is, as its pfn, or, outside this function's variables, as anything made of it.
    pub(super) fn homes<'s>(&'s self, state: &'s State, page: &'s Lin) -> impl Iterator<Item = LocId> + 's {
        let is_variable = |place: LocId| matches!(self.terms.place(place).root, Root::Local(_));
        let keeps = move |place: LocId, value: &Lin| {
            value == page
                || page.as_atom().is_some_and(|atom| value.mentions(atom))
                || self.terms.is_counted_from_global(value, page)
                || !is_variable(place) && self.terms.derives_from(value, page)
        };
        state.memory().iter().filter(move |(place, value)| keeps(**place, value)).map(|(&place, _)| place)
    }

    /// Splits segment `index` so that the overlapping part stands alone; returns its index.
    pub(super) fn cut(&mut self, state: &mut State, index: usize, overlap: Overlap) -> usize {
        let Overlap::Part(from, to) = overlap else { return index };
        let What::Range { base, sub, lo, hi } = state.segments[index].what.clone() else { return index };
        for (l, h) in [(lo, from.clone()), (to.clone(), hi)] {
            if !state.facts.proves_at_least_zero(&self.terms, &l.minus(&h)) {
                let mut rest = state.segments[index].clone();
                rest.what = What::Range { base, sub: sub.clone(), lo: l, hi: h };
                state.segments.push(rest);
            }
        }
        state.segments[index].what = What::Range { base, sub, lo: from, hi: to };
        index
    }

    /// Of a range in memory of callers, what lies before the references that this function took: those are theirs.
    ///
    /// ```c
    ///         batch->pages[batch->nr++] = page;               // behind those that were there
    ///         unpin_user_pages(batch->pages, batch->nr);
    /// ```
    fn of_callers_before(&mut self, state: &State, what: &What, covered: &[What]) -> Option<What> {
        let What::Range { base, sub, lo, .. } = what else { return None };
        let [What::Range { base: array, sub: path, lo: first, .. }] = covered else { return None };
        // By a number that callers know.
        let is_of_callers = |&(atom, _): &(AtomId, i128)| matches!(self.terms.get(atom), Atom::Load(_, 0) | Atom::Param(_));
        let before = first.minus(lo);
        let are_theirs = !before.terms.is_empty() && before.terms.iter().all(is_of_callers);
        let is_before = array == base && path == sub && self.is_at_most(state, lo, first);
        (is_before && are_theirs && !self.is_own_array(*base)).then(|| What::Range {
            base: *base,
            sub: sub.clone(),
            lo: lo.clone(),
            hi: first.clone(),
        })
    }

    /// Does the released range provably reach beyond everything obtained there?
    fn exceeds(&mut self, state: &State, index: usize, what: &What, covered: &[What]) -> bool {
        let (What::Range { base, sub, hi, .. }, What::Range { base: b, sub: s, hi: h, .. }) = (&state.segments[index].what, what)
        else {
            return false;
        };
        let is_beyond = state.facts.proves_at_least_zero(&self.terms, &h.minus(hi).offset(-1))
            || self.may_be_fewer(state, &state.segments[index], h) && !self.is_told_by_element(state, what);
        // A page that was dropped before is none of those that follow.
        let counts =
            |other: &&Segment| matches!(other.what, What::Range { .. }) || other.is_open() || covered.contains(&other.what);
        let mut others = state.segments.iter().filter(counts);
        base == b && sub == s && is_beyond && !others.any(|other| self.begins_at(state, &other.what, (*base, sub), hi))
    }

    /// Are the references the next ones of the array, from that index on?
    fn begins_at(&mut self, state: &State, what: &What, (base, sub): (AtomId, &[Field]), index: &Lin) -> bool {
        match what {
            What::Range { base: array, sub: path, lo, .. } => *array == base && path == sub && lo == index,
            What::One(page) => self.index_of(state, page, base, sub).as_ref() == Some(index),
        }
    }
}

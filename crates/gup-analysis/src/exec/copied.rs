//! Memory that is copied as it is, with whatever references lie in it, and arrays whose pages were copied one by one.
//!
//! ```c
//!         memcpy(bip->bip_vec, bvec, nr * sizeof(*bvec));
//!         kfree(bvec);                            // the pages are in bip->bip_vec
//! ```

use super::Exec;
use super::homes::negated;
use super::outcomes::{is_nameable, is_stored};
use super::reach::Reach;
use super::translate::Namer;
use crate::domain::refs::{EVERYTHING, Segment, Status, What, in_element};
use crate::domain::state::{Alias, State};
use crate::domain::term::{Atom, AtomId, Lin, Loc, LocId, Root};
use crate::summary::{self, Effect, Expr, Field, Refs};

/// Why references in an array are not followed further.
const MOVED: &str = "moved within the array that keeps them";

/// Memory that two places have in common: what the first has from its element on lies in the second from its element on.
struct Copied {
    of: AtomId,
    first: Lin,
    base: AtomId,
    at: Lin,
}

impl Copied {
    fn of(alias: &Alias) -> Option<Copied> {
        let (at, _) = alias.extent.clone().filter(|_| alias.is_memory())?;
        Some(Copied { of: alias.of, first: at.plus(&alias.shift), base: alias.base, at })
    }

    fn reversed(self) -> Copied {
        Copied { of: self.base, first: self.at, base: self.of, at: self.first }
    }

    fn alias(&self, sub: &[Field]) -> Alias {
        let extent = (self.at.clone(), Lin::int(EVERYTHING.into()));
        let (of, base, shift) = (self.of, self.base, self.first.minus(&self.at));
        Alias { base, sub: sub.to_vec(), of, of_sub: sub.to_vec(), shift, extent: Some(extent) }
    }
}

impl Exec<'_> {
    /// What lies at `from`, one structure or an array of them, of whatever size, lies at `to` as well.
    pub(super) fn copy_memory(&mut self, state: &mut State, from: &Loc, to: &Loc) {
        let (source, target) = (self.terms.address(from), self.terms.address(to));
        let (Some((of, first)), Some((base, at))) = (self.terms.split_pointer(&source), self.terms.split_pointer(&target)) else {
            return;
        };
        let copied = Copied { of, first, base, at };
        if of == base {
            return self.move_within(state, &copied);
        }
        let is_over = |alias: &Alias| {
            let starts_there = |(from, _): &(Lin, Lin)| state.facts.proves_zero(&self.terms, &from.minus(&copied.at));
            alias.base == base && alias.extent.as_ref().is_some_and(starts_there)
        };
        let over: Vec<Alias> = state.aliases.iter().filter(|alias| is_over(alias)).cloned().collect();
        state.aliases.retain(|alias| !over.contains(alias));
        self.copy_known(state, &source, &copied);
        self.copy_inner_arrays(state, &copied);
        copy_copies(state, &copied);
        let is_kept = state.segments.iter().any(|segment| matches!(segment.what, What::Range { base, .. } if base == of));
        if is_kept || self.may_be_of_callers(of) {
            state.aliases.push(copied.alias(&[]));
        }
    }

    /// May callers have references there that are not known here?
    fn may_be_of_callers(&self, array: AtomId) -> bool {
        match self.terms.get(array) {
            Atom::Param(_) | Atom::Load(..) => true,
            Atom::Addr(place) => !matches!(self.terms.place(*place).root, Root::Local(_)),
            _ => false,
        }
    }

    /// What was written there, as far as it may lead to references.
    ///
    /// ```c
    ///         bv.bv_page = page;
    ///         memcpy(&list[n], &bv, sizeof(bv));
    /// ```
    fn copy_known(&mut self, state: &mut State, source: &Lin, copied: &Copied) {
        if !state.segments.iter().any(Segment::is_open) {
            return;
        }
        let reach = Reach::from_value(self, state, source);
        let leads_there = |index: usize| state.segments[index].is_open() && reach.holds(self, state, index);
        if !(0..state.segments.len()).any(leads_there) {
            return;
        }
        let memory: Vec<(LocId, Lin)> = state.memory().iter().map(|(&place, value)| (place, value.clone())).collect();
        for (place, value) in memory {
            let place = self.terms.place(place).clone();
            if let Some(target) = self.place_in_copy(state, &place, copied) {
                let target = self.terms.loc(target);
                state.set_raw(target, value);
            }
        }
    }

    /// Arrays inside what is copied have names of their own.
    ///
    /// ```c
    ///         pin_user_pages_fast(addr, 16, 0, old->pages);   // struct page *pages[16]
    ///         memcpy(new, old, sizeof(*new));
    /// ```
    fn copy_inner_arrays(&mut self, state: &mut State, copied: &Copied) {
        for index in 0..state.segments.len() {
            let What::Range { base: inner, sub, .. } = &state.segments[index].what else { continue };
            let (inner, sub) = (*inner, sub.clone());
            let place = self.terms.deref(&Lin::atom(inner));
            let Some(target) = self.place_in_copy(state, &place, copied).filter(|_| inner != copied.of) else { continue };
            let target = self.terms.address(&target);
            let Some((base, at)) = self.terms.split_pointer(&target) else { continue };
            let alias = Copied { of: inner, first: Lin::default(), base, at }.alias(&sub);
            if base != inner && !state.aliases.contains(&alias) {
                state.aliases.push(alias);
            }
        }
    }

    /// Where in the copy that is which lies at `place` in the original; none for what lies elsewhere, or before what was copied.
    fn place_in_copy(&mut self, state: &State, place: &Loc, copied: &Copied) -> Option<Loc> {
        let array = self.terms.deref(&Lin::atom(copied.of));
        let (index, rest) = in_element(place, &array)?;
        if self.is_at_most(state, &index.offset(1), &copied.first) {
            return None;
        }
        let moved = index.minus(&copied.first).plus(&copied.at);
        let mut target = self.terms.deref(&Lin::atom(copied.base).plus(&moved));
        target.steps.extend_from_slice(rest);
        Some(target)
    }

    /// Elements of an array are moved to other places in it: their references go by these.
    ///
    /// ```c
    ///         unpin_user_pages(pages, done);
    ///         memmove(pages, pages + done, (n - done) * sizeof(*pages));
    /// ```
    fn move_within(&mut self, state: &mut State, copied: &Copied) {
        let by = copied.at.minus(&copied.first);
        if state.facts.proves_zero(&self.terms, &by) {
            return;
        }
        for index in 0..state.segments.len() {
            let segment = &state.segments[index];
            let What::Range { base, sub, lo, hi } = segment.what.clone() else { continue };
            if base != copied.of || !segment.is_open() || self.is_at_most(state, &hi, &copied.first) {
                continue;
            }
            if self.is_at_most(state, &copied.first, &lo) {
                state.segments[index].what = What::Range { base, sub, lo: lo.plus(&by), hi: hi.plus(&by) };
                continue;
            }
            let site = segment.site;
            state.segments[index].status = Status::Escaped(MOVED.to_owned());
            self.unresolved(site, MOVED);
        }
    }

    /// What is named by memory that was copied from elsewhere, by where it was copied from: that is what callers know.
    ///
    /// ```c
    ///         memcpy(bvec, job->bvec, n * sizeof(*bvec));
    ///         for (i = 0; i < n; i++)
    ///                 unpin_user_page(bvec[i].bv_page);       // job->bvec[i].bv_page
    /// ```
    pub(super) fn by_original(&mut self, state: &State, what: What) -> What {
        for alias in state.aliases.iter().rev() {
            let Some(copied) = Copied::of(alias) else { continue };
            match &what {
                What::Range { base, sub, lo, hi } if *base == copied.base && self.is_at_most(state, &copied.at, lo) => {
                    let (lo, hi) = (lo.plus(&alias.shift), hi.plus(&alias.shift));
                    return What::Range { base: copied.of, sub: sub.clone(), lo, hi };
                }
                What::One(value) => {
                    let Some(Atom::Load(place, _)) = value.as_atom().map(|atom| self.terms.get(atom)) else { continue };
                    let place = self.terms.place(*place).clone();
                    if let Some(original) = self.place_in_copy(state, &place, &copied.reversed()) {
                        return What::One(self.read(state, &original));
                    }
                }
                What::Range { .. } => {}
            }
        }
        what
    }

    /// The place that has what an object carried which is gone, if the object was copied before.
    pub(super) fn carrier_in_copy(&mut self, state: &State, place: LocId) -> Option<LocId> {
        let place = self.terms.place(place).clone();
        state.aliases.iter().find_map(|alias| {
            let copy = self.place_in_copy(state, &place, &Copied::of(alias)?)?;
            (!state.destroyed.contains(&copy.root)).then(|| self.terms.loc(copy))
        })
    }

    /// A callee's copy, page by page: the two begin at the same page.
    pub(super) fn note_copy(&mut self, state: &mut State, from: What, to: What) {
        let (What::Range { base: of, sub: of_sub, lo: first, .. }, What::Range { base, sub, lo, .. }) = (from, to) else {
            return;
        };
        let alias = Alias { base, sub, of, of_sub, shift: first.minus(&lo), extent: None };
        if base != of && !state.aliases.contains(&alias) {
            state.aliases.push(alias);
        }
    }

    /// Arrays that hold the pages of other arrays, and memory that was copied, where callers know both.
    ///
    /// ```c
    ///         for (i = 0; i < nr; i++)
    ///                 bvec[i].bv_page = pages[i];
    /// ```
    pub(super) fn copy_effects(
        &mut self,
        state: &State,
        reach: &Reach,
        ret: Option<&Lin>,
        memory: &[Effect],
        namer: &mut Namer,
    ) -> Vec<Effect> {
        let mut effects = Vec::new();
        for alias in &state.aliases {
            let is_known = |exec: &Self, name: &Expr, array: AtomId| {
                is_nameable(name)
                    || is_stored(memory, name)
                    || ret.is_some_and(|value| value.mentions(array)) && reach.has_atom(exec, array)
            };
            let (of, base) = (namer.expr(self, &Lin::atom(alias.of)), namer.expr(self, &Lin::atom(alias.base)));
            if !is_known(self, &of, alias.of) {
                continue;
            }
            let is_left = |exec: &mut Self| {
                !exec.is_gone(state, alias.base) && !matches!(exec.terms.deref(&Lin::atom(alias.base)).root, Root::Local(_))
            };
            if let Some(copied) = Copied::of(alias) {
                let is_known = is_known(self, &base, alias.base);
                effects.extend(self.memory_copy(state, &copied, namer).filter(|_| is_known || is_left(self)));
                continue;
            }
            let shift = namer.expr(self, &alias.shift);
            let from = Refs::Range { array: of, sub: alias.of_sub.clone(), lo: Expr::Int(0), hi: Expr::Int(EVERYTHING) };
            if is_known(self, &base, alias.base) && is_nameable(&shift) {
                let to = Refs::Range { array: base, sub: alias.sub.clone(), lo: negated(&shift), hi: Expr::Int(EVERYTHING) };
                effects.push(Effect::Copy { from, to });
            } else if is_left(self) && !self.is_told_by_segments(state, alias, namer) {
                let why = format!("copied to another array by {}()", self.function.name);
                effects.push(Effect::Escape { what: from, why });
            }
        }
        effects
    }

    /// Were the pages that were copied obtained here, and dropped or left for others to find?
    fn is_told_by_segments(&mut self, state: &State, alias: &Alias, namer: &mut Namer) -> bool {
        let Some((from, to)) = alias.copied_bounds() else { return false };
        let has_all = |segment: &Segment| match &segment.what {
            What::Range { base, lo, hi, .. } if *base == alias.of => {
                self.is_at_most(state, lo, &from) && self.is_at_most(state, &to, hi)
            }
            _ => false,
        };
        let Some(own) = state.segments.iter().find(|segment| has_all(segment)) else { return false };
        !own.is_open() || !self.scattered(state, own, namer).is_empty()
    }

    /// Where callers have no word for the copy, they still know by it that there is one.
    fn memory_copy(&mut self, state: &State, copied: &Copied, namer: &mut Namer) -> Option<Effect> {
        let from = self.named_memory(copied.of, &copied.first, namer)?;
        let mut to = self.named_memory(copied.base, &copied.at, namer)?;
        if let summary::Root::At(pointer @ Expr::Fresh(_)) = &mut *to.root
            && let Some(found) = self.found_at(state, copied.base, namer)
        {
            *pointer = found;
        }
        Some(Effect::Copy { from: Refs::One(Expr::Load(from)), to: Refs::One(Expr::Load(to)) })
    }

    fn named_memory(&mut self, array: AtomId, index: &Lin, namer: &mut Namer) -> Option<summary::Path> {
        let place = self.terms.deref(&Lin::atom(array).plus(index));
        let place = self.terms.loc(place);
        namer.path(self, place)
    }

    /// By where it lies at the end: the field tells who takes the references out again.
    ///
    /// ```c
    ///         bip = bio_integrity_alloc(bio, gfp, nr);
    ///         memcpy(bip->bip_vec, bvec, nr * sizeof(*bvec));
    /// ```
    fn found_at(&mut self, state: &State, array: AtomId, namer: &mut Namer) -> Option<Expr> {
        let Atom::Load(place, _) = *self.terms.get(array) else { return None };
        let is_there = self.read_id(state, place) == Lin::atom(array);
        is_there.then(|| namer.path(self, place).map(Expr::Load))?
    }
}

/// What was copied is a copy itself.
///
/// ```c
///         for (i = 0; i < nr; i++)
///                 bvec[i].bv_page = pages[i];
///         memcpy(bip->bip_vec, bvec, nr * sizeof(*bvec));
/// ```
fn copy_copies(state: &mut State, copied: &Copied) {
    let by = copied.first.minus(&copied.at);
    let in_copy = |alias: &Alias| {
        let moved = |(from, to): &(Lin, Lin)| (from.minus(&by), if alias.is_memory() { to.clone() } else { to.minus(&by) });
        let extent = alias.extent.as_ref().map(moved);
        Alias { base: copied.base, shift: alias.shift.plus(&by), extent, ..alias.clone() }
    };
    let is_copied = |alias: &&Alias| alias.base == copied.of && alias.of != copied.base;
    let copies: Vec<Alias> = state.aliases.iter().filter(is_copied).map(in_copy).collect();
    state.aliases.extend(copies);
}

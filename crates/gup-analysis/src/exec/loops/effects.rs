//! What k iterations do to references, from what one of them does.

use std::collections::BTreeMap;

use gup_ir::Pos;

use super::copies::in_copies;
use super::kinds::Kind;
use super::{Exec, SCATTERED, Shape, UNEVEN, same_array};
use crate::domain::refs::{Segment, Status, What, element};
use crate::domain::state::{Done, State};
use crate::domain::term::{Atom, AtomId, Hint, Lin, Loc, LocId, Root, Step};
use crate::summary::{Field, SiteId, by_number};

/// Acquisitions whose references a loop does something to that could not be said, and what.
pub(super) type Failed = BTreeMap<Option<SiteId>, &'static str>;

/// What some iterations do to the page of theirs, and others do not: they leave it in its array.
#[derive(Clone)]
pub(super) struct Omitted {
    pub(super) one: Segment,
    pub(super) total: Segment,
    /// The last step of a turn that does not.
    at: Pos,
}

impl Exec<'_> {
    /// Does to `state` what k iterations do to references. Returns the sites for which that could not be said, and what some of
    /// the iterations do not do.
    pub(super) fn accumulate(&mut self, entry: &State, shape: &Shape, kind: &Kind, state: &mut State) -> (Failed, Vec<Omitted>) {
        let mut failed = Failed::new();
        self.quiet += 1;
        let per_back: Vec<Vec<(bool, Segment, Segment)>> =
            kind.learned.iter().map(|(start, back)| self.changes_of(kind, *start, shape, back, &mut failed)).collect();
        let learned: Vec<State> = kind.learned.iter().map(|(_, back)| back.clone()).collect();
        let learned = &learned[..];
        let mut applied: Vec<Segment> = Vec::new();
        let mut omitted: Vec<Omitted> = Vec::new();
        for (is_old, one, total) in per_back.iter().flatten() {
            if applied.contains(total) {
                continue;
            }
            for (back, own) in learned.iter().zip(&per_back) {
                if own.iter().any(|(_, _, other)| are_seen_to(total, other)) || self.is_vacuous(shape, back, &one.what) {
                    continue;
                }
                if *is_old && total.site.is_some() && self.is_left_as_it_was(shape, back, own, one) {
                    omitted.push(Omitted { one: one.clone(), total: total.clone(), at: back.last_step().unwrap_or_default() });
                    continue;
                }
                self.observe_failure(shape.header, back, UNEVEN, &one.what);
                failed.insert(total.site, UNEVEN);
            }
            applied.push(total.clone());
            let in_carrier = |(_, _, other): &(bool, Segment, Segment)| {
                matches!(other.status, Status::Carried(_)) && other != total && are_seen_to(total, other)
            };
            if matches!(total.status, Status::Released { .. }) && per_back.iter().flatten().any(in_carrier) {
                continue;
            }
            if *is_old {
                self.apply_total(state, total);
            } else {
                state.segments.push(total.clone());
            }
        }
        for back in learned {
            self.accumulate_done(entry, shape, back, learned, state);
        }
        self.quiet -= 1;
        // What gets lost from sight is found out here only: not quietly.
        self.note_copies(shape, learned, state);
        (failed, omitted)
    }

    /// Is the page that other iterations drop or pass on held, in the array, as it was before this one?
    fn is_left_as_it_was(&mut self, shape: &Shape, back: &State, own: &[(bool, Segment, Segment)], one: &Segment) -> bool {
        if own.iter().any(|(_, other, _)| other.site == one.site) {
            return false;
        }
        let Some((base, sub, lo, hi)) = self.as_range(back, shape, &one.what) else { return false };
        let place = element(&mut self.terms, base, &lo, &sub);
        let page = self.read_id(back, place);
        let element = What::Range { base, sub, lo, hi };
        // Nor known to others.
        let is_kept = |home: LocId| home != place && !matches!(self.terms.place(home).root, Root::Local(_));
        if self.homes(back, &page).any(is_kept) {
            return false;
        }
        (0..back.segments.len()).any(|index| {
            let segment = &back.segments[index];
            segment.site == one.site && segment.status == Status::Held && self.overlap(back, index, &element).is_certain()
        })
    }

    /// The states in which something was omitted once; what cannot be told so is not understood.
    pub(super) fn with_omissions(&mut self, base: &State, omitted: &[Omitted], failed: &mut Failed) -> Vec<State> {
        let mut known: Vec<&Segment> = Vec::new();
        let mut states = Vec::new();
        for omitted in omitted {
            if known.contains(&&omitted.total) {
                continue;
            }
            known.push(&omitted.total);
            match self.with_one_left(base, omitted) {
                Some(state) => states.push(state),
                None => drop(failed.insert(omitted.total.site, UNEVEN)),
            }
        }
        states
    }

    /// The state in which one of the k iterations did not do this, and left its page in the array. `None` where there is no such
    /// page.
    ///
    /// ```c
    ///         for (i = 0; i < got; i++)
    ///                 if (bio_add_page(bio, pages[i], PAGE_SIZE, 0))
    ///                         continue;               // else pages[m] is still held, for some m < i
    /// ```
    fn with_one_left(&mut self, state: &State, omitted: &Omitted) -> Option<State> {
        let What::Range { base, sub, lo, hi } = &omitted.total.what else { return None };
        let mut state = state.clone();
        // Those of the turns before the loop's may have become one with them; what other turns drop is in the carrier's, see
        // `are_seen_to()`.
        let is_of_total = |segment: &Segment| {
            segment.site == omitted.total.site && is_closed(segment) && segment.what.shares_array(&omitted.total.what)
        };
        let within = (0..state.segments.len()).find_map(|index| {
            let overlap = is_of_total(&state.segments[index]).then(|| self.overlap(&state, index, &omitted.total.what))?;
            overlap.is_certain().then_some((index, overlap))
        });
        let (index, overlap) = within?;
        let at = self.cut(&mut state, index, overlap);
        let which = self.terms.fresh(Hint::None);
        let exists = state.facts.assume_at_least_zero(&self.terms, which.minus(lo))
            && state.facts.assume_at_least_zero(&self.terms, hi.minus(&which).offset(-1));
        if !exists {
            return None;
        }
        let done = state.segments.remove(at);
        let part = |lo: &Lin, hi: &Lin, status: &Status| {
            let what = What::Range { base: *base, sub: sub.clone(), lo: lo.clone(), hi: hi.clone() };
            Segment { what, status: status.clone(), ..done.clone() }
        };
        let next = which.offset(1);
        let parts = [part(lo, &which, &done.status), part(&which, &next, &Status::Held), part(&next, hi, &done.status)];
        state.segments.extend(parts);
        state.note(omitted.at, "in one of the turns, which leaves its page as it is".to_owned());
        Some(state)
    }

    /// What one iteration did to references, each with what k iterations do: (held before the loop, once, k times).
    fn changes_of(
        &mut self,
        kind: &Kind,
        start: usize,
        shape: &Shape,
        back: &State,
        failed: &mut Failed,
    ) -> Vec<(bool, Segment, Segment)> {
        let mut changes = Vec::new();
        let handed = &kind.handed[start].segments;
        let sample = &kind.sample.segments;
        for segment in back.segments.iter().filter(|segment| !sample.contains(segment) && !handed.contains(segment)) {
            let is_handed = handed.iter().any(|old| old.site == segment.site && old.what == segment.what);
            if is_handed && !segment.is_open() || self.handed_name(shape, back, segment).is_some() {
                continue;
            }
            let is_old = sample.iter().any(|old| old.site == segment.site && same_array(&old.what, &segment.what));
            if is_old && segment.status == Status::Held || !is_old && !segment.is_open() || self.is_empty(back, &segment.what) {
                continue;
            }
            if self.is_in_new_object(shape, back, segment) && self.is_left_in_published(back, segment) {
                continue;
            }
            match self.total(shape, back, segment) {
                Some(total) => changes.push((is_old, segment.clone(), total)),
                None if self.is_left_in_published(back, segment) => {}
                None => {
                    self.observe_failure(shape.header, back, SCATTERED, &segment.what);
                    failed.insert(segment.site, SCATTERED);
                }
            }
        }
        changes
    }

    /// An iteration that does not have this effect: nothing is missed if the element is NULL, or if the range does not move on.
    fn is_vacuous(&mut self, shape: &Shape, back: &State, what: &What) -> bool {
        if let What::One(value) = what
            && back.facts.proves_zero(&self.terms, value)
        {
            return true;
        }
        let Some((base, sub, lo, _)) = self.as_range(back, shape, what) else { return matches!(what, What::One(_)) };
        let place = element(&mut self.terms, base, &lo, &sub);
        let element = self.read_id(back, place);
        let next = self.next_values(shape, back);
        let moved = self.terms.substitute(&lo, &next).minus(&lo);
        back.facts.proves_zero(&self.terms, &element) || back.facts.proves_zero(&self.terms, &moved)
    }

    fn apply_total(&mut self, state: &mut State, total: &Segment) {
        let what = total.what.clone();
        match &total.status {
            Status::Released { class, at } => self.release(state, *class, what, *at, Pos::default()),
            Status::Carried(into) => self.carry(state, &what, *into),
            Status::Escaped(why) => self.escape(state, &what, why),
            Status::Renamed => total.site.into_iter().for_each(|site| self.rename(state, &what, site)),
            Status::Held => {}
        }
    }

    /// What k iterations do to the elements that one of them does this to; `None` where there is no such pattern.
    fn total(&mut self, shape: &Shape, back: &State, segment: &Segment) -> Option<Segment> {
        if let Status::Carried(place) = segment.status {
            let moving = shape.moving();
            // A range whose start moves on is one that grows; anything else is a batch that is filled again.
            let grows = |what: &What| matches!(what, What::Range { lo, .. } if lo.as_int() == Some(0) || !moving.iter().any(|&atom| lo.mentions(atom)));
            let is_unit = !self.as_advancing(shape, back, segment).is_some_and(|what| grows(&what));
            if is_unit && !self.mentions(place, &moving) {
                // Units of unknown number in a carrier that stays the same.
                let what = What::One(self.terms.fresh(Hint::None));
                return Some(Segment { what, ..segment.clone() });
            }
        }
        // What a callee took into a carrier that stays the same: `bio_iov_iter_get_pages(bio, iter)`.
        if let (Status::Held, What::One(value)) = (&segment.status, &segment.what)
            && value.as_atom().is_some_and(|atom| {
                self.is_of_contracts(atom) && !self.terms.depends(atom, &|inner| shape.moving().contains(&inner))
            })
        {
            return Some(segment.clone());
        }
        let what = self.as_advancing(shape, back, segment).or_else(|| {
            // A batch array that is filled again each time: what counts is where its pages were copied to.
            let copied = in_copies(back, &segment.what);
            copied.into_iter().find_map(|what| self.as_advancing(shape, back, &Segment { what, ..segment.clone() }))
        })?;
        Some(Segment { what, short: false, ..segment.clone() })
    }

    fn as_advancing(&mut self, shape: &Shape, back: &State, segment: &Segment) -> Option<What> {
        let (base, sub, lo, hi) = self.as_range(back, shape, &segment.what)?;
        let (lo, hi) = self.total_range(shape, back, &lo, &hi)?;
        Some(What::Range { base, sub, lo, hi })
    }

    /// `[lo, hi)` of one iteration to that of k: upwards `hi(k) = lo(k+1)`, downwards `lo(k) = hi(k+1)`.
    pub(super) fn total_range(&mut self, shape: &Shape, back: &State, lo: &Lin, hi: &Lin) -> Option<(Lin, Lin)> {
        let (next, start) = (self.next_values(shape, back), self.entry_values(shape));
        let (next_lo, next_hi) = (self.terms.substitute(lo, &next), self.terms.substitute(hi, &next));
        let up = back.facts.proves_zero(&self.terms, &next_lo.minus(hi));
        let down = back.facts.proves_zero(&self.terms, &next_hi.minus(lo));
        let edge = if up { lo } else { hi };
        if !up && !down {
            return None;
        }
        let from = self.terms.substitute(edge, &start);
        Some(if up { (from, lo.clone()) } else { (hi.clone(), from) })
    }

    /// One page as a range of the array it is kept in.
    pub(super) fn as_range(&mut self, back: &State, shape: &Shape, what: &What) -> Option<(AtomId, Vec<Field>, Lin, Lin)> {
        let value = match what {
            What::Range { base, sub, lo, hi } => return Some((*base, sub.clone(), lo.clone(), hi.clone())),
            What::One(value) => value,
        };
        let mut places: Vec<LocId> = back.memory().iter().filter(|(_, v)| *v == value).map(|(&place, _)| place).collect();
        if let Some(Atom::Load(place, _)) = value.as_atom().map(|atom| self.terms.get(atom)) {
            places.push(*place);
        }
        let moving = shape.moving();
        let in_array = places.into_iter().find_map(|place| {
            let (base, sub, index) = self.moving_element(place, &moving)?;
            Some((base, sub, index.clone(), index.offset(1)))
        });
        // `pfn_to_page(first + k)`
        let numbered = || self.terms.by_first(value).filter(|(_, number)| moving.iter().any(|&atom| number.mentions(atom)));
        in_array.or_else(|| numbered().map(|(first, number)| (first, by_number(), number.clone(), number.offset(1))))
    }

    /// A place as an element `base[index].sub` whose index moves with the iterations.
    pub(super) fn moving_element(&mut self, place: LocId, moving: &[AtomId]) -> Option<(AtomId, Vec<Field>, Lin)> {
        let (array, sub, index) = in_array(self.terms.place(place))?;
        if !index.terms.iter().any(|(atom, _)| moving.contains(atom)) {
            return None;
        }
        Some((self.terms.address(&array).as_atom()?, sub?, index))
    }

    /// In an object that the iteration made, or copied to such: the next one makes another.
    fn is_in_new_object(&self, shape: &Shape, back: &State, segment: &Segment) -> bool {
        let is_new = |object: AtomId| matches!(self.terms.get(object), Atom::Fresh(_)) && self.is_new_atom(object, shape.before);
        match (&segment.status, &segment.what) {
            (Status::Carried(place), _) => matches!(self.terms.place(*place).root, Root::At(object) if is_new(object)),
            (Status::Held, What::Range { base, .. }) => {
                let mut copies = back.aliases.iter().filter(|alias| alias.of == *base);
                copies.any(|copy| self.terms.depends(copy.base, &is_new))
            }
            _ => false,
        }
    }

    /// Effects on what callers hold, k times.
    fn accumulate_done(&mut self, entry: &State, shape: &Shape, back: &State, learned: &[State], state: &mut State) {
        for done in back.done.iter().filter(|done| !entry.done.contains(done)) {
            if self.is_dropped_once(shape, done) {
                continue;
            }
            let total = match done {
                Done::Release { class, what, at, since } => {
                    let release = |what| Done::Release { class: *class, what, at: *at, since: *since };
                    self.done_total(shape, back, what).map(release)
                }
                Done::Carry { what, into } => self.done_total(shape, back, what).map(|what| Done::Carry { what, into: *into }),
                Done::Escape { what, why } => {
                    self.done_total(shape, back, what).map(|what| Done::Escape { what, why: why.clone() })
                }
                other => Some(other.clone()),
            };
            if let Done::Release { what, .. } | Done::Carry { what, .. } = done
                && !learned.iter().all(|other| other.done.contains(done) || self.is_vacuous(shape, other, what))
            {
                self.summary_gap(state, UNEVEN);
            }
            match total {
                Some(total) if !state.done.contains(&total) => state.done.push(total),
                Some(_) => {}
                None if matches!(done, Done::Carry { what, .. } if self.is_found_by_turn(shape, what)) => {}
                None => {
                    if let Done::Release { what, .. } | Done::Carry { what, .. } | Done::Escape { what, .. } = done {
                        self.observe_failure(shape.header, back, SCATTERED, what);
                    }
                    self.summary_gap(state, SCATTERED);
                }
            }
        }
    }

    /// References that each turn finds in an object of its own stay where they were found, whatever has them as well.
    ///
    /// ```c
    ///         for (i = 0; i < nr; i++)
    ///                 map_pages(bos[refs[i].index].obj);      // obj->sgt has those of obj->pages
    /// ```
    fn is_found_by_turn(&self, shape: &Shape, what: &What) -> bool {
        let moving = shape.moving();
        // In an object, not in an element of the array that callers gave.
        let is_found = |&atom: &AtomId| {
            let Atom::Load(place, _) = self.terms.get(atom) else { return false };
            let Root::At(object) = self.terms.place(*place).root else { return false };
            self.terms.depends(object, &|inner| moving.contains(&inner))
        };
        match what {
            What::Range { base, .. } => is_found(base),
            What::One(value) => value.as_atom().as_ref().is_some_and(is_found),
        }
    }

    /// What the loop does to what callers hold could not be said.
    fn summary_gap(&mut self, state: &mut State, why: &str) {
        state.is_gapped = true;
        self.loop_failures += 1;
        self.gaps.insert(why.to_owned());
    }

    pub(super) fn done_total(&mut self, shape: &Shape, back: &State, what: &What) -> Option<What> {
        let moving = shape.moving();
        if let What::One(value) = what
            && let Some(Atom::Load(place, _)) = value.as_atom().map(|atom| self.terms.get(atom).clone())
            && !self.mentions(place, &moving)
        {
            return Some(what.clone());
        }
        let (base, sub, lo, hi) = self.as_range(back, shape, what)?;
        let (lo, hi) = self.total_range(shape, back, &lo, &hi)?;
        Some(What::Range { base, sub, lo, hi })
    }
}

/// The array that a place is an element of, by the last index on the way to it, the fields below the element, and the index. No
/// fields: there is more than fields below it.
pub(super) fn in_array(place: &Loc) -> Option<(Loc, Option<Vec<Field>>, Lin)> {
    let at = place.steps.iter().rposition(|step| matches!(step, Step::Index(_)))?;
    let Step::Index(index) = &place.steps[at] else { return None };
    let field = |step: &Step| if let Step::Field(field) = step { Some(field.clone()) } else { None };
    let sub = place.steps[at + 1..].iter().map(field).collect();
    Some((Loc { root: place.root.clone(), steps: place.steps[..at].to_vec() }, sub, index.clone()))
}

/// What became of the same references in two iterations is the same; or one dropped them and the other gave them to a carrier. Of
/// what the carrier has, one need not know that it is not all.
///
/// ```c
///         if (!bio_add_hw_page(q, bio, page, n, offs, max_sectors, &same_page))
///                 break;
///         if (same_page)
///                 bio_release_page(bio, page);            // the bio had it already
/// ```
fn are_seen_to(a: &Segment, b: &Segment) -> bool {
    a == b || a.site == b.site && a.kind == b.kind && a.what == b.what && is_closed(a) && is_closed(b)
}

fn is_closed(segment: &Segment) -> bool {
    matches!(segment.status, Status::Carried(_) | Status::Released { .. })
}

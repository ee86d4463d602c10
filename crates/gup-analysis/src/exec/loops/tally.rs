//! Ranges that get longer in one turn and shorter in another, while a place counts them.
//!
//! ```c
//! for (i = 0; i < count; i++) {
//!         if (batch->nr == MAX)
//!                 flush(batch);                   // unpins batch->pages[0..nr); nr = 0
//!         if (pin_user_pages_fast(addr[i], 1, 0, &page) == 1)
//!                 batch->pages[batch->nr++] = page;
//! }
//! ```
//! No turn does the same to a range as the one before it, but each leaves `batch->pages[0..nr)`. Which place counts is guessed by
//! what the first turn leaves. The guess is right if every turn that starts with so much held ends with as much: what
//! [`Handed`](super::kinds::Handed) is found by, and what is looked at again of the turn after all others.

use gup_ir::BlockId;

use super::effects::in_array;
use super::{Exec, Mark, Shape};
use crate::domain::refs::{Segment, Status, What};
use crate::domain::state::{Done, State};
use crate::domain::term::{AtomId, Lin, LocId};
use crate::exec::overlap::merge_neighbours;
use crate::limits;
use crate::summary::{Field, by_number};

/// What is held of `array[i].sub` ends where the place says.
#[derive(Clone, PartialEq)]
pub(in crate::exec) struct Tally {
    array: AtomId,
    sub: Vec<Field>,
    /// Of a run of page numbers: where the first is.
    first: Option<LocId>,
    /// Where it ends; of a run, where the last number is.
    end: LocId,
}

impl Exec<'_> {
    /// The guesses, by what the first turn leaves.
    pub(super) fn tallies(&mut self, header: BlockId, entry: &State) -> Vec<Tally> {
        let before = Mark { fresh: self.terms.fresh_count(), epoch: self.epoch };
        self.quiet += 1;
        let backs = self.region(Some(header), header, vec![entry.clone()]).backs;
        self.quiet -= 1;
        let mut tallies: Vec<Tally> = Vec::new();
        for back in &backs {
            for segment in back.segments.iter().filter(|segment| is_held(segment)) {
                for (array, sub, end) in self.ends(back, &segment.what) {
                    if self.is_made_in_iteration(array, before) {
                        continue;
                    }
                    for end in self.counting(header, entry, back, &end) {
                        let tally = Tally { array, sub: sub.clone(), first: None, end };
                        if !tallies.contains(&tally) {
                            tallies.push(tally);
                        }
                    }
                }
            }
        }
        self.note_runs(header, entry, &backs);
        let outlive = |run: &&Tally| run.places().all(|place| self.outlives_iteration(header, place));
        let seen: Vec<&Tally> = self.runs.iter().map(|(_, run)| run).filter(outlive).collect();
        for run in seen {
            if !tallies.contains(run) {
                tallies.push(run.clone());
            }
        }
        tallies.truncate(limits::TALLIES);
        tallies
    }

    /// Places that may hold the first and the last number of a run of pages: both have that of a page after the first turn, and what is
    /// last is another one then.
    pub(super) fn note_runs(&mut self, header: BlockId, entry: &State, backs: &[State]) {
        if !self.terms.has_numbers() || !self.takes_runs {
            return;
        }
        for back in backs.iter().filter(|back| back.segments.iter().any(is_held)) {
            let numbered = back.memory().iter().filter_map(|(&place, value)| {
                let (array, page) = self.terms.numbered_page(value)?;
                Some((place, value.clone(), array, page))
            });
            let mut numbers: Vec<(LocId, Lin, AtomId, Lin)> = numbered.collect();
            numbers.retain(|(place, ..)| self.is_variable_or_field(*place) && self.outlives_iteration(header, *place));
            for (end, last, array, page) in &numbers {
                if self.read_id(entry, *end) == *last || self.held_by_name(back, page).is_none() {
                    continue;
                }
                for (first, ..) in numbers.iter().filter(|(first, value, ..)| first != end && value == last) {
                    let run = Tally { array: *array, sub: by_number(), first: Some(*first), end: *end };
                    if !self.runs.contains(&(header, run.clone())) {
                        self.runs.push((header, run));
                    }
                }
            }
        }
    }

    /// The places that the loop was seen to have for it.
    pub(super) fn runs_of(&self, header: BlockId) -> Vec<Tally> {
        let of_loop = self.runs.iter().filter(|(of, _)| *of == header);
        of_loop.map(|(_, run)| run.clone()).take(limits::TALLIES).collect()
    }

    /// It turned out to be these: they are tried before others from now on.
    pub(super) fn prefer_run(&mut self, header: BlockId, run: &Tally) {
        self.runs.retain(|known| *known != (header, run.clone()));
        self.runs.insert(0, (header, run.clone()));
    }

    /// Arrays in which it lies, each with the index behind it.
    fn ends(&mut self, back: &State, what: &What) -> Vec<(AtomId, Vec<Field>, Lin)> {
        let page = match what {
            What::Range { base, sub, hi, .. } => return vec![(*base, sub.clone(), hi.clone())],
            What::One(page) => page,
        };
        let homes: Vec<LocId> = back.memory().iter().filter(|(_, value)| *value == page).map(|(&place, _)| place).collect();
        homes.into_iter().filter_map(|place| self.as_element(place)).collect()
    }

    /// The place as an element of an array, with the index of the next one. An array's first element looks like any other field.
    fn as_element(&mut self, place: LocId) -> Option<(AtomId, Vec<Field>, Lin)> {
        let loc = self.terms.place(place);
        let (array, sub, index) = match in_array(loc) {
            Some(element) => element,
            None if loc.steps.is_empty() && self.is_variable_or_field(place) => return None,
            None => (loc.clone(), Some(Vec::new()), Lin::default()),
        };
        Some((self.terms.address(&array).as_atom()?, sub?, index.offset(1)))
    }

    /// Places that the turn changed to this value.
    fn counting(&mut self, header: BlockId, entry: &State, back: &State, end: &Lin) -> Vec<LocId> {
        let equal = back.memory().iter().filter(|(_, value)| back.facts.proves_zero(&self.terms, &value.minus(end)));
        let places: Vec<(LocId, Lin)> = equal.map(|(&place, value)| (place, value.clone())).collect();
        let counts = |(place, value): (LocId, Lin)| {
            let is_changed = self.read_id(entry, place) != value;
            (is_changed && self.is_variable_or_field(place) && self.outlives_iteration(header, place)).then_some(place)
        };
        places.into_iter().filter_map(counts).collect()
    }

    /// Pages that are held one by one in the array are a range of it.
    pub(super) fn gather(&mut self, shape: &Shape, back: &mut State) {
        let Some(Tally { array, sub, first, end }) = &shape.tally else { return };
        if let Some(first) = first {
            let (first, last) = (self.read_id(back, *first), self.read_id(back, *end));
            self.grow_run(back, *array, &first, &last);
            return self.part_with_runs(back, *array, &first, &last);
        }
        for index in 0..back.segments.len() {
            let segment = &back.segments[index];
            let What::One(page) = &segment.what else { continue };
            if is_held(segment)
                && let Some(lo) = self.index_of(back, page, *array, sub)
            {
                let hi = lo.offset(1);
                back.segments[index].what = What::Range { base: *array, sub: sub.clone(), lo, hi };
            }
        }
        merge_neighbours(&self.terms, back);
    }

    /// What a turn leaves of the array, as the next one knows it; `None` where it does not end where the place says.
    pub(super) fn tallied(&mut self, shape: &Shape, back: &State, segment: &Segment) -> Option<What> {
        let tally = shape.tally.as_ref().filter(|tally| tally.is_of(segment))?;
        let What::Range { base, sub, lo, hi } = &segment.what else { return None };
        let end = self.read_id(back, tally.end);
        if let Some(first) = tally.first {
            let start = self.read_id(back, first);
            let is_same = |a: &Lin, b: &Lin| back.facts.proves_zero(&self.terms, &a.minus(b));
            let (true, true, Some(&last)) = (is_same(lo, &start), is_same(hi, &end.offset(1)), shape.unknowns.get(&tally.end))
            else {
                return None;
            };
            let lo = match shape.unknowns.get(&first) {
                Some(&first) => Lin::atom(first),
                None => Some(start).filter(|_| !shape.changed.contains_key(&first))?,
            };
            return Some(What::Range { base: *base, sub: sub.clone(), lo, hi: Lin::atom(last).offset(1) });
        }
        let hi = back.facts.proves_zero(&self.terms, &end.minus(hi)).then(|| shape.unknowns.get(&tally.end))??;
        // Where none were left by the turn before, they begin where it ended.
        let before = [Lin::default(), shape.changed.get(&tally.end)?.clone()];
        let is_settled = |lo: &&Lin| !lo.terms.iter().any(|&(atom, _)| self.is_made_in_iteration(atom, shape.before));
        let is_same = |other: &&Lin| back.facts.proves_zero(&self.terms, &lo.minus(other));
        let lo = Some(lo).filter(is_settled).or_else(|| before.iter().find(is_same))?.clone();
        Some(What::Range { base: *base, sub: sub.clone(), lo, hi: Lin::atom(*hi) })
    }

    /// What a turn dropped of what callers hold in the array, and no further one can.
    pub(super) fn is_dropped_once(&self, shape: &Shape, done: &Done) -> bool {
        let (Some(tally), Done::Release { what: What::Range { base, sub, lo, hi }, .. }) = (&shape.tally, done) else {
            return false;
        };
        let mut atoms = lo.terms.iter().chain(&hi.terms);
        *base == tally.array && *sub == tally.sub && !atoms.any(|&(atom, _)| self.is_made_in_iteration(atom, shape.before))
    }

    /// What may be worth knowing of places where one counts: that they are as they were before the loop, or more, or less.
    pub(super) fn tally_candidates(&self, shape: &Shape) -> Vec<Lin> {
        let places = shape.unknowns.iter().filter(|(place, _)| shape.tally.is_some() && !shape.relative.contains(place));
        let candidates = |(place, &unknown): (&LocId, &AtomId)| {
            let more = Lin::atom(unknown).minus(&shape.changed[place]);
            [more.offset(-1), more.clone(), more.scaled(-1)]
        };
        places.flat_map(candidates).collect()
    }
}

impl Shape {
    /// Is it held of the array whose range a place counts?
    pub(super) fn counts(&self, segment: &Segment) -> bool {
        self.tally.as_ref().is_some_and(|tally| tally.is_of(segment))
    }
}

impl Tally {
    /// Does the guessed place change in another way than by the same number each time? Else there is nothing to count.
    pub(super) fn is_possible(shape: &Shape) -> bool {
        shape.tally.as_ref().is_none_or(|tally| shape.unknowns.contains_key(&tally.end))
    }

    fn places(&self) -> impl Iterator<Item = LocId> {
        self.first.into_iter().chain([self.end])
    }

    /// Is it something that is held of the array?
    fn is_of(&self, segment: &Segment) -> bool {
        let is_of = |what: &What| matches!(what, What::Range { base, sub, .. } if *base == self.array && *sub == self.sub);
        is_held(segment) && is_of(&segment.what)
    }
}

fn is_held(segment: &Segment) -> bool {
    segment.status == Status::Held && segment.site.is_some()
}

//! What one iteration does to memory, and what is known after any number of them.

use std::collections::{BTreeMap, BTreeSet};

use gup_ir::BlockId;

use super::kinds::Kind;
use super::{Exec, Mark, Shape};
use crate::domain::refs::element;
use crate::domain::state::State;
use crate::domain::term::{Hint, Lin, Loc, LocId, Replaced, Root, Step};
use crate::limits;

impl Exec<'_> {
    pub(super) fn shape(&mut self, header: BlockId, entry: &State, backs: &[State], before: Mark) -> Shape {
        let counter = self.terms.fresh(Hint::None);
        let counter = counter.terms[0].0;
        let mut shape = Shape {
            header,
            changed: BTreeMap::new(),
            strides: BTreeMap::new(),
            counter,
            unknowns: BTreeMap::new(),
            relative: BTreeSet::new(),
            walked: BTreeSet::new(),
            paced: BTreeMap::new(),
            alike: Vec::new(),
            tally: None,
            before,
        };
        for back in backs {
            self.note_changes(entry, back, &mut shape);
        }
        shape.alike = self.alike(entry, backs, &shape);
        shape
    }

    /// Adds the places whose value differs; true if there was a new one.
    fn note_changes(&mut self, start: &State, back: &State, shape: &mut Shape) -> bool {
        let places: BTreeSet<LocId> = start.memory().keys().chain(back.memory().keys()).copied().collect();
        let mut grew = false;
        for place in places {
            // A place that moves with the iterations is another one each time, and so is what an iteration allocated.
            if shape.changed.contains_key(&place) || self.is_of_iteration(place, shape.before) {
                continue;
            }
            let (before, after) = (self.read_id(start, place), self.read_id(back, place));
            if before != after {
                if self.terms.pointer_base(&before).is_some() {
                    shape.relative.insert(place);
                }
                shape.changed.insert(place, before);
                grew = true;
            }
        }
        grew
    }

    /// Runs the body from an unknown iteration until what changes, and how, is stable.
    pub(super) fn learn(
        &mut self,
        header: BlockId,
        entry: &State,
        first: &[State],
        mut shape: Shape,
    ) -> Option<(Shape, State, Vec<State>)> {
        let failures = self.loop_failures;
        for round in 0..limits::LOOP_ROUNDS * 2 {
            // Those of the round before were of a turn that was taken for something else.
            self.loop_failures = failures;
            let sample = self.sample(entry, &mut shape);
            let learned = self.region(Some(header), header, vec![sample.clone()]).backs;
            let mut learned = self.without_last(header, learned, None);
            learned.iter_mut().for_each(|back| self.drop_dead(header, back));
            let mut grew = false;
            for back in &learned {
                grew |= self.note_changes(&sample, back, &mut shape);
            }
            let mut alike = std::mem::take(&mut shape.alike);
            let shrank = self.keep_alike(&mut alike, &learned, |place| shape.unknown_pointer(place).is_some());
            shape.alike = alike;
            let paced = self.paced(round, &sample, &shape, first, &learned);
            let relative = self.relative(&sample, &shape, &learned);
            let strides = self.strides(&sample, &shape, &learned);
            let stable = !grew && !shrank && strides == shape.strides && relative == shape.relative && paced == shape.paced;
            shape.relative = relative;
            shape.paced = paced;
            if stable {
                self.drop_impossible(&shape, first, &mut learned);
                shape.walked = self.walked(&shape, &learned);
                return Some((shape, sample, learned));
            }
            if round == 0 {
                shape.strides = strides;
            } else {
                // What turned out not to be affine once is not tried again.
                shape.strides.retain(|place, stride| strides.get(place) == Some(stride));
                if grew && round < 3 {
                    shape.strides.extend(strides);
                }
            }
        }
        None
    }

    /// The first elements of the arrays in which every iteration writes to another element.
    fn walked(&mut self, shape: &Shape, learned: &[State]) -> BTreeSet<LocId> {
        let moving = shape.moving();
        let places: BTreeSet<LocId> = learned.iter().flat_map(|back| back.memory().keys().copied()).collect();
        let mut walked = BTreeSet::new();
        for place in places {
            if let Some((base, sub, _)) = self.moving_element(place, &moving) {
                walked.insert(element(&mut self.terms, base, &Lin::default(), &sub));
            }
        }
        walked
    }

    /// The state at the start of some iteration: entry plus k iterations.
    fn sample(&mut self, entry: &State, shape: &mut Shape) -> State {
        let mut state = entry.clone();
        shape.unknowns.clear();
        let changed: Vec<(LocId, Lin)> = shape.changed.iter().map(|(&place, value)| (place, value.clone())).collect();
        for (place, before) in changed {
            if shape.paced.contains_key(&place) {
                continue;
            }
            let value = match shape.strides.get(&place) {
                Some(&stride) => before.plus(&Lin::atom(shape.counter).scaled(stride)),
                None => {
                    let value = self.terms.fresh(Hint::None);
                    if let Some(Step::Field(field)) = self.terms.place(place).steps.last().cloned() {
                        self.terms.mark_as_held(&field, &value);
                    }
                    shape.unknowns.insert(place, value.terms[0].0);
                    if shape.relative.contains(&place) {
                        before.plus(&value)
                    } else {
                        if self.terms.pointer_base(&before).is_some() {
                            self.terms.mark_pointer(&value);
                        }
                        value
                    }
                }
            };
            state.set_raw(place, value);
        }
        self.set_paced(shape, &mut state);
        self.set_alike(shape, &mut state);
        state.facts.assume_at_least_zero(&self.terms, Lin::atom(shape.counter));
        state
    }

    /// Writes the values of places that move as others do.
    fn set_paced(&mut self, shape: &Shape, state: &mut State) {
        for (&place, (pace, times)) in &shape.paced {
            let moved = self.read_id(state, *pace).minus(&shape.changed[pace]).scaled(*times);
            let value = shape.changed[&place].plus(&moved);
            state.set_raw(place, value);
        }
    }

    /// Places without stride that every iteration moves as many times as far as another such place.
    fn paced(
        &mut self,
        round: usize,
        sample: &State,
        shape: &Shape,
        first: &[State],
        learned: &[State],
    ) -> BTreeMap<LocId, (LocId, i128)> {
        let mut moves: Vec<(LocId, Vec<Lin>)> = Vec::new();
        for (&place, start) in &shape.changed {
            let mut by = Vec::new();
            for back in first {
                by.push(self.read_id(back, place).minus(start));
            }
            let before = self.read_id(sample, place);
            for back in learned {
                by.push(self.read_id(back, place).minus(&before));
            }
            if !shape.strides.contains_key(&place) && by.iter().any(|by| by.as_int().is_none()) {
                moves.push((place, by));
            }
        }
        // What is left to do goes before what is done: the former ends at zero.
        moves.sort_by_key(|(_, by)| by.iter().find_map(|by| by.terms.first()).map(|&(_, factor)| (factor.abs(), factor)));
        let mut leaders: Vec<(LocId, Vec<Lin>)> = Vec::new();
        let mut paced = BTreeMap::new();
        for (place, by) in moves {
            match leaders.iter().find_map(|(other, pace)| Some((*other, times(&by, pace)?))) {
                // What turned out not to keep pace once is not tried again.
                Some(pace) if round < 2 || shape.paced.contains_key(&place) => drop(paced.insert(place, pace)),
                Some(_) => {}
                None => leaders.push((place, by)),
            }
        }
        paced
    }

    /// The pointers that every iteration leaves in the array they were in: `pages += got`.
    fn relative(&mut self, sample: &State, shape: &Shape, backs: &[State]) -> BTreeSet<LocId> {
        let mut relative = shape.relative.clone();
        relative.retain(|&place| {
            let before = self.read_id(sample, place);
            let base = self.terms.pointer_base(&before);
            backs.iter().all(|back| {
                let after = self.read_id(back, place);
                self.terms.pointer_base(&after) == base && !base.is_some_and(|base| after.minus(&before).mentions(base))
            })
        });
        relative
    }

    fn strides(&mut self, sample: &State, shape: &Shape, backs: &[State]) -> BTreeMap<LocId, i128> {
        let mut strides = BTreeMap::new();
        for &place in shape.changed.keys() {
            let before = self.read_id(sample, place);
            let mut steps: Vec<Option<i128>> = Vec::new();
            for back in backs {
                steps.push(self.read_id(back, place).minus(&before).as_int());
            }
            if let Some(&Some(step)) = steps.first()
                && step != 0
                && steps.iter().all(|s| *s == Some(step))
            {
                strides.insert(place, step);
            }
        }
        strides
    }

    /// The state after k >= 1 iterations, references apart.
    pub(super) fn after_iterations(&mut self, entry: &State, shape: &Shape, kind: &Kind) -> State {
        let first = &kind.first;
        let learned: Vec<State> = kind.learned.iter().map(|(_, back)| back.clone()).collect();
        let mut state = first[0].clone();
        for other in &first[1..] {
            state.facts = state.facts.join(&self.terms, &other.facts);
            state.published.extend(other.published.iter().copied());
            state.aliases.retain(|alias| other.aliases.iter().any(|known| known == alias || known.is_same_copy(alias)));
            state.is_gapped |= other.is_gapped;
        }
        state.is_gapped |= learned.iter().any(|back| back.is_gapped);
        state.segments.clone_from(&kind.sample.segments);
        state.done = entry.done.clone();
        for (&place, before) in &shape.changed {
            let value = match (shape.strides.get(&place), shape.unknowns.get(&place)) {
                (Some(&stride), _) => before.plus(&Lin::atom(shape.counter).scaled(stride)),
                (None, Some(&unknown)) if shape.relative.contains(&place) => before.plus(&Lin::atom(unknown)),
                (None, Some(&unknown)) => Lin::atom(unknown),
                (None, None) => self.terms.fresh(Hint::None),
            };
            state.set_raw(place, value);
        }
        self.set_paced(shape, &mut state);
        self.set_alike(shape, &mut state);
        for back in &learned {
            self.forget_written_elements(shape, back, &mut state);
        }
        state.facts.assume_at_least_zero(&self.terms, Lin::atom(shape.counter).offset(-1));
        self.keep_constants(shape, &learned, first, &mut state);
        self.keep_invariants(shape, first, &learned, &mut state);
        state
    }

    /// `list[k] = x` in every iteration: the list no longer holds the zeroes it was allocated with.
    fn forget_written_elements(&mut self, shape: &Shape, back: &State, state: &mut State) {
        let moving = shape.moving();
        for &place in back.memory().keys() {
            let loc = self.terms.place(place).clone();
            let Root::At(base) = loc.root else { continue };
            let is_moving =
                |step: &Step| matches!(step, Step::Index(index) if index.terms.iter().any(|(atom, _)| moving.contains(atom)));
            if let Some(at) = loc.steps.iter().position(is_moving)
                && self.terms.is_zeroed(base)
            {
                let array = Loc { root: loc.root, steps: loc.steps[..at].to_vec() };
                state.forget_unwritten(&mut self.terms, &array, &mut self.epoch);
            }
        }
    }

    /// A place that every iteration sets to the same value has it (`first = false`).
    fn keep_constants(&mut self, shape: &Shape, learned: &[State], first: &[State], state: &mut State) {
        let places: Vec<LocId> = shape.unknowns.keys().copied().collect();
        for place in places {
            let mut values: Vec<Lin> = Vec::new();
            for back in learned.iter().chain(first) {
                values.push(self.read_id(back, place));
            }
            if let Some(value) = values.first()
                && value.as_int().is_some()
                && values.iter().all(|v| v == value)
            {
                state.set_raw(place, value.clone());
            }
        }
    }

    /// What every iteration preserves is known after any number of them.
    fn keep_invariants(&mut self, shape: &Shape, first: &[State], learned: &[State], state: &mut State) {
        for invariant in self.invariants(shape, first, learned) {
            state.facts.assume_at_least_zero(&self.terms, invariant);
        }
    }

    /// What no iteration does that starts with what every one preserves: a count that is below zero only where it was before.
    fn drop_impossible(&mut self, shape: &Shape, first: &[State], learned: &mut Vec<State>) {
        if learned.len() < 2 {
            return;
        }
        let invariants = self.invariants(shape, first, learned);
        learned.retain(|back| {
            let mut facts = back.facts.clone();
            invariants.iter().all(|invariant| facts.assume_at_least_zero(&self.terms, invariant.clone()))
        });
    }

    /// Facts about changing values that hold after the first iteration and that every further one preserves: none of them is below
    /// zero.
    fn invariants(&mut self, shape: &Shape, first: &[State], learned: &[State]) -> Vec<Lin> {
        let mut invariants = Vec::new();
        let Some(back) = learned.first() else { return invariants };
        let moving = shape.moving();
        let mut candidates: Vec<Lin> = Vec::new();
        for fact in back.facts.at_least_zero() {
            if fact.terms.iter().any(|(atom, _)| moving.contains(atom)) {
                let slack = shape.strides.values().map(|s| s.abs()).chain([0, 1]);
                candidates.extend(BTreeSet::from_iter(slack).into_iter().map(|by| fact.offset(by)));
            }
        }
        for (place, &unknown) in &shape.unknowns {
            let zero = Lin::default();
            let before = if shape.relative.contains(place) { &zero } else { &shape.changed[place] };
            candidates.push(Lin::atom(unknown).minus(before));
            candidates.push(before.minus(&Lin::atom(unknown)));
            candidates.push(Lin::atom(unknown));
            // Zero before, at least one after each turn: entries of a table.
            candidates.push(Lin::atom(unknown).offset(-1));
        }
        for candidate in candidates {
            let holds_first = first.iter().all(|back| {
                let map = self.values_after(shape, back, 1);
                let value = self.terms.substitute(&candidate, &map);
                back.facts.proves_at_least_zero(&self.terms, &value)
            });
            if !holds_first {
                continue;
            }
            let preserved = learned.iter().all(|back| {
                let mut facts = back.facts.clone();
                let starts = facts.assume_at_least_zero(&self.terms, candidate.clone());
                let map = self.next_values(shape, back);
                let value = self.terms.substitute(&candidate, &map);
                !starts || facts.proves_at_least_zero(&self.terms, &value)
            });
            if preserved {
                invariants.push(candidate);
            }
        }
        invariants
    }

    /// The moving atoms' values after `iterations` real ones, as the state has them.
    pub(super) fn values_after(&mut self, shape: &Shape, back: &State, iterations: i128) -> Replaced {
        let mut map = Replaced::from_iter([(shape.counter, Lin::int(iterations))]);
        for (&place, &unknown) in &shape.unknowns {
            let value = self.read_id(back, place);
            let is_relative = shape.relative.contains(&place);
            map.insert(unknown, if is_relative { value.minus(&shape.changed[&place]) } else { value });
        }
        map
    }

    /// The moving atoms' values one iteration on.
    pub(super) fn next_values(&mut self, shape: &Shape, back: &State) -> Replaced {
        let mut map = self.values_after(shape, back, 0);
        map.insert(shape.counter, Lin::atom(shape.counter).offset(1));
        map
    }

    pub(super) fn entry_values(&self, shape: &Shape) -> Replaced {
        let mut map = Replaced::from_iter([(shape.counter, Lin::int(0))]);
        for (place, &unknown) in &shape.unknowns {
            let is_relative = shape.relative.contains(place);
            map.insert(unknown, if is_relative { Lin::default() } else { shape.changed[place].clone() });
        }
        map
    }
}

/// The number by which all of the second are to be multiplied to be the first.
fn times(moves: &[Lin], others: &[Lin]) -> Option<i128> {
    let (one, other) = moves.iter().zip(others).find(|(_, other)| !other.terms.is_empty())?;
    let (&(_, factor), &(_, of)) = (one.terms.first()?, other.terms.first()?);
    let times = (factor % of == 0).then_some(factor / of)?;
    moves.iter().zip(others).all(|(one, other)| *one == other.scaled(times)).then_some(times)
}

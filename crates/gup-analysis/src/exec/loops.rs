//! Loops, one algorithm (DESIGN, section 5).
//!
//! 1. The body runs once from the real entry: zero iterations and the first one are exact.
//! 2. It runs again from an entry where everything that changed is unknown, quietly, to learn what one iteration does. A
//!    place that changes by a constant is `entry value + constant * k`.
//! 3. What one iteration does to element e(k) is done to [e(0), e(k)) by k of them; facts that every iteration preserves are
//!    kept.
//! 4. From that state "after k >= 1 iterations" the body runs once more, for real: the exits are those of steps 1 and 4.
//!    What another iteration leaves must be what was assumed, else the references concerned are unresolved.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use gup_ir::{BlockId, Pos};

use super::hold::merge_neighbours;
use super::{Exec, Left};
use crate::domain::refs::{Segment, Status, What};
use crate::domain::state::{Alias, Done, State};
use crate::domain::term::{Atom, AtomId, Hint, Lin, Loc, LocId, Root, Step};
use crate::limits;

const WHY: &str = "a loop whose effect on the references could not be summarised";

/// What is known of a loop's iterations.
struct Shape {
    /// Places that change, with their value at the loop's entry.
    changed: BTreeMap<LocId, Lin>,
    /// Those that change by a constant.
    strides: BTreeMap<LocId, i128>,
    /// Number of iterations done.
    counter: AtomId,
    /// Atoms that stand for the value at an iteration's start of changed places without stride.
    unknowns: BTreeMap<LocId, AtomId>,
    /// Pointers that are not a known element further each time, but still somewhere in the array they started in.
    relative: BTreeSet<LocId>,
    /// What was not there before the loop.
    before: Mark,
}

/// A moment of the execution: unknowns and changes of memory with higher numbers came later.
#[derive(Clone, Copy)]
struct Mark {
    fresh: u32,
    epoch: u32,
}

impl Shape {
    /// Atoms whose meaning changes from one iteration to the next.
    fn moving(&self) -> Vec<AtomId> {
        self.unknowns.values().copied().chain([self.counter]).collect()
    }
}

impl Exec<'_> {
    pub(super) fn run_loop(&mut self, header: BlockId, mut states: Vec<State>) -> Left {
        let mut left = Left::default();
        if states.len() > limits::LOOP_ENTRIES {
            self.join_down(&mut states, limits::LOOP_ENTRIES);
        }
        for state in states {
            self.summarise_loop(header, state, &mut left);
        }
        left
    }

    fn summarise_loop(&mut self, header: BlockId, entry: State, left: &mut Left) {
        let before = Mark { fresh: self.terms.fresh_count(), epoch: self.epoch };
        let first = self.region(Some(header), header, vec![entry.clone()]);
        left.exits.extend(first.exits);
        left.returns.extend(first.returns);
        let mut backs = first.backs;
        if backs.is_empty() {
            return;
        }
        self.report_lost_in_iteration(header, &entry, &mut backs);
        let shape = self.shape(&entry, &backs, before);
        self.quiet += 1;
        let Some((shape, sample, learned)) = self.learn(header, &entry, shape) else {
            self.quiet -= 1;
            for back in &backs {
                self.gap(back, WHY);
            }
            return;
        };
        self.quiet -= 1;
        let mut later = self.after_iterations(&entry, &shape, &backs, &learned);
        let failed = self.accumulate(&entry, &sample, &shape, &learned, &mut later);
        for site in &failed {
            self.unresolved(*site, WHY);
        }
        if !failed.is_empty() {
            later.segments.retain(|segment| !failed.contains(&segment.site));
        }
        let expected = later.clone();
        let last = self.region(Some(header), header, vec![later]);
        for back in &last.backs {
            self.check_covered(&expected, &shape, back);
        }
        for (target, mut state) in last.exits {
            self.resolve_counters(&mut state, &shape);
            left.exits.push((target, state));
        }
        for (mut state, ret, pos) in last.returns {
            let map = self.resolve_counters(&mut state, &shape);
            let ret = ret.map(|value| self.terms.substitute(&value, &map));
            left.returns.push((state, ret, pos));
        }
    }

    /// A page that only a variable of the iteration knew, still held when the next one starts.
    fn report_lost_in_iteration(&mut self, header: BlockId, entry: &State, backs: &mut [State]) {
        for state in backs.iter_mut() {
            *state = self.prune(header, vec![std::mem::take(state)]).pop().unwrap_or_default();
            for index in 0..state.segments.len() {
                let segment = &state.segments[index];
                let What::One(value) = &segment.what else { continue };
                if segment.status != Status::Held || segment.site.is_none() || entry.segments.contains(segment) {
                    continue;
                }
                let mut homes: Vec<LocId> = self.homes(state, value).collect();
                if let Some(Atom::Load(place, _)) = value.as_atom().map(|a| self.terms.get(a)) {
                    homes.push(*place);
                }
                if homes.into_iter().any(|place| self.outlives_iteration(place)) {
                    continue;
                }
                let pos = state.trail.as_ref().map_or(Pos::default(), |step| step.pos);
                self.lose(state, index, false, pos);
            }
        }
    }

    /// Not a variable that the next acquisition overwrites (its address was given to this one).
    fn outlives_iteration(&self, place: LocId) -> bool {
        let loc = self.terms.place(place);
        match loc.root {
            Root::Local(id) => !loc.steps.is_empty() || !self.flow.is_addressed(id),
            _ => true,
        }
    }

    fn shape(&mut self, entry: &State, backs: &[State], before: Mark) -> Shape {
        let counter = self.terms.fresh(Hint::None);
        let counter = counter.terms[0].0;
        let mut shape = Shape {
            changed: BTreeMap::new(),
            strides: BTreeMap::new(),
            counter,
            unknowns: BTreeMap::new(),
            relative: BTreeSet::new(),
            before,
        };
        for back in backs {
            self.note_changes(entry, back, &mut shape);
        }
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
    fn learn(&mut self, header: BlockId, entry: &State, mut shape: Shape) -> Option<(Shape, State, Vec<State>)> {
        for round in 0..limits::LOOP_ROUNDS * 2 {
            let sample = self.sample(entry, &mut shape);
            let learned = self.region(Some(header), header, vec![sample.clone()]).backs;
            let mut grew = false;
            for back in &learned {
                grew |= self.note_changes(&sample, back, &mut shape);
            }
            let relative = self.relative(&sample, &shape, &learned);
            let strides = self.strides(&sample, &shape, &learned);
            let stable = !grew && strides == shape.strides && relative == shape.relative;
            shape.relative = relative;
            if stable {
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

    /// The state at the start of some iteration: entry plus k iterations.
    fn sample(&mut self, entry: &State, shape: &mut Shape) -> State {
        let mut state = entry.clone();
        shape.unknowns.clear();
        let changed: Vec<(LocId, Lin)> = shape.changed.iter().map(|(&place, value)| (place, value.clone())).collect();
        for (place, before) in changed {
            let value = match shape.strides.get(&place) {
                Some(&stride) => before.plus(&Lin::atom(shape.counter).scaled(stride)),
                None => {
                    let value = self.terms.fresh(Hint::None);
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
        state.facts.assume_at_least_zero(&self.terms, Lin::atom(shape.counter));
        state
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
    fn after_iterations(&mut self, entry: &State, shape: &Shape, first: &[State], learned: &[State]) -> State {
        let mut state = first[0].clone();
        for other in &first[1..] {
            state.facts = state.facts.join(&self.terms, &other.facts);
            state.published.extend(other.published.iter().copied());
        }
        state.segments = entry.segments.clone();
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
        state.facts.assume_at_least_zero(&self.terms, Lin::atom(shape.counter).offset(-1));
        self.keep_constants(shape, learned, first, &mut state);
        self.keep_invariants(shape, first, learned, &mut state);
        state
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

    /// Facts about changing values that hold after the first iteration and that every further one preserves.
    fn keep_invariants(&mut self, shape: &Shape, first: &[State], learned: &[State], state: &mut State) {
        let Some(back) = learned.first() else { return };
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
                facts.assume_at_least_zero(&self.terms, candidate.clone());
                let map = self.next_values(shape, back);
                let value = self.terms.substitute(&candidate, &map);
                facts.proves_at_least_zero(&self.terms, &value)
            });
            if preserved {
                state.facts.assume_at_least_zero(&self.terms, candidate);
            }
        }
    }

    /// The moving atoms' values after `iterations` real ones, as the state has them.
    fn values_after(&mut self, shape: &Shape, back: &State, iterations: i128) -> HashMap<AtomId, Lin> {
        let mut map = HashMap::from([(shape.counter, Lin::int(iterations))]);
        for (&place, &unknown) in &shape.unknowns {
            let value = self.read_id(back, place);
            let is_relative = shape.relative.contains(&place);
            map.insert(unknown, if is_relative { value.minus(&shape.changed[&place]) } else { value });
        }
        map
    }

    /// The moving atoms' values one iteration on.
    fn next_values(&mut self, shape: &Shape, back: &State) -> HashMap<AtomId, Lin> {
        let mut map = self.values_after(shape, back, 0);
        map.insert(shape.counter, Lin::atom(shape.counter).offset(1));
        map
    }

    fn entry_values(&self, shape: &Shape) -> HashMap<AtomId, Lin> {
        let mut map = HashMap::from([(shape.counter, Lin::int(0))]);
        for (place, &unknown) in &shape.unknowns {
            let is_relative = shape.relative.contains(place);
            map.insert(unknown, if is_relative { Lin::default() } else { shape.changed[place].clone() });
        }
        map
    }

    /// Does to `state` what k iterations do to references. Returns the sites for which that could not be said.
    fn accumulate(
        &mut self,
        entry: &State,
        sample: &State,
        shape: &Shape,
        learned: &[State],
        state: &mut State,
    ) -> BTreeSet<Option<crate::summary::SiteId>> {
        let mut failed = BTreeSet::new();
        self.quiet += 1;
        let per_back: Vec<Vec<(bool, Segment, Segment)>> =
            learned.iter().map(|back| self.changes_of(sample, shape, back, &mut failed)).collect();
        let mut applied: Vec<Segment> = Vec::new();
        for (is_old, one, total) in per_back.iter().flatten() {
            if applied.contains(total) {
                continue;
            }
            for (back, own) in learned.iter().zip(&per_back) {
                if !own.iter().any(|(_, _, t)| t == total) && !self.is_vacuous(shape, back, &one.what) {
                    failed.insert(total.site);
                }
            }
            applied.push(total.clone());
            if *is_old {
                self.apply_total(state, total);
            } else {
                state.segments.push(total.clone());
            }
        }
        self.note_copies(shape, learned, state);
        for back in learned {
            self.accumulate_done(entry, shape, back, learned, state);
        }
        self.quiet -= 1;
        failed
    }

    /// `list[i] = pages[i]` in every iteration: the list is another home of the pages.
    fn note_copies(&mut self, shape: &Shape, learned: &[State], state: &mut State) {
        let Some((one, others)) = learned.split_first() else { return };
        let moving = shape.moving();
        let copies: Vec<(LocId, LocId)> = one
            .memory()
            .iter()
            .filter(|(place, value)| others.iter().all(|other| other.memory().get(place) == Some(value)))
            .filter_map(|(&place, value)| {
                let mut atom = value.as_atom()?;
                // Also as a pfn.
                while let Atom::Apply(_, args) = self.terms.get(atom) {
                    let [only] = &args[..] else { return None };
                    atom = only.as_atom()?;
                }
                match self.terms.get(atom) {
                    Atom::Load(source, _) if *source != place => Some((place, *source)),
                    _ => None,
                }
            })
            .collect();
        for (place, source) in copies {
            let Some((of, of_sub, from)) = self.moving_element(source, &moving) else { continue };
            let Some((base, sub, at)) = self.moving_element(place, &moving) else {
                if !matches!(self.terms.place(place).root, Root::Local(_)) {
                    let start = self.entry_values(shape);
                    let lo = self.terms.substitute(&from, &start);
                    let what = What::Range { base: of, sub: of_sub, lo, hi: from };
                    self.escape(state, &what, "copied, page by page, to objects of their own");
                }
                continue;
            };
            let shift = from.minus(&at);
            let alias = Alias { base, sub, of, of_sub, shift };
            if base != of && !moving.iter().any(|atom| alias.shift.mentions(*atom)) && !state.aliases.contains(&alias) {
                state.aliases.push(alias);
            }
        }
    }

    /// What one iteration did to references, each with what k iterations do: (held before the loop, once, k times).
    fn changes_of(
        &mut self,
        sample: &State,
        shape: &Shape,
        back: &State,
        failed: &mut BTreeSet<Option<crate::summary::SiteId>>,
    ) -> Vec<(bool, Segment, Segment)> {
        let mut changes = Vec::new();
        for segment in back.segments.iter().filter(|segment| !sample.segments.contains(segment)) {
            let is_old = sample.segments.iter().any(|old| old.site == segment.site && same_array(&old.what, &segment.what));
            if is_old && segment.status == Status::Held || !is_old && !segment.is_open() {
                continue;
            }
            match self.total(shape, back, segment) {
                Some(total) => changes.push((is_old, segment.clone(), total)),
                None if self.is_left_in_published(back, segment) => {}
                None => {
                    failed.insert(segment.site);
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
        let place = crate::domain::refs::element(&mut self.terms, base, &lo, &sub);
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
            Status::Held => {}
        }
    }

    /// What k iterations do to the elements that one of them does this to; `None` where there is no such pattern.
    fn total(&mut self, shape: &Shape, back: &State, segment: &Segment) -> Option<Segment> {
        if let Status::Carried(place) = segment.status {
            let moving = shape.moving();
            let is_unit = matches!(segment.what, What::One(_)) || self.as_advancing(shape, back, segment).is_none();
            if is_unit && !self.mentions(place, &moving) {
                // Units of unknown number in a carrier that stays the same.
                let what = What::One(self.terms.fresh(Hint::None));
                return Some(Segment { what, ..segment.clone() });
            }
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
    fn total_range(&mut self, shape: &Shape, back: &State, lo: &Lin, hi: &Lin) -> Option<(Lin, Lin)> {
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
    fn as_range(&mut self, back: &State, shape: &Shape, what: &What) -> Option<(AtomId, Vec<crate::summary::Field>, Lin, Lin)> {
        let value = match what {
            What::Range { base, sub, lo, hi } => return Some((*base, sub.clone(), lo.clone(), hi.clone())),
            What::One(value) => value,
        };
        let mut places: Vec<LocId> = back.memory().iter().filter(|(_, v)| *v == value).map(|(&place, _)| place).collect();
        if let Some(Atom::Load(place, _)) = value.as_atom().map(|atom| self.terms.get(atom)) {
            places.push(*place);
        }
        let moving = shape.moving();
        places.into_iter().find_map(|place| {
            let (base, sub, index) = self.moving_element(place, &moving)?;
            Some((base, sub, index.clone(), index.offset(1)))
        })
    }

    /// A place as an element `base[index].sub` whose index moves with the iterations.
    fn moving_element(&mut self, place: LocId, moving: &[AtomId]) -> Option<(AtomId, Vec<crate::summary::Field>, Lin)> {
        let loc = self.terms.place(place).clone();
        let at = loc.steps.iter().rposition(|step| matches!(step, Step::Index(_)))?;
        let Step::Index(index) = &loc.steps[at] else { return None };
        if !index.terms.iter().any(|(atom, _)| moving.contains(atom)) {
            return None;
        }
        let sub: Option<Vec<_>> = loc.steps[at + 1..]
            .iter()
            .map(|step| if let Step::Field(field) = step { Some(field.clone()) } else { None })
            .collect();
        let array = self.terms.address(&Loc { root: loc.root.clone(), steps: loc.steps[..at].to_vec() });
        Some((array.as_atom()?, sub?, index.clone()))
    }

    /// Each iteration leaves its page in an object of its own that others can reach: nothing accumulates here.
    fn is_left_in_published(&mut self, back: &State, segment: &Segment) -> bool {
        let What::One(value) = &segment.what else { return false };
        let home = back.memory().iter().find(|(place, v)| {
            *v == value && matches!(self.terms.place(**place).root, Root::At(atom) if back.published.contains(&atom))
        });
        let Some((&place, _)) = home else { return false };
        if let (Some(slot), Some(site)) = (self.slot(place), segment.site) {
            self.fates.of(site).deposits.insert((slot, segment.kind));
        }
        true
    }

    /// Effects on what callers hold, k times.
    fn accumulate_done(&mut self, entry: &State, shape: &Shape, back: &State, learned: &[State], state: &mut State) {
        for done in back.done.iter().filter(|done| !entry.done.contains(done)) {
            let total = match done {
                Done::Release { class, what, at } => {
                    self.done_total(shape, back, what).map(|what| Done::Release { class: *class, what, at: *at })
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
                self.gaps.insert(WHY.to_owned());
            }
            match total {
                Some(total) if !state.done.contains(&total) => state.done.push(total),
                Some(_) => {}
                None => {
                    self.gaps.insert(WHY.to_owned());
                }
            }
        }
    }

    fn done_total(&mut self, shape: &Shape, back: &State, what: &What) -> Option<What> {
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

    fn mentions(&self, place: LocId, atoms: &[AtomId]) -> bool {
        self.terms.place_depends(place, &|atom| atoms.contains(&atom))
    }

    /// Is the place found by way of something that an iteration made, or that it found changed?
    fn is_of_iteration(&self, place: LocId, before: Mark) -> bool {
        self.terms.place_depends(place, &|atom| match self.terms.get(atom) {
            Atom::Fresh(number) => *number > before.fresh,
            Atom::Load(_, epoch) => *epoch > before.epoch,
            _ => false,
        })
    }

    /// Another iteration must leave what the summary says.
    fn check_covered(&mut self, expected: &State, shape: &Shape, back: &State) {
        let next = self.next_values(shape, back);
        let mut back = back.clone();
        for index in 0..back.segments.len() {
            if let Some((base, sub, lo, hi)) = self.as_range(&back, shape, &back.segments[index].what.clone()) {
                back.segments[index].what = What::Range { base, sub, lo, hi };
                back.segments[index].short = false;
            }
        }
        merge_neighbours(&self.terms, &mut back);
        for segment in expected.segments.iter().filter(|s| s.is_open()) {
            let mut wanted = segment.what.clone();
            crate::domain::refs::substitute(&mut self.terms, &mut wanted, &next);
            let found = back.segments.iter().any(|other| {
                other.site == segment.site
                    && other.is_open()
                    && match (&other.what, &wanted) {
                        (What::Range { base, lo, hi, .. }, What::Range { base: b, lo: l, hi: h, .. }) => {
                            base == b
                                && back.facts.proves_zero(&self.terms, &lo.minus(l))
                                && back.facts.proves_zero(&self.terms, &hi.minus(h))
                        }
                        (What::One(_), What::One(_)) => true,
                        _ => false,
                    }
            });
            let is_empty =
                matches!(&wanted, What::Range { lo, hi, .. } if back.facts.proves_at_least_zero(&self.terms, &lo.minus(hi)));
            if !found && !is_empty {
                self.unresolved(segment.site, WHY);
            }
        }
    }

    /// At a loop's exit, a counter with equal lower and upper bounds is that bound.
    fn resolve_counters(&mut self, state: &mut State, shape: &Shape) -> HashMap<AtomId, Lin> {
        let mut map = HashMap::new();
        for atom in shape.unknowns.values().copied().chain([shape.counter]) {
            let bound = state.facts.at_least_zero().iter().find_map(|fact| {
                let &(_, factor) = fact.terms.iter().find(|(a, _)| *a == atom)?;
                if factor.abs() != 1 {
                    return None;
                }
                // factor * atom + rest >= 0: is it 0?
                let is_tight = state.facts.proves_at_least_zero(&self.terms, &fact.scaled(-1));
                let rest = fact.minus(&Lin::atom(atom).scaled(factor));
                is_tight.then(|| rest.scaled(-factor))
            });
            if let Some(value) = bound {
                let value = self.terms.substitute(&value, &map);
                map.insert(atom, value);
            }
        }
        if !map.is_empty() {
            state.substitute(&mut self.terms, &map);
            merge_neighbours(&self.terms, state);
        }
        map
    }
}

/// The same references by the arrays that they were copied to.
pub(super) fn in_copies(state: &State, what: &What) -> Vec<What> {
    let What::Range { base, sub, lo, hi } = what else { return Vec::new() };
    let copies = state.aliases.iter().filter(|alias| alias.of == *base && alias.of_sub == *sub);
    copies
        .map(|alias| What::Range {
            base: alias.base,
            sub: alias.sub.clone(),
            lo: lo.minus(&alias.shift),
            hi: hi.minus(&alias.shift),
        })
        .collect()
}

fn same_array(a: &What, b: &What) -> bool {
    match (a, b) {
        (What::Range { base, .. }, What::Range { base: other, .. }) => base == other,
        (What::One(a), What::One(b)) => a == b,
        _ => false,
    }
}

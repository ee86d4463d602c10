//! Loops, one algorithm (DESIGN, section 5).
//!
//! 1. The body runs once from the real entry: zero iterations and the first one are exact.
//! 2. It runs again from an entry where everything that changed is unknown, quietly, to learn what one iteration does. A
//!    place that changes by a constant is `entry value + constant * k` ([`learn`]).
//! 3. What one iteration does to element e(k) is done to [e(0), e(k)) by k of them; facts that every iteration preserves are
//!    kept ([`effects`]). Iterations of different kinds are told apart first ([`kinds`]).
//! 4. From that state "after k >= 1 iterations" the body runs once more, for real: the exits are those of steps 1 and 4.
//!    What another iteration leaves must be what was assumed, else the references concerned are unresolved ([`cover`]).

mod alike;
mod chunks;
mod content;
mod copies;
mod cover;
mod effects;
mod kinds;
mod learn;
mod tally;

use std::collections::{BTreeMap, BTreeSet};

use gup_ir::{BlockId, Type};

use super::event::{Event, EventKind};
use super::{Exec, Left, Noticed};
use crate::domain::refs::{EVERYTHING, Segment, Status, What};
use crate::domain::state::State;
use crate::domain::term::{Atom, AtomId, Hint, Lin, Loc, LocId, Root};
use crate::limits;
use crate::summary::{RefKind, SiteId};
use alike::Alike;
use chunks::Reading;
pub(super) use copies::in_copies;
use effects::{Failed, Omitted};
use kinds::Kind;
pub(super) use tally::Tally;

// Why a loop's effect on references could not be summarised.
const RESTLESS: &str = "a loop of which no pattern was found in what changes from turn to turn";
const UNEVEN: &str = "a loop in which some turns treat references otherwise than the rest";
const SCATTERED: &str = "a loop whose turns leave references in places that are no range of one array";
const DISCONNECTED: &str = "a loop whose next turn does not go on where the last one ended";
const STRAY: &str = "a loop in which a turn leaves a page in a place that the next one does not know";

/// Is that why a site is unresolved one of these?
pub(super) fn is_failure(why: &str) -> bool {
    [RESTLESS, UNEVEN, SCATTERED, DISCONNECTED, STRAY].contains(&why)
}

/// What is known of a loop's iterations.
struct Shape {
    header: BlockId,
    /// Places that change, with their value at the loop's entry.
    changed: BTreeMap<LocId, Lin>,
    /// Those that change by a constant.
    strides: BTreeMap<LocId, i128>,
    /// Number of iterations done.
    counter: AtomId,
    /// Places that move as another one does, or so many times as far: `pages += got`, `left -= got` beside `done += got`.
    paced: BTreeMap<LocId, (LocId, i128)>,
    /// Atoms that stand for the value at an iteration's start of changed places without stride.
    unknowns: BTreeMap<LocId, AtomId>,
    /// Pointers that are not a known element further each time, but still somewhere in the array they started in.
    relative: BTreeSet<LocId>,
    /// First elements of arrays that the turns walk along: `sg->page` where `sg++`. They look like any other field.
    walked: BTreeSet<LocId>,
    /// What the objects have in common that changing pointers lead to.
    alike: Vec<Alike>,
    /// A range that a place counts, where one was guessed.
    tally: Option<Tally>,
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

    /// What a changing pointer is at an iteration's start, if that is not known by where it was before.
    fn unknown_pointer(&self, place: LocId) -> Option<AtomId> {
        self.unknowns.get(&place).copied().filter(|_| !self.relative.contains(&place))
    }
}

impl Exec<'_> {
    pub(super) fn run_loop(&mut self, header: BlockId, mut states: Vec<State>) -> Left {
        let mut left = Left::default();
        if states.len() > self.width.loop_entries {
            self.join_down(&mut states, self.width.loop_entries);
        }
        for mut state in states {
            self.join_range(&mut state);
            self.summarise_loop(header, state, &mut left);
        }
        left
    }

    /// A page that is held by its value, and kept right behind a range of others, is one more of them: what a loop may
    /// release one by one, and callers as one range.
    ///
    /// ```c
    ///         obj->pages[obj->nr] = page;
    ///         obj->nr++;                              // pages[0..nr) and `page` are pages[0..nr)
    ///         for (i = 0; i < obj->nr; i++)
    ///                 put_page(obj->pages[i]);
    /// ```
    pub(super) fn join_range(&mut self, state: &mut State) {
        let mut at = 0;
        while at < state.segments.len() {
            match self.range_behind(state, at) {
                Some((range, end)) => {
                    if let What::Range { hi, .. } = &mut state.segments[range].what {
                        *hi = end;
                    }
                    state.segments.remove(at);
                    at = 0;
                }
                None => at += 1,
            }
        }
    }

    /// The range that ends where the page of segment `at` is kept, and where it ends with it.
    fn range_behind(&mut self, state: &State, at: usize) -> Option<(usize, Lin)> {
        let own = &state.segments[at];
        let What::One(value) = &own.what else { return None };
        state.segments.iter().enumerate().find_map(|(number, range)| {
            let What::Range { base, sub, hi, .. } = &range.what else { return None };
            if range.site != own.site || range.kind != own.kind || range.status != own.status {
                return None;
            }
            let index = self.index_of(state, value, *base, sub)?;
            state.facts.proves_zero(&self.terms, &index.minus(hi)).then(|| (number, index.offset(1)))
        })
    }

    fn summarise_loop(&mut self, header: BlockId, entry: State, left: &mut Left) {
        let (failures, steps) = (self.loop_failures, self.steps);
        let before = self.noticed();
        let known = self.runs_of(header);
        if let Some(by_run) = self.summarise_by_runs(&known, header, &entry, &before) {
            return left.add(by_run);
        }
        let simple = self.summarise_from(header, entry.clone(), None);
        // They go before: whatever comes later may know the pages by their numbers only.
        let mut seen = self.runs_of(header);
        seen.retain(|run| !known.contains(run));
        if !seen.is_empty() {
            let (noticed, simple_failures) = (self.replace_noticed(before.clone()), self.loop_failures);
            self.loop_failures = failures;
            if let Some(by_run) = self.summarise_by_runs(&seen, header, &entry, &before) {
                return left.add(by_run);
            }
            self.loop_failures = simple_failures;
            self.replace_noticed(noticed);
        }
        if self.loop_failures == failures || self.apart > limits::LOOPS_APART {
            left.add(simple);
            return;
        }
        let noticed = self.replace_noticed(before.clone());
        let (needed, most) = (std::mem::replace(&mut self.steps, steps), self.most_steps);
        self.most_steps = most.min(steps + limits::LOOP_STEPS);
        let understood = self.summarise_otherwise(header, &entry, failures, &before);
        self.most_steps = most;
        if let Some(understood) = understood {
            left.add(understood);
        } else {
            self.steps = needed;
            self.replace_noticed(noticed);
            self.doubt_ends(before.events.len());
            left.add(simple);
        }
    }

    /// By the places that may hold the first and the last number of a run of pages. `None` where it is not understood so.
    fn summarise_by_runs(&mut self, runs: &[Tally], header: BlockId, entry: &State, before: &Noticed) -> Option<Left> {
        let (failures, steps, most) = (self.loop_failures, self.steps, self.most_steps);
        let (is_limited, renamed) = (self.is_limited, self.renamed.clone());
        for run in runs {
            self.most_steps = most.min(steps + limits::LOOP_STEPS);
            let by_run = self.summarise_from(header, entry.clone(), Some(run.clone()));
            self.most_steps = most;
            if self.loop_failures == failures {
                self.prefer_run(header, run);
                return Some(by_run);
            }
            (self.loop_failures, self.steps, self.is_limited) = (failures, steps, is_limited);
            self.renamed.clone_from(&renamed);
            self.replace_noticed(before.clone());
        }
        None
    }

    /// By a place that counts a range, or with the first turn apart; `None` where the loop is not understood so either.
    fn summarise_otherwise(&mut self, header: BlockId, entry: &State, failures: u32, before: &Noticed) -> Option<Left> {
        let steps = self.steps;
        for tally in self.tallies(header, entry) {
            self.loop_failures = failures;
            let counted = self.summarise_from(header, entry.clone(), Some(tally));
            if self.loop_failures == failures {
                return Some(counted);
            }
            self.replace_noticed(before.clone());
            self.steps = steps;
        }
        self.loop_failures = failures;
        self.apart += 1;
        let peeled = self.summarise_peeled(header, entry.clone());
        self.apart -= 1;
        (self.loop_failures == failures).then_some(peeled)
    }

    /// Of a loop that is not understood, where it ends is not either: of the events from `first` on, those that take its last turn for
    /// one too many.
    fn doubt_ends(&mut self, first: usize) {
        let at_end = &self.at_end;
        let is_of_end = |event: &&mut Event| event.kind == EventKind::TooMany && at_end.contains(&event.pos);
        for event in self.events.iter_mut().skip(first).filter(is_of_end) {
            event.doubts.push("where the loop ends is not understood".into());
        }
    }

    /// The first iteration by itself, the arms of `min()` apart: of this loop, all turns but the first and the last are then alike.
    ///
    /// ```c
    ///         for (i = 0; bytes; i++) {
    ///                 n = min(bytes, PAGE_SIZE - offset);
    ///                 bvec_set_page(&bv[i], pages[i], n, offset);
    ///                 offset = 0;
    ///                 bytes -= n;
    ///         }
    /// ```
    fn summarise_peeled(&mut self, header: BlockId, entry: State) -> Left {
        let mut first = self.region(Some(header), header, vec![entry.clone()]);
        let mut backs = std::mem::take(&mut first.backs);
        self.report_lost_in_iteration(header, &entry, &mut backs);
        let mut entries = self.without_last(header, backs, Some(&mut first));
        if entries.len() > self.width.loop_entries {
            self.join_down(&mut entries, self.width.loop_entries);
        }
        for entry in entries {
            let rest = self.summarise_from(header, entry, None);
            first.add(rest);
        }
        first
    }

    /// The states after which another iteration may follow; the others are run to where they leave the loop, if asked.
    fn without_last(&mut self, header: BlockId, backs: Vec<State>, mut left: Option<&mut Left>) -> Vec<State> {
        if self.apart == 0 {
            return backs;
        }
        let mut kept = Vec::new();
        for back in backs {
            self.quiet += 1;
            let is_last = self.region(Some(header), header, vec![back.clone()]).backs.is_empty();
            self.quiet -= 1;
            match &mut left {
                Some(left) if is_last => left.add(self.region(Some(header), header, vec![back])),
                None if is_last => {}
                _ => kept.push(back),
            }
        }
        kept
    }

    fn summarise_from(&mut self, header: BlockId, entry: State, tally: Option<Tally>) -> Left {
        let before = Mark { fresh: self.terms.fresh_count(), epoch: self.epoch };
        let mut left = self.region(Some(header), header, vec![entry.clone()]);
        let mut backs = std::mem::take(&mut left.backs);
        self.report_lost_in_iteration(header, &entry, &mut backs);
        let mut backs = self.without_last(header, backs, Some(&mut left));
        if backs.is_empty() {
            return left;
        }
        let is_guess = tally.is_some();
        if !is_guess {
            self.note_runs(header, &entry, &backs);
            self.probe_errors(header, &backs);
        }
        let shape = Shape { tally, ..self.shape(header, &entry, &backs, before) };
        backs.iter_mut().for_each(|back| self.gather(&shape, back));
        self.quiet += 1;
        let learned = self.learn(header, &entry, &backs, shape).filter(|(shape, ..)| Tally::is_possible(shape));
        let kinds = learned.map(|(shape, sample, learned)| {
            let kinds = self.kinds(&sample, &shape, &backs, learned);
            let kinds: Option<Vec<Kind>> = kinds.into_iter().map(|kind| self.with_handed(header, &entry, &shape, kind)).collect();
            (shape, kinds)
        });
        self.quiet -= 1;
        let Some((shape, Some(kinds))) = kinds else {
            if is_guess {
                // What was noticed is put back.
                self.loop_failures += 1;
                return left;
            }
            self.probe(header, &entry, &backs);
            self.pos = self.position(header);
            for back in &backs {
                self.loop_failures += u32::from(back.segments.iter().any(|segment| segment.is_open()));
                self.gap(back, RESTLESS);
            }
            return left;
        };
        for kind in &kinds {
            self.further_iterations(&entry, &shape, kind, &backs, &mut left);
        }
        left
    }

    /// Error codes that a turn leaves in a pointer, as the next one meets them: what all turns have in common does not say of them.
    ///
    /// ```c
    ///         if (folio)
    ///                 folio_put(folio);
    ///         folio = alloc(i);
    ///         if (IS_ERR(folio) && PTR_ERR(folio) != -EEXIST)
    ///                 return PTR_ERR(folio);
    /// ```
    fn probe_errors(&mut self, header: BlockId, backs: &[State]) {
        let is_error =
            |exec: &Self, state: &State| state.memory().iter().any(|(place, value)| exec.is_local_error(state, *place, value));
        let Some(back) = backs.iter().find(|back| is_error(self, back)).filter(|_| self.quiet == 0).cloned() else { return };
        let before = self.noticed();
        let (failures, steps, is_limited, renamed) = (self.loop_failures, self.steps, self.is_limited, self.renamed.clone());
        self.region(Some(header), header, vec![back]);
        (self.loop_failures, self.steps, self.is_limited, self.renamed) = (failures, steps, is_limited, renamed);
        let known = before.events.len();
        let met = self.replace_noticed(before).events.into_iter().skip(known);
        self.events.extend(met.filter(|event| event.kind == EventKind::ErrorPointer));
    }

    fn is_local_error(&self, state: &State, place: LocId, value: &Lin) -> bool {
        let Loc { root: Root::Local(local), steps } = self.terms.place(place) else { return false };
        let is_pointer = matches!(self.function.locals[local.0 as usize].ty, Type::Pointer(_));
        is_pointer && steps.is_empty() && self.is_error_pointer(state, &What::One(value.clone()))
    }

    /// Of a loop that is not understood, the second turn as it is: what goes wrong there goes wrong whatever the others do.
    fn probe(&mut self, header: BlockId, entry: &State, backs: &[State]) {
        let holding = backs.iter().filter(|back| back.segments.iter().any(|segment| segment.is_open()));
        let outer = std::mem::replace(&mut self.probing, true);
        for back in holding.take(limits::PROBES).cloned().collect::<Vec<_>>() {
            let mut second = self.region(Some(header), header, vec![back]);
            self.report_lost_in_iteration(header, entry, &mut second.backs);
        }
        self.probing = outer;
    }

    /// Runs the body from the state after k >= 1 iterations of one kind.
    fn further_iterations(&mut self, entry: &State, shape: &Shape, kind: &Kind, backs: &[State], left: &mut Left) {
        let header = shape.header;
        let base = self.after_iterations(entry, shape, kind);
        for Reading { state: mut base, values } in self.by_chunks(shape, kind, base) {
            let (mut failed, omitted) = self.accumulate(entry, shape, kind, &mut base);
            self.accumulate_content(entry, shape, kind, &mut base);
            let mut bases = self.with_omissions(&base, &omitted, &mut failed);
            if !failed.is_empty() && shape.tally.is_none() {
                self.probe(header, entry, backs);
            }
            self.pos = self.position(header);
            for (site, why) in &failed {
                self.loop_failed(*site, why);
            }
            bases.push(base);
            for mut base in bases {
                self.give_up(&mut base, kind, shape, &failed);
                base.substitute(&mut self.terms, &values);
                for handed in &kind.handed {
                    let mut state = base.clone();
                    if handed.is_given_to(&mut state, &self.terms) {
                        self.further_iteration(entry, shape, (kind, &omitted), &base, state, left);
                    }
                }
            }
        }
    }

    fn further_iteration(
        &mut self,
        entry: &State,
        shape: &Shape,
        (kind, omitted): (&Kind, &[Omitted]),
        base: &State,
        state: State,
        left: &mut Left,
    ) {
        let header = shape.header;
        let mut last = self.region(Some(header), header, vec![state]);
        self.report_lost_in_iteration(header, entry, &mut last.backs);
        let backs = std::mem::take(&mut last.backs);
        let mut backs = self.without_last(header, backs, Some(&mut last));
        backs.iter_mut().for_each(|back| self.gather(shape, back));
        self.pos = self.position(header);
        for back in &backs {
            for case in self.by_least(shape, back) {
                self.check_covered(base, shape, omitted, &case);
            }
            self.check_handed(entry, base, shape, kind, back);
        }
        for (target, mut state) in last.exits {
            self.resolve_counters(&mut state, shape);
            left.exits.push((target, state));
        }
        for (mut state, ret, pos) in last.returns {
            let map = self.resolve_counters(&mut state, shape);
            let ret = ret.map(|value| self.terms.substitute(&value, &map));
            left.returns.push((state, ret, pos));
        }
    }

    /// What is not understood is not followed further, but stays known by its array: whoever releases it must fit its kind.
    fn give_up(&mut self, base: &mut State, kind: &Kind, shape: &Shape, failed: &Failed) {
        let mut lost: Vec<Segment> = Vec::new();
        let turns = kind.learned.iter().flat_map(|(_, back)| &back.segments);
        for segment in base.segments.iter().chain(turns) {
            let Some(why) = failed.get(&segment.site) else { continue };
            let What::Range { base, sub, .. } = &segment.what else { continue };
            if !segment.is_open() || self.is_made_in_iteration(*base, shape.before) {
                continue;
            }
            let what = What::Range { base: *base, sub: sub.clone(), lo: Lin::default(), hi: Lin::int(EVERYTHING.into()) };
            if !lost.iter().any(|known| known.site == segment.site && known.what == what) {
                lost.push(Segment { what, status: Status::Escaped((*why).to_owned()), ..segment.clone() });
            }
        }
        // In any case the path knows that something of the acquisition is not followed on it.
        for (site, why) in failed.iter().filter(|(site, _)| site.is_some()) {
            if let Some(kind) = base_kind(kind, *site).filter(|_| !lost.iter().any(|known| known.site == *site)) {
                let what = What::One(self.terms.fresh(Hint::None));
                lost.push(Segment { site: *site, kind, what, status: Status::Escaped((*why).to_owned()), short: false });
            }
        }
        base.segments.retain(|segment| !failed.contains_key(&segment.site));
        base.segments.extend(lost);
    }

    fn loop_failed(&mut self, site: Option<SiteId>, why: &str) {
        self.loop_failures += u32::from(site.is_some());
        self.unresolved(site, why);
    }

    /// A page that only a variable of the iteration knew, or pages in an array of its own, still held when the next one starts.
    fn report_lost_in_iteration(&mut self, header: BlockId, entry: &State, backs: &mut [State]) {
        for state in backs.iter_mut() {
            *state = self.prune(header, vec![std::mem::take(state)]).pop().unwrap_or_default();
            for index in 0..state.segments.len() {
                let segment = &state.segments[index];
                if segment.status != Status::Held || segment.site.is_none() || entry.segments.contains(segment) {
                    continue;
                }
                if !self.ends_with_iteration(header, state, segment) {
                    continue;
                }
                let pos = state.last_step().unwrap_or_default();
                self.lose(state, index, false, pos);
            }
        }
    }

    /// Does nothing that outlives the iteration keep the references? Pages of an array may be stored one by one: `node->page = pages[0]`.
    fn ends_with_iteration(&self, header: BlockId, state: &State, segment: &Segment) -> bool {
        let outlives = |place: LocId| self.outlives_iteration(header, place);
        match &segment.what {
            What::One(value) => {
                let found_at = match value.as_atom().map(|atom| self.terms.get(atom)) {
                    Some(Atom::Load(place, _)) => Some(*place),
                    _ => None,
                };
                !self.homes(state, value).chain(found_at).any(outlives)
            }
            // Who was told of a run is not always known.
            what if what.numbers().is_some() => false,
            What::Range { base, .. } => {
                let Atom::Addr(array) = self.terms.get(*base) else { return false };
                let root = &self.terms.place(*array).root;
                let is_of_array = |place: LocId| self.terms.place(place).root == *root;
                let is_element =
                    |&(atom, _): &(AtomId, i128)| matches!(self.terms.get(atom), Atom::Load(of, _) if is_of_array(*of));
                let is_kept =
                    |(&at, value): (&LocId, &Lin)| !is_of_array(at) && value.terms.iter().any(is_element) && outlives(at);
                !outlives(*array) && !state.memory().iter().any(is_kept) && self.copies_of(state, segment).next().is_none()
            }
        }
    }

    /// Not a variable that the next acquisition overwrites (its address was given to this one), nor an array that the loop's body
    /// declares: each iteration has another.
    fn outlives_iteration(&self, header: BlockId, place: LocId) -> bool {
        let loc = self.terms.place(place);
        match loc.root {
            Root::Local(id) if matches!(self.function.locals[id.0 as usize].ty, Type::Array(..)) => {
                self.flow.is_live(header, id) || !self.flow.is_declared_in(self.function, header, id)
            }
            Root::Local(id) => !loc.steps.is_empty() || self.flow.is_read(header, id),
            _ => true,
        }
    }

    fn mentions(&self, place: LocId, atoms: &[AtomId]) -> bool {
        self.terms.place_depends(place, &|atom| atoms.contains(&atom))
    }

    /// Is the place found by way of something that an iteration made, or that it found changed?
    fn is_of_iteration(&self, place: LocId, before: Mark) -> bool {
        self.terms.place_depends(place, &|atom| self.is_new_atom(atom, before))
    }

    /// The same of a value.
    fn is_made_in_iteration(&self, atom: AtomId, before: Mark) -> bool {
        self.terms.depends(atom, &|inner| self.is_new_atom(inner, before))
    }

    fn is_new_atom(&self, atom: AtomId, before: Mark) -> bool {
        match self.terms.get(atom) {
            Atom::Fresh(number) => *number > before.fresh,
            Atom::Load(_, epoch) => *epoch > before.epoch,
            _ => false,
        }
    }
}

fn base_kind(kind: &Kind, site: Option<SiteId>) -> Option<RefKind> {
    let mut segments = kind.learned.iter().flat_map(|(_, back)| &back.segments);
    segments.find(|segment| segment.site == site).map(|segment| segment.kind)
}

fn same_array(a: &What, b: &What) -> bool {
    a.shares_array(b) || matches!((a, b), (What::One(a), What::One(b)) if a == b)
}

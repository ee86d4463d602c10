//! Keeping the number of paths small: dead variables are forgotten, equal states are one, and beyond a cap states with the
//! same references are joined.

use gup_ir::BlockId;

use super::Exec;
use super::overlap::merge_dropped;
use crate::domain::fact::{Fact, Facts};
use crate::domain::refs::What;
use crate::domain::state::{Done, State};
use crate::domain::term::{Atom, AtomId, Hint, Lin, LocId, Replaced, Root, Step};
use crate::limits;

/// How many places a fact about a contract's own field counts for.
const ASKED: usize = 8;
/// Why it is not known what becomes of references.
const DONE_OTHERWISE: &str = "limit: too many paths that differ in what they do to their callers' references";

impl Exec<'_> {
    /// What arrives at a block, made as few as is safe.
    pub(super) fn prune(&mut self, block: BlockId, states: Vec<State>) -> Vec<State> {
        let mut kept: Vec<State> = Vec::new();
        let many = states.len() > 1;
        for mut state in states {
            self.drop_dead(block, &mut state);
            if many {
                self.drop_stale_facts(&mut state);
                self.drop_stale_names(block, &mut state);
            }
            match kept.iter_mut().find(|known| **known == state) {
                Some(known) => {
                    known.blend_content(&state);
                    known.blend_copies(&state);
                }
                None => kept.push(state),
            }
        }
        self.fewer(kept)
    }

    /// At most as many states as the limits allow.
    pub(super) fn fewer(&mut self, mut kept: Vec<State>) -> Vec<State> {
        self.join_idle(&mut kept);
        if kept.len() > self.width.idle && kept.iter().all(is_idle) {
            self.join_nearest(&mut kept, self.width.idle);
        }
        if kept.len() > self.width.alike {
            // The arms of `min()`, where they are told apart, are in memory.
            let is_apart = self.apart > 0;
            self.join_alike(&mut kept, self.width.alike, |exec, a, b| {
                same_references(a, b)
                    && (if is_apart { a.memory() == b.memory() } else { exec.same_extents(a, b) && exec.same_constants(a, b) })
                    && a.content.has_evidence_of(&b.content)
            });
        }
        if kept.len() > self.width.disjuncts {
            kept.iter_mut().for_each(|state| merge_dropped(&self.terms, state));
            self.join_down(&mut kept, self.width.disjuncts);
        }
        if kept.len() > limits::DISJUNCTS_HARD && self.asked.is_root(self.id, &self.world) {
            self.join_done(&mut kept);
        }
        if kept.len() > limits::DISJUNCTS_HARD {
            for state in kept.split_off(limits::DISJUNCTS_HARD) {
                self.is_limited = true;
                self.gap(&state, "limit: too many different paths");
            }
        }
        kept
    }

    /// Joins until at most `most` are left, as far as states with equal references allow: first those in which what says
    /// how many there are has the same value, too.
    pub(super) fn join_down(&mut self, states: &mut Vec<State>, most: usize) {
        self.join_alike(states, most, |exec, a, b| same_references(a, b) && exec.same_extents(a, b));
        self.join_alike(states, most, |_, a, b| same_references(a, b));
    }

    /// Joins paths that differ in nothing but what they did to others' references. What only some did, the others may have done: callers hear
    /// that it is not known what became of these references. A root has no callers by name, and is not executed again for it.
    fn join_done(&mut self, states: &mut Vec<State>) {
        let mut at = 0;
        while states.len() > limits::DISJUNCTS_HARD && at < states.len() {
            match (at + 1..states.len()).find(|&other| self.same_for_own(&states[at], &states[other])) {
                Some(other) => {
                    let second = states.remove(other);
                    let mut first = states.remove(at);
                    self.blend_done(&mut first, &second.done);
                    let joined = self.join(first, &second);
                    states.insert(at, joined);
                }
                None => at += 1,
            }
        }
    }

    /// What both did, in order; of what only one did to references, that it is not known what became of these.
    fn blend_done(&mut self, state: &mut State, other: &[Done]) {
        let only_here: Vec<Done> = state.done.extract_if(.., |done| !other.contains(done)).collect();
        let only_there: Vec<Done> = other.iter().filter(|theirs| !state.done.contains(theirs)).cloned().collect();
        for only in only_here.into_iter().chain(only_there) {
            let said = match only {
                Done::Release { what, .. } | Done::Carry { what, .. } | Done::Escape { what, .. } => {
                    Done::Escape { what, why: DONE_OTHERWISE.to_owned() }
                }
                Done::Publish(_) => only,
                Done::Destroy(_) | Done::Later { .. } => {
                    state.is_gapped = true;
                    self.callee_gaps.insert(DONE_OTHERWISE.to_owned());
                    continue;
                }
            };
            if !state.done.contains(&said) {
                state.done.push(said);
            }
        }
    }

    /// The same is held, and the objects that have it are there, and known to others, on both paths or on neither.
    fn same_for_own(&self, a: &State, b: &State) -> bool {
        let held = held_atoms(a);
        let is_home = |value: &Lin| value.terms.iter().any(|(atom, _)| held.contains(atom));
        let homes = a.memory().iter().filter(|(_, value)| is_home(value)).map(|(&place, _)| &self.terms.place(place).root);
        let is_public = |state: &State, home: &Root| matches!(home, Root::At(atom) if state.published.contains(atom));
        let is_alike =
            |home: &Root| is_public(a, home) == is_public(b, home) && a.destroyed.contains(home) == b.destroyed.contains(home);
        same_holdings(a, b) && homes.into_iter().all(is_alike)
    }

    /// No place that differs has to do with the bounds of references held.
    ///
    /// ```c
    ///         if (check(obj->pages[obj->nr]))
    ///                 goto put;               // the last page is not among obj->nr
    ///         obj->nr++;                      // now it is
    /// ```
    fn same_extents(&self, a: &State, b: &State) -> bool {
        let mut bounds: Vec<AtomId> = Vec::new();
        for segment in a.segments.iter().filter(|segment| segment.is_open()) {
            if let What::Range { lo, hi, .. } = &segment.what {
                bounds.extend(lo.terms.iter().chain(&hi.terms).map(|(atom, _)| *atom));
            }
        }
        let is_bound = |value: &Lin| value.terms.iter().any(|(atom, _)| bounds.contains(atom));
        let differs = |one: &State, other: &State| {
            one.memory().iter().any(|(place, value)| {
                let theirs = other.memory().get(place);
                theirs != Some(value) && (is_bound(value) || theirs.is_some_and(is_bound))
            })
        };
        bounds.is_empty() || !differs(a, b) && !differs(b, a)
    }

    /// No place has a constant on one path and another value on the other: what is branched on later is mostly such a one.
    fn same_constants(&self, a: &State, b: &State) -> bool {
        let differs = |one: &State, other: &State| {
            one.memory().iter().any(|(place, value)| value.as_int().is_some() && other.memory().get(place) != Some(value))
        };
        !differs(a, b) && !differs(b, a) && self.same_questions(a, b)
    }

    /// Nothing is assumed on one path only about what was there at entry: `switch (cmd)` may come again.
    fn same_questions(&self, a: &State, b: &State) -> bool {
        let is_of_entry = |value: &Lin| {
            value.terms.iter().all(|&(atom, _)| {
                !self.terms.depends(atom, &|inner| match self.terms.get(inner) {
                    Atom::Fresh(_) => true,
                    Atom::Load(_, epoch) => *epoch > 0,
                    _ => false,
                })
            })
        };
        let of_entry = |state: &State| -> Vec<Fact> { state.facts.all().filter(|fact| is_of_entry(fact.value())).collect() };
        let (a, b) = (of_entry(a), of_entry(b));
        a.iter().all(|fact| b.contains(fact)) && b.iter().all(|fact| a.contains(fact))
    }

    fn join_alike(&mut self, states: &mut Vec<State>, most: usize, are_alike: impl Fn(&Self, &State, &State) -> bool) {
        let mut at = 0;
        while states.len() > most && at < states.len() {
            match (at + 1..states.len()).find(|&other| are_alike(self, &states[at], &states[other])) {
                Some(other) => {
                    let second = states.remove(other);
                    let first = states.remove(at);
                    let joined = self.join(first, &second);
                    states.insert(at, joined);
                }
                None => at += 1,
            }
        }
    }

    /// Joins paths on which nothing is held until `most` are left, those first that differ least: what they differ in may be what
    /// releases go by later.
    ///
    /// ```c
    ///         if (wait)
    ///                 flags |= MAY_WAIT;                      // this is forgotten first
    ///         if (iov_iter_extract_will_pin(iter))
    ///                 map->flags = MAP_PINNED;
    /// ```
    fn join_nearest(&mut self, states: &mut Vec<State>, most: usize) {
        let distances = |exec: &Self, states: &[State], of: usize| -> Vec<usize> {
            (0..of).map(|other| exec.difference(&states[of], &states[other])).collect()
        };
        // Of each state, how far it is from those before it.
        let mut far: Vec<Vec<usize>> = (0..states.len()).map(|of| distances(self, states, of)).collect();
        while states.len() > most {
            let pairs =
                far.iter().enumerate().flat_map(|(of, row)| row.iter().enumerate().map(move |(other, far)| (far, other, of)));
            let Some((_, first, second)) = pairs.min() else { return };
            let (second_state, first_state) = (states.remove(second), states.remove(first));
            for gone in [second, first] {
                far.remove(gone);
                for row in far.iter_mut().skip(gone) {
                    row.remove(gone);
                }
            }
            let joined = self.join(first_state, &second_state);
            states.push(joined);
            far.push(distances(self, states, states.len() - 1));
        }
    }

    /// In how much two paths differ: places, those in memory twice, and what is known of fields that only contracts speak of.
    fn difference(&self, a: &State, b: &State) -> usize {
        let weight = |place: LocId| if matches!(self.terms.place(place).root, Root::Local(_)) { 1 } else { 2 };
        let missing = |one: &State, other: &State, both: bool| -> usize {
            let theirs = |place: &LocId| other.memory().get(place);
            let differs = |(place, value): &(&LocId, &Lin)| theirs(place).is_none_or(|other| both && other != *value);
            one.memory().iter().filter(differs).map(|(&place, _)| weight(place)).sum()
        };
        let is_asked = |fact: &Lin| fact.terms.iter().any(|&(atom, _)| self.is_of_contracts(atom));
        let unknown = |one: &State, other: &State| {
            let asked = one.facts.at_least_zero().iter().filter(|fact| is_asked(fact));
            asked.filter(|fact| !other.facts.at_least_zero().contains(fact)).count()
        };
        missing(a, b, true) + missing(b, a, false) + ASKED * (unknown(a, b) + unknown(b, a))
    }

    /// `iter->@pins`: what acquisitions and releases go by.
    pub(super) fn is_of_contracts(&self, atom: AtomId) -> bool {
        let Atom::Load(place, _) = self.terms.get(atom) else { return false };
        matches!(self.terms.place(*place).steps.last(), Some(Step::Field(field)) if field.name.starts_with('@'))
    }

    /// While nothing is held and nothing was done, paths differ in nothing that matters but memory.
    fn join_idle(&mut self, states: &mut Vec<State>) {
        let mut at = 0;
        let mut idle = states.iter().filter(|state| is_idle(state)).count();
        while idle > self.width.idle && at < states.len() {
            let twin = (at + 1..states.len())
                .find(|&other| is_idle(&states[at]) && is_idle(&states[other]) && states[at].memory() == states[other].memory());
            match twin {
                Some(other) => {
                    idle -= 1;
                    let second = states.remove(other);
                    let first = std::mem::take(&mut states[at]);
                    states[at] = self.join(first, &second);
                }
                None => at += 1,
            }
        }
    }

    /// What holds on both paths; memory that differs becomes unknown, within the bounds of both values.
    pub(super) fn join(&mut self, mut first: State, second: &State) -> State {
        let renamed = self.with_one_name(&mut first, second);
        let second = renamed.as_ref().unwrap_or(second);
        let places: Vec<LocId> = first.memory().keys().chain(second.memory().keys()).copied().collect();
        let mut differing: Vec<(LocId, Lin, Lin)> = Vec::new();
        for place in places {
            let (a, b) = (self.read_id(&first, place), self.read_id(second, place));
            if a != b && !differing.iter().any(|(p, ..)| *p == place) {
                differing.push((place, a, b));
            }
        }
        let mut facts = first.facts.join(&self.terms, &second.facts);
        let bounds = bounds(&first);
        // Two names of one thing stay two names of one thing.
        let mut joined: Vec<(Lin, Lin, Lin)> = Vec::new();
        for (place, a, b) in differing {
            let known = joined.iter().find(|(of, other, _)| *of == a && *other == b).map(|(.., value)| value.clone());
            let value = known.unwrap_or_else(|| {
                let value = self.joined_value((&first, &a), (second, &b), &bounds, &mut facts);
                joined.push((a, b, value.clone()));
                value
            });
            first.set_raw(place, value);
        }
        first.facts = facts;
        self.epoch += 1;
        first.forget_as_well(second, self.epoch);
        first.unfilled.retain(|unfilled| second.unfilled.contains(unfilled));
        first.published.extend(second.published.iter().copied());
        first.blend_copies(second);
        first.is_gapped |= second.is_gapped;
        first.blend_content(second);
        first
    }

    /// Gives storage that was allocated on either path, and is known by the same places, one name: it is the same object from here
    /// on, with what is in it. Returns the second state if it changed.
    ///
    /// ```c
    ///         bio = nr > INLINE ? bio_kmalloc(nr) : bio_alloc_bioset(nr);
    ///         if (will_pin)
    ///                 bio_set_flag(bio, BIO_PAGE_PINNED);
    /// ```
    fn with_one_name(&mut self, first: &mut State, second: &State) -> Option<State> {
        let is_apart = |(place, value): (&LocId, &Lin)| {
            let (a, b) = (value.as_atom()?, second.memory().get(place)?.as_atom()?);
            (a != b && self.allocations.contains(&a) && self.allocations.contains(&b)).then_some((a, b))
        };
        let pairs: Vec<(AtomId, AtomId)> = first.memory().iter().filter_map(is_apart).collect();
        let mut renamed: Option<State> = None;
        for (a, b) in pairs {
            let (own, other) = (Lin::atom(a), Lin::atom(b));
            let now = renamed.as_ref().unwrap_or(second);
            if !self.is_own_storage((first, &own), (now, &other)) || !self.is_own_storage((now, &other), (first, &own)) {
                continue;
            }
            let name = self.terms.fresh(Hint::None);
            self.terms.mark_pointer(&name);
            if self.terms.is_zeroed(a) && self.terms.is_zeroed(b) {
                self.terms.mark_zeroed(&name);
            }
            self.allocations.extend(name.as_atom());
            let mut now = now.clone();
            now.substitute(&mut self.terms, &Replaced::from_iter([(b, name.clone())]));
            first.substitute(&mut self.terms, &Replaced::from_iter([(a, name)]));
            renamed = Some(now);
        }
        renamed
    }

    /// A name for what is `a` on one path and `b` on the other, with what both have in common.
    fn joined_value(
        &mut self,
        (first, a): (&State, &Lin),
        (second, b): (&State, &Lin),
        bounds: &[Lin],
        facts: &mut Facts,
    ) -> Lin {
        let value = self.terms.fresh(Hint::None);
        // Where both values stand to what is held, so does the new one: `i` is past the last page on either path, or `n` is more than
        // were obtained.
        let holds =
            |state: &State, difference: &Lin, by: i128| state.facts.proves_at_least_zero(&self.terms, &difference.offset(-by));
        for bound in bounds {
            for sign in [1, -1] {
                let (a, b) = (a.minus(bound).scaled(sign), b.minus(bound).scaled(sign));
                if let Some(by) = [1, 0].into_iter().find(|&by| holds(first, &a, by) && holds(second, &b, by)) {
                    facts.assume_at_least_zero(&self.terms, value.minus(bound).scaled(sign).offset(-by));
                }
            }
        }
        for low in [-4095, 0, 1] {
            let above = |state: &State, v: &Lin| state.facts.proves_at_least_zero(&self.terms, &v.offset(-low));
            if above(first, a) && above(second, b) {
                facts.assume_at_least_zero(&self.terms, value.offset(-low));
            }
        }
        for high in [-1, 0] {
            let below = |state: &State, v: &Lin| state.facts.proves_at_least_zero(&self.terms, &v.scaled(-1).offset(high));
            if below(first, a) && below(second, b) {
                facts.assume_at_least_zero(&self.terms, value.scaled(-1).offset(high));
                break;
            }
        }
        // `if (ret) goto out` on both.
        if first.facts.proves_not_zero(&self.terms, a) && second.facts.proves_not_zero(&self.terms, b) {
            facts.assume_not_zero(&self.terms, &value);
        }
        if self.is_own_storage((first, a), (second, b)) && self.is_own_storage((second, b), (first, a)) {
            self.allocations.extend(value.as_atom());
        }
        value
    }

    /// Is `a` storage allocated here (or nothing at all), and known by no place where the other path has something else than `b`?
    ///
    /// ```c
    ///         pages = small ? kmalloc(size) : vmalloc(size);
    /// ```
    fn is_own_storage(&self, (state, a): (&State, &Lin), (other, b): (&State, &Lin)) -> bool {
        let Some(atom) = a.as_atom() else { return a.as_int() == Some(0) };
        let is_known_otherwise =
            |(place, value): (&LocId, &Lin)| value.mentions(atom) && (value != a || other.memory().get(place) != Some(b));
        self.allocations.contains(&atom) && !state.published.contains(&atom) && !state.memory().iter().any(is_known_otherwise)
    }
}

/// First and last index of the ranges that are known.
fn bounds(state: &State) -> Vec<Lin> {
    let mut bounds: Vec<Lin> = Vec::new();
    for segment in &state.segments {
        let What::Range { lo, hi, .. } = &segment.what else { continue };
        for bound in [lo, hi] {
            if bound.as_int() != Some(0) && !bounds.contains(bound) {
                bounds.push(bound.clone());
            }
        }
    }
    bounds
}

/// Nothing is held and nothing was done.
fn is_idle(state: &State) -> bool {
    state.segments.is_empty() && state.done.is_empty()
}

/// What names the references that are held.
fn held_atoms(state: &State) -> Vec<AtomId> {
    state.segments.iter().filter(|segment| segment.is_open()).flat_map(|segment| segment.what.atoms()).collect()
}

/// What is held lies in the same places: joined, it would be known by none of them.
///
/// ```c
///         if (!obj->users++) {
///                 obj->pages = pages;
///                 pages = NULL;
///         }
///         if (pages)
///                 unpin_user_pages(pages, n);
/// ```
fn same_homes(a: &State, b: &State) -> bool {
    let held = held_atoms(a);
    let is_held = |value: &Lin| value.terms.iter().any(|(atom, _)| held.contains(atom));
    let misses = |one: &State, other: &State| {
        one.memory().iter().any(|(place, value)| is_held(value) && other.memory().get(place) != Some(value))
    };
    held.is_empty() || !misses(a, b) && !misses(b, a)
}

fn same_references(a: &State, b: &State) -> bool {
    a.done == b.done && same_holdings(a, b)
}

fn same_holdings(a: &State, b: &State) -> bool {
    a.segments == b.segments && a.same_copies(b) && same_homes(a, b)
}

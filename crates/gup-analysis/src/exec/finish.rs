//! From the states at a function's returns to its summary: what is passed on, what is left behind, what is lost.

use std::collections::BTreeSet;
use std::sync::Arc;

use gup_ir::Pos;

use super::Exec;
use super::again::BLURRED;
use super::event::EventKind;
use super::outcomes::{TOO_MANY_OUTCOMES, add_outcome, coarsened, is_made_of, is_nameable, is_of_ledger, is_of_site, mentions};
use super::reach::Reach;
use super::translate::Namer;
use super::unsaid::{Unknowns, drop_unsaid};
use crate::domain::refs::{EMPTY, LOST, Segment, Status, What};
use crate::domain::state::{Done, State};
use crate::domain::term::{Atom, AtomId, Lin, LocId, Step};
use crate::limits;
use crate::summary::{Effect, Expr, Field, Outcome, Refs, SiteId, Summary, Test, TestOp};

pub(super) const NAMELESS: &str = "kept in memory that callers cannot name";
/// A gap that only what any number of turns may do showed.
const GAP_IN_LOOP: &str = "a loop that calls what is not fully understood";

impl Exec<'_> {
    pub(super) fn summarise(&mut self, returns: Vec<(State, Option<Lin>, Pos)>) -> Summary {
        let mut outcomes: Vec<Outcome> = Vec::new();
        let (mut clobbers, mut unsigned) = (BTreeSet::<(Arc<str>, Arc<str>)>::new(), BTreeSet::<(Arc<str>, Arc<str>)>::new());
        for (mut state, ret, pos) in returns {
            self.observe(&state, pos);
            self.join_range(&mut state);
            let reach = self.settle_locals(&mut state, ret.as_ref(), pos);
            self.report_undirtied(&state, ret.as_ref());
            clobbers.extend(state.forgotten().fields().map(|field| (field.name, field.strukt)));
            unsigned.extend(self.unsigned_counts(&state).into_iter().map(|field| (field.name, field.strukt)));
            let outcome = self.outcome(&state, ret.as_ref(), &reach);
            add_outcome(&mut outcomes, outcome, true);
        }
        // What a device does only where all goes well is lost when that is one with the failures.
        let matters = |effect: &Effect| effect.is_about_references() || matches!(effect, Effect::Touch { .. });
        let is_neutral = !outcomes.iter().flat_map(|outcome| &outcome.effects).any(matters);
        let is_known = |outcome: &Outcome| outcome.when.iter().all(|test| is_nameable(&test.lhs));
        let many = if is_neutral { limits::NEUTRAL_OUTCOMES } else { limits::OUTCOMES };
        if outcomes.len() > many || is_neutral && !outcomes.iter().all(is_known) {
            for outcome in std::mem::take(&mut outcomes) {
                add_outcome(&mut outcomes, outcome, false);
            }
        }
        if outcomes.len() > limits::OUTCOMES {
            outcomes = coarsened(outcomes, Effect::is_about_references);
            if outcomes.len() > limits::OUTCOMES_HARD {
                outcomes = coarsened(outcomes, is_of_ledger);
            }
            if outcomes.len() > most_outcomes(&outcomes) {
                outcomes = coarsened(outcomes, is_of_site);
            }
            self.drop_homeless(&mut outcomes);
        }
        self.drop_outcomes(&mut outcomes);
        if self.width.is_least {
            // Callers cannot know either which of its paths are none.
            self.gaps.insert(BLURRED.into());
            self.is_gapped = true;
        }
        outcomes.iter_mut().for_each(|outcome| outcome.is_gapped |= self.is_gapped);
        let [clobbers, unsigned] =
            [clobbers, unsigned].map(|fields| fields.into_iter().map(|(name, strukt)| Field { strukt, name }).collect());
        let mut gaps: Vec<String> = self.gaps.iter().chain(&self.callee_gaps).take(limits::GAPS).cloned().collect();
        if gaps.is_empty() && outcomes.iter().any(|outcome| outcome.is_gapped) {
            gaps.push(GAP_IN_LOOP.to_owned());
        }
        Summary { outcomes, gaps, clobbers, unsigned }
    }

    /// Not more than callers can deal with; of what is in the others is known that it is not known.
    fn drop_outcomes(&mut self, outcomes: &mut Vec<Outcome>) {
        let most = most_outcomes(outcomes);
        if outcomes.len() <= most {
            return;
        }
        self.gaps.insert(TOO_MANY_OUTCOMES.into());
        self.is_gapped = true;
        for effect in outcomes.split_off(most).iter().flat_map(|outcome| &outcome.effects) {
            if let Effect::Acquire { site: Some(site), .. } = effect {
                self.lose_name(*site, TOO_MANY_OUTCOMES);
            }
        }
    }

    /// References whose only name went when outcomes were joined.
    fn drop_homeless(&mut self, outcomes: &mut [Outcome]) {
        let is_root = self.asked.is_root(self.id, &self.world);
        let mut lost = Vec::new();
        for outcome in outcomes {
            let known: Vec<Expr> = outcome
                .effects
                .iter()
                .filter_map(|effect| if let Effect::Set { value, .. } = effect { Some(value.clone()) } else { None })
                .chain(outcome.returns.clone())
                .collect();
            name_by_table(&mut outcome.effects, &known);
            outcome.effects.retain(|effect| {
                let Effect::Acquire { what, site, .. } = effect else { return true };
                let name = what.name();
                let is_known = |part: &Expr| known.iter().any(|value| mentions(value, part));
                let has_name = is_nameable(name) || is_known(name) || is_made_of(name, is_known);
                if !has_name {
                    lost.extend(*site);
                }
                has_name
            });
        }
        // What a root leaves behind was deposited, whatever its name.
        for site in lost.into_iter().filter(|_| !is_root) {
            // So was what only ever lies in objects that others can reach.
            if !self.fates.of(site).passed_up.contains(&self.id) {
                continue;
            }
            self.lose_name(site, NAMELESS);
        }
    }

    /// Callers will not hear of the acquisition's references: it is known where they lie, or it is not decided.
    fn lose_name(&mut self, site: SiteId, why: &str) {
        match self.lasting.get(&site) {
            Some(Some((spot, kind))) => self.fates.leave(site, spot.clone(), *kind, (self.id, self.pos)),
            // They go by the contract.
            _ if self.has_contract() => {}
            _ => self.unresolved(Some(site), why),
        }
    }

    pub(super) fn has_contract(&self) -> bool {
        self.contracts.lookup(&self.function.name, &self.world.program.unit(self.id).file).is_some()
    }

    /// Reports what nobody can reach any more; returns what can be.
    fn settle_locals(&mut self, state: &mut State, ret: Option<&Lin>, pos: Pos) -> Reach {
        let reach = Reach::after_return(self, state, ret);
        self.part_by_copies(state);
        for index in 0..state.segments.len() {
            if !state.segments[index].is_open() || reach.holds(self, state, index) {
                continue;
            }
            if !self.gives_up_for_array(state, &reach, index) {
                self.lose_by_branch(state, index, false, pos);
            }
        }
        reach
    }

    /// No owner is left for the segment: forgotten as a whole, or left over by a release of the rest.
    pub(super) fn lose(&mut self, state: &mut State, index: usize, freed: bool, pos: Pos) {
        let segment = &state.segments[index];
        if self.takes_nothing(state, &segment.what) {
            state.segments[index].status = Status::Escaped(EMPTY.into());
            return;
        }
        let (site, short) = (segment.site, segment.short);
        let lent = matches!(&segment.what, What::One(value) if state.content.is_lent(value));
        let is_dropped = |other: &&Segment| other.site == site && matches!(other.status, Status::Released { .. });
        let is_rest = state.segments.iter().filter(is_dropped).any(|other| other.what.shares_array(&segment.what));
        state.segments[index].status = Status::Escaped(LOST.into());
        if lent {
            let why = "a page that was also passed to a function that is not known";
            self.unresolved(site, why);
            self.path_doubt = Some(why);
        }
        if site.is_some() {
            let kind = if is_rest { EventKind::TooFew } else { EventKind::Lost { short, freed } };
            let ended = state.ended.iter().find(|(of, ..)| Some(*of) == site).filter(|_| !is_rest).cloned();
            match ended {
                Some((_, handler, pos)) => {
                    let outer = self.handler.replace(handler.to_string());
                    self.event(state, kind, site, pos, None);
                    self.handler = outer;
                }
                None => self.event(state, kind, site, pos, None),
            }
        }
        self.path_doubt = None;
    }

    fn outcome(&mut self, state: &State, ret: Option<&Lin>, reach: &Reach) -> Outcome {
        let mut namer = Namer::default();
        if let Some(atom) = ret.and_then(Lin::as_atom)
            && !matches!(
                self.terms.get(atom),
                Atom::Param(_) | Atom::Function(_) | Atom::Load(_, 0) | Atom::Addr(_) | Atom::Apply(..)
            )
        {
            namer.ret = Some(atom);
        }
        let mut effects = self.done_effects(state, &mut namer);
        effects.extend(self.memory_effects(state, reach, &mut namer));
        self.add_links(state, ret, &mut effects, &mut namer);
        let copies = self.copy_effects(state, reach, ret, &effects, &mut namer);
        let kept = self.kept_references(state, reach, ret, &effects, &mut namer);
        let (touched, given) = self.content_effects(state, &mut namer, &kept);
        effects.splice(0..0, touched);
        effects.extend(kept);
        effects.extend(given);
        // After what was obtained: an acquisition fills the array anew, and copies of it have what was there before.
        effects.extend(copies);
        let returns = ret.map(|value| namer.expr(self, value));
        let known = Unknowns::of(&effects, returns.as_ref());
        drop_unsaid(&mut effects, &known);
        let when = self.tests(state, &mut namer, &known);
        let allocates = namer.ret.is_some_and(|atom| self.is_new_storage(state, atom));
        let zeroed = allocates && namer.ret.is_some_and(|atom| self.terms.is_zeroed(atom));
        let made = self.made(state, &namer);
        Outcome { when, effects, returns, allocates, zeroed, made, is_gapped: state.is_gapped }
    }

    /// What was allocated here and is known to nobody but through what callers gave.
    fn made(&mut self, state: &State, namer: &Namer) -> BTreeSet<u32> {
        let mut new = namer.unknowns();
        new.retain(|(atom, _)| self.allocations.contains(atom));
        if new.is_empty() {
            return BTreeSet::new();
        }
        let public = Reach::public(self, state, Vec::new());
        new.into_iter().filter(|(atom, _)| !public.has_atom(self, *atom)).map(|(_, number)| number).collect()
    }

    /// Was it allocated here, and is it known to nobody whom the function leaves behind?
    fn is_new_storage(&mut self, state: &State, atom: AtomId) -> bool {
        self.allocations.contains(&atom) && !Reach::after_return(self, state, None).has_atom(self, atom)
    }

    fn done_effects(&mut self, state: &State, namer: &mut Namer) -> Vec<Effect> {
        let mut effects = Vec::new();
        for done in &state.done {
            let effect = match done {
                Done::Release { class, what, at, .. } => Effect::Release { class: *class, what: namer.refs(self, what), at: *at },
                Done::Carry { what, into } => match namer.path(self, *into) {
                    Some(into) => Effect::Carry { what: namer.refs(self, what), into },
                    None => continue,
                },
                Done::Destroy(object) => match namer.expr(self, object) {
                    // Storage of this function's own is nobody else's concern.
                    Expr::Fresh(_) | Expr::Ret => continue,
                    object => Effect::Destroy { object },
                },
                Done::Publish(object) => Effect::Publish { object: namer.expr(self, object) },
                Done::Escape { what, why } => Effect::Escape { what: namer.refs(self, what), why: why.clone() },
                Done::Later { function, argument, atomic } => {
                    let function = namer.expr(self, function);
                    Effect::Later { function, argument: namer.expr(self, argument), atomic: *atomic }
                }
            };
            if !effects.contains(&effect) {
                effects.push(effect);
            }
        }
        effects
    }

    /// Memory that callers can see and that is not what it was.
    fn memory_effects(&mut self, state: &State, reach: &Reach, namer: &mut Namer) -> Vec<Effect> {
        let mut effects = Vec::new();
        for id in state.forgotten().places() {
            if reach.has_place(self, id)
                && let Some(path) = namer.path(self, id)
            {
                effects.push(Effect::Forget { path });
            }
        }
        let memory: Vec<(LocId, Lin)> = state.memory().iter().map(|(&id, value)| (id, value.clone())).collect();
        for (id, value) in memory {
            let is_unchanged = matches!(value.as_atom().map(|a| self.terms.get(a)), Some(Atom::Load(place, 0)) if *place == id);
            if is_unchanged || !reach.has_place(self, id) {
                continue;
            }
            let Some(path) = namer.path(self, id) else { continue };
            let name = namer.expr(self, &value);
            if is_nameable(&Expr::Load(path.clone())) {
                effects.push(Effect::Set { path, value: name });
            } else if is_nameable(&name) && matches!(name, Expr::Param(_) | Expr::Load(_) | Expr::Addr(_)) {
                // Linked into something that callers cannot name: a tree, a list.
                effects.push(Effect::Publish { object: name });
            }
        }
        effects
    }

    /// What callers must, or may take to, hold for this outcome: facts in words that mean something to them.
    fn tests(&mut self, state: &State, namer: &mut Namer, known: &Unknowns) -> Vec<Test> {
        let mut tests = Vec::new();
        let facts = state.facts.at_least_zero().iter().map(|fact| (fact, TestOp::Ge));
        let not_zero = state.facts.not_zero().iter().map(|fact| (fact, TestOp::Ne));
        let counts = self.unsigned_unknowns(state);
        for (fact, op) in facts.chain(not_zero).chain(counts.iter().map(|count| (count, TestOp::Ge))) {
            let lhs = namer.expr(self, fact);
            let test = Test { op, lhs, rhs: Expr::Int(0) };
            if known.cover(&test.lhs) && !tests.contains(&test) {
                tests.push(test);
            }
        }
        tests
    }

    /// Unknowns that bound what was held, dropped or handed on, and have no sign: callers know of that by a test only.
    fn unsigned_unknowns(&self, state: &State) -> Vec<Lin> {
        let is_unsigned = |atom: &AtomId| {
            matches!(self.terms.get(*atom), Atom::Fresh(_)) && self.terms.bounds(*atom).is_some_and(|(low, _)| low == 0)
        };
        let atoms: BTreeSet<AtomId> = counts(state).flat_map(|value| value.terms.iter().map(|&(atom, _)| atom)).collect();
        atoms.into_iter().filter(is_unsigned).map(Lin::atom).collect()
    }

    /// Fields of a type without sign by which it is said what was held, dropped or written. Callers do not always read them
    /// themselves.
    ///
    /// ```c
    ///         batch->pages[batch->nr++] = page;               // unsigned int nr
    /// ```
    fn unsigned_counts(&self, state: &State) -> Vec<Field> {
        let steps = state.memory().keys().flat_map(|&place| &self.terms.place(place).steps);
        let indices = steps.filter_map(|step| if let Step::Index(index) = step { Some(index) } else { None });
        let atoms = counts(state).chain(indices).flat_map(|value| value.terms.iter().map(|&(atom, _)| atom));
        atoms.filter_map(|atom| self.terms.unsigned_field(atom)).collect()
    }
}

/// The bounds of what was held, dropped or handed on.
fn counts(state: &State) -> impl Iterator<Item = &Lin> {
    let held = state.segments.iter().map(|segment| &segment.what);
    let done = state.done.iter().filter_map(|done| match done {
        Done::Release { what, .. } | Done::Carry { what, .. } => Some(what),
        _ => None,
    });
    held.chain(done).flat_map(|what| match what {
        What::Range { lo, hi, .. } => vec![lo, hi],
        What::One(_) => Vec::new(),
    })
}

/// References in an array that has no name any more are known by the table that has them as well.
fn name_by_table(effects: &mut Vec<Effect>, known: &[Expr]) {
    let is_lost = |what: &Refs| matches!(what, Refs::Range { array, .. } if !is_nameable(array) && !known.iter().any(|value| mentions(value, array)));
    let tables: Vec<(Refs, Expr)> = effects
        .iter()
        .filter_map(|effect| match effect {
            Effect::Carry { what, into } if is_lost(what) => Some((what.clone(), Expr::Load(into.clone()))),
            _ => None,
        })
        .collect();
    for effect in effects.iter_mut() {
        if let Effect::Acquire { what, .. } = effect
            && let Some((_, table)) = tables.iter().find(|(carried, _)| carried == what)
        {
            *what = Refs::One(table.clone());
        }
    }
    effects.retain(|effect| !matches!(effect, Effect::Carry { what, .. } if is_lost(what)));
}

/// How many outcomes callers are told.
fn most_outcomes(outcomes: &[Outcome]) -> usize {
    let is_giver = outcomes.iter().flat_map(|outcome| &outcome.effects).any(is_of_site);
    if is_giver { limits::OUTCOMES_OF_GIVERS } else { limits::OUTCOMES_HARD }
}

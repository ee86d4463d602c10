//! From the states at a function's returns to its summary: what is passed on, what is left behind, what is lost.

use std::collections::BTreeSet;
use std::sync::Arc;

use gup_ir::Pos;

use super::Exec;
use super::event::{EventKind, Spot, Withdrawal};
use super::outcomes::{Unknowns, add_outcome, coarsened, drop_unsaid, is_made_of, is_nameable, is_stored, mentions, walk};
use super::reach::Reach;
use super::translate::Namer;
use crate::domain::refs::{EMPTY, LOST, Segment, Status, What};
use crate::domain::state::{Done, State};
use crate::domain::term::{Atom, AtomId, Lin, Loc, LocId, Root, Step};
use crate::limits;
use crate::summary::{Effect, Expr, Field, Outcome, Refs, ReleaseClass, ReleaseId, SiteId, Summary, Test, TestOp};

const NAMELESS: &str = "kept in memory that callers cannot name";
/// A gap that only what any number of turns may do showed.
const GAP_IN_LOOP: &str = "a loop that calls what is not fully understood";
const TOO_MANY_OUTCOMES: &str = "limit: too many different outcomes";

impl Exec<'_> {
    pub(super) fn summarise(&mut self, returns: Vec<(State, Option<Lin>, Pos)>) -> Summary {
        let mut outcomes: Vec<Outcome> = Vec::new();
        let mut clobbers: BTreeSet<(Arc<str>, Arc<str>)> = BTreeSet::new();
        for (mut state, ret, pos) in returns {
            self.observe(&state, pos);
            let reach = self.settle_locals(&mut state, ret.as_ref(), pos);
            self.report_undirtied(&state, ret.as_ref());
            clobbers.extend(state.forgotten().fields().map(|field| (field.name, field.strukt)));
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
            self.drop_homeless(&mut outcomes);
        }
        self.drop_outcomes(&mut outcomes);
        outcomes.iter_mut().for_each(|outcome| outcome.is_gapped |= self.is_gapped);
        let clobbers = clobbers.into_iter().map(|(name, strukt)| Field { strukt, name }).collect();
        let mut gaps: Vec<String> = self.gaps.iter().chain(&self.callee_gaps).take(limits::GAPS).cloned().collect();
        if gaps.is_empty() && outcomes.iter().any(|outcome| outcome.is_gapped) {
            gaps.push(GAP_IN_LOOP.to_owned());
        }
        Summary { outcomes, gaps, clobbers }
    }

    /// Not more than callers can deal with; of what is in the others is known that it is not known.
    fn drop_outcomes(&mut self, outcomes: &mut Vec<Outcome>) {
        let takes = |effect: &Effect| matches!(effect, Effect::Acquire { site: Some(_), .. });
        let is_giver = outcomes.iter().flat_map(|outcome| &outcome.effects).any(takes);
        let most = if is_giver { limits::OUTCOMES_OF_GIVERS } else { limits::OUTCOMES_HARD };
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
                let Effect::Acquire { what: Refs::One(name) | Refs::Range { array: name, .. }, site, .. } = effect else {
                    return true;
                };
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

    fn has_contract(&self) -> bool {
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
            self.lose_by_branch(state, index, false, pos);
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
        effects.extend(self.copy_effects(state, reach, ret, &effects, &mut namer));
        let kept = self.kept_references(state, reach, ret, &effects, &mut namer);
        let (touched, given) = self.content_effects(state, &mut namer, &kept);
        effects.splice(0..0, touched);
        effects.extend(kept);
        effects.extend(given);
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

    /// References that live on in what callers can see.
    fn kept_references(
        &mut self,
        state: &State,
        reach: &Reach,
        ret: Option<&Lin>,
        memory: &[Effect],
        namer: &mut Namer,
    ) -> Vec<Effect> {
        let mut effects = Vec::new();
        if !state.segments.iter().any(Segment::is_open) {
            return effects;
        }
        // Callers of a contracted function go by the contract.
        let is_root = self.asked.is_root(self.id, &self.world) && !self.has_contract();
        let public = Reach::public(self, state, Vec::new());
        for segment in state.segments.iter().filter(|s| s.is_open()) {
            let known = self.in_reachable_home(state, reach, segment);
            let home = self.home(state, &known);
            let is_known = home.is_some()
                || self.kept_name(&known, home, ret, memory, namer).is_some()
                || !self.lasting_copies(state, &known).is_empty();
            let in_field = |copy: &Segment| self.home(state, copy).is_some();
            // Of several copies, the one that somebody can find.
            let copy = if is_known { None } else { self.reached_copies(state, reach, segment).find(in_field) };
            let segment = &copy.unwrap_or(known);
            let home = self.home(state, segment);
            let is_final = is_root || home.is_some_and(|place| public.has_place(self, place));
            match self.kept_name(segment, home, ret, memory, namer) {
                Some(what) => {
                    let effect = Effect::Acquire { kind: segment.kind, what, site: segment.site, short: segment.short };
                    if effects.contains(&effect) {
                        continue;
                    }
                    effects.push(effect);
                    effects.extend(self.carried_too(segment, effects.last(), namer));
                }
                // Nobody up the calls has to see to it; whoever finds it where it was published does.
                None if is_final && home.is_some() => {}
                None if self.is_left_in_published(state, segment) => continue,
                None if self.has_contract() => continue,
                None => {
                    self.unresolved(segment.site, NAMELESS);
                    continue;
                }
            }
            if let (None, true, Some(slot)) = (segment.site, is_final, home.and_then(|place| self.slot(place))) {
                self.leave_other(slot, segment.kind);
            }
            let Some(site) = segment.site.filter(|_| self.quiet == 0) else { continue };
            if !is_final {
                let (id, fate) = (self.id, self.fates.of(site));
                fate.passed_up.insert(id);
                if effects.last().is_none_or(|effect| !lies_far(effect)) {
                    fate.asks_callers.insert(id);
                }
                self.note_lasting(state, segment, site);
                continue;
            }
            match home.and_then(|place| self.spot(place)).or_else(|| self.lasting_slot(state, segment)) {
                Some(spot) => {
                    let slot = &spot.slot;
                    let others = self.other_slots(state, segment);
                    let others = others.into_iter().filter(|other| other != slot).map(|other| (slot.clone(), other));
                    self.fates.of(site).also_in.extend(others);
                    if let Some(home) = home {
                        self.note_counts(state, segment, home, site, slot);
                    }
                    self.leave_in(state, segment, spot);
                }
                None if home.is_some_and(|place| public.has_place(self, place)) => {
                    self.unresolved(Some(site), "left in an object that others get by no field that is known")
                }
                None => {
                    let id = self.id;
                    self.fates.of(site).returned_by.insert(id);
                    self.unresolved(Some(site), &format!("returned by {}(), whose callers are not known", self.function.name));
                }
            }
        }
        effects
    }

    fn note_counts(&mut self, state: &State, segment: &Segment, home: LocId, site: SiteId, slot: &str) {
        let short = self.short_counts(state, segment, home);
        let long = self.long_counts(state, segment, home);
        let fate = self.fates.of(site);
        for (ways, counts) in [(&mut fate.short, short), (&mut fate.long, long)] {
            if !counts.is_empty() && ways.len() < limits::COUNT_WAYS {
                ways.insert((slot.to_owned(), segment.kind, counts));
            }
        }
    }

    fn note_lasting(&mut self, state: &State, segment: &Segment, site: SiteId) {
        let place = self.lasting_slot(state, segment).map(|spot| (spot, segment.kind));
        self.lasting.entry(site).and_modify(|known| *known = known.take().filter(|_| place.is_some())).or_insert(place);
    }

    /// Kept references in the callers' words: by the place that holds them, or by what is returned.
    fn kept_name(
        &self,
        segment: &Segment,
        home: Option<LocId>,
        ret: Option<&Lin>,
        memory: &[Effect],
        namer: &mut Namer,
    ) -> Option<Refs> {
        let is_returned = |atom: AtomId| ret.is_some_and(|value| value.mentions(atom));
        let by_home = |namer: &mut Namer| {
            home.and_then(|place| namer.path(self, place)).filter(|path| is_nameable(&Expr::Load(path.clone())))
        };
        match (&segment.status, &segment.what) {
            (Status::Carried(place), what) => {
                if let Some(array) = self.kept_array(what, ret, memory, namer) {
                    return Some(array);
                }
                let path = namer.path(self, *place)?;
                Some(Refs::One(Expr::Load(path)))
            }
            (_, What::One(value)) => {
                let name = namer.expr(self, value);
                if is_nameable(&name) || is_stored(memory, &name) || value.as_atom().is_some_and(is_returned) {
                    Some(Refs::One(name))
                } else {
                    by_home(namer).map(|path| Refs::One(Expr::Load(path)))
                }
            }
            (_, What::Range { base, sub, lo, hi }) => {
                let name = namer.expr(self, &Lin::atom(*base));
                let array = if is_nameable(&name) || is_stored(memory, &name) || is_returned(*base) {
                    name
                } else {
                    Expr::Load(by_home(namer)?)
                };
                Some(Refs::Range { array, sub: sub.clone(), lo: namer.expr(self, lo), hi: namer.expr(self, hi) })
            }
        }
    }

    /// A segment named by an array that is gone is named by the one its pages were copied to.
    fn in_reachable_home(&self, state: &State, reach: &Reach, segment: &Segment) -> Segment {
        let is_gone = matches!(segment.what, What::Range { base, .. } if !reach.has_atom(self, base));
        let copy = if is_gone { self.reached_copies(state, reach, segment).next() } else { None };
        copy.unwrap_or_else(|| segment.clone())
    }

    fn reached_copies<'s>(
        &'s self,
        state: &'s State,
        reach: &'s Reach,
        segment: &'s Segment,
    ) -> impl Iterator<Item = Segment> + 's {
        let copies = state.aliases.iter().filter(move |alias| self.may_have(state, alias, &segment.what));
        let reached = copies.filter(move |alias| reach.has_atom(self, alias.base));
        reached.filter_map(|alias| Some(Segment { what: alias.in_copy(&segment.what)?, ..segment.clone() }))
    }

    /// Where the references of a segment are kept.
    pub(super) fn home(&self, state: &State, segment: &Segment) -> Option<LocId> {
        let outside = |place: &LocId| !matches!(self.terms.place(*place).root, Root::Local(_));
        if let Status::Carried(carrier) = segment.status {
            // Where the array is kept, too, that is where releases take them from.
            let What::Range { base, .. } = &segment.what else { return Some(carrier) };
            let is_there = !state.destroyed.contains(&Root::At(*base));
            let mut kept = state.memory().iter().filter(|(place, v)| is_there && v.mentions(*base) && outside(place));
            return kept.next().map(|(&place, _)| place).or(Some(carrier));
        }
        match &segment.what {
            What::One(value) => {
                // The page itself rather than what was made of it.
                let is_itself = |place: &LocId| state.memory().get(place) == Some(value);
                let homes = || self.homes(state, value).filter(outside);
                let stored = homes().find(is_itself).or_else(|| homes().next());
                stored.or_else(|| match value.as_atom().map(|a| self.terms.get(a)) {
                    Some(Atom::Load(place, _)) => Some(*place),
                    _ => None,
                })
            }
            What::Range { base, .. } => {
                let stored =
                    state.memory().iter().find(|(place, v)| v.mentions(*base) && outside(place)).map(|(&place, _)| place);
                stored.or_else(|| match self.terms.get(*base) {
                    Atom::Load(place, _) | Atom::Addr(place) => Some(*place),
                    _ => None,
                })
            }
        }
    }

    /// The slot a place belongs to: the innermost field with a structure, else a global.
    pub(super) fn slot(&self, place: LocId) -> Option<String> {
        self.spot(place).map(|spot| spot.slot)
    }

    /// The same, with what it is embedded in, where the place says so: of `rsgl->sgl.sgt.nents`, `rsgl->sgl.sgt`.
    pub(super) fn spot(&self, place: LocId) -> Option<Spot> {
        let loc = self.terms.place(place);
        let is_field = |step: &&Step| matches!(step, Step::Field(_));
        let is_of_pages =
            loc.steps.iter().rfind(is_field).is_none_or(|step| matches!(step, Step::Field(field) if slot_name(field).is_some()));
        let mut fields = named_fields(loc);
        match (fields.next(), &loc.root) {
            (Some(slot), _) => Some(Spot { slot, within: fields.next(), is_of_pages }),
            (None, Root::Global(name)) => Some(Spot { slot: name.clone(), within: None, is_of_pages }),
            (None, Root::At(atom)) => {
                self.slot_of_atom(*atom).map(|spot| Spot { is_of_pages: spot.is_of_pages && is_of_pages, ..spot })
            }
            (None, Root::Local(_)) => None,
        }
    }

    pub(super) fn slot_of_atom(&self, atom: AtomId) -> Option<Spot> {
        match self.terms.get(atom) {
            Atom::Load(place, _) | Atom::Addr(place) => self.spot(*place),
            Atom::Apply(_, args) => args.iter().flat_map(|arg| &arg.terms).find_map(|&(inner, _)| self.slot_of_atom(inner)),
            _ => None,
        }
    }

    /// The fields that references were found in. Of `vmemmap + pfns[i]` each part may be the slot.
    pub(super) fn slots_of(&self, what: &What) -> Vec<String> {
        what.atoms().into_iter().filter_map(|atom| Some(self.slot_of_atom(atom)?.slot)).collect()
    }

    /// A release of what was found in a field: it may settle what others left there. `after`: the release that dropped the same before
    /// it.
    pub(super) fn withdrawal(
        &mut self,
        state: &State,
        what: &What,
        class: ReleaseClass,
        at: Option<ReleaseId>,
        after: Option<ReleaseId>,
    ) {
        let (0, Some(at)) = (self.quiet, at) else { return };
        for atom in what.atoms() {
            let Some(spot) = self.slot_of_atom(atom) else { continue };
            let is_content = !matches!(self.terms.get(atom), Atom::Apply(..));
            let length = self.length_of(state, what);
            let spots: Vec<Spot> = std::iter::once(spot).chain(self.spots_of_owner(atom)).collect();
            let is_of_elements = matches!(what, What::Range { sub, .. } if !sub.is_empty());
            for Spot { slot, within, is_of_pages } in spots {
                let (by, pos, length) = (self.id, self.pos, length.clone());
                let is_inside = is_of_elements || !is_of_pages;
                let withdrawal = Withdrawal { class, at, by, pos, is_content, length, after, within, is_inside };
                self.fates.withdrawals.entry(slot).or_default().insert(withdrawal);
            }
        }
    }

    /// Of what lies in an object, `info->pages`, where that was found: what others left in `bulk->remote_data` is taken out of it. Of what
    /// lies in an embedded one, the fields that it is embedded in: a table has its pages as a whole.
    ///
    /// ```c
    ///         info = bulk->remote_data;
    ///         unpin_user_pages(info->pages, info->num_pages);
    ///
    ///         for_each_sgtable_sg(&umem->sgt_append.sgt, sg, i)       // sgt.sgl[i]: out of umem->sgt_append
    ///                 unpin_user_page(sg_page(sg));
    /// ```
    fn spots_of_owner(&self, array: AtomId) -> Vec<Spot> {
        let Atom::Load(place, _) = self.terms.get(array) else { return Vec::new() };
        let loc = self.terms.place(*place);
        let mut around = named_fields(loc);
        let owner = if let Root::At(owner) = loc.root { Some(owner) } else { None };
        // Of `sgl[i].@page`: of sgl.
        if around.next().is_none() {
            return owner.map(|array| self.spots_of_owner(array)).unwrap_or_default();
        }
        let around: Vec<String> = around.collect();
        let within = |depth: usize| around.get(depth + 1).cloned();
        let embedding =
            around.iter().enumerate().map(|(depth, slot)| Spot { slot: slot.clone(), within: within(depth), is_of_pages: false });
        let found = owner.and_then(|owner| self.slot_of_atom(owner)).map(|spot| Spot { is_of_pages: false, ..spot });
        embedding.chain(found).collect()
    }

    /// What callers must, or may take to, hold for this outcome: facts in words that mean something to them.
    fn tests(&mut self, state: &State, namer: &mut Namer, known: &Unknowns) -> Vec<Test> {
        let mut tests = Vec::new();
        let facts = state.facts.at_least_zero().iter().map(|fact| (fact, TestOp::Ge));
        for (fact, op) in facts.chain(state.facts.not_zero().iter().map(|fact| (fact, TestOp::Ne))) {
            let lhs = namer.expr(self, fact);
            let test = Test { op, lhs, rhs: Expr::Int(0) };
            if known.cover(&test.lhs) && !tests.contains(&test) {
                tests.push(test);
            }
        }
        tests
    }
}

/// About references, but not about taking some that no acquisition of the ledger took.
fn is_of_ledger(effect: &Effect) -> bool {
    effect.is_about_references() && !matches!(effect, Effect::Acquire { site: None, .. })
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

/// The fields of a place, innermost first.
fn named_fields(loc: &Loc) -> impl Iterator<Item = String> + '_ {
    loc.steps.iter().rev().filter_map(|step| if let Step::Field(field) = step { slot_name(field) } else { None })
}

/// The slot that a field is, unless it exists in contracts only.
pub(super) fn slot_name(field: &Field) -> Option<String> {
    let is_real = !field.name.starts_with('@') && !field.strukt.is_empty();
    is_real.then(|| format!("struct {}.{}", field.strukt, field.name))
}

/// Are references told of by objects that hang on those that callers know? These live apart from the calls, so that who takes the
/// references out is found by their slots; of the callers of `bo_validate(bo)`, which is all of the subsystem, none can drop what
/// lies in `bo->ttm->sg`.
fn lies_far(effect: &Effect) -> bool {
    let Effect::Acquire { what: Refs::One(name) | Refs::Range { array: name, .. }, .. } = effect else { return false };
    let mut pointers = 0;
    walk(name, &mut |part| pointers += usize::from(matches!(part, Expr::Load(_))));
    pointers > limits::POINTERS_ASKED
}

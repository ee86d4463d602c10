//! References that live on behind a return: by which name callers know them, and where they are left if there is no caller.

use super::Exec;
use super::finish::NAMELESS;
use super::outcomes::{is_nameable, is_stored};
use super::reach::Reach;
use super::translate::Namer;
use crate::domain::refs::{Segment, Status, What};
use crate::domain::state::State;
use crate::domain::term::{Atom, AtomId, Lin, LocId, Root};
use crate::limits;
use crate::summary::{Effect, Expr, Refs, SiteId, walk};

impl Exec<'_> {
    /// References that live on in what callers can see.
    pub(super) fn kept_references(
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
            let scattered = self.scattered(state, segment, namer);
            if !scattered.is_empty() {
                scattered.into_iter().for_each(|spot| self.leave_in(state, segment, spot));
                continue;
            }
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
            let mut is_far = false;
            match self.kept_name(segment, home, ret, memory, namer) {
                Some(what) => {
                    is_far = lies_far(&what);
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
                if !is_far {
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
            (_, What::Range { lo, .. }) if segment.what.numbers().is_some() => {
                let first = namer.expr(self, lo);
                (is_nameable(&first) || is_stored(memory, &first)).then(|| namer.refs(self, &segment.what))
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
        let copies = self.copies_of(state, segment);
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
            What::Range { lo, .. } if segment.what.numbers().is_some() => {
                // The number itself rather than what was made of it.
                let is_itself = |place: &LocId| state.memory().get(place) == Some(lo);
                let told = || self.told_at(state, &segment.what).filter(outside);
                told().find(is_itself).or_else(|| told().next())
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
}

/// Are references told of by objects that hang on those that callers know? These live apart from the calls, so that who takes the
/// references out is found by their slots; of the callers of `bo_validate(bo)`, which is all of the subsystem, none can drop what
/// lies in `bo->ttm->sg`.
fn lies_far(what: &Refs) -> bool {
    let mut pointers = 0;
    walk(what.name(), &mut |part| pointers += usize::from(matches!(part, Expr::Load(_))));
    pointers > limits::POINTERS_ASKED
}

//! Where references are kept, as callers and slots know it: arrays, copies of arrays, tables, fields.

use std::collections::BTreeSet;

use super::Exec;
use super::event::Spot;
use super::outcomes::{is_nameable, is_stored};
use super::translate::Namer;
use crate::domain::refs::{Segment, Status, What, element, is_within};
use crate::domain::state::{Alias, State};
use crate::domain::term::{Atom, AtomId, Lin, Loc, LocId, Root};
use crate::limits;
use crate::summary::{self, Effect, Expr, Refs};

/// Why a reference is not followed further.
const CHANGED: &str = "kept in an object that a callee changes in a way that is not known";

impl Exec<'_> {
    /// A callee does to what lies there what nobody knows: it may have taken out the references whose only home that is, and
    /// dropped them.
    pub(super) fn lose_sight(&mut self, state: &mut State, changed: &Loc) {
        for index in 0..state.segments.len() {
            let segment = &state.segments[index];
            if segment.status != Status::Held || !segment.is_open() {
                continue;
            }
            let atoms = segment.what.atoms();
            // Only what was made or found here has no name but by the places that keep it.
            if atoms.iter().any(|atom| matches!(self.terms.get(*atom), Atom::Addr(_) | Atom::Param(_))) {
                continue;
            }
            let keeps = |(_, value): &(&LocId, &Lin)| atoms.iter().any(|atom| value.mentions(*atom));
            let found_at = |atom: &AtomId| if let Atom::Load(place, _) = self.terms.get(*atom) { Some(*place) } else { None };
            let mut homes: Vec<LocId> = state.memory().iter().filter(keeps).map(|(place, _)| *place).collect();
            homes.extend(atoms.iter().filter_map(found_at));
            let is_changed = |place: &LocId| is_within(&self.terms, *place, &changed.root, &changed.steps);
            let is_gone = |place: &LocId| match self.terms.place(*place).root {
                Root::Local(local) => !self.flow.is_needed_after(self.function, self.statement(), local),
                _ => is_changed(place),
            };
            if homes.iter().any(is_changed) && homes.iter().all(is_gone) {
                let site = segment.site;
                state.segments[index].status = Status::Escaped(CHANGED.to_owned());
                self.unresolved(site, CHANGED);
            }
        }
    }

    /// Fields of objects that this function made and callers get to know, as far as they lead to references that are kept, or say
    /// how many: without them callers would not know the references when they take them out of there.
    ///
    /// ```c
    ///         obj = kzalloc(...);
    ///         obj->pages = pages;             // this
    ///         obj->npages = got;              // and this
    ///         *ret = obj;
    /// ```
    pub(super) fn add_links(&mut self, state: &State, ret: Option<&Lin>, effects: &mut Vec<Effect>, namer: &mut Namer) {
        for index in 0..state.segments.len() {
            let segment = &state.segments[index];
            if !segment.is_open() || segment.site.is_none() {
                continue;
            }
            let mut wanted = match (&segment.status, &segment.what) {
                (Status::Carried(place), What::One(_)) => Vec::from_iter(self.object_of(*place)),
                (Status::Carried(place), What::Range { base, .. }) => [*base].into_iter().chain(self.object_of(*place)).collect(),
                (_, what) => what.atoms(),
            };
            let mut links: Vec<LocId> = Vec::new();
            for _ in 0..limits::LINKS {
                let is_link =
                    |place: &LocId, value: &Lin| wanted.iter().any(|&atom| value.mentions(atom)) && !links.contains(place);
                let found: Vec<LocId> =
                    state.memory().iter().filter(|(place, value)| is_link(place, value)).map(|(&place, _)| place).collect();
                let objects: Vec<AtomId> = found.iter().filter_map(|&place| self.own_object(state, place)).collect();
                links.extend(found.iter().filter(|&&place| self.own_object(state, place).is_some()));
                wanted = objects;
            }
            let counts = self.counts_beside(state, index, &links);
            self.link(state, ret, links.into_iter().chain(counts).collect(), effects, namer);
        }
    }

    /// Those of the links that can be said: in objects that callers know by what they get, nearest first.
    fn link(&mut self, state: &State, ret: Option<&Lin>, mut links: Vec<LocId>, effects: &mut Vec<Effect>, namer: &mut Namer) {
        loop {
            let before = links.len();
            links.retain(|&place| {
                let (Some(object), Some(path)) = (self.own_object(state, place), namer.path(self, place)) else { return false };
                let name = namer.expr(self, &Lin::atom(object));
                let is_known = ret.is_some_and(|value| value.mentions(object)) || is_stored(effects, &name);
                let plain = path.steps.iter().all(|step| !matches!(step, summary::Step::Index(index) if !is_nameable(index)));
                if is_known
                    && plain
                    && let Some(value) = state.memory().get(&place)
                {
                    let effect = Effect::Set { path, value: namer.expr(self, value) };
                    if !effects.contains(&effect) {
                        effects.push(effect);
                    }
                }
                !is_known
            });
            if links.len() == before {
                return;
            }
        }
    }

    /// Fields of the same objects that hold the bounds of the references, or claim that there are more.
    fn counts_beside(&self, state: &State, index: usize, links: &[LocId]) -> Vec<LocId> {
        let What::Range { lo, hi, .. } = &state.segments[index].what else { return Vec::new() };
        let length = hi.minus(lo);
        let roots: Vec<Root> = links.iter().map(|&place| self.terms.place(place).root.clone()).collect();
        let claims_more = |value: &Lin| self.is_more_than(state, value, &state.segments[index]);
        let is_count = |place: LocId, value: &Lin| {
            let is_bound = (value == hi || *value == length) && value.as_int() != Some(0);
            roots.contains(&self.terms.place(place).root) && (is_bound || claims_more(value))
        };
        state.memory().iter().filter(|(place, value)| is_count(**place, value)).map(|(&place, _)| place).collect()
    }

    /// The object that the place lies in, if this function made it and has not freed it.
    fn own_object(&self, state: &State, place: LocId) -> Option<AtomId> {
        let atom = self.object_of(place)?;
        let is_own = matches!(self.terms.get(atom), Atom::Fresh(_)) && !state.destroyed.contains(&Root::At(atom));
        is_own.then_some(atom)
    }

    fn object_of(&self, place: LocId) -> Option<AtomId> {
        match self.terms.place(place).root {
            Root::At(atom) => Some(atom),
            _ => None,
        }
    }

    /// What was copied elsewhere and what was not are apart from now on.
    pub(super) fn part_by_copies(&mut self, state: &mut State) {
        for what in state.aliases.iter().filter_map(Alias::copied).collect::<Vec<_>>() {
            for index in 0..state.segments.len() {
                let segment = &state.segments[index];
                if segment.status == Status::Held && segment.what.shares_array(&what) {
                    let overlap = self.overlap(state, index, &what);
                    if overlap.is_certain() {
                        self.cut(state, index, overlap);
                    }
                }
            }
        }
    }

    /// Are these in the copy, as far as is known?
    pub(super) fn may_have(&self, state: &State, alias: &Alias, what: &What) -> bool {
        let What::Range { base, sub, lo, hi } = what else { return false };
        let is_apart = |(from, to): (Lin, Lin)| self.disjoint(state, lo, hi, &from, &to);
        alias.sub_in_copy(*base, sub).is_some() && !alias.copied_bounds().is_some_and(is_apart)
    }

    /// The array of references that a table has as well, where callers know it: then they are known by both.
    ///
    /// ```c
    ///         obj->pages = pages;
    ///         sg_alloc_table_from_pages(obj->sgt, pages, nr, ...);
    /// ```
    pub(super) fn kept_array(&self, what: &What, ret: Option<&Lin>, memory: &[Effect], namer: &mut Namer) -> Option<Refs> {
        let What::Range { base, sub, lo, hi } = what else { return None };
        let name = namer.expr(self, &Lin::atom(*base));
        let is_known = is_stored(memory, &name) || ret.is_some_and(|value| value.mentions(*base));
        is_known.then(|| Refs::Range { array: name, sub: sub.clone(), lo: namer.expr(self, lo), hi: namer.expr(self, hi) })
    }

    /// The table that has them, of references that are named by their array.
    pub(super) fn carried_too(&self, segment: &Segment, named: Option<&Effect>, namer: &mut Namer) -> Option<Effect> {
        let (Status::Carried(place), Some(Effect::Acquire { what: what @ Refs::Range { .. }, .. })) = (&segment.status, named)
        else {
            return None;
        };
        Some(Effect::Carry { what: what.clone(), into: namer.path(self, *place)? })
    }

    /// The references lie in an object that others can reach, or that was there before this function: whoever finds it finds them.
    /// Where each iteration of a loop leaves them in one of its own, nothing accumulates.
    ///
    /// ```c
    ///         for (i = 0; i < submit->nr_bos; i++)
    ///                 pin_pages(submit->bos[i].obj);        // obj->pages = pages
    /// ```
    pub(super) fn is_left_in_published(&mut self, state: &State, segment: &Segment) -> bool {
        if !segment.is_open() {
            return false;
        }
        let spots = match self.lasting_slot(state, segment) {
            Some(spot) => vec![spot],
            None => self.lasting_copies(state, segment),
        };
        if spots.is_empty() {
            return false;
        }
        // What the loop does is found out quietly, but for good.
        let outer = self.quiet;
        self.quiet = outer.saturating_sub(1);
        for spot in spots {
            self.leave_in(state, segment, spot);
        }
        self.quiet = outer;
        true
    }

    /// The field where whoever finds an object of others finds the references: their home's, or of what leads there.
    ///
    /// ```c
    ///         obj->pages = pages;                     // of pages[0] too
    /// ```
    pub(super) fn lasting_slot(&self, state: &State, segment: &Segment) -> Option<Spot> {
        let mut home = self.home(state, segment)?;
        let first = home;
        for _ in 0..limits::LINKS {
            let Root::At(object) = self.terms.place(home).root else { return None };
            match self.spot(home).filter(|_| self.is_of_others(state, object)) {
                Some(spot) => {
                    let is_of_pages = spot.is_of_pages && home == first && is_plain(segment);
                    return Some(Spot { is_of_pages, ..spot });
                }
                None => home = self.kept_at(state, object)?,
            }
        }
        None
    }

    /// The fields where others find the references of an array in copies of it; none where that is not so for each of them.
    pub(super) fn lasting_copies(&mut self, state: &State, segment: &Segment) -> Vec<Spot> {
        let What::Range { base, sub, lo, hi } = &segment.what else { return Vec::new() };
        let mut spots = Vec::new();
        let mut at = lo.clone();
        while !self.is_at_most(state, hi, &at) {
            let end_of = |alias: &Alias| {
                let in_copy = alias.sub_in_copy(*base, sub)?;
                let (from, to) = alias.copied_bounds()?;
                (self.is_at_most(state, &from, &at) && self.is_at_most(state, &at.offset(1), &to)).then_some((in_copy, to))
            };
            let next = state.aliases.iter().find_map(|alias| Some((alias.clone(), end_of(alias)?)));
            let Some((alias, (in_copy, end))) = next else { return Vec::new() };
            let place = element(&mut self.terms, alias.base, &at.minus(&alias.shift), &in_copy);
            let kept = Segment { status: Status::Carried(place), what: What::One(Lin::default()), ..segment.clone() };
            let Some(spot) = self.lasting_slot(state, &kept) else { return Vec::new() };
            spots.push(spot);
            at = end;
        }
        spots
    }

    /// The fields of others' arrays that have the pages, each somewhere in it: nobody up the calls could say where.
    ///
    /// ```c
    ///         while (dev->shadow[tid])
    ///                 tid++;
    ///         dev->shadow[tid] = pages[i];
    /// ```
    pub(super) fn scattered(&mut self, state: &State, segment: &Segment, namer: &mut Namer) -> Vec<Spot> {
        if segment.status != Status::Held {
            return Vec::new();
        }
        let shifts: Vec<Lin> = self.copies_of(state, segment).map(|alias| alias.shift.clone()).collect();
        if shifts.iter().any(|shift| is_nameable(&namer.expr(self, shift))) {
            return Vec::new();
        }
        self.lasting_copies(state, segment)
    }

    pub(super) fn copies_of<'s>(&'s self, state: &'s State, segment: &'s Segment) -> impl Iterator<Item = &'s Alias> + 's {
        state.aliases.iter().filter(move |alias| self.may_have(state, alias, &segment.what))
    }

    /// The references of a segment stay in a field, for whoever finds them there.
    pub(super) fn leave_in(&mut self, state: &State, segment: &Segment, spot: Spot) {
        let spot = Spot { is_of_pages: spot.is_of_pages && is_plain(segment), ..spot };
        let Some(site) = segment.site else { return self.leave_other(spot.slot, segment.kind) };
        if self.quiet > 0 {
            return;
        }
        let is_beside = |other: &&Segment| other.is_open() && other.what == segment.what && other.kind != segment.kind;
        let beside = state.segments.iter().filter(is_beside).map(|other| (spot.slot.clone(), other.kind));
        self.fates.of(site).beside.extend(beside);
        self.fates.leave(site, spot, segment.kind, (self.id, self.pos));
    }

    /// An object that others can reach, or that was there before this function.
    fn is_of_others(&self, state: &State, object: AtomId) -> bool {
        let is_known = match self.terms.get(object) {
            Atom::Fresh(_) => state.published.contains(&object) || !self.allocations.contains(&object),
            Atom::Load(..) | Atom::Param(_) => true,
            _ => false,
        };
        is_known && !state.destroyed.contains(&Root::At(object))
    }

    /// A place in memory, outside the object itself, that leads to it.
    fn kept_at(&self, state: &State, object: AtomId) -> Option<LocId> {
        let is_outside = |root: &Root| !matches!(root, Root::Local(_)) && *root != Root::At(object);
        let leads_there = |(place, value): &(&LocId, &Lin)| value.mentions(object) && is_outside(&self.terms.place(**place).root);
        state.memory().iter().find(leads_there).map(|(&place, _)| place)
    }

    pub(super) fn is_gone(&mut self, state: &State, array: AtomId) -> bool {
        let root = self.terms.deref(&Lin::atom(array)).root;
        state.destroyed.contains(&root)
    }

    /// All slots that keep the references of a segment.
    pub(super) fn other_slots(&mut self, state: &State, segment: &Segment) -> BTreeSet<String> {
        let mut slots = BTreeSet::new();
        if let Status::Carried(place) = segment.status {
            slots.extend(self.slot(place));
        }
        if segment.what.numbers().is_some() {
            let outside = |place: &LocId| !matches!(self.terms.place(*place).root, Root::Local(_));
            slots.extend(self.told_at(state, &segment.what).filter(outside).filter_map(|place| self.slot(place)));
            return slots;
        }
        let What::Range { base, .. } = segment.what else { return slots };
        let copies = state.aliases.iter().filter(|alias| alias.of == base).map(|alias| alias.base);
        for array in std::iter::once(base).chain(copies).collect::<Vec<_>>() {
            if self.is_gone(state, array) {
                continue;
            }
            slots.extend(self.slot_of_atom(array).map(|spot| spot.slot));
            let kept = state.memory().iter().filter(|(_, value)| value.mentions(array)).map(|(&place, _)| place);
            let outside = kept.filter(|place| !matches!(self.terms.place(*place).root, Root::Local(_)));
            slots.extend(outside.filter_map(|place| self.slot(place)));
        }
        slots
    }
}

/// Named by the pages themselves, or by an array of them.
fn is_plain(segment: &Segment) -> bool {
    !matches!(segment.status, Status::Carried(_)) && !segment.what.is_in_elements()
}

pub(super) fn negated(expr: &Expr) -> Expr {
    match expr {
        Expr::Int(value) => Expr::Int(-value),
        Expr::Sum(constant, parts) => Expr::Sum(-constant, parts.iter().map(|(factor, part)| (-factor, part.clone())).collect()),
        other => Expr::Sum(0, vec![(-1, other.clone())]),
    }
}

//! Memory of unknown content: places that were forgotten, with all below them, and fields that were, in whatever object.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;
use std::sync::Arc;

use gup_ir::LocalId;
use rustc_hash::FxHashSet;

use super::refs::is_within;
use super::term::{Loc, LocId, Root, Step, Terms};
use crate::summary::Field;

/// In which structures (empty: in any), and when.
type Times = Vec<(Arc<str>, u32)>;

/// What was forgotten on a path, and when: epochs count the occasions. Cheap to clone.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Forgotten {
    /// Each with all below it, the latest last.
    places: Rc<Vec<(LocId, u32)>>,
    /// By name.
    fields: Rc<BTreeMap<Arc<str>, Times>>,
    /// Local variables whose address a callee had, and when it forgot fields.
    exposed: Rc<BTreeSet<(LocalId, u32)>>,
}

impl Forgotten {
    pub(crate) fn add_place(&mut self, place: LocId, epoch: u32) {
        Rc::make_mut(&mut self.places).push((place, epoch));
    }

    /// Only the last time counts.
    pub(crate) fn renew_place(&mut self, place: LocId, epoch: u32) {
        let places = Rc::make_mut(&mut self.places);
        places.retain(|(known, _)| *known != place);
        places.push((place, epoch));
    }

    pub(crate) fn add_fields<'f>(&mut self, fields: impl Iterator<Item = &'f Field>, epoch: u32) {
        let known = Rc::make_mut(&mut self.fields);
        for field in fields {
            let times = known.entry(field.name.clone()).or_default();
            match times.iter_mut().find(|(strukt, _)| *strukt == field.strukt) {
                Some((_, time)) => *time = epoch,
                None => times.push((field.strukt.clone(), epoch)),
            }
        }
    }

    /// When what lies at an unwritten place last became unknown; 0 if it never did.
    pub(crate) fn last(&self, terms: &Terms, id: LocId) -> u32 {
        let covers = |place: &LocId| {
            let outer = terms.place(*place);
            terms.share_root(*place, id) && is_within(terms, id, &outer.root, &outer.steps)
        };
        let by_place = self.places.iter().rev().find(|(place, _)| covers(place)).map_or(0, |(_, epoch)| *epoch);
        by_place.max(self.last_of_fields(terms.place(id)))
    }

    /// The fields that were forgotten then lie in these variables, too.
    pub(crate) fn expose(&mut self, locals: &[LocalId], epoch: u32) {
        if !locals.is_empty() {
            Rc::make_mut(&mut self.exposed).extend(locals.iter().map(|&local| (local, epoch)));
        }
    }

    /// Of a field on the way to the place. Variables of this function are nobody else's to write but those who got their address.
    fn last_of_fields(&self, loc: &Loc) -> u32 {
        if self.fields.is_empty() {
            return 0;
        }
        match loc.root {
            Root::Local(local) => {
                let forgotten = self.last_of_steps(loc);
                // Of a field that was forgotten again later, elsewhere, the time is not kept.
                let times = self.exposed.range((local, 0)..=(local, forgotten));
                times.map(|&(_, epoch)| epoch).max().unwrap_or_default()
            }
            _ => self.last_of_steps(loc),
        }
    }

    fn last_of_steps(&self, loc: &Loc) -> u32 {
        let fields = loc.steps.iter().filter_map(|step| if let Step::Field(field) = step { Some(field) } else { None });
        let times = fields.flat_map(|field| {
            let times = self.fields.get(&field.name).into_iter().flatten();
            times.filter(|(strukt, _)| may_be_same(strukt, &field.strukt)).map(|(_, epoch)| *epoch)
        });
        times.max().unwrap_or_default()
    }

    pub(crate) fn places(&self) -> impl Iterator<Item = LocId> {
        self.places.iter().map(|(place, _)| *place)
    }

    pub(crate) fn fields(&self) -> impl Iterator<Item = Field> {
        self.fields
            .iter()
            .flat_map(|(name, times)| times.iter().map(|(strukt, _)| Field { strukt: strukt.clone(), name: name.clone() }))
    }

    /// What changed on either path is forgotten at `epoch`, a new one.
    pub(crate) fn join(&mut self, other: &Forgotten, epoch: u32) {
        if !Rc::ptr_eq(&self.places, &other.places) {
            let (own, theirs): (FxHashSet<_>, FxHashSet<_>) = (self.places.iter().collect(), other.places.iter().collect());
            let added: Vec<LocId> = other.places.iter().filter(|entry| !own.contains(entry)).map(|(place, _)| *place).collect();
            let mut new: FxHashSet<LocId> = added.iter().copied().collect();
            let kept = self.places.iter().filter(|(place, _)| !new.contains(place));
            let mut joined: Vec<(LocId, u32)> =
                kept.map(|entry| (entry.0, if theirs.contains(entry) { entry.1 } else { epoch })).collect();
            joined.extend(added.into_iter().filter(|place| new.remove(place)).map(|place| (place, epoch)));
            self.places = Rc::new(joined);
        }
        if self.exposed != other.exposed {
            Rc::make_mut(&mut self.exposed).extend(other.exposed.iter().copied());
        }
        if self.fields != other.fields {
            let fields = Rc::make_mut(&mut self.fields);
            for (name, times) in fields.iter_mut() {
                let theirs = other.fields.get(name);
                for time in times.iter_mut().filter(|time| !theirs.is_some_and(|times| times.contains(time))) {
                    time.1 = epoch;
                }
            }
            for (name, theirs) in other.fields.iter() {
                let times = fields.entry(name.clone()).or_default();
                for (strukt, _) in theirs {
                    if !times.iter().any(|(known, _)| known == strukt) {
                        times.push((strukt.clone(), epoch));
                    }
                }
            }
        }
    }
}

/// Is one of these fields, which are sorted by name, on the way to the place? Of variables of the function, only in those given.
pub(crate) fn has_field(loc: &Loc, fields: &[Field], exposed: &[LocalId]) -> bool {
    let is_one = |own: &Field| {
        let first = fields.partition_point(|field| field.name < own.name);
        let mut namesakes = fields[first..].iter().take_while(|field| field.name == own.name);
        namesakes.any(|field| may_be_same(&field.strukt, &own.strukt))
    };
    let is_hidden = matches!(loc.root, Root::Local(local) if !exposed.contains(&local));
    !is_hidden && loc.steps.iter().any(|step| matches!(step, Step::Field(own) if is_one(own)))
}

/// Where both structures are known, namesakes are told apart: `pack->pages` is not `userptr->pages`.
fn may_be_same(a: &Arc<str>, b: &Arc<str>) -> bool {
    a == b || a.is_empty() || b.is_empty()
}

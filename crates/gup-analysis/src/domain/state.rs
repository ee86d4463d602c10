//! One path's knowledge: memory, facts, references, and what has been done so far.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use gup_ir::{LocalId, Pos};

use super::content::Content;
use super::fact::Facts;
use super::forgotten::{Forgotten, has_field};
use super::refs::{EVERYTHING, Segment, What, element, is_within};
use super::term::{Atom, AtomId, Lin, Loc, LocId, Replaced, Root, Step, Terms};
use crate::limits;
use crate::summary::{Field, ReleaseClass, ReleaseId, SiteId};

/// A disjunct. Two are the same if all but the trail, what was done to the pages' content and copies of what only callers may know
/// of agrees.
#[derive(Clone, Debug, Default)]
pub(crate) struct State {
    /// Written memory; what is not here still holds what it held at the last `forget` that covers it, or at entry.
    memory: Rc<BTreeMap<LocId, Lin>>,
    forgotten: Forgotten,
    pub(crate) facts: Facts,
    pub(crate) segments: Vec<Segment>,
    /// Arrays that hold the pages of other arrays: further homes.
    pub(crate) aliases: Vec<Alias>,
    /// Effects on references that this function did not obtain, and others that callers must know of.
    pub(crate) done: Vec<Done>,
    /// Objects that others can reach.
    pub(crate) published: BTreeSet<AtomId>,
    /// Roots of storage that was freed on this path.
    pub(crate) destroyed: Vec<Root>,
    /// Arrays (and single variables) that an acquisition on this path failed to fill.
    pub(crate) unfilled: Vec<Unfilled>,
    /// Acquisitions whose carrier a completion ends without a release, with its name and where it was handed the carrier: if
    /// nobody else releases them, it should have.
    pub(crate) ended: Vec<(SiteId, Rc<str>, Pos)>,
    /// Something on the way here was done to what callers hold that could not be said.
    pub(crate) is_gapped: bool,
    /// The newest epoch of its memory.
    pub(crate) epoch: u32,
    /// What was done to the pages themselves.
    pub(crate) content: Rc<Content>,
    pub(crate) trail: Option<Rc<Trail>>,
}

/// `base[i].sub` holds what `of[i + shift].of_sub` held, a page or a structure with pages in it: it was copied.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Alias {
    pub(crate) base: AtomId,
    pub(crate) sub: Vec<Field>,
    pub(crate) of: AtomId,
    pub(crate) of_sub: Vec<Field>,
    pub(crate) shift: Lin,
    /// The elements `base[from..to]` that were copied, where that is known.
    pub(crate) extent: Option<(Lin, Lin)>,
}

impl Alias {
    /// Memory was copied as it is, so many bytes from one element on.
    pub(crate) fn is_memory(&self) -> bool {
        let is_endless = |(_, to): &(Lin, Lin)| to.as_int() == Some(EVERYTHING.into());
        self.sub == self.of_sub && self.extent.as_ref().is_some_and(is_endless)
    }

    /// Where in an element of the copy that is which lies in an element of `of` at `sub`: a structure brings along all that is in it.
    pub(crate) fn sub_in_copy(&self, of: AtomId, sub: &[Field]) -> Option<Vec<Field>> {
        let inner = sub.strip_prefix(&self.of_sub[..]).filter(|_| self.of == of)?;
        Some(self.sub.iter().chain(inner).cloned().collect())
    }

    /// The same elements in the same array, wherever in it.
    pub(crate) fn is_same_copy(&self, other: &Alias) -> bool {
        let same_arrays = (self.base, self.of) == (other.base, other.of);
        same_arrays && (&self.sub, &self.of_sub) == (&other.sub, &other.of_sub) && self.copied_bounds() == other.copied_bounds()
    }

    /// What lies in `of`, by its name in the copy.
    pub(crate) fn in_copy(&self, what: &What) -> Option<What> {
        let What::Range { base, sub, lo, hi } = what else { return None };
        let sub = self.sub_in_copy(*base, sub)?;
        Some(What::Range { base: self.base, sub, lo: lo.minus(&self.shift), hi: hi.minus(&self.shift) })
    }

    /// First and last index of `of` that were copied, where that is known.
    pub(crate) fn copied_bounds(&self) -> Option<(Lin, Lin)> {
        self.extent.as_ref().map(|(from, to)| (from.plus(&self.shift), to.plus(&self.shift)))
    }

    /// The elements of `of` that were copied, where that is known.
    pub(crate) fn copied(&self) -> Option<What> {
        let (lo, hi) = self.copied_bounds()?;
        Some(What::Range { base: self.of, sub: self.of_sub.clone(), lo, hi })
    }
}

/// An array (or single variable) that an acquisition did not fill, with what that returned: an error if it is negative. That
/// it returned 0 is no failure that code must expect to have to undo.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Unfilled {
    pub(crate) base: AtomId,
    pub(crate) site: SiteId,
    pub(crate) returned: Lin,
}

/// How much a write changes.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Extent {
    /// A number or a pointer.
    Scalar,
    /// Perhaps a structure.
    Any,
}

/// Something done to what the caller holds. Values are of this function's terms.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Done {
    /// `since`: see [`State::since()`].
    Release {
        class: ReleaseClass,
        what: What,
        at: Option<ReleaseId>,
        since: u32,
    },
    Carry {
        what: What,
        into: LocId,
    },
    Destroy(Lin),
    Publish(Lin),
    Escape {
        what: What,
        why: String,
    },
    Later {
        function: Lin,
        argument: Lin,
        atomic: bool,
    },
}

/// What led here, newest first.
#[derive(Debug)]
pub(crate) struct Trail {
    pub(crate) pos: Pos,
    /// Empty for a branch that could go one way only: nobody need be told of it.
    pub(crate) message: String,
    /// A function that was given the references of an acquisition and dropped none of them.
    pub(crate) passed_by: Option<(SiteId, Rc<str>)>,
    pub(crate) before: Option<Rc<Trail>>,
}

impl PartialEq for State {
    fn eq(&self, other: &State) -> bool {
        self.segments == other.segments
            && self.same_copies(other)
            && self.unfilled == other.unfilled
            && self.destroyed == other.destroyed
            && self.ended == other.ended
            && self.is_gapped == other.is_gapped
            && self.memory == other.memory
            && self.facts == other.facts
            && self.forgotten == other.forgotten
            && self.done == other.done
            && self.published == other.published
    }
}

impl State {
    pub(crate) fn read_id(&self, terms: &mut Terms, id: LocId) -> Lin {
        if let Some(value) = self.memory.get(&id) {
            return value.clone();
        }
        let epoch = self.epoch_of(terms, id);
        // What has one value gets it after the storage was zeroed.
        if epoch == 0 && matches!(terms.place(id).root, Root::At(base) if terms.is_zeroed(base)) && !terms.is_invariant(id) {
            return Lin::default();
        }
        Lin::atom(terms.atom(Atom::Load(id, epoch)))
    }

    /// Writes a scalar or pointer. Elements of the same array whose index may be the same are forgotten.
    pub(crate) fn write(&mut self, terms: &mut Terms, loc: &Loc, value: Lin, extent: Extent, epoch: &mut u32) {
        let id = terms.loc_of(loc);
        let is_clash =
            |other: LocId| other != id && terms.share_root(other, id) && may_alias(terms, &self.facts, other, loc, extent);
        let clash: Vec<LocId> = self.memory.keys().copied().filter(|&other| is_clash(other)).collect();
        for other in clash {
            *epoch += 1;
            Rc::make_mut(&mut self.memory).remove(&other);
            self.forgotten.add_place(other, *epoch);
        }
        Rc::make_mut(&mut self.memory).insert(id, value);
    }

    /// The place and all below it have unknown content from now on.
    pub(crate) fn forget(&mut self, terms: &mut Terms, loc: &Loc, epoch: &mut u32) {
        *epoch += 1;
        let forgotten = terms.loc_of(loc);
        let is_in = |id: LocId| terms.share_root(id, forgotten) && is_within(terms, id, &loc.root, &loc.steps);
        if self.memory.keys().any(|&id| is_in(id)) {
            Rc::make_mut(&mut self.memory).retain(|&id, _| !is_in(id));
        }
        self.forgotten.renew_place(forgotten, *epoch);
    }

    /// What was not written there yet has unknown content from now on; what was written is still known.
    pub(crate) fn forget_unwritten(&mut self, terms: &mut Terms, loc: &Loc, epoch: &mut u32) {
        *epoch += 1;
        self.forgotten.add_place(terms.loc_of(loc), *epoch);
    }

    /// These fields (sorted by name) of every object have unknown content from now on; of local variables, of those given only.
    pub(crate) fn forget_fields(&mut self, terms: &Terms, fields: &[Field], exposed: &[LocalId], epoch: &mut u32) {
        *epoch += 1;
        let is_forgotten = |id: LocId| has_field(terms.place(id), fields, exposed);
        if self.memory.keys().any(|&id| is_forgotten(id)) {
            Rc::make_mut(&mut self.memory).retain(|&id, _| !is_forgotten(id));
        }
        self.forgotten.add_fields(fields.iter(), *epoch);
        self.forgotten.expose(exposed, *epoch);
    }

    /// What the place is known to hold: what was written, or what was read there while it was what it still is.
    pub(crate) fn known_at(&self, terms: &Terms, id: LocId) -> Option<Lin> {
        if let Some(value) = self.memory.get(&id) {
            return Some(value.clone());
        }
        terms.known_atom(&Atom::Load(id, self.epoch_of(terms, id))).map(Lin::atom)
    }

    /// When what has this name came to lie there.
    pub(crate) fn since(&self, terms: &mut Terms, what: &What) -> u32 {
        match what {
            What::One(value) => match value.as_atom().map(|atom| terms.get(atom)) {
                Some(Atom::Load(_, epoch)) => *epoch,
                _ => 0,
            },
            What::Range { base, sub, lo, .. } => {
                let first = element(terms, *base, lo, sub);
                self.epoch_of(terms, first)
            }
        }
    }

    /// When what lies at an unwritten place last became unknown. What has one value is always the same unknown.
    fn epoch_of(&self, terms: &Terms, id: LocId) -> u32 {
        if terms.is_invariant(id) { 0 } else { self.forgotten.last(terms, id) }
    }

    pub(crate) fn memory(&self) -> &BTreeMap<LocId, Lin> {
        &self.memory
    }

    /// Removes what is known of a place, without saying that it changed: a dead variable.
    pub(crate) fn drop_place(&mut self, id: LocId) {
        Rc::make_mut(&mut self.memory).remove(&id);
    }

    pub(crate) fn set_raw(&mut self, id: LocId, value: Lin) {
        Rc::make_mut(&mut self.memory).insert(id, value);
    }

    pub(crate) fn forgotten(&self) -> &Forgotten {
        &self.forgotten
    }

    /// What changed on either path has unknown content; `epoch` is a new one.
    pub(crate) fn forget_as_well(&mut self, other: &State, epoch: u32) {
        self.forgotten.join(&other.forgotten, epoch);
        self.epoch = self.epoch.max(other.epoch).max(epoch);
    }

    /// Both paths are one from here on, as far as the pages' content goes.
    pub(crate) fn blend_content(&mut self, other: &State) {
        if !Rc::ptr_eq(&self.content, &other.content) {
            Rc::make_mut(&mut self.content).blend(&other.content);
        }
    }

    /// Are what is held, or was, and arrays whose pages were copied one by one, copied to the same places?
    pub(crate) fn same_copies(&self, other: &State) -> bool {
        let is_held = |state: &State, array: AtomId| {
            state.segments.iter().any(|segment| matches!(segment.what, What::Range { base, .. } if base == array))
        };
        let matters = |state: &State, alias: &Alias| !alias.is_memory() || is_held(state, alias.of);
        let of = |state: &State| -> Vec<Alias> { state.aliases.iter().filter(|alias| matters(state, alias)).cloned().collect() };
        self.aliases == other.aliases || of(self) == of(other)
    }

    /// Both paths are one from here on, as far as copies go of what callers may hold: these are said to them whichever path made them.
    pub(crate) fn blend_copies(&mut self, other: &State) {
        let new = |alias: &&Alias| alias.is_memory() && !self.aliases.contains(alias);
        let new: Vec<Alias> = other.aliases.iter().filter(new).cloned().collect();
        self.aliases.extend(new);
    }

    /// The newest step that is told.
    pub(crate) fn last_step(&self) -> Option<Pos> {
        let mut at = self.trail.as_ref();
        while let Some(step) = at.filter(|step| step.message.is_empty()) {
            at = step.before.as_ref();
        }
        at.map(|step| step.pos)
    }

    pub(crate) fn note(&mut self, pos: Pos, message: String) {
        self.trail = Some(Rc::new(Trail { pos, message, passed_by: None, before: self.trail.clone() }));
    }

    pub(crate) fn note_passed_by(&mut self, pos: Pos, site: SiteId, callee: &str) {
        let passed_by = Some((site, callee.into()));
        self.trail = Some(Rc::new(Trail { pos, message: String::new(), passed_by, before: self.trail.clone() }));
    }

    /// Functions that were given the references of the acquisition since it was made, first things first, and dropped none of them.
    pub(crate) fn passed_by(&self, site: SiteId) -> Vec<String> {
        let mut names: Vec<String> = Vec::new();
        let mut at = self.trail.as_ref();
        while let Some(step) = at {
            if let Some((of, name)) = &step.passed_by
                && *of == site
                && !names.iter().any(|known| **known == **name)
            {
                names.insert(0, name.to_string());
            }
            at = step.before.as_ref();
        }
        names.split_off(names.len().saturating_sub(limits::PASSED_BY))
    }

    /// Replaces atoms everywhere: a loop's counter by its final value.
    pub(crate) fn substitute(&mut self, terms: &mut Terms, map: &Replaced) {
        let memory = std::mem::take(&mut self.memory);
        let replaced = memory.iter().map(|(&id, value)| (terms.substitute_loc(id, map), terms.substitute(value, map)));
        self.memory = Rc::new(replaced.collect());
        self.facts.substitute(|fact| terms.substitute(fact, map));
        for segment in &mut self.segments {
            super::refs::substitute(terms, &mut segment.what, map);
        }
        for (from, to) in self.aliases.iter_mut().filter_map(|alias| alias.extent.as_mut()) {
            *from = terms.substitute(from, map);
            *to = terms.substitute(to, map);
        }
        for unfilled in &mut self.unfilled {
            unfilled.returned = terms.substitute(&unfilled.returned, map);
        }
        if !self.content.is_empty() {
            Rc::make_mut(&mut self.content).substitute(terms, map);
        }
        for done in &mut self.done {
            match done {
                Done::Release { what, .. } | Done::Carry { what, .. } | Done::Escape { what, .. } => {
                    super::refs::substitute(terms, what, map);
                }
                Done::Destroy(value) | Done::Publish(value) => *value = terms.substitute(value, map),
                Done::Later { function, argument, .. } => {
                    *function = terms.substitute(function, map);
                    *argument = terms.substitute(argument, map);
                }
            }
        }
    }
}

/// May a write to `written` change what is known of `other`? Different roots are taken to be different objects.
fn may_alias(terms: &Terms, facts: &Facts, other: LocId, written: &Loc, extent: Extent) -> bool {
    if !is_within(terms, other, &written.root, &written.steps) {
        return false;
    }
    let other = terms.place(other);
    // A number written to an element leaves the structures behind the array alone.
    let fields = |loc: &Loc| loc.steps.iter().filter(|step| matches!(step, Step::Field(_))).count();
    if extent == Extent::Scalar && fields(other) > fields(written) {
        return false;
    }
    let indices = |loc: &Loc| -> Vec<Lin> {
        loc.steps.iter().filter_map(|step| if let Step::Index(i) = step { Some(i.clone()) } else { None }).collect()
    };
    let (a, b) = (indices(other), indices(written));
    if a.is_empty() && b.is_empty() {
        return other.steps.len() > written.steps.len();
    }
    let zero = Lin::default();
    let (x, y) = (a.first().unwrap_or(&zero), b.first().unwrap_or(&zero));
    !facts.proves_not_zero(terms, &x.minus(y))
}

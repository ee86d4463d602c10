//! What can be reached: the homes of references that outlive a function, or that unknown code may find.

use rustc_hash::FxHashSet;

use super::Exec;
use super::translate::CONTAINER_OF;
use crate::domain::refs::{Status, What, is_within};
use crate::domain::state::{Alias, State};
use crate::domain::term::{Atom, AtomId, Lin, Loc, LocId, Root, Step};

/// The memory that can be reached from some values.
pub(super) struct Reach {
    regions: Vec<Loc>,
    atoms: FxHashSet<AtomId>,
    values: Vec<Lin>,
    /// Storage that is gone.
    destroyed: Vec<Root>,
    globals: bool,
}

impl Reach {
    pub(super) fn from_value(exec: &mut Exec<'_>, state: &State, value: &Lin) -> Reach {
        let mut reach = Reach::nothing(state, false);
        reach.grow(exec, state, vec![value.clone()]);
        reach
    }

    /// What remains reachable after the function returned: parameters, globals, published objects and what is returned.
    pub(super) fn after_return(exec: &mut Exec<'_>, state: &State, ret: Option<&Lin>) -> Reach {
        let mut start: Vec<Lin> = ret.into_iter().cloned().collect();
        for index in 0..exec.function.params {
            start.push(Lin::atom(exec.terms.atom(Atom::Param(index))));
        }
        Reach::public(exec, state, start)
    }

    /// What anybody can reach: globals, published objects, and from the values given.
    pub(super) fn public(exec: &mut Exec<'_>, state: &State, mut start: Vec<Lin>) -> Reach {
        let mut reach = Reach::nothing(state, true);
        start.extend(state.published.iter().map(|&atom| Lin::atom(atom)));
        let memory: Vec<(LocId, Lin)> = state.memory().iter().map(|(&id, value)| (id, value.clone())).collect();
        for (id, value) in memory {
            if matches!(exec.terms.place(id).root, Root::Global(_)) {
                start.push(value);
            }
        }
        reach.grow(exec, state, start);
        reach
    }

    fn nothing(state: &State, globals: bool) -> Reach {
        let destroyed = state.destroyed.clone();
        Reach { regions: Vec::new(), atoms: FxHashSet::default(), values: Vec::new(), destroyed, globals }
    }

    fn grow(&mut self, exec: &mut Exec<'_>, state: &State, mut work: Vec<Lin>) {
        // Each round reaches one pointer further; a place is looked at until it is found.
        let mut unreached: Vec<(LocId, &Lin)> = state.memory().iter().map(|(&id, value)| (id, value)).collect();
        while !work.is_empty() {
            for value in std::mem::take(&mut work) {
                self.add(exec, value);
            }
            unreached.retain(|&(id, content)| {
                let is_found = self.has_place(exec, id);
                if is_found {
                    work.push(content.clone());
                }
                !is_found
            });
        }
    }

    fn add(&mut self, exec: &mut Exec<'_>, value: Lin) {
        if value.as_int().is_some() || self.values.contains(&value) {
            return;
        }
        if let Some((base, _)) = exec.terms.split_pointer(&value) {
            self.atoms.insert(base);
            let mut region = exec.terms.place_at(&value);
            while matches!(region.steps.last(), Some(Step::Index(_))) {
                region.steps.pop();
            }
            if !self.regions.contains(&region) {
                self.regions.push(region);
            }
        }
        self.values.push(value);
    }

    pub(super) fn has_atom(&self, exec: &Exec<'_>, atom: AtomId) -> bool {
        self.atoms.contains(&atom)
            || match exec.terms.get(atom) {
                Atom::Load(place, _) | Atom::Addr(place) => self.has_place(exec, *place),
                // Part of, or the memory of, something reachable: container_of, page_address.
                Atom::Apply(name, args) if self.globals || name.starts_with(CONTAINER_OF) => {
                    args.iter().any(|arg| arg.terms.iter().any(|&(inner, _)| self.has_atom(exec, inner)))
                }
                // An object that was not allocated here is somebody's: a look-up's result.
                Atom::Fresh(_) => self.globals && !exec.allocations.contains(&atom) && !self.destroyed.contains(&Root::At(atom)),
                _ => false,
            }
    }

    pub(super) fn has_place(&self, exec: &Exec<'_>, place: LocId) -> bool {
        let root = &exec.terms.place(place).root;
        match root {
            Root::Global(_) if self.globals => return true,
            Root::At(atom) => {
                // Without a region of its own the atom was reached through memory.
                let has_region = self.regions.iter().any(|region| region.root == *root);
                if !has_region && self.has_atom(exec, *atom) {
                    return true;
                }
            }
            _ => {}
        }
        self.regions.iter().any(|region| is_within(&exec.terms, place, &region.root, &region.steps))
    }

    /// Can anything be reached that the first number of a run is known by?
    fn has_number(&self, exec: &Exec<'_>, state: &State, what: &What) -> bool {
        let known = state.memory().iter().filter(|(place, _)| self.has_place(exec, **place)).map(|(_, value)| value);
        let mut known = self.values.iter().chain(known);
        known.any(|value| exec.tells_number(value, what))
            || what.atoms().into_iter().any(|atom| matches!(exec.terms.get(atom), Atom::Load(..)) && self.has_atom(exec, atom))
    }

    /// Are the references of a segment reachable?
    pub(super) fn holds(&self, exec: &Exec<'_>, state: &State, index: usize) -> bool {
        let segment = &state.segments[index];
        if let Status::Carried(place) = segment.status {
            return self.has_place(exec, place);
        }
        match &segment.what {
            What::One(value) => {
                self.values.iter().any(|v| exec.terms.derives_from(v, value))
                    || state.memory().iter().any(|(&place, v)| exec.terms.derives_from(v, value) && self.has_place(exec, place))
                    || matches!(value.as_atom().map(|a| exec.terms.get(a)), Some(Atom::Load(place, _)) if self.has_place(exec, *place))
            }
            what @ What::Range { .. } if what.numbers().is_some() => self.has_number(exec, state, what),
            what @ What::Range { base, .. } => {
                let is_copy = |alias: &&Alias| exec.may_have(state, alias, what);
                self.has_atom(exec, *base) || state.aliases.iter().filter(is_copy).any(|copy| self.has_atom(exec, copy.base))
            }
        }
    }
}

//! What nothing leads to any more: dead variables, facts about forgotten values, names of references that were seen to.

use std::cell::OnceCell;
use std::collections::BTreeSet;

use fixedbitset::FixedBitSet;
use gup_ir::{BlockId, LocalId, Type};

use super::Exec;
use crate::domain::refs::{Segment, Status, What};
use crate::domain::state::{Done, State};
use crate::domain::term::{Atom, AtomId, Lin, LocId, Root, Step};

impl Exec<'_> {
    /// Variables that are not read again before they are written.
    pub(super) fn drop_dead(&mut self, block: BlockId, state: &mut State) {
        // Whose addresses something holds: looked for once, where that is asked.
        let held: OnceCell<BTreeSet<LocalId>> = OnceCell::new();
        let is_held = |local: LocalId| held.get_or_init(|| self.addresses_in(state)).contains(&local);
        let is_dead = |id: LocId| match self.terms.place(id).root {
            Root::Local(local) => {
                // A number or pointer whose address was given away earlier: nothing that can be seen leads to it any more.
                self.flow.is_dead(block, local)
                    || self.is_scalar_variable(local) && !self.flow.is_live(block, local) && !is_held(local)
            }
            _ => false,
        };
        let dead: Vec<LocId> = state.memory().keys().copied().filter(|&id| is_dead(id)).collect();
        for id in dead {
            state.drop_place(id);
        }
    }

    fn is_scalar_variable(&self, local: LocalId) -> bool {
        matches!(self.function.locals[local.0 as usize].ty, Type::Int(_) | Type::Pointer(_))
    }

    /// The variables whose addresses, or those of parts of them, are in memory.
    fn addresses_in(&self, state: &State) -> BTreeSet<LocalId> {
        let of_local = |&(atom, _): &(AtomId, i128)| match self.terms.get(atom) {
            Atom::Addr(place) => match self.terms.place(*place).root {
                Root::Local(local) => Some(local),
                _ => None,
            },
            _ => None,
        };
        state.memory().values().flat_map(|value| &value.terms).filter_map(of_local).collect()
    }

    /// Facts about values that nothing holds any more cannot matter.
    pub(super) fn drop_stale_facts(&mut self, state: &mut State) {
        let mut alive = self.alive_in_memory(state);
        for segment in &state.segments {
            self.mark_what(&segment.what, &mut alive);
        }
        for unfilled in &state.unfilled {
            self.mark_alive(&unfilled.returned, &mut alive);
        }
        for done in &state.done {
            match done {
                Done::Release { what, .. } | Done::Carry { what, .. } | Done::Escape { what, .. } => {
                    self.mark_what(what, &mut alive)
                }
                Done::Destroy(value) | Done::Publish(value) => self.mark_alive(value, &mut alive),
                Done::Later { function, argument, .. } => {
                    self.mark_alive(function, &mut alive);
                    self.mark_alive(argument, &mut alive);
                }
            }
        }
        let exec = &*self;
        let consequences = exec.without_stale(state, &alive);
        state.facts.retain(|fact| exec.can_recur(fact, &alive));
        for fact in consequences {
            state.facts.assume_at_least_zero(&exec.terms, fact);
        }
    }

    /// What facts about a value that is forgotten say of others: one step of Fourier and Motzkin's.
    ///
    /// ```c
    ///         if (asked > room)               // asked <= room here, and 1 <= asked: room is at least 1 whatever `asked` was
    ///                 return -ENOSPC;
    /// ```
    fn without_stale(&self, state: &State, alive: &FixedBitSet) -> Vec<Lin> {
        let stale: Vec<&Lin> = state.facts.at_least_zero().iter().filter(|fact| !self.can_recur(fact, alive)).collect();
        let mut consequences: Vec<Lin> = Vec::new();
        for (number, one) in stale.iter().enumerate() {
            for other in &stale[number + 1..] {
                let meets = |&(atom, factor): &(AtomId, i128)| factor.abs() == 1 && other.terms.contains(&(atom, -factor));
                let sum = one.plus(other);
                let is_new = one.terms.iter().any(meets) && !sum.terms.is_empty() && self.can_recur(&sum, alive);
                if is_new && !consequences.contains(&sum) {
                    consequences.push(sum);
                }
            }
        }
        consequences
    }

    /// What was dropped cannot be dropped again where nothing leads to it any more; and of what a carrier has, the array that it
    /// came in no longer matters.
    ///
    /// ```c
    ///         while (left) {
    ///                 struct page *pages[16];                 // none of them is known to the code behind the loop
    ///                 got = iov_iter_get_pages2(iter, pages, left, 16, &start);
    ///                 ...
    ///                         if (!bio_add_page(bio, pages[i], n, start))
    ///                                 put_page(pages[i]);
    /// ```
    pub(super) fn drop_stale_names(&mut self, block: BlockId, state: &mut State) {
        let is_done = |segment: &Segment| {
            !segment.is_open() && segment.lost_sight().is_none() || matches!(segment.status, Status::Carried(_))
        };
        if !state.segments.iter().any(is_done) {
            return;
        }
        let alive = self.alive_in_memory(state);
        // Where some are left, that the others of the array were dropped is told with them.
        let open: Vec<Segment> =
            state.segments.iter().filter(|segment| segment.is_open() && !is_done(segment)).cloned().collect();
        let is_left = |of: &Segment| open.iter().any(|other| other.site == of.site && other.what.shares_array(&of.what));
        let mut kept: Vec<Segment> = Vec::with_capacity(state.segments.len());
        for mut segment in std::mem::take(&mut state.segments) {
            if is_done(&segment)
                && !is_left(&segment)
                && !segment.what.atoms().iter().all(|&atom| self.can_be_named(block, atom, &alive))
            {
                let Status::Carried(place) = segment.status else { continue };
                let units = vec![Lin::int(i128::from(place.0))];
                segment = Segment { what: What::One(self.terms.apply("units in", units)), short: false, ..segment };
            }
            if !kept.contains(&segment) {
                kept.push(segment);
            }
        }
        state.segments = kept;
    }

    /// Does anything that the code from here on may read lead to it?
    fn can_be_named(&self, block: BlockId, atom: AtomId, alive: &FixedBitSet) -> bool {
        let by_place = |place: LocId| match self.terms.place(place).root {
            Root::Local(local) => self.flow.is_live(block, local),
            Root::Global(_) => true,
            Root::At(base) => self.can_be_named(block, base, alive),
        };
        alive.contains(atom.number())
            || match self.terms.get(atom) {
                Atom::Param(_) | Atom::Function(_) | Atom::Str(_) => true,
                Atom::Load(place, _) | Atom::Addr(place) => by_place(*place),
                Atom::Apply(_, args) => {
                    args.iter().flat_map(|arg| &arg.terms).all(|(inner, _)| self.can_be_named(block, *inner, alive))
                }
                Atom::Fresh(_) => false,
            }
    }

    /// Can the value be computed again? `flags & 1` can, as long as `flags` is there.
    fn can_recur(&self, value: &Lin, alive: &FixedBitSet) -> bool {
        value.terms.iter().all(|(atom, _)| {
            alive.contains(atom.number())
                || match self.terms.get(*atom) {
                    Atom::Param(_) | Atom::Load(..) => true,
                    Atom::Apply(_, args) => args.iter().all(|arg| self.can_recur(arg, alive)),
                    _ => false,
                }
        })
    }

    /// Atoms by number: most of a function's are in it, and it is made anew for each state that is looked at.
    fn alive_in_memory(&self, state: &State) -> FixedBitSet {
        let mut alive = FixedBitSet::with_capacity(self.terms.atom_count());
        state.memory().values().for_each(|value| self.mark_alive(value, &mut alive));
        alive
    }

    fn mark_what(&self, what: &What, alive: &mut FixedBitSet) {
        match what {
            What::One(value) => self.mark_alive(value, alive),
            What::Range { base, lo, hi, .. } => {
                alive.insert(base.number());
                self.mark_alive(lo, alive);
                self.mark_alive(hi, alive);
            }
        }
    }

    fn mark_alive(&self, value: &Lin, alive: &mut FixedBitSet) {
        value.terms.iter().for_each(|&(atom, _)| self.mark_atom(atom, alive));
    }

    fn mark_atom(&self, atom: AtomId, alive: &mut FixedBitSet) {
        if alive.put(atom.number()) {
            return;
        }
        match self.terms.get(atom) {
            Atom::Apply(_, args) => args.iter().for_each(|arg| self.mark_alive(arg, alive)),
            Atom::Load(place, _) | Atom::Addr(place) => {
                let loc = self.terms.place(*place);
                if let Root::At(base) = loc.root {
                    self.mark_atom(base, alive);
                }
                for step in &loc.steps {
                    if let Step::Index(index) = step {
                        self.mark_alive(index, alive);
                    }
                }
            }
            _ => {}
        }
    }
}

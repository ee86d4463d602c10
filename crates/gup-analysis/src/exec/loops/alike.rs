//! Objects that the turns of a loop make one after another, each left to the next as the first one was found.
//!
//! ```c
//!         bio = bio_alloc(bdev, nr, opf, GFP_KERNEL);             // no flag is set
//!         for (;;) {
//!                 bio_iov_iter_get_pages(bio, iter);
//!                 submit_bio(bio);
//!                 bio = bio_alloc(bdev, nr, opf, GFP_KERNEL);     // nor here: none is at the start of any turn
//!         }
//! ```

use super::{Exec, Shape};
use crate::domain::state::State;
use crate::domain::term::{AtomId, Lin, Loc, LocId, Root, Step};

/// What the object has at the start of each turn which a changing pointer leads to: a constant, a function, what was there before the
/// loop.
#[derive(Clone)]
pub(super) struct Alike {
    /// Where the pointer lies.
    pointer: LocId,
    /// From the object to where it has that.
    steps: Vec<Step>,
    value: Lin,
}

impl Exec<'_> {
    /// What the object of each pointer that changes has before the loop, and the one of its next value after the first turn.
    pub(super) fn alike(&mut self, entry: &State, first: &[State], shape: &Shape) -> Vec<Alike> {
        let mut alike = Vec::new();
        for (&pointer, before) in &shape.changed {
            let Some(object) = before.as_atom().filter(|_| !self.is_shared(pointer, shape, entry, first)) else { continue };
            let lasting = self.lasting_in(entry, object, shape).into_iter();
            alike.extend(lasting.map(|(steps, value)| Alike { pointer, steps, value }));
        }
        self.keep_alike(&mut alike, first, |_| true);
        alike
    }

    /// Does another changing place lead to the same object: `bio` and `ctx->bio`? What is written through one is not seen through the
    /// other.
    fn is_shared(&mut self, pointer: LocId, shape: &Shape, entry: &State, first: &[State]) -> bool {
        let states: Vec<&State> = std::iter::once(entry).chain(first).collect();
        let mut others = shape.changed.keys().filter(|place| **place != pointer);
        others.any(|&other| states.iter().any(|state| self.read_id(state, pointer) == self.read_id(state, other)))
    }

    /// Drops what does not hold in one of the states, for the pointers that are asked about; true if there was something.
    pub(super) fn keep_alike(&mut self, alike: &mut Vec<Alike>, states: &[State], is_asked: impl Fn(LocId) -> bool) -> bool {
        let count = alike.len();
        alike.retain(|alike| !is_asked(alike.pointer) || states.iter().all(|state| self.has(state, alike)));
        alike.len() != count
    }

    fn has(&mut self, state: &State, Alike { pointer, steps, value }: &Alike) -> bool {
        let Some(object) = self.read_id(state, *pointer).as_atom() else { return false };
        let inside = self.inside(object, steps);
        self.read_id(state, inside) == *value
    }

    /// Writes to the objects that the unknown pointers lead to what all of them have.
    pub(super) fn set_alike(&mut self, shape: &Shape, state: &mut State) {
        for Alike { pointer, steps, value } in &shape.alike {
            let Some(object) = shape.unknown_pointer(*pointer) else { continue };
            state.set_raw(self.inside(object, steps), value.clone());
        }
    }

    fn inside(&mut self, object: AtomId, steps: &[Step]) -> LocId {
        self.terms.loc(Loc { root: Root::At(object), steps: steps.to_vec() })
    }

    /// What is written in the object and means the same in every turn.
    fn lasting_in(&self, state: &State, object: AtomId, shape: &Shape) -> Vec<(Vec<Step>, Lin)> {
        let mut found = Vec::new();
        for (&place, value) in state.memory() {
            let loc = self.terms.place(place);
            let is_inside = loc.root == Root::At(object) && !loc.steps.is_empty();
            // Each turn's own object has a name of its own.
            let changes =
                |atom| self.terms.depends(atom, &|inner| inner == object) || self.is_made_in_iteration(atom, shape.before);
            if is_inside && !value.terms.iter().any(|&(atom, _)| changes(atom)) {
                found.push((loc.steps.clone(), value.clone()));
            }
        }
        found
    }
}

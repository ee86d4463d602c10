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

/// A constant that the object has at the start of each turn which a changing pointer leads to.
#[derive(Clone)]
pub(super) struct Alike {
    /// Where the pointer lies.
    pointer: LocId,
    /// From the object to the constant.
    steps: Vec<Step>,
    value: i128,
}

impl Exec<'_> {
    /// What the object of each pointer that changes has before the loop, and the one of its next value after the first turn.
    pub(super) fn alike(&mut self, entry: &State, first: &[State], shape: &Shape) -> Vec<Alike> {
        let mut alike = Vec::new();
        for (&pointer, before) in &shape.changed {
            let Some(object) = before.as_atom().filter(|_| !self.is_shared(pointer, shape, entry, first)) else { continue };
            let constants = self.constants_of(entry, object).into_iter();
            alike.extend(constants.map(|(steps, value)| Alike { pointer, steps, value }));
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
        self.read_id(state, inside).as_int() == Some(*value)
    }

    /// Writes to the objects that the unknown pointers lead to what all of them have.
    pub(super) fn set_alike(&mut self, shape: &Shape, state: &mut State) {
        for Alike { pointer, steps, value } in &shape.alike {
            let Some(object) = shape.unknown_pointer(*pointer) else { continue };
            state.set_raw(self.inside(object, steps), Lin::int(*value));
        }
    }

    fn inside(&mut self, object: AtomId, steps: &[Step]) -> LocId {
        self.terms.loc(Loc { root: Root::At(object), steps: steps.to_vec() })
    }

    fn constants_of(&self, state: &State, object: AtomId) -> Vec<(Vec<Step>, i128)> {
        let mut found = Vec::new();
        for (&place, value) in state.memory() {
            let loc = self.terms.place(place);
            if let (Root::At(base), Some(value)) = (&loc.root, value.as_int())
                && *base == object
                && !loc.steps.is_empty()
            {
                found.push((loc.steps.clone(), value));
            }
        }
        found
    }
}

//! Names for what a statement brings into being, shared by all paths that come to it together.
//!
//! What `pin_user_pages_fast()` returned is unknown on every path, so it may go by the same name on all of them; each path
//! still assumes its own things about it. Paths that differ in nothing else are then seen to be equal and can be joined:
//!
//! ```c
//! if (write)
//!         flags |= FOLL_WRITE;
//! got = pin_user_pages_fast(start, n, flags, pages);   // `got` is one unknown, not two
//! ```
//! The same holds for epochs, which tell contents of memory before a change from those after it. Both are shared among the
//! states of one *batch* only: one execution of a region. Another turn of a loop is another batch.

use gup_ir::BlockId;
use rustc_hash::FxHashMap;

use super::Exec;
use crate::domain::state::State;
use crate::domain::term::{Hint, Lin};

/// Batch, block and number of a statement.
type Moment = (u32, u32, u32);

#[derive(Default)]
pub(super) struct Names {
    batch: u32,
    batches: u32,
    now: Moment,
    /// Which outcome of the call being executed is applied.
    case: u32,
    values: FxHashMap<(Moment, u32, u32), Lin>,
    epochs: FxHashMap<Moment, u32>,
    /// The highest epoch given so far.
    newest: u32,
}

impl Exec<'_> {
    /// Runs `region` as a batch of its own.
    pub(super) fn as_batch<R>(&mut self, region: impl FnOnce(&mut Self) -> R) -> R {
        self.names.batches += 1;
        let outer = std::mem::replace(&mut self.names.batch, self.names.batches);
        let left = region(self);
        self.names.batch = outer;
        left
    }

    /// The statement being executed.
    pub(super) fn statement(&self) -> (BlockId, u32) {
        (BlockId(self.names.now.1), self.names.now.2)
    }

    /// Executes a statement on one state.
    pub(super) fn at_statement(
        &mut self,
        state: State,
        (block, index): (BlockId, u32),
        execute: impl FnOnce(&mut Self, State) -> Vec<State>,
    ) -> Vec<State> {
        let outer = self.names.now;
        let now = (self.names.batch, block.0, index);
        self.names.now = now;
        // A state never goes back to an epoch that it has had.
        let first = *self.names.epochs.entry(now).or_insert(self.names.newest);
        self.epoch = first.max(state.epoch);
        let mut states = execute(self, state);
        for state in &mut states {
            state.epoch = self.epoch;
        }
        self.names.newest = self.names.newest.max(self.epoch);
        self.epoch = self.names.newest;
        self.names.now = outer;
        states
    }

    /// From now on names are those of this outcome of a callee.
    pub(super) fn in_case(&mut self, callee: &str, outcome: usize) {
        let hash = callee.bytes().fold(outcome as u32, |hash, byte| hash.wrapping_mul(31).wrapping_add(u32::from(byte)));
        self.names.case = hash;
    }

    /// The unknown number `nth` of this statement and outcome.
    pub(super) fn named_unknown(&mut self, nth: u32, hint: Hint) -> Lin {
        let key = (self.names.now, self.names.case, nth);
        if let Some(value) = self.names.values.get(&key) {
            return value.clone();
        }
        let value = self.terms.fresh(hint);
        self.names.values.insert(key, value.clone());
        value
    }
}

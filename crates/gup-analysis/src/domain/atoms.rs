//! Sets of atoms, made anew for each state that is looked at: bits by number, since most atoms of a function are in them.

use super::term::AtomId;

/// Atoms of one function, by number.
#[derive(Default)]
pub(crate) struct AtomSet(Vec<u64>);

impl AtomSet {
    pub(crate) fn contains(&self, atom: AtomId) -> bool {
        let (word, bit) = AtomSet::place(atom);
        self.0.get(word).is_some_and(|bits| bits & bit != 0)
    }

    /// Was it not there yet?
    pub(crate) fn insert(&mut self, atom: AtomId) -> bool {
        let (word, bit) = AtomSet::place(atom);
        if word >= self.0.len() {
            self.0.resize(word + 1, 0);
        }
        let is_new = self.0[word] & bit == 0;
        self.0[word] |= bit;
        is_new
    }

    fn place(atom: AtomId) -> (usize, u64) {
        (atom.0 as usize / 64, 1 << (atom.0 % 64))
    }
}

//! Names as numbers, so that a name which many units have is hashed once for each of them, and compared as a number from then on.

use std::hash::{DefaultHasher, Hash, Hasher};

use rustc_hash::FxHashMap;

/// A name of a program. Numbers say nothing about the names, so nothing that comes out may depend on their order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Symbol(u32);

impl Symbol {
    /// For tables with one entry a name.
    pub(super) fn index(self) -> usize {
        self.0 as usize
    }
}

/// The names of a program.
#[derive(Default)]
pub(super) struct Symbols {
    numbers: FxHashMap<String, Symbol>,
    /// Of the names, by number.
    hashes: Vec<u64>,
}

impl Symbols {
    /// The number of a name, new or known.
    pub(super) fn number(&mut self, name: &str) -> Symbol {
        if let Some(&known) = self.numbers.get(name) {
            return known;
        }
        let new = Symbol(self.numbers.len() as u32);
        self.numbers.insert(name.to_owned(), new);
        let mut hasher = DefaultHasher::new();
        name.hash(&mut hasher);
        self.hashes.push(hasher.finish());
        new
    }

    /// The same for the same name of another program.
    pub(super) fn hash(&self, name: Symbol) -> u64 {
        self.hashes.get(name.index()).copied().unwrap_or_default()
    }

    pub(super) fn count(&self) -> usize {
        self.numbers.len()
    }

    /// The number of a name that the program has.
    pub(super) fn get(&self, name: &str) -> Option<Symbol> {
        self.numbers.get(name).copied()
    }
}

//! Words as 24-bit hashes: those of one text, and the files that have one.

use std::iter;

use serde::{Deserialize, Serialize};

use crate::text;

/// For each word the numbers of the files that have it, so that a question looks at what it asks for and not at all words of all files
/// (17 million in Linux 6.12: a tenth of a second for each question).
#[derive(Default, Serialize, Deserialize)]
pub(super) struct Postings {
    /// By word: the word in three bytes, and in four where its files begin.
    #[serde(with = "serde_bytes")]
    table: Vec<u8>,
    /// For each word its files in order, each as the difference from the one before, seven bits a byte, the lowest first.
    #[serde(with = "serde_bytes")]
    files: Vec<u8>,
}

const WORD: usize = 3;
const ROW: usize = WORD + size_of::<u32>();

impl Postings {
    /// Of pairs of a word and the number of a file that has it, in any order, each once.
    pub(super) fn of(pairs: impl Iterator<Item = (u32, u32)>) -> Postings {
        let mut pairs: Vec<u64> = pairs.map(|(word, file)| u64::from(word) << 32 | u64::from(file)).collect();
        pairs.sort_unstable();
        let mut postings = Postings::default();
        for same in pairs.chunk_by(|a, b| a >> 32 == b >> 32) {
            let mut last = 0;
            postings.table.extend_from_slice(&((same[0] >> 32) as u32).to_le_bytes()[..WORD]);
            postings.table.extend_from_slice(&(postings.files.len() as u32).to_le_bytes());
            for file in same.iter().map(|pair| *pair as u32) {
                add_number(&mut postings.files, file - last);
                last = file;
            }
        }
        postings
    }

    /// The files that have the word, in order.
    pub(super) fn with(&self, word: u32) -> impl Iterator<Item = u32> + '_ {
        let (rows, _) = self.table.as_chunks::<ROW>();
        let row = rows.binary_search_by_key(&word, |row| unpack(row)).ok();
        row.map(|row| self.files_at(row)).into_iter().flatten()
    }

    /// What [`Postings::of()`] was made of, in order.
    pub(super) fn pairs(&self) -> impl Iterator<Item = (u32, u32)> + '_ {
        let rows = 0..self.table.len() / ROW;
        rows.flat_map(move |row| self.files_at(row).map(move |file| (self.word(row), file)))
    }

    fn word(&self, row: usize) -> u32 {
        unpack(&self.table[row * ROW..])
    }

    fn start(&self, row: usize) -> usize {
        let start = self.table.get(row * ROW + WORD..(row + 1) * ROW).and_then(|bytes| bytes.try_into().ok());
        start.map_or(self.files.len(), |bytes| u32::from_le_bytes(bytes) as usize)
    }

    fn files_at(&self, row: usize) -> impl Iterator<Item = u32> + '_ {
        let mut rest = self.files.get(self.start(row)..self.start(row + 1)).unwrap_or_default();
        let mut file: u32 = 0;
        iter::from_fn(move || {
            file = file.wrapping_add(take_number(&mut rest)?);
            Some(file)
        })
    }
}

fn add_number(bytes: &mut Vec<u8>, mut number: u32) {
    while number >= 0x80 {
        bytes.push(number as u8 | 0x80);
        number >>= 7;
    }
    bytes.push(number as u8);
}

fn take_number(bytes: &mut &[u8]) -> Option<u32> {
    let mut number = 0;
    for shift in (0..32).step_by(7) {
        let (&byte, rest) = bytes.split_first()?;
        *bytes = rest;
        number |= u32::from(byte & 0x7f) << shift;
        if byte < 0x80 {
            break;
        }
    }
    Some(number)
}

/// Collects the distinct words of a text.
#[derive(Default)]
pub(super) struct WordSet {
    seen: Option<Bits>,
}

impl WordSet {
    /// Three bytes for each, see [`in_words()`]. `#include "dir/x.c"` counts as a word of its own, `#x.c`.
    pub(super) fn of(&mut self, content: &[u8]) -> Vec<u8> {
        let seen = self.seen.get_or_insert_with(Bits::new);
        let mut words = Vec::new();
        let mut add = |word: u32| {
            if seen.insert(word) {
                words.extend_from_slice(&word.to_le_bytes()[..WORD]);
            }
        };
        let mut at = 0;
        while at < content.len() {
            if !text::is_word_byte(content[at]) {
                at += 1;
                continue;
            }
            let start = at;
            let mut state = HASH_START;
            while at < content.len() && text::is_word_byte(content[at]) {
                state = step(state, content[at]);
                at += 1;
            }
            if !content[start].is_ascii_digit() {
                add(finish(state));
            }
        }
        for target in text::includes(content) {
            let name = target.rsplit('/').next().unwrap_or(&target);
            add(hash(format!("#{name}").as_bytes()));
        }
        in_words(&words).for_each(|word| seen.remove(word));
        words
    }
}

/// The words of [`WordSet::of()`], in no order.
pub(super) fn in_words(words: &[u8]) -> impl Iterator<Item = u32> + '_ {
    words.chunks_exact(WORD).map(unpack)
}

const HASH_START: u64 = 0xcbf2_9ce4_8422_2325;

/// FNV-1a, folded to 24 bits.
pub(super) fn hash(word: &[u8]) -> u32 {
    finish(word.iter().fold(HASH_START, |state, byte| step(state, *byte)))
}

fn step(state: u64, byte: u8) -> u64 {
    (state ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
}

fn finish(state: u64) -> u32 {
    ((state ^ (state >> 24) ^ (state >> 48)) & 0x00ff_ffff) as u32
}

fn unpack(word: &[u8]) -> u32 {
    u32::from_le_bytes([word[0], word[1], word[2], 0])
}

/// A set of 24-bit numbers.
struct Bits(Vec<u64>);

impl Bits {
    fn new() -> Bits {
        Bits(vec![0; 1 << 18])
    }

    /// False when it was in already.
    fn insert(&mut self, word: u32) -> bool {
        let (slot, bit) = (&mut self.0[word as usize >> 6], 1 << (word & 63));
        let new = *slot & bit == 0;
        *slot |= bit;
        new
    }

    fn remove(&mut self, word: u32) {
        self.0[word as usize >> 6] &= !(1 << (word & 63));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn postings_give_back_what_they_were_made_of() {
        let pairs = [(7, 0), (7, 300), (7, 70_000), (0x00ff_ffff, 2), (0, 127), (0, 128)];
        let postings = Postings::of(pairs.into_iter());
        assert_eq!(postings.with(7).collect::<Vec<_>>(), [0, 300, 70_000]);
        assert_eq!(postings.with(0).collect::<Vec<_>>(), [127, 128]);
        assert_eq!(postings.with(0x00ff_ffff).collect::<Vec<_>>(), [2]);
        assert_eq!(postings.with(8).count(), 0);
        let mut sorted = pairs.to_vec();
        sorted.sort_unstable();
        assert_eq!(postings.pairs().collect::<Vec<_>>(), sorted);
        assert_eq!(Postings::default().with(7).count(), 0);
    }
}

//! Loops that count bytes and take a page in each turn, of the first and the last only a part.
//!
//! ```c
//! for (i = 0; bytes; i++) {
//!         n = min(bytes, PAGE_SIZE - start);
//!         bvec_set_page(&bv[i], pages[i], n, start);
//!         bytes -= n;
//!         start = 0;
//! }
//! ```
//! No place but `i` changes by a constant, yet after k turns either some bytes are left, and `k * PAGE_SIZE` is what was taken
//! and `start` at first; or none are, and k is `DIV_ROUND_UP(start + bytes, PAGE_SIZE)`. Both states ([`Reading`]) go on.

use std::collections::BTreeSet;

use gup_ir::{BlockId, CompareOp};

use super::kinds::Kind;
use super::{Exec, Shape};
use crate::domain::state::State;
use crate::domain::term::{Atom, AtomId, Lin, Replaced};

/// Bytes taken a unit at a time: `n = min(left, unit - offset)`.
struct Chunks {
    /// What is left when a turn starts, and what was before the loop.
    left: (AtomId, Lin),
    /// Where in its unit a turn starts; no place of its own if that is always at 0.
    offset: Option<(AtomId, Lin)>,
    unit: i128,
}

/// What may be so after k turns.
pub(super) struct Reading {
    pub(super) state: State,
    /// Of what changes from turn to turn.
    pub(super) values: Replaced,
}

impl Exec<'_> {
    /// The state after k >= 1 turns, by whether any bytes are left, each with the values that are known then; as it is where the
    /// loop does not count that way.
    pub(super) fn by_chunks(&mut self, shape: &Shape, kind: &Kind, base: State) -> Vec<Reading> {
        let Some(chunks) = self.chunks(shape, kind) else { return vec![Reading { state: base, values: Replaced::default() }] };
        let all = chunks.all();
        let left = all.minus(&Lin::atom(shape.counter).scaled(chunks.unit));
        let turns = self.terms.floor_div(&all.offset(chunks.unit - 1), chunks.unit);
        let some = (chunks.values(left.clone()), left.offset(-1));
        let mut none = (chunks.values(Lin::default()), turns.offset(-1));
        none.0.insert(shape.counter, turns);
        let readings = [some, none].map(|(values, fact)| {
            let mut state = base.clone();
            let is_so = |(&atom, value): (&AtomId, &Lin)| state.facts.assume_zero(&self.terms, &Lin::atom(atom).minus(value));
            let is_possible = values.iter().all(is_so) && state.facts.assume_at_least_zero(&self.terms, fact);
            is_possible.then_some(Reading { state, values })
        });
        // With nothing left, no turn may follow: it would take nothing, and k is no number of units then.
        if readings[1].as_ref().is_some_and(|none| self.goes_on(shape.header, none)) {
            return vec![Reading { state: base, values: Replaced::default() }];
        }
        readings.into_iter().flatten().collect()
    }

    fn goes_on(&mut self, header: BlockId, reading: &Reading) -> bool {
        let mut state = reading.state.clone();
        state.substitute(&mut self.terms, &reading.values);
        self.quiet += 1;
        let backs = self.region(Some(header), header, vec![state]).backs;
        self.quiet -= 1;
        !backs.is_empty()
    }

    fn chunks(&mut self, shape: &Shape, kind: &Kind) -> Option<Chunks> {
        let places: Vec<_> = shape.unknowns.iter().map(|(&place, &unknown)| (place, unknown)).collect();
        places.into_iter().find_map(|(place, left)| {
            let before = Lin::atom(left);
            let mut turns: Vec<(Lin, &State)> = Vec::new();
            for (_, back) in &kind.learned {
                turns.push((before.minus(&self.read_id(back, place)), back));
            }
            let room = turns.iter().find_map(|(taken, _)| self.room(&before, taken))?;
            let (unit, offset) = self.unit_and_offset(shape, kind, &room)?;
            let is_least = |(taken, back): &(Lin, &State)| {
                let fits = |limit: &Lin| back.facts.proves_at_least_zero(&self.terms, &limit.minus(taken));
                *taken == before && fits(&room)
                    || *taken == room && fits(&before)
                    || self.room(&before, taken).as_ref() == Some(&room)
            };
            let chunks = Chunks { left: (left, shape.changed[&place].clone()), offset, unit };
            let counts = turns.iter().all(is_least) && kind.first.iter().all(|back| chunks.begin_well(&self.terms, back));
            counts.then_some(chunks)
        })
    }

    /// If that is what a turn takes of what is left, the room that there was in its unit.
    fn room(&self, left: &Lin, taken: &Lin) -> Option<Lin> {
        match self.least_of_two(taken) {
            Some((a, b)) if a == *left => Some(b),
            Some((a, b)) if b == *left => Some(a),
            // Where the arms of `min()` are paths of their own.
            None if taken != left && taken.constant > 0 => Some(taken.clone()),
            _ => None,
        }
    }

    /// The arms of `min(a, b)`.
    fn least_of_two(&self, value: &Lin) -> Option<(Lin, Lin)> {
        let Atom::Apply(name, args) = self.terms.get(value.as_atom()?) else { return None };
        let ([lhs, rhs, yes, no, op], "select") = (&args[..], name.as_str()) else { return None };
        let is = |ops: [CompareOp; 2]| ops.iter().any(|&known| op.as_int() == Some(known as i128));
        let is_least = is([CompareOp::Lt, CompareOp::Le]) && (lhs, rhs) == (yes, no)
            || is([CompareOp::Gt, CompareOp::Ge]) && (lhs, rhs) == (no, yes);
        is_least.then(|| (lhs.clone(), rhs.clone()))
    }

    /// A turn's end by what it took, where that is the least of two: all that was left, or a whole unit.
    pub(super) fn by_least(&self, shape: &Shape, back: &State) -> Vec<State> {
        let known = back.facts.at_least_zero().iter().flat_map(|fact| &fact.terms).map(|(atom, _)| *atom);
        let counts: BTreeSet<AtomId> = known.filter(|atom| self.is_made_in_iteration(*atom, shape.before)).collect();
        let mut cases = vec![back.clone()];
        for least in counts.into_iter().map(Lin::atom) {
            let Some((a, b)) = self.least_of_two(&least) else { continue };
            let halves = cases.into_iter().flat_map(|case| [(&a, case.clone()), (&b, case)]);
            cases = halves
                .filter_map(|(arm, mut case)| case.facts.assume_zero(&self.terms, &least.minus(arm)).then_some(case))
                .collect();
        }
        cases
    }

    /// Of `PAGE_SIZE - offset`, where each turn leaves `offset` 0, the parts.
    fn unit_and_offset(&mut self, shape: &Shape, kind: &Kind, room: &Lin) -> Option<(i128, Option<(AtomId, Lin)>)> {
        let unit = Some(room.constant).filter(|unit| *unit > 0)?;
        let offset = match room.terms[..] {
            [] => return Some((unit, None)),
            [(offset, -1)] => offset,
            _ => return None,
        };
        let (&place, _) = shape.unknowns.iter().find(|(_, unknown)| **unknown == offset)?;
        let is_reset = kind.learned.iter().all(|(_, back)| self.read_id(back, place).as_int() == Some(0));
        is_reset.then(|| (unit, Some((offset, shape.changed[&place].clone()))))
    }
}

impl Chunks {
    /// Bytes from the start of the first unit to the last byte.
    fn all(&self) -> Lin {
        match &self.offset {
            Some((_, first)) => self.left.1.plus(first),
            None => self.left.1.clone(),
        }
    }

    /// After a turn, with that many bytes left.
    fn values(&self, left: Lin) -> Replaced {
        let offset = self.offset.iter().map(|(offset, _)| (*offset, Lin::default()));
        offset.chain([(self.left.0, left)]).collect()
    }

    /// Was there something to take, and did the first turn start within a unit?
    fn begin_well(&self, terms: &crate::domain::term::Terms, back: &State) -> bool {
        let holds = |value: Lin| back.facts.proves_at_least_zero(terms, &value);
        let starts_within = |first: &Lin| holds(first.clone()) && holds(first.scaled(-1).offset(self.unit - 1));
        holds(self.left.1.offset(-1)) && self.offset.as_ref().is_none_or(|(_, first)| starts_within(first))
    }
}

//! Assuming that a comparison holds.

use gup_ir::{CompareOp, Cond};

use super::Exec;
use crate::domain::refs::What;
use crate::domain::state::State;
use crate::domain::term::{Atom, Hint, Lin, int_range};
use crate::summary::RefKind;

/// What contracts call questions about a page that have one answer if somebody holds a reference: yes. Are references of it counted
/// at all? Is there a page structure?
const TRUE_OF_HELD: [&str; 2] = ["counted", "is_page"];

const OPS: [CompareOp; 6] = [CompareOp::Eq, CompareOp::Ne, CompareOp::Lt, CompareOp::Le, CompareOp::Gt, CompareOp::Ge];

pub(super) fn negated(op: CompareOp) -> CompareOp {
    match op {
        CompareOp::Eq => CompareOp::Ne,
        CompareOp::Ne => CompareOp::Eq,
        CompareOp::Lt => CompareOp::Ge,
        CompareOp::Le => CompareOp::Gt,
        CompareOp::Gt => CompareOp::Le,
        CompareOp::Ge => CompareOp::Lt,
    }
}

impl Exec<'_> {
    /// A comparison's operator and sides, with unsigned constants as what they mean: ULONG_MAX is large, and
    /// `x >= (unsigned long)-MAX_ERRNO` asks whether x, read as signed, is an error number.
    pub(super) fn sides(&mut self, state: &mut State, cond: &Cond) -> (CompareOp, Lin, Lin) {
        let (lhs, rhs) = (self.operand(state, &cond.lhs), self.operand(state, &cond.rhs));
        if cond.ty.signed {
            return (cond.op, lhs, rhs);
        }
        // `batch->nr >= MAX`; enumerators and flags are tested for equality as if they had no sign, whatever they are.
        if !matches!(cond.op, CompareOp::Eq | CompareOp::Ne) {
            self.note_field(&cond.lhs, cond.ty);
        }
        match (cond.op, rhs.as_int()) {
            (CompareOp::Ge | CompareOp::Gt, Some(-4096..=-2)) => (CompareOp::Lt, lhs, Lin::int(0)),
            (CompareOp::Lt | CompareOp::Le, Some(-4096..=-2)) => (CompareOp::Ge, lhs, Lin::int(0)),
            (_, Some(-1)) => (cond.op, lhs, Lin::int(int_range(cond.ty).1)),
            _ => (cond.op, lhs, rhs),
        }
    }

    /// Adds `lhs op rhs` to the state's facts; false if that cannot be.
    pub(super) fn assume(&mut self, state: &mut State, op: CompareOp, lhs: &Lin, rhs: &Lin) -> bool {
        if let Some(answer) = self.assume_truth(state, op, lhs, rhs) {
            return answer;
        }
        if op == CompareOp::Eq && rhs.as_int() == Some(0) && self.is_held_element(state, lhs) {
            return false;
        }
        let difference = lhs.minus(rhs);
        self.note_true_of_held(state, &difference);
        let is_count = difference.terms.iter().any(|&(atom, _)| *self.terms.hint(atom) == Hint::Count);
        if op == CompareOp::Eq && is_count && difference.constant.abs() >= 1 << 31 {
            // Nobody asks for so many pages that an error number read as unsigned is the number asked for.
            return false;
        }
        let facts = &mut state.facts;
        match op {
            CompareOp::Eq => facts.assume_zero(&self.terms, &difference),
            CompareOp::Ne => facts.assume_not_zero(&self.terms, &difference),
            CompareOp::Lt => facts.assume_at_least_zero(&self.terms, difference.scaled(-1).offset(-1)),
            CompareOp::Le => facts.assume_at_least_zero(&self.terms, difference.scaled(-1)),
            CompareOp::Gt => facts.assume_at_least_zero(&self.terms, difference.offset(-1)),
            CompareOp::Ge => facts.assume_at_least_zero(&self.terms, difference),
        }
    }

    /// Is it a page of an array, among those that are held? Such a page is there.
    fn is_held_element(&mut self, state: &State, value: &Lin) -> bool {
        if !matches!(value.as_atom().map(|atom| self.terms.get(atom)), Some(Atom::Load(..) | Atom::Fresh(_))) {
            return false;
        }
        let what = What::One(value.clone());
        (0..state.segments.len()).any(|index| {
            let is_range = state.segments[index].is_open() && matches!(state.segments[index].what, What::Range { .. });
            is_range && self.overlap(state, index, &what).is_certain()
        })
    }

    /// Where the value asks something of a page that is true of all that are held, and this one is.
    ///
    /// ```c
    ///         if (is_counted(pfn_to_page(pfn)))       // a driver's reserved pages are not
    ///                 put_page(pfn_to_page(pfn));
    /// ```
    fn note_true_of_held(&mut self, state: &mut State, value: &Lin) {
        let Some((answer, page)) = value.terms.iter().find_map(|&(atom, _)| match self.terms.get(atom) {
            Atom::Apply(name, args) if TRUE_OF_HELD.contains(&name.as_str()) => Some((Lin::atom(atom), args.first()?.clone())),
            _ => None,
        }) else {
            return;
        };
        let what = What::One(page);
        let is_held = (0..state.segments.len()).any(|index| {
            let segment = &state.segments[index];
            let is_reference = segment.is_open() && !matches!(segment.kind, RefKind::Borrowed | RefKind::Immortal);
            is_reference && self.overlap(state, index, &what).is_certain()
        });
        if is_held {
            state.facts.assume_at_least_zero(&self.terms, answer.offset(-1));
        }
    }

    /// `(a < b) != 0` is `a < b`, `x | 4` has bit 4 set, and so on: terms that stand for more than a number.
    fn assume_truth(&mut self, state: &mut State, op: CompareOp, lhs: &Lin, rhs: &Lin) -> Option<bool> {
        let holds = match (op, rhs.as_int()?) {
            (CompareOp::Ne, 0) | (CompareOp::Eq, 1) | (CompareOp::Gt, 0) => true,
            (CompareOp::Eq, 0) | (CompareOp::Ne, 1) => false,
            _ => return None,
        };
        let Atom::Apply(name, args) = self.terms.get(lhs.as_atom()?).clone() else { return None };
        if name != "compare" {
            return None;
        }
        let [a, b, code] = &args[..] else { return None };
        let inner = *OPS.iter().find(|op| **op as i128 == code.constant)?;
        Some(self.assume(state, if holds { inner } else { negated(inner) }, a, b))
    }
}

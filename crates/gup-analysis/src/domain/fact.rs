//! What is assumed about values on one path. No solver: sums of two or three facts suffice for every site walked by hand.

use std::rc::Rc;

use super::term::{Atom, AtomId, Lin, Terms};
use crate::limits;

/// A conjunction. Order: more facts = lower; top = no facts; bottom is not represented (the path is dropped instead).
/// Cheap to clone.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Facts {
    /// Each is >= 0.
    at_least_zero: Rc<Vec<Lin>>,
    /// Each is not 0.
    not_zero: Rc<Vec<Lin>>,
}

/// One assumption.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Fact {
    AtLeastZero(Lin),
    NotZero(Lin),
}

impl Fact {
    pub(crate) fn value(&self) -> &Lin {
        match self {
            Fact::AtLeastZero(value) | Fact::NotZero(value) => value,
        }
    }
}

impl Facts {
    pub(crate) fn all(&self) -> impl Iterator<Item = Fact> {
        let at_least_zero = self.at_least_zero.iter().cloned().map(Fact::AtLeastZero);
        at_least_zero.chain(self.not_zero.iter().cloned().map(Fact::NotZero))
    }

    /// False if that contradicts what is known.
    pub(crate) fn assume(&mut self, terms: &Terms, fact: &Fact) -> bool {
        match fact {
            Fact::AtLeastZero(value) => self.assume_at_least_zero(terms, value.clone()),
            Fact::NotZero(value) => self.assume_not_zero(terms, value),
        }
    }

    /// Adds `value >= 0`. False if that contradicts what is known.
    pub(crate) fn assume_at_least_zero(&mut self, terms: &Terms, value: Lin) -> bool {
        if self.proves_at_least_zero(terms, &value) {
            return true;
        }
        let negated = value.scaled(-1);
        if self.proves_at_least_zero(terms, &negated.offset(-1)) {
            return false;
        }
        // Integers: x >= 0 and x != 0 is x >= 1.
        let is_excluded = self.not_zero.iter().any(|n| *n == value || *n == negated);
        let value = if is_excluded { value.offset(-1) } else { value };
        if let Some(multiplied) = multiplied(terms, &value).filter(|multiplied| !self.proves_at_least_zero(terms, multiplied)) {
            self.push(multiplied);
        }
        self.push(value);
        !self.contradicts_not_zero(terms)
    }

    pub(crate) fn assume_zero(&mut self, terms: &Terms, value: &Lin) -> bool {
        self.assume_at_least_zero(terms, value.clone()) && self.assume_at_least_zero(terms, value.scaled(-1))
    }

    pub(crate) fn assume_not_zero(&mut self, terms: &Terms, value: &Lin) -> bool {
        if self.proves_zero(terms, value) {
            return false;
        }
        if self.proves_at_least_zero(terms, value) {
            return self.assume_at_least_zero(terms, value.offset(-1));
        }
        if self.proves_at_least_zero(terms, &value.scaled(-1)) {
            return self.assume_at_least_zero(terms, value.scaled(-1).offset(-1));
        }
        if !self.not_zero.contains(value) && self.not_zero.len() < limits::FACTS {
            Rc::make_mut(&mut self.not_zero).push(value.clone());
        }
        true
    }

    pub(crate) fn proves_zero(&self, terms: &Terms, value: &Lin) -> bool {
        self.proves_at_least_zero(terms, value) && self.proves_at_least_zero(terms, &value.scaled(-1))
    }

    pub(crate) fn proves_not_zero(&self, terms: &Terms, value: &Lin) -> bool {
        let negated = value.scaled(-1);
        self.not_zero.iter().any(|n| n == value || *n == negated)
            || self.proves_at_least_zero(terms, &value.offset(-1))
            || self.proves_at_least_zero(terms, &negated.offset(-1))
    }

    pub(crate) fn proves_at_least_zero(&self, terms: &Terms, value: &Lin) -> bool {
        self.derive(terms, value, limits::PROOF_DEPTH)
    }

    /// Is `value` a sum of facts and non-negative atoms? Each step must cancel the leading atom.
    fn derive(&self, terms: &Terms, value: &Lin, depth: u32) -> bool {
        let Some(&(lead, factor)) = value.terms.first() else {
            return value.constant >= 0;
        };
        if value.constant.unsigned_abs() > (1 << 100) {
            return false;
        }
        if let Some((factor, bits)) = terms.page_number(value) {
            let least = if factor > 0 { 0 } else { factor.saturating_mul((1 << bits) - 1) };
            if value.constant.saturating_add(least) >= 0 {
                return true;
            }
        }
        for bound in
            [self.lower_bound(terms, lead, factor, depth), self.upper_bound(terms, lead, factor, depth)].into_iter().flatten()
        {
            if self.derive(terms, &value.without_lead(bound), depth) {
                return true;
            }
        }
        depth > 0
            && (self.at_least_zero.iter().any(|fact| {
                let own = fact.terms.iter().find(|(atom, _)| *atom == lead).map(|(_, own)| *own);
                own.is_some_and(|own| {
                    let cancels = (own > 0) == (factor > 0) && factor % own == 0;
                    cancels && self.derive(terms, &value.combine(fact, -(factor / own)), depth - 1)
                })
            }) || without_quotient(terms, value).is_some_and(|value| self.derive(terms, &value, depth - 1)))
    }

    /// `factor * atom >= bound`, for a positive factor, from what the atom is.
    fn lower_bound(&self, terms: &Terms, atom: AtomId, factor: i128, depth: u32) -> Option<i128> {
        if factor < 0 {
            return None;
        }
        match terms.get(atom) {
            Atom::Addr(_) | Atom::Function(_) | Atom::Str(_) => Some(factor),
            Atom::Apply(name, args) if name == "floordiv" => {
                let divisor = args.get(1)?.as_int()?;
                let value = args.first()?;
                let inner = depth.checked_sub(1)?;
                if self.derive(terms, &value.offset(-divisor), inner) {
                    Some(factor)
                } else {
                    self.derive(terms, value, inner).then_some(0)
                }
            }
            // Of two's complements: without a sign, if one of them has none.
            Atom::Apply(name, args) if name == "and" => {
                args.iter().rev().any(|value| self.derive(terms, value, depth)).then_some(0)
            }
            Atom::Apply(name, _) if name == "compare" || name == "unsigned" => Some(0),
            _ => terms.bounds(atom).map(|(low, _)| low.saturating_mul(factor)),
        }
    }

    /// `factor * atom >= bound`, for a negative factor.
    fn upper_bound(&self, terms: &Terms, atom: AtomId, factor: i128, depth: u32) -> Option<i128> {
        if factor > 0 {
            return None;
        }
        match terms.get(atom) {
            // By so much that nothing is left: the high bits of what has none.
            Atom::Apply(name, args) if name == "floordiv" => {
                let (value, divisor) = (args.first()?, args.get(1)?.as_int()?);
                let inner = depth.checked_sub(1).filter(|_| divisor >= limits::HIGH_BITS)?;
                self.derive(terms, &value.scaled(-1).offset(divisor - 1), inner).then_some(0)
            }
            Atom::Apply(name, args) if name == "and" => Some(args.get(1)?.as_int().filter(|m| *m >= 0)?.saturating_mul(factor)),
            Atom::Apply(name, _) if name == "compare" => Some(factor),
            _ => terms.bounds(atom).map(|(_, high)| high.saturating_mul(factor)),
        }
    }

    fn push(&mut self, value: Lin) {
        let known = Rc::make_mut(&mut self.at_least_zero);
        if known.len() >= limits::FACTS {
            known.remove(0);
        }
        known.push(value);
    }

    fn contradicts_not_zero(&self, terms: &Terms) -> bool {
        self.not_zero.iter().any(|value| self.proves_zero(terms, value))
    }

    /// Keeps what holds on both paths.
    pub(crate) fn join(&self, terms: &Terms, other: &Facts) -> Facts {
        if self == other {
            return self.clone();
        }
        let keep = |a: &Facts, b: &Facts| -> Vec<Lin> {
            a.at_least_zero
                .iter()
                .filter(|fact| b.at_least_zero.contains(fact) || b.proves_at_least_zero(terms, fact))
                .cloned()
                .collect()
        };
        let mut at_least_zero = keep(self, other);
        for fact in keep(other, self) {
            if !at_least_zero.contains(&fact) {
                at_least_zero.push(fact);
            }
        }
        let not_zero = self.not_zero.iter().filter(|value| other.proves_not_zero(terms, value)).cloned().collect();
        Facts { at_least_zero: Rc::new(at_least_zero), not_zero: Rc::new(not_zero) }
    }

    /// Forgets what speaks of atoms that nothing can mention again.
    pub(crate) fn retain(&mut self, mut keep: impl FnMut(&Lin) -> bool) {
        for facts in [&mut self.at_least_zero, &mut self.not_zero] {
            if !facts.iter().all(&mut keep) {
                Rc::make_mut(facts).retain(&mut keep);
            }
        }
    }

    pub(crate) fn substitute(&mut self, mut replace: impl FnMut(&Lin) -> Lin) {
        for facts in [&mut self.at_least_zero, &mut self.not_zero] {
            let facts = Rc::make_mut(facts);
            facts.iter_mut().for_each(|fact| *fact = replace(fact));
            facts.retain(|fact| fact.as_int().is_none());
        }
    }

    pub(crate) fn at_least_zero(&self) -> &[Lin] {
        &self.at_least_zero
    }

    pub(crate) fn not_zero(&self) -> &[Lin] {
        &self.not_zero
    }
}

/// A value that is not negative only if this one is not, which has the quotient `q = x / d` in it, rounded down: for integers
/// `d * q <= x <= d * q + d - 1`, and `value >= 0` follows from `d * value + d - 1 >= 0`.
fn without_quotient(terms: &Terms, value: &Lin) -> Option<Lin> {
    value.terms.iter().find_map(|&(atom, factor)| {
        let Atom::Apply(name, args) = terms.get(atom) else { return None };
        let ([dividend, divisor], "floordiv") = (&args[..], name.as_str()) else { return None };
        let divisor = divisor.as_int().filter(|divisor| (1..1 << 40).contains(divisor))?;
        let least = if factor > 0 { dividend.offset(1 - divisor) } else { dividend.clone() };
        let rest = value.minus(&Lin::atom(atom).scaled(factor));
        Some(rest.scaled(divisor).plus(&least.scaled(factor)).offset(divisor - 1))
    })
}

/// `x / d + rest >= 0`, rounded down, is `x + d * rest >= 0`: proofs about `x` would not find it in the quotient.
///
/// ```c
///         for (i = 0; i < got / 2; i++)
///                 put_page(pages[i]);             // i < got
/// ```
fn multiplied(terms: &Terms, fact: &Lin) -> Option<Lin> {
    let (atom, dividend, divisor) = fact.terms.iter().filter(|(_, factor)| *factor == 1).find_map(|&(atom, _)| {
        let Atom::Apply(name, args) = terms.get(atom) else { return None };
        let ([dividend, divisor], "floordiv") = (&args[..], name.as_str()) else { return None };
        Some((atom, dividend, divisor.as_int().filter(|divisor| (1..1 << 40).contains(divisor))?))
    })?;
    Some(fact.minus(&Lin::atom(atom)).scaled(divisor).plus(dividend))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::term::Hint;
    use super::*;

    const ATOMS: usize = 3;

    /// Factors of the atoms, and a constant.
    type Sum = ([i128; ATOMS], i128);

    fn sum() -> impl Strategy<Value = Sum> {
        (prop::array::uniform3(-2i128..=2), -3i128..=3)
    }

    fn atoms() -> (Terms, Vec<AtomId>) {
        let mut terms = Terms::default();
        let atoms = (0..ATOMS).filter_map(|_| terms.fresh(Hint::None).as_atom()).collect();
        (terms, atoms)
    }

    fn lin(atoms: &[AtomId], (factors, constant): &Sum) -> Lin {
        let terms = atoms.iter().zip(factors).map(|(&atom, &factor)| Lin::atom(atom).scaled(factor));
        terms.fold(Lin::int(*constant), |sum, term| sum.plus(&term))
    }

    fn value_of((factors, constant): &Sum, values: &[i128; ATOMS]) -> i128 {
        constant + factors.iter().zip(values).map(|(factor, value)| factor * value).sum::<i128>()
    }

    /// Those of the sums that hold for these values, as facts.
    fn facts_about(terms: &Terms, atoms: &[AtomId], sums: &[Sum], values: &[i128; ATOMS]) -> Facts {
        let mut facts = Facts::default();
        for sum in sums {
            let value = value_of(sum, values);
            if value >= 0 {
                assert!(facts.assume_at_least_zero(terms, lin(atoms, sum)), "{sum:?} holds for {values:?}");
            }
            if value != 0 {
                assert!(facts.assume_not_zero(terms, &lin(atoms, sum)), "{sum:?} is not 0 for {values:?}");
            }
        }
        facts
    }

    proptest! {
        /// What is true is never refused, and what is proven is true.
        #[test]
        fn facts_are_sound(
            sums in prop::collection::vec(sum(), 0..8),
            asked in sum(),
            values in prop::array::uniform3(-5i128..=5),
        ) {
            let (terms, atoms) = atoms();
            let facts = facts_about(&terms, &atoms, &sums, &values);
            let asked_value = lin(&atoms, &asked);
            if facts.proves_at_least_zero(&terms, &asked_value) {
                prop_assert!(value_of(&asked, &values) >= 0);
            }
            if facts.proves_not_zero(&terms, &asked_value) {
                prop_assert!(value_of(&asked, &values) != 0);
            }
        }

        /// The join is above both sides: all that it says, each of them says. The join of facts with themselves loses none.
        #[test]
        fn the_join_is_an_upper_bound(
            sums in prop::collection::vec(sum(), 0..6),
            others in prop::collection::vec(sum(), 0..6),
            values in prop::array::uniform3(-5i128..=5),
            other_values in prop::array::uniform3(-5i128..=5),
        ) {
            let (terms, atoms) = atoms();
            let a = facts_about(&terms, &atoms, &sums, &values);
            let b = facts_about(&terms, &atoms, &others, &other_values);
            let join = a.join(&terms, &b);
            for fact in join.at_least_zero() {
                prop_assert!(a.proves_at_least_zero(&terms, fact) && b.proves_at_least_zero(&terms, fact));
            }
            for fact in join.not_zero() {
                prop_assert!(a.proves_not_zero(&terms, fact) && b.proves_not_zero(&terms, fact));
            }
            prop_assert_eq!(a.join(&terms, &a), a);
        }
    }
}

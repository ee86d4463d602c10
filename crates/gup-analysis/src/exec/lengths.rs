//! Counts kept beside arrays: how far a release goes, and which references lie beyond.
//!
//! ```c
//!         dma->page_count = 0;                                    // (1) whatever is in dma->map is beyond
//!         unpin_user_pages(dma->map, dma->page_count);            // (2) goes by dma->page_count
//!         got = pin_user_pages(.., dma->page_count, .., dma->map); // (3) more than there are, where got is less
//! ```

use std::cell::RefCell;
use std::collections::BTreeSet;

use super::Exec;
use crate::domain::refs::{Segment, What};
use crate::domain::state::State;
use crate::domain::term::{Atom, AtomId, Hint, Lin, Loc, LocId, Root, Step};
use crate::limits;

impl Exec<'_> {
    /// (2) The field that says how many a release of what was found in an array drops, if it lies in the object that the array is
    /// found by; of one page in a loop, the field that bounds its index.
    pub(super) fn length_of(&self, state: &State, what: &What) -> Option<String> {
        match what {
            What::Range { base, lo, hi, .. } if lo.as_int() == Some(0) => {
                let object = self.object_of_array(*base)?;
                let read = hi.as_atom().and_then(|count| self.field_read(&object, count));
                read.or_else(|| self.field_with(state, &object, hi))
            }
            What::Range { .. } => None,
            What::One(value) => {
                let Atom::Load(place, _) = self.terms.get(value.as_atom()?) else { return None };
                let (object, index) = self.element_of(*place)?;
                self.bound_of(state, &object, &index)
            }
        }
    }

    /// The field of the object that the number was read from.
    fn field_read(&self, object: &Root, count: AtomId) -> Option<String> {
        let Atom::Load(place, _) = self.terms.get(count) else { return None };
        (self.terms.place(*place).root == *object).then(|| self.slot(*place)).flatten()
    }

    /// The field of the object that the number was written to.
    fn field_with(&self, state: &State, object: &Root, count: &Lin) -> Option<String> {
        count.as_int().is_none().then_some(())?;
        let is_it = |(place, value): &(&LocId, &Lin)| *value == count && self.terms.place(**place).root == *object;
        state.memory().iter().find(is_it).and_then(|(place, _)| self.slot(*place))
    }

    /// What a field is found by that holds an array, or its address.
    fn object_of_array(&self, base: AtomId) -> Option<Root> {
        match self.terms.get(base) {
            Atom::Load(place, _) | Atom::Addr(place) => Some(self.terms.place(*place).root.clone()),
            _ => None,
        }
    }

    /// A place as an element of an array: what the array is found by, and which element it is.
    fn element_of(&self, place: LocId) -> Option<(Root, Lin)> {
        let Loc { root, steps } = self.terms.place(place);
        let index = steps.iter().rev().find_map(|step| if let Step::Index(index) = step { Some(index.clone()) } else { None });
        let array = match root {
            // `obj->pages[i]` by way of what `obj->pages` holds.
            Root::At(base) if !steps.iter().any(|step| matches!(step, Step::Field(_))) => self.object_of_array(*base)?,
            root => root.clone(),
        };
        Some((array, index.unwrap_or_default()))
    }

    /// A field of the object that the index is known to be below.
    fn bound_of(&self, state: &State, object: &Root, index: &Lin) -> Option<String> {
        state.facts.at_least_zero().iter().find_map(|fact| {
            let fields = fact.terms.iter().filter(|(_, factor)| *factor == 1);
            let (atom, field) = fields.filter_map(|(atom, _)| Some((*atom, self.field_read(object, *atom)?))).next()?;
            let rest = fact.minus(&Lin::atom(atom)).plus(index).offset(1);
            rest.as_int().is_some_and(|rest| rest <= 0).then_some(field)
        })
    }

    /// (1) Fields of the object in which the references are kept whose values say that no element with these is among so many.
    pub(super) fn short_counts(&self, state: &State, segment: &Segment, home: LocId) -> BTreeSet<String> {
        let first = Lin::default();
        let lo = match &segment.what {
            What::Range { lo, .. } if segment.what.numbers().is_none() => lo,
            _ => &first,
        };
        self.fields_beside(state, home, |value| {
            // No element has a negative index.
            let is_none = state.facts.proves_at_least_zero(&self.terms, &value.scaled(-1));
            is_none || state.facts.proves_at_least_zero(&self.terms, &lo.minus(value))
        })
    }

    /// (3) Fields of that object whose values say that there are more than these, which begin with the array's first.
    pub(super) fn long_counts(&self, state: &State, segment: &Segment, home: LocId) -> BTreeSet<String> {
        self.fields_beside(state, home, |value| self.is_more_than(state, value, segment))
    }

    /// Is it a number of more than the references that an acquisition gave where it gave fewer than it was asked for?
    pub(super) fn is_more_than(&self, state: &State, value: &Lin, segment: &Segment) -> bool {
        let What::Range { lo, hi, .. } = &segment.what else { return false };
        let is_longer = || segment.short && state.facts.proves_at_least_zero(&self.terms, &value.minus(hi).offset(-1));
        lo.as_int() == Some(0) && value.as_int().is_none() && (is_longer() || self.is_wanted_for(state, segment, value))
    }

    /// An array of zeroes says where its pages end; whoever releases by the number may go by that as well.
    fn is_wanted_for(&self, state: &State, segment: &Segment, number: &Lin) -> bool {
        let is_zeroed = matches!(&segment.what, What::Range { base, .. } if self.terms.is_zeroed(*base));
        !is_zeroed && self.may_be_fewer(state, segment, number)
    }

    /// Were the pages obtained by a number of bytes that nothing on this path was said about but that they are not more than so many
    /// pages? Then there may be fewer: the call gives what it can get, and nobody looked.
    ///
    /// ```c
    ///         len = iov_iter_extract_pages(iter, &pages, LONG_MAX, n, 0, &off);
    ///         if (len <= 0)
    ///                 return len;
    ///         ...
    ///         unpin_user_pages(pages, n);             // not if len + off == n * PAGE_SIZE is known
    /// ```
    pub(super) fn may_be_fewer(&self, state: &State, segment: &Segment, number: &Lin) -> bool {
        let (What::Range { lo, hi, .. }, Some(_)) = (&segment.what, segment.site) else { return false };
        let bytes = self.counts_in(hi);
        if bytes.is_empty() || hi.terms.iter().any(|(atom, _)| bytes.contains(atom)) || !self.counts_in(number).is_empty() {
            return false;
        }
        let more = number.minus(hi);
        // An equality, or a test that there are at least so many. That they are not more than were asked for is the contract's.
        let is_told = |fact: &Lin| {
            let of_bytes = fact.terms.iter().find(|(atom, _)| bytes.contains(atom));
            let is_least = |factor: i128| factor > 0 && (fact.terms.len() > 1 || fact.constant < -1);
            of_bytes.is_some_and(|&(_, factor)| is_least(factor) || state.facts.proves_zero(&self.terms, fact))
        };
        state.facts.proves_at_least_zero(&self.terms, &more)
            && state.facts.proves_at_least_zero(&self.terms, &hi.minus(lo).offset(-1))
            && !state.facts.proves_at_least_zero(&self.terms, &more.scaled(-1))
            && state.facts.clone().assume_at_least_zero(&self.terms, more.offset(-1))
            && !state.facts.at_least_zero().iter().any(is_told)
    }

    /// What acquisitions returned, as far as the number is made of it.
    fn counts_in(&self, number: &Lin) -> BTreeSet<AtomId> {
        let found = RefCell::new(BTreeSet::new());
        for (atom, _) in &number.terms {
            self.terms.depends(*atom, &|inner| {
                if *self.terms.hint(inner) == Hint::Count {
                    found.borrow_mut().insert(inner);
                }
                false
            });
        }
        found.into_inner()
    }

    /// Fields of the object that a home lies in, by their values.
    fn fields_beside(&self, state: &State, home: LocId, is_one: impl Fn(&Lin) -> bool) -> BTreeSet<String> {
        let Some(object) = self.without_last_field(home) else { return BTreeSet::new() };
        let known: BTreeSet<LocId> = state.memory().keys().copied().chain(self.terms.loaded_places()).collect();
        let is_beside = |place: &LocId| *place != home && self.without_last_field(*place).as_ref() == Some(&object);
        let has = |place: &LocId| state.known_at(&self.terms, *place).is_some_and(|value| is_one(&value));
        let found = known.iter().filter(|place| is_beside(place) && has(place));
        found.filter_map(|place| self.slot(*place)).take(limits::COUNTS).collect()
    }

    /// The structure that a field lies in.
    fn without_last_field(&self, place: LocId) -> Option<Loc> {
        let Loc { root, steps } = self.terms.place(place);
        let at = steps.iter().rposition(|step| matches!(step, Step::Field(_)))?;
        Some(Loc { root: root.clone(), steps: steps[..at].to_vec() })
    }
}

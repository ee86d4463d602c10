//! How what is released or handed on relates to what is held: all of it, a part, none, or it cannot be told.

use super::Exec;
use crate::domain::refs::{Status, What, element_index, is_within};
use crate::domain::state::{Alias, State};
use crate::domain::term::{Atom, AtomId, Lin, LocId, Step, Terms};
use crate::summary::{Field, is_by_number};

/// How a released or carried set relates to a segment.
#[allow(clippy::large_enum_variant, reason = "never stored")]
pub(super) enum Overlap {
    None,
    /// All of the segment.
    Whole,
    /// The part from..to of a range segment.
    Part(Lin, Lin),
    /// It cannot be told.
    Unclear,
}

impl Overlap {
    /// Some of the segment, and it is known which.
    pub(super) fn is_certain(&self) -> bool {
        matches!(self, Overlap::Whole | Overlap::Part(..))
    }
}

impl Exec<'_> {
    pub(super) fn overlap(&mut self, state: &State, index: usize, what: &What) -> Overlap {
        let segment = &state.segments[index];
        if let (Status::Carried(place), What::One(value)) = (&segment.status, what)
            && self.names_content(state, value, *place)
        {
            return Overlap::Whole;
        }
        if let (Status::Carried(place), What::Range { base, .. }) = (&segment.status, what)
            && self.ranges_over_content(*base, *place)
        {
            return Overlap::Whole;
        }
        let held = segment.what.clone();
        self.relation(state, &held, what)
    }

    /// The same for what was named before, by its name alone.
    pub(super) fn relation(&mut self, state: &State, held: &What, what: &What) -> Overlap {
        match self.relation_of_names(state, held, what) {
            Overlap::Unclear if self.are_other_numbers(held, what) => Overlap::None,
            relation => relation,
        }
    }

    /// Of pages known by numbers, those whose numbers have nothing in common are others, as single pages with other names are.
    ///
    /// ```c
    ///         for (pfn = first; pfn <= last; pfn++)           // whatever is held by `map->addr >> PAGE_SHIFT`
    ///                 unpin_user_page(pfn_to_page(pfn));
    /// ```
    fn are_other_numbers(&self, held: &What, what: &What) -> bool {
        let Some((first, ..)) = held.numbers().or_else(|| what.numbers()) else { return false };
        let atoms = |what: &What| -> Vec<AtomId> {
            let values = match what {
                What::One(page) => vec![page],
                What::Range { lo, hi, .. } => vec![lo, hi],
            };
            values.into_iter().flat_map(|value| &value.terms).map(|(atom, _)| *atom).filter(|atom| *atom != first).collect()
        };
        let (ours, theirs) = (atoms(held), atoms(what));
        let are_of =
            |some: &[AtomId], of: &[AtomId]| some.iter().any(|&atom| self.terms.depends(atom, &|inner| of.contains(&inner)));
        !are_of(&ours, &theirs) && !are_of(&theirs, &ours)
    }

    fn relation_of_names(&mut self, state: &State, held: &What, what: &What) -> Overlap {
        match (held, what) {
            (What::One(held), What::One(value)) => {
                if held == value {
                    Overlap::Whole
                } else {
                    Overlap::None
                }
            }
            (What::Range { base, sub, lo, hi }, What::One(value)) => match self.index_of(state, value, *base, sub) {
                Some(at) => self.relate(state, (lo, hi), (&at, &at.offset(1))),
                None => Overlap::None,
            },
            (What::One(held), What::Range { base, sub, lo, hi }) => match self.index_of(state, held, *base, sub) {
                Some(at) => match self.relate(state, (&at, &at.offset(1)), (lo, hi)) {
                    Overlap::Part(..) => Overlap::Whole,
                    other => other,
                },
                None => Overlap::None,
            },
            (What::Range { base, sub, lo, hi }, What::Range { base: b, sub: s, lo: l, hi: h }) => {
                if base == b && sub == s {
                    return self.relate(state, (lo, hi), (l, h));
                }
                let is_copy = |alias: &&Alias| alias.base == *b && alias.sub_in_copy(*base, sub).as_deref() == Some(&s[..]);
                match state.aliases.iter().find(is_copy) {
                    Some(alias) => self.relate(state, (lo, hi), (&l.plus(&alias.shift), &h.plus(&alias.shift))),
                    None => Overlap::None,
                }
            }
        }
    }

    /// `value` is what the place holds: the bio's pages as one unit.
    pub(super) fn names_content(&mut self, state: &State, value: &Lin, place: LocId) -> bool {
        match value.as_atom().map(|atom| self.terms.get(atom).clone()) {
            Some(Atom::Load(loaded, _)) if loaded == place => true,
            _ => state.memory().get(&place) == Some(value),
        }
    }

    /// A range whose array lies in the carrier: its elements, one by one.
    pub(super) fn ranges_over_content(&mut self, base: AtomId, place: LocId) -> bool {
        // `table->sgl` lists what `table->@pages` stands for.
        let content = self.terms.place_rc(place);
        if let (Atom::Load(list, _) | Atom::Addr(list), Some((Step::Field(last), owner))) =
            (self.terms.get(base), content.steps.split_last())
            && last.name.starts_with('@')
        {
            let list = self.terms.place(*list);
            if list.root == content.root && list.steps.len() == content.steps.len() && list.steps.starts_with(owner) {
                return true;
            }
        }
        let array = self.terms.deref(&Lin::atom(base));
        is_within(&self.terms, place, &array.root, &array.steps)
    }

    /// The index i for which the value is, or is kept in, `base[i].sub`, also by way of an array that its pages were copied to.
    pub(super) fn index_of(&mut self, state: &State, value: &Lin, base: AtomId, sub: &[Field]) -> Option<Lin> {
        if is_by_number(sub) {
            return Some(value.minus(&Lin::atom(base)));
        }
        let mut places: Vec<LocId> = Vec::new();
        if let Some(Atom::Load(place, _)) = value.as_atom().map(|atom| self.terms.get(atom)) {
            places.push(*place);
        }
        places.extend(state.memory().iter().filter(|(_, v)| *v == value).map(|(&place, _)| place));
        for &place in &places {
            if let Some(index) = element_index(&mut self.terms, place, base, sub) {
                return Some(index);
            }
            for alias in &state.aliases {
                if let Some(in_copy) = alias.sub_in_copy(base, sub)
                    && let Some(index) = element_index(&mut self.terms, place, alias.base, &in_copy)
                {
                    return Some(index.plus(&alias.shift));
                }
            }
        }
        None
    }

    pub(super) fn is_at_most(&self, state: &State, a: &Lin, b: &Lin) -> bool {
        state.facts.proves_at_least_zero(&self.terms, &b.minus(a))
    }

    /// A range of no elements.
    pub(super) fn is_empty(&self, state: &State, what: &What) -> bool {
        matches!(what, What::Range { lo, hi, .. } if self.is_at_most(state, hi, lo))
    }

    /// Of one array, neither range has an element of the other.
    pub(super) fn disjoint(&self, state: &State, lo: &Lin, hi: &Lin, l: &Lin, h: &Lin) -> bool {
        self.is_at_most(state, h, lo) || self.is_at_most(state, hi, l)
    }

    /// Which part of the held range lies in the other.
    fn relate(&self, state: &State, held: (&Lin, &Lin), other: (&Lin, &Lin)) -> Overlap {
        let le = |a: &Lin, b: &Lin| self.is_at_most(state, a, b);
        if le(held.1, other.0) || le(other.1, held.0) {
            return Overlap::None;
        }
        let (covers_start, covers_end) = (le(other.0, held.0), le(held.1, other.1));
        let (starts_inside, ends_inside) = (le(held.0, other.0), le(other.1, held.1));
        match (covers_start, covers_end, starts_inside, ends_inside) {
            (true, true, ..) => Overlap::Whole,
            (true, _, _, true) => Overlap::Part(held.0.clone(), other.1.clone()),
            (_, true, true, _) => Overlap::Part(other.0.clone(), held.1.clone()),
            (_, _, true, true) => Overlap::Part(other.0.clone(), other.1.clone()),
            _ => Overlap::Unclear,
        }
    }
}

/// Equal neighbours become one range; empty ranges go.
pub(super) fn merge_neighbours(terms: &Terms, state: &mut State) {
    merge_if(terms, state, |a, b| a == b);
}

/// The same of what was dropped by whichever releases, for where there are too many paths to tell them apart.
pub(super) fn merge_dropped(terms: &Terms, state: &mut State) {
    merge_if(terms, state, |a, b| match (a, b) {
        (Status::Released { class: a, .. }, Status::Released { class: b, .. }) => a == b,
        _ => a == b,
    });
}

fn merge_if(terms: &Terms, state: &mut State, is_alike: impl Fn(&Status, &Status) -> bool) {
    let facts = &state.facts;
    state.segments.retain(|segment| match &segment.what {
        What::Range { lo, hi, .. } => !facts.proves_at_least_zero(terms, &lo.minus(hi)),
        What::One(_) => true,
    });
    let mut at = 0;
    while at < state.segments.len() {
        let mut merged = false;
        for other in 0..state.segments.len() {
            if other == at {
                continue;
            }
            let (a, b) = (&state.segments[at], &state.segments[other]);
            if a.site != b.site || a.kind != b.kind || !is_alike(&a.status, &b.status) {
                continue;
            }
            let (What::Range { base, sub, hi, .. }, What::Range { base: b2, sub: s2, lo: l2, hi: h2 }) = (&a.what, &b.what)
            else {
                continue;
            };
            if base == b2 && sub == s2 && state.facts.proves_zero(terms, &hi.minus(l2)) {
                let end = h2.clone();
                if let What::Range { hi, .. } = &mut state.segments[at].what {
                    *hi = end;
                }
                let short = state.segments[other].short;
                state.segments[at].short |= short;
                state.segments.remove(other);
                merged = true;
                break;
            }
        }
        if merged {
            at = 0;
        } else {
            at += 1;
        }
    }
}

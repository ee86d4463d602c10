//! References held on one path: bundles split into segments, each with a status.
//!
//! ```text
//!            release of the right class            another release
//!   Held ───────────────────────────────► Released ───────────────► event: released twice
//!    │  ╲ carry into an object, stored in a loop
//!    │   ╲────────────────► Carried(place) ──── release of the place's content ──► Released
//!    │ given to code that is not understood
//!    └────────────────────► Escaped(reason)
//! ```
//! A single page is named by its value (whatever variables hold it: those are its homes); several by a range of an array. Pages with
//! consecutive numbers are such a range, too: of the array of all page structures, whose element n *is* the page of number n
//! ([`by_number()`](crate::summary::by_number)).

use super::term::{AtomId, Lin, Loc, LocId, Replaced, Root, Step, Terms};
use crate::summary::{Field, RefKind, ReleaseClass, ReleaseId, SiteId, is_by_number};

/// Some references of one acquisition, with one fate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Segment {
    /// Which acquisition; `None` for kinds that are not the ledger's (get_page on a known page, alloc_page).
    pub(crate) site: Option<SiteId>,
    pub(crate) kind: RefKind,
    pub(crate) what: What,
    pub(crate) status: Status,
    /// The acquisition returned less than was asked for on this path.
    pub(crate) short: bool,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum What {
    /// The page, or unit, with this value.
    One(Lin),
    /// `base[lo..hi]`, each element's page at `sub`.
    Range { base: AtomId, sub: Vec<Field>, lo: Lin, hi: Lin },
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Status {
    Held,
    Released {
        class: ReleaseClass,
        at: Option<ReleaseId>,
    },
    /// Owned by the content of this place.
    Carried(LocId),
    Escaped(String),
    /// Held still, but under another name: as one of a run of page numbers. Here are only places that keep them as well.
    Renamed,
}

/// A bound beyond every array.
pub(crate) const EVERYTHING: i64 = i64::MAX / 4;

impl What {
    /// Are both ranges of one array?
    pub(crate) fn shares_array(&self, other: &What) -> bool {
        matches!((self, other), (What::Range { base, .. }, What::Range { base: theirs, .. }) if base == theirs)
    }

    /// Pages by their numbers: the array of all page structures, the first number and the one behind the last.
    pub(crate) fn numbers(&self) -> Option<(AtomId, &Lin, &Lin)> {
        match self {
            What::Range { base, sub, lo, hi } if is_by_number(sub) => Some((*base, lo, hi)),
            _ => None,
        }
    }

    /// Are the pages in the elements of an array, not these themselves? `table[0..n].page`
    pub(crate) fn is_in_elements(&self) -> bool {
        matches!(self, What::Range { sub, .. } if !sub.is_empty() && !is_by_number(sub))
    }

    /// What the name is made of: the parts of the page's value, the array, or the parts of the first number.
    pub(crate) fn atoms(&self) -> Vec<AtomId> {
        match self {
            // Of `page - vmemmap_base` the array of all pages says nothing.
            What::Range { base, sub, lo, .. } if is_by_number(sub) => {
                lo.terms.iter().map(|(atom, _)| *atom).filter(|atom| atom != base).collect()
            }
            What::One(value) => value.terms.iter().map(|(atom, _)| *atom).collect(),
            What::Range { base, .. } => vec![*base],
        }
    }
}

/// Somebody else may hold one of the same page, and a release of another kind be theirs.
pub(crate) const ANOTHER: &str = "limit: too many different outcomes, some of which take another reference to the page";
/// A status of its own for references about which something was reported: nothing more is said of them.
pub(crate) const LOST: &str = "lost";
/// There turned out to be none.
pub(crate) const EMPTY: &str = "empty";

impl Segment {
    /// Why they are not followed any more, if they are not.
    pub(crate) fn lost_sight(&self) -> Option<String> {
        match &self.status {
            Status::Escaped(why) if why != LOST && why != EMPTY => Some(why.clone()),
            _ => None,
        }
    }

    /// Somebody on this path must still see to these references.
    pub(crate) fn is_open(&self) -> bool {
        matches!(self.status, Status::Held | Status::Carried(_)) && !matches!(self.kind, RefKind::Borrowed | RefKind::Immortal)
    }
}

/// Of a place in an array: the index of the element, and the way on from there.
pub(crate) fn in_element<'p>(place: &'p Loc, array: &Loc) -> Option<(Lin, &'p [Step])> {
    if place.root != array.root {
        return None;
    }
    match place.steps.strip_prefix(&array.steps[..])? {
        [Step::Index(index), rest @ ..] => Some((index.clone(), rest)),
        rest => Some((Lin::default(), rest)),
    }
}

/// If the place is `base[i].sub`, the index i.
pub(crate) fn element_index(terms: &mut Terms, place: LocId, base: AtomId, sub: &[Field]) -> Option<Lin> {
    let array = terms.deref(&Lin::atom(base));
    let (index, rest) = in_element(terms.place(place), &array)?;
    are_fields(rest, sub).then_some(index)
}

/// Do the steps lead through these fields, and no further?
pub(crate) fn are_fields(steps: &[Step], fields: &[Field]) -> bool {
    steps.len() == fields.len() && steps.iter().zip(fields).all(|(step, field)| matches!(step, Step::Field(f) if f == field))
}

/// The place `base[index].sub`.
pub(crate) fn element(terms: &mut Terms, base: AtomId, index: &Lin, sub: &[Field]) -> LocId {
    let mut loc = terms.deref(&Lin::atom(base).plus(index));
    loc.steps.extend(sub.iter().cloned().map(Step::Field));
    terms.loc(loc)
}

/// Replaces atoms in the names of references.
pub(crate) fn substitute(terms: &mut Terms, what: &mut What, map: &Replaced) {
    match what {
        What::One(value) => *value = terms.substitute(value, map),
        What::Range { base, lo, hi, .. } => {
            *lo = terms.substitute(lo, map);
            *hi = terms.substitute(hi, map);
            let value = terms.substitute(&Lin::atom(*base), map);
            if let Some((atom, offset)) = terms.split_pointer(&value) {
                *base = atom;
                *lo = lo.plus(&offset);
                *hi = hi.plus(&offset);
            }
        }
    }
}

/// Does the place lie in the object at `root` with these first steps? Indices that may differ count as the same.
pub(crate) fn is_within(terms: &Terms, place: LocId, root: &Root, steps: &[Step]) -> bool {
    let loc = terms.place(place);
    if loc.root != *root {
        return false;
    }
    let mut own = loc.steps.iter().peekable();
    for step in steps {
        match (step, own.peek()) {
            (Step::Field(a), Some(Step::Field(b))) if a == b => {
                own.next();
            }
            (Step::Index(_), Some(Step::Index(_))) => {
                own.next();
            }
            // `x[0]` is written `x`.
            (Step::Index(_), Some(Step::Field(_))) => {}
            (Step::Field(_), Some(Step::Index(_))) => {
                own.next();
                match own.peek() {
                    Some(Step::Field(b)) if matches!(step, Step::Field(a) if a == b) => {
                        own.next();
                    }
                    _ => return false,
                }
            }
            _ => return false,
        }
    }
    true
}

//! Pages that are known by their numbers, several in a row: `first` and `last`, or `addr` and `size`.
//!
//! ```c
//!         for (i = 0; i < got; i++) {
//!                 pfn = page_to_pfn(pages[i]);
//!                 if (last && pfn != last + 1) {
//!                         add_entry(map, first, last - first + 1);
//!                         first = pfn;                    // a new run begins with this page
//!                 }
//!                 last = pfn;                             // or this page is one more of the run
//!         }
//! ```
//! The numbers are names of the references only where the array that has the pages, too, is of this function's own: it is filled
//! again, or freed, and those are what is left. Which places hold first and last is guessed by loops (`loops::tally`).

use std::collections::BTreeSet;

use super::Exec;
use super::finish::NAMELESS;
use super::overlap::Overlap;
use super::reach::Reach;
use crate::domain::refs::{Segment, Status, What};
use crate::domain::state::State;
use crate::domain::term::{Atom, AtomId, Lin, LocId, Root};
use crate::summary::{SiteId, by_number};

/// Why a run is not followed further. The function is executed again then, without runs (`again`).
pub(super) const BY_ARRAY: &str = "known by page numbers, and used by way of the array as well";

impl Exec<'_> {
    /// Is the value, or is it made of, the first number of the run? Not so a count of its pages: `last - first + 1`.
    pub(super) fn tells_number(&self, value: &Lin, what: &What) -> bool {
        let Some((array, first, _)) = what.numbers() else { return false };
        let atoms: Vec<(AtomId, i128)> = first.terms.iter().copied().filter(|(atom, _)| *atom != array).collect();
        self.terms.grows_with(value, &atoms)
    }

    /// Places that tell which pages the run has: for a run what `homes()` are for a page.
    pub(super) fn told_at<'s>(&'s self, state: &'s State, what: &'s What) -> impl Iterator<Item = LocId> + 's {
        state.memory().iter().filter(|(_, value)| self.tells_number(value, what)).map(|(&place, _)| place)
    }

    /// The page of that number, held by another name, is one more of the run that ends there, or the first of one, if `first` and
    /// `last` say so: it goes by its number from now on.
    pub(super) fn grow_run(&mut self, state: &mut State, array: AtomId, first: &Lin, last: &Lin) {
        let page = Lin::atom(array).plus(last);
        let Some((index, site)) = self.held_by_name(state, &page) else { return };
        let is = |state: &State, a: &Lin, b: &Lin| state.facts.proves_zero(&self.terms, &a.minus(b));
        let kind = state.segments[index].kind;
        let before = state.segments.iter().position(|segment| {
            let is_same = (segment.site, segment.kind, &segment.status) == (Some(site), kind, &Status::Held);
            let ends = |(base, lo, hi): (AtomId, &Lin, &Lin)| base == array && is(state, lo, first) && is(state, hi, last);
            is_same && segment.what.numbers().is_some_and(ends)
        });
        if before.is_none() && !is(state, first, last) {
            return;
        }
        // What is held has a page structure, and the first of them stands for no page that anybody is given.
        state.facts.assume_at_least_zero(&self.terms, last.offset(-1));
        let (lo, hi) = (last.clone(), last.offset(1));
        match before {
            Some(run) => {
                if let What::Range { hi: end, .. } = &mut state.segments[run].what {
                    *end = hi;
                }
            }
            None => {
                let what = What::Range { base: array, sub: by_number(), lo, hi };
                let run = Segment { what, short: false, ..state.segments[index].clone() };
                state.segments.push(run);
            }
        }
        self.rename(state, &What::One(page), site);
    }

    /// The segment that has the page by another name than its number, if this function alone knows that name.
    pub(super) fn held_by_name(&mut self, state: &State, page: &Lin) -> Option<(usize, SiteId)> {
        let what = What::One(page.clone());
        (0..state.segments.len()).find_map(|index| {
            let segment = &state.segments[index];
            let site = segment.site.filter(|_| segment.status == Status::Held && segment.is_open())?;
            if segment.what.numbers().is_some() {
                return None;
            }
            (self.overlap(state, index, &what).is_certain() && self.is_own_name(state, index, page)).then_some((index, site))
        })
    }

    /// Is the page kept only where nobody else finds it?
    fn is_own_name(&mut self, state: &State, index: usize, page: &Lin) -> bool {
        let places: Vec<LocId> = match &state.segments[index].what {
            What::Range { base, .. } => {
                let is_copied = state.aliases.iter().any(|alias| alias.of == *base);
                if is_copied || !self.is_private(state, *base) {
                    return false;
                }
                state.memory().iter().filter(|(_, value)| *value == page).map(|(&place, _)| place).collect()
            }
            What::One(page) => self.homes(state, page).collect(),
        };
        places.into_iter().all(|place| self.is_own_place(state, place))
    }

    fn is_own_place(&mut self, state: &State, place: LocId) -> bool {
        match self.terms.place(place).root {
            Root::Local(_) => true,
            Root::At(array) => self.is_private(state, array),
            Root::Global(_) => false,
        }
    }

    /// An array that nobody else can look into.
    fn is_private(&mut self, state: &State, array: AtomId) -> bool {
        let is_outside = |place: LocId| !matches!(self.terms.place(place).root, Root::Local(_));
        let is_told = state.memory().iter().any(|(&place, value)| is_outside(place) && value.mentions(array));
        !is_told && !state.published.contains(&array) && self.is_own_array(array)
    }

    /// What the acquisition gave of these, and is held by other names than numbers, is known by numbers from now on.
    pub(super) fn rename(&mut self, state: &mut State, what: &What, site: SiteId) {
        for index in (0..state.segments.len()).rev() {
            let segment = &state.segments[index];
            if segment.site != Some(site) || segment.status != Status::Held || segment.what.numbers().is_some() {
                continue;
            }
            let overlap = self.overlap(state, index, what);
            if !overlap.is_certain() {
                continue;
            }
            let part = self.cut(state, index, overlap);
            state.segments[part].status = Status::Renamed;
            if let What::Range { base, .. } = &state.segments[part].what {
                self.renamed.entry(site).or_default().insert(*base);
            }
        }
    }

    /// Something is done, by their array's name, to pages that are known by numbers: whose they are is not what it was taken for.
    pub(super) fn note_renamed(&mut self, state: &mut State, what: &What) {
        if self.renamed.is_empty() {
            return;
        }
        let is_held = (0..state.segments.len())
            .any(|index| state.segments[index].is_open() && self.overlap(state, index, what).is_certain());
        let mut sites: BTreeSet<SiteId> = BTreeSet::new();
        for index in 0..state.segments.len() {
            let is_renamed = state.segments[index].status == Status::Renamed;
            if is_renamed && !matches!(self.overlap(state, index, what), Overlap::None) {
                sites.extend(state.segments[index].site);
            }
        }
        let atoms = what.atoms();
        let of_array = self.renamed.iter().filter(|(_, arrays)| !is_held && atoms.iter().any(|atom| arrays.contains(atom)));
        sites.extend(of_array.map(|(site, _)| *site));
        self.give_up_runs(state, &sites);
    }

    /// The same of an array that unknown code gets.
    pub(super) fn note_renamed_reached(&mut self, state: &mut State, reach: &Reach) {
        let is_reached = |(_, arrays): &(&SiteId, &BTreeSet<AtomId>)| arrays.iter().any(|&array| reach.has_atom(self, array));
        let sites: BTreeSet<SiteId> = self.renamed.iter().filter(is_reached).map(|(site, _)| *site).collect();
        self.give_up_runs(state, &sites);
    }

    fn give_up_runs(&mut self, state: &mut State, sites: &BTreeSet<SiteId>) {
        for &site in sites {
            self.unresolved(Some(site), BY_ARRAY);
            let is_run =
                |segment: &&mut Segment| segment.site == Some(site) && segment.is_open() && segment.what.numbers().is_some();
            state.segments.iter_mut().filter(is_run).for_each(|run| run.status = Status::Escaped(BY_ARRAY.to_owned()));
        }
    }

    /// A callee gave a number to code that nobody knows, as one does with addresses: it may keep the run that begins there.
    ///
    /// ```c
    ///         return iotlb_add_range(iotlb, iova, pa);        // in a file that was not read
    /// ```
    pub(super) fn note_told_number(&self, state: &mut State, told: &Root) {
        let Root::At(value) = told else { return };
        let is_told = |segment: &Segment| {
            segment.is_open() && segment.what.numbers().is_some() && self.tells_number(&Lin::atom(*value), &segment.what)
        };
        if state.segments.iter().any(is_told) {
            state.published.insert(*value);
        }
    }

    /// A run whose pages others find by their array is not followed by its numbers.
    pub(super) fn gives_up_for_array(&mut self, state: &mut State, reach: &Reach, index: usize) -> bool {
        let segment = &state.segments[index];
        let site = segment.site.filter(|_| self.is_in_reached_array(state, reach, segment));
        self.give_up_runs(state, &site.into_iter().collect());
        site.is_some()
    }

    /// Does an array that others can reach have the pages of a run as well, or a copy of it, or one of its elements somewhere else?
    fn is_in_reached_array(&self, state: &State, reach: &Reach, segment: &Segment) -> bool {
        let arrays = segment.site.filter(|_| segment.what.numbers().is_some()).and_then(|site| self.renamed.get(&site));
        let is_copied = |array: AtomId| state.aliases.iter().any(|alias| alias.of == array && reach.has_atom(self, alias.base));
        let is_stored = |array: AtomId| {
            let of_array = |inner: AtomId| match self.terms.get(inner) {
                Atom::Load(place, _) => self.is_element_of(*place, array),
                _ => false,
            };
            let known = state.memory().iter().filter(|(place, _)| reach.has_place(self, **place));
            let mut atoms = known.flat_map(|(_, value)| &value.terms);
            atoms.any(|&(atom, _)| self.terms.depends(atom, &of_array))
        };
        arrays
            .is_some_and(|arrays| arrays.iter().any(|&array| reach.has_atom(self, array) || is_copied(array) || is_stored(array)))
    }

    fn is_element_of(&self, place: LocId, array: AtomId) -> bool {
        let root = &self.terms.place(place).root;
        match self.terms.get(array) {
            Atom::Addr(of) => self.terms.place(*of).root == *root,
            _ => *root == Root::At(array),
        }
    }

    /// At a turn's end, runs of these pages that `first` and `last` do not say any more, and others have. (Where nobody has, the array
    /// still may.)
    pub(super) fn part_with_runs(&mut self, state: &mut State, array: AtomId, first: &Lin, last: &Lin) {
        let is = |exec: &Self, state: &State, a: &Lin, b: &Lin| state.facts.proves_zero(&exec.terms, &a.minus(b));
        let mut index = 0;
        while index < state.segments.len() {
            let segment = &state.segments[index];
            let is_run = segment.status == Status::Held && segment.site.is_some();
            let others = segment.what.numbers().filter(|(base, ..)| is_run && *base == array);
            let is_gone = others.is_some_and(|(_, lo, hi)| !(is(self, state, lo, first) && is(self, state, hi, &last.offset(1))));
            if !is_gone {
                index += 1;
                continue;
            }
            let segment = segment.clone();
            if self.is_left_in_published(state, &segment) {
                state.segments.remove(index);
                continue;
            }
            let reach = Reach::public(self, state, Vec::new());
            if !self.gives_up_for_array(state, &reach, index) && reach.holds(self, state, index) {
                self.unresolved(segment.site, NAMELESS);
                state.segments[index].status = Status::Escaped(NAMELESS.to_owned());
            }
            index += 1;
        }
    }
}

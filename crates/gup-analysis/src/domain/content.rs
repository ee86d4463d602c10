//! What was done on one path to the content of pages, beside their references.
//!
//! It takes no part in telling paths apart. Of two paths that are one otherwise, what is left is what no rule can be wrong
//! about: evidence that both have, dirtying that either has, doubts that either has, the locks that both hold.

use std::collections::BTreeMap;
use std::rc::Rc;

use gup_ir::Pos;

use super::refs::{self, What};
use super::state::Trail;
use super::term::{Lin, Replaced, Terms};
use crate::exec::event::Evidence;
use crate::summary::{ReleaseId, SiteId, Touch};

/// Cheap to clone: most paths touch nothing.
#[derive(Clone, Debug, Default)]
pub(crate) struct Content {
    /// Of the references that an acquisition gave, all together.
    of_site: BTreeMap<SiteId, Vec<Mark>>,
    /// Of pages that this function did not obtain.
    pub(crate) of_callers: Vec<(Mark, What)>,
    /// Releases of pages that were written to and not marked dirty.
    pub(crate) undirtied: Vec<Undirtied>,
    /// Pages released since the last loop began: there, another iteration's page may have the same name.
    pub(crate) released: Vec<What>,
    /// Pages passed by value to functions that are not known: taken to be looked at only, but that is a doubt.
    lent: Vec<Lin>,
    /// Reasons why sleeping is forbidden, less those of the callers that were ended here.
    pub(crate) atomic: i32,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Mark {
    pub(crate) touch: Touch,
    /// Only where this holds.
    pub(crate) given: Option<Given>,
}

/// The value is zero, or (`is_zero` false) is not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Given {
    pub(crate) value: Lin,
    pub(crate) is_zero: bool,
}

/// A release of pages that were written to.
#[derive(Clone, Debug)]
pub(crate) struct Undirtied {
    pub(crate) site: SiteId,
    pub(crate) release: Option<ReleaseId>,
    pub(crate) pos: Pos,
    pub(crate) evidence: Evidence,
    pub(crate) trail: Option<Rc<Trail>>,
}

impl Undirtied {
    fn is_same(&self, other: &Undirtied) -> bool {
        self.site == other.site && self.release == other.release && self.pos == other.pos
    }
}

impl Content {
    pub(crate) fn marks(&self, site: SiteId) -> &[Mark] {
        self.of_site.get(&site).map_or(&[], Vec::as_slice)
    }

    pub(crate) fn mark(&mut self, site: SiteId, mark: &Mark) {
        let marks = self.of_site.entry(site).or_default();
        if !marks.contains(mark) {
            marks.push(mark.clone());
        }
    }

    pub(crate) fn lend(&mut self, page: Lin) {
        if !self.lent.contains(&page) {
            self.lent.push(page);
        }
    }

    pub(crate) fn is_lent(&self, page: &Lin) -> bool {
        self.lent.contains(page)
    }

    /// The acquisition runs again, and nothing of its last run is held any more.
    pub(crate) fn renew(&mut self, site: SiteId) {
        self.of_site.remove(&site);
    }

    /// Nothing that speaks of pages: the rule.
    pub(crate) fn is_empty(&self) -> bool {
        self.of_site.is_empty()
            && self.of_callers.is_empty()
            && self.undirtied.is_empty()
            && self.released.is_empty()
            && self.lent.is_empty()
    }

    /// Joined, neither path would lose anything that says that pages were written to.
    pub(crate) fn has_evidence_of(&self, other: &Content) -> bool {
        let is_lost = |one: &Content, other: &Content| {
            let mut marks = one.of_site.iter().flat_map(|(site, marks)| marks.iter().map(move |mark| (*site, mark)));
            marks.any(|(site, mark)| mark.touch.is_evidence() && !other.marks(site).contains(mark))
        };
        !is_lost(self, other) && !is_lost(other, self)
    }

    /// Both paths are one from here on.
    pub(crate) fn blend(&mut self, other: &Content) {
        self.atomic = self.atomic.min(other.atomic);
        if self.is_empty() && other.is_empty() {
            return;
        }
        let sites: Vec<SiteId> = self.of_site.keys().chain(other.of_site.keys()).copied().collect();
        for site in sites {
            let joined = blended(self.marks(site), other.marks(site), |mark| mark.touch);
            self.of_site.insert(site, joined);
        }
        self.of_callers = blended(&self.of_callers, &other.of_callers, |(mark, _)| mark.touch);
        self.released.retain(|own| other.released.contains(own));
        other.lent.iter().for_each(|page| self.lend(page.clone()));
        self.undirtied.retain(|own| other.undirtied.iter().any(|known| known.is_same(own)));
    }

    pub(crate) fn substitute(&mut self, terms: &mut Terms, map: &Replaced) {
        let marks = self.of_site.values_mut().flatten();
        for (mark, what) in &mut self.of_callers {
            refs::substitute(terms, what, map);
            if let Some(given) = &mut mark.given {
                given.value = terms.substitute(&given.value, map);
            }
        }
        for page in &mut self.lent {
            *page = terms.substitute(page, map);
        }
        for what in &mut self.released {
            refs::substitute(terms, what, map);
        }
        for given in marks.filter_map(|mark| mark.given.as_mut()) {
            given.value = terms.substitute(&given.value, map);
        }
    }
}

/// What is in both, and every dirtying.
fn blended<T: Clone + PartialEq>(one: &[T], other: &[T], touch: impl Fn(&T) -> Touch) -> Vec<T> {
    let is_dirtying = |entry: &&T| touch(entry).is_dirtying();
    let mut joined: Vec<T> = one.iter().filter(|entry| is_dirtying(entry) || other.contains(entry)).cloned().collect();
    for entry in other.iter().filter(is_dirtying) {
        if !joined.contains(entry) {
            joined.push(entry.clone());
        }
    }
    joined
}

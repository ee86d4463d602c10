//! Slots: for each deposit a withdrawal of the right class settles it. Who left what where, and who takes it out of there, was
//! noticed by different functions, which need not call each other.

use std::collections::{BTreeMap, BTreeSet};

use super::Case;
use super::undrained::Readers;
use crate::exec::event::{CountWays, Event, EventKind, Fate, Withdrawal};
use crate::finding::{Origin, ReleaseAt, Slot, Verdict};
use crate::program::FnId;
use crate::summary::{RefKind, ReleaseClass, ReleaseId, SiteId};

/// A slot's deposits and what settles them.
pub(super) struct Settlement {
    /// Why a site's deposit of this kind is not settled; absent = it is.
    pub(super) open: BTreeMap<(SiteId, String, RefKind), String>,
    pub(super) events: Vec<Event>,
    pub(super) slots: Vec<Slot>,
    /// Fields of which it must be known who names them.
    pub(super) unread: BTreeSet<String>,
}

/// A release that does not fit what is left in a slot, among others that do.
enum Stray<'w> {
    None,
    Release(&'w Withdrawal),
    /// Whether there is one hangs on who names the field.
    Unread,
}

impl Case<'_> {
    /// For each deposit a withdrawal of the right class settles it; only wrong ones are a finding; none leaves it open.
    pub(super) fn settle(&self) -> Settlement {
        let mut settlement = Settlement { open: BTreeMap::new(), events: Vec::new(), slots: Vec::new(), unread: BTreeSet::new() };
        let mut deposits: BTreeMap<&String, BTreeSet<(RefKind, SiteId)>> = BTreeMap::new();
        for (&site, fate) in &self.inference.fates.by_site {
            for (slot, kind) in &fate.deposits {
                deposits.entry(slot).or_default().insert((*kind, site));
            }
        }
        for (slot, origins) in deposits {
            let taken = self.inference.fates.withdrawals.get(slot).cloned().unwrap_or_default();
            let mut reasons = BTreeSet::new();
            for &(kind, site) in &origins {
                let Some(reason) = self.why_open(slot, kind, site, &mut settlement) else { continue };
                settlement.open.insert((site, slot.clone(), kind), reason.clone());
                reasons.insert(reason);
            }
            let mut deposited: Vec<Origin> = origins.iter().map(|(kind, site)| self.origin(*site, *kind)).collect();
            deposited.sort_by(|a, b| (&a.at, &a.api).cmp(&(&b.at, &b.api)));
            let withdrawals: BTreeSet<ReleaseAt> =
                taken.iter().map(|withdrawal| self.release(withdrawal.at, withdrawal.by, slot)).collect();
            settlement.slots.push(Slot {
                slot: slot.clone(),
                deposits: deposited,
                withdrawals: withdrawals.into_iter().collect(),
                verdict: if reasons.is_empty() { Verdict::Balanced } else { Verdict::Unresolved },
                reason: reasons.into_iter().next().unwrap_or_default(),
            });
        }
        settlement
    }

    /// Why a site's references in a slot are not settled; nothing where they are. What is wrong with them goes to `settlement`.
    fn why_open(&self, slot: &str, kind: RefKind, site: SiteId, settlement: &mut Settlement) -> Option<String> {
        let taken: Vec<&Withdrawal> = self.within_reach(self.taken(slot, site), site).collect();
        let fitting: Vec<&Withdrawal> = taken.iter().copied().filter(|w| self.accepts(kind, w.class)).collect();
        if !fitting.is_empty() {
            if let Some((first, second)) = self.taken_twice(slot, site, &fitting) {
                settlement.events.extend(self.second_withdrawal(site, first, second));
                return Some(format!("left in {slot}, where one path drops it twice"));
            }
            let fate = self.inference.fates.by_site.get(&site)?;
            let length_in = |ways| length_among(ways, slot, kind, &fitting).map(str::to_owned);
            let in_slot = slot.to_owned();
            let (event, length, says) = match (length_in(&fate.short), length_in(&fate.long)) {
                (Some(length), _) => (EventKind::Uncounted { slot: in_slot, length: length.clone() }, length, "there are none"),
                (None, Some(length)) => {
                    (EventKind::Overcounted { slot: in_slot, length: length.clone() }, length, "there are more")
                }
                (None, None) => return self.why_strayed(slot, kind, site, &taken, settlement),
            };
            settlement.events.extend(self.concluded(site, event));
            return Some(format!("left in {slot} on a path where {length} says that {says}"));
        }
        let of_others = |class| self.beside(slot, site).any(|kind| self.accepts(kind, class));
        let wrong = taken.into_iter().find(|withdrawal| withdrawal.is_content && !of_others(withdrawal.class));
        // Who names `sgl` in some other file may have his own tables.
        let is_known = |_: &&Withdrawal| !matches!(self.readers_of(slot), Some(Readers::Unknown | Readers::Anyone));
        if let Some(wrong) = wrong.filter(is_known) {
            settlement.events.push(self.wrong_withdrawal(kind, wrong, site));
            return Some(format!("left in {slot}, which is drained by another kind of release"));
        }
        match self.undrained(site, slot) {
            Ok(event) => settlement.events.extend(event),
            Err(unread) => settlement.unread.extend(unread),
        }
        Some(format!("left in {slot}; no release out of it was found"))
    }

    fn why_strayed(
        &self,
        slot: &str,
        kind: RefKind,
        site: SiteId,
        taken: &[&Withdrawal],
        settlement: &mut Settlement,
    ) -> Option<String> {
        match self.stray(slot, kind, site, taken) {
            Stray::None => None,
            Stray::Release(wrong) => {
                settlement.events.push(self.wrong_withdrawal(kind, wrong, site));
                Some(format!("left in {slot}, which one of its users drains by another kind of release"))
            }
            Stray::Unread => {
                settlement.unread.insert(slot.to_owned());
                Some(format!("left in {slot}, which another kind of release drains as well"))
            }
        }
    }

    /// Of the releases out of the slot, others of which fit, one that fits nothing that anybody leaves there.
    ///
    /// ```c
    ///         put_page(xfer->page_list[i]);           // after an error
    ///         unpin_user_page(xfer->page_list[i]);    // at the end: but all of them come from get_user_pages()
    /// ```
    /// A function that has both goes by something that tells them apart. Another file than the site's may drop what it put there
    /// itself, in a way that was not followed: `args->pages = &init->page`. And only a class that undoes nothing but GUP is asked about:
    /// pages of the allocator's and of the page cache come to fields in many such ways.
    fn stray<'w>(&self, slot: &str, kind: RefKind, site: SiteId, taken: &[&'w Withdrawal]) -> Stray<'w> {
        if self.inference.fates.by_site.get(&site).is_none_or(|fate| !fate.unresolved.is_empty()) {
            return Stray::None;
        }
        let fits_some = |class| self.left_by_anyone(slot, site).any(|kind| self.accepts(kind, class));
        let chooses = |by: FnId| taken.iter().any(|other| other.by == by && self.accepts(kind, other.class));
        let is_of_gup = |class| ![RefKind::Alloc, RefKind::Cache, RefKind::Ref].into_iter().any(|kind| self.accepts(kind, class));
        let unit = self.program.unit_of(self.sites.site(site).0);
        // `taken` has what comes out of other homes of the same pages, too.
        let own = self.inference.fates.withdrawals.get(slot);
        let is_here = |w: &Withdrawal| own.is_some_and(|own| own.contains(w)) && w.is_content && !w.is_inside;
        let is_wrong = |w: &&Withdrawal| {
            is_here(w) && is_of_gup(w.class) && self.program.unit_of(w.by) == unit && !fits_some(w.class) && !chooses(w.by)
        };
        let Some(wrong) = taken.iter().copied().find(is_wrong) else { return Stray::None };
        let may_be_of = |unit: u32| {
            let of_unit =
                self.inference.fates.by_site.iter().filter(|(other, _)| self.program.unit_of(self.sites.site(**other).0) == unit);
            let mut open = of_unit.filter(|(_, fate)| !fate.unresolved.is_empty()).flat_map(|(_, fate)| &fate.kinds);
            open.any(|kind| self.accepts(*kind, wrong.class))
        };
        match self.readers_of(slot) {
            Some(Readers::Unit(unit)) if !may_be_of(unit) => Stray::Release(wrong),
            Some(Readers::Files(files)) if !self.program.units_in(files).any(may_be_of) => Stray::Release(wrong),
            Some(Readers::Unknown) => Stray::Unread,
            Some(Readers::Unit(_) | Readers::Files(_) | Readers::Anyone) | None => Stray::None,
        }
    }

    /// Kinds of references that anybody is known to leave in the slot.
    fn left_by_anyone<'s>(&'s self, slot: &'s str, site: SiteId) -> impl Iterator<Item = RefKind> + 's {
        let fates = &self.inference.fates;
        let deposits =
            fates.by_site.values().flat_map(|fate| &fate.deposits).filter(move |(of, _)| of == slot).map(|(_, kind)| *kind);
        let is_there_too = move |fate: &&Fate| fate.also_in.iter().any(|(_, other)| other == slot);
        let deposits = deposits.chain(fates.by_site.values().filter(is_there_too).flat_map(|fate| fate.kinds.iter().copied()));
        deposits.chain(self.left_by_others(slot, site))
    }

    /// Kinds of references that come to the slot from no site, or with the site's.
    fn left_by_others<'s>(&'s self, slot: &'s str, site: SiteId) -> impl Iterator<Item = RefKind> + 's {
        let others = self.inference.fates.reached.others_left.get(slot).into_iter().flatten().map(|(kind, ..)| *kind);
        others.chain(self.beside(slot, site))
    }

    /// One path drops what the site left there twice, and there was one reference each: nobody left others there that the second
    /// release may be of. The first and the second of them.
    fn taken_twice<'w>(&self, slot: &str, site: SiteId, fitting: &[&'w Withdrawal]) -> Option<(ReleaseId, &'w Withdrawal)> {
        let mut content = fitting.iter().filter(|withdrawal| withdrawal.is_content);
        let (first, second) = content.find_map(|second| Some((second.after?, *second)))?;
        let is_of_others = self.left_by_others(slot, site).any(|kind| self.accepts(kind, second.class));
        (!is_of_others).then_some((first, second))
    }

    fn second_withdrawal(&self, site: SiteId, first: ReleaseId, second: &Withdrawal) -> Option<Event> {
        let (released_in, api, pos) = self.sites.release(first);
        let before = (*pos, format!("{api}() drops what {} found there", self.program.name(second.by)));
        let trail = if *released_in == second.by { vec![before] } else { Vec::new() };
        let event = self.concluded(site, EventKind::Twice)?;
        Some(Event { release: Some(second.at), function: second.by, pos: second.pos, trail, ..event })
    }

    /// Certain, if nothing else is open about the site.
    pub(super) fn concluded(&self, site: SiteId, kind: EventKind) -> Option<Event> {
        let fate = self.inference.fates.by_site.get(&site)?;
        let (function, _, pos) = self.sites.site(site);
        let is_settled = fate.unresolved.is_empty() && fate.returned_by.is_empty();
        is_settled.then(|| Event::concluded(kind, Some(site), *function, *pos))
    }

    /// Kinds of references to the same pages that were left in the slot with the site's: a release may be of these.
    ///
    /// ```c
    ///         n = iov_iter_extract_pages(iter, &page, ...);
    ///         get_page(page);                         // put_page(list->page) is of this one
    ///         list->page = page;
    /// ```
    pub(super) fn beside<'s>(&'s self, slot: &'s str, site: SiteId) -> impl Iterator<Item = RefKind> + 's {
        let fate = self.inference.fates.by_site.get(&site).into_iter();
        fate.flat_map(|fate| &fate.beside).filter(move |(of, _)| of == slot).map(|(_, kind)| *kind)
    }

    /// Releases of what a site left in a slot, there or in another home of the same references. A `struct sg_table` in one structure
    /// is not the one in another.
    pub(super) fn taken<'s>(&'s self, slot: &'s str, site: SiteId) -> impl Iterator<Item = &'s Withdrawal> {
        let fates = &self.inference.fates;
        let fate = fates.by_site.get(&site);
        let also = fate.into_iter().flat_map(|fate| &fate.also_in);
        let others = also.filter(move |(of, _)| of == slot).map(|(_, other)| other.as_str());
        let others = others.filter_map(|slot| fates.withdrawals.get(slot)).flatten();
        let left = fate.and_then(|fate| fate.within.get(slot));
        let is_inside = fate.is_none_or(|fate| fate.inside.contains(slot));
        let is_there = move |withdrawal: &&Withdrawal| {
            let may_be = |within: &Option<String>| within.is_none() || *within == withdrawal.within;
            let is_embedded_there = withdrawal.within.is_none() || left.is_none_or(|left| left.iter().any(may_be));
            is_embedded_there && (is_inside || !withdrawal.is_inside)
        };
        fates.withdrawals.get(slot).into_iter().flatten().filter(is_there).chain(others)
    }

    pub(super) fn accepts(&self, kind: RefKind, class: ReleaseClass) -> bool {
        self.contracts.policy().accepts.get(&kind).is_some_and(|accepted| accepted.contains(&class))
    }

    /// Those of the releases that what the site left can come to. What a function of a contract takes back of its own is no business of
    /// its callers.
    pub(super) fn within_reach<'w>(
        &self,
        taken: impl Iterator<Item = &'w Withdrawal>,
        site: SiteId,
    ) -> impl Iterator<Item = &'w Withdrawal> {
        let acquired_in = self.sites.site(site).0;
        let passed_over = self.program.passed_over(acquired_in);
        let unit = self.program.unit_of(acquired_in);
        taken.filter(move |withdrawal| {
            let released_in = self.sites.release(withdrawal.at).0;
            let is_implementation = self.implementing.contains(&withdrawal.by) && self.program.unit_of(withdrawal.by) != unit;
            !is_implementation && !passed_over.contains(&withdrawal.by) && !passed_over.contains(&released_in)
        })
    }

    fn wrong_withdrawal(&self, kind: RefKind, wrong: &Withdrawal, site: SiteId) -> Event {
        let &Withdrawal { class, at: release, by: function, .. } = wrong;
        let (released_in, api, pos) = self.sites.release(release);
        Event {
            release: Some(release),
            trail: vec![(*pos, format!("{api}() releases what {} found there", self.program.name(function)))],
            ..Event::concluded(EventKind::WrongClass { kind, class }, Some(site), *released_in, *pos)
        }
    }
}

/// The count that all these releases out of the slot go by, where it is among those of one of the ways.
fn length_among<'w>(ways: &CountWays, slot: &str, kind: RefKind, fitting: &[&'w Withdrawal]) -> Option<&'w str> {
    let lengths: Option<Vec<&'w String>> = fitting.iter().map(|withdrawal| withdrawal.length.as_ref()).collect();
    let lengths = lengths?;
    let mut ways = ways.iter().filter(|(of, left, _)| of == slot && *left == kind);
    let is_among = ways.any(|(.., counts)| lengths.iter().all(|length| counts.contains(*length)));
    lengths.first().filter(|_| is_among).map(|length| length.as_str())
}

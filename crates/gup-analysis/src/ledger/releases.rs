//! Where the references of a site are dropped, as the ledger lists it: the releases, and the calls that lead to them.

use std::collections::{BTreeMap, BTreeSet};

use gup_ir::Pos;

use super::Case;
use crate::exec::event::Withdrawal;
use crate::finding::ReleaseAt;
use crate::program::FnId;
use crate::summary::{ReleaseId, SiteId};

/// By site.
pub(super) type Releases = BTreeMap<SiteId, BTreeSet<ReleaseAt>>;

/// By function: who calls it, and where.
type Callers = BTreeMap<FnId, BTreeSet<(FnId, Pos)>>;

impl Case<'_> {
    pub(super) fn releases(&self) -> Releases {
        let callers = self.callers_of_takers();
        let (own, mut all): (Releases, Releases) = self
            .sites
            .ids()
            .map(|site| {
                let taken: Vec<_> = self.taken_by_fitting(site).collect();
                ((site, self.drops_of(site, &taken)), (site, self.calls_to_drops_of(site, &taken, &callers)))
            })
            .unzip();
        for (&site, drops) in &own {
            let listed = all.entry(site).or_default();
            listed.extend(drops.iter().cloned());
            listed.extend(self.drops_by_takers(site, &own));
        }
        all
    }

    pub(super) fn release(&self, release: ReleaseId, by: FnId, via: &str) -> ReleaseAt {
        let (function, api, pos) = self.sites.release(release);
        let through = if by == *function { String::new() } else { self.program.name(by).to_owned() };
        ReleaseAt {
            api: api.clone(),
            at: self.program.location(*function, *pos),
            function: self.program.name(*function).to_owned(),
            via: if via.is_empty() { through } else { via.to_owned() },
        }
    }

    /// The releases themselves.
    fn drops_of(&self, site: SiteId, taken: &[(&str, &Withdrawal)]) -> BTreeSet<ReleaseAt> {
        let Some(fate) = self.inference.fates.by_site.get(&site) else { return BTreeSet::new() };
        let held = fate.releases.iter().map(|(release, by, _)| self.release(*release, *by, ""));
        let left = taken.iter().map(|(slot, taken)| self.release(taken.at, taken.by, slot));
        held.chain(left).collect()
    }

    /// The calls by which a function that holds them, or takes them out of a slot, comes to their releases; of what is taken out of a
    /// slot, the calls of that function too.
    fn calls_to_drops_of(&self, site: SiteId, taken: &[(&str, &Withdrawal)], callers: &Callers) -> BTreeSet<ReleaseAt> {
        let Some(fate) = self.inference.fates.by_site.get(&site) else { return BTreeSet::new() };
        let held = fate.releases.iter().filter_map(|&(release, by, pos)| self.leads_to(release, by, pos?));
        let left = taken.iter().flat_map(|(_, taken)| {
            let calls = callers.get(&taken.by).into_iter().flatten().copied();
            calls.chain([(taken.by, taken.pos)]).filter_map(move |(by, pos)| self.leads_to(taken.at, by, pos))
        });
        held.chain(left).collect()
    }

    /// What fits the site's references and takes them out of a slot, with the slot.
    fn taken_by_fitting(&self, site: SiteId) -> impl Iterator<Item = (&str, &Withdrawal)> {
        let deposits = self.inference.fates.by_site.get(&site).into_iter().flat_map(|fate| &fate.deposits);
        deposits.flat_map(move |(slot, kind)| {
            let taken = self.within_reach(self.taken(slot, site), site);
            taken.filter(|taken| self.accepts(*kind, taken.class)).map(|taken| (slot.as_str(), taken))
        })
    }

    /// The call through which a function comes to a release that stands in another one.
    fn leads_to(&self, release: ReleaseId, by: FnId, pos: Pos) -> Option<ReleaseAt> {
        let (released_in, api, _) = self.sites.release(release);
        if by == *released_in {
            return None;
        }
        let callee = self.program.called_at(by, pos)?;
        let function = self.program.name(by).to_owned();
        Some(ReleaseAt { api: callee.to_owned(), at: self.program.location(by, pos), function, via: api.clone() })
    }

    /// Who calls the functions that take out of slots. Which object that is for, and when, is decided there.
    fn callers_of_takers(&self) -> Callers {
        let takers: BTreeSet<FnId> =
            self.inference.fates.withdrawals.values().flatten().map(|withdrawal| withdrawal.by).collect();
        let mut callers = Callers::new();
        for caller in self.program.ids() {
            for (callee, pos) in self.program.calls_by_name(caller).filter(|(callee, _)| takers.contains(callee)) {
                callers.entry(callee).or_default().insert((caller, pos));
            }
        }
        callers
    }

    /// A function that others know by its contract hands what it acquired to sites of its own: these have it dropped.
    fn drops_by_takers(&self, site: SiteId, own: &Releases) -> BTreeSet<ReleaseAt> {
        let fate = self.inference.fates.by_site.get(&site);
        let passing = fate.into_iter().flat_map(|fate| fate.passed_up.iter().chain(&fate.returned_by));
        let passing = passing.filter(|id| self.program.has_contract(**id, self.contracts));
        let contracts: BTreeSet<&str> = passing.map(|id| self.program.name(*id)).collect();
        let takers = self.sites.ids().filter(|taker| contracts.contains(self.sites.site(*taker).1.as_str()));
        let by_taker = takers.flat_map(|taker| own[&taker].iter().map(move |release| (taker, release)));
        let via = |taker, release: &ReleaseAt| match release.via.as_str() {
            "" => self.sites.site(taker).1.clone(),
            via => via.to_owned(),
        };
        by_taker.map(|(taker, release)| ReleaseAt { via: via(taker, release), ..release.clone() }).collect()
    }
}

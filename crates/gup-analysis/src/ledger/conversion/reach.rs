//! What reaches each release: gathered from what execution noticed and what lies in slots.

use std::collections::{BTreeMap, BTreeSet};

use gup_ir::{Linkage, Pos};

use crate::contract::Usage;
use crate::exec::event::{Fate, Withdrawal};
use crate::exec::reached::{Arrival, Source};
use crate::finding::Reached;
use crate::ledger::Case;
use crate::ledger::handlers::kind_in_words;
use crate::program::FnId;
use crate::summary::{RefKind, ReleaseClass, ReleaseId, SiteId};

/// What reaches one release.
#[derive(Default)]
pub(super) struct Reach {
    pub(super) gup: BTreeSet<(SiteId, RefKind)>,
    pub(super) others: BTreeSet<(RefKind, String)>,
    /// Each of the two was held by a path that came here; otherwise it only lies where this release takes from.
    is_seen: (bool, bool),
    uncertain: BTreeSet<String>,
    /// How those of `gup` come.
    pub(super) used: Vec<Usage>,
}

impl Reach {
    pub(super) fn verdict(&self) -> Reached {
        match (self.gup.is_empty(), self.others.is_empty()) {
            (true, _) => Reached::Never,
            (false, true) => Reached::Gup,
            (false, false) => Reached::Mixed,
        }
    }

    /// Why the verdict may be another one. That both kinds come needs no proof that nothing else does.
    pub(super) fn doubts(&self) -> BTreeSet<String> {
        if self.verdict() == Reached::Mixed && self.is_seen == (true, true) { BTreeSet::new() } else { self.uncertain.clone() }
    }
}

/// What lies in a slot, as far as it was read.
struct Left {
    gup: Vec<(SiteId, Vec<RefKind>)>,
    others: Vec<(RefKind, String)>,
    /// Why more may lie there, and not all of it be taken.
    doubt: String,
}

pub(super) fn is_gup(kind: RefKind) -> bool {
    matches!(kind, RefKind::Pin | RefKind::Get)
}

impl Case<'_> {
    pub(super) fn reaches(&self) -> BTreeMap<ReleaseId, Reach> {
        let mut reaches: BTreeMap<ReleaseId, Reach> = self.sites.releases().map(|(id, _)| (id, Reach::default())).collect();
        for (id, arrivals) in &self.inference.fates.reached.releases {
            let reach = reaches.entry(*id).or_default();
            arrivals.iter().for_each(|arrival| self.add_arrival(reach, arrival));
        }
        for (slot, taken) in &self.inference.fates.withdrawals {
            // Freeing the page behind `batch->pages` drops nothing of what is listed there.
            let drops = |withdrawal: &&Withdrawal| withdrawal.is_content || withdrawal.class != ReleaseClass::Free;
            let mut here = None;
            for withdrawal in taken.iter().filter(drops) {
                let here = here.get_or_insert_with(|| self.left_in(slot));
                self.add_slot(reaches.entry(withdrawal.at).or_default(), here, withdrawal);
            }
        }
        for (&id, reach) in &mut reaches {
            self.add_gaps(id, reach);
        }
        reaches
    }

    fn add_arrival(&self, reach: &mut Reach, arrival: &Arrival) {
        match &arrival.source {
            Source::Held { kind, site: Some(site), in_array, dirty } if is_gup(*kind) => {
                reach.gup.insert((*site, *kind));
                reach.is_seen.0 = true;
                reach.used.push(Usage { many: *in_array, dirty: *dirty, perhaps: false });
            }
            // Whatever drops these is right.
            Source::Held { kind: RefKind::Immortal, .. } => {}
            Source::Held { kind, site: None, .. } if is_gup(*kind) => {
                reach.uncertain.insert(format!("{}, from what is no acquisition site", kind_in_words(*kind)));
            }
            Source::Held { kind, site, .. } => {
                let text = match site {
                    Some(site) => self.taken_otherwise(*site, *kind),
                    None => format!("{}, dropped {}", kind_in_words(*kind), self.place(arrival.by, arrival.pos)),
                };
                reach.others.insert((*kind, text));
                reach.is_seen.1 = true;
            }
            Source::Caller => reach.uncertain.extend(self.unseen_callers(arrival.by)),
            Source::Unknown(why) => {
                let by = self.program.name(arrival.by);
                reach.uncertain.insert(format!("in {by}: {why}"));
            }
        }
    }

    fn place(&self, function: FnId, pos: Pos) -> String {
        let at = self.program.location(function, pos);
        format!("in {} at {}:{}", self.program.name(function), at.file, at.line)
    }

    /// An acquisition of the family that gives another kind: of an iterator's pages, say.
    fn taken_otherwise(&self, site: SiteId, kind: RefKind) -> String {
        let (function, api, pos) = self.sites.site(site);
        let what = kind_in_words(kind);
        format!("{what}, which {api}() takes where these are no user pages, {}", self.place(*function, *pos))
    }

    /// Why callers may pass what is not known; `None`: all of them were read.
    fn unseen_callers(&self, id: FnId) -> Option<String> {
        let function = self.program.function(id);
        let name = &function.name;
        if self.program.is_address_taken(id) {
            return Some(format!("{name}() is called through a pointer"));
        }
        match function.linkage {
            Linkage::Static if self.inference.roots.contains(&id) => Some(format!("nobody who calls {name}() was found")),
            Linkage::Static => None,
            _ => Some(format!("{name}() may be called from files that were not read")),
        }
    }

    fn left_in(&self, slot: &String) -> Left {
        let of_site = |(&site, fate): (&SiteId, &Fate)| {
            let kinds = fate.deposits.iter().filter(|(of, kind)| of == slot && is_gup(*kind)).map(|(_, kind)| *kind);
            let kinds: Vec<RefKind> = kinds.collect();
            (!kinds.is_empty()).then_some((site, kinds))
        };
        let gup = self.inference.fates.by_site.iter().filter_map(of_site).collect();
        let mut left: BTreeMap<RefKind, BTreeSet<String>> = BTreeMap::new();
        for &(kind, by, pos) in self.inference.fates.reached.others_left.get(slot).into_iter().flatten() {
            left.entry(kind).or_default().insert(self.place(by, pos));
        }
        let told = |(kind, places): (RefKind, BTreeSet<String>)| {
            let more = match places.len() {
                1 => String::new(),
                count => format!(", and {} more", count - 1),
            };
            let first = places.first().map(String::as_str).unwrap_or_default();
            (kind, format!("{}, left in {slot} {first}{more}", kind_in_words(kind)))
        };
        let others = left.into_iter().filter(|(kind, _)| *kind != RefKind::Immortal).map(told).collect();
        let doubt = format!(
            "{slot} is filled elsewhere: not all that lies there need come here, and files that were not read may fill it"
        );
        Left { gup, others, doubt }
    }

    /// What was left where this release finds it.
    fn add_slot(&self, reach: &mut Reach, here: &Left, withdrawal: &Withdrawal) {
        for (site, kinds) in &here.gup {
            if self.within_reach(std::iter::once(withdrawal), *site).next().is_some() {
                reach.gup.extend(kinds.iter().map(|&kind| (*site, kind)));
                reach.used.push(Usage::default());
            }
        }
        reach.others.extend(here.others.iter().cloned());
        reach.uncertain.insert(here.doubt.clone());
    }

    /// Paths that were not looked at.
    fn add_gaps(&self, id: ReleaseId, reach: &mut Reach) {
        let arrivals = self.inference.fates.reached.releases.get(&id).into_iter().flatten();
        let mut involved: BTreeSet<FnId> = arrivals.map(|arrival| arrival.by).collect();
        involved.insert(self.sites.release(id).0);
        for function in involved {
            let summary = self.inference.summaries.get(function);
            let gap = summary.as_ref().and_then(|summary| summary.gaps.first());
            let name = self.program.name(function);
            reach.uncertain.extend(gap.map(|gap| format!("{name}() was not followed on every path: {gap}")));
        }
        if reach.gup.is_empty() && reach.others.is_empty() && reach.uncertain.is_empty() {
            reach.uncertain.insert("nothing that it drops was found".to_owned());
        }
    }
}

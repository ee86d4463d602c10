//! What slots say of the content of pages: written to by somebody and marked dirty by nobody; kept for long.

use std::collections::{BTreeMap, BTreeSet};

use gup_ir::Pos;

use super::Case;
use super::slots::Settlement;
use crate::exec::event::{Event, EventKind, Evidence, Fate, Withdrawal};
use crate::program::FnId;
use crate::summary::{Effect, RefKind, SiteId, Touch};

impl Case<'_> {
    /// For each site whose references are left in slots: what its pages and those of the slots go through.
    pub(super) fn content_events(&self, settlement: &Settlement) -> Vec<Event> {
        let mut events = Vec::new();
        for (&site, fate) in &self.inference.fates.by_site {
            let touched = self.touched(site, fate);
            let mut doubts: Vec<String> = fate.unresolved.keys().cloned().collect();
            let open = |(slot, kind): &(String, _)| settlement.open.get(&(site, slot.clone(), *kind)).cloned();
            doubts.extend(fate.deposits.iter().filter_map(open));
            events.extend(self.undirtied(site, fate, &touched, &doubts));
            events.extend(self.short_term(site, fate, &doubts));
        }
        events.extend(self.inference.fates.handlers.iter().filter_map(|(handler, by, pos)| self.sleeps(handler, *by, *pos)));
        events
    }

    /// A handler that runs where sleeping is forbidden, and on some path of its own may sleep.
    fn sleeps(&self, handler: &str, by: FnId, pos: Pos) -> Option<Event> {
        let summary = self.inference.summaries.get(self.program.callee(by, handler)?)?;
        let locks = |effect: &Effect| matches!(effect, Effect::Touch { touch: Touch::DirtyLock, given: None, .. });
        summary.outcomes.iter().flat_map(|outcome| &outcome.effects).any(locks).then(|| Event {
            doubts: summary.gaps.clone(),
            ..Event::concluded(EventKind::Sleeps { handler: handler.to_owned() }, None, by, pos)
        })
    }

    /// A kind of reference that does not fit is told once: where the pages are obtained rather than in callers, of a device
    /// rather than of the kernel.
    pub(super) fn told_once<'e>(
        &self,
        events: impl Iterator<Item = &'e Event> + Clone,
    ) -> impl Iterator<Item = &'e Event> + Clone {
        let mut first = BTreeMap::new();
        for event in events.clone() {
            let EventKind::NotPinned { by_device } = event.kind else { continue };
            let is_elsewhere = event.site.is_none_or(|site| self.sites.site(site).0 != event.function);
            let place = (!by_device, is_elsewhere, event.function, event.pos);
            let known = first.entry(event.site).or_insert(place);
            *known = place.min(*known);
        }
        events.filter(move |event| {
            let EventKind::NotPinned { by_device } = event.kind else { return true };
            let told = first.get(&event.site);
            told.is_some_and(|&(by_kernel, _, function, pos)| {
                (by_device, event.function, event.pos) == (!by_kernel, function, pos)
            })
        })
    }

    /// What happens to a site's pages, wherever it was told: on the way to a slot, or by whoever found them there. A slot such as
    /// `struct sg_table.sgl` is everybody's: what is done to its pages in another file is not known to be done to these. But
    /// they may be dirtied there. And where other references are left as well, it is theirs: one list for what a socket sends and for
    /// what it encrypts that to.
    fn touched(&self, site: SiteId, fate: &Fate) -> BTreeSet<Touch> {
        let file = |function| &self.program.unit(function).file;
        let mut own: BTreeSet<&String> = BTreeSet::from([file(self.sites.site(site).0)]);
        for (slot, _) in &fate.deposits {
            let taken = self.inference.fates.withdrawals.get(slot).into_iter().flatten();
            own.extend(taken.map(|withdrawal| file(self.sites.release(withdrawal.at).0)));
        }
        let fates = &self.inference.fates;
        let mut touched = fate.touched.clone();
        for (slot, _) in &fate.deposits {
            let is_shared = fates.reached.others_left.contains_key(slot);
            let counts = |touch: &Touch, by| touch.is_dirtying() || !is_shared && own.contains(file(by));
            let touches = fates.content.get(slot).into_iter().flatten();
            touched.extend(touches.filter(|(touch, by)| counts(touch, *by)).map(|(touch, _)| *touch));
        }
        touched
    }

    /// Written to, and taken out of the slots by releases none of which comes with a dirtying.
    fn undirtied(&self, site: SiteId, fate: &Fate, touched: &BTreeSet<Touch>, doubts: &[String]) -> Vec<Event> {
        let has = |touch| touched.contains(&touch);
        let evidence = match (has(Touch::Write) || has(Touch::DeviceWrite), has(Touch::DeviceBoth), has(Touch::WriteAsked)) {
            (true, ..) => Evidence::Seen,
            (_, true, true) => Evidence::Mapped,
            (_, _, true) => Evidence::Asked,
            _ => return Vec::new(),
        };
        if touched.iter().any(|touch| touch.is_dirtying()) {
            return Vec::new();
        }
        let mut events = Vec::new();
        for (slot, kind) in &fate.deposits {
            let taken = self.inference.fates.withdrawals.get(slot).into_iter().flatten();
            let fits = |withdrawal: &&Withdrawal| self.accepts(*kind, withdrawal.class);
            let Some(&Withdrawal { at: release, .. }) = taken.into_iter().find(fits) else { continue };
            let (function, api, pos) = self.sites.release(release);
            let assumed = (evidence != Evidence::Seen).then(|| "the pages are written to, not only obtained for it".to_owned());
            let mut doubts = doubts.to_vec();
            doubts.extend(evidence.doubt().map(str::to_owned));
            events.push(Event {
                release: Some(release),
                trail: vec![(*pos, format!("{api}() releases what was left in {slot}"))],
                assumptions: Vec::from_iter(assumed),
                doubts,
                ..Event::concluded(EventKind::Undirtied { evidence }, Some(site), *function, *pos)
            });
        }
        events
    }

    /// Pins that are left in a slot when the system call that took them is over.
    fn short_term(&self, site: SiteId, fate: &Fate, doubts: &[String]) -> Option<Event> {
        let (slot, _) = fate.deposits.iter().find(|(_, kind)| *kind == RefKind::Pin)?;
        if !fate.touched.contains(&Touch::ShortTerm) {
            return None;
        }
        let (function, _, pos) = self.sites.site(site);
        Some(Event {
            trail: vec![(*pos, format!("the pages are left in {slot}"))],
            assumptions: vec!["they stay there longer than an input or output takes".into()],
            doubts: doubts.to_vec(),
            ..Event::concluded(EventKind::ShortTerm, Some(site), *function, *pos)
        })
    }
}

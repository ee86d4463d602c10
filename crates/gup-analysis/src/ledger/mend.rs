//! What mends a finding, in words: which call is to drop the references, or to obtain them. The names are the policy's, or
//! those that the code itself uses elsewhere for the same references.

use std::collections::{BTreeMap, BTreeSet};

use super::Case;
use crate::contract::Calls;
use crate::exec::event::{Event, EventKind};
use crate::finding::Fix;
use crate::program::FnId;
use crate::summary::{RefKind, ReleaseClass, ReleaseId, SiteId};

/// Places of a release that are listed; of more it is said how many.
const LISTED: usize = 4;

impl Case<'_> {
    pub(super) fn mend(&self, event: &Event) -> Option<Fix> {
        let site = event.site;
        let message = match &event.kind {
            EventKind::Undrained { slot } => {
                format!("drop what lies in {slot} by {} before the structure goes", self.dropping(site?, event.function)?)
            }
            EventKind::Uncounted { length, .. } => {
                format!("drop them by {} on this path, too, or count them in {length}", self.dropping(site?, event.function)?)
            }
            EventKind::Overcounted { length, .. } => {
                format!("treat fewer pages than asked for as a failure, or put their number into {length}")
            }
            EventKind::Lost { freed, .. } => {
                let before = if *freed { "before what holds them is freed" } else { "on this path, too" };
                format!("drop them by {} {before}", self.dropping(site?, event.function)?)
            }
            EventKind::TooFew => format!("drop the others as well, by {}", self.dropping(site?, event.function)?),
            EventKind::WrongClass { kind, .. } => {
                let one = self.calls(self.accepted(*kind)?)?.one.as_ref()?;
                let wrong = &self.sites.release(event.release?).1;
                format!("drop each of these pages by {one}(), not by {wrong}()")
            }
            EventKind::GivenAs { promised, by, .. } => {
                let with = self.pinned_by(site?).filter(|_| *promised == RefKind::Pin);
                let with = with.map_or_else(|| format!("as {} references", promised.name()), |with| format!("by {with}()"));
                format!("obtain them {with}, as {by}() is known to do")
            }
            EventKind::Undirtied { .. } => self.dirtying(event.release?)?,
            EventKind::NotPinned { .. } => self.pinning(site?)?,
            _ => return None,
        };
        Some(Fix { message, edits: Vec::new() })
    }

    fn calls(&self, class: ReleaseClass) -> Option<&Calls> {
        self.contracts.policy().calls.get(&class)
    }

    fn accepted(&self, kind: RefKind) -> Option<ReleaseClass> {
        self.contracts.policy().accepts.get(&kind)?.first().copied()
    }

    /// The call that is right for the site's references: as they are dropped elsewhere, the nearest first, else as the policy has
    /// it.
    fn dropping(&self, site: SiteId, function: FnId) -> Option<String> {
        let kind = self.kind_of(site);
        let fits = |id: &ReleaseId| self.classes(*id).iter().any(|&class| self.accepts(kind, class));
        let file = &self.program.unit(function).file;
        let distance = |id: &ReleaseId| {
            let of = self.sites.release(*id).0;
            (of != function, self.program.unit(of).file != *file, *id)
        };
        if let Some(nearest) = self.releases_of(site).into_iter().filter(fits).min_by_key(distance) {
            let (of, api, pos) = self.sites.release(nearest);
            let at = self.program.location(*of, *pos);
            return Some(format!("{api}() (as at {}:{})", at.file, at.line));
        }
        let calls = self.calls(self.accepted(kind)?)?;
        Some(format!("{}() or its kin", calls.one.as_ref()?))
    }

    /// All releases of what the site took, also out of slots.
    fn releases_of(&self, site: SiteId) -> BTreeSet<ReleaseId> {
        let Some(fate) = self.inference.fates.by_site.get(&site) else { return BTreeSet::new() };
        let own = fate.releases.iter().map(|(release, ..)| *release);
        let of_slots = fate.deposits.iter().flat_map(|(slot, _)| self.within_reach(self.taken(slot, site), site));
        own.chain(of_slots.map(|withdrawal| withdrawal.at)).collect()
    }

    fn dirtying(&self, release: ReleaseId) -> Option<String> {
        let calls = self.calls(self.classes(release).first().copied()?)?;
        let api = &self.sites.release(release).1;
        let marked = calls.mark.as_ref().map(|mark| format!("mark each page by {mark}() before {api}()"));
        match &calls.dirty {
            Some(dirty) if dirty != api => {
                let or = marked.map(|marked| format!(", or {marked}")).unwrap_or_default();
                Some(format!("drop them by {dirty}(){or}; both may sleep"))
            }
            _ => marked.map(|marked| format!("{marked}; it may sleep")),
        }
    }

    /// What pins instead of the site's call.
    fn pinned_by(&self, site: SiteId) -> Option<&String> {
        let (function, api, _) = self.sites.site(site);
        self.contracts.policy().conversions.acquisitions.get(&self.contract(*function, api)?.name)
    }

    /// Both ends are changed together: who takes the references, and all who drop them.
    fn pinning(&self, site: SiteId) -> Option<String> {
        let policy = self.contracts.policy();
        let with = self.pinned_by(site)?;
        let one = self.calls(self.accepted(RefKind::Pin)?)?.one.as_ref()?;
        let mut changes: BTreeMap<(&String, &String), Vec<String>> = BTreeMap::new();
        for id in self.releases_of(site) {
            let (of, api, pos) = self.sites.release(id);
            let name = self.contract(*of, api).map_or(api, |contract| &contract.name);
            let new = policy.conversions.releases.get(name).and_then(|known| known.one.as_ref().or(known.many.as_ref()));
            let at = self.program.location(*of, *pos);
            changes.entry((new.unwrap_or(one), api)).or_default().push(format!("{}:{}", at.file, at.line));
        }
        let ends = changes.into_iter().map(|((new, old), mut places)| {
            let more = places.len().saturating_sub(LISTED);
            places.truncate(LISTED);
            let more = if more > 0 { format!(" and {more} more") } else { String::new() };
            format!("{new}() instead of {old}() ({}{more})", places.join(", "))
        });
        let ends: Vec<String> = ends.collect();
        let ends = if ends.is_empty() { format!("{one}()") } else { ends.join(", ") };
        Some(format!("obtain them by {with}(), and drop them by {ends}"))
    }
}

//! The conversion audit: for each release which kinds of references reach it, what is to replace it, and what stands in the way.
//!
//! Three ways lead to a release: what the function holds itself (also through summaries, and as a completion of its own),
//! what it finds in a slot, and what its callers hold. The first is known. Of the others only what was read is known, so an
//! entry says why more may come; one that says nothing of the kind is certain.

mod reach;

use std::collections::{BTreeMap, BTreeSet};

use gup_ir::{Callee, Stmt, StmtKind};

use super::Case;
use crate::contract::{Contract, Usage};
use crate::exec::flow::Flow;
use crate::finding::{Conversion, Edit, Finding, Fix, Reached, Site};
use crate::program::{FnId, Known};
use crate::summary::{Effect, RefKind, ReleaseClass, ReleaseId, SiteId};
use reach::Reach;

impl Case<'_> {
    pub(super) fn conversion(&self, judged: &BTreeMap<SiteId, Site>) -> Vec<Conversion> {
        let reaches = self.reaches();
        let near = self.near(&reaches, judged);
        let is_listed = |id: ReleaseId, reach: &Reach| {
            let is_near = near.contains(&self.sites.release(id).0);
            !reach.gup.is_empty() || is_near && self.classes(id).iter().any(|&class| class != ReleaseClass::Free)
        };
        let listed = reaches.iter().filter(|(id, reach)| is_listed(**id, reach));
        let mut entries: Vec<Conversion> = listed.map(|(&id, reach)| self.entry(id, reach, &reaches, judged)).collect();
        entries.sort_by(|a, b| (&a.at, &a.api).cmp(&(&b.at, &b.api)));
        entries
    }

    /// The other call that mends a release of the wrong class: only where the policy knows one that takes the same arguments,
    /// and all that reaches the release is known, of the kind that the finding is about, and needs that call.
    pub(super) fn fix(&self, finding: &Finding, conversion: &[Conversion]) -> Option<Fix> {
        let kind = finding.origin.as_ref()?.kind;
        let mut here = conversion.iter().filter(|entry| entry.at == finding.at);
        let (Some(entry), None) = (here.next(), here.next()) else { return None };
        let is_certain = entry.verdict == Reached::Gup && entry.blocked_by.is_empty() && entry.uncertain.is_empty();
        if !is_certain || entry.origins.iter().any(|(origin, _)| origin.kind != kind) {
            return None;
        }
        let with = self.contracts.policy().conversions.releases.get(&entry.api)?.same_arguments.clone()?;
        let message = format!("call {with}() instead of {}()", entry.api);
        Some(Fix { message, edits: vec![Edit { at: entry.at.clone(), replace: entry.api.clone(), with }] })
    }

    /// Functions of which all releases are told: those with one that GUP references reach, those that acquire, and where it is
    /// not decided what becomes of an acquisition, all of its file.
    fn near(&self, reaches: &BTreeMap<ReleaseId, Reach>, judged: &BTreeMap<SiteId, Site>) -> BTreeSet<FnId> {
        let reached = reaches.iter().filter(|(_, reach)| !reach.gup.is_empty());
        let mut near: BTreeSet<FnId> = reached.map(|(&id, _)| self.sites.release(id).0).collect();
        near.extend(self.sites.ids().map(|id| self.sites.site(id).0));
        let files: BTreeSet<String> = undecided(judged).map(|(_, site)| site.at.file.clone()).collect();
        near.extend(self.program.functions_in(&files));
        near
    }

    fn entry(
        &self,
        id: ReleaseId,
        reach: &Reach,
        reaches: &BTreeMap<ReleaseId, Reach>,
        judged: &BTreeMap<SiteId, Site>,
    ) -> Conversion {
        let (function, api, pos) = self.sites.release(id);
        let mut blocked: BTreeSet<String> = BTreeSet::new();
        let replace_with = self.replacement(id, reach, &mut blocked);
        if self.wanted_class(id, reach).is_some() {
            blocked.extend(self.mixing(id, reach));
            blocked.extend(self.held_back(id, reach, reaches));
        }
        let mut uncertain = reach.doubts();
        uncertain.extend(self.undecided(id, reach, judged));
        let origins = reach.gup.iter().map(|&(site, kind)| {
            let with = self.converted(site).map(str::to_owned).unwrap_or_default();
            (self.origin(site, kind), with)
        });
        let mut origins: Vec<_> = origins.collect();
        origins.sort_by(|(a, _), (b, _)| (&a.at, &a.api, a.kind).cmp(&(&b.at, &b.api, b.kind)));
        Conversion {
            api: api.clone(),
            at: self.program.location(*function, *pos),
            function: self.program.name(*function).to_owned(),
            verdict: reach.verdict(),
            replace_with,
            blocked_by: blocked.into_iter().collect(),
            uncertain: uncertain.into_iter().collect(),
            origins,
            others: reach.others.iter().map(|(_, text)| text.clone()).collect(),
        }
    }

    /// What is to stand in the place of an acquisition, where the tree is to be converted.
    fn converted(&self, site: SiteId) -> Option<&str> {
        let policy = self.contracts.policy();
        let (function, api, _) = self.sites.site(site);
        let contract = self.contract(*function, api).filter(|_| policy.is_goal)?;
        policy.conversions.acquisitions.get(&contract.name).map(String::as_str)
    }

    /// The kind that the references will have.
    fn future(&self, site: SiteId, kind: RefKind) -> RefKind {
        if self.converted(site).is_some() { RefKind::Pin } else { kind }
    }

    pub(super) fn contract(&self, function: FnId, api: &str) -> Option<&Contract> {
        match self.program.known(function, api, self.contracts) {
            Known::Contract(contract) => Some(contract),
            _ => None,
        }
    }

    pub(super) fn classes(&self, id: ReleaseId) -> BTreeSet<ReleaseClass> {
        let (function, api, _) = self.sites.release(id);
        let outcomes = self.contract(*function, api).map(|contract| &contract.summary.outcomes[..]).unwrap_or_default();
        let class = |effect: &Effect| if let Effect::Release { class, .. } = effect { Some(*class) } else { None };
        outcomes.iter().flat_map(|outcome| &outcome.effects).filter_map(class).collect()
    }

    /// The class that all that reach the release need; `None` where what is there fits, or nothing needs one.
    fn wanted_class(&self, id: ReleaseId, reach: &Reach) -> Option<ReleaseClass> {
        let present = self.classes(id);
        let refused = reach.gup.iter().map(|&(site, kind)| self.future(site, kind));
        let refused = refused.filter(|&kind| !present.iter().any(|&class| self.accepts(kind, class)));
        let accepted = |kind: RefKind| self.contracts.policy().accepts.get(&kind)?.first().copied();
        refused.filter_map(accepted).next()
    }

    fn replacement(&self, id: ReleaseId, reach: &Reach, blocked: &mut BTreeSet<String>) -> String {
        if self.wanted_class(id, reach).is_none() {
            return String::new();
        }
        let (function, api, _) = self.sites.release(id);
        let name = self.contract(*function, api).map_or(api, |contract| &contract.name);
        let known = self.contracts.policy().conversions.releases.get(name);
        let found = known.and_then(|replacement| replacement.for_use(name, self.usage(id, reach)));
        found.unwrap_or_else(|| {
            blocked.insert(format!("policy {} names nothing that replaces {api}()", self.contracts.policy().name));
            String::new()
        })
    }

    fn usage(&self, id: ReleaseId, reach: &Reach) -> Usage {
        let in_array = !reach.used.is_empty() && reach.used.iter().all(|used| used.many);
        let dirty = reach.used.iter().filter_map(|used| used.dirty).max();
        let (function, _, pos) = self.sites.release(id);
        let Some(block) = self.sites.block_of(self.program, id) else {
            return Usage { dirty, perhaps: true, ..Usage::default() };
        };
        let function = *function;
        let body = self.program.function(function);
        // Only what always goes before the release becomes one call with it.
        let before = body.blocks[block.0 as usize].stmts.iter().take_while(|stmt| stmt.pos != *pos);
        let dirties = |stmt: &Stmt| {
            let StmtKind::Call { callee: Callee::Direct(name), .. } = &stmt.kind else { return false };
            let outcomes = self.contract(function, name).map(|contract| &contract.summary.outcomes[..]).unwrap_or_default();
            outcomes.iter().flat_map(|outcome| &outcome.effects).any(Effect::is_dirtying)
        };
        let perhaps = reach.used.iter().any(|used| used.dirty.is_none()) || !before.into_iter().any(dirties);
        Usage { many: in_array && Flow::of(body).is_in_loop(block), dirty, perhaps }
    }

    /// Others for whom the release would be wrong, once it fits those of get_user_pages.
    fn mixing(&self, id: ReleaseId, reach: &Reach) -> Vec<String> {
        if reach.gup.is_empty() {
            return Vec::new();
        }
        let future = self.wanted_class(id, reach).map_or_else(|| self.classes(id), |class| BTreeSet::from([class]));
        let is_wrong = |kind: RefKind| !future.iter().any(|&class| self.accepts(kind, class));
        reach.others.iter().filter(|(kind, _)| is_wrong(*kind)).map(|(_, text)| text.clone()).collect()
    }

    /// Acquisitions can only be converted together with all their releases: those of them that others reach, too.
    fn held_back(&self, id: ReleaseId, reach: &Reach, reaches: &BTreeMap<ReleaseId, Reach>) -> Vec<String> {
        let mut why = Vec::new();
        for &(site, kind) in reach.gup.iter().filter(|(site, _)| self.converted(*site).is_some()) {
            let shared = reaches.iter().filter(|(other, of)| **other != id && of.gup.contains(&(site, kind)));
            for (&other, _) in shared.filter(|(other, of)| !self.mixing(**other, of).is_empty()) {
                let (origin, (function, api, pos)) = (self.origin(site, kind), self.sites.release(other));
                let at = self.program.location(*function, *pos);
                let place = format!("{}:{}", origin.at.file, origin.at.line);
                why.push(format!(
                    "{}() at {place} also reaches {api}() at {}:{}, which others reach",
                    origin.api, at.file, at.line
                ));
            }
        }
        why
    }

    /// Acquisitions of which is not known where their references end: here, perhaps.
    fn undecided(&self, id: ReleaseId, reach: &Reach, judged: &BTreeMap<SiteId, Site>) -> Vec<String> {
        let function = self.sites.release(id).0;
        let (file, name) = (&self.program.unit(function).file, self.program.name(function));
        let is_near = |id: SiteId, site: &Site| match reach.gup.iter().any(|(of, _)| *of == id) {
            true => self.converted(id).is_some(),
            false => {
                let is_here = site.function == *name || site.stopped_at.as_ref().is_some_and(|(_, stop)| stop == name);
                // Where all that comes is known, nothing else does.
                reach.gup.is_empty() && site.at.file == *file && (is_here || !reach.doubts().is_empty())
            }
        };
        let near = undecided(judged).filter(|(id, site)| is_near(**id, site));
        near.map(|(_, site)| format!("{}() at {}:{} is unresolved: {}", site.api, site.at.file, site.at.line, site.reason))
            .collect()
    }
}

/// Also those with a finding on one path may be lost sight of on another.
fn undecided(judged: &BTreeMap<SiteId, Site>) -> impl Iterator<Item = (&SiteId, &Site)> {
    judged.iter().filter(|(_, site)| !site.reason.is_empty())
}

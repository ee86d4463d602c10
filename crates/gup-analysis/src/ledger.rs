//! From what execution noticed to findings and the ledger: slots are settled, every site gets its verdict.

mod borrowed;
mod carriers;
mod content;
mod conversion;
mod given;
mod handlers;
mod implementing;
mod mend;
mod releases;
mod slots;
mod undrained;

use std::collections::{BTreeMap, BTreeSet};

use gup_ir::Pos;

use crate::Settings;
use crate::contract::Contracts;
use crate::exec::event::{Event, EventKind, Fate, Given};
use crate::finding::{
    Analysis, Completion, Confidence, Demand, Finding, Ledger, Location, Origin, PathStep, ReleaseAt, Severity, Site, Verdict,
};
use crate::infer::{self, Inference};
use crate::program::{FnId, Program, Sites};
use crate::rules::{self, RULES, Rule, Subject};
use crate::summary::{RefKind, ReleaseClass, ReleaseId, SiteId};
use slots::Settlement;

/// Everything conclusions are drawn from.
struct Case<'a> {
    program: &'a Program,
    contracts: &'a Contracts,
    sites: &'a Sites,
    settings: &'a Settings,
    inference: &'a Inference,
    /// Functions that take out of slots, as a part of what a contract says of another.
    implementing: BTreeSet<FnId>,
}

pub(crate) fn conclude(
    program: &Program,
    contracts: &Contracts,
    sites: &Sites,
    settings: &Settings,
    inference: &Inference,
) -> Analysis {
    let implementing = implementing::implementing(program, contracts, &inference.fates);
    let case = Case { program, contracts, sites, settings, inference, implementing };
    let mut settlement = case.settle();
    let of_content = case.content_events(&settlement);
    settlement.events.extend(of_content);
    settlement.events.extend(case.given_otherwise());
    let events = told_apart(case.told_once(inference.events.iter().chain(&settlement.events)));
    let mut told: Vec<(&Event, (Option<SiteId>, Finding))> =
        events.filter_map(|event| Some((event, case.finding(event)?))).collect();
    told.sort_by(|(_, (_, a)), (_, (_, b))| (&a.at, &a.rule, &a.message).cmp(&(&b.at, &b.rule, &b.message)));
    let mut findings = without_repetition(told);
    number_equal_fingerprints(&mut findings);
    let is_sure = |finding: &Finding| finding.confidence == Confidence::High && finding.severity == Severity::Error;
    let sure = findings.iter().filter(|(_, finding)| is_sure(finding));
    let guilty: BTreeSet<SiteId> = sure.filter_map(|(site, _)| *site).collect();
    let suspect: BTreeMap<SiteId, Suspicion> = findings
        .iter()
        .filter(|(_, finding)| finding.confidence != Confidence::High && is_about_balance(finding))
        .filter_map(|(site, finding)| Some(((*site)?, Suspicion::of(finding))))
        .collect();
    let releases = case.releases().into_iter();
    let judged: BTreeMap<SiteId, Site> =
        releases.map(|(id, releases)| (id, case.site(id, &guilty, suspect.get(&id), &settlement, releases))).collect();
    let conversion = case.conversion(&judged);
    for (_, finding) in findings.iter_mut().filter(|(_, finding)| finding.rule == rules::WRONG_PUT) {
        finding.fix = case.fix(finding, &conversion).or(finding.fix.take());
    }
    let mut entries: Vec<Site> = judged.into_values().collect();
    entries.sort_by(|a, b| (&a.at, &a.api).cmp(&(&b.at, &b.api)));
    Analysis {
        findings: findings.into_iter().map(|(_, finding)| finding).collect(),
        ledger: Ledger { sites: entries, slots: settlement.slots, completions: case.completions(&guilty) },
        conversion,
        handlers: case.handlers(),
        demand: Demand { readers_of: settlement.unread, ..infer::demand(program, sites, inference) },
        policy: contracts.policy().name.clone(),
    }
}

fn is_about_balance(finding: &Finding) -> bool {
    RULES.iter().any(|rule| rule.name == finding.rule && rule.is_about_balance)
}

impl Case<'_> {
    /// Handlers with those who hand them references.
    fn completions(&self, guilty: &BTreeSet<SiteId>) -> Vec<Completion> {
        let completion = |(handler, given): (&String, &Given)| {
            let verdict = if given.origins.iter().any(|(site, _)| guilty.contains(site)) {
                Verdict::Finding
            } else if given.open.is_empty() {
                Verdict::Balanced
            } else {
                Verdict::Unresolved
            };
            let mut origins: Vec<Origin> = given.origins.iter().map(|&(site, kind)| self.origin(site, kind)).collect();
            origins.sort_by(|a, b| (&a.at, &a.api).cmp(&(&b.at, &b.api)));
            let mut submitters: Vec<Location> =
                given.submitters.iter().map(|&(function, pos)| self.program.location(function, pos)).collect();
            submitters.sort();
            let releases: BTreeSet<ReleaseAt> =
                given.releases.iter().map(|&(release, by)| self.release(release, by, "")).collect();
            Completion {
                handler: handler.clone(),
                submitters,
                origins,
                releases: releases.into_iter().collect(),
                verdict,
                reason: given.open.iter().next().filter(|_| verdict == Verdict::Unresolved).cloned().unwrap_or_default(),
            }
        };
        self.inference.fates.completions.iter().map(completion).collect()
    }

    fn finding(&self, event: &Event) -> Option<(Option<SiteId>, Finding)> {
        // Without a GUP acquisition at either end it is not what this tool is for.
        let of_gup = |class: ReleaseClass| matches!(class, ReleaseClass::Unpin | ReleaseClass::PutUser);
        let is_ours = event.site.is_some()
            || matches!(event.kind, EventKind::Sleeps { .. } | EventKind::ErrorPointer)
            || matches!(event.kind, EventKind::WrongClass { class, .. } | EventKind::Unheld { class, .. } if of_gup(class));
        if !is_ours {
            return None;
        }
        let site = event.site.map(|id| self.sites.site(id));
        let released_by = event.release.map(|id| self.sites.release(id).1.clone()).unwrap_or_default();
        let wanted = match event.kind {
            EventKind::WrongClass { kind, .. } | EventKind::GivenAs { kind, .. } | EventKind::Mixed { kinds: (_, kind), .. } => {
                self.wanted(kind)
            }
            _ => String::new(),
        };
        let subject = Subject {
            acquired_by: site.map_or("", |(_, api, _)| api),
            pages: &pages(site.map(|(_, api, _)| api.as_str()), &event.kind),
            released_by: &released_by,
            wanted: &wanted,
            handler: event.handler.as_deref(),
        };
        let (rule, message) = RULES.iter().find_map(|rule| (rule.check)(event, &subject).map(|message| (rule, message)))?;
        let mut finding = self.describe(event, rule, message);
        if let (EventKind::Lost { .. } | EventKind::TooFew, Some(site)) = (&event.kind, event.site)
            && self.relies_on_carrier(site)
        {
            finding.confidence = Confidence::Medium;
            finding.doubts.push("the iterator it is given may be one that has no such pages".into());
        }
        Some((event.site, finding))
    }

    fn describe(&self, event: &Event, rule: &Rule, message: String) -> Finding {
        let function = self.program.function(event.function);
        let release = event.release.filter(|id| self.is_wrong_at(*id, &event.kind)).map(|id| self.sites.release(id));
        let (place, pos) = release.map_or((event.function, event.pos), |(function, _, pos)| (*function, *pos));
        let at = self.program.location(place, pos);
        let origin = event.site.map(|site| self.origin(site, self.kind_of(site)));
        let step = |pos, message: String| PathStep {
            at: self.program.location(event.function, pos),
            function: function.name.clone(),
            message,
        };
        let mut path: Vec<PathStep> = Vec::new();
        use EventKind::{Overcounted, Uncounted, Undrained};
        if let (Undrained { slot } | Uncounted { slot, .. } | Overcounted { slot, .. }, Some(site)) = (&event.kind, event.site) {
            path = self.way_into(site, slot);
        } else if let Some(origin) = &origin
            && origin.function != function.name
        {
            let message = format!("{}() takes the references", origin.api);
            path.push(PathStep { at: origin.at.clone(), function: origin.function.clone(), message });
        }
        path.extend(event.trail.iter().map(|(pos, message)| step(*pos, message.clone())));
        path.extend(event.passed_by.iter().filter_map(|name| {
            let id = self.program.callee(event.function, name)?;
            let at = self.program.location(id, self.program.function(id).pos);
            let message = format!("{name}() was given the references on the way, and dropped none of them");
            Some(PathStep { at, function: name.clone(), message })
        }));
        if place != event.function {
            path.push(step(event.pos, format!("{}() is called here", self.program.name(place))));
        }
        path.push(PathStep { at: at.clone(), function: self.program.name(place).to_owned(), message: message.clone() });
        let key = [
            rule.name,
            &at.file,
            self.program.name(place),
            origin.as_ref().map_or("", |o| &o.api),
            origin.as_ref().map_or("", |o| &o.function),
            &message,
        ];
        Finding {
            rule: rule.name.into(),
            severity: rule.severity,
            confidence: match (event.kind.is_hint(), event.doubts.is_empty()) {
                (true, _) => Confidence::Low,
                (false, true) => Confidence::High,
                (false, false) => Confidence::Medium,
            },
            fingerprint: fingerprint(&key.join("\u{1f}")),
            function: self.program.name(place).to_owned(),
            message,
            at,
            assumptions: event.assumptions.clone(),
            doubts: doubts(event),
            origin,
            path,
            fix: self.mend(event),
        }
    }

    /// A wrong class is wrong at the release, even where only the caller shows it; so is a second release by a function that did the
    /// first.
    fn is_wrong_at(&self, release: ReleaseId, kind: &EventKind) -> bool {
        use EventKind::{Mixed, TooMany, Twice, Undirtied, WrongClass};
        match kind {
            WrongClass { .. } | Mixed { .. } | TooMany | Undirtied { .. } => true,
            Twice => self.inference.fates.again.contains(&release),
            _ => false,
        }
    }

    fn wanted(&self, kind: RefKind) -> String {
        let accepted = self.contracts.policy().accepts.get(&kind);
        let names: Vec<String> = accepted.into_iter().flatten().map(|class| class.name().to_owned()).collect();
        if names.is_empty() { "no release at all".into() } else { format!("a release of class {}", names.join(" or ")) }
    }

    fn kind_of(&self, site: SiteId) -> RefKind {
        let fate = self.inference.fates.by_site.get(&site);
        fate.and_then(|fate| fate.kinds.iter().next().copied()).unwrap_or(RefKind::Borrowed)
    }

    fn origin(&self, site: SiteId, kind: RefKind) -> Origin {
        let (function, api, pos) = self.sites.site(site);
        Origin {
            api: api.clone(),
            kind,
            at: self.program.location(*function, *pos),
            function: self.program.name(*function).to_owned(),
        }
    }

    fn site(
        &self,
        id: SiteId,
        guilty: &BTreeSet<SiteId>,
        suspect: Option<&Suspicion>,
        settlement: &Settlement,
        releases: BTreeSet<ReleaseAt>,
    ) -> Site {
        let (function, api, pos) = self.sites.site(id);
        let none = Fate::default();
        let fate = self.inference.fates.by_site.get(&id).unwrap_or(&none);
        let place = |id: FnId, pos: Pos| Some((self.program.location(id, pos), self.program.name(id).to_owned()));
        let mut reasons: Vec<(String, Option<(Location, String)>)> =
            fate.unresolved.iter().map(|(why, &(id, pos))| (why.clone(), place(id, pos))).collect();
        reasons.extend(suspect.map(|suspicion| (suspicion.reason.clone(), Some(suspicion.at.clone()))));
        if !fate.reached {
            reasons.push(("no feasible path to the call was found".into(), place(*function, *pos)));
        }
        for (slot, kind) in &fate.deposits {
            reasons.extend(settlement.open.get(&(id, slot.clone(), *kind)).cloned().map(|why| (why, None)));
        }
        let verdict = match (guilty.contains(&id), reasons.is_empty()) {
            (true, _) => Verdict::Finding,
            (false, false) => Verdict::Unresolved,
            (false, true) => Verdict::Balanced,
        };
        let (reason, stopped_at) = reasons.into_iter().next().unwrap_or_default();
        Site {
            api: api.clone(),
            kinds: fate.kinds.iter().copied().collect(),
            at: self.program.location(*function, *pos),
            function: self.program.name(*function).to_owned(),
            verdict,
            reason,
            stopped_at,
            releases: releases.into_iter().collect(),
        }
    }
}

/// A finding that is not certain, as the reason why its site is not decided.
struct Suspicion {
    reason: String,
    /// Where it would be wrong, and in which function.
    at: (Location, String),
}

impl Suspicion {
    fn of(finding: &Finding) -> Suspicion {
        let doubt = finding.doubts.first().map_or("not every step to it is understood", String::as_str);
        Suspicion { reason: format!("possible {}: {doubt}", finding.rule), at: (finding.at.clone(), finding.function.clone()) }
    }
}

/// Why an event is not certain, each reason once.
fn doubts(event: &Event) -> Vec<String> {
    let mut seen = BTreeSet::new();
    event.doubts.iter().filter(|doubt| seen.insert(*doubt)).cloned().collect()
}

/// The words for what is released.
fn pages(acquired_by: Option<&str>, event: &EventKind) -> String {
    match (acquired_by, event) {
        (Some(api), _) => format!("pages from {api}()"),
        (None, EventKind::WrongClass { kind: RefKind::Cache, .. }) => "pages from the page cache".into(),
        (None, EventKind::WrongClass { kind: RefKind::Alloc, .. }) => "pages from the page allocator".into(),
        (None, _) => "pages with an ordinary reference".into(),
    }
}

/// One leak is told once: what a release left over before what was forgotten, the whole before what a short return obtained.
fn told_apart<'e>(events: impl Iterator<Item = &'e Event> + Clone) -> impl Iterator<Item = &'e Event> {
    let rank = |event: &Event| match event.kind {
        EventKind::TooFew => 0,
        EventKind::Lost { short: false, .. } => 1,
        EventKind::Lost { short: true, .. } => 2,
        _ => 3,
    };
    let mut best: BTreeMap<_, u8> = BTreeMap::new();
    for event in events.clone() {
        let known = best.entry((event.site, event.function, event.pos, event.branch)).or_insert(3);
        *known = rank(event).min(*known);
    }
    events.filter(move |event| {
        rank(event) == 3 || best.get(&(event.site, event.function, event.pos, event.branch)) == Some(&rank(event))
    })
}

/// One finding for what goes wrong at one place, with the same references and, of a leak, by the same branch.
fn without_repetition(told: Vec<(&Event, (Option<SiteId>, Finding))>) -> Vec<(Option<SiteId>, Finding)> {
    // Without an origin the words are what tells two apart.
    let is_same = |a: &Finding, b: &Finding| a.origin == b.origin && (a.origin.is_some() || a.message == b.message);
    let mut kept: Vec<(&Event, (Option<SiteId>, Finding))> = Vec::new();
    for (event, (site, finding)) in told {
        let repeats = |(known, (_, other)): &(&Event, (Option<SiteId>, Finding))| {
            other.rule == finding.rule && is_same(other, &finding) && known.branch == event.branch
        };
        if !kept.iter().rev().take_while(|(_, (_, other))| other.at == finding.at).any(repeats) {
            kept.push((event, (site, finding)));
        }
    }
    kept.into_iter().map(|(_, finding)| finding).collect()
}

/// Findings that are alike are told apart by their order.
fn number_equal_fingerprints(findings: &mut [(Option<SiteId>, Finding)]) {
    let mut seen: BTreeMap<String, u32> = BTreeMap::new();
    for (_, finding) in findings {
        let count = seen.entry(finding.fingerprint.clone()).or_default();
        *count += 1;
        if *count > 1 {
            finding.fingerprint = fingerprint(&format!("{}\u{1f}{count}", finding.fingerprint));
        }
    }
}

/// FNV-1a, 64 bits: stable across versions of Rust and of this program.
fn fingerprint(key: &str) -> String {
    let hash = key.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3));
    format!("gf1:{hash:016x}")
}

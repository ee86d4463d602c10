//! What execution noticed. Rules turn these into findings; nothing here decides what a user is told.

use std::collections::{BTreeMap, BTreeSet};

use gup_ir::Pos;
use serde::{Deserialize, Serialize};

use super::reached::Reached;
use crate::program::FnId;
use crate::summary::{RefKind, ReleaseClass, ReleaseId, SiteId, Touch};

/// Something that is wrong on one feasible path.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Event {
    pub(crate) kind: EventKind,
    /// The acquisition whose references are concerned.
    pub(crate) site: Option<SiteId>,
    pub(crate) function: FnId,
    pub(crate) pos: Pos,
    /// Of a leak: the branch after which no release could come any more.
    pub(crate) branch: Option<Pos>,
    /// The release concerned, where it stands in another function.
    pub(crate) release: Option<ReleaseId>,
    /// The completion in which it happens.
    pub(crate) handler: Option<String>,
    /// From the first noted step to the last.
    pub(crate) trail: Vec<(Pos, String)>,
    /// Of a leak: who was given the references on the way and dropped none.
    pub(crate) passed_by: Vec<String>,
    pub(crate) assumptions: Vec<String>,
    /// What in this function was not understood before this happened; empty = every step was.
    pub(crate) doubts: Vec<String>,
}

impl Event {
    /// What two have in common that are the same thing going wrong, in one function.
    pub(super) fn identity(&self) -> (&EventKind, Option<SiteId>, Pos, Option<Pos>, Option<ReleaseId>) {
        (&self.kind, self.site, self.pos, self.branch, self.release)
    }

    /// What no path of one function shows, but all of them together.
    pub(crate) fn concluded(kind: EventKind, site: Option<SiteId>, function: FnId, pos: Pos) -> Event {
        Event {
            kind,
            site,
            function,
            pos,
            branch: None,
            release: None,
            handler: None,
            trail: Vec::new(),
            passed_by: Vec::new(),
            assumptions: Vec::new(),
            doubts: Vec::new(),
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) enum EventKind {
    /// Released in a way that its kind does not allow.
    WrongClass { kind: RefKind, class: ReleaseClass },
    /// One release drops references of both kinds out of one carrier, and fits the first only.
    Mixed { class: ReleaseClass, kinds: (RefKind, RefKind) },
    /// Given to callers by a function that is said to give references which need another release.
    GivenAs { kind: RefKind, promised: RefKind, by: String },
    /// Released again.
    Twice,
    /// Released though this code holds nothing there; `borrowed`: it was known to hold none.
    Unheld { class: ReleaseClass, borrowed: bool },
    /// What is released is an error code, made a pointer by `ERR_PTR()`.
    ErrorPointer,
    /// A release reaches beyond what was obtained.
    TooMany,
    /// A release left some of what was obtained in the same array.
    TooFew,
    /// Written to, and released without being marked dirty.
    Undirtied { evidence: Evidence },
    /// Used though the last reference that this path held is gone.
    UsedAfter,
    /// What may sleep, where that is forbidden; in this handler, if there is a name.
    Sleeps { handler: String },
    /// A device, or the kernel, works on the content of pages that are not pinned.
    NotPinned { by_device: bool },
    /// Kept beyond the system call, and obtained as if not.
    ShortTerm,
    /// Left in a field that nobody takes them out of.
    Undrained { slot: String },
    /// Left in a field while another one, by which all releases out of it go, says that it holds none.
    Uncounted { slot: String, length: String },
    /// Left in a field while another one, by which all releases out of it go, says that it holds more.
    Overcounted { slot: String, length: String },
    /// No owner is left. `short`: the acquisition returned less than asked for. `freed`: the last home was freed here.
    Lost { short: bool, freed: bool },
}

/// Why pages are said to be written to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) enum Evidence {
    /// They were obtained for it.
    Asked,
    /// That, and a device they are mapped for may do it.
    Mapped,
    /// The kernel does it, between obtaining and releasing them.
    Brief,
    /// The kernel does it, or a device that they are mapped for does nothing else.
    Seen,
}

impl Evidence {
    pub(crate) fn doubt(self) -> Option<&'static str> {
        match self {
            Evidence::Mapped => Some("the device that these pages are mapped for may only read"),
            Evidence::Brief => Some("only what is written back between the write and the release is lost, and only of files"),
            Evidence::Asked | Evidence::Seen => None,
        }
    }
}

impl EventKind {
    /// What may well be meant so: for those who ask for findings of low confidence.
    pub(crate) fn is_hint(&self) -> bool {
        matches!(
            self,
            EventKind::ShortTerm | EventKind::Undirtied { evidence: Evidence::Asked } | EventKind::NotPinned { by_device: false }
        )
    }
}

/// What became of each acquisition site, over all functions and paths.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Fates {
    pub(crate) by_site: BTreeMap<SiteId, Fate>,
    /// References taken out of a field, by slot, wherever that is.
    pub(crate) withdrawals: BTreeMap<String, BTreeSet<Withdrawal>>,
    /// By handler.
    pub(crate) completions: BTreeMap<String, Given>,
    /// What happens to the content of pages found in a field, by slot, and where.
    pub(crate) content: BTreeMap<String, BTreeSet<(Touch, FnId)>>,
    /// Functions that will run where sleeping is forbidden, and where that is decided.
    pub(crate) handlers: BTreeSet<(String, FnId, Pos)>,
    /// Releases of what another release of the same function dropped before, whatever it was: the function is wrong by itself.
    pub(crate) again: BTreeSet<ReleaseId>,
    /// What comes to which release.
    pub(crate) reached: Reached,
}

/// A slot, and the field that its structure is embedded in, where that is known.
#[derive(Clone)]
pub(crate) struct Spot {
    pub(crate) slot: String,
    pub(crate) within: Option<String>,
    /// What lies there are the pages, or is the array of them; not something else in which they are.
    pub(crate) is_of_pages: bool,
}

/// A release of what was found in a slot.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) struct Withdrawal {
    pub(crate) class: ReleaseClass,
    pub(crate) at: ReleaseId,
    pub(crate) by: FnId,
    /// The statement of `by` that does it: the release itself, or a call that leads to it.
    pub(crate) pos: Pos,
    /// What lay there itself, not something made of it: freeing the page behind `batch->pages` does not drop the pages in it.
    pub(crate) is_content: bool,
    /// The field beside it that says how many are dropped, as `struct.field`.
    pub(crate) length: Option<String>,
    /// The release that dropped the same before it on the same path.
    pub(crate) after: Option<ReleaseId>,
    /// The field that the slot's structure is embedded in, where that is known.
    pub(crate) within: Option<String>,
    /// Out of something that lay there: `bio->bi_io_vec[i].bv_page` out of bi_io_vec.
    pub(crate) is_inside: bool,
}

/// What a completion handler was given, and what it does with it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Given {
    pub(crate) submitters: BTreeSet<(FnId, Pos)>,
    pub(crate) origins: BTreeSet<(SiteId, RefKind)>,
    pub(crate) releases: BTreeSet<(ReleaseId, FnId)>,
    /// Why some of it is not settled.
    pub(crate) open: BTreeSet<String>,
}

/// Ways to leave references in a slot: the slot, their kind, and fields beside it that do not count them rightly.
pub(crate) type CountWays = BTreeSet<(String, RefKind, BTreeSet<String>)>;

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Fate {
    pub(crate) kinds: BTreeSet<RefKind>,
    /// Executed on some feasible path.
    pub(crate) reached: bool,
    /// Each with the function that held the references then, and its statement that did it; none for completions.
    pub(crate) releases: BTreeSet<(ReleaseId, FnId, Option<Pos>)>,
    /// Reasons why it is not decided, each with the statement that stopped the analysis.
    pub(crate) unresolved: BTreeMap<String, (FnId, Pos)>,
    /// Slots the references were left in, where nobody further up can take them: `struct.field`.
    pub(crate) deposits: BTreeSet<(String, RefKind)>,
    /// By slot in `deposits`: the fields that its structure is embedded in; `None` where that is not known.
    pub(crate) within: BTreeMap<String, BTreeSet<Option<String>>>,
    /// Those of `deposits` that some of the references were left in something that lies there.
    pub(crate) inside: BTreeSet<String>,
    /// By slot in `deposits`: a function, and its statement, after which they lie there.
    pub(crate) left_at: BTreeMap<String, (FnId, Pos)>,
    /// Of a slot in `deposits`: others that the same references were left in.
    pub(crate) also_in: BTreeSet<(String, String)>,
    /// Of a slot in `deposits`: kinds of further references to the same pages that were left there with them.
    pub(crate) beside: BTreeSet<(String, RefKind)>,
    /// Of a slot in `deposits`: on some path these fields beside it say that it holds none of the references.
    pub(crate) short: CountWays,
    /// The same: fields that say that it holds more than it does.
    pub(crate) long: CountWays,
    /// Functions that pass the references on to their callers.
    pub(crate) passed_up: BTreeSet<FnId>,
    /// Those of `passed_up` whose callers may well see to the references.
    pub(crate) asks_callers: BTreeSet<FnId>,
    /// Functions that return them, with no caller known.
    pub(crate) returned_by: BTreeSet<FnId>,
    /// What happens to their content, on any path.
    pub(crate) touched: BTreeSet<Touch>,
}

impl Fates {
    pub(crate) fn of(&mut self, site: SiteId) -> &mut Fate {
        self.by_site.entry(site).or_default()
    }

    /// The site's references are left in a slot from this statement on.
    pub(crate) fn leave(&mut self, site: SiteId, Spot { slot, within, is_of_pages }: Spot, kind: RefKind, at: (FnId, Pos)) {
        let fate = self.of(site);
        fate.within.entry(slot.clone()).or_default().insert(within);
        if !is_of_pages {
            fate.inside.insert(slot.clone());
        }
        fate.left_at.entry(slot.clone()).or_insert(at);
        fate.deposits.insert((slot, kind));
    }

    pub(crate) fn completion(&mut self, handler: &str) -> &mut Given {
        self.completions.entry(handler.to_owned()).or_default()
    }

    /// The same, noticed by the function under another number.
    pub(crate) fn of_function(mut self, id: FnId) -> Fates {
        let all = |set: &mut BTreeSet<FnId>| *set = set.iter().map(|_| id).collect();
        for fate in self.by_site.values_mut() {
            fate.releases = fate.releases.iter().map(|&(release, _, pos)| (release, id, pos)).collect();
            fate.unresolved.values_mut().chain(fate.left_at.values_mut()).for_each(|(function, _)| *function = id);
            all(&mut fate.passed_up);
            all(&mut fate.asks_callers);
            all(&mut fate.returned_by);
        }
        for given in self.completions.values_mut() {
            given.submitters = given.submitters.iter().map(|&(_, pos)| (id, pos)).collect();
            given.releases = given.releases.iter().map(|&(release, _)| (release, id)).collect();
        }
        for taken in self.withdrawals.values_mut() {
            *taken = taken.iter().map(|withdrawal| Withdrawal { by: id, ..withdrawal.clone() }).collect();
        }
        self.handlers = self.handlers.into_iter().map(|(name, _, pos)| (name, id, pos)).collect();
        self.reached = self.reached.of_function(id);
        for touched in self.content.values_mut() {
            *touched = touched.iter().map(|&(touch, _)| (touch, id)).collect();
        }
        self
    }

    pub(crate) fn merge(&mut self, other: Fates) {
        for (site, fate) in other.by_site {
            let own = self.of(site);
            own.kinds.extend(fate.kinds);
            own.reached |= fate.reached;
            own.releases.extend(fate.releases);
            for (why, at) in fate.unresolved {
                own.unresolved.entry(why).or_insert(at);
            }
            own.deposits.extend(fate.deposits);
            for (slot, at) in fate.left_at {
                own.left_at.entry(slot).or_insert(at);
            }
            for (slot, within) in fate.within {
                own.within.entry(slot).or_default().extend(within);
            }
            own.inside.extend(fate.inside);
            own.also_in.extend(fate.also_in);
            own.beside.extend(fate.beside);
            own.short.extend(fate.short);
            own.long.extend(fate.long);
            own.passed_up.extend(fate.passed_up);
            own.asks_callers.extend(fate.asks_callers);
            own.returned_by.extend(fate.returned_by);
            own.touched.extend(fate.touched);
        }
        for (handler, given) in other.completions {
            let own = self.completions.entry(handler).or_default();
            own.submitters.extend(given.submitters);
            own.origins.extend(given.origins);
            own.releases.extend(given.releases);
            own.open.extend(given.open);
        }
        for (slot, taken) in other.withdrawals {
            self.withdrawals.entry(slot).or_default().extend(taken);
        }
        self.handlers.extend(other.handlers);
        self.again.extend(other.again);
        self.reached.merge(other.reached);
        for (slot, touched) in other.content {
            self.content.entry(slot).or_default().extend(touched);
        }
    }
}

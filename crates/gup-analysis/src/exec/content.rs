//! What happens to the content of pages: who writes to it, who marks it dirty, and whether sleeping is allowed meanwhile.

use std::rc::Rc;

use gup_ir::Pos;

use super::Exec;
use super::event::{EventKind, Evidence};
use super::outcomes::is_nameable;
use super::overlap::Overlap;
use super::slots::slot_name;
use super::translate::{Binding, Namer};
use crate::domain::content::{Given, Mark, Undirtied};
use crate::domain::refs::{Status, What};
use crate::domain::state::{Done, State};
use crate::domain::term::{Atom, AtomId, Lin, LocId, Root, Step};
use crate::limits;
use crate::summary::{Effect, Expr, RefKind, Refs, ReleaseId, SiteId, Test, TestOp, Touch};

/// What facts say of a condition.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Standing {
    Holds,
    Possible,
    Refuted,
}

impl Exec<'_> {
    /// The pages are touched. One of an array stands for all of them.
    pub(super) fn touch(&mut self, state: &mut State, touch: Touch, what: &What, given: Option<Given>, pos: Pos) {
        let standing = given.as_ref().map_or(Standing::Holds, |given| self.standing(state, given));
        if standing == Standing::Refuted || self.takes_nothing(state, what) {
            return;
        }
        let touch = if touch == Touch::DirtyLock && state.content.atomic < 0 { Touch::Dirty } else { touch };
        let mark = Mark { touch, given: given.filter(|_| standing != Standing::Holds) };
        let (mut is_known, mut is_held, mut dropped) = (false, false, None);
        for index in 0..state.segments.len() {
            let is_hit = match self.overlap(state, index, what) {
                Overlap::None => {
                    matches!(state.segments[index].status, Status::Carried(place) if self.is_content(state, what, place))
                }
                Overlap::Unclear => touch.is_dirtying(),
                Overlap::Whole | Overlap::Part(..) => true,
            };
            if !is_hit {
                continue;
            }
            is_known = true;
            let (site, kind) = (state.segments[index].site, state.segments[index].kind);
            match state.segments[index].status {
                Status::Released { .. } if state.content.released.contains(&state.segments[index].what) => {
                    dropped = site.or(dropped)
                }
                Status::Released { .. } => {}
                _ => is_held = true,
            }
            let Some(site) = site else { continue };
            Rc::make_mut(&mut state.content).mark(site, &mark);
            self.note_touch(state, site, kind, &mark, pos);
        }
        if touch == Touch::DirtyLock && state.content.atomic > 0 && mark.given.is_none() {
            let site = state.segments.iter().find(|segment| segment.is_open()).and_then(|segment| segment.site);
            self.event(state, EventKind::Sleeps { handler: String::new() }, site, pos, None);
        }
        let is_access = !matches!(touch, Touch::WriteAsked | Touch::ShortTerm) && !self.drops_too;
        if let (Some(site), false, true, true) = (dropped, is_held, is_access, mark.given.is_none()) {
            self.event(state, EventKind::UsedAfter, Some(site), pos, None);
        }
        if !is_known {
            self.touch_of_callers(state, &mark, what);
        }
    }

    /// What is known of pages that an acquisition just gave.
    pub(super) fn mark_obtained(&mut self, state: &mut State, site: SiteId, touch: Touch, given: Option<Given>) {
        let standing = given.as_ref().map_or(Standing::Holds, |given| self.standing(state, given));
        if standing == Standing::Refuted {
            return;
        }
        let mark = Mark { touch, given: given.filter(|_| standing != Standing::Holds) };
        Rc::make_mut(&mut state.content).mark(site, &mark);
        if self.quiet == 0 && self.is_for_real(state, &mark) {
            self.fates.of(site).touched.insert(touch);
        }
    }

    /// Pages that this function did not obtain: callers learn of it, and so do those who left them in a field. What is done to a
    /// table is done to the pages that were put into it.
    fn touch_of_callers(&mut self, state: &mut State, mark: &Mark, what: &What) {
        let mut all = vec![what.clone()];
        for done in &state.done {
            let Done::Carry { what: carried, into } = done else { continue };
            if self.is_content(state, what, *into) {
                all.push(carried.clone());
            }
        }
        for what in all {
            for slot in self.slots_along(&what, mark.touch) {
                self.note_in_slot(state, slot, mark);
            }
            let is_full = state.content.of_callers.len() >= limits::TOUCHES;
            let entry = (mark.clone(), what);
            let is_said = !is_full || mark.touch.is_dirtying();
            if mark.touch != Touch::Use && is_said && !state.content.of_callers.contains(&entry) {
                Rc::make_mut(&mut state.content).of_callers.push(entry);
            }
        }
    }

    /// Does `what` list what the place stands for, as `table->sgl` does for `table->@pages`? Also where the list is known by its
    /// value, because the table was set up here.
    fn is_content(&mut self, state: &State, what: &What, place: LocId) -> bool {
        let base = match what {
            What::One(value) => return self.names_content(state, value, place),
            What::Range { base, .. } => *base,
        };
        if self.ranges_over_content(base, place) {
            return true;
        }
        let list = Lin::atom(base);
        let content = self.terms.place(place);
        let Some((Step::Field(last), owner)) = content.steps.split_last() else { return false };
        last.name.starts_with('@')
            && state.memory().iter().filter(|(_, value)| **value == list).any(|(&home, _)| {
                let home = self.terms.place(home);
                home.root == content.root && home.steps.len() == content.steps.len() && home.steps.starts_with(owner)
            })
    }

    /// The fields that pages were found in: of `buf->table.sgl` the innermost and those around it. For dirtying, those on the way
    /// there too: rather too many than too few.
    fn slots_along(&self, what: &What, touch: Touch) -> Vec<String> {
        let mut atoms = what.atoms();
        let mut slots: Vec<String> = self.slots_of(what);
        while let Some(atom) = atoms.pop() {
            let place = match self.terms.get(atom) {
                Atom::Load(place, _) | Atom::Addr(place) => self.terms.place(*place),
                Atom::Apply(_, args) => {
                    atoms.extend(args.iter().flat_map(|arg| &arg.terms).map(|&(inner, _)| inner));
                    continue;
                }
                _ => continue,
            };
            let fields = place.steps.iter().filter_map(|step| if let Step::Field(field) = step { Some(field) } else { None });
            let named: Vec<String> = fields.filter_map(slot_name).collect();
            if let (Root::At(owner), true) = (&place.root, touch.is_dirtying() || named.is_empty()) {
                atoms.push(*owner);
            }
            slots.extend(named);
        }
        slots
    }

    fn note_in_slot(&mut self, state: &State, slot: String, mark: &Mark) {
        if self.quiet == 0 && self.is_for_real(state, mark) {
            self.fates.content.entry(slot).or_default().insert((mark.touch, self.id));
        }
    }

    fn note_touch(&mut self, state: &State, site: SiteId, kind: RefKind, mark: &Mark, pos: Pos) {
        if self.quiet > 0 {
            return;
        }
        if self.is_for_real(state, mark) {
            self.fates.of(site).touched.insert(mark.touch);
        }
        let by_device = matches!(mark.touch, Touch::DeviceRead | Touch::DeviceWrite | Touch::DeviceBoth);
        if kind == RefKind::Get && (by_device || mark.touch == Touch::Write) && self.contracts.policy().pins_for_data {
            // The kernel's own short writes by get_user_pages() are many, and some are meant so.
            self.event(state, EventKind::NotPinned { by_device }, Some(site), pos, None);
        }
    }

    /// A condition on what callers pass is theirs to judge; on anything else both ways are possible.
    fn is_for_real(&mut self, state: &State, mark: &Mark) -> bool {
        let Some(given) = &mark.given else { return true };
        match self.standing(state, given) {
            Standing::Holds => true,
            Standing::Refuted => false,
            Standing::Possible => {
                let is_param = |atom: AtomId| matches!(self.terms.get(atom), Atom::Param(_));
                let depends = given.value.terms.iter().any(|&(atom, _)| self.terms.depends(atom, &is_param));
                !depends || mark.touch.is_dirtying() || self.asked.is_root(self.id, &self.world)
            }
        }
    }

    fn standing(&self, state: &State, given: &Given) -> Standing {
        let is_zero = state.facts.proves_zero(&self.terms, &given.value);
        let is_other = state.facts.proves_not_zero(&self.terms, &given.value);
        match (is_zero, is_other, given.is_zero) {
            (true, _, true) | (_, true, false) => Standing::Holds,
            (true, _, false) | (_, true, true) => Standing::Refuted,
            _ => Standing::Possible,
        }
    }

    /// A contract's or summary's condition in this function's values.
    pub(super) fn given(&mut self, state: &State, binding: &mut Binding, test: &Test) -> Option<Given> {
        let lhs = self.expr(state, binding, &test.lhs);
        let rhs = self.expr(state, binding, &test.rhs);
        let (value, is_zero) = match test.op {
            TestOp::Eq => (lhs.minus(&rhs), true),
            TestOp::Ne => (lhs.minus(&rhs), false),
            TestOp::HasBits => (self.bit_and(&lhs, &rhs), false),
            TestOp::LacksBits => (self.bit_and(&lhs, &rhs), true),
            _ => return None,
        };
        Some(Given { value, is_zero })
    }

    /// The acquisition gives new pages: what happened to earlier ones is over, unless some are still held.
    pub(super) fn renew_content(&mut self, state: &mut State, site: Option<SiteId>) {
        if let Some(site) = site
            && !state.content.marks(site).is_empty()
            && !state.segments.iter().any(|segment| segment.site == Some(site) && segment.is_open())
        {
            Rc::make_mut(&mut state.content).renew(site);
        }
    }

    /// A write through a pointer: if it points into a page's content, the page was written to.
    pub(super) fn write_through(&mut self, state: &mut State, root: &Root) {
        let Root::At(atom) = root else { return };
        if let Atom::Apply(name, args) = self.terms.get(*atom)
            && name == "address_of"
            && let [page] = &args[..]
        {
            let what = What::One(page.clone());
            self.touch(state, Touch::Write, &what, None, self.pos);
        }
    }

    /// Pages of an acquisition are released: were they written to, and not marked dirty?
    pub(super) fn note_release(&mut self, state: &mut State, index: usize, release: Option<ReleaseId>, pos: Pos) {
        let Some(site) = state.segments[index].site else { return };
        let what = state.segments[index].what.clone();
        Rc::make_mut(&mut state.content).released.push(what);
        let marks = state.content.marks(site).to_vec();
        if marks.is_empty() || marks.iter().any(|mark| mark.touch.is_dirtying()) {
            return;
        }
        let Some(evidence) = self.evidence(state, &marks) else { return };
        let trail = state.trail.clone();
        Rc::make_mut(&mut state.content).undirtied.push(Undirtied { site, release, pos, evidence, trail });
    }

    fn evidence(&mut self, state: &State, marks: &[Mark]) -> Option<Evidence> {
        let mut is_asked = false;
        let mut best = None;
        for mark in marks.iter().filter(|mark| mark.touch == Touch::WriteAsked) {
            is_asked |= self.is_for_real(state, mark);
        }
        for mark in marks {
            let found = match mark.touch {
                Touch::DeviceWrite => Evidence::Seen,
                Touch::Write => Evidence::Brief,
                Touch::DeviceBoth if is_asked => Evidence::Mapped,
                _ => continue,
            };
            if best < Some(found) && self.is_for_real(state, mark) {
                best = Some(found);
            }
        }
        best
    }

    /// At a return: where the function succeeded, what was released undirtied had been written to. Where it failed, the
    /// transfer may never have begun.
    pub(super) fn report_undirtied(&mut self, state: &State, ret: Option<&Lin>) {
        let has_failed = ret.is_some_and(|value| {
            state.facts.proves_at_least_zero(&self.terms, &value.scaled(-1).offset(-1))
                || state.facts.proves_not_zero(&self.terms, value) && !state.facts.proves_at_least_zero(&self.terms, value)
        });
        if has_failed {
            return;
        }
        for undirtied in state.content.undirtied.clone() {
            let mut then = state.clone();
            then.trail.clone_from(&undirtied.trail);
            let kind = EventKind::Undirtied { evidence: undirtied.evidence };
            self.event(&then, kind, Some(undirtied.site), undirtied.pos, undirtied.release);
        }
    }

    /// Pages taken out of a field are released on a path that marked some dirty: those may be the same.
    pub(super) fn note_dirty_withdrawal(&mut self, state: &State, what: &What) {
        let dirtied = state.content.of_callers.iter().find(|(mark, _)| mark.touch.is_dirtying());
        if let Some((mark, _)) = dirtied {
            let mark = Mark { touch: mark.touch, given: None };
            for slot in self.slots_along(what, mark.touch) {
                self.note_in_slot(state, slot, &mark);
            }
        }
    }

    /// What callers must know of: their pages, then those that they are given (by the acquisitions in `kept`).
    pub(super) fn content_effects(&mut self, state: &State, namer: &mut Namer, kept: &[Effect]) -> (Vec<Effect>, Vec<Effect>) {
        let mut before = Vec::new();
        for (mark, what) in &state.content.of_callers {
            let what = namer.refs(self, what);
            self.add_touch(namer, mark, what, &mut before);
        }
        let mut after = Vec::new();
        for effect in kept {
            let Effect::Acquire { what, site: Some(site), .. } = effect else { continue };
            for mark in state.content.marks(*site) {
                self.add_touch(namer, mark, what.clone(), &mut after);
            }
        }
        let enter = state.content.atomic > 0;
        for _ in 0..state.content.atomic.unsigned_abs().min(limits::LOCKS_OF_CALLEE) {
            after.push(Effect::Atomic { enter });
        }
        (before, after)
    }

    fn add_touch(&self, namer: &mut Namer, mark: &Mark, what: Refs, out: &mut Vec<Effect>) {
        let (Refs::One(name) | Refs::Range { array: name, .. }) = &what;
        let given = mark.given.as_ref().map(|given| Test {
            op: if given.is_zero { TestOp::Eq } else { TestOp::Ne },
            lhs: namer.expr(self, &given.value),
            rhs: Expr::Int(0),
        });
        let is_said = given.as_ref().is_none_or(|test| is_nameable(&test.lhs));
        let given = given.filter(|_| is_said);
        // Evidence on a condition that callers cannot judge is none; dirtying on one counts.
        let is_kept = if mark.touch.is_dirtying() { true } else { is_said };
        let effect = Effect::Touch { touch: mark.touch, what: what.clone(), given };
        if is_kept && is_nameable_or_ret(name) && !out.contains(&effect) {
            out.push(effect);
        }
    }
}

/// References that callers are given are named by what is returned or stored, which may be an unknown.
fn is_nameable_or_ret(name: &Expr) -> bool {
    matches!(name, Expr::Fresh(_)) || is_nameable(name)
}

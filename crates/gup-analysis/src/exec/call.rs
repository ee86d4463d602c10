//! What a call does: by contract, by the summary of its body, as a known neutral function, or unknown.

use std::collections::{BTreeSet, HashMap};
use std::rc::Rc;
use std::sync::Arc;

use gup_ir::{Base, Callee, LocalId, Operand, Place, Pos};

use super::Exec;
use super::outcomes::at_most;
use super::reach::Reach;
use super::translate::Binding;
use crate::contract::Contract;
use crate::domain::refs::{Segment, Status, What};
use crate::domain::state::{Done, Extent, State, Unfilled};
use crate::domain::term::{Atom, AtomId, Hint, Lin, LocId, Root, Step};
use crate::limits;
use crate::program::{Known, StmtRef};
use crate::summary::{self, Effect, Expr, Outcome, Refs, ReleaseId, SiteId, Summary, TestOp};

/// One call being executed.
struct CallSite<'c> {
    name: &'c str,
    dst: Option<&'c Place>,
    args: Vec<Lin>,
    pos: Pos,
    site: Option<SiteId>,
    release: Option<ReleaseId>,
}

impl Exec<'_> {
    pub(super) fn call(
        &mut self,
        mut state: State,
        dst: Option<&Place>,
        callee: &Callee,
        args: &[Operand],
        pos: Pos,
        at: StmtRef,
    ) -> Vec<State> {
        let args: Vec<Lin> = args.iter().map(|arg| self.argument(&mut state, arg)).collect();
        match callee {
            Callee::Direct(name) => {
                let (site, release) = (self.world.sites.site_at(at), self.world.sites.release_at(at));
                self.direct(state, &CallSite { name, dst, args, pos, site, release })
            }
            Callee::Field { strukt, field, pointer } => {
                let pointer = self.operand(&mut state, pointer);
                let name = format!("{strukt}.{field}");
                let targets = self.targets(strukt, field);
                self.indirect(state, &pointer, &targets, &name, dst, args, pos)
            }
            Callee::Pointer(pointer) => {
                let pointer = self.operand(&mut state, pointer);
                let table = self.table_of(&pointer);
                let name = table.as_deref().unwrap_or("a function pointer");
                self.indirect(state, &pointer, &[], name, dst, args, pos)
            }
        }
    }

    /// An argument's value; a transparent union (`release_pages_arg`) is what was put in it.
    fn argument(&mut self, state: &mut State, arg: &Operand) -> Lin {
        if let Operand::Place(place @ Place { base: Base::Local(id), proj }) = arg
            && proj.is_empty()
            && matches!(self.function.locals[id.0 as usize].ty, gup_ir::Type::Struct(_))
        {
            let loc = self.place(state, place);
            let members: Vec<&Lin> =
                state.memory().iter().filter(|(id, _)| self.terms.place(**id).root == loc.root).map(|(_, v)| v).collect();
            if let [only] = members[..] {
                return only.clone();
            }
        }
        self.operand(state, arg)
    }

    fn direct(&mut self, mut state: State, call: &CallSite<'_>) -> Vec<State> {
        match self.world.program.known(self.id, call.name, self.contracts) {
            Known::Contract(contract) => {
                self.doubt_zeroes(&mut state, call);
                return self.by_contract(state, contract, call);
            }
            Known::Neutral => {
                self.doubt_zeroes(&mut state, call);
                return self.neutral(state, call);
            }
            Known::Nothing => {}
        }
        match self.callee(call.name) {
            // Execution that gave up before any return says nothing.
            Some(Some(summary)) if summary.outcomes.is_empty() && !summary.gaps.is_empty() => {
                self.unknown(state, call, "passed to")
            }
            Some(Some(summary)) => self.by_summary(state, &summary, call),
            Some(None) => self.unknown(state, call, "recursion through"),
            None => {
                self.unknown_callee(&state, call);
                self.unknown(state, call, "passed to")
            }
        }
    }

    /// Contracts do not say everything that a function writes: `sg_alloc_table(&obj->table)` sets the table's counts.
    fn doubt_zeroes(&mut self, state: &mut State, call: &CallSite<'_>) {
        for arg in &call.args {
            if let Some(base) = self.terms.pointer_base(arg) {
                let loc = self.terms.deref(&Lin::atom(base));
                if matches!(loc.root, Root::At(root) if self.terms.is_zeroed(root)) {
                    let loc = self.terms.deref(arg);
                    state.forget_unwritten(&mut self.terms, &loc, &mut self.epoch);
                }
            }
        }
    }

    /// A function pointer: the function it is known to be, or any of those ever stored in that field.
    #[allow(clippy::too_many_arguments)]
    fn indirect(
        &mut self,
        state: State,
        pointer: &Lin,
        targets: &[Option<Arc<Summary>>],
        name: &str,
        dst: Option<&Place>,
        args: Vec<Lin>,
        pos: Pos,
    ) -> Vec<State> {
        let call = |name, args| CallSite { name, dst, args, pos, site: None, release: None };
        if let Some(Atom::Function(name)) = pointer.as_atom().map(|atom| self.terms.get(atom).clone()) {
            return self.direct(state, &call(&name, args));
        }
        // What the pointer's own documentation promises holds for all that may be put there.
        if let Some(contract) = self.contracts.lookup(name, &self.world.program.unit(self.id).file) {
            return self.by_contract(state, contract, &call(name, args));
        }
        if self.contracts.borrows(name) {
            return self.neutral(state, &call(name, args));
        }
        // A field's name has a dot.
        if targets.is_empty() && name.contains('.') {
            self.unknown_callee(&state, &call(name, args.clone()));
        }
        if targets.is_empty() || targets.contains(&None) || targets.len() > limits::INDIRECT_TARGETS {
            return self.unknown(state, &call(name, args), "passed through");
        }
        let mut out = Vec::new();
        for summary in targets.iter().flatten() {
            out.extend(self.by_summary(state.clone(), summary, &call(name, args.clone())));
        }
        out
    }

    /// The global table that a function pointer was taken from.
    fn table_of(&self, pointer: &Lin) -> Option<String> {
        match pointer.as_atom().map(|atom| self.terms.get(atom)) {
            Some(Atom::Load(place, _)) => match &self.terms.place(*place).root {
                Root::Global(name) => Some(name.clone()),
                _ => None,
            },
            _ => None,
        }
    }

    fn by_contract(&mut self, mut state: State, contract: &Contract, call: &CallSite<'_>) -> Vec<State> {
        // Locks are many, and do nothing else.
        if let [Outcome { when, effects, .. }] = &contract.summary.outcomes[..]
            && let ([], [Effect::Atomic { enter }]) = (&when[..], &effects[..])
        {
            Rc::make_mut(&mut state.content).atomic += if *enter { 1 } else { -1 };
            return self.neutral(state, call);
        }
        if call.site.is_some() {
            self.note_site(&mut state, call);
        }
        let pages = contract.pages_param.and_then(|index| call.args.get(index as usize)).cloned();
        let mut out = Vec::new();
        let mut with_pages = state.clone();
        if let Some(pages) = pages {
            // Without an array nothing is taken: the same outcomes, less their acquisitions. Only a parameter passed on as
            // it is may or may not be NULL; `pages + done` and what was allocated are taken to be arrays.
            let may_be_null =
                pages.as_int() == Some(0) || matches!(pages.as_atom().map(|a| self.terms.get(a)), Some(Atom::Param(_)));
            let mut bare_state = state.clone();
            if may_be_null && bare_state.facts.assume_zero(&self.terms, &pages) {
                let state = bare_state;
                for (number, outcome) in contract.summary.outcomes.iter().enumerate() {
                    self.in_case(call.name, 4 * number);
                    let mut bare = outcome.clone();
                    bare.effects.retain(|effect| !matches!(effect, Effect::Acquire { .. }));
                    out.extend(self.apply(state.clone(), &bare, call, Some(contract)));
                    self.note_reached(call.site);
                }
            }
            if !with_pages.facts.assume_not_zero(&self.terms, &pages) {
                return out;
            }
        }
        let mut state = with_pages;
        if call.site.is_some() && !self.asks_for_some(&mut state, contract, call) {
            return out;
        }
        for (number, outcome) in contract.summary.outcomes.iter().enumerate() {
            let cases = if call.site.is_some() { full_and_short(outcome) } else { vec![(outcome.clone(), false)] };
            for (case, short) in cases {
                self.short = short;
                self.in_case(call.name, 4 * number + 1 + usize::from(short));
                let after = self.apply(state.clone(), &case, call, Some(contract));
                if after.is_some() && case.effects.iter().any(|effect| matches!(effect, Effect::Acquire { .. })) {
                    self.note_reached(call.site);
                }
                out.extend(after);
                self.short = false;
            }
        }
        out
    }

    /// An acquisition asks for at least one page; that it got all of none is no case worth a path.
    fn asks_for_some(&mut self, state: &mut State, contract: &Contract, call: &CallSite<'_>) -> bool {
        let mut binding = Binding { args: call.args.clone(), ret: Lin::default(), fresh: HashMap::new() };
        let asked = contract
            .summary
            .outcomes
            .iter()
            .filter(|o| o.effects.iter().any(|e| matches!(e, Effect::Acquire { .. })))
            .find_map(asked_for);
        match asked {
            Some(expr) => {
                let value = self.expr(state, &mut binding, &expr);
                state.facts.assume_at_least_zero(&self.terms, value.offset(-1))
            }
            None => true,
        }
    }

    /// The acquisition takes nothing in this outcome: what it fills in others is not filled.
    fn note_unfilled(&mut self, state: &mut State, contract: &Contract, binding: &mut Binding, site: SiteId) {
        for effect in contract.summary.outcomes.iter().flat_map(|outcome| &outcome.effects) {
            let Effect::Acquire { what, .. } = effect else { continue };
            let What::Range { base, .. } = self.refs(state, binding, what) else { continue };
            let unfilled = Unfilled { base, site, returned: binding.ret.clone() };
            if !state.unfilled.contains(&unfilled) {
                state.unfilled.push(unfilled);
            }
        }
    }

    /// Execution came to the acquisition, and it may succeed there: what cannot happen is not called balanced.
    fn note_reached(&mut self, site: Option<SiteId>) {
        if let Some(site) = site.filter(|_| self.quiet == 0) {
            self.fates.of(site).reached = true;
        }
    }

    fn note_site(&mut self, state: &mut State, call: &CallSite<'_>) {
        state.note(call.pos, format!("{}() is called here", call.name));
    }

    fn by_summary(&mut self, state: State, summary: &Summary, call: &CallSite<'_>) -> Vec<State> {
        let mut out = Vec::new();
        let open: Vec<usize> = (0..state.segments.len()).filter(|&i| state.segments[i].is_open()).collect();
        let mut state = state;
        summary.unsigned.iter().for_each(|field| self.terms.note_unsigned(field));
        self.clobber(&mut state, summary, call);
        let reaches_callers = call.args.iter().any(|arg| self.is_callers(arg));
        for (number, outcome) in at_most(self.width, &summary.outcomes).iter().enumerate() {
            self.in_case(call.name, number);
            let gap = summary.gaps.first().filter(|_| outcome.is_gapped);
            let outer = std::mem::replace(&mut self.callee_gap, gap.map(|gap| (call.name.to_owned(), gap.clone())));
            let mut after = self.apply(state.clone(), outcome, call, None);
            self.callee_gap = outer;
            if let (Some(gap), Some(after)) = (gap, &mut after) {
                self.after_gap(after, gap, reaches_callers, !open.is_empty(), call);
            }
            if let Some(after) = &mut after {
                self.note_passed_by(&state, after, call);
            }
            out.extend(after);
        }
        out
    }

    /// A path on which references get lost names those that had them in hand: one of them may be the one that should drop them.
    fn note_passed_by(&self, before: &State, after: &mut State, call: &CallSite<'_>) {
        let is_given = |segment: &&Segment| {
            let named = match &segment.what {
                What::One(page) => call.args.contains(page),
                What::Range { base, .. } => call.args.iter().any(|arg| arg.mentions(*base)),
            };
            named && segment.status == Status::Held && segment.site.is_some()
        };
        let kept = before.segments.iter().filter(is_given).filter(|segment| after.segments.contains(segment));
        let sites: BTreeSet<SiteId> = kept.filter_map(|segment| segment.site).collect();
        if sites.is_empty() || !self.is_of_source(call.name) {
            return;
        }
        sites.into_iter().for_each(|site| after.note_passed_by(call.pos, site, call.name));
    }

    /// Not one of the inline functions of headers, which are many and small.
    fn is_of_source(&self, name: &str) -> bool {
        let program = self.world.program;
        let file = |id| program.location(id, program.function(id).pos).file;
        program.callee(self.id, name).is_some_and(|id| file(id).ends_with(".c"))
    }

    /// What the callee did on this path is not wholly known. Only references that it could reach are concerned.
    fn after_gap(&mut self, state: &mut State, gap: &str, reaches_callers: bool, has_open: bool, call: &CallSite<'_>) {
        if reaches_callers {
            state.is_gapped = true;
            if self.quiet == 0 {
                self.callee_gaps.insert(format!("{}(): {gap}", call.name));
            }
        }
        if has_open {
            let why = format!("{}() is not fully understood: {gap}", call.name);
            for arg in &call.args {
                self.give_to_unknown(state, arg, &why);
            }
        }
    }

    /// May it lead to something that this function's callers hold?
    fn is_callers(&self, arg: &Lin) -> bool {
        let is_of_entry = |atom| self.terms.depends(atom, &|inner| matches!(self.terms.get(inner), Atom::Param(_)));
        arg.terms.iter().any(|&(atom, _)| is_of_entry(atom))
    }

    /// What the callee may write in places that its outcomes do not name.
    fn clobber(&mut self, state: &mut State, summary: &Summary, call: &CallSite<'_>) {
        if summary.clobbers.is_empty() {
            return;
        }
        let locals: Vec<LocalId> = call.args.iter().filter_map(|arg| self.addressed_local(arg)).collect();
        state.forget_fields(&self.terms, &summary.clobbers, &locals, &mut self.epoch);
    }

    fn addressed_local(&self, arg: &Lin) -> Option<LocalId> {
        let Atom::Addr(place) = self.terms.get(arg.as_atom()?) else { return None };
        if let Root::Local(local) = self.terms.place(*place).root { Some(local) } else { None }
    }

    /// One outcome of a contract or summary; none if its tests cannot hold here.
    fn apply(&mut self, mut state: State, outcome: &Outcome, call: &CallSite<'_>, contract: Option<&Contract>) -> Option<State> {
        let mut binding = Binding { args: call.args.clone(), ret: Lin::default(), fresh: HashMap::new() };
        binding.ret = match &outcome.returns {
            Some(Expr::Ret) | None => self.result(call, outcome, contract),
            Some(expr) => self.expr(&state, &mut binding, expr),
        };
        self.mark_counts(&state, outcome, &mut binding);
        for test in &outcome.when {
            // `ret != NULL` of an allocator means a real address.
            if test.op == TestOp::Ne && test.lhs == Expr::Ret && contract.is_some_and(|c| c.allocates) {
                if !state.facts.assume_at_least_zero(&self.terms, binding.ret.offset(-1)) {
                    return None;
                }
                continue;
            }
            if !self.assume_test(&mut state, &mut binding, test) {
                return None;
            }
        }
        if let (Some(site), Some(contract)) = (call.site, contract)
            && !outcome.effects.iter().any(|effect| matches!(effect, Effect::Acquire { .. }))
        {
            self.note_unfilled(&mut state, contract, &mut binding, site);
        }
        self.steps += outcome.effects.len() + outcome.when.len();
        let before = state.clone();
        for effect in &outcome.effects {
            self.drops_too = is_dropped_too(effect, &outcome.effects);
            if !self.effect(&mut state, &before, &mut binding, effect, call) {
                return None;
            }
        }
        self.drops_too = false;
        for atom in outcome.made.iter().filter_map(|number| binding.fresh.get(number)?.as_atom()) {
            self.note_made(&mut state, atom);
        }
        self.store_result(&mut state, call, binding.ret);
        Some(state)
    }

    /// What the callee leaves in fields of a type without sign has none.
    fn mark_counts(&mut self, state: &State, outcome: &Outcome, binding: &mut Binding) {
        for effect in &outcome.effects {
            if let Effect::Set { path, value: value @ Expr::Fresh(_) } = effect
                && let Some(summary::Step::Field(field)) = path.steps.last()
            {
                let value = self.expr(state, binding, value);
                self.terms.mark_as_held(field, &value);
            }
        }
    }

    fn result(&mut self, call: &CallSite<'_>, outcome: &Outcome, contract: Option<&Contract>) -> Lin {
        let gives = outcome.effects.iter().any(|effect| matches!(effect, Effect::Acquire { site: Some(_), .. }));
        let hint = if call.site.is_some() || gives { Hint::Count } else { Hint::Result(call.name.to_owned()) };
        let value = self.named_unknown(0, hint);
        if outcome.allocates || contract.is_some_and(|c| c.allocates) {
            self.terms.mark_pointer(&value);
            self.allocations.extend(value.as_atom());
        }
        if outcome.zeroed || contract.is_some_and(|c| c.zeroed) {
            self.terms.mark_zeroed(&value);
        }
        let elements = contract.and_then(|c| c.elements_param).and_then(|index| call.args.get(index as usize));
        if let (Some(atom), Some(elements)) = (value.as_atom(), elements) {
            self.elements.insert(atom, elements.clone());
        }
        value
    }

    /// Storage that a callee allocated and hands out. An array that references were put into is not NULL.
    fn note_made(&mut self, state: &mut State, storage: AtomId) {
        self.allocations.insert(storage);
        self.terms.mark_pointer(&Lin::atom(storage));
        let is_filled = |segment: &Segment| matches!(segment.what, What::Range { base, .. } if base == storage);
        if state.segments.iter().any(is_filled) {
            state.facts.assume_at_least_zero(&self.terms, Lin::atom(storage).offset(-1));
        }
    }

    /// One effect; false if control does not come back.
    fn effect(&mut self, state: &mut State, before: &State, binding: &mut Binding, effect: &Effect, call: &CallSite<'_>) -> bool {
        match effect {
            Effect::Acquire { kind, what, site, short } => {
                // What is returned, a page or an array of them, has its name here, wherever else it is.
                if let Some(site) = site.filter(|_| !matches!(what, Refs::One(Expr::Ret) | Refs::Range { array: Expr::Ret, .. }))
                {
                    self.in_memory.insert(site);
                }
                let origin = site.or(call.site);
                let what = self.acquired(state, before, binding, what);
                if let What::Range { base, .. } = what {
                    state.unfilled.retain(|unfilled| unfilled.base != base);
                }
                if let Some(site) = origin.filter(|_| self.quiet == 0) {
                    self.fates.of(site).kinds.insert(*kind);
                }
                if site.is_some() && !self.has_home(state, binding, &what) {
                    self.unresolved(*site, "kept in memory that callers cannot name");
                    return true;
                }
                if site.is_some() {
                    state.note(call.pos, format!("{}() returns with references taken", call.name));
                }
                if call.site.is_some() {
                    self.forget_array(state, &what);
                }
                let short = *short || self.short;
                self.acquire(state, *kind, what, origin, short);
            }
            Effect::Release { class, what, at } => {
                let what = self.refs(before, binding, what);
                self.release(state, *class, what, at.or(call.release), call.pos);
            }
            Effect::Carry { what, into } => {
                let what = self.acquired(state, before, binding, what);
                let into = self.path(state, binding, into);
                let into = self.terms.loc(into);
                self.carry(state, &what, into);
            }
            Effect::Copy { from: Refs::One(Expr::Load(from)), to: Refs::One(Expr::Load(to)) } => {
                let (from, to) = (self.path(state, binding, from), self.path(state, binding, to));
                self.copy_memory(state, &from, &to);
            }
            Effect::Copy { from, to } => {
                let (from, to) = (self.acquired(state, before, binding, from), self.acquired(state, before, binding, to));
                self.note_copy(state, from, to);
            }
            Effect::Set { path, value: copied } => {
                let value = self.expr(before, binding, copied);
                let loc = self.path(before, binding, path);
                match copied {
                    Expr::Load(from) => {
                        let from = self.path(before, binding, from);
                        self.write_structure(state, &from, &loc, value);
                    }
                    _ => state.write(&mut self.terms, &loc, value, Extent::Any, &mut self.epoch),
                }
                self.write_through(state, &loc.root);
            }
            Effect::Destroy { object } => {
                let object = self.expr(before, binding, object);
                self.destroy(state, &object, call.pos);
            }
            Effect::Publish { object } => {
                let object = self.expr(state, binding, object);
                self.publish(state, &object);
            }
            Effect::Escape { what, why } => {
                let what = self.refs(before, binding, what);
                self.escape(state, &what, why);
            }
            Effect::Forget { path } => {
                let loc = self.path(before, binding, path);
                self.note_told_number(state, &loc.root);
                self.lose_sight(state, &loc);
                state.forget(&mut self.terms, &loc, &mut self.epoch);
                self.write_through(state, &loc.root);
            }
            Effect::Later { function, argument, atomic } => {
                *state = self.later(std::mem::take(state), binding, (function, argument, *atomic), call.pos)
            }
            Effect::Touch { touch, what, given } => {
                let given = given.as_ref().and_then(|test| self.given(before, binding, test));
                match call.site {
                    // Of what was just obtained.
                    Some(site) => self.mark_obtained(state, site, *touch, given),
                    None => {
                        let what = self.refs(state, binding, what);
                        self.touch(state, *touch, &what, given, call.pos);
                    }
                }
            }
            Effect::Atomic { enter } => Rc::make_mut(&mut state.content).atomic += if *enter { 1 } else { -1 },
            Effect::NoReturn => return false,
        }
        true
    }

    /// Can this function see what the callee took? Not if it is named by an unknown that is neither returned nor stored.
    fn has_home(&self, state: &State, binding: &Binding, what: &What) -> bool {
        let atom = match what {
            What::One(value) => value.as_atom(),
            What::Range { base, .. } => what.numbers().map_or(Some(*base), |(_, first, _)| first.as_atom()),
        };
        match atom.map(|atom| (atom, self.terms.get(atom))) {
            Some((atom, Atom::Fresh(_))) => {
                binding.ret.mentions(atom) || state.memory().values().any(|value| value.mentions(atom))
            }
            _ => true,
        }
    }

    /// An acquisition overwrites the array it fills.
    fn forget_array(&mut self, state: &mut State, what: &What) {
        let What::Range { base, sub, .. } = what else { return };
        let loc = self.terms.deref(&Lin::atom(*base));
        // One allocation may hold the array and a structure behind it.
        let others: Vec<(LocId, Lin)> = state
            .memory()
            .iter()
            .filter(|(place, _)| {
                let steps = &self.terms.place(**place).steps;
                let fields = steps.get(loc.steps.len()..).unwrap_or_default();
                fields.iter().filter(|step| matches!(step, Step::Field(_))).count() > sub.len()
            })
            .map(|(&place, value)| (place, value.clone()))
            .collect();
        state.forget(&mut self.terms, &loc, &mut self.epoch);
        for (place, value) in others {
            state.set_raw(place, value);
        }
    }

    /// Others can reach the object from now on, and what hangs from it.
    pub(super) fn publish(&mut self, state: &mut State, object: &Lin) {
        // A callee cannot tell: what it stored may be a number.
        let loc = self.terms.place_at(object);
        if let Root::At(base) = loc.root {
            state.published.insert(base);
        }
        state.done.push(Done::Publish(object.clone()));
    }

    /// Would the action concern references that are open? The state stays as it is, and nothing is recorded.
    pub(super) fn would_close(&mut self, state: &State, action: impl FnOnce(&mut Self, &mut State)) -> bool {
        let open = |state: &State| state.segments.iter().filter(|segment| segment.is_open()).count();
        let mut trial = state.clone();
        self.quiet += 1;
        action(self, &mut trial);
        self.quiet -= 1;
        open(&trial) < open(state)
    }

    /// Known to keep and drop nothing.
    fn neutral(&mut self, mut state: State, call: &CallSite<'_>) -> Vec<State> {
        self.set_result(&mut state, call);
        vec![state]
    }

    fn set_result(&mut self, state: &mut State, call: &CallSite<'_>) {
        self.in_case(call.name, 0);
        let value = self.named_unknown(0, Hint::Result(call.name.to_owned()));
        self.store_result(state, call, value);
    }

    fn store_result(&mut self, state: &mut State, call: &CallSite<'_>, value: Lin) {
        if let Some(dst) = call.dst {
            let to = self.place(state, dst);
            self.store(state, dst, &to, value);
        }
    }

    /// Nothing is known of the callee: what its arguments reach may have changed, and references in it are not followed.
    fn unknown(&mut self, mut state: State, call: &CallSite<'_>, how: &str) -> Vec<State> {
        for arg in &call.args {
            if state.facts.proves_zero(&self.terms, arg) {
                continue;
            }
            let page = state.segments.iter().filter(|s| s.is_open()).find_map(|s| match &s.what {
                What::One(page) if self.terms.derives_from(arg, page) => Some(page.clone()),
                _ => None,
            });
            if let Some(page) = page {
                // A page, or its pfn, by value: assumed to be looked at only.
                Rc::make_mut(&mut state.content).lend(page);
                continue;
            }
            let why = format!("{how} {}()", call.name);
            self.give_to_unknown(&mut state, arg, &why);
            let is_address = arg.terms.len() == 1 && self.terms.split_pointer(arg).is_some();
            if is_address && !matches!(arg.as_atom().map(|a| self.terms.get(a)), Some(Atom::Function(_) | Atom::Str(_))) {
                let loc = self.terms.deref(arg);
                state.forget(&mut self.terms, &loc, &mut self.epoch);
            }
        }
        self.set_result(&mut state, call);
        vec![state]
    }

    fn unknown_callee(&mut self, state: &State, call: &CallSite<'_>) {
        let exposed =
            call.args.iter().any(|arg| self.would_close(state, |exec, trial| exec.give_to_unknown(trial, arg, "trial")));
        if exposed && self.quiet == 0 {
            self.unknown_callees.insert(call.name.to_owned());
        }
    }

    /// References that can be reached from the value went where nobody here can follow.
    pub(super) fn give_to_unknown(&mut self, state: &mut State, value: &Lin, why: &str) {
        if value.as_int().is_some() || !state.segments.iter().any(|s| s.is_open()) {
            return;
        }
        let reach = Reach::from_value(self, state, value);
        self.note_renamed_reached(state, &reach);
        for index in 0..state.segments.len() {
            if state.segments[index].is_open() && reach.holds(self, state, index) {
                state.segments[index].status = Status::Escaped(why.to_owned());
                let site = state.segments[index].site;
                self.unresolved(site, why);
            }
        }
    }
}

/// Are the pages that one effect touches among those that another drops?
pub(super) fn is_dropped_too(touch: &Effect, effects: &[Effect]) -> bool {
    let Effect::Touch { what: touched, .. } = touch else { return false };
    effects.iter().any(|effect| matches!(effect, Effect::Release { what, .. } if what == touched))
}

/// The n of `ret <= n`.
fn asked_for(outcome: &Outcome) -> Option<Expr> {
    outcome.when.iter().find(|test| test.op == TestOp::Le && test.lhs == Expr::Ret).map(|test| test.rhs.clone())
}

/// `0 < ret <= n` as two cases: everything that was asked for, and less.
fn full_and_short(outcome: &Outcome) -> Vec<(Outcome, bool)> {
    let asked = asked_for(outcome);
    let acquires = outcome.effects.iter().any(|effect| matches!(effect, Effect::Acquire { .. }));
    let Some(asked) = asked.filter(|_| acquires) else { return vec![(outcome.clone(), false)] };
    let mut full = outcome.clone();
    full.returns = Some(asked.clone());
    let mut short = outcome.clone();
    for test in &mut short.when {
        if test.op == TestOp::Le && test.lhs == Expr::Ret && test.rhs == asked {
            test.op = TestOp::Lt;
        }
    }
    vec![(full, false), (short, true)]
}

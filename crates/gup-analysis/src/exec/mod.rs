//! Symbolic execution of one function: every feasible path, loops by one algorithm, calls by summaries.
//!
//! Reading order: this file (blocks and branches), [`value`] (expressions), [`cond`] (assumptions), [`call`] (what calls do),
//! [`later`] (completions), [`names`] (unknowns that paths share), [`translate`] (summary words to values and back), [`hold`]
//! (references; [`overlap`]: which of them; [`unheld`]: released where none is held), [`content`] (what is in the pages), [`reach`] and [`homes`] (where they are kept), [`runs`] (by numbers), [`copied`] (with memory that is copied), [`join`] and [`stale`] (fewer paths; [`again`]: fewer from the start), [`loops`], [`finish`]
//! (returns to [`outcomes`]; [`kept`]: what lives on, [`slots`]: in which fields; [`unsaid`]: what callers have no word for).

mod again;
mod call;
mod cond;
mod content;
mod copied;
pub(crate) mod event;
mod finish;
pub(crate) mod flow;
mod hold;
mod homes;
mod inevitable;
mod join;
mod kept;
mod later;
mod lengths;
mod loops;
mod names;
mod outcomes;
mod overlap;
mod reach;
pub(crate) mod reached;
mod runs;
mod slots;
mod stale;
mod translate;
mod unheld;
mod unsaid;
mod value;

pub(crate) use again::run;
pub(crate) use outcomes::mentions;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use gup_ir::{BlockId, Function, Pos, Stmt, StmtKind, Terminator};
use rustc_hash::{FxHashMap, FxHashSet};

use crate::contract::Contracts;
use crate::domain::refs::{Segment, What};
use crate::domain::state::{Extent, State};
use crate::domain::term::{AtomId, Hint, Lin, Terms};
use crate::limits::{self, Width};
use crate::memo::{Asked, Question, Summaries};
use crate::program::{FnId, Program, Sites};
use crate::summary::{RefKind, ReleaseId, SiteId, Summary};
use event::{Event, EventKind, Fates, Spot};
use flow::Flow;
use names::Names;

/// What one function's analysis needs to know of the rest.
#[derive(Clone, Copy)]
pub(crate) struct World<'a> {
    pub(crate) program: &'a Program,
    pub(crate) contracts: &'a Contracts,
    pub(crate) sites: &'a Sites,
    /// Of all functions in lower components of the call graph.
    pub(crate) summaries: &'a Summaries,
    /// Nobody in the program calls it by name, or its address is taken: what it leaves in its parameters stays there.
    pub(crate) roots: &'a BTreeSet<FnId>,
    /// Bytes.
    pub(crate) page_size: i128,
}

/// Called with the position of each statement and the state before it, as text.
pub(crate) type Observer<'a> = &'a mut dyn FnMut(&Function, Pos, &str);

/// What one function's analysis brought.
pub(crate) struct Outcome {
    pub(crate) summary: Arc<Summary>,
    pub(crate) events: Vec<Event>,
    pub(crate) fates: Fates,
    /// Callees without body or contract that were handed references, and why that matters.
    pub(crate) unknown_callees: BTreeSet<String>,
}

/// The running analysis of one function.
pub(crate) struct Exec<'a> {
    world: World<'a>,
    contracts: &'a Contracts,
    id: FnId,
    function: &'a Function,
    flow: Flow,
    pub(crate) terms: Terms,
    /// Number of the last change to memory that is not a plain write.
    epoch: u32,
    names: Names,
    events: Vec<Event>,
    fates: Fates,
    unknown_callees: BTreeSet<String>,
    /// Above zero while a loop body is run to learn what it does: nothing is recorded then.
    quiet: u32,
    /// The outcome being applied is that of an acquisition which returned less than was asked for.
    short: bool,
    /// The second turn of a loop that is not understood is being looked at.
    probing: bool,
    /// Releases that may be of what lies right behind the references.
    at_end: BTreeSet<Pos>,
    steps: usize,
    most_steps: usize,
    /// How many paths are kept apart.
    width: &'static Width,
    /// Paths were dropped for their number at one point.
    is_limited: bool,
    /// Then the rest does not matter: the function will be executed again.
    gives_up: bool,
    /// The statement being executed.
    pos: Pos,
    /// Above zero while the arms of `min()` are told apart: in loops that are not understood otherwise.
    apart: u32,
    /// How often a loop's effect could not be summarised, also while that is not recorded.
    loop_failures: u32,
    /// Completions, one calling the other, that are being looked into.
    handing_on: u32,
    /// Why this function's result is not the whole truth.
    gaps: BTreeSet<String>,
    /// Of paths that are not there at all: nothing that is said of this function is the whole truth.
    is_gapped: bool,
    /// Callees that were given what this function's callers hold, and why their summaries are not the whole truth.
    callee_gaps: BTreeSet<String>,
    /// Why what is about to be reported of this path is not sure.
    path_doubt: Option<&'static str>,
    /// The branch that decided that what is about to be reported happens.
    branch: Option<Pos>,
    /// The callee whose effects are being applied, and why they are not the whole truth.
    callee_gap: Option<(String, String)>,
    /// Sites whose references a callee left in memory: the names they have there do not always survive its summary.
    in_memory: FxHashSet<SiteId>,
    /// Fields of objects of others where all the references of an acquisition that are passed on lie: where they are left if their
    /// names get lost; none where some have no such place.
    lasting: BTreeMap<SiteId, Option<(Spot, RefKind)>>,
    /// Arrays whose pages are known by their numbers, too, by acquisition.
    renamed: BTreeMap<SiteId, BTreeSet<AtomId>>,
    /// Pages may be known by their numbers in place of their array.
    takes_runs: bool,
    /// Places that may hold the first and the last number of a run, and in which loop.
    runs: Vec<(BlockId, loops::Tally)>,
    /// The completion whose effects are being applied.
    handler: Option<String>,
    /// The pages being touched are dropped by the same call: if they were dropped before, that is what is wrong.
    drops_too: bool,
    /// Storage that this function allocated.
    allocations: FxHashSet<AtomId>,
    /// How many elements such storage has, where that was said.
    elements: FxHashMap<AtomId, Lin>,
    /// All that was asked about the rest of the program.
    asked: Asked,
    /// Called before each statement: `gupcheck summary --explain`.
    observer: Option<Observer<'a>>,
}

/// States waiting at blocks, in reverse postorder.
type Pending = BTreeMap<u32, Vec<State>>;

/// Where a region of the control-flow graph was left.
#[derive(Default)]
struct Left {
    /// Edges out of the region.
    exits: Vec<(BlockId, State)>,
    /// Edges back to the region's header.
    backs: Vec<State>,
    returns: Vec<(State, Option<Lin>, Pos)>,
}

impl Left {
    fn add(&mut self, other: Left) {
        self.exits.extend(other.exits);
        self.backs.extend(other.backs);
        self.returns.extend(other.returns);
    }
}

/// What execution has recorded so far: to be put back where a part is executed again, in another way.
#[derive(Clone)]
struct Noticed {
    events: Vec<Event>,
    fates: Fates,
    unknown_callees: BTreeSet<String>,
    gaps: BTreeSet<String>,
    is_gapped: bool,
}

impl<'a> Exec<'a> {
    fn new(world: World<'a>, id: FnId, width: &'static Width, asked: Asked, observer: Option<Observer<'a>>) -> Exec<'a> {
        let function = world.program.function(id);
        Exec {
            world,
            contracts: world.contracts,
            id,
            function,
            flow: Flow::of(function),
            terms: Terms::knowing(world.contracts.numbered(), world.contracts.invariant()),
            epoch: 0,
            names: Names::default(),
            events: Vec::new(),
            fates: Fates::default(),
            unknown_callees: BTreeSet::new(),
            quiet: 0,
            short: false,
            probing: false,
            at_end: BTreeSet::new(),
            steps: 0,
            most_steps: limits::STEPS,
            width,
            is_limited: false,
            gives_up: false,
            pos: Pos::default(),
            apart: 0,
            loop_failures: 0,
            handing_on: 0,
            gaps: BTreeSet::new(),
            is_gapped: false,
            callee_gaps: BTreeSet::new(),
            path_doubt: None,
            branch: None,
            callee_gap: None,
            in_memory: FxHashSet::default(),
            lasting: BTreeMap::new(),
            renamed: BTreeMap::new(),
            takes_runs: true,
            runs: Vec::new(),
            drops_too: false,
            handler: None,
            allocations: FxHashSet::default(),
            elements: FxHashMap::default(),
            asked,
            observer,
        }
    }

    /// Once only.
    fn execute(&mut self) -> Outcome {
        let entry = self.entry_state();
        let left = self.region(None, BlockId(0), vec![entry]);
        let summary = self.summarise(left.returns);
        Outcome {
            summary: Arc::new(summary),
            events: std::mem::take(&mut self.events),
            fates: std::mem::take(&mut self.fates),
            unknown_callees: std::mem::take(&mut self.unknown_callees),
        }
    }
}

impl Exec<'_> {
    /// Runs the blocks of a region (a loop's body, or the whole function) once, inner loops as a whole.
    fn region(&mut self, header: Option<BlockId>, start: BlockId, states: Vec<State>) -> Left {
        self.as_batch(|exec| exec.region_once(header, start, states))
    }

    fn region_once(&mut self, header: Option<BlockId>, start: BlockId, states: Vec<State>) -> Left {
        let mut left = Left::default();
        let mut pending = Pending::new();
        let mut first = true;
        pending.insert(self.flow.order(start), states);
        while let Some((order, states)) = pending.pop_first() {
            if self.gives_up && self.is_limited {
                return Left::default();
            }
            let block = self.flow.block(order);
            let states = self.prune(block, states);
            let enters = self.flow.is_header(block) && !(first && header == Some(block));
            first = false;
            if enters {
                let inner = self.run_loop(block, states);
                left.returns.extend(inner.returns);
                for (target, state) in inner.exits {
                    self.send(header, order, target, state, &mut pending, &mut left);
                }
                continue;
            }
            for state in states {
                for (target, state) in self.block(block, state, &mut left.returns) {
                    self.send(header, order, target, state, &mut pending, &mut left);
                }
            }
        }
        left
    }

    /// Passes a state along an edge: within the region, back to its header, or out.
    fn send(&mut self, header: Option<BlockId>, from: u32, to: BlockId, state: State, pending: &mut Pending, left: &mut Left) {
        if header == Some(to) {
            left.backs.push(state);
        } else if header.is_some_and(|h| !self.flow.contains(h, to)) {
            left.exits.push((to, state));
        } else if self.flow.order(to) <= from {
            self.gap(&state, "irreducible control flow");
        } else {
            pending.entry(self.flow.order(to)).or_default().push(state);
        }
    }

    fn block(&mut self, block: BlockId, state: State, returns: &mut Vec<(State, Option<Lin>, Pos)>) -> Vec<(BlockId, State)> {
        let function = self.function;
        let body = &function.blocks[block.0 as usize];
        let mut states = vec![state];
        for (index, stmt) in body.stmts.iter().enumerate() {
            self.steps += states.len();
            if self.steps > self.most_steps {
                self.loop_failures += 1;
                for state in &states {
                    self.gap(state, again::ENDLESS);
                }
                return Vec::new();
            }
            self.pos = stmt.pos;
            let mut next = Vec::with_capacity(states.len());
            for state in states {
                self.observe(&state, stmt.pos);
                let index = index as u32;
                let execute = |exec: &mut Self, state| exec.stmt(state, stmt, (exec.id, block.0, index));
                next.extend(self.at_statement(state, (block, index), execute));
            }
            if next.len() > limits::DISJUNCTS_HARD {
                next = self.fewer(next);
            }
            states = next;
        }
        let mut out = Vec::new();
        for state in states {
            self.terminator(state, &body.terminator, returns, &mut out);
        }
        out
    }

    fn stmt(&mut self, mut state: State, stmt: &Stmt, at: (FnId, u32, u32)) -> Vec<State> {
        match &stmt.kind {
            StmtKind::Assign { dst, src } => self.assign(state, dst, src),
            StmtKind::Call { dst, callee, args } => self.call(state, dst.as_ref(), callee, args, stmt.pos, at),
            StmtKind::Forget(place) => {
                let loc = self.place(&mut state, place);
                state.forget(&mut self.terms, &loc, &mut self.epoch);
                vec![state]
            }
            StmtKind::Opaque { reason, reads, writes } => {
                let why = format!("not understood: {reason}");
                for read in reads {
                    let value = self.operand(&mut state, read);
                    self.give_to_unknown(&mut state, &value, &why);
                }
                for place in writes {
                    let loc = self.place(&mut state, place);
                    state.forget(&mut self.terms, &loc, &mut self.epoch);
                }
                vec![state]
            }
        }
    }

    fn terminator(
        &mut self,
        mut state: State,
        terminator: &Terminator,
        returns: &mut Vec<(State, Option<Lin>, Pos)>,
        out: &mut Vec<(BlockId, State)>,
    ) {
        match terminator {
            Terminator::Goto(target) => out.push((*target, state)),
            Terminator::Branch { cond, yes, no, pos } => {
                let (op, lhs, rhs) = self.sides(&mut state, cond);
                let mut taken = state.clone();
                let is_possible = self.assume(&mut taken, op, &lhs, &rhs);
                let may_fail = self.assume(&mut state, cond::negated(op), &lhs, &rhs);
                let message = |text: &str| if is_possible && may_fail { text.to_owned() } else { String::new() };
                taken.note(*pos, message("when this condition is true"));
                state.note(*pos, message("when this condition is false"));
                if is_possible {
                    out.push((*yes, taken));
                }
                if may_fail {
                    out.push((*no, state));
                }
            }
            Terminator::Switch { value, cases, default, pos } => {
                let value = self.operand(&mut state, value);
                self.switch(state, &value, cases, *default, *pos, out);
            }
            Terminator::Return { value, pos } => {
                let value = value.as_ref().map(|operand| self.operand(&mut state, operand));
                returns.push((state, value, *pos));
            }
            Terminator::Unreachable => {}
        }
    }

    fn switch(
        &mut self,
        mut state: State,
        value: &Lin,
        cases: &[(i64, i64, BlockId)],
        default: BlockId,
        pos: Pos,
        out: &mut Vec<(BlockId, State)>,
    ) {
        for &(low, high, target) in cases {
            let mut taken = state.clone();
            let (above, below) = (value.offset(-i128::from(low)), value.scaled(-1).offset(i128::from(high)));
            if taken.facts.assume_at_least_zero(&self.terms, above.clone())
                && taken.facts.assume_at_least_zero(&self.terms, below)
            {
                taken.note(pos, format!("in case {low}"));
                out.push((target, taken));
            }
            if low == high && !state.facts.assume_not_zero(&self.terms, &above) {
                return;
            }
        }
        state.note(pos, String::new());
        out.push((default, state));
    }

    fn entry_state(&mut self) -> State {
        let mut state = State::default();
        for index in 0..self.function.params {
            let value = Lin::atom(self.terms.atom(crate::domain::term::Atom::Param(index)));
            self.note_type(&value, &self.function.locals[index as usize].ty.clone());
            let loc = self.local(gup_ir::LocalId(index));
            state.write(&mut self.terms, &loc, value, Extent::Any, &mut self.epoch);
        }
        state
    }

    /// The function of that name as this one sees it; inside, its summary where it has one by now.
    fn callee(&mut self, name: &str) -> Option<Option<Arc<Summary>>> {
        let question = Question::Callee(name.to_owned());
        self.asked.note(question, self.id, &self.world)?.into_iter().next()
    }

    /// The summaries of all functions ever stored in that field; none for those that have none yet.
    fn targets(&mut self, strukt: &str, field: &str) -> Vec<Option<Arc<Summary>>> {
        let question = Question::Targets(strukt.to_owned(), field.to_owned());
        self.asked.note(question, self.id, &self.world).unwrap_or_default()
    }

    /// Records something wrong, unless this run only learns what a loop does.
    fn event(&mut self, state: &State, kind: EventKind, site: Option<SiteId>, pos: Pos, release: Option<ReleaseId>) {
        let branch = self.branch;
        let is_known = |event: &Event| event.identity() == (&kind, site, pos, branch, release) && event.doubts.is_empty();
        if self.quiet > 0 || self.events.iter().any(is_known) {
            return;
        }
        let assumptions = self.assumptions(state);
        // Which kind the references are of does not hang on how many there are, or on who else may have them.
        let is_of_kind = matches!(kind, EventKind::WrongClass { .. });
        let is_doubted = !is_of_kind && (state.is_gapped || self.is_gapped);
        let mut doubts: Vec<String> = if is_doubted { self.gaps.iter().cloned().collect() } else { Vec::new() };
        doubts.extend(self.callee_gap.iter().map(|(name, gap)| format!("{name}() is not fully understood: {gap}")));
        if let (EventKind::Lost { .. } | EventKind::TooFew, Some(site)) = (&kind, site)
            && self.in_memory.contains(&site)
        {
            doubts.push("the references were left in memory by a callee, which may keep them elsewhere too".into());
        }
        doubts.extend(self.path_doubt.map(str::to_owned));
        // What is not followed on this very path may be what is missing, or too much. Other paths are others' concern.
        if !is_of_kind {
            doubts.extend(state.segments.iter().filter(|segment| segment.site == site).filter_map(Segment::lost_sight));
            doubts.extend(self.loop_doubts(site));
        }
        if let EventKind::Unheld { borrowed: true, .. } = kind {
            doubts.push("whether a reference is held here depends on more than this path shows".into());
        }
        if self.width.is_least {
            doubts.push(again::BLURRED.into());
        }
        if let EventKind::Undirtied { evidence } = kind {
            doubts.extend(evidence.doubt().map(str::to_owned));
        }
        let trail = trail(state);
        let passed_by = match (&kind, site) {
            (EventKind::Lost { .. } | EventKind::TooFew, Some(site)) => state.passed_by(site),
            _ => Vec::new(),
        };
        let (handler, function) = (self.handler.clone(), self.id);
        self.events.push(Event { kind, site, function, pos, branch, release, handler, trail, passed_by, assumptions, doubts });
    }

    /// Loops of this function in which the acquisition was not understood: what they left behind may be on any path after them.
    fn loop_doubts(&self, site: Option<SiteId>) -> Vec<String> {
        let fate = site.and_then(|site| self.fates.by_site.get(&site));
        let unresolved = fate.into_iter().flat_map(|fate| &fate.unresolved);
        unresolved.filter(|(why, (at, _))| *at == self.id && loops::is_failure(why)).map(|(why, _)| why.clone()).collect()
    }

    /// The calls that this path takes to fail.
    fn assumptions(&self, state: &State) -> Vec<String> {
        let mut out = BTreeSet::new();
        for fact in state.facts.at_least_zero() {
            let [(atom, factor)] = fact.terms[..] else { continue };
            if let Hint::Result(name) = self.terms.hint(atom)
                && factor < 0
                && fact.constant <= 0
            {
                out.insert(format!("{name}() can fail"));
            }
        }
        out.into_iter().collect()
    }

    fn unresolved(&mut self, site: Option<SiteId>, why: &str) {
        if let (0, Some(site)) = (self.quiet, site) {
            let at = (self.id, self.pos);
            self.fates.of(site).unresolved.entry(why.to_owned()).or_insert(at);
        }
    }

    fn released(&mut self, site: Option<SiteId>, at: Option<ReleaseId>) {
        if let (0, Some(site), Some(at)) = (self.quiet, site, at) {
            let function = self.id;
            let pos = self.handler.is_none().then_some(self.pos);
            self.fates.of(site).releases.insert((at, function, pos));
        }
    }

    /// Something on this path was not understood: its open references are not decided, nor is the summary whole.
    fn gap(&mut self, state: &State, why: &str) {
        if self.quiet > 0 {
            return;
        }
        self.gaps.insert(why.to_owned());
        self.is_gapped = true;
        for segment in state.segments.iter().filter(|s| s.is_open()) {
            if let Some(site) = segment.site {
                self.unresolved(Some(site), why);
            }
        }
    }

    fn noticed(&self) -> Noticed {
        Noticed {
            events: self.events.clone(),
            fates: self.fates.clone(),
            unknown_callees: self.unknown_callees.clone(),
            gaps: self.gaps.clone(),
            is_gapped: self.is_gapped,
        }
    }

    /// Goes back, or forth again; returns what was noticed instead.
    fn replace_noticed(&mut self, noticed: Noticed) -> Noticed {
        Noticed {
            events: std::mem::replace(&mut self.events, noticed.events),
            fates: std::mem::replace(&mut self.fates, noticed.fates),
            unknown_callees: std::mem::replace(&mut self.unknown_callees, noticed.unknown_callees),
            gaps: std::mem::replace(&mut self.gaps, noticed.gaps),
            is_gapped: std::mem::replace(&mut self.is_gapped, noticed.is_gapped),
        }
    }

    /// Of the block's first statement, or of what it ends with.
    fn position(&self, block: BlockId) -> Pos {
        let block = &self.function.blocks[block.0 as usize];
        block.stmts.first().map(|stmt| stmt.pos).or(block.terminator.pos()).unwrap_or_default()
    }

    fn observe(&mut self, state: &State, pos: Pos) {
        if self.observer.is_some() && self.quiet == 0 {
            let text = crate::explain::state_text(&self.terms, self.function, state);
            if let Some(observer) = &mut self.observer {
                observer(self.function, pos, &text);
            }
        }
    }

    /// Shows the turn of a loop that could not be summarised, and what in it.
    fn observe_failure(&mut self, header: BlockId, turn: &State, why: &str, what: &What) {
        if self.observer.is_none() {
            return;
        }
        let what = crate::explain::what_text(&self.terms, self.function, what);
        let text = format!("    {why}: {what}, after a turn:\n{}", crate::explain::state_text(&self.terms, self.function, turn));
        let pos = self.position(header);
        if let Some(observer) = &mut self.observer {
            observer(self.function, pos, &text);
        }
    }
}

/// The noted steps, oldest first; the newest are kept when there are too many.
fn trail(state: &State) -> Vec<(Pos, String)> {
    let mut steps = Vec::new();
    let mut at = state.trail.as_ref();
    while let Some(step) = at {
        if steps.len() == limits::TRAIL {
            break;
        }
        if !step.message.is_empty() {
            steps.push((step.pos, step.message.clone()));
        }
        at = step.before.as_ref();
    }
    steps.reverse();
    steps
}

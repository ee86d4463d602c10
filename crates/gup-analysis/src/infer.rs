//! Callees first: components of the call graph are executed against the summaries below them, as many at once as there are
//! workers.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use gup_ir::{Function, Linkage};
use petgraph::algo::kosaraju_scc;
use petgraph::graph::DiGraph;

use crate::contract::Contracts;
use crate::exec::event::{Event, Fates};
use crate::exec::{self, World};
use crate::finding::Demand;
use crate::limits;
use crate::memo::{Asked, Learned, Memo, Notices, Summaries};
use crate::program::{FnId, Program, Sites};
use crate::shallow;
use crate::{Settings, Watch};

/// All summaries, and what was noticed on the way.
pub(crate) struct Inference {
    pub(crate) summaries: Summaries,
    pub(crate) roots: BTreeSet<FnId>,
    pub(crate) events: Vec<Event>,
    pub(crate) fates: Fates,
    pub(crate) unknown_callees: BTreeMap<String, FnId>,
}

pub(crate) fn infer(
    program: &Program,
    contracts: &Contracts,
    sites: &Sites,
    settings: &Settings,
    memo: &mut Memo,
    watch: Watch<'_>,
) -> Inference {
    let graph = program.call_graph(sites);
    let roots = roots(program, &graph);
    let mut inference = Inference {
        summaries: Summaries::default(),
        roots,
        events: Vec::new(),
        fates: Fates::default(),
        unknown_callees: BTreeMap::new(),
    };
    let total = program.ids().map(|id| work_of(program, sites, id)).sum();
    let progress = Progress { done: AtomicUsize::new(0), total, watch };
    for wave in waves(program, &graph) {
        // What is in one wave does not depend on each other; cycles of more than one function go one by one.
        let (single, cycles): (Vec<_>, Vec<_>) = wave.into_iter().partition(|component| component.len() == 1);
        let single: Vec<FnId> = single.into_iter().flatten().collect();
        let work = Work { program, contracts, sites, settings, graph: &graph, progress: &progress };
        let results = work.each(&inference, memo, &single);
        for (id, result) in single.into_iter().zip(results) {
            inference.add(program, memo, id, result);
        }
        for id in cycles.into_iter().flatten() {
            let result = work.one(&inference, memo, id);
            inference.add(program, memo, id, result);
        }
    }
    inference
}

/// Components of the call graph in waves: all callees of a wave's functions, and all functions that they hand to others to
/// be called later, are in earlier ones.
fn waves(program: &Program, calls: &DiGraph<FnId, ()>) -> Vec<Vec<Vec<FnId>>> {
    // kosaraju_scc is iterative (tarjan_scc recurses) and gives components callees first.
    let mut rank = vec![0; calls.node_count()];
    for (number, node) in kosaraju_scc(calls).into_iter().flatten().enumerate() {
        rank[node.index()] = number;
    }
    let mut graph = calls.clone();
    for id in program.ids() {
        for mentioned in program.mentioned(id) {
            graph.update_edge((id.0).into(), (mentioned.0).into(), ());
        }
    }
    let components = kosaraju_scc(&graph);
    let mut level: Vec<Option<usize>> = vec![None; graph.node_count()];
    let mut waves: Vec<Vec<Vec<FnId>>> = Vec::new();
    for component in components {
        let below = component.iter().flat_map(|&node| graph.neighbors(node)).filter_map(|callee| level[callee.index()]);
        let own = below.max().map_or(0, |deepest| deepest + 1);
        let mut members: Vec<FnId> = component.into_iter().map(|node| graph[node]).collect();
        // A handler that calls its submitter again: calls count before what is only handed on.
        members.sort_by_key(|id| rank[id.0 as usize]);
        members.iter().for_each(|id| level[id.0 as usize] = Some(own));
        waves.resize_with(waves.len().max(own + 1), Vec::new);
        waves[own].push(members);
    }
    for wave in &mut waves {
        wave.sort();
    }
    waves
}

/// What all functions are executed against.
struct Work<'a> {
    program: &'a Program,
    contracts: &'a Contracts,
    sites: &'a Sites,
    settings: &'a Settings,
    graph: &'a DiGraph<FnId, ()>,
    progress: &'a Progress<'a>,
}

/// Of the work that all functions are, by [`work_of`], what is done.
struct Progress<'a> {
    done: AtomicUsize,
    total: usize,
    watch: Watch<'a>,
}

/// A function's result, and what is new about it.
struct Found {
    result: Arc<Learned>,
    /// What it depends on; `None`: it was recalled.
    new: Option<(Option<bool>, Asked)>,
}

impl Work<'_> {
    /// The results of functions that do not depend on each other, in their order.
    fn each(&self, inference: &Inference, memo: &Memo, ids: &[FnId]) -> Vec<Found> {
        let workers = self.settings.workers;
        let found = spread(workers, ids, limits::RECALLED_AT_ONCE, |&id| self.recalled(inference, memo, id));
        let missing: Vec<FnId> = ids.iter().zip(&found).filter(|(_, found)| found.is_none()).map(|(id, _)| *id).collect();
        let mut executed = spread(workers, &missing, 1, |&id| self.executed(inference, id)).into_iter();
        found.into_iter().filter_map(|found| found.or_else(|| executed.next())).collect()
    }

    fn one(&self, inference: &Inference, memo: &Memo, id: FnId) -> Found {
        self.recalled(inference, memo, id).unwrap_or_else(|| self.executed(inference, id))
    }

    fn world<'w>(&'w self, inference: &'w Inference) -> World<'w> {
        World {
            program: self.program,
            contracts: self.contracts,
            sites: self.sites,
            summaries: &inference.summaries,
            roots: &inference.roots,
            page_size: i128::from(self.settings.page_size),
        }
    }

    fn is_relevant(&self, inference: &Inference, id: FnId) -> bool {
        self.sites.handles_references(id) || callees(self.graph, id).any(|callee| inference.summaries.matters(callee))
    }

    fn recalled(&self, inference: &Inference, memo: &Memo, id: FnId) -> Option<Found> {
        let result = memo.recall(&self.world(inference), id, self.is_relevant(inference, id))?;
        self.progress(id);
        Some(Found { result, new: None })
    }

    fn executed(&self, inference: &Inference, id: FnId) -> Found {
        let (world, is_relevant) = (self.world(inference), self.is_relevant(inference, id));
        let function = self.program.function(id);
        // Such a function's value is worth computing, and soon computed.
        let is_simple = function.blocks.len() <= limits::SMALL_FUNCTION && is_plain(function);
        let (outcome, asked) = match is_relevant || is_simple {
            true => exec::run(world, id, None),
            false => shallow::run(&world, id),
        };
        self.progress(id);
        Found { result: Arc::new(Learned::of(outcome)), new: Some(((!is_simple).then_some(is_relevant), asked)) }
    }

    fn progress(&self, id: FnId) {
        let Progress { done, total, watch } = self.progress;
        let work = work_of(self.program, self.sites, id);
        watch(done.fetch_add(work, Ordering::Relaxed) + work, *total);
    }
}

/// `work` done for each item on as many threads as there are workers; the results in the order of the items. `chunk`: so many
/// take longer than it takes to hand them to a thread.
fn spread<I: Sync, T: Send>(workers: usize, items: &[I], chunk: usize, work: impl Fn(&I) -> T + Sync) -> Vec<T> {
    let chunks: Vec<&[I]> = items.chunks(chunk).collect();
    let workers = workers.min(chunks.len());
    if workers < 2 {
        return items.iter().map(work).collect();
    }
    let next = AtomicUsize::new(0);
    let some = || {
        let mut done = Vec::new();
        loop {
            let number = next.fetch_add(1, Ordering::Relaxed);
            let Some(chunk) = chunks.get(number) else { return done };
            done.push((number, chunk.iter().map(&work).collect::<Vec<T>>()));
        }
    };
    let mut all: Vec<(usize, Vec<T>)> = std::thread::scope(|scope| {
        let spawn = |_| std::thread::Builder::new().stack_size(limits::THREAD_STACK).spawn_scoped(scope, some);
        let helpers: Vec<_> = (1..workers).filter_map(|number| spawn(number).ok()).collect();
        let mut all = some();
        for helper in helpers {
            match helper.join() {
                Ok(done) => all.extend(done),
                Err(panic) => std::panic::resume_unwind(panic),
            }
        }
        all
    });
    all.sort_by_key(|(number, _)| *number);
    all.into_iter().flat_map(|(_, done)| done).collect()
}

impl Inference {
    fn add(&mut self, program: &Program, memo: &mut Memo, id: FnId, found: Found) {
        let Found { result, new } = found;
        if let Some((relevant, asked)) = new {
            memo.keep(program.key(id), program.outline(id).hash, relevant, asked, result.clone());
        }
        if let Some(notices) = &result.notices {
            let Notices { events, fates, unknown_callees } = notices.clone();
            self.events.extend(events.into_iter().map(|event| Event { function: id, ..event }));
            self.fates.merge(fates.of_function(id));
            for callee in unknown_callees {
                self.unknown_callees.entry(callee).or_insert(id);
            }
        }
        self.summaries.insert(id, result);
    }
}

/// Functions that code outside the program may call.
fn roots(program: &Program, graph: &DiGraph<FnId, ()>) -> BTreeSet<FnId> {
    let is_called =
        |id: FnId| graph.neighbors_directed((id.0).into(), petgraph::Direction::Incoming).any(|caller| graph[caller] != id);
    program.ids().filter(|&id| program.is_address_taken(id) || !is_called(id)).collect()
}

pub(crate) fn callees(graph: &DiGraph<FnId, ()>, id: FnId) -> impl Iterator<Item = FnId> {
    graph.neighbors(id.0.into()).map(|callee| graph[callee])
}

/// How long a function will take, in no unit, for those who watch. Measured on 6.12: half of the time goes into the few functions
/// that handle references themselves, and there the time goes with the paths.
fn work_of(program: &Program, sites: &Sites, id: FnId) -> usize {
    let blocks = program.outline(id).blocks as usize;
    if sites.handles_references(id) { 10 * blocks * blocks } else { blocks }
}

/// Without loops, so that its value is worth computing.
fn is_plain(function: &Function) -> bool {
    !exec::flow::Flow::of(function).has_loops()
}

/// What should be read next: callers of what passes references up, definitions of what they were handed to.
pub(crate) fn demand(program: &Program, sites: &Sites, inference: &Inference) -> Demand {
    let mut demand = Demand::default();
    for (&site, fate) in &inference.fates.by_site {
        let (_, api, _) = sites.site(site);
        let givers = fate.passed_up.iter().chain(fate.returned_by.iter());
        for &id in givers {
            let function = program.outline(id);
            if function.linkage == Linkage::External {
                demand.callers_of.insert(function.name.clone(), format!("gives references of {api}() to its callers"));
            }
        }
    }
    for (callee, &by) in &inference.unknown_callees {
        demand.definitions_of.insert(callee.clone(), format!("is handed references by {}()", program.name(by)));
    }
    demand
}

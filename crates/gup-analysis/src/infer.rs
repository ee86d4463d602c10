//! Callees first: components of the call graph are executed against the summaries below them, as many at once as there are
//! workers.

mod tasks;

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
use tasks::Tasks;

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
        summaries: Summaries::of(program),
        roots,
        events: Vec::new(),
        fates: Fates::default(),
        unknown_callees: BTreeMap::new(),
    };
    let total = program.ids().map(|id| work_of(program, sites, id)).sum();
    let progress = Progress { done: AtomicUsize::new(0), total, watch };
    let (components, tasks) = components(program, sites, &graph);
    let (summaries, roots) = (&inference.summaries, &inference.roots);
    let work = Work { program, contracts, sites, settings, graph: &graph, summaries, roots, memo, progress: &progress };
    let found = tasks.run(settings.workers, |number| components[number].iter().map(|&id| work.one(id)).collect::<Vec<_>>());
    for (&id, found) in components.iter().flatten().zip(found.into_iter().flatten()) {
        inference.add(program, memo, id, found);
    }
    inference
}

/// Components of the call graph, and which must be done before which: all that a function calls and all that it hands to others to
/// be called later. So whatever function a caller hears of, directly or from its callees, is done before it; a cycle's functions are
/// done one by one.
fn components(program: &Program, sites: &Sites, calls: &DiGraph<FnId, ()>) -> (Vec<Vec<FnId>>, Tasks) {
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
    let mut number_of: Vec<usize> = vec![0; graph.node_count()];
    let (mut components, mut tasks) = (Vec::new(), Tasks::default());
    for component in kosaraju_scc(&graph) {
        let number = components.len();
        component.iter().for_each(|node| number_of[node.index()] = number);
        let below = component.iter().flat_map(|&node| graph.neighbors(node)).map(|callee| number_of[callee.index()]);
        let needs: BTreeSet<usize> = below.filter(|&other| other != number).collect();
        let mut members: Vec<FnId> = component.into_iter().map(|node| graph[node]).collect();
        // A handler that calls its submitter again: calls count before what is only handed on.
        members.sort_by_key(|id| rank[id.0 as usize]);
        tasks.add(members.iter().map(|&id| work_of(program, sites, id)).sum(), needs);
        components.push(members);
    }
    (components, tasks)
}

/// What all functions are executed against.
struct Work<'a> {
    program: &'a Program,
    contracts: &'a Contracts,
    sites: &'a Sites,
    settings: &'a Settings,
    graph: &'a DiGraph<FnId, ()>,
    /// Of what is done so far.
    summaries: &'a Summaries,
    roots: &'a BTreeSet<FnId>,
    memo: &'a Memo,
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
    fn one(&self, id: FnId) -> Found {
        let found = self.recalled(id).unwrap_or_else(|| self.executed(id));
        self.summaries.insert(id, found.result.clone());
        self.progress(id);
        found
    }

    fn world(&self) -> World<'_> {
        World {
            program: self.program,
            contracts: self.contracts,
            sites: self.sites,
            summaries: self.summaries,
            roots: self.roots,
            page_size: i128::from(self.settings.page_size),
        }
    }

    fn is_relevant(&self, id: FnId) -> bool {
        self.sites.handles_references(id) || callees(self.graph, id).any(|callee| self.summaries.matters(callee))
    }

    fn recalled(&self, id: FnId) -> Option<Found> {
        let result = self.memo.recall(&self.world(), id, self.is_relevant(id))?;
        Some(Found { result, new: None })
    }

    fn executed(&self, id: FnId) -> Found {
        let (world, is_relevant) = (self.world(), self.is_relevant(id));
        let function = self.program.function(id);
        // Such a function's value is worth computing, and soon computed.
        let is_simple = function.blocks.len() <= limits::SMALL_FUNCTION && is_plain(function);
        let (outcome, asked) = match is_relevant || is_simple {
            true => exec::run(world, id, None),
            false => shallow::run(&world, id),
        };
        Found { result: Arc::new(Learned::of(outcome)), new: Some(((!is_simple).then_some(is_relevant), asked)) }
    }

    fn progress(&self, id: FnId) {
        let Progress { done, total, watch } = self.progress;
        let work = work_of(self.program, self.sites, id);
        watch(done.fetch_add(work, Ordering::Relaxed) + work, *total);
    }
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

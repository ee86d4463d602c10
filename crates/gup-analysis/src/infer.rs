//! Callees first: components of the call graph are executed against the summaries below them, as many at once as there are
//! workers.

mod tasks;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use gup_ir::{Function, Linkage};
use petgraph::algo::kosaraju_scc;
use petgraph::graph::{DiGraph, NodeIndex};
use petgraph::visit::NodeFiltered;

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
    let world = inference.world(program, contracts, sites, settings);
    let work = Work { world, graph: &graph, memo, progress: &progress };
    let order = Order::of(program, &graph);
    let mut found: Vec<Option<Found>> = program.ids().map(|_| None).collect();
    let left = work.recall(&order, &mut found);
    let todo = |number: usize| left.items[number].iter().copied();
    let made = left.tasks.run(settings.workers, |number| todo(number).map(|id| work.one(id)).collect::<Vec<_>>());
    for (id, made) in (0..left.items.len()).flat_map(todo).zip(made.into_iter().flatten()) {
        found[id.0 as usize] = Some(made);
    }
    let mut executed = Vec::new();
    for &id in order.components.iter().flatten() {
        let Some(Found { result, new }) = found[id.0 as usize].take() else { continue };
        if let Some((relevant, asked)) = new {
            memo.keep(program.key(id), program.outline(id).hash, relevant, asked, result.clone());
            executed.push(id);
        }
        inference.add(id, &result);
    }
    memo.remember(&inference.world(program, contracts, sites, settings), &executed);
    inference
}

/// Which functions must be done before which: all that a function calls and all that it hands to others to be called later. So
/// whatever function a caller hears of, directly or from its callees, is done before it; a cycle's functions are done one by one.
struct Order {
    /// Each after those that it needs.
    components: Vec<Vec<FnId>>,
    /// By function: the component's number.
    number_of: Vec<usize>,
    /// Calls, and what is handed on.
    graph: DiGraph<FnId, ()>,
}

impl Order {
    fn of(program: &Program, calls: &DiGraph<FnId, ()>) -> Order {
        let mut graph = calls.clone();
        for id in program.ids() {
            for mentioned in program.mentioned(id) {
                graph.add_edge((id.0).into(), (mentioned.0).into(), ());
            }
        }
        // kosaraju_scc is iterative (tarjan_scc recurses) and gives components callees first.
        let members = |component: Vec<NodeIndex>| component.into_iter().map(|node| graph[node]).collect();
        let mut components: Vec<Vec<FnId>> = kosaraju_scc(&graph).into_iter().map(members).collect();
        let mut number_of = vec![0; graph.node_count()];
        for (number, &id) in
            components.iter().enumerate().flat_map(|(number, members)| members.iter().map(move |id| (number, id)))
        {
            number_of[id.0 as usize] = number;
        }
        // A handler that calls its submitter again: calls count before what is only handed on.
        let is_cyclic = |node: NodeIndex| components[number_of[node.index()]].len() > 1;
        let ranked = kosaraju_scc(&NodeFiltered::from_fn(calls, is_cyclic));
        let rank: BTreeMap<u32, usize> =
            ranked.into_iter().flatten().enumerate().map(|(rank, node)| (node.index() as u32, rank)).collect();
        components.iter_mut().for_each(|members| members.sort_by_key(|id| rank.get(&id.0)));
        Order { components, number_of, graph }
    }

    /// The components that must be done before this one, some of them more than once.
    fn needs(&self, number: usize) -> impl Iterator<Item = usize> {
        let needed = self.components[number].iter().flat_map(|&id| callees(&self.graph, id));
        needed.map(|id| self.number_of[id.0 as usize]).filter(move |&other| other != number)
    }
}

/// What has to be executed, or depends on what has.
#[derive(Default)]
struct Left {
    /// Of components, what is not recalled.
    items: Vec<Vec<FnId>>,
    tasks: Tasks,
}

/// What all functions are executed against.
struct Work<'a> {
    /// With summaries of what is done so far.
    world: World<'a>,
    graph: &'a DiGraph<FnId, ()>,
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
    /// Recalls what needs nothing that is not recalled itself. After an edit that is nearly all, and faster done one after the
    /// other than handed to threads.
    fn recall(&self, order: &Order, found: &mut [Option<Found>]) -> Left {
        let mut left = Left::default();
        let mut item_of: Vec<Option<usize>> = vec![None; order.components.len()];
        for (number, members) in order.components.iter().enumerate() {
            let needs: Vec<usize> = order.needs(number).filter_map(|other| item_of[other]).collect();
            let known = if needs.is_empty() { members.iter().map_while(|&id| self.recalled(id)).collect() } else { Vec::new() };
            let rest = &members[known.len()..];
            if !rest.is_empty() {
                item_of[number] = Some(left.items.len());
                left.tasks.add(rest.iter().map(|&id| work_of(self.world.program, self.world.sites, id)).sum(), needs);
                left.items.push(rest.to_vec());
            }
            members.iter().zip(known).for_each(|(id, known)| found[id.0 as usize] = Some(known));
        }
        left
    }

    fn one(&self, id: FnId) -> Found {
        self.recalled(id).unwrap_or_else(|| self.done(id, self.executed(id)))
    }

    fn done(&self, id: FnId, found: Found) -> Found {
        self.world.summaries.insert(id, found.result.clone());
        self.progress(id);
        found
    }

    fn is_relevant(&self, id: FnId) -> bool {
        self.world.sites.handles_references(id) || callees(self.graph, id).any(|callee| self.world.summaries.matters(callee))
    }

    fn recalled(&self, id: FnId) -> Option<Found> {
        let result = self.memo.recall(&self.world, id, || self.is_relevant(id))?;
        Some(self.done(id, Found { result, new: None }))
    }

    fn executed(&self, id: FnId) -> Found {
        let (world, is_relevant) = (self.world, self.is_relevant(id));
        let function = self.world.program.function(id);
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
        let work = work_of(self.world.program, self.world.sites, id);
        watch(done.fetch_add(work, Ordering::Relaxed) + work, *total);
    }
}

impl Inference {
    /// What its functions were executed in.
    pub(crate) fn world<'a>(
        &'a self,
        program: &'a Program,
        contracts: &'a Contracts,
        sites: &'a Sites,
        settings: &Settings,
    ) -> World<'a> {
        let (summaries, roots, page_size) = (&self.summaries, &self.roots, i128::from(settings.page_size));
        World { program, contracts, sites, summaries, roots, page_size }
    }

    fn add(&mut self, id: FnId, result: &Learned) {
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
        let givers = fate.asks_callers.iter().chain(fate.returned_by.iter());
        for &id in givers {
            let function = program.outline(id);
            if function.linkage == Linkage::External {
                demand.callers_of.insert(function.name.clone(), format!("gives references of {api}() to its callers"));
            }
        }
    }
    for (callee, &by) in &inference.unknown_callees {
        // Functions' names have no dots.
        let by_kind = if callee.contains('.') { &mut demand.targets_of } else { &mut demand.definitions_of };
        by_kind.insert(callee.clone(), format!("is handed references by {}()", program.name(by)));
    }
    demand
}

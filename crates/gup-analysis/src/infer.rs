//! Callees first: one component of the call graph after the other is executed against the summaries below it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use gup_ir::{Callee, Function, Linkage, StmtKind};
use petgraph::algo::kosaraju_scc;
use petgraph::graph::DiGraph;

use crate::Settings;
use crate::contract::Contracts;
use crate::exec::event::{Event, Fates};
use crate::exec::{self, World};
use crate::finding::Demand;
use crate::limits;
use crate::memo::{self, Memo, Summaries};
use crate::program::{FnId, Known, Program, Sites};
use crate::shallow;
use crate::summary::Effect;

/// All summaries, and what was noticed on the way.
pub(crate) struct Inference {
    pub(crate) summaries: Summaries,
    pub(crate) roots: BTreeSet<FnId>,
    pub(crate) events: Vec<Event>,
    pub(crate) fates: Fates,
    pub(crate) unknown_callees: BTreeMap<String, FnId>,
}

pub(crate) fn infer(program: &Program, contracts: &Contracts, sites: &Sites, settings: &Settings, memo: &mut Memo) -> Inference {
    let graph = program.call_graph(contracts);
    let roots = roots(program, &graph);
    let mut inference = Inference {
        summaries: Summaries::default(),
        roots,
        events: Vec::new(),
        fates: Fates::default(),
        unknown_callees: BTreeMap::new(),
    };
    // kosaraju_scc is iterative (tarjan_scc recurses) and gives components callees first.
    let order = program.execution_order(&graph);
    for component in kosaraju_scc(&order) {
        let mut members: Vec<FnId> = component.into_iter().map(|node| order[node]).collect();
        members.sort();
        for id in members {
            let function = program.function(id);
            let is_relevant = is_relevant(program, contracts, &graph, &inference.summaries, id);
            if !is_relevant && (function.blocks.len() > limits::SMALL_FUNCTION || !is_plain(function)) {
                let summary = shallow::summary(program, &inference.summaries, id);
                let hash = memo::hash_of_summary(&summary);
                inference.summaries.insert(id, Arc::new(summary), hash);
                continue;
            }
            let world = World {
                program,
                contracts,
                sites,
                summaries: &inference.summaries,
                roots: &inference.roots,
                page_size: i128::from(settings.page_size),
            };
            let (outcome, hash) = memo.recall(&world, id).unwrap_or_else(|| {
                let (outcome, asked) = exec::run(world, id, None);
                let hash = memo.keep(program, id, &outcome, asked);
                (outcome, hash)
            });
            inference.events.extend(outcome.events);
            inference.fates.merge(outcome.fates);
            for callee in outcome.unknown_callees {
                inference.unknown_callees.entry(callee).or_insert(id);
            }
            inference.summaries.insert(id, outcome.summary, hash);
        }
    }
    inference
}

/// Functions that code outside the program may call.
fn roots(program: &Program, graph: &DiGraph<FnId, ()>) -> BTreeSet<FnId> {
    let is_called =
        |id: FnId| graph.neighbors_directed((id.0).into(), petgraph::Direction::Incoming).any(|caller| graph[caller] != id);
    program.ids().filter(|&id| program.is_address_taken(id) || !is_called(id)).collect()
}

fn callees(graph: &DiGraph<FnId, ()>, id: FnId) -> impl Iterator<Item = FnId> {
    graph.neighbors(id.0.into()).map(|callee| graph[callee])
}

/// Is the function worth executing? It handles references itself, or a callee leaves something about them to it.
fn is_relevant(program: &Program, contracts: &Contracts, graph: &DiGraph<FnId, ()>, summaries: &Summaries, id: FnId) -> bool {
    let leaves = |callee: FnId| {
        summaries
            .get(callee)
            .is_some_and(|summary| summary.outcomes.iter().flat_map(|o| &o.effects).any(Effect::is_about_references))
    };
    handles_references(program, contracts, id) || callees(graph, id).any(leaves)
}

fn handles_references(program: &Program, contracts: &Contracts, id: FnId) -> bool {
    program.function(id).blocks.iter().flat_map(|block| &block.stmts).any(|stmt| {
        let StmtKind::Call { callee: Callee::Direct(name), .. } = &stmt.kind else { return false };
        let Known::Contract(contract) = program.known(id, name, contracts) else { return false };
        contract.summary.outcomes.iter().flat_map(|outcome| &outcome.effects).any(Effect::is_about_references)
    })
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
            let function = program.function(id);
            if function.linkage == Linkage::External {
                demand.callers_of.insert(function.name.clone(), format!("gives references of {api}() to its callers"));
            }
        }
    }
    for (callee, &by) in &inference.unknown_callees {
        demand.definitions_of.insert(callee.clone(), format!("is handed references by {}()", program.function(by).name));
    }
    demand
}

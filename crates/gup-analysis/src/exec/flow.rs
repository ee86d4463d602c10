//! A function's control flow: block order, natural loops, and which variables are still needed where.

use std::collections::{BTreeMap, BTreeSet};

use fixedbitset::FixedBitSet;
use gup_ir::{Access, Base, BasicBlock, BlockId, Function, LocalId, Place, Proj, Rvalue, Stmt, StmtKind, Terminator};
use petgraph::algo::dominators;
use petgraph::graph::{DiGraph, NodeIndex};
use petgraph::visit::DfsPostOrder;

/// Computed once per function. Sets of variables are by number.
pub(crate) struct Flow {
    /// Position of each block in reverse postorder.
    order: Vec<u32>,
    blocks: Vec<BlockId>,
    /// Blocks of each natural loop, by header.
    loops: BTreeMap<BlockId, BTreeSet<BlockId>>,
    /// Variables that may be read before they are written, at each block's start.
    live: Vec<FixedBitSet>,
    /// The same, where giving away a variable's address is taken to be for having it written.
    read: Vec<FixedBitSet>,
    /// Variables whose address is taken: always live.
    addressed: FixedBitSet,
}

impl Flow {
    pub(crate) fn of(function: &Function) -> Flow {
        let mut graph = DiGraph::<(), ()>::new();
        for _ in &function.blocks {
            graph.add_node(());
        }
        for (from, block) in function.blocks.iter().enumerate() {
            for to in successors(&block.terminator) {
                graph.update_edge(NodeIndex::new(from), NodeIndex::new(to.0 as usize), ());
            }
        }
        let entry = NodeIndex::new(0);
        let mut post = DfsPostOrder::new(&graph, entry);
        let mut blocks = Vec::new();
        while let Some(node) = post.next(&graph) {
            blocks.push(BlockId(node.index() as u32));
        }
        blocks.reverse();
        let mut order = vec![u32::MAX; function.blocks.len()];
        for (position, block) in blocks.iter().enumerate() {
            order[block.0 as usize] = position as u32;
        }
        let loops = natural_loops(&graph, entry);
        let blocks = loop_contiguous(blocks, &loops);
        for (position, block) in blocks.iter().enumerate() {
            order[block.0 as usize] = position as u32;
        }
        let addressed = addressed(function);
        let live = liveness(function, &[Access::Write]);
        let read = liveness(function, &[Access::Write, Access::Address]);
        Flow { order, blocks, loops, live, read, addressed }
    }

    pub(crate) fn order(&self, block: BlockId) -> u32 {
        self.order[block.0 as usize]
    }

    pub(crate) fn block(&self, order: u32) -> BlockId {
        self.blocks[order as usize]
    }

    pub(crate) fn is_header(&self, block: BlockId) -> bool {
        self.loops.contains_key(&block)
    }

    pub(crate) fn has_loops(&self) -> bool {
        !self.loops.is_empty()
    }

    pub(crate) fn is_in_loop(&self, block: BlockId) -> bool {
        self.loops.values().any(|body| body.contains(&block))
    }

    pub(crate) fn contains(&self, header: BlockId, block: BlockId) -> bool {
        self.loops.get(&header).is_some_and(|body| body.contains(&block))
    }

    /// May the variable be read from this block on, before it is written?
    pub(crate) fn is_read(&self, block: BlockId, local: LocalId) -> bool {
        self.read[block.0 as usize].contains(local.0 as usize)
    }

    /// May the variable be read after a statement of the block, before it is written?
    pub(crate) fn is_needed_after(&self, function: &Function, (block, statement): (BlockId, u32), local: LocalId) -> bool {
        let block = &function.blocks[block.0 as usize];
        let mut live = live_at_end(function, block, &self.live);
        for stmt in block.stmts.iter().skip(statement as usize + 1).rev() {
            step_back(&stmt.kind, &[Access::Write], &mut live);
        }
        self.addressed.contains(local.0 as usize) || live.contains(local.0 as usize)
    }

    /// May the variable be read from this block on, before it is written, other than by way of a pointer that is there already?
    pub(crate) fn is_live(&self, block: BlockId, local: LocalId) -> bool {
        self.live[block.0 as usize].contains(local.0 as usize)
    }

    /// Is the variable declared in the loop's body?
    pub(crate) fn is_declared_in(&self, function: &Function, header: BlockId, local: LocalId) -> bool {
        let is_declaration = |stmt: &Stmt| matches!(&stmt.kind, StmtKind::Forget(place) if place.base == Base::Local(local) && place.proj.is_empty());
        let body = self.loops.get(&header).into_iter().flatten();
        body.flat_map(|block| &function.blocks[block.0 as usize].stmts).any(is_declaration)
    }

    pub(crate) fn is_dead(&self, block: BlockId, local: LocalId) -> bool {
        !self.addressed.contains(local.0 as usize) && !self.is_live(block, local)
    }
}

/// Orders blocks so that nothing that follows a loop comes before the last block of the loop.
fn loop_contiguous(blocks: Vec<BlockId>, loops: &BTreeMap<BlockId, BTreeSet<BlockId>>) -> Vec<BlockId> {
    let mut out = blocks;
    // Outer loops first, so that inner ones end up contiguous inside them.
    let mut headers: Vec<_> = loops.iter().collect();
    headers.sort_by_key(|(_, body)| std::cmp::Reverse(body.len()));
    for (header, body) in headers {
        let Some(start) = out.iter().position(|block| block == header) else { continue };
        let (before, rest) = out.split_at(start);
        let (inside, after): (Vec<BlockId>, Vec<BlockId>) = rest.iter().copied().partition(|block| body.contains(block));
        out = before.iter().copied().chain(inside).chain(after).collect();
    }
    out
}

fn natural_loops(graph: &DiGraph<(), ()>, entry: NodeIndex) -> BTreeMap<BlockId, BTreeSet<BlockId>> {
    let dominators = dominators::simple_fast(graph, entry);
    let mut loops: BTreeMap<BlockId, BTreeSet<BlockId>> = BTreeMap::new();
    for edge in graph.edge_indices() {
        let Some((from, to)) = graph.edge_endpoints(edge) else { continue };
        if !dominators.dominators(from).is_some_and(|mut all| all.any(|node| node == to)) {
            continue;
        }
        let body = loops.entry(BlockId(to.index() as u32)).or_default();
        body.insert(BlockId(to.index() as u32));
        let mut stack = vec![from];
        while let Some(node) = stack.pop() {
            if body.insert(BlockId(node.index() as u32)) {
                stack.extend(graph.neighbors_directed(node, petgraph::Direction::Incoming));
            }
        }
    }
    loops
}

pub(crate) fn successors(terminator: &Terminator) -> Vec<BlockId> {
    match terminator {
        Terminator::Goto(target) => vec![*target],
        Terminator::Branch { yes, no, .. } => vec![*yes, *no],
        Terminator::Switch { cases, default, .. } => cases.iter().map(|case| case.2).chain([*default]).collect(),
        Terminator::Return { .. } | Terminator::Unreachable => Vec::new(),
    }
}

fn no_locals(function: &Function) -> FixedBitSet {
    FixedBitSet::with_capacity(function.locals.len())
}

fn addressed(function: &Function) -> FixedBitSet {
    let mut out = no_locals(function);
    for stmt in function.blocks.iter().flat_map(|block| &block.stmts) {
        if let StmtKind::Assign { src: Rvalue::AddrOf(Place { base: Base::Local(id), proj }), .. } = &stmt.kind
            && !proj.contains(&Proj::Deref)
        {
            out.insert(id.0 as usize);
        }
    }
    out
}

/// `writes`: what makes a variable's content new.
fn liveness(function: &Function, writes: &[Access]) -> Vec<FixedBitSet> {
    let mut live = vec![no_locals(function); function.blocks.len()];
    let mut changed = true;
    while changed {
        changed = false;
        for index in (0..function.blocks.len()).rev() {
            let block = &function.blocks[index];
            let mut now = live_at_end(function, block, &live);
            for stmt in block.stmts.iter().rev() {
                step_back(&stmt.kind, writes, &mut now);
            }
            if now != live[index] {
                live[index] = now;
                changed = true;
            }
        }
    }
    live
}

/// Behind the last statement of a block.
fn live_at_end(function: &Function, block: &BasicBlock, live: &[FixedBitSet]) -> FixedBitSet {
    let mut now = no_locals(function);
    for next in successors(&block.terminator) {
        now.union_with(&live[next.0 as usize]);
    }
    block.terminator.visit_places(&mut |place, _| add_base(place, &mut now));
    now
}

/// From what is live after a statement to what is live before it.
fn step_back(stmt: &StmtKind, writes: &[Access], live: &mut FixedBitSet) {
    let is_written = |place: &Place, access: Access| writes.contains(&access) && place.proj.is_empty();
    stmt.visit_places(&mut |place, access| {
        if let (Base::Local(id), true) = (&place.base, is_written(place, access)) {
            live.remove(id.0 as usize);
        }
    });
    stmt.visit_places(&mut |place, access| {
        if !is_written(place, access) {
            add_base(place, live);
        }
    });
}

fn add_base(place: &Place, live: &mut FixedBitSet) {
    if let Base::Local(id) = place.base {
        live.insert(id.0 as usize);
    }
}

//! The blocks of a function while they are made, and their final order.

use std::collections::HashMap;

use gup_ir::{BasicBlock, BlockId, Pos, Stmt, StmtKind, Terminator};

/// Blocks under construction. Statements go to the current block.
pub(super) struct Graph {
    blocks: Vec<Draft>,
    current: BlockId,
}

#[derive(Default)]
struct Draft {
    stmts: Vec<Stmt>,
    terminator: Option<Terminator>,
}

impl Graph {
    pub(super) fn new() -> Graph {
        Graph { blocks: vec![Draft::default()], current: BlockId(0) }
    }

    pub(super) fn new_block(&mut self) -> BlockId {
        self.blocks.push(Draft::default());
        BlockId(self.blocks.len() as u32 - 1)
    }

    pub(super) fn emit(&mut self, kind: StmtKind, pos: Pos) {
        self.blocks[self.current.0 as usize].stmts.push(Stmt { kind, pos });
    }

    /// Ends the current block and goes on in `next`.
    pub(super) fn end(&mut self, terminator: Terminator, next: BlockId) {
        let block = &mut self.blocks[self.current.0 as usize];
        debug_assert!(block.terminator.is_none(), "a block ends once");
        block.terminator = Some(terminator);
        self.current = next;
    }

    /// Ends the current block; what follows is reached only through a label.
    pub(super) fn end_dead(&mut self, terminator: Terminator) {
        let dead = self.new_block();
        self.end(terminator, dead);
    }

    /// Falls through to `next` and goes on there.
    pub(super) fn fall_into(&mut self, next: BlockId) {
        self.end(Terminator::Goto(next), next);
    }

    /// Goes on in `block`; the current one has ended, or is ended later by [`Graph::close`].
    pub(super) fn start(&mut self, block: BlockId) {
        self.current = block;
    }

    /// Ends a block that was left open.
    pub(super) fn close(&mut self, block: BlockId, terminator: Terminator) {
        self.blocks[block.0 as usize].terminator = Some(terminator);
    }

    pub(super) fn current(&self) -> BlockId {
        self.current
    }

    /// The reachable blocks, chains joined, in reverse postorder with the `yes` side first.
    pub(super) fn finish(mut self) -> Vec<BasicBlock> {
        for block in &mut self.blocks {
            let terminator = block.terminator.get_or_insert(Terminator::Unreachable);
            simplify(terminator);
        }
        self.skip_empty_blocks();
        self.join_chains();
        self.in_order()
    }

    fn terminator(&self, block: BlockId) -> &Terminator {
        self.blocks[block.0 as usize].terminator.as_ref().expect("finish gives every block a terminator")
    }

    /// An edge to a block that only goes on elsewhere becomes an edge to there.
    fn skip_empty_blocks(&mut self) {
        let targets: Vec<BlockId> = (0..self.blocks.len() as u32).map(|block| self.final_target(BlockId(block))).collect();
        for block in &mut self.blocks {
            let terminator = block.terminator.as_mut().expect("finish gives every block a terminator");
            for_each_target(terminator, |target| *target = targets[target.0 as usize]);
            simplify(terminator);
        }
    }

    fn final_target(&self, from: BlockId) -> BlockId {
        let mut block = from;
        // A chain longer than there are blocks is a loop: `for (;;);`
        for _ in 0..self.blocks.len() {
            match self.terminator(block) {
                Terminator::Goto(next) if self.blocks[block.0 as usize].stmts.is_empty() => block = *next,
                _ => return block,
            }
        }
        from
    }

    /// A block with one successor that has no other predecessor takes it over.
    fn join_chains(&mut self) {
        let mut predecessors = vec![0u32; self.blocks.len()];
        predecessors[0] = 1;
        for block in self.postorder() {
            for_each_target(&mut self.terminator(block).clone(), |target| predecessors[target.0 as usize] += 1);
        }
        for block in self.postorder() {
            while let Terminator::Goto(next) = *self.terminator(block) {
                if next == block || predecessors[next.0 as usize] != 1 {
                    break;
                }
                let taken = std::mem::take(&mut self.blocks[next.0 as usize]);
                self.blocks[next.0 as usize].terminator = Some(Terminator::Unreachable);
                let block = &mut self.blocks[block.0 as usize];
                block.stmts.extend(taken.stmts);
                block.terminator = taken.terminator;
            }
        }
    }

    fn in_order(mut self) -> Vec<BasicBlock> {
        let mut order = self.postorder();
        order.reverse();
        let numbers: HashMap<BlockId, BlockId> =
            order.iter().enumerate().map(|(number, &block)| (block, BlockId(number as u32))).collect();
        let mut blocks = Vec::with_capacity(order.len());
        for block in order {
            let draft = std::mem::take(&mut self.blocks[block.0 as usize]);
            let mut terminator = draft.terminator.expect("finish gives every block a terminator");
            for_each_target(&mut terminator, |target| *target = numbers[target]);
            blocks.push(BasicBlock { stmts: draft.stmts, terminator });
        }
        blocks
    }

    /// Reachable blocks, each after its successors (as far as loops allow). Not recursive: chains may be long.
    fn postorder(&self) -> Vec<BlockId> {
        let mut order = Vec::new();
        let mut seen = vec![false; self.blocks.len()];
        let mut stack = vec![(BlockId(0), self.successors(BlockId(0)))];
        seen[0] = true;
        while let Some((block, successors)) = stack.last_mut() {
            match successors.pop() {
                Some(next) if seen[next.0 as usize] => {}
                Some(next) => {
                    seen[next.0 as usize] = true;
                    stack.push((next, self.successors(next)));
                }
                None => {
                    order.push(*block);
                    stack.pop();
                }
            }
        }
        order
    }

    fn successors(&self, block: BlockId) -> Vec<BlockId> {
        let mut successors = Vec::new();
        for_each_target(&mut self.terminator(block).clone(), |target| successors.push(*target));
        successors
    }
}

/// A fork with one way is none.
fn simplify(terminator: &mut Terminator) {
    let only = match terminator {
        Terminator::Branch { yes, no, .. } if yes == no => Some(*yes),
        Terminator::Switch { cases, default, .. } if cases.iter().all(|case| case.2 == *default) => Some(*default),
        _ => None,
    };
    if let Some(only) = only {
        *terminator = Terminator::Goto(only);
    }
}

fn for_each_target(terminator: &mut Terminator, mut visit: impl FnMut(&mut BlockId)) {
    match terminator {
        Terminator::Goto(target) => visit(target),
        Terminator::Branch { yes, no, .. } => {
            visit(yes);
            visit(no);
        }
        Terminator::Switch { cases, default, .. } => {
            cases.iter_mut().for_each(|case| visit(&mut case.2));
            visit(default);
        }
        Terminator::Return { .. } | Terminator::Unreachable => {}
    }
}

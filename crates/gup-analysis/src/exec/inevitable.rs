//! Which branch makes a leak certain: the last one after which a release could still have come.
//!
//! ```c
//!         if (nr > max)
//!                 goto out;               // this one leaks
//!         if (!map)
//!                 goto out;               // so does this one, and mending one does not mend the other
//!         ...
//! put:    unpin_user_pages(pages, n);
//! out:    return ret;
//! ```
//! Both end at one `return`, so the branch is what tells the two leaks apart.

use std::collections::BTreeSet;

use gup_ir::{BasicBlock, BlockId, Pos};

use super::Exec;
use super::flow::successors;
use crate::domain::state::State;
use crate::summary::SiteId;

impl Exec<'_> {
    /// Loses what nobody owns any more, as one leak for each such branch.
    pub(super) fn lose_by_branch(&mut self, state: &mut State, index: usize, freed: bool, pos: Pos) {
        self.branch = self.point_of_no_return(state, state.segments[index].site);
        self.lose(state, index, freed, pos);
        self.branch = None;
    }

    /// To be asked when the paths to the releases were executed, as they were where both meet. `None`: nothing in this function releases what is lost, or no branch decided.
    fn point_of_no_return(&self, state: &State, site: Option<SiteId>) -> Option<Pos> {
        let fate = self.fates.by_site.get(&site?)?;
        let releases: BTreeSet<Pos> =
            fate.releases.iter().filter(|(_, by, _)| *by == self.id).filter_map(|release| release.2).collect();
        let hopeful = self.blocks_before(&releases);
        let all = self.function.blocks.iter();
        let decide = |block: &BasicBlock| block.terminator.pos().filter(|_| leads_into(block, &hopeful));
        let deciding: BTreeSet<Pos> = all.filter_map(decide).collect();
        let mut step = state.trail.as_ref();
        while let Some(branch) = step.filter(|branch| !deciding.contains(&branch.pos)) {
            step = branch.before.as_ref();
        }
        step.map(|branch| branch.pos)
    }

    /// The blocks from whose start control may come to one of these statements.
    fn blocks_before(&self, statements: &BTreeSet<Pos>) -> BTreeSet<BlockId> {
        let all = || self.function.blocks.iter().enumerate().map(|(number, block)| (BlockId(number as u32), block));
        let has = |block: &BasicBlock| block.stmts.iter().any(|stmt| statements.contains(&stmt.pos));
        let mut found: BTreeSet<BlockId> = all().filter(|(_, block)| has(block)).map(|(id, _)| id).collect();
        loop {
            let before: Vec<BlockId> =
                all().filter(|(id, block)| !found.contains(id) && leads_into(block, &found)).map(|(id, _)| id).collect();
            if before.is_empty() {
                return found;
            }
            found.extend(before);
        }
    }
}

fn leads_into(block: &BasicBlock, blocks: &BTreeSet<BlockId>) -> bool {
    successors(&block.terminator).iter().any(|next| blocks.contains(next))
}

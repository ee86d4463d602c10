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

use gup_ir::{BlockId, Pos};

use super::Exec;
use super::flow::successors;
use crate::domain::state::State;
use crate::summary::SiteId;

impl Exec<'_> {
    /// To be asked when the paths to the releases were executed, as they were where both meet. `None`: nothing in this function releases what is lost, or no branch decided.
    pub(super) fn point_of_no_return(&self, state: &State, site: Option<SiteId>) -> Option<Pos> {
        let fate = self.fates.by_site.get(&site?)?;
        let releases: BTreeSet<Pos> =
            fate.releases.iter().filter(|(_, by, _)| *by == self.id).filter_map(|release| release.2).collect();
        let hopeful = self.blocks_before(&releases);
        let mut step = state.trail.as_ref();
        while let Some(branch) = step {
            let is_branch = |block: &&BlockId| self.function.blocks[block.0 as usize].terminator.pos() == Some(branch.pos);
            if self.branches().iter().filter(is_branch).any(|block| self.leads_into(*block, &hopeful)) {
                return Some(branch.pos);
            }
            step = branch.before.as_ref();
        }
        None
    }

    fn branches(&self) -> Vec<BlockId> {
        let all = (0..self.function.blocks.len() as u32).map(BlockId);
        all.filter(|block| self.function.blocks[block.0 as usize].terminator.pos().is_some()).collect()
    }

    fn leads_into(&self, block: BlockId, blocks: &BTreeSet<BlockId>) -> bool {
        successors(&self.function.blocks[block.0 as usize].terminator).iter().any(|next| blocks.contains(next))
    }

    /// The blocks from whose start control may come to one of these statements.
    fn blocks_before(&self, statements: &BTreeSet<Pos>) -> BTreeSet<BlockId> {
        let all = || self.function.blocks.iter().enumerate().map(|(number, block)| (BlockId(number as u32), block));
        let has = |block: &gup_ir::BasicBlock| block.stmts.iter().any(|stmt| statements.contains(&stmt.pos));
        let mut found: BTreeSet<BlockId> = all().filter(|(_, block)| has(block)).map(|(id, _)| id).collect();
        loop {
            let before: Vec<BlockId> =
                all().map(|(id, _)| id).filter(|id| !found.contains(id) && self.leads_into(*id, &found)).collect();
            if before.is_empty() {
                return found;
            }
            found.extend(before);
        }
    }
}

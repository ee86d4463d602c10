//! Acquisition and release sites, numbered within their function, and what contracts say of the names that are called.

use std::collections::BTreeMap;

use gup_ir::{BlockId, Pos};
use rustc_hash::{FxHashMap, FxHashSet};

use super::{FnId, Known, Program, StmtRef};
use crate::contract::Contracts;
use crate::summary::{Effect, ReleaseId, SiteId};

/// Where acquisitions and releases stand.
pub(crate) struct Sites {
    by_stmt: FxHashMap<StmtRef, SiteId>,
    list: BTreeMap<SiteId, (FnId, String, Pos)>,
    release_by_stmt: FxHashMap<StmtRef, ReleaseId>,
    releases: BTreeMap<ReleaseId, (FnId, String, Pos)>,
    /// Functions that call what takes, drops or dirties references, by contract.
    handling: FxHashSet<FnId>,
    /// By unit; see [`Sites::called()`].
    called: Vec<Vec<Option<FnId>>>,
}

/// What is written down about the names of one unit.
struct OfUnit<'a, 'k> {
    program: &'a Program,
    contracts: &'a Contracts,
    unit: u32,
    /// By number of the name, once somebody asked.
    known: Vec<Option<Known<'a>>>,
    /// By symbol, where no static function of a unit has the name.
    everywhere: &'k mut [Everywhere<'a>],
}

/// What is known of a name for all units.
#[derive(Clone, Copy)]
enum Everywhere<'a> {
    NotAsked,
    Same(Known<'a>),
    DependsOnFile,
}

impl<'a> OfUnit<'a, '_> {
    fn known(&mut self, number: u32) -> Known<'a> {
        let number = number as usize;
        if let Some(known) = self.known[number] {
            return known;
        }
        let (program, contracts) = (self.program, self.contracts);
        let symbol = program.names[self.unit as usize][number];
        let name = &program.units[self.unit as usize].names[number];
        let is_own = program.statics[self.unit as usize].contains_key(&symbol);
        let look = || program.known_in(self.unit, name, is_own, contracts);
        let everywhere = &mut self.everywhere[symbol.index()];
        let known = match *everywhere {
            _ if is_own => look(),
            Everywhere::Same(known) => known,
            Everywhere::DependsOnFile => look(),
            Everywhere::NotAsked => {
                let known = look();
                *everywhere = if contracts.depends_on_file(name) { Everywhere::DependsOnFile } else { Everywhere::Same(known) };
                known
            }
        };
        self.known[number] = Some(known);
        known
    }
}

impl Sites {
    pub(crate) fn number(program: &Program, contracts: &Contracts) -> Sites {
        let mut sites = Sites {
            by_stmt: FxHashMap::default(),
            list: BTreeMap::new(),
            release_by_stmt: FxHashMap::default(),
            releases: BTreeMap::new(),
            handling: FxHashSet::default(),
            called: Vec::new(),
        };
        let mut everywhere = vec![Everywhere::NotAsked; program.symbols.count()];
        let mut ids = program.ids().peekable();
        for unit in 0..program.units.len() as u32 {
            let known = vec![None; program.names[unit as usize].len()];
            let mut of_unit = OfUnit { program, contracts, unit, known, everywhere: &mut everywhere };
            sites.called.push(vec![None; of_unit.known.len()]);
            while let Some(id) = ids.next_if(|id| program.unit_of(*id) == unit) {
                sites.number_function(&mut of_unit, id);
            }
        }
        sites
    }

    fn number_function(&mut self, of_unit: &mut OfUnit<'_, '_>, id: FnId) {
        let (program, unit) = (of_unit.program, of_unit.unit as usize);
        let (function, names) = (program.key(id), &program.unit(id).names);
        let (mut acquired, mut released) = (0, 0);
        for call in &program.outline(id).calls {
            let contract = match of_unit.known(call.callee) {
                Known::Contract(contract) => contract,
                Known::Neutral => continue,
                Known::Nothing => {
                    self.called[unit][call.callee as usize] = program.resolved[unit][call.callee as usize];
                    continue;
                }
            };
            let at = (id, call.block, call.stmt);
            let place = || (id, names[call.callee as usize].clone(), call.pos);
            if contract.site {
                let site = SiteId { function, number: acquired };
                acquired += 1;
                self.by_stmt.insert(at, site);
                self.list.insert(site, place());
            }
            let effects = || contract.summary.outcomes.iter().flat_map(|outcome| &outcome.effects);
            if effects().any(|effect| matches!(effect, Effect::Release { .. })) {
                let release = ReleaseId { function, number: released };
                released += 1;
                self.release_by_stmt.insert(at, release);
                self.releases.insert(release, place());
            }
            if effects().any(|effect| effect.is_about_references() || effect.is_dirtying() || effect.is_deciding()) {
                self.handling.insert(id);
            }
        }
    }

    /// By number of a name of the unit: the function that a call by that name leads to, where no contract stands for it. Of
    /// names by which nothing is called: none.
    pub(super) fn called(&self, unit: u32) -> &[Option<FnId>] {
        &self.called[unit as usize]
    }

    /// Does the function itself take, drop, hand on or dirty references, as contracts say?
    pub(crate) fn handles_references(&self, id: FnId) -> bool {
        self.handling.contains(&id)
    }

    pub(crate) fn site_at(&self, stmt: StmtRef) -> Option<SiteId> {
        self.by_stmt.get(&stmt).copied()
    }

    pub(crate) fn release_at(&self, stmt: StmtRef) -> Option<ReleaseId> {
        self.release_by_stmt.get(&stmt).copied()
    }

    /// Function, API and position of an acquisition.
    pub(crate) fn site(&self, id: SiteId) -> &(FnId, String, Pos) {
        &self.list[&id]
    }

    pub(crate) fn release(&self, id: ReleaseId) -> &(FnId, String, Pos) {
        &self.releases[&id]
    }

    pub(crate) fn releases(&self) -> impl Iterator<Item = (ReleaseId, &(FnId, String, Pos))> {
        self.releases.iter().map(|(&id, place)| (id, place))
    }

    /// The block in which a release stands.
    pub(crate) fn block_of(&self, program: &Program, id: ReleaseId) -> Option<BlockId> {
        let function = self.release(id).0;
        let mut calls = program.outline(function).calls.iter();
        calls.find(|call| self.release_at((function, call.block, call.stmt)) == Some(id)).map(|call| BlockId(call.block))
    }

    pub(crate) fn ids(&self) -> impl Iterator<Item = SiteId> {
        self.list.keys().copied()
    }
}

//! All units together: functions by name, indirect targets, call graph, and the numbered acquisition and release sites.
//!
//! Linking reads outlines only. A body is decoded when somebody looks into it, and its lines count from its function's own
//! (see [`gup_ir::packed`]): [`Program::location`] is the one way from a position to a line of the file.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::{Arc, OnceLock};

use gup_ir::packed::{Outline, Packed};
use gup_ir::{BlockId, Callee, Function, Linkage, Pos, StmtKind, Unit};
use petgraph::graph::{DiGraph, NodeIndex};
use rustc_hash::FxHashMap;
use serde::{Deserialize, Serialize};

use crate::contract::{Contract, Contracts};
use crate::finding::Location;
use crate::summary::{Effect, FnKey, ReleaseId, SiteId};

/// A function of the program.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub(crate) struct FnId(pub(crate) u32);

/// The linked units.
pub struct Program {
    units: Vec<Arc<Packed>>,
    /// Unit and index within it, by [`FnId`].
    functions: Vec<(u32, u32)>,
    keys: Vec<FnKey>,
    /// Functions visible everywhere: external ones and those of headers.
    by_name: FxHashMap<String, FnId>,
    /// Static functions, by unit.
    statics: Vec<FxHashMap<String, FnId>>,
    /// The function that a name of a unit stands for there, by unit and number of the name.
    resolved: Vec<Vec<Option<FnId>>>,
    /// Functions stored in a field of that structure and name, anywhere.
    stored: BTreeMap<(String, String), BTreeSet<FnId>>,
    /// Functions whose address is taken in any way.
    address_taken: BTreeSet<FnId>,
    /// In place of bodies that could not be decoded.
    unknown: Vec<OnceLock<Function>>,
}

/// What is written down about a callee.
#[derive(Clone, Copy)]
pub(crate) enum Known<'c> {
    Contract(&'c Contract),
    /// It keeps and drops no references.
    Neutral,
    Nothing,
}

/// A statement: function, block, index.
pub(crate) type StmtRef = (FnId, u32, u32);

/// Where acquisitions and releases stand.
pub(crate) struct Sites {
    by_stmt: FxHashMap<StmtRef, SiteId>,
    list: BTreeMap<SiteId, (FnId, String, Pos)>,
    release_by_stmt: FxHashMap<StmtRef, ReleaseId>,
    releases: BTreeMap<ReleaseId, (FnId, String, Pos)>,
    /// Functions that call what takes, drops or dirties references, by contract.
    handling: HashSet<FnId>,
    /// By unit and number of the name: the function that a call by that name leads to, where no contract stands for it.
    called: Vec<Vec<Option<FnId>>>,
}

impl Program {
    /// Links units, in the order given; a function of a header that several units bring counts once.
    pub fn link(units: Vec<Unit>) -> Program {
        Program::link_packed(units.iter().map(|unit| Arc::new(Packed::of(unit))).collect())
    }

    /// The same for units that are packed already.
    pub fn link_packed(units: Vec<Arc<Packed>>) -> Program {
        let mut program = Program {
            statics: vec![FxHashMap::default(); units.len()],
            units,
            functions: Vec::new(),
            keys: Vec::new(),
            by_name: FxHashMap::default(),
            resolved: Vec::new(),
            stored: BTreeMap::new(),
            address_taken: BTreeSet::new(),
            unknown: Vec::new(),
        };
        for unit in 0..program.units.len() as u32 {
            for index in 0..program.units[unit as usize].functions.len() as u32 {
                program.add(unit, index);
            }
        }
        program.unknown.resize_with(program.functions.len(), OnceLock::new);
        let resolve = |(number, unit): (usize, &Arc<Packed>)| {
            unit.names.iter().map(|name| program.find(number as u32, name)).collect::<Vec<_>>()
        };
        program.resolved = program.units.iter().enumerate().map(resolve).collect();
        program.resolve_pointers();
        program
    }

    fn add(&mut self, unit: u32, index: u32) {
        let outline = &self.units[unit as usize].functions[index as usize];
        if outline.linkage == Linkage::Header && self.by_name.contains_key(&outline.name) {
            return;
        }
        let id = FnId(self.functions.len() as u32);
        self.keys.push(key(&self.units[unit as usize], outline));
        self.functions.push((unit, index));
        let name = outline.name.clone();
        match outline.linkage {
            Linkage::Static => self.statics[unit as usize].insert(name, id),
            // A driver may have an external function of the same name in another configuration: the first stays.
            _ => Some(*self.by_name.entry(name).or_insert(id)),
        };
    }

    fn resolve_pointers(&mut self) {
        let mut stored: Vec<(Option<(String, String)>, FnId)> = Vec::new();
        let globals =
            |unit: &'_ Arc<Packed>| unit.globals.iter().map(|&name| unit.names[name as usize].clone()).collect::<Vec<_>>();
        let named: HashSet<String> = self.units.iter().flat_map(globals).collect();
        for (number, unit) in self.units.iter().enumerate() {
            // A pointer that nobody reads calls nobody: EXPORT_SYMBOL() has `static void *__addressable_f = &f`.
            for entry in unit.tables.iter().filter(|entry| !entry.strukt.is_empty() || named.contains(&entry.variable)) {
                if let Some(id) = self.find(number as u32, &entry.function) {
                    stored.push((Some((entry.strukt.clone(), entry.field.clone())), id));
                }
            }
            for mention in unit.functions.iter().flat_map(|outline| &outline.mentions) {
                if let Some(id) = self.resolved[number][mention.function as usize] {
                    let name = |number: u32| unit.names[number as usize].clone();
                    stored.push((mention.field.map(|(strukt, field)| (name(strukt), name(field))), id));
                }
            }
        }
        for (field, id) in stored {
            self.address_taken.insert(id);
            if let Some(field) = field {
                self.stored.entry(field).or_default().insert(id);
            }
        }
    }

    /// The function of that name as seen from a unit.
    fn find(&self, unit: u32, name: &str) -> Option<FnId> {
        self.statics[unit as usize].get(name).or_else(|| self.by_name.get(name)).copied()
    }

    pub(crate) fn callee(&self, caller: FnId, name: &str) -> Option<FnId> {
        self.find(self.functions[caller.0 as usize].0, name)
    }

    /// What is written down about a call. A static function of the caller's own unit is not the API of the same name.
    pub(crate) fn known<'c>(&self, caller: FnId, name: &str, contracts: &'c Contracts) -> Known<'c> {
        self.known_in(self.functions[caller.0 as usize].0, name, contracts)
    }

    fn known_in<'c>(&self, unit: u32, name: &str, contracts: &'c Contracts) -> Known<'c> {
        let file = &self.units[unit as usize].file;
        let is_own = self.statics[unit as usize].contains_key(name);
        let contract = if is_own { contracts.of_file(name, file) } else { contracts.lookup(name, file) };
        match contract {
            Some(contract) => Known::Contract(contract),
            None if !is_own && contracts.borrows(name) => Known::Neutral,
            None => Known::Nothing,
        }
    }

    /// Targets of a call through a field, as far as known.
    pub(crate) fn targets(&self, strukt: &str, field: &str) -> Vec<FnId> {
        self.stored.get(&(strukt.to_owned(), field.to_owned())).map(|set| set.iter().copied().collect()).unwrap_or_default()
    }

    pub(crate) fn ids(&self) -> impl Iterator<Item = FnId> + use<> {
        (0..self.functions.len() as u32).map(FnId)
    }

    pub(crate) fn outline(&self, id: FnId) -> &Outline {
        let (unit, index) = self.functions[id.0 as usize];
        &self.units[unit as usize].functions[index as usize]
    }

    pub(crate) fn name(&self, id: FnId) -> &str {
        &self.outline(id).name
    }

    /// Its body, decoded when it is first asked for. Lines count from the function's own.
    pub(crate) fn function(&self, id: FnId) -> &Function {
        let (unit, index) = self.functions[id.0 as usize];
        self.units[unit as usize].function(index).unwrap_or_else(|| {
            let outline = self.outline(id);
            self.unknown[id.0 as usize].get_or_init(|| Function::unknown(&outline.name, outline.linkage))
        })
    }

    /// Files of units with a body that could not be decoded: whoever kept them must read them again, and what was concluded
    /// from this program is void.
    pub fn damaged(&self) -> BTreeSet<String> {
        let is_missing = |(number, missing): (usize, &OnceLock<Function>)| missing.get().is_some().then_some(FnId(number as u32));
        let missing = self.unknown.iter().enumerate().filter_map(is_missing);
        missing.map(|id| self.unit(id).file.clone()).collect()
    }

    pub(crate) fn unit(&self, id: FnId) -> &Packed {
        &self.units[self.functions[id.0 as usize].0 as usize]
    }

    pub(crate) fn unit_of(&self, id: FnId) -> u32 {
        self.functions[id.0 as usize].0
    }

    /// Functions of a unit, but for those of headers that an earlier one brought.
    pub(crate) fn functions_of(&self, unit: u32) -> impl Iterator<Item = FnId> {
        self.ids().filter(move |&id| self.unit_of(id) == unit)
    }

    /// Functions that these files define.
    pub(crate) fn functions_in(&self, files: &BTreeSet<String>) -> impl Iterator<Item = FnId> {
        let is_one =
            |id: FnId| self.unit(id).files.get(self.outline(id).file.0 as usize).is_some_and(|file| files.contains(file));
        self.ids().filter(move |&id| is_one(id))
    }

    /// The main file of a unit.
    pub(crate) fn file_of(&self, unit: u32) -> &str {
        &self.units[unit as usize].file
    }

    /// Units whose main file defines a structure of that name.
    pub(crate) fn units_with_private(&self, strukt: &str) -> impl Iterator<Item = u32> {
        let has = move |unit: &Arc<Packed>| unit.private_structs.iter().any(|name| name == strukt);
        (0..self.units.len() as u32).filter(move |&number| has(&self.units[number as usize]))
    }

    /// The name of what a statement calls.
    pub(crate) fn called_at(&self, id: FnId, pos: Pos) -> Option<&str> {
        let calls = self.function(id).blocks.iter().flat_map(|block| &block.stmts).filter(|stmt| stmt.pos == pos);
        calls.into_iter().find_map(|stmt| match &stmt.kind {
            StmtKind::Call { callee: Callee::Direct(name), .. } => Some(name.as_str()),
            StmtKind::Call { callee: Callee::Field { field, .. }, .. } => Some(field.as_str()),
            _ => None,
        })
    }

    /// The same for the same function of another program: a `static` one is told from its namesakes by its unit.
    pub(crate) fn key(&self, id: FnId) -> FnKey {
        self.keys[id.0 as usize]
    }

    pub(crate) fn is_address_taken(&self, id: FnId) -> bool {
        self.address_taken.contains(&id)
    }

    /// Functions whose address a function stores or passes: what it hands on may be called with what it gives them.
    pub(crate) fn mentioned(&self, id: FnId) -> BTreeSet<FnId> {
        let resolved = &self.resolved[self.functions[id.0 as usize].0 as usize];
        self.outline(id).mentions.iter().filter_map(|mention| resolved[mention.function as usize]).collect()
    }

    /// Completions of those fields in which `depositor` installs others: they never see what it leaves.
    ///
    /// ```c
    ///         req->r_callback = finish_read;          // not writepages_finish()
    /// ```
    pub(crate) fn passed_over(&self, depositor: FnId) -> BTreeSet<FnId> {
        let installed = self.mentioned(depositor);
        let fields = self.stored.values().filter(|set| installed.iter().any(|function| set.contains(function)));
        fields.flatten().copied().filter(|function| !installed.contains(function)).collect()
    }

    /// All functions of that name.
    pub(crate) fn named(&self, name: &str) -> Vec<FnId> {
        self.ids().filter(|&id| self.name(id) == name).collect()
    }

    /// Where a position of a function's body lies.
    pub(crate) fn location(&self, function: FnId, pos: Pos) -> Location {
        let pos = self.outline(function).absolute(pos);
        let file = self.unit(function).files.get(pos.file.0 as usize).cloned().unwrap_or_default();
        Location { file, line: pos.line, column: pos.column }
    }

    /// Who calls whom, directly or through a field. An edge means that the caller's analysis uses the callee's summary.
    pub(crate) fn call_graph(&self, sites: &Sites) -> DiGraph<FnId, ()> {
        let mut graph = DiGraph::new();
        for id in self.ids() {
            graph.add_node(id);
        }
        for caller in self.ids() {
            for callee in self.called_by(caller, &sites.called[self.unit_of(caller) as usize]) {
                graph.add_edge(NodeIndex::new(caller.0 as usize), NodeIndex::new(callee.0 as usize), ());
            }
        }
        graph
    }

    /// `called`: see [`Sites`]; of its unit.
    fn called_by(&self, caller: FnId, called: &[Option<FnId>]) -> BTreeSet<FnId> {
        let (outline, names) = (self.outline(caller), &self.unit(caller).names);
        let direct = outline.calls.iter().filter_map(|call| called[call.callee as usize]);
        let field = |&(strukt, field): &(u32, u32)| self.targets(&names[strukt as usize], &names[field as usize]);
        direct.chain(outline.through.iter().flat_map(field)).collect()
    }
}

fn key(unit: &Packed, outline: &Outline) -> FnKey {
    let own = if outline.linkage == Linkage::Header { "" } else { unit.file.as_str() };
    let file = unit.files.get(outline.file.0 as usize).map_or("", String::as_str);
    let mut hasher = DefaultHasher::new();
    (own, file, &outline.name).hash(&mut hasher);
    FnKey(hasher.finish())
}

impl Sites {
    pub(crate) fn number(program: &Program, contracts: &Contracts) -> Sites {
        let mut sites = Sites {
            by_stmt: FxHashMap::default(),
            list: BTreeMap::new(),
            release_by_stmt: FxHashMap::default(),
            releases: BTreeMap::new(),
            handling: HashSet::new(),
            called: Vec::new(),
        };
        let mut ids = program.ids().peekable();
        for number in 0..program.units.len() as u32 {
            let names = &program.units[number as usize].names;
            let known: Vec<Known<'_>> = names.iter().map(|name| program.known_in(number, name, contracts)).collect();
            let resolved = &program.resolved[number as usize];
            let called = resolved.iter().zip(&known).map(|(id, known)| id.filter(|_| matches!(known, Known::Nothing)));
            sites.called.push(called.collect());
            while let Some(id) = ids.next_if(|id| program.functions[id.0 as usize].0 == number) {
                sites.number_function(program, id, &known);
            }
        }
        sites
    }

    /// `known`: what is written down about each name of its unit.
    fn number_function(&mut self, program: &Program, id: FnId, known: &[Known<'_>]) {
        let (mut acquired, mut released) = (0, 0);
        let (function, names) = (program.key(id), &program.unit(id).names);
        for call in &program.outline(id).calls {
            let Known::Contract(contract) = known[call.callee as usize] else { continue };
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
            if effects().any(|effect| effect.is_about_references() || effect.is_dirtying()) {
                self.handling.insert(id);
            }
        }
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
    pub(crate) fn block_of(&self, id: ReleaseId) -> Option<BlockId> {
        self.release_by_stmt.iter().find(|&(_, &release)| release == id).map(|((_, block, _), _)| BlockId(*block))
    }

    pub(crate) fn ids(&self) -> impl Iterator<Item = SiteId> {
        self.list.keys().copied()
    }
}

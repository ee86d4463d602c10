//! All units together: functions by name, indirect targets, call graph, and the numbered acquisition and release sites.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::hash::{DefaultHasher, Hash, Hasher};

use gup_ir::{Base, BlockId, Callee, Function, Linkage, Operand, Pos, Proj, Rvalue, StmtKind, Unit};
use petgraph::graph::{DiGraph, NodeIndex};
use serde::{Deserialize, Serialize};

use crate::contract::{Contract, Contracts};
use crate::finding::Location;
use crate::summary::{Effect, FnKey, ReleaseId, SiteId};

/// A function of the program.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub(crate) struct FnId(pub(crate) u32);

/// The linked units.
pub struct Program {
    units: Vec<Unit>,
    /// Unit and index within it, by [`FnId`].
    functions: Vec<(u32, u32)>,
    /// Functions visible everywhere: external ones and those of headers.
    by_name: HashMap<String, FnId>,
    /// Static functions, by unit and name.
    statics: HashMap<(u32, String), FnId>,
    /// Functions stored in a field of that structure and name, anywhere.
    stored: BTreeMap<(String, String), BTreeSet<FnId>>,
    /// Functions whose address is taken in any way.
    address_taken: BTreeSet<FnId>,
}

/// What is written down about a callee.
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
    by_stmt: HashMap<StmtRef, SiteId>,
    list: BTreeMap<SiteId, (FnId, String, Pos)>,
    release_by_stmt: HashMap<StmtRef, ReleaseId>,
    releases: BTreeMap<ReleaseId, (FnId, String, Pos)>,
}

impl Program {
    /// Links units, in the order given; a function of a header that several units bring counts once.
    pub fn link(units: Vec<Unit>) -> Program {
        let mut program = Program {
            units,
            functions: Vec::new(),
            by_name: HashMap::new(),
            statics: HashMap::new(),
            stored: BTreeMap::new(),
            address_taken: BTreeSet::new(),
        };
        for unit in 0..program.units.len() as u32 {
            for index in 0..program.units[unit as usize].functions.len() as u32 {
                program.add(unit, index);
            }
        }
        program.resolve_pointers();
        program
    }

    fn add(&mut self, unit: u32, index: u32) {
        let function = &self.units[unit as usize].functions[index as usize];
        let (name, linkage) = (function.name.clone(), function.linkage);
        if linkage == Linkage::Header && self.by_name.contains_key(&name) {
            return;
        }
        let id = FnId(self.functions.len() as u32);
        self.functions.push((unit, index));
        match linkage {
            Linkage::Static => self.statics.insert((unit, name), id),
            // A driver may have an external function of the same name in another configuration: the first stays.
            _ => Some(*self.by_name.entry(name).or_insert(id)),
        };
    }

    fn resolve_pointers(&mut self) {
        let mut stored: Vec<(Option<(String, String)>, FnId)> = Vec::new();
        let named = self.named_globals();
        for (number, unit) in self.units.iter().enumerate() {
            // A pointer that nobody reads calls nobody: EXPORT_SYMBOL() has `static void *__addressable_f = &f`.
            for entry in unit.tables.iter().filter(|entry| !entry.strukt.is_empty() || named.contains(entry.variable.as_str())) {
                if let Some(id) = self.find(number as u32, &entry.function) {
                    stored.push((Some((entry.strukt.clone(), entry.field.clone())), id));
                }
            }
            for function in &unit.functions {
                for stmt in function.blocks.iter().flat_map(|b| &b.stmts) {
                    self.pointers_of(number as u32, &stmt.kind, &mut stored);
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

    /// Global variables that a function names.
    fn named_globals(&self) -> HashSet<String> {
        let mut names = HashSet::new();
        for function in self.units.iter().flat_map(|unit| &unit.functions) {
            function.visit_places(&mut |place, _| {
                if let Base::Global(name) = &place.base
                    && !names.contains(name)
                {
                    names.insert(name.clone());
                }
            });
        }
        names
    }

    /// Functions whose address a statement stores or passes.
    fn pointers_of(&self, unit: u32, stmt: &StmtKind, out: &mut Vec<(Option<(String, String)>, FnId)>) {
        let mut take = |name: &str, field: Option<(String, String)>| {
            if let Some(id) = self.find(unit, name) {
                out.push((field, id));
            }
        };
        match stmt {
            StmtKind::Assign { dst, src } => {
                let field = match dst.proj.last() {
                    Some(Proj::Field { strukt, field }) => Some((strukt.clone(), field.clone())),
                    _ => None,
                };
                let values = match src {
                    Rvalue::Use(value) | Rvalue::Cast { value, .. } => [Some(value), None],
                    Rvalue::Select { yes, no, .. } => [Some(yes), Some(no)],
                    _ => [None, None],
                };
                for value in values.into_iter().flatten() {
                    if let Operand::Function(name) = value {
                        take(name, field.clone());
                    }
                }
            }
            StmtKind::Call { args, .. } => {
                for arg in args {
                    if let Operand::Function(name) = arg {
                        take(name, None);
                    }
                }
            }
            _ => {}
        }
    }

    /// The function of that name as seen from a unit.
    fn find(&self, unit: u32, name: &str) -> Option<FnId> {
        self.statics.get(&(unit, name.to_owned())).or_else(|| self.by_name.get(name)).copied()
    }

    pub(crate) fn callee(&self, caller: FnId, name: &str) -> Option<FnId> {
        self.find(self.functions[caller.0 as usize].0, name)
    }

    /// What is written down about a call. A static function of the caller's own unit is not the API of the same name.
    pub(crate) fn known<'c>(&self, caller: FnId, name: &str, contracts: &'c Contracts) -> Known<'c> {
        let file = &self.unit(caller).file;
        let is_own = self.statics.contains_key(&(self.functions[caller.0 as usize].0, name.to_owned()));
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

    pub(crate) fn function(&self, id: FnId) -> &Function {
        let (unit, index) = self.functions[id.0 as usize];
        &self.units[unit as usize].functions[index as usize]
    }

    pub(crate) fn unit(&self, id: FnId) -> &Unit {
        &self.units[self.functions[id.0 as usize].0 as usize]
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
        let (function, unit) = (self.function(id), self.unit(id));
        let own = if function.linkage == Linkage::Header { "" } else { unit.file.as_str() };
        let file = unit.files.get(function.pos.file.0 as usize).map_or("", String::as_str);
        let mut hasher = DefaultHasher::new();
        (own, file, &function.name).hash(&mut hasher);
        FnKey(hasher.finish())
    }

    pub(crate) fn is_address_taken(&self, id: FnId) -> bool {
        self.address_taken.contains(&id)
    }

    /// Functions whose address a function stores or passes: what it hands on may be called with what it gives them.
    pub(crate) fn mentioned(&self, id: FnId) -> BTreeSet<FnId> {
        let (unit, _) = self.functions[id.0 as usize];
        let mut out = Vec::new();
        for stmt in self.function(id).blocks.iter().flat_map(|block| &block.stmts) {
            self.pointers_of(unit, &stmt.kind, &mut out);
        }
        out.into_iter().map(|(_, function)| function).collect()
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
        self.ids().filter(|&id| self.function(id).name == name).collect()
    }

    pub(crate) fn location(&self, function: FnId, pos: Pos) -> Location {
        let file = self.unit(function).files.get(pos.file.0 as usize).cloned().unwrap_or_default();
        Location { file, line: pos.line, column: pos.column }
    }

    /// Who calls whom, directly or through a field. An edge means that the caller's analysis uses the callee's summary.
    pub(crate) fn call_graph(&self, contracts: &Contracts) -> DiGraph<FnId, ()> {
        let mut graph = DiGraph::new();
        for id in self.ids() {
            graph.add_node(id);
        }
        for caller in self.ids() {
            for callee in self.callees(caller, contracts) {
                graph.add_edge(NodeIndex::new(caller.0 as usize), NodeIndex::new(callee.0 as usize), ());
            }
        }
        graph
    }

    pub(crate) fn callees(&self, caller: FnId, contracts: &Contracts) -> BTreeSet<FnId> {
        let mut callees = BTreeSet::new();
        for stmt in self.function(caller).blocks.iter().flat_map(|b| &b.stmts) {
            let StmtKind::Call { callee, .. } = &stmt.kind else { continue };
            match callee {
                Callee::Direct(name) => {
                    if let Some(callee) = self.callee(caller, name)
                        && !callees.contains(&callee)
                        && matches!(self.known(caller, name, contracts), Known::Nothing)
                    {
                        callees.insert(callee);
                    }
                }
                Callee::Field { strukt, field, .. } => callees.extend(self.targets(strukt, field)),
                _ => {}
            }
        }
        callees
    }
}

impl Sites {
    pub(crate) fn number(program: &Program, contracts: &Contracts) -> Sites {
        let mut sites =
            Sites { by_stmt: HashMap::new(), list: BTreeMap::new(), release_by_stmt: HashMap::new(), releases: BTreeMap::new() };
        for id in program.ids() {
            let function = program.key(id);
            let (mut acquired, mut released) = (0, 0);
            for (block, body) in program.function(id).blocks.iter().enumerate() {
                for (index, stmt) in body.stmts.iter().enumerate() {
                    let StmtKind::Call { callee: Callee::Direct(name), .. } = &stmt.kind else { continue };
                    let Known::Contract(contract) = program.known(id, name, contracts) else { continue };
                    let at = (id, block as u32, index as u32);
                    if contract.site {
                        let site = SiteId { function, number: acquired };
                        acquired += 1;
                        sites.by_stmt.insert(at, site);
                        sites.list.insert(site, (id, name.clone(), stmt.pos));
                    }
                    let releases = contract.summary.outcomes.iter().flat_map(|o| &o.effects);
                    if releases.into_iter().any(|effect| matches!(effect, Effect::Release { .. })) {
                        let release = ReleaseId { function, number: released };
                        released += 1;
                        sites.release_by_stmt.insert(at, release);
                        sites.releases.insert(release, (id, name.clone(), stmt.pos));
                    }
                }
            }
        }
        sites
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

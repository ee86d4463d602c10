//! All units together: functions by name, indirect targets, call graph, and the numbered acquisition and release sites.
//!
//! Linking reads outlines only. A body is decoded when somebody looks into it, and its positions are numbers (see
//! [`gup_ir::packed`]): [`Program::location`] is the one way from a position to a line of the file.

mod sites;
mod symbols;

use std::collections::{BTreeSet, HashSet};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::{Arc, OnceLock};

use gup_ir::packed::{Outline, Packed};
use gup_ir::{Callee, Function, Linkage, Pos, StmtKind, Unit};
use petgraph::graph::{DiGraph, NodeIndex};
use rustc_hash::FxHashMap;
use serde::{Deserialize, Serialize};

use crate::contract::{Contract, Contracts};
use crate::finding::Location;
use crate::summary::FnKey;

pub(crate) use sites::Sites;
use symbols::{Symbol, Symbols};

/// A function of the program.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub(crate) struct FnId(pub(crate) u32);

/// The linked units.
pub struct Program {
    units: Vec<Arc<Packed>>,
    /// Unit and index within it, by [`FnId`].
    functions: Vec<(u32, u32)>,
    keys: Vec<FnKey>,
    symbols: Symbols,
    /// By unit: what the numbers of its names stand for.
    names: Vec<Vec<Symbol>>,
    /// External functions, and those of headers.
    externals: FxHashMap<Symbol, FnId>,
    headers: FxHashMap<Symbol, FnId>,
    /// Names that an external function shares with one of a header that not all units read, with the units that do.
    contested: FxHashMap<Symbol, BTreeSet<u32>>,
    /// Static functions, by unit.
    statics: Vec<FxHashMap<Symbol, FnId>>,
    /// The function that a name of a unit stands for there, by unit and number of the name.
    resolved: Vec<Vec<Option<FnId>>>,
    /// Functions stored in a field of that structure and name, anywhere; in order.
    stored: FxHashMap<(Symbol, Symbol), Vec<FnId>>,
    /// The fields that a function is stored in.
    stored_in: FxHashMap<FnId, Vec<(Symbol, Symbol)>>,
    /// Functions whose address is taken in any way.
    address_taken: BTreeSet<FnId>,
    shape: u64,
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
            symbols: Symbols::default(),
            names: Vec::new(),
            externals: FxHashMap::default(),
            headers: FxHashMap::default(),
            contested: FxHashMap::default(),
            resolved: Vec::new(),
            stored: FxHashMap::default(),
            stored_in: FxHashMap::default(),
            address_taken: BTreeSet::new(),
            shape: 0,
            unknown: Vec::new(),
        };
        for unit in 0..program.units.len() as u32 {
            for index in 0..program.units[unit as usize].functions.len() as u32 {
                program.add(unit, index);
            }
        }
        program.unknown.resize_with(program.functions.len(), OnceLock::new);
        program.find_contested();
        program.resolve_names();
        let stored = program.resolve_pointers();
        program.shape = program.shape_with(&stored);
        program
    }

    fn add(&mut self, unit: u32, index: u32) {
        let outline = &self.units[unit as usize].functions[index as usize];
        let name = self.symbols.number(&outline.name);
        if outline.linkage == Linkage::Header && self.headers.contains_key(&name) {
            return;
        }
        let id = FnId(self.functions.len() as u32);
        self.keys.push(key(&self.units[unit as usize], outline));
        self.functions.push((unit, index));
        match outline.linkage {
            Linkage::Static => self.statics[unit as usize].insert(name, id),
            Linkage::Header => self.headers.insert(name, id),
            // A driver may have an external function of the same name in another configuration: the first stays.
            Linkage::External => Some(*self.externals.entry(name).or_insert(id)),
        };
    }

    /// A header and a file that does not read it may use one name for two functions. The common headers are read by all.
    fn find_contested(&mut self) {
        let of_all = |id: &FnId| {
            let unit = &self.units[self.unit_of(*id) as usize];
            unit.functions.iter().all(|outline| outline.linkage == Linkage::Header)
        };
        let both = self.headers.iter().filter(|(name, id)| self.externals.contains_key(name) && !of_all(id));
        let mut contested: FxHashMap<Symbol, BTreeSet<u32>> = both.map(|(&name, _)| (name, BTreeSet::new())).collect();
        if contested.is_empty() {
            return;
        }
        for (number, unit) in self.units.iter().enumerate() {
            for outline in unit.functions.iter().filter(|outline| outline.linkage == Linkage::Header) {
                if let Some(units) = self.symbols.get(&outline.name).and_then(|name| contested.get_mut(&name)) {
                    units.insert(number as u32);
                }
            }
        }
        self.contested = contested;
    }

    fn resolve_names(&mut self) {
        let mut number = |unit: &Arc<Packed>| unit.names.iter().map(|name| self.symbols.number(name)).collect::<Vec<_>>();
        self.names = self.units.iter().map(&mut number).collect();
        let resolve = |(unit, names): (usize, &Vec<Symbol>)| names.iter().map(|&name| self.find(unit as u32, name)).collect();
        self.resolved = self.names.iter().enumerate().map(resolve).collect();
    }

    /// Which function is stored in which field, in order.
    fn resolve_pointers(&mut self) -> Vec<((Symbol, Symbol), FnId)> {
        let named: HashSet<Symbol> = self.units.iter().zip(&self.names).flat_map(|(unit, names)| globals(unit, names)).collect();
        let mut stored: Vec<((Symbol, Symbol), FnId)> = Vec::new();
        for number in 0..self.units.len() {
            let unit = self.units[number].clone();
            for entry in &unit.tables {
                // A pointer that nobody reads calls nobody: EXPORT_SYMBOL() has `static void *__addressable_f = &f`.
                let is_read = || self.symbols.get(&entry.variable).is_some_and(|variable| named.contains(&variable));
                let function = self.symbols.get(&entry.function).and_then(|name| self.find(number as u32, name));
                if let Some(id) = function.filter(|_| !entry.strukt.is_empty() || is_read()) {
                    stored.push(((self.symbols.number(&entry.strukt), self.symbols.number(&entry.field)), id));
                    self.address_taken.insert(id);
                }
            }
            let name = |name: u32| self.names[number][name as usize];
            for mention in unit.functions.iter().flat_map(|outline| &outline.mentions) {
                let Some(id) = self.resolved[number][mention.function as usize] else { continue };
                self.address_taken.insert(id);
                stored.extend(mention.field.map(|(strukt, field)| ((name(strukt), name(field)), id)));
            }
        }
        stored.sort_unstable();
        stored.dedup();
        for &(field, id) in &stored {
            self.stored.entry(field).or_default().push(id);
            self.stored_in.entry(id).or_default().push(field);
        }
        stored
    }

    fn shape_with(&self, stored: &[((Symbol, Symbol), FnId)]) -> u64 {
        let mut hasher = DefaultHasher::new();
        self.keys.hash(&mut hasher);
        for id in self.ids() {
            (self.unit_of(id), self.outline(id).linkage as u8).hash(&mut hasher);
        }
        for &((strukt, field), id) in stored {
            (self.symbols.hash(strukt), self.symbols.hash(field), id).hash(&mut hasher);
        }
        let mut contested: Vec<_> = self.contested.iter().map(|(&name, readers)| (self.symbols.hash(name), readers)).collect();
        contested.sort_unstable();
        contested.hash(&mut hasher);
        hasher.finish()
    }

    /// Programs of one shape have the same functions under the same numbers, and every name and every field leads to the same of
    /// them.
    pub(crate) fn shape(&self) -> u64 {
        self.shape
    }

    /// The function of that name as seen from a unit.
    fn find(&self, unit: u32, name: Symbol) -> Option<FnId> {
        if let Some(own) = self.statics[unit as usize].get(&name) {
            return Some(*own);
        }
        let is_hidden = self.contested.get(&name).is_some_and(|readers| !readers.contains(&unit));
        let of_header = self.headers.get(&name).filter(|_| !is_hidden);
        of_header.or_else(|| self.externals.get(&name)).copied()
    }

    pub(crate) fn callee(&self, caller: FnId, name: &str) -> Option<FnId> {
        self.find(self.unit_of(caller), self.symbols.get(name)?)
    }

    /// What is written down about a call. A static function of the caller's own unit is not the API of the same name.
    pub(crate) fn known<'c>(&self, caller: FnId, name: &str, contracts: &'c Contracts) -> Known<'c> {
        let unit = self.unit_of(caller);
        let is_own = self.symbols.get(name).is_some_and(|symbol| self.statics[unit as usize].contains_key(&symbol));
        self.known_in(unit, name, is_own, contracts)
    }

    /// `is_own`: the unit has a static function of that name.
    fn known_in<'c>(&self, unit: u32, name: &str, is_own: bool, contracts: &'c Contracts) -> Known<'c> {
        let file = &self.units[unit as usize].file;
        let contract = if is_own { contracts.of_file(name, file) } else { contracts.lookup(name, file) };
        match contract {
            Some(contract) => Known::Contract(contract),
            None if !is_own && contracts.borrows(name) => Known::Neutral,
            None => Known::Nothing,
        }
    }

    /// Is there a contract that stands for it?
    pub(crate) fn has_contract(&self, id: FnId, contracts: &Contracts) -> bool {
        matches!(self.known(id, self.name(id), contracts), Known::Contract(_))
    }

    /// Targets of a call through a field, as far as known.
    pub(crate) fn targets(&self, strukt: &str, field: &str) -> &[FnId] {
        let field = self.symbols.get(strukt).zip(self.symbols.get(field));
        field.map(|field| self.stored_at(field)).unwrap_or_default()
    }

    fn stored_at(&self, field: (Symbol, Symbol)) -> &[FnId] {
        self.stored.get(&field).map(Vec::as_slice).unwrap_or_default()
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

    /// Its body, decoded when it is first asked for. Its positions are numbers.
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

    /// The units that define functions of these files.
    pub(crate) fn units_in(&self, files: &BTreeSet<String>) -> impl Iterator<Item = u32> {
        let units: BTreeSet<u32> = self.functions_in(files).map(|id| self.unit_of(id)).collect();
        units.into_iter()
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
        let fields = installed.iter().filter_map(|function| self.stored_in.get(function)).flatten();
        fields.flat_map(|&field| self.stored_at(field)).copied().filter(|function| !installed.contains(function)).collect()
    }

    /// All functions of that name.
    pub(crate) fn named(&self, name: &str) -> Vec<FnId> {
        self.ids().filter(|&id| self.name(id) == name).collect()
    }

    /// Where a position of a function's body lies.
    pub(crate) fn location(&self, function: FnId, pos: Pos) -> Location {
        let pos = self.unit(function).located(self.functions[function.0 as usize].1, pos);
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
            for callee in self.called_by(caller, sites.called(self.unit_of(caller))) {
                graph.add_edge(NodeIndex::new(caller.0 as usize), NodeIndex::new(callee.0 as usize), ());
            }
        }
        graph
    }

    /// Functions that it calls by name, whether there are contracts for them or not.
    pub(crate) fn called_directly(&self, caller: FnId) -> impl Iterator<Item = FnId> {
        self.calls_by_name(caller).map(|(callee, _)| callee)
    }

    /// The same, with the calls.
    pub(crate) fn calls_by_name(&self, caller: FnId) -> impl Iterator<Item = (FnId, Pos)> {
        let resolved = &self.resolved[self.unit_of(caller) as usize];
        self.outline(caller).calls.iter().filter_map(|call| Some((resolved[call.callee as usize]?, call.pos)))
    }

    /// `called`: see [`Sites`]; of its unit.
    fn called_by(&self, caller: FnId, called: &[Option<FnId>]) -> BTreeSet<FnId> {
        let (outline, names) = (self.outline(caller), &self.names[self.unit_of(caller) as usize]);
        let direct = outline.calls.iter().filter_map(|call| called[call.callee as usize]);
        let field = |&(strukt, field): &(u32, u32)| self.stored_at((names[strukt as usize], names[field as usize]));
        direct.chain(outline.through.iter().flat_map(field).copied()).collect()
    }
}

/// The global variables that functions of a unit name.
fn globals(unit: &Packed, names: &[Symbol]) -> impl Iterator<Item = Symbol> {
    unit.globals.iter().map(|&name| names[name as usize])
}

fn key(unit: &Packed, outline: &Outline) -> FnKey {
    let own = if outline.linkage == Linkage::Header { "" } else { unit.file.as_str() };
    let file = unit.files.get(outline.file.0 as usize).map_or("", String::as_str);
    let mut hasher = DefaultHasher::new();
    (own, file, &outline.name).hash(&mut hasher);
    FnKey(hasher.finish())
}

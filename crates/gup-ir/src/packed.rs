//! A unit as it is kept and linked: what others must know of each function at hand, its body encoded until somebody reads it.
//!
//! Most functions of a kernel's unit are never looked into, and those that are were often looked into before. So a function
//! is told by the [`Outline::hash`] of its body, in which the places are numbered as they follow each other; where they are is
//! kept beside it. What stands above a function in the file does not change it, nor do the empty lines and comments in it.

use std::collections::{BTreeMap, BTreeSet};
use std::hash::{DefaultHasher, Hasher};
use std::sync::OnceLock;

use serde::{Deserialize, Serialize};

use crate::{
    Base, BasicBlock, Callee, FileId, Function, Linkage, Operand, Pos, Proj, Rvalue, StmtKind, TableEntry, Terminator, Type,
    Unit, check,
};

/// A [`Unit`], its bodies encoded.
#[derive(Debug, Serialize, Deserialize)]
pub struct Packed {
    pub file: String,
    pub files: Vec<String>,
    pub tables: Vec<TableEntry>,
    /// See [`Unit::private_structs`].
    pub private_structs: Vec<String>,
    pub constants: Vec<(String, i64)>,
    /// What the numbers in outlines stand for.
    pub names: Vec<String>,
    /// Global variables that functions name, as numbers of `names`.
    pub globals: Vec<u32>,
    pub functions: Vec<Outline>,
    #[serde(with = "serde_bytes")]
    bodies: Vec<u8>,
    #[serde(with = "serde_bytes")]
    places: Vec<u8>,
    /// By function.
    #[serde(skip)]
    decoded: OnceLock<Vec<Decoded>>,
}

/// Of one function, as far as anybody asked; `None`: the bytes make no sense.
#[derive(Debug, Default)]
struct Decoded {
    body: OnceLock<Option<Box<Function>>>,
    places: OnceLock<Option<Box<[Place]>>>,
}

/// Line and column of a numbered place.
type Place = (u32, u32);

/// What others must know of a function without reading its body.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outline {
    pub name: String,
    pub linkage: Linkage,
    /// The file it is defined in.
    pub file: FileId,
    /// Equal hashes mean equal bodies, but for where in their files they and their statements stand.
    pub hash: u64,
    pub blocks: u32,
    /// Its calls by name, in order.
    pub calls: Vec<Call>,
    /// Its calls through fields: structure and field.
    pub through: Vec<(u32, u32)>,
    /// Functions whose address it stores or passes.
    pub mentions: Vec<Mention>,
    /// Where in the bodies it begins and ends.
    body: (u32, u32),
    /// The same of its places.
    places: (u32, u32),
}

/// A call of a function by name: where in the body it stands, and whom it calls, as a number of [`Packed::names`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Call {
    pub block: u32,
    pub stmt: u32,
    pub callee: u32,
    pub pos: Pos,
}

/// A function used as a value, and the structure and field that it is stored in, if any.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Mention {
    pub function: u32,
    pub field: Option<(u32, u32)>,
}

impl Packed {
    pub fn of(unit: &Unit) -> Packed {
        let mut names = Names::default();
        let (mut bodies, mut places) = (Vec::new(), Vec::new());
        let mut globals = BTreeSet::new();
        let mut functions = Vec::new();
        for function in &unit.functions {
            function.visit_places(&mut |place, _| {
                if let Base::Global(name) = &place.base {
                    globals.insert(names.number(name));
                }
            });
            functions.push(names.outline(function, &mut bodies, &mut places));
        }
        Packed {
            file: unit.file.clone(),
            files: unit.files.clone(),
            tables: unit.tables.clone(),
            private_structs: unit.private_structs.clone(),
            constants: unit.constants.clone(),
            names: names.all,
            globals: globals.into_iter().collect(),
            functions,
            bodies,
            places,
            decoded: OnceLock::new(),
        }
    }

    /// The unit that was packed; `None`: the bytes are not what [`Packed::of`] made.
    pub fn unpack(&self) -> Option<Unit> {
        let body = |number: u32| {
            let mut function = self.function(number)?.clone();
            function.each_pos(&mut |pos| *pos = self.located(number, *pos));
            Some(function)
        };
        let functions: Option<Vec<Function>> = (0..self.functions.len() as u32).map(body).collect();
        Some(Unit {
            file: self.file.clone(),
            files: self.files.clone(),
            functions: functions?,
            tables: self.tables.clone(),
            private_structs: self.private_structs.clone(),
            constants: self.constants.clone(),
        })
    }

    /// The body of a function, its places numbered; `None`: the bytes make no sense.
    pub fn function(&self, number: u32) -> Option<&Function> {
        self.decoded(number)?.body.get_or_init(|| self.decode(number).map(Box::new)).as_deref()
    }

    /// A place of a function's body, where it is in its file; line 0 where that is not known.
    pub fn located(&self, number: u32, pos: Pos) -> Pos {
        let decode = || {
            let (start, end) = self.functions.get(number as usize)?.places;
            postcard::from_bytes(self.places.get(start as usize..end as usize)?).ok()
        };
        let places = self.decoded(number).and_then(|decoded| decoded.places.get_or_init(decode).as_deref());
        let place = pos.line.checked_sub(1).and_then(|place| places?.get(place as usize));
        let &(line, column) = place.unwrap_or(&(0, 0));
        Pos { file: pos.file, line, column }
    }

    fn decoded(&self, number: u32) -> Option<&Decoded> {
        self.decoded.get_or_init(|| self.functions.iter().map(|_| Decoded::default()).collect()).get(number as usize)
    }

    fn decode(&self, number: u32) -> Option<Function> {
        let outline = self.functions.get(number as usize)?;
        let bytes = self.bodies.get(outline.body.0 as usize..outline.body.1 as usize)?;
        let function: Function = postcard::from_bytes(bytes).ok()?;
        (check::check(&function).is_ok() && function.name == outline.name).then_some(function)
    }

    /// Do the numbers in it lead somewhere? What is behind a checksum may still have been made by somebody else.
    pub fn is_sound(&self) -> bool {
        let name = |number: u32| (number as usize) < self.names.len();
        let pair = |(strukt, field): (u32, u32)| name(strukt) && name(field);
        let outline = |outline: &Outline| {
            outline.calls.iter().all(|call| name(call.callee))
                && outline.through.iter().all(|&field| pair(field))
                && outline.mentions.iter().all(|mention| name(mention.function) && mention.field.is_none_or(pair))
        };
        !self.files.is_empty() && self.globals.iter().all(|&global| name(global)) && self.functions.iter().all(outline)
    }
}

/// Names, numbered as they come.
#[derive(Default)]
struct Names {
    all: Vec<String>,
    numbers: BTreeMap<String, u32>,
}

impl Names {
    fn number(&mut self, name: &str) -> u32 {
        if let Some(&number) = self.numbers.get(name) {
            return number;
        }
        let number = self.all.len() as u32;
        self.all.push(name.to_owned());
        self.numbers.insert(name.to_owned(), number);
        number
    }

    /// Appends the body to `bodies`, and where its places are to `places`.
    fn outline(&mut self, function: &Function, bodies: &mut Vec<u8>, places: &mut Vec<u8>) -> Outline {
        let (body, own_places) = numbered(function);
        let (start, first_place) = (bodies.len() as u32, places.len() as u32);
        // Encoding into memory cannot fail; bytes that make no sense would be noticed.
        bodies.extend(postcard::to_stdvec(&body).unwrap_or_default());
        places.extend(postcard::to_stdvec(&own_places).unwrap_or_default());
        let mut hasher = DefaultHasher::new();
        hasher.write(&bodies[start as usize..]);
        let mut outline = Outline {
            name: body.name.clone(),
            linkage: body.linkage,
            file: body.pos.file,
            hash: hasher.finish(),
            blocks: body.blocks.len() as u32,
            calls: Vec::new(),
            through: Vec::new(),
            mentions: Vec::new(),
            body: (start, bodies.len() as u32),
            places: (first_place, places.len() as u32),
        };
        for (number, block) in body.blocks.iter().enumerate() {
            self.block(number as u32, block, &mut outline);
        }
        outline
    }

    fn block(&mut self, block: u32, body: &BasicBlock, outline: &mut Outline) {
        for (number, stmt) in body.stmts.iter().enumerate() {
            match &stmt.kind {
                StmtKind::Call { callee, args, .. } => {
                    match callee {
                        Callee::Direct(name) => {
                            let callee = self.number(name);
                            outline.calls.push(Call { block, stmt: number as u32, callee, pos: stmt.pos });
                        }
                        Callee::Field { strukt, field, .. } => {
                            let field = (self.number(strukt), self.number(field));
                            outline.through.push(field);
                        }
                        Callee::Pointer(_) => {}
                    }
                    args.iter().for_each(|arg| self.mention(arg, None, outline));
                }
                StmtKind::Assign { dst, src } => {
                    let field = match dst.proj.last() {
                        Some(Proj::Field { strukt, field }) => Some((self.number(strukt), self.number(field))),
                        _ => None,
                    };
                    let values = match src {
                        Rvalue::Use(value) | Rvalue::Cast { value, .. } => [Some(value), None],
                        Rvalue::Select { yes, no, .. } => [Some(yes), Some(no)],
                        _ => [None, None],
                    };
                    values.into_iter().flatten().for_each(|value| self.mention(value, field, outline));
                }
                StmtKind::Forget(_) | StmtKind::Opaque { .. } => {}
            }
        }
    }

    fn mention(&mut self, value: &Operand, field: Option<(u32, u32)>, outline: &mut Outline) {
        if let Operand::Function(name) = value {
            let function = self.number(name);
            outline.mentions.push(Mention { function, field });
        }
    }
}

/// The function with numbers in the place of lines, from 1 and in the order of the places, and where these are. A place that is not
/// known stays so.
fn numbered(function: &Function) -> (Function, Vec<Place>) {
    let mut body = function.clone();
    let mut all = BTreeMap::new();
    body.each_pos(&mut |pos| {
        if (pos.line, pos.column) != (0, 0) {
            all.insert(*pos, 0);
        }
    });
    all.values_mut().zip(1..).for_each(|(number, next)| *number = next);
    body.each_pos(&mut |pos| *pos = Pos { file: pos.file, line: all.get(pos).copied().unwrap_or_default(), column: 0 });
    (body, all.into_keys().map(|pos| (pos.line, pos.column)).collect())
}

impl Function {
    /// All positions in it, in order.
    pub fn each_pos(&mut self, visit: &mut dyn FnMut(&mut Pos)) {
        visit(&mut self.pos);
        for block in &mut self.blocks {
            block.stmts.iter_mut().for_each(|stmt| visit(&mut stmt.pos));
            match &mut block.terminator {
                Terminator::Branch { pos, .. } | Terminator::Switch { pos, .. } | Terminator::Return { pos, .. } => visit(pos),
                Terminator::Goto(_) | Terminator::Unreachable => {}
            }
        }
    }

    /// One of which nothing is known but that it is there.
    pub fn unknown(name: &str, linkage: Linkage) -> Function {
        let block = BasicBlock { stmts: Vec::new(), terminator: Terminator::Unreachable };
        let (name, pos) = (name.to_owned(), Pos::default());
        Function { name, linkage, pos, params: 0, locals: Vec::new(), ret: Type::Void, blocks: vec![block] }
    }
}

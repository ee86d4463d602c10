//! Types, memory places and operands.

use serde::{Deserialize, Serialize};

use crate::LocalId;

/// A C type, as far as the analysis needs it: widths and signs of integers, and names of structures.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Type {
    Void,
    Int(IntType),
    Pointer(Box<Type>),
    /// `struct` or `union`, by tag (or typedef name of an anonymous one).
    Struct(String),
    /// Element type and length in elements, where constant.
    Array(Box<Type>, Option<u64>),
    Function,
    #[default]
    Other,
}

/// An integer's width in bits and its sign. Enumerations and `bool` are integers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct IntType {
    pub bits: u8,
    pub signed: bool,
}

/// A place in memory: an access path from a variable.
///
/// ```c
/// req->pages[i]     // pages: struct page **   [Deref, Field(req, pages), Deref, Index(i)]
/// obj.bvec[2].page  // bvec: an array          [Field(obj, bvec), Index(2), Field(bio_vec, page)]
/// ```
/// `*p` is `[Deref]`, `p[i]` is `[Deref, Index(i)]`. Fields of anonymous members are named directly, as in C.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Place {
    pub base: Base,
    pub proj: Vec<Proj>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Base {
    Local(LocalId),
    /// A variable of file or program scope, or a static local (then `function.variable`).
    Global(String),
}

/// One step of an access path.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Proj {
    Deref,
    Field { strukt: String, field: String },
    Index(Operand),
}

/// What an expression reads. An array named as a value is `Rvalue::AddrOf`, never an operand.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Operand {
    /// Integer constant; NULL is `Const(0)`. Values beyond i64 wrap.
    Const(i64),
    Place(Place),
    /// A string literal.
    Str(String),
    /// The address of a function.
    Function(String),
}

impl Place {
    pub fn local(id: LocalId) -> Place {
        Place { base: Base::Local(id), proj: Vec::new() }
    }
}

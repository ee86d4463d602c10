//! Functions: basic blocks of assignments and calls.

use serde::{Deserialize, Serialize};

use crate::{IntType, Operand, Place, Pos, Type};

/// A function with a body. Its parameters are the first `params` locals; block 0 is the entry.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Function {
    pub name: String,
    pub linkage: Linkage,
    /// Position of the name in the definition.
    pub pos: Pos,
    pub params: u32,
    pub locals: Vec<Local>,
    pub ret: Type,
    pub blocks: Vec<BasicBlock>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Linkage {
    /// Visible to other units.
    External,
    /// `static` in a `.c` file.
    Static,
    /// `static inline` (or static) in a header: the same in every unit that includes it.
    Header,
}

/// A variable. Temporaries of the front end have an empty name.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Local {
    pub name: String,
    pub ty: Type,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct LocalId(pub u32);

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct BlockId(pub u32);

#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct BasicBlock {
    pub stmts: Vec<Stmt>,
    pub terminator: Terminator,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Stmt {
    pub kind: StmtKind,
    pub pos: Pos,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum StmtKind {
    /// Structures are assigned whole.
    Assign {
        dst: Place,
        src: Rvalue,
    },
    Call {
        dst: Option<Place>,
        callee: Callee,
        args: Vec<Operand>,
    },
    /// A local comes to life or ends its scope: its content is unknown (a loop body's local is a new one in each round).
    Forget(Place),
    /// Not understood. `writes` are the places it may change; empty means that it may change anything its `reads` reach.
    Opaque {
        reason: String,
        reads: Vec<Operand>,
        writes: Vec<Place>,
    },
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Callee {
    Direct(String),
    /// Through a function pointer in a structure's field: `ops->get_pages(obj)`. `pointer` is the field itself.
    Field {
        strukt: String,
        field: String,
        pointer: Operand,
    },
    /// Through any other pointer.
    Pointer(Operand),
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Rvalue {
    Use(Operand),
    Unary(UnaryOp, Operand),
    /// Arithmetic in the type `ty` after C's usual conversions (which are `Cast`s of their own).
    Binary {
        op: BinaryOp,
        lhs: Operand,
        rhs: Operand,
        ty: Type,
    },
    /// Also implicit conversions that change width, sign or pointee.
    Cast {
        value: Operand,
        from: Type,
        to: Type,
    },
    AddrOf(Place),
    /// `cond ? yes : no` with scalar arms that call nothing, `min()`, `max()`: a value, not a fork.
    Select {
        cond: Cond,
        yes: Operand,
        no: Operand,
    },
    /// A comparison used as a value (0 or 1).
    Compare(Cond),
    /// `container_of(ptr, struct strukt, field.path)`: the inverse of taking a field's address.
    ContainerOf {
        ptr: Operand,
        strukt: String,
        field: Vec<String>,
    },
    /// A value that was not understood.
    Opaque(String),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum UnaryOp {
    /// `-x`
    Neg,
    /// `~x`
    Not,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum BinaryOp {
    Add,
    Sub,
    Mul,
    Div,
    Rem,
    And,
    Or,
    Xor,
    Shl,
    Shr,
    /// Pointer plus a count of elements (of the pointer's own pointee).
    PtrAdd,
    /// Pointer minus pointer, in elements.
    PtrDiff,
}

/// One comparison of scalars, both sides already converted to `ty` (pointers: 64 bits unsigned).
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Cond {
    pub op: CompareOp,
    pub lhs: Operand,
    pub rhs: Operand,
    pub ty: IntType,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum CompareOp {
    Eq,
    Ne,
    Lt,
    Le,
    Gt,
    Ge,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Terminator {
    Goto(BlockId),
    Branch {
        cond: Cond,
        yes: BlockId,
        no: BlockId,
        pos: Pos,
    },
    /// Cases are inclusive ranges.
    Switch {
        value: Operand,
        cases: Vec<(i64, i64, BlockId)>,
        default: BlockId,
        pos: Pos,
    },
    Return {
        value: Option<Operand>,
        pos: Pos,
    },
    /// Control does not come here (`BUG()`, after a noreturn call, `unreachable()`).
    Unreachable,
}

impl Terminator {
    /// Where it stands, if it is a statement.
    pub fn pos(&self) -> Option<Pos> {
        match self {
            Terminator::Branch { pos, .. } | Terminator::Switch { pos, .. } | Terminator::Return { pos, .. } => Some(*pos),
            Terminator::Goto(_) | Terminator::Unreachable => None,
        }
    }
}

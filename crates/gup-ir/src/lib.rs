//! The language the analysis understands: C functions as basic blocks over access paths.
//!
//! A [`Unit`] is owned data: it can be printed, re-read and compared ([`text`]), sent over a pipe and cached.
//! This crate knows no kernel API, no contract, no path on disk and nothing of libclang.
//! Start with [`Unit`], then [`Function`], [`Stmt`] and [`Terminator`]; [`Place`] is how memory is named.

mod function;
mod types;
mod unit;
mod visit;

pub mod check;
pub mod packed;
pub mod text;

pub use function::{
    BasicBlock, BinaryOp, BlockId, Callee, CompareOp, Cond, Function, Linkage, Local, LocalId, Rvalue, Stmt, StmtKind,
    Terminator, UnaryOp,
};
pub use types::{Base, IntType, Operand, Place, Proj, Type};
pub use unit::{FileId, Pos, TableEntry, Unit};
pub use visit::{Access, Visit};

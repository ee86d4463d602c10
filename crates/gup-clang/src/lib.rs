//! libclang, safe: the only crate of the workspace with `unsafe` in it.
//!
//! Start with [`load`], which finds a libclang (>= 17) at run time and checks that it has every function used here; then
//! [`Clang::parse`], [`Unit::cursor`] and [`Cursor::children`]. Handles borrow what they come from, so none outlives its unit;
//! closures given to libclang's visitors run behind a panic barrier; texts are copied out and freed at once.
//!
//! The functions are called through a table of our own (types from clang-sys) and not through clang-sys' wrappers: those keep the
//! library in a thread-local, panic on a thread that did not set it, and choose the file by an environment variable alone.
//!
//! This crate knows nothing of the kernel, of the IR, or of what its callers look for.

mod library;
mod call;
mod unit;
mod cursor;
mod types;
mod kinds;

pub use cursor::{Cursor, CursorId, Evaluated, FileKey};
pub use kinds::{BinaryOperator, CursorKind, TypeKind, UnaryOperator};
pub use library::{Clang, LoadError, load, load_from};
pub use types::{Type, TypeId};
pub use unit::{Diagnostic, Location, ParseError, Parsing, Purpose, Unit};

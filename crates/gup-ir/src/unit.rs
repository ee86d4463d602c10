//! One translation unit as the front end understood it.

use serde::{Deserialize, Serialize};

use crate::Function;

/// What one `.c` file contributed: its functions, and those of headers that no other unit brings.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unit {
    /// The main file, relative to the tree.
    pub file: String,
    /// Files that positions refer to, relative to the tree; entry 0 is the main file.
    pub files: Vec<String>,
    pub functions: Vec<Function>,
    /// Function pointers set by static initialisers: `.get_pages = foo_get_pages`.
    pub tables: Vec<TableEntry>,
    /// Structures defined in the main file itself (so that every access to them is in this unit).
    pub private_structs: Vec<String>,
    /// Values of named constants that a probe unit asked for (`enum { gup_X = X };`), by name without the prefix.
    pub constants: Vec<(String, i64)>,
}

/// One function pointer in a static initialiser.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TableEntry {
    /// Structure that has the field, without `struct`; empty for a plain variable or array of pointers.
    pub strukt: String,
    pub field: String,
    pub function: String,
    /// The initialised variable.
    pub variable: String,
    pub pos: Pos,
}

/// Index into [`Unit::files`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct FileId(pub u32);

/// A place in the source: line and column count from 1 (0 = unknown), columns in bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Pos {
    pub file: FileId,
    pub line: u32,
    pub column: u32,
}

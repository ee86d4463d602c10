//! One C translation unit becomes one [`gup_ir::Unit`]. It never fails: what is not understood becomes `Opaque` with a reason.
//!
//! Start with [`extract`]; `lower` turns one function's body into basic blocks (`lower/stmt.rs` for statements, `lower/value.rs` for
//! expressions, `lower/cond.rs` for conditions). [`build_pch`] and [`extract_headers`] serve the shared headers of many units,
//! [`Live`] the files of an editor.
//!
//! This crate knows C as clang parses it. It knows no kernel API: `container_of`, `min()` and `likely()` are recognised by the shape of
//! what their macros expand to, never by name. Nothing of libclang appears in what it gives out.

mod extract;
mod live;
mod files;
mod types;
mod names;
mod initialiser;
mod tables;
mod prefix;
mod printed;
mod lower;
mod mentions;

pub use extract::{Extraction, Request, build_pch, extract, extract_headers};
pub use live::Live;

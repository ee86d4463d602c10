//! Findings and ledger, as people and programs read them; one file per format.
//!
//! A [`Report`] is the twin of `gup_analysis::finding::Analysis` in the names of the published JSON; the other formats
//! are rendered from it, also from one read back. [`Diff`] is what two reports of one tree differ in. Every renderer is a
//! pure function to a `String`: this crate prints nothing, reads no file and knows no pipeline (source text comes through a
//! callback). Start with [`report`] and [`input`], then [`json`] and [`text`].

pub mod report;
mod conversion;
mod scope;
pub mod known;
pub mod diff;
pub mod input;
pub mod json;
pub mod text;
pub mod gcc;
pub mod sarif;
pub mod kcidb;
pub mod b4;
pub mod mail;
pub mod draft;
pub mod html;
pub mod subsystem;
pub mod summary;
pub mod trace;
pub mod mend;
pub mod contract_error;
mod source;
#[cfg(test)]
mod schema;

pub use diff::Diff;
pub use input::{Input, RuleText};
pub use report::Report;

//! Findings and ledger, as people and programs read them; one file per format.
//!
//! A [`Report`] is the twin of `gup_analysis::finding::Analysis` in the names of the published JSON; the other formats
//! are rendered from it, also from one read back. [`Diff`] is what two reports of one tree differ in. Every renderer is a
//! pure function to a `String`: this crate prints nothing, reads no file and knows no pipeline (source text comes through a
//! callback). Start with [`report`], then [`json`] and [`text`].

pub mod contract_error;
mod conversion;
pub mod diff;
pub mod draft;
pub mod gcc;
pub mod json;
pub mod known;
pub mod report;
mod source;
pub mod summary;
pub mod text;

pub use diff::Diff;
pub use report::Report;

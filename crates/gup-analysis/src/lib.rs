//! Contracts, call graph, dataflow, summaries, slots and rules: IR in, findings and ledger out.
//!
//! Pure and total: `(Program, Contracts, Settings) -> Analysis`, without IO, clock, environment or globals. This crate
//! knows no kernel API by name (those are in `analyses/`), no libclang, no format.
//! Start with [`summary`] (what a call does) and [`finding`] (what comes out).

pub mod summary;
pub mod contract;
pub mod finding;

//! Contracts, call graph, dataflow, summaries, slots and rules: IR in, findings and ledger out.
//!
//! Pure and total: `(Program, Contracts, Settings) -> Analysis`, without IO, clock, environment or globals. This crate
//! knows no kernel API by name (those are in `analyses/`), no libclang, no format.
//! Start with [`summary`] (what a call does) and [`finding`] (what comes out); then `exec` (one function) and `infer` (all).

pub mod contract;
pub mod finding;
pub mod summary;

mod domain;
mod exec;
mod explain;
mod infer;
mod ledger;
mod limits;
mod memo;
mod program;
pub mod rules;
mod shallow;

pub use explain::{CallStep, Conclusions, call_path, explain, summary_text};
pub use memo::Memo;
pub use program::Program;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use contract::Contracts;
use finding::Analysis;

/// What a run depends on besides program and contracts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// Bytes in a page, for counts in bytes.
    pub page_size: u32,
    /// Threads; the result does not depend on how many.
    pub workers: usize,
    /// For fields, as `struct s.f`, all files of the tree that can name them, where the program has all of these. Asked for by
    /// [`finding::Demand::readers_of`]; what a function does does not depend on it.
    pub readers: BTreeMap<String, BTreeSet<String>>,
}

impl Default for Settings {
    fn default() -> Settings {
        Settings { page_size: 4096, workers: 1, readers: BTreeMap::new() }
    }
}

/// Audits the program.
pub fn analyse(program: &Program, contracts: &Contracts, settings: &Settings) -> Analysis {
    analyse_with(program, contracts, settings, &mut Memo::default())
}

/// The same, faster where the memo knows functions of the program from another one. It must have been used with these
/// contracts and settings only.
pub fn analyse_with(program: &Program, contracts: &Contracts, settings: &Settings, memo: &mut Memo) -> Analysis {
    judge(program, contracts, settings, memo, UNWATCHED).0
}

/// Hears, on any thread, how much of the work is done, of how much: an estimate. What comes out does not depend on it.
pub type Watch<'a> = &'a (dyn Fn(usize, usize) + Sync);

pub(crate) const UNWATCHED: Watch<'static> = &|_, _| ();

/// The same for somebody who waits, for it is the longest part of an audit, and with what was found out about the functions, to
/// be asked for afterwards.
pub fn analyse_to_be_asked(
    program: Arc<Program>,
    contracts: Arc<Contracts>,
    settings: &Settings,
    memo: &mut Memo,
    watch: Watch<'_>,
) -> (Analysis, Conclusions) {
    let (analysis, inference) = judge(&program, &contracts, settings, memo, watch);
    (analysis, Conclusions { program, contracts, summaries: inference.summaries })
}

fn judge(
    program: &Program,
    contracts: &Contracts,
    settings: &Settings,
    memo: &mut Memo,
    watch: Watch<'_>,
) -> (Analysis, infer::Inference) {
    let sites = program::Sites::number(program, contracts);
    let inference = infer::infer(program, contracts, &sites, settings, memo, watch);
    (ledger::conclude(program, contracts, &sites, settings, &inference), inference)
}

//! The way from a kernel tree to an analysis: the one place with IO, processes and threads.
//!
//! A tree is opened ([`Tree`]), its makefiles say how each file is compiled (`kbuild`), a text pass says which files to
//! read (`select`), workers read them (`pool`, `worker`, `extract`) with a shared header (`pch`) and a cache (`store`), the
//! analysis judges them and asks for more (`run`). Command line, language server and tests all come in through [`audit()`]
//! and its neighbours. This crate prints nothing, knows no rule and no format, and no kernel API by name.
//!
//! Start with [`audit()`], then `run`.

mod audit;
mod check;
mod readers;
mod run;
mod base;
mod options;
mod outcome;
mod left_out;
mod diff;
mod session;
mod prepare;
mod mend;
mod state;
mod doctor;
mod affected;
mod header;
mod series;
mod mail;
mod patch;
mod git;
mod version;
mod tree;
mod kbuild;
mod command;
mod database;
mod scratch;
mod select;
mod index;
mod text;
mod unit;
mod extract;
mod pch;
mod probe;
mod pool;
mod worker;
mod protocol;
mod store;
mod rivals;
mod contents;
mod stamp;
mod analyses;
mod maintainers;
mod mailbox;
mod limits;
mod error;

pub use analyses::{Analyses, Page, Rule, rules};
pub use audit::{audit, call_path, ir, summary};
pub use base::default_cache;
pub use check::{Call, Checked, check};
pub use diff::{Change, Changed, Comparison, Source, Status, diff};
pub use doctor::{Examined, State, doctor};
pub use error::Error;
pub use gup_analysis::Conclusions;
pub use maintainers::{Addresses, Entry, Maintainers};
pub use options::{Event, Listener, Options, Stop, Workers};
pub use outcome::{Coverage, Outcome};
pub use prepare::{Preparation, Prepared};
pub use session::{Buffers, Session, session};
pub use tree::Tree;
pub use worker::serve;

pub use gup_analysis::CallStep;

#[cfg(test)]
mod tests;

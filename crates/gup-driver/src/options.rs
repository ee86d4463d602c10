//! What a caller may choose, and what it may want to hear while it waits.

use std::path::PathBuf;
use std::sync::Arc;

pub use crate::pool::Workers;

/// The same for command line, language server and tests.
#[derive(Clone)]
pub struct Options {
    /// Directory that the user is in: the tree is looked for from here.
    pub working: PathBuf,
    pub tree: Option<PathBuf>,
    pub build: Option<PathBuf>,
    pub arch: Option<String>,
    /// Name of a policy; `None`: what the tree declares decides.
    pub policy: Option<String>,
    /// Only what lies under these (relative to the working directory or the tree, or absolute); empty: everything.
    pub paths: Vec<PathBuf>,
    /// Where results are kept; `None`: nowhere.
    pub cache: Option<PathBuf>,
    /// Read contracts, policies and rule pages from here.
    pub analyses: Option<PathBuf>,
    pub workers: Workers,
    /// Share a precompiled header (only for measuring what it gains: results are the same).
    pub pch: bool,
    /// Read, but do not analyse (only for measuring).
    pub extract_only: bool,
    pub listener: Option<Listener>,
    /// Asked between steps: true ends the run with [`crate::Error::Stopped`].
    pub stop: Option<Stop>,
}

/// Says that nobody wants the result any more.
pub type Stop = Arc<dyn Fn() -> bool + Send + Sync>;

/// Hears of events, from any thread.
pub type Listener = Arc<dyn Fn(&Event) + Send + Sync>;

/// What is going on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// This many of the round's units wait for a worker or are in one.
    Extracting { left: usize, total: usize },
    /// So much of the round's work is done, in no unit.
    Analysing { done: usize, total: usize },
    /// The analysis asks for so many more units.
    Demand { round: u32, units: usize },
}

impl Options {
    /// The defaults in `working`, with `workers`.
    pub fn new(working: PathBuf, workers: Workers) -> Options {
        Options {
            working,
            tree: None,
            build: None,
            arch: None,
            policy: None,
            paths: Vec::new(),
            cache: crate::default_cache(),
            analyses: None,
            workers,
            pch: true,
            extract_only: false,
            listener: None,
            stop: None,
        }
    }

    pub(crate) fn is_stopped(&self) -> bool {
        self.stop.as_ref().is_some_and(|stop| stop())
    }

    pub(crate) fn tell(&self, event: &Event) {
        if let Some(listener) = &self.listener {
            listener(event);
        }
    }
}

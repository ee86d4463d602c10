//! A version of the tree that takes long to read, found out by another thread than the one that answers for the tree meanwhile.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::Error;
use crate::affected::Past;
use crate::pch::Live;
use crate::pool::Desk;
use crate::run::{Run, Sources};
use crate::state::{Given, State};
use crate::version::Version;

/// The way from one state to the tree in another version.
pub(crate) struct Step<'r, 'a> {
    pub(crate) disk: &'r Run<'a>,
    pub(crate) version: Version,
    /// Files that may differ.
    pub(crate) touched: BTreeSet<String>,
    pub(crate) past: Past,
    pub(crate) live: Live,
}

impl<'r, 'a> Step<'r, 'a> {
    pub(crate) fn from(self, before: &State<'r, 'a>) -> Result<State<'r, 'a>, Error> {
        let mut sources = Sources::of_version(self.disk.base, &self.version, Some(before.run.place()));
        sources.place.live = Some(Arc::new(self.live));
        Ok(before.next(self.disk, sources, &self.touched, &BTreeSet::new(), &self.past)?.0)
    }
}

/// Such a step with all that it needs. What the open tree answers meanwhile changes nothing of it.
pub struct Preparation<'r, 'a> {
    pub(crate) before: State<'r, 'a>,
    pub(crate) step: Step<'r, 'a>,
}

/// The tree in that version, to be answered from.
pub struct Prepared<'r, 'a> {
    state: State<'r, 'a>,
    desk: Arc<Desk>,
}

impl<'r, 'a> Preparation<'r, 'a> {
    /// [`Error::Stopped`]: it was given up.
    pub fn run(self) -> Result<Prepared<'r, 'a>, Error> {
        let desk = self.step.live.desk.clone();
        let pool = &self.step.disk.base.pool;
        let state = self.step.from(&self.before);
        pool.end_beside();
        Ok(Prepared { state: state?, desk })
    }
}

impl<'r, 'a> Prepared<'r, 'a> {
    /// The state, and where open files stay parsed with its headers.
    pub(crate) fn taken(self, disk: &Run<'a>) -> (State<'r, 'a>, Arc<Desk>) {
        let Prepared { mut state, desk } = self;
        if let Given::Own(run) = &mut state.run
            && let Some(run) = Arc::get_mut(run)
        {
            disk.learn_from(run);
        }
        (state, desk)
    }
}

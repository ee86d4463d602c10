//! Headers that concern much of the tree, prepared by a thread of their own while the analyst answers about everything else.

use std::collections::{BTreeMap, BTreeSet};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::Scope;

use crossbeam_channel::{Receiver, unbounded};
use gup_driver::{Buffers, Error, Preparation, Prepared, Session};

use crate::analyst::{PATIENCE, Shared, panicked};

/// How a preparation ended.
pub(crate) type Done<'r, 'a> = Result<Prepared<'r, 'a>, Error>;

/// The contents of files; `None`: they are not open.
type Contents = BTreeMap<PathBuf, Option<Vec<u8>>>;

/// One preparation at a time.
pub(crate) struct Beside<'s, 'r, 'a> {
    start: Box<dyn Fn(Preparation<'r, 'a>) + 's>,
    /// Speaks once for each that was begun.
    pub(crate) done: Receiver<Done<'r, 'a>>,
    running: Option<Running>,
    /// How many were given up in a row for newer texts.
    given_up: u64,
    /// What came to nothing, so that it is not begun again and again.
    failed: Option<(Contents, String)>,
}

struct Running {
    contents: Contents,
    is_given_up: Arc<AtomicBool>,
}

impl<'s, 'r: 's, 'a> Beside<'s, 'r, 'a> {
    pub(crate) fn new(scope: &'s Scope<'s, '_>) -> Beside<'s, 'r, 'a> {
        let (tell, done) = unbounded();
        let start = move |preparation: Preparation<'r, 'a>| {
            let tell = tell.clone();
            scope.spawn(move || {
                let done = catch_unwind(AssertUnwindSafe(|| preparation.run()));
                let _ = tell.send(done.unwrap_or_else(|_| Err(panicked("the analysis"))));
            });
        };
        Beside { start: Box::new(start), done, running: None, given_up: 0, failed: None }
    }
}

impl<'r, 'a> Beside<'_, 'r, 'a> {
    /// These buffers, of which `long` are the files that take long, are prepared, now or after what is prepared at the moment. An
    /// error: they were, and nothing came of it.
    pub(crate) fn want(
        &mut self,
        session: &mut Session<'r, 'a>,
        buffers: &Buffers,
        long: &BTreeSet<PathBuf>,
        shared: &Arc<Shared>,
    ) -> Result<(), Error> {
        let contents: Contents = long.iter().map(|file| (file.clone(), buffers.get(file).cloned())).collect();
        if let Some(running) = &self.running {
            // Its end is heard of, and this is asked for again.
            if running.contents != contents && self.given_up < PATIENCE {
                self.give_up();
            }
            return Ok(());
        }
        if let Some((_, reason)) = self.failed.as_ref().filter(|(failed, _)| *failed == contents) {
            return Err(Error::new(reason.clone()));
        }
        let is_given_up: Arc<AtomicBool> = Arc::default();
        let (flag, shared) = (is_given_up.clone(), shared.clone());
        let stop = move || flag.load(Ordering::Relaxed) || shared.ended.load(Ordering::Relaxed);
        let preparation = session.prepare(buffers, Arc::new(stop))?;
        (self.start)(preparation);
        self.running = Some(Running { contents, is_given_up });
        Ok(())
    }

    pub(crate) fn is_at_work(&self) -> bool {
        self.running.is_some()
    }

    /// What is prepared is not wanted any more. It ends as soon as it can.
    pub(crate) fn give_up(&self) {
        if let Some(running) = &self.running {
            running.is_given_up.store(true, Ordering::Relaxed);
        }
    }

    /// The session answers with what was prepared, if it is still wanted.
    pub(crate) fn finished(&mut self, session: &mut Session<'r, 'a>, done: Done<'r, 'a>) {
        let Some(running) = self.running.take() else { return };
        let is_given_up = running.is_given_up.load(Ordering::Relaxed);
        self.given_up = if is_given_up { self.given_up + 1 } else { 0 };
        match done {
            _ if is_given_up => {}
            Ok(prepared) => session.adopt(prepared),
            Err(error) => self.failed = Some((running.contents, error.to_string())),
        }
    }
}

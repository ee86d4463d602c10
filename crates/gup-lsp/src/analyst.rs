//! The thread that has the tree open and analyses it. Everything that takes long happens here, one job after the other; what takes
//! very long happens beside it (`beside`).
//!
//! It never ends by itself: what goes wrong is an answer. A panic costs the job that it happened in.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, Sender, select, unbounded};
use gup_driver::{Buffers, Conclusions, Error, Event, Session};
use gup_report::known::{Day, Given};
use gup_report::report::Suggestion;

use crate::beside::{Beside, Done};
use crate::settings::Settings;
use crate::snapshot::{Snapshot, Worth};

/// What it is asked to do.
pub(crate) enum Job {
    /// The tree with the texts of the editor.
    Analyse(Texts),
    /// Files that may have changed on disk.
    Look(Vec<PathBuf>),
    /// What is known of findings is another now.
    Known(Given),
    /// Edits that certainly mend findings, by fingerprint and line.
    Mend { number: u64, findings: Vec<(String, u32)> },
    /// What was found out about functions, if nobody has asked yet.
    Conclude,
}

/// The open documents at one moment.
#[derive(Clone, Default)]
pub(crate) struct Texts {
    pub(crate) generation: u64,
    /// By URI.
    pub(crate) documents: BTreeMap<String, Text>,
}

#[derive(Clone)]
pub(crate) struct Text {
    pub(crate) path: PathBuf,
    pub(crate) version: i32,
    pub(crate) content: Arc<str>,
}

impl Texts {
    /// As the driver takes them.
    fn buffers(&self) -> Buffers {
        self.documents.values().map(|text| (text.path.clone(), text.content.as_bytes().to_vec())).collect()
    }

    pub(crate) fn versions(&self) -> BTreeMap<String, i32> {
        self.documents.iter().map(|(name, text)| (name.clone(), text.version)).collect()
    }

    /// The same, but these files are as they were in `earlier`.
    fn with_earlier(&self, files: &BTreeSet<PathBuf>, earlier: &Texts) -> Texts {
        let own = self.documents.iter().filter(|(_, text)| !files.contains(&text.path));
        let held = earlier.documents.iter().filter(|(_, text)| files.contains(&text.path));
        let documents = own.chain(held).map(|(name, text)| (name.clone(), text.clone())).collect();
        Texts { generation: self.generation, documents }
    }
}

/// What it says.
pub(crate) enum Answer {
    /// The tree is opened, audited; for the client's progress.
    Progress(Event),
    /// The first audit begins, or ended.
    Auditing(bool),
    Snapshot(Box<Snapshot>),
    /// There is no result for these texts.
    Failed {
        generation: u64,
        message: String,
    },
    /// A newer text made the result worthless.
    Superseded,
    /// What was found out about the functions of the last snapshot.
    Concluded(Arc<Conclusions>),
    /// The same: nothing was.
    Unknown,
    /// Of the texts of that generation; only what was found.
    Mended {
        number: u64,
        generation: u64,
        found: Vec<(String, u32, Suggestion)>,
    },
    /// There is no tree, for this reason. It waits for another configuration.
    NoTree(String),
}

/// A handle to the thread.
pub(crate) struct Analyst {
    jobs: Sender<Job>,
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

/// What both threads look at.
#[derive(Default)]
pub(crate) struct Shared {
    /// Of the newest texts.
    newest: AtomicU64,
    /// Of the texts that are being analysed; 0: something else is done.
    current: AtomicU64,
    /// Analyses that were given up in a row. Who types without a pause wants to see something, too.
    given_up: AtomicU64,
    pub(crate) ended: AtomicBool,
}

/// So many analyses in a row are given up for a newer text.
pub(crate) const PATIENCE: u64 = 3;

impl Shared {
    fn is_stopped(&self) -> bool {
        let current = self.current.load(Ordering::Relaxed);
        let is_old = current != 0 && current < self.newest.load(Ordering::Relaxed);
        self.ended.load(Ordering::Relaxed) || (is_old && self.given_up.load(Ordering::Relaxed) < PATIENCE)
    }
}

impl Analyst {
    /// Opens the tree at once. `answer` is called from threads.
    pub(crate) fn start(settings: Settings, today: fn() -> Day, answer: impl Fn(Answer) + Send + Sync + 'static) -> Analyst {
        let (jobs, receiver) = unbounded();
        let shared: Arc<Shared> = Arc::default();
        let ended = shared.clone();
        let answer: Arc<dyn Fn(Answer) + Send + Sync> = Arc::new(move |said| {
            // Another one is asked by now.
            if !ended.ended.load(Ordering::Relaxed) {
                answer(said);
            }
        });
        let mut settings = settings;
        let (asked, heard) = (shared.clone(), answer.clone());
        settings.options.stop = Some(Arc::new(move || asked.is_stopped()));
        settings.options.listener = Some(Arc::new(move |event| heard(Answer::Progress(event.clone()))));
        let mut work = Work {
            settings,
            today,
            jobs: receiver,
            waiting: VecDeque::new(),
            shared: shared.clone(),
            newest: Texts::default(),
            analysed: Texts::default(),
            answer,
        };
        let thread = std::thread::Builder::new().name("analyst".to_owned()).spawn(move || work.run()).ok();
        Analyst { jobs, shared, thread }
    }

    pub(crate) fn ask(&self, job: Job) {
        if let Job::Analyse(texts) = &job {
            self.shared.newest.store(texts.generation, Ordering::Relaxed);
        }
        let _ = self.jobs.send(job);
    }

    /// It ends as soon as it can; nothing is heard of it any more.
    pub(crate) fn dismiss(&self) {
        self.shared.ended.store(true, Ordering::Relaxed);
    }

    /// Waits a while for the thread, so that what it keeps in files goes with it; not for the end of an audit.
    pub(crate) fn end(mut self) {
        self.dismiss();
        drop(self.jobs);
        let Some(thread) = self.thread.take() else { return };
        let since = Instant::now();
        while !thread.is_finished() && since.elapsed() < Duration::from_secs(2) {
            std::thread::sleep(Duration::from_millis(5));
        }
    }
}

/// The thread's own.
struct Work {
    settings: Settings,
    today: fn() -> Day,
    jobs: Receiver<Job>,
    /// Taken out of the channel, not done yet.
    waiting: VecDeque<Job>,
    shared: Arc<Shared>,
    /// What was to be analysed last.
    newest: Texts,
    /// What was analysed last.
    analysed: Texts,
    answer: Arc<dyn Fn(Answer) + Send + Sync>,
}

/// How the time with an open tree ended.
enum Next {
    Reopen,
    End,
}

impl Work {
    fn run(&mut self) {
        loop {
            let options = self.settings.options.clone();
            let opened = catch_unwind(AssertUnwindSafe(|| gup_driver::session(&options, |session| self.with(session))));
            let reason = match opened {
                Ok(Ok(Next::End)) => return,
                Ok(Ok(Next::Reopen)) => continue,
                Ok(Err(error)) => error.to_string(),
                Err(_) => "opening the tree panicked: this is a bug in gupcheck".to_owned(),
            };
            (self.answer)(Answer::Auditing(false));
            (self.answer)(Answer::NoTree(reason));
            if !self.wait_for_another() {
                return;
            }
        }
    }

    /// False: the server ends.
    fn wait_for_another(&mut self) -> bool {
        loop {
            match self.jobs.recv() {
                // Something changed: perhaps it was `make prepare`.
                Ok(Job::Look(files)) if files.iter().any(|file| file.ends_with("auto.conf")) => return true,
                Ok(Job::Conclude) => (self.answer)(Answer::Unknown),
                Ok(Job::Mend { number, .. }) => (self.answer)(Answer::Mended { number, generation: 0, found: Vec::new() }),
                Ok(Job::Known(known)) => self.settings.known = known,
                Ok(job) => self.keep(job),
                Err(_) => return false,
            }
        }
    }

    fn with(&mut self, session: &mut Session<'_, '_>) -> Next {
        (self.answer)(Answer::Auditing(true));
        self.take();
        if session.is_cold() {
            self.preview(session);
        }
        let audit = catch_unwind(AssertUnwindSafe(|| session.audit())).unwrap_or_else(|_| Err(panicked("the audit")));
        (self.answer)(Answer::Auditing(false));
        self.analysed = Texts::default();
        match audit {
            Ok(outcome) => self.tell(&outcome, &Texts::default(), Worth::Final),
            Err(Error::Stopped) => return Next::End,
            Err(error) => (self.answer)(Answer::Failed { generation: 0, message: error.to_string() }),
        }
        std::thread::scope(|scope| {
            let mut beside = Beside::new(scope);
            let next = self.serve(session, &mut beside);
            beside.give_up();
            next
        })
    }

    fn serve<'r, 'a>(&mut self, session: &mut Session<'r, 'a>, beside: &mut Beside<'_, 'r, 'a>) -> Next {
        loop {
            self.take();
            let Some(next) = self.next(beside) else { return Next::End };
            if self.shared.ended.load(Ordering::Relaxed) {
                return Next::End;
            }
            let job = match next {
                Ok(job) => job,
                Err(done) => {
                    self.guarded(self.newest.generation, |work| work.prepared(session, beside, done));
                    continue;
                }
            };
            match job {
                Job::Analyse(_) if self.has_newer() => {}
                Job::Analyse(texts) => self.guarded(texts.generation, |work| work.analyse(session, beside, texts)),
                Job::Look(files) if session.changed_on_disk(&files) => return Next::Reopen,
                Job::Look(_) => {}
                Job::Known(known) => self.settings.known = known,
                Job::Mend { number, findings } => self.mend(session, beside, number, findings),
                Job::Conclude => {
                    let found = catch_unwind(AssertUnwindSafe(|| session.concluded())).ok().flatten();
                    (self.answer)(found.map_or(Answer::Unknown, Answer::Concluded));
                }
            }
        }
    }

    /// A panic costs the answer about the texts of that generation.
    fn guarded(&mut self, generation: u64, job: impl FnOnce(&mut Work)) {
        if catch_unwind(AssertUnwindSafe(|| job(self))).is_err() {
            self.shared.current.store(0, Ordering::Relaxed);
            (self.answer)(Answer::Failed { generation, message: panicked("the analysis").to_string() });
        }
    }

    /// A job, or what came of a preparation. `None`: the server ends.
    fn next<'r, 'a>(&mut self, beside: &Beside<'_, 'r, 'a>) -> Option<Result<Job, Done<'r, 'a>>> {
        if let Ok(done) = beside.done.try_recv() {
            return Some(Err(done));
        }
        if let Some(job) = self.waiting.pop_front() {
            return Some(Ok(job));
        }
        select! {
            recv(beside.done) -> done => done.ok().map(Err),
            recv(self.jobs) -> job => job.ok().map(Ok),
        }
    }

    /// Newer texts wait to be analysed.
    fn has_newer(&self) -> bool {
        self.waiting.iter().any(|job| matches!(job, Job::Analyse(_)))
    }

    /// On a cold cache the audit takes minutes; the files that are open need not wait for all of it.
    fn preview(&mut self, session: &Session<'_, '_>) {
        let texts = self.waiting.iter().rev().find_map(|job| match job {
            Job::Analyse(texts) => Some(texts.clone()),
            _ => None,
        });
        let Some(texts) = texts else { return };
        let preview = catch_unwind(AssertUnwindSafe(|| session.preview(&texts.buffers())));
        if let Ok(Ok(Some(outcome))) = preview {
            self.tell(&outcome, &Texts { generation: 0, ..texts }, Worth::Preview);
        }
    }

    /// Headers that concern much are prepared beside; until then the others are answered about with the headers as they were.
    fn analyse<'r, 'a>(&mut self, session: &mut Session<'r, 'a>, beside: &mut Beside<'_, 'r, 'a>, texts: Texts) {
        self.newest = texts.clone();
        let buffers = texts.buffers();
        let long = session.takes_long(&buffers);
        if long.is_empty() {
            beside.give_up();
            return self.answer_about(session, texts, &buffers, Worth::Final);
        }
        let wanted = beside.want(session, &buffers, &long, &self.shared);
        let generation = texts.generation;
        let now = texts.with_earlier(&long, &self.analysed);
        let buffers = now.buffers();
        // Where a header changed on disk, too, there is nothing left to answer from.
        if session.takes_long(&buffers).is_empty() {
            self.answer_about(session, now, &buffers, Worth::UntilHeaders);
        }
        // Then no more is to come of these texts.
        if let Err(error) = wanted {
            (self.answer)(Answer::Failed { generation, message: error.to_string() });
        }
    }

    /// What was prepared came to an end. What is open by now is analysed with it.
    fn prepared<'r, 'a>(&mut self, session: &mut Session<'r, 'a>, beside: &mut Beside<'_, 'r, 'a>, done: Done<'r, 'a>) {
        beside.finished(session, done);
        if !self.has_newer() {
            self.waiting.push_back(Job::Analyse(self.newest.clone()));
        }
    }

    /// `buffers`: the texts, as the driver takes them.
    fn answer_about(&mut self, session: &mut Session<'_, '_>, texts: Texts, buffers: &Buffers, worth: Worth) {
        self.shared.current.store(texts.generation, Ordering::Relaxed);
        let result = session.with_buffers(buffers);
        self.shared.current.store(0, Ordering::Relaxed);
        match result {
            Ok(outcome) => {
                self.shared.given_up.store(0, Ordering::Relaxed);
                self.tell(&outcome, &texts, worth);
                if worth == Worth::Final {
                    self.warm(session, texts.generation, buffers);
                }
                self.analysed = texts;
                if let Some(conclusions) = session.conclusions() {
                    (self.answer)(Answer::Concluded(conclusions));
                }
            }
            Err(Error::Stopped) => {
                self.shared.given_up.fetch_add(1, Ordering::Relaxed);
                (self.answer)(Answer::Superseded);
            }
            Err(error) => (self.answer)(Answer::Failed { generation: texts.generation, message: error.to_string() }),
        }
    }

    /// While nobody waits, for the next edit. A newer text ends it.
    fn warm(&mut self, session: &mut Session<'_, '_>, generation: u64, buffers: &Buffers) {
        self.take();
        if !self.waiting.is_empty() {
            return;
        }
        self.shared.current.store(generation, Ordering::Relaxed);
        // What goes wrong is told when somebody asks for it.
        let _ = catch_unwind(AssertUnwindSafe(|| session.warm(buffers)));
        self.shared.current.store(0, Ordering::Relaxed);
    }

    fn mend(&mut self, session: &Session<'_, '_>, beside: &Beside<'_, '_, '_>, number: u64, findings: Vec<(String, u32)>) {
        // An edit is certain only with all headers as they are. Whoever asked has another text by now.
        let (generation, findings) = match beside.is_at_work() {
            true => (0, Vec::new()),
            false => (self.analysed.generation, findings),
        };
        // A newer text makes edits of this one worthless.
        self.shared.current.store(generation.max(1), Ordering::Relaxed);
        let mut found = Vec::new();
        for (fingerprint, line) in findings {
            let mended = catch_unwind(AssertUnwindSafe(|| session.mend(&fingerprint, line)));
            if let Ok(Ok(Some(suggestion))) = mended {
                found.push((fingerprint, line, suggestion));
            }
        }
        self.shared.current.store(0, Ordering::Relaxed);
        (self.answer)(Answer::Mended { number, generation, found });
    }

    fn tell(&self, outcome: &gup_driver::Outcome, texts: &Texts, worth: Worth) {
        let snapshot = Snapshot::of(outcome, texts, &self.settings, (self.today)(), worth);
        (self.answer)(Answer::Snapshot(Box::new(snapshot)));
    }

    /// Everything that was asked meanwhile.
    fn take(&mut self) {
        while let Ok(job) = self.jobs.try_recv() {
            self.keep(job);
        }
    }

    /// Of several texts only the newest matter.
    fn keep(&mut self, job: Job) {
        if matches!(job, Job::Analyse(_)) {
            self.waiting.retain(|job| !matches!(job, Job::Analyse(_)));
        }
        self.waiting.push_back(job);
    }
}

pub(crate) fn panicked(what: &str) -> Error {
    Error::new(format!("{what} panicked: this is a bug in gupcheck"))
}

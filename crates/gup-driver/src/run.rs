//! One run over one tree, step by step: open, select, extract, analyse, and again for what the analysis asks for.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use gup_analysis::contract::{Contracts, TreeFacts};
use gup_analysis::finding::{Analysis, Demand};
use gup_analysis::{Conclusions, Memo, Program, Settings};
use gup_ir::packed::Packed;

use crate::Error;
use crate::base::Base;
use crate::contents::Hash;
use crate::extract::{Extractor, Loaded};
use crate::header::Difference;
use crate::index::Index;
use crate::kbuild::{self, Kbuild};
use crate::limits;
use crate::options::Event;
use crate::pch::{HEADERS_UNIT, Place, Shared};
use crate::probe;
use crate::readers::{Known, Readers};
use crate::rivals::Rivals;
use crate::select::{Selection, Selector, is_api_header};
use crate::store::Kind;
use crate::text::{mentions, names};
use crate::unit::UnitSpec;
use crate::version::{Content, Version};

/// What was read and what it says.
#[derive(Clone, Default)]
pub(crate) struct Settled {
    pub(crate) units: BTreeMap<String, Loaded>,
    pub(crate) failed: BTreeMap<String, String>,
    pub(crate) absent: BTreeMap<String, String>,
    pub(crate) limits: BTreeSet<String>,
    /// Fields that were asked about → who can name them; `None`: that cannot be told.
    pub(crate) readers: BTreeMap<String, Option<Readers>>,
    /// Fields whose functions were asked for. Once there are some the analysis asks no more; a file that stores another one matters all
    /// the same.
    pub(crate) stored_in: BTreeSet<String>,
    pub(crate) analysis: Analysis,
    /// Of the tree of an editor.
    pub(crate) conclusions: Option<Arc<Conclusions>>,
}

/// The files of one version, before any of them is parsed.
pub(crate) struct Sources<'a> {
    pub(crate) index: Index,
    pub(crate) place: Place<'a>,
}

impl<'a> Sources<'a> {
    /// `earlier`: those of another version, which may have the same makefiles.
    pub(crate) fn of_version(base: &'a Base<'a>, version: &Version, earlier: Option<&Place<'a>>) -> Sources<'a> {
        let mut index = base.index.clone();
        for (file, content) in version.files().filter(|(file, _)| file.ends_with(".c") || file.ends_with(".h")) {
            index.overlay(file, content);
        }
        let sources = version.files().map(|(file, _)| file).filter(|file| file.ends_with(".c"));
        let parts = match earlier.filter(|earlier| earlier.version.has_same_parts(version)) {
            Some(earlier) => earlier.parts.clone(),
            None => Arc::new(index.included(sources)),
        };
        let version = Arc::new(version.clone());
        let mut place =
            Place { contents: base.place().contents.of_version(&version), parts, version: version.clone(), ..base.place() };
        match earlier.filter(|earlier| earlier.version.has_same_makefiles(&version)) {
            Some(earlier) => place.kbuild = earlier.kbuild.clone(),
            None if version.has_makefiles() => place.kbuild = Arc::new(Kbuild::of_version(&base.tree, version)),
            None => {}
        }
        Sources { index, place }
    }

    pub(crate) fn selector(&self) -> Selector<'_> {
        selector(&self.place, &self.index)
    }
}

fn selector<'s>(place: &'s Place<'_>, index: &'s Index) -> Selector<'s> {
    Selector { tree: place.tree, other_names: &place.version.other_names, kbuild: &place.kbuild, index }
}

/// The shared headers, the contracts of this tree, and everything that units of one version are read and judged with.
pub(crate) struct Run<'a> {
    pub(crate) base: &'a Base<'a>,
    pub(crate) index: Index,
    pub(crate) extractor: Extractor<'a>,
    pub(crate) contracts: Arc<Contracts>,
    headers: Result<Loaded, String>,
    facts: TreeFacts,
    /// What is known of functions from earlier rounds and runs; read when it is first needed.
    memo: Arc<Mutex<Option<Memo>>>,
}

impl<'a> Run<'a> {
    /// Over the tree as it is on disk.
    pub(crate) fn new(base: &'a Base<'a>, place: Place<'a>, shared: Shared) -> Result<Run<'a>, Error> {
        let (extractor, headers) = Extractor::new(place, &base.pool, Arc::new(shared));
        let facts = TreeFacts {
            declared: declared(&base.index, &base.files.words()),
            constants: probe::constants(&extractor, &base.files.constants()),
            policy: base.options.policy.clone(),
        };
        let contracts = Arc::new(base.contracts(&facts)?);
        base.lap("headers");
        Ok(Run { base, index: base.index.clone(), extractor, contracts, headers, facts, memo: Arc::default() })
    }

    /// Over another version. `self` is the run over the tree on disk, `earlier` one that may have the same common headers.
    pub(crate) fn of_version(&self, sources: Sources<'a>, earlier: &Run<'a>) -> Result<Run<'a>, Error> {
        let (base, Sources { index, mut place }) = (self.base, sources);
        let version = place.version.clone();
        if version.has_headers() {
            place.rivals = Arc::new(Rivals::new(&base.tree, index.headers()));
        }
        let shared = &self.extractor.shared;
        let differs = version.has_headers() && shared.differs(&place, &base.pool);
        let is_alike = differs && earlier.has_common_headers_of(&place);
        let only_bodies = self.changes_only_bodies(&version);
        let (extractor, headers) = match (differs, is_alike) {
            (false, _) => (self.extractor.of_version(place), self.headers.clone()),
            (true, true) => (earlier.extractor.of_version(place), earlier.headers.clone()),
            (true, false) => {
                let shared = Arc::new(shared.of_version(&place, &base.pool));
                std::thread::scope(|scope| {
                    // It will be asked for named constants, and takes as long as the headers' functions.
                    if !only_bodies && place.at_once(&base.pool) > 1 {
                        scope.spawn(|| shared.make(&place, &base.pool, kbuild::Kind::BuiltIn));
                    }
                    Extractor::new(place.clone(), &base.pool, shared.clone())
                })
            }
        };
        let mut facts = if is_alike { earlier.facts.clone() } else { self.facts.clone() };
        if version.has_headers() {
            facts.declared = declared(&index, &base.files.words());
        }
        if differs && !is_alike && !only_bodies {
            facts.constants = probe::constants(&extractor, &base.files.constants());
        }
        let (memo, contracts) = match [earlier, self].into_iter().find(|run| run.facts == facts) {
            // Who is answered meanwhile need not wait for what is noted here.
            Some(run) if extractor.place.is_beside() => (run.forked_memo(), run.contracts.clone()),
            Some(run) => (run.memo.clone(), run.contracts.clone()),
            None => (Arc::default(), Arc::new(base.contracts(&facts)?)),
        };
        base.lap("headers");
        Ok(Run { base, index, extractor, contracts, headers, facts, memo })
    }

    /// Are the common headers of this run the same at `other`? What is on disk may have been saved since this run read it, so that
    /// hashes are compared.
    fn has_common_headers_of(&self, other: &Place<'_>) -> bool {
        let root = &self.base.tree.root;
        let matters = |file: &str| self.is_common(file) || !root.join(file).is_file() || !other.version.is_file(root, file);
        let differs = |file: &str| self.place().contents.hash(file) != other.contents.hash(file);
        let mut files = self.place().version.files().chain(other.version.files()).map(|(file, _)| file);
        !files.any(|file| file.ends_with(".h") && differs(file) && matters(file))
    }

    /// Does `version` differ from the disk, as to the common headers, only between the braces of functions?
    fn changes_only_bodies(&self, version: &Version) -> bool {
        let root = &self.base.tree.root;
        let is_harmless = |(file, content): (&str, Option<&Content>)| {
            let old = std::fs::read(root.join(file)).ok();
            let is_as_opened = self.place().contents.hash(file) == old.as_deref().map(Hash::of);
            let exists = old.is_some() && content.is_some();
            let within = || Difference::between(old.as_deref(), content.map(|content| &content[..])).is_within_bodies();
            exists && (!self.is_common(file) || (is_as_opened && within()))
        };
        version.files().filter(|(file, _)| file.ends_with(".h")).all(is_harmless)
    }

    /// Is the file one of the headers that most units share?
    pub(crate) fn is_common(&self, file: &str) -> bool {
        self.common_headers().iter().any(|header| header == file) || self.extractor.shared.inputs.contains(file)
    }

    pub(crate) fn place(&self) -> &Place<'a> {
        &self.extractor.place
    }

    pub(crate) fn selector(&self) -> Selector<'_> {
        selector(self.place(), &self.index)
    }

    /// Files that the common headers' unit was made of.
    pub(crate) fn common_headers(&self) -> &[String] {
        self.headers.as_ref().map_or(&[], |loaded| &loaded.inputs)
    }

    /// Where to look, relative to the tree; nowhere in particular: everywhere.
    pub(crate) fn paths(&self) -> Vec<String> {
        self.base.options.paths.iter().map(|path| self.base.relative(path)).collect()
    }

    /// Units that acquire references, before the analysis asks for more.
    pub(crate) fn initial(&self, paths: &[String]) -> Selection {
        let selection = self.selector().initial(&self.base.files.site_names(), paths);
        self.base.lap("select");
        selection
    }

    /// Reads the selection, and what the analysis asks for, until it asks for nothing new.
    pub(crate) fn settle(&self, selection: Selection) -> Result<Settled, Error> {
        let start = Settled { absent: selection.absent, limits: selection.limits, ..Settled::default() };
        let settled = self.settle_from(start, selection.units, limits::UNITS)?;
        self.keep_memo();
        Ok(settled)
    }

    /// The same from units that were read already; `next` are to be read first. Asks no further once `budget` units would be
    /// passed, and keeps nothing of what is found out about functions.
    pub(crate) fn settle_from(&self, mut settled: Settled, mut next: BTreeSet<String>, budget: usize) -> Result<Settled, Error> {
        let selector = self.selector();
        // What was asked already was answered. Of a tree that stays open that holds for its last state, too.
        let mut asked = match self.place().live {
            Some(_) => std::mem::take(&mut settled.analysis.demand),
            None => Demand::default(),
        };
        for round in 0.. {
            self.go_on()?;
            self.extract(&next, &mut settled);
            self.go_on()?;
            let readers = settled.readers_read();
            (settled.analysis, settled.conclusions) = self.analyse(&settled.units, &readers)?;
            settled.stored_in.extend(settled.analysis.demand.targets_of.keys().cloned());
            let demanded = selector.demanded(&unasked(&settled.analysis.demand, &mut asked));
            settled.limits.extend(demanded.limits);
            let of_fields = settled.ask_for_readers(&selector, budget);
            self.base.lap("select");
            next = demanded.units.into_iter().chain(of_fields).filter(|file| !settled.has(file)).collect();
            if next.is_empty() && settled.readers_read() == readers {
                break;
            }
            if round == limits::DEMAND_ROUNDS || settled.units.len() + next.len() > budget {
                let message =
                    format!("{} more units were wanted after {} in {} rounds", next.len(), settled.units.len(), round + 1);
                settled.limits.insert(message);
                break;
            }
            self.base.options.tell(&Event::Demand { round: round + 1, units: next.len() });
        }
        Ok(settled)
    }

    fn go_on(&self) -> Result<(), Error> {
        let place = self.place();
        let is_stopped = if place.is_beside() { place.is_given_up() } else { self.base.options.is_stopped() };
        if is_stopped { Err(Error::Stopped) } else { Ok(()) }
    }

    /// Extracts `files` into `settled`.
    pub(crate) fn extract(&self, files: &BTreeSet<String>, settled: &mut Settled) {
        let specs: Vec<UnitSpec> = files.iter().filter_map(|file| self.place().spec(file)).collect();
        if specs.is_empty() {
            return;
        }
        let total = specs.len();
        let results = self.extractor.extract(&specs, &|left| self.base.options.tell(&Event::Extracting { left, total }));
        for (file, result) in results {
            match result {
                Ok(loaded) => drop(settled.units.insert(file, loaded)),
                Err(reason) => drop(settled.failed.insert(file, reason)),
            }
        }
        if self.place().live.is_none() {
            self.base.keep();
        }
        self.base.lap("extract");
    }

    /// The analysis of these units and the common headers: kept from an earlier run over the same, or made.
    fn analyse(&self, units: &BTreeMap<String, Loaded>, readers: &Known) -> Result<(Analysis, Option<Arc<Conclusions>>), Error> {
        if self.base.options.extract_only {
            return Ok((Analysis::default(), None));
        }
        // Nobody asks again for what a text meant while it was being typed.
        let is_kept = self.place().live.is_none();
        let name = is_kept.then(|| self.identity(units, readers).name());
        let stored = name.as_ref().and_then(|name| self.base.store.read(Kind::Analyses, name));
        if let Some(analysis) = stored.and_then(|bytes| postcard::from_bytes(&bytes).ok()) {
            self.base.lap("analyse");
            return Ok((analysis, None));
        }
        let (analysis, conclusions) = self.conclude(units, readers)?;
        if let (Some(name), Ok(bytes)) = (name, postcard::to_stdvec(&analysis)) {
            self.base.store.write(Kind::Analyses, &name, &bytes);
        }
        self.base.lap("analyse");
        // Beside an audit and a diff they would only take room.
        Ok((analysis, (!is_kept).then(|| Arc::new(conclusions))))
    }

    /// The same, always made.
    pub(crate) fn conclude(&self, units: &BTreeMap<String, Loaded>, readers: &Known) -> Result<(Analysis, Conclusions), Error> {
        let is_beside = self.place().is_beside();
        let program = Arc::new(self.link(units));
        let found = on_a_large_stack(is_beside, || self.judge(program.clone(), readers))?;
        let damaged = program.damaged();
        if damaged.is_empty() {
            return Ok(found);
        }
        let program = Arc::new(self.relink(units, &damaged));
        on_a_large_stack(is_beside, || self.judge(program, readers))
    }

    fn judge(&self, program: Arc<Program>, readers: &Known) -> (Analysis, Conclusions) {
        let settings =
            Settings { workers: self.place().at_once(&self.base.pool), readers: readers.clone(), ..Settings::default() };
        // Functions are many, and most are recalled: who listens may be another thread, and is told each step of a hundredth.
        let told = AtomicUsize::new(usize::MAX);
        let watch = |done: usize, total: usize| {
            let step = done * 100 / total.max(1);
            if told.swap(step, Ordering::Relaxed) != step {
                self.base.options.tell(&Event::Analysing { done, total });
            }
        };
        let contracts = self.contracts.clone();
        self.with_memo(|memo| {
            memo.follows_edits = self.place().live.is_some();
            gup_analysis::analyse_to_be_asked(program, contracts, &settings, memo, &watch)
        })
    }

    /// All units, linked in the order of their files, the common headers first.
    pub(crate) fn link(&self, units: &BTreeMap<String, Loaded>) -> Program {
        self.relink(units, &BTreeSet::new())
    }

    /// The same with these read again.
    fn relink(&self, units: &BTreeMap<String, Loaded>, damaged: &BTreeSet<String>) -> Program {
        let headers = self.headers.iter().map(|loaded| (HEADERS_UNIT, loaded));
        let all: Vec<(&str, &Loaded)> = headers.chain(units.iter().map(|(file, loaded)| (file.as_str(), loaded))).collect();
        let decoded: Vec<OnceLock<Option<Arc<Packed>>>> = all.iter().map(|_| OnceLock::new()).collect();
        self.base.pool.each(self.place().at_once(&self.base.pool), all.len(), |number| {
            let (file, loaded) = all[number];
            let kept = || loaded.packed().filter(|packed| !damaged.contains(&packed.file));
            decoded[number].get_or_init(|| kept().or_else(|| self.extractor.again(file)));
        });
        let program = Program::link_packed(decoded.into_iter().filter_map(|unit| unit.into_inner().flatten()).collect());
        self.base.lap("link");
        program
    }

    /// One line each about what went wrong without stopping the run.
    pub(crate) fn warnings(&self) -> Vec<String> {
        let mut all = self.extractor.warnings();
        all.extend(self.headers.as_ref().err().map(|reason| format!("the common headers were not read at once: {reason}")));
        all.extend(self.base.store.warning());
        all
    }

    /// What this version has in place of what is on disk.
    pub(crate) fn files(&self) -> BTreeMap<String, Option<Vec<u8>>> {
        let files = self.place().version.files();
        files.map(|(file, content)| (file.to_owned(), content.map(|content| content.to_vec()))).collect()
    }

    /// Uses what is known of functions from this run, or from the last one.
    pub(crate) fn with_memo<T>(&self, work: impl FnOnce(&mut Memo) -> T) -> T {
        let mut memo = self.memo.lock().unwrap_or_else(PoisonError::into_inner);
        work(memo.get_or_insert_with(|| self.stored_memo()))
    }

    /// What is known of functions, for a run beside this one.
    fn forked_memo(&self) -> Arc<Mutex<Option<Memo>>> {
        Arc::new(Mutex::new(Some(self.with_memo(|memo| memo.fork()))))
    }

    /// From now on this run and `self` know the same of functions, which is what `other` knows.
    pub(crate) fn learn_from(&self, other: &mut Run<'a>) {
        if other.facts != self.facts || Arc::ptr_eq(&self.memo, &other.memo) {
            return;
        }
        let learnt = other.memo.lock().unwrap_or_else(PoisonError::into_inner).take();
        *self.memo.lock().unwrap_or_else(PoisonError::into_inner) = learnt;
        other.memo = self.memo.clone();
    }

    /// Has an audit kept what it found out about functions?
    pub(crate) fn has_memo(&self) -> bool {
        self.base.store.path(Kind::Memo, &self.memo_name()).is_some_and(|path| path.is_file())
    }

    fn stored_memo(&self) -> Memo {
        let name = self.memo_name();
        let Some(bytes) = self.base.store.read(Kind::Memo, &name) else { return Memo::default() };
        Memo::decode(&bytes).unwrap_or_else(|| {
            self.base.store.reject(Kind::Memo, &name);
            Memo::default()
        })
    }

    /// Keeps what was found out about functions, for the next run on this tree.
    fn keep_memo(&self) {
        let memo = self.memo.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(memo) = memo.as_ref().filter(|memo| memo.is_new)
            && let Some(bytes) = memo.encode()
        {
            self.base.store.write(Kind::Memo, &self.memo_name(), &bytes);
        }
        self.base.lap("analyse");
    }

    /// A memo serves one tree, one set of contracts and one build of this program.
    fn memo_name(&self) -> String {
        let mut parts = self.rules();
        parts.push(self.base.tree.root.to_string_lossy().into_owned().into_bytes());
        Hash::of_all(parts.iter().map(Vec::as_slice)).name()
    }

    /// Everything that decides what the analysis says.
    fn identity(&self, units: &BTreeMap<String, Loaded>, readers: &Known) -> Hash {
        let mut parts = self.rules();
        parts.push(format!("{readers:?}").into_bytes());
        parts.extend(self.headers.iter().chain(units.values()).map(|loaded| loaded.identity.bytes().to_vec()));
        Hash::of_all(parts.iter().map(Vec::as_slice))
    }

    /// Everything that decides what the analysis says of a given program.
    fn rules(&self) -> Vec<Vec<u8>> {
        let program = std::env::current_exe().ok().and_then(|path| self.place().contents.hash(&path.to_string_lossy()));
        let mut parts: Vec<Vec<u8>> =
            vec![format!("{:?}", self.facts).into_bytes(), format!("{:?}", Settings::default()).into_bytes()];
        parts.extend([program, Some(self.base.analyses.identity())].into_iter().flatten().map(|hash| hash.bytes().to_vec()));
        parts
    }
}

impl Settled {
    /// Was the file read, or tried to be?
    pub(crate) fn has(&self, file: &str) -> bool {
        self.units.contains_key(file) || self.failed.contains_key(file)
    }
}

/// What of a demand was not asked before; from now on it was.
fn unasked(demand: &Demand, asked: &mut Demand) -> Demand {
    let fresh = |names: &BTreeMap<String, String>, asked: &mut BTreeMap<String, String>| {
        let fresh: BTreeMap<String, String> =
            names.iter().filter(|(name, _)| !asked.contains_key(*name)).map(|(name, why)| (name.clone(), why.clone())).collect();
        asked.extend(fresh.clone());
        fresh
    };
    Demand {
        callers_of: fresh(&demand.callers_of, &mut asked.callers_of),
        definitions_of: fresh(&demand.definitions_of, &mut asked.definitions_of),
        targets_of: fresh(&demand.targets_of, &mut asked.targets_of),
        ..Demand::default()
    }
}

/// Kernel functions call each other deeply, and so do those that walk over them. A panic is a bug, but no reason to lose
/// what was read so far. `is_beside`: with less of the processor.
fn on_a_large_stack<T: Send>(is_beside: bool, work: impl FnOnce() -> T + Send) -> Result<T, Error> {
    std::thread::scope(|scope| {
        let thread = std::thread::Builder::new().stack_size(limits::ANALYSIS_STACK).spawn_scoped(scope, || {
            if is_beside {
                // On Linux the thread's, and that of those which it starts.
                let _ = rustix::process::setpriority_process(None, limits::NICE);
            }
            work()
        });
        let thread = thread.map_err(|error| Error::new(format!("cannot start a thread: {error}")))?;
        thread.join().map_err(|_| Error::new("the analysis panicked: this is a bug in gupcheck"))
    })
}

/// The words that the kernel's API headers have.
fn declared(index: &Index, words: &BTreeSet<String>) -> BTreeSet<String> {
    let wanted: Vec<&str> = words.iter().map(String::as_str).collect();
    let names = names(words);
    let mut found = BTreeSet::new();
    for file in index.candidates(&wanted).into_iter().filter(|file| is_api_header(file)) {
        let text = index.text(file);
        found.extend(mentions(&text, &names).iter().map(|mention| String::from_utf8_lossy(mention.word).into_owned()));
    }
    found
}

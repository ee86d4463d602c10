//! One run over one tree, step by step: open, select, extract, analyse, and again for what the analysis asks for.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use gup_analysis::contract::{ContractFiles, Contracts, TreeFacts};
use gup_analysis::finding::Analysis;
use gup_analysis::{Memo, Program, Settings};

use crate::Error;
use crate::analyses::Analyses;
use crate::contents::{Contents, Hash};
use crate::extract::{Extractor, Loaded};
use crate::index::Index;
use crate::kbuild::{Kbuild, normalize};
use crate::limits;
use crate::options::{Event, Options};
use crate::pch::{HEADERS_UNIT, Place, Shared};
use crate::pool::Pool;
use crate::probe;
use crate::select::{Selection, Selector, is_api_header};
use crate::store::{Kind, Store};
use crate::text::{mentions, names};
use crate::tree::Tree;
use crate::unit::UnitSpec;

/// The tree, opened: what does not depend on which units are read.
pub(crate) struct Base<'o> {
    pub(crate) options: &'o Options,
    pub(crate) tree: Tree,
    pub(crate) kbuild: Kbuild,
    pub(crate) index: Index,
    pub(crate) contents: Contents,
    pub(crate) store: Store,
    pub(crate) pool: Pool,
    pub(crate) analyses: Analyses,
    files: ContractFiles,
    clock: Mutex<Clock>,
}

/// Seconds by phase, in the order in which phases first ran.
struct Clock {
    started: Instant,
    phases: Vec<(String, f64)>,
}

/// What was read and what it says.
pub(crate) struct Settled {
    pub(crate) units: BTreeMap<String, Loaded>,
    pub(crate) failed: BTreeMap<String, String>,
    pub(crate) absent: BTreeMap<String, String>,
    pub(crate) limits: BTreeSet<String>,
    pub(crate) analysis: Analysis,
}

impl<'o> Base<'o> {
    pub(crate) fn open(options: &'o Options) -> Result<Base<'o>, Error> {
        let clock = Clock { started: Instant::now(), phases: Vec::new() };
        let tree = Tree::open(&options.working, options.tree.as_deref(), options.build.as_deref(), options.arch.as_deref())?;
        let analyses = Analyses::load(options.analyses.as_deref())?;
        let files = analyses.contracts()?;
        if let Some(unknown) = options.policy.as_ref().filter(|name| !files.policies().any(|policy| policy == *name)) {
            let known: Vec<&str> = files.policies().collect();
            return Err(Error::new(format!("there is no policy {unknown}: choose auto or one of {}", known.join(", "))));
        }
        let store = Store::new(options.cache.clone());
        let name = Hash::of(tree.root.to_string_lossy().as_bytes()).name();
        let root = tree.root.clone();
        // The first worker loads libclang while the tree is read.
        let (pool, kbuild, index) = std::thread::scope(|scope| {
            let pool = scope.spawn(|| Pool::start(options.workers.clone(), &root));
            let kbuild = scope.spawn(|| Kbuild::read(&tree));
            let stored = store.read(Kind::Index, &name).unwrap_or_default();
            let index = Index::build(&root, &tree.build, &stored, options.workers.count());
            if index.read > 0 {
                store.write(Kind::Index, &name, &index.stored());
            }
            (pool.join(), kbuild.join().expect("reading makefiles does not panic"), index)
        });
        let pool = pool.expect("starting a worker does not panic")?;
        let contents = Contents::new(&tree.root, &store.read(Kind::Contents, &name).unwrap_or_default());
        let base = Base { options, tree, kbuild, index, contents, store, pool, analyses, files, clock: Mutex::new(clock) };
        base.lap("select");
        Ok(base)
    }

    pub(crate) fn place(&self) -> Place<'_> {
        Place { tree: &self.tree, kbuild: &self.kbuild, store: &self.store, contents: &self.contents }
    }

    /// A path as the tree names it: given relative to the working directory or the tree, or absolute.
    pub(crate) fn relative(&self, path: &Path) -> String {
        let here = self.options.working.join(path);
        let here = normalize(&here.canonicalize().unwrap_or(here));
        let below = here.strip_prefix(&self.tree.root).ok().filter(|_| here.exists()).map(Path::to_path_buf);
        below.unwrap_or_else(|| normalize(path)).to_string_lossy().into_owned()
    }

    /// Keeps what the next run can use, also if this one does not come to its end.
    pub(crate) fn keep(&self) {
        if let Some(contents) = self.contents.stored() {
            let name = Hash::of(self.tree.root.to_string_lossy().as_bytes()).name();
            self.store.write(Kind::Contents, &name, &contents);
        }
    }

    pub(crate) fn phases(&self) -> Vec<(String, f64)> {
        self.lock().phases.clone()
    }

    /// The time since the last call went into this phase.
    pub(crate) fn lap(&self, phase: &str) {
        let mut clock = self.lock();
        let seconds = clock.started.elapsed().as_secs_f64();
        clock.started = Instant::now();
        match clock.phases.iter_mut().find(|(name, _)| name == phase) {
            Some((_, sum)) => *sum += seconds,
            None => clock.phases.push((phase.to_owned(), seconds)),
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Clock> {
        self.clock.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The shared headers, the contracts of this tree, and everything that units are read and judged with.
pub(crate) struct Run<'a> {
    pub(crate) base: &'a Base<'a>,
    pub(crate) extractor: Extractor<'a>,
    pub(crate) contracts: Contracts,
    headers: Result<Loaded, String>,
    facts: TreeFacts,
    warnings: Vec<String>,
    /// What is known of functions from earlier rounds and runs; read when it is first needed.
    memo: Mutex<Option<Memo>>,
}

impl<'a> Run<'a> {
    pub(crate) fn new(base: &'a Base<'a>, shared: &'a Shared, warnings: Vec<String>) -> Result<Run<'a>, Error> {
        let (extractor, headers) = Extractor::new(base.place(), &base.pool, shared);
        let facts = TreeFacts {
            declared: declared(&base.index, &base.files.words()),
            constants: probe::constants(&extractor, &base.files.constants()),
            policy: base.options.policy.clone(),
        };
        let contracts = base.files.resolve(&facts).map_err(|errors| base.analyses.error(errors))?;
        base.lap("headers");
        Ok(Run { base, extractor, contracts, headers, facts, warnings, memo: Mutex::new(None) })
    }

    pub(crate) fn selector(&self) -> Selector<'_> {
        Selector { tree: &self.base.tree, kbuild: &self.base.kbuild, index: &self.base.index }
    }

    /// Units that acquire references, before the analysis asks for more.
    pub(crate) fn initial(&self, paths: &[String]) -> Selection {
        let selection = self.selector().initial(&self.base.files.site_names(), paths);
        self.base.lap("select");
        selection
    }

    /// Reads the selection, and what the analysis asks for, until it asks for nothing new.
    pub(crate) fn settle(&self, selection: Selection) -> Result<Settled, Error> {
        let start = Settled {
            units: BTreeMap::new(),
            failed: BTreeMap::new(),
            absent: selection.absent,
            limits: selection.limits,
            analysis: Analysis::default(),
        };
        let settled = self.settle_from(start, selection.units, &self.selector())?;
        self.keep_memo();
        Ok(settled)
    }

    /// The same from units that were read already; `next` are to be read first.
    pub(crate) fn settle_from(
        &self,
        mut settled: Settled,
        mut next: BTreeSet<String>,
        selector: &Selector<'_>,
    ) -> Result<Settled, Error> {
        for round in 0.. {
            self.extract(&next, &mut settled);
            settled.analysis = self.analyse(&settled.units)?;
            let demanded = selector.demanded(&settled.analysis.demand);
            self.base.lap("select");
            settled.limits.extend(demanded.limits);
            next = demanded
                .units
                .into_iter()
                .filter(|file| !settled.units.contains_key(file) && !settled.failed.contains_key(file))
                .collect();
            if next.is_empty() {
                break;
            }
            if round == limits::DEMAND_ROUNDS || settled.units.len() + next.len() > limits::UNITS {
                let message =
                    format!("{} more units were wanted after {} in {} rounds", next.len(), settled.units.len(), round + 1);
                settled.limits.insert(message);
                break;
            }
            self.base.options.tell(&Event::Demand { round: round + 1, units: next.len() });
        }
        Ok(settled)
    }

    /// Extracts `files` into `settled`.
    pub(crate) fn extract(&self, files: &BTreeSet<String>, settled: &mut Settled) {
        let specs: Vec<UnitSpec> =
            files.iter().filter_map(|file| UnitSpec::of(&self.base.tree, &self.base.kbuild, file)).collect();
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
        self.base.keep();
        self.base.lap("extract");
    }

    /// The analysis of these units and the common headers: kept from an earlier run over the same, or made.
    pub(crate) fn analyse(&self, units: &BTreeMap<String, Loaded>) -> Result<Analysis, Error> {
        if self.base.options.extract_only {
            return Ok(Analysis::default());
        }
        let name = self.identity(units).name();
        let stored = self.base.store.read(Kind::Analyses, &name);
        if let Some(analysis) = stored.and_then(|bytes| postcard::from_bytes(&bytes).ok()) {
            self.base.lap("analyse");
            return Ok(analysis);
        }
        self.base.options.tell(&Event::Analysing { units: units.len() });
        let program = self.link(units);
        let mut memo = self.memo.lock().unwrap_or_else(PoisonError::into_inner);
        let memo = memo.get_or_insert_with(|| self.stored_memo());
        let settings = Settings { workers: self.base.pool.count(), ..Settings::default() };
        let analysis = on_a_large_stack(|| gup_analysis::analyse_with(&program, &self.contracts, &settings, memo))?;
        if let Ok(bytes) = postcard::to_stdvec(&analysis) {
            self.base.store.write(Kind::Analyses, &name, &bytes);
        }
        self.base.lap("analyse");
        Ok(analysis)
    }

    /// All units, decoded on all threads and linked in the order of their files, the common headers first.
    pub(crate) fn link(&self, units: &BTreeMap<String, Loaded>) -> Program {
        let headers = self.headers.iter().map(|loaded| (HEADERS_UNIT, loaded));
        let all: Vec<(&str, &Loaded)> = headers.chain(units.iter().map(|(file, loaded)| (file.as_str(), loaded))).collect();
        let decoded: Vec<Mutex<Option<gup_ir::Unit>>> = all.iter().map(|_| Mutex::new(None)).collect();
        self.base.pool.each(all.len(), |number| {
            let (file, loaded) = all[number];
            let unit = loaded.unit().or_else(|| self.extractor.again(file));
            *decoded[number].lock().unwrap_or_else(PoisonError::into_inner) = unit;
        });
        let program = Program::link(decoded.into_iter().filter_map(|unit| unit.into_inner().ok().flatten()).collect());
        self.base.lap("link");
        program
    }

    /// One line each about what went wrong without stopping the run.
    pub(crate) fn warnings(&self) -> Vec<String> {
        let mut all = self.warnings.clone();
        all.extend(self.extractor.warnings());
        all.extend(self.headers.as_ref().err().map(|reason| format!("the common headers were not read at once: {reason}")));
        all.extend(self.base.store.warning());
        all
    }

    fn stored_memo(&self) -> Memo {
        let name = self.memo_name();
        let Some(bytes) = self.base.store.read(Kind::Memo, &name) else { return Memo::default() };
        postcard::from_bytes(&bytes).unwrap_or_else(|_| {
            self.base.store.reject(Kind::Memo, &name);
            Memo::default()
        })
    }

    /// Keeps what was found out about functions, for the next run on this tree.
    fn keep_memo(&self) {
        let memo = self.memo.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(memo) = memo.as_ref().filter(|memo| memo.is_new)
            && let Ok(bytes) = postcard::to_stdvec(memo)
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
    fn identity(&self, units: &BTreeMap<String, Loaded>) -> Hash {
        let mut parts = self.rules();
        parts.extend(self.headers.iter().chain(units.values()).map(|loaded| loaded.identity.bytes().to_vec()));
        Hash::of_all(parts.iter().map(Vec::as_slice))
    }

    /// Everything that decides what the analysis says of a given program.
    fn rules(&self) -> Vec<Vec<u8>> {
        let program = std::env::current_exe().ok().and_then(|path| self.base.contents.hash(&path.to_string_lossy()));
        let mut parts: Vec<Vec<u8>> =
            vec![format!("{:?}", self.facts).into_bytes(), format!("{:?}", Settings::default()).into_bytes()];
        parts.extend([program, Some(self.base.analyses.identity())].into_iter().flatten().map(|hash| hash.bytes().to_vec()));
        parts
    }
}

/// Kernel functions call each other deeply, and so do those that walk over them. A panic is a bug, but no reason to lose
/// what was read so far.
fn on_a_large_stack<T: Send>(work: impl FnOnce() -> T + Send) -> Result<T, Error> {
    std::thread::scope(|scope| {
        let thread = std::thread::Builder::new().stack_size(limits::ANALYSIS_STACK).spawn_scoped(scope, work);
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

/// Where results are kept when nothing else is said: `$GUPCHECK_CACHE_DIR`, `$XDG_CACHE_HOME/gupcheck` or `~/.cache/gupcheck`.
pub fn default_cache() -> Option<PathBuf> {
    let variable = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    variable("GUPCHECK_CACHE_DIR")
        .or_else(|| variable("XDG_CACHE_HOME").map(|path| path.join("gupcheck")))
        .or_else(|| variable("HOME").map(|path| path.join(".cache/gupcheck")))
}

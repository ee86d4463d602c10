//! The tree, opened: what does not depend on which units are read, nor on which version of it.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use gup_analysis::contract::{ContractFiles, Contracts, TreeFacts};

use crate::Error;
use crate::analyses::Analyses;
use crate::contents::{Contents, Hash};
use crate::index::Index;
use crate::kbuild::{Kbuild, normalize};
use crate::options::Options;
use crate::pch::Place;
use crate::pool::Pool;
use crate::rivals::Rivals;
use crate::store::{Kind, Store};
use crate::tree::Tree;

/// What every run over the tree starts from.
pub(crate) struct Base<'o> {
    pub(crate) options: &'o Options,
    pub(crate) tree: Tree,
    pub(crate) kbuild: Arc<Kbuild>,
    pub(crate) index: Index,
    contents: Contents,
    rivals: Arc<Rivals>,
    pub(crate) store: Store,
    pub(crate) pool: Pool,
    pub(crate) analyses: Analyses,
    pub(crate) files: ContractFiles,
    clock: Mutex<Clock>,
}

/// Seconds by phase, in the order in which phases first ran.
struct Clock {
    started: Instant,
    phases: Vec<(String, f64)>,
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
        let (kbuild, rivals) = (Arc::new(kbuild), Arc::new(Rivals::new(&tree, index.headers())));
        let base =
            Base { options, tree, kbuild, index, contents, rivals, store, pool, analyses, files, clock: Mutex::new(clock) };
        base.lap("select");
        Ok(base)
    }

    /// The version on disk.
    pub(crate) fn place(&self) -> Place<'_> {
        Place {
            tree: &self.tree,
            store: &self.store,
            version: Arc::default(),
            kbuild: self.kbuild.clone(),
            contents: self.contents.clone(),
            rivals: self.rivals.clone(),
            parts: Arc::default(),
            given: None,
            live: None,
        }
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

    /// The contracts that hold in a tree of which these are the facts.
    pub(crate) fn contracts(&self, facts: &TreeFacts) -> Result<Contracts, Error> {
        self.files.resolve(facts).map_err(|errors| self.analyses.error(errors))
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

/// Where results are kept when nothing else is said: `$GUPCHECK_CACHE_DIR`, `$XDG_CACHE_HOME/gupcheck` or `~/.cache/gupcheck`.
pub fn default_cache() -> Option<PathBuf> {
    let variable = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    variable("GUPCHECK_CACHE_DIR")
        .or_else(|| variable("XDG_CACHE_HOME").map(|path| path.join("gupcheck")))
        .or_else(|| variable("HOME").map(|path| path.join(".cache/gupcheck")))
}

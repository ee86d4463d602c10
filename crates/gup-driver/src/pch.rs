//! The headers that most units share: read once into a PCH, and their inline functions extracted once.
//!
//! Headers are most of the cost of a unit: `fs/direct-io.c` takes 1.9 s without and 0.07 s with a PCH. libclang refuses a
//! PCH whose inputs changed in size or time; we check before, because then it says only that it cannot read it.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use serde::{Deserialize, Serialize};

use crate::contents::{Contents, Hash};
use crate::kbuild::{Kbuild, Kind, normalize};
use crate::options::Stop;
use crate::pool::{Caller, Desk, Pool};
use crate::protocol::{Parse, Reply, Request};
use crate::rivals::Rivals;
use crate::scratch::Scratch;
use crate::stamp::Stamp;
use crate::store::{self, Store};
use crate::tree::Tree;
use crate::unit::{Class, UnitSpec};
use crate::version::{Content, Version};

/// The name of the unit of common headers, in place of a file's.
pub(crate) const HEADERS_UNIT: &str = "(common headers)";

/// What all units of a tree share.
pub(crate) struct Shared {
    /// The text of `#include` lines.
    pub(crate) header: String,
    classes: BTreeMap<Class, Made>,
    /// All files that any PCH was made of.
    pub(crate) inputs: BTreeSet<String>,
    /// Where the PCH files are.
    directory: PathBuf,
    /// That directory, for a run without a cache.
    _scratch: Option<Scratch>,
    /// Recipes of this run, by name: there may be no cache to keep them in.
    unkept: Mutex<BTreeMap<String, Vec<u8>>>,
    /// Headers that differ from those on disk, so that this is for one version of the tree only.
    overlay: Overlay,
    warnings: Mutex<BTreeSet<String>>,
}

struct Made {
    spec: UnitSpec,
    path: PathBuf,
    /// Whether there is one, once somebody asked.
    ready: OnceLock<bool>,
}

/// Files with their content, by absolute path, as workers take them.
pub(crate) type Overlay = Vec<(PathBuf, Vec<u8>)>;

/// What a PCH was made of, kept beside it.
#[derive(Serialize, Deserialize)]
struct Recipe {
    inputs: Vec<(String, Stamp)>,
    /// See [`Rivals`].
    rivals: Hash,
}

impl Shared {
    /// Finds or makes the PCH of built-in and of module units. Without `wanted`, no PCH is used.
    pub(crate) fn prepare(at: &Place<'_>, pool: &Pool, wanted: bool) -> Shared {
        let header = header_text(at);
        let kept = at.store.path(store::Kind::Pch, "x").and_then(|path| path.parent().map(Path::to_path_buf));
        let kept = kept.filter(|directory| std::fs::create_dir_all(directory).is_ok());
        let mut shared = Shared::empty(header, kept, Overlay::new());
        if let Err(error) = std::fs::create_dir_all(&shared.directory) {
            shared.warn(format!("no precompiled headers: {}: {error}", shared.directory.display()));
            return shared;
        }
        if !wanted {
            return shared;
        }
        let specs = [Kind::BuiltIn, Kind::Module].map(|kind| UnitSpec::common(at.tree, &at.kbuild, HEADERS_UNIT, kind));
        let stale: Vec<&UnitSpec> = specs.iter().filter(|spec| !shared.is_fresh(at, pool, spec)).collect();
        shared.build(at, pool, &stale);
        for spec in specs {
            let path = shared.path(pool, &spec);
            if let Some(recipe) = shared.recipe(at, pool, &spec).filter(|_| path.exists()) {
                shared.inputs.extend(recipe.inputs.into_iter().map(|(input, _)| input));
                shared.classes.insert(spec.class(), Made { spec, path, ready: OnceLock::from(true) });
            }
        }
        shared
    }

    /// The same headers in another version of the tree. A PCH is made when the first unit is read with it: a change inside
    /// an inline function needs none.
    pub(crate) fn of_version(&self, at: &Place<'_>, pool: &Pool) -> Shared {
        let mut shared = Shared::empty(header_text(at), None, overlay(at, |file| file.ends_with(".h")));
        if let Err(error) = std::fs::create_dir_all(&shared.directory) {
            shared.warn(format!("no precompiled headers: {}: {error}", shared.directory.display()));
        } else if !self.classes.is_empty() {
            for kind in [Kind::BuiltIn, Kind::Module] {
                let spec = UnitSpec::common(at.tree, &at.kbuild, HEADERS_UNIT, kind);
                let path = shared.path(pool, &spec);
                shared.classes.insert(spec.class(), Made { spec, path, ready: OnceLock::new() });
            }
        }
        shared
    }

    /// Would the headers be others than those that this is made of?
    pub(crate) fn differs(&self, at: &Place<'_>, pool: &Pool) -> bool {
        let inputs_differ = at.version.files().any(|(file, _)| self.inputs.contains(file));
        let rivals_differ = || {
            self.classes.values().any(|made| {
                let recipe = self.recipe(at, pool, &made.spec);
                recipe.is_some_and(|recipe| recipe.rivals != rivals(at, &made.spec, &recipe.inputs))
            })
        };
        inputs_differ || header_text(at) != self.header || rivals_differ()
    }

    /// The PCH that fits a unit.
    pub(crate) fn pch_for(&self, at: &Place<'_>, pool: &Pool, spec: &UnitSpec) -> Option<&Path> {
        let made = self.classes.get(&spec.class())?;
        made.ready.get_or_init(|| self.build(at, pool, &[&made.spec])).then_some(made.path.as_path())
    }

    /// Makes the PCH of all units of that kind, if it is not there.
    pub(crate) fn make(&self, at: &Place<'_>, pool: &Pool, kind: Kind) {
        self.pch_for(at, pool, &UnitSpec::common(at.tree, &at.kbuild, HEADERS_UNIT, kind));
    }

    /// Made for a version of the tree that is not on disk, so that nothing that comes of it may be kept.
    pub(crate) fn is_of_version(&self) -> bool {
        !self.overlay.is_empty()
    }

    /// What went wrong without stopping anything.
    pub(crate) fn warnings(&self) -> Vec<String> {
        self.warnings.lock().unwrap_or_else(PoisonError::into_inner).iter().cloned().collect()
    }

    /// `kept`: the directory of PCH files that outlive the run.
    fn empty(header: String, kept: Option<PathBuf>, overlay: Overlay) -> Shared {
        let scratch = kept.is_none().then(Scratch::new);
        let directory = kept.or_else(|| Some(scratch.as_ref()?.path().to_path_buf())).unwrap_or_default();
        Shared {
            header,
            classes: BTreeMap::new(),
            inputs: BTreeSet::new(),
            directory,
            _scratch: scratch,
            unkept: Mutex::default(),
            overlay,
            warnings: Mutex::default(),
        }
    }

    fn warn(&self, message: String) {
        self.warnings.lock().unwrap_or_else(PoisonError::into_inner).insert(message);
    }

    /// Makes all PCH again, once, after libclang refused one.
    pub(crate) fn rebuild(&self, at: &Place<'_>, pool: &Pool) {
        let specs: Vec<&UnitSpec> = self.classes.values().map(|made| &made.spec).collect();
        self.build(at, pool, &specs);
    }

    /// Where a file of that name beside the PCH is, for the request that extracts the headers' functions.
    pub(crate) fn beside(&self, name: &str) -> PathBuf {
        self.directory.join(name)
    }

    /// True when all of them are there.
    fn build(&self, at: &Place<'_>, pool: &Pool, specs: &[&UnitSpec]) -> bool {
        let complete = AtomicBool::new(true);
        pool.each(pool.count(), specs.len(), |number| {
            let spec = specs[number];
            let out = self.path(pool, spec);
            let parse = Parse { overlay: spelled(spec, &self.overlay), ..parse(spec, None) };
            let failed =
                match at.ask(pool, &BTreeSet::new(), &Request::Pch { parse, header: self.header.clone(), out: out.clone() }) {
                    // For this run only.
                    Reply::Built(_) if !self.overlay.is_empty() => None,
                    Reply::Built(inputs) => self.record(at, pool, spec, inputs),
                    Reply::Failed(reason) => Some(reason),
                    other => Some(format!("unexpected answer {other:?}")),
                };
            if let Some(reason) = failed {
                let _ = std::fs::remove_file(out);
                complete.store(false, Ordering::Relaxed);
                self.warn(format!("no precompiled headers, so this takes longer: {reason}"));
            }
        });
        complete.into_inner()
    }

    fn record(&self, at: &Place<'_>, pool: &Pool, spec: &UnitSpec, inputs: Vec<String>) -> Option<String> {
        let mut stamped = Vec::new();
        for input in inputs {
            match at.contents.stamp(&input) {
                Some(stamp) => stamped.push((input, stamp)),
                None => return Some(format!("{input} is gone")),
            }
        }
        let rivals = rivals(at, spec, &stamped);
        let recipe = postcard::to_stdvec(&Recipe { inputs: stamped, rivals }).unwrap_or_default();
        at.store.write(store::Kind::Recipe, &self.name(pool, spec), &recipe);
        self.unkept.lock().unwrap_or_else(PoisonError::into_inner).insert(self.name(pool, spec), recipe);
        None
    }

    fn is_fresh(&self, at: &Place<'_>, pool: &Pool, spec: &UnitSpec) -> bool {
        let same = |input: &(String, Stamp)| at.contents.stamp(&input.0) == Some(input.1);
        let is_right = |recipe: &Recipe| recipe.inputs.iter().all(same) && recipe.rivals == rivals(at, spec, &recipe.inputs);
        self.path(pool, spec).exists() && self.recipe(at, pool, spec).is_some_and(|recipe| is_right(&recipe))
    }

    fn recipe(&self, at: &Place<'_>, pool: &Pool, spec: &UnitSpec) -> Option<Recipe> {
        let name = self.name(pool, spec);
        let kept = self.unkept.lock().unwrap_or_else(PoisonError::into_inner).get(&name).cloned();
        let stored = kept.or_else(|| at.store.read(store::Kind::Recipe, &name))?;
        postcard::from_bytes(&stored).ok()
    }

    fn path(&self, pool: &Pool, spec: &UnitSpec) -> PathBuf {
        self.directory.join(format!("{}.pch", self.name(pool, spec)))
    }

    fn name(&self, pool: &Pool, spec: &UnitSpec) -> String {
        let args = spec.command.args.join("\n");
        let directory = spec.command.directory.to_string_lossy();
        Hash::of_all([pool.version.as_bytes(), self.header.as_bytes(), args.as_bytes(), directory.as_bytes()]).name()
    }
}

fn rivals(at: &Place<'_>, spec: &UnitSpec, inputs: &[(String, Stamp)]) -> Hash {
    at.rivals.of(&spec.command, inputs.iter().map(|(input, _)| input.as_str()))
}

/// What preparing and extracting need to know: one version of the tree.
#[derive(Clone)]
pub(crate) struct Place<'a> {
    pub(crate) tree: &'a Tree,
    pub(crate) store: &'a Store,
    pub(crate) version: Arc<Version>,
    pub(crate) kbuild: Arc<Kbuild>,
    pub(crate) contents: Contents,
    pub(crate) rivals: Arc<Rivals>,
    /// Sources that differ from those on disk and that others include.
    pub(crate) parts: Arc<BTreeSet<String>>,
    /// A unit whose command was handed to us, so that nobody need be asked for it.
    pub(crate) given: Option<Arc<UnitSpec>>,
    /// What differs from the disk is open in an editor, and changes again soon.
    pub(crate) live: Option<Arc<Live>>,
}

/// How files that are open in an editor are read.
#[derive(Default)]
pub(crate) struct Live {
    /// Units that are read without a PCH: so they were read as they are on disk.
    pub(crate) plain: BTreeSet<String>,
    /// Where they stay parsed.
    pub(crate) desk: Arc<Desk>,
    /// What is done beside answers to others, and says so when nobody wants it any more.
    pub(crate) given_up: Option<Stop>,
}

impl Place<'_> {
    /// Others are answered while this is found out.
    pub(crate) fn is_beside(&self) -> bool {
        self.live.as_ref().is_some_and(|live| live.given_up.is_some())
    }

    /// How much is read or analysed at a time: whoever is answered meanwhile needs one processor.
    pub(crate) fn at_once(&self, pool: &Pool) -> usize {
        pool.count().saturating_sub(usize::from(self.is_beside())).max(1)
    }

    /// Nobody wants to know any more.
    pub(crate) fn is_given_up(&self) -> bool {
        self.live.as_ref().and_then(|live| live.given_up.as_ref()).is_some_and(|given_up| given_up())
    }

    /// Asks a worker. `known`: headers whose functions it need not bring.
    pub(crate) fn ask(&self, pool: &Pool, known: &BTreeSet<String>, request: &Request) -> Reply {
        let (is_beside, is_gone) = (self.is_beside(), &|| self.is_given_up());
        pool.ask(&Caller { known_headers: known, is_beside, is_gone }, request)
    }

    /// The same, of a file that is open.
    pub(crate) fn ask_live(&self, pool: &Pool, live: &Live, known: &BTreeSet<String>, parse: Parse) -> Reply {
        // Whatever is at the desk is waited for later.
        let (is_beside, is_gone) = (false, &|| self.is_given_up());
        pool.ask_live(&live.desk, &Caller { known_headers: known, is_beside, is_gone }, parse)
    }

    /// How `file` is compiled, also under the name by which only another version's makefiles know it; `None` when it is not.
    pub(crate) fn spec(&self, file: &str) -> Option<UnitSpec> {
        if let Some(given) = self.given.as_ref().filter(|given| given.file == file) {
            return Some(UnitSpec::clone(given));
        }
        let of = |name: &str| UnitSpec::of(self.tree, &self.kbuild, name);
        let renamed = || Some(UnitSpec { file: file.to_owned(), ..of(self.version.other_names.get(file)?)? });
        of(file).or_else(renamed)
    }
}

/// The files of this version that pass the test and differ from those on disk. A file that is gone cannot be hidden from
/// libclang, so it says of itself what libclang would say.
pub(crate) fn overlay(at: &Place<'_>, test: impl Fn(&str) -> bool) -> Overlay {
    let content = |(file, content): (&str, Option<&Content>)| {
        let bytes = content.map_or_else(|| format!("#error '{file}' file not found\n").into_bytes(), |content| content.to_vec());
        (at.tree.root.join(file), bytes)
    };
    at.version.files().filter(|(file, _)| test(file)).map(content).collect()
}

/// libclang knows a file that is not on disk by its name only: new ones under each name that an `-I` may lead to.
pub(crate) fn spelled(spec: &UnitSpec, overlay: &Overlay) -> Overlay {
    let mut all = overlay.clone();
    for (path, content) in overlay.iter().filter(|(path, _)| !path.exists()) {
        for directory in spec.command.searched_directories() {
            let meant = normalize(&spec.command.directory.join(directory));
            if let Ok(below) = path.strip_prefix(&meant)
                && meant != Path::new(directory)
            {
                all.push((Path::new(directory).join(below), content.clone()));
            }
        }
    }
    all
}

/// The headers of the list that this tree has.
fn header_text(at: &Place<'_>) -> String {
    let exists = |header: &&str| at.version.is_file(&at.tree.root, &format!("include/{header}"));
    let lines = include_str!("pch_headers.txt").lines().filter(|line| !line.is_empty());
    lines.filter(exists).map(|header| format!("#include <{header}>\n")).collect()
}

pub(crate) fn parse(spec: &UnitSpec, pch: Option<&Path>) -> Parse {
    Parse {
        file: spec.file.clone(),
        args: spec.command.args.clone(),
        directory: spec.command.directory.clone(),
        overlay: Vec::new(),
        pch: pch.map(Path::to_path_buf),
    }
}

//! The headers that most units share: read once into a PCH, and their inline functions extracted once.
//!
//! Headers are most of the cost of a unit: `fs/direct-io.c` takes 1.9 s without and 0.07 s with a PCH. libclang refuses a
//! PCH whose inputs changed in size or time; we check before, because then it says only that it cannot read it.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, PoisonError};

use serde::{Deserialize, Serialize};

use crate::contents::{Contents, Hash};
use crate::kbuild::{Kbuild, Kind};
use crate::pool::Pool;
use crate::protocol::{Parse, Reply, Request};
use crate::stamp::Stamp;
use crate::store::{self, Store};
use crate::tree::Tree;
use crate::unit::{Class, UnitSpec};

/// The name of the unit of common headers, in place of a file's.
pub(crate) const HEADERS_UNIT: &str = "(common headers)";

/// What all units of a tree share.
pub(crate) struct Shared {
    /// The text of `#include` lines.
    pub(crate) header: String,
    classes: BTreeMap<Class, Made>,
    /// All files that any PCH was made of.
    pub(crate) inputs: BTreeSet<String>,
    /// Where the PCH files are; for a run without a cache a directory that goes with it.
    directory: PathBuf,
    temporary: bool,
    /// Recipes of this run, by name: there may be no cache to keep them in.
    unkept: Mutex<BTreeMap<String, Vec<u8>>>,
}

struct Made {
    spec: UnitSpec,
    path: PathBuf,
}

/// What a PCH was made of, kept beside it.
#[derive(Serialize, Deserialize)]
struct Recipe {
    inputs: Vec<(String, Stamp)>,
}

impl Shared {
    /// Finds or makes the PCH of built-in and of module units. Without `wanted`, no PCH is used.
    pub(crate) fn prepare(at: &Place<'_>, pool: &Pool, wanted: bool) -> (Shared, Vec<String>) {
        let header = header_text(&at.tree.root);
        let kept = at.store.path(store::Kind::Pch, "x").and_then(|path| path.parent().map(Path::to_path_buf));
        let kept = kept.filter(|directory| std::fs::create_dir_all(directory).is_ok());
        let temporary = kept.is_none();
        let directory = kept.unwrap_or_else(temporary_directory);
        let mut shared =
            Shared { header, classes: BTreeMap::new(), inputs: BTreeSet::new(), directory, temporary, unkept: Mutex::default() };
        let mut warnings = Vec::new();
        if let Err(error) = std::fs::create_dir_all(&shared.directory) {
            warnings.push(format!("no precompiled headers: {}: {error}", shared.directory.display()));
            return (shared, warnings);
        }
        if !wanted {
            return (shared, warnings);
        }
        let specs = [Kind::BuiltIn, Kind::Module].map(|kind| UnitSpec::common(at.tree, at.kbuild, HEADERS_UNIT, kind));
        let stale: Vec<&UnitSpec> = specs.iter().filter(|spec| !shared.is_fresh(at, pool, spec)).collect();
        warnings.extend(shared.build(at, pool, &stale));
        for spec in specs {
            let path = shared.path(pool, &spec);
            if let Some(recipe) = shared.recipe(at, pool, &spec).filter(|_| path.exists()) {
                shared.inputs.extend(recipe.inputs.into_iter().map(|(input, _)| input));
                shared.classes.insert(spec.class(), Made { spec, path });
            }
        }
        (shared, warnings)
    }

    /// The PCH that fits a unit.
    pub(crate) fn pch_for(&self, spec: &UnitSpec) -> Option<&Path> {
        self.classes.get(&spec.class()).map(|made| made.path.as_path())
    }

    /// Makes all PCH again, once, after libclang refused one.
    pub(crate) fn rebuild(&self, at: &Place<'_>, pool: &Pool) -> Vec<String> {
        let specs: Vec<&UnitSpec> = self.classes.values().map(|made| &made.spec).collect();
        self.build(at, pool, &specs)
    }

    /// Where a file of that name beside the PCH is, for the request that extracts the headers' functions.
    pub(crate) fn beside(&self, name: &str) -> PathBuf {
        self.directory.join(name)
    }

    fn build(&self, at: &Place<'_>, pool: &Pool, specs: &[&UnitSpec]) -> Vec<String> {
        let warnings = Mutex::new(BTreeSet::new());
        pool.each(specs.len(), |number| {
            let spec = specs[number];
            let out = self.path(pool, spec);
            let failed = match pool.ask(&Request::Pch { parse: parse(spec, None), header: self.header.clone(), out: out.clone() })
            {
                Reply::Built(inputs) => self.record(at, pool, spec, inputs),
                Reply::Failed(reason) => Some(reason),
                other => Some(format!("unexpected answer {other:?}")),
            };
            if let Some(reason) = failed {
                let _ = std::fs::remove_file(out);
                let mut warnings = warnings.lock().unwrap_or_else(PoisonError::into_inner);
                warnings.insert(format!("no precompiled headers, so this takes longer: {reason}"));
            }
        });
        warnings.into_inner().unwrap_or_default().into_iter().collect()
    }

    fn record(&self, at: &Place<'_>, pool: &Pool, spec: &UnitSpec, inputs: Vec<String>) -> Option<String> {
        let mut stamped = Vec::new();
        for input in inputs {
            match at.contents.stamp(&input) {
                Some(stamp) => stamped.push((input, stamp)),
                None => return Some(format!("{input} is gone")),
            }
        }
        let recipe = postcard::to_stdvec(&Recipe { inputs: stamped }).unwrap_or_default();
        at.store.write(store::Kind::Recipe, &self.name(pool, spec), &recipe);
        self.unkept.lock().unwrap_or_else(PoisonError::into_inner).insert(self.name(pool, spec), recipe);
        None
    }

    fn is_fresh(&self, at: &Place<'_>, pool: &Pool, spec: &UnitSpec) -> bool {
        let same = |input: &(String, Stamp)| at.contents.stamp(&input.0) == Some(input.1);
        self.path(pool, spec).exists() && self.recipe(at, pool, spec).is_some_and(|recipe| recipe.inputs.iter().all(same))
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

impl Drop for Shared {
    fn drop(&mut self) {
        if self.temporary {
            let _ = std::fs::remove_dir_all(&self.directory);
        }
    }
}

/// What preparing and extracting need to know.
#[derive(Clone, Copy)]
pub(crate) struct Place<'a> {
    pub(crate) tree: &'a Tree,
    pub(crate) kbuild: &'a Kbuild,
    pub(crate) store: &'a Store,
    pub(crate) contents: &'a Contents,
}

/// A directory that goes with the run. Several runs may be in one process.
fn temporary_directory() -> PathBuf {
    static NUMBER: AtomicU32 = AtomicU32::new(0);
    let number = NUMBER.fetch_add(1, Ordering::Relaxed);
    std::env::temp_dir().join(format!("gupcheck-{}-{number}", std::process::id()))
}

/// The headers of the list that this tree has.
fn header_text(root: &Path) -> String {
    let exists = |header: &&str| root.join("include").join(header).is_file();
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

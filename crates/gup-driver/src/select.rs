//! Which files are read: those that name an acquisition, then those that the analysis asks for.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use gup_analysis::finding::Demand;

use crate::index::Index;
use crate::kbuild::{Kbuild, normalize};
use crate::limits;
use crate::text::{Mention, mentions, names};
use crate::tree::Tree;

/// Answers "which units must be read for this?" for one tree.
pub(crate) struct Selector<'a> {
    pub(crate) tree: &'a Tree,
    pub(crate) kbuild: &'a Kbuild,
    pub(crate) index: &'a Index,
}

/// Units to read, and files that should have been but are not compiled.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Selection {
    /// `.c` files relative to the tree.
    pub(crate) units: BTreeSet<String>,
    /// File → why it is not compiled.
    pub(crate) absent: BTreeMap<String, String>,
    /// Caps that were hit, for people.
    pub(crate) limits: BTreeSet<String>,
}

impl Selector<'_> {
    /// Units under `paths` (all, when empty) that use one of the functions `sites`; files named in `paths` always count.
    pub(crate) fn initial(&self, sites: &BTreeSet<String>, paths: &[String]) -> Selection {
        let mut selection = Selection::default();
        let wanted = |file: &str| paths.is_empty() || paths.iter().any(|path| Path::new(file).starts_with(path));
        for file in self.files_with(sites, |mention| mention.is_use() || mention.is_definition()) {
            // Headers of the kernel's API are read with the units that include them.
            if wanted(&file) && !is_api_header(&file) {
                self.select(&file, &mut selection);
            }
        }
        for path in paths.iter().filter(|path| path.ends_with(".c")) {
            self.select(path, &mut selection);
        }
        selection
    }

    /// Units that the analysis asks for.
    pub(crate) fn demanded(&self, demand: &Demand) -> Selection {
        let mut selection = Selection::default();
        let defined: BTreeSet<String> = demand.definitions_of.keys().cloned().collect();
        for file in self.files_with(&defined, |mention| mention.is_definition()) {
            if file.ends_with(".c") {
                self.select(&file, &mut selection);
            }
        }
        for (name, files) in self.callers(demand.callers_of.keys().cloned().collect()) {
            if files.len() > limits::CALLERS_OF_ONE {
                selection.limits.insert(format!("{} files use {name}; none of them was read for it", files.len()));
                continue;
            }
            for file in files {
                self.select(&file, &mut selection);
            }
        }
        // Files that are not compiled were not asked for by name, so they are no loss to report.
        selection.absent.clear();
        selection
    }

    /// The units that compile `file`: itself, or those that include it; none when nothing does.
    pub(crate) fn units(&self, file: &str) -> BTreeSet<String> {
        self.units_of(file, 0)
    }

    /// Adds the unit that compiles `file`: itself, or those that include it.
    fn select(&self, file: &str, selection: &mut Selection) {
        let units = self.units_of(file, 0);
        if units.is_empty() {
            selection.absent.insert(file.to_owned(), self.reason(file));
        }
        selection.units.extend(units);
    }

    fn units_of(&self, file: &str, depth: u32) -> BTreeSet<String> {
        if file.ends_with(".c") && self.kbuild.is_compiled(file) {
            return BTreeSet::from([file.to_owned()]);
        }
        // No other architecture's file is part of this build, and asking who includes one takes time.
        if depth >= limits::INCLUDE_DEPTH || self.tree.is_foreign(file) {
            return BTreeSet::new();
        }
        let mut units = BTreeSet::new();
        for includer in self.includers(file) {
            units.extend(self.units_of(&includer, depth + 1));
            // A header's functions are the same in all units that include it.
            if file.ends_with(".h") && !units.is_empty() {
                break;
            }
        }
        units
    }

    /// Files with an `#include` that means `file`, as far as the text says.
    fn includers(&self, file: &str) -> Vec<String> {
        let name = file.rsplit('/').next().unwrap_or(file);
        let means_file = |includer: &str, target: &str| {
            let beside = Path::new(includer).parent().map(|directory| normalize(&directory.join(target)));
            beside.is_some_and(|path| path == Path::new(file)) || Path::new(file).ends_with(target)
        };
        let includes =
            |includer: &&str| crate::text::includes(&self.index.text(includer)).iter().any(|target| means_file(includer, target));
        self.index.including(name).into_iter().filter(includes).map(str::to_owned).collect()
    }

    fn reason(&self, file: &str) -> String {
        if self.tree.is_foreign(file) {
            return self.kbuild.reason(self.tree, file);
        }
        match self.includers(file).first() {
            Some(includer) if file.ends_with(".h") => format!("no unit of this configuration includes it ({includer} would)"),
            Some(includer) => {
                format!("included by {includer}, which is not compiled: {}", self.kbuild.reason(self.tree, includer))
            }
            None => self.kbuild.reason(self.tree, file),
        }
    }

    /// Files in which some mention of a name passes the test, in order.
    fn files_with(&self, wanted: &BTreeSet<String>, test: impl Fn(&Mention<'_>) -> bool) -> Vec<String> {
        let words: Vec<&str> = wanted.iter().map(String::as_str).collect();
        let names = names(wanted);
        let has = |file: &&str| mentions(&self.index.text(file), &names).iter().any(&test);
        self.index.candidates(&words).into_iter().filter(has).map(str::to_owned).collect()
    }

    /// For each function the `.c` files that use it, also by the names that headers wrap it in.
    fn callers(&self, functions: BTreeSet<String>) -> BTreeMap<String, BTreeSet<String>> {
        // Name in the text → the functions that were asked for.
        let mut meaning: BTreeMap<String, BTreeSet<String>> =
            functions.iter().map(|name| (name.clone(), BTreeSet::from([name.clone()]))).collect();
        let mut fresh = functions;
        for _ in 0..limits::WRAPPER_DEPTH {
            fresh = self.wrappers(&fresh, &mut meaning);
        }
        let words: Vec<&str> = meaning.keys().map(String::as_str).collect();
        let names = names(meaning.keys());
        let mut callers: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for file in self.index.candidates(&words).into_iter().filter(|file| file.ends_with(".c")) {
            let text = self.index.text(file);
            let found = mentions(&text, &names);
            let own: BTreeSet<&[u8]> =
                found.iter().filter(|mention| mention.is_definition()).map(|mention| mention.word).collect();
            // A file that defines the name has either the function itself, which is known, or a static one of its own.
            for mention in found.iter().filter(|mention| !own.contains(mention.word) && mention.is_use()) {
                let word = String::from_utf8_lossy(mention.word);
                for function in meaning.get(&*word).into_iter().flatten() {
                    callers.entry(function.clone()).or_default().insert(file.to_owned());
                }
            }
        }
        callers
    }

    /// Adds the names by which headers wrap `names` to `meaning`, and returns the new ones.
    fn wrappers(&self, wrapped: &BTreeSet<String>, meaning: &mut BTreeMap<String, BTreeSet<String>>) -> BTreeSet<String> {
        let words: Vec<&str> = wrapped.iter().map(String::as_str).collect();
        let names = names(wrapped);
        let mut fresh = BTreeSet::new();
        for file in self.index.candidates(&words).into_iter().filter(|file| file.ends_with(".h")) {
            let text = self.index.text(file);
            for mention in mentions(&text, &names).iter().filter(|mention| mention.is_use()) {
                let Some(wrapper) = mention.wrapper() else { continue };
                let meant = meaning.get(&*String::from_utf8_lossy(mention.word)).cloned().unwrap_or_default();
                if !meaning.contains_key(&wrapper) {
                    fresh.insert(wrapper.clone());
                }
                meaning.entry(wrapper).or_default().extend(meant);
            }
        }
        fresh
    }
}

/// Below `include/`, or an architecture's.
pub(crate) fn is_api_header(file: &str) -> bool {
    file.starts_with("include/") || (file.starts_with("arch/") && file.split('/').nth(2) == Some("include"))
}

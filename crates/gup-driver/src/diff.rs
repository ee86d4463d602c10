//! What a patch changes, without touching the tree: the same analysis before and after, over the same cache.

use std::collections::{BTreeMap, BTreeSet};

use crate::Error;
use crate::audit::with_run;
use crate::extract::Loaded;
use crate::index::Index;
use crate::options::Options;
use crate::outcome::Outcome;
use crate::patch::{self, Patched};
use crate::run::{Run, Settled};
use crate::select::Selector;
use crate::unit::UnitSpec;

/// The tree before and after a patch.
#[derive(Clone, Debug, PartialEq)]
pub struct Change {
    pub before: Outcome,
    pub after: Outcome,
    /// Every file that the patch touches, in order.
    pub changed: Vec<Changed>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Changed {
    pub file: String,
    pub status: Status,
    /// Why it was not analysed; empty where it was.
    pub reason: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    Analysed,
    Failed,
    NotInConfiguration,
    /// A header: its change is not seen by the units that include it.
    Header,
}

/// Analyses what `patch` (a unified diff or a mailed series) makes of the tree.
pub fn diff(options: &Options, patch: &[u8]) -> Result<Change, Error> {
    let files = patch::parse(patch)?;
    with_run(options, |run| {
        let root = &run.base.tree.root;
        let patched = patch::apply(&files, |name| std::fs::read(root.join(name)).ok())?;
        let mut before = run.settle(run.initial(&[]))?;
        let mut after = Patch::new(run, &patched);
        after.read(&mut before)?;
        let settled = after.settle(&before)?;
        let warnings = patched.values().flat_map(|patched| patched.remarks.clone());
        let mut change = Change { before: Outcome::of(run, before), after: Outcome::of(run, settled), changed: after.changed() };
        change.after.warnings.extend(warnings);
        Ok(change)
    })
}

/// A patch on its way through the tree.
struct Patch<'a> {
    run: &'a Run<'a>,
    patched: &'a BTreeMap<String, Patched>,
    index: Index,
    /// Units as the patch makes them.
    units: BTreeMap<String, Result<Loaded, String>>,
    /// Units by the file that is changed; none when it is not compiled.
    compiled_by: BTreeMap<String, BTreeSet<String>>,
}

impl<'a> Patch<'a> {
    fn new(run: &'a Run<'a>, patched: &'a BTreeMap<String, Patched>) -> Patch<'a> {
        let mut index = run.base.index.clone();
        for (file, patched) in patched {
            index.overlay(file, patched.content.as_deref().unwrap_or_default());
        }
        Patch { run, patched, index, units: BTreeMap::new(), compiled_by: BTreeMap::new() }
    }

    /// Extracts every unit that the patch changes, in its new form, and in the old one where the audit had no use for it.
    fn read(&mut self, before: &mut Settled) -> Result<(), Error> {
        for (file, patched) in self.patched.iter().filter(|(file, _)| file.ends_with(".c")) {
            // A file that was renamed is compiled as it was under its old name.
            let mut units = self.selector().units(patched.from.as_ref().unwrap_or(file));
            if patched.from.as_ref().is_some_and(|from| units.remove(from)) {
                units.insert(file.clone());
            }
            self.compiled_by.insert(file.clone(), units);
        }
        let changed: BTreeSet<String> = self.compiled_by.values().flatten().cloned().collect();
        let unread = changed.iter().filter(|unit| !before.units.contains_key(*unit) && !before.failed.contains_key(*unit));
        let unread: BTreeSet<String> = unread.filter(|unit| self.run.base.tree.root.join(unit).exists()).cloned().collect();
        if !unread.is_empty() {
            self.run.extract(&unread, before);
            before.analysis = self.run.analyse(&before.units)?;
        }
        for unit in changed {
            if let Some(result) = self.extract(&unit) {
                self.units.insert(unit, result);
            }
        }
        self.run.base.lap("extract");
        Ok(())
    }

    /// The unit with the patched files in place of those on disk; `None` when the patch removes it.
    fn extract(&self, unit: &str) -> Option<Result<Loaded, String>> {
        let (base, patched) = (self.run.base, self.patched.get(unit));
        if patched.is_some_and(|patched| patched.content.is_none()) {
            return None;
        }
        let source = patched.and_then(|patched| patched.from.as_deref()).unwrap_or(unit);
        let mut spec = UnitSpec::of(&base.tree, &base.kbuild, source)?;
        spec.file = unit.to_owned();
        let overlay: BTreeMap<&str, &[u8]> = self
            .patched
            .iter()
            .filter(|(file, _)| file.ends_with(".c"))
            .filter_map(|(file, patched)| Some((file.as_str(), patched.content.as_deref()?)))
            .collect();
        Some(self.run.extractor.overlaid(&spec, &overlay))
    }

    /// The analysis with the patch: the units of before, those changed, and those that are wanted because of that.
    fn settle(&self, before: &Settled) -> Result<Settled, Error> {
        let mut units = before.units.clone();
        let mut failed = before.failed.clone();
        for file in self.patched.keys() {
            units.remove(file);
            failed.remove(file);
        }
        for (file, result) in &self.units {
            match result {
                Ok(loaded) => drop(units.insert(file.clone(), loaded.clone())),
                Err(reason) => drop(failed.insert(file.clone(), reason.clone())),
            }
        }
        let start = Settled {
            units,
            failed,
            absent: before.absent.clone(),
            limits: before.limits.clone(),
            analysis: before.analysis.clone(),
        };
        self.run.settle_from(start, BTreeSet::new(), &self.selector())
    }

    fn changed(&self) -> Vec<Changed> {
        let changed = |(file, patched): (&String, &Patched)| {
            let (status, reason) = self.status(file, patched);
            Changed { file: file.clone(), status, reason }
        };
        self.patched.iter().map(changed).collect()
    }

    fn status(&self, file: &str, patched: &Patched) -> (Status, String) {
        if file.ends_with(".h") {
            return (Status::Header, "headers are read as they are on disk".to_owned());
        }
        let units = self.compiled_by.get(file).cloned().unwrap_or_default();
        if units.is_empty() {
            let reason = match file.ends_with(".c") {
                true if patched.from.is_none() && !self.run.base.index.contains(file) => {
                    "a new file that no makefile names".to_owned()
                }
                true => self.run.base.kbuild.reason(&self.run.base.tree, file),
                false => "no C source".to_owned(),
            };
            return (Status::NotInConfiguration, reason);
        }
        match units.iter().find_map(|unit| self.units.get(unit)?.as_ref().err()) {
            Some(reason) => (Status::Failed, reason.clone()),
            None => (Status::Analysed, String::new()),
        }
    }

    fn selector(&self) -> Selector<'_> {
        Selector { tree: &self.run.base.tree, kbuild: &self.run.base.kbuild, index: &self.index }
    }
}

//! A tree that stays open: audited once, then asked again and again what it is with some files as an editor has them.
//!
//! The same pipeline as an audit and a diff: the buffers are a [`Version`], and each answer steps from the last one, so that
//! only what changed in between is read again. What changes on disk meanwhile is a difference like any other, because index,
//! hashes and precompiled headers are those of the moment in which the tree was opened.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use gup_analysis::Conclusions;
use gup_analysis::finding::Finding;
use gup_report::report::Suggestion;

use crate::Error;
use crate::affected::Past;
use crate::audit::with_run;
use crate::check::Asked;
use crate::contents::Hash;
use crate::extract::Loaded;
use crate::limits;
use crate::mend;
use crate::options::{Options, Stop};
use crate::outcome::Outcome;
use crate::pch::Live;
use crate::pool::Desk;
use crate::prepare::{Preparation, Prepared, Step};
use crate::readers::own_name;
use crate::run::{Run, Settled};
use crate::state::{Given, State};
use crate::text;
use crate::version::{Content, Version, is_makefile};

/// Files with the content that they have in an editor, by absolute path.
pub type Buffers = BTreeMap<PathBuf, Vec<u8>>;

/// An open tree. See [`session()`].
pub struct Session<'r, 'a> {
    disk: &'r Run<'a>,
    /// Once it was audited.
    on_disk: Option<State<'r, 'a>>,
    /// The state of the last buffers, where that is another.
    last: Option<State<'r, 'a>>,
    /// Files that changed on disk since the tree was opened; `None`: gone.
    drifted: BTreeMap<String, Option<Content>>,
    /// Files that were read as an editor's files are, with the text that they have on disk.
    warm: BTreeSet<String>,
    /// Where they stay parsed.
    desk: Arc<Desk>,
    /// What was last begun to be prepared.
    awaited: Option<Version>,
}

/// Opens the tree and keeps it open while `work` runs.
pub fn session<T>(options: &Options, work: impl FnOnce(&mut Session<'_, '_>) -> T) -> Result<T, Error> {
    with_run(options, |run| {
        let (drifted, warm, desk) = (BTreeMap::new(), BTreeSet::new(), Arc::default());
        Ok(work(&mut Session { disk: run, on_disk: None, last: None, drifted, warm, desk, awaited: None }))
    })
}

impl<'r, 'a> Session<'r, 'a> {
    /// The source tree.
    pub fn root(&self) -> &Path {
        &self.disk.base.tree.root
    }

    /// No audit of this tree by this build of the program has left anything behind, so that the next one takes minutes.
    pub fn is_cold(&self) -> bool {
        Asked::read(&self.disk.base.store, self.root()).is_none() || !self.disk.has_memo()
    }

    /// Audits what is on disk, once; all other answers start from there.
    pub fn audit(&mut self) -> Result<Outcome, Error> {
        let settled = self.disk.settle(self.disk.initial(&[]))?;
        Asked::keep(self.disk, &settled);
        self.disk.base.keep();
        let outcome = Outcome::of(self.disk, settled.clone());
        self.on_disk = Some(State { run: Given::Disk(self.disk), settled });
        Ok(outcome)
    }

    /// What can be said of these files before the audit, of those that are as on disk: they are judged with a few that they
    /// ask for. `None`: nothing in them can matter.
    pub fn preview(&self, buffers: &Buffers) -> Result<Option<Outcome>, Error> {
        let is_as_on_disk = |(file, text): &(&PathBuf, &Vec<u8>)| std::fs::read(file).is_ok_and(|disk| disk == **text);
        let same = buffers.iter().filter(is_as_on_disk).map(|(file, _)| self.name(file));
        let files = same.filter(|file| file.ends_with(".c"));
        let selector = self.disk.selector();
        let units: BTreeSet<String> =
            files.filter(|file| self.names_something(file, None)).flat_map(|file| selector.units(&file)).collect();
        if units.is_empty() {
            return Ok(None);
        }
        let settled = self.disk.settle_from(Settled::default(), units, limits::UNITS_ALONE)?;
        Ok(Some(Outcome::of(self.disk, settled)))
    }

    /// Takes notice of files that may have changed on disk. True: the tree is another one by now (its configuration changed, or
    /// very many files did), and should be opened anew.
    pub fn changed_on_disk(&mut self, files: &[PathBuf]) -> bool {
        let root = self.root().to_path_buf();
        for path in files {
            if path.starts_with(&self.disk.base.tree.build) && is_configuration(path) {
                return true;
            }
            let file = self.name(path);
            if !is_source(&file) {
                continue;
            }
            let content = std::fs::read(root.join(&file)).ok();
            // A file that nobody has looked at yet is in the index all the same.
            let known = self.disk.place().contents.seen(&file);
            if known == Some(content.as_deref().map(Hash::of)) {
                self.drifted.remove(&file);
                continue;
            }
            let content = content.map(Content::from);
            let last = self.last.as_ref().map(|last| &*last.run.place().version);
            let is_analysed = [last, self.awaited.as_ref()].into_iter().flatten().any(|known| known.own(&file) == Some(&content));
            if self.disk.is_common(&file) && !is_analysed {
                return true;
            }
            self.drifted.insert(file, content);
        }
        self.drifted.len() > limits::DRIFTED_FILES
    }

    /// The tree with these files as they are in the editor.
    pub fn with_buffers(&mut self, buffers: &Buffers) -> Result<Outcome, Error> {
        let version = self.version(buffers);
        let (before, _) = self.origin(&version)?;
        let (touched, past) = self.touched(before, &version);
        if version.is_on_disk() {
            self.last = None;
            let on_disk = self.on_disk.as_ref().ok_or_else(not_audited)?;
            return Ok(Outcome::of(self.disk, on_disk.settled.clone()));
        }
        if touched.is_empty() {
            return Ok(Outcome::of(&before.run, before.settled.clone()));
        }
        let after = self.step(before, &version, &touched, past)?;
        let outcome = Outcome::of(&after.run, after.settled.clone());
        self.last = Some(after);
        Ok(outcome)
    }

    /// Files of the buffers that are as long to read as they concern many units. Where there are any, the tree with these buffers
    /// should be prepared beside answers about others.
    pub fn takes_long(&self, buffers: &Buffers) -> BTreeSet<PathBuf> {
        let far = self.origin(&self.version(buffers)).map(|(_, far)| far).unwrap_or_default();
        far.into_iter().map(|file| self.root().join(file)).collect()
    }

    /// What there is to do for an answer about these buffers. `given_up`: whether nobody wants it any more.
    pub fn prepare(&mut self, buffers: &Buffers, given_up: Stop) -> Result<Preparation<'r, 'a>, Error> {
        let version = self.version(buffers);
        let (before, _) = self.origin(&version)?;
        let (touched, past) = self.touched(before, &version);
        // With other headers nothing that stays parsed is of use; and it is still used meanwhile.
        let live = Live { given_up: Some(given_up), ..self.live(&version, Arc::default())? };
        let before = before.clone();
        self.awaited = Some(version.clone());
        Ok(Preparation { before, step: Step { disk: self.disk, version, touched, past, live } })
    }

    /// From now on answers start from what was prepared.
    pub fn adopt(&mut self, prepared: Prepared<'r, 'a>) {
        let (state, desk) = prepared.taken(self.disk);
        self.last = Some(state);
        self.desk = desk;
        self.warm.clear();
    }

    /// Reads files that are open and were not edited yet as they will be read then, and looks at what the analysis will look at,
    /// so that the first edit need not wait for it. Changes no answer.
    pub fn warm(&mut self, buffers: &Buffers) -> Result<(), Error> {
        let state = self.last.as_ref().or(self.on_disk.as_ref()).ok_or_else(not_audited)?;
        let version = state.run.place().version.clone();
        let open = buffers.iter().map(|(path, text)| (self.name(path), text));
        let is_new = |file: &str| !version.has(file) && !self.warm.contains(file) && state.settled.units.contains_key(file);
        let cold: BTreeMap<String, &Vec<u8>> = open.filter(|(file, _)| is_new(file)).take(limits::WARMED).collect();
        if cold.is_empty() {
            return Ok(());
        }
        let mut tried = Version::clone(&version);
        for (file, text) in &cold {
            tried.set(file, Some(text.as_slice().into()));
        }
        let files: BTreeSet<String> = cold.into_keys().collect();
        let after = self.step(state, &tried, &files, Past::default())?;
        self.warm.extend(files);
        // It is the same tree.
        if let Some(state) = self.last.as_mut().or(self.on_disk.as_mut()) {
            state.settled.conclusions = after.settled.conclusions;
        }
        Ok(())
    }

    /// Edits of the buffers that certainly mend a finding of the last answer, by its fingerprint and line; tried one by one.
    /// `None`: none is certain.
    pub fn mend(&self, fingerprint: &str, line: u32) -> Result<Option<Suggestion>, Error> {
        let Some(state) = self.last.as_ref().or(self.on_disk.as_ref()) else { return Ok(None) };
        let meant = |finding: &&Finding| finding.fingerprint == fingerprint && finding.at.line == line;
        let Some(finding) = state.settled.analysis.findings.iter().find(meant) else { return Ok(None) };
        let version = state.run.place().version.clone();
        let text = |file: &str| String::from_utf8(version.read(self.root(), file)?).ok();
        for suggestion in mend::candidates(&state.run, finding, &text) {
            let Some(files) = mend::edited(&suggestion, &text) else { continue };
            let mut tried = Version::clone(&version);
            for (file, text) in &files {
                tried.set(file, Some(text.as_bytes().into()));
            }
            let touched: BTreeSet<String> = files.into_keys().collect();
            let after = self.step(state, &tried, &touched, Past::default())?;
            if mend::is_mended(finding, &state.settled, &after.settled) {
                return Ok(Some(suggestion));
            }
        }
        Ok(None)
    }

    /// From a state to the tree in another version.
    fn step(
        &self,
        before: &State<'r, 'a>,
        version: &Version,
        touched: &BTreeSet<String>,
        past: Past,
    ) -> Result<State<'r, 'a>, Error> {
        let live = self.live(version, self.desk.clone())?;
        let (version, touched) = (version.clone(), touched.clone());
        Step { disk: self.disk, version, touched, past, live }.from(before)
    }

    fn live(&self, version: &Version, desk: Arc<Desk>) -> Result<Live, Error> {
        let on_disk = self.on_disk.as_ref().ok_or_else(not_audited)?;
        Ok(Live { plain: self.plain(on_disk, version), desk, given_up: None })
    }

    /// The state to step to a version from, with the files between them that many units read: the last one, or that of the disk
    /// where no such file is between.
    fn origin(&self, version: &Version) -> Result<(&State<'r, 'a>, BTreeSet<String>), Error> {
        let on_disk = self.on_disk.as_ref().ok_or_else(not_audited)?;
        let last = self.last.as_ref().unwrap_or(on_disk);
        let far = self.far_reaching(last, version);
        let is_nearer = !far.is_empty() && self.far_reaching(on_disk, version).is_empty();
        Ok(if is_nearer { (on_disk, BTreeSet::new()) } else { (last, far) })
    }

    fn far_reaching(&self, before: &State<'_, '_>, version: &Version) -> BTreeSet<String> {
        let is_read_by_many = |file: &str| {
            let reads = |unit: &&Loaded| unit.inputs.iter().any(|input| input == file);
            let is_common = self.disk.is_common(file) || before.run.is_common(file);
            is_common || before.settled.units.values().filter(reads).count() > limits::READ_AT_ONCE
        };
        let mut changed = before.run.place().version.changed(version);
        changed.retain(|file| is_makefile(file) || (file.ends_with(".h") && is_read_by_many(file)));
        changed
    }

    /// The files between a state and a version that matter, and what they have in the state: it may be saved over while the step is made.
    fn touched(&self, before: &State<'_, '_>, version: &Version) -> (BTreeSet<String>, Past) {
        let earlier = &before.run.place().version;
        let mut touched = earlier.changed(version);
        touched.retain(|file| !file.ends_with(".c") || self.matters(before, file, version));
        let mut past = Past::default();
        for file in touched.iter().filter(|file| !earlier.has(file)) {
            let text = std::fs::read(self.root().join(file)).ok();
            let is_as_opened = self.disk.place().contents.hash(file) == text.as_deref().map(Hash::of);
            if self.drifted.contains_key(file) || !is_as_opened {
                past.lost.insert(file.clone());
            } else {
                past.texts.insert(file.clone(), text);
            }
        }
        (touched, past)
    }

    /// What was found out about functions in the state of the last answer; `None`: nobody looked yet, it was all known.
    pub fn conclusions(&self) -> Option<Arc<Conclusions>> {
        self.last.as_ref().or(self.on_disk.as_ref())?.settled.conclusions.clone()
    }

    /// The same, for which somebody looks now if nobody has.
    pub fn concluded(&mut self) -> Option<Arc<Conclusions>> {
        let state = self.last.as_mut().or(self.on_disk.as_mut())?;
        if state.settled.conclusions.is_none() {
            let (_, conclusions) = state.run.conclude(&state.settled.units, &state.settled.readers_read()).ok()?;
            state.settled.conclusions = Some(Arc::new(conclusions));
        }
        state.settled.conclusions.clone()
    }

    /// The buffers that are not as the tree was when it was opened, over what changed on disk since.
    fn version(&self, buffers: &Buffers) -> Version {
        let mut version = Version::default();
        for (file, content) in &self.drifted {
            version.set(file, content.clone());
        }
        for (path, content) in buffers {
            let file = self.name(path);
            let is_known = || self.disk.place().contents.hash(&file) == Some(Hash::of(content));
            if is_source(&file) && (self.drifted.contains_key(&file) || !is_known()) {
                version.set(&file, Some(content.as_slice().into()));
            }
        }
        version
    }

    /// Files of the version that had to be read without a PCH as they are on disk: then they read its headers themselves.
    fn plain(&self, on_disk: &State<'_, '_>, version: &Version) -> BTreeSet<String> {
        let shared = &self.disk.extractor.shared.inputs;
        let is_plain = |file: &str| {
            let unit = on_disk.settled.units.get(file);
            // A few headers have no guard, and are read again where they stand.
            unit.is_some_and(|unit| 2 * unit.inputs.iter().filter(|input| shared.contains(*input)).count() > shared.len())
        };
        version.files().map(|(file, _)| file).filter(|file| is_plain(file)).map(str::to_owned).collect()
    }

    /// Was the file read, as a unit or a part of one, or does it name anything that audits look for?
    fn matters(&self, before: &State<'_, '_>, file: &str, version: &Version) -> bool {
        let is_part = |loaded: &Loaded| loaded.inputs.iter().any(|input| input == file);
        let settled = &before.settled;
        settled.units.contains_key(file)
            || settled.failed.contains_key(file)
            || settled.units.values().any(is_part)
            || self.names_something(file, Some((settled, version)))
    }

    /// As the tree names a file, also one that is gone.
    fn name(&self, path: &Path) -> String {
        match path.strip_prefix(self.root()) {
            Ok(below) => below.to_string_lossy().into_owned(),
            Err(_) => self.disk.base.relative(path),
        }
    }

    fn names_something(&self, file: &str, at: Option<(&Settled, &Version)>) -> bool {
        let mut wanted = self.disk.base.files.site_names();
        let root = self.root();
        let content = match at {
            Some((settled, version)) => {
                let demand = &settled.analysis.demand;
                wanted.extend(demand.callers_of.keys().chain(demand.definitions_of.keys()).cloned());
                wanted.extend(settled.stored_in.iter().map(|field| own_name(field)));
                wanted.extend(settled.readers.keys().map(|field| own_name(field)));
                version.read(root, file)
            }
            None => std::fs::read(root.join(file)).ok(),
        };
        content.is_some_and(|content| !text::mentions(&content, &text::names(&wanted)).is_empty())
    }
}

fn not_audited() -> Error {
    Error::new("the tree was not audited yet")
}

/// What a version of the tree can consist of: relative to it, sources and makefiles.
fn is_source(file: &str) -> bool {
    !Path::new(file).is_absolute() && (file.ends_with(".c") || file.ends_with(".h") || is_makefile(file))
}

/// What `make` writes of the configuration: flags and macros of every unit hang on it.
fn is_configuration(path: &Path) -> bool {
    path.ends_with("include/config/auto.conf") || path.ends_with("include/generated/autoconf.h")
}

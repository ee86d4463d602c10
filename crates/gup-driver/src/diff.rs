//! What a change makes of the tree, without touching it: the same analysis before and after, over the same cache.

use std::collections::{BTreeMap, BTreeSet};

use crate::Error;
use crate::affected::{Effect, Past};
use crate::audit::with_run;
use crate::git::Repository;
use crate::left_out;
use crate::options::Options;
use crate::outcome::Outcome;
use crate::run::{Run, Sources};
use crate::series::{Series, Step};
use crate::state::{Given, State, with_wanted};
use crate::version::{Version, is_makefile};

/// Where a change comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// A unified diff, a mailed patch, or an mbox with a series, for the tree as it is on disk.
    Patch(Vec<u8>),
    /// `BASE..HEAD`, commits of the tree's own git repository, also where the work tree is at another one: what differs is
    /// analysed in memory. What is not committed stays as it is in the work tree, on both sides, if the range does not
    /// change the file; that is said.
    Range(String),
}

/// A change, as a whole and, if asked for, patch by patch.
#[derive(Clone, Debug, PartialEq)]
pub struct Comparison {
    pub whole: Change,
    /// Each patch or commit against the state before it; empty when not asked for.
    pub patches: Vec<Change>,
}

/// The tree before and after a change.
#[derive(Clone, Debug, PartialEq)]
pub struct Change {
    /// The subject of the patch; empty for a series as a whole.
    pub title: String,
    pub before: Outcome,
    pub after: Outcome,
    /// Every file that it touches, in order.
    pub changed: Vec<Changed>,
    /// What was odd about it, one line each.
    pub remarks: Vec<String>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Changed {
    pub file: String,
    /// The name that it had, where the change gives it another.
    pub renamed_from: Option<String>,
    pub status: Status,
    /// Why it was not analysed; empty where it was. Of a header: what changed in it.
    pub reason: String,
    /// The units that were read again because of it; `(common headers)` is the unit of the precompiled header.
    pub read_again: Vec<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    Analysed,
    Failed,
    /// The file is not compiled, or nothing of what changes in it is.
    NotInConfiguration,
    /// A header: analysed with the units that read it.
    Header,
}

/// Analyses what a change makes of the tree; with `each` also patch by patch.
pub fn diff(options: &Options, source: &Source, each: bool) -> Result<Comparison, Error> {
    with_run(options, |run| {
        let root = &run.base.tree.root;
        let (series, repository) = match source {
            Source::Patch(bytes) => (Series::of_patches(bytes, root)?, None),
            Source::Range(range) => {
                let repository = Repository::open(root)?;
                let (series, head) = repository.series(range, each)?;
                (series, Some((repository, head)))
            }
        };
        let steps = if each { series.steps.clone() } else { vec![series.as_one()] };
        let mut states = States::new(run, &series.start, &steps)?;
        let mut patches = Vec::new();
        for step in &steps {
            patches.push(states.advance(step)?);
        }
        let mut whole = match each {
            true => states.whole(&series.as_one()),
            false => patches.pop().ok_or_else(|| Error::new("the change is empty"))?,
        };
        if let Some((repository, head)) = repository {
            whole.remarks.extend(states.differing(&repository, &head)?);
        }
        Ok(Comparison { whole, patches })
    })
}

/// A series on its way through the tree.
struct States<'r, 'a> {
    disk: &'r Run<'a>,
    /// Units that any step changes: they are read in every version, so that all are judged over the same.
    wanted: BTreeSet<String>,
    first: State<'r, 'a>,
    /// The last of `next` that was reached.
    last: Option<State<'r, 'a>>,
    next: std::vec::IntoIter<Sources<'a>>,
    /// By file, over all steps.
    effects: BTreeMap<String, Effect>,
}

impl<'r, 'a> States<'r, 'a> {
    /// Analyses what the series starts from.
    fn new(disk: &'r Run<'a>, start: &Version, steps: &[Step]) -> Result<States<'r, 'a>, Error> {
        let touched: BTreeSet<&String> =
            steps.iter().flat_map(|step| &step.touched).filter(|file| file.ends_with(".c")).collect();
        let first = Sources::of_version(disk.base, start, None);
        let mut next: Vec<Sources<'_>> = Vec::new();
        for step in steps {
            let earlier = next.last().unwrap_or(&first).place.clone();
            next.push(Sources::of_version(disk.base, &step.version, Some(&earlier)));
        }
        let mut wanted = BTreeSet::new();
        for sources in std::iter::once(&first).chain(&next) {
            wanted.extend(touched.iter().flat_map(|file| sources.selector().units(file)));
        }
        disk.base.lap("select");
        let on_disk = State { run: Given::Disk(disk), settled: disk.settle(disk.initial(&[]))? };
        let first = match start.is_on_disk() {
            true => {
                let settled = with_wanted(disk, on_disk.settled.clone(), BTreeSet::new(), &wanted)?;
                State { run: Given::Disk(disk), settled }
            }
            false => {
                on_disk.next(disk, first, &start.files().map(|(file, _)| file.to_owned()).collect(), &wanted, &Past::default())?.0
            }
        };
        Ok(States { disk, wanted, first, last: None, next: next.into_iter(), effects: BTreeMap::new() })
    }

    /// The change that the next step makes.
    fn advance(&mut self, step: &Step) -> Result<Change, Error> {
        let sources = self.next.next().ok_or_else(|| Error::new("a step without sources"))?;
        let before = self.last.as_ref().unwrap_or(&self.first);
        let (after, effects) = before.next(self.disk, sources, &step.touched, &self.wanted, &Past::default())?;
        let change = change(step, before, &after, &effects);
        self.last = Some(after);
        for (file, effect) in effects {
            let known = self.effects.entry(file).or_default();
            known.again.extend(effect.again);
            known.what = if known.what.is_empty() { effect.what } else { format!("{}; {}", known.what, effect.what) };
        }
        Ok(change)
    }

    /// All steps so far as one change.
    fn whole(&self, step: &Step) -> Change {
        change(step, &self.first, self.last.as_ref().unwrap_or(&self.first), &self.effects)
    }

    /// What the range does not change and that is not in the work tree as it is in HEAD, if anything was read of it.
    fn differing(&self, repository: &Repository<'_>, head: &str) -> Result<Option<String>, Error> {
        let last = self.last.as_ref().unwrap_or(&self.first);
        let version = &last.run.place().version;
        let inputs = last.settled.units.values().flat_map(|loaded| loaded.inputs.iter()).chain(last.run.common_headers());
        let files = inputs.map(String::as_str).filter(|file| !file.starts_with('/') && !version.has(file)).collect();
        let differing = repository.differing(head, &files)?;
        let shown: Vec<&str> = differing.iter().take(5).map(String::as_str).collect();
        let more = if differing.len() > shown.len() { ", …" } else { "" };
        let message = || {
            format!(
                "{} files that the range does not change are not in the work tree as in HEAD, and were read as they are there: {}{more}",
                differing.len(),
                shown.join(", ")
            )
        };
        Ok((!differing.is_empty()).then(message))
    }
}

fn change(step: &Step, before: &State<'_, '_>, after: &State<'_, '_>, effects: &BTreeMap<String, Effect>) -> Change {
    let changed = |file: &String| {
        let (units, effect) = (units_of(file, before, after), effects.get(file).cloned().unwrap_or_default());
        let (status, reason) = status(file, &units, &effect, before, after);
        let mut again = effect.again;
        again.extend(units.into_iter().filter(|unit| status == Status::Analysed && after.settled.units.contains_key(unit)));
        let renamed_from = after.run.place().version.other_names.get(file).filter(|from| step.touched.contains(*from));
        Changed {
            file: file.clone(),
            renamed_from: renamed_from.cloned(),
            status,
            reason,
            read_again: again.into_iter().collect(),
        }
    };
    Change {
        title: step.title.clone(),
        before: Outcome::of(&before.run, before.settled.clone()),
        after: Outcome::of(&after.run, after.settled.clone()),
        changed: step.touched.iter().map(changed).collect(),
        remarks: step.remarks.clone(),
    }
}

/// The units that a source is part of, also when one of the two versions does not have it.
fn units_of(file: &str, before: &State<'_, '_>, after: &State<'_, '_>) -> BTreeSet<String> {
    if !file.ends_with(".c") {
        return BTreeSet::new();
    }
    let units = after.run.selector().units(file);
    if units.is_empty() { before.run.selector().units(file) } else { units }
}

fn status(
    file: &str,
    units: &BTreeSet<String>,
    effect: &Effect,
    before: &State<'_, '_>,
    after: &State<'_, '_>,
) -> (Status, String) {
    let failed = |units: &BTreeSet<String>| {
        let reason = |unit: &String| Some((unit.clone(), after.settled.failed.get(unit)?.clone()));
        units.iter().find_map(reason)
    };
    if file.ends_with(".h") {
        return match failed(&effect.again) {
            Some((unit, reason)) => (Status::Header, format!("{}; {unit} could not be read: {reason}", effect.what)),
            None if effect.again.is_empty() => (Status::Header, format!("{}; no unit that was read depends on it", effect.what)),
            None => (Status::Header, effect.what.clone()),
        };
    }
    if is_makefile(file) {
        return (Status::Analysed, String::new());
    }
    if units.is_empty() {
        let run = &after.run;
        let reason = match file.ends_with(".c") {
            true if !before.run.index.contains(file) => "a new file that no makefile names".to_owned(),
            true => run.place().kbuild.reason(&run.base.tree, file),
            false => "no C source".to_owned(),
        };
        return (Status::NotInConfiguration, reason);
    }
    let is_gone = !after.run.place().version.is_file(&after.run.base.tree.root, file);
    let unread = units.iter().find(|unit| !is_gone && !after.settled.units.contains_key(*unit));
    match (failed(units), unread) {
        (Some((_, reason)), _) => (Status::Failed, reason),
        (None, Some(unit)) => (Status::Failed, format!("{unit} was not read: too many units")),
        (None, None) => {
            // Who includes it as well may have it compiled.
            let is_alone = effect.again.iter().all(|unit| unit == file);
            let reason = is_alone.then(|| left_out::all_of_it(file, before, after)).flatten();
            reason.map_or((Status::Analysed, String::new()), |reason| (Status::NotInConfiguration, reason))
        }
    }
}

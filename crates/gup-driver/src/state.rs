//! One version of the tree, analysed, and the way from one version to the next: what stays as it is is not read again.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use gup_analysis::finding::Demand;

use crate::Error;
use crate::affected::{Effect, Past, Versions};
use crate::run::{Run, Settled, Sources};
use crate::version::is_makefile;

/// One version of the tree, analysed.
#[derive(Clone)]
pub(crate) struct State<'r, 'a> {
    pub(crate) run: Given<'r, 'a>,
    pub(crate) settled: Settled,
}

/// The run over the disk, or one of our own.
#[derive(Clone)]
pub(crate) enum Given<'r, 'a> {
    Disk(&'r Run<'a>),
    Own(Arc<Run<'a>>),
}

impl<'a> std::ops::Deref for Given<'_, 'a> {
    type Target = Run<'a>;

    fn deref(&self) -> &Run<'a> {
        match self {
            Given::Disk(run) => run,
            Given::Own(run) => run,
        }
    }
}

impl<'r, 'a> State<'r, 'a> {
    /// The tree in another version: units that stay as they are are not read again. `disk`: the run over what is on disk;
    /// `touched`: files that may differ; `wanted`: units that are read whether anybody asks for them or not; `past`:
    /// see [`Versions`].
    pub(crate) fn next(
        &self,
        disk: &'r Run<'a>,
        sources: Sources<'a>,
        touched: &BTreeSet<String>,
        wanted: &BTreeSet<String>,
        past: &Past,
    ) -> Result<(State<'r, 'a>, BTreeMap<String, Effect>), Error> {
        let run = match sources.place.version.is_on_disk() {
            true => Given::Disk(disk),
            false => Given::Own(Arc::new(disk.of_version(sources, &self.run)?)),
        };
        let effects = Versions { before: &self.run, after: &run, units: &self.settled.units, past }.effects(touched);
        let mut settled = self.settled.clone();
        let read = |file: &str| [past.read(&self.run, file), run.place().version.read(&run.base.tree.root, file)];
        settled.forget_readers(touched, |file| (!past.lost.contains(file)).then(|| read(file).map(Option::unwrap_or_default)));
        let mut next = BTreeSet::new();
        if touched.iter().any(|file| file.ends_with(".h") || is_makefile(file)) {
            // What could not be read before may be readable now, and other units may acquire references.
            next.extend(std::mem::take(&mut settled.failed).into_keys());
            let selection = run.initial(&[]);
            settled.absent = selection.absent;
            // Headers say by which names a function is called.
            settled.analysis.demand = Demand::default();
            next.extend(selection.units);
        }
        for unit in effects.values().flat_map(|effect| &effect.again).chain(touched) {
            settled.units.remove(unit);
            settled.failed.remove(unit);
            next.insert(unit.clone());
        }
        // Of the others only makefiles can say so, and evaluating them for each unit takes longer than reading one.
        if touched.iter().any(|file| is_makefile(file)) {
            settled.units.retain(|unit, _| is_unit(&run, unit));
        }
        let settled = with_wanted(&run, settled, next, wanted)?;
        Ok((State { run, settled }, effects))
    }
}

/// Reads `next` and what every version is judged over.
pub(crate) fn with_wanted(
    run: &Run<'_>,
    settled: Settled,
    mut next: BTreeSet<String>,
    wanted: &BTreeSet<String>,
) -> Result<Settled, Error> {
    let compiled: Vec<&String> = next.iter().chain(wanted).filter(|unit| is_unit(run, unit)).collect();
    let is_read = |unit: &String| settled.units.contains_key(unit) || settled.failed.contains_key(unit);
    next = compiled.into_iter().filter(|unit| !is_read(unit)).cloned().collect();
    run.settle_from(settled, next, crate::limits::UNITS)
}

/// Is it compiled in this version?
fn is_unit(run: &Run<'_>, unit: &str) -> bool {
    run.place().version.is_file(&run.base.tree.root, unit) && run.place().spec(unit).is_some()
}

//! What callers ask for: an audit, what a patch changes, and views into one function.

use gup_analysis::{CallStep, Program, Settings};

use crate::Error;
use crate::base::Base;
use crate::check::Asked;
use crate::left_out;
use crate::options::Options;
use crate::outcome::Outcome;
use crate::pch::Shared;
use crate::run::{Run, Settled};

/// Audits the tree, or what lies under `options.paths`.
pub fn audit(options: &Options) -> Result<Outcome, Error> {
    with_run(options, |run| {
        let paths = run.paths();
        let settled = run.settle(run.initial(&paths))?;
        if paths.is_empty() {
            Asked::keep(run, &settled);
        }
        let left_out = left_out::acquisitions(run, &settled, &run.base.files.site_names());
        let mut outcome = Outcome::of(run, settled);
        outcome.coverage.left_out = left_out;
        Ok(outcome.only(&paths))
    })
}

/// What the front end understood of a unit, as text.
pub fn ir(options: &Options, file: &str) -> Result<String, Error> {
    with_run(options, |run| {
        let file = run.base.relative(file.as_ref());
        let spec = run
            .place()
            .spec(&file)
            .ok_or_else(|| Error::new(format!("{file} is not compiled: {}", run.place().kbuild.reason(&run.base.tree, &file))))?;
        let mut results = run.extractor.extract(&[spec], &|_| ());
        let loaded = results.remove(&file).unwrap_or_else(|| Err("it was not extracted".to_owned()));
        let packed = loaded.as_ref().map_err(|reason| Error::new(format!("{file}: {reason}")))?.packed();
        packed
            .and_then(|packed| packed.unpack())
            .map(|unit| gup_ir::text::print(&unit))
            .ok_or_else(|| Error::new(format!("{file}: the cache is damaged, run again with --no-cache")))
    })
}

/// What calling `function` does to page references, as a contract; with `explain` the state after each statement.
/// `None`: no unit that was read has such a function.
pub fn summary(options: &Options, function: &str, explain: bool) -> Result<Option<String>, Error> {
    with_program(options, function, |run, program| {
        let settings = Settings::default();
        run.with_memo(|memo| match explain {
            true => gup_analysis::explain(program, &run.contracts, &settings, memo, function),
            false => gup_analysis::summary_text(program, &run.contracts, &settings, memo, function),
        })
    })
}

/// The shortest way from one function to another by calls; `None` when there is none.
pub fn call_path(options: &Options, from: &str, to: &str) -> Result<Option<Vec<CallStep>>, Error> {
    with_program(options, from, |_, program| gup_analysis::call_path(program, from, to))
}

/// Opens the tree and prepares everything for reading units, then keeps what the next run can use.
pub(crate) fn with_run<T>(options: &Options, work: impl FnOnce(&Run<'_>) -> Result<T, Error>) -> Result<T, Error> {
    let base = Base::open(options)?;
    let shared = Shared::prepare(&base.place(), &base.pool, options.pch);
    let run = Run::new(&base, base.place(), shared)?;
    let result = work(&run)?;
    base.keep();
    base.store.clean();
    Ok(result)
}

/// The program of an audit, with the file that defines `function` if the audit did not read it.
fn with_program<T>(options: &Options, function: &str, work: impl FnOnce(&Run<'_>, &Program) -> T) -> Result<T, Error> {
    with_run(options, |run| {
        let mut settled: Settled = run.settle(run.initial(&run.paths()))?;
        let wanted = gup_analysis::finding::Demand {
            definitions_of: [(function.to_owned(), String::new())].into(),
            ..gup_analysis::finding::Demand::default()
        };
        let mut more = run.selector().demanded(&wanted).units;
        more.retain(|file| !settled.units.contains_key(file));
        // A static function has one definition for each file; more than a few mean that the name says nothing.
        if more.len() <= crate::limits::DEFINITIONS_OF_ONE {
            run.extract(&more, &mut settled);
        }
        let program = run.link(&settled.units);
        Ok(work(run, &program))
    })
}

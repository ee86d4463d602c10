//! A fixture through the pipeline that every command uses, and all that must hold of every fixture.

use std::path::Path;

use gup_analysis::finding::Analysis;
use gup_driver::{Options, Workers};

use crate::fixture::Fixture;
use crate::matcher;
use crate::tree::Tree;

/// What the pipeline made of a fixture.
#[derive(Debug, PartialEq)]
struct Checked {
    analysis: Analysis,
    /// IR of each source, as text.
    ir: Vec<String>,
    /// What could not be read, and the compiler's errors.
    errors: Vec<String>,
}

/// Everything that is wrong with a fixture; empty: it passes.
pub fn run(testdata: &Path, fixture: &Fixture) -> Vec<String> {
    let tree = match Tree::build(testdata, fixture) {
        Ok(tree) => tree,
        Err(error) => return vec![format!("{}: {error}", fixture.name)],
    };
    let checked = match check(testdata, fixture, &tree) {
        Ok(checked) => checked,
        Err(error) => return vec![error],
    };
    let mut problems = checked.errors.clone();
    problems.extend(checked.ir.iter().flat_map(|text| ill_formed(text)));
    problems.extend(matcher::mismatches(fixture, &checked.analysis));
    // The second time from the cache that the first one filled.
    if check(testdata, fixture, &tree).as_ref() != Ok(&checked) {
        problems.push(format!("{}: audited again, the result is another", fixture.name));
    }
    problems
}

/// Audits the fixture in this process.
fn check(testdata: &Path, fixture: &Fixture, tree: &Tree) -> Result<Checked, String> {
    let options = options(testdata, fixture, tree);
    let outcome = gup_driver::audit(&options).map_err(|error| error.to_string())?;
    let coverage = &outcome.coverage;
    let errors = coverage.failed.iter().chain(&coverage.with_errors).chain(&coverage.not_in_configuration);
    let errors = errors.map(|(file, reason)| format!("{file}: {reason}")).chain(outcome.warnings).collect();
    let sources = fixture.files.iter().filter(|file| file.name.ends_with(".c"));
    let ir = sources.map(|file| gup_driver::ir(&options, &file.name).map_err(|error| error.to_string()));
    Ok(Checked { analysis: outcome.analysis, ir: ir.collect::<Result<_, _>>()?, errors })
}

/// How a fixture is audited: in this process, over a cache of its own.
pub(crate) fn options(testdata: &Path, fixture: &Fixture, tree: &Tree) -> Options {
    let mut options = Options::new(tree.root.clone(), Workers::InProcess);
    options.tree = Some(tree.root.clone());
    options.policy = fixture.directives.policy.clone();
    options.analyses = Some(testdata.join("../analyses"));
    options.cache = Some(tree.cache.clone());
    options
}

fn ill_formed(text: &str) -> Vec<String> {
    let unit = match gup_ir::text::parse(text) {
        Ok(unit) => unit,
        Err(error) => return vec![format!("the IR cannot be read back: {error}")],
    };
    let mut problems: Vec<String> = unit.functions.iter().filter_map(|function| gup_ir::check::check(function).err()).collect();
    if gup_ir::text::print(&unit) != text {
        problems.push(format!("{}: the IR is another one when it is read back and printed", unit.file));
    }
    problems
}

//! A fixture through the pipeline that every command uses, and all that must hold of every fixture.

use std::path::Path;

use gup_analysis::finding::Analysis;
use gup_ir::Unit;

use crate::fixture::Fixture;
use crate::matcher;

/// What the pipeline made of a fixture.
pub struct Checked {
    pub units: Vec<Unit>,
    pub analysis: Analysis,
    /// The compiler's errors.
    pub errors: Vec<String>,
}

/// Everything that is wrong with a fixture; empty: it passes.
pub fn run(testdata: &Path, fixture: &Fixture) -> Vec<String> {
    let checked = match check(testdata, fixture) {
        Ok(checked) => checked,
        Err(error) => return vec![error],
    };
    let mut problems = checked.errors.clone();
    problems.extend(checked.units.iter().flat_map(ill_formed));
    problems.extend(matcher::mismatches(fixture, &checked.analysis));
    match check(testdata, fixture) {
        Ok(again) if again.units == checked.units && again.analysis == checked.analysis => {}
        _ => problems.push(format!("{}: analysed again, the result is another", fixture.name)),
    }
    problems
}

fn ill_formed(unit: &Unit) -> Vec<String> {
    let mut problems: Vec<String> = unit.functions.iter().filter_map(|function| gup_ir::check::check(function).err()).collect();
    match gup_ir::text::parse(&gup_ir::text::print(unit)) {
        Ok(read) if read == *unit => {}
        Ok(_) => problems.push(format!("{}: the IR is another one when it is printed and read back", unit.file)),
        Err(error) => problems.push(format!("{}: the IR cannot be read back: {error}", unit.file)),
    }
    problems
}

/// Runs the fixture through front end and analysis, in this process.
pub fn check(testdata: &Path, fixture: &Fixture) -> Result<Checked, String> {
    temporary::check(testdata, fixture)
}

mod temporary {
    use std::collections::{BTreeMap, BTreeSet, HashSet};
    use std::path::{Path, PathBuf};

    use gup_analysis::contract::{ContractFiles, TreeFacts};
    use gup_analysis::{Program, Settings};
    use gup_frontend::{Extraction, Request};

    use super::Checked;
    use crate::fixture::Fixture;

    fn args(testdata: &Path, fixture: &Fixture) -> Vec<String> {
        let mut args: Vec<String> = ["-std=gnu11", "-nostdinc", "-D__KERNEL__", "-Wno-everything"].map(String::from).to_vec();
        args.push(format!("-I{}", testdata.join("include").display()));
        args.extend(fixture.directives.args.iter().cloned());
        args
    }

    fn extract(testdata: &Path, file: &str, args: &[String], overlay: &[(PathBuf, Vec<u8>)]) -> Extraction {
        let clang = gup_clang::load().expect("a libclang");
        let request =
            Request { root: testdata, file, args, directory: testdata, overlay, pch: None, known_headers: &HashSet::new() };
        gup_frontend::extract(&clang, &request)
    }

    fn read_toml(folder: &Path, below: &str, out: &mut Vec<(String, String)>) {
        let mut paths: Vec<_> = std::fs::read_dir(folder.join(below)).unwrap().map(|e| e.unwrap().path()).collect();
        paths.sort();
        for path in paths {
            if path.extension().is_some_and(|e| e == "toml") {
                out.push((
                    format!("{below}/{}", path.file_name().unwrap().to_string_lossy()),
                    std::fs::read_to_string(&path).unwrap(),
                ));
            }
        }
    }

    pub(super) fn check(testdata: &Path, fixture: &Fixture) -> Result<Checked, String> {
        let analyses = testdata.join("../analyses");
        let mut texts = Vec::new();
        read_toml(&analyses, "contracts", &mut texts);
        read_toml(&analyses, "policies", &mut texts);
        let files = ContractFiles::parse(&texts).map_err(|e| format!("{e:?}"))?;
        let mut headers = String::new();
        let mut includes = String::new();
        for entry in std::fs::read_dir(testdata.join("include/linux")).unwrap() {
            let path = entry.unwrap().path();
            headers += &std::fs::read_to_string(&path).unwrap();
            includes += &format!("#include <linux/{}>\n", path.file_name().unwrap().to_string_lossy());
        }
        let words: HashSet<&str> = headers.split(|c: char| !c.is_alphanumeric() && c != '_').collect();
        let declared: BTreeSet<String> = files.words().into_iter().filter(|w| words.contains(w.as_str())).collect();
        let args = args(testdata, fixture);
        let wanted: BTreeSet<String> = files.constants().into_iter().filter(|w| words.contains(w.as_str())).collect();
        let probe = includes + &wanted.iter().map(|n| format!("enum {{ gup_{n} = {n} }};\n")).collect::<String>();
        let unit = extract(testdata, "probe.c", &args, &[(testdata.join("probe.c"), probe.into_bytes())]).unit;
        let constants: BTreeMap<String, i64> = unit.constants.into_iter().collect();
        let facts = TreeFacts { declared, constants, policy: fixture.directives.policy.clone() };
        let contracts = files.resolve(&facts).map_err(|e| format!("{e:?}"))?;
        let mut units = Vec::new();
        let mut errors = Vec::new();
        for file in fixture.files.iter().filter(|file| file.name.ends_with(".c")) {
            let extraction = extract(testdata, &file.name, &args, &[]);
            errors.extend(extraction.errors);
            errors.extend(extraction.fatal);
            units.push(extraction.unit);
        }
        let program = Program::link(units.clone());
        let analysis = gup_analysis::analyse(&program, &contracts, &Settings::default());
        Ok(Checked { units, analysis, errors })
    }
}

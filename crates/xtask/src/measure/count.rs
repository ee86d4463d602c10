//! The ledger's sites against the calls that stand in the text of the same files.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use gup_report::report::{Report, Site};
use serde::Deserialize;

use crate::run::{Failure, Outcome};
use crate::source::{self, Call};

/// A call in the text, with its file.
struct Found {
    file: String,
    call: Call,
}

/// `testdata/triage/linux-<version>-count.toml`: why text and ledger differ at one place.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Explained {
    #[serde(default)]
    difference: Vec<Difference>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Difference {
    file: String,
    function: String,
    api: String,
    why: String,
}

impl Explained {
    fn why(&self, file: &str, function: &str, api: &str) -> Option<&str> {
        let here = |d: &&Difference| d.file == file && d.function == function && d.api == api;
        self.difference.iter().find(here).map(|d| d.why.as_str())
    }
}

/// Prints the counts and every difference with its reason, if one is known.
pub(crate) fn run(tree: &Path, contracts: &Path, explained: &Path, report: &Report) -> Outcome<()> {
    let names = site_names(contracts)?;
    let explained = read_explained(explained)?;
    let units = &report.coverage.units;
    let left_out: BTreeSet<&str> =
        units.not_in_configuration.iter().chain(&units.failed).map(|entry| entry.file.as_str()).collect();
    let (outside, calls): (Vec<Found>, Vec<Found>) =
        calls_in(tree, &names)?.into_iter().partition(|found| left_out.contains(found.file.as_str()));
    println!("## Acquisition calls counted from the text\n");
    let held = hold(&calls, &report.ledger.sites);
    let mut unexplained = 0;
    for Found { file, call: Call { line, api, function, conditions } } in &held.only_text {
        let why = explained.why(file, function, api);
        unexplained += usize::from(why.is_none());
        let under = if conditions.is_empty() { String::new() } else { format!(" under {}", conditions.join(", ")) };
        println!("- only in the text: {file}:{line}: {api} in {function}{under}: {}", why.unwrap_or("NOT EXPLAINED"));
    }
    for Site { file, line, api, function, .. } in &held.only_ledger {
        let why = explained.why(file, function, api);
        unexplained += usize::from(why.is_none());
        println!("- only in the ledger: {file}:{line}: {api} in {function}: {}", why.unwrap_or("NOT EXPLAINED"));
    }
    println!(
        "\n{} calls in the text of units that were read, {} sites in the ledger: {} in both, {} only in the text, {} only in the ledger, \
         {unexplained} of the differences not explained; {} more calls in files of other configurations and in failed units",
        calls.len(),
        report.ledger.sites.len(),
        held.both,
        held.only_text.len(),
        held.only_ledger.len(),
        outside.len(),
    );
    Ok(())
}

/// Text and ledger, held against each other by file, line and API.
struct Held<'a> {
    both: usize,
    only_text: Vec<&'a Found>,
    only_ledger: Vec<&'a Site>,
}

fn hold<'a>(calls: &'a [Found], sites: &'a [Site]) -> Held<'a> {
    let mut ledger: BTreeMap<(&str, &str, usize), Vec<&Site>> = BTreeMap::new();
    for site in sites {
        ledger.entry((&site.file, &site.api, site.line as usize)).or_default().push(site);
    }
    let in_ledger = |found: &&'a Found| {
        let place = (found.file.as_str(), found.call.api.as_str(), found.call.line);
        ledger.get_mut(&place).and_then(Vec::pop).is_some()
    };
    let (both, only_text): (Vec<&Found>, Vec<&Found>) = calls.iter().partition(in_ledger);
    Held { both: both.len(), only_text, only_ledger: ledger.into_values().flatten().collect() }
}

fn read_explained(path: &Path) -> Outcome<Explained> {
    let text = match fs::read_to_string(path) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => String::new(),
        text => text.map_err(|e| Failure::io("read", path, &e))?,
    };
    toml::from_str(&text).map_err(|error| Failure::new(format!("{}: {error}", path.display())))
}

/// Names of the functions whose calls are acquisition sites: the `[[api]]` entries with `site = true`.
fn site_names(contracts: &Path) -> Outcome<BTreeSet<String>> {
    let mut names = BTreeSet::new();
    for path in files(contracts, &|name| name.ends_with(".toml"))? {
        let text = fs::read_to_string(&path).map_err(|e| Failure::io("read", &path, &e))?;
        let table: toml::Table = text.parse().map_err(|error| Failure::new(format!("{}: {error}", path.display())))?;
        let apis = table.get("api").and_then(toml::Value::as_array).into_iter().flatten();
        for api in apis.filter(|api| api.get("site").and_then(toml::Value::as_bool) == Some(true)) {
            names.extend(api.get("name").and_then(toml::Value::as_str).map(str::to_owned));
            for key in ["names", "aliases"] {
                let list = api.get(key).and_then(toml::Value::as_array).into_iter().flatten();
                names.extend(list.filter_map(toml::Value::as_str).map(str::to_owned));
            }
        }
    }
    if names.is_empty() {
        return Err(Failure::new(format!(
            "no [[api]] below {} has `site = true`; is this the gupcheck checkout?",
            contracts.display()
        )));
    }
    Ok(names)
}

/// Calls in C files and headers of the kernel proper, in the order of files and lines.
fn calls_in(tree: &Path, names: &BTreeSet<String>) -> Outcome<Vec<Found>> {
    let mut calls = Vec::new();
    for path in files(tree, &|name| name.ends_with(".c") || name.ends_with(".h"))? {
        let bytes = fs::read(&path).map_err(|e| Failure::io("read", &path, &e))?;
        let text = String::from_utf8_lossy(&bytes);
        if !source::mentions(&text, names) {
            continue;
        }
        let file = path.strip_prefix(tree).expect("found below the tree").to_string_lossy().into_owned();
        calls.extend(source::scan(&text, names).calls.into_iter().map(|call| Found { file: file.clone(), call }));
    }
    Ok(calls)
}

/// Folders at the top of a kernel whose C is not the kernel's.
const NOT_KERNEL: [&str; 3] = ["tools", "scripts", "Documentation"];

fn files(root: &Path, wanted: &dyn Fn(&str) -> bool) -> Outcome<Vec<PathBuf>> {
    let mut found = Vec::new();
    let mut folders = vec![root.to_path_buf()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).map_err(|e| Failure::io("read", &folder, &e))? {
            let entry = entry.map_err(|e| Failure::io("read", &folder, &e))?;
            let name = entry.file_name().to_string_lossy().into_owned();
            let kind = entry.file_type().map_err(|e| Failure::io("read", &folder, &e))?;
            // Links are not followed: what they name is read where it lies.
            if kind.is_dir() && !(folder == root && NOT_KERNEL.contains(&name.as_str())) {
                folders.push(entry.path());
            } else if kind.is_file() && wanted(&name) {
                found.push(entry.path());
            }
        }
    }
    found.sort();
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reports::tests::a_site;
    use gup_report::report::Verdict;

    fn site(line: u32) -> Site {
        a_site("take", "a.c", line, Verdict::Balanced)
    }

    fn found(line: usize) -> Found {
        Found { file: "a.c".into(), call: Call { api: "take".into(), line, function: "f".into(), conditions: Vec::new() } }
    }

    #[test]
    fn each_call_meets_one_site() {
        let (calls, sites) = ([found(3), found(3), found(5)], [site(3), site(7)]);
        let held = hold(&calls, &sites);
        assert_eq!(held.both, 1);
        assert_eq!(held.only_text.iter().map(|f| f.call.line).collect::<Vec<_>>(), [3, 5]);
        assert_eq!(held.only_ledger.iter().map(|s| s.line).collect::<Vec<_>>(), [7]);
    }

    #[test]
    fn the_names_come_from_contracts_that_are_sites() {
        let folder = std::env::temp_dir().join(format!("xtask-names-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        let text = "[[api]]\nname = \"take\"\naliases = [\"take_it\"]\nsite = true\n[[api]]\nnames = [\"drop\"]\n";
        fs::write(folder.join("a.toml"), text).unwrap();
        assert_eq!(site_names(&folder).unwrap(), ["take", "take_it"].map(str::to_owned).into());
        fs::remove_dir_all(folder).unwrap();
    }
}

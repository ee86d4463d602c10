//! Bugs that are open in this kernel, and right code that looks wrong: which of the one are found, where not silent on the other.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use gup_report::report::{Finding, Report};
use serde::Deserialize;

use crate::run::{Failure, Outcome};
use crate::source;

#[derive(Deserialize)]
struct OpenBug {
    id: String,
    tree: String,
    /// `file:line` of the acquisition, where one is to blame.
    acquire: Option<String>,
    fault: String,
    /// One function, or several with slashes between.
    function: String,
    class: String,
}

#[derive(Deserialize)]
struct Trap {
    id: String,
    tree: String,
    file: String,
    line: usize,
    trap: String,
}

/// A bug is found when a finding touches its function in the file of the fault or of the acquisition.
pub(crate) fn open_bugs(data: &Path, kernel: &str, report: &Report) -> Outcome<()> {
    let bugs: Vec<OpenBug> = read(data)?;
    let bugs: Vec<&OpenBug> = bugs.iter().filter(|bug| bug.tree == kernel).collect();
    println!("\n## Open bugs\n");
    let mut found = 0;
    for bug in &bugs {
        let hit = report.findings.iter().find(|finding| bug.fits(finding));
        found += usize::from(hit.is_some());
        let verdict =
            hit.map_or_else(|| "not found".to_owned(), |f| format!("found: {}:{} [{}] {}", f.file, f.line, f.rule, f.message));
        println!("- {} {} ({}, {}): {verdict}", bug.id, bug.function, bug.fault, bug.class);
    }
    println!("\n{found} of {} open bugs found", bugs.len());
    Ok(())
}

impl OpenBug {
    fn fits(&self, finding: &Finding) -> bool {
        let file = |place: &str| place.split(':').next().unwrap_or_default().to_owned();
        let files: BTreeSet<String> =
            [Some(file(&self.fault)), self.acquire.as_deref().map(file)].into_iter().flatten().collect();
        let mut functions = self.function.split('/').map(str::trim);
        functions.any(|function| files.iter().any(|file| touches(finding, file, function)))
    }
}

/// Whether the finding speaks of this function: as its own, its origin's, or on its path.
fn touches(finding: &Finding, file: &str, function: &str) -> bool {
    let own = std::iter::once((&finding.file, &finding.function));
    let origin = finding.origin.iter().map(|origin| (&origin.file, &origin.function));
    let path = finding.path.iter().map(|step| (&step.file, &step.function));
    own.chain(origin).chain(path).any(|(f, g)| f == file && g == function)
}

/// Silent means: no finding within the function around the line.
pub(crate) fn silent(data: &Path, kernel: &str, tree: &Path, report: &Report) -> Outcome<()> {
    let traps: Vec<Trap> = read(data)?;
    let traps: Vec<&Trap> = traps.iter().filter(|trap| trap.tree == kernel).collect();
    println!("\n## Right code that looks wrong\n");
    let mut loud = 0;
    for trap in &traps {
        let path = tree.join(&trap.file);
        let text = fs::read(&path).map_err(|e| Failure::io("read", &path, &e))?;
        let scan = source::scan(&String::from_utf8_lossy(&text), &BTreeSet::new());
        // A line outside any body is taken by itself.
        let body = scan.bodies.iter().find(|body| body.first <= trap.line && trap.line <= body.last);
        let (first, last) = body.map_or((trap.line, trap.line), |body| (body.first, body.last));
        let noise: Vec<&Finding> = report.findings.iter().filter(|f| within(f, &trap.file, first, last)).collect();
        loud += usize::from(!noise.is_empty());
        for finding in noise {
            println!(
                "- {} ({}): not silent: {}:{} [{}] {}",
                trap.id, trap.trap, finding.file, finding.line, finding.rule, finding.message
            );
        }
    }
    println!("\nsilent on {} of {}", traps.len() - loud, traps.len());
    Ok(())
}

fn within(finding: &Finding, file: &str, first: usize, last: usize) -> bool {
    finding.file == file && (first..=last).contains(&(finding.line as usize))
}

fn read<T: for<'de> Deserialize<'de>>(path: &Path) -> Outcome<Vec<T>> {
    let text = fs::read_to_string(path).map_err(|e| Failure::io("read", path, &e))?;
    serde_json::from_str(&text)
        .map_err(|error| Failure::new(format!("{} is not what `--tools` should hold: {error}", path.display())))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reports::tests::a_finding;

    fn finding(file: &str, function: &str, origin: Option<(&str, &str)>) -> Finding {
        let origin = origin.map(|(file, function)| gup_report::report::Origin {
            api: "take".into(),
            kind: "pin".into(),
            file: file.into(),
            line: 3,
            function: function.into(),
        });
        Finding { origin, ..a_finding("gf1:0", file, function) }
    }

    #[test]
    fn a_bug_is_found_by_function_in_the_file_of_fault_or_acquisition() {
        let bug = OpenBug {
            id: "X".into(),
            tree: "6.1".into(),
            acquire: Some("net/a.c:1".into()),
            fault: "net/b.c:2".into(),
            function: "take / drop".into(),
            class: "leak".into(),
        };
        assert!(bug.fits(&finding("net/b.c", "drop", None)));
        assert!(bug.fits(&finding("net/c.c", "other", Some(("net/a.c", "take")))));
        assert!(!bug.fits(&finding("net/c.c", "drop", None)), "the same name in another file");
        assert!(!bug.fits(&finding("net/b.c", "other", None)));
    }

    #[test]
    fn noise_is_what_lies_in_the_same_body() {
        let finding = finding("a.c", "f", None);
        assert!(within(&finding, "a.c", 5, 9) && !within(&finding, "a.c", 6, 9) && !within(&finding, "b.c", 1, 9));
    }
}

//! `cargo xtask bench`: what an audit costs on this machine, in a form that anyone can repeat.

mod lsp;
mod process_tree;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use gup_report::report::{Report, Site};

use crate::audit::Ready;
use crate::reports::Reports;
use crate::run::{Failure, Outcome, output_of};
use crate::workspace;
use process_tree::{Usage, measure};

#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// Version of Debian's linux-source package.
    #[arg(long, default_value = "6.12", value_parser = crate::kernel_version)]
    kernel: String,
    /// How often the quick measurements are repeated; the median counts.
    #[arg(long, default_value_t = 5)]
    repeat: usize,
    /// How long an editor waits, instead: edits of files of this kernel through the language server.
    #[arg(long)]
    lsp: bool,
    /// With --lsp: edits of each file.
    #[arg(long, default_value_t = 100)]
    edits: usize,
    /// With --lsp: edits over which memory is looked at.
    #[arg(long, default_value_t = 1000)]
    endurance: usize,
}

/// One line of the table.
struct Row {
    what: String,
    wall_seconds: f64,
    cpu_seconds: f64,
    peak_mib: u64,
}

/// `cargo xtask bench`
pub(crate) fn run(arguments: &Arguments) -> Outcome<ExitCode> {
    let ready = Ready::ensure(&arguments.kernel)?;
    let scratch = Scratch::new()?;
    if arguments.lsp {
        println!("{}; {}\n", ready.kernel.package, machine());
        lsp::run(&ready, &scratch.path, arguments.edits, arguments.endurance)?;
        return Ok(ExitCode::SUCCESS);
    }
    let repeat = arguments.repeat.max(1);
    let reports = Reports::at(&scratch.path);
    let audit = |cache: &str| {
        let mut command = ready.gupcheck("audit");
        command.arg("--cache-dir").arg(scratch.path.join(cache)).args(["--fail-on", "never", "-o"]);
        command.arg(format!("json={}", reports.json().display()));
        command
    };
    let mut rows = vec![row("audit, cold: nothing cached", &[once(&mut audit("cache"))?])];
    rows.push(row(&format!("audit, warm (median of {repeat})"), &times(repeat, || once(&mut audit("cache")))?));
    let report = reports.report()?;
    let patches = patches(&scratch.path, &ready.kernel.source, &report, repeat)?;
    let mut diffs = Vec::new();
    for patch in &patches {
        let mut command = ready.gupcheck("diff");
        command.arg("--cache-dir").arg(scratch.path.join("cache")).arg("--patch").arg(patch).args(["--format", "json"]);
        diffs.push(once(&mut command)?);
    }
    rows.push(row(&format!("diff --patch, warm (median of {} files)", patches.len()), &diffs));
    let mut plain = audit("cache-without-pch");
    plain.arg("--no-pch");
    let without = once(&mut plain)?;
    rows.push(row("audit, cold, without precompiled headers", &[without]));
    let units = report.coverage.units.extracted.max(1) as f64;
    println!(
        "{}, {} units, {} sites; {}\n",
        ready.kernel.package,
        report.coverage.units.extracted,
        report.ledger.sites.len(),
        machine()
    );
    print!("{}", table(&rows));
    let each = |row: &Row| row.cpu_seconds / units;
    println!(
        "\nProcessor time for each unit of a cold audit, everything included: {:.2} s with precompiled headers, {:.2} s without.",
        each(&rows[0]),
        each(&rows[3]),
    );
    Ok(ExitCode::SUCCESS)
}

/// A folder for caches and reports of this run alone.
struct Scratch {
    path: PathBuf,
}

impl Scratch {
    fn new() -> Outcome<Scratch> {
        let path = workspace::root().join(format!("out/bench-{}", std::process::id()));
        fs::create_dir_all(&path).map_err(|e| Failure::io("create", &path, &e))?;
        Ok(Scratch { path })
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        fs::remove_dir_all(&self.path).ok();
    }
}

/// Runs a command that must work; findings (1) are no failure.
fn once(command: &mut Command) -> Outcome<Usage> {
    let usage = measure(command)?;
    match usage.status.code() {
        Some(0 | 1) => Ok(usage),
        _ => Err(Failure::new(format!("{command:?} ended with {}; run it by hand to see why", usage.status))),
    }
}

fn times(count: usize, mut run: impl FnMut() -> Outcome<Usage>) -> Outcome<Vec<Usage>> {
    (0..count).map(|_| run()).collect()
}

/// Times are medians; memory is the largest seen.
fn row(what: &str, usages: &[Usage]) -> Row {
    Row {
        what: what.to_owned(),
        wall_seconds: median(usages.iter().map(|usage| usage.wall.as_secs_f64())),
        cpu_seconds: median(usages.iter().map(|usage| usage.cpu_seconds)),
        peak_mib: usages.iter().map(|usage| usage.peak_kib.div_ceil(1024)).max().unwrap_or(0),
    }
}

fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut sorted: Vec<f64> = values.collect();
    sorted.sort_by(f64::total_cmp);
    sorted.get(sorted.len() / 2).copied().unwrap_or(0.0)
}

fn table(rows: &[Row]) -> String {
    let mut text = String::from("| what | wall s | CPU s | peak MiB, all processes |\n| --- | ---: | ---: | ---: |\n");
    for Row { what, wall_seconds, cpu_seconds, peak_mib } in rows {
        text += &format!("| {what} | {wall_seconds:.1} | {cpu_seconds:.1} | {peak_mib} |\n");
    }
    text
}

/// Patches that make gupcheck read a file anew: a comment after the line of an acquisition, in files spread over the ledger.
fn patches(folder: &Path, tree: &Path, report: &Report, count: usize) -> Outcome<Vec<PathBuf>> {
    let sites: Vec<&Site> = report.ledger.sites.iter().filter(|site| site.file.ends_with(".c")).collect();
    if sites.is_empty() {
        return Err(Failure::new("the ledger has no site in a .c file, so that there is nothing to patch"));
    }
    let step = sites.len().div_ceil(count);
    let mut paths = Vec::new();
    for (index, site) in sites.iter().step_by(step).enumerate() {
        let source = tree.join(&site.file);
        let bytes = fs::read(&source).map_err(|e| Failure::io("read", &source, &e))?;
        let path = folder.join(format!("{index}.patch"));
        fs::write(&path, insertion(&site.file, &bytes, site.line as usize)).map_err(|e| Failure::io("write", &path, &e))?;
        paths.push(path);
    }
    Ok(paths)
}

/// A unified diff that puts a comment before line `line` (from 1).
fn insertion(file: &str, text: &[u8], line: usize) -> Vec<u8> {
    let after = text.split_inclusive(|byte| *byte == b'\n').nth(line.saturating_sub(1)).unwrap_or_default();
    let mut patch = format!("--- a/{file}\n+++ b/{file}\n@@ -{line},1 +{line},2 @@\n+/* measured */\n ").into_bytes();
    patch.extend_from_slice(after);
    patch
}

/// Processor and cores, so that figures of two machines are not taken for one.
fn machine() -> String {
    let info = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = info
        .lines()
        .find_map(|line| line.strip_prefix("model name")?.split_once(": "))
        .map_or("unknown processor", |(_, name)| name);
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let commit = output_of(workspace::git().args(["rev-parse", "--short", "HEAD"])).unwrap_or_default();
    format!("{model}, {cores} cores; gupcheck at {}", commit.trim())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_comment_goes_before_the_line() {
        let patch = insertion("mm/a.c", b"one\ntwo\nthree\n", 2);
        assert_eq!(String::from_utf8(patch).unwrap(), "--- a/mm/a.c\n+++ b/mm/a.c\n@@ -2,1 +2,2 @@\n+/* measured */\n two\n");
    }

    #[test]
    fn the_median_is_no_mean() {
        assert_eq!(median([9.0, 1.0, 2.0].into_iter()), 2.0);
        assert_eq!(median(std::iter::empty()), 0.0);
    }

    #[test]
    fn the_table_is_markdown() {
        let rows = [Row { what: "audit".into(), wall_seconds: 1.25, cpu_seconds: 2.0, peak_mib: 7 }];
        assert!(table(&rows).ends_with("| audit | 1.2 | 2.0 | 7 |\n"), "{}", table(&rows));
    }
}

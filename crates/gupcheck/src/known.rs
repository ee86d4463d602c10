//! Baseline and suppression files on disk: read before an analysis begins, applied to its report after.

use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use clap::Args;
use gup_report::known::{Baseline, Circumstances, Day, Given, Suppressions, mark};
use gup_report::{Report, json};

use crate::output::{Failure, say};

/// Which findings are known already.
#[derive(Args)]
pub(crate) struct KnownOptions {
    /// Tell only what this file has not (baseline create)
    #[arg(long, value_name = "FILE")]
    pub(crate) baseline: Option<PathBuf>,
    /// Leave out what this file has reasons for (suppress add)
    #[arg(long, value_name = "FILE")]
    pub(crate) suppressions: Option<PathBuf>,
}

impl KnownOptions {
    /// A wrong file stops a run before it begins.
    pub(crate) fn read(&self) -> Result<Given, Failure> {
        Ok(Given {
            baseline: self.baseline.as_deref().map(baseline).transpose()?,
            suppressions: self.suppressions.as_deref().map(suppressions).transpose()?.map(|(_, entries)| entries),
        })
    }
}

impl KnownOptions {
    /// For who adds the first suppression to a file that is named already.
    pub(crate) fn read_if_there(&self) -> Result<Given, Failure> {
        let suppressions = self.suppressions.clone().filter(|path| path.exists());
        KnownOptions { baseline: self.baseline.clone(), suppressions }.read()
    }
}

/// Marks what is known in a report with findings of every confidence. `root`: of the tree; `is_whole`: all of it was audited.
pub(crate) fn apply(report: &mut Report, given: &Given, root: &Path, is_whole: bool) {
    let exists = |file: &str| root.join(file).exists();
    mark(report, given, &Circumstances { today: today(), exists: &exists, is_whole });
}

/// Tells what of the files is of no use any more.
pub(crate) fn remark(report: &Report) {
    let Some(known) = &report.known else { return };
    known.expired.iter().chain(&known.unused).for_each(|line| say(&format!("gupcheck: {line}\n")));
    if !known.unused.is_empty() {
        say("gupcheck: `gupcheck suppress prune` removes what fits nothing\n");
    }
    if !known.gone.is_empty() {
        let count = known.gone.len();
        say(&format!("gupcheck: {count} findings of the baseline are gone: `gupcheck baseline update` drops them\n"));
    }
    if known.in_baseline + known.suppressed > 0 {
        say(&format!("gupcheck: not told: {} in the baseline, {} suppressed\n", known.in_baseline, known.suppressed));
    }
}

pub(crate) fn baseline(path: &Path) -> Result<Baseline, Failure> {
    Baseline::parse(&text(path)?).map_err(|error| Failure::new(format!("{}: {error}", path.display())))
}

/// The text of the file, and what it says.
pub(crate) fn suppressions(path: &Path) -> Result<(String, Suppressions), Failure> {
    let text = text(path)?;
    let parsed = parse(path, &text)?;
    Ok((text, parsed))
}

pub(crate) fn parse(path: &Path, text: &str) -> Result<Suppressions, Failure> {
    let rules: Vec<String> = gup_driver::rules().into_iter().map(|rule| rule.name).collect();
    let names: Vec<&str> = rules.iter().map(String::as_str).collect();
    let name = path.display().to_string();
    Suppressions::parse(&name, text, &names).map_err(|errors| Failure::in_file(&errors, &name, text))
}

/// A stored JSON report.
pub(crate) fn stored(path: &Path) -> Result<Report, Failure> {
    json::read_report(&text(path)?).map_err(|error| Failure::new(format!("{}: {error}", path.display())))
}

pub(crate) fn text(path: &Path) -> Result<String, Failure> {
    std::fs::read_to_string(path).map_err(|error| Failure::new(format!("{}: {error}", path.display())))
}

/// In UTC, so that a report does not depend on where it is made.
pub(crate) fn today() -> Day {
    Day::of_seconds(SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs()))
}

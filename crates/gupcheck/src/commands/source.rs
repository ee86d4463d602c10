//! Where commands that keep books of findings get them from: a stored report, or an audit.

use std::path::PathBuf;

use clap::Args;
use gup_report::Report;
use gup_report::report::Finding;

use crate::cli::TreeOptions;
use crate::commands::audit;
use crate::known;
use crate::output::Failure;
use crate::progress;

/// A report, or what an audit of the tree says.
#[derive(Args)]
pub(crate) struct Source {
    /// Take the findings of this JSON report, made with --confidence low, instead of auditing
    #[arg(long, value_name = "FILE")]
    report: Option<PathBuf>,
    #[command(flatten)]
    tree: TreeOptions,
}

/// A report with findings of every confidence.
pub(crate) struct Found {
    pub(crate) report: Report,
    /// The tree; of a stored report the one that is named, or where we are.
    pub(crate) root: PathBuf,
}

impl Source {
    pub(crate) fn findings(&self) -> Result<Found, Failure> {
        let (report, root) = match &self.report {
            Some(path) => (known::stored(path)?, self.tree.tree.clone().unwrap_or_default()),
            None => {
                let outcome = gup_driver::audit(&self.tree.options(&[])?)?;
                progress::clear();
                audit::warn(&outcome);
                (outcome.report(), outcome.root)
            }
        };
        Ok(Found { report, root })
    }
}

impl Found {
    pub(crate) fn finding(&self, fingerprint: &str) -> Result<&Finding, Failure> {
        let found = self.report.findings.iter().find(|finding| finding.fingerprint == fingerprint);
        found.ok_or_else(|| {
            let remedy = "the JSON report of `gupcheck audit --confidence low` has them all";
            Failure::new(format!("no finding has the fingerprint {fingerprint}: {remedy}"))
        })
    }
}

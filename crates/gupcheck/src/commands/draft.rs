//! `gupcheck draft`: the commit log for the fix of a finding, for a person to finish.

use std::process::ExitCode;

use clap::Args;
use gup_driver::Analyses;

use crate::commands::source::Source;
use crate::output::{Failure, print};

#[derive(Args)]
pub(crate) struct Draft {
    /// Of the finding, as the JSON report has it: gf1:0123456789abcdef
    fingerprint: String,
    #[command(flatten)]
    source: Source,
}

pub(crate) fn run(args: &Draft) -> Result<ExitCode, Failure> {
    let found = args.source.findings()?;
    let finding = found.finding(&args.fingerprint)?;
    let pages = Analyses::load(None)?.pages();
    let why = pages.iter().find(|page| page.rule == finding.rule).and_then(|page| why(&page.text)).unwrap_or_default();
    print(&gup_report::draft::render(&found.report, finding, why))?;
    Ok(ExitCode::SUCCESS)
}

/// The first paragraph of that section of a rule's page.
fn why(page: &str) -> Option<&str> {
    page.split_once("## Why it is bad")?.1.trim_start().split("\n\n").next()
}

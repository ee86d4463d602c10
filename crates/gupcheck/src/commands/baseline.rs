//! `gupcheck baseline`: the findings of today in a file, so that later runs tell only new ones.

use std::path::Path;
use std::process::ExitCode;

use clap::{Args, Subcommand};
use gup_report::known::Baseline;
use gup_report::known::baseline::Changes;

use crate::commands::source::Source;
use crate::known;
use crate::output::{Failure, print, say, write_file};

#[derive(Subcommand)]
pub(crate) enum Action {
    /// Write the findings of today into a new FILE
    Create(Write),
    /// Add what is new to FILE and drop what is gone
    Update(Write),
    /// Print what FILE has
    Show {
        /// A baseline
        file: std::path::PathBuf,
    },
}

#[derive(Args)]
pub(crate) struct Write {
    /// The baseline
    file: std::path::PathBuf,
    #[command(flatten)]
    source: Source,
}

pub(crate) fn run(action: &Action) -> Result<ExitCode, Failure> {
    match action {
        Action::Create(args) => create(args)?,
        Action::Update(args) => update(args)?,
        Action::Show { file } => show(file)?,
    }
    Ok(ExitCode::SUCCESS)
}

fn create(args: &Write) -> Result<(), Failure> {
    if args.file.exists() {
        return Err(Failure::new(format!("{} is there already: `gupcheck baseline update` changes it", args.file.display())));
    }
    let baseline = Baseline::of(&args.source.findings()?.report.findings);
    write_file(&args.file, &baseline.text())?;
    say(&format!("gupcheck: {} findings in {}\n", baseline.findings.len(), args.file.display()));
    Ok(())
}

fn update(args: &Write) -> Result<(), Failure> {
    let old = known::baseline(&args.file)?;
    let today = args.source.findings()?;
    let (new, Changes { added, gone, moved }) = old.updated(&today.report.findings, &|file| today.root.join(file).exists());
    write_file(&args.file, &new.text())?;
    say(&format!(
        "gupcheck: {}: {added} added, {gone} gone, {moved} moved, {} in all\n",
        args.file.display(),
        new.findings.len()
    ));
    Ok(())
}

fn show(file: &Path) -> Result<(), Failure> {
    let baseline = known::baseline(file)?;
    let line = |entry: &gup_report::known::baseline::Entry| {
        let gup_report::known::baseline::Entry { file, function, rule, message, fingerprint } = entry;
        format!("{file}: {function}: {message} [{rule}] {fingerprint}\n")
    };
    print(&baseline.findings.iter().map(line).collect::<String>())
}

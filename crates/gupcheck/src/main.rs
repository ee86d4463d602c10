//! The command line: options in, reports out. The only crate that prints.
//!
//! Findings and machine formats go to stdout; progress, the summary and complaints go to stderr. Exit status: 0 clean,
//! 1 findings, 2 usage or environment error, 3 nothing could be extracted or coverage is below `--min-coverage`.
//! Start with [`cli`], then `commands`.

mod cli;
mod config;
mod commands;
mod scope;
mod known;
mod formats;
mod exit;
mod output;
mod pager;
mod progress;

use std::process::ExitCode;

use clap::Parser;

use crate::output::Failure;

/// The analysis makes many small short-lived values.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let typed: Vec<std::ffi::OsString> = std::env::args_os().collect();
    // A server reads the settings of a tree when it is told which one, and again when they change.
    let is_server = typed.get(1).is_some_and(|word| word == "lsp");
    let words = match if is_server { Ok(typed) } else { config::argv(typed) } {
        Ok(words) => words,
        Err(failure) => return failure.report(),
    };
    run(cli::Cli::parse_from(words).command).unwrap_or_else(|failure| failure.report())
}

fn run(command: cli::Command) -> Result<ExitCode, Failure> {
    match command {
        cli::Command::Audit(args) => commands::audit::run(&args),
        cli::Command::Diff(args) => commands::diff::run(&args),
        cli::Command::Report(args) => commands::report::run(&args),
        cli::Command::CcCheck(args) => commands::cc_check::run(args),
        cli::Command::Lsp(_) => Ok(commands::lsp::run()),
        cli::Command::Baseline { action } => commands::baseline::run(&action),
        cli::Command::Suppress { action } => commands::suppress::run(&action),
        cli::Command::Trace(args) => commands::trace::run(&args),
        cli::Command::Ir(args) => commands::view::ir(&args),
        cli::Command::Summary(args) => commands::view::summary(&args),
        cli::Command::Draft(args) => commands::draft::run(&args),
        cli::Command::Doctor(args) => commands::doctor::run(&args),
        cli::Command::Config { action } => commands::config::run(&action),
        cli::Command::Completions(args) => commands::install::completions(&args),
        cli::Command::Man(args) => commands::install::man(&args),
        cli::Command::Rules(args) => commands::rules::list(&args),
        cli::Command::Explain(args) => commands::rules::explain(&args),
        cli::Command::Worker => {
            gup_driver::serve(std::io::stdin().lock(), std::io::stdout().lock());
            Ok(ExitCode::SUCCESS)
        }
    }
}

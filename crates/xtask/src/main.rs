//! Developer commands: `cargo xtask audit` sets a bare machine up and audits Linux, `cargo xtask test` runs all tests;
//! the others measure.
//!
//! Knows the machine (packages, compilers, the cache) and the report format; nothing of the analysis. Start with
//! `audit` (the main job), then `kernel`, `toolchain` and `libclang` (what it needs), `apt` and `cache` (how that is kept).
//! `measure` holds the project's own yardsticks, `bench` time and memory.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a developer's tool: its output is its purpose")]

mod audit;
mod test;
mod kernel;
mod mini;
mod toolchain;
mod libclang;
mod consumers;
mod apt;
mod cache;
mod run;
mod workspace;
mod reports;
mod compare;
mod triage;
mod measure;
mod bench;
mod source;

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::run::Outcome;

/// Set-up and developer commands of gupcheck.
#[derive(Parser)]
#[command(name = "cargo xtask")]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Audit a Debian kernel from nothing: install what is missing, prepare the tree, build gupcheck, run it.
    Audit {
        /// Version of Debian's linux-source package.
        #[arg(long, default_value = "6.12", value_parser = kernel_version)]
        kernel: String,
        /// Where the reports go; reports/linux-<version> by default, out/linux-<version> with arguments of your own.
        #[arg(long)]
        out: Option<PathBuf>,
        /// More arguments for `gupcheck audit`.
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        extra: Vec<OsString>,
    },
    /// Run every check and test of the project.
    Test,
    /// Say where two audits of the same tree differ; a difference is a failure.
    Compare {
        /// Folder of the older reports, as reports/linux-6.12.
        old: PathBuf,
        /// Folder of the newer ones.
        new: PathBuf,
    },
    /// Hold the judgements in testdata/triage against the findings of a report.
    Triage {
        #[arg(long, default_value = "6.12", value_parser = kernel_version)]
        kernel: String,
        /// Folder of the reports; reports/linux-<version> by default.
        #[arg(long)]
        reports: Option<PathBuf>,
    },
    /// Measure the ledger and the findings against what people know about this kernel.
    Measure(measure::Arguments),
    /// Measure time and memory of audits on this machine, as a Markdown table.
    Bench(bench::Arguments),
}

fn kernel_version(text: &str) -> Result<String, String> {
    let number = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    match text.split_once('.') {
        Some((major, minor)) if number(major) && number(minor) => Ok(text.to_owned()),
        _ => Err("a version as Debian names its source packages: 6.12 or 6.1".to_owned()),
    }
}

fn main() -> ExitCode {
    match run(Arguments::parse().command) {
        Ok(code) => code,
        Err(failure) => {
            eprintln!("xtask: {failure}");
            ExitCode::from(2)
        }
    }
}

fn run(command: Command) -> Outcome<ExitCode> {
    match command {
        Command::Audit { kernel, out, extra } => audit::run(&kernel, out, &extra),
        Command::Test => test::run(),
        Command::Compare { old, new } => compare::run(&old, &new),
        Command::Triage { kernel, reports } => triage::run(&kernel, reports.as_ref()),
        Command::Measure(arguments) => measure::run(&arguments),
        Command::Bench(arguments) => bench::run(&arguments),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_sound() {
        use clap::CommandFactory;
        Arguments::command().debug_assert();
    }

    #[test]
    fn options_after_ours_go_to_gupcheck() {
        let arguments = Arguments::parse_from(["xtask", "audit", "--kernel", "6.1", "--", "--confidence", "low", "mm"]);
        let Command::Audit { kernel, extra, .. } = arguments.command else { panic!("another command") };
        assert_eq!((kernel.as_str(), extra.len()), ("6.1", 3));
        let arguments = Arguments::parse_from(["xtask", "audit", "mm", "--confidence", "low"]);
        assert!(matches!(arguments.command, Command::Audit { extra, .. } if extra.len() == 3));
    }

    #[test]
    fn versions_are_two_numbers() {
        assert!(kernel_version("6.12").is_ok());
        for wrong in ["6", "6.12.117", "v6.1", "6.", "../x"] {
            assert!(kernel_version(wrong).is_err(), "{wrong}");
        }
    }
}

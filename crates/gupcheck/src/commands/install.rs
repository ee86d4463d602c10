//! `gupcheck completions` and `gupcheck man`: what a package installs beside the program.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, CommandFactory};
use clap_complete::Shell;

use crate::cli::Cli;
use crate::output::{Failure, print, write_file};

#[derive(Args)]
pub(crate) struct Completions {
    /// To be read by that shell: gupcheck completions bash > /etc/bash_completion.d/gupcheck
    shell: Shell,
}

#[derive(Args)]
pub(crate) struct Man {
    /// Write gupcheck.1 and a page for each command into this directory [default: gupcheck.1 on stdout]
    directory: Option<PathBuf>,
}

pub(crate) fn completions(args: &Completions) -> Result<ExitCode, Failure> {
    let mut out = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "gupcheck", &mut out);
    print(&String::from_utf8_lossy(&out))?;
    Ok(ExitCode::SUCCESS)
}

pub(crate) fn man(args: &Man) -> Result<ExitCode, Failure> {
    let command = Cli::command().disable_help_subcommand(true);
    let Some(directory) = &args.directory else {
        print(&page(command)?)?;
        return Ok(ExitCode::SUCCESS);
    };
    for sub in command.get_subcommands().filter(|sub| !sub.is_hide_set()) {
        let name = format!("gupcheck-{}", sub.get_name());
        let file = directory.join(format!("{name}.1"));
        write_file(&file, &page(sub.clone().name(name.clone()).bin_name(name))?)?;
    }
    write_file(&directory.join("gupcheck.1"), &page(command)?)?;
    Ok(ExitCode::SUCCESS)
}

fn page(command: clap::Command) -> Result<String, Failure> {
    let mut out = Vec::new();
    clap_mangen::Man::new(command).render(&mut out).map_err(|error| Failure::new(format!("the man page: {error}")))?;
    Ok(String::from_utf8_lossy(&out).into_owned())
}

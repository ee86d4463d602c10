//! `gupcheck config show`: every setting with where it comes from.

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Subcommand};

use crate::config::{SETTINGS, values};
use crate::output::{Failure, print};

#[derive(Subcommand)]
pub(crate) enum Action {
    /// Print what is set, and where: environment, tree or user
    Show(Show),
}

#[derive(Args)]
pub(crate) struct Show {
    /// Kernel source tree [default: the one around the working directory]
    #[arg(long, value_name = "DIR")]
    tree: Option<PathBuf>,
}

pub(crate) fn run(action: &Action) -> Result<ExitCode, Failure> {
    let Action::Show(Show { tree }) = action;
    let words: Vec<OsString> = tree.iter().flat_map(|tree| ["--tree".into(), tree.clone().into_os_string()]).collect();
    let values = values(&words)?;
    let line = |setting: &crate::config::Setting| match values.iter().find(|value| value.name == setting.name) {
        Some(value) => format!("{:<14}{}  ({})\n", value.name, value.text, value.origin),
        None => format!("{:<14}(not set)\n", setting.name),
    };
    print(&SETTINGS.iter().map(line).collect::<String>())?;
    Ok(ExitCode::SUCCESS)
}

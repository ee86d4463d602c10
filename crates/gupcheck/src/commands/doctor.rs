//! `gupcheck doctor`: one line for each thing that a run needs, with the remedy where it is missing.

use std::process::ExitCode;

use gup_driver::State;

use crate::cli::TreeOptions;
use crate::output::{Failure, print};

pub(crate) fn run(args: &TreeOptions) -> Result<ExitCode, Failure> {
    let all = gup_driver::doctor(&args.options(&[])?);
    let word = |state| match state {
        State::Good => "ok",
        State::Note => "note",
        State::Bad => "BAD",
    };
    let line = |examined: &gup_driver::Examined| format!("{:<5}{:<11}{}\n", word(examined.state), examined.what, examined.found);
    print(&all.iter().map(line).collect::<String>())?;
    let is_bad = all.iter().any(|examined| examined.state == State::Bad);
    Ok(if is_bad { ExitCode::from(2) } else { ExitCode::SUCCESS })
}

//! `gupcheck ir` and `gupcheck summary`: what was understood of a file, and of a function.

use std::process::ExitCode;

use crate::cli::{Ir, Summary};
use crate::output::{Failure, print};
use crate::progress;

pub(crate) fn ir(args: &Ir) -> Result<ExitCode, Failure> {
    let text = gup_driver::ir(&args.tree.options(&[])?, &args.file)?;
    progress::clear();
    print(&text)?;
    Ok(ExitCode::SUCCESS)
}

pub(crate) fn summary(args: &Summary) -> Result<ExitCode, Failure> {
    let text = gup_driver::summary(&args.tree.options(&args.paths)?, &args.function, args.explain)?;
    progress::clear();
    match text {
        Some(text) => print(&text)?,
        None => return Err(Failure::new(format!("no function {} in the units that were read", args.function))),
    }
    Ok(ExitCode::SUCCESS)
}

//! `gupcheck trace`: where references go, by the ledger; what a completion is given; and how one function comes to call another.

use std::process::ExitCode;

use gup_report::trace;

use crate::cli::Trace;
use crate::output::{Failure, print};
use crate::progress;

pub(crate) fn run(args: &Trace) -> Result<ExitCode, Failure> {
    let options = args.tree.options(&[])?;
    if let Some(to) = &args.to {
        let path = gup_driver::call_path(&options, &args.what, to)?;
        progress::clear();
        let Some(path) = path else {
            print(&format!("no call path from {} to {to} in the units that were read\n", args.what))?;
            return Ok(ExitCode::from(1));
        };
        let line = |(depth, step): (usize, &gup_driver::CallStep)| {
            format!("{}{} ({}:{})\n", "  ".repeat(depth), step.function, step.at.file, step.at.line)
        };
        print(&path.iter().enumerate().map(line).collect::<String>())?;
        return Ok(ExitCode::SUCCESS);
    }
    let outcome = gup_driver::audit(&options)?;
    progress::clear();
    let report = outcome.report();
    let mut text = trace::handlers(&outcome.analysis, &report, &args.what);
    text.push_str(&trace::render(&report, &args.what));
    if text.is_empty() {
        let message =
            format!("no acquisition or release at {0} in the ledger, and no completion {0} or function {0} in it", args.what);
        return Err(Failure::new(message));
    }
    print(&text)?;
    Ok(ExitCode::SUCCESS)
}

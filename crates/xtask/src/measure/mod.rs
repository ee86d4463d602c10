//! How good is the ledger? Against what people know of this kernel: hand-read sites, historical bugs put back, mutants, open bugs,
//! places where a naive tool would cry wolf; and against a count of the calls that uses no compiler.

mod count;
mod known;
mod tools;

use std::path::PathBuf;
use std::process::ExitCode;

use crate::audit::Ready;
use crate::reports::Reports;
use crate::run::Outcome;
use crate::workspace;

#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// Version of Debian's linux-source package.
    #[arg(long, default_value = "6.12", value_parser = crate::kernel_version)]
    kernel: String,
    /// Folder of the reports; reports/linux-<version> by default.
    #[arg(long)]
    reports: Option<PathBuf>,
    /// Folder with ledger_score.py, seeded.py, mutate.py and data/.
    #[arg(long)]
    tools: Option<PathBuf>,
    /// Only these measurements.
    #[arg(long, value_enum, value_delimiter = ',')]
    only: Vec<What>,
    /// Mutants per operator.
    #[arg(long, default_value_t = 20)]
    per_op: u32,
    /// At most so many bugs of each set.
    #[arg(long)]
    limit: Option<u32>,
}

#[derive(Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum What {
    /// Acquisition calls counted from the text.
    Count,
    /// Sites read by hand.
    Golden,
    /// Bugs of this kernel that nobody has fixed yet.
    Open,
    /// Right code that looks wrong.
    Silent,
    /// Historical bugs, put back.
    Reintroduced,
    /// Bugs made by mutation.
    Mutants,
}

/// `cargo xtask measure`
pub(crate) fn run(arguments: &Arguments) -> Outcome<ExitCode> {
    let ready = Ready::ensure(&arguments.kernel)?;
    let root = workspace::root();
    let reports = Reports::of(&arguments.kernel, arguments.reports.as_ref());
    let tools = arguments.tools.clone().unwrap_or_else(|| root.join("../shared/tools"));
    let wanted = |what| arguments.only.is_empty() || arguments.only.contains(&what);
    let report = reports.report()?;
    println!("# {} ({})\n", ready.kernel.package, report.tree.version);
    if wanted(What::Count) {
        let explained = root.join(format!("testdata/triage/linux-{}-count.toml", arguments.kernel));
        count::run(&ready.kernel.source, &root.join("analyses/contracts"), &explained, &report)?;
    }
    let tools = tools::Tools::find(&tools, &arguments.kernel)?;
    if wanted(What::Golden) && arguments.kernel == "6.12" {
        tools.golden(&reports.json())?;
    }
    if wanted(What::Open) {
        known::open_bugs(&tools.data("open-bugs-dev.json"), &arguments.kernel, &report)?;
    }
    if wanted(What::Silent) {
        known::silent(&tools.data("silent-dev.json"), &arguments.kernel, &ready.kernel.source, &report)?;
    }
    if wanted(What::Reintroduced) {
        tools.reintroduced(&ready, arguments.limit)?;
    }
    if wanted(What::Mutants) {
        tools.mutants(&ready, arguments.per_op, arguments.limit)?;
    }
    Ok(ExitCode::SUCCESS)
}

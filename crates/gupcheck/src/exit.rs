//! What the exit status says.

use std::process::ExitCode;

use gup_report::report::{Finding, Severity};

use crate::cli::{ExitMap, FailOn, ReportOptions};

/// How a run ended, apart from failures of its environment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    Clean,
    /// Findings of at least `--fail-on`; `errors`: one of them is an error.
    Findings {
        errors: bool,
    },
    /// Nothing could be read, or less than `--min-coverage`.
    Incomplete,
}

/// By the findings that are open; `is_enough`: whether as much was read as was asked for.
pub(crate) fn end(findings: &[Finding], is_enough: bool, options: &ReportOptions) -> End {
    let least = match options.fail_on {
        FailOn::Info => Some(Severity::Info),
        FailOn::Warning => Some(Severity::Warning),
        FailOn::Error => Some(Severity::Error),
        FailOn::Never => None,
    };
    let counts = |finding: &&Finding| finding.is_open() && least.is_some_and(|least| finding.severity >= least);
    let worst = findings.iter().filter(counts).map(|finding| finding.severity).max();
    match worst {
        _ if !is_enough => End::Incomplete,
        Some(severity) => End::Findings { errors: severity == Severity::Error },
        None => End::Clean,
    }
}

impl End {
    /// NIPA (github.com/linux-netdev/nipa, README.rst): 0 is success, 250 a warning, anything else a failure of the patch. What could
    /// not be read is not the patch's fault.
    pub(crate) fn code(self, map: Option<ExitMap>) -> ExitCode {
        ExitCode::from(match (map, self) {
            (_, End::Clean) => 0,
            (None, End::Findings { .. }) | (Some(ExitMap::Nipa), End::Findings { errors: true }) => 1,
            (None, End::Incomplete) => 3,
            (Some(ExitMap::Nipa), _) => 250,
        })
    }
}

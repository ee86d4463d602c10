//! `gupcheck.report/1` and `gupcheck.diff/1`: the machine formats, described by the schemas in `reports/schema/`.

use serde::{Deserialize, Serialize};

use crate::report::SCHEMA;
use crate::{Diff, Report, diff};

/// The report as JSON, indented, ending with a line end. Same report, same bytes.
pub fn report(report: &Report) -> String {
    pretty(report)
}

/// The difference as JSON.
pub fn diff(diff: &Diff) -> String {
    pretty(diff)
}

/// A stored report or diff.
pub enum Stored {
    Report(Box<Report>),
    Diff(Box<Diff>),
}

/// Reads either back, told apart by their `schema`. The error says what is not as it should be, with line and column.
pub fn read(text: &str) -> Result<Stored, String> {
    #[derive(Deserialize)]
    struct Head {
        schema: String,
    }
    let head: Head = serde_json::from_str(text).map_err(|error| format!("not a gupcheck report: {error}"))?;
    if head.schema != diff::SCHEMA {
        return Ok(Stored::Report(Box::new(read_report(text)?)));
    }
    let diff = serde_json::from_str(text).map_err(|error| format!("not a gupcheck diff: {error}"))?;
    Ok(Stored::Diff(Box::new(diff)))
}

/// Reads a stored report back. The error says what is not as it should be, with line and column.
pub fn read_report(text: &str) -> Result<Report, String> {
    let report: Report = serde_json::from_str(text).map_err(|error| format!("not a gupcheck report: {error}"))?;
    if report.schema != SCHEMA {
        return Err(format!("the report has the schema {}, this version of gupcheck reads {SCHEMA}", report.schema));
    }
    Ok(report)
}

/// Indented, ending with a line end.
pub(crate) fn pretty(value: &impl Serialize) -> String {
    let mut text = serde_json::to_string_pretty(value).expect("strings, numbers and lists always serialise");
    text.push('\n');
    text
}

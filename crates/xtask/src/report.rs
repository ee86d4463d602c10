//! The published JSON report (`gupcheck.report/1`), read as any consumer outside the project would read it.
//!
//! Only what xtask needs; names and meaning as in `reports/schema/`. Deliberately no use of gup-report's own types: what
//! is compared and counted here is what others see.

use std::fs;
use std::path::Path;

use serde::Deserialize;

use crate::run::{Failure, Outcome};

#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Report {
    pub(crate) schema: String,
    #[serde(default)]
    pub(crate) tree: Tree,
    pub(crate) coverage: Coverage,
    pub(crate) findings: Vec<Finding>,
    pub(crate) ledger: Ledger,
}

#[derive(Debug, Clone, Default, Deserialize)]
pub(crate) struct Tree {
    #[serde(default)]
    pub(crate) version: String,
    #[serde(default)]
    pub(crate) arch: String,
    #[serde(default)]
    pub(crate) policy: String,
}

#[derive(Debug, Clone, Default, Deserialize)]
pub(crate) struct Coverage {
    pub(crate) units: Units,
    #[serde(default)]
    pub(crate) unresolved_reasons: Vec<ReasonCount>,
}

#[derive(Debug, Clone, Default, Deserialize)]
pub(crate) struct Units {
    pub(crate) selected: u64,
    pub(crate) extracted: u64,
    #[serde(default)]
    pub(crate) failed: Vec<FileReason>,
    #[serde(default)]
    pub(crate) not_in_configuration: Vec<FileReason>,
}

#[derive(Debug, Clone, Deserialize)]
pub(crate) struct FileReason {
    pub(crate) file: String,
    pub(crate) reason: String,
}

#[derive(Debug, Clone, Deserialize)]
pub(crate) struct ReasonCount {
    pub(crate) reason: String,
    pub(crate) count: u64,
}

#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Finding {
    pub(crate) rule: String,
    #[serde(default)]
    pub(crate) confidence: String,
    pub(crate) message: String,
    pub(crate) file: String,
    pub(crate) line: u64,
    pub(crate) function: String,
    pub(crate) fingerprint: String,
    pub(crate) origin: Option<Origin>,
    #[serde(default)]
    pub(crate) path: Vec<Step>,
}

#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Origin {
    pub(crate) file: String,
    pub(crate) function: String,
}

#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Step {
    pub(crate) file: String,
    pub(crate) function: String,
}

#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Ledger {
    pub(crate) sites: Vec<Site>,
}

#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Site {
    pub(crate) api: String,
    pub(crate) file: String,
    pub(crate) line: u64,
    pub(crate) function: String,
    pub(crate) verdict: String,
    #[serde(default)]
    pub(crate) reason: Option<String>,
}

impl Report {
    pub(crate) fn read(path: &Path) -> Outcome<Report> {
        let text = fs::read_to_string(path).map_err(|error| {
            Failure::new(format!("cannot read the report {}: {error}; make one with `cargo xtask audit`", path.display()))
        })?;
        let report: Report = serde_json::from_str(&text).map_err(|error| {
            Failure::new(format!("{} is no gupcheck report: {error}; make a new one with `cargo xtask audit`", path.display()))
        })?;
        if report.schema != "gupcheck.report/1" {
            let path = path.display();
            return Err(Failure::new(format!(
                "{path} has the schema `{}`, not gupcheck.report/1; make it with this version",
                report.schema
            )));
        }
        Ok(report)
    }
}

impl Finding {
    /// The files and functions that the finding speaks of: its own, its origin's, and those on its path.
    pub(crate) fn touches(&self, file: &str, function: &str) -> bool {
        let own = std::iter::once((&self.file, &self.function));
        let origin = self.origin.iter().map(|origin| (&origin.file, &origin.function));
        let path = self.path.iter().map(|step| (&step.file, &step.function));
        own.chain(origin).chain(path).any(|(f, g)| f == file && g == function)
    }
}

//! A folder with the reports of one audit: `reports/linux-6.12`.
//!
//! ```text
//! report.json   everything, in the published format
//! summary.txt   a page to read: the figures, then the findings with their paths
//! package.txt   the Debian package that was audited
//! ```

use std::fs;
use std::path::{Path, PathBuf};

use gup_report::{Report, gcc, json, summary};

use crate::cache::write_whole;
use crate::run::{Failure, Outcome};
use crate::workspace;

pub(crate) struct Reports {
    folder: PathBuf,
}

impl Reports {
    pub(crate) fn at(folder: &Path) -> Reports {
        Reports { folder: folder.to_path_buf() }
    }

    /// `folder`, or the committed reports of this version.
    pub(crate) fn of(version: &str, folder: Option<&PathBuf>) -> Reports {
        let committed = || workspace::root().join(format!("reports/linux-{version}"));
        Reports { folder: folder.cloned().unwrap_or_else(committed) }
    }

    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    /// Where gupcheck writes.
    pub(crate) fn json(&self) -> PathBuf {
        self.folder.join("report.json")
    }

    pub(crate) fn report(&self) -> Outcome<Report> {
        let path = self.json();
        let read = |error: &dyn std::fmt::Display| {
            Failure::new(format!("cannot read {}: {error}; make it with `cargo xtask audit`", path.display()))
        };
        let text = fs::read_to_string(&path).map_err(|error| read(&error))?;
        json::read_report(&text).map_err(|error| read(&error))
    }

    /// `linux-source-6.12 6.12.117-1~deb12u1`
    pub(crate) fn package(&self) -> Outcome<String> {
        let path = self.folder.join("package.txt");
        let text = fs::read_to_string(&path)
            .map_err(|error| Failure::new(format!("cannot read {}: {error}; `cargo xtask audit` makes it", path.display())))?;
        Ok(text.trim().to_owned())
    }

    /// Completes the folder, once gupcheck has written the report. Holds nothing of the kernel's text.
    pub(crate) fn finish(&self, package: &str) -> Outcome<()> {
        let report = self.report()?;
        let page = format!("{package}\n{}\n{}", summary::render(&report, &[]), gcc::render(&report));
        write_whole(&self.folder.join("summary.txt"), page.as_bytes())?;
        write_whole(&self.folder.join("package.txt"), format!("{package}\n").as_bytes())
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use gup_report::report::{Finding, Site, Verdict};

    pub(crate) fn a_report(findings: Vec<Finding>, sites: Vec<Site>) -> Report {
        let mut report: Report = serde_json::from_value(serde_json::json!({
            "schema": gup_report::report::SCHEMA,
            "tool": {"name": "gupcheck", "version": "0", "libclang": "19"},
            "tree": {"version": "6.12.117", "arch": "x86", "policy": "pin"},
            "coverage": {
                "units": {"selected": 1, "extracted": 1, "failed": [], "not_in_configuration": []},
                "sites": {"total": 0, "balanced": 0, "finding": 0, "unresolved": 0},
                "unresolved_reasons": [], "statements": 0, "opaque_statements": [],
            },
            "findings": [], "ledger": {"sites": [], "slots": [], "completions": []}, "conversion": [],
        }))
        .unwrap();
        report.findings = findings;
        report.ledger.sites = sites;
        report
    }

    /// At line 5 of the file.
    pub(crate) fn a_finding(fingerprint: &str, file: &str, function: &str) -> Finding {
        serde_json::from_value(serde_json::json!({
            "rule": "leak", "severity": "warning", "confidence": "high", "message": "lost", "file": file, "line": 5, "column": 1,
            "function": function, "fingerprint": fingerprint, "assumptions": [], "origin": null, "path": [], "maintainers": [],
            "lists": [], "fix": null,
        }))
        .unwrap()
    }

    pub(crate) fn a_site(api: &str, file: &str, line: u32, verdict: Verdict) -> Site {
        Site {
            api: api.into(),
            kinds: vec!["pin".into()],
            file: file.into(),
            line,
            column: 1,
            function: "f".into(),
            subsystems: Vec::new(),
            verdict,
            reason: String::new(),
            stopped_at: None,
            releases: Vec::new(),
        }
    }

    #[test]
    fn a_finished_folder_can_be_read_back() {
        let folder = std::env::temp_dir().join(format!("xtask-reports-{}", std::process::id()));
        let reports = Reports::at(&folder);
        assert!(reports.report().unwrap_err().text.contains("make it with `cargo xtask audit`"));
        fs::create_dir_all(&folder).unwrap();
        let report = a_report(vec![a_finding("gf1:1", "mm/a.c", "f")], vec![]);
        fs::write(reports.json(), json::report(&report)).unwrap();
        reports.finish("linux-source-6.12 6.12.117-1").unwrap();
        assert_eq!(reports.package().unwrap(), "linux-source-6.12 6.12.117-1");
        let page = fs::read_to_string(folder.join("summary.txt")).unwrap();
        assert!(
            page.starts_with("linux-source-6.12 6.12.117-1\n") && page.contains("mm/a.c:5:1: warning: lost [leak]"),
            "{page}"
        );
        fs::remove_dir_all(folder).unwrap();
    }
}

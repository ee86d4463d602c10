//! From findings to the protocol's types, by hand: the only place that knows both.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use gen_lsp_types::{
    Code, CodeDescription, Diagnostic, DiagnosticRelatedInformation, DiagnosticSeverity, Location, Message, Range, Uri,
};
use gup_report::report::{Confidence, Finding, Severity};
use serde_json::json;

use crate::documents::Documents;
use crate::position::{Encoding, Lines};
use crate::snapshot::{Snapshot, Worth};
use crate::uri;

/// As clients show it beside a message.
pub(crate) const SOURCE: &str = "gupcheck";
/// The code of what is no finding: a file that could not be read, so that its silence says nothing.
pub(crate) const NOT_READ: &str = "not-read";

/// What conversion needs beside a snapshot.
pub(crate) struct Converter<'a> {
    pub(crate) snapshot: &'a Snapshot,
    pub(crate) documents: &'a Documents,
    pub(crate) encoding: Encoding,
    /// Where the rules' pages lie, if anywhere.
    pub(crate) pages: Option<&'a Path>,
}

impl Converter<'_> {
    /// All diagnostics by URI: of every file with findings, and of open ones that could not be read.
    pub(crate) fn diagnostics(&self) -> BTreeMap<String, Vec<Diagnostic>> {
        let mut all: BTreeMap<String, Vec<Diagnostic>> = BTreeMap::new();
        for finding in &self.snapshot.report.findings {
            all.entry(self.uri(&finding.file).0).or_default().push(self.diagnostic(finding));
        }
        for (name, document) in self.documents.iter() {
            let reason = self.snapshot.name(&document.path).and_then(|file| self.snapshot.unread.get(&file));
            if let Some(reason) = reason.filter(|_| self.snapshot.worth != Worth::Preview) {
                all.entry(name.to_owned()).or_default().push(not_read(reason));
            }
        }
        all
    }

    pub(crate) fn diagnostic(&self, finding: &Finding) -> Diagnostic {
        let mut message = finding.message.clone();
        if !finding.assumptions.is_empty() {
            message.push_str(&format!(" (assumes {})", finding.assumptions.join("; ")));
        }
        if !finding.doubts.is_empty() {
            message.push_str(&format!(" (not certain: {})", finding.doubts.join("; ")));
        }
        let steps = finding.path.iter().filter(|step| !step.message.is_empty());
        let related = steps.map(|step| DiagnosticRelatedInformation {
            location: self.location(&step.file, step.line, step.column),
            message: step.message.clone(),
        });
        Diagnostic {
            range: self.location(&finding.file, finding.line, finding.column).range,
            severity: Some(severity(finding)),
            code: Some(Code::String(finding.rule.clone())),
            code_description: self.page(&finding.rule).map(|href| CodeDescription { href }),
            source: Some(SOURCE.to_owned()),
            message: Message::String(message),
            tags: None,
            related_information: Some(related.collect()),
            data: Some(json!({ "fingerprint": finding.fingerprint, "rule": finding.rule })),
        }
    }

    pub(crate) fn location(&self, file: &str, line: u32, column: u32) -> Location {
        let text = self.snapshot.text(file);
        Location { uri: self.uri(file), range: Lines::new(&text, self.encoding).range(line, column) }
    }

    /// Open documents have the name that the client gave them.
    pub(crate) fn uri(&self, file: &str) -> Uri {
        let path = match file.strip_prefix("build:") {
            // Generated files are shown beside the tree's; where the build is does not matter to who reads a path.
            Some(below) => PathBuf::from(below),
            None => self.snapshot.path(file),
        };
        self.documents.name_of(&path).map_or_else(|| uri::of(&path), |name| Uri(name.to_owned()))
    }

    /// The page of a rule.
    fn page(&self, rule: &str) -> Option<Uri> {
        Some(uri::of(&self.pages?.join(format!("{rule}.md"))))
    }
}

fn severity(finding: &Finding) -> DiagnosticSeverity {
    match (finding.confidence, finding.severity) {
        (Confidence::Low, _) => DiagnosticSeverity::Hint,
        (_, Severity::Error) => DiagnosticSeverity::Error,
        (_, Severity::Warning) => DiagnosticSeverity::Warning,
        (_, Severity::Info) => DiagnosticSeverity::Information,
    }
}

fn not_read(reason: &str) -> Diagnostic {
    Diagnostic {
        range: Range::default(),
        severity: Some(DiagnosticSeverity::Information),
        code: Some(Code::String(NOT_READ.to_owned())),
        source: Some(SOURCE.to_owned()),
        message: Message::String(format!("gupcheck does not see all of this file: {reason}")),
        ..Diagnostic::default()
    }
}

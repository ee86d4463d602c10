//! One result of the analysis, as the server's handlers look at it.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use gup_driver::Outcome;
use gup_report::Report;
use gup_report::known::{Circumstances, Day, mark};

use crate::analyst::Texts;
use crate::settings::Settings;

/// What a result is good for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Worth {
    /// Made before the audit, of the open files and a few others.
    Preview,
    /// Of texts with some headers as they were before: how they are now is being prepared.
    UntilHeaders,
    Final,
}

pub(crate) struct Snapshot {
    /// Of the texts that it is about.
    pub(crate) generation: u64,
    /// Of the documents, by URI.
    pub(crate) versions: BTreeMap<String, i32>,
    pub(crate) root: PathBuf,
    /// Only findings that are told.
    pub(crate) report: Report,
    pub(crate) worth: Worth,
    /// The units that could not be read, or with errors only, with the reason.
    pub(crate) unread: BTreeMap<String, String>,
    pub(crate) warnings: Vec<String>,
    /// The texts that were analysed where they are not those on disk, by name in the tree.
    files: BTreeMap<String, Option<Vec<u8>>>,
}

impl Snapshot {
    pub(crate) fn of(outcome: &Outcome, texts: &Texts, settings: &Settings, today: Day, worth: Worth) -> Snapshot {
        let mut report = outcome.report();
        let exists = |file: &str| outcome.root.join(file).exists();
        mark(&mut report, &settings.known, &Circumstances { today, exists: &exists, is_whole: worth != Worth::Preview });
        report.findings.retain(|finding| finding.confidence >= settings.confidence && finding.is_open());
        let coverage = &outcome.coverage;
        let unread = coverage.with_errors.iter().chain(&coverage.failed).chain(&coverage.not_in_configuration);
        Snapshot {
            generation: texts.generation,
            versions: texts.versions(),
            root: outcome.root.clone(),
            report,
            worth,
            unread: unread.cloned().collect(),
            warnings: outcome.warnings.clone(),
            files: outcome.files.clone(),
        }
    }

    /// The text that was analysed; empty where there is none.
    pub(crate) fn text(&self, file: &str) -> Cow<'_, [u8]> {
        match self.files.get(file) {
            Some(content) => Cow::Borrowed(content.as_deref().unwrap_or_default()),
            None => Cow::Owned(std::fs::read(self.path(file)).unwrap_or_default()),
        }
    }

    pub(crate) fn path(&self, file: &str) -> PathBuf {
        self.root.join(file)
    }

    /// The name of a file in the tree; `None` outside.
    pub(crate) fn name(&self, path: &Path) -> Option<String> {
        Some(path.strip_prefix(&self.root).ok()?.to_string_lossy().into_owned())
    }
}

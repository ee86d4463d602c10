//! Which findings a command reports, and to whom they go: what is known, confidence, `--maintainer`, `--subsystem`.

use gup_driver::{Entry, Maintainers, Outcome};
use gup_report::Report;
use gup_report::known::Given;
use gup_report::report::{Owners, Subsystem};
use regex::{Regex, RegexBuilder};

use crate::cli::{Confidence, ReportOptions};
use crate::commands::audit::narrow;
use crate::known;
use crate::output::{Failure, source};

/// What the options ask for, over the MAINTAINERS of the tree.
pub(crate) struct Scope {
    given: Given,
    /// All of the tree was audited.
    is_whole: bool,
    confidence: Confidence,
    maintainer: Option<Regex>,
    subsystem: Option<Regex>,
    maintainers: Maintainers,
}

impl Scope {
    /// Refuses a pattern that names nobody: an empty report would look clean.
    pub(crate) fn new(options: &ReportOptions, given: Given, is_whole: bool, outcome: &Outcome) -> Result<Scope, Failure> {
        let scope = Scope {
            given,
            is_whole,
            confidence: options.confidence,
            maintainer: options.maintainer.as_deref().map(|text| pattern("--maintainer", text)).transpose()?,
            subsystem: options.subsystem.as_deref().map(|text| pattern("--subsystem", text)).transpose()?,
            maintainers: Maintainers::read(&outcome.root),
        };
        let names_somebody = scope.maintainers.entries().iter().any(|entry| scope.is_wanted(&subsystem(entry)));
        if scope.is_limited() && !names_somebody {
            let file = outcome.root.join("MAINTAINERS");
            return Err(Failure::new(format!("--maintainer and --subsystem match no entry of {}", file.display())));
        }
        Ok(scope)
    }

    /// The published form of an outcome, addressed and cut to what is asked for.
    pub(crate) fn report(&self, outcome: &Outcome) -> Report {
        let mut report = outcome.report();
        // What is filtered out first would look gone.
        known::apply(&mut report, &self.given, &outcome.root, self.is_whole);
        narrow(&mut report, self.confidence);
        for finding in &mut report.findings {
            finding.check_edits(|file| source(outcome, file));
        }
        report.address(|file, lines| self.owners(file, &text(outcome, file, lines)));
        if self.is_limited() {
            report = report.only(|subsystem| self.is_wanted(subsystem));
        }
        report
    }

    fn is_limited(&self) -> bool {
        self.maintainer.is_some() || self.subsystem.is_some()
    }

    fn is_wanted(&self, subsystem: &Subsystem) -> bool {
        let Subsystem { name, maintainers, reviewers, lists, .. } = subsystem;
        let mut people = maintainers.iter().chain(reviewers).chain(lists);
        let by_maintainer = self.maintainer.as_ref().is_none_or(|pattern| people.any(|person| pattern.is_match(person)));
        by_maintainer && self.subsystem.as_ref().is_none_or(|pattern| pattern.is_match(name))
    }

    fn owners(&self, file: &str, text: &str) -> Owners {
        let mut entries = self.maintainers.of(file, text);
        let gup_driver::Addresses { people, lists } = self.maintainers.addresses(&entries);
        // It says something only where nobody else does.
        if entries.iter().any(|entry| !entry.is_about_everything()) {
            entries.retain(|entry| !entry.is_about_everything());
        }
        Owners { maintainers: people, lists, subsystems: entries.into_iter().map(subsystem).collect() }
    }
}

fn subsystem(entry: &Entry) -> Subsystem {
    Subsystem {
        name: entry.name.clone(),
        status: entry.status.clone(),
        maintainers: entry.maintainers.clone(),
        reviewers: entry.reviewers.clone(),
        lists: entry.lists.clone(),
        trees: entry.trees.clone(),
    }
}

fn pattern(option: &str, text: &str) -> Result<Regex, Failure> {
    RegexBuilder::new(text)
        .case_insensitive(true)
        .build()
        .map_err(|error| Failure::new(format!("{option} takes a regular expression: {error}")))
}

/// The lines that a keyword (K:) is looked for in: those that a fix would touch, as the script looks at the lines of a patch.
fn text(outcome: &Outcome, file: &str, lines: &[u32]) -> String {
    let Some(source) = (!lines.is_empty()).then(|| source(outcome, file)).flatten() else { return String::new() };
    let wanted = source.lines().enumerate().filter(|(index, _)| lines.contains(&(*index as u32 + 1)));
    wanted.map(|(_, line)| format!("{line}\n")).collect()
}

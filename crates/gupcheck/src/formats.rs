//! The formats of `--format` and `-o`: one analysis, or one stored report, in as many of them as asked for.

use std::path::{Path, PathBuf};
use std::str::FromStr;

use clap::{Args, ValueEnum};
use gup_report::diff::{Difference, Patch};
use gup_report::kcidb::Sender;
use gup_report::{Diff, Input, Report, RuleText, report};

use crate::output::{Failure, default_format, print, use_color, write_file};

/// Where reports go.
#[derive(Args)]
pub(crate) struct FormatOptions {
    /// Format on stdout [default: text on a terminal, else gcc; none with -o]
    #[arg(long, value_enum, value_name = "FMT")]
    pub(crate) format: Option<Format>,
    /// Also write FILE in that format (repeatable); maintainers=DIR: a JSON and a text file for each subsystem
    #[arg(short, value_name = "FMT=FILE")]
    pub(crate) output: Vec<Target>,
    /// SARIF: say where the tree is on this machine, as CodeChecker's importer wants it
    #[arg(long, hide_short_help = true)]
    pub(crate) sarif_root: bool,
    /// KCIDB: the name of the CI system that sends the results
    #[arg(long, value_name = "NAME", default_value = "gupcheck", hide_short_help = true)]
    pub(crate) kcidb_origin: String,
    /// KCIDB: the build that was audited, where the CI system sends one itself
    #[arg(long, value_name = "ORIGIN:ID", hide_short_help = true)]
    pub(crate) kcidb_build: Option<String>,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    Text,
    Gcc,
    Json,
    Sarif,
    Kcidb,
    B4,
    Mail,
    Html,
}

/// `-o json=report.json`
#[derive(Clone)]
pub(crate) enum Target {
    File(Format, PathBuf),
    Maintainers(PathBuf),
}

impl FromStr for Target {
    type Err = String;

    fn from_str(text: &str) -> Result<Target, String> {
        let (format, file) = text.split_once('=').ok_or("write it as FMT=FILE, for instance json=report.json")?;
        if format == "maintainers" {
            return Ok(Target::Maintainers(PathBuf::from(file)));
        }
        let known = || {
            let names = Format::value_variants().iter().filter_map(|format| format.to_possible_value());
            let names: Vec<String> = names.map(|value| value.get_name().to_owned()).collect();
            format!("there is no format {format}: {}, maintainers", names.join(", "))
        };
        let format = Format::from_str(format, false).map_err(|_| known())?;
        Ok(Target::File(format, PathBuf::from(file)))
    }
}

/// What is rendered.
#[derive(Clone, Copy)]
pub(crate) enum Subject<'a> {
    Report(&'a Report),
    Diff(&'a Diff),
}

/// What of a subject goes into one rendering.
struct Part<'a> {
    report: &'a Report,
    change: Option<&'a Difference>,
    patches: &'a [Patch],
    title: Option<&'a str>,
}

impl<'a> Part<'a> {
    fn of(report: &'a Report) -> Part<'a> {
        Part { report, change: None, patches: &[], title: None }
    }
}

/// A subject with what its formats need beside it.
pub(crate) struct Rendering<'a> {
    pub(crate) subject: Subject<'a>,
    pub(crate) options: &'a FormatOptions,
    pub(crate) rules: Vec<RuleText>,
    /// A file's text; of a patch of a series, as it is after that patch.
    pub(crate) source: &'a dyn Fn(Option<usize>, &str) -> Option<String>,
    /// The tree, where there is one.
    pub(crate) root: Option<&'a Path>,
}

impl Rendering<'_> {
    /// Writes all files that were asked for, then what goes to stdout.
    pub(crate) fn write(&self, color: crate::cli::Color) -> Result<(), Failure> {
        for target in &self.options.output {
            match target {
                Target::File(format, file) => write_file(file, &self.text(*format, false)?)?,
                Target::Maintainers(folder) => self.write_subsystems(folder)?,
            }
        }
        match default_format(self.options.format, !self.options.output.is_empty()) {
            Some(format) => print(&self.text(format, use_color(color))?),
            None => Ok(()),
        }
    }

    fn text(&self, format: Format, color: bool) -> Result<String, Failure> {
        match (self.subject, format) {
            (Subject::Diff(diff), Format::Json) => Ok(gup_report::json::diff(diff)),
            (Subject::Diff(diff), Format::Text | Format::Gcc | Format::Mail) if !diff.patches.is_empty() => {
                let patches = diff.patches.iter().enumerate().filter(|(_, patch)| !patch.difference.introduced.is_empty());
                patches.map(|(index, patch)| self.patch(format, color, diff, (index, patch))).collect()
            }
            (Subject::Diff(diff), _) => {
                let report = diff.report(&diff.whole);
                self.one(format, color, None, Part { change: Some(&diff.whole), patches: &diff.patches, ..Part::of(&report) })
            }
            (Subject::Report(report), _) => self.one(format, color, None, Part::of(report)),
        }
    }

    /// One of a series, under its title; mails as an mbox.
    fn patch(&self, format: Format, color: bool, diff: &Diff, (index, patch): (usize, &Patch)) -> Result<String, Failure> {
        let report = diff.report(&patch.difference);
        let part = Part { change: Some(&patch.difference), title: Some(&patch.title), ..Part::of(&report) };
        let text = self.one(format, color, Some(index), part)?;
        Ok(match format {
            // As git begins each mail of an mbox.
            Format::Mail if !text.is_empty() => format!("From gupcheck Mon Sep 17 00:00:00 2001\n{text}"),
            Format::Mail => text,
            _ => format!("{}:\n{text}", patch.title),
        })
    }

    fn one(&self, format: Format, color: bool, patch: Option<usize>, part: Part<'_>) -> Result<String, Failure> {
        let source = |file: &str| (self.source)(patch, file);
        let root = self.root.filter(|_| self.options.sarif_root).map(|root| root.to_string_lossy().into_owned());
        let Part { report, change, patches, title } = part;
        let input = Input { report, change, patches, patch: title, rules: &self.rules, source: &source, root: root.as_deref() };
        Ok(match format {
            Format::Json => gup_report::json::report(report),
            Format::Gcc => gup_report::gcc::render(report),
            Format::Text => gup_report::text::render(report, &source, color),
            Format::Sarif => gup_report::sarif::render(&input),
            Format::Kcidb => gup_report::kcidb::render(&input, &self.sender()?),
            Format::B4 => gup_report::b4::render(&input),
            Format::Mail => gup_report::mail::render(&input),
            Format::Html => gup_report::html::render(&input),
        })
    }

    fn sender(&self) -> Result<Sender<'_>, Failure> {
        Sender::new(&self.options.kcidb_origin, self.options.kcidb_build.as_deref()).map_err(Failure::new)
    }

    fn write_subsystems(&self, folder: &Path) -> Result<(), Failure> {
        std::fs::create_dir_all(folder).map_err(|error| Failure::new(format!("cannot create {}: {error}", folder.display())))?;
        let of_diff;
        let (report, change) = match self.subject {
            Subject::Report(report) => (report, None),
            Subject::Diff(diff) => {
                of_diff = diff.report(&diff.whole);
                (&of_diff, Some(&diff.whole))
            }
        };
        let source = |file: &str| (self.source)(None, file);
        let input = Input { report, change, patches: &[], patch: None, rules: &self.rules, source: &source, root: None };
        for (name, text) in gup_report::subsystem::render(&input) {
            write_file(&folder.join(name), &text)?;
        }
        Ok(())
    }
}

/// All rules with their pages.
pub(crate) fn rule_texts(analyses: Option<&Path>) -> Result<Vec<RuleText>, Failure> {
    let pages = gup_driver::Analyses::load(analyses)?.pages();
    let text = |rule: gup_driver::Rule| RuleText {
        page: pages.iter().find(|page| page.rule == rule.name).map(|page| page.text.clone()).unwrap_or_default(),
        severity: report::Severity::from(rule.severity),
        name: rule.name,
        summary: rule.summary,
    };
    Ok(gup_driver::rules().into_iter().map(text).collect())
}

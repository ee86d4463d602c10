//! What a run gives: the analysis, and how much of the tree it rests on.

use std::collections::BTreeMap;
use std::path::PathBuf;

use gup_analysis::finding::Analysis;
use gup_report::{Report, report};

use crate::run::{Run, Settled};

/// The result of an audit.
#[derive(Clone, Debug, PartialEq)]
pub struct Outcome {
    /// The source tree.
    pub root: PathBuf,
    /// Version of the kernel, from its Makefile.
    pub kernel: String,
    pub arch: String,
    /// Of libclang, as it states it.
    pub libclang: String,
    pub coverage: Coverage,
    pub analysis: Analysis,
    /// What went wrong without stopping the run, one line each.
    pub warnings: Vec<String>,
    /// Seconds by phase.
    pub phases: Vec<(String, f64)>,
    /// Files that were analysed with another content than the one on disk; `None`: without the one on disk.
    pub files: BTreeMap<String, Option<Vec<u8>>>,
}

/// How much was read and understood.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Coverage {
    /// Units of this configuration that had to be read.
    pub selected: usize,
    pub extracted: usize,
    /// Of these, how many came out of the cache.
    pub cached: usize,
    /// Sorted by file, with the reason.
    pub failed: Vec<(String, String)>,
    /// Files that use an acquisition and are not compiled, with the reason.
    pub not_in_configuration: Vec<(String, String)>,
    /// Acquisitions in lines of the units that this configuration leaves out: the file, and which call it is, in words. Only an audit
    /// looks for them.
    pub left_out: Vec<(String, String)>,
    /// Units that libclang read with errors, with the first of them.
    pub with_errors: Vec<(String, String)>,
    pub functions: u64,
    pub statements: u64,
    /// Statements that were not understood, by reason.
    pub opaque: BTreeMap<String, u64>,
    /// Caps that were hit.
    pub limits: Vec<String>,
}

impl Coverage {
    pub(crate) fn of(settled: &Settled) -> Coverage {
        let mut coverage = Coverage {
            selected: settled.units.len() + settled.failed.len(),
            extracted: settled.units.len(),
            failed: settled.failed.clone().into_iter().collect(),
            not_in_configuration: settled.absent.clone().into_iter().collect(),
            limits: settled.limits.iter().cloned().collect(),
            ..Coverage::default()
        };
        for (file, loaded) in &settled.units {
            coverage.cached += usize::from(loaded.cached);
            coverage.functions += u64::from(loaded.facts.functions);
            coverage.statements += u64::from(loaded.facts.statements);
            for (reason, count) in &loaded.facts.opaque {
                *coverage.opaque.entry(reason.clone()).or_default() += u64::from(*count);
            }
            if let Some(first) = loaded.facts.errors.first() {
                coverage.with_errors.push((file.clone(), first.clone()));
            }
        }
        coverage
    }

    /// Share of the selected units that were extracted, in percent.
    pub fn percent(&self) -> f64 {
        if self.selected == 0 { 100.0 } else { self.extracted as f64 * 100.0 / self.selected as f64 }
    }
}

impl Outcome {
    pub(crate) fn of(run: &Run<'_>, settled: Settled) -> Outcome {
        let coverage = Coverage::of(&settled);
        let mut warnings = run.warnings();
        if let Some((file, error)) = coverage.with_errors.first() {
            warnings.push(format!(
                "{} units were read with errors, so parts of them are missing; {file}: {error}",
                coverage.with_errors.len()
            ));
        }
        Outcome {
            root: run.base.tree.root.clone(),
            kernel: run.base.tree.version.clone(),
            arch: run.base.tree.arch.clone(),
            libclang: run.base.pool.version.clone(),
            coverage,
            analysis: settled.analysis,
            warnings,
            phases: run.base.phases(),
            files: run.files(),
        }
    }

    /// The published form, with all findings.
    pub fn report(&self) -> Report {
        let coverage = &self.coverage;
        let run = report::Run {
            tool: report::Tool {
                name: "gupcheck".to_owned(),
                version: env!("CARGO_PKG_VERSION").to_owned(),
                libclang: self.libclang.clone(),
            },
            tree: report::Tree { version: self.kernel.clone(), arch: self.arch.clone(), policy: String::new() },
            units: report::Units {
                selected: coverage.selected as u64,
                extracted: coverage.extracted as u64,
                failed: files(&coverage.failed),
                not_in_configuration: files(&coverage.not_in_configuration),
                left_out: files(&coverage.left_out),
            },
            statements: coverage.statements,
            opaque_statements: coverage.opaque.clone(),
        };
        Report::new(run, &self.analysis)
    }

    /// Keeps what concerns files under `paths` (relative to the tree); all of it when there are none.
    pub(crate) fn only(mut self, paths: &[String]) -> Outcome {
        if paths.is_empty() {
            return self;
        }
        let under = |file: &str| paths.iter().any(|path| std::path::Path::new(file).starts_with(path));
        self.coverage.left_out.retain(|(file, _)| under(file));
        let analysis = &mut self.analysis;
        analysis
            .findings
            .retain(|finding| under(&finding.at.file) || finding.origin.as_ref().is_some_and(|origin| under(&origin.at.file)));
        analysis.ledger.sites.retain(|site| under(&site.at.file));
        analysis.ledger.slots.retain(|slot| slot.deposits.iter().any(|deposit| under(&deposit.at.file)));
        analysis.ledger.completions.retain(|completion| completion.submitters.iter().any(|at| under(&at.file)));
        self
    }
}

fn files(list: &[(String, String)]) -> Vec<report::FileReason> {
    list.iter().map(|(file, reason)| report::FileReason { file: file.clone(), reason: reason.clone() }).collect()
}

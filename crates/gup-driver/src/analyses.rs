//! Contracts, policies and rule pages: embedded, or from a directory that is given instead.

use std::path::Path;

use gup_analysis::contract::{ContractError, ContractFiles};
use gup_analysis::finding::Severity;

use crate::Error;
use crate::contents::Hash;

/// Files of `analyses/` by path relative to it.
const EMBEDDED: &[(&str, &str)] = include!(concat!(env!("OUT_DIR"), "/analyses.rs"));

/// The texts in force.
#[derive(Clone, Debug)]
pub struct Analyses {
    files: Vec<(String, String)>,
}

/// What is checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rule {
    /// Kebab-case.
    pub name: String,
    /// One sentence.
    pub summary: String,
    pub severity: Severity,
}

/// All rules, by name.
pub fn rules() -> Vec<Rule> {
    let rule = |rule: &gup_analysis::rules::Rule| Rule {
        name: rule.name.to_owned(),
        summary: rule.summary.to_owned(),
        severity: rule.severity,
    };
    gup_analysis::rules::RULES.iter().map(rule).collect()
}

/// The page of a rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page {
    /// Kebab-case name of the rule.
    pub rule: String,
    /// Markdown.
    pub text: String,
}

impl Analyses {
    /// `directory` replaces what is embedded.
    pub fn load(directory: Option<&Path>) -> Result<Analyses, Error> {
        let Some(directory) = directory else {
            let files = EMBEDDED.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())).collect();
            return Ok(Analyses { files });
        };
        let mut files = Vec::new();
        for below in ["contracts", "policies", "rules"] {
            let path = directory.join(below);
            let entries = std::fs::read_dir(&path).map_err(|error| Error::new(format!("{}: {error}", path.display())))?;
            for entry in entries.flatten() {
                let name = entry.file_name().to_string_lossy().into_owned();
                if name.ends_with(".toml") || name.ends_with(".md") {
                    let text = std::fs::read_to_string(entry.path());
                    let text = text.map_err(|error| Error::new(format!("{}: {error}", entry.path().display())))?;
                    files.push((format!("{below}/{name}"), text));
                }
            }
        }
        files.sort();
        Ok(Analyses { files })
    }

    /// All contract and policy files, parsed.
    pub(crate) fn contracts(&self) -> Result<ContractFiles, Error> {
        ContractFiles::parse(&self.toml()).map_err(|errors| self.error(errors))
    }

    pub(crate) fn error(&self, errors: Vec<ContractError>) -> Error {
        Error::Contracts { errors, files: self.toml() }
    }

    /// Rule pages in the order of their names.
    pub fn pages(&self) -> Vec<Page> {
        let page = |(name, text): &(String, String)| {
            let rule = name.strip_prefix("rules/")?.strip_suffix(".md")?;
            Some(Page { rule: rule.to_owned(), text: text.clone() })
        };
        self.files.iter().filter_map(page).filter(|page| page.rule != "README").collect()
    }

    /// Of everything the analysis reads from here.
    pub(crate) fn identity(&self) -> Hash {
        let files = self.toml();
        Hash::of_all(files.iter().flat_map(|(name, text)| [name.as_bytes(), text.as_bytes()]))
    }

    fn toml(&self) -> Vec<(String, String)> {
        self.files.iter().filter(|(name, _)| name.ends_with(".toml")).cloned().collect()
    }
}

//! Contracts: summaries written by hand, in TOML (`analyses/`), for functions that are not analysed from their bodies.
//!
//! Two steps, because what a contract says may depend on the tree, and what to ask the tree depends on the contracts:
//! [`ContractFiles::parse`] reads the files and knows the questions ([`words`](ContractFiles::words),
//! [`constants`](ContractFiles::constants), [`site_names`](ContractFiles::site_names)); [`ContractFiles::resolve`] takes
//! the answers ([`TreeFacts`]) and gives the [`Contracts`] of that tree. No API name stands here.
//!
//! Reading order: `lex`, `expr` and `effect` (the little languages), `table` and `read` (TOML to values), `convert` (what replaces what), `cover` (outcomes must be a
//! partition), `resolve` (the variant for a tree), `text` (summaries back to text).

mod convert;
mod cover;
mod effect;
mod error;
mod expr;
mod lex;
mod read;
mod resolve;
mod table;
pub mod text;

use std::collections::{BTreeMap, BTreeSet};

use rustc_hash::{FxHashMap, FxHashSet};

pub use convert::{Calls, Conversions, Replacement, Usage};
pub use error::{ContractError, Errors, did_you_mean};
pub use lex::Literal;
pub use table::{Table, read_table};

use crate::summary::{RefKind, ReleaseClass, Summary};

/// What a function does to page references, by hand.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Contract {
    /// The function's name; where it was found by an alias, still the name people know.
    pub name: String,
    /// Names by which the summary's parameters go, in order. A last `...` stands for any number of others.
    pub params: Vec<String>,
    /// Set for a static function of this one file, relative to the tree.
    pub file: Option<String>,
    /// A call is an acquisition site of the ledger.
    pub site: bool,
    /// The parameter that, when NULL, means that no reference is taken.
    pub pages_param: Option<u32>,
    /// The parameter that says how many elements the new storage has.
    pub elements_param: Option<u32>,
    /// Who says so: a kernel document, kernel-doc or commit.
    pub source: String,
    /// Has an outcome that callers must treat as failure; findings that rest on one say "assumes X can fail".
    pub can_fail: bool,
    /// May sleep.
    pub sleeps: bool,
    /// What it returns is new storage that nothing else points at.
    pub allocates: bool,
    /// That storage holds zeroes.
    pub zeroed: bool,
    pub summary: Summary,
}

/// Which releases each kind of reference takes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Policy {
    pub name: String,
    pub source: String,
    /// Every kind is there; `borrowed` takes none.
    pub accepts: BTreeMap<RefKind, BTreeSet<ReleaseClass>>,
    /// Who works on the content of user pages must pin them.
    pub pins_for_data: bool,
    /// How code is changed to follow it.
    pub conversions: Conversions,
    /// By which calls the references go.
    pub calls: BTreeMap<ReleaseClass, Calls>,
    /// It was asked for by name: the tree is to be converted to it. Else it is the tree's own, which need not go further.
    pub is_goal: bool,
}

/// What the files need to know about the tree.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TreeFacts {
    /// Which of [`ContractFiles::words`] the tree's headers declare.
    pub declared: BTreeSet<String>,
    /// Values of [`ContractFiles::constants`], those that exist.
    pub constants: BTreeMap<String, i64>,
    /// A policy by name; `None` chooses by what the tree declares.
    pub policy: Option<String>,
}

/// All contract and policy files, read and checked, for any tree.
#[derive(Default)]
pub struct ContractFiles {
    apis: Vec<read::Api>,
    borrows: Vec<read::Borrows>,
    suffixes: Vec<String>,
    same: BTreeSet<(String, String)>,
    numbered: BTreeMap<String, u32>,
    invariant: BTreeSet<(String, String)>,
    policies: Vec<read::PolicyEntry>,
}

/// The contracts of one tree.
#[derive(Clone, Debug, Default)]
pub struct Contracts {
    /// By function name and alias.
    global: BTreeMap<String, Contract>,
    /// By function name, then file.
    statics: BTreeMap<String, BTreeMap<String, Contract>>,
    suffixes: Vec<String>,
    same: BTreeSet<(String, String)>,
    numbered: BTreeMap<String, u32>,
    invariant: BTreeSet<(String, String)>,
    borrowed: FxHashSet<String>,
    /// Patterns with `*`: what stands before the first one, and what after it. Every start of every name that is called is looked
    /// for here.
    globs: FxHashMap<String, Vec<String>>,
    policy: Policy,
}

impl ContractFiles {
    /// Reads all files (name and text). All mistakes come back at once, in the order of files and positions.
    pub fn parse(files: &[(String, String)]) -> Result<ContractFiles, Vec<ContractError>> {
        let mut all = ContractFiles::default();
        let mut errors = Vec::new();
        for (name, text) in files {
            let known = errors.len();
            let content = read::file(name, text, &mut errors);
            errors[known..].sort_by_key(|error: &ContractError| error.span.start);
            all.apis.extend(content.apis);
            all.borrows.extend(content.borrows);
            all.suffixes.extend(content.suffixes);
            all.same.extend(content.same);
            all.numbered.extend(content.numbered);
            all.invariant.extend(content.invariant);
            all.policies.extend(content.policies);
        }
        if errors.is_empty() { Ok(all) } else { Err(errors) }
    }

    /// The contracts that hold for a tree. Two contracts for one function, or no single policy, are errors.
    pub fn resolve(&self, facts: &TreeFacts) -> Result<Contracts, Vec<ContractError>> {
        resolve::resolve(self, facts)
    }

    /// Words for which [`TreeFacts::declared`] must say whether the tree's headers declare them.
    pub fn words(&self) -> BTreeSet<String> {
        let apis = self.apis.iter().map(|api| &api.tree);
        let policies = self.policies.iter().map(|policy| &policy.tree);
        apis.chain(policies).flat_map(|tree| tree.requires.iter().chain(&tree.lacks)).cloned().collect()
    }

    /// Named constants whose values the probe unit is to find.
    pub fn constants(&self) -> BTreeSet<String> {
        resolve::constants(self)
    }

    /// Names, with aliases, of the functions whose calls are acquisition sites: the text pass looks for these.
    pub fn site_names(&self) -> BTreeSet<String> {
        let mut names = BTreeSet::new();
        for api in self.apis.iter().filter(|api| api.contract.site) {
            names.insert(api.contract.name.clone());
            names.extend(api.aliases.iter().cloned());
        }
        names
    }

    /// All contracts, of every variant, in the order of the files.
    pub fn all(&self) -> impl Iterator<Item = &Contract> {
        self.apis.iter().map(|api| &api.contract)
    }

    /// Names of all policies.
    pub fn policies(&self) -> impl Iterator<Item = &str> {
        self.policies.iter().map(|entry| entry.policy.name.as_str())
    }
}

impl Contracts {
    /// The contract for a static function of the file.
    pub fn of_file(&self, function: &str, file: &str) -> Option<&Contract> {
        self.statics.get(function).and_then(|files| files.get(file))
    }

    /// The contract for a call of `function` in a unit whose main file is `file`.
    pub fn lookup(&self, function: &str, file: &str) -> Option<&Contract> {
        self.of_file(function, file).or_else(|| self.global.get(function)).or_else(|| {
            let plain = self.suffixes.iter().find_map(|suffix| function.strip_suffix(suffix.as_str()))?;
            self.global.get(plain)
        })
    }

    /// Is a call of that name something else in some files?
    pub(crate) fn depends_on_file(&self, function: &str) -> bool {
        self.statics.contains_key(function)
    }

    /// Whether a function without contract is known to be neutral: it keeps and drops no reference and changes nothing
    /// that matters.
    pub fn borrows(&self, function: &str) -> bool {
        let by_glob = |(at, _): (usize, char), name: &str| {
            self.globs.get(&name[..at]).is_some_and(|rests| rests.iter().any(|rest| rest_matches(rest, &name[at..])))
        };
        let ends = |name: &str| name.char_indices().chain([(name.len(), ' ')]).collect::<Vec<_>>();
        let neutral = |name: &str| self.borrowed.contains(name) || ends(name).into_iter().any(|end| by_glob(end, name));
        neutral(function) || self.suffixes.iter().any(|suffix| function.strip_suffix(suffix.as_str()).is_some_and(neutral))
    }

    /// Whether `&p->field`, p pointing at a `struct strukt`, names the same page as p.
    pub fn same_page(&self, strukt: &str, field: &str) -> bool {
        self.same.iter().any(|(known, of)| known == strukt && of == field)
    }

    /// Variables that point at the first of all page structures, and how many bits the number of a page has at most.
    pub(crate) fn numbered(&self) -> &BTreeMap<String, u32> {
        &self.numbered
    }

    /// Fields, as structure and name, that do not change as long as their object lives.
    pub(crate) fn invariant(&self) -> &BTreeSet<(String, String)> {
        &self.invariant
    }

    /// The policy in force.
    pub fn policy(&self) -> &Policy {
        &self.policy
    }

    /// All contracts of the tree, by name.
    pub fn all(&self) -> impl Iterator<Item = &Contract> {
        self.global.values().chain(self.statics.values().flat_map(BTreeMap::values))
    }
}

/// Does the name end as the pattern does behind its first `*`? It stands for any characters, also none.
fn rest_matches(rest: &str, mut name: &str) -> bool {
    let mut parts: Vec<&str> = rest.split('*').collect();
    let last = parts.pop().unwrap_or_default();
    for part in parts {
        let Some(at) = name.find(part) else { return false };
        name = &name[at + part.len()..];
    }
    name.ends_with(last)
}

#[cfg(test)]
mod tests;

//! What the analysis says, as plain data in the user's words. Formats convert these by hand (gup-report).

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::summary::RefKind;

/// The whole result.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Analysis {
    /// Sorted by file, line, column, rule.
    pub findings: Vec<Finding>,
    pub ledger: Ledger,
    /// Sorted by file, line, column.
    pub conversion: Vec<Conversion>,
    /// Sorted by name.
    pub handlers: Vec<Handler>,
    /// Names of functions with external linkage through which GUP references pass, and which files should therefore be read next.
    pub demand: Demand,
    /// Name of the policy in force.
    pub policy: String,
}

/// What a rule found.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Finding {
    /// Kebab-case name of the rule.
    pub rule: String,
    pub severity: Severity,
    pub confidence: Confidence,
    /// Stands alone, without the path.
    pub message: String,
    /// Where it goes wrong.
    pub at: Location,
    pub function: String,
    /// `gf1:` and 16 hex digits. No line, column, absolute path or local name is in it (invariant 10).
    pub fingerprint: String,
    /// What must hold for this to happen: "kmalloc can fail".
    pub assumptions: Vec<String>,
    /// Why the confidence is no higher; none where it is high, nor of hints.
    pub doubts: Vec<String>,
    /// Where the references come from.
    pub origin: Option<Origin>,
    /// From the acquisition to the violation.
    pub path: Vec<PathStep>,
    /// What mends it, as far as that can be said.
    pub fix: Option<Fix>,
}

/// What mends a finding: always in words, as edits only where these are certain.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fix {
    /// "call a() instead of b()": an order to whoever mends it.
    pub message: String,
    /// All of them together, or none. In the order of their places, none overlaps another.
    pub edits: Vec<Edit>,
}

/// One text put in the place of another.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Edit {
    /// Where the old text begins.
    pub at: Location,
    /// The text that must stand there, else the edit does not fit; empty: something is only inserted.
    pub replace: String,
    pub with: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    Info,
    Warning,
    Error,
}

/// High: every step from acquisition to violation was understood.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Confidence {
    Low,
    Medium,
    High,
}

/// A place in the tree. Lines and columns count from 1, columns in bytes.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Location {
    /// Relative to the tree.
    pub file: String,
    pub line: u32,
    pub column: u32,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Origin {
    pub api: String,
    pub kind: RefKind,
    pub at: Location,
    pub function: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PathStep {
    pub at: Location,
    pub function: String,
    pub message: String,
}

/// For every acquisition site its releases and a verdict.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Ledger {
    /// Sorted by file, line, column.
    pub sites: Vec<Site>,
    pub slots: Vec<Slot>,
    pub completions: Vec<Completion>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Site {
    pub api: String,
    pub kinds: Vec<RefKind>,
    pub at: Location,
    pub function: String,
    pub verdict: Verdict,
    /// Empty for `balanced`.
    pub reason: String,
    /// The statement that stopped the analysis, and its function; `None` where the reason is not one of a statement.
    pub stopped_at: Option<(Location, String)>,
    pub releases: Vec<ReleaseAt>,
}

/// In this order of precedence.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    Finding,
    Unresolved,
    Balanced,
}

/// A place where references of a site are dropped.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct ReleaseAt {
    pub api: String,
    pub at: Location,
    pub function: String,
    /// The slot or function through which the references got there; empty where they did not leave the function. Of a call that
    /// leads to a release elsewhere, that release.
    pub via: String,
}

/// A field of a published object, with what is put in and taken out.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Slot {
    /// `struct foo.pages`
    pub slot: String,
    pub deposits: Vec<Origin>,
    pub withdrawals: Vec<ReleaseAt>,
    pub verdict: Verdict,
    pub reason: String,
}

/// A completion handler with those who hand it references.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Completion {
    pub handler: String,
    pub submitters: Vec<Location>,
    pub origins: Vec<Origin>,
    pub releases: Vec<ReleaseAt>,
    pub verdict: Verdict,
    pub reason: String,
}

/// What the analysis would like to read next.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Demand {
    /// Functions of external linkage that give or take GUP references: files that call them, by function and reason.
    pub callers_of: BTreeMap<String, String>,
    /// Functions without a body or contract that were handed GUP references: the file that defines them.
    pub definitions_of: BTreeMap<String, String>,
    /// Fields, as `s.f`, of which no function is known, and through which GUP references were handed on: the files that store functions
    /// there.
    pub targets_of: BTreeMap<String, String>,
    /// Fields of structures that headers define, as `struct s.f`, out of which nobody takes the references that were left there:
    /// all files that name them. What is known of them comes back in [`crate::Settings::readers`].
    pub readers_of: BTreeSet<String>,
}

/// A release that references of get_user_pages and its kin reach, or one beside such a release: what a change of policy must
/// know of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Conversion {
    pub api: String,
    pub at: Location,
    pub function: String,
    pub verdict: Reached,
    /// Empty where nothing is to be changed.
    pub replace_with: String,
    /// Why replacing it would be wrong as things are.
    pub blocked_by: Vec<String>,
    /// Why more than what is said here may reach it; empty: it is certain that nothing does.
    pub uncertain: Vec<String>,
    /// Acquisitions whose references reach it, each with what is to replace it, if anything is.
    pub origins: Vec<(Origin, String)>,
    /// The other references that reach it, in words.
    pub others: Vec<String>,
}

/// By what a release is reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Reached {
    /// By references of get_user_pages and its kin.
    Gup,
    /// By these and by others.
    Mixed,
    /// By none of these.
    Never,
}

/// Code that runs later, with all that it is given.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Handler {
    pub name: String,
    pub submissions: Vec<Submission>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Submission {
    pub at: Location,
    pub function: String,
    /// References in what is handed on; with their acquisition, where that is one of the ledger's.
    pub held: Vec<(RefKind, Option<Origin>)>,
    /// It was made by others, who may have put more in it.
    pub is_foreign: bool,
}

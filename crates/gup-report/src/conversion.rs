//! The conversion audit, as the JSON has it and as the summary tells it.

use gup_analysis::finding;
use serde::{Deserialize, Serialize};

use crate::report::{Origin, origin};

/// A release that GUP references reach, or one beside such a release.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Conversion {
    pub file: String,
    pub line: u32,
    pub column: u32,
    pub function: String,
    /// The releasing function, as called.
    pub api: String,
    /// gup: references of get_user_pages, pin_user_pages and kin; other: any others. What was seen, no more.
    pub reached_by: Vec<String>,
    /// gup: only GUP references were seen to reach it; mixed: others, too; never: none was seen to. Certain where `uncertain`
    /// is empty.
    pub verdict: Reached,
    /// The call that is to stand there; empty where nothing is to be changed, or the policy names nothing (see `blocked_by`).
    pub replace_with: String,
    /// Why replacing it would be wrong as things are: the other references that reach it, above all.
    pub blocked_by: Vec<String>,
    /// Why more may reach it than is said here. Empty: that is certain.
    pub uncertain: Vec<String>,
    /// Where the GUP references that reach it come from.
    pub acquisitions: Vec<Acquisition>,
    /// References of other kinds that reach it, in words.
    pub others: Vec<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum Reached {
    Gup,
    Mixed,
    Never,
}

/// An acquisition whose references reach the release.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Acquisition {
    #[serde(flatten)]
    pub origin: Origin,
    /// The call that is to stand there; empty where it stays.
    pub replace_with: String,
}

pub(crate) fn entry(entry: &finding::Conversion) -> Conversion {
    let gup = matches!(entry.verdict, finding::Reached::Gup | finding::Reached::Mixed).then_some("gup");
    let other = (!entry.others.is_empty()).then_some("other");
    Conversion {
        file: entry.at.file.clone(),
        line: entry.at.line,
        column: entry.at.column,
        function: entry.function.clone(),
        api: entry.api.clone(),
        reached_by: gup.into_iter().chain(other).map(str::to_owned).collect(),
        verdict: match entry.verdict {
            finding::Reached::Gup => Reached::Gup,
            finding::Reached::Mixed => Reached::Mixed,
            finding::Reached::Never => Reached::Never,
        },
        replace_with: entry.replace_with.clone(),
        blocked_by: entry.blocked_by.clone(),
        uncertain: entry.uncertain.clone(),
        acquisitions: entry
            .origins
            .iter()
            .map(|(of, with)| Acquisition { origin: origin(of), replace_with: with.clone() })
            .collect(),
        others: entry.others.clone(),
    }
}

/// The figures, where there is something to convert: what is left of it, and what is in the way.
pub(crate) fn summary(entries: &[Conversion], policy: &str, unresolved: u64) -> String {
    let open: Vec<&Conversion> =
        entries.iter().filter(|entry| !entry.replace_with.is_empty() || !entry.blocked_by.is_empty()).collect();
    if open.is_empty() {
        return String::new();
    }
    let count = |of: &dyn Fn(&Conversion) -> bool| open.iter().filter(|entry| of(entry)).count();
    let n_reached = entries.iter().filter(|entry| entry.verdict != Reached::Never).count();
    let mut files: Vec<&str> = open.iter().map(|entry| entry.file.as_str()).collect();
    files.dedup();
    let mut text = format!("\n  conversion to policy {policy}\n");
    let mut row = |count: usize, what: &str| text.push_str(&format!("  {count:>8}  {what}\n"));
    row(n_reached, "releases are reached by GUP references");
    row(open.len(), &format!("of them are to be changed, in {} files", files.len()));
    row(
        count(&|entry| entry.blocked_by.is_empty() && entry.uncertain.is_empty()),
        "of these by themselves: nothing else reaches them",
    );
    row(
        count(&|entry| entry.blocked_by.is_empty() && !entry.uncertain.is_empty()),
        "where nothing else was seen, but it is not certain",
    );
    row(count(&|entry| !entry.blocked_by.is_empty()), "blocked, most because others reach them as well");
    let beside = |is_certain: bool| {
        let never = entries.iter().filter(|entry| entry.verdict == Reached::Never);
        never.filter(|entry| entry.uncertain.is_empty() == is_certain).count()
    };
    row(beside(true), "releases beside them that none reaches");
    row(beside(false), "releases beside them that none was seen to reach, but it is not certain");
    if unresolved > 0 {
        row(unresolved as usize, "acquisitions are unresolved: their references may reach releases that are not listed");
    }
    text
}

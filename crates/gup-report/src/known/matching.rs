//! Which entry of a file covers which finding.

use std::collections::BTreeMap;

use crate::report::Finding;

/// What an entry knows of its finding.
#[derive(Clone, Copy, Debug)]
pub(super) struct Key<'a> {
    pub(super) fingerprint: &'a str,
    pub(super) rule: &'a str,
    /// Empty: not known, and then not followed when it moves.
    pub(super) file: &'a str,
    pub(super) function: &'a str,
    /// Empty: any.
    pub(super) message: &'a str,
}

/// For each finding the number of the entry that covers it. An entry covers one finding: first by fingerprint, then, where its
/// file is gone, by what it says.
pub(super) fn assign(findings: &[Finding], keys: &[Key<'_>], exists: &dyn Fn(&str) -> bool) -> Vec<Option<usize>> {
    let mut left: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for (number, key) in keys.iter().enumerate().rev() {
        left.entry(key.fingerprint).or_default().push(number);
    }
    let mut take = |finding: &Finding| left.get_mut(finding.fingerprint.as_str()).and_then(Vec::pop);
    let mut found: Vec<Option<usize>> = findings.iter().map(&mut take).collect();
    let mut moved: Vec<usize> = left.into_values().flatten().collect();
    moved.retain(|number| !keys[*number].file.is_empty() && !exists(keys[*number].file));
    moved.sort_unstable();
    for (finding, entry) in findings.iter().zip(&mut found).filter(|(_, entry)| entry.is_none()) {
        if let Some(at) = moved.iter().position(|number| is_moved(&keys[*number], finding)) {
            *entry = Some(moved.remove(at));
        }
    }
    found
}

/// The finding as it would be in another file.
fn is_moved(key: &Key<'_>, finding: &Finding) -> bool {
    let says_so = key.message.is_empty() || key.message == finding.message;
    key.file != finding.file && key.rule == finding.rule && key.function == finding.function && says_so
}

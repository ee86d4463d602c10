//! A change as versions of the tree, each made from the one before: mailed patches here, commits in `git`.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use crate::Error;
use crate::mail::{self, Mail};
use crate::patch::{self, FilePatch, Patched};
use crate::version::Version;

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Series {
    pub(crate) start: Version,
    /// Never empty.
    pub(crate) steps: Vec<Step>,
}

/// One patch or commit.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Step {
    /// Its subject.
    pub(crate) title: String,
    /// The tree after it.
    pub(crate) version: Version,
    pub(crate) touched: BTreeSet<String>,
    /// What was odd about it, one line each.
    pub(crate) remarks: Vec<String>,
}

impl Series {
    /// `bytes`: a diff, a mail or an mbox, for the tree at `root`.
    pub(crate) fn of_patches(bytes: &[u8], root: &Path) -> Result<Series, Error> {
        let mut patches: Vec<(Mail, Vec<FilePatch>)> = Vec::new();
        for mail in mail::messages(bytes) {
            let files = patch::parse(&mail.text).map_err(|error| of(&mail.title, &error))?;
            if !files.is_empty() {
                patches.push((mail, files));
            }
        }
        if patches.is_empty() {
            let message = "the patch has no hunks: a unified diff is wanted (diff -u, git diff, git format-patch)";
            return Err(Error::new(message));
        }
        in_order(&mut patches);
        let mut series = Series::default();
        let mut version = Version::default();
        for (mail, files) in patches {
            let patched = patch::apply(&files, |name| version.read(root, name)).map_err(|error| of(&mail.title, &error))?;
            version = applied(&version, &patched);
            series.steps.push(Step {
                title: mail.title,
                version: version.clone(),
                touched: patched.keys().cloned().collect(),
                remarks: patched.values().flat_map(|patched| patched.remarks.clone()).collect(),
            });
        }
        Ok(series)
    }

    /// All steps as a single one.
    pub(crate) fn as_one(&self) -> Step {
        let last = self.steps.last().cloned().unwrap_or_default();
        Step {
            title: String::new(),
            version: last.version,
            touched: self.steps.iter().flat_map(|step| step.touched.iter().cloned()).collect(),
            remarks: self.steps.iter().flat_map(|step| step.remarks.iter().cloned()).collect(),
        }
    }
}

/// The error with the patch that it is about.
fn of(title: &str, error: &Error) -> Error {
    Error::new(if title.is_empty() { error.to_string() } else { format!("{title}: {error}") })
}

/// Mail programs save a thread in the order in which it arrived; the subjects say which order is meant.
fn in_order(patches: &mut [(Mail, Vec<FilePatch>)]) {
    let numbers: Vec<Option<u32>> = patches.iter().map(|(mail, _)| mail::number(&mail.title)).collect();
    let distinct: BTreeSet<u32> = numbers.iter().flatten().copied().collect();
    if distinct.len() == patches.len() {
        patches.sort_by_key(|(mail, _)| mail::number(&mail.title));
    }
}

fn applied(version: &Version, patched: &BTreeMap<String, Patched>) -> Version {
    let mut next = version.clone();
    for (file, patched) in patched {
        next.set(file, patched.content.as_deref().map(Into::into));
        if let Some(from) = &patched.from {
            let first = version.other_names.get(from).unwrap_or(from).clone();
            next.other_names.insert(file.clone(), first);
        }
    }
    next
}

#[cfg(test)]
mod tests {
    use super::*;

    fn patch(number: u32, from: &str, to: &str) -> String {
        format!(
            "From 0{number} Mon Sep 17 00:00:00 2001\nSubject: [PATCH {number}/2] {to}\n\n---\n f.c | 2 +-\n\n--- a/f.c\n+++ b/f.c\n@@ -1 +1 @@\n\
             -{from}\n+{to}\n-- \n2.39\n\n"
        )
    }

    #[test]
    fn a_series_is_its_patches_in_the_order_of_their_numbers() {
        let root = crate::tests::directory("series");
        std::fs::write(root.join("f.c"), "one\n").unwrap();
        let cover = "From 0 Mon Sep 17 00:00:00 2001\nSubject: [PATCH 0/2] cover\n\n f.c | 2 +-\n\n";
        let mbox = format!("{cover}{}{}", patch(2, "two", "three"), patch(1, "one", "two"));
        let series = Series::of_patches(mbox.as_bytes(), &root).unwrap();
        let texts: Vec<_> = series.steps.iter().map(|step| step.version.read(&root, "f.c").unwrap()).collect();
        assert_eq!(texts, [b"two\n".to_vec(), b"three\n".to_vec()]);
        assert_eq!(series.steps[1].title, "[PATCH 2/2] three");
        assert_eq!(series.as_one().version, series.steps[1].version);
        let wrong = format!("{}{}", patch(1, "one", "two"), patch(2, "1wo", "three"));
        let error = Series::of_patches(wrong.as_bytes(), &root).unwrap_err().to_string();
        assert_eq!(error, "[PATCH 2/2] three: f.c: hunk 1 (@@ -1 +1 @@) does not apply to this tree");
        assert!(Series::of_patches(cover.as_bytes(), &root).unwrap_err().to_string().contains("no hunks"));
    }

    #[test]
    fn a_file_that_changes_its_name_twice_is_known_by_the_first() {
        let root = crate::tests::directory("series-renames");
        std::fs::write(root.join("a.c"), "one\n").unwrap();
        let rename = |from: &str, to: &str| format!("diff --git a/{from} b/{to}\nrename from {from}\nrename to {to}\n");
        let mail = |text: String| format!("From 1 Mon Sep 17 00:00:00 2001\nSubject: x\n\n{text}\n");
        let mbox = mail(rename("a.c", "b.c")) + &mail(rename("b.c", "c.c"));
        let last = Series::of_patches(mbox.as_bytes(), &root).unwrap().as_one();
        assert_eq!(last.version.other_names["c.c"], "a.c");
        assert_eq!((last.version.read(&root, "a.c"), last.version.read(&root, "b.c")), (None, None));
        assert_eq!(last.version.read(&root, "c.c").as_deref(), Some(&b"one\n"[..]));
    }
}

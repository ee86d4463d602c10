//! What the tree's files contain where that is not what is on disk: before or after a change that nobody applied.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;

use crate::contents::Hash;

/// A file's bytes, shared between versions.
pub(crate) type Content = Arc<[u8]>;

/// The tree as it is on disk, but for some files.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Version {
    /// Relative to the tree; `None`: there is no such file.
    files: BTreeMap<String, Option<Content>>,
    /// Name of a file in this version → its name in a version before or after, by which the makefiles may know it.
    pub(crate) other_names: BTreeMap<String, String>,
}

impl Version {
    /// `None` as content: the file is gone.
    pub(crate) fn set(&mut self, file: &str, content: Option<Content>) {
        self.files.insert(file.to_owned(), content);
    }

    /// Forgets files that are as on disk in the tree at `root`.
    pub(crate) fn without_what_is_on_disk(mut self, root: &Path) -> Version {
        self.files.retain(|file, content| std::fs::read(root.join(file)).ok().as_deref() != content.as_deref());
        self
    }

    /// Nothing differs from what is on disk.
    pub(crate) fn is_on_disk(&self) -> bool {
        self.files.is_empty()
    }

    /// The files that differ from those on disk, in order.
    pub(crate) fn files(&self) -> impl Iterator<Item = (&str, Option<&Content>)> {
        self.files.iter().map(|(file, content)| (file.as_str(), content.as_ref()))
    }

    pub(crate) fn has(&self, file: &str) -> bool {
        self.files.contains_key(file)
    }

    /// The content of a file in this version; `None` when there is no such file. `root`: of the tree.
    pub(crate) fn read(&self, root: &Path, file: &str) -> Option<Vec<u8>> {
        match self.files.get(file) {
            Some(content) => content.as_ref().map(|content| content.to_vec()),
            None => std::fs::read(root.join(file)).ok(),
        }
    }

    pub(crate) fn is_file(&self, root: &Path, file: &str) -> bool {
        self.files.get(file).map_or_else(|| root.join(file).is_file(), Option::is_some)
    }

    /// Files that one of the versions has otherwise than the other, whatever is on disk.
    pub(crate) fn changed(&self, other: &Version) -> BTreeSet<String> {
        let all: BTreeSet<&String> = self.files.keys().chain(other.files.keys()).collect();
        all.into_iter().filter(|file| self.files.get(*file) != other.files.get(*file)).cloned().collect()
    }

    /// The content that this version has in place of what is on disk.
    pub(crate) fn own(&self, file: &str) -> Option<&Option<Content>> {
        self.files.get(file)
    }

    pub(crate) fn has_headers(&self) -> bool {
        self.files.keys().any(|file| file.ends_with(".h"))
    }

    /// Does it change what the makefiles say?
    pub(crate) fn has_makefiles(&self) -> bool {
        self.files.keys().any(|file| is_makefile(file))
    }

    pub(crate) fn has_same_makefiles(&self, other: &Version) -> bool {
        let makefiles = |version: &Version| -> Vec<(String, Option<Content>)> {
            let files = version.files.iter().filter(|(file, _)| is_makefile(file));
            files.map(|(file, content)| (file.clone(), content.clone())).collect()
        };
        makefiles(self) == makefiles(other)
    }

    /// Are the same sources in both, and part of the same others? Finding out which takes a look at the whole tree.
    pub(crate) fn has_same_parts(&self, other: &Version) -> bool {
        let of = |content: &Option<Content>| -> Vec<String> {
            let targets = content.as_deref().map(crate::text::includes).unwrap_or_default();
            targets.into_iter().filter(|target| target.ends_with(".c")).collect()
        };
        let is_alike = |file: &String| match (self.files.get(file), other.files.get(file)) {
            (Some(one), Some(another)) => of(one) == of(another),
            (one, another) => !file.ends_with(".c") && one.or(another).is_none_or(|content| of(content).is_empty()),
        };
        self.changed(other).iter().all(is_alike)
    }

    /// Hashes of the files that differ.
    pub(crate) fn hashes(&self) -> BTreeMap<String, Option<Hash>> {
        self.files.iter().map(|(file, content)| (file.clone(), content.as_ref().map(|content| Hash::of(content)))).collect()
    }
}

/// Is this a file that Kbuild evaluates?
pub(crate) fn is_makefile(file: &str) -> bool {
    let name = file.rsplit('/').next().unwrap_or(file);
    matches!(name, "Makefile" | "Kbuild") || name.starts_with("Makefile.") || name.ends_with(".mk")
}

//! Content hashes of input files, read once per run at most and remembered between runs by stamp.

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use serde::{Deserialize, Serialize};

use crate::stamp::Stamp;
use crate::version::Version;

/// BLAKE3 of a file's bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub(crate) struct Hash([u8; 32]);

impl Hash {
    pub(crate) fn of(bytes: &[u8]) -> Hash {
        Hash(*blake3::hash(bytes).as_bytes())
    }

    /// Of several texts, told apart by their lengths.
    pub(crate) fn of_all<'a>(parts: impl IntoIterator<Item = &'a [u8]>) -> Hash {
        let mut hasher = blake3::Hasher::new();
        for part in parts {
            hasher.update(&(part.len() as u64).to_le_bytes());
            hasher.update(part);
        }
        Hash(*hasher.finalize().as_bytes())
    }

    pub(crate) fn bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// 32 hex digits, for names of files.
    pub(crate) fn name(&self) -> String {
        self.0[..16].iter().map(|byte| format!("{byte:02x}")).collect()
    }
}

/// What the files contain in one version of the tree. Paths are relative to the kernel tree, or absolute.
#[derive(Clone)]
pub(crate) struct Contents {
    disk: Arc<Disk>,
    overlay: BTreeMap<String, Option<Hash>>,
}

/// What the files on disk contain now.
struct Disk {
    root: PathBuf,
    /// Asked for in this run.
    now: Mutex<HashMap<String, Option<Known>>>,
    /// From earlier runs.
    stored: BTreeMap<String, Known>,
}

#[derive(Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
struct Known {
    stamp: Stamp,
    hash: Hash,
    /// The stamp was old enough to be believed in the next run.
    settled: bool,
}

impl Contents {
    /// Of what is on disk. `stored`: from [`Contents::stored`] of an earlier run, or empty.
    pub(crate) fn new(root: &Path, stored: &[u8]) -> Contents {
        let stored = postcard::from_bytes(stored).unwrap_or_default();
        let disk = Disk { root: root.to_path_buf(), now: Mutex::default(), stored };
        Contents { disk: Arc::new(disk), overlay: BTreeMap::new() }
    }

    /// The same files in another version.
    pub(crate) fn of_version(&self, version: &Version) -> Contents {
        Contents { disk: self.disk.clone(), overlay: version.hashes() }
    }

    /// The content's hash; `None` when the file cannot be read.
    pub(crate) fn hash(&self, path: &str) -> Option<Hash> {
        self.overlay.get(path).copied().unwrap_or_else(|| self.disk.hash(path))
    }

    /// What was found on disk, if anybody asked before; `Some(None)`: no such file.
    pub(crate) fn seen(&self, path: &str) -> Option<Option<Hash>> {
        self.disk.lock().get(path).map(|known| known.map(|known| known.hash))
    }

    /// Of the file on disk.
    pub(crate) fn stamp(&self, path: &str) -> Option<Stamp> {
        self.disk.hash(path)?;
        self.disk.lock().get(path).copied().flatten().map(|known| known.stamp)
    }

    /// Everything known of the disk, to be kept for the next run; `None` when there is nothing new to keep.
    pub(crate) fn stored(&self) -> Option<Vec<u8>> {
        self.disk.stored()
    }
}

impl Disk {
    fn hash(&self, path: &str) -> Option<Hash> {
        if let Some(known) = self.lock().get(path) {
            return known.map(|known| known.hash);
        }
        let known = self.look(path);
        self.lock().insert(path.to_owned(), known);
        known.map(|known| known.hash)
    }

    fn stored(&self) -> Option<Vec<u8>> {
        let mut all = self.stored.clone();
        let mut changed = false;
        for (path, known) in self.lock().iter().map(|(path, known)| (path.clone(), *known)).collect::<BTreeMap<_, _>>() {
            match known.filter(|known| known.settled) {
                Some(known) => changed |= all.insert(path, known) != Some(known),
                None => changed |= all.remove(&path).is_some(),
            }
        }
        changed.then(|| postcard::to_stdvec(&all).unwrap_or_default())
    }

    fn look(&self, path: &str) -> Option<Known> {
        let full = self.root.join(path);
        let stamp = Stamp::of(&full)?;
        if let Some(known) = self.stored.get(path).filter(|known| known.stamp == stamp) {
            return Some(*known);
        }
        let hash = Hash::of(&std::fs::read(&full).ok()?);
        Some(Known { stamp, hash, settled: stamp.is_settled() })
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<String, Option<Known>>> {
        self.now.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_changed_file_is_hashed_again_and_fresh_stamps_are_not_kept() {
        let directory = crate::tests::directory("contents");
        std::fs::write(directory.join("a.c"), "one").unwrap();
        let contents = Contents::new(&directory, &[]);
        assert_eq!(contents.hash("a.c"), Some(Hash::of(b"one")));
        assert_eq!(contents.stored(), None, "just written: its stamp proves nothing");
        std::fs::write(directory.join("a.c"), "two").unwrap();
        assert_eq!(Contents::new(&directory, &[]).hash("a.c"), Some(Hash::of(b"two")));
        assert_eq!(contents.hash("b.c"), None);
    }

    #[test]
    fn garbage_is_no_memory() {
        let directory = crate::tests::directory("contents-garbage");
        std::fs::write(directory.join("a.c"), "one").unwrap();
        assert_eq!(Contents::new(&directory, b"\xff\xff\xff\xff\xff\xff").hash("a.c"), Some(Hash::of(b"one")));
    }

    #[test]
    fn hashes_of_several_texts_depend_on_where_they_are_split() {
        assert_ne!(Hash::of_all([&b"ab"[..], b"c"]), Hash::of_all([&b"a"[..], b"bc"]));
    }
}

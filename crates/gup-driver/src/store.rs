//! Files that make the next run faster: written whole, checked when read, never trusted.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, SystemTime};

use crate::contents::Hash;

/// A directory of results. All failures are quiet except the first, which becomes one warning.
pub(crate) struct Store {
    directory: Option<PathBuf>,
    warning: Mutex<Option<String>>,
    serial: AtomicU32,
}

/// What an entry holds; also the name of its directory.
#[derive(Clone, Copy)]
pub(crate) enum Kind {
    Units,
    Pch,
    Recipe,
    Index,
    Contents,
    Analyses,
    Memo,
    /// What the last audit of a whole tree asked about.
    Asked,
}

/// Bump when the form of any entry changes.
const VERSION: &str = "v3";
const MAGIC: &[u8; 8] = b"gupcach1";
/// Entries that no run asked for in this time are removed.
const KEEP: Duration = Duration::from_secs(30 * 24 * 3600);

impl Store {
    /// `None`: nothing is kept, and nothing found.
    pub(crate) fn new(directory: Option<PathBuf>) -> Store {
        let store =
            Store { directory: directory.map(|path| path.join(VERSION)), warning: Mutex::default(), serial: AtomicU32::new(0) };
        if let Some(directory) = &store.directory {
            let created = std::fs::create_dir_all(directory);
            if let Err(error) = created {
                store.warn(format!("cannot use the cache {}: {error}", directory.display()));
            }
            // Tells backup programs what this is (bford.info/cachedir).
            let tag = directory.parent().map(|parent| parent.join("CACHEDIR.TAG"));
            if let Some(tag) = tag.filter(|tag| !tag.exists()) {
                let _ = std::fs::write(tag, "Signature: 8a477f597d28d172789f06886806bc55\n");
            }
        }
        store
    }

    /// An entry's content; `None` when it is missing, torn or not ours.
    pub(crate) fn read(&self, kind: Kind, name: &str) -> Option<Vec<u8>> {
        let path = self.path(kind, name)?;
        let mut bytes = std::fs::read(&path).ok()?;
        let header = MAGIC.len() + 32;
        let sound = bytes.len() >= header
            && bytes.starts_with(MAGIC)
            && Hash::of(&bytes[header..]).bytes()[..] == bytes[MAGIC.len()..header];
        if !sound {
            self.warn(format!("{} is damaged and was made again", path.display()));
            return None;
        }
        self.touch(&path);
        bytes.drain(..header);
        Some(bytes)
    }

    /// Replaces an entry. Readers see the old one or the new one.
    pub(crate) fn write(&self, kind: Kind, name: &str, content: &[u8]) {
        let Some(path) = self.path(kind, name) else { return };
        let temporary = self.temporary(&path);
        let write = || -> std::io::Result<()> {
            if let Some(parent) = path.parent() {
                std::fs::create_dir_all(parent)?;
            }
            let mut file = std::fs::File::create(&temporary)?;
            file.write_all(MAGIC)?;
            file.write_all(Hash::of(content).bytes())?;
            file.write_all(content)?;
            drop(file);
            std::fs::rename(&temporary, &path)
        };
        if let Err(error) = write() {
            let _ = std::fs::remove_file(&temporary);
            self.warn(format!("cannot write {}: {error}", path.display()));
        }
    }

    /// Says once that an entry was of no use although its checksum was right.
    pub(crate) fn reject(&self, kind: Kind, name: &str) {
        if let Some(path) = self.path(kind, name) {
            self.warn(format!("{} is damaged and was made again", path.display()));
        }
    }

    /// Where a file that others write and read (libclang's PCH) belongs, without header or checksum.
    pub(crate) fn path(&self, kind: Kind, name: &str) -> Option<PathBuf> {
        let (directory, suffix) = match kind {
            Kind::Units => ("units", "unit"),
            Kind::Pch => ("pch", "pch"),
            Kind::Recipe => ("pch", "recipe"),
            Kind::Index => ("index", "index"),
            Kind::Contents => ("contents", "contents"),
            Kind::Analyses => ("analyses", "analysis"),
            Kind::Memo => ("analyses", "memo"),
            Kind::Asked => ("index", "asked"),
        };
        Some(self.directory.as_ref()?.join(directory).join(format!("{name}.{suffix}")))
    }

    /// A name beside `path` that no other process or thread uses.
    pub(crate) fn temporary(&self, path: &Path) -> PathBuf {
        let serial = self.serial.fetch_add(1, Ordering::Relaxed);
        path.with_extension(format!("{}-{serial}.tmp", std::process::id()))
    }

    /// Removes what was not used for long, also by earlier versions, and what killed runs left behind.
    pub(crate) fn clean(&self) {
        let Some(versions) = self.directory.as_ref().and_then(|directory| directory.parent()) else { return };
        let age = |path: &Path| {
            std::fs::metadata(path)
                .and_then(|data| data.modified())
                .ok()
                .and_then(|time| SystemTime::now().duration_since(time).ok())
        };
        let entries = |path: &Path| std::fs::read_dir(path).into_iter().flatten().flatten().map(|entry| entry.path());
        for path in versions_in(versions).iter().flat_map(|version| entries(version)).flat_map(|kind| entries(&kind)) {
            let temporary = path.extension().is_some_and(|extension| extension == "tmp");
            let keep = if temporary { Duration::from_secs(3600) } else { KEEP };
            if age(&path).is_some_and(|age| age > keep) {
                let _ = std::fs::remove_file(&path);
            }
        }
    }

    /// Can anything be kept?
    pub(crate) fn probe(&self) -> std::io::Result<()> {
        let Some(directory) = &self.directory else { return Ok(()) };
        std::fs::create_dir_all(directory)?;
        let path = self.temporary(&directory.join("probe"));
        std::fs::write(&path, "")?;
        std::fs::remove_file(&path)
    }

    /// The one warning of this run.
    pub(crate) fn warning(&self) -> Option<String> {
        self.warning.lock().unwrap_or_else(std::sync::PoisonError::into_inner).clone()
    }

    fn warn(&self, message: String) {
        self.warning.lock().unwrap_or_else(std::sync::PoisonError::into_inner).get_or_insert(message);
    }

    /// Notes that the entry is in use, once a day.
    fn touch(&self, path: &Path) {
        const DAY: Duration = Duration::from_secs(24 * 3600);
        let old = |file: &std::fs::File| {
            file.metadata().and_then(|data| data.modified()).is_ok_and(|time| time.elapsed().is_ok_and(|age| age > DAY))
        };
        if let Ok(file) = std::fs::File::open(path)
            && old(&file)
        {
            let _ = file.set_modified(SystemTime::now());
        }
    }
}

/// `v1`, `v2`, …: the cache's directory may also hold what others keep there.
fn versions_in(directory: &Path) -> Vec<PathBuf> {
    let is_version = |path: &PathBuf| {
        let name = path.file_name().and_then(|name| name.to_str()).and_then(|name| name.strip_prefix('v'));
        name.is_some_and(|number| !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit()))
    };
    std::fs::read_dir(directory).into_iter().flatten().flatten().map(|entry| entry.path()).filter(is_version).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_written_is_read_until_a_byte_changes() {
        let directory = crate::tests::directory("store");
        let store = Store::new(Some(directory));
        store.write(Kind::Units, "one", b"content");
        assert_eq!(store.read(Kind::Units, "one").as_deref(), Some(&b"content"[..]));
        assert_eq!(store.warning(), None);
        let path = store.path(Kind::Units, "one").unwrap();
        let whole = std::fs::read(&path).unwrap();
        for length in [0, 7, 20, whole.len() - 1] {
            std::fs::write(&path, &whole[..length]).unwrap();
            assert_eq!(store.read(Kind::Units, "one"), None, "torn after {length} bytes");
        }
        let mut hostile = whole.clone();
        *hostile.last_mut().unwrap() ^= 1;
        std::fs::write(&path, hostile).unwrap();
        assert_eq!(store.read(Kind::Units, "one"), None);
        assert!(store.warning().is_some_and(|text| text.contains("damaged")));
    }

    #[test]
    fn without_a_directory_nothing_is_kept() {
        let store = Store::new(None);
        store.write(Kind::Units, "one", b"content");
        assert_eq!(store.read(Kind::Units, "one"), None);
        assert_eq!(store.warning(), None);
    }

    #[test]
    fn a_cache_that_cannot_be_written_is_one_warning() {
        let directory = crate::tests::directory("store-blocked");
        std::fs::write(directory.join("file"), "").unwrap();
        let store = Store::new(Some(directory.join("file")));
        store.write(Kind::Units, "one", b"content");
        assert!(store.warning().is_some_and(|text| text.contains("cannot use the cache")));
    }
}

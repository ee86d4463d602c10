//! Where the set-up keeps what it made, and how it knows that a thing is whole.
//!
//! ```text
//! <cache>/kernels/linux-6.12/source        the extracted kernel package
//!                            source.stamp  "linux-source-6.12 6.12.117-1~deb12u1"; written last
//!                            build         the prepared O= directory
//!                            build.stamp   the source stamp and the recipe; written last
//! <cache>/debs/                            tools of people without root, from Debian packages
//! <cache>/libclang/                        libclang of people without root, from PyPI
//! <cache>/log/                             output of every step
//! ```

use std::fs::{self, File};
use std::path::{Path, PathBuf};

use crate::run::{Failure, Outcome};

/// The folder that is ours.
#[derive(Debug, Clone)]
pub(crate) struct Cache {
    root: PathBuf,
}

impl Cache {
    /// `$GUPCHECK_CACHE_DIR`, else `$XDG_CACHE_HOME/gupcheck`, else `~/.cache/gupcheck`.
    pub(crate) fn locate() -> Outcome<Cache> {
        let var = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
        let root = var("GUPCHECK_CACHE_DIR")
            .or_else(|| Some(var("XDG_CACHE_HOME")?.join("gupcheck")))
            .or_else(|| Some(var("HOME")?.join(".cache/gupcheck")))
            .ok_or_else(|| Failure::new("there is no HOME to keep a cache in; set GUPCHECK_CACHE_DIR".to_owned()))?;
        let root = std::path::absolute(&root).map_err(|e| Failure::io("resolve", &root, &e))?;
        Ok(Cache { root })
    }

    #[cfg(test)]
    pub(crate) fn at(root: PathBuf) -> Cache {
        Cache { root }
    }

    pub(crate) fn kernel(&self, version: &str) -> PathBuf {
        self.root.join("kernels").join(format!("linux-{version}"))
    }

    pub(crate) fn debs(&self) -> PathBuf {
        self.root.join("debs")
    }

    pub(crate) fn libclang(&self) -> PathBuf {
        self.root.join("libclang")
    }

    pub(crate) fn consumers(&self) -> PathBuf {
        self.root.join("consumers")
    }

    pub(crate) fn node_modules(&self) -> PathBuf {
        self.root.join("consumers-npm")
    }

    pub(crate) fn log(&self, step: &str) -> PathBuf {
        self.root.join("log").join(format!("{step}.log"))
    }

    /// Keeps a second set-up waiting until this one is done. Held until the returned file is dropped; the kernel drops it
    /// with the process, so that no crash leaves a lock behind.
    pub(crate) fn lock(&self) -> Outcome<File> {
        fs::create_dir_all(&self.root).map_err(|e| Failure::io("create", &self.root, &e))?;
        let path = self.root.join("setup.lock");
        let file = File::create(&path).map_err(|e| Failure::io("write", &path, &e))?;
        file.lock().map_err(|e| Failure::io("lock", &path, &e))?;
        Ok(file)
    }
}

/// A folder that counts only with the right stamp beside it.
pub(crate) struct Stamped {
    pub(crate) folder: PathBuf,
}

impl Stamped {
    fn stamp(&self) -> PathBuf {
        let mut name = self.folder.clone().into_os_string();
        name.push(".stamp");
        PathBuf::from(name)
    }

    /// What the folder was made from, if it was made to the end and is still there.
    pub(crate) fn made_from(&self) -> Option<String> {
        let text = fs::read_to_string(self.stamp()).ok()?;
        (self.folder.is_dir() && text.ends_with('\n')).then(|| text.trim_end().to_owned())
    }

    /// Removes the folder, whole or torn. The stamp goes first: whatever happens afterwards, what is left does not count.
    pub(crate) fn clear(&self) -> Outcome<()> {
        for path in [self.stamp(), self.folder.clone()] {
            let gone = if path.is_dir() { fs::remove_dir_all(&path) } else { fs::remove_file(&path) };
            match gone {
                Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(Failure::io("remove", &path, &error)),
                _ => {}
            }
        }
        Ok(())
    }

    /// Declares the folder whole.
    pub(crate) fn finish(&self, made_from: &str) -> Outcome<()> {
        write_whole(&self.stamp(), format!("{made_from}\n").as_bytes())
    }
}

/// Writes a file so that readers see all of it or none.
pub(crate) fn write_whole(path: &Path, bytes: &[u8]) -> Outcome<()> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).map_err(|e| Failure::io("create", folder, &e))?;
    }
    let mut partial = path.to_path_buf().into_os_string();
    partial.push(".partial");
    fs::write(&partial, bytes).map_err(|e| Failure::io("write", path, &e))?;
    fs::rename(&partial, path).map_err(|e| Failure::io("write", path, &e))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scratch(name: &str) -> PathBuf {
        let folder = std::env::temp_dir().join(format!("xtask-{name}-{}", std::process::id()));
        fs::remove_dir_all(&folder).ok();
        fs::create_dir_all(&folder).unwrap();
        folder
    }

    #[test]
    fn a_folder_without_its_stamp_does_not_count() {
        let root = scratch("stamp");
        let tree = Stamped { folder: root.join("source") };
        assert_eq!(tree.made_from(), None);
        fs::create_dir(&tree.folder).unwrap();
        assert_eq!(tree.made_from(), None);
        tree.finish("linux-source-6.12 1").unwrap();
        assert_eq!(tree.made_from().as_deref(), Some("linux-source-6.12 1"));
        fs::remove_dir(&tree.folder).unwrap();
        assert_eq!(tree.made_from(), None, "a stamp alone is no tree");
        fs::remove_dir_all(root).unwrap();
    }

    #[test]
    fn a_torn_stamp_does_not_count() {
        let root = scratch("torn");
        let tree = Stamped { folder: root.join("source") };
        fs::create_dir(&tree.folder).unwrap();
        fs::write(tree.stamp(), "linux-source-6.12 6.12.1").unwrap();
        assert_eq!(tree.made_from(), None);
        fs::remove_dir_all(root).unwrap();
    }

    #[test]
    fn clearing_takes_folder_and_stamp_and_may_be_repeated() {
        let root = scratch("clear");
        let tree = Stamped { folder: root.join("build") };
        fs::create_dir_all(tree.folder.join("deep")).unwrap();
        tree.finish("x").unwrap();
        tree.clear().unwrap();
        assert!(!tree.folder.exists() && !tree.stamp().exists());
        tree.clear().unwrap();
        fs::remove_dir_all(root).unwrap();
    }
}

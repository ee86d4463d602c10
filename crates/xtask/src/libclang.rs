//! libclang: an existing one, else Debian's package, else (for people without root) PyPI's wheel in the cache.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::apt::{self, Unpacked};
use crate::cache::Cache;
use crate::run::{Failure, Outcome, Step, extend, on_path, output_of};

/// Debian 12 has 13 to 16 and, as libclang1-19, one that is new enough.
const PACKAGE: &str = "libclang1-19";
/// The newest libclang that PyPI has, by the project that packages it; carries its LLVM inside.
const WHEEL: &str = "libclang==18.1.1";

/// Where gupcheck shall look; nothing, when it finds one by itself.
#[derive(Debug, Default)]
pub(crate) struct LibClang {
    folder: Option<PathBuf>,
    /// Folders of libraries that libclang itself needs, where packages were unpacked and not installed.
    libraries: Vec<PathBuf>,
}

impl LibClang {
    /// Finds one that the front end can use, or brings one.
    pub(crate) fn ensure(cache: &Cache) -> Outcome<LibClang> {
        if let Some(found) = LibClang::existing(cache) {
            return Ok(found);
        }
        if std::env::var_os("LIBCLANG_PATH").is_some_and(|path| !path.is_empty()) {
            // Whoever names one wants that one, and is told what is wrong with it.
            return match gup_clang::load() {
                Ok(_) => Ok(LibClang::default()),
                Err(error) => Err(Failure::new(error.to_string())),
            };
        }
        if apt::is_root() && on_path("apt-get") {
            apt::install(cache, &[PACKAGE])?;
        } else if output_of(Command::new("python3").args(["-m", "pip", "--version"])).is_some() {
            wheel(cache)?;
        } else {
            Unpacked::new(cache).fetch(cache, &[PACKAGE])?;
        }
        LibClang::existing(cache).ok_or_else(|| match gup_clang::load() {
            Err(error) => Failure::new(error.to_string()),
            Ok(_) => Failure::new(format!(
                "libclang was installed and is not found; run `apt-get install {PACKAGE}` by hand to see why"
            )),
        })
    }

    fn existing(cache: &Cache) -> Option<LibClang> {
        if gup_clang::load().is_ok() {
            return Some(LibClang::default());
        }
        let folder = wheel_folder(&cache.libclang());
        if folder.is_dir() && gup_clang::load_from(std::slice::from_ref(&folder)).is_ok() {
            return Some(LibClang { folder: Some(folder), libraries: Vec::new() });
        }
        // Not to be tried in this process: its own libraries are found only where LD_LIBRARY_PATH is set before it starts.
        let unpacked = Unpacked::new(cache);
        let folder = unpacked.root().join("usr/lib/llvm-19/lib");
        let there = folder.join("libclang-19.so.1").exists() && std::env::var_os("LIBCLANG_PATH").is_none();
        there.then(|| LibClang { folder: Some(folder), libraries: unpacked.libraries().to_vec() })
    }

    /// Sees to it that the command finds this libclang.
    pub(crate) fn tell(&self, command: &mut Command) {
        if let Some(folder) = &self.folder {
            command.env("LIBCLANG_PATH", folder);
        }
        if !self.libraries.is_empty() {
            extend(command, "LD_LIBRARY_PATH", &self.libraries);
        }
    }

    /// How to run gupcheck by hand with it: assignments to put before the command, empty when none are needed.
    pub(crate) fn by_hand(&self) -> String {
        let folder = self.folder.iter().map(|folder| format!("LIBCLANG_PATH={} ", folder.display()));
        let libraries: Vec<String> = self.libraries.iter().map(|folder| folder.display().to_string()).collect();
        let libraries = if libraries.is_empty() { String::new() } else { format!("LD_LIBRARY_PATH={} ", libraries.join(":")) };
        folder.chain([libraries]).collect()
    }
}

fn wheel_folder(target: &Path) -> PathBuf {
    target.join("clang/native")
}

/// Installs the wheel beside its place and moves it there whole.
fn wheel(cache: &Cache) -> Outcome<()> {
    let target = cache.libclang();
    let partial = target.with_extension("partial");
    for old in [&partial, &target] {
        if old.exists() {
            fs::remove_dir_all(old).map_err(|e| Failure::io("remove", old, &e))?;
        }
    }
    let what = format!("installing the PyPI wheel {WHEEL} into the cache");
    let remedy = format!("check the network, or have someone with root run `apt-get install {PACKAGE}`");
    let step = Step { what: &what, remedy: &remedy, log: cache.log("pip-libclang") };
    let mut pip = Command::new("python3");
    pip.args(["-m", "pip", "install", "--no-deps", "--only-binary", ":all:", "--target"]).arg(&partial).arg(WHEEL);
    step.run(&mut pip)?;
    fs::rename(&partial, &target).map_err(|e| Failure::io("move", &partial, &e))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_needs_no_telling_changes_no_environment() {
        let mut command = Command::new("true");
        LibClang::default().tell(&mut command);
        assert_eq!(command.get_envs().count(), 0);
        assert_eq!(LibClang::default().by_hand(), "");
    }

    #[test]
    fn a_wheel_is_named_by_its_folder() {
        let ours = LibClang { folder: Some(wheel_folder(Path::new("/cache/libclang"))), libraries: Vec::new() };
        let mut command = Command::new("true");
        ours.tell(&mut command);
        let named = command
            .get_envs()
            .any(|(name, value)| name == "LIBCLANG_PATH" && value.is_some_and(|v| v == "/cache/libclang/clang/native"));
        assert!(named, "{command:?}");
        assert_eq!(ours.by_hand(), "LIBCLANG_PATH=/cache/libclang/clang/native ");
    }
}

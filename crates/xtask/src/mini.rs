//! The kernel of the fixtures as a tree that can be audited: for people who can bring no real one.
//!
//! `testdata/include` has the headers, `testdata/rules` the drivers, `testdata/frame` what makes a prepared tree of them.

use std::fs;
use std::path::{Path, PathBuf};

use crate::cache::{Cache, Stamped, write_whole};
use crate::run::{Failure, Outcome};

/// Writes the tree into the cache, anew every time: it is small, and fixtures change.
pub(crate) fn ensure(cache: &Cache, testdata: &Path) -> Outcome<PathBuf> {
    let tree = Stamped { folder: cache.kernel("mini").join("source") };
    tree.clear()?;
    copy(&testdata.join("frame"), &tree.folder)?;
    copy(&testdata.join("include"), &tree.folder.join("include"))?;
    let drivers = copy(&testdata.join("rules"), &tree.folder.join("drivers"))?;
    let lines: String = drivers.iter().filter_map(|path| Some(format!("obj-y += {}.o\n", path.strip_suffix(".c")?))).collect();
    write_whole(&tree.folder.join("drivers/Makefile"), lines.as_bytes())?;
    tree.finish("testdata")?;
    Ok(tree.folder)
}

/// Copies a folder with all that is in it; returns the paths of the files relative to it.
fn copy(from: &Path, to: &Path) -> Outcome<Vec<String>> {
    let mut files = Vec::new();
    let mut folders = vec![PathBuf::new()];
    while let Some(folder) = folders.pop() {
        let here = from.join(&folder);
        for entry in fs::read_dir(&here).map_err(|e| Failure::io("read", &here, &e))?.filter_map(Result::ok) {
            let relative = folder.join(entry.file_name());
            if entry.path().is_dir() {
                folders.push(relative);
                continue;
            }
            let bytes = fs::read(entry.path()).map_err(|e| Failure::io("read", &entry.path(), &e))?;
            write_whole(&to.join(&relative), &bytes)?;
            files.push(relative.to_string_lossy().into_owned());
        }
    }
    files.sort();
    Ok(files)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workspace;

    #[test]
    fn every_fixture_is_built_in() {
        let cache = Cache::at(std::env::temp_dir().join(format!("xtask-mini-{}", std::process::id())));
        let tree = ensure(&cache, &workspace::root().join("testdata")).unwrap();
        assert!(tree.join("include/linux/mm.h").is_file() && tree.join("kernel/.bounds.s.cmd").is_file());
        let makefile = fs::read_to_string(tree.join("drivers/Makefile")).unwrap();
        for line in makefile.lines() {
            let object = line.strip_prefix("obj-y += ").unwrap();
            assert!(tree.join("drivers").join(object.replace(".o", ".c")).is_file(), "{object}");
        }
        assert!(makefile.contains("obj-y += leak/error-paths.o\n"), "{makefile}");
        fs::remove_dir_all(cache.debs().parent().unwrap()).unwrap();
    }
}

//! Headers that an `#include` could find in place of the one that it found.
//!
//! What a unit read says nothing about files that were not there. When `arch/x86/include/linux/foo.h` appears, a unit that
//! read `include/linux/foo.h` may now read another file, though all its inputs are as they were. So each entry of the cache
//! also has the rivals of its inputs, as they were then; a rival that came or went makes the unit be read again.

use std::collections::{HashMap, HashSet};
use std::path::Path;

use crate::command::Command;
use crate::contents::Hash;
use crate::kbuild::normalize;
use crate::tree::Tree;

/// All headers that a unit of this tree can include.
#[derive(Default)]
pub(crate) struct Rivals {
    /// Paths as inputs name them (relative to the tree, or absolute), by their last component.
    by_name: HashMap<String, Vec<String>>,
    root: String,
}

impl Rivals {
    /// `sources`: the headers of the tree, relative to it. Those of the build directory are looked up here.
    pub(crate) fn new<'p>(tree: &Tree, sources: impl Iterator<Item = &'p str>) -> Rivals {
        let mut rivals = Rivals { by_name: HashMap::new(), root: tree.root.to_string_lossy().into_owned() };
        let generated = if tree.is_out_of_tree() { generated(tree) } else { Vec::new() };
        for path in sources.map(str::to_owned).chain(generated) {
            let name = path.rsplit('/').next().unwrap_or(&path).to_owned();
            rivals.by_name.entry(name).or_default().push(path);
        }
        rivals.by_name.values_mut().for_each(|paths| paths.sort_unstable());
        rivals
    }

    /// Of the rivals of all `inputs` of a unit that is compiled with `command`: equal while none comes or goes.
    pub(crate) fn of<'p>(&self, command: &Command, inputs: impl Iterator<Item = &'p str> + Clone) -> Hash {
        let directories = self.directories(command, inputs.clone());
        let mut found: Vec<&str> = Vec::new();
        for input in inputs {
            let name = input.rsplit('/').next().unwrap_or(input);
            let namesakes = self.by_name.get(name).into_iter().flatten().filter(|path| *path != input);
            found.extend(namesakes.filter(|path| is_rival(path, input, &directories)).map(String::as_str));
        }
        found.sort_unstable();
        found.dedup();
        Hash::of_all(found.iter().map(|path| path.as_bytes()))
    }

    /// Where headers are looked for: `-I` and beside what includes them; and above those, for `#include "../x.h"`.
    fn directories(&self, command: &Command, inputs: impl Iterator<Item = impl AsRef<str>>) -> HashSet<String> {
        let mut all = HashSet::new();
        let mut add = |directory: &str| {
            let mut rest = directory;
            while !all.contains(rest) {
                all.insert(rest.to_owned());
                let Some((above, _)) = rest.rsplit_once('/') else { break };
                rest = above;
            }
            all.insert(String::new());
        };
        for directory in command.searched_directories() {
            let path = normalize(&command.directory.join(directory)).to_string_lossy().into_owned();
            add(path.strip_prefix(&self.root).map_or(path.as_str(), |below| below.trim_start_matches('/')));
        }
        for input in inputs {
            add(input.as_ref().rsplit_once('/').map_or("", |(directory, _)| directory));
        }
        all
    }
}

/// Would the words that found `input` find `path` from another directory? Then both end in these words.
fn is_rival(path: &str, input: &str, directories: &HashSet<String>) -> bool {
    let (mut path, mut input) = (path, input);
    loop {
        let (path_above, path_last) = path.rsplit_once('/').unwrap_or(("", path));
        let (input_above, input_last) = input.rsplit_once('/').unwrap_or(("", input));
        if path_last != input_last {
            return false;
        }
        if directories.contains(path_above) {
            return true;
        }
        if path_above.is_empty() || input_above.is_empty() {
            return false;
        }
        (path, input) = (path_above, input_above);
    }
}

/// Headers below the build directory's include directories, absolute. `include/config` has 15 000 files and no header.
fn generated(tree: &Tree) -> Vec<String> {
    let mut out = Vec::new();
    let mut pending = vec![tree.build.join("include"), tree.build.join("arch").join(&tree.arch).join("include")];
    let skipped = tree.build.join("include/config");
    while let Some(directory) = pending.pop() {
        for entry in std::fs::read_dir(&directory).into_iter().flatten().flatten() {
            let (path, kind) = (entry.path(), entry.file_type());
            if kind.as_ref().is_ok_and(std::fs::FileType::is_dir) && path != skipped {
                pending.push(path);
            } else if kind.is_ok_and(|kind| !kind.is_dir()) && path.extension() == Some(Path::new("h").as_os_str()) {
                out.push(path.to_string_lossy().into_owned());
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tree::tests::prepared;

    #[test]
    fn a_header_that_an_include_could_find_instead_is_noticed_and_no_other() {
        let root = prepared("rivals", "CONFIG_YES=y\n");
        let tree = Tree::open(&root, Some(&root.join("source")), Some(&root.join("build")), None).unwrap();
        let command = Command { args: vec![format!("-I{}/include", tree.root.display())], directory: tree.build.clone() };
        let inputs = ["drivers/a/a.c", "include/linux/foo.h", "drivers/a/sub/own.h"];
        let of = |headers: &[&str]| {
            let all = inputs.iter().chain(headers).copied().filter(|path| path.ends_with(".h"));
            Rivals::new(&tree, all).of(&command, inputs.iter().copied())
        };
        let before = of(&[]);
        for same in ["drivers/b/foo.h", "include/linux/bar.h", "drivers/b/linux/foo.h"] {
            assert_eq!(of(&[same]), before, "{same}");
        }
        for rival in ["include/foo.h", "drivers/a/linux/foo.h", "drivers/a/own.h", "drivers/a/foo.h", "include/sub/own.h"] {
            assert_ne!(of(&[rival]), before, "{rival}");
        }
        std::fs::create_dir_all(root.join("build/include/linux")).unwrap();
        std::fs::write(root.join("build/include/linux/foo.h"), "").unwrap();
        assert_eq!(of(&[]), before, "the build directory's include/ is not searched here");
        let both = Command { args: [command.args.clone(), vec!["-I./include".to_owned()]].concat(), ..command.clone() };
        let headers = || inputs.iter().copied().filter(|path| path.ends_with(".h"));
        assert_ne!(Rivals::new(&tree, headers()).of(&both, inputs.iter().copied()), before, "a generated one");
    }
}

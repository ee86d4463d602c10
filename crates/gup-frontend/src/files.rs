//! Names of files: as the compiler says them, absolute, and as reports say them.

use std::collections::HashMap;
use std::path::{Component, Path, PathBuf};

use gup_clang::{Cursor, FileKey};
use gup_ir::{FileId, Pos};

/// The files of one unit.
pub(crate) struct Files<'a> {
    root: &'a Path,
    directory: &'a Path,
    known: HashMap<FileKey, FileFacts>,
    ids: HashMap<String, FileId>,
    /// Report names; entry 0 is the main file.
    pub(crate) names: Vec<String>,
}

#[derive(Clone)]
pub(crate) struct FileFacts {
    pub(crate) name: String,
    pub(crate) is_main: bool,
    pub(crate) is_header: bool,
    id: Option<FileId>,
}

impl<'a> Files<'a> {
    /// `root` is the source tree, `directory` where the compiler runs, `main` the main file relative to `root`.
    pub(crate) fn new(root: &'a Path, directory: &'a Path, main: &str) -> Files<'a> {
        Files {
            root,
            directory,
            known: HashMap::new(),
            ids: HashMap::from([(main.to_owned(), FileId(0))]),
            names: vec![main.to_owned()],
        }
    }

    /// The same, with the numbers that another unit of the same main file gave.
    pub(crate) fn with_names(self, names: &[String]) -> Files<'a> {
        let ids = names.iter().enumerate().map(|(number, name)| (name.clone(), FileId(number as u32))).collect();
        Files { ids, names: names.to_vec(), ..self }
    }

    /// The main file, as the compiler was given it.
    pub(crate) fn main(&self) -> PathBuf {
        self.root.join(&self.names[0])
    }

    /// The position of a cursor; registers its file.
    pub(crate) fn pos(&mut self, cursor: Cursor<'_>) -> Pos {
        let Some((key, line, column)) = cursor.position() else { return Pos::default() };
        Pos { file: self.id(key, cursor), line, column }
    }

    /// The position of a cursor's last character: of a block its closing brace.
    pub(crate) fn end(&mut self, cursor: Cursor<'_>) -> Pos {
        match (cursor.position(), cursor.end_position()) {
            // Not for a body that ends in another file than it begins in.
            (Some((begin, ..)), Some((end, line, column))) if begin == end => {
                Pos { file: self.id(begin, cursor), line, column: column.saturating_sub(1) }
            }
            _ => self.pos(cursor),
        }
    }

    fn id(&mut self, key: FileKey, cursor: Cursor<'_>) -> FileId {
        self.facts(key, cursor);
        let facts = self.known.get_mut(&key).expect("just registered");
        *facts.id.get_or_insert_with(|| {
            *self.ids.entry(facts.name.clone()).or_insert_with(|| {
                self.names.push(facts.name.clone());
                FileId(self.names.len() as u32 - 1)
            })
        })
    }

    /// What is known of the file a cursor is in; `None` for what is in no file.
    pub(crate) fn of(&mut self, cursor: Cursor<'_>) -> Option<&FileFacts> {
        let (key, _, _) = cursor.position()?;
        Some(self.facts(key, cursor))
    }

    fn facts(&mut self, key: FileKey, cursor: Cursor<'_>) -> &FileFacts {
        if !self.known.contains_key(&key) {
            let path = cursor.location().map(|location| location.file).unwrap_or_default();
            let name = self.report_name(&path);
            let is_header = path.extension().is_none_or(|extension| extension != "c");
            self.known.insert(key, FileFacts { is_main: name == self.names[0], is_header, name, id: None });
        }
        &self.known[&key]
    }

    /// Relative to the tree; below the build directory with the prefix `build:`; else absolute.
    pub(crate) fn report_name(&self, path: &Path) -> String {
        let path = self.absolute(path);
        if let Ok(below) = path.strip_prefix(self.root) {
            return below.to_string_lossy().into_owned();
        }
        match path.strip_prefix(self.directory) {
            Ok(below) => format!("build:{}", below.display()),
            Err(_) => path.to_string_lossy().into_owned(),
        }
    }

    /// Absolute, without `.` and `..` (by the text of the path: `-I` directories are no symbolic links in a kernel tree).
    pub(crate) fn absolute(&self, path: &Path) -> PathBuf {
        let mut absolute = PathBuf::new();
        for component in self.directory.join(path).components() {
            match component {
                Component::CurDir => {}
                Component::ParentDir => {
                    absolute.pop();
                }
                other => absolute.push(other),
            }
        }
        absolute
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_relative_to_the_tree_or_marked() {
        let files = Files::new(Path::new("/src/linux"), Path::new("/build/x86"), "mm/gup.c");
        for (path, name) in [
            ("/src/linux/mm/gup.c", "mm/gup.c"),
            ("/src/linux/include/linux/../../mm/internal.h", "mm/internal.h"),
            ("./include/generated/autoconf.h", "build:include/generated/autoconf.h"),
            ("/usr/include/stdio.h", "/usr/include/stdio.h"),
        ] {
            assert_eq!(files.report_name(Path::new(path)), name);
        }
    }

    #[test]
    fn a_tree_built_in_place_has_no_build_prefix() {
        let files = Files::new(Path::new("/src/linux"), Path::new("/src/linux"), "mm/gup.c");
        assert_eq!(files.report_name(Path::new("./include/generated/autoconf.h")), "include/generated/autoconf.h");
    }
}

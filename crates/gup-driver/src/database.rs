//! `compile_commands.json`: how each file was compiled, as `make compile_commands.json` and other build systems write it.
//!
//! Where Kbuild's own records are missing it says the rest as well: the flags that all files share, and the directory in which
//! the compiler ran, which has the generated headers.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use crate::command::{Command, words};
use crate::kbuild::normalize;

/// The commands by file, absolute. A file of several entries has the last one's.
#[derive(Clone, Debug, Default)]
pub(crate) struct Database {
    commands: BTreeMap<PathBuf, Command>,
}

/// `file` may be relative to `directory`; the command is one string or a list.
#[derive(serde::Deserialize)]
struct Entry {
    directory: PathBuf,
    file: PathBuf,
    command: Option<String>,
    arguments: Option<Vec<String>>,
}

impl Database {
    /// That of a build directory; empty where there is none.
    pub(crate) fn read(build: &Path) -> Database {
        let text = std::fs::read(build.join("compile_commands.json")).unwrap_or_default();
        let entries: Vec<Entry> = serde_json::from_slice(&text).unwrap_or_default();
        let command = |entry: Entry| {
            let file = normalize(&entry.directory.join(&entry.file));
            let words = entry.arguments.or_else(|| entry.command.map(|line| words(&line))).unwrap_or_default();
            (file, Command::from_words(&words, &entry.directory))
        };
        let is_c = |entry: &Entry| entry.file.extension().is_some_and(|suffix| suffix == "c");
        Database { commands: entries.into_iter().filter(is_c).map(command).collect() }
    }

    /// The commands of a tree's files, by name relative to it.
    pub(crate) fn of_tree(&self, root: &Path) -> BTreeMap<String, Command> {
        let relative = |path: &Path| Some(path.strip_prefix(root).ok()?.to_string_lossy().into_owned());
        self.commands.iter().filter_map(|(file, command)| Some((relative(file)?, command.clone()))).collect()
    }

    /// Where the compiler ran and the headers that `make prepare` generates are.
    pub(crate) fn build(&self) -> Option<&Path> {
        let directories: BTreeSet<&Path> = self.commands.values().map(|command| command.directory.as_path()).collect();
        directories.into_iter().find(|directory| directory.join(AUTOCONF).is_file())
    }

    /// What all files of the tree are compiled with, as if one more were.
    pub(crate) fn shared(&self, root: &Path) -> Option<Command> {
        let mut of_tree = self.commands.iter().filter(|(file, _)| file.starts_with(root)).map(|(_, command)| command);
        let first = of_tree.next()?;
        let mut shared = first.flags();
        for command in of_tree {
            let own: BTreeSet<&[String]> = command.flags().into_iter().collect();
            shared.retain(|flag| own.contains(flag));
        }
        Some(Command { args: shared.concat(), directory: first.directory.clone() })
    }
}

/// `CONFIG_…` as C sees them.
pub(crate) const AUTOCONF: &str = "include/generated/autoconf.h";

/// The configuration as make would have it, out of the header that the compiler reads.
pub(crate) fn configuration(autoconf: &str) -> BTreeMap<String, String> {
    let setting = |line: &str| {
        let (name, value) = line.strip_prefix("#define CONFIG_")?.split_once(' ')?;
        let (name, value) = match name.strip_suffix("_MODULE") {
            Some(name) if value.trim() == "1" => (name, "m"),
            _ if value.trim() == "1" => (name, "y"),
            _ => (name, value.trim_end()),
        };
        Some((format!("CONFIG_{name}"), value.to_owned()))
    };
    autoconf.lines().filter_map(setting).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn database(name: &str, entries: &[&str]) -> (PathBuf, Database) {
        let build = crate::tests::directory(name).canonicalize().unwrap();
        let text = format!("[{}]", entries.join(",")).replace("BUILD", &build.to_string_lossy());
        std::fs::write(build.join("compile_commands.json"), text).unwrap();
        let database = Database::read(&build);
        (build, database)
    }

    #[test]
    fn both_forms_are_read() {
        let (build, database) = database(
            "database-forms",
            &[
                r#"{"directory": "BUILD", "file": "BUILD/a.c", "command": "gcc -DA='\"x y\"' -o a.o -c BUILD/a.c"}"#,
                r#"{"directory": "BUILD", "file": "b.c", "arguments": ["clang", "-I", "inc", "@evil", "-Xclang", "-load", "b.c"]}"#,
                r#"{"directory": "BUILD", "file": "entry.S", "command": "gcc -c entry.S"}"#,
            ],
        );
        let commands = database.of_tree(&build);
        assert_eq!(commands.keys().collect::<Vec<_>>(), ["a.c", "b.c"]);
        assert_eq!(commands["a.c"].args, ["-DA=\"x y\""]);
        assert_eq!((&*commands["b.c"].args, &commands["b.c"].directory), (&["-Iinc".to_owned()][..], &build));
    }

    #[test]
    fn what_is_in_all_commands_is_what_all_files_have() {
        let (build, database) = database(
            "database-shared",
            &[
                r#"{"directory": "BUILD", "file": "a.c", "command": "gcc -Iinclude -include k.h -include a.h -std=gnu11 -DMODULE -c a.c"}"#,
                r#"{"directory": "BUILD", "file": "b.c", "command": "gcc -Iinclude -include k.h -include b.h -std=gnu11 -Wall -c b.c"}"#,
                r#"{"directory": "/elsewhere", "file": "c.c", "command": "gcc -c c.c"}"#,
            ],
        );
        assert_eq!(database.shared(&build).unwrap().args, ["-Iinclude", "-include", "k.h", "-std=gnu11"]);
        assert_eq!(database.build(), None, "nothing is generated there");
        assert!(Database::default().shared(&build).is_none());
    }

    #[test]
    fn the_configuration_is_in_the_header_as_well() {
        let config = configuration("#define CONFIG_A 1\n#define CONFIG_B_MODULE 1\n#define CONFIG_C \"x y\"\n#define OTHER 1\n");
        let wanted = [("CONFIG_A", "y"), ("CONFIG_B", "m"), ("CONFIG_C", "\"x y\"")];
        assert_eq!(config, wanted.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect());
    }
}

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

    /// What files of the tree are compiled with before their directory adds to it: what most commands have. Programs of the
    /// build itself are among them, and early boot code with flags of its own.
    pub(crate) fn shared(&self, root: &Path) -> Option<Command> {
        let is_kernel = |command: &&Command| command.args.iter().any(|arg| arg == "-D__KERNEL__");
        let of_tree = self.commands.iter().filter(|(file, _)| file.starts_with(root)).map(|(_, command)| command);
        let commands: Vec<&Command> = of_tree.filter(is_kernel).collect();
        let mut counts: BTreeMap<&[String], usize> = BTreeMap::new();
        for command in &commands {
            let own: BTreeSet<&[String]> = command.flags().into_iter().collect();
            own.into_iter().for_each(|flag| *counts.entry(flag).or_default() += 1);
        }
        // In the order of one that has them all, or nearly.
        let is_shared = |flag: &&[String]| counts[flag] * 3 >= commands.len() * 2 && flag[0] != "-DMODULE";
        let shared = |command: &Command| command.flags().into_iter().filter(is_shared).count();
        let typical = commands.iter().max_by_key(|command| (shared(command), std::cmp::Reverse(command.args.len())))?;
        let args = typical.flags().into_iter().filter(is_shared).flatten().cloned().collect();
        Some(Command { args, directory: typical.directory.clone() })
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
    fn what_most_files_have_is_what_all_begin_with() {
        let entry = |file: &str, flags: &str| {
            format!(r#"{{"directory": "BUILD", "file": "{file}", "command": "gcc {flags} -c {file}"}}"#)
        };
        let kernel = "-Iinclude -include k.h -D__KERNEL__ -std=gnu11";
        let entries = [
            entry("a.c", &format!("{kernel} -include a.h -DMODULE")),
            entry("b.c", &format!("{kernel} -include b.h -DMODULE -Wall")),
            entry("boot.c", "-D__KERNEL__ -m16"),
            entry("scripts/host.c", "-Wall -O2"),
        ];
        let (build, database) = database("database-shared", &entries.each_ref().map(String::as_str));
        let shared = database.shared(&build).unwrap();
        assert_eq!(shared.args, ["-Iinclude", "-include", "k.h", "-D__KERNEL__", "-std=gnu11"]);
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

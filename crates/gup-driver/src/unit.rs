//! The command line with which libclang reads a unit.

use std::collections::BTreeSet;
use std::path::PathBuf;

use crate::command::Command;
use crate::kbuild::{Kbuild, Kind};
use crate::tree::Tree;

/// A file to extract.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct UnitSpec {
    /// Relative to the tree.
    pub(crate) file: String,
    pub(crate) command: Command,
}

/// Units whose PCH can be the same: what the language and the headers depend on, without `-I` and `-D`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Class(Vec<String>);

/// The kernel names each unit by macros. They would make every PCH unfit for every other unit, and no code that moves
/// pages depends on them: all units have the same name here.
const NAMES: &[&str] = &[
    "-DKBUILD_MODFILE=\"gupcheck\"",
    "-DKBUILD_BASENAME=\"gupcheck\"",
    "-DKBUILD_MODNAME=\"gupcheck\"",
    "-D__KBUILD_MODNAME=kmod_gupcheck",
];

impl UnitSpec {
    /// How `file` is compiled; `None` when it is not.
    pub(crate) fn of(tree: &Tree, kbuild: &Kbuild, file: &str) -> Option<UnitSpec> {
        let command = match recorded(tree, kbuild, file) {
            Some(command) => command,
            None => Command { args: kbuild.args(file)?, directory: tree.build.clone() },
        };
        Some(UnitSpec { file: file.to_owned(), command: complete(kbuild, command) })
    }

    /// How the caller says that `file` is compiled.
    pub(crate) fn given(kbuild: &Kbuild, file: &str, command: Command) -> UnitSpec {
        UnitSpec { file: file.to_owned(), command: complete(kbuild, command) }
    }

    /// A unit of the tree's common flags, as if a file of the top-level directory: for the PCH, its headers and probes.
    pub(crate) fn common(tree: &Tree, kbuild: &Kbuild, file: &str, kind: Kind) -> UnitSpec {
        let mut args = tree.base.shared(&tree.root, &tree.build);
        if kind == Kind::Module {
            args.push("-DMODULE".to_owned());
        }
        let command = Command { args, directory: tree.build.clone() };
        UnitSpec { file: file.to_owned(), command: complete(kbuild, command) }
    }

    pub(crate) fn class(&self) -> Class {
        let mut out = Vec::new();
        let mut args = self.command.args.iter();
        while let Some(arg) = args.next() {
            if matches!(arg.as_str(), "-include" | "-isystem" | "-imacros" | "-idirafter" | "-iquote") {
                out.push(arg.clone());
                out.extend(args.next().cloned());
            } else if arg == "-DMODULE" || !(arg.starts_with("-I") || arg.starts_with("-D") || arg.starts_with("-U")) {
                out.push(arg.clone());
            }
        }
        // The last of several levels counts, and none of them changes what a declaration means.
        out.retain(|arg| !arg.starts_with("-O"));
        out.sort();
        out.dedup();
        Class(out)
    }

    /// The same with `-I` of the file's directory and those above it, for files that count on being compiled elsewhere.
    pub(crate) fn with_parents(&self, tree: &Tree) -> UnitSpec {
        let mut spec = self.clone();
        let directory = tree.root.join(&self.file);
        let above = directory.ancestors().skip(1).take_while(|path| path.starts_with(&tree.root) && **path != *tree.root);
        spec.command.args.extend(above.map(|path| format!("-I{}", path.display())));
        spec
    }
}

/// What was really run for this file, if it was built.
fn recorded(tree: &Tree, kbuild: &Kbuild, file: &str) -> Option<Command> {
    let (directory, name) = file.rsplit_once('/').unwrap_or((".", file));
    let path: PathBuf = tree.build.join(directory).join(format!(".{}.o.cmd", name.strip_suffix(".c")?));
    let from_make =
        std::fs::read(path).ok().and_then(|text| Command::from_cmd_file(&String::from_utf8_lossy(&text), &tree.build));
    from_make.or_else(|| kbuild.database.get(file).cloned())
}

fn complete(kbuild: &Kbuild, mut command: Command) -> Command {
    command.args.retain(|arg| {
        !arg.starts_with("-DKBUILD_MOD") && !arg.starts_with("-DKBUILD_BASENAME") && !arg.starts_with("-D__KBUILD_")
    });
    // A second -I of the same directory is ignored by the compiler, so it need not tell units apart.
    let mut seen = BTreeSet::new();
    command.args.retain(|arg| !arg.starts_with("-I") || seen.insert(arg.clone()));
    if !command.args.iter().any(|arg| arg.starts_with("--target=")) {
        command.args.extend(kbuild.target.iter().map(|target| format!("--target={target}")));
    }
    command.args.extend(NAMES.iter().map(|name| (*name).to_owned()));
    command
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tree::tests::prepared;

    #[test]
    fn what_was_really_run_is_preferred_and_units_have_no_names() {
        let root = prepared("unit", "CONFIG_YES=y\n");
        let (source, build) = (root.join("source"), root.join("build"));
        std::fs::write(source.join("Kbuild"), "ccflags-y := -DFROM_MAKEFILE\nobj-y += a.o b.o\nobj-m += c.o\n").unwrap();
        let command =
            "savedcmd_a.o := gcc -DRECORDED -DKBUILD_MODNAME='\"a\"' -Wall --param x=y -c -o a.o a.c ; ./tools/objtool a.o\n";
        std::fs::write(build.join(".a.o.cmd"), command).unwrap();
        let tree = Tree::open(&root, Some(&source), Some(&build), None).unwrap();
        let kbuild = Kbuild::read(&tree);
        let spec = |file: &str| UnitSpec::of(&tree, &kbuild, file).unwrap();
        let names: Vec<String> = NAMES.iter().map(|name| (*name).to_owned()).collect();
        assert_eq!(spec("a.c").command.args, [vec!["-DRECORDED".to_owned()], names].concat());
        assert!(spec("b.c").command.args.contains(&"-DFROM_MAKEFILE".to_owned()));
        let common = |kind| UnitSpec::common(&tree, &kbuild, "x", kind).class();
        assert_eq!((spec("b.c").class(), spec("c.c").class()), (common(Kind::BuiltIn), common(Kind::Module)));
        assert_ne!(common(Kind::BuiltIn), common(Kind::Module));
        assert!(UnitSpec::of(&tree, &kbuild, "d.c").is_none());
    }
}

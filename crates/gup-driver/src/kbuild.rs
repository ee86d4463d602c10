//! What the kernel's build system would do with each file: built in, module, or nothing; and with which flags.
//!
//! The makefiles are evaluated from the top as `scripts/Makefile.build` does it: `obj-y`, `obj-m`, `lib-y`, composites
//! (`foo-y`, `foo-objs`), directories, `ccflags-y`, `subdir-ccflags-y`, `CFLAGS_x.o`, `CFLAGS_REMOVE_x.o`. No build is
//! needed, only a configuration. Nothing in here executes anything.

mod expand;
mod makefile;
mod reason;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

pub(crate) use expand::normalize;
use makefile::Makefile;

use crate::command::{Command, understood};
use crate::limits;
use crate::tree::Tree;
use crate::version::Version;

/// The build, as configured.
pub(crate) struct Kbuild {
    /// Evaluated makefiles, by directory relative to the tree as makefiles spell it.
    directories: BTreeMap<String, Makefile>,
    /// By path of the source file without suffix, relative to the tree.
    objects: BTreeMap<String, Object>,
    /// Directories that were visited, relative to the tree.
    visited: BTreeMap<String, Visit>,
    /// Commands of `compile_commands.json`, where there is one, by file relative to the tree.
    pub(crate) database: BTreeMap<String, Command>,
    /// What clang calls the architecture (`x86_64-linux-gnu`), where the tree says so.
    pub(crate) target: Option<String>,
    root: PathBuf,
    version: Arc<Version>,
    out_of_tree: bool,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Kind {
    BuiltIn,
    Module,
}

struct Object {
    /// The one whose makefile lists it.
    directory: String,
    /// As named in the makefile, without `.o`: `sub/file`.
    stem: String,
    kind: Kind,
}

#[derive(Clone, Copy, Default)]
struct Visit {
    builtin: bool,
    modules: bool,
}

impl Kbuild {
    /// Reads the makefiles of all directories that the configuration visits.
    pub(crate) fn read(tree: &Tree) -> Kbuild {
        Kbuild::of_version(tree, Arc::default())
    }

    /// The same, with the makefiles as a version of the tree has them.
    pub(crate) fn of_version(tree: &Tree, version: Arc<Version>) -> Kbuild {
        let mut top = top_level(tree, version.clone());
        let mut kbuild = Kbuild {
            directories: BTreeMap::new(),
            objects: BTreeMap::new(),
            visited: BTreeMap::new(),
            database: tree.database.of_tree(&tree.root),
            target: target(tree),
            root: tree.root.clone(),
            version,
            out_of_tree: tree.is_out_of_tree(),
        };
        let mut directories: Vec<String> = Vec::new();
        // Before 6.1 the top-level Makefile lists all directories, later only what architectures add.
        for list in ["init-y", "core-y", "core-m", "drivers-y", "drivers-m", "net-y", "net-m", "libs-y", "libs-m", "virt-y"] {
            directories.extend(top.words(list).iter().filter_map(|word| listed_directory(word)));
        }
        let source_line = source_line(&tree.root);
        let base = top.child();
        let both = Visit { builtin: true, modules: true };
        kbuild.directory(&base, ".", both, &source_line, 0);
        for directory in directories {
            kbuild.directory(&base, &directory, both, &source_line, 0);
        }
        kbuild
    }

    /// Is `file` (relative to the tree, `.c`) an object of this configuration?
    pub(crate) fn is_compiled(&self, file: &str) -> bool {
        file.strip_suffix(".c").is_some_and(|stem| self.objects.contains_key(stem)) || self.database.contains_key(file)
    }

    /// The flags of `file` (relative to the tree, `.c`), relative to the build directory; `None` when it is not compiled.
    pub(crate) fn args(&self, file: &str) -> Option<Vec<String>> {
        let object = self.objects.get(file.strip_suffix(".c")?)?;
        let (directory, stem) = (&object.directory, &object.stem);
        let mut make = self.directories.get(directory)?.clone();
        let own = make.get(&format!("CFLAGS_{stem}.o"));
        let remove_own = make.words(&format!("CFLAGS_REMOVE_{stem}.o"));
        let remove = make.words("ccflags-remove-y");
        let shared = format!("{} {} {}", make.get("KBUILD_CFLAGS"), make.get("ccflags-y"), make.get("EXTRA_CFLAGS"));
        let keep = |words: &str, remove: &[String]| -> Vec<String> {
            crate::command::words(words).into_iter().filter(|word| !remove.contains(word)).collect()
        };
        let mut words = keep(&shared, &remove);
        words.extend(crate::command::words(&own));
        words.retain(|word| !remove_own.contains(word));
        if self.out_of_tree {
            words.push(format!("-I{}", self.root.join(directory).display()));
            words.push(format!("-I{directory}"));
        }
        if object.kind == Kind::Module {
            words.push("-DMODULE".to_owned());
        }
        Some(understood(&words))
    }

    /// Why `file` is not compiled, for people.
    pub(crate) fn reason(&self, tree: &Tree, file: &str) -> String {
        reason::reason(self, tree, file)
    }

    /// Evaluates the makefile of one directory and of those below it.
    fn directory(&mut self, parent: &Makefile, obj: &str, visit: Visit, source_line: &str, depth: u32) {
        let known = self.visited.get(obj).copied().unwrap_or_default();
        if depth > limits::KBUILD_DEPTH || (self.visited.contains_key(obj) && (known.builtin || !visit.builtin)) {
            return;
        }
        self.visited.insert(obj.to_owned(), visit);
        let Some(mut make) = evaluated(parent, &self.root, obj, source_line) else { return };
        let lists = Lists::of(&mut make);
        self.objects_of(obj, visit, &lists, &mut make);
        for (name, below) in lists.directories(visit) {
            let path = normalize(&Path::new(obj).join(&name)).to_string_lossy().into_owned();
            self.directory(&make, &path, below, source_line, depth + 1);
        }
        self.directories.insert(obj.to_owned(), make);
    }

    /// Notes the objects that the directory's makefile lists. What is listed for both is compiled as a module.
    fn objects_of(&mut self, obj: &str, visit: Visit, lists: &Lists, make: &mut Makefile) {
        let mut all = |names: &[String], suffixes: &[&str]| -> Vec<String> {
            names.iter().flat_map(|name| parts(make, name, suffixes)).filter(|name| name.ends_with(".o")).collect()
        };
        let modules = all(&lists.modules, &["-objs", "-y", "-m"]);
        let mut built_in = all(&lists.library, &[]);
        if visit.builtin {
            built_in.extend(all(&lists.built_in, &["-objs", "-y"]));
        }
        let modules = modules.into_iter().map(|name| (name, Kind::Module));
        for (name, kind) in modules.chain(built_in.into_iter().map(|name| (name, Kind::BuiltIn))) {
            let stem = name.strip_suffix(".o").unwrap_or(&name).to_owned();
            let path = normalize(&Path::new(obj).join(&stem)).to_string_lossy().into_owned();
            self.objects.entry(path).or_insert(Object { directory: obj.to_owned(), stem, kind });
        }
    }
}

/// Before 5.4 the top-level Makefile ends with putting what will be made of a directory in its place.
fn listed_directory(word: &str) -> Option<String> {
    ["/", "/built-in.a", "/built-in.o"].iter().find_map(|made| word.strip_suffix(made)).map(str::to_owned)
}

/// The makefile of a directory, after the defaults that `scripts/Makefile.build` sets.
fn evaluated(parent: &Makefile, root: &Path, obj: &str, source_line: &str) -> Option<Makefile> {
    const EMPTY: &str = "obj-y obj-m lib-y lib-m always-y targets subdir-y subdir-m EXTRA_CFLAGS ccflags-y subdir-ccflags-y";
    let mut make = parent.child();
    make.set("obj", obj);
    make.evaluate(source_line);
    EMPTY.split(' ').for_each(|name| make.set(name, ""));
    let source = root.join(obj);
    if !make.read(&source.join("Kbuild")) && !make.read(&source.join("Makefile")) {
        return None;
    }
    make.evaluate("KBUILD_CFLAGS += $(subdir-ccflags-y)");
    Some(make)
}

/// What a makefile asks for.
struct Lists {
    built_in: Vec<String>,
    modules: Vec<String>,
    library: Vec<String>,
    below: Vec<String>,
}

impl Lists {
    fn of(make: &mut Makefile) -> Lists {
        let built_in = make.words("obj-y");
        let mut modules = make.words("obj-m");
        modules.retain(|name| !built_in.contains(name));
        let mut library = make.words("lib-y");
        library.extend(make.words("lib-m"));
        library.retain(|name| !built_in.contains(name));
        let mut below = make.words("subdir-y");
        below.extend(make.words("subdir-m"));
        Lists { built_in, modules, library, below }
    }

    /// Directories to descend into, and what is wanted of them: only what `obj-y` names is linked into the kernel.
    fn directories(&self, visit: Visit) -> BTreeMap<String, Visit> {
        let mut out: BTreeMap<String, Visit> = BTreeMap::new();
        let directory = |name: &String| name.strip_suffix('/').map(str::to_owned);
        for name in self.built_in.iter().filter_map(directory) {
            out.insert(name, visit);
        }
        for name in self.modules.iter().filter_map(directory) {
            out.entry(name).or_default().modules |= visit.modules;
        }
        for name in &self.below {
            out.entry(name.trim_end_matches('/').to_owned()).or_default();
        }
        out
    }
}

/// The objects that a composite is made of, or the object itself.
fn parts(make: &mut Makefile, name: &str, suffixes: &[&str]) -> Vec<String> {
    let Some(stem) = name.strip_suffix(".o") else { return vec![name.to_owned()] };
    let mut all = Vec::new();
    for suffix in suffixes {
        all.extend(make.words(&format!("{stem}{suffix}")));
    }
    let composite = !all.is_empty() || (!suffixes.is_empty() && !make.get(&format!("{stem}-")).trim().is_empty());
    if composite { all } else { vec![name.to_owned()] }
}

/// The top-level Makefile and through it the architecture's, for the directories they list and the variables they export.
fn top_level(tree: &Tree, version: Arc<Version>) -> Makefile {
    let mut make = Makefile::new(&tree.build, &tree.root, tree.shared_config(), version);
    let (root, build) = (tree.root.to_string_lossy(), tree.build.to_string_lossy());
    let makefile = format!("{root}/Makefile");
    let preset = [
        ("srctree", &*root),
        ("srcroot", &*root),
        ("abs_srctree", &*root),
        ("objtree", "."),
        ("objroot", "."),
        ("SRCARCH", &tree.arch),
        ("ARCH", &tree.arch),
        ("VPATH", if tree.is_out_of_tree() { &*root } else { "" }),
        ("building_out_of_srctree", if tree.is_out_of_tree() { "1" } else { "" }),
        ("KBUILD_EXTMOD", ""),
        ("MAKECMDGOALS", "all"),
        ("CURDIR", &*build),
        ("MAKE_VERSION", "4.4"),
        ("CC", "gcc"),
        // As in the last of make's re-invocations of itself.
        ("sub_make_done", "1"),
        ("MAKEFLAGS", "--no-print-directory"),
        ("MAKEFILE_LIST", &*makefile),
    ];
    for (name, value) in preset {
        make.set(name, value);
    }
    make.read(&tree.root.join("Makefile"));
    // What it says about directories counts. Its flags come from a command that was really run.
    for (name, value) in preset {
        make.set(name, value);
        make.export(name);
    }
    make.set("KBUILD_CFLAGS", &quoted(&tree.base.shared(&tree.root, &tree.build)));
    make.set("KBUILD_CPPFLAGS", "");
    make.export("KBUILD_CFLAGS");
    make
}

fn quoted(args: &[String]) -> String {
    let quote = |arg: &String| if arg.contains(['"', ' ', '\\']) { format!("'{arg}'") } else { arg.clone() };
    args.iter().map(quote).collect::<Vec<_>>().join(" ")
}

/// How this tree defines `$(src)`: relative to the tree before 6.10, with `$(srctree)` in it later.
fn source_line(root: &Path) -> String {
    let text = std::fs::read_to_string(root.join("scripts/Makefile.build")).unwrap_or_default();
    text.lines().find(|line| line.starts_with("src :=")).unwrap_or("src := $(obj)").to_owned()
}

/// `scripts/Makefile.clang` has the names.
fn target(tree: &Tree) -> Option<String> {
    let mut make = Makefile::new(&tree.build, &tree.root, tree.shared_config(), Arc::default());
    make.read(&tree.root.join("scripts/Makefile.clang"));
    Some(make.get(&format!("CLANG_TARGET_FLAGS_{}", tree.arch))).filter(|target| !target.is_empty())
}

#[cfg(test)]
mod tests;

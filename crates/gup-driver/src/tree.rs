//! The kernel tree that is audited, and its configuration.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::Error;
use crate::command::Command;
use crate::database::{AUTOCONF, Database, configuration};

/// A configured kernel tree after `make prepare`.
#[derive(Clone, Debug)]
pub struct Tree {
    /// The source tree, absolute.
    pub root: PathBuf,
    /// The `O=` directory, absolute; equal to `root` for a build inside the tree.
    pub build: PathBuf,
    /// The architecture as the source tree names it (`arch/<name>`): `x86`, `arm64`.
    pub arch: String,
    /// `6.12.117`, from the top-level Makefile.
    pub version: String,
    /// `CONFIG_…` and their values as make sees them.
    pub(crate) config: BTreeMap<String, String>,
    /// How `kernel/bounds.c` was compiled: the flags of every file before its directory adds to them.
    pub(crate) base: Command,
    /// Where a build left a `compile_commands.json`.
    pub(crate) database: Arc<Database>,
}

impl Tree {
    /// Finds and checks the tree. `tree`: default the kernel tree around `working`; `build`: default the tree, or the
    /// `O=` directory around `working`; `arch`: default what the build was configured for.
    pub fn open(working: &Path, tree: Option<&Path>, build: Option<&Path>, arch: Option<&str>) -> Result<Tree, Error> {
        let (root, build) = find(working, tree, build)?;
        let root = absolute(&root)?;
        let is_given = build.is_some();
        let mut build = match build {
            Some(build) => absolute(&build)?,
            None => root.clone(),
        };
        let database = Database::read(&build);
        // A link to that of an O= directory, as clangd wants it at the root of the tree.
        if let Some(other) = database.build().filter(|_| !is_given && !build.join(AUTOCONF).is_file()) {
            build = absolute(other)?;
        }
        let version = version(&root)?;
        let base = base_command(&root, &build, &database)?;
        let config = config(&root, &build, &database)?;
        let configured = configured_arch(&base, &root).ok_or_else(|| not_prepared(&root, &build, "kernel/.bounds.s.cmd"))?;
        if let Some(wanted) = arch.map(source_arch)
            && wanted != configured
        {
            return Err(Error::new(format!(
                "{} is configured for {configured}, not {wanted}: give --build a directory prepared with ARCH={wanted}",
                build.display()
            )));
        }
        Ok(Tree { root, build, arch: configured, version, config, base, database: Arc::new(database) })
    }

    /// The version of the source tree at `root`, which need not be prepared.
    pub fn version_at(root: &Path) -> Result<String, Error> {
        if is_kernel(root) { version(root) } else { Err(no_kernel(root)) }
    }

    /// The source tree alone, absolute, without looking at its build.
    pub fn source(working: &Path, tree: Option<&Path>) -> Result<PathBuf, Error> {
        absolute(&find(working, tree, None)?.0)
    }

    /// Is `CONFIG_<name>` y or m?
    pub fn is_enabled(&self, name: &str) -> bool {
        matches!(self.config.get(name).map(String::as_str), Some("y" | "m"))
    }

    /// Is the file (relative to the tree) another architecture's?
    pub(crate) fn is_foreign(&self, file: &str) -> bool {
        file.strip_prefix("arch/").and_then(|rest| rest.split_once('/')).is_some_and(|(arch, _)| arch != self.arch)
    }

    pub(crate) fn is_out_of_tree(&self) -> bool {
        self.root != self.build
    }

    pub(crate) fn shared_config(&self) -> Arc<BTreeMap<String, String>> {
        Arc::new(self.config.clone())
    }
}

/// The source tree and, where it was found or given, the build directory.
fn find(working: &Path, tree: Option<&Path>, build: Option<&Path>) -> Result<(PathBuf, Option<PathBuf>), Error> {
    let given = build.map(Path::to_path_buf);
    if let Some(tree) = tree {
        return if is_kernel(tree) { Ok((tree.to_path_buf(), given)) } else { Err(no_kernel(tree)) };
    }
    for directory in working.ancestors() {
        if is_kernel(directory) {
            return Ok((directory.to_path_buf(), given));
        }
        // An O= directory has a link to its tree.
        let source = directory.join("source");
        if directory.join(".config").is_file() && is_kernel(&source) {
            return Ok((source, given.or_else(|| Some(directory.to_path_buf()))));
        }
    }
    Err(no_kernel(working))
}

fn is_kernel(directory: &Path) -> bool {
    directory.join("Kbuild").is_file() && directory.join("include/linux/mm.h").is_file() && directory.join("Makefile").is_file()
}

fn no_kernel(directory: &Path) -> Error {
    Error::new(format!("{} is not a Linux kernel source tree: name one with --tree DIR", directory.display()))
}

fn not_prepared(root: &Path, build: &Path, missing: &str) -> Error {
    let make = if root == build {
        format!("make -C {} prepare", root.display())
    } else {
        format!("make -C {} O={} prepare", root.display(), build.display())
    };
    Error::new(format!(
        "{} has no generated headers ({missing} is missing): configure it, then run `{make}`, or name the prepared O= directory with --build DIR",
        build.display()
    ))
}

fn absolute(path: &Path) -> Result<PathBuf, Error> {
    path.canonicalize().map_err(|error| Error::new(format!("{}: {error}", path.display())))
}

/// VERSION, PATCHLEVEL and SUBLEVEL of the top-level Makefile.
fn version(root: &Path) -> Result<String, Error> {
    let path = root.join("Makefile");
    let text = read(&path)?;
    let number = |name: &str| {
        let line = text.lines().take(30).find(|line| line.split('=').next().is_some_and(|word| word.trim() == name))?;
        line.split('=').nth(1).map(|value| value.trim().to_owned())
    };
    match (number("VERSION"), number("PATCHLEVEL")) {
        (Some(major), Some(minor)) => {
            let sub = number("SUBLEVEL").filter(|sub| !sub.is_empty()).unwrap_or_else(|| "0".to_owned());
            Ok(format!("{major}.{minor}.{sub}"))
        }
        _ => Err(no_kernel(root)),
    }
}

/// `kernel/.bounds.s.cmd`: the first file that `make prepare` compiles for the target (`savedcmd_` since 6.3). Without it what
/// all commands of the database have.
fn base_command(root: &Path, build: &Path, database: &Database) -> Result<Command, Error> {
    let name = "kernel/.bounds.s.cmd";
    let text = std::fs::read(build.join(name)).unwrap_or_default();
    let of_make = Command::from_cmd_file(&String::from_utf8_lossy(&text), build);
    of_make.or_else(|| database.shared(root)).ok_or_else(|| not_prepared(root, build, name))
}

fn config(root: &Path, build: &Path, database: &Database) -> Result<BTreeMap<String, String>, Error> {
    let Ok(header) = read(&build.join(AUTOCONF)) else { return Err(not_prepared(root, build, AUTOCONF)) };
    let name = "include/config/auto.conf";
    let text = match read(&build.join(name)) {
        Ok(text) => text,
        Err(_) if database.build().is_some() => return Ok(configuration(&header)),
        Err(_) => return Err(not_prepared(root, build, name)),
    };
    let setting = |line: &str| {
        let (name, value) = line.split_once('=')?;
        name.starts_with("CONFIG_").then(|| (name.to_owned(), value.trim_end().to_owned()))
    };
    Ok(text.lines().filter_map(setting).collect())
}

/// The `arch/<name>/include` among the include directories.
fn configured_arch(base: &Command, root: &Path) -> Option<String> {
    base.include_directories().find_map(|directory| {
        let path = crate::kbuild::normalize(&base.directory.join(directory));
        let mut parts = path.strip_prefix(root).ok()?.components().map(|part| part.as_os_str().to_string_lossy().into_owned());
        (parts.next()? == "arch").then(|| parts.next())?
    })
}

/// ARCH as given to make → directory below `arch/` (top-level Makefile, SRCARCH).
fn source_arch(arch: &str) -> String {
    match arch {
        "i386" | "x86_64" => "x86",
        "sparc32" | "sparc64" => "sparc",
        "parisc64" => "parisc",
        other => other,
    }
    .to_owned()
}

fn read(path: &Path) -> Result<String, Error> {
    let bytes = std::fs::read(path).map_err(|error| Error::new(format!("{}: {error}", path.display())))?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    pub(crate) const CONFIG: &str = "CONFIG_YES=y\nCONFIG_MOD=m\nCONFIG_TEXT=\"a b\"\n";

    /// A directory with a tree in `source` and its `O=` directory in `build`, as `make prepare` leaves them.
    pub(crate) fn prepared(name: &str, config: &str) -> PathBuf {
        let root = crate::tests::directory(name).canonicalize().unwrap();
        let source = root.join("source");
        let command = format!(
            "savedcmd_kernel/bounds.s := gcc -Wp,-MMD,kernel/.bounds.s.d -nostdinc -I{0}/arch/x86/include -I./arch/x86/include/generated \
             -I{0}/include -I./include -include {0}/include/linux/kconfig.h -D__KERNEL__ -DBASE -std=gnu11 -fplugin=./evil.so --param x=1 -O2 \
             -I{0}/. -I. -DKBUILD_MODFILE='\"./bounds\"' -DKBUILD_BASENAME='\"bounds\"' -S -o kernel/bounds.s {0}/kernel/bounds.c\n\nsource_x := y\n",
            source.display()
        );
        for (file, text) in [
            ("source/Kbuild", ""),
            ("source/Makefile", "# SPDX\nVERSION = 6\nPATCHLEVEL = 12\nSUBLEVEL = 3\nEXTRAVERSION =\n"),
            ("source/include/linux/mm.h", ""),
            ("source/arch/x86/include/asm/x.h", ""),
            ("build/include/config/auto.conf", config),
            ("build/include/generated/autoconf.h", ""),
            ("build/kernel/.bounds.s.cmd", &command),
            ("build/.config", ""),
        ] {
            let path = root.join(file);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        }
        root
    }

    fn open(root: &Path, build: Option<&Path>, arch: Option<&str>) -> Result<Tree, String> {
        Tree::open(Path::new("/"), Some(root), build, arch).map_err(|error| error.to_string())
    }

    #[test]
    fn a_prepared_tree_says_what_it_is() {
        let root = prepared("tree", CONFIG);
        let tree = open(&root.join("source"), Some(&root.join("build")), Some("x86_64")).unwrap();
        assert_eq!((&*tree.version, &*tree.arch), ("6.12.3", "x86"));
        assert!(tree.is_enabled("CONFIG_MOD") && !tree.is_enabled("CONFIG_TEXT") && !tree.is_enabled("CONFIG_NO"));
        let shared = tree.base.shared(&tree.root, &tree.build).join(" ");
        assert!(
            !shared.contains("plugin") && !shared.contains("param") && !shared.contains("KBUILD") && !shared.ends_with("-I.")
        );
    }

    #[test]
    fn the_tree_around_a_directory_is_found_also_through_its_build_directory() {
        let root = prepared("tree-around", CONFIG);
        let inside = Tree::open(&root.join("source/include/linux"), None, Some(&root.join("build")), None).unwrap();
        assert_eq!(inside.root, root.join("source"));
        std::os::unix::fs::symlink(root.join("source"), root.join("build/source")).unwrap();
        let tree = Tree::open(&root.join("build/kernel"), None, None, None).unwrap();
        assert_eq!((tree.root, tree.build), (root.join("source"), root.join("build")));
    }

    #[test]
    fn compile_commands_are_enough_also_through_a_link_at_the_root_of_the_tree() {
        let root = prepared("tree-database", CONFIG);
        let (source, build) = (root.join("source"), root.join("build"));
        for file in ["kernel/.bounds.s.cmd", "include/config/auto.conf", ".config"] {
            std::fs::remove_file(build.join(file)).unwrap();
        }
        std::fs::write(build.join("include/generated/autoconf.h"), "#define CONFIG_MOD_MODULE 1\n").unwrap();
        let entry = |file: &str| {
            let (source, build) = (source.display(), build.display());
            let command =
                format!("gcc -I{source}/arch/x86/include -I{source}/drivers -D__KERNEL__ -DKBUILD_BASENAME=x -c {file}");
            format!("{{\"directory\": \"{build}\", \"file\": \"{source}/{file}\", \"command\": \"{command}\"}}")
        };
        let text = format!("[{},{}]", entry("drivers/a.c"), entry("fs/b.c").replace("/drivers ", "/fs "));
        std::fs::write(build.join("compile_commands.json"), text).unwrap();
        let tree = open(&source, Some(&build), None).unwrap();
        assert_eq!((&*tree.arch, tree.is_enabled("CONFIG_MOD"), tree.is_enabled("CONFIG_YES")), ("x86", true, false));
        let shared = tree.base.shared(&tree.root, &tree.build);
        assert_eq!(shared, [format!("-I{}/arch/x86/include", source.display()), "-D__KERNEL__".to_owned()]);
        std::os::unix::fs::symlink(build.join("compile_commands.json"), source.join("compile_commands.json")).unwrap();
        let linked = open(&source, None, None).unwrap();
        assert_eq!((linked.build, linked.database.of_tree(&source).len()), (build, 2));
    }

    #[test]
    fn each_thing_that_is_missing_is_one_error_with_its_remedy() {
        let root = prepared("tree-missing", CONFIG);
        let (source, build) = (root.join("source"), root.join("build"));
        assert!(open(&root, None, None).unwrap_err().contains("is not a Linux kernel source tree: name one with --tree"));
        assert!(open(&source, None, None).unwrap_err().contains(&format!("make -C {} prepare", source.display())));
        assert!(open(&source, Some(&build), Some("arm64")).unwrap_err().contains("configured for x86, not arm64"));
        std::fs::remove_file(build.join("include/generated/autoconf.h")).unwrap();
        assert!(open(&source, Some(&build), None).unwrap_err().contains(&format!("O={} prepare", build.display())));
    }
}

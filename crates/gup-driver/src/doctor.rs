//! What a run needs of the machine, looked at piece by piece: for people whose first run failed, and for CI before its first.

use std::path::Path;

use crate::Error;
use crate::analyses::Analyses;
use crate::check::Asked;
use crate::options::Options;
use crate::pool::Pool;
use crate::store::Store;
use crate::tree::Tree;

/// One thing that was looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Examined {
    /// `libclang`, `tree`, …
    pub what: String,
    pub state: State,
    /// What was found; where something is missing, with the remedy.
    pub found: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    Good,
    /// Nothing fails for it.
    Note,
    /// A run would fail.
    Bad,
}

/// Looks at everything, in the order in which a run needs it. Nothing is written but an empty cache directory.
pub fn doctor(options: &Options) -> Vec<Examined> {
    let mut all = vec![libclang(options), contracts(options)];
    let tree = Tree::open(&options.working, options.tree.as_deref(), options.build.as_deref(), options.arch.as_deref());
    match tree {
        Ok(tree) => {
            all.push(good("tree", format!("Linux {} in {}", tree.version, tree.root.display())));
            all.push(good("build", format!("prepared for {} in {}", tree.arch, tree.build.display())));
            all.extend(compiled(&tree));
            all.push(audited(options, &tree.root));
        }
        Err(error) => all.push(bad("tree", error.to_string())),
    }
    all.extend([cache(options), git(), memory(options)]);
    all
}

fn examined(what: &str, state: State, found: String) -> Examined {
    Examined { what: what.to_owned(), state, found }
}

fn good(what: &str, found: String) -> Examined {
    examined(what, State::Good, found)
}

fn bad(what: &str, found: String) -> Examined {
    examined(what, State::Bad, found)
}

fn libclang(options: &Options) -> Examined {
    match Pool::start(options.workers.clone(), &options.working) {
        Ok(pool) => good("libclang", pool.version.clone()),
        Err(error) => bad("libclang", error.to_string()),
    }
}

fn contracts(options: &Options) -> Examined {
    let read = |directory: Option<&Path>| -> Result<usize, Error> { Ok(Analyses::load(directory)?.contracts()?.all().count()) };
    match read(options.analyses.as_deref()) {
        Ok(count) => good("contracts", format!("{count} kernel APIs are known")),
        Err(error) => bad("contracts", error.to_string()),
    }
}

/// Where flags come from: the build's own records are better than what we read in makefiles.
fn compiled(tree: &Tree) -> Option<Examined> {
    tree.build.join("compile_commands.json").is_file().then(|| good("commands", "compile_commands.json is there".to_owned()))
}

fn audited(options: &Options, root: &Path) -> Examined {
    match Asked::read(&Store::new(options.cache.clone()), root) {
        Some(_) => good("audited", "cc-check knows what other files say".to_owned()),
        None => {
            let remedy = "no audit of this tree is in the cache: until `gupcheck audit` has run once, cc-check looks at a few files around each";
            examined("audited", State::Note, remedy.to_owned())
        }
    }
}

fn cache(options: &Options) -> Examined {
    let Some(directory) = &options.cache else {
        return examined("cache", State::Note, "none: each run reads everything again".to_owned());
    };
    match Store::new(Some(directory.clone())).probe() {
        Ok(()) => good("cache", format!("{} can be written", directory.display())),
        Err(error) => {
            let found =
                format!("{}: {error}; each run reads everything again: name another with --cache-dir DIR", directory.display());
            examined("cache", State::Note, found)
        }
    }
}

fn git() -> Examined {
    match crate::git::version() {
        Some(version) => good("git", version),
        None => examined("git", State::Note, "not found: `diff BASE..HEAD` needs it, `diff --patch` does not".to_owned()),
    }
}

/// A worker takes 140 to 210 MB, the analysis of a whole kernel up to 2 GB.
fn memory(options: &Options) -> Examined {
    let text = std::fs::read_to_string("/proc/meminfo").unwrap_or_default();
    let available = text.lines().find_map(|line| line.strip_prefix("MemAvailable:"));
    let megabytes =
        available.and_then(|rest| rest.split_whitespace().next()?.parse::<usize>().ok()).map_or(0, |kilobytes| kilobytes / 1024);
    let workers = options.workers.count();
    let needed = 2000 + 210 * workers;
    match megabytes {
        0 => examined("memory", State::Note, "its size is not known here".to_owned()),
        enough if enough >= needed => good("memory", format!("{enough} MB available for {workers} workers")),
        few => examined(
            "memory",
            State::Note,
            format!("{few} MB available, a whole kernel with {workers} workers may take {needed}: give -j1"),
        ),
    }
}

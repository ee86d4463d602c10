//! Settings that need not be given each time: `.gupcheck.toml` at the root of the kernel tree, the user's own file, `GUPCHECK_…` in the environment.
//!
//! Every setting is an option of the command line by the same name. Before the command line is read, those that its command has
//! are put in front of what was typed, so that there is one way to say a thing and one place that checks it, and what was typed
//! counts. Order: command line, environment, tree, user. A tree's file may not say where files are written.

mod file;

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use clap::CommandFactory;

use crate::cli::Cli;
use crate::output::Failure;

/// What can be set: the option's name, whether it is a path, and whether a tree may say it.
pub(crate) struct Setting {
    pub(crate) name: &'static str,
    pub(crate) is_path: bool,
    of_tree: bool,
}

const fn setting(name: &'static str) -> Setting {
    Setting { name, is_path: false, of_tree: true }
}

const fn path(name: &'static str, of_tree: bool) -> Setting {
    Setting { name, is_path: true, of_tree }
}

/// By name.
pub(crate) const SETTINGS: [Setting; 11] = [
    path("analyses", false),
    setting("arch"),
    path("baseline", true),
    path("build", true),
    path("cache-dir", false),
    setting("color"),
    setting("confidence"),
    setting("fail-on"),
    setting("min-coverage"),
    setting("policy"),
    path("suppressions", true),
];

/// A value and where it comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Value {
    pub(crate) name: &'static str,
    pub(crate) text: String,
    /// `$GUPCHECK_POLICY`, `/src/linux/.gupcheck.toml:3`
    pub(crate) origin: String,
}

/// All that is set for the tree that the words of a command line mean; of a name only what counts.
pub(crate) fn values(words: &[OsString]) -> Result<Vec<Value>, Failure> {
    let mut all: Vec<Value> = environment();
    let here = std::env::current_dir().unwrap_or_default();
    let tree = option(words, "--tree").map(PathBuf::from);
    // Without a tree there is no file of one; the command itself says what is missing.
    if let Ok(root) = gup_driver::Tree::source(&here, tree.as_deref()) {
        all.extend(file::read(&root.join(".gupcheck.toml"), &|setting| setting.of_tree)?);
    }
    if let Some(path) = user_file() {
        all.extend(file::read(&path, &|_| true)?);
    }
    let mut counted: Vec<Value> = Vec::new();
    for value in all {
        if counted.iter().all(|known| known.name != value.name) {
            counted.push(value);
        }
    }
    counted.sort_by_key(|value| value.name);
    Ok(counted)
}

/// The command line with the settings that its command takes right behind the command's name.
pub(crate) fn argv(words: Vec<OsString>) -> Result<Vec<OsString>, Failure> {
    let mut command = Cli::command();
    let mut at = 1;
    while let Some(sub) = words.get(at).and_then(|word| command.find_subcommand(word).cloned()) {
        command = sub;
        at += 1;
    }
    let takes = |name: &str| command.get_arguments().any(|arg| arg.get_long() == Some(name));
    if at == 1 || !SETTINGS.iter().any(|setting| takes(setting.name)) {
        return Ok(words);
    }
    let is_given = |word: &str| words.iter().any(|given| given == word);
    let wanted = |value: &Value| takes(value.name) && !(value.name == "cache-dir" && is_given("--no-cache"));
    let set = values(&words)?.into_iter().filter(wanted).map(|value| OsString::from(format!("--{}={}", value.name, value.text)));
    let mut all = words[..at].to_vec();
    all.extend(set);
    all.extend(words[at..].iter().cloned());
    Ok(all)
}

/// The value of an option among words that nobody has read yet.
pub(crate) fn option(words: &[OsString], name: &str) -> Option<OsString> {
    let mut found = None;
    for (number, word) in words.iter().enumerate() {
        let text = word.to_string_lossy();
        if text == name {
            found = words.get(number + 1).cloned();
        } else if let Some(value) = text.strip_prefix(name).and_then(|rest| rest.strip_prefix('=')) {
            found = Some(value.into());
        }
    }
    found
}

fn environment() -> Vec<Value> {
    let of = |setting: &Setting| {
        let name = format!("GUPCHECK_{}", setting.name.to_uppercase().replace('-', "_"));
        let text = std::env::var(&name).ok().filter(|text| !text.is_empty())?;
        Some(Value { name: setting.name, text, origin: format!("${name}") })
    };
    SETTINGS.iter().filter_map(of).collect()
}

/// `$XDG_CONFIG_HOME/gupcheck/config.toml` or `~/.config/gupcheck/config.toml`.
fn user_file() -> Option<PathBuf> {
    let variable = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    let folder = variable("XDG_CONFIG_HOME").or_else(|| variable("HOME").map(|home| home.join(".config")));
    folder.map(|folder| folder.join("gupcheck/config.toml")).filter(|path| Path::is_file(path))
}

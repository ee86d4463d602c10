//! Files whose changes concern us, for clients that watch them.

use std::path::Path;

use serde_json::{Value, json};

use crate::uri;

const PATTERNS: [&str; 6] = [
    "**/*.{c,h}",
    "**/Makefile",
    "**/Kbuild",
    "**/include/config/auto.conf",
    "**/include/generated/autoconf.h",
    "**/.gupcheck.toml",
];

/// As `workspace/didChangeWatchedFiles` registers them. `is_relative`: the client takes patterns below a folder.
pub(crate) fn patterns(is_relative: bool, root: Option<&Path>) -> Vec<Value> {
    let pattern = |pattern: &&str| match root.filter(|_| is_relative) {
        Some(root) => json!({ "globPattern": { "baseUri": uri::of(root), "pattern": pattern } }),
        None => json!({ "globPattern": pattern }),
    };
    PATTERNS.iter().map(pattern).collect()
}

/// Settings of the tree.
pub(crate) fn is_settings(file: &Path) -> bool {
    file.file_name().is_some_and(|name| name == ".gupcheck.toml")
}

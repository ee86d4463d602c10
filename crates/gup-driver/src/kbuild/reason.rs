//! Why a file is not part of this configuration, in one line.

use super::Kbuild;
use crate::tree::Tree;

pub(super) fn reason(kbuild: &Kbuild, tree: &Tree, file: &str) -> String {
    if let Some(arch) = file.strip_prefix("arch/").and_then(|rest| rest.split('/').next())
        && arch != tree.arch
    {
        return format!("for arch/{arch}; this tree is configured for {}", tree.arch);
    }
    let (directory, name) = file.rsplit_once('/').unwrap_or(("", file));
    let stem = name.trim_end_matches(".c");
    named_by(kbuild, tree, directory, &format!("{stem}.o"))
}

/// Looks for `name` in the makefile of `directory`, then for the directory in those above it.
fn named_by(kbuild: &Kbuild, tree: &Tree, directory: &str, name: &str) -> String {
    let mut directory = directory;
    let mut name = name.to_owned();
    loop {
        let mut wanted = name.clone();
        // A part of a composite leads to the composite: foo-y += part.o, obj-$(CONFIG_FOO) += foo.o.
        for _ in 0..4 {
            let Some((left, text)) = assignment_naming(kbuild, directory, &wanted) else { break };
            if let Some(option) = disabled_option(tree, &left) {
                return format!("{option} is not set ({text})");
            }
            let Some((composite, _)) = left.rsplit_once('-').filter(|(stem, _)| !matches!(*stem, "obj" | "lib" | "subdir"))
            else {
                break;
            };
            wanted = format!("{composite}.o");
        }
        if directory.is_empty() {
            break;
        }
        let (above, last) = directory.rsplit_once('/').unwrap_or(("", directory));
        if kbuild.visited.contains_key(directory) && assignment_naming(kbuild, directory, &name).is_none() && name.ends_with(".o")
        {
            // Deeper objects are named from above with their path: gem/file.o.
            name = format!("{last}/{name}");
        } else {
            name = format!("{last}/");
        }
        directory = above;
    }
    "no makefile of this configuration names it".to_owned()
}

/// The left side of the assignment whose right side has `name`, and the makefile's name.
fn assignment_naming(kbuild: &Kbuild, directory: &str, name: &str) -> Option<(String, String)> {
    for file in ["Kbuild", "Makefile"] {
        let path = if directory.is_empty() { file.to_owned() } else { format!("{directory}/{file}") };
        let Some(bytes) = kbuild.version.read(&kbuild.root, &path) else { continue };
        let text = String::from_utf8_lossy(&bytes).replace("\\\n", " ");
        for line in text.lines() {
            let Some((left, right)) = line.split_once('=') else { continue };
            if right.split_whitespace().any(|word| word == name || word.trim_end_matches('/') == name.trim_end_matches('/')) {
                return Some((left.trim_end_matches([':', '+', '?', ' ', '\t']).trim().to_owned(), path));
            }
        }
    }
    None
}

/// `CONFIG_X` of `obj-$(CONFIG_X)` when it is off.
fn disabled_option(tree: &Tree, left: &str) -> Option<String> {
    let start = left.find("CONFIG_")?;
    let option: String = left[start..].chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '_').collect();
    (!tree.is_enabled(&option)).then_some(option)
}

//! Makes the binary self-contained: embeds `analyses/`, and a hash of the sources that decide what extraction gives.

use std::collections::hash_map::DefaultHasher;
use std::fmt::Write;
use std::hash::Hasher;
use std::path::{Path, PathBuf};

fn main() {
    let crates = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let mut hasher = DefaultHasher::new();
    for name in ["gup-ir", "gup-clang", "gup-frontend"] {
        for file in files(&crates.join(name).join("src")) {
            hasher.write(&std::fs::read(file).unwrap_or_default());
        }
    }
    println!("cargo::rustc-env=GUPCHECK_FRONTEND={:016x}", hasher.finish());
    let analyses = crates.join("../analyses");
    let mut table = String::from("&[\n");
    for file in files(&analyses) {
        let name = file.strip_prefix(&analyses).unwrap_or(&file).display().to_string();
        if name.ends_with(".toml") || name.ends_with(".md") {
            let path = file.canonicalize().unwrap_or(file);
            writeln!(table, "    ({name:?}, include_str!({:?})),", path.display().to_string())
                .expect("a string takes everything");
        }
    }
    table.push_str("]\n");
    let out = PathBuf::from(std::env::var_os("OUT_DIR").expect("cargo sets it")).join("analyses.rs");
    std::fs::write(out, table).expect("cargo's output directory can be written");
}

/// All files below a directory, in order; cargo is told about each and about the directories.
fn files(directory: &Path) -> Vec<PathBuf> {
    println!("cargo::rerun-if-changed={}", directory.display());
    let mut out = Vec::new();
    let mut entries: Vec<PathBuf> =
        std::fs::read_dir(directory).into_iter().flatten().flatten().map(|entry| entry.path()).collect();
    entries.sort();
    for path in entries {
        if path.is_dir() {
            out.extend(files(&path));
        } else {
            println!("cargo::rerun-if-changed={}", path.display());
            out.push(path);
        }
    }
    out
}

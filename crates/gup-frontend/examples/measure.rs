//! Lowers many files of a kernel and adds up what was not understood: `measure ROOT BUILD FLAGS_FILE FILE_LIST [PCH_HEADER OUT]`.
//! FLAGS_FILE has one compiler flag per line, FILE_LIST one file per line. With PCH_HEADER (a file of `#include` lines) a PCH is used.
#![allow(clippy::print_stdout)]

use std::collections::{BTreeMap, HashSet};
use std::path::Path;
use std::time::Instant;

use gup_frontend::{Request, build_pch, extract, extract_headers};

fn lines(path: &str) -> Vec<String> {
    std::fs::read_to_string(path).expect("a readable file").lines().map(str::to_owned).collect()
}

/// What Kbuild adds for each file, guessed.
fn own_flags(root: &Path, file: &str) -> Vec<String> {
    let stem = Path::new(file).file_stem().and_then(|stem| stem.to_str()).unwrap_or("x").replace('-', "_");
    let mut flags = vec![
        format!("-DKBUILD_MODNAME=\"{stem}\""),
        format!("-DKBUILD_BASENAME=\"{stem}\""),
        format!("-DKBUILD_MODFILE=\"{stem}\""),
    ];
    flags.push(format!("-D__KBUILD_MODNAME=kmod_{stem}"));
    flags.extend(Path::new(file).ancestors().skip(1).take(4).map(|directory| format!("-I{}", root.join(directory).display())));
    flags
}

fn main() {
    let names: Vec<String> = std::env::args().skip(1).collect();
    let (root, build) = (Path::new(&names[0]), Path::new(&names[1]));
    let (flags, files) = (lines(&names[2]), lines(&names[3]));
    let clang = gup_clang::load().expect("a libclang");
    let mut known = HashSet::new();
    let pch = names.get(5).map(Path::new);
    if let Some(out) = pch {
        let text = std::fs::read_to_string(&names[4]).expect("a readable header");
        let start = Instant::now();
        let inputs = build_pch(&clang, root, &text, &flags, build, &[], out).expect("headers without errors");
        println!("PCH of {} files: {:.2} s", inputs.len(), start.elapsed().as_secs_f64());
        let start = Instant::now();
        let headers = extract_headers(&clang, root, &text, &flags, build, &[], out);
        let (functions, statements) = (headers.unit.functions.len(), headers.statements);
        println!(
            "its unit: {:.2} s, {functions} functions, {statements} statements, {:?}",
            start.elapsed().as_secs_f64(),
            headers.opaque
        );
        known.extend(headers.unit.files.iter().cloned());
    }
    let mut opaque = BTreeMap::new();
    let (mut statements, mut functions, mut failed) = (0, 0, 0);
    let total = Instant::now();
    for file in &files {
        let start = Instant::now();
        let args: Vec<String> = flags.iter().cloned().chain(own_flags(root, file)).collect();
        let request = Request { root, file, args: &args, directory: build, overlay: &[], pch, known_headers: &known };
        let extraction = extract(&clang, &request);
        failed += u32::from(extraction.fatal.is_some() || !extraction.errors.is_empty());
        statements += extraction.statements;
        functions += extraction.unit.functions.len();
        for (reason, count) in &extraction.opaque {
            *opaque.entry(reason.clone()).or_insert(0) += count;
        }
        let errors = extraction.errors.len();
        println!(
            "{file}: {:.2} s, {} statements, {errors} errors {:?}{}",
            start.elapsed().as_secs_f64(),
            extraction.statements,
            extraction.errors.first(),
            extraction.fatal.map(|fatal| format!(", {fatal}")).unwrap_or_default()
        );
        for function in &extraction.unit.functions {
            if let Err(problem) = gup_ir::check::check(function) {
                println!("  ill-formed: {problem}");
            }
        }
        for (reason, count) in extraction.opaque.iter().filter(|(reason, _)| !reason.starts_with("asm")) {
            println!("  {count} {reason}");
        }
    }
    let sum: u32 = opaque.values().sum();
    println!(
        "{} files ({failed} with errors), {functions} functions, {statements} statements, {:.1} s",
        files.len(),
        total.elapsed().as_secs_f64()
    );
    println!("opaque: {sum} ({:.2} %): {opaque:#?}", 100.0 * f64::from(sum) / f64::from(statements.max(1)));
}

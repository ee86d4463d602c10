//! Lowers one C file and prints its IR: `cargo run -p gup-frontend --example lower ROOT FILE [BUILD_DIR] [--pch PCH] [-- ARGS...]`.
#![allow(clippy::print_stdout)]

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::time::Instant;

use gup_frontend::{Request, extract};

fn main() {
    let mut names: Vec<String> = std::env::args().skip(1).collect();
    let args = names.iter().position(|name| name == "--").map(|at| names.split_off(at)).unwrap_or_default();
    let pch = names.iter().position(|name| name == "--pch").map(|at| names.drain(at..at + 2).nth(1).expect("--pch FILE"));
    let quiet = names.iter().position(|name| name == "-q").map(|at| names.remove(at)).is_some();
    let directory = names.get(2).unwrap_or(&names[0]).clone();
    let clang = gup_clang::load().expect("a libclang");
    let pch: Option<PathBuf> = pch.map(PathBuf::from);
    let request = Request {
        root: Path::new(&names[0]),
        file: &names[1],
        args: args.get(1..).unwrap_or_default(),
        directory: Path::new(&directory),
        overlay: &[],
        pch: pch.as_deref(),
        known_headers: &HashSet::new(),
    };
    let start = Instant::now();
    let extraction = extract(&clang, &request);
    if !quiet {
        println!("{}", gup_ir::text::print(&extraction.unit));
    }
    let problems: Vec<String> =
        extraction.unit.functions.iter().filter_map(|function| gup_ir::check::check(function).err()).collect();
    println!(
        "# {:.2} s, {} functions, {} tables, {} statements, {} files, errors {:#?}, opaque {:#?}, fatal {:?}, problems {problems:#?}",
        start.elapsed().as_secs_f64(),
        extraction.unit.functions.len(),
        extraction.unit.tables.len(),
        extraction.statements,
        extraction.includes.len(),
        extraction.errors,
        extraction.opaque,
        extraction.fatal,
    );
}

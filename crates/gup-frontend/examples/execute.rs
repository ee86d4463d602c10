//! Runs the IR of a C file without input, prints what it gives to a function `print`, and then a global variable: `execute FILE FUNCTION VARIABLE [-- ARGS...]`.
//! For comparing the front end with a C compiler on generated programs.
#![allow(clippy::print_stdout)]

#[path = "../tests/machine/mod.rs"]
mod machine;

use std::collections::HashSet;
use std::path::Path;

use gup_frontend::{Request, extract};

fn main() {
    let names: Vec<String> = std::env::args().skip(1).collect();
    let args = names.get(4..).unwrap_or_default();
    let directory = std::env::current_dir().expect("a working directory");
    let clang = gup_clang::load().expect("a libclang");
    let request = Request {
        root: Path::new("/"),
        file: &names[0],
        args,
        directory: &directory,
        overlay: &[],
        pch: None,
        known_headers: &HashSet::new(),
    };
    let extraction = extract(&clang, &request);
    assert!(extraction.errors.is_empty() && extraction.fatal.is_none(), "{:?}", extraction.errors);
    let run = move || {
        let mut machine = machine::Machine::new(&extraction.unit);
        machine.call(&names[1], Vec::new());
        machine.printed.iter().for_each(|values| println!("{values:?}"));
        println!("{:?}", machine.global(&names[2]));
    };
    std::thread::Builder::new().stack_size(1 << 30).spawn(run).expect("a thread").join().expect("a run to the end");
}

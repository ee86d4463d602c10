//! Prints the cursors of a C file, and each declaration as clang prints it: `cargo run -p gup-clang --example tree FILE [FUNCTION] [-- ARGS...]`.
#![allow(clippy::print_stdout)]

use std::path::Path;

use gup_clang::{Cursor, CursorKind, Parsing};

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let split = arguments.iter().position(|argument| argument == "--").unwrap_or(arguments.len());
    let (names, args) = (&arguments[..split], arguments.get(split + 1..).unwrap_or_default());
    let clang = gup_clang::load().expect("a libclang");
    let parsing = Parsing { file: Path::new(&names[0]), args, overlay: &[], purpose: gup_clang::Purpose::Look };
    let unit = clang.parse(&parsing).expect("a file that can be parsed");
    for error in unit.errors() {
        println!("error: {error:?}");
    }
    for declaration in unit.cursor().children() {
        if names.get(1).is_none_or(|name| declaration.spelling() == *name) {
            print(declaration, 0);
            println!("{}", declaration.pretty_printed());
        }
    }
}

fn print(cursor: Cursor<'_>, depth: usize) {
    let operator = match cursor.kind() {
        CursorKind::BinaryOperator | CursorKind::CompoundAssignOperator => format!(" {:?}", cursor.binary_operator()),
        CursorKind::UnaryOperator => format!(" {:?}", cursor.unary_operator()),
        _ => String::new(),
    };
    println!("{:width$}{cursor:?}{operator}", "", width = 2 * depth);
    for child in cursor.children() {
        print(child, depth + 1);
    }
}

//! The text form of the IR: what `gupcheck ir FILE` prints, and what engine tests are written in.
//!
//! ```text
//! unit "drivers/foo.c"
//! private struct foo
//!
//! static fn foo_pin(f: *struct foo, start: u64, n: i32) -> i32 @12:12 {
//!   let got: i32
//!   let $4: **struct page
//! b0:
//!   $4 = f->pages                                               @15:44
//!   got = call pin_user_pages_fast(start, n, 1, $4)             @15:8
//!   if got < 0 : i32 goto b1 else b2                            @16:6
//! b1:
//!   return got                                                  @17:3
//! b2:
//!   f->pages[got] = 0                                           @18:2
//!   return 0                                                    @19:2
//! }
//! ```
//!
//! One statement per line; `//` begins a comment. The forms, beyond what the example shows:
//!
//! | text | IR |
//! | --- | --- |
//! | `x`, `x$3`, `$3` | local; the number is its id, needed where the name is empty, a keyword or used twice |
//! | `@jiffies`, `@"f.count"` | global; static local of `f` |
//! | `p->f`, `s.f`, `*p`, `p[i]`, `a.[i]` | dereference and field, field, dereference, dereference and index, index |
//! | `->bio::bi_private` | field with its structure, written where the local's declared type does not tell it |
//! | `fn end_io`, `"text"`, `-5`, `0x80000` | address of a function, string, constants |
//! | `-(x)`, `~(x)`, `a + b : u64`, `p +ptr i : *void`, `p -ptr q : i64` | arithmetic, in that type |
//! | `x : i32 as u64` | conversion, from and to |
//! | `a < b : u32` | comparison of two `u32` |
//! | `if a < b : u32 then x else y` | `?:` as a value |
//! | `container_of(p, foo, work.entry)` | `container_of` |
//! | `call *o->ops->drm_ops::get as drm_ops::get(o)`, `call *fp(x)` | call through a field, through a pointer |
//! | `forget x`, `opaque "asm" reads a writes b` | `Forget`, `Opaque` |
//! | `switch x {1: b2, 3..7: b3, else: b4}` | `Switch` |
//! | `@15:8`, `@2:15:8` | position in the main file, in file 2; left out where unknown |
//! | `[u8; 16]`, `[u8]`, `function`, `other` | types |
//!
//! [`print()`] and [`parse`] are inverse to each other for every unit whose functions pass [`crate::check`].

mod cursor;
mod lex;
mod parse;
mod print;

pub use cursor::ParseError;
pub use parse::parse;
pub use print::{print, print_function};

use crate::{Local, Proj, Type};

/// Words that a statement or value may begin with; a local of such a name is written with its number.
const KEYWORDS: [&str; 13] =
    ["call", "container_of", "fn", "forget", "goto", "if", "let", "opaque", "reads", "return", "switch", "unreachable", "writes"];

/// A name that can stand without quotes: letters, digits and `_`, as in C.
fn is_identifier(name: &str) -> bool {
    name.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_')
        && name.chars().all(|char| char.is_ascii_alphanumeric() || char == '_')
}

/// Whether `locals[index]` can be written by its name alone.
fn has_own_name(locals: &[Local], index: usize) -> bool {
    let name = &locals[index].name;
    is_identifier(name)
        && !KEYWORDS.contains(&name.as_str())
        && locals.iter().enumerate().all(|(other, local)| other == index || local.name != *name)
}

/// The structure in which a field that follows `proj` lies, as far as the local's declared type tells it: `p->f` need not
/// repeat the structure's name there.
fn struct_at<'a>(local: Option<&'a Local>, proj: &[Proj]) -> Option<&'a str> {
    let mut ty = &local?.ty;
    let mut after_deref = false;
    for step in proj {
        ty = match (step, ty) {
            (Proj::Deref, Type::Pointer(pointee)) => pointee,
            // p[i] is [Deref, Index]: the pointee already is the element.
            (Proj::Index(_), element) if after_deref => element,
            (Proj::Index(_), Type::Array(element, _)) => element,
            _ => return None,
        };
        after_deref = matches!(step, Proj::Deref);
    }
    match ty {
        Type::Struct(name) => Some(name),
        _ => None,
    }
}

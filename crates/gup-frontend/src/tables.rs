//! Function pointers in static initialisers.

use gup_clang::{Cursor, CursorKind};
use gup_ir::TableEntry;

use crate::extract::Context;
use crate::initialiser::{self, Step};
use crate::lower::function_in;

/// Adds the functions a variable's initialiser names. `name` is the variable's name in the program.
///
/// ```c
/// static const struct file_operations ops = { .read = my_read };   // (file_operations, read) -> my_read
/// ```
pub(crate) fn collect(cx: &mut Context<'_>, variable: Cursor<'_>, name: &str) {
    let Some(value) = variable.initializer() else { return };
    let list = match value.kind() {
        CursorKind::InitListExpr => value,
        CursorKind::CompoundLiteralExpr => match value.children().last() {
            Some(list) => *list,
            None => return,
        },
        _ => return entry(cx, &[], value, name),
    };
    for leaf in initialiser::leaves(&mut cx.names, list, variable.ty()) {
        if leaf.expr.kind() == CursorKind::CompoundLiteralExpr
            && let Some(inner) = leaf.expr.children().last()
        {
            // `.ops = &(struct ops){ ... }` and its like
            for inner_leaf in initialiser::leaves(&mut cx.names, *inner, leaf.expr.ty()) {
                entry(cx, &inner_leaf.path, inner_leaf.expr, name);
            }
            continue;
        }
        entry(cx, &leaf.path, leaf.expr, name);
    }
}

fn entry(cx: &mut Context<'_>, path: &[Step], value: Cursor<'_>, variable: &str) {
    let Some(function) = function_in(value) else { return };
    let field = path.iter().rev().find_map(|step| match step {
        Step::Field { strukt, field } => Some((strukt.clone(), field.clone())),
        Step::Index(_) => None,
    });
    let (strukt, field) = field.unwrap_or_default();
    let pos = cx.files.pos(value);
    cx.tables.push(TableEntry { strukt, field, function: function.spelling(), variable: variable.to_owned(), pos });
}

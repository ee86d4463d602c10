//! Every part of an expression or a path: to look at, and to change.

use super::{Expr, Path, Root, Step};

/// Shows an expression and all that it is made of, outer ones first.
pub(crate) fn walk(expr: &Expr, visit: &mut dyn FnMut(&Expr)) {
    visit(expr);
    match expr {
        Expr::Load(path) | Expr::Addr(path) => walk_path(path, visit),
        Expr::Sum(_, parts) => parts.iter().for_each(|(_, part)| walk(part, visit)),
        Expr::Pages(a, b) => {
            walk(a, visit);
            walk(b, visit);
        }
        Expr::Apply(_, args) => args.iter().for_each(|arg| walk(arg, visit)),
        _ => {}
    }
}

/// Shows every expression of a path, outer ones first.
pub(crate) fn walk_path(path: &Path, visit: &mut dyn FnMut(&Expr)) {
    if let Root::At(expr) = &*path.root {
        walk(expr, visit);
    }
    for step in &path.steps {
        if let Step::Index(expr) = step {
            walk(expr, visit);
        }
    }
}

/// Visits every expression of a path, inner ones first.
pub(crate) fn in_path(path: &mut Path, visit: &mut dyn FnMut(&mut Expr)) {
    if let Root::At(value) = &mut *path.root {
        in_expr(value, visit);
    }
    for step in &mut path.steps {
        if let Step::Index(index) = step {
            in_expr(index, visit);
        }
    }
}

/// Visits every part of an expression, inner ones first. What a contract says is bounded by its parser, what is found out by `limits::TERM`:
/// recursion is safe.
pub(crate) fn in_expr(expr: &mut Expr, visit: &mut dyn FnMut(&mut Expr)) {
    match expr {
        Expr::Load(path) | Expr::Addr(path) => in_path(path, visit),
        Expr::Sum(_, terms) => {
            for (_, term) in terms {
                in_expr(term, visit);
            }
        }
        Expr::Pages(bytes, offset) => {
            in_expr(bytes, visit);
            in_expr(offset, visit);
        }
        Expr::Apply(_, arguments) => {
            for argument in arguments {
                in_expr(argument, visit);
            }
        }
        Expr::Int(_) | Expr::Named(_) | Expr::Ret | Expr::Param(_) | Expr::Function(_) | Expr::Fresh(_) => {}
    }
    visit(expr);
}

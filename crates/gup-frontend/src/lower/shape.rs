//! What an "unexposed" node of libclang is.
//!
//! libclang gives one kind, UNEXPOSED_EXPR, to implicit conversions, `a ?: b`, `__builtin_choose_expr`, `__builtin_offsetof`, `va_arg`,
//! `__builtin_types_compatible_p` and others. They are told apart by their children, types and values.

use gup_clang::{BinaryOperator, Cursor, CursorKind, Evaluated, TypeKind, UnaryOperator};

use super::Lowering;

/// An UNEXPOSED_EXPR.
pub(super) enum Shape<'tu> {
    Constant(i64),
    /// An implicit conversion, or nothing at all around the child.
    Wrapper(Cursor<'tu>),
    /// `a ?: b`
    Elvis(Cursor<'tu>, Cursor<'tu>),
    /// `__builtin_choose_expr(cond, a, b)`
    Choose(Cursor<'tu>, Cursor<'tu>, Cursor<'tu>),
    /// `__builtin_offsetof(type, member.path)`: the node itself and its members.
    OffsetOf(Vec<Cursor<'tu>>),
    Unknown(&'static str),
}

pub(super) fn shape(cursor: Cursor<'_>) -> Shape<'_> {
    let children = cursor.children();
    if children.iter().any(|child| child.kind() == CursorKind::MemberRef) {
        return Shape::OffsetOf(children);
    }
    // `__builtin_types_compatible_p(typeof(x), int)` has type int and the child x: only its value tells it from a conversion of x.
    let may_be_trait = children.is_empty() || cursor.ty().canonical().kind() == TypeKind::Int;
    if may_be_trait && let Some(Evaluated::Int(value)) = cursor.evaluate() {
        // The compiler also knows the value of `(int)(f(), 0)`; but there f is to be called.
        let runs = |child: &Cursor<'_>| has_side_effects(*child) && child.evaluate().is_some();
        if !children.iter().any(runs) {
            return Shape::Constant(value);
        }
    }
    let operands: Vec<_> = children.into_iter().filter(|child| child.kind() != CursorKind::TypeRef).collect();
    match operands.as_slice() {
        // Only in code with errors
        [] => Shape::Unknown("expr: unexposed"),
        [child] if is_va_list(*child) && !is_va_list(cursor) => Shape::Unknown("expr: va_arg"),
        [child] => Shape::Wrapper(*child),
        // libclang shows the condition three times.
        [cond, again, _, otherwise] if cond.position() == again.position() => Shape::Elvis(*cond, *otherwise),
        [cond, yes, no] => Shape::Choose(*cond, *yes, *no),
        _ => Shape::Unknown("expr: unexposed"),
    }
}

fn is_va_list(cursor: Cursor<'_>) -> bool {
    cursor.ty().canonical().spelling().contains("__va_list")
}

/// Whether running an expression may change anything.
pub(super) fn has_side_effects(cursor: Cursor<'_>) -> bool {
    let own = match cursor.kind() {
        CursorKind::CallExpr | CursorKind::CompoundAssignOperator | CursorKind::AsmStmt => true,
        CursorKind::BinaryOperator => cursor.binary_operator() == BinaryOperator::Assign,
        CursorKind::UnaryOperator => matches!(
            cursor.unary_operator(),
            UnaryOperator::PreInc | UnaryOperator::PreDec | UnaryOperator::PostInc | UnaryOperator::PostDec
        ),
        _ => false,
    };
    own || cursor.children().into_iter().any(has_side_effects)
}

/// Takes off parentheses, `__extension__` and conversions that libclang shows as wrappers.
pub(super) fn strip(mut cursor: Cursor<'_>) -> Cursor<'_> {
    loop {
        let inner = match cursor.kind() {
            CursorKind::ParenExpr => cursor.children().last().copied(),
            CursorKind::UnaryOperator if cursor.unary_operator() == UnaryOperator::Extension => cursor.children().last().copied(),
            CursorKind::UnexposedExpr => match shape(cursor) {
                Shape::Wrapper(child) => Some(child),
                _ => None,
            },
            _ => None,
        };
        match inner {
            Some(inner) => cursor = inner,
            None => return cursor,
        }
    }
}

/// The function a constant expression names: `f`, `&f`, `(handler_t)f`, and the chosen arm of `CONFIG ? f : NULL`.
pub(crate) fn function_in(cursor: Cursor<'_>) -> Option<Cursor<'_>> {
    let cursor = strip(cursor);
    match cursor.kind() {
        CursorKind::DeclRefExpr => cursor.referenced().filter(|referenced| referenced.kind() == CursorKind::FunctionDecl),
        CursorKind::CStyleCastExpr | CursorKind::UnaryOperator => cursor.children().last().copied().and_then(function_in),
        CursorKind::ConditionalOperator => {
            let children = cursor.children();
            let [cond, yes, no] = children.as_slice() else { return None };
            function_in(if Lowering::fold(*cond)? != 0 { *yes } else { *no })
        }
        CursorKind::UnexposedExpr => match shape(cursor) {
            Shape::Choose(cond, yes, no) => function_in(if Lowering::fold(cond)? != 0 { yes } else { no }),
            _ => None,
        },
        _ => None,
    }
}

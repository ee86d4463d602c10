//! Constants: what is known without running anything.

use gup_clang::{BinaryOperator as B, Cursor, CursorKind, Evaluated, TypeKind, UnaryOperator};
use gup_ir::BinaryOp;

use super::Lowering;
use super::shape::{Shape, has_side_effects, shape};
use crate::types::{ADDRESS, integer, wrap};

impl Lowering<'_, '_, '_> {
    /// The value of an integer expression, if it is constant. Emits nothing. `__builtin_constant_p` is 1 only for what is constant here:
    /// the functions of the IR are read for all their callers.
    pub(super) fn fold(cursor: Cursor<'_>) -> Option<i64> {
        let last = |cursor: Cursor<'_>| cursor.children().last().copied().and_then(Self::fold);
        match cursor.kind() {
            CursorKind::IntegerLiteral | CursorKind::CharacterLiteral | CursorKind::TraitExpr => evaluated(cursor),
            CursorKind::ParenExpr => last(cursor),
            CursorKind::DeclRefExpr => {
                let referenced = cursor.referenced()?;
                (referenced.kind() == CursorKind::EnumConstantDecl).then(|| referenced.enum_value())
            }
            CursorKind::UnexposedExpr => match shape(cursor) {
                Shape::Constant(value) => Some(value),
                Shape::Wrapper(child) => converted(cursor, Self::fold(child)?),
                Shape::Choose(cond, yes, no) => Self::fold(if Self::fold(cond)? != 0 { yes } else { no }),
                Shape::OffsetOf(_) => evaluated(cursor),
                Shape::Elvis(cond, otherwise) => match Self::fold(cond)? {
                    0 => Self::fold(otherwise),
                    value => Some(value),
                },
                Shape::Unknown(_) => None,
            },
            CursorKind::CStyleCastExpr => converted(cursor, last(cursor)?),
            CursorKind::UnaryOperator => match cursor.unary_operator() {
                UnaryOperator::LogicalNot => last(cursor).map(|value| i64::from(value == 0)),
                UnaryOperator::Minus => converted(cursor, last(cursor)?.wrapping_neg()),
                UnaryOperator::Not => converted(cursor, !last(cursor)?),
                UnaryOperator::Plus | UnaryOperator::Extension => last(cursor),
                _ => None,
            },
            CursorKind::BinaryOperator => fold_binary(cursor),
            CursorKind::ConditionalOperator => {
                let children = cursor.children();
                let [cond, yes, no] = children.as_slice() else { return None };
                Self::fold(if Self::fold(*cond)? != 0 { *yes } else { *no })
            }
            CursorKind::CallExpr => fold_call(cursor),
            CursorKind::GenericSelectionExpr if !has_side_effects(cursor) => evaluated(cursor),
            _ => None,
        }
    }
}

fn evaluated(cursor: Cursor<'_>) -> Option<i64> {
    match cursor.evaluate()? {
        Evaluated::Int(value) => Some(value),
        Evaluated::Text(_) => None,
    }
}

/// `value` in the cursor's type; `None` where that is no integer or pointer.
fn converted(cursor: Cursor<'_>, value: i64) -> Option<i64> {
    let ty = cursor.ty().canonical();
    let int = if ty.kind() == TypeKind::Pointer { Some(ADDRESS) } else { integer(ty) };
    int.map(|int| wrap(value, int))
}

fn fold_binary(cursor: Cursor<'_>) -> Option<i64> {
    let children = cursor.children();
    let [lhs, rhs] = children.as_slice() else { return None };
    let fold = |cursor| Lowering::fold(cursor);
    match cursor.binary_operator() {
        B::LogicalAnd => match fold(*lhs)? {
            0 => Some(0),
            _ => fold(*rhs).map(|value| i64::from(value != 0)),
        },
        B::LogicalOr => match fold(*lhs)? {
            0 => fold(*rhs).map(|value| i64::from(value != 0)),
            _ => Some(1),
        },
        B::Comma => fold(*lhs).and(fold(*rhs)),
        // Their operands fold or they do not; if they do, the compiler knows the types best.
        B::Assign | B::Other(_) => None,
        _ => fold(*lhs).and(fold(*rhs)).and_then(|_| evaluated(cursor)),
    }
}

fn fold_call(cursor: Cursor<'_>) -> Option<i64> {
    let callee = cursor.referenced()?.spelling();
    let children = cursor.children();
    match (callee.as_str(), &children[1..]) {
        ("__builtin_expect" | "__builtin_expect_with_probability", [value, ..]) => Lowering::fold(*value),
        ("__builtin_constant_p", [value]) => Some(i64::from(Lowering::fold(*value).is_some())),
        // The compiler evaluates as if side effects did not matter; they do.
        (name, arguments) if name.starts_with("__builtin_") && !arguments.iter().copied().any(has_side_effects) => {
            evaluated(cursor)
        }
        _ => None,
    }
}

/// `lhs op rhs` in `ty`; `None` where C leaves it undefined.
pub(super) fn compute(op: BinaryOp, lhs: i64, rhs: i64, ty: gup_ir::IntType) -> Option<i64> {
    let unsigned = |f: fn(u64, u64) -> Option<u64>| f(lhs as u64, rhs as u64).map(|value| value as i64);
    let value = match op {
        BinaryOp::Add => lhs.wrapping_add(rhs),
        BinaryOp::Sub => lhs.wrapping_sub(rhs),
        BinaryOp::Mul => lhs.wrapping_mul(rhs),
        BinaryOp::Div if ty.signed => lhs.checked_div(rhs)?,
        BinaryOp::Div => unsigned(u64::checked_div)?,
        BinaryOp::Rem if ty.signed => lhs.checked_rem(rhs)?,
        BinaryOp::Rem => unsigned(u64::checked_rem)?,
        BinaryOp::And => lhs & rhs,
        BinaryOp::Or => lhs | rhs,
        BinaryOp::Xor => lhs ^ rhs,
        BinaryOp::Shl | BinaryOp::Shr if !(0..i64::from(ty.bits)).contains(&rhs) => return None,
        BinaryOp::Shl => lhs.checked_shl(rhs as u32)?,
        BinaryOp::Shr if ty.signed => lhs >> rhs,
        BinaryOp::Shr => (lhs as u64 >> rhs) as i64,
        BinaryOp::PtrAdd | BinaryOp::PtrDiff => return None,
    };
    // 128 bits do not fit what we compute in.
    (ty.bits <= 64).then(|| wrap(value, ty))
}

//! Expressions as conditions: each branch tests one comparison.

use gup_clang::{BinaryOperator as B, Cursor, CursorKind, UnaryOperator};
use gup_ir::{BlockId, CompareOp, Cond, Operand, Place, Rvalue, Terminator, Type};

use super::shape::{Shape, shape};
use super::{Lowering, Value, is_nonzero};
use crate::types::{ADDRESS, INT, common, scalar};

/// A condition without `&&`, `||` and `?:` in it.
pub(super) enum Atom {
    Known(bool),
    Test(Cond),
}

impl<'tu> Lowering<'_, '_, 'tu> {
    /// Ends the current block: to `yes` if the expression is not 0, else to `no`.
    pub(super) fn condition(&mut self, cursor: Cursor<'tu>, yes: BlockId, no: BlockId) {
        let done = self.nested(|this| this.at(cursor, |this| this.condition_here(cursor, yes, no)));
        if done.is_none() {
            let unknown = self.spill(Value::opaque("expr: nested too deep", Type::Int(INT)));
            self.branch(is_nonzero(unknown, INT), yes, no);
        }
    }

    fn condition_here(&mut self, cursor: Cursor<'tu>, yes: BlockId, no: BlockId) {
        if let Some(known) = Self::fold(cursor) {
            return self.graph.end_dead(Terminator::Goto(if known != 0 { yes } else { no }));
        }
        let cursor = same_truth(cursor);
        let children = cursor.children();
        match (cursor.kind(), children.as_slice()) {
            (CursorKind::UnaryOperator, [child]) if cursor.unary_operator() == UnaryOperator::LogicalNot => {
                self.condition(*child, no, yes);
            }
            (CursorKind::BinaryOperator, [lhs, rhs]) => self.binary_condition(cursor, *lhs, *rhs, yes, no),
            (CursorKind::ConditionalOperator, [condition, then, otherwise]) => {
                let (first, second) = (self.graph.new_block(), self.graph.new_block());
                self.condition(*condition, first, second);
                self.graph.start(first);
                self.condition(*then, yes, no);
                self.graph.start(second);
                self.condition(*otherwise, yes, no);
            }
            (CursorKind::UnexposedExpr, _) => match shape(cursor) {
                Shape::Elvis(first, second) => {
                    let more = self.graph.new_block();
                    self.condition(first, yes, more);
                    self.graph.start(more);
                    self.condition(second, yes, no);
                }
                _ => self.atomic_condition(cursor, yes, no),
            },
            (CursorKind::StmtExpr, _) => self.statement_condition(cursor, yes, no),
            _ => self.atomic_condition(cursor, yes, no),
        }
    }

    fn binary_condition(&mut self, cursor: Cursor<'tu>, lhs: Cursor<'tu>, rhs: Cursor<'tu>, yes: BlockId, no: BlockId) {
        match cursor.binary_operator() {
            operator @ (B::LogicalAnd | B::LogicalOr) => {
                let more = self.graph.new_block();
                match operator {
                    B::LogicalAnd => self.condition(lhs, more, no),
                    _ => self.condition(lhs, yes, more),
                }
                self.graph.start(more);
                self.condition(rhs, yes, no);
            }
            B::Comma => {
                self.effect(lhs);
                self.condition(rhs, yes, no);
            }
            _ => self.atomic_condition(cursor, yes, no),
        }
    }

    /// `if (({ ...; x; }))`: the last expression is the condition, unless something is cleaned up after it.
    fn statement_condition(&mut self, cursor: Cursor<'tu>, yes: BlockId, no: BlockId) {
        let value = self.in_statement_expression(cursor, |this, last| {
            let last = last?;
            if this.has_cleanups(this.scopes.len() - 1) {
                let value = this.value(last);
                let ty = value.ty.clone();
                return Some(Value::of(this.snapshot(value), ty));
            }
            this.condition(last, yes, no);
            None
        });
        if let Some(value) = value {
            let atom = self.nonzero(value);
            self.test(atom, yes, no);
        }
    }

    fn atomic_condition(&mut self, cursor: Cursor<'tu>, yes: BlockId, no: BlockId) {
        let atom = self.atom(cursor);
        self.test(atom, yes, no);
    }

    fn test(&mut self, atom: Atom, yes: BlockId, no: BlockId) {
        match atom {
            Atom::Known(known) => self.graph.end_dead(Terminator::Goto(if known { yes } else { no })),
            Atom::Test(cond) => self.branch(cond, yes, no),
        }
    }

    /// The one comparison an expression is, as a condition.
    pub(super) fn atom(&mut self, cursor: Cursor<'tu>) -> Atom {
        let cursor = same_truth(cursor);
        let children = cursor.children();
        match (cursor.kind(), children.as_slice()) {
            (CursorKind::UnaryOperator, [child]) if cursor.unary_operator() == UnaryOperator::LogicalNot => {
                return negated(self.atom(*child));
            }
            (CursorKind::BinaryOperator, [lhs, rhs]) => {
                if let Some(op) = comparison(cursor.binary_operator()) {
                    let (lhs, rhs) = (self.value(*lhs), self.value(*rhs));
                    return self.compare(op, lhs, rhs);
                }
            }
            _ => {}
        }
        let value = self.value(cursor);
        self.nonzero(value)
    }

    /// Whether a value is not 0 (or not NULL).
    pub(super) fn nonzero(&mut self, value: Value) -> Atom {
        match (&value.rv, scalar(&value.ty)) {
            (Rvalue::Compare(cond), _) => Atom::Test(cond.clone()),
            (Rvalue::Use(Operand::Const(constant)), _) => Atom::Known(*constant != 0),
            (Rvalue::Use(Operand::Str(_) | Operand::Function(_)), _) => Atom::Known(true),
            (_, ty) => Atom::Test(is_nonzero(self.spill(value), ty.unwrap_or(INT))),
        }
    }

    fn compare(&mut self, op: CompareOp, lhs: Value, rhs: Value) -> Atom {
        let ty = match (&lhs.ty, &rhs.ty) {
            (Type::Int(a), Type::Int(b)) => common(*a, *b),
            (a, b) if scalar(a).is_some() && scalar(b).is_some() => ADDRESS,
            _ => {
                let unknown = self.spill(Value::opaque("expr: comparison of what is no integer", Type::Int(INT)));
                return Atom::Test(is_nonzero(unknown, INT));
            }
        };
        let [lhs, rhs] = [lhs, rhs].map(|side| match side.ty {
            Type::Int(_) => self.convert(side, &Type::Int(ty)),
            _ => side,
        });
        if let (Some(a), Some(b)) = (lhs.constant(), rhs.constant()) {
            return Atom::Known(holds(op, a, b, ty));
        }
        let (lhs, rhs) = (self.spill(lhs), self.spill(rhs));
        Atom::Test(Cond { op, lhs, rhs, ty })
    }

    /// A comparison, `!`, `&&` or `||` as a value: 0 or 1.
    pub(super) fn truth(&mut self, cursor: Cursor<'tu>) -> Value {
        if let Some(known) = Self::fold(cursor) {
            return Value::int(known, INT);
        }
        if !branches(cursor) {
            return match self.atom(cursor) {
                Atom::Known(known) => Value::int(i64::from(known), INT),
                Atom::Test(cond) => Value::new(Rvalue::Compare(cond), Type::Int(INT)),
            };
        }
        let place = Place::local(self.temporary(Type::Int(INT)));
        let (yes, no, join) = (self.graph.new_block(), self.graph.new_block(), self.graph.new_block());
        self.condition(cursor, yes, no);
        for (block, value) in [(yes, 1), (no, 0)] {
            self.graph.start(block);
            self.assign(place.clone(), Rvalue::Use(Operand::Const(value)));
            self.graph.end(Terminator::Goto(join), join);
        }
        Value::of(Operand::Place(place), Type::Int(INT))
    }
}

/// Whether a condition needs more than one comparison.
pub(super) fn branches(cursor: Cursor<'_>) -> bool {
    let cursor = same_truth(cursor);
    match cursor.kind() {
        CursorKind::UnaryOperator if cursor.unary_operator() == UnaryOperator::LogicalNot => {
            cursor.children().first().is_some_and(|child| branches(*child))
        }
        CursorKind::BinaryOperator => matches!(cursor.binary_operator(), B::LogicalAnd | B::LogicalOr),
        _ => false,
    }
}

/// Takes off what does not change whether an expression is 0: parentheses, widening conversions, `likely()`.
fn same_truth(mut cursor: Cursor<'_>) -> Cursor<'_> {
    loop {
        let inner = match cursor.kind() {
            CursorKind::ParenExpr => cursor.children().last().copied(),
            CursorKind::UnaryOperator if cursor.unary_operator() == UnaryOperator::Extension => cursor.children().last().copied(),
            CursorKind::CStyleCastExpr => cursor.children().last().copied().filter(|inner| keeps_truth(*inner, cursor)),
            CursorKind::UnexposedExpr => match shape(cursor) {
                Shape::Wrapper(child) if keeps_truth(child, cursor) => Some(child),
                _ => None,
            },
            CursorKind::CallExpr => expected(cursor),
            _ => None,
        };
        match inner {
            Some(inner) => cursor = inner,
            None => return cursor,
        }
    }
}

/// `__builtin_expect(x, c)` is x.
pub(super) fn expected(call: Cursor<'_>) -> Option<Cursor<'_>> {
    let name = call.referenced()?.spelling();
    matches!(name.as_str(), "__builtin_expect" | "__builtin_expect_with_probability").then(|| call.children().get(1).copied())?
}

fn keeps_truth(from: Cursor<'_>, to: Cursor<'_>) -> bool {
    let bits = |cursor: Cursor<'_>| {
        let ty = cursor.ty().canonical();
        match ty.kind() {
            gup_clang::TypeKind::Pointer => Some(64),
            _ => crate::types::integer(ty).map(|int| int.bits),
        }
    };
    match (bits(from), bits(to)) {
        // A conversion to bool compares with 0.
        (Some(_), Some(1)) => true,
        (Some(from_bits), Some(to_bits)) => from_bits <= to_bits || is_truth(from),
        _ => false,
    }
}

/// Whether an expression is 0 or 1 by its form.
fn is_truth(cursor: Cursor<'_>) -> bool {
    let cursor = super::shape::strip(cursor);
    match cursor.kind() {
        CursorKind::UnaryOperator => cursor.unary_operator() == UnaryOperator::LogicalNot,
        CursorKind::BinaryOperator => {
            let operator = cursor.binary_operator();
            comparison(operator).is_some() || matches!(operator, B::LogicalAnd | B::LogicalOr)
        }
        _ => false,
    }
}

fn negated(atom: Atom) -> Atom {
    match atom {
        Atom::Known(known) => Atom::Known(!known),
        Atom::Test(cond) => {
            let op = match cond.op {
                CompareOp::Eq => CompareOp::Ne,
                CompareOp::Ne => CompareOp::Eq,
                CompareOp::Lt => CompareOp::Ge,
                CompareOp::Le => CompareOp::Gt,
                CompareOp::Gt => CompareOp::Le,
                CompareOp::Ge => CompareOp::Lt,
            };
            Atom::Test(Cond { op, ..cond })
        }
    }
}

fn comparison(operator: B) -> Option<CompareOp> {
    Some(match operator {
        B::Lt => CompareOp::Lt,
        B::Le => CompareOp::Le,
        B::Gt => CompareOp::Gt,
        B::Ge => CompareOp::Ge,
        B::Eq => CompareOp::Eq,
        B::Ne => CompareOp::Ne,
        _ => return None,
    })
}

fn holds(op: CompareOp, a: i64, b: i64, ty: gup_ir::IntType) -> bool {
    let order = if ty.signed { a.cmp(&b) } else { (a as u64).cmp(&(b as u64)) };
    match op {
        CompareOp::Eq => order.is_eq(),
        CompareOp::Ne => order.is_ne(),
        CompareOp::Lt => order.is_lt(),
        CompareOp::Le => order.is_le(),
        CompareOp::Gt => order.is_gt(),
        CompareOp::Ge => order.is_ge(),
    }
}

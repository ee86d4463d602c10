//! Expressions as values, and expressions whose value nobody wants.

use gup_clang::{Cursor, CursorKind, UnaryOperator};
use gup_ir::{Operand, Place, Rvalue, Terminator, Type, UnaryOp};

use super::constant::compute;
use super::shape::{Shape, shape, strip};
use super::{Lowering, Value, Variable};
use crate::types::wrap;

impl<'tu> Lowering<'_, '_, 'tu> {
    /// What the expression is worth. Its side effects and whatever must be computed first are emitted now.
    pub(super) fn value(&mut self, cursor: Cursor<'tu>) -> Value {
        let value = self.nested(|this| this.value_here(cursor));
        value.unwrap_or_else(|| self.unclear("expr: nested too deep", cursor))
    }

    fn value_here(&mut self, cursor: Cursor<'tu>) -> Value {
        match cursor.kind() {
            CursorKind::IntegerLiteral | CursorKind::CharacterLiteral | CursorKind::TraitExpr => self.literal(cursor),
            CursorKind::FloatingLiteral => Value::opaque("expr: floating point", Type::Other),
            CursorKind::StringLiteral => self.text(cursor),
            CursorKind::ParenExpr => self.last_child(cursor, Self::value),
            CursorKind::DeclRefExpr => self.named(cursor),
            CursorKind::MemberRefExpr | CursorKind::ArraySubscriptExpr | CursorKind::CompoundLiteralExpr => self.read(cursor),
            CursorKind::UnaryOperator => self.unary(cursor),
            CursorKind::BinaryOperator => self.binary(cursor),
            CursorKind::CompoundAssignOperator => {
                let (place, ty) = self.compound_assignment(cursor);
                Value::of(Operand::Place(place), ty)
            }
            CursorKind::ConditionalOperator => self.conditional(cursor),
            CursorKind::CStyleCastExpr => self.cast(cursor),
            CursorKind::StmtExpr => self.statement_expression(cursor),
            CursorKind::GenericSelectionExpr => match self.chosen_association(cursor) {
                Some(chosen) => self.value(chosen),
                None => self.unclear("expr: _Generic", cursor),
            },
            CursorKind::CallExpr => self.call(cursor, true),
            CursorKind::UnexposedExpr => self.unexposed(cursor),
            CursorKind::InitListExpr => self.braced_scalar(cursor),
            CursorKind::AddrLabelExpr => self.label_address(cursor),
            CursorKind::Other(kind) => self.unclear(format!("expr: kind {kind}"), cursor),
            kind => self.unclear(format!("expr: {kind:?}"), cursor),
        }
    }

    pub(super) fn unclear(&mut self, reason: impl Into<String>, cursor: Cursor<'tu>) -> Value {
        let ty = self.type_of(cursor);
        Value::opaque(reason, ty)
    }

    pub(super) fn last_child<R>(&mut self, cursor: Cursor<'tu>, lower: impl FnOnce(&mut Self, Cursor<'tu>) -> R) -> R {
        let child = cursor.children().last().copied().unwrap_or(cursor);
        lower(self, child)
    }

    fn literal(&mut self, cursor: Cursor<'tu>) -> Value {
        let ty = self.type_of(cursor);
        match Self::fold(cursor) {
            Some(value) => Value::of(Operand::Const(value), ty),
            None => Value::opaque("expr: size of a variable-length array", ty),
        }
    }

    fn text(&mut self, cursor: Cursor<'tu>) -> Value {
        let text = unquoted(&cursor.spelling());
        let element = match self.type_of(cursor) {
            Type::Array(element, _) => element,
            _ => Box::new(Type::Other),
        };
        Value::of(Operand::Str(text), Type::Pointer(element))
    }

    fn named(&mut self, cursor: Cursor<'tu>) -> Value {
        let Some(referenced) = cursor.referenced() else { return self.unclear("expr: unresolved name", cursor) };
        match referenced.kind() {
            CursorKind::EnumConstantDecl => {
                let ty = self.type_of(cursor);
                Value::of(Operand::Const(referenced.enum_value()), ty)
            }
            CursorKind::FunctionDecl => {
                Value::of(Operand::Function(referenced.spelling()), Type::Pointer(Box::new(Type::Function)))
            }
            _ => self.read(cursor),
        }
    }

    pub(super) fn variable(&mut self, referenced: Cursor<'tu>) -> Place {
        let variable = self.variables.get(&referenced.id()).cloned().unwrap_or_else(|| Variable::Global(referenced.spelling()));
        match variable {
            Variable::Local(id) => Place::local(id),
            Variable::Global(name) => Place { base: gup_ir::Base::Global(name), proj: Vec::new() },
        }
    }

    /// The content of a place; of an array, its address.
    pub(super) fn read(&mut self, cursor: Cursor<'tu>) -> Value {
        let ty = self.type_of(cursor);
        let place = self.place(cursor);
        match ty {
            Type::Array(element, _) => Value { rv: Rvalue::AddrOf(place), ty: Type::Pointer(element), decayed: true },
            Type::Function => Value::of(Operand::Place(place), Type::Pointer(Box::new(Type::Function))),
            ty => Value::of(Operand::Place(place), ty),
        }
    }

    fn unary(&mut self, cursor: Cursor<'tu>) -> Value {
        let Some(child) = cursor.children().last().copied() else { return self.unclear("expr: unary", cursor) };
        match cursor.unary_operator() {
            UnaryOperator::AddrOf => self.address_of(cursor, child),
            UnaryOperator::Deref => match self.type_of(cursor) {
                Type::Function => self.value(child),
                _ => self.read(cursor),
            },
            UnaryOperator::LogicalNot => self.truth(cursor),
            UnaryOperator::PreInc => self.step(cursor, child, 1, false),
            UnaryOperator::PreDec => self.step(cursor, child, -1, false),
            UnaryOperator::PostInc => self.step(cursor, child, 1, true),
            UnaryOperator::PostDec => self.step(cursor, child, -1, true),
            UnaryOperator::Extension => self.value(child),
            UnaryOperator::Plus => self.value(child),
            UnaryOperator::Minus => self.negated(UnaryOp::Neg, cursor, child),
            UnaryOperator::Not => self.negated(UnaryOp::Not, cursor, child),
            UnaryOperator::Other(kind) => self.unclear(format!("expr: unary operator {kind}"), cursor),
        }
    }

    fn negated(&mut self, op: UnaryOp, cursor: Cursor<'tu>, child: Cursor<'tu>) -> Value {
        let ty = self.type_of(cursor);
        let value = self.value(child);
        let value = self.convert(value, &ty);
        let Type::Int(int) = ty else { return Value::opaque("expr: floating point", ty) };
        match (op, value.constant()) {
            (UnaryOp::Neg, Some(constant)) => Value::int(wrap(constant.wrapping_neg(), int), int),
            (UnaryOp::Not, Some(constant)) => Value::int(wrap(!constant, int), int),
            (_, None) => {
                // By way of a variable of its type: `Unary` does not say in which width it wraps.
                let rv = Rvalue::Unary(op, self.spill(value));
                let result = self.spill(Value::new(rv, ty.clone()));
                Value::of(result, ty)
            }
        }
    }

    fn address_of(&mut self, cursor: Cursor<'tu>, child: Cursor<'tu>) -> Value {
        let ty = self.type_of(cursor);
        if let Some(function) = strip(child).referenced().filter(|referenced| referenced.kind() == CursorKind::FunctionDecl)
            && strip(child).kind() == CursorKind::DeclRefExpr
        {
            return Value::of(Operand::Function(function.spelling()), ty);
        }
        let mut place = self.place(child);
        // &*p is p
        if place.proj.last() == Some(&gup_ir::Proj::Deref) {
            place.proj.pop();
            return Value::of(Operand::Place(place), ty);
        }
        Value::new(Rvalue::AddrOf(place), ty)
    }

    fn cast(&mut self, cursor: Cursor<'tu>) -> Value {
        let ty = self.type_of(cursor);
        if ty == Type::Void {
            self.last_child(cursor, Self::effect);
            return Value::void();
        }
        let value = self.last_child(cursor, Self::value);
        self.convert(value, &ty)
    }

    fn unexposed(&mut self, cursor: Cursor<'tu>) -> Value {
        let ty = self.type_of(cursor);
        match shape(cursor) {
            Shape::Constant(value) => Value::of(Operand::Const(value), ty),
            Shape::Wrapper(child) => {
                let value = self.value(child);
                self.convert(value, &ty)
            }
            Shape::Elvis(condition, otherwise) => self.elvis(condition, otherwise, ty),
            Shape::Choose(condition, yes, no) => match Self::fold(condition) {
                Some(0) => self.value(no),
                Some(_) => self.value(yes),
                None => Value::opaque("expr: __builtin_choose_expr", ty),
            },
            Shape::OffsetOf(_) => match Self::fold(cursor) {
                Some(value) => Value::of(Operand::Const(value), ty),
                None => Value::opaque("expr: offsetof with an index", ty),
            },
            Shape::Unknown(reason) => Value::opaque(reason, ty),
        }
    }

    /// `&&label`: an address that is not NULL and that nobody reads through, as that of a text.
    fn label_address(&mut self, cursor: Cursor<'tu>) -> Value {
        let label = cursor.children().first().map(|label| label.spelling()).unwrap_or_default();
        let ty = self.type_of(cursor);
        Value::of(Operand::Str(format!("&&{label}")), ty)
    }

    /// `int x = { 5 };`
    fn braced_scalar(&mut self, cursor: Cursor<'tu>) -> Value {
        match cursor.children().as_slice() {
            [] => self.zero_of(cursor),
            [value] => self.value(*value),
            _ => self.unclear("expr: initialiser list", cursor),
        }
    }

    fn zero_of(&mut self, cursor: Cursor<'tu>) -> Value {
        let ty = self.type_of(cursor);
        Value::of(Operand::Const(0), ty)
    }

    /// `({ ...; value; })`
    fn statement_expression(&mut self, cursor: Cursor<'tu>) -> Value {
        self.in_statement_expression(cursor, |this, last| match last {
            Some(last) => {
                let value = this.value(last);
                if this.has_cleanups(this.scopes.len() - 1) && value.ty != Type::Void {
                    let ty = value.ty.clone();
                    return Value::of(this.snapshot(value), ty);
                }
                value
            }
            None => Value::void(),
        })
    }

    /// Lowers the statements but the last, hands that to `last` if it is an expression, and closes the scope.
    pub(super) fn in_statement_expression<R>(
        &mut self,
        cursor: Cursor<'tu>,
        last: impl FnOnce(&mut Self, Option<Cursor<'tu>>) -> R,
    ) -> R {
        let Some(body) = cursor.children().first().copied() else { return last(self, None) };
        self.open_scope(body);
        let statements = body.children();
        let mut value = None;
        for (index, statement) in statements.iter().enumerate() {
            if index + 1 == statements.len() {
                value = self.final_expression(*statement);
            } else {
                self.statement(*statement);
            }
        }
        let result = last(self, value);
        self.close_scope();
        result
    }

    /// The expression a statement is, after its labels: `__here: (unsigned long)&&__here;`. Other statements are lowered.
    fn final_expression(&mut self, statement: Cursor<'tu>) -> Option<Cursor<'tu>> {
        match statement.kind() {
            CursorKind::LabelStmt => {
                let block = self.label(statement.id());
                self.graph.fall_into(block);
                let children = statement.children();
                children.last().and_then(|inner| self.final_expression(*inner))
            }
            kind if kind.is_statement() || matches!(kind, CursorKind::Other(200..=399)) => {
                self.statement(statement);
                None
            }
            _ => Some(statement),
        }
    }

    /// Runs an expression for its side effects.
    pub(super) fn effect(&mut self, cursor: Cursor<'tu>) {
        let done = self.nested(|this| this.at(cursor, |this| this.effect_here(cursor)));
        if done.is_none() {
            self.opaque_statement("expr: nested too deep");
        }
    }

    fn effect_here(&mut self, cursor: Cursor<'tu>) {
        let cursor = strip(cursor);
        match cursor.kind() {
            CursorKind::CStyleCastExpr => self.last_child(cursor, Self::effect),
            CursorKind::CallExpr => {
                self.call(cursor, false);
            }
            CursorKind::StmtExpr => self.in_statement_expression(cursor, |this, last| {
                last.into_iter().for_each(|last| this.effect(last));
            }),
            CursorKind::ConditionalOperator => self.conditional_effect(cursor),
            CursorKind::UnaryOperator if self.step_effect(cursor) => {}
            CursorKind::BinaryOperator if self.binary_effect(cursor) => {}
            CursorKind::AddrLabelExpr => {}
            _ => {
                let value = self.value(cursor);
                if let Rvalue::Opaque(reason) = value.rv {
                    self.opaque_statement(reason);
                }
            }
        }
    }

    /// `x++;`: the old value need not be kept.
    fn step_effect(&mut self, cursor: Cursor<'tu>) -> bool {
        let by = match cursor.unary_operator() {
            UnaryOperator::PreInc | UnaryOperator::PostInc => 1,
            UnaryOperator::PreDec | UnaryOperator::PostDec => -1,
            _ => return false,
        };
        self.last_child(cursor, |this, child| this.step(cursor, child, by, false));
        true
    }

    /// `a, b`, `a && b` and `a || b` as statements.
    fn binary_effect(&mut self, cursor: Cursor<'tu>) -> bool {
        use gup_clang::BinaryOperator as B;
        let children = cursor.children();
        let (operator, [lhs, rhs]) = (cursor.binary_operator(), children.as_slice()) else { return false };
        match operator {
            B::Comma => {
                self.effect(*lhs);
                self.effect(*rhs);
            }
            B::LogicalAnd | B::LogicalOr => {
                let (more, join) = (self.graph.new_block(), self.graph.new_block());
                let (yes, no) = if operator == B::LogicalAnd { (more, join) } else { (join, more) };
                self.condition(*lhs, yes, no);
                self.graph.start(more);
                self.effect(*rhs);
                self.graph.end(Terminator::Goto(join), join);
            }
            _ => return false,
        }
        true
    }

    /// The constant a value is worth, computed here as far as possible.
    pub(super) fn computed(&mut self, op: gup_ir::BinaryOp, lhs: Value, rhs: Value, ty: Type) -> Value {
        if let (Some(a), Some(b), Type::Int(int)) = (lhs.constant(), rhs.constant(), &ty)
            && let Some(value) = compute(op, a, b, *int)
        {
            return Value::of(Operand::Const(value), ty);
        }
        let (lhs, rhs) = (self.spill(lhs), self.spill(rhs));
        Value::new(Rvalue::Binary { op, lhs, rhs, ty: ty.clone() }, ty)
    }
}

/// The text of a string literal from its source form: `"a\n"`, `L"a"`. Escapes other than the common ones stay as written.
fn unquoted(source: &str) -> String {
    let inner = source.split_once('"').map_or(source, |(_, rest)| rest.strip_suffix('"').unwrap_or(rest));
    let mut text = String::with_capacity(inner.len());
    let mut chars = inner.chars();
    while let Some(c) = chars.next() {
        match (c, if c == '\\' { chars.next() } else { None }) {
            ('\\', Some('n')) => text.push('\n'),
            ('\\', Some('t')) => text.push('\t'),
            ('\\', Some(same @ ('"' | '\\' | '\''))) => text.push(same),
            ('\\', Some(other)) => text.extend(['\\', other]),
            (c, _) => text.push(c),
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::unquoted;

    #[test]
    fn text_of_a_literal() {
        assert_eq!(unquoted(r#""a\n\"b\" \001""#), "a\n\"b\" \\001");
        assert_eq!(unquoted("L\"wide\""), "wide");
        assert_eq!(unquoted("\""), "");
    }
}

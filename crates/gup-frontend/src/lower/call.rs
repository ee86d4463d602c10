//! Calls.

use gup_clang::{Cursor, CursorKind, UnaryOperator};
use gup_ir::{Callee, Operand, Place, Proj, Rvalue, StmtKind, Terminator, Type};

use super::shape::strip;
use super::{Lowering, Value};

impl<'tu> Lowering<'_, '_, 'tu> {
    /// A call; its value is `void` where nobody wants it.
    pub(super) fn call(&mut self, cursor: Cursor<'tu>, wanted: bool) -> Value {
        if let Some(value) = self.builtin(cursor) {
            return value;
        }
        let ty = self.type_of(cursor);
        if !wanted || ty == Type::Void {
            self.emit_call(cursor, None);
            return Value::void();
        }
        let place = Place::local(self.temporary(ty.clone()));
        self.emit_call(cursor, Some(place.clone()));
        Value::of(Operand::Place(place), ty)
    }

    /// A call whose result goes to `dst`; `false` (and nothing emitted) where this is no call but a function of the compiler.
    pub(super) fn call_into(&mut self, cursor: Cursor<'tu>, dst: Place) -> bool {
        if super::builtins::is_builtin(cursor) {
            return false;
        }
        self.emit_call(cursor, Some(dst));
        true
    }

    fn emit_call(&mut self, cursor: Cursor<'tu>, dst: Option<Place>) {
        let children = cursor.children();
        let Some((callee, arguments)) = children.split_first() else { return self.opaque_statement("expr: call of nothing") };
        let target = named_callee(*callee);
        let noreturn = target.is_some_and(|target| self.cx.is_noreturn(target));
        let callee_node = *callee;
        let callee = self.callee(*callee);
        let args = arguments
            .iter()
            .map(|argument| {
                let value = self.value(*argument);
                self.argument(value)
            })
            .collect();
        self.at(name_position(callee_node), |this| this.emit(StmtKind::Call { dst, callee, args }));
        if noreturn {
            self.graph.end_dead(Terminator::Unreachable);
        }
    }

    /// An argument. `~0UL` goes through a variable of its type: as a bare constant, which wraps, it would be -1.
    fn argument(&mut self, value: Value) -> Operand {
        match (&value.rv, &value.ty) {
            (Rvalue::Use(Operand::Const(-1)), Type::Int(int)) if !int.signed => {
                let place = Place::local(self.temporary(value.ty.clone()));
                self.assign(place.clone(), value.rv);
                Operand::Place(place)
            }
            _ => self.spill(value),
        }
    }

    fn callee(&mut self, cursor: Cursor<'tu>) -> Callee {
        if let Some(function) = named_callee(cursor) {
            return Callee::Direct(function.spelling());
        }
        let value = self.value(cursor);
        match self.spill(value) {
            Operand::Function(name) => Callee::Direct(name),
            Operand::Place(place) => match place.proj.last() {
                Some(Proj::Field { strukt, field }) => {
                    Callee::Field { strukt: strukt.clone(), field: field.clone(), pointer: Operand::Place(place) }
                }
                _ => Callee::Pointer(Operand::Place(place)),
            },
            other => Callee::Pointer(other),
        }
    }
}

/// The function a callee names directly.
pub(super) fn named_callee(callee: Cursor<'_>) -> Option<Cursor<'_>> {
    let node = strip_callee(callee);
    let referenced = (node.kind() == CursorKind::DeclRefExpr).then(|| node.referenced()).flatten()?;
    (referenced.kind() == CursorKind::FunctionDecl).then_some(referenced)
}

/// `(f)`, `*f` and `&f` call f.
fn strip_callee(cursor: Cursor<'_>) -> Cursor<'_> {
    let mut cursor = strip(cursor);
    while cursor.kind() == CursorKind::UnaryOperator
        && matches!(cursor.unary_operator(), UnaryOperator::Deref | UnaryOperator::AddrOf)
        && let Some(inner) = cursor.children().last().copied()
        && matches!(strip(inner).kind(), CursorKind::DeclRefExpr | CursorKind::UnaryOperator)
    {
        cursor = strip(inner);
    }
    cursor
}

/// Where a call stands: at the name of what is called, `ops->get_pages(obj)` at `get_pages`.
fn name_position(callee: Cursor<'_>) -> Cursor<'_> {
    strip(callee)
}

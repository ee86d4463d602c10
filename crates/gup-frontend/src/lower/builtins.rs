//! The compiler's own functions, as far as they are no calls. (Others, `__builtin_memcpy` for example, stay calls of that name.)

use gup_clang::Cursor;
use gup_ir::{BinaryOp, Operand, Place, Rvalue, Terminator, Type};

use super::call::named_callee;
use super::{Lowering, Value};

const PREFIX: &str = "__builtin_";

/// Whether a call may be lowered to something else than a call.
pub(super) fn is_builtin(call: Cursor<'_>) -> bool {
    builtin_name(call).is_some()
}

fn builtin_name(call: Cursor<'_>) -> Option<String> {
    let callee = named_callee(call.children().first().copied()?)?.spelling();
    callee.strip_prefix(PREFIX).map(str::to_owned)
}

impl<'tu> Lowering<'_, '_, 'tu> {
    /// `None` for an ordinary call.
    pub(super) fn builtin(&mut self, call: Cursor<'tu>) -> Option<Value> {
        let name = builtin_name(call)?;
        let children = call.children();
        let arguments = &children[1..];
        let ty = self.type_of(call);
        if let Some(known) = Self::fold(call) {
            return Some(Value::of(Operand::Const(known), ty));
        }
        match (name.as_str(), arguments) {
            ("expect" | "expect_with_probability", [value, ..]) => {
                let value = self.value(*value);
                Some(self.convert(value, &ty))
            }
            ("constant_p", _) => Some(Value::of(Operand::Const(0), ty)),
            ("unreachable" | "trap", _) => {
                self.graph.end_dead(Terminator::Unreachable);
                Some(Value::void())
            }
            ("object_size" | "dynamic_object_size", [_, kind]) => {
                // "Not known" is the largest number for the maximum and 0 for the minimum (GCC manual, Object Size Checking).
                let minimum = Self::fold(*kind).is_some_and(|kind| kind & 2 != 0);
                Some(Value::of(Operand::Const(if minimum { 0 } else { -1 }), ty))
            }
            ("add_overflow", [a, b, result]) => Some(self.overflow(BinaryOp::Add, *a, *b, *result, ty)),
            ("sub_overflow", [a, b, result]) => Some(self.overflow(BinaryOp::Sub, *a, *b, *result, ty)),
            ("mul_overflow", [a, b, result]) => Some(self.overflow(BinaryOp::Mul, *a, *b, *result, ty)),
            ("va_start" | "va_end" | "va_copy" | "prefetch", _) => Some(Value::void()),
            _ => None,
        }
    }

    /// `__builtin_add_overflow(a, b, &r)` stores the sum, cut to the type of `r`, and says whether that lost something.
    fn overflow(&mut self, op: BinaryOp, a: Cursor<'tu>, b: Cursor<'tu>, result: Cursor<'tu>, ty: Type) -> Value {
        let (a, b) = (self.value(a), self.value(b));
        let place: Place = self.deref(result, None);
        let in_type = self.cx.types.of(result.ty().canonical().pointee(), &mut self.cx.names);
        let sum = self.arithmetic(op, a, b, in_type);
        self.assign(place, sum.rv);
        Value::new(Rvalue::Opaque("expr: overflow flag".to_owned()), ty)
    }
}

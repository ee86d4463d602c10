//! Conversions, implicit and explicit.

use gup_ir::{Operand, Rvalue, Type};

use super::{Lowering, Value, is_nonzero};
use crate::types::{BOOL, scalar, wrap};

impl Lowering<'_, '_, '_> {
    /// The value in another type. Nothing happens where the type is the same.
    pub(super) fn convert(&mut self, value: Value, to: &Type) -> Value {
        if value.ty == *to {
            return value;
        }
        match (&value.rv, &value.ty, to) {
            (_, _, Type::Void | Type::Array(..) | Type::Function | Type::Struct(_)) => value,
            (_, Type::Void, _) => value,
            (Rvalue::Use(Operand::Const(constant)), Type::Int(_) | Type::Pointer(_), Type::Int(int)) => {
                Value::int(wrap(*constant, *int), *int)
            }
            // NULL has every pointer type; so has an error number cast to a pointer.
            (Rvalue::Use(Operand::Const(_) | Operand::Str(_) | Operand::Function(_)), _, Type::Pointer(_)) => {
                Value { rv: value.rv, ty: to.clone(), decayed: value.decayed }
            }
            (_, Type::Int(_) | Type::Pointer(_), Type::Int(int)) if *int == BOOL => self.compared_with_zero(value),
            // 0 and 1 are the same in every integer type.
            (Rvalue::Compare(_), Type::Int(_), Type::Int(_)) => Value::new(value.rv, to.clone()),
            _ => {
                let from = value.ty.clone();
                let rv = Rvalue::Cast { value: self.spill(value), from, to: to.clone() };
                Value::new(rv, to.clone())
            }
        }
    }

    /// Conversion to `bool` is a comparison with 0.
    fn compared_with_zero(&mut self, value: Value) -> Value {
        if let Rvalue::Compare(_) = value.rv {
            return Value::new(value.rv, Type::Int(BOOL));
        }
        let ty = scalar(&value.ty).unwrap_or(BOOL);
        let cond = is_nonzero(self.spill(value), ty);
        Value::new(Rvalue::Compare(cond), Type::Int(BOOL))
    }
}

//! C types as the IR has them, and C's rules for converting integers.

use std::collections::HashMap;

use gup_clang::{Type as ClangType, TypeId, TypeKind};
use gup_ir::{IntType, Type};

use crate::names::Names;

/// `int`
pub(crate) const INT: IntType = IntType { bits: 32, signed: true };
/// A pointer seen as a number.
pub(crate) const ADDRESS: IntType = IntType { bits: 64, signed: false };
/// `_Bool`. It holds 0 or 1, and what is converted to it is compared with 0, not cut off: one bit says both.
pub(crate) const BOOL: IntType = IntType { bits: 1, signed: false };

/// Remembers types already translated: a unit has some ten thousand expressions and a few hundred types.
#[derive(Default)]
pub(crate) struct Types {
    known: HashMap<TypeId, Type>,
}

impl Types {
    pub(crate) fn of(&mut self, ty: ClangType<'_>, names: &mut Names) -> Type {
        let canonical = ty.canonical();
        if let Some(known) = self.known.get(&canonical.id()) {
            return known.clone();
        }
        let translated = self.translate(canonical, names);
        self.known.insert(canonical.id(), translated.clone());
        translated
    }

    fn translate(&mut self, ty: ClangType<'_>, names: &mut Names) -> Type {
        use TypeKind::*;
        match ty.kind() {
            Void => Type::Void,
            Pointer | BlockPointer => Type::Pointer(Box::new(self.of(ty.pointee(), names))),
            Record => Type::Struct(ty.declaration().map(|declaration| names.record(declaration)).unwrap_or_default()),
            ConstantArray => Type::Array(Box::new(self.of(ty.element(), names)), ty.array_size()),
            IncompleteArray | VariableArray => Type::Array(Box::new(self.of(ty.element(), names)), None),
            FunctionProto | FunctionNoProto => Type::Function,
            _ => integer(ty).map_or(Type::Other, Type::Int),
        }
    }
}

/// The width and sign of a canonical integer type, `bool` or enumeration.
pub(crate) fn integer(ty: ClangType<'_>) -> Option<IntType> {
    use TypeKind::*;
    let signed = match ty.kind() {
        Bool => return Some(BOOL),
        CharU | UChar | Char16 | Char32 | UShort | UInt | ULong | ULongLong | UInt128 => false,
        CharS | SChar | WChar | Short | Int | Long | LongLong | Int128 => true,
        Enum => {
            let behind = ty.declaration().and_then(|declaration| integer(declaration.enum_integer_type().canonical()));
            return behind.or(Some(IntType { bits: 32, signed: false }));
        }
        _ => return None,
    };
    let bits = ty.size().and_then(|bytes| u8::try_from(bytes * 8).ok())?;
    Some(IntType { bits, signed })
}

/// The integer type in which a scalar of this type is compared; `None` for what is no integer and no pointer.
pub(crate) fn scalar(ty: &Type) -> Option<IntType> {
    match ty {
        Type::Int(int) => Some(*int),
        Type::Pointer(_) | Type::Function | Type::Array(..) => Some(ADDRESS),
        _ => None,
    }
}

/// C's integer promotion: what is narrower than `int` becomes `int`.
pub(crate) fn promoted(int: IntType) -> IntType {
    if int.bits < 32 { INT } else { int }
}

/// C's usual arithmetic conversions: the type in which two integers meet.
pub(crate) fn common(a: IntType, b: IntType) -> IntType {
    let (a, b) = (promoted(a), promoted(b));
    match a.bits.cmp(&b.bits) {
        std::cmp::Ordering::Greater => a,
        std::cmp::Ordering::Less => b,
        std::cmp::Ordering::Equal => IntType { bits: a.bits, signed: a.signed && b.signed },
    }
}

/// The value a constant has after conversion to `to` (in 64 bits: an unsigned value beyond `i64` wraps).
pub(crate) fn wrap(value: i64, to: IntType) -> i64 {
    match (to.bits, to.signed) {
        (1, _) => i64::from(value != 0),
        (64.., _) => value,
        (bits, true) => value << (64 - bits) >> (64 - bits),
        (bits, false) => value & ((1 << bits) - 1),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn int(bits: u8, signed: bool) -> IntType {
        IntType { bits, signed }
    }

    #[test]
    fn usual_arithmetic_conversions() {
        assert_eq!(common(int(8, false), int(16, true)), INT);
        assert_eq!(common(INT, int(32, false)), int(32, false));
        assert_eq!(common(INT, int(64, false)), int(64, false));
        assert_eq!(common(int(64, true), int(32, false)), int(64, true));
        assert_eq!(common(BOOL, BOOL), INT);
    }

    #[test]
    fn constants_wrap() {
        assert_eq!(wrap(-1, int(32, false)), 0xffff_ffff);
        assert_eq!(wrap(0x1_ffff_ffff, INT), -1);
        assert_eq!(wrap(300, int(8, false)), 44);
        assert_eq!(wrap(2, BOOL), 1);
        assert_eq!(wrap(-1, ADDRESS), -1);
    }
}

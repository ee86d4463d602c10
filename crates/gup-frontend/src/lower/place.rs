//! Expressions as places.

use gup_clang::{Cursor, CursorKind, TypeKind, UnaryOperator};
use gup_ir::{BinaryOp, Operand, Place, Proj, Rvalue, Type};

use super::shape::{Shape, shape};
use super::{Lowering, Value};

impl<'tu> Lowering<'_, '_, 'tu> {
    /// The place an expression names. What is no place (a call's result, for example) is put into a temporary.
    pub(super) fn place(&mut self, cursor: Cursor<'tu>) -> Place {
        let place = self.nested(|this| this.place_here(cursor));
        place.unwrap_or_else(|| self.unknown_place("expr: nested too deep"))
    }

    fn place_here(&mut self, cursor: Cursor<'tu>) -> Place {
        match cursor.kind() {
            CursorKind::ParenExpr => self.last_child(cursor, Self::place),
            CursorKind::DeclRefExpr => match cursor.referenced() {
                Some(referenced) => self.variable(referenced),
                None => self.unknown_place("expr: unresolved name"),
            },
            CursorKind::MemberRefExpr => self.member(cursor),
            CursorKind::ArraySubscriptExpr => self.subscript(cursor),
            CursorKind::UnaryOperator if cursor.unary_operator() == UnaryOperator::Deref => {
                self.last_child(cursor, |this, pointer| this.deref(pointer, None))
            }
            CursorKind::UnaryOperator if cursor.unary_operator() == UnaryOperator::Extension => {
                self.last_child(cursor, Self::place)
            }
            CursorKind::CompoundLiteralExpr => self.compound_literal(cursor),
            CursorKind::GenericSelectionExpr => match self.chosen_association(cursor) {
                Some(chosen) => self.place(chosen),
                None => self.unknown_place("expr: _Generic"),
            },
            CursorKind::UnexposedExpr => self.unexposed_place(cursor),
            _ => self.place_of_value(cursor),
        }
    }

    fn unexposed_place(&mut self, cursor: Cursor<'tu>) -> Place {
        match shape(cursor) {
            // Reading a place whole, or `__func__` around its text
            Shape::Wrapper(child) if self.type_of(child) == self.type_of(cursor) => self.place(child),
            Shape::Choose(condition, yes, no) => match Self::fold(condition) {
                Some(0) => self.place(no),
                Some(_) => self.place(yes),
                None => self.unknown_place("expr: __builtin_choose_expr"),
            },
            _ => self.place_of_value(cursor),
        }
    }

    fn place_of_value(&mut self, cursor: Cursor<'tu>) -> Place {
        let value = self.value(cursor);
        self.in_memory(value)
    }

    fn in_memory(&mut self, value: Value) -> Place {
        let ty = value.ty.clone();
        match self.spill(value) {
            Operand::Place(place) => place,
            other => {
                let place = Place::local(self.temporary(ty));
                self.assign(place.clone(), Rvalue::Use(other));
                place
            }
        }
    }

    fn unknown_place(&mut self, reason: &str) -> Place {
        let place = Place::local(self.temporary(Type::Other));
        self.assign(place.clone(), Rvalue::Opaque(reason.to_owned()));
        place
    }

    /// `base.field` and `base->field`: which of the two shows in the base's type. Anonymous members add nothing to the path.
    fn member(&mut self, cursor: Cursor<'tu>) -> Place {
        let Some(base) = cursor.children().first().copied() else { return self.unknown_place("expr: member") };
        let mut place = match base.ty().canonical().kind() {
            TypeKind::Pointer => self.deref(base, None),
            // `array->field`
            TypeKind::ConstantArray | TypeKind::IncompleteArray => self.deref(base, None),
            _ => self.place(base),
        };
        let Some(field) = cursor.referenced() else { return self.unknown_place("expr: unresolved member") };
        if let Some((strukt, field)) = self.cx.names.field(field) {
            place.proj.push(Proj::Field { strukt, field });
        }
        place
    }

    fn subscript(&mut self, cursor: Cursor<'tu>) -> Place {
        let children = cursor.children();
        let [first, second] = children.as_slice() else { return self.unknown_place("expr: subscript") };
        let is_index = |cursor: &Cursor<'_>| crate::types::integer(cursor.ty().canonical()).is_some();
        // `i[array]` is `array[i]`
        let (base, index) = if is_index(first) { (*second, *first) } else { (*first, *second) };
        let index = self.value(index);
        let index = self.spill(index);
        self.deref(base, Some(index))
    }

    /// `*pointer`, or `pointer[index]`.
    pub(super) fn deref(&mut self, pointer: Cursor<'tu>, index: Option<Operand>) -> Place {
        let value = self.value(pointer);
        let at = |mut place: Place, index: Option<Operand>| {
            place.proj.extend(index.map(Proj::Index));
            place
        };
        match value.rv {
            // `array[i]`, and `*array` which is `array[0]`
            Rvalue::AddrOf(mut array) if value.decayed => {
                // `(*row)[i]` with row a pointer to an array is `row[0][i]`: one index after a pointer is the pointer's own.
                if array.proj.last() == Some(&Proj::Deref) {
                    array.proj.push(Proj::Index(Operand::Const(0)));
                }
                at(array, Some(index.unwrap_or(Operand::Const(0))))
            }
            // `*&x` and `(&x)[0]`
            Rvalue::AddrOf(place) if matches!(index, None | Some(Operand::Const(0))) => place,
            // `*(p + i)` is `p[i]`
            Rvalue::Binary { op: BinaryOp::PtrAdd, lhs: Operand::Place(mut base), rhs, .. } if index.is_none() => {
                base.proj.push(Proj::Deref);
                at(base, Some(rhs))
            }
            rv => {
                let mut base = self.in_memory(Value { rv, ty: value.ty, decayed: value.decayed });
                base.proj.push(Proj::Deref);
                at(base, index)
            }
        }
    }
}

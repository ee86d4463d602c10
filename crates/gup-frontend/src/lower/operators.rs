//! Arithmetic, assignments, `++` and `--`, and `container_of`.

use gup_clang::{BinaryOperator as B, Cursor, CursorKind};
use gup_ir::{BinaryOp, IntType, Operand, Place, Rvalue, StmtKind, Type, UnaryOp};

use super::shape::{Shape, shape, strip};
use super::{Lowering, Value};
use crate::types::{INT, common, promoted};

const LONG: IntType = IntType { bits: 64, signed: true };

impl<'tu> Lowering<'_, '_, 'tu> {
    pub(super) fn binary(&mut self, cursor: Cursor<'tu>) -> Value {
        let children = cursor.children();
        let [lhs, rhs] = children.as_slice() else { return self.unclear("expr: binary", cursor) };
        let (lhs, rhs) = (*lhs, *rhs);
        match cursor.binary_operator() {
            B::Assign => {
                // What a narrower variable kept of the value is read back, as C says.
                let (place, ty) = self.assignment(cursor, lhs, rhs);
                Value::of(Operand::Place(place), ty)
            }
            B::Comma => {
                self.effect(lhs);
                self.value(rhs)
            }
            B::LogicalAnd | B::LogicalOr | B::Lt | B::Le | B::Gt | B::Ge | B::Eq | B::Ne => self.truth(cursor),
            operator => match arithmetic(operator) {
                Some(op) => {
                    if let Some(container) = self.container_of(op, lhs, rhs) {
                        return container;
                    }
                    let ty = self.type_of(cursor);
                    let (lhs, rhs) = (self.value(lhs), self.value(rhs));
                    self.arithmetic(op, lhs, rhs, ty)
                }
                None => self.unclear(format!("expr: operator {operator:?}"), cursor),
            },
        }
    }

    /// `lhs op rhs` where C says the result has type `ty`.
    pub(super) fn arithmetic(&mut self, op: BinaryOp, lhs: Value, rhs: Value, ty: Type) -> Value {
        match (op, &lhs.ty, &rhs.ty, &ty) {
            (BinaryOp::Add, Type::Pointer(_), Type::Int(_), _) => self.pointer_plus(lhs, rhs),
            (BinaryOp::Add, Type::Int(_), Type::Pointer(_), _) => self.pointer_plus(rhs, lhs),
            (BinaryOp::Sub, Type::Pointer(_), Type::Int(_), _) => {
                let back = self.negative(rhs);
                self.pointer_plus(lhs, back)
            }
            (BinaryOp::Sub, Type::Pointer(_), Type::Pointer(_), _) => {
                let (lhs, rhs) = (self.spill(lhs), self.spill(rhs));
                Value::new(Rvalue::Binary { op: BinaryOp::PtrDiff, lhs, rhs, ty: ty.clone() }, ty)
            }
            (BinaryOp::Shl | BinaryOp::Shr, Type::Int(_), Type::Int(by), Type::Int(_)) => {
                let by = Type::Int(promoted(*by));
                let (lhs, rhs) = (self.convert(lhs, &ty), self.convert(rhs, &by));
                self.computed(op, lhs, rhs, ty)
            }
            (_, Type::Int(_), Type::Int(_), Type::Int(_)) => {
                let (lhs, rhs) = (self.convert(lhs, &ty), self.convert(rhs, &ty));
                self.computed(op, lhs, rhs, ty)
            }
            _ => Value::opaque("expr: arithmetic on what is no integer", ty),
        }
    }

    fn pointer_plus(&mut self, pointer: Value, offset: Value) -> Value {
        if offset.constant() == Some(0) {
            return Value { decayed: pointer.decayed, ..pointer };
        }
        let ty = pointer.ty.clone();
        let (lhs, rhs) = (self.spill(pointer), self.spill(offset));
        Value::new(Rvalue::Binary { op: BinaryOp::PtrAdd, lhs, rhs, ty: ty.clone() }, ty)
    }

    /// `-value`, wide enough that an unsigned count does not wrap.
    fn negative(&mut self, value: Value) -> Value {
        let long = Type::Int(LONG);
        let value = self.convert(value, &long);
        match value.constant() {
            Some(constant) => Value::int(constant.wrapping_neg(), LONG),
            None => Value::new(Rvalue::Unary(UnaryOp::Neg, self.spill(value)), long),
        }
    }

    /// `pointer - offsetof(struct T, member)` where `pointer` counts in bytes: what `container_of` comes down to.
    ///
    /// ```c
    /// ({ void *__mptr = (void *)(ptr); ((struct page *)(__mptr - offsetof(struct page, lru))); })
    /// ```
    fn container_of(&mut self, op: BinaryOp, lhs: Cursor<'tu>, rhs: Cursor<'tu>) -> Option<Value> {
        if op != BinaryOp::Sub {
            return None;
        }
        let Type::Pointer(pointee) = self.type_of(lhs) else { return None };
        if !matches!(*pointee, Type::Void | Type::Int(IntType { bits: 8, .. })) {
            return None;
        }
        let Member { strukt, path, index } = self.member_path(rhs)?;
        let mut value = self.value(through_pointer_casts(lhs));
        if let Some((index, element)) = index {
            // container_of(node, struct tree, node[i]): back to the first element, which is where the array is.
            let element = Type::Pointer(Box::new(element));
            value = self.convert(value, &element);
            let back = self.value(index);
            value = self.arithmetic(BinaryOp::Sub, value, back, element);
        }
        let ptr = self.spill(value);
        let ty = Type::Pointer(Box::new(Type::Struct(strukt.clone())));
        Some(Value::new(Rvalue::ContainerOf { ptr, strukt, field: path }, ty))
    }

    /// What an `offsetof` names; `None` where an index other than 0 is in the middle of its path.
    fn member_path(&mut self, cursor: Cursor<'tu>) -> Option<Member<'tu>> {
        let mut cursor = strip(cursor);
        while cursor.kind() == CursorKind::CStyleCastExpr {
            cursor = strip(cursor.children().last().copied()?);
        }
        if cursor.kind() != CursorKind::UnexposedExpr {
            return None;
        }
        let Shape::OffsetOf(children) = shape(cursor) else { return None };
        let first = children.iter().position(|child| child.kind() == CursorKind::MemberRef)?;
        let strukt = self.cx.names.record(children[first].referenced()?.semantic_parent()?);
        let mut member = Member { strukt, path: Vec::new(), index: None };
        let mut last = children[first];
        for child in &children[first..] {
            if member.index.is_some() {
                return None;
            }
            if child.kind() == CursorKind::MemberRef {
                last = child.referenced()?;
                member.path.extend(self.cx.names.field(last).map(|(_, name)| name));
            } else if Self::fold(*child) != Some(0) {
                let element = self.cx.types.of(last.ty().canonical().element(), &mut self.cx.names);
                member.index = Some((*child, element));
            }
        }
        Some(member)
    }

    /// `lhs = rhs`; gives the place and its type.
    fn assignment(&mut self, cursor: Cursor<'tu>, lhs: Cursor<'tu>, rhs: Cursor<'tu>) -> (Place, Type) {
        self.at(cursor, |this| {
            let ty = this.type_of(lhs);
            let place = this.place(lhs);
            this.store(place.clone(), &ty, bit_width(lhs), rhs);
            (place, ty)
        })
    }

    /// Computes `cursor` into `dst`, a call without a temporary between.
    pub(super) fn value_into(&mut self, dst: Place, ty: &Type, cursor: Cursor<'tu>) {
        let inner = strip(cursor);
        if inner.kind() == CursorKind::CallExpr && self.type_of(inner) == *ty && self.call_into(inner, dst.clone()) {
            return;
        }
        let value = self.value(cursor);
        let value = self.convert(value, ty);
        self.emit(StmtKind::Assign { dst, src: value.rv });
    }

    /// Computes `cursor` into a place that may be a bit-field of `bits` bits.
    pub(super) fn store(&mut self, dst: Place, ty: &Type, bits: Option<u8>, cursor: Cursor<'tu>) {
        if bits.is_none() {
            return self.value_into(dst, ty, cursor);
        }
        let value = self.value(cursor);
        let value = self.convert(value, ty);
        let value = self.cut(value, bits);
        self.assign(dst, value.rv);
    }

    /// What a bit-field of `bits` bits keeps of a value of its declared type.
    ///
    /// ```c
    /// unsigned int pinned : 1;
    /// x->pinned = flags & FOLL_PIN;    // 0, unless FOLL_PIN is 1
    /// ```
    fn cut(&mut self, value: Value, bits: Option<u8>) -> Value {
        let (Some(bits), Type::Int(int)) = (bits, &value.ty) else { return value };
        let int = *int;
        if bits >= int.bits || matches!(value.rv, Rvalue::Compare(_)) {
            return value;
        }
        let ty = value.ty.clone();
        if !int.signed {
            return self.computed(BinaryOp::And, value, Value::int((1 << bits) - 1, int), ty);
        }
        if value.constant().is_some_and(|constant| wrap_signed(constant, bits) == constant) {
            return value;
        }
        let by = Value::int(i64::from(int.bits - bits), INT);
        let up = self.computed(BinaryOp::Shl, value, by.clone(), ty.clone());
        self.computed(BinaryOp::Shr, up, by, ty)
    }

    /// `lhs op= rhs`; gives the place and its type.
    pub(super) fn compound_assignment(&mut self, cursor: Cursor<'tu>) -> (Place, Type) {
        self.at(cursor, |this| {
            let children = cursor.children();
            let (operator, [lhs, rhs]) = (compound(cursor.binary_operator()), children.as_slice()) else {
                let place = Place::local(this.temporary(Type::Other));
                this.assign(place.clone(), Rvalue::Opaque("expr: compound assignment".to_owned()));
                return (place, Type::Other);
            };
            let ty = this.type_of(*lhs);
            let place = this.place(*lhs);
            let old = Value::of(Operand::Place(place.clone()), ty.clone());
            let by = this.value(*rhs);
            let in_type = match (&ty, &by.ty, operator) {
                (Type::Int(int), _, Some(BinaryOp::Shl | BinaryOp::Shr)) => Type::Int(promoted(*int)),
                (Type::Int(a), Type::Int(b), _) => Type::Int(common(*a, *b)),
                _ => ty.clone(),
            };
            let new = match operator {
                Some(op) => this.arithmetic(op, old, by, in_type),
                None => Value::opaque("expr: compound assignment", in_type),
            };
            let new = this.convert(new, &ty);
            let new = this.cut(new, bit_width(*lhs));
            this.assign(place.clone(), new.rv);
            (place, ty)
        })
    }

    /// `++` and `--`; `old` says which value is wanted.
    pub(super) fn step(&mut self, cursor: Cursor<'tu>, child: Cursor<'tu>, by: i64, old: bool) -> Value {
        self.at(cursor, |this| {
            let ty = this.type_of(child);
            let place = this.place(child);
            let current = Value::of(Operand::Place(place.clone()), ty.clone());
            let kept = if old { Some(this.snapshot(current.clone())) } else { None };
            let (op, by) = if by < 0 { (BinaryOp::Sub, -by) } else { (BinaryOp::Add, by) };
            let new = match &ty {
                Type::Int(int) => this.computed(op, current, Value::int(by, *int), ty.clone()),
                _ => this.arithmetic(op, current, Value::int(by, INT), ty.clone()),
            };
            let new = this.cut(new, bit_width(child));
            this.assign(place.clone(), new.rv);
            Value::of(kept.unwrap_or(Operand::Place(place)), ty)
        })
    }
}

/// A member of a structure as `offsetof` names it: `offsetof(struct tree, root.node[i])`.
struct Member<'tu> {
    strukt: String,
    path: Vec<String>,
    /// The index at its end, if it is not 0, and the type of the element.
    index: Option<(Cursor<'tu>, Type)>,
}

/// The width of the bit-field an expression names.
fn bit_width(cursor: Cursor<'_>) -> Option<u8> {
    let cursor = strip(cursor);
    (cursor.kind() == CursorKind::MemberRefExpr).then(|| cursor.referenced()?.bit_width()).flatten()
}

fn wrap_signed(value: i64, bits: u8) -> i64 {
    value << (64 - bits) >> (64 - bits)
}

fn through_pointer_casts(cursor: Cursor<'_>) -> Cursor<'_> {
    use gup_clang::TypeKind;
    let is_pointer = |cursor: Cursor<'_>| cursor.ty().canonical().kind() == TypeKind::Pointer;
    let mut cursor = cursor;
    loop {
        let inner = match cursor.kind() {
            CursorKind::ParenExpr | CursorKind::CStyleCastExpr => cursor.children().last().copied(),
            CursorKind::UnexposedExpr => match shape(cursor) {
                Shape::Wrapper(child) => Some(child),
                _ => None,
            },
            _ => None,
        };
        match inner.filter(|inner| is_pointer(*inner)) {
            Some(inner) => cursor = inner,
            None => return cursor,
        }
    }
}

pub(super) fn arithmetic(operator: B) -> Option<BinaryOp> {
    Some(match operator {
        B::Mul => BinaryOp::Mul,
        B::Div => BinaryOp::Div,
        B::Rem => BinaryOp::Rem,
        B::Add => BinaryOp::Add,
        B::Sub => BinaryOp::Sub,
        B::Shl => BinaryOp::Shl,
        B::Shr => BinaryOp::Shr,
        B::And => BinaryOp::And,
        B::Xor => BinaryOp::Xor,
        B::Or => BinaryOp::Or,
        _ => return None,
    })
}

fn compound(operator: B) -> Option<BinaryOp> {
    Some(match operator {
        B::MulAssign => BinaryOp::Mul,
        B::DivAssign => BinaryOp::Div,
        B::RemAssign => BinaryOp::Rem,
        B::AddAssign => BinaryOp::Add,
        B::SubAssign => BinaryOp::Sub,
        B::ShlAssign => BinaryOp::Shl,
        B::ShrAssign => BinaryOp::Shr,
        B::AndAssign => BinaryOp::And,
        B::XorAssign => BinaryOp::Xor,
        B::OrAssign => BinaryOp::Or,
        _ => return None,
    })
}

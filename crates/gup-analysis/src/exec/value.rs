//! Expressions: places, operands, arithmetic.

use gup_ir::{Base, BinaryOp, CompareOp, Cond, IntType, LocalId, Operand, Place, Proj, Rvalue, Type, UnaryOp};

use super::translate::CONTAINER_OF;
use super::{Exec, cond};
use crate::domain::state::{Extent, State};
use crate::domain::term::{Atom, Hint, Lin, Loc, LocId, Root, Step, index_by, int_range};
use crate::limits;
use crate::summary::Field;

impl Exec<'_> {
    pub(super) fn local(&mut self, id: LocalId) -> Loc {
        Loc { root: Root::Local(id), steps: Vec::new() }
    }

    pub(super) fn place(&mut self, state: &mut State, place: &Place) -> Loc {
        let root = match &place.base {
            Base::Local(id) => Root::Local(*id),
            Base::Global(name) => Root::Global(name.clone()),
        };
        let mut loc = Loc { root, steps: Vec::new() };
        for step in &place.proj {
            match step {
                Proj::Deref => {
                    let pointer = self.read(state, &loc);
                    self.terms.mark_pointer(&pointer);
                    loc = self.terms.deref(&pointer);
                }
                Proj::Field { strukt, field } => {
                    let field = self.terms.field(strukt, field);
                    loc = self.field(loc, field);
                }
                Proj::Index(operand) => {
                    let index = self.operand(state, operand);
                    index_by(&mut loc.steps, &index);
                }
            }
        }
        loc
    }

    /// A field of a place; `container_of(p, T, f)->f` is `*p`.
    pub(super) fn field(&mut self, mut loc: Loc, field: Field) -> Loc {
        if let (Root::At(atom), true) = (&loc.root, loc.steps.is_empty())
            && let Atom::Apply(name, args) = self.terms.get(*atom)
            && name.strip_prefix("container of ") == Some(&*field.name)
            && let Some(inner) = args.first().cloned()
        {
            return self.terms.deref(&inner);
        }
        loc.steps.push(Step::Field(field));
        loc
    }

    /// The content of a place. A field of a structure that was copied whole is read from the original.
    pub(super) fn read(&mut self, state: &State, loc: &Loc) -> Lin {
        let id = self.terms.loc_of(loc);
        self.read_id(state, id)
    }

    pub(super) fn read_id(&mut self, state: &State, id: LocId) -> Lin {
        if let Some(value) = state.memory().get(&id) {
            return value.clone();
        }
        for nth in 0.. {
            let Some(outer) = self.terms.around(id, nth) else { break };
            let Some(copy) = state.memory().get(&outer).and_then(Lin::as_atom) else { continue };
            if let &Atom::Load(source, epoch) = self.terms.get(copy) {
                let mut source = self.terms.place(source).clone();
                let steps = &self.terms.place(id).steps;
                source.steps.extend_from_slice(&steps[steps.len() - nth - 1..]);
                let source = self.terms.loc(source);
                return Lin::atom(self.terms.atom(Atom::Load(source, epoch)));
            }
        }
        state.read_id(&mut self.terms, id)
    }

    pub(super) fn operand(&mut self, state: &mut State, operand: &Operand) -> Lin {
        match operand {
            Operand::Const(value) => Lin::int(i128::from(*value)),
            Operand::Place(place) => {
                let loc = self.place(state, place);
                let value = self.read(state, &loc);
                if let (Base::Local(id), true) = (&place.base, place.proj.is_empty()) {
                    let ty = self.function.locals[id.0 as usize].ty.clone();
                    self.note_type(&value, &ty);
                }
                value
            }
            Operand::Str(text) => Lin::atom(self.terms.atom(Atom::Str(text.clone()))),
            Operand::Function(name) => Lin::atom(self.terms.atom(Atom::Function(name.clone()))),
        }
    }

    /// A field that is read as a number of this type, without a conversion on the way, is of the type. Wide ones may be pointers,
    /// or hold error numbers.
    pub(super) fn note_field(&mut self, operand: &Operand, ty: IntType) {
        if let Operand::Place(place) = operand
            && let Some(Proj::Field { strukt, field }) = place.proj.last()
            && !ty.signed
            && (8..64).contains(&ty.bits)
            && !self.terms.is_unsigned(strukt, field)
        {
            let field = self.terms.field(strukt, field);
            self.terms.note_unsigned(&field);
        }
    }

    /// What a value's type says of it.
    pub(super) fn note_type(&mut self, value: &Lin, ty: &Type) {
        match ty {
            Type::Pointer(_) => self.terms.mark_pointer(value),
            Type::Int(int) => self.terms.mark_int(value, *int),
            _ => {}
        }
    }

    pub(super) fn assign(&mut self, mut state: State, dst: &Place, src: &Rvalue) -> Vec<State> {
        if let Rvalue::Use(Operand::Place(source)) = src {
            let (to, from) = (self.place(&mut state, dst), self.place(&mut state, source));
            let value = self.read(&state, &from);
            if self.is_scalar(source) {
                self.store(&mut state, dst, &to, value);
            } else {
                self.write_structure(&mut state, &from, &to, value);
            }
            return vec![state];
        }
        if let (Rvalue::Use(Operand::Const(-1)), Some(largest)) = (src, self.largest(dst)) {
            let to = self.place(&mut state, dst);
            self.store(&mut state, dst, &to, Lin::int(largest));
            return vec![state];
        }
        self.rvalue(state, src)
            .into_iter()
            .map(|(mut state, value)| {
                let to = self.place(&mut state, dst);
                self.store(&mut state, dst, &to, value);
                state
            })
            .collect()
    }

    /// The largest value of an unsigned variable: what `-1` is in it. Smaller numbers stay errors, as in `unsigned long err = -ENOMEM`.
    fn largest(&self, place: &Place) -> Option<i128> {
        match &place.base {
            Base::Local(id) if place.proj.is_empty() => match &self.function.locals[id.0 as usize].ty {
                Type::Int(int) if !int.signed => Some(int_range(*int).1),
                _ => None,
            },
            _ => None,
        }
    }

    pub(super) fn store(&mut self, state: &mut State, dst: &Place, to: &Loc, value: Lin) {
        if let (Base::Local(id), true) = (&dst.base, dst.proj.is_empty()) {
            let ty = self.function.locals[id.0 as usize].ty.clone();
            self.note_type(&value, &ty);
        }
        state.write(&mut self.terms, to, value, Extent::Scalar, &mut self.epoch);
        self.write_through(state, &to.root);
    }

    /// A variable of a scalar type; of other places the type is not known here.
    fn is_scalar(&self, place: &Place) -> bool {
        match &place.base {
            Base::Local(id) if place.proj.is_empty() => {
                matches!(self.function.locals[id.0 as usize].ty, Type::Int(_) | Type::Pointer(_))
            }
            _ => false,
        }
    }

    /// `a = b` of what may be structures: what is known of b's fields is known of a's.
    pub(super) fn write_structure(&mut self, state: &mut State, from: &Loc, to: &Loc, value: Lin) {
        let is_field =
            |place: &Loc| place.root == from.root && place.steps.len() > from.steps.len() && place.steps.starts_with(&from.steps);
        let known: Vec<(LocId, Lin)> = state
            .memory()
            .iter()
            .filter(|(id, _)| is_field(self.terms.place(**id)))
            .map(|(&id, value)| (id, value.clone()))
            .collect();
        state.write(&mut self.terms, to, value, Extent::Any, &mut self.epoch);
        for (id, value) in known {
            let mut target = to.clone();
            target.steps.extend_from_slice(&self.terms.place(id).steps[from.steps.len()..]);
            let target = self.terms.loc(target);
            state.set_raw(target, value);
        }
    }

    fn rvalue(&mut self, mut state: State, value: &Rvalue) -> Vec<(State, Lin)> {
        let result = match value {
            Rvalue::Use(operand) => self.operand(&mut state, operand),
            Rvalue::Unary(op, operand) => {
                let value = self.operand(&mut state, operand);
                match op {
                    UnaryOp::Neg => value.scaled(-1),
                    UnaryOp::Not => value.scaled(-1).offset(-1),
                }
            }
            Rvalue::Binary { op, lhs, rhs, ty } => {
                let (lhs, rhs) = (self.operand(&mut state, lhs), self.operand(&mut state, rhs));
                self.binary(*op, &lhs, &rhs, ty)
            }
            Rvalue::Cast { value, from, to } => {
                if let Type::Int(from) = from {
                    self.note_field(value, *from);
                }
                let value = self.operand(&mut state, value);
                return self.cast(state, value, from, to);
            }
            Rvalue::AddrOf(place) => {
                let loc = self.place(&mut state, place);
                self.assume_array(&mut state, &loc);
                self.terms.address(&loc)
            }
            Rvalue::Select { cond, yes, no } => return self.select(state, cond, yes, no),
            Rvalue::Compare(cond) => {
                let (op, lhs, rhs) = self.sides(&mut state, cond);
                self.compare(&state, op, &lhs, &rhs)
            }
            Rvalue::ContainerOf { ptr, strukt: _, field } => {
                let pointer = self.operand(&mut state, ptr);
                self.container_of(&pointer, field)
            }
            Rvalue::Opaque(_) => self.terms.fresh(Hint::None),
        };
        vec![(state, result)]
    }

    /// Where an element's address is taken, the pointer is that of an array: no element of it is at NULL, nor is the array.
    ///
    /// ```c
    ///         if (ctx->lists && id < NR)
    ///                 return &ctx->lists[id];         // not NULL for any caller
    /// ```
    fn assume_array(&mut self, state: &mut State, loc: &Loc) {
        let (Root::At(array), Some(Step::Index(_))) = (&loc.root, loc.steps.last()) else { return };
        let array = Lin::atom(*array);
        if state.facts.proves_not_zero(&self.terms, &array) {
            state.facts.assume_at_least_zero(&self.terms, array.offset(-1));
        }
        let address = self.terms.address(loc);
        state.facts.assume_at_least_zero(&self.terms, address.offset(-1));
    }

    fn binary(&mut self, op: BinaryOp, lhs: &Lin, rhs: &Lin, ty: &Type) -> Lin {
        match op {
            BinaryOp::Add => lhs.plus(rhs),
            BinaryOp::PtrAdd => {
                self.terms.mark_pointer(lhs);
                lhs.plus(rhs)
            }
            BinaryOp::Sub | BinaryOp::PtrDiff => match ty {
                // ULONG_MAX - x, ULONG_MAX - PAGE_SIZE - x: what is subtracted from is no negative number.
                Type::Int(int) if !int.signed && lhs.as_int().is_some_and(|value| value < 0) => {
                    lhs.offset(int_range(*int).1 + 1).minus(rhs)
                }
                _ => lhs.minus(rhs),
            },
            BinaryOp::Mul => self.terms.multiply(lhs, rhs),
            BinaryOp::Shl => match rhs.as_int() {
                Some(by @ 0..=62) => lhs.scaled(1 << by),
                _ => self.uninterpreted("shl", lhs, rhs),
            },
            BinaryOp::Shr => match rhs.as_int() {
                Some(by @ 0..=62) => self.terms.floor_div(lhs, 1 << by),
                _ => self.uninterpreted("shr", lhs, rhs),
            },
            BinaryOp::Div => match rhs.as_int() {
                // C rounds towards zero; for what is counted here the dividend is not negative.
                Some(by) if by > 0 => self.terms.floor_div(lhs, by),
                _ => self.uninterpreted("div", lhs, rhs),
            },
            BinaryOp::Rem => {
                // By pages it is a mask. Of smaller ones, the indices of rings, it matters only that equal ones are equal.
                let is_unsigned = matches!(ty, Type::Int(int) if !int.signed);
                let by = rhs.as_int().filter(|&by| by > 0 && is_unsigned);
                by.and_then(|by| self.rounded(lhs, by - 1)).unwrap_or_else(|| self.uninterpreted("rem", lhs, rhs))
            }
            BinaryOp::And => self.bit_and(lhs, rhs),
            BinaryOp::Or => match (lhs.as_int(), rhs.as_int()) {
                (Some(a), Some(b)) => Lin::int(a | b),
                (Some(0), _) => rhs.clone(),
                (_, Some(0)) => lhs.clone(),
                _ => self.uninterpreted("or", lhs, rhs),
            },
            BinaryOp::Xor => match (lhs.as_int(), rhs.as_int(), ty) {
                (Some(a), Some(b), _) => Lin::int(a ^ b),
                _ => self.uninterpreted("xor", lhs, rhs),
            },
        }
    }

    fn uninterpreted(&mut self, name: &str, lhs: &Lin, rhs: &Lin) -> Lin {
        self.terms.apply(name, vec![lhs.clone(), rhs.clone()])
    }

    /// `x & PAGE_MASK` is `x` rounded down to pages, `x & ~PAGE_MASK` the rest: numbers that can be reckoned with, unlike bits.
    fn rounded(&mut self, value: &Lin, mask: i128) -> Option<Lin> {
        let unit = if mask < 0 { -mask } else { mask + 1 };
        // Smaller masks are flags.
        if unit.count_ones() != 1 || unit < limits::LEAST_UNIT {
            return None;
        }
        let down = self.terms.floor_div(value, unit).scaled(unit);
        Some(if mask < 0 { down } else { value.minus(&down) })
    }

    /// Bits of a constant-or-ed value are known where the constants say so.
    pub(super) fn bit_and(&mut self, lhs: &Lin, rhs: &Lin) -> Lin {
        let (value, mask) = match (lhs.as_int(), rhs.as_int()) {
            (Some(a), Some(b)) => return Lin::int(a & b),
            (Some(mask), None) => (rhs, mask),
            (None, Some(mask)) => (lhs, mask),
            (None, None) => return self.uninterpreted("and", lhs, rhs),
        };
        // An error number's bits, which no page's number has.
        let is_beyond = |bits| mask.trailing_zeros() >= bits;
        if mask == 0 || self.terms.bits_of_number(value).is_some_and(is_beyond) {
            return Lin::int(0);
        }
        if let Some(rounded) = self.rounded(value, mask) {
            return rounded;
        }
        if let Some(Atom::Apply(name, args)) = value.as_atom().map(|atom| self.terms.get(atom).clone())
            && name == "or"
            && let [a, b] = &args[..]
        {
            let (a, b) = (self.bit_and(a, &Lin::int(mask)), self.bit_and(b, &Lin::int(mask)));
            return match (a.as_int(), b.as_int()) {
                (Some(x), Some(y)) => Lin::int(x | y),
                // `flags | PINNED` has the bit, whatever else.
                (Some(all), _) | (_, Some(all)) if all == mask => Lin::int(mask),
                (Some(0), _) => b,
                (_, Some(0)) => a,
                _ => self.uninterpreted("or", &a, &b),
            };
        }
        self.terms.apply("and", vec![value.clone(), Lin::int(mask)])
    }

    /// Conversions. A count that may be negative forks where it becomes unsigned, because -12 is then a huge number.
    fn cast(&mut self, mut state: State, value: Lin, from: &Type, to: &Type) -> Vec<(State, Lin)> {
        let (Type::Int(from), Type::Int(to)) = (from, to) else {
            if let (Type::Pointer(_), _) | (_, Type::Pointer(_)) = (from, to) {
                self.note_type(&value, to);
            }
            return vec![(state, value)];
        };
        self.terms.mark_int(&value, *from);
        if let Some(constant) = value.as_int() {
            return vec![(state, Lin::int(wrap(constant, *to)))];
        }
        let modulus = 1i128 << to.bits.clamp(1, 64);
        if from.signed && !to.signed && to.bits >= from.bits {
            let is_count = value.terms.iter().any(|(atom, _)| *self.terms.hint(*atom) == Hint::Count);
            if is_count && !state.facts.proves_at_least_zero(&self.terms, &value) {
                let mut negative = state.clone();
                let mut out = Vec::new();
                if negative.facts.assume_at_least_zero(&self.terms, value.scaled(-1).offset(-1)) {
                    out.push((negative, value.offset(modulus)));
                }
                if state.facts.assume_at_least_zero(&self.terms, value.clone()) {
                    out.push((state, value));
                }
                return out;
            }
        }
        if to.signed {
            let (_, high) = int_range(*to);
            if state.facts.proves_at_least_zero(&self.terms, &value.offset(-high - 1)) {
                return vec![(state, value.offset(-modulus))];
            }
        }
        if to.bits == 1 {
            let as_bool = self.compare(&state, CompareOp::Ne, &value, &Lin::int(0));
            return vec![(state, as_bool)];
        }
        vec![(state, value)]
    }

    /// `cond ? yes : no`: a value; a fork only where an arm is a pointer, whose identity matters.
    fn select(&mut self, mut state: State, cond: &Cond, yes: &Operand, no: &Operand) -> Vec<(State, Lin)> {
        let (op, lhs, rhs) = self.sides(&mut state, cond);
        let (yes, no) = (self.operand(&mut state, yes), self.operand(&mut state, no));
        if yes == no {
            return vec![(state, yes)];
        }
        let mut taken = state.clone();
        let (is_possible, may_fail) = {
            let yes = self.assume(&mut taken, op, &lhs, &rhs);
            let mut other = state.clone();
            (yes, self.assume(&mut other, cond::negated(op), &lhs, &rhs).then_some(other))
        };
        let Some(other) = may_fail else { return vec![(taken, yes)] };
        if !is_possible {
            return vec![(other, no)];
        }
        let is_pointer = |exec: &Self, value: &Lin| value.as_atom().is_some() && exec.terms.split_pointer(value).is_some();
        let matters = |exec: &Self, value: &Lin| is_pointer(exec, value) && state.segments.iter().any(|s| s.is_open());
        let is_apart = self.apart > 0 && state.segments.iter().any(|segment| segment.is_open());
        if is_apart || matters(self, &yes) || matters(self, &no) || (yes.as_int().is_some() && no.as_int().is_some()) {
            return vec![(taken, yes), (other, no)];
        }
        let value = self.terms.apply("select", vec![lhs, rhs, yes.clone(), no.clone(), Lin::int(op as i128)]);
        for low in [0, 1] {
            let is_above = |state: &State, arm: &Lin| state.facts.proves_at_least_zero(&self.terms, &arm.offset(-low));
            if is_above(&taken, &yes) && is_above(&other, &no) {
                state.facts.assume_at_least_zero(&self.terms, value.offset(-low));
            }
        }
        for arm in [&yes, &no] {
            // min(a, b) is at most either, max(a, b) at least either.
            let below = |state: &State, arm2: &Lin| state.facts.proves_at_least_zero(&self.terms, &arm.minus(arm2));
            let above = |state: &State, arm2: &Lin| state.facts.proves_at_least_zero(&self.terms, &arm2.minus(arm));
            if below(&taken, &yes) && below(&other, &no) {
                state.facts.assume_at_least_zero(&self.terms, arm.minus(&value));
            }
            if above(&taken, &yes) && above(&other, &no) {
                state.facts.assume_at_least_zero(&self.terms, value.minus(arm));
            }
        }
        vec![(state, value)]
    }

    /// A comparison as a value: 0, 1, or a term that a later branch can take apart.
    pub(super) fn compare(&mut self, state: &State, op: CompareOp, lhs: &Lin, rhs: &Lin) -> Lin {
        let mut yes = state.clone();
        let mut no = state.clone();
        let is_possible = self.assume(&mut yes, op, lhs, rhs);
        let may_fail = self.assume(&mut no, cond::negated(op), lhs, rhs);
        match (is_possible, may_fail) {
            (true, false) => Lin::int(1),
            (false, _) => Lin::int(0),
            (true, true) => self.terms.apply("compare", vec![lhs.clone(), rhs.clone(), Lin::int(op as i128)]),
        }
    }

    pub(super) fn container_of(&mut self, pointer: &Lin, path: &[String]) -> Lin {
        let loc = self.terms.deref(pointer);
        let length = loc.steps.len();
        if length >= path.len() {
            let (kept, last) = loc.steps.split_at(length - path.len());
            if last.iter().zip(path).all(|(step, name)| matches!(step, Step::Field(f) if *f.name == **name)) {
                let outer = Loc { root: loc.root.clone(), steps: kept.to_vec() };
                return self.terms.address(&outer);
            }
        }
        let mut value = pointer.clone();
        for name in path.iter().rev() {
            value = self.terms.apply(&format!("{CONTAINER_OF}{name}"), vec![value]);
            self.terms.mark_pointer(&value);
        }
        value
    }
}

/// A constant as the type holds it.
fn wrap(value: i128, to: IntType) -> i128 {
    let modulus = 1i128 << to.bits.clamp(1, 64);
    if to.bits == 1 {
        return i128::from(value != 0);
    }
    let (low, high) = int_range(to);
    let wrapped = value.rem_euclid(modulus);
    if wrapped > high { wrapped - modulus } else { wrapped.max(low) }
}

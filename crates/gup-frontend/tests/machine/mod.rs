//! A machine that runs the IR, so that tests can compare what C computes with what its lowering computes.
//!
//! Memory is a map from access paths to values. No layout: unions and casts between unrelated structures do not work here.

use std::collections::BTreeMap;

use gup_ir::{
    Base, BinaryOp, BlockId, Callee, CompareOp, Cond, Function, IntType, Operand, Place, Proj, Rvalue, StmtKind, Terminator,
    Type, UnaryOp, Unit,
};

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Value {
    Int(i64),
    Pointer(Path),
    Function(String),
    Text(String),
}

/// Where something is: a variable and the way into it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Path(Vec<Step>);

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Step {
    Local(u32, u32),
    Global(String),
    Field(String),
    Index(i64),
}

pub(crate) struct Machine<'a> {
    unit: &'a Unit,
    memory: BTreeMap<Path, Value>,
    frames: u32,
    steps: u32,
    /// What was given to a function named `print`.
    pub(crate) printed: Vec<Vec<Value>>,
}

impl<'a> Machine<'a> {
    pub(crate) fn new(unit: &'a Unit) -> Machine<'a> {
        Machine { unit, memory: BTreeMap::new(), frames: 0, steps: 0, printed: Vec::new() }
    }

    pub(crate) fn call(&mut self, name: &str, args: Vec<Value>) -> Value {
        self.call_with(name, args.into_iter().map(Some).collect())
    }

    /// `None` stands for a structure that is in the new frame already.
    fn call_with(&mut self, name: &str, args: Vec<Option<Value>>) -> Value {
        let function =
            self.unit.functions.iter().find(|function| function.name == name).unwrap_or_else(|| panic!("no function {name}"));
        self.frames += 1;
        let frame = self.frames;
        for (id, (arg, local)) in args.into_iter().zip(&function.locals).enumerate() {
            let Some(arg) = arg else { continue };
            let arg = match (&arg, &local.ty) {
                (Value::Int(value), Type::Int(ty)) => Value::Int(wrap(i128::from(*value), *ty)),
                _ => arg,
            };
            self.write(Path(vec![Step::Local(frame, id as u32)]), arg);
        }
        let result = self.run(function, frame);
        // A returned structure is still to be read in its frame; no later frame has the same number.
        if !matches!(function.ret, Type::Struct(_)) {
            let is_own = |path: &Path| matches!(path.0[0], Step::Local(owner, _) if owner == frame);
            let dead: Vec<Path> =
                self.memory.range(Path(vec![Step::Local(frame, 0)])..).map(|(path, _)| path.clone()).take_while(is_own).collect();
            dead.iter().for_each(|path| _ = self.memory.remove(path));
        }
        result
    }

    fn run(&mut self, function: &Function, frame: u32) -> Value {
        let mut block = BlockId(0);
        loop {
            self.steps += 1;
            assert!(self.steps < 10_000_000, "{} does not end", function.name);
            let body = &function.blocks[block.0 as usize];
            body.stmts.iter().for_each(|stmt| self.statement(function, &stmt.kind, frame));
            block = match &body.terminator {
                Terminator::Goto(next) => *next,
                Terminator::Branch { cond, yes, no, .. } => {
                    if self.holds(cond, frame) {
                        *yes
                    } else {
                        *no
                    }
                }
                Terminator::Switch { value, cases, default, .. } => {
                    let Value::Int(value) = self.operand(value, frame) else { panic!("switch on no number") };
                    cases.iter().find(|(low, high, _)| (*low..=*high).contains(&value)).map_or(*default, |case| case.2)
                }
                Terminator::Return { value, .. } => {
                    return match value {
                        // A structure is returned by where it is.
                        Some(Operand::Place(place)) if matches!(function.ret, Type::Struct(_)) => {
                            Value::Pointer(self.path(place, frame))
                        }
                        Some(value) => self.operand(value, frame),
                        None => Value::Int(0),
                    };
                }
                Terminator::Unreachable => panic!("{}: came where control does not come", function.name),
            };
        }
    }

    fn statement(&mut self, function: &Function, kind: &StmtKind, frame: u32) {
        match kind {
            StmtKind::Assign { dst, src: Rvalue::Use(Operand::Place(src)) } => {
                let (dst, src) = (self.path(dst, frame), self.path(src, frame));
                self.copy(&src, dst);
            }
            StmtKind::Assign { dst, src } => {
                let value = self.rvalue(src, frame);
                // `-x` and `~x` have the type of the variable they go to.
                let value = match (value, &dst.base, dst.proj.as_slice()) {
                    (Value::Int(value), Base::Local(id), []) => match &function.locals[id.0 as usize].ty {
                        Type::Int(ty) => Value::Int(wrap(i128::from(value), *ty)),
                        _ => Value::Int(value),
                    },
                    (value, ..) => value,
                };
                let dst = self.path(dst, frame);
                self.write(dst, value);
            }
            StmtKind::Call { dst, callee, args } => self.call_statement(dst.as_ref(), callee, args, frame),
            StmtKind::Forget(place) => {
                let path = self.path(place, frame);
                self.clear(&path);
            }
            StmtKind::Opaque { reason, .. } => panic!("opaque: {reason}"),
        }
    }

    fn call_statement(&mut self, dst: Option<&Place>, callee: &Callee, args: &[Operand], frame: u32) {
        let name = match callee {
            Callee::Direct(name) => name.clone(),
            Callee::Field { pointer, .. } | Callee::Pointer(pointer) => match self.operand(pointer, frame) {
                Value::Function(name) => name,
                other => panic!("call of {other:?}"),
            },
        };
        if name == "print" {
            let values = args.iter().map(|arg| self.operand(arg, frame)).collect();
            return self.printed.push(values);
        }
        let callee =
            self.unit.functions.iter().find(|function| function.name == name).unwrap_or_else(|| panic!("no function {name}"));
        let returns_struct = matches!(callee.ret, Type::Struct(_));
        let mut values = Vec::new();
        for (number, (arg, local)) in args.iter().zip(&callee.locals).enumerate() {
            // Structures are copied into the frame that the call will make.
            match (arg, &local.ty) {
                (Operand::Place(place), Type::Struct(_)) => {
                    let from = self.path(place, frame);
                    self.copy(&from, Path(vec![Step::Local(self.frames + 1, number as u32)]));
                    values.push(None);
                }
                _ => values.push(Some(self.operand(arg, frame))),
            }
        }
        let result = self.call_with(&name, values);
        let Some(dst) = dst else { return };
        let dst = self.path(dst, frame);
        match result {
            Value::Pointer(path) if returns_struct => self.copy(&path, dst),
            value => self.write(dst, value),
        }
    }

    fn rvalue(&mut self, rvalue: &Rvalue, frame: u32) -> Value {
        match rvalue {
            Rvalue::Use(operand) => self.operand(operand, frame),
            Rvalue::Unary(op, operand) => {
                let Value::Int(value) = self.operand(operand, frame) else { panic!("{op:?} of no number") };
                Value::Int(if *op == UnaryOp::Neg { value.wrapping_neg() } else { !value })
            }
            Rvalue::Binary { op, lhs, rhs, ty } => {
                let (lhs, rhs) = (self.operand(lhs, frame), self.operand(rhs, frame));
                binary(*op, lhs, rhs, ty)
            }
            Rvalue::Cast { value, from, to } => match (self.operand(value, frame), from, to) {
                (Value::Int(value), _, Type::Int(to)) => Value::Int(wrap(i128::from(value), *to)),
                (value, ..) => value,
            },
            Rvalue::AddrOf(place) => Value::Pointer(self.path(place, frame)),
            Rvalue::Select { cond, yes, no } => {
                let chosen = if self.holds(cond, frame) { yes } else { no };
                self.operand(chosen, frame)
            }
            Rvalue::Compare(cond) => Value::Int(i64::from(self.holds(cond, frame))),
            Rvalue::ContainerOf { ptr, field, .. } => {
                let Value::Pointer(mut path) = self.operand(ptr, frame) else { panic!("container of no pointer") };
                for name in field.iter().rev() {
                    assert_eq!(path.0.pop(), Some(Step::Field(name.clone())));
                }
                Value::Pointer(path)
            }
            Rvalue::Opaque(_) => Value::Int(0),
        }
    }

    fn holds(&mut self, cond: &Cond, frame: u32) -> bool {
        let order = match (self.operand(&cond.lhs, frame), self.operand(&cond.rhs, frame)) {
            (Value::Int(a), Value::Int(b)) if cond.ty.signed => a.cmp(&b),
            (Value::Int(a), Value::Int(b)) => (a as u64).cmp(&(b as u64)),
            (Value::Pointer(a), Value::Pointer(b)) => first_element(a).cmp(&first_element(b)),
            (_, Value::Int(0)) => std::cmp::Ordering::Greater,
            (Value::Int(0), _) => std::cmp::Ordering::Less,
            (a, b) => panic!("{a:?} compared with {b:?}"),
        };
        match cond.op {
            CompareOp::Eq => order.is_eq(),
            CompareOp::Ne => order.is_ne(),
            CompareOp::Lt => order.is_lt(),
            CompareOp::Le => order.is_le(),
            CompareOp::Gt => order.is_gt(),
            CompareOp::Ge => order.is_ge(),
        }
    }

    fn operand(&mut self, operand: &Operand, frame: u32) -> Value {
        match operand {
            Operand::Const(value) => Value::Int(*value),
            Operand::Place(place) => {
                let path = self.path(place, frame);
                self.read(&path)
            }
            Operand::Str(text) => Value::Text(text.clone()),
            Operand::Function(name) => Value::Function(name.clone()),
        }
    }

    fn path(&mut self, place: &Place, frame: u32) -> Path {
        let mut path = Path(vec![match &place.base {
            Base::Local(id) => Step::Local(frame, id.0),
            Base::Global(name) => Step::Global(name.clone()),
        }]);
        let mut behind_pointer = false;
        for step in &place.proj {
            match step {
                Proj::Deref => match self.read(&path) {
                    Value::Pointer(to) => path = to,
                    other => panic!("{other:?} dereferenced"),
                },
                Proj::Field { field, .. } => path.0.push(Step::Field(field.clone())),
                Proj::Index(index) => {
                    let Value::Int(index) = self.operand(index, frame) else { panic!("no number as index") };
                    // `p[i]` counts from where p points, which may be inside an array already.
                    match path.0.last_mut() {
                        Some(Step::Index(at)) if behind_pointer => *at += index,
                        _ => path.0.push(Step::Index(index)),
                    }
                }
            }
            behind_pointer = *step == Proj::Deref;
        }
        path
    }

    /// What a variable of the program holds.
    #[allow(dead_code)]
    pub(crate) fn global(&self, name: &str) -> Value {
        self.read(&Path(vec![Step::Global(name.to_owned())]))
    }

    fn read(&self, path: &Path) -> Value {
        let mut first = path.clone();
        first.0.push(Step::Index(0));
        let exact =
            self.memory.get(&first).or_else(|| self.memory.get(path)).or_else(|| self.memory.get(&first_element(path.clone())));
        exact.cloned().unwrap_or_else(|| match path.0[0] {
            Step::Global(_) => Value::Int(0),
            // A variable that was set to 0 as a whole
            _ if (1..path.0.len()).any(|len| self.memory.get(&Path(path.0[..len].to_vec())) == Some(&Value::Int(0))) => {
                Value::Int(0)
            }
            _ => panic!("{path:?} read before it was written"),
        })
    }

    fn write(&mut self, path: Path, value: Value) {
        self.clear(&path);
        self.memory.insert(path, value);
    }

    fn copy(&mut self, from: &Path, to: Path) {
        let inside: Vec<(Path, Value)> = (self.memory.range(from..).take_while(|(path, _)| path.0.starts_with(&from.0)))
            .map(|(path, value)| (Path([&to.0[..], &path.0[from.0.len()..]].concat()), value.clone()))
            .collect();
        if inside.is_empty() {
            let value = self.read(from);
            return self.write(to, value);
        }
        self.clear(&to);
        self.memory.extend(inside);
    }

    fn clear(&mut self, path: &Path) {
        let inside: Vec<Path> =
            self.memory.range(path..).map(|(known, _)| known.clone()).take_while(|known| known.0.starts_with(&path.0)).collect();
        inside.iter().for_each(|known| _ = self.memory.remove(known));
    }
}

/// `&a[0]` and `a` are the same pointer.
fn first_element(mut path: Path) -> Path {
    while path.0.last() == Some(&Step::Index(0)) {
        path.0.pop();
    }
    path
}

fn binary(op: BinaryOp, lhs: Value, rhs: Value, ty: &Type) -> Value {
    match (op, lhs, rhs, ty) {
        (BinaryOp::PtrAdd, Value::Pointer(mut path), Value::Int(by), _) => {
            match path.0.last_mut() {
                Some(Step::Index(at)) => *at += by,
                _ => path.0.push(Step::Index(by)),
            }
            Value::Pointer(path)
        }
        (BinaryOp::PtrDiff, Value::Pointer(a), Value::Pointer(b), _) => {
            let at = |path: &Path| if let Some(Step::Index(at)) = path.0.last() { *at } else { 0 };
            Value::Int(at(&a) - at(&b))
        }
        (op, Value::Int(a), Value::Int(b), Type::Int(ty)) => Value::Int(wrap(arithmetic(op, a, b, *ty), *ty)),
        (op, a, b, ty) => panic!("{a:?} {op:?} {b:?} in {ty:?}"),
    }
}

fn arithmetic(op: BinaryOp, a: i64, b: i64, ty: IntType) -> i128 {
    let wide = |value: i64| if ty.signed { i128::from(value) } else { i128::from(value as u64) };
    let (a, b) = (wide(a), wide(b));
    match op {
        BinaryOp::Add => a + b,
        BinaryOp::Sub => a - b,
        BinaryOp::Mul => a * b,
        BinaryOp::Div => a / b,
        BinaryOp::Rem => a % b,
        BinaryOp::And => a & b,
        BinaryOp::Or => a | b,
        BinaryOp::Xor => a ^ b,
        BinaryOp::Shl => a << b,
        BinaryOp::Shr => a >> b,
        BinaryOp::PtrAdd | BinaryOp::PtrDiff => panic!("pointer arithmetic of numbers"),
    }
}

fn wrap(value: i128, ty: IntType) -> i64 {
    match (ty.bits, ty.signed) {
        (1, _) => i64::from(value != 0),
        (8, true) => i64::from(value as i8),
        (8, false) => i64::from(value as u8),
        (16, true) => i64::from(value as i16),
        (16, false) => i64::from(value as u16),
        (32, true) => i64::from(value as i32),
        (32, false) => i64::from(value as u32),
        _ => value as i64,
    }
}

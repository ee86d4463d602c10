//! IR to text.

use std::fmt::{self, Display, Write};

use super::{has_own_name, is_identifier, struct_at};
use crate::{
    Base, BinaryOp, Callee, CompareOp, Cond, FileId, Function, IntType, Linkage, LocalId, Operand, Place, Pos, Proj, Rvalue,
    Stmt, StmtKind, Terminator, Type, UnaryOp, Unit,
};

/// The column of positions, where the statement is shorter.
const POSITION_COLUMN: usize = 72;

/// The whole unit as text; [`super::parse`] reads it back to an equal unit.
pub fn print(unit: &Unit) -> String {
    let mut out = String::new();
    push(&mut out, format_args!("unit {}\n", Quoted(&unit.file)));
    for (number, file) in unit.files.iter().enumerate() {
        push(&mut out, format_args!("file {number} {}\n", Quoted(file)));
    }
    for strukt in &unit.private_structs {
        push(&mut out, format_args!("private struct {}\n", Name(strukt)));
    }
    for (name, value) in &unit.constants {
        push(&mut out, format_args!("constant {} = {}\n", Name(name), Const(*value)));
    }
    for entry in &unit.tables {
        let text = format!(
            "table {}::{} = {} in {}",
            Name(&entry.strukt),
            Name(&entry.field),
            Name(&entry.function),
            Name(&entry.variable)
        );
        line(&mut out, &text, entry.pos);
    }
    for function in &unit.functions {
        out.push('\n');
        out.push_str(&print_function(function));
    }
    out
}

/// One function as text.
pub fn print_function(function: &Function) -> String {
    let mut out = String::new();
    let linkage = match function.linkage {
        Linkage::External => "",
        Linkage::Static => "static ",
        Linkage::Header => "header ",
    };
    let declare = |index: usize| format!("{}: {}", LocalName(function, index), &function.locals[index].ty);
    let n_params = function.locals.len().min(function.params as usize);
    let params: Vec<String> = (0..n_params).map(declare).collect();
    let position = Position(function.pos);
    let head = format!("{linkage}fn {}({}) -> {}", Name(&function.name), params.join(", "), function.ret);
    push(&mut out, format_args!("{head}{position} {{\n"));
    for index in n_params..function.locals.len() {
        push(&mut out, format_args!("  let {}\n", declare(index)));
    }
    for (number, block) in function.blocks.iter().enumerate() {
        push(&mut out, format_args!("b{number}:\n"));
        for stmt in &block.stmts {
            line(&mut out, &format!("  {}", In(function, stmt)), stmt.pos);
        }
        let pos = match &block.terminator {
            Terminator::Goto(_) | Terminator::Unreachable => Pos::default(),
            Terminator::Branch { pos, .. } | Terminator::Switch { pos, .. } | Terminator::Return { pos, .. } => *pos,
        };
        line(&mut out, &format!("  {}", In(function, &block.terminator)), pos);
    }
    out.push_str("}\n");
    out
}

fn push(out: &mut String, text: fmt::Arguments) {
    out.write_fmt(text).expect("a String takes all that is written");
}

fn line(out: &mut String, text: &str, pos: Pos) {
    out.push_str(text);
    if pos != Pos::default() {
        for _ in text.chars().count()..POSITION_COLUMN {
            out.push(' ');
        }
        push(out, format_args!("{}", Position(pos)));
    }
    out.push('\n');
}

struct Position(Pos);

impl Display for Position {
    fn fmt(&self, out: &mut fmt::Formatter) -> fmt::Result {
        let Pos { file, line, column } = self.0;
        match (file, line, column) {
            (FileId(0), 0, 0) => Ok(()),
            (FileId(0), ..) => write!(out, " @{line}:{column}"),
            (FileId(file), ..) => write!(out, " @{file}:{line}:{column}"),
        }
    }
}

/// A C name, in quotes where it is none.
struct Name<'a>(&'a str);

impl Display for Name<'_> {
    fn fmt(&self, out: &mut fmt::Formatter) -> fmt::Result {
        if is_identifier(self.0) { out.write_str(self.0) } else { Quoted(self.0).fmt(out) }
    }
}

struct Quoted<'a>(&'a str);

impl Display for Quoted<'_> {
    fn fmt(&self, out: &mut fmt::Formatter) -> fmt::Result {
        out.write_char('"')?;
        for char in self.0.chars() {
            match char {
                '"' | '\\' => write!(out, "\\{char}")?,
                '\n' => out.write_str("\\n")?,
                '\t' => out.write_str("\\t")?,
                char if char.is_control() => write!(out, "\\u{{{:x}}}", char as u32)?,
                char => out.write_char(char)?,
            }
        }
        out.write_char('"')
    }
}

/// Small numbers are counts and errnos, large ones are masks.
struct Const(i64);

impl Display for Const {
    fn fmt(&self, out: &mut fmt::Formatter) -> fmt::Result {
        let sign = if self.0 < 0 { "-" } else { "" };
        match self.0.unsigned_abs() {
            small @ ..0x1_0000 => write!(out, "{sign}{small}"),
            large => write!(out, "{sign}{large:#x}"),
        }
    }
}

impl Display for IntType {
    fn fmt(&self, out: &mut fmt::Formatter) -> fmt::Result {
        write!(out, "{}{}", if self.signed { 'i' } else { 'u' }, self.bits)
    }
}

impl Display for Type {
    fn fmt(&self, out: &mut fmt::Formatter) -> fmt::Result {
        match self {
            Type::Void => out.write_str("void"),
            Type::Int(int) => int.fmt(out),
            Type::Pointer(pointee) => write!(out, "*{pointee}"),
            Type::Struct(name) => write!(out, "struct {}", Name(name)),
            Type::Array(element, None) => write!(out, "[{element}]"),
            Type::Array(element, Some(length)) => write!(out, "[{element}; {length}]"),
            Type::Function => out.write_str("function"),
            Type::Other => out.write_str("other"),
        }
    }
}

/// A local by its display name.
struct LocalName<'a>(&'a Function, usize);

impl Display for LocalName<'_> {
    fn fmt(&self, out: &mut fmt::Formatter) -> fmt::Result {
        let LocalName(function, index) = self;
        let Some(local) = function.locals.get(*index) else { return write!(out, "${index}") };
        match local.name.as_str() {
            "" => write!(out, "${index}"),
            name if has_own_name(&function.locals, *index) => out.write_str(name),
            name => write!(out, "{}${index}", Name(name)),
        }
    }
}

/// A piece of a function's body, together with the function that tells names and types.
struct In<'a, T>(&'a Function, &'a T);

impl Display for In<'_, Stmt> {
    fn fmt(&self, out: &mut fmt::Formatter) -> fmt::Result {
        let In(function, stmt) = self;
        match &stmt.kind {
            StmtKind::Assign { dst, src } => write!(out, "{} = {}", In(function, dst), In(function, src)),
            StmtKind::Call { dst, callee, args } => {
                if let Some(dst) = dst {
                    write!(out, "{} = ", In(function, dst))?;
                }
                match callee {
                    Callee::Direct(name) => write!(out, "call {}(", Name(name))?,
                    Callee::Pointer(pointer) => write!(out, "call *{}(", In(function, pointer))?,
                    Callee::Field { strukt, field, pointer } => {
                        write!(out, "call *{} as {}::{}(", In(function, pointer), Name(strukt), Name(field))?;
                    }
                }
                list(out, function, args)?;
                out.write_char(')')
            }
            StmtKind::Forget(place) => write!(out, "forget {}", In(function, place)),
            StmtKind::Opaque { reason, reads, writes } => {
                write!(out, "opaque {}", Quoted(reason))?;
                if !reads.is_empty() {
                    out.write_str(" reads ")?;
                    list(out, function, reads)?;
                }
                if !writes.is_empty() {
                    out.write_str(" writes ")?;
                    list(out, function, writes)?;
                }
                Ok(())
            }
        }
    }
}

fn list<'a, T>(out: &mut fmt::Formatter, function: &'a Function, items: &'a [T]) -> fmt::Result
where
    In<'a, T>: Display,
{
    for (index, item) in items.iter().enumerate() {
        out.write_str(if index == 0 { "" } else { ", " })?;
        In(function, item).fmt(out)?;
    }
    Ok(())
}

impl Display for In<'_, Rvalue> {
    fn fmt(&self, out: &mut fmt::Formatter) -> fmt::Result {
        let In(function, value) = self;
        match value {
            Rvalue::Use(operand) => In(function, operand).fmt(out),
            Rvalue::Unary(op, operand) => {
                let sign = match op {
                    UnaryOp::Neg => '-',
                    UnaryOp::Not => '~',
                };
                // The parentheses tell `-(5)` from the constant -5.
                write!(out, "{sign}({})", In(function, operand))
            }
            Rvalue::Binary { op, lhs, rhs, ty } => {
                write!(out, "{} {} {} : {ty}", In(function, lhs), binary_sign(*op), In(function, rhs))
            }
            Rvalue::Cast { value, from, to } => write!(out, "{} : {from} as {to}", In(function, value)),
            Rvalue::AddrOf(place) => write!(out, "&{}", In(function, place)),
            Rvalue::Select { cond, yes, no } => {
                write!(out, "if {} then {} else {}", In(function, cond), In(function, yes), In(function, no))
            }
            Rvalue::Compare(cond) => In(function, cond).fmt(out),
            Rvalue::ContainerOf { ptr, strukt, field } => {
                write!(out, "container_of({}, {}, ", In(function, ptr), Name(strukt))?;
                for (index, name) in field.iter().enumerate() {
                    write!(out, "{}{}", if index == 0 { "" } else { "." }, Name(name))?;
                }
                out.write_char(')')
            }
            Rvalue::Opaque(reason) => write!(out, "opaque {}", Quoted(reason)),
        }
    }
}

fn binary_sign(op: BinaryOp) -> &'static str {
    match op {
        BinaryOp::Add => "+",
        BinaryOp::Sub => "-",
        BinaryOp::Mul => "*",
        BinaryOp::Div => "/",
        BinaryOp::Rem => "%",
        BinaryOp::And => "&",
        BinaryOp::Or => "|",
        BinaryOp::Xor => "^",
        BinaryOp::Shl => "<<",
        BinaryOp::Shr => ">>",
        BinaryOp::PtrAdd => "+ptr",
        BinaryOp::PtrDiff => "-ptr",
    }
}

impl Display for In<'_, Cond> {
    fn fmt(&self, out: &mut fmt::Formatter) -> fmt::Result {
        let In(function, Cond { op, lhs, rhs, ty }) = self;
        let sign = match op {
            CompareOp::Eq => "==",
            CompareOp::Ne => "!=",
            CompareOp::Lt => "<",
            CompareOp::Le => "<=",
            CompareOp::Gt => ">",
            CompareOp::Ge => ">=",
        };
        write!(out, "{} {sign} {} : {ty}", In(function, lhs), In(function, rhs))
    }
}

impl Display for In<'_, Operand> {
    fn fmt(&self, out: &mut fmt::Formatter) -> fmt::Result {
        match self.1 {
            Operand::Const(value) => Const(*value).fmt(out),
            Operand::Place(place) => In(self.0, place).fmt(out),
            Operand::Str(text) => Quoted(text).fmt(out),
            Operand::Function(name) => write!(out, "fn {}", Name(name)),
        }
    }
}

impl Display for In<'_, Place> {
    /// The last dereference before a field or index is `->` or `[`, any other a star in front: `*p`, `(*p)->f`.
    fn fmt(&self, out: &mut fmt::Formatter) -> fmt::Result {
        let In(function, place) = self;
        let (mut text, local) = match &place.base {
            Base::Local(LocalId(id)) => (LocalName(function, *id as usize).to_string(), function.locals.get(*id as usize)),
            Base::Global(name) => (format!("@{}", Name(name)), None),
        };
        let mut n_derefs: usize = 0;
        for (index, proj) in place.proj.iter().enumerate() {
            if *proj == Proj::Deref {
                n_derefs += 1;
                continue;
            }
            if n_derefs > 1 {
                text = format!("({}{text})", "*".repeat(n_derefs - 1));
            }
            let is_through_pointer = std::mem::take(&mut n_derefs) > 0;
            match proj {
                Proj::Field { strukt, field } => {
                    text.push_str(if is_through_pointer { "->" } else { "." });
                    if struct_at(local, &place.proj[..index]) != Some(strukt) {
                        push(&mut text, format_args!("{}::", Name(strukt)));
                    }
                    push(&mut text, format_args!("{}", Name(field)));
                }
                Proj::Index(operand) => {
                    push(&mut text, format_args!("{}{}]", if is_through_pointer { "[" } else { ".[" }, In(function, operand)));
                }
                Proj::Deref => {}
            }
        }
        write!(out, "{}{text}", "*".repeat(n_derefs))
    }
}

impl Display for In<'_, Terminator> {
    fn fmt(&self, out: &mut fmt::Formatter) -> fmt::Result {
        let In(function, terminator) = self;
        match terminator {
            Terminator::Goto(to) => write!(out, "goto b{}", to.0),
            Terminator::Branch { cond, yes, no, .. } => write!(out, "if {} goto b{} else b{}", In(function, cond), yes.0, no.0),
            Terminator::Switch { value, cases, default, .. } => {
                write!(out, "switch {} {{", In(function, value))?;
                for (lo, hi, to) in cases {
                    match lo == hi {
                        true => write!(out, "{}: b{}, ", Const(*lo), to.0)?,
                        false => write!(out, "{}..{}: b{}, ", Const(*lo), Const(*hi), to.0)?,
                    }
                }
                write!(out, "else: b{}}}", default.0)
            }
            Terminator::Return { value: None, .. } => out.write_str("return"),
            Terminator::Return { value: Some(value), .. } => write!(out, "return {}", In(function, value)),
            Terminator::Unreachable => out.write_str("unreachable"),
        }
    }
}

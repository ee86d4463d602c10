//! The places that code names.

use crate::{Callee, Cond, Function, Operand, Place, Proj, Rvalue, StmtKind, Terminator};

/// What code does with a place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    Read,
    Write,
    /// Takes its address.
    Address,
}

/// Called for each place.
pub type Visit<'v> = &'v mut dyn FnMut(&Place, Access);

impl Function {
    /// All places of all statements and terminators.
    pub fn visit_places(&self, visit: Visit<'_>) {
        for block in &self.blocks {
            block.stmts.iter().for_each(|stmt| stmt.kind.visit_places(visit));
            block.terminator.visit_places(visit);
        }
    }
}

impl StmtKind {
    /// Also the places that indices of places are read from.
    pub fn visit_places(&self, visit: Visit<'_>) {
        match self {
            StmtKind::Assign { dst, src } => {
                place(dst, Access::Write, visit);
                rvalue(src, visit);
            }
            StmtKind::Call { dst, callee, args } => {
                dst.iter().for_each(|dst| place(dst, Access::Write, visit));
                if let Callee::Field { pointer, .. } | Callee::Pointer(pointer) = callee {
                    operand(pointer, visit);
                }
                args.iter().for_each(|arg| operand(arg, visit));
            }
            StmtKind::Forget(forgotten) => place(forgotten, Access::Write, visit),
            StmtKind::Opaque { reads, writes, .. } => {
                writes.iter().for_each(|written| place(written, Access::Write, visit));
                reads.iter().for_each(|read| operand(read, visit));
            }
        }
    }
}

impl Terminator {
    /// All of these are read.
    pub fn visit_places(&self, visit: Visit<'_>) {
        match self {
            Terminator::Branch { cond, .. } => condition(cond, visit),
            Terminator::Switch { value, .. } | Terminator::Return { value: Some(value), .. } => operand(value, visit),
            Terminator::Goto(_) | Terminator::Return { value: None, .. } | Terminator::Unreachable => {}
        }
    }
}

fn rvalue(value: &Rvalue, visit: Visit<'_>) {
    match value {
        Rvalue::Use(only) | Rvalue::Unary(_, only) | Rvalue::Cast { value: only, .. } | Rvalue::ContainerOf { ptr: only, .. } => {
            operand(only, visit)
        }
        Rvalue::Binary { lhs, rhs, .. } => [lhs, rhs].into_iter().for_each(|side| operand(side, visit)),
        Rvalue::AddrOf(of) => place(of, Access::Address, visit),
        Rvalue::Select { cond, yes, no } => {
            condition(cond, visit);
            [yes, no].into_iter().for_each(|arm| operand(arm, visit));
        }
        Rvalue::Compare(cond) => condition(cond, visit),
        Rvalue::Opaque(_) => {}
    }
}

fn condition(cond: &Cond, visit: Visit<'_>) {
    [&cond.lhs, &cond.rhs].into_iter().for_each(|side| operand(side, visit));
}

fn operand(value: &Operand, visit: Visit<'_>) {
    if let Operand::Place(read) = value {
        place(read, Access::Read, visit);
    }
}

fn place(of: &Place, access: Access, visit: Visit<'_>) {
    visit(of, access);
    for step in &of.proj {
        if let Proj::Index(index) = step {
            operand(index, visit);
        }
    }
}

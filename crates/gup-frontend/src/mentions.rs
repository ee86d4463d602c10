//! Which functions a function of the IR mentions: calls, or takes the address of.

use gup_ir::{Callee, Cond, Function, Operand, Place, Proj, Rvalue, StmtKind, Terminator};

/// Calls `visit` with each name, in order, repeated as often as it stands there.
pub(crate) fn functions(function: &Function, visit: &mut dyn FnMut(&str)) {
    for block in &function.blocks {
        block.stmts.iter().for_each(|stmt| in_statement(&stmt.kind, visit));
        match &block.terminator {
            Terminator::Branch { cond, .. } => in_cond(cond, visit),
            Terminator::Switch { value, .. } | Terminator::Return { value: Some(value), .. } => in_operand(value, visit),
            Terminator::Goto(_) | Terminator::Return { value: None, .. } | Terminator::Unreachable => {}
        }
    }
}

fn in_statement(kind: &StmtKind, visit: &mut dyn FnMut(&str)) {
    match kind {
        StmtKind::Assign { dst, src } => {
            in_place(dst, visit);
            in_rvalue(src, visit);
        }
        StmtKind::Call { dst, callee, args } => {
            dst.iter().for_each(|dst| in_place(dst, visit));
            match callee {
                Callee::Direct(name) => visit(name),
                Callee::Field { pointer, .. } | Callee::Pointer(pointer) => in_operand(pointer, visit),
            }
            args.iter().for_each(|arg| in_operand(arg, visit));
        }
        StmtKind::Forget(place) => in_place(place, visit),
        StmtKind::Opaque { reads, writes, .. } => {
            reads.iter().for_each(|read| in_operand(read, visit));
            writes.iter().for_each(|write| in_place(write, visit));
        }
    }
}

fn in_rvalue(rvalue: &Rvalue, visit: &mut dyn FnMut(&str)) {
    match rvalue {
        Rvalue::Use(operand) | Rvalue::Unary(_, operand) => in_operand(operand, visit),
        Rvalue::Cast { value: operand, .. } | Rvalue::ContainerOf { ptr: operand, .. } => in_operand(operand, visit),
        Rvalue::Binary { lhs, rhs, .. } => [lhs, rhs].into_iter().for_each(|operand| in_operand(operand, visit)),
        Rvalue::AddrOf(place) => in_place(place, visit),
        Rvalue::Select { cond, yes, no } => {
            in_cond(cond, visit);
            [yes, no].into_iter().for_each(|operand| in_operand(operand, visit));
        }
        Rvalue::Compare(cond) => in_cond(cond, visit),
        Rvalue::Opaque(_) => {}
    }
}

fn in_cond(cond: &Cond, visit: &mut dyn FnMut(&str)) {
    in_operand(&cond.lhs, visit);
    in_operand(&cond.rhs, visit);
}

fn in_operand(operand: &Operand, visit: &mut dyn FnMut(&str)) {
    match operand {
        Operand::Function(name) => visit(name),
        Operand::Place(place) => in_place(place, visit),
        Operand::Const(_) | Operand::Str(_) => {}
    }
}

fn in_place(place: &Place, visit: &mut dyn FnMut(&str)) {
    for step in &place.proj {
        if let Proj::Index(index) = step {
            in_operand(index, visit);
        }
    }
}

//! What every function of the IR must satisfy, whoever built it.

use crate::{Base, BlockId, Callee, Cond, Function, LocalId, Operand, Place, Proj, Rvalue, StmtKind, Terminator};

/// Whether the function is well formed; the error says what is not, with the block and statement.
///
/// Checked: parameters are locals; there is an entry block; ids of blocks and locals are in range; every block can be
/// reached from the entry; switch cases are ranges without overlap.
pub fn check(function: &Function) -> Result<(), String> {
    let fail = |what: String| Err(format!("{}: {what}", function.name));
    if function.params as usize > function.locals.len() {
        return fail(format!("{} parameters, but {} locals", function.params, function.locals.len()));
    }
    if function.blocks.is_empty() {
        return fail("no entry block".to_string());
    }
    for (number, block) in function.blocks.iter().enumerate() {
        for (index, stmt) in block.stmts.iter().enumerate() {
            if let Err(what) = check_stmt(function, &stmt.kind) {
                return fail(format!("b{number}, statement {index}: {what}"));
            }
        }
        if let Err(what) = check_terminator(function, &block.terminator) {
            return fail(format!("b{number}, terminator: {what}"));
        }
    }
    match unreachable_block(function) {
        Some(BlockId(id)) => fail(format!("b{id} cannot be reached")),
        None => Ok(()),
    }
}

/// The blocks that control may go to, in the order of the terminator.
pub fn successors(terminator: &Terminator) -> Vec<BlockId> {
    match terminator {
        Terminator::Goto(to) => vec![*to],
        Terminator::Branch { yes, no, .. } => vec![*yes, *no],
        Terminator::Switch { cases, default, .. } => cases.iter().map(|(_, _, to)| *to).chain([*default]).collect(),
        Terminator::Return { .. } | Terminator::Unreachable => Vec::new(),
    }
}

fn unreachable_block(function: &Function) -> Option<BlockId> {
    let mut reached = vec![false; function.blocks.len()];
    let mut open = vec![BlockId(0)];
    while let Some(BlockId(id)) = open.pop() {
        if !std::mem::replace(&mut reached[id as usize], true) {
            open.extend(successors(&function.blocks[id as usize].terminator));
        }
    }
    reached.iter().position(|reached| !reached).map(|id| BlockId(id as u32))
}

fn check_stmt(function: &Function, stmt: &StmtKind) -> Result<(), String> {
    match stmt {
        StmtKind::Assign { dst, src } => {
            check_place(function, dst)?;
            check_rvalue(function, src)
        }
        StmtKind::Call { dst, callee, args } => {
            dst.iter().try_for_each(|place| check_place(function, place))?;
            match callee {
                Callee::Direct(name) if name.is_empty() => return Err("a call without a name".to_string()),
                Callee::Direct(_) => {}
                Callee::Field { pointer, .. } | Callee::Pointer(pointer) => check_operand(function, pointer)?,
            }
            args.iter().try_for_each(|arg| check_operand(function, arg))
        }
        StmtKind::Forget(place) => check_place(function, place),
        StmtKind::Opaque { reads, writes, .. } => {
            reads.iter().try_for_each(|operand| check_operand(function, operand))?;
            writes.iter().try_for_each(|place| check_place(function, place))
        }
    }
}

fn check_rvalue(function: &Function, value: &Rvalue) -> Result<(), String> {
    match value {
        Rvalue::Use(operand) | Rvalue::Unary(_, operand) => check_operand(function, operand),
        Rvalue::Cast { value, .. } => check_operand(function, value),
        Rvalue::ContainerOf { ptr, .. } => check_operand(function, ptr),
        Rvalue::Binary { lhs, rhs, .. } => {
            check_operand(function, lhs)?;
            check_operand(function, rhs)
        }
        Rvalue::AddrOf(place) => check_place(function, place),
        Rvalue::Select { cond, yes, no } => {
            check_cond(function, cond)?;
            check_operand(function, yes)?;
            check_operand(function, no)
        }
        Rvalue::Compare(cond) => check_cond(function, cond),
        Rvalue::Opaque(_) => Ok(()),
    }
}

fn check_cond(function: &Function, cond: &Cond) -> Result<(), String> {
    check_operand(function, &cond.lhs)?;
    check_operand(function, &cond.rhs)
}

fn check_operand(function: &Function, operand: &Operand) -> Result<(), String> {
    match operand {
        Operand::Place(place) => check_place(function, place),
        Operand::Const(_) | Operand::Str(_) | Operand::Function(_) => Ok(()),
    }
}

fn check_place(function: &Function, place: &Place) -> Result<(), String> {
    if let Base::Local(LocalId(id)) = place.base
        && id as usize >= function.locals.len()
    {
        return Err(format!("local {id} of {}", function.locals.len()));
    }
    place.proj.iter().try_for_each(|proj| match proj {
        Proj::Index(operand) => check_operand(function, operand),
        Proj::Deref | Proj::Field { .. } => Ok(()),
    })
}

fn check_terminator(function: &Function, terminator: &Terminator) -> Result<(), String> {
    for BlockId(id) in successors(terminator) {
        if id as usize >= function.blocks.len() {
            return Err(format!("goes to b{id} of {}", function.blocks.len()));
        }
    }
    match terminator {
        Terminator::Branch { cond, .. } => check_cond(function, cond),
        Terminator::Switch { value, cases, .. } => {
            let mut ranges: Vec<(i64, i64)> = cases.iter().map(|(lo, hi, _)| (*lo, *hi)).collect();
            ranges.sort_unstable();
            if ranges.iter().any(|(lo, hi)| lo > hi) || ranges.windows(2).any(|pair| pair[0].1 >= pair[1].0) {
                return Err("switch cases overlap or are empty".to_string());
            }
            check_operand(function, value)
        }
        Terminator::Return { value, .. } => value.iter().try_for_each(|value| check_operand(function, value)),
        Terminator::Goto(_) | Terminator::Unreachable => Ok(()),
    }
}

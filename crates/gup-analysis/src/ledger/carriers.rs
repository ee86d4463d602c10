//! Acquisitions that take references or none, as the carrier has it that they are given: `iter->@pins`, user-backed or not.

use gup_ir::{Base, BinaryOp, Callee, Function, LocalId, Operand, Rvalue, Stmt, StmtKind, Type};

use super::Case;
use crate::limits;
use crate::program::{FnId, Known};
use crate::summary::{Effect, Expr, Outcome, Path, RefKind, Root, SiteId, Step};

impl Case<'_> {
    /// No path releases any, and something may say that the carrier has none: more likely it does than that the code is always wrong.
    ///
    /// ```c
    ///         if (msg->msg_flags & MSG_SPLICE_PAGES)                  // no user memory
    ///                 part = iov_iter_extract_pages(&msg->msg_iter, &pages, len, 1, 0, &off);
    /// ```
    pub(super) fn relies_on_carrier(&self, site: SiteId) -> bool {
        let (function, api, pos) = self.sites.site(site);
        let is_released = self.inference.fates.by_site.get(&site).is_some_and(|fate| !fate.releases.is_empty());
        let Known::Contract(contract) = self.program.known(*function, api, self.contracts) else { return false };
        let outcomes = &contract.summary.outcomes;
        let mut effects = outcomes.iter().flat_map(|outcome| &outcome.effects);
        if is_released || !effects.any(|effect| matches!(effect, Effect::Acquire { kind: RefKind::Borrowed, .. })) {
            return false;
        }
        let is_here = |stmt: &&Stmt| stmt.pos == *pos;
        let Some(carrier) = outcomes.iter().find_map(carrier_of) else { return false };
        let handed = arguments(self.program.function(*function), api, carrier).filter(|(stmt, _)| is_here(stmt));
        !handed.map(|(_, argument)| argument).all(|argument| self.is_bare(*function, argument, limits::CARRIER_CALLERS))
    }

    /// Is it handed down from a root as nothing but a pointer, with nothing beside it that could say what it leads to: neither a structure that
    /// it is a part of, nor flags?
    fn is_bare(&self, function: FnId, argument: &Operand, depth: usize) -> bool {
        let body = self.program.function(function);
        let Some(LocalId(number)) = variable(argument).filter(|LocalId(number)| *number < body.params) else { return false };
        if depth == 0 || is_told_by_flags(body) {
            return false;
        }
        let name = self.program.name(function);
        let calls = |caller: FnId| self.program.called_directly(caller).any(|callee| callee == function);
        self.program.ids().filter(|caller| *caller != function && calls(*caller)).all(|caller| {
            let mut handed = arguments(self.program.function(caller), name, number);
            handed.all(|(_, argument)| self.is_bare(caller, argument, depth - 1))
        })
    }
}

fn variable(operand: &Operand) -> Option<LocalId> {
    match operand {
        Operand::Place(place) if place.proj.is_empty() => match place.base {
            Base::Local(id) => Some(id),
            _ => None,
        },
        _ => None,
    }
}

/// What the calls of `callee` hand it as that argument.
fn arguments<'f>(function: &'f Function, callee: &'f str, argument: u32) -> impl Iterator<Item = (&'f Stmt, &'f Operand)> {
    let stmts = function.blocks.iter().flat_map(|block| &block.stmts);
    stmts.filter_map(move |stmt| match &stmt.kind {
        StmtKind::Call { callee: Callee::Direct(name), args, .. } if name == callee => Some((stmt, args.get(argument as usize)?)),
        _ => None,
    })
}

/// Does it look at single bits of a number that it is given?
fn is_told_by_flags(function: &Function) -> bool {
    let is_number = |LocalId(id): LocalId| id < function.params && matches!(function.locals[id as usize].ty, Type::Int(_));
    let stmts = function.blocks.iter().flat_map(|block| &block.stmts);
    stmts.map(|stmt| &stmt.kind).any(|kind| match kind {
        StmtKind::Assign { src: Rvalue::Binary { op: BinaryOp::And, lhs, rhs, .. }, .. } => {
            [lhs, rhs].into_iter().filter_map(variable).any(is_number)
        }
        _ => false,
    })
}

/// The parameter by whose field of contracts the outcome is chosen.
fn carrier_of(outcome: &Outcome) -> Option<u32> {
    outcome.when.iter().find_map(|test| match &test.lhs {
        Expr::Load(Path { root, steps }) => match (&**root, steps.last()) {
            (Root::At(Expr::Param(number)), Some(Step::Field(field))) if field.name.starts_with('@') => Some(*number),
            _ => None,
        },
        _ => None,
    })
}

//! `asm` and `asm goto`: Opaque, with the places it writes.

use gup_clang::{Cursor, CursorKind, UnaryOperator};
use gup_ir::{Operand, Place, Rvalue, StmtKind, Type};

use super::{Lowering, Value};
use crate::types::{ADDRESS, INT};

impl<'tu> Lowering<'_, '_, 'tu> {
    /// Outputs (and memory inputs) appear as places, inputs as values that were read.
    pub(super) fn assembly(&mut self, cursor: Cursor<'tu>) {
        let (mut reads, mut writes) = (Vec::new(), Vec::new());
        let mut reaches = false;
        for operand in cursor.children() {
            if is_place(operand) {
                writes.push(self.place(operand));
            } else {
                let value = self.value(operand);
                reaches |= may_be_address(&value);
                reads.push(self.spill(value));
            }
        }
        let labels = match self.outline().asm_labels(cursor) {
            Some(labels) => labels.to_vec(),
            None => {
                self.opaque_statement("asm whose labels are unclear");
                Vec::new()
            }
        };
        let targets: Vec<_> = labels.iter().filter_map(|label| self.nearest_label(label)).collect();
        // A barrier, a trap, a note for the linker: without outputs and addresses it reaches no object.
        if targets.is_empty() && writes.is_empty() && !reaches {
            return;
        }
        if targets.is_empty() {
            return self.emit(StmtKind::Opaque { reason: "asm".to_owned(), reads, writes });
        }
        let choice = Place::local(self.temporary(Type::Int(INT)));
        writes.push(choice.clone());
        self.emit(StmtKind::Opaque { reason: "asm goto".to_owned(), reads, writes });
        let on = self.graph.new_block();
        self.jump_to_any(choice, &targets, Some(on));
    }
}

/// Whether memory may be reached through a value: by a pointer, or a number as wide as one.
fn may_be_address(value: &Value) -> bool {
    match (&value.rv, &value.ty) {
        (Rvalue::Use(Operand::Const(_) | Operand::Str(_)), _) => false,
        (_, Type::Int(int)) => int.bits >= ADDRESS.bits,
        _ => true,
    }
}

fn is_place(cursor: Cursor<'_>) -> bool {
    match cursor.kind() {
        CursorKind::ParenExpr => cursor.children().last().is_some_and(|inner| is_place(*inner)),
        CursorKind::DeclRefExpr => cursor.referenced().is_some_and(|it| matches!(it.kind(), CursorKind::VarDecl | CursorKind::ParmDecl)),
        CursorKind::MemberRefExpr | CursorKind::ArraySubscriptExpr => true,
        CursorKind::UnaryOperator => cursor.unary_operator() == UnaryOperator::Deref,
        _ => false,
    }
}

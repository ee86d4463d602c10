//! `asm` and `asm goto`: Opaque, with the places it writes.

use gup_clang::{Cursor, CursorKind, UnaryOperator};
use gup_ir::{Operand, Place, StmtKind, Type};

use super::Lowering;
use crate::types::INT;

impl<'tu> Lowering<'_, '_, 'tu> {
    /// Outputs (and memory inputs) appear as places, inputs as values that were read.
    pub(super) fn assembly(&mut self, cursor: Cursor<'tu>) {
        let (mut reads, mut writes) = (Vec::new(), Vec::new());
        for operand in cursor.children() {
            if is_place(operand) {
                writes.push(self.place(operand));
            } else {
                let value = self.value(operand);
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
        // A barrier or a note for the linker reaches no object.
        let reaches_nothing = writes.is_empty() && reads.iter().all(|read| matches!(read, Operand::Const(_) | Operand::Str(_)));
        if targets.is_empty() && reaches_nothing {
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

fn is_place(cursor: Cursor<'_>) -> bool {
    match cursor.kind() {
        CursorKind::ParenExpr => cursor.children().last().is_some_and(|inner| is_place(*inner)),
        CursorKind::DeclRefExpr => cursor.referenced().is_some_and(|it| matches!(it.kind(), CursorKind::VarDecl | CursorKind::ParmDecl)),
        CursorKind::MemberRefExpr | CursorKind::ArraySubscriptExpr => true,
        CursorKind::UnaryOperator => cursor.unary_operator() == UnaryOperator::Deref,
        _ => false,
    }
}

//! `asm` and `asm goto`: Opaque, with the places it writes.

use gup_clang::Cursor;
use gup_ir::{Operand, Place, Rvalue, StmtKind, Type};

use super::{Lowering, Value};
use crate::types::{ADDRESS, INT};

impl<'tu> Lowering<'_, '_, 'tu> {
    pub(super) fn assembly(&mut self, cursor: Cursor<'tu>) {
        let Some(asm) = self.outline().asm(cursor).cloned() else {
            return self.opaque_statement("asm whose operands are unclear");
        };
        let operands = cursor.children();
        let (outputs, inputs) = operands.split_at(asm.outputs.min(operands.len()));
        let mut writes: Vec<Place> = outputs.iter().map(|output| self.place(*output)).collect();
        let inputs: Vec<Value> = inputs.iter().map(|input| self.value(*input)).collect();
        // A barrier, a trap, a prefetch, a note for the linker: it reaches no object.
        let may_write = !writes.is_empty() || asm.memory && inputs.iter().any(may_be_address);
        let reads = inputs.into_iter().map(|input| self.spill(input)).collect();
        if !asm.labels.is_empty() {
            let targets: Vec<_> = asm.labels.iter().filter_map(|label| self.nearest_label(label)).collect();
            let choice = Place::local(self.temporary(Type::Int(INT)));
            writes.push(choice.clone());
            self.emit(StmtKind::Opaque { reason: "asm goto".to_owned(), reads, writes });
            let on = self.graph.new_block();
            self.jump_to_any(choice, &targets, Some(on));
        } else if may_write {
            self.emit(StmtKind::Opaque { reason: "asm".to_owned(), reads, writes });
        }
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

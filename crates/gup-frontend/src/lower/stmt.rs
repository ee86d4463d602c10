//! Statements.

use gup_clang::{Cursor, CursorId, CursorKind};
use gup_ir::{BlockId, StmtKind, Terminator};

use super::{Lowering, Value};

/// A `switch` whose body is being lowered.
pub(super) struct Switch {
    pub(super) ty: Option<gup_ir::IntType>,
    pub(super) cases: Vec<(i64, i64, BlockId)>,
    pub(super) default: Option<BlockId>,
}

impl<'tu> Lowering<'_, '_, 'tu> {
    pub(super) fn statement(&mut self, cursor: Cursor<'tu>) {
        let done = self.nested(|this| this.at(cursor, |this| this.statement_here(cursor)));
        if done.is_none() {
            self.opaque_statement("stmt: nested too deep");
        }
    }

    fn statement_here(&mut self, cursor: Cursor<'tu>) {
        match cursor.kind() {
            CursorKind::CompoundStmt => {
                self.open_scope(cursor);
                cursor.children().into_iter().for_each(|child| self.statement(child));
                self.close_scope();
            }
            CursorKind::DeclStmt => cursor.children().into_iter().for_each(|child| self.declaration(child)),
            CursorKind::IfStmt => self.if_statement(cursor),
            CursorKind::WhileStmt => self.while_statement(cursor),
            CursorKind::DoStmt => self.do_statement(cursor),
            CursorKind::ForStmt => self.for_statement(cursor),
            CursorKind::SwitchStmt => self.switch_statement(cursor),
            CursorKind::CaseStmt | CursorKind::DefaultStmt => self.case_statement(cursor),
            CursorKind::LabelStmt => self.label_statement(cursor),
            CursorKind::GotoStmt => self.goto_statement(cursor),
            CursorKind::IndirectGotoStmt => self.computed_goto(cursor),
            CursorKind::BreakStmt => self.break_to(self.breaks.last().copied()),
            CursorKind::ContinueStmt => self.break_to(self.continues.last().copied()),
            CursorKind::ReturnStmt => self.return_statement(cursor),
            CursorKind::AsmStmt => self.assembly(cursor),
            CursorKind::NullStmt => {}
            // `fallthrough;` is an attribute on an empty statement.
            CursorKind::UnexposedStmt => {
                cursor
                    .children()
                    .into_iter()
                    .filter(|child| !child.kind().is_attribute())
                    .for_each(|child| self.statement(child));
            }
            kind if kind.is_attribute() => {}
            CursorKind::Other(kind @ 200..=349) => self.opaque_statement(format!("stmt: kind {kind}")),
            _ => self.effect(cursor),
        }
    }

    fn if_statement(&mut self, cursor: Cursor<'tu>) {
        let children = cursor.children();
        let (condition, then, otherwise) = match children.as_slice() {
            [condition, then] => (*condition, *then, None),
            [condition, then, otherwise] => (*condition, *then, Some(*otherwise)),
            _ => return self.opaque_statement("stmt: if"),
        };
        let (yes, join) = (self.graph.new_block(), self.graph.new_block());
        let no = if otherwise.is_some() { self.graph.new_block() } else { join };
        self.condition(condition, yes, no);
        self.graph.start(yes);
        self.statement(then);
        if let Some(otherwise) = otherwise {
            self.graph.end(Terminator::Goto(join), no);
            self.statement(otherwise);
        }
        self.graph.fall_into(join);
    }

    fn return_statement(&mut self, cursor: Cursor<'tu>) {
        let value = cursor.children().first().copied().map(|value| self.value(value));
        // `return f();` in a function that returns nothing
        let value = value.filter(|value: &Value| value.ty != gup_ir::Type::Void);
        self.leave(value);
    }

    fn label_statement(&mut self, cursor: Cursor<'tu>) {
        let block = self.label(cursor.id());
        self.graph.fall_into(block);
        for child in cursor.children().into_iter().filter(|child| !child.kind().is_attribute()) {
            self.statement(child);
        }
    }

    pub(super) fn label(&mut self, id: CursorId) -> BlockId {
        if let Some(block) = self.labels.get(&id) {
            return *block;
        }
        let block = self.graph.new_block();
        self.labels.insert(id, block);
        block
    }

    fn goto_statement(&mut self, cursor: Cursor<'tu>) {
        match cursor.children().first().and_then(|label| label.referenced()) {
            Some(label) => self.jump(label.id()),
            None => self.opaque_statement("stmt: goto"),
        }
    }

    /// `goto *table[i]` may go to any label whose address the function takes.
    fn computed_goto(&mut self, cursor: Cursor<'tu>) {
        cursor.children().into_iter().for_each(|child| self.effect(child));
        let targets = self.outline().addressed.clone();
        let place = gup_ir::Place::local(self.temporary(gup_ir::Type::Int(crate::types::INT)));
        self.emit(StmtKind::Opaque { reason: "computed goto".to_owned(), reads: Vec::new(), writes: vec![place.clone()] });
        self.jump_to_any(place, &targets, None);
    }

    fn break_to(&mut self, target: Option<(BlockId, usize)>) {
        match target {
            Some((block, depth)) => {
                self.clean_up_to(depth);
                self.graph.end_dead(Terminator::Goto(block));
            }
            None => self.opaque_statement("stmt: break or continue outside of a loop"),
        }
    }
}

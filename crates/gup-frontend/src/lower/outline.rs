//! What must be known of a whole function in advance: its labels, and what only its printed form tells.

use std::cell::OnceCell;
use std::collections::HashMap;

use gup_clang::{Cursor, CursorId, CursorKind};

use super::scopes::cleanup_function;
use crate::printed::{Asm, ForParts, Printed};

/// Collected in one walk over the function, on demand.
pub(super) struct Outline<'tu> {
    function: Cursor<'tu>,
    /// Number of each `for`, `asm` and `_Generic` among its kind, in source order.
    fors: HashMap<CursorId, usize>,
    asms: HashMap<CursorId, usize>,
    generics: HashMap<CursorId, usize>,
    pub(super) labels: Vec<Label>,
    /// Labels whose address is taken.
    pub(super) addressed: Vec<CursorId>,
    printed: OnceCell<Printed>,
}

pub(super) struct Label {
    pub(super) id: CursorId,
    pub(super) name: String,
    /// The scopes around it, outermost first, each with the number of its variables with a cleanup that are declared before the label.
    pub(super) scopes: Vec<(CursorId, usize)>,
}

impl<'tu> Outline<'tu> {
    pub(super) fn of(function: Cursor<'tu>) -> Outline<'tu> {
        let mut outline = Outline {
            function,
            fors: HashMap::new(),
            asms: HashMap::new(),
            generics: HashMap::new(),
            labels: Vec::new(),
            addressed: Vec::new(),
            printed: OnceCell::new(),
        };
        outline.walk(function, &mut Vec::new());
        outline
    }

    fn walk(&mut self, cursor: Cursor<'tu>, scopes: &mut Vec<(CursorId, usize)>) {
        let kind = cursor.kind();
        let number = |numbers: &mut HashMap<CursorId, usize>| numbers.insert(cursor.id(), numbers.len());
        match kind {
            CursorKind::ForStmt => _ = number(&mut self.fors),
            CursorKind::AsmStmt => _ = number(&mut self.asms),
            CursorKind::GenericSelectionExpr => _ = number(&mut self.generics),
            CursorKind::LabelStmt => {
                self.labels.push(Label { id: cursor.id(), name: cursor.spelling(), scopes: scopes.clone() });
            }
            CursorKind::AddrLabelExpr => {
                let label = cursor.children().first().and_then(|label| label.referenced());
                self.addressed.extend(label.map(|label| label.id()));
            }
            CursorKind::VarDecl if cleanup_function(cursor).is_some() => {
                if let Some((_, count)) = scopes.last_mut() {
                    *count += 1;
                }
            }
            _ => {}
        }
        let opens = matches!(kind, CursorKind::CompoundStmt | CursorKind::ForStmt);
        if opens {
            scopes.push((cursor.id(), 0));
        }
        cursor.visit(|child| self.walk(child, scopes));
        if opens {
            scopes.pop();
        }
    }

    fn printed(&self) -> &Printed {
        self.printed.get_or_init(|| Printed::parse(&self.function.pretty_printed()))
    }

    /// Which parts a `for` has; `None` where the printed function does not match the tree.
    pub(super) fn for_parts(&self, statement: Cursor<'tu>) -> Option<ForParts> {
        let parts = &self.printed().fors;
        (parts.len() == self.fors.len()).then(|| parts[self.fors[&statement.id()]])
    }

    /// What the printed form tells of an `asm`; `None` where the printed function does not match the tree.
    pub(super) fn asm(&self, statement: Cursor<'tu>) -> Option<&Asm> {
        let asms = &self.printed().asms;
        (asms.len() == self.asms.len()).then(|| &asms[self.asms[&statement.id()]])
    }

    /// The types of a `_Generic`'s associations in order (`default` among them); `None` where printed function and tree differ.
    pub(super) fn association_types(&self, expression: Cursor<'tu>) -> Option<&[String]> {
        let types = &self.printed().associations;
        (types.len() == self.generics.len()).then(|| types[self.generics[&expression.id()]].as_slice())
    }
}

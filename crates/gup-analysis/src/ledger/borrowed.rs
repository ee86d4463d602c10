//! References left in memory that was only borrowed to keep them for a while.
//!
//! ```c
//!         pages = (struct page **)bio->bi_io_vec;         // whose elements are of struct bio_vec
//!         size = iov_iter_extract_pages(iter, &pages, ...);
//! ```
//! Whoever looks for pages there has to take the elements for what they are not, as this function does; all others read them as
//! what they are. Who does is told by casts: a pointer that changes its type is a statement of its own.

use std::collections::BTreeSet;

use gup_ir::{Operand, Place, Proj, Rvalue, StmtKind, Type};

use super::Case;
use super::undrained::{Content, Field};
use crate::program::FnId;

impl Case<'_> {
    /// The structure whose array lends its memory to what lies in the slot. `hands`, who had the references before, see pointers
    /// in it; of the rest that was read some read it as it is, and nobody sees pointers.
    pub(super) fn borrowed_from(&self, slot: &str, hands: &BTreeSet<FnId>) -> Option<&str> {
        let field = Field::of(slot)?;
        let elements = hands.iter().find_map(|&id| self.elements_seen_as_pointers(id, &field))?;
        let others = || self.program.ids().filter(|id| !hands.contains(id));
        let is_read_as_it_is = others().any(|id| self.reads_field_of(id, elements));
        (is_read_as_it_is && !others().any(|id| self.sees_pointers(id, elements))).then_some(elements)
    }

    /// The structure that elements of the field's array are of by their type, if the function takes them for pointers.
    fn elements_seen_as_pointers(&self, id: FnId, field: &Field<'_>) -> Option<&str> {
        let mut content = Content::new(self, id, field, BTreeSet::new(), 0);
        for stmt in self.stmts(id) {
            if let StmtKind::Assign { src: Rvalue::Cast { value, from, to }, .. } = stmt
                && content.has(value)
                && is_of_pointers(to)
                && let Some(elements) = element_of(from)
            {
                return Some(elements);
            }
            content.stmt(stmt);
        }
        None
    }

    /// Does the function make a pointer to pointers of one to such a structure, also by way of `void *`?
    fn sees_pointers(&self, id: FnId, elements: &str) -> bool {
        let is_elements = |of: &Type| element_of(of) == Some(elements);
        let mut untyped: Vec<&Place> = Vec::new();
        self.stmts(id).any(|stmt| {
            let StmtKind::Assign { dst, src: Rvalue::Cast { value, from, to } } = stmt else { return false };
            if is_elements(from) && matches!(to, Type::Pointer(to) if **to == Type::Void) {
                untyped.push(dst);
            }
            is_of_pointers(to) && (is_elements(from) || matches!(value, Operand::Place(place) if untyped.contains(&place)))
        })
    }

    fn reads_field_of(&self, id: FnId, elements: &str) -> bool {
        let mut is_read = false;
        self.program.function(id).visit_places(&mut |place, _| {
            is_read |= place.proj.iter().any(|step| matches!(step, Proj::Field { strukt, .. } if strukt == elements));
        });
        is_read
    }

    fn stmts(&self, id: FnId) -> impl Iterator<Item = &StmtKind> {
        self.program.function(id).blocks.iter().flat_map(|block| &block.stmts).map(|stmt| &stmt.kind)
    }
}

fn element_of(pointer: &Type) -> Option<&str> {
    match pointer {
        Type::Pointer(to) => match &**to {
            Type::Struct(name) => Some(name),
            _ => None,
        },
        _ => None,
    }
}

fn is_of_pointers(pointer: &Type) -> bool {
    matches!(pointer, Type::Pointer(to) if matches!(**to, Type::Pointer(_)))
}

//! Names of structures and fields.

use std::collections::HashMap;

use gup_clang::{Cursor, CursorId, CursorKind};

/// Remembers the names of records.
#[derive(Default)]
pub(crate) struct Names {
    records: HashMap<CursorId, String>,
}

impl Names {
    /// The tag of a structure or union; for one without a tag its typedef name, else the name of what it is nested in.
    ///
    /// ```c
    /// typedef struct { int counter; } count_t;              // count_t
    /// struct page { union { struct { void *mapping; }; }; } // all three: page
    /// ```
    pub(crate) fn record(&mut self, declaration: Cursor<'_>) -> String {
        if let Some(name) = self.records.get(&declaration.id()) {
            return name.clone();
        }
        let name = self.find_record(declaration);
        self.records.insert(declaration.id(), name.clone());
        name
    }

    fn find_record(&mut self, declaration: Cursor<'_>) -> String {
        let spelling = declaration.spelling();
        if is_identifier(&spelling) {
            return spelling;
        }
        let spelling = declaration.ty().canonical().spelling();
        if is_identifier(&spelling) {
            return spelling;
        }
        for parent in [declaration.semantic_parent(), declaration.lexical_parent()].into_iter().flatten() {
            if is_record(parent) {
                return self.record(parent);
            }
        }
        match declaration.position() {
            Some((_, line, column)) => format!("unnamed_{line}_{column}"),
            None => "unnamed".to_owned(),
        }
    }

    /// Structure and name of a field; `None` for an anonymous member, which C looks through.
    pub(crate) fn field(&mut self, field: Cursor<'_>) -> Option<(String, String)> {
        let name = field.spelling();
        if !is_identifier(&name) {
            return None;
        }
        let record = field.semantic_parent().map(|record| self.record(record)).unwrap_or_default();
        Some((record, name))
    }
}

pub(crate) fn is_record(cursor: Cursor<'_>) -> bool {
    matches!(cursor.kind(), CursorKind::StructDecl | CursorKind::UnionDecl)
}

/// libclang names what has no name by its place: `union page::(anonymous at page.h:5:36)`.
pub(crate) fn is_identifier(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'$' || b >= 0x80)
}

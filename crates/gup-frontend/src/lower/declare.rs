//! Local variables and their initialisers.

use gup_clang::{Cursor, CursorKind, Type as ClangType, TypeKind};
use gup_ir::{Operand, Place, Proj, Rvalue, StmtKind, Type};

use super::scopes::cleanup_function;
use super::shape::strip;
use super::{Lowering, Variable};
use crate::initialiser::{self, Step};
use crate::names::is_identifier;
use crate::tables;

/// Structures with more scalars than this are set to 0 as a whole before their named fields are set.
const MOST_ZEROS: usize = 32;

impl<'tu> Lowering<'_, '_, 'tu> {
    pub(super) fn declaration(&mut self, cursor: Cursor<'tu>) {
        if cursor.kind() == CursorKind::VarDecl {
            self.at(cursor, |this| this.variable_declaration(cursor));
        }
    }

    fn variable_declaration(&mut self, cursor: Cursor<'tu>) {
        let name = cursor.spelling();
        if cursor.is_extern() {
            return;
        }
        if cursor.is_static() {
            let global = format!("{}.{name}", self.name);
            tables::collect(self.cx, cursor, &global);
            self.variables.insert(cursor.id(), Variable::Global(global));
            return;
        }
        let ty = self.type_of(cursor);
        let id = self.new_local(name, ty.clone());
        self.variables.insert(cursor.id(), Variable::Local(id));
        let place = Place::local(id);
        match cursor.initializer() {
            Some(value) => self.initialise(place, cursor.ty(), &ty, value),
            // In a loop the variable is a new one each time; a label may be one as well.
            None if self.loops > 0 || !self.outline().labels.is_empty() => self.emit(StmtKind::Forget(place)),
            None => {}
        }
        if let Some(function) = cleanup_function(cursor) {
            self.add_cleanup(id, function);
        }
    }

    fn initialise(&mut self, place: Place, clang_type: ClangType<'tu>, ty: &Type, value: Cursor<'tu>) {
        let value_node = strip(value);
        match value_node.kind() {
            CursorKind::InitListExpr if matches!(ty, Type::Struct(_) | Type::Array(..)) => {
                self.initialise_fields(place, clang_type, value_node);
            }
            CursorKind::CompoundLiteralExpr if matches!(ty, Type::Struct(_)) => match value_node.children().last() {
                Some(list) if list.kind() == CursorKind::InitListExpr => self.initialise_fields(place, clang_type, *list),
                _ => self.value_into(place, ty, value),
            },
            _ => self.value_into(place, ty, value),
        }
    }

    /// `(struct foo){ ... }`: a variable without a name.
    pub(super) fn compound_literal(&mut self, cursor: Cursor<'tu>) -> Place {
        let ty = self.type_of(cursor);
        let place = Place::local(self.temporary(ty.clone()));
        if let Some(value) = cursor.children().last().copied() {
            self.initialise(place.clone(), cursor.ty(), &ty, value);
        }
        place
    }

    fn initialise_fields(&mut self, place: Place, clang_type: ClangType<'tu>, list: Cursor<'tu>) {
        let leaves = initialiser::leaves(&mut self.cx.names, list, clang_type);
        let set: Vec<Vec<Proj>> = leaves.iter().map(|leaf| leaf.path.iter().map(projection).collect()).collect();
        self.zero_rest(&place, clang_type, &set);
        for (leaf, path) in leaves.iter().zip(set) {
            let mut dst = place.clone();
            dst.proj.extend(path);
            let ty = self.cx.types.of(leaf.ty, &mut self.cx.names);
            self.at(leaf.expr, |this| this.store(dst, &ty, leaf.bits, leaf.expr));
        }
    }

    /// What an initialiser does not name is 0.
    fn zero_rest(&mut self, place: &Place, ty: ClangType<'tu>, set: &[Vec<Proj>]) {
        let mut zeros = Vec::new();
        let whole = !self.collect_zeros(ty.canonical(), &mut Vec::new(), set, &mut zeros) || zeros.len() > MOST_ZEROS;
        if whole {
            zeros = vec![Vec::new()];
        }
        for path in zeros {
            let mut dst = place.clone();
            dst.proj.extend(path);
            self.assign(dst, Rvalue::Use(Operand::Const(0)));
        }
    }

    /// The scalar fields of a structure that `set` leaves out; `false` where they cannot be listed (arrays, unions partly set).
    fn collect_zeros(&mut self, ty: ClangType<'tu>, path: &mut Vec<Proj>, set: &[Vec<Proj>], zeros: &mut Vec<Vec<Proj>>) -> bool {
        if set.iter().any(|known| known == path) {
            return true;
        }
        let inside = set.iter().any(|known| known.starts_with(path));
        match ty.kind() {
            TypeKind::Record if zeros.len() <= MOST_ZEROS => {
                let is_union = ty.declaration().is_some_and(|record| record.kind() == CursorKind::UnionDecl);
                if is_union && !path.is_empty() && !inside {
                    zeros.push(path.clone());
                    return true;
                }
                if is_union {
                    return inside;
                }
                ty.fields().into_iter().all(|field| self.collect_field_zeros(field, path, set, zeros))
            }
            TypeKind::Record => false,
            TypeKind::ConstantArray => {
                // An array with some elements given: the others are 0 too, but which is not listed.
                if !inside {
                    zeros.push(path.clone());
                }
                !inside
            }
            TypeKind::IncompleteArray => true,
            _ => {
                zeros.push(path.clone());
                true
            }
        }
    }

    fn collect_field_zeros(
        &mut self,
        field: Cursor<'tu>,
        path: &mut Vec<Proj>,
        set: &[Vec<Proj>],
        zeros: &mut Vec<Vec<Proj>>,
    ) -> bool {
        let ty = field.ty().canonical();
        match self.cx.names.field(field) {
            Some((strukt, field)) => {
                path.push(Proj::Field { strukt, field });
                let listed = self.collect_zeros(ty, path, set, zeros);
                path.pop();
                listed
            }
            // An anonymous structure's fields belong to the outer one; for an anonymous union only the whole will do.
            None if ty.kind() == TypeKind::Record => {
                let is_union = ty.declaration().is_some_and(|record| record.kind() == CursorKind::UnionDecl);
                !is_union && ty.fields().into_iter().all(|inner| self.collect_field_zeros(inner, path, set, zeros))
            }
            None => !is_identifier(&field.spelling()),
        }
    }
}

fn projection(step: &Step) -> Proj {
    match step {
        Step::Field { strukt, field } => Proj::Field { strukt: strukt.clone(), field: field.clone() },
        Step::Index(index) => Proj::Index(Operand::Const(*index)),
    }
}

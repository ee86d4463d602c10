//! Types.

use std::ffi::c_void;

use clang_sys::*;

use crate::call::{Barrier, call, owned};
use crate::cursor::Cursor;
use crate::kinds::TypeKind;

/// A type as written; borrows its unit.
#[derive(Clone, Copy)]
pub struct Type<'tu> {
    raw: CXType,
    functions: &'tu Functions,
}

/// Tells types of one unit apart, qualifiers included; equal for equal canonical types.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TypeId(usize);

impl<'tu> Type<'tu> {
    pub(crate) fn new(raw: CXType, functions: &'tu Functions) -> Type<'tu> {
        Type { raw, functions }
    }

    pub fn kind(self) -> TypeKind {
        TypeKind::of(self.raw.kind)
    }

    pub fn id(self) -> TypeId {
        TypeId(self.raw.data[0] as usize)
    }

    /// The type with all typedefs resolved.
    pub fn canonical(self) -> Type<'tu> {
        // SAFETY: the unit is alive while `self` is; so for every call below.
        self.of(unsafe { call!(self.functions, clang_getCanonicalType(self.raw)) })
    }

    pub fn pointee(self) -> Type<'tu> {
        // SAFETY: see `canonical`.
        self.of(unsafe { call!(self.functions, clang_getPointeeType(self.raw)) })
    }

    pub fn element(self) -> Type<'tu> {
        // SAFETY: see `canonical`.
        self.of(unsafe { call!(self.functions, clang_getArrayElementType(self.raw)) })
    }

    /// The number of elements of an array of constant size.
    pub fn array_size(self) -> Option<u64> {
        // SAFETY: see `canonical`.
        u64::try_from(unsafe { call!(self.functions, clang_getArraySize(self.raw)) }).ok()
    }

    /// What a function type returns.
    pub fn result(self) -> Type<'tu> {
        // SAFETY: see `canonical`.
        self.of(unsafe { call!(self.functions, clang_getResultType(self.raw)) })
    }

    /// The declaration of a structure, union, enumeration or typedef.
    pub fn declaration(self) -> Option<Cursor<'tu>> {
        // SAFETY: see `canonical`.
        let cursor = Cursor::new(unsafe { call!(self.functions, clang_getTypeDeclaration(self.raw)) }, self.functions);
        cursor.is_valid().then_some(cursor)
    }

    pub fn spelling(self) -> String {
        // SAFETY: see `canonical`.
        owned(self.functions, unsafe { call!(self.functions, clang_getTypeSpelling(self.raw)) })
    }

    /// Size in bytes; `None` for incomplete types.
    pub fn size(self) -> Option<u64> {
        // SAFETY: see `canonical`.
        u64::try_from(unsafe { call!(self.functions, clang_Type_getSizeOf(self.raw)) }).ok()
    }

    /// The fields of a structure or union in order, anonymous members as one field each.
    pub fn fields(self) -> Vec<Cursor<'tu>> {
        let functions = self.functions;
        let mut fields = Vec::new();
        visit_fields(functions, self.raw, |raw| fields.push(Cursor::new(raw, functions)));
        fields
    }

    fn of(self, raw: CXType) -> Type<'tu> {
        Type::new(raw, self.functions)
    }
}

impl std::fmt::Debug for Type<'_> {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "{}", self.spelling())
    }
}

fn visit_fields<F: FnMut(CXCursor)>(functions: &Functions, record: CXType, visit: F) {
    extern "C" fn step<F: FnMut(CXCursor)>(field: CXCursor, data: *mut c_void) -> CXVisitorResult {
        // SAFETY: `data` is the barrier below, used by nobody else during the visit.
        let barrier = unsafe { &mut *data.cast::<Barrier<F>>() };
        match barrier.run(|visit| visit(field)) {
            Some(()) => CXVisit_Continue,
            None => CXVisit_Break,
        }
    }
    let mut barrier = Barrier::new(visit);
    // SAFETY: `step` gets the barrier, which outlives the call; the unit of `record` is alive.
    unsafe { call!(functions, clang_Type_visitFields(record, step::<F>, (&raw mut barrier).cast())) };
    barrier.finish();
}

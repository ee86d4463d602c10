//! Cursors: nodes of the syntax tree.

use std::ffi::{CStr, c_void};

use clang_sys::*;

use crate::call::{Barrier, call, owned};
use crate::kinds::{BinaryOperator, CursorKind, UnaryOperator};
use crate::types::Type;
use crate::unit::{Location, file_line_column, location};

/// A node of the syntax tree; borrows its unit.
#[derive(Clone, Copy)]
pub struct Cursor<'tu> {
    raw: CXCursor,
    functions: &'tu Functions,
}

/// Tells cursors of one unit apart; equal for equal nodes, meaningless outside the unit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CursorId(i32, usize, usize);

/// Tells files of one unit apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FileKey(usize);

/// What the compiler computed for an expression.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Evaluated {
    /// Values beyond `i64` wrap.
    Int(i64),
    Text(String),
}

impl<'tu> Cursor<'tu> {
    pub(crate) fn new(raw: CXCursor, functions: &'tu Functions) -> Cursor<'tu> {
        Cursor { raw, functions }
    }

    pub fn kind(self) -> CursorKind {
        CursorKind::of(self.raw.kind)
    }

    /// Whether there is a node at all (libclang's null cursor is not one).
    pub fn is_valid(self) -> bool {
        !matches!(self.raw.kind, 70..=73) && self.raw.data.iter().any(|data| !data.is_null())
    }

    pub fn id(self) -> CursorId {
        // For a statement or expression the first pointer is the declaration around it, the second the node; for a declaration the first.
        match self.raw.kind {
            100..=399 => CursorId(0, self.raw.data[1] as usize, 0),
            // References have their place second.
            kind @ 40..100 => CursorId(kind, self.raw.data[0] as usize, self.raw.data[1] as usize),
            kind => CursorId(kind, self.raw.data[0] as usize, 0),
        }
    }

    /// The name; empty for what has none. A string literal's is its text in source form.
    pub fn spelling(self) -> String {
        // SAFETY: the unit is alive while `self` is.
        owned(self.functions, unsafe { call!(self.functions, clang_getCursorSpelling(self.raw)) })
    }

    pub fn ty(self) -> Type<'tu> {
        // SAFETY: as above.
        Type::new(unsafe { call!(self.functions, clang_getCursorType(self.raw)) }, self.functions)
    }

    /// Direct children in source order.
    pub fn children(self) -> Vec<Cursor<'tu>> {
        let mut children = Vec::new();
        self.visit(|child| children.push(child));
        children
    }

    /// Calls `visit` on each direct child.
    pub fn visit<F: FnMut(Cursor<'tu>)>(self, mut visit: F) {
        let functions = self.functions;
        visit_children(functions, self.raw, move |raw| visit(Cursor::new(raw, functions)));
    }

    /// The declaration a reference, a call or a member access means.
    pub fn referenced(self) -> Option<Cursor<'tu>> {
        // SAFETY: the unit is alive while `self` is; so for every call below.
        self.valid(unsafe { call!(self.functions, clang_getCursorReferenced(self.raw)) })
    }

    /// The first declaration of the same thing: equal for all its redeclarations.
    pub fn canonical(self) -> Cursor<'tu> {
        // SAFETY: see `referenced`.
        Cursor::new(unsafe { call!(self.functions, clang_getCanonicalCursor(self.raw)) }, self.functions)
    }

    pub fn semantic_parent(self) -> Option<Cursor<'tu>> {
        // SAFETY: see `referenced`.
        self.valid(unsafe { call!(self.functions, clang_getCursorSemanticParent(self.raw)) })
    }

    pub fn lexical_parent(self) -> Option<Cursor<'tu>> {
        // SAFETY: see `referenced`.
        self.valid(unsafe { call!(self.functions, clang_getCursorLexicalParent(self.raw)) })
    }

    pub fn is_definition(self) -> bool {
        // SAFETY: see `referenced`.
        unsafe { call!(self.functions, clang_isCursorDefinition(self.raw)) != 0 }
    }

    /// Declared `static`.
    pub fn is_static(self) -> bool {
        // SAFETY: see `referenced`.
        unsafe { call!(self.functions, clang_Cursor_getStorageClass(self.raw)) == CX_SC_Static }
    }

    /// Declared `extern`.
    pub fn is_extern(self) -> bool {
        // SAFETY: see `referenced`.
        unsafe { call!(self.functions, clang_Cursor_getStorageClass(self.raw)) == CX_SC_Extern }
    }

    /// Declared `inline`.
    pub fn is_inline(self) -> bool {
        // SAFETY: see `referenced`.
        unsafe { call!(self.functions, clang_Cursor_isFunctionInlined(self.raw)) != 0 }
    }

    /// The initialiser of a variable.
    pub fn initializer(self) -> Option<Cursor<'tu>> {
        // SAFETY: see `referenced`.
        self.valid(unsafe { call!(self.functions, clang_Cursor_getVarDeclInitializer(self.raw)) })
    }

    /// The parameters of a function declaration, the arguments of a call.
    pub fn arguments(self) -> Vec<Cursor<'tu>> {
        // SAFETY: see `referenced`; indices are below the count.
        unsafe {
            let count = call!(self.functions, clang_Cursor_getNumArguments(self.raw)).max(0);
            (0..count as u32)
                .map(|i| Cursor::new(call!(self.functions, clang_Cursor_getArgument(self.raw, i)), self.functions))
                .collect()
        }
    }

    pub fn binary_operator(self) -> BinaryOperator {
        // SAFETY: see `referenced`.
        BinaryOperator::of(unsafe { call!(self.functions, clang_getCursorBinaryOperatorKind(self.raw)) })
    }

    pub fn unary_operator(self) -> UnaryOperator {
        // SAFETY: see `referenced`.
        UnaryOperator::of(unsafe { call!(self.functions, clang_getCursorUnaryOperatorKind(self.raw)) })
    }

    /// The value of an enumeration constant.
    pub fn enum_value(self) -> i64 {
        // SAFETY: see `referenced`.
        unsafe { call!(self.functions, clang_getEnumConstantDeclValue(self.raw)) }
    }

    /// The integer type behind an enumeration's declaration.
    pub fn enum_integer_type(self) -> Type<'tu> {
        // SAFETY: see `referenced`.
        Type::new(unsafe { call!(self.functions, clang_getEnumDeclIntegerType(self.raw)) }, self.functions)
    }

    /// The width of a bit-field; `None` for another field.
    pub fn bit_width(self) -> Option<u8> {
        // SAFETY: see `referenced`.
        u8::try_from(unsafe { call!(self.functions, clang_getFieldDeclBitWidth(self.raw)) }).ok()
    }

    /// The value of a constant expression, if the compiler can compute it.
    pub fn evaluate(self) -> Option<Evaluated> {
        let functions = self.functions;
        // SAFETY: see `referenced`; the result is disposed of once, after what it holds was copied.
        unsafe {
            let result = call!(functions, clang_Cursor_Evaluate(self.raw));
            if result.is_null() {
                return None;
            }
            let value = match call!(functions, clang_EvalResult_getKind(result)) {
                CXEval_Int if call!(functions, clang_EvalResult_isUnsignedInt(result)) != 0 => {
                    Some(Evaluated::Int(call!(functions, clang_EvalResult_getAsUnsigned(result)) as i64))
                }
                CXEval_Int => Some(Evaluated::Int(call!(functions, clang_EvalResult_getAsLongLong(result)))),
                CXEval_StrLiteral => {
                    let text = call!(functions, clang_EvalResult_getAsStr(result));
                    (!text.is_null()).then(|| Evaluated::Text(CStr::from_ptr(text).to_string_lossy().into_owned()))
                }
                _ => None,
            };
            call!(functions, clang_EvalResult_dispose(result));
            value
        }
    }

    /// A declaration as C text, macros expanded.
    pub fn pretty_printed(self) -> String {
        let functions = self.functions;
        // SAFETY: see `referenced`; the policy is disposed of once.
        unsafe {
            let policy = call!(functions, clang_getCursorPrintingPolicy(self.raw));
            call!(functions, clang_PrintingPolicy_setProperty(policy, CXPrintingPolicy_Indentation, 0));
            // No `(unnamed struct at include/asm/page.h:3:1)`: a path is no C.
            call!(functions, clang_PrintingPolicy_setProperty(policy, CXPrintingPolicy_AnonymousTagLocations, 0));
            let text = owned(functions, call!(functions, clang_getCursorPrettyPrinted(self.raw, policy)));
            call!(functions, clang_PrintingPolicy_dispose(policy));
            text
        }
    }

    /// Where the node is, with the file's name. See [`Location`].
    pub fn location(self) -> Option<Location> {
        // SAFETY: see `referenced`.
        location(self.functions, unsafe { call!(self.functions, clang_getCursorLocation(self.raw)) })
    }

    /// Like [`Cursor::location`], with a key for the file, which is much cheaper than its name: (file, line, column).
    pub fn position(self) -> Option<(FileKey, u32, u32)> {
        // SAFETY: see `referenced`.
        let raw = unsafe { call!(self.functions, clang_getCursorLocation(self.raw)) };
        file_line_column(self.functions, raw).map(|(file, line, column)| (FileKey(file as usize), line, column))
    }

    /// Like [`Cursor::position`], of the character after the node's last one.
    pub fn end_position(self) -> Option<(FileKey, u32, u32)> {
        // SAFETY: see `referenced`.
        let raw = unsafe { call!(self.functions, clang_getRangeEnd(call!(self.functions, clang_getCursorExtent(self.raw)))) };
        file_line_column(self.functions, raw).map(|(file, line, column)| (FileKey(file as usize), line, column))
    }

    fn valid(self, raw: CXCursor) -> Option<Cursor<'tu>> {
        let cursor = Cursor::new(raw, self.functions);
        cursor.is_valid().then_some(cursor)
    }
}

impl std::fmt::Debug for Cursor<'_> {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "{:?} {:?}: {:?}", self.kind(), self.spelling(), self.ty())
    }
}

fn visit_children<F: FnMut(CXCursor)>(functions: &Functions, parent: CXCursor, visit: F) {
    extern "C" fn step<F: FnMut(CXCursor)>(child: CXCursor, _: CXCursor, data: *mut c_void) -> CXChildVisitResult {
        // A unit with a record of the preprocessor shows its macros before its declarations.
        if (CXCursor_PreprocessingDirective..=CXCursor_InclusionDirective).contains(&child.kind) {
            return CXChildVisit_Continue;
        }
        // SAFETY: `data` is the barrier below, used by nobody else during the visit.
        let barrier = unsafe { &mut *data.cast::<Barrier<F>>() };
        match barrier.run(|visit| visit(child)) {
            Some(()) => CXChildVisit_Continue,
            None => CXChildVisit_Break,
        }
    }
    let mut barrier = Barrier::new(visit);
    // SAFETY: `step` gets the barrier, which outlives the call; the unit of `parent` is alive.
    unsafe { call!(functions, clang_visitChildren(parent, step::<F>, (&raw mut barrier).cast())) };
    barrier.finish();
}

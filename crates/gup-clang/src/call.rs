//! The table of libclang functions, and the two idioms every caller needs: owned strings and a panic barrier.

use std::any::Any;
use std::ffi::CStr;
use std::panic::{AssertUnwindSafe, catch_unwind};

use clang_sys::{CXString, Functions};

/// Calls a function of the table. `unsafe` is stated by the caller, with its reason.
macro_rules! call {
    ($functions:expr, $name:ident($($arg:expr),* $(,)?)) => {
        ($functions.$name.expect("every function was checked when the library was loaded"))($($arg),*)
    };
}
pub(crate) use call;

/// Fills the table from `library`; `Err` holds the name of the first function that is missing.
macro_rules! fill_table {
    ($library:expr, $functions:expr, [$($name:ident),+ $(,)?]) => {{
        $(
            // SAFETY: the symbol of this name in any libclang has the C signature that clang-sys declares for it.
            match unsafe { $library.get(concat!(stringify!($name), "\0").as_bytes()) } {
                Ok(symbol) => $functions.$name = Some(*symbol),
                Err(_) => return Err(stringify!($name)),
            }
        )+
    }};
}

/// Looks up every function this crate calls. Goes in: an open library. Out: the table, or the missing function's name.
pub(crate) fn table(library: &libloading::Library) -> Result<Functions, &'static str> {
    let mut functions = Functions::default();
    fill_table!(
        library,
        functions,
        [
            clang_createIndex,
            clang_disposeIndex,
            clang_parseTranslationUnit2,
            clang_reparseTranslationUnit,
            clang_disposeTranslationUnit,
            clang_saveTranslationUnit,
            clang_getTranslationUnitCursor,
            clang_getInclusions,
            clang_getNumDiagnostics,
            clang_getDiagnostic,
            clang_disposeDiagnostic,
            clang_getDiagnosticSeverity,
            clang_getDiagnosticSpelling,
            clang_getDiagnosticLocation,
            clang_getFile,
            clang_getSkippedRanges,
            clang_disposeSourceRangeList,
            clang_getRangeStart,
            clang_getFileName,
            clang_getFileLocation,
            clang_getCString,
            clang_disposeString,
            clang_getClangVersion,
            clang_visitChildren,
            clang_getCursorSpelling,
            clang_getCursorLocation,
            clang_getCursorExtent,
            clang_getRangeEnd,
            clang_getCursorReferenced,
            clang_getCursorType,
            clang_getCursorSemanticParent,
            clang_getCursorLexicalParent,
            clang_getCanonicalCursor,
            clang_isCursorDefinition,
            clang_Cursor_Evaluate,
            clang_EvalResult_getKind,
            clang_EvalResult_isUnsignedInt,
            clang_EvalResult_getAsLongLong,
            clang_EvalResult_getAsUnsigned,
            clang_EvalResult_getAsStr,
            clang_EvalResult_dispose,
            clang_getCursorBinaryOperatorKind,
            clang_getCursorUnaryOperatorKind,
            clang_Cursor_getStorageClass,
            clang_Cursor_isFunctionInlined,
            clang_getEnumConstantDeclValue,
            clang_getEnumDeclIntegerType,
            clang_getFieldDeclBitWidth,
            clang_getCursorPrintingPolicy,
            clang_PrintingPolicy_setProperty,
            clang_PrintingPolicy_dispose,
            clang_getCursorPrettyPrinted,
            clang_Cursor_getVarDeclInitializer,
            clang_Cursor_getNumArguments,
            clang_Cursor_getArgument,
            clang_getCanonicalType,
            clang_getPointeeType,
            clang_getArrayElementType,
            clang_getArraySize,
            clang_getResultType,
            clang_getTypeDeclaration,
            clang_getTypeSpelling,
            clang_Type_getSizeOf,
            clang_Type_visitFields,
        ]
    );
    Ok(functions)
}

/// Copies a libclang string and frees it.
pub(crate) fn owned(functions: &Functions, string: CXString) -> String {
    // SAFETY: `string` was just returned by libclang and is disposed of exactly once, after the copy.
    unsafe {
        let text = call!(functions, clang_getCString(string));
        let copy = if text.is_null() { String::new() } else { CStr::from_ptr(text).to_string_lossy().into_owned() };
        call!(functions, clang_disposeString(string));
        copy
    }
}

/// A closure on its way through C: a panic in it is caught, ends the visit, and is resumed once libclang has returned.
pub(crate) struct Barrier<F> {
    visit: F,
    panic: Option<Box<dyn Any + Send>>,
}

impl<F> Barrier<F> {
    pub(crate) fn new(visit: F) -> Barrier<F> {
        Barrier { visit, panic: None }
    }

    /// Runs `body` on the closure; `None` means that it panicked now or earlier.
    pub(crate) fn run<R>(&mut self, body: impl FnOnce(&mut F) -> R) -> Option<R> {
        if self.panic.is_some() {
            return None;
        }
        match catch_unwind(AssertUnwindSafe(|| body(&mut self.visit))) {
            Ok(result) => Some(result),
            Err(panic) => {
                self.panic = Some(panic);
                None
            }
        }
    }

    /// To be called after libclang has returned.
    pub(crate) fn finish(self) {
        if let Some(panic) = self.panic {
            std::panic::resume_unwind(panic);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_is_kept_until_the_visit_is_over() {
        let mut calls = 0;
        let mut barrier = Barrier::new(|| {
            calls += 1;
            assert!(calls < 2, "second call");
        });
        assert_eq!(barrier.run(|visit| visit()), Some(()));
        assert_eq!(barrier.run(|visit| visit()), None);
        assert_eq!(barrier.run(|visit| visit()), None);
        assert!(catch_unwind(AssertUnwindSafe(|| barrier.finish())).is_err());
        assert_eq!(calls, 2);
    }
}

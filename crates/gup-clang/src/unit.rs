//! Translation units: parsing, saving as a precompiled header, diagnostics, files read.

use std::ffi::{CString, c_uint, c_void};
use std::marker::PhantomData;
use std::path::{Path, PathBuf};
use std::ptr;

use clang_sys::*;

use crate::call::{Barrier, call, owned};
use crate::cursor::Cursor;
use crate::library::Clang;

/// What to parse and how.
pub struct Parsing<'a> {
    pub file: &'a Path,
    /// Compiler arguments without the compiler and without the file.
    pub args: &'a [String],
    /// Files whose content is given here and not on disk; absolute paths.
    pub overlay: &'a [(PathBuf, Vec<u8>)],
    pub purpose: Purpose,
}

/// What a unit is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// It is looked at, and perhaps parsed again with other content of its files.
    Look,
    /// It is looked at, and what the preprocessor left out is known ([`Unit::left_out`]).
    Account,
    /// It is to be saved as a precompiled header.
    Pch,
}

/// Why there is no unit at all. (A unit with errors in it is a unit.)
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ParseError {
    /// libclang gave no reason; the file or an argument is not what it expects.
    Failed,
    /// libclang crashed and recovered.
    Crashed,
    InvalidArguments,
    /// The precompiled header does not fit its inputs, the arguments or this libclang. No diagnostic comes with it.
    StalePch,
}

/// A parsed translation unit. Cursors and types borrow it.
pub struct Unit {
    /// Keeps the library open.
    clang: Clang,
    index: CXIndex,
    raw: CXTranslationUnit,
    /// A unit belongs to one thread.
    _not_send: PhantomData<*const ()>,
}

/// An error of the compiler, with its place if it has one.
#[derive(Clone, Debug)]
pub struct Diagnostic {
    pub message: String,
    pub location: Option<Location>,
}

/// Where something is written: for an expansion the place of the expansion, but inside a macro's argument that argument's own place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Location {
    /// As the compiler names the file: with the `-I` directory it was found in.
    pub file: PathBuf,
    pub line: u32,
    pub column: u32,
}

impl Clang {
    /// Parses one file. Relative paths in `args` are relative to the process' working directory or to `-working-directory`.
    pub fn parse(&self, parsing: &Parsing<'_>) -> Result<Unit, ParseError> {
        let functions = self.functions();
        let c_string = |text: &[u8]| CString::new(text).map_err(|_| ParseError::InvalidArguments);
        let file = c_string(parsing.file.as_os_str().as_encoded_bytes())?;
        let args = parsing.args.iter().map(|arg| c_string(arg.as_bytes())).collect::<Result<Vec<_>, _>>()?;
        let pointers: Vec<_> = args.iter().map(|arg| arg.as_ptr()).collect();
        let names = names(parsing.overlay)?;
        let mut overlay = unsaved(&names, parsing.overlay);
        let mut flags = CXTranslationUnit_KeepGoing;
        match parsing.purpose {
            Purpose::Look => {}
            // Without a record of the preprocessor libclang tells nothing of what it skipped.
            Purpose::Account => flags |= CXTranslationUnit_DetailedPreprocessingRecord,
            Purpose::Pch => flags |= CXTranslationUnit_ForSerialization | CXTranslationUnit_Incomplete,
        }
        let mut raw = ptr::null_mut();
        // SAFETY: all pointers are valid during the call, and counts match; `1` leaves out declarations of a PCH, `0` prints nothing.
        // A unit is made only on success and then owns the index.
        unsafe {
            let index = call!(functions, clang_createIndex(1, 0));
            let code = call!(
                functions,
                clang_parseTranslationUnit2(
                    index,
                    file.as_ptr(),
                    pointers.as_ptr(),
                    pointers.len() as _,
                    overlay.as_mut_ptr(),
                    overlay.len() as c_uint,
                    flags,
                    &mut raw,
                )
            );
            if raw.is_null() || code != CXError_Success {
                call!(functions, clang_disposeIndex(index));
                return Err(parse_error(code));
            }
            Ok(Unit { clang: self.clone(), index, raw, _not_send: PhantomData })
        }
    }
}

fn parse_error(code: CXErrorCode) -> ParseError {
    match code {
        CXError_Crashed => ParseError::Crashed,
        CXError_InvalidArguments => ParseError::InvalidArguments,
        CXError_ASTReadError => ParseError::StalePch,
        _ => ParseError::Failed,
    }
}

/// The names of an overlay's files, as C has them.
fn names(overlay: &[(PathBuf, Vec<u8>)]) -> Result<Vec<CString>, ParseError> {
    let name = |(path, _): &(PathBuf, Vec<u8>)| CString::new(path.as_os_str().as_encoded_bytes());
    overlay.iter().map(name).collect::<Result<_, _>>().map_err(|_| ParseError::InvalidArguments)
}

/// Valid as long as both are.
fn unsaved(names: &[CString], overlay: &[(PathBuf, Vec<u8>)]) -> Vec<CXUnsavedFile> {
    let file = |(name, (_, text)): (&CString, &(PathBuf, Vec<u8>))| CXUnsavedFile {
        Filename: name.as_ptr(),
        Contents: text.as_ptr().cast(),
        Length: text.len() as _,
    };
    names.iter().zip(overlay).map(file).collect()
}

impl Unit {
    fn functions(&self) -> &Functions {
        self.clang.functions()
    }

    /// Parses the unit again: `overlay` is all that is not as on disk. What failed is gone.
    pub fn again(self, overlay: &[(PathBuf, Vec<u8>)]) -> Result<Unit, ParseError> {
        let names = names(overlay)?;
        let mut files = unsaved(&names, overlay);
        // SAFETY: the unit is alive and nothing borrows it, for it is ours; files and names are valid during the call; 0 is the only
        // option there is. After a failure the unit may only be disposed of, which dropping it does.
        let code = unsafe {
            call!(self.functions(), clang_reparseTranslationUnit(self.raw, files.len() as c_uint, files.as_mut_ptr(), 0))
        };
        if code == CXError_Success { Ok(self) } else { Err(parse_error(code)) }
    }

    /// The root, whose children are the top-level declarations of the unit itself (not those of a PCH).
    pub fn cursor(&self) -> Cursor<'_> {
        // SAFETY: the unit is alive; the cursor borrows it.
        let raw = unsafe { call!(self.functions(), clang_getTranslationUnitCursor(self.raw)) };
        Cursor::new(raw, self.functions())
    }

    /// Writes the unit as a precompiled header.
    pub fn save(&self, path: &Path) -> Result<(), String> {
        let name = CString::new(path.as_os_str().as_encoded_bytes()).map_err(|_| "the path has a NUL byte".to_owned())?;
        // SAFETY: the unit is alive, `name` is valid during the call; 0 is the only option value there is.
        match unsafe { call!(self.functions(), clang_saveTranslationUnit(self.raw, name.as_ptr(), CXSaveTranslationUnit_None)) } {
            CXSaveError_None => Ok(()),
            CXSaveError_TranslationErrors => Err("the headers have errors".to_owned()),
            code => Err(format!("libclang cannot write {} (error {code})", path.display())),
        }
    }

    /// Errors and fatal errors, in order.
    pub fn errors(&self) -> Vec<Diagnostic> {
        let functions = self.functions();
        let mut errors = Vec::new();
        // SAFETY: the unit is alive; each diagnostic is read and then disposed of once.
        unsafe {
            for index in 0..call!(functions, clang_getNumDiagnostics(self.raw)) {
                let diagnostic = call!(functions, clang_getDiagnostic(self.raw, index));
                if call!(functions, clang_getDiagnosticSeverity(diagnostic)) >= CXDiagnostic_Error {
                    errors.push(Diagnostic {
                        message: owned(functions, call!(functions, clang_getDiagnosticSpelling(diagnostic))),
                        location: location(functions, call!(functions, clang_getDiagnosticLocation(diagnostic))),
                    });
                }
                call!(functions, clang_disposeDiagnostic(diagnostic));
            }
        }
        errors
    }

    /// What the preprocessor skipped of the unit's main file, `file`: first and last line of each part, in order, its directives
    /// among them. Empty but for [`Purpose::Account`].
    pub fn left_out(&self, file: &Path) -> Vec<(u32, u32)> {
        let functions = self.functions();
        let Ok(name) = CString::new(file.as_os_str().as_encoded_bytes()) else { return Vec::new() };
        let mut parts = Vec::new();
        // SAFETY: the unit is alive and the name valid during the call; the list is read within its count and disposed of once.
        unsafe {
            let file = call!(functions, clang_getFile(self.raw, name.as_ptr()));
            if file.is_null() {
                return parts;
            }
            let list = call!(functions, clang_getSkippedRanges(self.raw, file));
            if list.is_null() {
                return parts;
            }
            for index in 0..(*list).count as usize {
                let range = *(*list).ranges.add(index);
                let line = |at| file_line_column(functions, at).map(|(_, line, _)| line);
                let first = line(call!(functions, clang_getRangeStart(range)));
                let last = line(call!(functions, clang_getRangeEnd(range)));
                parts.extend(first.zip(last));
            }
            call!(functions, clang_disposeSourceRangeList(list));
        }
        parts
    }

    /// Every file this unit itself read (those a PCH stands for are not among them), as the compiler names them.
    pub fn files(&self) -> Vec<PathBuf> {
        let mut files = Vec::new();
        let functions = self.functions();
        visit_inclusions(functions, self.raw, |file| files.push(file_name(functions, file)));
        files
    }
}

impl Drop for Unit {
    fn drop(&mut self) {
        // SAFETY: both were created by `parse` and are disposed of once; nothing that borrows the unit is left.
        unsafe {
            call!(self.functions(), clang_disposeTranslationUnit(self.raw));
            call!(self.functions(), clang_disposeIndex(self.index));
        }
    }
}

fn visit_inclusions<F: FnMut(CXFile)>(functions: &Functions, unit: CXTranslationUnit, visit: F) {
    extern "C" fn step<F: FnMut(CXFile)>(file: CXFile, _: *mut CXSourceLocation, _: c_uint, data: *mut c_void) {
        // SAFETY: `data` is the barrier below, used by nobody else during the visit.
        let barrier = unsafe { &mut *data.cast::<Barrier<F>>() };
        barrier.run(|visit| visit(file));
    }
    let mut barrier = Barrier::new(visit);
    // SAFETY: `step` gets the barrier, which outlives the call.
    unsafe { call!(functions, clang_getInclusions(unit, step::<F>, (&raw mut barrier).cast())) };
    barrier.finish();
}

fn file_name(functions: &Functions, file: CXFile) -> PathBuf {
    // SAFETY: `file` comes from a unit that is alive.
    PathBuf::from(owned(functions, unsafe { call!(functions, clang_getFileName(file)) }))
}

/// `None` for what is written in no file (built-in or on the command line).
pub(crate) fn location(functions: &Functions, raw: CXSourceLocation) -> Option<Location> {
    let (file, line, column) = file_line_column(functions, raw)?;
    Some(Location { file: file_name(functions, file), line, column })
}

/// The parts of a location, with the file as libclang's handle (cheap to compare, name it once).
pub(crate) fn file_line_column(functions: &Functions, raw: CXSourceLocation) -> Option<(CXFile, u32, u32)> {
    let (mut file, mut line, mut column) = (ptr::null_mut(), 0, 0);
    // SAFETY: the location comes from a unit that is alive; the offset is not asked for.
    unsafe { call!(functions, clang_getFileLocation(raw, &mut file, &mut line, &mut column, ptr::null_mut())) };
    (!file.is_null()).then_some((file, line, column))
}

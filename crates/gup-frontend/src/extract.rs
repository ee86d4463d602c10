//! One translation unit: parse, walk the top level, count what was not understood.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::path::{Path, PathBuf};

use gup_clang::{Clang, Cursor, CursorId, CursorKind, Diagnostic, ParseError, Parsing, Purpose};
use gup_ir::{FileId, Function, Linkage, Pos, Rvalue, StmtKind, TableEntry, Unit};

use crate::files::Files;
use crate::lower;
use crate::mentions;
use crate::names::{Names, is_identifier, is_record};
use crate::tables;
use crate::types::Types;

/// What to extract and how.
pub struct Request<'a> {
    /// The kernel's source tree, absolute.
    pub root: &'a Path,
    /// The `.c` file, relative to `root`.
    pub file: &'a str,
    /// Flags clang understands, without the compiler and the file.
    pub args: &'a [String],
    /// Where the compiler runs; absolute. Relative `-I` are relative to this.
    pub directory: &'a Path,
    /// Files whose content is given here and not on disk, by absolute path.
    pub overlay: &'a [(PathBuf, Vec<u8>)],
    /// A precompiled header made by [`build_pch`] with the same flags.
    pub pch: Option<&'a Path>,
    /// Headers (named as in [`Unit::files`]) whose functions the unit of the PCH brings: they are not lowered again. With a PCH in use it
    /// does not matter: then only what the PCH lacks is seen.
    pub known_headers: &'a HashSet<String>,
}

/// What came out.
#[derive(Clone, Debug, Default)]
pub struct Extraction {
    pub unit: Unit,
    /// Every file read, absolute, sorted. With a PCH, only what was read besides it.
    pub includes: Vec<PathBuf>,
    /// The compiler's errors, `file:line:column: message`. There may be functions all the same.
    pub errors: Vec<String>,
    /// Statements and values that were not understood, by reason.
    pub opaque: BTreeMap<String, u32>,
    /// Why nothing could be parsed at all.
    pub fatal: Option<String>,
    /// Statements of the IR, the opaque ones among them.
    pub statements: u32,
    /// Lines of the main file that this configuration leaves out (`#ifdef` and its kin), first and last of each part, in order. None of
    /// a unit that stays parsed.
    pub left_out: Vec<(u32, u32)>,
}

/// What all functions of a unit share while they are lowered.
pub(crate) struct Context<'a> {
    pub(crate) files: Files<'a>,
    pub(crate) types: Types,
    pub(crate) names: Names,
    pub(crate) tables: Vec<TableEntry>,
    noreturn: HashMap<CursorId, bool>,
}

impl Context<'_> {
    /// Whether a function never comes back, by its type (`void (int) __attribute__((noreturn))`) or its declaration.
    pub(crate) fn is_noreturn(&mut self, function: Cursor<'_>) -> bool {
        *self.noreturn.entry(function.id()).or_insert_with(|| {
            let by_type = |cursor: Cursor<'_>| cursor.ty().spelling().contains("noreturn");
            // `_Noreturn` is no part of the type; it shows in the printed declaration only.
            let has_attribute = |cursor: Cursor<'_>| cursor.children().iter().any(|child| child.kind().is_attribute());
            let printed =
                |cursor: Cursor<'_>| cursor.pretty_printed().lines().next().is_some_and(|line| line.contains("_Noreturn"));
            by_type(function) || by_type(function.canonical()) || (has_attribute(function) && printed(function))
        })
    }
}

/// Parses and lowers one `.c` file. Never fails; see [`Extraction::fatal`].
pub fn extract(clang: &Clang, request: &Request<'_>) -> Extraction {
    let args = unit_args(request.directory, request.pch, request.args);
    let path = request.root.join(request.file);
    let files = Files::new(request.root, request.directory, request.file);
    let skip = |name: &str| request.pch.is_none() && request.known_headers.contains(name);
    run(clang, &Parsing { file: &path, args: &args, overlay: request.overlay, purpose: Purpose::Account }, files, &skip, false)
}

/// All arguments of a unit.
pub(crate) fn unit_args(directory: &Path, pch: Option<&Path>, own: &[String]) -> Vec<String> {
    let mut args = common_args(directory);
    if let Some(pch) = pch {
        args.extend(["-include-pch".to_owned(), pch.display().to_string()]);
    }
    args.extend_from_slice(own);
    args
}

/// Makes a precompiled header from a text of `#include` lines. The text is written next to `out` (with the suffix `.h`), because clang
/// checks a PCH against the files it was made of.
///
/// Gives every file that went into it, absolute and sorted.
pub fn build_pch(
    clang: &Clang,
    root: &Path,
    header_text: &str,
    args: &[String],
    directory: &Path,
    overlay: &[(PathBuf, Vec<u8>)],
    out: &Path,
) -> Result<Vec<PathBuf>, String> {
    let header = header_beside(out, header_text)?;
    let args = header_args(args, directory);
    let parsing = Parsing { file: &header, args: &args, overlay, purpose: Purpose::Pch };
    let unit = clang.parse(&parsing).map_err(parse_error)?;
    let files = Files::new(root, directory, "");
    let errors: Vec<String> = unit.errors().iter().map(|error| shown(error, &files)).collect();
    if let Some(first) = errors.first() {
        return Err(format!("the common headers have {} errors, first: {first}", errors.len()));
    }
    unit.save(out)?;
    Ok(absolute_files(&unit, &files))
}

/// Lowers every function of the headers that a PCH brings, once for all units. Takes what [`build_pch`] took. The unit's `file` is the
/// header next to `out`.
pub fn extract_headers(
    clang: &Clang,
    root: &Path,
    header_text: &str,
    args: &[String],
    directory: &Path,
    overlay: &[(PathBuf, Vec<u8>)],
    out: &Path,
) -> Extraction {
    let header = match header_beside(out, header_text) {
        Ok(header) => header,
        Err(reason) => return Extraction { fatal: Some(reason), ..Extraction::default() },
    };
    let args = header_args(args, directory);
    let name = header.to_string_lossy().into_owned();
    run(
        clang,
        &Parsing { file: &header, args: &args, overlay, purpose: Purpose::Look },
        Files::new(root, directory, &name),
        &|_| false,
        true,
    )
}

fn header_beside(out: &Path, text: &str) -> Result<PathBuf, String> {
    let header = out.with_extension("h");
    // Left alone where it is right: clang compares its time with the one in the PCH.
    if std::fs::read(&header).is_ok_and(|old| old == text.as_bytes()) {
        return Ok(header);
    }
    std::fs::write(&header, text).map_err(|error| format!("cannot write {}: {error}", header.display()))?;
    Ok(header)
}

pub(crate) fn header_args(args: &[String], directory: &Path) -> Vec<String> {
    let mut all = common_args(directory);
    all.extend(["-x", "c-header"].map(str::to_owned));
    all.extend_from_slice(args);
    all
}

/// No warnings, all errors, and paths relative to the build directory.
fn common_args(directory: &Path) -> Vec<String> {
    ["-w", "-ferror-limit=0", "-working-directory", &directory.display().to_string()].map(str::to_owned).to_vec()
}

/// Expressions nest, and so do the functions here: a chain of a thousand `+` must not overflow the stack. (Only what is used is backed by
/// memory.)
pub(crate) const STACK: usize = 256 << 20;

fn run(
    clang: &Clang,
    parsing: &Parsing<'_>,
    files: Files<'_>,
    skip: &(dyn Fn(&str) -> bool + Sync),
    all_headers: bool,
) -> Extraction {
    std::thread::scope(|scope| {
        let work = || run_here(clang, parsing, files, skip, all_headers);
        let thread = std::thread::Builder::new().stack_size(STACK).spawn_scoped(scope, work).expect("a thread for the front end");
        thread.join().unwrap_or_else(|_| Extraction { fatal: Some("the front end panicked".to_owned()), ..Extraction::default() })
    })
}

fn run_here(
    clang: &Clang,
    parsing: &Parsing<'_>,
    files: Files<'_>,
    skip: &dyn Fn(&str) -> bool,
    all_headers: bool,
) -> Extraction {
    match clang.parse(parsing) {
        Ok(unit) => read(&unit, files, None, skip, all_headers),
        Err(error) => unparsed(files, error),
    }
}

/// What comes of a unit that could not be parsed at all.
pub(crate) fn unparsed(files: Files<'_>, error: ParseError) -> Extraction {
    let unit = Unit { file: files.names[0].clone(), files: files.names, ..Unit::default() };
    Extraction { unit, fatal: Some(parse_error(error)), ..Extraction::default() }
}

/// Lowers a unit that is parsed. `before`: what it begins with and does not show itself, read with `all_headers`.
pub(crate) fn read(
    unit: &gup_clang::Unit,
    files: Files<'_>,
    before: Option<&Extraction>,
    skip: &dyn Fn(&str) -> bool,
    all_headers: bool,
) -> Extraction {
    let errors = unit.errors().iter().map(|error| shown(error, &files)).collect();
    let mut includes = absolute_files(unit, &files);
    includes.extend(before.into_iter().flat_map(|before| before.includes.iter().cloned()));
    includes.sort();
    includes.dedup();
    let files = match before {
        Some(before) => files.with_names(&before.unit.files),
        None => files,
    };
    let before = before.map(|before| &before.unit);
    let tables = before.map(|before| before.tables.clone()).unwrap_or_default();
    let cx = Context { files, types: Types::default(), names: Names::default(), tables, noreturn: HashMap::new() };
    let left_out = unit.left_out(&cx.files.main());
    let unit = walk(cx, unit.cursor(), before, skip, all_headers);
    let (statements, opaque) = count(&unit.functions);
    Extraction { unit, includes, errors, opaque, fatal: None, statements, left_out }
}

/// Lowers what the main file defines, and of the headers' inline functions those it needs; all of them where there is no main file to ask
/// (`all_headers`). `before`: see [`read`].
fn walk(mut cx: Context<'_>, root: Cursor<'_>, before: Option<&Unit>, skip: &dyn Fn(&str) -> bool, all_headers: bool) -> Unit {
    let mut unit = Unit { file: cx.files.names[0].clone(), ..Unit::default() };
    let mut functions = Functions::default();
    before.iter().flat_map(|before| &before.functions).for_each(|function| functions.add_lowered(function));
    for declaration in root.children() {
        let Some(file) = cx.files.of(declaration) else { continue };
        if skip(&file.name) {
            continue;
        }
        let (is_main, is_header) = (file.is_main, file.is_header && !file.is_main);
        match declaration.kind() {
            CursorKind::FunctionDecl if declaration.is_definition() => {
                let linkage = linkage(declaration, is_header);
                let waits = linkage == Linkage::Header && !all_headers;
                functions.add(&mut cx, declaration, linkage, waits);
            }
            CursorKind::VarDecl => {
                let name = declaration.spelling();
                tables::collect(&mut cx, declaration, &name);
            }
            CursorKind::EnumDecl if is_main => unit.constants.extend(constants(declaration)),
            CursorKind::StructDecl | CursorKind::UnionDecl if is_main => {
                private_structs(&mut cx.names, declaration, &mut unit.private_structs);
            }
            _ => {}
        }
    }
    unit.functions = functions.with_needed(&mut cx);
    unit.private_structs.sort();
    unit.private_structs.dedup();
    unit.tables = cx.tables;
    number_files(&mut unit, cx.files.names);
    unit
}

/// Numbers the files as the functions name them, so that a unit does not show in which order it was read. Before, positions have
/// the numbers of `names`.
fn number_files(unit: &mut Unit, names: Vec<String>) {
    let mut numbers: BTreeMap<FileId, FileId> = BTreeMap::from([(FileId(0), FileId(0))]);
    let mut number = |pos: &mut Pos| {
        let next = FileId(numbers.len() as u32);
        pos.file = *numbers.entry(pos.file).or_insert(next);
    };
    unit.functions.iter_mut().for_each(|function| function.each_pos(&mut number));
    unit.tables.iter_mut().for_each(|entry| number(&mut entry.pos));
    let mut files: Vec<(FileId, FileId)> = numbers.into_iter().collect();
    files.sort_by_key(|(_, new)| *new);
    unit.files = files.into_iter().map(|(old, _)| names.get(old.0 as usize).cloned().unwrap_or_default()).collect();
}

/// A function that is lowered if it is asked for, or was lowered before.
enum Waiting<'tu> {
    Declared(Cursor<'tu>),
    Lowered(&'tu Function),
}

/// The functions of a unit, numbered as they stand in it.
#[derive(Default)]
struct Functions<'tu> {
    lowered: BTreeMap<usize, Function>,
    /// Functions of headers that nobody has asked for yet, by name.
    waiting: BTreeMap<String, (usize, Waiting<'tu>)>,
    /// Names that lowered functions mention and that were not looked at yet.
    wanted: BTreeSet<String>,
    count: usize,
}

impl<'tu> Functions<'tu> {
    fn add(&mut self, cx: &mut Context<'_>, declaration: Cursor<'tu>, linkage: Linkage, waits: bool) {
        self.count += 1;
        if waits {
            self.waiting.insert(declaration.spelling(), (self.count, Waiting::Declared(declaration)));
        } else {
            self.keep(self.count, lower::function(cx, declaration, linkage));
        }
    }

    fn add_lowered(&mut self, function: &'tu Function) {
        self.count += 1;
        match function.linkage {
            Linkage::Header => drop(self.waiting.insert(function.name.clone(), (self.count, Waiting::Lowered(function)))),
            _ => self.keep(self.count, function.clone()),
        }
    }

    fn keep(&mut self, number: usize, function: Function) {
        mentions::functions(&function, &mut |name| _ = self.wanted.insert(name.to_owned()));
        self.lowered.insert(number, function);
    }

    /// All functions in order, once no lowered one mentions one that waits.
    fn with_needed(mut self, cx: &mut Context<'_>) -> Vec<Function> {
        self.wanted.extend(cx.tables.iter().map(|entry| entry.function.clone()));
        while let Some(name) = self.wanted.pop_first() {
            match self.waiting.remove(&name) {
                Some((number, Waiting::Declared(cursor))) => self.keep(number, lower::function(cx, cursor, Linkage::Header)),
                Some((number, Waiting::Lowered(function))) => self.keep(number, function.clone()),
                None => {}
            }
        }
        self.lowered.into_values().collect()
    }
}

fn linkage(function: Cursor<'_>, in_header: bool) -> Linkage {
    match (in_header, function.is_static() || function.is_inline()) {
        (true, true) => Linkage::Header,
        (_, _) if function.is_static() => Linkage::Static,
        _ => Linkage::External,
    }
}

/// `enum { gup_FOLL_PIN = FOLL_PIN };` of a probe unit.
fn constants(declaration: Cursor<'_>) -> Vec<(String, i64)> {
    let constants = declaration.children().into_iter().filter(|child| child.kind() == CursorKind::EnumConstantDecl);
    constants.filter_map(|constant| Some((constant.spelling().strip_prefix("gup_")?.to_owned(), constant.enum_value()))).collect()
}

fn private_structs(names: &mut Names, declaration: Cursor<'_>, found: &mut Vec<String>) {
    if !declaration.is_definition() {
        return;
    }
    let name = names.record(declaration);
    if is_identifier(&name) {
        found.push(name);
    }
    declaration.children().into_iter().filter(|child| is_record(*child)).for_each(|child| private_structs(names, child, found));
}

fn count(functions: &[Function]) -> (u32, BTreeMap<String, u32>) {
    let mut opaque = BTreeMap::new();
    let mut statements = 0;
    for stmt in functions.iter().flat_map(|function| &function.blocks).flat_map(|block| &block.stmts) {
        statements += 1;
        if let StmtKind::Opaque { reason, .. } | StmtKind::Assign { src: Rvalue::Opaque(reason), .. } = &stmt.kind {
            *opaque.entry(reason.clone()).or_insert(0) += 1;
        }
    }
    (statements, opaque)
}

fn absolute_files(unit: &gup_clang::Unit, files: &Files<'_>) -> Vec<PathBuf> {
    let mut all: Vec<PathBuf> = unit.files().iter().map(|file| files.absolute(file)).collect();
    all.sort();
    all.dedup();
    all
}

fn shown(error: &Diagnostic, files: &Files<'_>) -> String {
    match &error.location {
        Some(at) => format!("{}:{}:{}: {}", files.report_name(&at.file), at.line, at.column, error.message),
        None => error.message.clone(),
    }
}

fn parse_error(error: ParseError) -> String {
    match error {
        ParseError::Failed => "libclang cannot read the file or does not know an argument",
        ParseError::Crashed => "libclang crashed on it",
        ParseError::InvalidArguments => "an argument or path has a NUL byte",
        ParseError::StalePch => "the precompiled header does not fit: an input, a flag or libclang itself has changed",
    }
    .to_owned()
}

//! What a file begins with, its `#include` lines, read once: libclang keeps them as a precompiled header of that file's own, behind
//! the one that all units share, and we keep what they define.
//!
//! libclang's own preamble would be the same thing, but it shows what the lines declare the first time only (seen with libclang 19: of
//! 17 functions that a unit needs, 6 were left after an edit), and looks at all of it then.

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

use gup_clang::{Clang, Cursor, Parsing, Purpose};

use crate::extract::{Extraction, header_args, read};
use crate::files::Files;

/// Files with their content, by absolute path.
pub(crate) type Overlay = Vec<(PathBuf, Vec<u8>)>;

/// The `#include` lines of one file. They are not precompiled where they are no header by themselves or have errors; the file is
/// to be read as a whole then.
pub(crate) struct Prefix {
    text: Vec<u8>,
    /// What of the text counts: see [`directives()`].
    directives: Vec<u8>,
    /// Under this name libclang knows the text; there is no such file.
    header: PathBuf,
    /// What was not as on disk, but for the file itself.
    others: Overlay,
    args: Vec<String>,
    directory: PathBuf,
    known_headers: HashSet<String>,
    read: Option<Precompiled>,
}

/// A prefix that was read.
pub(crate) struct Precompiled {
    pub(crate) pch: PathBuf,
    /// What the lines brought.
    pub(crate) content: Extraction,
}

/// A file whose prefix is wanted.
pub(crate) struct Wanted<'a> {
    pub(crate) root: &'a Path,
    /// Relative to `root`.
    pub(crate) file: &'a str,
    pub(crate) args: &'a [String],
    pub(crate) directory: &'a Path,
    /// With the file itself.
    pub(crate) overlay: &'a Overlay,
    /// The shared precompiled header, if it is read with one.
    pub(crate) pch: Option<&'a Path>,
    /// Without one: headers whose functions others bring.
    pub(crate) known_headers: &'a HashSet<String>,
    /// Where files may be written.
    pub(crate) scratch: &'a Path,
}

impl Wanted<'_> {
    fn path(&self) -> PathBuf {
        self.root.join(self.file)
    }

    /// The text of the file's `#include` lines; `None`: it has none, or is as on disk.
    fn text(&self) -> Option<&[u8]> {
        let path = self.path();
        let (_, text) = self.overlay.iter().find(|(file, _)| *file == path)?;
        Some(&text[..length(text)]).filter(|text| !text.is_empty())
    }

    fn others(&self) -> impl Iterator<Item = &(PathBuf, Vec<u8>)> {
        let path = self.path();
        self.overlay.iter().filter(move |(file, _)| *file != path)
    }

    /// All arguments of the prefix itself.
    fn all_args(&self) -> Vec<String> {
        let behind = self.pch.into_iter().flat_map(|pch| ["-include-pch".to_owned(), pch.display().to_string()]);
        header_args(&behind.chain(self.args.iter().cloned()).collect::<Vec<_>>(), self.directory)
    }
}

impl Prefix {
    /// Reads the prefix; `None`: the file begins with none.
    pub(crate) fn new(clang: &Clang, wanted: &Wanted<'_>) -> Option<Prefix> {
        let text = wanted.text()?;
        let mut prefix = Prefix {
            text: text.to_vec(),
            directives: directives(text),
            header: wanted.path().with_extension("gupcheck-prefix.h"),
            others: wanted.others().cloned().collect(),
            args: wanted.all_args(),
            directory: wanted.directory.to_path_buf(),
            known_headers: wanted.known_headers.clone(),
            read: None,
        };
        prefix.read = prefix.read(clang, wanted);
        Some(prefix)
    }

    fn read(&self, clang: &Clang, wanted: &Wanted<'_>) -> Option<Precompiled> {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let mut overlay = self.others.clone();
        overlay.push((self.header.clone(), self.text.clone()));
        let parsing = Parsing { file: &self.header, args: &self.args, overlay: &overlay, purpose: Purpose::Pch };
        let unit = clang.parse(&parsing).ok()?;
        let mut files = Files::new(wanted.root, wanted.directory, wanted.file);
        let own = files.report_name(&self.header);
        // Then the lines were taken for what they are not.
        let defines = |declaration: &Cursor<'_>| files.of(*declaration).is_some_and(|file| file.name == own);
        if !unit.errors().is_empty() || unit.cursor().children().iter().any(defines) {
            return None;
        }
        let mut content = read(&unit, files, None, &|name| self.known_headers.contains(name), true);
        content.includes.retain(|file| *file != self.header);
        let pch = wanted.scratch.join(format!("prefix-{}-{number}.pch", std::process::id()));
        unit.save(&pch).ok()?;
        Some(Precompiled { pch, content })
    }

    pub(crate) fn precompiled(&self) -> Option<&Precompiled> {
        self.read.as_ref()
    }

    /// Is it what the file begins with now, but for comments and empty lines?
    pub(crate) fn fits(&self, wanted: &Wanted<'_>) -> bool {
        wanted.text().is_some_and(|text| directives(text) == self.directives)
            && self.directory == wanted.directory
            && self.args == wanted.all_args()
            && self.known_headers == *wanted.known_headers
            && wanted.others().eq(self.others.iter())
    }

    /// The files as libclang is to see them: the lines stand in the header, and empty ones in the file.
    pub(crate) fn overlay(&self, wanted: &Wanted<'_>) -> Overlay {
        let path = wanted.path();
        let rest = |text: &[u8]| {
            let (lines, rest) = text.split_at(length(text));
            let empty: Vec<u8> = lines.iter().copied().filter(|byte| *byte == b'\n').collect();
            [&empty, rest].concat()
        };
        let shown = |(file, text): &(PathBuf, Vec<u8>)| (file.clone(), if *file == path { rest(text) } else { text.clone() });
        let mut all: Overlay = wanted.overlay.iter().map(shown).collect();
        all.push((self.header.clone(), self.text.clone()));
        all
    }
}

impl Drop for Precompiled {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.pch);
    }
}

/// How far a file consists of directives, comments and empty lines: up to the end of the last `#include` there that is under no
/// condition.
fn length(text: &[u8]) -> usize {
    let (mut end, mut start) = (0, 0);
    let (mut depth, mut in_comment) = (0_u32, false);
    while start < text.len() {
        let after = end_of_line(text, start);
        let line = &text[start..after];
        let began_in_comment = in_comment;
        let code = without_comments(line, &mut in_comment);
        start = after;
        let Some(directive) = code.trim_ascii().strip_prefix(b"#").filter(|_| !began_in_comment) else {
            if code.trim_ascii().is_empty() { continue } else { break }
        };
        let word: Vec<u8> = directive.trim_ascii_start().iter().copied().take_while(u8::is_ascii_alphabetic).collect();
        match &word[..] {
            b"if" | b"ifdef" | b"ifndef" => depth += 1,
            b"endif" if depth == 0 => break,
            b"endif" => depth -= 1,
            _ => {}
        }
        // An `#include` under a condition counts once the condition has ended.
        if depth == 0 && !in_comment && matches!(&word[..], b"include" | b"endif") {
            end = after;
        }
    }
    end
}

/// The directives of a prefix without comments and empty lines, which say nothing: no line number of the prefix reaches the IR.
fn directives(prefix: &[u8]) -> Vec<u8> {
    let (mut code, mut start, mut in_comment) = (Vec::new(), 0, false);
    while start < prefix.len() {
        let after = end_of_line(prefix, start);
        let line = without_comments(&prefix[start..after], &mut in_comment);
        if !line.trim_ascii().is_empty() {
            code.extend_from_slice(line.trim_ascii());
            code.push(b'\n');
        }
        start = after;
    }
    code
}

/// Behind the line that begins at `start`, with those that a backslash joins to it.
fn end_of_line(text: &[u8], start: usize) -> usize {
    let mut from = start;
    while let Some(length) = text[from..].iter().position(|byte| *byte == b'\n') {
        let end = from + length;
        if !text[start..end].trim_ascii_end().ends_with(b"\\") {
            return end + 1;
        }
        from = end + 1;
    }
    text.len()
}

/// A line with a blank in the place of each comment. `in_comment`: it begins in one, and afterwards: it ends in one.
fn without_comments(line: &[u8], in_comment: &mut bool) -> Vec<u8> {
    let mut code = Vec::new();
    let mut at = 0;
    let mut quote = None;
    while at < line.len() {
        let two = line.get(at..at + 2);
        match (quote, *in_comment) {
            (_, true) if two == Some(b"*/") => (*in_comment, at) = (false, at + 1),
            (_, true) => {}
            (None, _) if two == Some(b"/*") => {
                (*in_comment, at) = (true, at + 1);
                code.push(b' ');
            }
            (None, _) if two == Some(b"//") => break,
            (Some(open), _) => {
                let is_escape = line[at] == b'\\';
                code.extend_from_slice(&line[at..line.len().min(at + 1 + usize::from(is_escape))]);
                at += usize::from(is_escape);
                quote = quote.filter(|_| line.get(at) != Some(&open) || is_escape);
            }
            (None, _) => {
                quote = Some(line[at]).filter(|byte| matches!(byte, b'"' | b'\''));
                code.push(line[at]);
            }
        }
        at += 1;
    }
    code
}

#[cfg(test)]
mod tests {
    use super::*;

    fn prefix(text: &str) -> &str {
        &text[..length(text.as_bytes())]
    }

    #[test]
    fn directives_and_comments_up_to_the_last_include() {
        let text = "// one\n/* two\n * lines */\n#define A \"/*\" /* it's */\n#include <a.h>\n\n#include \"b.h\" // b\n";
        assert_eq!(prefix(&format!("{text}#define B 1\nint x;\n#include <c.h>\n")), text);
        assert_eq!(prefix("#define A \\\n\t1\n#include <a.h>\nint x;"), "#define A \\\n\t1\n#include <a.h>\n");
        assert_eq!(prefix("int x;\n#include <a.h>\n"), "");
    }

    #[test]
    fn comments_and_empty_lines_of_a_prefix_do_not_count() {
        let code = |text: &str| String::from_utf8(directives(text.as_bytes())).unwrap();
        let plain = "#define A \"/*\"\n#include <a.h>\n";
        assert_eq!(code(plain), plain);
        assert_eq!(code("/* a\n * b */\n\n#define A \"/*\" // c\n\n#include <a.h> /* d\n*/\n"), plain);
        assert_ne!(code("#include \"a.h\"\n"), code("#include \"b.h\"\n"));
        assert_ne!(code("#define A b/**/c\n#include <a.h>\n"), code("#define A bc\n#include <a.h>\n"));
        assert_ne!(code("#define A 1 \\\n\t+ 1\n#include <a.h>\n"), code("#define A 1\n#include <a.h>\n"));
    }

    #[test]
    fn nothing_that_is_cut_in_two() {
        assert_eq!(prefix("#include <a.h>\n#ifdef B\n#include <b.h>\nint x;\n#endif\n"), "#include <a.h>\n");
        assert_eq!(prefix("#ifdef B\n#include <b.h>\n#endif\nint x;\n"), "#ifdef B\n#include <b.h>\n#endif\n");
        assert_eq!(prefix("#include <a.h> /* not\nended */ int x;\n"), "");
        assert_eq!(prefix("#include <a.h>\n/* # */ #include <b.h>\n*/ int x;\n"), "#include <a.h>\n/* # */ #include <b.h>\n");
    }
}

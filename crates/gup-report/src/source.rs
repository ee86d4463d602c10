//! Source text for diagnostics: files are asked for once, positions become byte ranges.

use std::collections::BTreeMap;
use std::ops::Range;

use codespan_reporting::files::{SimpleFiles, line_starts};

/// Files as codespan wants them, fetched through the caller's callback when first needed.
pub(crate) struct Sources<'a> {
    fetch: &'a dyn Fn(&str) -> Option<String>,
    pub(crate) files: SimpleFiles<String, String>,
    /// None where the file cannot be had.
    ids: BTreeMap<String, Option<usize>>,
}

impl<'a> Sources<'a> {
    pub(crate) fn new(fetch: &'a dyn Fn(&str) -> Option<String>) -> Sources<'a> {
        Sources { fetch, files: SimpleFiles::new(), ids: BTreeMap::new() }
    }

    /// The file's number and the bytes of the word at the position; None where there is no such file or line.
    pub(crate) fn word_at(&mut self, file: &str, line: u32, column: u32) -> Option<(usize, Range<usize>)> {
        let id = self.id(file)?;
        let source = self.files.get(id).ok()?.source();
        let start = line_starts(source).nth((line as usize).checked_sub(1)?)?;
        let text = source[start..].lines().next().unwrap_or_default();
        if column == 0 || column as usize > text.len() || !text.is_char_boundary(column as usize - 1) {
            // Only the line is known: what stands on it.
            let indent = text.len() - text.trim_start().len();
            return Some((id, start + indent..start + text.trim_end().len().max(indent)));
        }
        let begin = column as usize - 1;
        let word = text[begin..].find(|char: char| !char.is_alphanumeric() && char != '_').unwrap_or(text.len() - begin);
        let first = text[begin..].chars().next().map_or(0, char::len_utf8);
        Some((id, start + begin..start + begin + word.max(first)))
    }

    /// The file's number and the bytes, cut to what the file has.
    pub(crate) fn span(&mut self, file: &str, bytes: Range<usize>) -> Option<(usize, Range<usize>)> {
        let id = self.id(file)?;
        let length = self.files.get(id).ok()?.source().len();
        Some((id, bytes.start.min(length)..bytes.end.min(length)))
    }

    fn id(&mut self, file: &str) -> Option<usize> {
        if let Some(id) = self.ids.get(file) {
            return *id;
        }
        let id = (self.fetch)(file).map(|source| self.files.add(file.to_owned(), source));
        self.ids.insert(file.to_owned(), id);
        id
    }
}

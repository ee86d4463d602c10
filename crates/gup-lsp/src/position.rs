//! Places in a text: lines and byte columns of findings, and what the protocol counts instead.
//!
//! The text is bytes, because not every source of the kernel is UTF-8. In a line that is not, each byte is a character: what
//! is not UTF-8 there is Latin-1, and editors show it as that.

use gen_lsp_types::{Position, PositionEncodingKind, Range};

/// What a character is counted in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Encoding {
    Utf8,
    Utf16,
}

impl Encoding {
    /// UTF-8 where the client can, because our own columns are bytes; else UTF-16, which all can.
    pub(crate) fn negotiate(offered: &[String]) -> Encoding {
        if offered.iter().any(|name| name == "utf-8") { Encoding::Utf8 } else { Encoding::Utf16 }
    }

    pub(crate) fn kind(self) -> PositionEncodingKind {
        match self {
            Encoding::Utf8 => PositionEncodingKind::UTF8,
            Encoding::Utf16 => PositionEncodingKind::UTF16,
        }
    }

    fn units(self, character: char) -> usize {
        match self {
            Encoding::Utf8 => character.len_utf8(),
            Encoding::Utf16 => character.len_utf16(),
        }
    }
}

/// A text with its lines.
pub(crate) struct Lines<'t> {
    text: &'t [u8],
    /// Where each begins.
    starts: Vec<usize>,
    encoding: Encoding,
}

impl<'t> Lines<'t> {
    pub(crate) fn new(text: &'t [u8], encoding: Encoding) -> Lines<'t> {
        let ends = text.iter().enumerate().filter(|(_, byte)| **byte == b'\n').map(|(at, _)| at + 1);
        Lines { text, starts: std::iter::once(0).chain(ends).collect(), encoding }
    }

    /// A line without its end; empty behind the last. From 0.
    pub(crate) fn line(&self, number: usize) -> &'t [u8] {
        let Some(start) = self.starts.get(number) else { return &[] };
        let end = self.starts.get(number + 1).copied().unwrap_or(self.text.len());
        let line = &self.text[*start..end];
        let line = line.strip_suffix(b"\n").unwrap_or(line);
        line.strip_suffix(b"\r").unwrap_or(line)
    }

    /// From a line and column as findings have them, both from 1, to the end of the word there, or of the line where no word
    /// begins. Column 0 is where the line's text begins.
    pub(crate) fn range(&self, line: u32, column: u32) -> Range {
        let number = (line as usize).saturating_sub(1);
        let text = self.line(number);
        let start = self.byte(number, column);
        let word = text[start..].iter().take_while(|byte| is_word(**byte)).count();
        let end = match word {
            0 => text.trim_ascii_end().len().max(start),
            length => start + length,
        };
        let at = |byte| Position { line: number as u32, character: self.character(number, byte) };
        Range { start: at(start), end: at(end) }
    }

    /// The byte of the text that a position means; beyond the end of a line is its end.
    pub(crate) fn offset(&self, position: Position) -> usize {
        let number = position.line as usize;
        let Some(start) = self.starts.get(number) else { return self.text.len() };
        let mut left = position.character as usize;
        let mut at = 0;
        for character in characters(self.line(number)) {
            let units = self.encoding.units(character.0);
            if left < units {
                break;
            }
            left -= units;
            at += character.1;
        }
        start + at
    }

    /// The byte of the text at a line and column, both from 1.
    pub(crate) fn byte_at(&self, line: u32, column: u32) -> usize {
        let number = (line as usize).saturating_sub(1);
        self.starts.get(number).map_or(self.text.len(), |start| start + self.byte(number, column))
    }

    /// The position of a byte of the text.
    pub(crate) fn at(&self, offset: usize) -> Position {
        let number = self.starts.partition_point(|start| *start <= offset).saturating_sub(1);
        Position { line: number as u32, character: self.character(number, offset - self.starts[number]) }
    }

    /// The word that a position is in, or right behind.
    pub(crate) fn word(&self, position: Position) -> Option<(&'t str, Range)> {
        let offset = self.offset(position);
        let before = self.text[..offset].iter().rev().take_while(|byte| is_word(**byte)).count();
        let behind = self.text[offset..].iter().take_while(|byte| is_word(**byte)).count();
        let (start, end) = (offset - before, offset + behind);
        let word = std::str::from_utf8(&self.text[start..end]).ok().filter(|word| !word.is_empty())?;
        Some((word, Range { start: self.at(start), end: self.at(end) }))
    }

    fn byte(&self, number: usize, column: u32) -> usize {
        let text = self.line(number);
        match column {
            0 => text.len() - text.trim_ascii_start().len(),
            column => (column as usize - 1).min(text.len()),
        }
    }

    fn character(&self, number: usize, byte: usize) -> u32 {
        let mut at = 0;
        let mut units = 0;
        for character in characters(self.line(number)) {
            if at >= byte {
                break;
            }
            at += character.1;
            units += self.encoding.units(character.0);
        }
        units as u32
    }
}

/// The characters of a line, each with its length in the text.
fn characters(line: &[u8]) -> Vec<(char, usize)> {
    match std::str::from_utf8(line) {
        Ok(text) => text.chars().map(|character| (character, character.len_utf8())).collect(),
        Err(_) => line.iter().map(|byte| (char::from(*byte), 1)).collect(),
    }
}

fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(line: u32, character: u32) -> Position {
        Position { line, character }
    }

    #[test]
    fn characters_are_counted_as_agreed() {
        let text = "a\n\t/* \u{e4}\u{1f427} */ put_page(p);\n".as_bytes();
        let column = 1 + "\t/* \u{e4}\u{1f427} */ ".len() as u32;
        let utf16 = Lines::new(text, Encoding::Utf16);
        assert_eq!(utf16.range(2, column).start, at(1, 11));
        assert_eq!(utf16.range(2, column).end, at(1, 19));
        let utf8 = Lines::new(text, Encoding::Utf8);
        assert_eq!(utf8.range(2, column).start, at(1, column - 1));
        for lines in [utf16, utf8] {
            let offset = lines.offset(lines.range(2, column).start);
            assert!(text[offset..].starts_with(b"put_page"));
            assert_eq!(lines.at(offset), lines.range(2, column).start);
            assert_eq!(lines.word(lines.range(2, column).start).unwrap().0, "put_page");
        }
    }

    #[test]
    fn a_line_that_is_not_utf_8_is_latin_1() {
        let text = b"/* \xe4\xf6 */ f(x);\n";
        let utf16 = Lines::new(text, Encoding::Utf16);
        assert_eq!((utf16.range(1, 10).start, utf16.offset(at(0, 9))), (at(0, 9), 9));
        assert_eq!(Lines::new(text, Encoding::Utf8).range(1, 10).start, at(0, 11), "two bytes each, once it is UTF-8");
    }

    #[test]
    fn what_is_not_there_is_the_end() {
        let lines = Lines::new(b"ab\r\ncd", Encoding::Utf8);
        assert_eq!((lines.offset(at(0, 99)), lines.offset(at(7, 0))), (2, 6));
        assert_eq!(lines.range(9, 4).start, at(8, 0));
        assert_eq!(lines.range(1, 0), Range { start: at(0, 0), end: at(0, 2) });
    }

    #[test]
    fn bytes_are_taken_where_they_are_offered() {
        assert_eq!(Encoding::negotiate(&["utf-16".to_owned(), "utf-8".to_owned()]), Encoding::Utf8);
        assert_eq!(Encoding::negotiate(&["utf-32".to_owned()]), Encoding::Utf16);
        assert_eq!(Encoding::negotiate(&[]), Encoding::Utf16);
    }
}

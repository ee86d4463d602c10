//! Words, numbers and punctuation of the contract languages, and where in a file they stand.

use std::ops::Range;

use super::error::Errors;

/// A place in an expression's text where it stops making sense.
pub(super) struct Mistake {
    pub(super) span: Range<usize>,
    pub(super) message: String,
    pub(super) help: String,
}

pub(super) type Parsed<T> = Result<T, Mistake>;

/// Where `text` stands in its file: maps offsets of the text to offsets of the file.
#[derive(Clone, Debug)]
pub struct Literal<'a> {
    pub text: &'a str,
    /// The literal with its quotes, in the file.
    pub span: Range<usize>,
    /// Offset of the first character of `text` in the file; none where escapes make the two differ.
    pub(super) inner: Option<usize>,
}

impl Literal<'_> {
    /// The place in the file, without blanks at either end.
    pub(super) fn locate(&self, at: &Range<usize>) -> Range<usize> {
        let Some(base) = self.inner else { return self.span.clone() };
        let marked = &self.text[at.clone()];
        let end = at.start + marked.trim_end().len();
        let start = (at.start + marked.len() - marked.trim_start().len()).min(end);
        base + start..base + end
    }

    /// Records a mistake, or hands the value on.
    pub(super) fn report<T>(&self, parsed: Parsed<T>, errors: &mut Errors) -> Option<T> {
        match parsed {
            Ok(value) => Some(value),
            Err(mistake) => {
                errors.add(self.locate(&mistake.span), mistake.message, mistake.help);
                None
            }
        }
    }
}

/// Reads one expression, test or effect from a string: the words here, the grammar in [`super::expr`] and [`super::effect`].
pub(super) struct Reader<'a> {
    pub(super) text: &'a str,
    pub(super) at: usize,
    pub(super) params: &'a [String],
    /// Nesting of expressions so far.
    pub(super) depth: u32,
}

impl<'a> Reader<'a> {
    pub(super) fn new(text: &'a str, params: &'a [String]) -> Reader<'a> {
        Reader { text, at: 0, params, depth: 0 }
    }

    /// Runs `read` over the whole text.
    pub(super) fn whole<T>(mut self, read: impl FnOnce(&mut Self) -> Parsed<T>) -> Parsed<T> {
        let value = read(&mut self)?;
        self.end()?;
        Ok(value)
    }

    pub(super) fn end(&mut self) -> Parsed<()> {
        self.space();
        if self.at == self.text.len() {
            return Ok(());
        }
        Err(self.mistake(
            self.at..self.text.len(),
            format!("`{}` does not belong here", &self.text[self.at..]),
            "the expression is complete before it",
        ))
    }

    pub(super) fn number(&mut self) -> Parsed<Option<i64>> {
        self.space();
        let start = self.at;
        let rest = &self.text[start..];
        let length = rest.find(|c: char| !c.is_ascii_alphanumeric()).unwrap_or(rest.len());
        let digits = &rest[..length];
        if !digits.starts_with(|c: char| c.is_ascii_digit()) {
            return Ok(None);
        }
        self.at += length;
        let value = match digits.strip_prefix("0x") {
            Some(hex) => i64::from_str_radix(hex, 16),
            None => digits.parse(),
        };
        value
            .map(Some)
            .map_err(|_| self.mistake(start..self.at, format!("`{digits}` is no number"), "decimal or 0x… within 63 bits"))
    }

    /// A C identifier, after white space.
    pub(super) fn name(&mut self) -> Option<&'a str> {
        self.space();
        let rest = &self.text[self.at..];
        let length = rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(rest.len());
        if length == 0 || rest.starts_with(|c: char| c.is_ascii_digit()) {
            return None;
        }
        self.at += length;
        Some(&rest[..length])
    }

    /// A name that is no C identifier: `'container of page.lru'`.
    pub(super) fn quoted_name(&mut self) -> Option<&'a str> {
        self.space();
        let rest = self.text[self.at..].strip_prefix('\'')?;
        let length = rest.find('\'')?;
        self.at += length + 2;
        Some(&rest[..length])
    }

    /// A word of the effect language: letters and hyphens. Returns where it stands, too.
    pub(super) fn keyword(&mut self) -> (&'a str, Range<usize>) {
        self.space();
        let start = self.at;
        let rest = &self.text[start..];
        let length = rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '-' && c != '_').unwrap_or(rest.len());
        self.at += length;
        (&rest[..length], start..self.at)
    }

    pub(super) fn eat_word(&mut self, word: &str) -> bool {
        let start = self.at;
        if self.name() == Some(word) {
            return true;
        }
        self.at = start;
        false
    }

    pub(super) fn expect_word(&mut self, word: &str) -> Parsed<()> {
        if self.eat_word(word) {
            return Ok(());
        }
        Err(self.mistake(self.at..self.text.len(), format!("`{word}` is missing here"), "see analyses/README.md, effects"))
    }

    pub(super) fn expect(&mut self, token: &str) -> Parsed<()> {
        if self.eat(token) {
            return Ok(());
        }
        Err(self.mistake(self.next_char(), format!("`{token}` is missing here"), "see analyses/README.md, expressions"))
    }

    /// Where the next character stands; nothing at the end.
    pub(super) fn next_char(&self) -> Range<usize> {
        self.at..self.text[self.at..].chars().next().map_or(self.at, |c| self.at + c.len_utf8())
    }

    /// What is left of the text, trimmed.
    pub(super) fn rest(&mut self) -> &'a str {
        let rest = self.text[self.at..].trim();
        self.at = self.text.len();
        rest
    }

    pub(super) fn eat(&mut self, token: &str) -> bool {
        let found = self.peek(token);
        if found {
            self.at += token.len();
        }
        found
    }

    /// `<` may start `<=`: callers try the longer one first.
    pub(super) fn peek(&mut self, token: &str) -> bool {
        self.space();
        self.text[self.at..].starts_with(token)
    }

    pub(super) fn space(&mut self) {
        let rest = &self.text[self.at..];
        self.at += rest.len() - rest.trim_start().len();
    }

    pub(super) fn mistake(&self, span: Range<usize>, message: impl Into<String>, help: impl Into<String>) -> Mistake {
        Mistake { span, message: message.into(), help: help.into() }
    }
}

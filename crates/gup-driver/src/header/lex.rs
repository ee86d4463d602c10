//! Tokens of C without comments, and directives as lines.

/// A token, or a whole directive without its `#`.
pub(super) enum Piece<'t> {
    Token(Token<'t>),
    Directive(Vec<&'t str>),
}

pub(super) struct Token<'t> {
    pub(super) text: &'t str,
    /// Nothing but blanks is before it on its line.
    pub(super) starts_line: bool,
}

pub(super) fn pieces(text: &str) -> Vec<Piece<'_>> {
    let mut out = Vec::new();
    let mut directive: Option<Vec<&str>> = None;
    let mut starts_line = true;
    let mut at = 0;
    while at < text.len() {
        let rest = &text[at..];
        let length = blank(rest);
        if length > 0 {
            if &rest[..length] == "\n" {
                out.extend(directive.take().map(Piece::Directive));
                starts_line = true;
            } else if rest[..length].contains('\n') && rest.starts_with("/*") && directive.is_none() {
                starts_line = true;
            }
            at += length;
            continue;
        }
        let length = token(rest);
        let text = &rest[..length];
        match &mut directive {
            Some(tokens) => tokens.push(text),
            None if starts_line && text == "#" => directive = Some(Vec::new()),
            None => out.push(Piece::Token(Token { text, starts_line })),
        }
        starts_line = false;
        at += length;
    }
    out.extend(directive.map(Piece::Directive));
    out
}

/// The identifiers in a text of tokens. Strings and character constants have none.
pub(crate) fn words(text: &str) -> impl Iterator<Item = &str> {
    let is_word = |token: &&str| token.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
    // A directive inside an item is one token of several words.
    text.split([' ', '#']).filter(is_word)
}

/// Bytes of white space, comment or joined line that `text` begins with: one line end at a time.
fn blank(text: &str) -> usize {
    if let Some(comment) = text.strip_prefix("/*") {
        return comment.find("*/").map_or(text.len(), |end| end + 4);
    }
    if text.starts_with("//") {
        return text.find('\n').unwrap_or(text.len());
    }
    if text.starts_with("\\\n") {
        return 2;
    }
    if text.starts_with("\\\r\n") {
        return 3;
    }
    usize::from(text.starts_with([' ', '\t', '\n', '\r', '\x0b', '\x0c']))
}

/// Bytes of the token that `text` begins with: a word, a number, a string, `##`, or one character.
fn token(text: &str) -> usize {
    let first = text.chars().next().unwrap_or(' ');
    let is_word = |c: char| c.is_alphanumeric() || c == '_' || c == '$';
    if is_word(first) {
        return text.find(|c| !is_word(c)).unwrap_or(text.len());
    }
    if first == '"' || first == '\'' {
        let mut escaped = false;
        for (at, c) in text.char_indices().skip(1) {
            match c {
                // An apostrophe in an #error line.
                '\n' if !escaped => return at,
                _ if escaped => escaped = false,
                '\\' => escaped = true,
                _ if c == first => return at + 1,
                _ => {}
            }
        }
        return text.len();
    }
    if text.starts_with("##") { 2 } else { first.len_utf8() }
}

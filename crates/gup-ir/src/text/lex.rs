//! Text to tokens.

use super::cursor::ParseError;

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Token {
    Word(String),
    Quoted(String),
    /// Without sign.
    Number(u64),
    /// `i$3`, `"a b"$3`, `$3`: without blank, so that `return $3` and a local called `return` differ.
    Local(String, u32),
    /// `@15:8`, `@2:15:8`
    Position(Vec<u32>),
    Sign(&'static str),
    /// Also once at the end of the text.
    LineEnd,
}

/// A token and where it begins, line and column counted from 1, columns in bytes.
#[derive(Clone, Debug)]
pub(super) struct Spanned {
    pub(super) token: Token,
    pub(super) line: u32,
    pub(super) column: u32,
}

/// Longest first.
const SIGNS: [&str; 34] = [
    "+ptr", "-ptr", "->", "::", "==", "!=", "<=", ">=", "<<", ">>", "..", "+", "-", "*", "/", "%", "&", "|", "^", "~", "<", ">",
    "=", "(", ")", "[", "]", "{", "}", ",", ";", ":", ".", "@",
];

pub(super) fn tokens(text: &str) -> Result<Vec<Spanned>, ParseError> {
    let mut all = Vec::new();
    for (index, line) in text.lines().enumerate() {
        let mut lexer = Lexer { line: index as u32 + 1, text: line, at: 0 };
        lexer.skip_blanks();
        let is_empty = lexer.at == line.len();
        while lexer.at < line.len() {
            let column = lexer.at as u32 + 1;
            let token = lexer.token()?;
            all.push(Spanned { token, line: lexer.line, column });
            lexer.skip_blanks();
        }
        if !is_empty {
            all.push(Spanned { token: Token::LineEnd, line: lexer.line, column: line.len() as u32 + 1 });
        }
    }
    let line = text.lines().count() as u32 + 1;
    all.push(Spanned { token: Token::LineEnd, line, column: 1 });
    Ok(all)
}

struct Lexer<'a> {
    line: u32,
    text: &'a str,
    at: usize,
}

impl Lexer<'_> {
    fn rest(&self) -> &str {
        &self.text[self.at..]
    }

    fn error(&self, message: &str) -> ParseError {
        ParseError { line: self.line, column: self.at as u32 + 1, message: message.to_string() }
    }

    fn skip_blanks(&mut self) {
        let rest = self.rest();
        let blanks = rest.len() - rest.trim_start().len();
        self.at += blanks;
        if self.rest().starts_with("//") {
            self.at = self.text.len();
        }
    }

    fn token(&mut self) -> Result<Token, ParseError> {
        let first = self.rest().chars().next().expect("called only before the end of the line");
        let second_is_digit = self.rest()[first.len_utf8()..].starts_with(|char: char| char.is_ascii_digit());
        match first {
            '"' => {
                let text = self.quoted()?;
                Ok(match self.local_number()? {
                    Some(number) => Token::Local(text, number),
                    None => Token::Quoted(text),
                })
            }
            '$' if second_is_digit => {
                self.at += 1;
                Ok(Token::Local(String::new(), self.small_number()?))
            }
            '@' if second_is_digit => {
                self.at += 1;
                let mut parts = vec![self.small_number()?];
                while self.rest().starts_with(':') {
                    self.at += 1;
                    parts.push(self.small_number()?);
                }
                Ok(Token::Position(parts))
            }
            first if first.is_ascii_digit() => Ok(Token::Number(self.number()?)),
            first if first.is_ascii_alphabetic() || first == '_' => {
                let word = self.take_while(|char| char.is_ascii_alphanumeric() || char == '_');
                Ok(match self.local_number()? {
                    Some(number) => Token::Local(word, number),
                    None => Token::Word(word),
                })
            }
            _ => self.sign(),
        }
    }

    fn take_while(&mut self, matches: impl Fn(char) -> bool) -> String {
        let rest = self.rest();
        let end = rest.find(|char| !matches(char)).unwrap_or(rest.len());
        let taken = rest[..end].to_string();
        self.at += end;
        taken
    }

    fn number(&mut self) -> Result<u64, ParseError> {
        let start = self.at;
        let digits = self.take_while(|char| char.is_ascii_alphanumeric());
        let value = match digits.strip_prefix("0x") {
            Some(hex) => u64::from_str_radix(hex, 16),
            None => digits.parse(),
        };
        value.map_err(|_| {
            self.at = start;
            self.error("a number of at most 64 bits is expected here, decimal or 0x...")
        })
    }

    fn small_number(&mut self) -> Result<u32, ParseError> {
        let start = self.at;
        let value = self.number()?;
        u32::try_from(value).map_err(|_| {
            self.at = start;
            self.error("this number does not fit 32 bits")
        })
    }

    fn sign(&mut self) -> Result<Token, ParseError> {
        // `-ptr` is a sign, `-ptrs` the negation of a local.
        let is_whole = |sign: &str| {
            let after = self.rest()[sign.len()..].chars().next();
            !sign.ends_with("ptr") || after.is_none_or(|char| !char.is_ascii_alphanumeric() && char != '_' && char != '$')
        };
        match SIGNS.iter().find(|sign| self.rest().starts_with(**sign) && is_whole(sign)) {
            Some(sign) => {
                self.at += sign.len();
                Ok(Token::Sign(sign))
            }
            None => Err(self.error("this character has no meaning here")),
        }
    }

    fn local_number(&mut self) -> Result<Option<u32>, ParseError> {
        let found = self.rest().strip_prefix('$').is_some_and(|rest| rest.starts_with(|char: char| char.is_ascii_digit()));
        if !found {
            return Ok(None);
        }
        self.at += 1;
        self.small_number().map(Some)
    }

    fn quoted(&mut self) -> Result<String, ParseError> {
        let mut value = String::new();
        let mut chars = self.rest().char_indices();
        chars.next();
        while let Some((offset, char)) = chars.next() {
            match char {
                '"' => {
                    self.at += offset + 1;
                    return Ok(value);
                }
                '\\' => {
                    let escaped = match chars.next() {
                        Some((_, 'n')) => Some('\n'),
                        Some((_, 't')) => Some('\t'),
                        Some((_, 'u')) => {
                            let code: String =
                                chars.by_ref().map(|(_, char)| char).skip(1).take_while(|char| *char != '}').collect();
                            u32::from_str_radix(&code, 16).ok().and_then(char::from_u32)
                        }
                        Some((_, plain @ ('"' | '\\'))) => Some(plain),
                        _ => None,
                    };
                    value.push(escaped.ok_or_else(|| self.error("this string has an unknown escape"))?);
                }
                char => value.push(char),
            }
        }
        Err(self.error("this string does not end on its line"))
    }
}

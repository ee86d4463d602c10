//! The tokens of a text, one after the other, and what all parts of the parser ask of them.

use std::fmt;

use super::lex::{Spanned, Token, tokens};
use crate::{FileId, Local, Pos};

/// Where and why a text is no IR. Line and column count from 1, columns in bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ParseError {
    pub line: u32,
    pub column: u32,
    pub message: String,
}

impl fmt::Display for ParseError {
    fn fmt(&self, out: &mut fmt::Formatter) -> fmt::Result {
        write!(out, "{}:{}: {}", self.line, self.column, self.message)
    }
}

impl std::error::Error for ParseError {}

pub(super) type Parsed<T> = Result<T, ParseError>;

/// Nesting of types and of indexes within paths; real code stays below ten.
const MAX_DEPTH: u32 = 100;

pub(super) struct Parser {
    /// Ends with `LineEnd`.
    tokens: Vec<Spanned>,
    at: usize,
    /// Of the function being read.
    pub(super) locals: Vec<Local>,
    depth: u32,
}

impl Parser {
    pub(super) fn new(text: &str) -> Parsed<Parser> {
        Ok(Parser { tokens: tokens(text)?, at: 0, locals: Vec::new(), depth: 0 })
    }

    pub(super) fn is_at_end(&self) -> bool {
        self.at + 1 == self.tokens.len()
    }

    /// Goes back one token, so that an error points at it.
    pub(super) fn back(&mut self) {
        self.at -= 1;
    }

    pub(super) fn peek(&self) -> &Token {
        self.peek_at(0)
    }

    pub(super) fn peek_at(&self, offset: usize) -> &Token {
        &self.tokens[(self.at + offset).min(self.tokens.len() - 1)].token
    }

    pub(super) fn next(&mut self) -> Token {
        let token = self.peek().clone();
        self.at = (self.at + 1).min(self.tokens.len() - 1);
        token
    }

    pub(super) fn error<T>(&self, message: impl Into<String>) -> Parsed<T> {
        let Spanned { line, column, .. } = self.tokens[self.at];
        Err(ParseError { line, column, message: message.into() })
    }

    pub(super) fn accept(&mut self, sign: &str) -> bool {
        let found = matches!(self.peek(), Token::Sign(found) if *found == sign);
        if found {
            self.next();
        }
        found
    }

    pub(super) fn expect(&mut self, sign: &str) -> Parsed<()> {
        if self.accept(sign) { Ok(()) } else { self.error(format!("`{sign}` is expected here")) }
    }

    pub(super) fn is_word(&self, word: &str) -> bool {
        matches!(self.peek(), Token::Word(found) if found == word)
    }

    pub(super) fn accept_word(&mut self, word: &str) -> bool {
        let found = self.is_word(word);
        if found {
            self.next();
        }
        found
    }

    pub(super) fn expect_word(&mut self, word: &str) -> Parsed<()> {
        if self.accept_word(word) { Ok(()) } else { self.error(format!("`{word}` is expected here")) }
    }

    pub(super) fn line_end(&mut self) -> Parsed<()> {
        match self.next() {
            Token::LineEnd => Ok(()),
            _ => {
                self.at -= 1;
                self.error("the line should end here")
            }
        }
    }

    pub(super) fn name(&mut self) -> Parsed<String> {
        match self.peek().clone() {
            Token::Word(name) | Token::Quoted(name) => {
                self.next();
                Ok(name)
            }
            _ => self.error("a name is expected here"),
        }
    }

    pub(super) fn quoted(&mut self) -> Parsed<String> {
        match self.peek().clone() {
            Token::Quoted(text) => {
                self.next();
                Ok(text)
            }
            _ => self.error("a string in quotes is expected here"),
        }
    }

    pub(super) fn unsigned(&mut self) -> Parsed<u64> {
        match *self.peek() {
            Token::Number(value) => {
                self.next();
                Ok(value)
            }
            _ => self.error("a number is expected here"),
        }
    }

    pub(super) fn constant(&mut self) -> Parsed<i64> {
        let sign = if self.accept("-") { -1 } else { 1 };
        let value = sign * i128::from(self.unsigned()?);
        i64::try_from(value).or_else(|_| {
            self.at -= 1;
            self.error("this number does not fit i64")
        })
    }

    /// An optional `@line:column` or `@file:line:column`.
    pub(super) fn position(&mut self) -> Parsed<Pos> {
        let Token::Position(parts) = self.peek().clone() else { return Ok(Pos::default()) };
        let pos = match parts[..] {
            [line, column] => Pos { file: FileId(0), line, column },
            [file, line, column] => Pos { file: FileId(file), line, column },
            _ => return self.error("a position is `@line:column` or `@file:line:column`"),
        };
        self.next();
        Ok(pos)
    }

    pub(super) fn deeper<T>(&mut self, read: impl FnOnce(&mut Parser) -> Parsed<T>) -> Parsed<T> {
        if self.depth == MAX_DEPTH {
            return self.error(format!("more than {MAX_DEPTH} levels of nesting"));
        }
        self.depth += 1;
        let result = read(self);
        self.depth -= 1;
        result
    }

    pub(super) fn list<T>(&mut self, mut read: impl FnMut(&mut Parser) -> Parsed<T>) -> Parsed<Vec<T>> {
        let mut items = vec![read(self)?];
        while self.accept(",") {
            items.push(read(self)?);
        }
        Ok(items)
    }
}

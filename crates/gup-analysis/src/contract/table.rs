//! TOML tables with a memory: what was never asked for is an unknown key.

use std::ops::Range;

use toml::Spanned;
use toml::de::{DeString, DeTable, DeValue};

use super::error::{Errors, did_you_mean};
use super::lex::Literal;

/// A table being read: notes which keys were asked for, so that the others can be called unknown.
pub(super) struct Table<'a> {
    text: &'a str,
    span: Range<usize>,
    values: &'a DeTable<'a>,
    asked: Vec<&'static str>,
}

impl<'a> Table<'a> {
    pub(super) fn new(text: &'a str, span: Range<usize>, values: &'a DeTable<'a>) -> Table<'a> {
        Table { text, span, values, asked: Vec::new() }
    }

    /// Where messages about the table as a whole point: its first line.
    pub(super) fn head(&self) -> Range<usize> {
        let line = self.text[self.span.clone()].lines().next().map_or(0, str::len);
        self.span.start..self.span.start + line
    }

    pub(super) fn has(&self, key: &str) -> bool {
        self.entry(key).is_some()
    }

    fn entry(&self, key: &str) -> Option<(&'a Spanned<DeString<'a>>, &'a Spanned<DeValue<'a>>)> {
        self.values.iter().find(|(name, _)| name.get_ref().as_ref() == key)
    }

    pub(super) fn get(&mut self, key: &'static str) -> Option<&'a Spanned<DeValue<'a>>> {
        self.asked.push(key);
        self.entry(key).map(|(_, value)| value)
    }

    pub(super) fn string(&mut self, key: &'static str, errors: &mut Errors) -> Option<Literal<'a>> {
        let value = self.get(key)?;
        let literal = self.literal(value);
        if literal.is_none() {
            errors.add(value.span(), format!("`{key}` is a string"), format!("{key} = \"…\""));
        }
        literal
    }

    pub(super) fn strings(&mut self, key: &'static str, errors: &mut Errors) -> Vec<Literal<'a>> {
        let Some(value) = self.get(key) else { return Vec::new() };
        let Some(array) = value.get_ref().as_array() else {
            errors.add(value.span(), format!("`{key}` is a list of strings"), format!("{key} = [\"…\"]"));
            return Vec::new();
        };
        let mut texts = Vec::new();
        for item in array.iter() {
            match self.literal(item) {
                Some(text) => texts.push(text),
                None => errors.add(item.span(), format!("`{key}` is a list of strings"), format!("{key} = [\"…\"]")),
            }
        }
        texts
    }

    fn literal(&self, value: &'a Spanned<DeValue<'a>>) -> Option<Literal<'a>> {
        let text = value.get_ref().as_str()?;
        let span = value.span();
        let raw = &self.text[span.clone()];
        let inner = (raw.len() == text.len() + 2 && &raw[1..=text.len()] == text).then_some(span.start + 1);
        Some(Literal { text, span, inner })
    }

    pub(super) fn flag(&mut self, key: &'static str, errors: &mut Errors) -> bool {
        let Some(value) = self.get(key) else { return false };
        value.get_ref().as_bool().unwrap_or_else(|| {
            errors.add(value.span(), format!("`{key}` is true or false"), format!("{key} = true"));
            false
        })
    }

    pub(super) fn table(&mut self, key: &'static str, errors: &mut Errors) -> Option<Table<'a>> {
        let value = self.get(key)?;
        let table = value.get_ref().as_table();
        if table.is_none() {
            errors.add(value.span(), format!("`{key}` is a table"), format!("[{key}]"));
        }
        table.map(|table| Table::new(self.text, value.span(), table))
    }

    pub(super) fn tables(&mut self, key: &'static str, errors: &mut Errors) -> Vec<Table<'a>> {
        let Some(value) = self.get(key) else { return Vec::new() };
        let Some(array) = value.get_ref().as_array() else {
            errors.add(value.span(), format!("`{key}` is a list of tables"), format!("[[{key}]], with two brackets"));
            return Vec::new();
        };
        let mut tables = Vec::new();
        for item in array.iter() {
            match item.get_ref().as_table() {
                Some(table) => tables.push(Table::new(self.text, item.span(), table)),
                None => errors.add(item.span(), format!("`{key}` is a list of tables"), format!("[[{key}]]")),
            }
        }
        tables
    }

    /// Every key must have been asked for.
    pub(super) fn finish(&self, what: &str, errors: &mut Errors) {
        for key in self.values.keys() {
            let word = key.get_ref().as_ref();
            if !self.asked.contains(&word) {
                errors.add(key.span(), format!("{what} has no key `{word}`"), did_you_mean(word, &self.asked));
            }
        }
    }
}

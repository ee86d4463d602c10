//! TOML tables with a memory: what was never asked for is an unknown key.

use std::ops::Range;

use toml::Spanned;
use toml::de::{DeString, DeTable, DeValue};

use super::error::{ContractError, Errors, did_you_mean};
use super::lex::Literal;

/// Reads a file of ours: `fill` asks its top table for the keys that it knows, `what` names the file where others stand.
/// All mistakes, syntax included, come back at once, in the order of their places.
pub fn read_table<T: Default>(
    name: &str,
    text: &str,
    what: &str,
    fill: impl FnOnce(&mut Table<'_>, &mut Errors) -> T,
) -> (T, Vec<ContractError>) {
    let mut errors = Errors::new(name);
    let (document, syntax) = DeTable::parse_recoverable(text);
    for error in &syntax {
        errors.add(error.span().unwrap_or(0..text.len().min(1)), error.message(), "this is no TOML: see https://toml.io");
    }
    let mut content = T::default();
    if syntax.is_empty() {
        let mut top = Table::new(text, document.span(), document.get_ref());
        content = fill(&mut top, &mut errors);
        top.finish(what, &mut errors);
    }
    errors.found.sort_by_key(|error| error.span.start);
    (content, errors.found)
}

/// A table being read: notes which keys were asked for, so that the others can be called unknown.
pub struct Table<'a> {
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
    pub fn head(&self) -> Range<usize> {
        let line = self.text[self.span.clone()].lines().next().map_or(0, str::len);
        self.span.start..self.span.start + line
    }

    pub fn has(&self, key: &str) -> bool {
        self.entry(key).is_some()
    }

    fn entry(&self, key: &str) -> Option<(&'a Spanned<DeString<'a>>, &'a Spanned<DeValue<'a>>)> {
        self.values.iter().find(|(name, _)| name.get_ref().as_ref() == key)
    }

    pub fn get(&mut self, key: &'static str) -> Option<&'a Spanned<DeValue<'a>>> {
        self.asked.push(key);
        self.entry(key).map(|(_, value)| value)
    }

    pub fn string(&mut self, key: &'static str, errors: &mut Errors) -> Option<Literal<'a>> {
        let value = self.get(key)?;
        let literal = self.literal(value);
        if literal.is_none() {
            errors.add(value.span(), format!("`{key}` is a string"), format!("{key} = \"…\""));
        }
        literal
    }

    pub fn strings(&mut self, key: &'static str, errors: &mut Errors) -> Vec<Literal<'a>> {
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

    pub fn flag(&mut self, key: &'static str, errors: &mut Errors) -> bool {
        let Some(value) = self.get(key) else { return false };
        value.get_ref().as_bool().unwrap_or_else(|| {
            errors.add(value.span(), format!("`{key}` is true or false"), format!("{key} = true"));
            false
        })
    }

    pub fn number(&mut self, key: &'static str, errors: &mut Errors) -> Option<i64> {
        let value = self.get(key)?;
        let number = value.get_ref().as_integer().and_then(|number| i64::from_str_radix(number.as_str(), number.radix()).ok());
        if number.is_none() {
            errors.add(value.span(), format!("`{key}` is a number"), format!("{key} = 1"));
        }
        number
    }

    pub fn table(&mut self, key: &'static str, errors: &mut Errors) -> Option<Table<'a>> {
        let value = self.get(key)?;
        let table = value.get_ref().as_table();
        if table.is_none() {
            errors.add(value.span(), format!("`{key}` is a table"), format!("[{key}]"));
        }
        table.map(|table| Table::new(self.text, value.span(), table))
    }

    pub fn tables(&mut self, key: &'static str, errors: &mut Errors) -> Vec<Table<'a>> {
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
    pub fn finish(&self, what: &str, errors: &mut Errors) {
        for key in self.values.keys() {
            let word = key.get_ref().as_ref();
            if !self.asked.contains(&word) {
                errors.add(key.span(), format!("{what} has no key `{word}`"), did_you_mean(word, &self.asked));
            }
        }
    }
}

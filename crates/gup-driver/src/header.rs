//! A C header as a list of items, read as text: enough to say what a change of it may mean for those who include it.
//!
//! The question is which units must be read again when a header changes in memory. Answers may say too much, never too
//! little: whatever has no known shape counts as [`Kind::Unknown`], and then every unit that reads the header is concerned.
//! One thing is not seen: names that two parameters of a macro are pasted together to (`a##b`); their parts stand where the
//! macro is used.

mod lex;
mod shape;

use std::collections::BTreeSet;

pub(crate) use lex::words;
use lex::{Piece, Token};
use shape::Declaration;

/// One macro, declaration, definition or directive, under the conditions around it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Item {
    /// The `#if` lines it is under.
    pub(crate) context: String,
    /// Tokens with one blank between them; of a function what is before its body.
    pub(crate) text: String,
    /// Of a function what is between its braces.
    pub(crate) body: Option<String>,
    pub(crate) kind: Kind,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Kind {
    /// `#define` or `#undef`.
    Macro(String),
    /// A function with its body. `emits`: units have it even if they do not name it.
    Function {
        declares: Declaration,
        emits: bool,
    },
    Declares(Declaration),
    /// An `#include`, a macro used where declarations stand, a table, or something without a known shape.
    Unknown,
}

impl Item {
    /// The names whose meaning this item gives; for a type also those of its members.
    pub(crate) fn names(&self) -> BTreeSet<String> {
        match &self.kind {
            Kind::Macro(name) => [name.clone()].into(),
            Kind::Function { declares, .. } | Kind::Declares(declares) => declares.all(),
            Kind::Unknown => BTreeSet::new(),
        }
    }
}

/// The items of a header in order.
pub(crate) fn items(text: &[u8]) -> Vec<Item> {
    let text = String::from_utf8_lossy(text);
    let mut reader = Reader::default();
    for piece in lex::pieces(&text) {
        match piece {
            Piece::Directive(tokens) => reader.directive(&tokens),
            Piece::Token(token) => reader.token(token),
        }
    }
    if !reader.tokens.is_empty() {
        reader.add(reader.tokens.join(" "), Kind::Unknown);
    }
    reader.items
}

#[derive(Default)]
struct Reader {
    items: Vec<Item>,
    /// Open `#if`s, with the depth at which each began: its branches begin at the same.
    conditions: Vec<(String, i32)>,
    /// Of the item that is not complete; a directive within it is one token.
    tokens: Vec<String>,
    depth: i32,
}

impl Reader {
    fn directive(&mut self, tokens: &[&str]) {
        let text = tokens.join(" ");
        match tokens.first().copied().unwrap_or_default() {
            "if" | "ifdef" | "ifndef" => self.conditions.push((text.clone(), self.depth)),
            "elif" | "else" | "elifdef" | "elifndef" => {
                if let Some((condition, depth)) = self.conditions.last_mut() {
                    condition.push_str(&format!(" / {text}"));
                    self.depth = *depth;
                }
            }
            "endif" => drop(self.conditions.pop()),
            "define" | "undef" => {
                let name = tokens.get(1).copied().unwrap_or_default().to_owned();
                // `X(a)` has a parameter, `X (a)` has none.
                let with_parameters = tokens.get(2).is_some_and(|next| *next == "(" && is_joined(tokens[1], next));
                self.add(if with_parameters { text.replacen(" (", "(", 1) } else { text }, Kind::Macro(name));
                return;
            }
            _ => {
                self.add(text, Kind::Unknown);
                return;
            }
        }
        if !self.tokens.is_empty() {
            self.tokens.push(format!("#{text}"));
        }
    }

    fn token(&mut self, token: Token<'_>) {
        // DEFINE_SOMETHING(x) without a semicolon ends with its line.
        if token.starts_line && self.depth == 0 && shape::is_invocation(&self.tokens) {
            self.finish();
        }
        self.tokens.push(token.text.to_owned());
        match token.text {
            "(" | "[" | "{" => self.depth += 1,
            ")" | "]" | "}" => self.depth = (self.depth - 1).max(0),
            _ => {}
        }
        let ends = match token.text {
            ";" => self.depth == 0,
            "}" => self.depth == 0 && shape::function_head(&self.tokens).is_some(),
            _ => false,
        };
        if ends {
            self.finish();
        }
    }

    fn finish(&mut self) {
        let tokens = std::mem::take(&mut self.tokens);
        let Some(head) = shape::function_head(&tokens) else {
            let kind = shape::declaration(&tokens).map_or(Kind::Unknown, Kind::Declares);
            // A semicolon after a function's body, or after a macro that has its own.
            if tokens.len() > 1 {
                self.add(tokens.join(" "), kind);
            }
            return;
        };
        let (head, body) = tokens.split_at(head);
        let emits = !head.iter().any(|token| token == "static" || token.contains("inline"));
        let kind = shape::declaration(head).map_or(Kind::Unknown, |declares| Kind::Function { declares, emits });
        self.add(head.join(" "), kind);
        if let Some(item) = self.items.last_mut() {
            item.body = Some(body.join(" "));
        }
    }

    fn add(&mut self, text: String, kind: Kind) {
        let context: Vec<&str> = self.conditions.iter().map(|(text, _)| text.as_str()).collect();
        self.items.push(Item { context: context.join(" && "), text, body: None, kind });
    }
}

/// Is there nothing between two tokens of one text?
fn is_joined(one: &str, next: &str) -> bool {
    one.as_bytes().as_ptr_range().end == next.as_ptr()
}

/// What a change of a header may mean.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Difference {
    /// Functions that changed only between their braces.
    pub(crate) bodies: BTreeSet<String>,
    /// Macros, types, members and declarations that changed, came or went.
    pub(crate) names: BTreeSet<String>,
    /// What changed does not tell which names it concerns.
    pub(crate) everything: bool,
}

impl Difference {
    /// `None` stands for a file that is not there.
    pub(crate) fn between(old: Option<&[u8]>, new: Option<&[u8]>) -> Difference {
        let mut difference = Difference { everything: new.is_none(), ..Difference::default() };
        let (old, new) = (items(old.unwrap_or_default()), items(new.unwrap_or_default()));
        let only_in = |items: &[Item], others: &[Item]| -> Vec<Item> {
            let mut others: Vec<&Item> = others.iter().collect();
            others.sort_unstable();
            let mut left = Vec::new();
            for item in items {
                match others.binary_search(&item) {
                    Ok(at) => drop(others.remove(at)),
                    Err(_) => left.push(item.clone()),
                }
            }
            left
        };
        let (mut gone, come) = (only_in(&old, &new), only_in(&new, &old));
        for item in come {
            let same = |other: &Item| (&other.context, &other.text, &other.kind) == (&item.context, &item.text, &item.kind);
            let same_type = |other: &Item| item.is_same_type(other);
            if let Some(at) = gone.iter().position(same).filter(|_| item.body.is_some()) {
                gone.remove(at);
                match item.kind {
                    Kind::Unknown | Kind::Function { emits: true, .. } => difference.everything = true,
                    _ => difference.bodies.extend(item.names()),
                }
            } else if let Some(at) = gone.iter().position(same_type) {
                difference.names.extend(item.changed_members(&gone.remove(at)));
            } else {
                difference.add(&item);
            }
        }
        gone.iter().for_each(|item| difference.add(item));
        difference.names.extend(redefined(&old, &new));
        difference
    }

    /// Nothing but comments and layout changed.
    pub(crate) fn is_empty(&self) -> bool {
        *self == Difference::default()
    }

    /// The meaning of nothing outside function bodies changed.
    pub(crate) fn is_within_bodies(&self) -> bool {
        !self.everything && self.names.is_empty()
    }

    fn add(&mut self, item: &Item) {
        match &item.kind {
            Kind::Unknown | Kind::Function { emits: true, .. } => self.everything = true,
            _ => self.names.extend(item.names()),
        }
    }
}

impl Item {
    fn is_same_type(&self, other: &Item) -> bool {
        match (&self.kind, &other.kind) {
            (Kind::Declares(one), Kind::Declares(two)) => {
                self.context == other.context && one.tag.is_some() && one.tag == two.tag && one.names == two.names && !one.is_enum
            }
            _ => false,
        }
    }

    /// The type's own names and those of members that only one of the two has.
    fn changed_members(&self, other: &Item) -> BTreeSet<String> {
        let (Kind::Declares(one), Kind::Declares(two)) = (&self.kind, &other.kind) else { return BTreeSet::new() };
        let mut names = one.own();
        let differing = |all: &[shape::Member], others: &[shape::Member]| -> Vec<String> {
            all.iter().filter(|member| !others.contains(member)).flat_map(|member| member.names.iter().cloned()).collect()
        };
        names.extend(differing(&one.members, &two.members));
        names.extend(differing(&two.members, &one.members));
        names
    }
}

/// Macros that are defined more than once, if not in the same order.
fn redefined(old: &[Item], new: &[Item]) -> BTreeSet<String> {
    let order = |items: &[Item], name: &str| -> Vec<String> {
        let of_name = |item: &&Item| matches!(&item.kind, Kind::Macro(known) if known == name);
        items.iter().filter(of_name).map(|item| format!("{}: {}", item.context, item.text)).collect()
    };
    let mut seen = BTreeSet::new();
    let mut twice = BTreeSet::new();
    for item in new {
        if let Kind::Macro(name) = &item.kind
            && !seen.insert(name.clone())
        {
            twice.insert(name.clone());
        }
    }
    twice.retain(|name| order(old, name) != order(new, name));
    twice
}

#[cfg(test)]
mod tests;

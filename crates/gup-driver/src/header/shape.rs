//! The shapes of C declarations: which names they declare, which words they need, and whether by value.

use std::collections::BTreeSet;

use super::lex::words;

/// What a declaration declares.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Declaration {
    /// Functions, variables, typedefs.
    pub(crate) names: BTreeSet<String>,
    /// Of a structure, union or enumeration that is defined here.
    pub(crate) tag: Option<String>,
    pub(crate) is_enum: bool,
    /// Of a structure or union, those of nested ones too.
    pub(crate) members: Vec<Member>,
    /// Words that the names' meaning depends on; not those that only parameters point to.
    pub(crate) needs: BTreeSet<String>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Member {
    pub(crate) names: BTreeSet<String>,
    pub(crate) words: BTreeSet<String>,
    /// Words that its size depends on.
    pub(crate) by_value: BTreeSet<String>,
}

impl Declaration {
    /// The names without those of members.
    pub(crate) fn own(&self) -> BTreeSet<String> {
        self.names.iter().chain(&self.tag).cloned().collect()
    }

    pub(crate) fn all(&self) -> BTreeSet<String> {
        self.own().into_iter().chain(self.members.iter().flat_map(|member| member.names.iter().cloned())).collect()
    }
}

const QUALIFIERS: &[&str] = &[
    "static",
    "extern",
    "inline",
    "__inline",
    "__inline__",
    "const",
    "volatile",
    "register",
    "typedef",
    "restrict",
    "__restrict",
    "_Noreturn",
    "__extension__",
    "__const",
    "__volatile__",
    "return",
];
const TYPES: &[&str] = &[
    "void",
    "char",
    "short",
    "int",
    "long",
    "float",
    "double",
    "signed",
    "unsigned",
    "_Bool",
    "__signed__",
    "__int128",
    "_Float16",
];
/// They have something in brackets that declares nothing.
const BRACKETED: &[&str] = &[
    "__attribute__",
    "__attribute",
    "_Alignas",
    "typeof",
    "__typeof__",
    "__typeof",
    "typeof_unqual",
    "asm",
    "__asm__",
    "__asm",
    "_Static_assert",
    "static_assert",
    "alignas",
];

fn is_word(token: &str) -> bool {
    token.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
}

fn is_name(token: &str) -> bool {
    is_word(token) && ![QUALIFIERS, TYPES, BRACKETED].iter().any(|list| list.contains(&token)) && !is_record(token)
}

fn is_record(token: &str) -> bool {
    matches!(token, "struct" | "union" | "enum")
}

/// The index after the bracket that closes the one at `open`.
fn after<T: AsRef<str>>(tokens: &[T], open: usize) -> usize {
    let mut depth = 0;
    for (at, token) in tokens.iter().enumerate().skip(open) {
        match token.as_ref() {
            "(" | "[" | "{" => depth += 1,
            ")" | "]" | "}" => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return at + 1;
        }
    }
    tokens.len()
}

/// A macro used where a declaration stands: `NAME(…)` and nothing else.
pub(super) fn is_invocation(tokens: &[String]) -> bool {
    tokens.len() > 2 && is_name(&tokens[0]) && tokens[1] == "(" && after(tokens, 1) == tokens.len()
}

/// The index of the brace that opens the body, if this is a function's definition.
pub(super) fn function_head(tokens: &[String]) -> Option<usize> {
    let mut at = 0;
    let (mut has_parameters, mut record) = (false, None);
    while at < tokens.len() {
        match tokens[at].as_str() {
            "{" => {
                let is_last = |token: &str| at > 0 && tokens[at - 1] == token;
                let aggregate = record.is_some_and(|record: usize| is_tag_only(&tokens[record..at]) || !is_last(")"));
                let ends = after(tokens, at) == tokens.len() && tokens.last().is_some_and(|last| last == "}");
                return (has_parameters && !aggregate && ends).then_some(at);
            }
            "=" | "typedef" | ";" => return None,
            "(" => {
                has_parameters |= at > 0 && !BRACKETED.contains(&tokens[at - 1].as_str());
                at = after(tokens, at);
                continue;
            }
            token if is_record(token) => record = Some(at + 1),
            _ => {}
        }
        at += 1;
    }
    None
}

/// Between `struct` and its brace: at most a tag and attributes.
fn is_tag_only(tokens: &[String]) -> bool {
    let mut at = 0;
    while at < tokens.len() {
        match tokens[at].as_str() {
            "(" if at == 0 || !BRACKETED.contains(&tokens[at - 1].as_str()) => return false,
            "(" => at = after(tokens, at),
            "*" => return false,
            _ => at += 1,
        }
    }
    true
}

/// Reads a declaration, or what is before a function's body. `None`: it has no shape that is known.
pub(super) fn declaration(tokens: &[String]) -> Option<Declaration> {
    let mut tokens: Vec<&str> = tokens.iter().map(String::as_str).collect();
    if tokens.last() == Some(&";") {
        tokens.pop();
    }
    let mut declaration = Declaration::default();
    let flat = without_record(&tokens, &mut declaration);
    let declarators = Declarators::of(&flat)?;
    declaration.names = declarators.names;
    declaration.needs.extend(declarators.needs);
    let is_forward = tokens.len() == 2 && is_record(tokens[0]);
    let is_something =
        !declaration.names.is_empty() || declaration.tag.is_some() || !declaration.members.is_empty() || is_forward;
    is_something.then_some(declaration)
}

/// The tokens with the body of the structure or enumeration that they define taken out into `declaration`.
fn without_record<'t>(tokens: &[&'t str], declaration: &mut Declaration) -> Vec<&'t str> {
    let Some(open) = tokens.iter().position(|token| *token == "{") else { return tokens.to_vec() };
    let Some(keyword) = tokens[..open].iter().rposition(|token| is_record(token)) else { return tokens.to_vec() };
    let end = after(tokens, open);
    let body = &tokens[open + 1..end.saturating_sub(1).max(open + 1)];
    declaration.is_enum = tokens[keyword] == "enum";
    declaration.tag = tokens[keyword + 1..open].iter().find(|token| is_name(token)).map(|tag| (*tag).to_owned());
    if declaration.is_enum {
        // Every enumerator counts on from the one before.
        let names: BTreeSet<String> = body.iter().flat_map(|token| words(token)).map(str::to_owned).collect();
        declaration.needs.extend(names.iter().cloned());
        declaration.members.push(Member { names, ..Member::default() });
    } else {
        declaration.members = members(body);
    }
    [&tokens[..keyword], &["int"], &tokens[end..]].concat()
}

fn members(body: &[&str]) -> Vec<Member> {
    let mut all = Vec::new();
    let mut start = 0;
    let mut at = 0;
    while at <= body.len() {
        match body.get(at).copied().unwrap_or(";") {
            "(" | "[" => {
                at = after(body, at).max(at + 1);
                continue;
            }
            // Members of what is nested are the structure's own.
            ";" | "{" | "}" => {
                all.extend(member(&body[start..at]));
                start = at + 1;
            }
            _ => {}
        }
        at += 1;
    }
    all
}

fn member(tokens: &[&str]) -> Option<Member> {
    let words: BTreeSet<String> = tokens.iter().flat_map(|token| words(token)).map(str::to_owned).collect();
    if words.is_empty() {
        return None;
    }
    let plain: Vec<&str> = tokens.iter().copied().filter(|token| !token.starts_with('#')).collect();
    let names = match Declarators::of(&plain) {
        Some(declarators) if !declarators.names.is_empty() => declarators.names,
        // A macro that declares members, or what follows a nested structure.
        _ => words.iter().filter(|word| is_name(word)).cloned().collect(),
    };
    let by_value = match plain.iter().position(|token| *token == "*") {
        None => words.clone(),
        // The length of an array of pointers.
        Some(_) => sizes(&plain),
    };
    Some(Member { names, words, by_value })
}

/// Words between square brackets.
fn sizes(tokens: &[&str]) -> BTreeSet<String> {
    let opens = (0..tokens.len()).filter(|at| tokens[*at] == "[");
    opens
        .flat_map(|open| &tokens[open..after(tokens, open)])
        .filter(|token| is_word(token))
        .map(|word| (*word).to_owned())
        .collect()
}

/// The names of a declaration without the bodies of types in it.
#[derive(Default)]
struct Declarators {
    names: BTreeSet<String>,
    needs: BTreeSet<String>,
}

impl Declarators {
    fn of(tokens: &[&str]) -> Option<Declarators> {
        let mut found = Declarators::default();
        // A type was seen, so that the next name is declared.
        let mut typed = false;
        let mut at = 0;
        while at < tokens.len() {
            let token = tokens[at];
            let next = tokens.get(at + 1).copied().unwrap_or_default();
            match token {
                // An initialiser: a table or a constant that units have without naming it.
                "=" | "{" => return None,
                "[" | ":" => {
                    let end = if token == "[" { after(tokens, at) } else { at + 1 };
                    found.need(&tokens[at..end]);
                    at = end;
                    continue;
                }
                "(" => at = found.group(tokens, at, typed)?,
                _ if token.starts_with('#') => found.need(&[token]),
                _ if BRACKETED.contains(&token) => {
                    typed |= token.contains("typeof");
                    if next == "(" {
                        let end = after(tokens, at + 1);
                        found.need(&tokens[at + 1..end]);
                        at = end;
                        continue;
                    }
                }
                _ if is_record(token) => {
                    found.need(&[next]);
                    typed = true;
                    at += 1;
                }
                _ if TYPES.contains(&token) => typed = true,
                _ if is_name(token) && !typed => {
                    found.need(&[token]);
                    let group = (next == "(").then(|| after(tokens, at + 1));
                    match group {
                        // foo_t (*name)(int), or an attribute before the type.
                        Some(_) if tokens.get(at + 2) == Some(&"*") => typed = true,
                        Some(end) => {
                            found.need(&tokens[at + 1..end]);
                            at = end;
                            continue;
                        }
                        None => typed = !starts_type(next),
                    }
                }
                _ if is_name(token) => drop(found.names.insert(token.to_owned())),
                _ => {}
            }
            at += 1;
        }
        Some(found)
    }

    /// A bracket at this level: parameters after a name, or `(*name)` with parameters behind. Gives the index of its end.
    fn group(&mut self, tokens: &[&str], open: usize, typed: bool) -> Option<usize> {
        let end = after(tokens, open);
        let inside = &tokens[open + 1..end - 1];
        let is_after_name = open > 0 && is_name(tokens[open - 1]) && inside.first() != Some(&"*");
        if is_after_name || (open > 0 && tokens[open - 1] == ")") {
            self.parameters(inside);
            return Some(end - 1);
        }
        // The declarator: its first name, and what its own parameters need.
        if !typed {
            return None;
        }
        let name = inside.iter().position(|token| is_name(token))?;
        self.names.extend(inside.iter().filter(|token| is_name(token)).map(|token| (*token).to_owned()));
        self.need(&inside[name..]);
        Some(end - 1)
    }

    /// A parameter that is a pointer does not depend on what it points to.
    fn parameters(&mut self, tokens: &[&str]) {
        for parameter in tokens.split(|token| *token == ",") {
            if !parameter.contains(&"*") {
                self.need(parameter);
            }
        }
    }

    fn need(&mut self, tokens: &[&str]) {
        self.needs.extend(tokens.iter().flat_map(|token| words(token)).filter(|word| is_name(word)).map(str::to_owned));
    }
}

/// Does a type begin here, so that the word before is an attribute?
fn starts_type(token: &str) -> bool {
    is_record(token) || TYPES.contains(&token) || QUALIFIERS.contains(&token)
}

//! `$(…)`: variables and the text functions of GNU make.

use std::path::{Component, Path, PathBuf};

use super::makefile::Makefile;
use crate::limits;

pub(super) fn variable(make: &mut Makefile, name: &str) -> String {
    if let Some(var) = make.vars.get(name) {
        let value = var.value.clone();
        return if var.simple { value } else { expand(make, &value) };
    }
    make.config.get(name).cloned().unwrap_or_default()
}

pub(super) fn expand(make: &mut Makefile, text: &str) -> String {
    let Some(first) = text.find('$') else { return text.to_owned() };
    make.budget = make.budget.saturating_sub(text.len() as u64);
    if make.budget == 0 || make.depth >= limits::MAKE_EXPAND_DEPTH {
        return String::new();
    }
    make.depth += 1;
    let mut out = text[..first].to_owned();
    let mut rest = &text[first..];
    while let Some(at) = rest.find('$') {
        out.push_str(&rest[..at]);
        rest = &rest[at + 1..];
        let Some(c) = rest.chars().next() else { break };
        match c {
            '$' => out.push('$'),
            '(' | '{' => {
                let end = matching(rest, c);
                let inside = rest.get(1..end).unwrap_or("");
                let value = reference(make, inside);
                out.push_str(&value);
                rest = rest.get(end + 1..).unwrap_or("");
                continue;
            }
            _ => out.push_str(&variable(make, &c.to_string())),
        }
        rest = &rest[c.len_utf8()..];
    }
    out.push_str(rest);
    make.depth -= 1;
    make.budget = make.budget.saturating_sub(out.len() as u64);
    out
}

/// Offset of the bracket that closes the one `text` starts with; the text's length when there is none.
fn matching(text: &str, open: char) -> usize {
    let close = if open == '(' { ')' } else { '}' };
    let mut depth = 0u32;
    for (at, c) in text.char_indices() {
        if c == open {
            depth += 1;
        } else if c == close {
            depth -= 1;
            if depth == 0 {
                return at;
            }
        }
    }
    text.len()
}

/// What stands between the brackets: a function call, a substitution reference or a variable's name.
fn reference(make: &mut Makefile, inside: &str) -> String {
    if let Some((word, arguments)) = inside.split_once([' ', '\t'])
        && FUNCTIONS.contains(&word)
    {
        return function(make, word, arguments.trim_start());
    }
    let name = expand(make, inside);
    if let Some((name, pattern)) = name.split_once(':')
        && let Some((from, to)) = pattern.split_once('=')
    {
        let value = variable(make, name);
        let from = if from.contains('%') { from.to_owned() } else { format!("%{from}") };
        let to = if to.contains('%') { to.to_owned() } else { format!("%{to}") };
        return map_words(&value, |word| substitute(word, &from, &to));
    }
    variable(make, name.trim())
}

const FUNCTIONS: &[&str] = &[
    "abspath",
    "addprefix",
    "addsuffix",
    "and",
    "basename",
    "call",
    "dir",
    "error",
    "eval",
    "file",
    "filter",
    "filter-out",
    "findstring",
    "firstword",
    "flavor",
    "foreach",
    "if",
    "info",
    "intcmp",
    "join",
    "lastword",
    "let",
    "notdir",
    "or",
    "origin",
    "patsubst",
    "realpath",
    "shell",
    "sort",
    "strip",
    "subst",
    "suffix",
    "value",
    "warning",
    "wildcard",
    "word",
    "wordlist",
    "words",
];

fn function(make: &mut Makefile, name: &str, text: &str) -> String {
    let raw = split_arguments(text);
    match name {
        "if" => {
            let chosen = if is_true(make, raw[0]) { raw.get(1) } else { raw.get(2) };
            return chosen.map(|text| expand(make, text)).unwrap_or_default();
        }
        "or" => return raw.iter().map(|text| expand(make, text)).find(|value| !value.trim().is_empty()).unwrap_or_default(),
        "and" => return all_true(make, &raw),
        "foreach" => return foreach(make, &raw),
        "call" => return call(make, &raw),
        "eval" => {
            let text = expand(make, text);
            make.evaluate(&text);
            return String::new();
        }
        // Nothing of the tree is executed or written, and it is not for us to complain about it.
        "shell" | "file" | "error" | "warning" | "info" | "let" => return String::new(),
        _ => {}
    }
    let args: Vec<String> = match name {
        // One argument: commas are text.
        "strip" | "sort" | "words" | "firstword" | "lastword" | "dir" | "notdir" | "suffix" | "basename" | "wildcard"
        | "abspath" | "realpath" | "origin" | "flavor" | "value" => vec![expand(make, text)],
        _ => raw.iter().map(|text| expand(make, text)).collect(),
    };
    let arg = |n: usize| args.get(n).map_or("", String::as_str);
    match name {
        "wildcard" => wildcard(make, arg(0)),
        "abspath" | "realpath" => {
            let base = make.directory.clone();
            map_words(arg(0), |word| normalize(&base.join(word)).to_string_lossy().into_owned())
        }
        "origin" | "flavor" => if make.vars.contains_key(arg(0).trim()) { "file" } else { "undefined" }.to_owned(),
        "value" => make.vars.get(arg(0).trim()).map(|var| var.value.clone()).unwrap_or_default(),
        _ => text_function(name, &args),
    }
}

/// The functions that know nothing but their arguments.
fn text_function(name: &str, args: &[String]) -> String {
    let arg = |n: usize| args.get(n).map_or("", String::as_str);
    let nth = |n: &str| n.trim().parse::<usize>().unwrap_or(0);
    match name {
        "subst" => match arg(0) {
            "" => arg(2).to_owned(),
            from => arg(2).replace(from, arg(1)),
        },
        "patsubst" => map_words(arg(2), |word| substitute(word, arg(0).trim(), arg(1).trim())),
        "strip" => map_words(arg(0), str::to_owned),
        "findstring" => if arg(1).contains(arg(0)) { arg(0) } else { "" }.to_owned(),
        "filter" => keep_words(arg(1), |word| arg(0).split_whitespace().any(|pattern| matches(word, pattern))),
        "filter-out" => keep_words(arg(1), |word| !arg(0).split_whitespace().any(|pattern| matches(word, pattern))),
        "sort" => {
            let mut words: Vec<&str> = arg(0).split_whitespace().collect();
            words.sort_unstable();
            words.dedup();
            words.join(" ")
        }
        "word" => arg(1).split_whitespace().nth(nth(arg(0)).wrapping_sub(1)).unwrap_or("").to_owned(),
        "wordlist" => {
            let (from, to) = (nth(arg(0)).max(1), nth(arg(1)));
            let words: Vec<&str> = arg(2).split_whitespace().take(to).skip(from - 1).collect();
            words.join(" ")
        }
        "words" => arg(0).split_whitespace().count().to_string(),
        "firstword" => arg(0).split_whitespace().next().unwrap_or("").to_owned(),
        "lastword" => arg(0).split_whitespace().last().unwrap_or("").to_owned(),
        "dir" => map_words(arg(0), |word| word.rfind('/').map_or("./", |at| &word[..=at]).to_owned()),
        "notdir" => map_words(arg(0), |word| word.rsplit('/').next().unwrap_or("").to_owned()),
        "suffix" => map_words(arg(0), |word| suffix_at(word).map_or("", |at| &word[at..]).to_owned()),
        "basename" => map_words(arg(0), |word| suffix_at(word).map_or(word, |at| &word[..at]).to_owned()),
        "addprefix" => map_words(arg(1), |word| format!("{}{word}", arg(0))),
        "addsuffix" => map_words(arg(1), |word| format!("{word}{}", arg(0))),
        "join" => join(arg(0), arg(1)),
        "intcmp" => intcmp(args),
        _ => String::new(),
    }
}

/// `$(call name,args…)`: probes of the compiler are answered here, everything else is a variable with `$1`, `$2`…
fn call(make: &mut Makefile, raw: &[&str]) -> String {
    let args: Vec<String> = raw.iter().map(|text| expand(make, text)).collect();
    let name = args[0].trim().to_owned();
    let arg = |n: usize| args.get(n).map_or("", |text| text.trim());
    let number = |n: usize| arg(n).parse::<i64>().unwrap_or(0);
    let yes = |holds: bool| if holds { "y" } else { "" }.to_owned();
    match name.as_str() {
        // Flags that libclang does not know are dropped later, so a probe may always say yes.
        "cc-option" | "__cc-option" | "as-option" => return arg(1).to_owned(),
        "cc-option-yn" => return "y".to_owned(),
        "cc-disable-warning" | "ld-option" | "as-instr" | "try-run" => return String::new(),
        "test-ge" => return yes(number(1) >= number(2)),
        "test-gt" => return yes(number(1) > number(2)),
        "test-le" => return yes(number(1) <= number(2)),
        "test-lt" => return yes(number(1) < number(2)),
        "gcc-min-version" | "clang-min-version" => {
            let key = if name.starts_with("gcc") { "CONFIG_GCC_VERSION" } else { "CONFIG_CLANG_VERSION" };
            let version = make.config.get(key).and_then(|text| text.parse::<i64>().ok()).unwrap_or(0);
            return yes(version >= number(1));
        }
        _ => {}
    }
    let Some(body) = make.vars.get(&name).map(|var| var.value.clone()) else { return String::new() };
    let saved: Vec<_> = (0..10).map(|n| make.vars.remove(&n.to_string())).collect();
    for (n, value) in args.iter().enumerate().take(10) {
        make.set(&n.to_string(), value);
    }
    let value = expand(make, &body);
    for (n, old) in saved.into_iter().enumerate() {
        match old {
            Some(var) => make.vars.insert(n.to_string(), var),
            None => make.vars.remove(&n.to_string()),
        };
    }
    value
}

fn foreach(make: &mut Makefile, raw: &[&str]) -> String {
    let [name, list, body, ..] = raw else { return String::new() };
    let (name, list) = (expand(make, name).trim().to_owned(), expand(make, list));
    let saved = make.vars.remove(&name);
    let mut values = Vec::new();
    for word in list.split_whitespace() {
        make.set(&name, word);
        values.push(expand(make, body));
        if make.budget == 0 {
            break;
        }
    }
    match saved {
        Some(var) => make.vars.insert(name, var),
        None => make.vars.remove(&name),
    };
    values.join(" ")
}

fn is_true(make: &mut Makefile, text: &str) -> bool {
    !expand(make, text.trim()).is_empty()
}

fn all_true(make: &mut Makefile, raw: &[&str]) -> String {
    let mut last = String::new();
    for text in raw {
        last = expand(make, text.trim());
        if last.is_empty() {
            break;
        }
    }
    last
}

/// Splits at commas outside nested references.
fn split_arguments(text: &str) -> Vec<&str> {
    let mut parts = Vec::new();
    let (mut depth, mut start) = (0u32, 0);
    for (at, c) in text.char_indices() {
        match c {
            '(' | '{' => depth += 1,
            ')' | '}' => depth = depth.saturating_sub(1),
            ',' if depth == 0 => {
                parts.push(&text[start..at]);
                start = at + 1;
            }
            _ => {}
        }
    }
    parts.push(&text[start..]);
    parts
}

fn wildcard(make: &Makefile, patterns: &str) -> String {
    let mut found = Vec::new();
    for pattern in patterns.split_whitespace() {
        let path = make.directory.join(pattern);
        let (Some(directory), Some(last)) = (path.parent(), path.file_name().map(|name| name.to_string_lossy().into_owned()))
        else {
            continue;
        };
        if !last.contains('*') {
            if path.exists() {
                found.push(pattern.to_owned());
            }
            continue;
        }
        let prefix = pattern.rfind('/').map_or("", |at| &pattern[..=at]);
        let mut names: Vec<String> = std::fs::read_dir(directory)
            .into_iter()
            .flatten()
            .flatten()
            .map(|entry| entry.file_name().to_string_lossy().into_owned())
            .filter(|name| matches(name, &last.replacen('*', "%", 1)))
            .collect();
        names.sort();
        found.extend(names.into_iter().map(|name| format!("{prefix}{name}")));
    }
    found.join(" ")
}

/// `$(intcmp lhs,rhs[,lt[,eq[,gt]]])`
fn intcmp(args: &[String]) -> String {
    let number = |n: usize| args.get(n).and_then(|text| text.trim().parse::<i64>().ok()).unwrap_or(0);
    let pick = match number(0).cmp(&number(1)) {
        std::cmp::Ordering::Less => 2,
        std::cmp::Ordering::Equal => 3,
        std::cmp::Ordering::Greater => 4,
    };
    let known = args.len().saturating_sub(1).max(2);
    args.get(pick.min(known)).cloned().unwrap_or_default()
}

fn join(left: &str, right: &str) -> String {
    let (mut left, mut right) = (left.split_whitespace(), right.split_whitespace());
    let mut out = Vec::new();
    loop {
        match (left.next(), right.next()) {
            (None, None) => return out.join(" "),
            (a, b) => out.push(format!("{}{}", a.unwrap_or(""), b.unwrap_or(""))),
        }
    }
}

fn suffix_at(word: &str) -> Option<usize> {
    let name = word.rfind('/').map_or(0, |at| at + 1);
    word[name..].rfind('.').map(|at| name + at)
}

fn map_words(text: &str, f: impl Fn(&str) -> String) -> String {
    text.split_whitespace().map(f).filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ")
}

fn keep_words(text: &str, f: impl Fn(&str) -> bool) -> String {
    text.split_whitespace().filter(|word| f(word)).collect::<Vec<_>>().join(" ")
}

/// Does the word match a pattern with at most one `%`?
fn matches(word: &str, pattern: &str) -> bool {
    stem(word, pattern).is_some()
}

fn stem<'a>(word: &'a str, pattern: &str) -> Option<&'a str> {
    match pattern.split_once('%') {
        None => (word == pattern).then_some(""),
        Some((before, after)) => {
            let rest = word.strip_prefix(before)?;
            rest.strip_suffix(after)
        }
    }
}

fn substitute(word: &str, from: &str, to: &str) -> String {
    match stem(word, from) {
        Some(stem) if from.contains('%') => to.replacen('%', stem, 1),
        Some(_) => to.to_owned(),
        None => word.to_owned(),
    }
}

/// `a/./b/../c` → `a/c`, without asking the file system.
pub(crate) fn normalize(path: &Path) -> PathBuf {
    let mut out = PathBuf::new();
    for component in path.components() {
        match component {
            Component::CurDir => {}
            Component::ParentDir if matches!(out.components().next_back(), Some(Component::Normal(_))) => {
                out.pop();
            }
            other => out.push(other),
        }
    }
    out
}

//! Reads makefiles: the part of GNU make's language that says what is built and with which flags.
//!
//! Assignments, conditionals, includes, `define`, and the text functions are evaluated; recipes and rules are skipped.
//! Nothing is ever executed: `$(shell …)` is empty, and probes of the compiler (`cc-option` and kin) are answered here.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::expand;
use crate::limits;
use crate::version::Version;

/// Variables after the makefiles that were read.
#[derive(Clone)]
pub(crate) struct Makefile {
    pub(super) vars: BTreeMap<String, Var>,
    pub(super) exported: BTreeSet<String>,
    /// The tree's configuration (`CONFIG_…`), shared by all directories.
    pub(super) config: Arc<BTreeMap<String, String>>,
    /// Relative names of files are relative to this directory (make's working directory: the build tree).
    pub(super) directory: PathBuf,
    /// …or else to this one (Kbuild runs make with `--include-dir=<tree>`).
    include_directory: PathBuf,
    /// Files of the tree (the include directory) whose content is not the one on disk.
    version: Arc<Version>,
    /// Work left; a hostile makefile runs dry instead of running for ever.
    pub(super) budget: u64,
    pub(super) depth: u32,
    include_depth: u32,
}

#[derive(Clone)]
pub(super) struct Var {
    pub(super) value: String,
    /// `:=` was expanded when it was set; `=` is expanded when it is used.
    pub(super) simple: bool,
}

impl Makefile {
    /// `tree` is where make looks for included files that `directory` does not have.
    pub(crate) fn new(directory: &Path, tree: &Path, config: Arc<BTreeMap<String, String>>, version: Arc<Version>) -> Makefile {
        let mut make = Makefile {
            vars: BTreeMap::new(),
            exported: BTreeSet::new(),
            config,
            directory: directory.to_path_buf(),
            include_directory: tree.to_path_buf(),
            version,
            budget: limits::MAKE_BUDGET,
            depth: 0,
            include_depth: 0,
        };
        for (name, value) in [("comma", ","), ("quote", "\""), ("squote", "'"), ("empty", ""), ("space", " "), ("pound", "#")] {
            make.set(name, value);
        }
        make
    }

    /// What a makefile run from here as a sub-make sees: exported variables only.
    pub(crate) fn child(&self) -> Makefile {
        let mut child =
            Makefile::new(&self.directory, &self.include_directory, Arc::clone(&self.config), Arc::clone(&self.version));
        for name in &self.exported {
            if let Some(var) = self.vars.get(name) {
                let value = if var.simple { var.value.clone() } else { self.clone().expand(&var.value) };
                child.set(name, &value);
                child.exported.insert(name.clone());
            }
        }
        child
    }

    pub(crate) fn set(&mut self, name: &str, value: &str) {
        self.vars.insert(name.to_owned(), Var { value: value.to_owned(), simple: true });
    }

    pub(crate) fn export(&mut self, name: &str) {
        self.exported.insert(name.to_owned());
    }

    /// The variable's expanded value; empty when it is not set.
    pub(crate) fn get(&mut self, name: &str) -> String {
        expand::variable(self, name)
    }

    pub(crate) fn words(&mut self, name: &str) -> Vec<String> {
        self.get(name).split_whitespace().map(str::to_owned).collect()
    }

    pub(crate) fn expand(&mut self, text: &str) -> String {
        expand::expand(self, text)
    }

    /// Reads a file; false when there is none.
    pub(crate) fn read(&mut self, path: &Path) -> bool {
        let read = self.content(&self.directory.join(path)).or_else(|| self.content(&self.include_directory.join(path)));
        let Some(bytes) = read else { return false };
        if self.include_depth < limits::MAKE_INCLUDE_DEPTH {
            self.include_depth += 1;
            self.evaluate(&String::from_utf8_lossy(&bytes));
            self.include_depth -= 1;
        }
        true
    }

    fn content(&self, path: &Path) -> Option<Vec<u8>> {
        let path = super::normalize(path);
        match path.strip_prefix(&self.include_directory).ok().and_then(Path::to_str) {
            Some(below) => self.version.read(&self.include_directory, below),
            None => std::fs::read(path).ok(),
        }
    }

    /// Evaluates makefile text.
    pub(crate) fn evaluate(&mut self, text: &str) {
        let mut conditions: Vec<Condition> = Vec::new();
        let mut in_rule = false;
        let mut lines = logical_lines(text).into_iter();
        while let Some(raw) = lines.next() {
            if self.budget == 0 {
                return;
            }
            let active = conditions.iter().all(|condition| condition.active);
            if raw.starts_with('\t') && in_rule {
                continue;
            }
            let line = strip_comment(&raw);
            let line = line.trim();
            if line.is_empty() || self.conditional(line, &mut conditions) {
                continue;
            }
            if let Some(rest) = directive(line, "define") {
                let body = take_define(&mut lines);
                if active {
                    let name = rest.trim_end_matches(['=', ':', '+', '?']).trim().to_owned();
                    self.vars.insert(name, Var { value: body, simple: false });
                }
                in_rule = false;
            } else if active {
                in_rule = self.statement(line);
            }
        }
    }

    /// One line that is no conditional. True when it is a rule, so that tabbed lines after it are its recipe.
    fn statement(&mut self, line: &str) -> bool {
        if let Some(files) = ["include", "-include", "sinclude"].iter().find_map(|word| directive(line, word)) {
            let files = self.expand(files);
            for file in files.split_whitespace() {
                self.read(Path::new(file));
            }
        } else if let Some(rest) = directive(line, "override").or_else(|| directive(line, "private")) {
            return self.statement(rest);
        } else if let Some(rest) = directive(line, "export") {
            self.exported_by(rest);
        } else if let Some(name) = directive(line, "undefine") {
            self.vars.remove(name);
        } else if directive(line, "unexport").is_some() || directive(line, "vpath").is_some() {
            // Neither matters here.
        } else if let Some(assignment) = split_assignment(line) {
            self.assign(&assignment);
        } else if find_outside_references(line, ':').is_some() {
            return true;
        } else {
            // $(eval …), $(error …), $(call …) on a line of their own.
            let text = self.expand(line);
            if split_assignment(&text).is_some() {
                self.evaluate(&text);
            }
        }
        false
    }

    /// `export NAME = value` or `export NAME…`
    fn exported_by(&mut self, rest: &str) {
        match split_assignment(rest) {
            Some(assignment) => {
                let name = self.expand(assignment.name);
                self.assign(&assignment);
                self.exported.insert(name);
            }
            None => {
                let names = self.expand(rest);
                self.exported.extend(names.split_whitespace().map(str::to_owned));
            }
        }
    }

    fn assign(&mut self, assignment: &Assignment<'_>) {
        let name = self.expand(assignment.name).trim().to_owned();
        match assignment.operator {
            Operator::Recursive => {
                self.vars.insert(name, Var { value: assignment.value.to_owned(), simple: false });
            }
            Operator::Simple => {
                let value = self.expand(assignment.value);
                self.set(&name, &value);
            }
            Operator::Default => {
                self.vars.entry(name).or_insert_with(|| Var { value: assignment.value.to_owned(), simple: false });
            }
            Operator::Append => self.append(name, assignment.value),
            Operator::Shell => self.set(&name, ""),
        }
    }

    fn append(&mut self, name: String, value: &str) {
        let simple = self.vars.get(&name).is_some_and(|var| var.simple);
        let added = if simple { self.expand(value) } else { value.to_owned() };
        self.budget = self.budget.saturating_sub(added.len() as u64);
        let var = self.vars.entry(name).or_insert(Var { value: String::new(), simple: false });
        if var.value.len() < limits::MAKE_VARIABLE_BYTES {
            if !var.value.is_empty() {
                var.value.push(' ');
            }
            var.value.push_str(&added);
        }
    }

    /// Handles `ifeq`, `else`, `endif` and kin; false when the line is none of them.
    fn conditional(&mut self, line: &str, conditions: &mut Vec<Condition>) -> bool {
        if line == "endif" || line.starts_with("endif ") {
            conditions.pop();
            return true;
        }
        if line == "else" || directive(line, "else").is_some() {
            let outer = conditions.iter().rev().skip(1).all(|condition| condition.active);
            let Some(mut last) = conditions.pop() else { return true };
            last.active = outer && !last.taken;
            if let Some(test) = directive(line, "else").filter(|test| is_test(test)) {
                last.active = last.active && self.test(test);
            }
            last.taken |= last.active;
            conditions.push(last);
            return true;
        }
        if !is_test(line) {
            return false;
        }
        let active = conditions.iter().all(|condition| condition.active) && self.test(line);
        conditions.push(Condition { active, taken: active });
        true
    }

    /// `ifeq (a,b)`, `ifneq "a" "b"`, `ifdef NAME`, `ifndef NAME`.
    fn test(&mut self, line: &str) -> bool {
        if let Some(name) = directive(line, "ifdef") {
            return self.is_defined(name);
        }
        if let Some(name) = directive(line, "ifndef") {
            return !self.is_defined(name);
        }
        let (equal, rest) = match (directive(line, "ifeq"), directive(line, "ifneq")) {
            (Some(rest), _) => (true, rest),
            (_, Some(rest)) => (false, rest),
            _ => return false,
        };
        let (left, right) = comparands(rest.trim());
        let (left, right) = (self.expand(left), self.expand(right));
        (left == right) == equal
    }

    fn is_defined(&mut self, name: &str) -> bool {
        let name = self.expand(name).trim().to_owned();
        match self.vars.get(&name) {
            Some(var) => !var.value.is_empty(),
            None => self.config.contains_key(&name),
        }
    }
}

struct Condition {
    active: bool,
    /// Some branch of it was active already.
    taken: bool,
}

struct Assignment<'a> {
    name: &'a str,
    operator: Operator,
    value: &'a str,
}

enum Operator {
    Recursive,
    Simple,
    Append,
    Default,
    Shell,
}

fn is_test(line: &str) -> bool {
    ["ifeq", "ifneq", "ifdef", "ifndef"]
        .iter()
        .any(|word| directive(line, word).is_some() || line.starts_with(&format!("{word}(")))
}

/// The text after `word`, when the line starts with that word.
fn directive<'a>(line: &'a str, word: &str) -> Option<&'a str> {
    let rest = line.strip_prefix(word)?;
    // `export := x` and `include = y` are assignments.
    let starts_word = rest.starts_with([' ', '\t', '(']);
    let assigns = rest.trim_start().starts_with(['=', ':', '+', '?']);
    (starts_word && !assigns).then(|| rest.trim())
}

/// Lines with backslash continuations joined. A continuation and the blanks around it are one space.
fn logical_lines(text: &str) -> Vec<String> {
    let mut lines = Vec::new();
    let mut current = String::new();
    for line in text.lines() {
        let line = line.strip_suffix('\r').unwrap_or(line);
        let backslashes = line.len() - line.trim_end_matches('\\').len();
        let part = if current.is_empty() { line } else { line.trim_start() };
        if backslashes % 2 == 1 {
            current.push_str(part[..part.len() - 1].trim_end());
            current.push(' ');
        } else {
            current.push_str(part);
            lines.push(std::mem::take(&mut current));
        }
    }
    if !current.is_empty() {
        lines.push(current);
    }
    lines
}

/// The text before `#`; `\#` is a literal one.
fn strip_comment(line: &str) -> String {
    let mut out = String::with_capacity(line.len());
    let mut chars = line.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '\\' if chars.peek() == Some(&'#') => {
                out.push('#');
                chars.next();
            }
            '#' => break,
            _ => out.push(c),
        }
    }
    out
}

fn take_define(lines: &mut impl Iterator<Item = String>) -> String {
    let mut body = Vec::new();
    let mut depth = 1;
    for line in lines {
        let trimmed = line.trim();
        if trimmed == "endef" {
            depth -= 1;
        } else if directive(trimmed, "define").is_some() {
            depth += 1;
        }
        if depth == 0 {
            break;
        }
        body.push(line);
    }
    body.join("\n")
}

/// Position of the first `wanted` that is not inside `$(…)` or `${…}`.
fn find_outside_references(line: &str, wanted: char) -> Option<usize> {
    let mut depth = 0u32;
    let mut previous = ' ';
    for (at, c) in line.char_indices() {
        match c {
            '(' | '{' if depth > 0 || previous == '$' => depth += 1,
            ')' | '}' if depth > 0 => depth -= 1,
            _ if c == wanted && depth == 0 => return Some(at),
            _ => {}
        }
        previous = c;
    }
    None
}

fn split_assignment(line: &str) -> Option<Assignment<'_>> {
    let at = find_outside_references(line, '=')?;
    let head = &line[..at];
    let value = line[at + 1..].trim_start();
    let (name, operator) = match head.chars().last() {
        Some(':') => (head.trim_end_matches(':'), Operator::Simple),
        Some('+') => (&head[..at - 1], Operator::Append),
        Some('?') => (&head[..at - 1], Operator::Default),
        Some('!') => (&head[..at - 1], Operator::Shell),
        _ => (head, Operator::Recursive),
    };
    // `target: VAR = x` is a rule; `a b = c` is no assignment either.
    let name = name.trim();
    let one_word = find_outside_references(name, ' ').is_none() && find_outside_references(name, '\t').is_none();
    let is_rule = find_outside_references(name, ':').is_some();
    (one_word && !is_rule && !name.is_empty()).then_some(Assignment { name, operator, value })
}

/// The two sides of `ifeq`, in either of its two spellings.
fn comparands(text: &str) -> (&str, &str) {
    if let Some(inner) = text.strip_prefix('(') {
        let inner = inner.strip_suffix(')').unwrap_or(inner);
        let comma = find_outside_references(inner, ',').unwrap_or(inner.len());
        return (inner[..comma].trim(), inner.get(comma + 1..).unwrap_or("").trim());
    }
    let Some(quote) = text.chars().next().filter(|c| matches!(c, '"' | '\'')) else { return (text, "") };
    let mut parts = text[1..].splitn(2, quote);
    let left = parts.next().unwrap_or("");
    let right = parts.next().unwrap_or("").trim();
    (left, right.trim_matches(['"', '\'']))
}

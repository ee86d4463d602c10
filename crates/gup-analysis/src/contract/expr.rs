//! The expression language of contracts: C as far as values, places and tests go.
//!
//! ```text
//! refs  = value                                  one page, or one unit as `bio->@pages`
//!       | value "[" sum ".." sum "]" {"." field}  elements of an array, each one's page at `.field`
//! test  = sum ("==" | "!=" | "<" | "<=" | ">" | ">=") sum
//!       | ["!"] "IS_ERR" "(" sum ")"
//!       | sum "&" sum | "!" "(" sum "&" sum ")"
//! sum   = ["-"] term {("+" | "-") term}
//! term  = INT ["*" unary] | unary
//! unary = "*" unary | "&" unary | primary {"->" field | "." field | "[" sum "]"}
//! primary = INT | NULL | ret | PARAMETER | CONSTANT | "(" sum ")"
//!       | "pages" "(" bytes "," offset ")" | "global" "(" NAME ")" | "function" "(" NAME ")"
//!       | "fresh" "(" INT ")" | (NAME | "'" any "'") "(" [sum {"," sum}] ")"
//! field = NAME | "@" NAME
//! ```
//! A value before `->`, and a parameter or parenthesised value before `[`, is dereferenced. After a field, `[` indexes
//! an array inside the structure: `batch->folios[i]` is C's embedded array, `(table->sgl)[i]` follows the pointer.

use super::error::did_you_mean;
use super::lex::{Parsed, Reader};
use crate::summary::{Expr, Field, Path, Refs, Root, Step, Test, TestOp};

/// Nesting beyond this is a mistake, not an expression.
const MAX_DEPTH: u32 = 32;

/// What a postfix may still be applied to: a value, or a place whose steps may go on.
enum Node {
    Value(Expr),
    Place(Path),
}

impl Node {
    fn value(self) -> Expr {
        match self {
            Node::Value(value) => value,
            Node::Place(path) => Expr::Load(path),
        }
    }
}

impl<'a> Reader<'a> {
    pub(super) fn test(&mut self) -> Parsed<Test> {
        self.space();
        let start = self.at;
        let negated = self.eat_negation();
        if self.eat_word("IS_ERR") {
            self.expect("(")?;
            let lhs = self.sum()?;
            self.expect(")")?;
            let op = if negated { TestOp::NotErr } else { TestOp::IsErr };
            return Ok(Test { op, lhs, rhs: Expr::Int(0) });
        }
        if negated {
            self.expect("(")?;
            let lhs = self.sum()?;
            self.expect("&")?;
            let rhs = self.sum()?;
            self.expect(")")?;
            return Ok(Test { op: TestOp::LacksBits, lhs, rhs });
        }
        let lhs = self.sum()?;
        let Some(op) = self.comparison() else {
            return Err(self.mistake(
                start..self.text.len(),
                "this is no test",
                "a test compares: `ret > 0`, `ret == NULL`, `IS_ERR(ret)`, `flags & FOLL_PIN`, `!(flags & FOLL_PIN)`",
            ));
        };
        Ok(Test { op, lhs, rhs: self.sum()? })
    }

    fn eat_negation(&mut self) -> bool {
        self.space();
        !self.text[self.at..].starts_with("!=") && self.eat("!")
    }

    fn comparison(&mut self) -> Option<TestOp> {
        const OPS: [(&str, TestOp); 7] = [
            ("==", TestOp::Eq),
            ("!=", TestOp::Ne),
            ("<=", TestOp::Le),
            (">=", TestOp::Ge),
            ("<", TestOp::Lt),
            (">", TestOp::Gt),
            ("&", TestOp::HasBits),
        ];
        OPS.iter().find(|(text, _)| self.eat(text)).map(|(_, op)| *op)
    }

    pub(super) fn refs(&mut self) -> Parsed<Refs> {
        self.space();
        let start = self.at;
        if self.peek("*") || self.peek("&") || self.peek("-") {
            return Ok(Refs::One(self.sum()?));
        }
        let node = self.postfix()?;
        if !self.eat("[") {
            self.at = start;
            return Ok(Refs::One(self.sum()?));
        }
        // `postfix` stops before a `[` only where a range follows.
        let array = match node {
            Node::Value(value) => value,
            Node::Place(path) => address(path),
        };
        let lo = self.sum()?;
        self.expect("..")?;
        let hi = self.sum()?;
        self.expect("]")?;
        let mut sub = Vec::new();
        while self.eat(".") {
            sub.push(self.field()?);
        }
        Ok(Refs::Range { array, sub, lo, hi })
    }

    /// A place in memory: what `set`, `forget` and `carry into` name.
    pub(super) fn path(&mut self) -> Parsed<Path> {
        self.space();
        let start = self.at;
        match self.unary()? {
            Node::Place(path) => Ok(path),
            Node::Value(_) => Err(self.mistake(
                start..self.at,
                "a place in memory is wanted here, this is a value",
                "write `*p` for what p points at, `p->field`, `p[i]` or `global(name)`",
            )),
        }
    }

    pub(super) fn sum(&mut self) -> Parsed<Expr> {
        let start = self.at;
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err(self.mistake(start..self.text.len(), "nested too deeply", "write a simpler expression"));
        }
        let mut constant = 0i64;
        let mut terms: Vec<(i64, Expr)> = Vec::new();
        let mut sign = if self.eat("-") { -1 } else { 1 };
        loop {
            let (factor, term) = self.term()?;
            let folded = factor.checked_mul(sign).and_then(|factor| fold(&mut constant, &mut terms, factor, term));
            if folded.is_none() {
                return Err(self.mistake(start..self.at, "this number is too large", "constants have 64 bits"));
            }
            sign = match () {
                () if self.eat("+") => 1,
                () if self.eat_minus() => -1,
                () => break,
            };
        }
        self.depth -= 1;
        Ok(simplest(constant, terms))
    }

    fn eat_minus(&mut self) -> bool {
        self.space();
        !self.text[self.at..].starts_with("->") && self.eat("-")
    }

    /// A factor and what it multiplies.
    fn term(&mut self) -> Parsed<(i64, Expr)> {
        let Some(number) = self.number()? else {
            return Ok((1, self.unary()?.value()));
        };
        if self.eat("*") { Ok((number, self.unary()?.value())) } else { Ok((1, Expr::Int(number))) }
    }

    fn unary(&mut self) -> Parsed<Node> {
        self.space();
        let start = self.at;
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err(self.mistake(start..self.text.len(), "nested too deeply", "write a simpler expression"));
        }
        let node = if self.eat("*") {
            Node::Place(Path { root: Box::new(Root::At(self.unary()?.value())), steps: Vec::new() })
        } else if self.eat("&") {
            match self.unary()? {
                Node::Place(path) => Node::Value(address(path)),
                Node::Value(_) => {
                    return Err(self.mistake(start..self.at, "a value has no address", "`&p->field`, `&p[i]`"));
                }
            }
        } else {
            self.postfix()?
        };
        self.depth -= 1;
        Ok(node)
    }

    /// `primary` and what follows it. Stops before `[lo..hi]`, which only [`Reader::refs`] reads.
    fn postfix(&mut self) -> Parsed<Node> {
        self.space();
        let start = self.at;
        let mut node = self.primary()?;
        loop {
            if self.eat("->") {
                let field = self.field()?;
                node = Node::Place(Path { root: Box::new(Root::At(node.value())), steps: vec![Step::Field(field)] });
            } else if !self.text[self.at..].trim_start().starts_with("..") && self.eat(".") {
                node = self.member(node, start)?;
            } else if self.peek("[") && !self.range_follows() {
                self.expect("[")?;
                let index = Step::Index(self.sum()?);
                self.expect("]")?;
                node = Node::Place(indexed(node, index));
            } else {
                return Ok(node);
            }
        }
    }

    fn member(&mut self, node: Node, start: usize) -> Parsed<Node> {
        let field = Step::Field(self.field()?);
        match node {
            Node::Place(mut path) => {
                path.steps.push(field);
                Ok(Node::Place(path))
            }
            Node::Value(_) => Err(self.mistake(
                start..self.at,
                "a value has no members",
                "write `->` where the value is a pointer; `.` goes on from a place: `p->f.g`, `p[i].f`",
            )),
        }
    }

    /// Whether the bracket that starts here holds `lo..hi`.
    fn range_follows(&self) -> bool {
        let mut depth = 0;
        let rest = &self.text.as_bytes()[self.at..];
        for (i, byte) in rest.iter().enumerate() {
            match byte {
                b'[' | b'(' => depth += 1,
                b']' | b')' => depth -= 1,
                b'.' if depth == 1 && rest.get(i + 1) == Some(&b'.') => return true,
                _ => {}
            }
            if depth == 0 && !byte.is_ascii_whitespace() {
                return false;
            }
        }
        false
    }

    fn primary(&mut self) -> Parsed<Node> {
        if let Some(number) = self.number()? {
            return Ok(Node::Value(Expr::Int(number)));
        }
        if self.eat("(") {
            let value = self.sum()?;
            self.expect(")")?;
            return Ok(Node::Value(value));
        }
        let start = self.at;
        if let Some(name) = self.quoted_name() {
            self.expect("(")?;
            return self.arguments(name, start).map(Node::Value);
        }
        let Some(name) = self.name() else {
            return Err(self.mistake(
                self.next_char(),
                "a value is missing here",
                "a parameter, `ret`, a number, NULL, a constant's name, `p->field`, `*p`",
            ));
        };
        if self.peek("(") {
            return self.call(name, start);
        }
        self.simple(name, start).map(Node::Value)
    }

    fn simple(&self, name: &str, start: usize) -> Parsed<Expr> {
        if name == "NULL" {
            return Ok(Expr::Int(0));
        }
        if name == "ret" {
            return Ok(Expr::Ret);
        }
        if let Some(index) = self.params.iter().position(|param| param == name) {
            return Ok(Expr::Param(u32::try_from(index).expect("parameter lists are short")));
        }
        if is_constant_name(name) {
            return Ok(Expr::Named(name.to_owned()));
        }
        let mut allowed: Vec<&str> = self.params.iter().map(String::as_str).filter(|param| *param != "...").collect();
        allowed.push("ret");
        Err(self.mistake(start..self.at, format!("`{name}` is not a parameter"), did_you_mean(name, &allowed)))
    }

    /// `name(` … `)`: the built-in forms, or some function of its arguments.
    fn call(&mut self, name: &str, start: usize) -> Parsed<Node> {
        self.expect("(")?;
        match name {
            "global" => {
                let name = self.bare_name()?;
                Ok(Node::Place(Path { root: Box::new(Root::Global(name)), steps: Vec::new() }))
            }
            "function" => Ok(Node::Value(Expr::Function(self.bare_name()?))),
            "fresh" => {
                let number = self.sum()?;
                self.expect(")")?;
                let Expr::Int(number) = number else {
                    return Err(self.mistake(start..self.at, "`fresh` takes a number", "`fresh(1)`"));
                };
                let number = u32::try_from(number)
                    .map_err(|_| self.mistake(start..self.at, "this number is out of range", "`fresh(1)`"))?;
                Ok(Node::Value(Expr::Fresh(number)))
            }
            _ => self.arguments(name, start).map(Node::Value),
        }
    }

    fn arguments(&mut self, name: &str, start: usize) -> Parsed<Expr> {
        let mut arguments = Vec::new();
        while !self.eat(")") {
            if !arguments.is_empty() {
                self.expect(",")?;
            }
            arguments.push(self.sum()?);
        }
        if name != "pages" {
            return Ok(Expr::Apply(name.to_owned(), arguments));
        }
        match <[Expr; 2]>::try_from(arguments) {
            Ok([bytes, offset]) => Ok(Expr::Pages(Box::new(bytes), Box::new(offset))),
            Err(_) => Err(self.mistake(
                start..self.at,
                "`pages` takes two arguments",
                "`pages(bytes, offset)`: the pages that so many bytes touch from that offset in the first page",
            )),
        }
    }

    fn bare_name(&mut self) -> Parsed<String> {
        self.space();
        let start = self.at;
        let Some(name) = self.name() else {
            return Err(self.mistake(start..self.text.len(), "a C name is wanted here", "`global(jiffies)`"));
        };
        self.expect(")")?;
        Ok(name.to_owned())
    }

    /// Contracts do not know which structure a field belongs to.
    fn field(&mut self) -> Parsed<Field> {
        self.space();
        let start = self.at;
        let pseudo = self.eat("@");
        match self.name() {
            Some(name) => {
                let name = if pseudo { format!("@{name}") } else { name.to_owned() };
                Ok(Field { strukt: "".into(), name: name.into() })
            }
            None => Err(self.mistake(start..self.at, "a field's name is missing here", "`p->field` or `p->@field`")),
        }
    }
}

/// Upper case, as the kernel writes macros and enumerators that contracts may name.
pub(super) fn is_constant_name(name: &str) -> bool {
    name.trim_start_matches('_').starts_with(|c: char| c.is_ascii_uppercase())
        && name.chars().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_')
}

/// `&*p` is p.
fn address(path: Path) -> Expr {
    match (*path.root, path.steps.is_empty()) {
        (Root::At(value), true) => value,
        (root, _) => Expr::Addr(Path { root: Box::new(root), steps: path.steps }),
    }
}

/// `[i]` goes on from a place inside a structure, and dereferences anything else.
fn indexed(node: Node, index: Step) -> Path {
    match node {
        Node::Place(mut path) if !path.steps.is_empty() || matches!(*path.root, Root::Global(_)) => {
            path.steps.push(index);
            path
        }
        node => Path { root: Box::new(Root::At(node.value())), steps: vec![index] },
    }
}

/// A sum in its simplest form, equal terms merged. `None` when a number overflows.
pub(super) fn sum(mut constant: i64, terms: Vec<(i64, Expr)>) -> Option<Expr> {
    let mut merged = Vec::new();
    for (factor, term) in terms {
        fold(&mut constant, &mut merged, factor, term)?;
    }
    Some(simplest(constant, merged))
}

fn simplest(constant: i64, mut terms: Vec<(i64, Expr)>) -> Expr {
    terms.retain(|(factor, _)| *factor != 0);
    match terms.as_slice() {
        [] => Expr::Int(constant),
        [(1, term)] if constant == 0 => term.clone(),
        _ => Expr::Sum(constant, terms),
    }
}

/// Adds `factor * term` to a sum, equal terms merged. `None` when a number overflows.
fn fold(constant: &mut i64, terms: &mut Vec<(i64, Expr)>, factor: i64, term: Expr) -> Option<()> {
    match term {
        Expr::Int(value) => *constant = constant.checked_add(value.checked_mul(factor)?)?,
        Expr::Sum(inner, list) => {
            *constant = constant.checked_add(inner.checked_mul(factor)?)?;
            for (inner_factor, inner_term) in list {
                fold(constant, terms, inner_factor.checked_mul(factor)?, inner_term)?;
            }
        }
        term => match terms.iter_mut().find(|(_, known)| *known == term) {
            Some((known, _)) => *known = known.checked_add(factor)?,
            None => terms.push((factor, term)),
        },
    }
    Some(())
}

//! Summaries as contract text: what [`print`] writes can be pasted below an `[[api]]` head and read again.

use std::fmt::Write;

use super::cover::{self, Allowed, Fault};
use super::effect::{ATOMIC, CLASSES, KINDS, TOUCHES};
use super::read::is_c_name;
use crate::summary::{Effect, Expr, Outcome, Path, Refs, Root, Step, Summary, Test, TestOp};

/// The outcomes of `summary` in the syntax of contract files; parameters by name (`p0`… where `params` has none).
///
/// Tests that all outcomes begin with become `always`. Sites and positions of inferred summaries have no text form.
/// Gaps are comments.
pub fn print(summary: &Summary, params: &[String]) -> String {
    let mut out = String::new();
    for gap in &summary.gaps {
        write_line(&mut out, format_args!("# gap: {gap}"));
    }
    if !summary.clobbers.is_empty() {
        let mut names: Vec<String> = summary.clobbers.iter().map(|field| field.name.to_string()).collect();
        names.dedup();
        write_line(&mut out, format_args!("clobbers = {}", list(names.into_iter())));
    }
    let common = common_tests(&summary.outcomes);
    let always = &summary.outcomes.first().map_or(&[][..], |outcome| &outcome.when)[..common];
    if !always.is_empty() {
        write_line(&mut out, format_args!("always = {}", list(always.iter().map(|test| test_text(test, params)))));
    }
    let own: Vec<Vec<Test>> = summary.outcomes.iter().map(|outcome| outcome.when[common..].to_vec()).collect();
    let open = |allowed| cover::check(always, &own, allowed, params);
    if let Some(Fault::Overlap { .. }) = open(Allowed { gap: true, overlap: false }) {
        out.push_str("may_overlap = true\n");
    }
    if let Some(Fault::Gap { .. }) = open(Allowed { gap: false, overlap: true }) {
        out.push_str("rest_never = true\n");
    }
    let single = summary.outcomes.len() == 1;
    for outcome in &summary.outcomes {
        if !single {
            out.push_str("[[api.outcome]]\n");
        }
        if outcome.is_gapped && !summary.outcomes.iter().all(|outcome| outcome.is_gapped) {
            write_line(&mut out, format_args!("# with a gap"));
        }
        outcome_text(&mut out, outcome, common, params);
    }
    out
}

fn outcome_text(out: &mut String, outcome: &Outcome, common: usize, params: &[String]) {
    let when = &outcome.when[common..];
    if !when.is_empty() {
        write_line(out, format_args!("when = {}", list(when.iter().map(|test| test_text(test, params)))));
    }
    if !outcome.effects.is_empty() {
        let effects = outcome.effects.iter().map(|effect| effect_text(effect, params));
        write_line(out, format_args!("do = {}", list(effects)));
    }
    if outcome.allocates {
        let zeroed = if outcome.zeroed { ", of zeroes but for what is said here" } else { "" };
        write_line(out, format_args!("# returns storage that nobody else knows{zeroed}"));
    }
    if let Some(returns) = &outcome.returns {
        write_line(out, format_args!("returns = {}", quoted(&expr_text(returns, params))));
    }
}

/// How many tests all outcomes begin with.
fn common_tests(outcomes: &[Outcome]) -> usize {
    let Some((first, rest)) = outcomes.split_first() else { return 0 };
    rest.iter()
        .map(|outcome| outcome.when.iter().zip(&first.when).take_while(|(a, b)| a == b).count())
        .min()
        .unwrap_or(first.when.len())
}

fn write_line(out: &mut String, line: std::fmt::Arguments<'_>) {
    writeln!(out, "{line}").expect("a String takes all");
}

fn list(items: impl Iterator<Item = String>) -> String {
    let items: Vec<String> = items.map(|item| quoted(&item)).collect();
    format!("[{}]", items.join(", "))
}

/// A TOML basic string.
fn quoted(text: &str) -> String {
    let mut out = String::from("\"");
    for c in text.chars() {
        match c {
            '"' | '\\' => out.extend(['\\', c]),
            c if c.is_control() => write!(out, "\\u{:04X}", u32::from(c)).expect("a String takes all"),
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

/// One effect, as in `do`.
pub fn effect_text(effect: &Effect, params: &[String]) -> String {
    let expr = |value: &Expr| expr_text(value, params);
    let place = |path: &Path| path_text(path, params);
    let refs = |what: &Refs| refs_text(what, params);
    match effect {
        Effect::Acquire { kind, what, site: _, short: _ } => format!("acquire {} {}", word(&KINDS, kind), refs(what)),
        Effect::Release { class, what, at: _ } => format!("release {} {}", word(&CLASSES, class), refs(what)),
        Effect::Carry { what, into } => format!("carry {} into {}", refs(what), place(into)),
        Effect::Copy { from, to } => format!("copy {} to {}", refs(from), refs(to)),
        Effect::Set { path, value } => format!("set {} = {}", place(path), expr(value)),
        Effect::Destroy { object } => format!("destroy {}", expr(object)),
        Effect::Publish { object } => format!("publish {}", expr(object)),
        Effect::Escape { what, why } => format!("escape {}: {why}", refs(what)),
        Effect::Forget { path } => format!("forget {}", place(path)),
        Effect::Later { function, argument, atomic } => {
            let verb = if *atomic { "interrupt" } else { "later" };
            format!("{verb} {} with {}", expr(function), expr(argument))
        }
        Effect::Touch { touch, what, given } => {
            let given = given.as_ref().map(|test| format!(" if {}", test_text(test, params))).unwrap_or_default();
            format!("touch {} {}{given}", word(&TOUCHES, touch), refs(what))
        }
        Effect::Atomic { enter } => format!("atomic {}", word(&ATOMIC, enter)),
        Effect::NoReturn => "noreturn".to_owned(),
    }
}

fn word<T: PartialEq>(words: &[(&'static str, T)], value: &T) -> &'static str {
    words.iter().find(|(_, known)| known == value).map(|(word, _)| *word).expect("the tables name every variant")
}

/// One test, as in `when`.
pub fn test_text(test: &Test, params: &[String]) -> String {
    let (lhs, rhs) = (expr_text(&test.lhs, params), expr_text(&test.rhs, params));
    let op = match test.op {
        TestOp::Eq => "==",
        TestOp::Ne => "!=",
        TestOp::Lt => "<",
        TestOp::Le => "<=",
        TestOp::Gt => ">",
        TestOp::Ge => ">=",
        TestOp::HasBits => "&",
        TestOp::IsErr => return format!("IS_ERR({lhs})"),
        TestOp::NotErr => return format!("!IS_ERR({lhs})"),
        TestOp::LacksBits => return format!("!({lhs} & {rhs})"),
    };
    format!("{lhs} {op} {rhs}")
}

/// References, as in `acquire`.
pub fn refs_text(refs: &Refs, params: &[String]) -> String {
    match refs {
        Refs::One(value) => expr_text(value, params),
        Refs::Range { array, sub, lo, hi } => {
            let array = match array {
                // `p->field[..]` indexes the array inside the structure, which is its address as a value.
                Expr::Addr(path) => path_text(path, params),
                array => base_text(array, params),
            };
            let sub: String = sub.iter().map(|field| format!(".{}", field.name)).collect();
            format!("{array}[{}..{}]{sub}", expr_text(lo, params), expr_text(hi, params))
        }
    }
}

/// A place in memory, as in `set`.
pub fn path_text(path: &Path, params: &[String]) -> String {
    let mut steps = path.steps.iter();
    let mut out = match &*path.root {
        Root::Global(name) => format!("global({name})"),
        Root::At(value) => match steps.next() {
            None => return format!("*{}", unary_text(value, params)),
            Some(Step::Field(field)) => format!("{}->{}", primary_text(value, params), field.name),
            Some(Step::Index(index)) => format!("{}[{}]", base_text(value, params), expr_text(index, params)),
        },
    };
    for step in steps {
        match step {
            Step::Field(field) => write!(out, ".{}", field.name),
            Step::Index(index) => write!(out, "[{}]", expr_text(index, params)),
        }
        .expect("a String takes all");
    }
    out
}

/// A value.
pub fn expr_text(expr: &Expr, params: &[String]) -> String {
    let text = |expr: &Expr| expr_text(expr, params);
    match expr {
        Expr::Int(value) => value.to_string(),
        Expr::Named(name) => name.clone(),
        Expr::Ret => "ret".to_owned(),
        Expr::Param(index) => match params.get(*index as usize) {
            Some(name) => name.clone(),
            None => format!("p{index}"),
        },
        Expr::Load(path) => path_text(path, params),
        Expr::Addr(path) => format!("&{}", path_text(path, params)),
        Expr::Function(name) => format!("function({name})"),
        Expr::Sum(constant, terms) => sum_text(*constant, terms, params),
        Expr::Pages(bytes, offset) => format!("pages({}, {})", text(bytes), text(offset)),
        Expr::Apply(name, arguments) => {
            let arguments: Vec<String> = arguments.iter().map(text).collect();
            let quote = if is_c_name(name) { "" } else { "'" };
            format!("{quote}{name}{quote}({})", arguments.join(", "))
        }
        Expr::Fresh(number) => format!("fresh({number})"),
    }
}

fn sum_text(constant: i64, terms: &[(i64, Expr)], params: &[String]) -> String {
    let mut out = String::new();
    for (factor, term) in terms {
        match (out.is_empty(), *factor < 0) {
            (true, true) => out.push('-'),
            (true, false) => {}
            (false, true) => out.push_str(" - "),
            (false, false) => out.push_str(" + "),
        }
        if factor.unsigned_abs() != 1 {
            write!(out, "{} * ", factor.unsigned_abs()).expect("a String takes all");
        }
        out.push_str(&unary_text(term, params));
    }
    match constant {
        0 => {}
        constant if constant < 0 => write!(out, " - {}", constant.unsigned_abs()).expect("a String takes all"),
        constant => write!(out, " + {constant}").expect("a String takes all"),
    }
    out
}

/// A value where a factor or `*` binds tighter than a sum.
fn unary_text(expr: &Expr, params: &[String]) -> String {
    match expr {
        Expr::Sum(..) | Expr::Int(i64::MIN..=-1) => format!("({})", expr_text(expr, params)),
        expr => expr_text(expr, params),
    }
}

/// A value before `->`, `(`…`)` around it where C needs them.
fn primary_text(expr: &Expr, params: &[String]) -> String {
    match expr {
        Expr::Load(path) if !matches!(path_text(path, params).as_bytes(), [b'*', ..]) => path_text(path, params),
        Expr::Sum(..) | Expr::Load(_) | Expr::Addr(_) | Expr::Int(i64::MIN..=-1) => {
            format!("({})", expr_text(expr, params))
        }
        expr => expr_text(expr, params),
    }
}

/// A value before `[i]` that is to be dereferenced.
fn base_text(expr: &Expr, params: &[String]) -> String {
    match expr {
        Expr::Load(_) => format!("({})", expr_text(expr, params)),
        expr => primary_text(expr, params),
    }
}

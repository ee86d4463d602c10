//! From TOML tables to contracts, every key checked, nothing resolved yet.

use std::collections::BTreeSet;
use std::ops::Range;

use super::cover::{self, Fault};
use super::effect::{CLASSES, KINDS, effect};
use super::error::{ContractError, Errors, did_you_mean};
use super::lex::{Literal, Parsed, Reader};
use super::table::{Table, read_table};
use super::{Contract, Policy};
use crate::domain::term::PROPERTY_OF;
use crate::summary::{Effect, Expr, Field, Outcome, Path, RefKind, Refs, Summary, Test, TestOp};

/// What one file says, for all kinds of trees.
#[derive(Default)]
pub(super) struct FileContent {
    pub(super) apis: Vec<Api>,
    pub(super) borrows: Vec<Borrows>,
    pub(super) suffixes: Vec<String>,
    /// Structure and field.
    pub(super) same: Vec<(String, String)>,
    /// Variable and bits.
    pub(super) numbered: Vec<(String, u32)>,
    pub(super) invariant: Vec<(String, String)>,
    pub(super) policies: Vec<PolicyEntry>,
}

/// A contract and the trees it holds for.
pub(super) struct Api {
    pub(super) contract: Contract,
    pub(super) aliases: Vec<String>,
    pub(super) tree: TreeCondition,
    pub(super) file: String,
    pub(super) span: Range<usize>,
}

pub(super) struct Borrows {
    /// Function name or glob, and where it stands.
    pub(super) names: Vec<(String, Range<usize>)>,
    pub(super) file: String,
}

pub(super) struct PolicyEntry {
    pub(super) policy: Policy,
    pub(super) tree: TreeCondition,
    pub(super) file: String,
    pub(super) span: Range<usize>,
}

/// Words a tree must declare, and words it must not.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct TreeCondition {
    pub(super) requires: Vec<String>,
    pub(super) lacks: Vec<String>,
}

impl TreeCondition {
    pub(super) fn holds(&self, declared: &BTreeSet<String>) -> bool {
        self.requires.iter().all(|word| declared.contains(word)) && !self.lacks.iter().any(|word| declared.contains(word))
    }
}

/// Reads one file. Mistakes go to the list; what could be read comes back all the same.
pub(super) fn file(name: &str, text: &str, all: &mut Vec<ContractError>) -> FileContent {
    let (content, mut errors) = read_table(name, text, "a contract file", |top, errors| {
        let mut content = FileContent::default();
        for table in top.tables("api", errors) {
            content.apis.extend(apis(table, errors));
        }
        for table in top.tables("borrows", errors) {
            content.borrows.push(borrows(table, errors));
        }
        for table in top.tables("alias", errors) {
            content.suffixes.extend(alias(table, errors));
        }
        for table in top.tables("same", errors) {
            content.same.extend(field(table, "a [[same]]", "struct = \"folio\", field = \"page\"", errors));
        }
        for table in top.tables("numbered", errors) {
            content.numbered.extend(numbered(table, errors));
        }
        for table in top.tables("invariant", errors) {
            content.invariant.extend(field(table, "an [[invariant]]", "struct = \"dma_buf\", field = \"size\"", errors));
        }
        for table in top.tables("policy", errors) {
            content.policies.extend(policy(table, errors));
        }
        content
    });
    all.append(&mut errors);
    content
}

/// One `[[api]]` table: a contract for each of its names.
fn apis(mut table: Table<'_>, errors: &mut Errors) -> Vec<Api> {
    let span = table.head();
    let names = names(&mut table, errors);
    let params = params(&mut table, errors);
    let pure = table.flag("pure", errors);
    let property = table.flag("property", errors);
    let pages_param = param_of(&mut table, "nothing_if_null", &params, errors);
    let elements_param = param_of(&mut table, "elements", &params, errors);
    let source = source(&mut table, errors);
    let aliases = table.strings("aliases", errors).iter().map(|alias| alias.text.to_owned()).collect::<Vec<_>>();
    let tree = condition(&mut table, errors);
    let contract = Contract {
        name: String::new(),
        file: table.string("file", errors).map(|file| file.text.to_owned()),
        site: table.flag("site", errors),
        allocates: table.flag("allocates", errors),
        zeroed: table.flag("zeroed", errors),
        sleeps: table.flag("sleeps", errors),
        can_fail: table.flag("can_fail", errors),
        pages_param,
        elements_param,
        source,
        summary: summary(&mut table, &params, errors),
        params,
    };
    table.finish("an [[api]]", errors);
    if names.len() > 1 && !aliases.is_empty() {
        errors.add(span.clone(), "`aliases` needs a single `name`", "write one [[api]] for each function that has aliases");
    }
    names
        .into_iter()
        .map(|name| {
            let mut contract = Contract { name: name.text.to_owned(), ..contract.clone() };
            if pure || property {
                let name = if property { format!("{PROPERTY_OF}{}", contract.name) } else { contract.name.clone() };
                make_pure(&mut contract, name);
            }
            contract.can_fail |= fails(&contract);
            Api { contract, aliases: aliases.clone(), tree: tree.clone(), file: errors.file.clone(), span: name.span }
        })
        .collect()
}

/// The arrays that an acquisition makes for what it takes: `set *pages = fresh(0)`, then `acquire get (*pages)[0..n]`.
fn arrays_made(effects: &[Effect]) -> BTreeSet<u32> {
    let is_filled = |place: &Path| {
        let is_into = |effect: &Effect| matches!(effect, Effect::Acquire { what: Refs::Range { array: Expr::Load(array), .. }, .. } if array == place);
        effects.iter().any(is_into)
    };
    let made = effects.iter().filter_map(|effect| match effect {
        Effect::Set { path, value: Expr::Fresh(number) } if is_filled(path) => Some(*number),
        _ => None,
    });
    made.collect()
}

/// The same arguments give the same value, of which nothing else is known.
fn make_pure(contract: &mut Contract, name: String) {
    let count = contract.params.iter().filter(|param| *param != "...").count();
    let arguments = (0..count).map(|index| Expr::Param(u32::try_from(index).expect("parameter lists are short")));
    let value = Expr::Apply(name, arguments.collect());
    for outcome in &mut contract.summary.outcomes {
        outcome.returns.get_or_insert(value.clone());
    }
}

/// The parameters' names; `...` may end them.
fn params(table: &mut Table<'_>, errors: &mut Errors) -> Vec<String> {
    if !table.has("params") {
        let help = "params = [\"start\", \"nr_pages\"], in the order of the declaration";
        errors.add(table.head(), "`params` is missing", help);
    }
    let params = table.strings("params", errors);
    for (at, param) in params.iter().enumerate() {
        let is_open_end = param.text == "..." && at + 1 == params.len();
        if !is_c_name(param.text) && !is_open_end {
            let message = format!("`{}` is no parameter name", param.text);
            errors.add(param.span.clone(), message, "the C name, or `...` at the end");
        } else if param.text == "ret" {
            errors.add(param.span.clone(), "`ret` is the returned value", "give this parameter another name");
        } else if params[..at].iter().any(|before| before.text == param.text) {
            errors.add(param.span.clone(), format!("a second parameter `{}`", param.text), "give it another name");
        }
    }
    params.into_iter().map(|param| param.text.to_owned()).collect()
}

/// `name = "f"` or `names = ["f", "g"]`.
fn names<'a>(table: &mut Table<'a>, errors: &mut Errors) -> Vec<Literal<'a>> {
    let mut names = table.strings("names", errors);
    names.extend(table.string("name", errors));
    for name in &names {
        if !name.text.split('.').all(is_c_name) {
            errors.add(
                name.span.clone(),
                format!("`{}` is no function name", name.text),
                "a C identifier, or `struct_name.field` for calls through that field; globs are for [[borrows]]",
            );
        }
    }
    if names.is_empty() {
        errors.add(table.head(), "`name` is missing", "name = \"put_page\", or names = [\"a\", \"b\"] for identical functions");
    }
    names
}

/// The parameter that a key names.
fn param_of(table: &mut Table<'_>, key: &'static str, params: &[String], errors: &mut Errors) -> Option<u32> {
    let name = table.string(key, errors)?;
    let index = params.iter().position(|param| param == name.text);
    if index.is_none() {
        let allowed: Vec<&str> = params.iter().map(String::as_str).collect();
        errors.add(name.span, format!("`{}` is not a parameter", name.text), did_you_mean(name.text, &allowed));
    }
    index.map(|index| u32::try_from(index).expect("parameter lists are short"))
}

fn source(table: &mut Table<'_>, errors: &mut Errors) -> String {
    match table.string("source", errors) {
        Some(source) if !source.text.trim().is_empty() => source.text.to_owned(),
        _ => {
            errors.add(
                table.head(),
                "`source` is missing",
                "say who says so: source = \"mm/gup.c, kernel-doc of pin_user_pages()\"",
            );
            String::new()
        }
    }
}

fn condition(table: &mut Table<'_>, errors: &mut Errors) -> TreeCondition {
    let mut words = |key| table.strings(key, errors).iter().map(|word| word.text.to_owned()).collect();
    TreeCondition { requires: words("requires"), lacks: words("lacks") }
}

/// `always` and the outcomes: tables, or the keys of a single one in the api itself.
fn summary(table: &mut Table<'_>, params: &[String], errors: &mut Errors) -> Summary {
    let always = tests(table, "always", params, errors);
    let allowed = cover::Allowed { overlap: table.flag("may_overlap", errors), gap: table.flag("rest_never", errors) };
    let head = table.head();
    let mut heads = Vec::new();
    let mut outcomes = Vec::new();
    let mut ensured = Vec::new();
    let mut never = Vec::new();
    let known = errors.found.len();
    for mut entry in table.tables("outcome", errors) {
        heads.push(entry.head());
        never.push(entry.flag("never", errors));
        ensured.push(tests(&mut entry, "ensures", params, errors));
        outcomes.push(outcome(&mut entry, params, errors));
        entry.finish("an outcome", errors);
    }
    if outcomes.is_empty() {
        heads.push(head);
        never.push(false);
        ensured.push(Vec::new());
        outcomes.push(outcome(table, params, errors));
    } else if ["when", "do", "returns"].into_iter().filter(|key| table.get(key).is_some()).count() > 0 {
        errors.add(head, "outcomes and an outcome of the api itself", "move `when`, `do`, `returns` into an [[api.outcome]]");
        return Summary::default();
    }
    let alternatives: Vec<Vec<Test>> = outcomes.iter().map(|outcome| outcome.when.clone()).collect();
    if errors.found.len() == known
        && let Some(fault) = cover::check(&always, &alternatives, allowed, params)
    {
        report(&fault, &heads, errors);
    }
    for (outcome, ensured) in outcomes.iter_mut().zip(ensured) {
        outcome.when.splice(0..0, always.iter().cloned());
        outcome.when.extend(ensured);
    }
    let mut never = never.into_iter();
    outcomes.retain(|_| !never.next().unwrap_or(false));
    Summary { outcomes, clobbers: clobbers(table, errors), ..Summary::default() }
}

/// Fields that the function may write in objects that it reaches in ways not told here.
fn clobbers(table: &mut Table<'_>, errors: &mut Errors) -> Vec<Field> {
    let mut fields = Vec::new();
    for name in table.strings("clobbers", errors) {
        if is_c_name(name.text.trim_start_matches('@')) {
            fields.push(Field { strukt: "".into(), name: name.text.into() });
        } else {
            errors.add(name.span, format!("`{}` is no field's name", name.text), "clobbers = [\"nr_pages\"]");
        }
    }
    fields.sort_by(|a: &Field, b: &Field| a.name.cmp(&b.name));
    fields
}

fn report(fault: &Fault, heads: &[Range<usize>], errors: &mut Errors) {
    let last = heads.last().cloned().unwrap_or(0..0);
    match fault {
        Fault::Gap { situation } => errors.add(
            last,
            format!("no outcome says what happens when {situation}"),
            "add an [[api.outcome]] for it; if the function never returns so, one with `never = true`, or say it in `always`",
        ),
        Fault::Overlap { first, second, situation } => errors.add(
            heads[*second].clone(),
            format!("when {situation}, this outcome and number {} hold both", first + 1),
            "make the tests exclude each other; if either may happen and nothing tells which, write may_overlap = true",
        ),
        Fault::Never { outcome } => {
            errors.add(heads[*outcome].clone(), "this outcome never holds", "its tests contradict each other or `always`")
        }
        Fault::TooMany => {
            errors.add(last, "too many different tests to compare the outcomes", "split the api or use fewer tests")
        }
    }
}

fn outcome(table: &mut Table<'_>, params: &[String], errors: &mut Errors) -> Outcome {
    let when = tests(table, "when", params, errors);
    let mut effects = Vec::new();
    for text in table.strings("do", errors) {
        effects.extend(parse(&text, params, errors, effect));
    }
    let returns = table.string("returns", errors).and_then(|text| parse(&text, params, errors, Reader::sum));
    // Of a contract, that is said for the whole function.
    Outcome { when, made: arrays_made(&effects), effects, returns, ..Outcome::default() }
}

fn tests(table: &mut Table<'_>, key: &'static str, params: &[String], errors: &mut Errors) -> Vec<Test> {
    let texts = table.strings(key, errors);
    texts.iter().filter_map(|text| parse(text, params, errors, Reader::test)).collect()
}

fn parse<'t, T>(
    text: &Literal<'t>,
    params: &'t [String],
    errors: &mut Errors,
    read: impl FnOnce(&mut Reader<'t>) -> Parsed<T>,
) -> Option<T> {
    text.report(Reader::new(text.text, params).whole(read), errors)
}

/// A function fails where an outcome holds for an errno, or for NULL from an allocation.
fn fails(contract: &Contract) -> bool {
    contract.summary.outcomes.iter().flat_map(|outcome| &outcome.when).any(|test| {
        test.lhs == Expr::Ret
            && match (test.op, &test.rhs) {
                (TestOp::IsErr, _) | (TestOp::Lt, Expr::Int(0)) => true,
                (TestOp::Eq, Expr::Int(0)) => contract.allocates,
                _ => false,
            }
    })
}

fn borrows(mut table: Table<'_>, errors: &mut Errors) -> Borrows {
    let names = table.strings("names", errors);
    for name in &names {
        let plain = name.text.replace('*', "x");
        if !plain.split('.').all(is_c_name) || name.text.trim_matches('*').is_empty() {
            errors.add(
                name.span.clone(),
                format!("`{}` is no function name", name.text),
                "a C identifier, `*` for any part of it; `struct_name.field` for calls through that field",
            );
        }
    }
    if names.is_empty() {
        errors.add(table.head(), "`names` is missing", "names = [\"dma_map_*\", \"kmap\"]");
    }
    source(&mut table, errors);
    table.finish("a [[borrows]]", errors);
    let names = names.into_iter().map(|name| (name.text.to_owned(), name.span)).collect();
    Borrows { names, file: errors.file.clone() }
}

/// `[[alias]] suffix = "_noprof"`: `f_noprof` has the contract of `f`.
fn alias(mut table: Table<'_>, errors: &mut Errors) -> Option<String> {
    let suffix = table.string("suffix", errors);
    if suffix.is_none() {
        errors.add(table.head(), "`suffix` is missing", "suffix = \"_noprof\"");
    }
    source(&mut table, errors);
    table.finish("an [[alias]]", errors);
    suffix.map(|suffix| suffix.text.to_owned())
}

/// `[[same]]`: the address of this field names the same page as the structure's own. `[[invariant]]`: it does not change while its
/// object lives.
fn field(mut table: Table<'_>, what: &str, hint: &str, errors: &mut Errors) -> Option<(String, String)> {
    let mut name = |key| {
        let name = table.string(key, errors).filter(|name| is_c_name(name.text)).map(|name| name.text.to_owned());
        if name.is_none() {
            errors.add(table.head(), format!("`{key}` is missing, or no C name"), hint);
        }
        name
    };
    let pair = name("struct").zip(name("field"));
    source(&mut table, errors);
    table.finish(what, errors);
    pair
}

/// `[[numbered]]`: the variable points at the first of all page structures; the number of none has more bits.
fn numbered(mut table: Table<'_>, errors: &mut Errors) -> Option<(String, u32)> {
    const HINT: &str = "global = \"vmemmap_base\", bits = 52";
    let global = table.string("global", errors).filter(|name| is_c_name(name.text)).map(|name| name.text.to_owned());
    let bits = table.number("bits", errors).and_then(|bits| u32::try_from(bits).ok()).filter(|bits| (1..64).contains(bits));
    if global.is_none() || bits.is_none() {
        errors.add(table.head(), "`global` or `bits` is missing, or no name or number of bits", HINT);
    }
    source(&mut table, errors);
    table.finish("a [[numbered]]", errors);
    global.zip(bits)
}

/// One `[[policy]]`: its name, the trees it is chosen for, and the releases that each kind takes.
fn policy(mut table: Table<'_>, errors: &mut Errors) -> Option<PolicyEntry> {
    let span = table.head();
    let name = table.string("name", errors);
    if name.is_none() {
        errors.add(span.clone(), "`name` is missing", "name = \"pin\"");
    }
    let mut policy = Policy {
        name: name.as_ref().map(|name| name.text.to_owned()).unwrap_or_default(),
        source: source(&mut table, errors),
        pins_for_data: table.flag("pins_for_data", errors),
        conversions: super::convert::conversions(&mut table, errors),
        calls: super::convert::calls(&mut table, errors),
        ..Policy::default()
    };
    let tree = condition(&mut table, errors);
    if let Some(mut accepts) = table.table("accepts", errors) {
        for (word, kind) in KINDS {
            policy.accepts.insert(kind, classes(&mut accepts, word, kind, errors));
        }
        accepts.finish("`accepts`", errors);
    } else {
        errors.add(span.clone(), "`accepts` is missing", "[policy.accepts] pin = [\"unpin\"] …");
    }
    table.finish("a [[policy]]", errors);
    name.map(|_| PolicyEntry { policy, tree, file: errors.file.clone(), span })
}

/// Releases that a kind takes. Only `borrowed` may be left out: nothing is held.
fn classes(
    table: &mut Table<'_>,
    word: &'static str,
    kind: RefKind,
    errors: &mut Errors,
) -> BTreeSet<crate::summary::ReleaseClass> {
    let texts = table.strings(word, errors);
    if texts.is_empty() && kind != RefKind::Borrowed {
        errors.add(table.head(), format!("no release for `{word}`"), format!("{word} = [\"put\"]"));
    }
    let read = |reader: &mut Reader<'_>| super::effect::word(reader, "class of release", &CLASSES);
    texts.iter().filter_map(|text| parse(text, &[], errors, read)).collect()
}

pub(super) fn is_c_name(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_') && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

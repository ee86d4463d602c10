//! From TOML to suppressions, every key checked.

use gup_analysis::contract::{ContractError, Errors, Literal, Table, did_you_mean, read_table};

use super::{Covers, Suppression, Suppressions};
use crate::known::Day;

pub(super) fn file(name: &str, text: &str, rules: &[&str]) -> Result<Suppressions, Vec<ContractError>> {
    let (entries, errors) = read_table(name, text, "a suppression file", |top, errors| {
        let tables = top.tables("suppress", errors);
        tables.into_iter().filter_map(|table| entry(table, text, rules, errors)).collect()
    });
    if errors.is_empty() { Ok(Suppressions { name: name.to_owned(), entries }) } else { Err(errors) }
}

/// One `[[suppress]]`; `None` where a mistake was noted.
fn entry(mut table: Table<'_>, text: &str, rules: &[&str], errors: &mut Errors) -> Option<Suppression> {
    let span = table.head();
    let covers = covers(&mut table, rules, errors);
    let reason = needed(&mut table, "reason", "say why, so that the next one who wonders need not ask: reason = \"…\"", errors);
    let owner = needed(&mut table, "owner", "say who answers for it: owner = \"Name <address>\"", errors);
    let until = until(&mut table, errors);
    table.finish("a [[suppress]]", errors);
    let line = text[..span.start].matches('\n').count() + 1;
    Some(Suppression { covers: covers?, reason: reason?, owner: owner?, until: until.ok()?, line, span })
}

/// Either one finding by its fingerprint, or a rule in some files.
fn covers(table: &mut Table<'_>, rules: &[&str], errors: &mut Errors) -> Option<Covers> {
    let fingerprint = table.string("fingerprint", errors);
    let path = table.string("path", errors);
    let rule = table.string("rule", errors).filter(|rule| is_rule(rule, rules, errors));
    let mut optional = |key| table.string(key, errors).map(|literal| literal.text.to_owned()).unwrap_or_default();
    let (file, function) = (optional("file"), optional("function"));
    let rule = rule.map(|rule| rule.text.to_owned());
    match (fingerprint, path) {
        (Some(fingerprint), None) => {
            let digits = fingerprint.text.strip_prefix("gf1:").unwrap_or_default();
            if digits.len() != 16 || !digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
                errors.add(fingerprint.span, "this is no fingerprint", "gf1: and 16 hex digits, as the JSON report has them");
                return None;
            }
            Some(Covers::One { fingerprint: fingerprint.text.to_owned(), rule: rule.unwrap_or_default(), file, function })
        }
        (None, Some(path)) if !path.text.is_empty() && !path.text.starts_with('/') => match rule {
            Some(rule) => Some(Covers::All { rule, path: path.text.to_owned() }),
            None => {
                errors.add(
                    table.head(),
                    "a `path` needs a `rule`",
                    "name the rule that is suppressed there: `gupcheck rules` lists them",
                );
                None
            }
        },
        (None, Some(path)) => {
            errors.add(path.span, "a `path` is relative to the kernel tree", "for instance drivers/staging/**");
            None
        }
        (Some(_), Some(path)) => {
            errors.add(path.span, "an entry has a `fingerprint` or a `path`, not both", "make two entries of it");
            None
        }
        (None, None) => {
            errors.add(table.head(), "nothing says what is suppressed", "give a `fingerprint`, or a `rule` and a `path`");
            None
        }
    }
}

fn is_rule(rule: &Literal<'_>, rules: &[&str], errors: &mut Errors) -> bool {
    let known = rules.contains(&rule.text);
    if !known {
        errors.add(rule.span.clone(), format!("there is no rule `{}`", rule.text), did_you_mean(rule.text, rules));
    }
    known
}

fn needed(table: &mut Table<'_>, key: &'static str, help: &str, errors: &mut Errors) -> Option<String> {
    let had = table.has(key);
    match table.string(key, errors) {
        Some(text) if !text.text.trim().is_empty() => return Some(text.text.to_owned()),
        Some(empty) => errors.add(empty.span, format!("`{key}` is empty"), help),
        None if !had => errors.add(table.head(), format!("a [[suppress]] needs a `{key}`"), help),
        None => {}
    }
    None
}

fn until(table: &mut Table<'_>, errors: &mut Errors) -> Result<Option<Day>, ()> {
    let Some(value) = table.get("until") else { return Ok(None) };
    let day = value.get_ref().as_datetime().and_then(|time| Day::parse(&time.to_string()));
    if day.is_none() {
        errors.add(value.span(), "`until` is a day", "until = 2027-03-01, without quotes: the last day on which it holds");
    }
    day.map(Some).ok_or(())
}

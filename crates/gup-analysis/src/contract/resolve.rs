//! The variant of each contract that holds for a tree, constants given their values, and the policy.

use std::collections::BTreeSet;

use super::expr::sum;
use super::{Contract, ContractError, ContractFiles, Contracts, Policy, TreeFacts};
use crate::summary::{Effect, Expr, Refs, Summary, in_expr, in_path};

pub(super) fn resolve(files: &ContractFiles, facts: &TreeFacts) -> Result<Contracts, Vec<ContractError>> {
    let mut contracts = Contracts {
        suffixes: files.suffixes.clone(),
        same: files.same.clone(),
        numbered: files.numbered.clone(),
        invariant: files.invariant.clone(),
        ..Contracts::default()
    };
    let mut errors = Vec::new();
    add_apis(files, facts, &mut contracts, &mut errors);
    add_borrows(files, &mut contracts, &mut errors);
    match policy(files, facts) {
        Ok(policy) => contracts.policy = policy,
        Err(error) => errors.push(error),
    }
    if errors.is_empty() { Ok(contracts) } else { Err(errors) }
}

fn add_apis(files: &ContractFiles, facts: &TreeFacts, contracts: &mut Contracts, errors: &mut Vec<ContractError>) {
    for api in files.apis.iter().filter(|api| api.tree.holds(&facts.declared)) {
        let mut contract = api.contract.clone();
        each_expr(&mut contract.summary, &mut |expr| match expr {
            Expr::Named(name) => {
                if let Some(value) = facts.constants.get(name) {
                    *expr = Expr::Int(*value);
                }
            }
            // Constants fold into the sum that they stand in.
            Expr::Sum(constant, terms) => {
                if let Some(folded) = sum(*constant, std::mem::take(terms)) {
                    *expr = folded;
                }
            }
            _ => {}
        });
        for name in std::iter::once(&contract.name).chain(&api.aliases) {
            if insert(contracts, name, &contract).is_some() {
                errors.push(ContractError {
                    file: api.file.clone(),
                    span: api.span.clone(),
                    message: format!("a second contract for `{name}` holds for this tree"),
                    help: "tell them apart by `requires` and `lacks`, or delete one".to_owned(),
                });
            }
        }
    }
}

/// Returns the contract that was there before.
fn insert(contracts: &mut Contracts, name: &str, contract: &Contract) -> Option<Contract> {
    match &contract.file {
        None => contracts.global.insert(name.to_owned(), contract.clone()),
        Some(file) => contracts.statics.entry(name.to_owned()).or_default().insert(file.clone(), contract.clone()),
    }
}

fn add_borrows(files: &ContractFiles, contracts: &mut Contracts, errors: &mut Vec<ContractError>) {
    let contracted: BTreeSet<&str> =
        files.apis.iter().filter(|api| api.contract.file.is_none()).map(|api| api.contract.name.as_str()).collect();
    for entry in &files.borrows {
        for (name, span) in &entry.names {
            let mut complain = |message: String, help: &str| {
                errors.push(ContractError { file: entry.file.clone(), span: span.clone(), message, help: help.to_owned() });
            };
            if contracted.contains(name.as_str()) {
                complain(format!("`{name}` has a contract, too"), "the contract is what holds: delete the name here");
            } else if let Some((start, rest)) = name.split_once('*') {
                contracts.globs.entry(start.to_owned()).or_default().push(rest.to_owned());
            } else if !contracts.borrowed.insert(name.clone()) {
                complain(format!("`{name}` stands in the list twice"), "delete one");
            }
        }
    }
}

/// The policy by name, or the only one whose condition the tree meets.
fn policy(files: &ContractFiles, facts: &TreeFacts) -> Result<Policy, ContractError> {
    let names: Vec<&str> = files.policies().collect();
    let all = || names.join(", ");
    let at = files.policies.first();
    let error = |message: String, help: String| ContractError {
        file: at.map(|entry| entry.file.clone()).unwrap_or_default(),
        span: at.map(|entry| entry.span.clone()).unwrap_or_default(),
        message,
        help,
    };
    let mut fitting = files.policies.iter().filter(|entry| match &facts.policy {
        Some(name) => entry.policy.name == *name,
        None => entry.tree.holds(&facts.declared),
    });
    match (fitting.next(), fitting.next(), &facts.policy) {
        (Some(only), None, asked) => Ok(Policy { is_goal: asked.is_some(), ..only.policy.clone() }),
        (None, _, Some(name)) => Err(error(format!("there is no policy `{name}`"), format!("one of: {}", all()))),
        (None, _, None) => {
            Err(error("no policy fits what this tree declares".to_owned(), format!("choose one by --policy: {}", all())))
        }
        (Some(first), Some(second), _) => Err(ContractError {
            file: second.file.clone(),
            span: second.span.clone(),
            message: format!("policy `{}` and policy `{}` both fit", first.policy.name, second.policy.name),
            help: "tell them apart by `requires` and `lacks`".to_owned(),
        }),
    }
}

/// Named constants in any contract.
pub(super) fn constants(files: &ContractFiles) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for api in &files.apis {
        each_expr(&mut api.contract.summary.clone(), &mut |expr| {
            if let Expr::Named(name) = expr {
                names.insert(name.clone());
            }
        });
    }
    names
}

/// Visits every expression of a summary, inner ones first.
fn each_expr(summary: &mut Summary, visit: &mut dyn FnMut(&mut Expr)) {
    for outcome in &mut summary.outcomes {
        for test in &mut outcome.when {
            in_expr(&mut test.lhs, visit);
            in_expr(&mut test.rhs, visit);
        }
        for effect in &mut outcome.effects {
            in_effect(effect, visit);
        }
        if let Some(returns) = &mut outcome.returns {
            in_expr(returns, visit);
        }
    }
}

fn in_effect(effect: &mut Effect, visit: &mut dyn FnMut(&mut Expr)) {
    match effect {
        Effect::Acquire { what, .. } | Effect::Release { what, .. } | Effect::Escape { what, .. } => in_refs(what, visit),
        Effect::Carry { what, into } => {
            in_refs(what, visit);
            in_path(into, visit);
        }
        Effect::Copy { from, to } => {
            in_refs(from, visit);
            in_refs(to, visit);
        }
        Effect::Set { path, value } => {
            in_path(path, visit);
            in_expr(value, visit);
        }
        Effect::Destroy { object } | Effect::Publish { object } => in_expr(object, visit),
        Effect::Forget { path } => in_path(path, visit),
        Effect::Later { function, argument, atomic: _ } => {
            in_expr(function, visit);
            in_expr(argument, visit);
        }
        Effect::Touch { touch: _, what, given } => {
            in_refs(what, visit);
            if let Some(test) = given {
                in_expr(&mut test.lhs, visit);
                in_expr(&mut test.rhs, visit);
            }
        }
        Effect::NoReturn | Effect::Atomic { .. } => {}
    }
}

fn in_refs(refs: &mut Refs, visit: &mut dyn FnMut(&mut Expr)) {
    match refs {
        Refs::One(value) => in_expr(value, visit),
        Refs::Range { array, sub: _, lo, hi } => {
            for value in [array, lo, hi] {
                in_expr(value, visit);
            }
        }
    }
}

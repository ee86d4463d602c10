//! Outcomes as callers see them: which of them are one, and what their expressions speak of.

use std::borrow::Cow;

use super::unsaid::{Unknowns, drop_unsaid};
use crate::domain::refs::ANOTHER;
use crate::limits::Width;
use crate::summary::{self, Effect, Expr, Outcome, Path, Refs, Test, TestOp, walk};

/// Why it is not known what becomes of references.
pub(super) const TOO_MANY_OUTCOMES: &str = "limit: too many different outcomes";

/// Outcomes with the same effects and value are one. `exact`: only where their tests can be said as one list; callers must
/// be able to tell what happens when, with `switch (cmd)` there and `switch (cmd)` here. Else what holds for both is tested.
pub(super) fn add_outcome(outcomes: &mut Vec<Outcome>, outcome: Outcome, exact: bool) {
    for known in outcomes.iter_mut() {
        let is_same =
            if exact { are_equal(&known.effects, &outcome.effects) } else { are_alike(&known.effects, &outcome.effects) };
        let is_alike = (known.allocates, known.zeroed) == (outcome.allocates, outcome.zeroed)
            && known.made == outcome.made
            && known.is_gapped == outcome.is_gapped;
        if !is_same || !is_alike || known.returns != outcome.returns {
            continue;
        }
        join_content(&mut known.effects, &outcome.effects);
        if let Some(when) = either(&known.when, &outcome.when) {
            known.when = when;
            return;
        }
        if !exact {
            known.when.retain(|test| outcome.when.contains(test));
            return;
        }
    }
    outcomes.push(outcome);
}

/// The same but for memory that is copied.
fn are_equal(a: &[Effect], b: &[Effect]) -> bool {
    let is_other = |effect: &&Effect| !effect.is_memory_copy();
    a.iter().filter(is_other).eq(b.iter().filter(is_other))
}

/// The same but for memory that is copied, and what is said of the pages' content.
fn are_alike(a: &[Effect], b: &[Effect]) -> bool {
    let is_other = |effect: &&Effect| !effect.is_memory_copy() && !matches!(effect, Effect::Touch { .. } | Effect::Atomic { .. });
    a.iter().filter(is_other).eq(b.iter().filter(is_other))
}

/// The tests that hold if all of one or all of the other do, where a list of tests can say that.
fn either(a: &[Test], b: &[Test]) -> Option<Vec<Test>> {
    let common: Vec<Test> = a.iter().filter(|test| b.contains(test)).cloned().collect();
    let rest = |all: &[Test]| all.iter().filter(|test| !common.contains(test)).cloned().collect::<Vec<_>>();
    match (&rest(a)[..], &rest(b)[..]) {
        ([], _) | (_, []) => Some(common),
        ([one], [other]) if are_opposite(one, other) => Some(common),
        _ => None,
    }
}

/// `x >= 0` and `-x - 1 >= 0`.
fn are_opposite(a: &Test, b: &Test) -> bool {
    let parts = |test: &Test| match (&test.lhs, test.op, &test.rhs) {
        (Expr::Sum(constant, parts), TestOp::Ge, Expr::Int(0)) => Some((*constant, parts.clone())),
        (other, TestOp::Ge, Expr::Int(0)) => Some((0, vec![(1, other.clone())])),
        _ => None,
    };
    let (Some((c, of)), Some((d, other))) = (parts(a), parts(b)) else { return false };
    // Bounds of what has no bound (`i64::MAX / 4` pages) come near the end of the integers.
    let negated =
        |(factor, expr): &(i64, Expr)| factor.checked_neg().is_some_and(|factor| other.contains(&(factor, expr.clone())));
    c.checked_add(d) == Some(-1) && of.len() == other.len() && of.iter().all(negated)
}

/// Fewer outcomes: those with the same effects of the sort that matters are joined, whatever else they do, write and return.
pub(super) fn coarsened(outcomes: Vec<Outcome>, matters: fn(&Effect) -> bool) -> Vec<Outcome> {
    let mut groups: Vec<(Vec<Effect>, Sign, Outcome)> = Vec::new();
    for outcome in outcomes {
        // A write that gives references their name is about them.
        let names = names_of_kept(&outcome.effects);
        let (about_refs, other): (Vec<Effect>, Vec<Effect>) = outcome.effects.iter().cloned().partition(|effect| match effect {
            Effect::Set { value, .. } => names.iter().any(|name| mentions(value, name)),
            Effect::Forget { .. } | Effect::Destroy { .. } | Effect::Publish { .. } => false,
            Effect::Touch { .. } | Effect::Atomic { .. } => false,
            effect if effect.is_memory_copy() => false,
            effect => matters(effect) || !effect.is_about_references(),
        });
        let sign = Sign::of(outcome.returns.as_ref(), &outcome.when);
        let is_alike = |refs: &Vec<Effect>, of: Sign, known: &Outcome| {
            *refs == about_refs && of == sign && known.is_gapped == outcome.is_gapped
        };
        match groups.iter_mut().find(|(refs, of, known)| is_alike(refs, *of, known)) {
            Some((_, _, joined)) => {
                let lost = only_one_does(&joined.effects, &outcome.effects);
                // Said of the joined value before, in these words: it holds of this outcome's as well.
                let said: Vec<Test> = sign.tests().into_iter().filter(|test| joined.when.contains(test)).collect();
                joined.when.retain(|test| outcome.when.contains(test) || said.contains(test));
                // What not every path frees is not taken to be freed.
                joined.effects.retain(|effect| !matches!(effect, Effect::Destroy { .. }) || other.contains(effect));
                joined.effects.retain(|effect| !lost.iter().any(|lost| is_same_deed(lost, effect)));
                // Of what was there before: what is given comes last.
                joined.effects.splice(0..0, lost.iter().filter_map(perhaps));
                join_content(&mut joined.effects, &other);
                join_writes(&mut joined.effects, &about_refs, &other);
                joined.allocates &= outcome.allocates;
                joined.zeroed &= outcome.zeroed;
                joined.made.retain(|number| outcome.made.contains(number));
                if joined.returns != outcome.returns {
                    joined.returns = Some(Expr::Ret);
                    joined.when.retain(|test| !speaks_of_ret(test));
                    joined.when.extend(sign.tests());
                }
            }
            None => groups.push((about_refs, sign, outcome)),
        }
    }
    let mut fewer: Vec<Outcome> = groups.into_iter().map(|(_, _, outcome)| outcome).collect();
    for outcome in &mut fewer {
        let known = Unknowns::of(&outcome.effects, outcome.returns.as_ref());
        drop_unsaid(&mut outcome.effects, &known);
    }
    fewer
}

/// What only one of them does to references, or one does more often, each thing once.
fn only_one_does(a: &[Effect], b: &[Effect]) -> Vec<Effect> {
    let times = |all: &[Effect], effect: &Effect| all.iter().filter(|known| is_same_deed(known, effect)).count();
    let mut lost: Vec<Effect> = Vec::new();
    for effect in a.iter().chain(b).filter(|effect| effect.is_about_references()) {
        if times(a, effect) != times(b, effect) && !lost.iter().any(|known| is_same_deed(known, effect)) {
            lost.push(effect.clone());
        }
    }
    lost
}

/// The same, wherever it is done.
fn is_same_deed(a: &Effect, b: &Effect) -> bool {
    match (a, b) {
        (Effect::Release { class, what, .. }, Effect::Release { class: other, what: of, .. }) => class == other && what == of,
        _ => a == b,
    }
}

/// What may have been done to references that callers may hold: it is not known any more what became of them.
fn perhaps(effect: &Effect) -> Option<Effect> {
    let (what, why) = match effect {
        Effect::Escape { .. } => return Some(effect.clone()),
        // An array is filled, mostly, and with references that are nobody's concern here.
        Effect::Acquire { what: what @ Refs::One(_), site: None, .. } => (what, ANOTHER),
        Effect::Release { what, .. } | Effect::Carry { what, .. } => (what, TOO_MANY_OUTCOMES),
        _ => return None,
    };
    is_nameable(what.name()).then(|| Effect::Escape { what: what.clone(), why: why.to_owned() })
}

/// A callee's outcomes, joined if they are more than are looked at apart and everything that is given still has a name afterwards.
pub(super) fn at_most<'o>(width: &Width, outcomes: &'o [Outcome]) -> Cow<'o, [Outcome]> {
    if outcomes.len() <= width.outcomes {
        return Cow::Borrowed(outcomes);
    }
    let mut fewer = coarsened(outcomes.to_vec(), Effect::is_about_references);
    if fewer.len() > width.outcomes && width.is_least {
        fewer = coarsened(fewer, is_of_ledger);
    }
    if fewer.iter().all(names_what_it_gives) { Cow::Owned(fewer) } else { Cow::Borrowed(outcomes) }
}

/// Takes references of the ledger.
pub(super) fn is_of_site(effect: &Effect) -> bool {
    matches!(effect, Effect::Acquire { site: Some(_), .. })
}

/// About references, but not about taking some that no acquisition of the ledger took.
pub(super) fn is_of_ledger(effect: &Effect) -> bool {
    effect.is_about_references() && !matches!(effect, Effect::Acquire { site: None, .. })
}

fn names_what_it_gives(outcome: &Outcome) -> bool {
    let is_returned = |name: &Expr| outcome.returns.as_ref().is_some_and(|value| mentions(value, name));
    let is_said = |name: &Expr| is_returned(name) || is_stored(&outcome.effects, name);
    outcome.effects.iter().all(|effect| match effect {
        Effect::Acquire { what, .. } => is_nameable(what.name()) || is_said(what.name()),
        _ => true,
    })
}

/// What only one of two outcomes writes, or each otherwise, is not known afterwards; what either publishes is published. Both
/// have `common`.
fn join_writes(joined: &mut Vec<Effect>, common: &[Effect], other: &[Effect]) {
    let place = |effect: &Effect| match effect {
        Effect::Set { path, .. } | Effect::Forget { path } => Some(path.clone()),
        _ => None,
    };
    let only_here = joined.iter().filter(|effect| !common.contains(effect) && !other.contains(effect));
    let only_there: Vec<&Effect> = other.iter().filter(|effect| !joined.contains(effect)).collect();
    let changed: Vec<Path> = only_there.iter().copied().chain(only_here).filter_map(place).collect();
    joined.extend(only_there.into_iter().filter(|effect| matches!(effect, Effect::Publish { .. })).cloned());
    for path in changed {
        // What both write is written, after what else was there is forgotten.
        let is_undone = |effect: &Effect| match effect {
            Effect::Set { path: p, .. } => *p == path && !common.contains(effect),
            Effect::Forget { path: p } => *p == path,
            _ => false,
        };
        joined.retain(|effect| !is_undone(effect));
        // Before what is written: `pages[nr]` may be `pages[0]`.
        let is_later = |effect: &Effect| matches!(effect, Effect::Set { .. } | Effect::Acquire { .. });
        let at = joined.iter().position(is_later).unwrap_or(joined.len());
        joined.insert(at, Effect::Forget { path });
    }
}

/// The unknowns by which references that are kept are known, and those of the objects that lead to them.
fn names_of_kept(effects: &[Effect]) -> Vec<Expr> {
    let mut names = Vec::new();
    let mut add = |expr: &Expr| {
        walk(expr, &mut |part| {
            if matches!(part, Expr::Fresh(_) | Expr::Ret) && !names.contains(part) {
                names.push(part.clone());
            }
        });
    };
    for effect in effects {
        if let Effect::Acquire { what, .. } = effect {
            add(what.name());
        }
    }
    loop {
        let known = names.clone();
        let is_link = |value: &Expr| known.iter().any(|name| mentions(value, name));
        let mut more = false;
        for effect in effects {
            if let Effect::Set { path, value } = effect
                && is_link(value)
                && let summary::Root::At(object) = &*path.root
            {
                let mut add = |part: &Expr| {
                    if matches!(part, Expr::Fresh(_)) && !names.contains(part) {
                        names.push(part.clone());
                        more = true;
                    }
                };
                walk(object, &mut add);
            }
        }
        if !more {
            return names;
        }
    }
}

/// Of the pages' content: evidence that both have, dirtying that either has, locks that both take. And the memory that either copies.
fn join_content(effects: &mut Vec<Effect>, other: &[Effect]) {
    let copies: Vec<Effect> =
        other.iter().filter(|effect| effect.is_memory_copy() && !effects.contains(effect)).cloned().collect();
    effects.extend(copies);
    effects.retain(|effect| match effect {
        Effect::Touch { touch, .. } => touch.is_dirtying() || other.contains(effect),
        Effect::Atomic { enter: true } => other.contains(effect),
        _ => true,
    });
    for effect in other.iter().filter(|effect| effect.is_dirtying() || matches!(effect, Effect::Atomic { enter: false })) {
        if effects.contains(effect) {
            continue;
        }
        // Pages that the caller is given are there at the end only, its own perhaps at the start only.
        let is_given = |page: &Refs| effects.iter().any(|e| matches!(e, Effect::Acquire { what, .. } if what == page));
        let at = match effect {
            Effect::Touch { what, .. } if !is_given(what) => 0,
            _ => effects.len(),
        };
        effects.insert(at, effect.clone());
    }
}

fn speaks_of_ret(test: &Test) -> bool {
    let mut found = false;
    walk(&test.lhs, &mut |e| found |= *e == Expr::Ret);
    found
}

/// Classes of returned values that callers tell apart.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Sign {
    Negative,
    Zero,
    Positive,
    Any,
}

impl Sign {
    fn of(returns: Option<&Expr>, when: &[Test]) -> Sign {
        match returns {
            Some(Expr::Int(value)) if *value < 0 => Sign::Negative,
            Some(Expr::Int(0)) => Sign::Zero,
            Some(Expr::Int(_) | Expr::Addr(_)) => Sign::Positive,
            Some(ret) => {
                let says = |expr: &Expr| when.iter().any(|test| test.op == TestOp::Ge && test.lhs == *expr);
                if says(&Expr::Sum(-1, vec![(-1, ret.clone())])) {
                    Sign::Negative
                } else if says(&Expr::Sum(-1, vec![(1, ret.clone())])) {
                    Sign::Positive
                } else {
                    Sign::Any
                }
            }
            None => Sign::Any,
        }
    }

    fn tests(self) -> Vec<Test> {
        let test = |op, value| Test { op, lhs: Expr::Ret, rhs: Expr::Int(value) };
        match self {
            Sign::Negative => vec![test(TestOp::Lt, 0), test(TestOp::Ge, -4095)],
            Sign::Zero => vec![test(TestOp::Eq, 0)],
            Sign::Positive => vec![test(TestOp::Gt, 0)],
            Sign::Any => Vec::new(),
        }
    }
}

pub(crate) fn mentions(value: &Expr, part: &Expr) -> bool {
    let mut found = false;
    walk(value, &mut |e| found |= e == part);
    found
}

/// One of the effects stores it, or what is made of it.
pub(super) fn is_stored(effects: &[Effect], name: &Expr) -> bool {
    let stored = |part: &Expr| effects.iter().any(|effect| matches!(effect, Effect::Set { value, .. } if mentions(value, part)));
    stored(name) || is_made_of(name, stored)
}

/// Has it unknowns, and are these all known? An array that lies in a new object, by the object: `&obj->bvec`.
pub(super) fn is_made_of(name: &Expr, is_known: impl Fn(&Expr) -> bool) -> bool {
    let (mut any, mut all) = (false, true);
    walk(name, &mut |part| {
        if let Expr::Fresh(_) = part {
            any = true;
            all &= is_known(part);
        }
    });
    any && all
}

/// Callers know every part of it.
pub(super) fn is_nameable(expr: &Expr) -> bool {
    let mut known = true;
    walk(expr, &mut |part| known &= !matches!(part, Expr::Fresh(_)));
    known
}

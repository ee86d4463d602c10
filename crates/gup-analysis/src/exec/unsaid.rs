//! What a summary need not say: that something happens to objects for which callers have no word.

use std::collections::BTreeSet;

use crate::summary::{self, Effect, Expr, Path, Refs, in_path, walk, walk_path};

/// Stands for each unknown that matters to nobody: no summary has so many.
const ANY: u32 = u32::MAX;

/// Takes out what is only said of objects that callers have no word for. That some page was dirtied stays said, once, and once of each
/// array, that some element is not known any more. A walk through page tables or a queue says thousands of such things.
pub(super) fn drop_unsaid(effects: &mut Vec<Effect>, known: &Unknowns) {
    let mut is_said = false;
    let mut forgotten: Vec<Path> = Vec::new();
    effects.retain(|effect| match effect {
        Effect::Touch { touch, what: Refs::One(name) | Refs::Range { array: name, .. }, .. } if known.are_without(name) => {
            touch.is_dirtying() && !std::mem::replace(&mut is_said, true)
        }
        Effect::Publish { object } => !known.are_without(object) && !known.are_beyond(object),
        Effect::Forget { path } => {
            if known.are_without_place(path) {
                return false;
            }
            let place = known.without_names(path);
            let is_news = !forgotten.contains(&place);
            forgotten.extend(is_news.then_some(place));
            is_news
        }
        _ => true,
    });
}

/// The unknowns that a summary's effects and value mention so that it matters which they are.
pub(super) struct Unknowns(BTreeSet<u32>);

impl Unknowns {
    pub(super) fn of(effects: &[Effect], returns: Option<&Expr>) -> Unknowns {
        let mut found = BTreeSet::new();
        let mut look = |part: &Expr| {
            if let Expr::Fresh(number) = part {
                found.insert(*number);
            }
        };
        returns.into_iter().for_each(|value| walk(value, &mut look));
        effects.iter().for_each(|effect| walk_effect(effect, &mut look));
        Unknowns(found)
    }

    /// Is it reached from an unknown that matters to nobody? `fresh(1)->mapping`, but not `array[fresh(1)]`.
    fn are_without(&self, expr: &Expr) -> bool {
        match expr {
            Expr::Fresh(number) => !self.0.contains(number),
            Expr::Load(path) | Expr::Addr(path) => self.are_without_place(path),
            Expr::Sum(_, parts) => matches!(&parts[..], [(_, only)] if self.are_without(only)),
            _ => false,
        }
    }

    fn are_without_place(&self, path: &Path) -> bool {
        matches!(&*path.root, summary::Root::At(object) if self.are_without(object))
    }

    /// Is it no object that callers could name? A number, or a place that is found by an unknown that matters to nobody, in memory that a
    /// global variable leads to: a page by its number, `global(vmemmap_base) + fresh(1)`. What is found in a global's field may be
    /// what callers put there.
    fn are_beyond(&self, expr: &Expr) -> bool {
        let is_part = |(_, part): &(i64, Expr)| match part {
            Expr::Load(Path { root, steps }) => matches!(**root, summary::Root::Global(_)) && steps.is_empty(),
            part => self.are_without(part),
        };
        match expr {
            Expr::Int(_) => true,
            Expr::Sum(_, parts) => parts.iter().all(is_part) && parts.iter().any(|(_, part)| self.are_without(part)),
            _ => false,
        }
    }

    /// The place, whichever unknowns it is named by that matter to nobody.
    fn without_names(&self, path: &Path) -> Path {
        let mut path = path.clone();
        in_path(&mut path, &mut |part| {
            if matches!(part, Expr::Fresh(number) if !self.0.contains(number)) {
                *part = Expr::Fresh(ANY);
            }
        });
        path
    }

    /// Does it speak of no others? Parameters, entry memory and the returned value mean something to every caller.
    pub(super) fn cover(&self, expr: &Expr) -> bool {
        let mut known = true;
        walk(expr, &mut |part| known &= !matches!(part, Expr::Fresh(number) if !self.0.contains(number)));
        known
    }
}

fn walk_effect(effect: &Effect, visit: &mut dyn FnMut(&Expr)) {
    let mut refs = |what: &Refs| match what {
        Refs::One(expr) => walk(expr, visit),
        Refs::Range { array, lo, hi, .. } => [array, lo, hi].into_iter().for_each(|e| walk(e, visit)),
    };
    match effect {
        Effect::Acquire { what, .. } | Effect::Release { what, .. } | Effect::Escape { what, .. } => refs(what),
        Effect::Carry { what, into } => {
            refs(what);
            walk_path(into, visit);
        }
        Effect::Copy { from, to } => {
            refs(from);
            // Which memory a copy is in matters only where something else names it.
            if matches!(to, Refs::Range { .. }) {
                refs(to);
            }
        }
        Effect::Set { path, value } => {
            walk_path(path, visit);
            walk(value, visit);
        }
        Effect::Destroy { object } => walk(object, visit),
        Effect::Later { function, argument, .. } => {
            walk(function, visit);
            walk(argument, visit);
        }
        // Facts are not kept for what is only said of content, of who can reach an object, or of what is not known any more.
        Effect::Publish { .. } | Effect::Forget { .. } | Effect::Touch { .. } | Effect::NoReturn | Effect::Atomic { .. } => {}
    }
}

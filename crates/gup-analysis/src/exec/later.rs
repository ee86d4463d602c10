//! Completions: code that runs later with what it is given.
//!
//! ```c
//!         bio->bi_end_io = foo_end_io;
//!         submit_bio(bio);                // foo_end_io(bio), some time
//! ```
//! The handler's outcomes are alternatives like those of a call, but only what they do to references counts here: what else
//! they write happens at another time.

use std::collections::HashMap;

use gup_ir::Pos;

use super::Exec;
use super::reach::Reach;
use super::translate::Binding;
use crate::domain::refs::What;
use crate::domain::state::{Done, State};
use crate::domain::term::{Atom, Lin};
use crate::summary::{Effect, Expr, Outcome, ReleaseClass, ReleaseId, Touch};

/// A handler being applied.
struct Handler<'h> {
    name: &'h str,
    argument: Lin,
    /// Of the statement that hands it the argument.
    pos: Pos,
}

impl Exec<'_> {
    /// `function(argument)` will run later, or runs now.
    pub(super) fn later(
        &mut self,
        mut state: State,
        binding: &mut Binding,
        (function, argument, atomic): (&Expr, &Expr, bool),
        pos: Pos,
    ) -> Vec<State> {
        let function = self.expr(&state, binding, function);
        let argument = self.expr(&state, binding, argument);
        let name = match function.as_atom().map(|atom| self.terms.get(atom)) {
            Some(Atom::Function(name)) => Some(name.clone()),
            _ => None,
        };
        if let (Some(name), true, 0) = (&name, atomic, self.quiet) {
            self.fates.handlers.insert((name.clone(), self.id, pos));
        }
        let summary = name.as_deref().and_then(|name| self.callee(name)).flatten();
        let (Some(name), Some(summary)) = (name, summary) else {
            self.give_to_unknown(&mut state, &argument, "handed to a completion that is not known here");
            state.done.push(Done::Later { function, argument, atomic });
            return vec![state];
        };
        let handler = Handler { name: &name, argument, pos };
        self.note_submission(&state, &handler);
        let mut after: Vec<State> = Vec::new();
        for (number, outcome) in summary.outcomes.iter().enumerate() {
            self.in_case(&name, number);
            let Some(mut done) = self.in_handler(&state, &handler, outcome, summary.gaps.is_empty()) else { continue };
            self.settle_handler(&mut done, &handler);
            // What the handler asked is not asked here: where it makes no difference to references, it makes none.
            done.facts = state.facts.clone();
            match after.iter_mut().find(|known| **known == done) {
                Some(known) => known.blend_content(&done),
                None => after.push(done),
            }
        }
        if after.is_empty() { vec![state] } else { after }
    }

    /// The state after one outcome of the handler; none if its tests cannot hold.
    fn in_handler(&mut self, state: &State, handler: &Handler<'_>, outcome: &Outcome, is_whole: bool) -> Option<State> {
        let mut binding = Binding { args: vec![handler.argument.clone()], ret: Lin::default(), fresh: HashMap::new() };
        let mut asked = state.clone();
        if !outcome.when.iter().all(|test| self.assume_test(&mut asked, &mut binding, test)) {
            return None;
        }
        let mut after = asked.clone();
        for effect in &outcome.effects {
            if let Effect::Destroy { object } = effect
                && is_whole
            {
                let object = self.expr(&asked, &mut binding, object);
                self.destroy_in_handler(&mut after, handler, &object);
            }
            if let Effect::Touch { touch, what, given } = effect
                && touch.is_dirtying()
            {
                let given = given.as_ref().and_then(|test| self.given(&asked, &mut binding, test));
                let what = self.refs(&asked, &mut binding, what);
                self.touch(&mut after, Touch::Dirty, &what, given, handler.pos);
            }
            let Effect::Release { class, what, at } = effect else { continue };
            let what = self.refs(&asked, &mut binding, what);
            if self.is_open(&after, &what) {
                self.release_in_handler(&mut after, handler, *class, what, *at);
            } else if self.is_of_entry(&what) {
                // The caller's, perhaps.
                after.done.push(Done::Release { class: *class, what, at: *at });
            }
        }
        Some(after)
    }

    fn release_in_handler(
        &mut self,
        state: &mut State,
        handler: &Handler<'_>,
        class: ReleaseClass,
        what: What,
        at: Option<ReleaseId>,
    ) {
        let outer = self.handler.replace(handler.name.to_owned());
        self.release(state, class, what, at, handler.pos);
        self.handler = outer;
        if let (0, Some(at)) = (self.quiet, at) {
            let id = self.id;
            self.fates.completion(handler.name).releases.insert((at, id));
        }
    }

    /// Named by what callers may know.
    fn is_of_entry(&self, what: &What) -> bool {
        let is_known = |value: &Lin| {
            value
                .terms
                .iter()
                .all(|&(atom, _)| !self.terms.depends(atom, &|inner| matches!(self.terms.get(inner), Atom::Fresh(_))))
        };
        match what {
            What::One(value) => is_known(value),
            What::Range { base, lo, hi, .. } => is_known(&Lin::atom(*base)) && is_known(lo) && is_known(hi),
        }
    }

    /// The handler frees what it was given, or what that is part of: references that are only there are lost.
    fn destroy_in_handler(&mut self, state: &mut State, handler: &Handler<'_>, object: &Lin) {
        let outer = self.handler.replace(handler.name.to_owned());
        let done = state.done.len();
        self.destroy(state, object, handler.pos);
        // For callers it is gone at some other time.
        state.done.truncate(done);
        self.handler = outer;
    }

    /// What the handler was given and does not drop is not followed further.
    fn settle_handler(&mut self, state: &mut State, handler: &Handler<'_>) {
        let why = format!("handed to {}(), which does not release it on every path", handler.name);
        let open = state.segments.iter().filter(|segment| segment.is_open()).count();
        self.give_to_unknown(state, &handler.argument, &why);
        if self.quiet == 0 && state.segments.iter().filter(|segment| segment.is_open()).count() < open {
            self.fates.completion(handler.name).open.insert(why);
        }
    }

    /// Who hands the handler which references.
    fn note_submission(&mut self, state: &State, handler: &Handler<'_>) {
        if self.quiet > 0 {
            return;
        }
        let reach = Reach::from_value(self, state, &handler.argument);
        let given: Vec<_> = (0..state.segments.len())
            .filter(|&index| state.segments[index].is_open() && reach.holds(self, state, index))
            .filter_map(|index| Some((state.segments[index].site?, state.segments[index].kind)))
            .collect();
        let submitter = (self.id, handler.pos);
        if !given.is_empty() {
            let completion = self.fates.completion(handler.name);
            completion.submitters.insert(submitter);
            completion.origins.extend(given);
        }
    }
}

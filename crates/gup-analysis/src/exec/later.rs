//! Completions: code that runs later with what it is given.
//!
//! ```c
//!         bio->bi_end_io = foo_end_io;
//!         submit_bio(bio);                // foo_end_io(bio), some time
//! ```
//! Only what the handler does to references counts here: what else it writes happens at another time. If it only signals, that may
//! be what its submitter waits for, and is forgotten.

use std::collections::HashMap;
use std::rc::Rc;

use gup_ir::Pos;

use super::Exec;
use super::outcomes::mentions;
use super::overlap::Overlap;
use super::reach::Reach;
use super::translate::Binding;
use crate::domain::refs::{Segment, Status, What};
use crate::domain::state::{Done, State};
use crate::domain::term::{Atom, Hint, Lin};
use crate::limits;
use crate::summary::{Effect, Expr, Outcome, Path, ReleaseClass, ReleaseId, Root, SiteId, Summary, Touch};

/// A handler being applied.
struct Handler<'h> {
    name: &'h str,
    argument: Lin,
    /// See [`Completion`].
    carrier: Lin,
    /// Of the statement that hands it the argument.
    pos: Pos,
}

/// A function that will be called.
#[derive(Clone, PartialEq)]
struct Completion {
    function: Lin,
    argument: Lin,
    /// What was handed over, with its pages: the argument, or that of a handler which lets this one run.
    carrier: Lin,
    atomic: bool,
}

/// Why references are not followed further.
const UNKNOWN_COMPLETION: &str = "handed to a completion that is not known here";

impl Exec<'_> {
    /// `function(argument)` will run later, or runs now.
    pub(super) fn later(
        &mut self,
        state: State,
        binding: &mut Binding,
        (function, argument, atomic): (&Expr, &Expr, bool),
        pos: Pos,
    ) -> State {
        let function = self.expr(&state, binding, function);
        let argument = self.expr(&state, binding, argument);
        self.complete(state, Completion { function, carrier: argument.clone(), argument, atomic }, pos)
    }

    fn complete(&mut self, mut state: State, Completion { function, argument, carrier, atomic }: Completion, pos: Pos) -> State {
        // No function is set: nobody is called.
        if state.facts.proves_zero(&self.terms, &function) {
            return state;
        }
        let name = match function.as_atom().map(|atom| self.terms.get(atom)) {
            Some(Atom::Function(name)) => Some(name.clone()),
            _ => None,
        };
        if let (Some(name), true, 0) = (&name, atomic, self.quiet) {
            self.fates.handlers.insert((name.clone(), self.id, pos));
        }
        let summary = name.as_deref().and_then(|name| self.callee(name)).flatten();
        let (Some(name), Some(summary)) = (name, summary) else {
            self.note_forgotten_handler(&state, &function, &argument);
            self.give_to_unknown(&mut state, &argument, UNKNOWN_COMPLETION);
            if carrier != argument {
                self.give_to_unknown(&mut state, &carrier, UNKNOWN_COMPLETION);
            }
            state.done.push(Done::Later { function, argument, atomic });
            return state;
        };
        let handler = Handler { name: &name, argument, carrier, pos };
        let mut paths = self.possible_paths(&state, &handler, &summary);
        if leaves_alone(&summary)
            && let Some(next) = self.handed_on(&state, &handler, &mut paths)
        {
            self.forget_written(&mut state, &mut paths);
            self.handing_on += 1;
            let after = next.into_iter().fold(state, |state, completion| self.complete(state, completion, pos));
            self.handing_on -= 1;
            return after;
        }
        self.note_submission(&state, &handler);
        self.note_contents(&state, &name, &handler.carrier, pos);
        self.in_handler(&mut state, &handler, &summary, paths);
        let why = format!("handed to {name}(), which does not release it on every path");
        let open = state.segments.iter().filter(|segment| segment.is_open()).count();
        self.give_to_unknown(&mut state, &handler.argument, &why);
        if self.quiet == 0 && state.segments.iter().filter(|segment| segment.is_open()).count() < open {
            self.fates.completion(&name).open.insert(why);
        }
        state
    }

    /// The completions that a handler calls which leaves alone what it was given; `None` if one of them is not known here, or not called
    /// on every path.
    ///
    /// ```c
    ///         static void read_end_io(struct bio *bio)
    ///         {
    ///                 struct dio *dio = bio->bi_private;
    ///
    ///                 dio->ret = blk_status_to_errno(bio->bi_status);
    ///                 closure_put(&dio->cl);                  // dio->cl.fn(), if it has one
    ///         }
    /// ```
    fn handed_on(&mut self, state: &State, handler: &Handler<'_>, paths: &mut [(&Outcome, Binding)]) -> Option<Vec<Completion>> {
        if self.handing_on == limits::HANDED_ON {
            return None;
        }
        let mut of_paths: Vec<Vec<Completion>> = Vec::new();
        for (outcome, binding) in paths {
            let mut own: Vec<Completion> = Vec::new();
            for effect in &outcome.effects {
                let Effect::Later { function, argument, atomic } = effect else { continue };
                let function = self.expr(state, binding, function);
                let argument = self.expr(state, binding, argument);
                if !matches!(function.as_atom().map(|atom| self.terms.get(atom)), Some(Atom::Function(_))) {
                    return None;
                }
                own.push(Completion { function, argument, carrier: handler.carrier.clone(), atomic: *atomic });
            }
            of_paths.push(own);
        }
        // A path that lets nobody run leaves them to nobody.
        let first = of_paths.first()?;
        of_paths.iter().all(|own| own == first).then(|| first.clone())
    }

    /// What the handler writes may be written by now, or not yet.
    fn forget_written(&mut self, state: &mut State, paths: &mut [(&Outcome, Binding)]) {
        for (outcome, binding) in paths {
            for effect in &outcome.effects {
                if let Effect::Set { path, .. } | Effect::Forget { path } = effect {
                    let written = self.path(state, binding, path);
                    state.forget(&mut self.terms, &written, &mut self.epoch);
                }
            }
        }
    }

    /// Which function it was may be known where a loop is looked at in another way.
    ///
    /// ```c
    ///         bio->bi_end_io = first_end_io;          // the first turn's
    ///         goto start;
    ///         while (iter->count) {
    ///                 bio = bio_alloc(...);
    ///                 bio->bi_end_io = part_end_io;   // that of all others
    /// start:
    ///                 bio_iov_iter_get_pages(bio, iter);
    ///                 submit_bio(bio);
    ///         }
    /// ```
    fn note_forgotten_handler(&mut self, state: &State, function: &Lin, argument: &Lin) {
        let is_fresh = |atom| matches!(self.terms.get(atom), Atom::Fresh(_));
        let is_forgotten = function.terms.iter().any(|&(atom, _)| self.terms.depends(atom, &is_fresh));
        if is_forgotten && self.would_close(state, |exec, trial| exec.give_to_unknown(trial, argument, UNKNOWN_COMPLETION)) {
            self.loop_failures += 1;
        }
    }

    /// What the handler does to references, on any of its paths that can be taken here; what it frees loses those that it drops
    /// on none. What they leave is not told apart: what a bio holds when it completes is more than what is known where it was sent.
    /// But each path by itself must drop what it was given, once and as it is to be dropped.
    fn in_handler(&mut self, state: &mut State, handler: &Handler<'_>, summary: &Summary, mut paths: Vec<(&Outcome, Binding)>) {
        // What one path marks dirty it does before it, or another path, drops it.
        for (outcome, binding) in &mut paths {
            self.dirty_in_handler(state, handler, outcome, binding);
        }
        let before = state.clone();
        let mut freed: Vec<Lin> = Vec::new();
        for (outcome, binding) in &mut paths {
            let mut own = before.clone();
            for effect in &outcome.effects {
                match effect {
                    Effect::Release { class, what, at } => {
                        let what = self.refs(&before, binding, what);
                        if self.has_some_of(&before, &what) {
                            self.release_in_handler(&mut own, handler, *class, what.clone(), *at);
                            // Of all paths together; what is wrong with it was said of its own.
                            self.quiet += 1;
                            if self.has_some_of(state, &what) {
                                self.release_in_handler(state, handler, *class, what, *at);
                            }
                            self.quiet -= 1;
                        } else if self.is_of_entry(&what) {
                            // The caller's, perhaps.
                            let since = state.since(&mut self.terms, &what);
                            state.done.push(Done::Release { class: *class, what, at: *at, since });
                        }
                    }
                    Effect::Destroy { object } if summary.gaps.is_empty() => freed.push(self.expr(&before, binding, object)),
                    _ => {}
                }
            }
        }
        for object in freed {
            self.destroy_in_handler(state, handler, &object);
        }
    }

    /// The handler's paths that can be taken where it is handed its argument.
    fn possible_paths<'s>(&mut self, state: &State, handler: &Handler<'_>, summary: &'s Summary) -> Vec<(&'s Outcome, Binding)> {
        let mut paths = Vec::new();
        for (number, outcome) in summary.outcomes.iter().enumerate() {
            self.in_case(handler.name, number);
            let ret = self.named_unknown(0, Hint::None);
            let mut binding = Binding { args: vec![handler.argument.clone()], ret, fresh: HashMap::new() };
            let mut asked = state.clone();
            if outcome.when.iter().all(|test| self.assume_test(&mut asked, &mut binding, test)) {
                paths.push((outcome, binding));
            }
        }
        paths
    }

    /// What a path marks dirty.
    fn dirty_in_handler(&mut self, state: &mut State, handler: &Handler<'_>, outcome: &Outcome, binding: &mut Binding) {
        for effect in outcome.effects.iter().filter(|effect| effect.is_dirtying()) {
            let Effect::Touch { what, given, .. } = effect else { continue };
            let given = given.as_ref().and_then(|test| self.given(state, binding, test));
            let what = self.refs(state, binding, what);
            self.drops_too = true;
            self.touch(state, Touch::Dirty, &what, given, handler.pos);
            self.drops_too = false;
        }
    }

    fn has_some_of(&mut self, state: &State, what: &What) -> bool {
        (0..state.segments.len())
            .any(|index| state.segments[index].is_open() && !matches!(self.overlap(state, index, what), Overlap::None))
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
        let root = self.terms.deref(object).root;
        let is_in_it = |exec: &Self, segment: &Segment| matches!(segment.status, Status::Carried(place) if exec.terms.place(place).root == root);
        let ended: Vec<SiteId> =
            state.segments.iter().filter(|segment| is_in_it(self, segment)).filter_map(|segment| segment.site).collect();
        state.ended.extend(ended.into_iter().map(|site| (site, Rc::from(handler.name), handler.pos)));
        self.destroy(state, object, handler.pos);
        // For callers it is gone at some other time.
        state.done.truncate(done);
        self.handler = outer;
    }

    /// Who hands the handler which references.
    fn note_submission(&mut self, state: &State, handler: &Handler<'_>) {
        if self.quiet > 0 {
            return;
        }
        let reach = Reach::from_value(self, state, &handler.carrier);
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

/// Does the handler only say that it is done, and perhaps let others run? Then what it was given stays with who handed it over.
fn leaves_alone(summary: &Summary) -> bool {
    let argument = Expr::Param(0);
    let is_in_argument = |path: &Path| matches!(&*path.root, Root::At(object) if *object == argument);
    let is_signal = |effect: &Effect| match effect {
        Effect::Set { value, .. } => !mentions(value, &argument),
        Effect::Forget { path } => !is_in_argument(path),
        Effect::Atomic { .. } | Effect::Later { .. } => true,
        _ => false,
    };
    let mut effects = summary.outcomes.iter().flat_map(|outcome| &outcome.effects);
    summary.gaps.is_empty() && summary.clobbers.is_empty() && !summary.outcomes.is_empty() && effects.all(is_signal)
}

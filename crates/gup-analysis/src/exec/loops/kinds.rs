//! Iterations of one loop that differ.
//!
//! Some exclude each other for good, because what they branch on does not change: `switch (cmd)` in the body. Each such
//! [`Kind`] is a loop of its own. And an iteration may leave a page in a variable that the next one releases or passes on:
//!
//! ```c
//! do {
//!         if (page)
//!                 unpin_user_page(page);   // the last iteration's
//!         page = NULL;
//!         if (pin_user_pages_fast(addr, 1, 0, &page) < 0)
//!                 continue;
//! } while (again());
//! ```
//! After k iterations either `page` is held or there is none: both states ([`Handed`]) go on, each with what is known of the
//! variable in it.

use gup_ir::{BlockId, Type};

use super::{Exec, STRAY, Shape};
use crate::domain::fact::Fact;
use crate::domain::refs::{Segment, Status, What};
use crate::domain::state::{Done, State};
use crate::domain::term::{Lin, LocId, Root, Step, Terms};
use crate::limits;

/// Iterations that may follow one another.
pub(super) struct Kind {
    /// The state at the start of some iteration.
    pub(super) sample: State,
    /// What the first iteration may leave.
    pub(super) first: Vec<State>,
    /// What may be left in variables; never empty.
    pub(super) handed: Vec<Handed>,
    /// What a later one may leave, and which of `handed` it started from.
    pub(super) learned: Vec<(usize, State)>,
}

/// What an iteration leaves for the next one: single pages in variables, named by the unknowns of their places, and ranges that a
/// place counts ([`super::tally`]).
#[derive(Clone, Default, PartialEq)]
pub(super) struct Handed {
    pub(super) segments: Vec<Segment>,
    /// What turns did to callers' references that they can do but once.
    pub(super) done: Vec<Done>,
    /// Each is >= 0.
    facts: Vec<Lin>,
}

impl Handed {
    /// Adds it to a state; false if that cannot be.
    pub(super) fn is_given_to(&self, state: &mut State, terms: &Terms) -> bool {
        state.segments.extend(self.segments.iter().cloned());
        state.done.extend(self.done.iter().filter(|done| !state.done.contains(done)).cloned().collect::<Vec<_>>());
        self.facts.iter().all(|fact| state.facts.assume_at_least_zero(terms, fact.clone()))
    }
}

impl Exec<'_> {
    /// Iterations that exclude each other, as far as that matters to references.
    pub(super) fn kinds(&mut self, sample: &State, shape: &Shape, first: &[State], learned: Vec<State>) -> Vec<Kind> {
        if let Some(kinds) = self.told_apart(sample, shape, first, &learned) {
            return kinds;
        }
        let learned = learned.into_iter().map(|back| (0, back)).collect();
        vec![Kind { sample: sample.clone(), first: first.to_vec(), handed: vec![Handed::default()], learned }]
    }

    fn told_apart(&mut self, sample: &State, shape: &Shape, first: &[State], learned: &[State]) -> Option<Vec<Kind>> {
        // To what is held here, and to what callers hold.
        let done = |back: &State| -> (Vec<_>, Vec<Done>) {
            let new = back.segments.iter().filter(|segment| !sample.segments.contains(segment));
            let held = new.map(|segment| (segment.site, std::mem::discriminant(&segment.status))).collect();
            (held, back.done.iter().filter(|done| !sample.done.contains(done)).cloned().collect())
        };
        if learned.windows(2).all(|pair| done(&pair[0]) == done(&pair[1])) {
            return None;
        }
        let own: Vec<Vec<Fact>> = learned.iter().map(|back| self.lasting_facts(sample, shape, back)).collect();
        let is_possible = |facts: &[Fact], state: &State| {
            let mut known = state.facts.clone();
            facts.iter().all(|fact| known.assume(&self.terms, fact))
        };
        let kinds = classes(learned.len(), |a, b| is_possible(&own[a], &learned[b]));
        if kinds.len() < 2 || kinds.len() > limits::LOOP_KINDS {
            return None;
        }
        let fits = |back: &&State, kind: &[usize]| kind.iter().any(|&at| is_possible(&own[at], back));
        if !first.iter().all(|back| kinds.iter().any(|kind| fits(&back, kind))) {
            return None;
        }
        let kinds = kinds.iter().map(|members| {
            let mut sample = sample.clone();
            for fact in own[members[0]].iter().filter(|fact| members.iter().all(|&at| own[at].contains(fact))) {
                sample.facts.assume(&self.terms, fact);
            }
            Kind {
                sample,
                first: first.iter().filter(|back| fits(back, members)).cloned().collect(),
                handed: vec![Handed::default()],
                learned: members.iter().map(|&at| (0, learned[at].clone())).collect(),
            }
        });
        // A kind that no first iteration is of cannot begin.
        Some(kinds.filter(|kind| !kind.first.is_empty()).collect())
    }

    /// What an iteration assumed about values that no iteration changes.
    fn lasting_facts(&self, sample: &State, shape: &Shape, back: &State) -> Vec<Fact> {
        let lasts = |value: &Lin| value.terms.iter().all(|&(atom, _)| !self.is_made_in_iteration(atom, shape.before));
        back.facts.all().filter(|fact| lasts(fact.value()) && !sample.facts.all().any(|known| known == *fact)).collect()
    }

    /// The kind with what its iterations leave in variables; `None` when that does not settle.
    pub(super) fn with_handed(&mut self, header: BlockId, entry: &State, shape: &Shape, mut kind: Kind) -> Option<Kind> {
        // What was held in such a variable before the loop is among what is handed on.
        let is_own =
            |segment: &Segment| matches!((&segment.what, &segment.status), (What::One(_), Status::Held)) || shape.counts(segment);
        let closed: Vec<Segment> = entry
            .segments
            .iter()
            .filter(|segment| is_own(segment) && !kind.first.iter().any(|back| self.keeps_as_it_was(shape, back, segment)))
            .cloned()
            .collect();
        let elsewhere: Vec<Segment> = entry.segments.iter().filter(|segment| !closed.contains(segment)).cloned().collect();
        let mut all: Vec<Handed> = Vec::new();
        // Where a range is counted, turns that start with nothing of it are not always there.
        let learned = kind.learned.iter().filter(|_| shape.tally.is_none());
        for back in kind.first.iter().chain(learned.map(|(_, back)| back)) {
            self.add_handed(&mut all, (entry, &elsewhere), shape, back);
        }
        if all.iter().all(|handed| handed.segments.is_empty() && handed.done.is_empty()) {
            // That a turn can do it but once is shown by what is handed on.
            let is_once = |exec: &Self, back: &State| {
                back.done.iter().any(|done| !entry.done.contains(done) && exec.is_dropped_once(shape, done))
            };
            let is_shown = !kind.learned.iter().any(|(_, back)| is_once(self, back));
            return is_shown.then_some(kind);
        }
        kind.sample.segments.retain(|segment| !closed.contains(segment));
        for _ in 0..limits::LOOP_ROUNDS {
            kind.handed.clone_from(&all);
            kind.learned.clear();
            for (number, handed) in kind.handed.iter().enumerate() {
                let mut start = kind.sample.clone();
                if !handed.is_given_to(&mut start, &self.terms) {
                    continue;
                }
                let backs = self.region(Some(header), header, vec![start]).backs;
                for mut back in self.without_last(header, backs, None) {
                    self.drop_dead(header, &mut back);
                    self.gather(shape, &mut back);
                    self.add_handed(&mut all, (entry, &elsewhere), shape, &back);
                    kind.learned.push((number, back));
                }
            }
            if all == kind.handed {
                return Some(kind);
            }
        }
        None
    }

    /// Is the segment still held after the first iteration, other than in a variable that changes?
    fn keeps_as_it_was(&mut self, shape: &Shape, back: &State, segment: &Segment) -> bool {
        back.segments.contains(segment) && self.handed_name(shape, back, segment).is_none()
    }

    /// Notes what an iteration leaves; what was known of such iterations and does not hold for this one is forgotten.
    fn add_handed(&mut self, all: &mut Vec<Handed>, (entry, elsewhere): (&State, &[Segment]), shape: &Shape, back: &State) {
        let mut segments = Vec::new();
        for segment in back.segments.iter().filter(|segment| !elsewhere.contains(segment)) {
            if let Some(name) = self.handed_name(shape, back, segment) {
                segments.push(Segment { what: name, ..segment.clone() });
            }
        }
        let is_once = |done: &&Done| !entry.done.contains(done) && self.is_dropped_once(shape, done);
        let done: Vec<Done> = back.done.iter().filter(is_once).cloned().collect();
        let is_same = |known: &&mut Handed| known.segments == segments && known.done == done;
        let candidates = match all.iter_mut().find(is_same) {
            Some(known) => known.facts.clone(),
            None => {
                let of_segments = segments.iter().filter_map(|segment| match &segment.what {
                    // A run has a page.
                    What::Range { lo, hi, .. } if segment.what.numbers().is_some() => Some(hi.minus(lo).offset(-1)),
                    What::Range { lo, .. } => Some(lo.clone()),
                    // Kept as a number: none that says what went wrong.
                    What::One(page) => self.terms.below_largest_number(page),
                });
                let of_segments: Vec<Lin> = of_segments.collect();
                self.candidates(shape, back).into_iter().chain(of_segments).collect()
            }
        };
        let values = self.values_after(shape, back, 1);
        let facts = candidates
            .into_iter()
            .filter(|fact| {
                let value = self.terms.substitute(fact, &values);
                back.facts.proves_at_least_zero(&self.terms, &value)
            })
            .collect();
        match all.iter_mut().find(is_same) {
            Some(known) => known.facts = facts,
            None => all.push(Handed { segments, done, facts }),
        }
    }

    /// What may be worth knowing of the changing places: that they are NULL, a certain constant, an error, or none of these.
    fn candidates(&mut self, shape: &Shape, back: &State) -> Vec<Lin> {
        let mut out = self.tally_candidates(shape);
        for (&place, &unknown) in &shape.unknowns {
            let value = Lin::atom(unknown);
            out.extend([value.offset(-1), value.clone(), value.scaled(-1), value.scaled(-1).offset(-1)]);
            if let Some(constant) = self.read_id(back, place).as_int() {
                out.extend([value.offset(-constant), value.scaled(-1).offset(constant)]);
            }
        }
        out
    }

    /// The name that what is held at an iteration's end has in the next one: by the changing place that keeps it, or counts it.
    pub(super) fn handed_name(&mut self, shape: &Shape, back: &State, segment: &Segment) -> Option<What> {
        let (What::One(page), Status::Held) = (&segment.what, &segment.status) else {
            return self.tallied(shape, back, segment);
        };
        let places: Vec<_> = shape.unknowns.iter().map(|(&place, &unknown)| (place, unknown)).collect();
        let mut names = Vec::new();
        for (place, unknown) in places {
            if shape.relative.contains(&place)
                || shape.walked.contains(&place)
                || !self.is_variable_or_field(place)
                || !self.outlives_iteration(shape.header, place)
            {
                continue;
            }
            let rest = self.read_id(back, place).minus(page);
            let is_settled = |atom| !self.is_made_in_iteration(atom, shape.before);
            if rest.terms.iter().all(|&(atom, _)| is_settled(atom)) && !self.is_mentioned(&rest, page) {
                names.push((!rest.terms.is_empty() || rest.constant != 0, Lin::atom(unknown).minus(&rest)));
            }
        }
        // The page itself rather than its pfn.
        names.into_iter().min_by_key(|(is_derived, _)| *is_derived).map(|(_, name)| What::One(name))
    }

    /// Not an element of an array, of which the next iteration may have another.
    pub(super) fn is_variable_or_field(&self, place: LocId) -> bool {
        let loc = self.terms.place(place);
        match (loc.steps.last(), &loc.root) {
            (Some(step), _) => matches!(step, Step::Field(_)),
            // The first element of an array has the array's own place.
            (None, Root::Local(id)) => !matches!(self.function.locals[id.0 as usize].ty, Type::Array(..)),
            (None, root) => !matches!(root, Root::At(_)),
        }
    }

    fn is_mentioned(&self, value: &Lin, page: &Lin) -> bool {
        page.terms.iter().any(|&(atom, _)| {
            value.mentions(atom) || value.terms.iter().any(|&(of, _)| self.terms.depends(of, &|inner| inner == atom))
        })
    }

    /// Every page that is held by itself, or counted, when another iteration ends must be one that is handed on.
    pub(super) fn check_handed(&mut self, entry: &State, base: &State, shape: &Shape, kind: &Kind, back: &State) {
        for segment in &back.segments {
            let is_counted = shape.counts(segment);
            let is_own = matches!((&segment.what, &segment.status), (What::One(_), Status::Held)) && segment.is_open();
            if !is_own && !is_counted || entry.segments.contains(segment) || base.segments.contains(segment) {
                continue;
            }
            let name = self.handed_name(shape, back, segment);
            let is_known = |name: &What| {
                let same = |known: &Segment| known.site == segment.site && known.what == *name;
                kind.handed.iter().any(|handed| handed.segments.iter().any(same))
            };
            if !name.as_ref().is_some_and(is_known)
                && (is_counted || self.as_range(back, shape, &segment.what).is_none())
                && !self.is_left_in_published(back, segment)
            {
                self.observe_failure(shape.header, back, STRAY, &segment.what);
                self.loop_failed(segment.site, STRAY);
            }
        }
    }
}

/// Groups of 0..count: what may follow one another, directly or by way of others, is together.
fn classes(count: usize, may_follow: impl Fn(usize, usize) -> bool) -> Vec<Vec<usize>> {
    let mut classes: Vec<Vec<usize>> = Vec::new();
    for new in 0..count {
        let (joined, apart): (Vec<_>, Vec<_>) =
            classes.into_iter().partition(|class| class.iter().any(|&known| may_follow(new, known)));
        classes = apart;
        classes.push(joined.into_iter().flatten().chain([new]).collect());
    }
    classes.sort();
    classes
}

//! Does another iteration go on where the summary says the last one ended?

use super::copies::in_copies;
use super::effects::Omitted;
use super::{DISCONNECTED, Exec, Shape, same_array};
use crate::domain::refs::{Segment, Status, What};
use crate::domain::state::State;
use crate::domain::term::{Lin, Replaced};
use crate::exec::overlap::merge_neighbours;

impl Exec<'_> {
    /// Another iteration must leave what the summary says.
    pub(super) fn check_covered(&mut self, expected: &State, shape: &Shape, omitted: &[Omitted], back: &State) {
        let next = self.next_values(shape, back);
        let mut back = back.clone();
        self.take_out_left(shape, expected, &mut back);
        self.make_up_for(shape, omitted, &mut back);
        for index in 0..back.segments.len() {
            if let Some((base, sub, lo, hi)) = self.as_range(&back, shape, &back.segments[index].what.clone()) {
                back.segments[index].what = What::Range { base, sub, lo, hi };
                back.segments[index].short = false;
            }
            // A batch goes on where its pages were copied to.
            let is_expected = |what: &What| expected.segments.iter().any(|segment| same_array(&segment.what, what));
            if !is_expected(&back.segments[index].what)
                && let Some(copy) = in_copies(&back, &back.segments[index].what).into_iter().find(is_expected)
            {
                back.segments[index].what = copy;
            }
        }
        self.count_dropped_as_carried(expected, &mut back);
        merge_neighbours(&self.terms, &mut back);
        for segment in expected.segments.iter().filter(|s| s.is_open()) {
            let mut wanted = segment.what.clone();
            crate::domain::refs::substitute(&mut self.terms, &mut wanted, &next);
            let found = back.segments.iter().any(|other| {
                other.site == segment.site
                    && other.is_open()
                    && match (&other.what, &wanted) {
                        (What::Range { base, lo, hi, .. }, What::Range { base: b, lo: l, hi: h, .. }) => {
                            base == b
                                && back.facts.proves_zero(&self.terms, &lo.minus(l))
                                && back.facts.proves_zero(&self.terms, &hi.minus(h))
                        }
                        (What::One(_), What::One(_)) => true,
                        _ => false,
                    }
            });
            if !found && !self.is_empty(&back, &wanted) {
                self.observe_failure(shape.header, &back, DISCONNECTED, &wanted);
                self.loop_failed(segment.site, DISCONNECTED);
            }
        }
    }

    /// What a turn drops instead of giving it to the carrier that has those of the turns before it is seen to as well: see
    /// `are_seen_to()`.
    fn count_dropped_as_carried(&self, expected: &State, back: &mut State) {
        let State { segments, facts, .. } = back;
        // Right behind or before them, or more of them.
        let goes_on = |before: &What, what: &What| match (before, what) {
            (What::Range { lo: first, hi: end, .. }, What::Range { lo, hi, .. }) => {
                let edges = [(end, lo), (hi, first), (first, lo), (end, hi)];
                edges.into_iter().any(|(a, b)| facts.proves_zero(&self.terms, &a.minus(b)))
            }
            _ => true,
        };
        let is_released = |segment: &Segment| matches!(segment.status, Status::Released { .. });
        let is_expected = |segment: &Segment| {
            expected.segments.iter().any(|other| other.what == segment.what && other.status == segment.status)
        };
        for segment in segments.iter_mut().filter(|segment| is_released(segment) && !is_expected(segment)) {
            let mut known = expected.segments.iter().filter(|other| {
                other.site == segment.site && same_array(&other.what, &segment.what) && goes_on(&other.what, &segment.what)
            });
            let is_dropped = known.clone().any(|other| matches!(other.status, Status::Released { .. }));
            if let Some(carried) = known.find(|other| !is_dropped && matches!(other.status, Status::Carried(_))) {
                segment.status = carried.status.clone();
            }
        }
    }

    /// What a turn does not do that others do is done: that it may be left out has a state of its own.
    fn make_up_for(&mut self, shape: &Shape, omitted: &[Omitted], back: &mut State) {
        for Omitted { one, .. } in omitted {
            let Some((base, sub, lo, hi)) = self.as_range(back, shape, &one.what) else { continue };
            let what = What::Range { base, sub, lo, hi };
            for index in (0..back.segments.len()).rev() {
                let segment = &back.segments[index];
                if segment.site != one.site || segment.status != Status::Held {
                    continue;
                }
                let overlap = self.overlap(back, index, &what);
                if overlap.is_certain() {
                    let part = self.cut(back, index, overlap);
                    back.segments[part].status = one.status.clone();
                }
            }
        }
    }

    /// At a loop's exit, a counter with equal lower and upper bounds is that bound.
    pub(super) fn resolve_counters(&mut self, state: &mut State, shape: &Shape) -> Replaced {
        let mut map = Replaced::default();
        for atom in shape.unknowns.values().copied().chain([shape.counter]) {
            let bound = state.facts.at_least_zero().iter().find_map(|fact| {
                let &(_, factor) = fact.terms.iter().find(|(a, _)| *a == atom)?;
                if factor.abs() != 1 {
                    return None;
                }
                // factor * atom + rest >= 0: is it 0?
                let is_tight = state.facts.proves_at_least_zero(&self.terms, &fact.scaled(-1));
                let rest = fact.minus(&Lin::atom(atom).scaled(factor));
                is_tight.then(|| rest.scaled(-factor))
            });
            if let Some(value) = bound {
                let value = self.terms.substitute(&value, &map);
                map.insert(atom, value);
            }
        }
        if !map.is_empty() {
            state.substitute(&mut self.terms, &map);
            merge_neighbours(&self.terms, state);
        }
        map
    }
}

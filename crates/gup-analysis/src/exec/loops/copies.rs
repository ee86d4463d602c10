//! Turns that store what an array holds elsewhere, element by element: in another array, or for others to find.

use super::effects::in_array;
use super::{Exec, Shape};
use crate::domain::refs::{Segment, Status, What, are_fields, element, in_element};
use crate::domain::state::{Alias, State};
use crate::domain::term::{Atom, AtomId, Hint, Lin, LocId, Root};
use crate::exec::event::Spot;
use crate::summary::Field;

/// Where turns put an element of an array.
struct Copied {
    place: LocId,
    /// The element's own place.
    source: LocId,
    /// Every turn has the same name for the place.
    is_same: bool,
}

/// Pages of an array that were copied elsewhere, from `place` on.
struct Batch {
    place: LocId,
    what: What,
}

impl Exec<'_> {
    /// `list[i] = pages[i]` in every iteration: the list is another home of the pages, also where each goes to an element that
    /// happens to be free. Where they lie in no array, but in an object of others, they are left there.
    ///
    /// ```c
    ///         buf = &pipe->bufs[head++ & mask];
    ///         buf->page = pages[i];
    /// ```
    pub(super) fn note_copies(&mut self, shape: &Shape, learned: &[State], state: &mut State) {
        let Some(turn) = learned.first() else { return };
        self.leave_batches(shape, learned, state);
        let moving = shape.moving();
        for Copied { place, source, is_same } in self.copied(shape, learned) {
            let Some((of, of_sub, from)) = self.moving_element(source, &moving) else { continue };
            let start = self.terms.substitute(&from, &self.entry_values(shape));
            let steady = self.as_alias(place, (of, &of_sub, &from), &moving).filter(|_| is_same);
            let is_steady = steady.is_some();
            let is_of_turn = !is_same || self.is_of_turn(shape, place);
            let scattered = || if is_of_turn { self.as_scattered(place, (of, &of_sub)) } else { None };
            if let Some(mut alias) = steady.or_else(scattered) {
                alias.extent = Some((start.minus(&alias.shift), from.minus(&alias.shift)));
                let is_known = |known: &Alias| *known == alias || !is_steady && known.is_same_copy(&alias);
                if alias.base != of && !state.aliases.iter().any(is_known) {
                    state.aliases.push(alias);
                }
                continue;
            }
            if matches!(self.terms.place(place).root, Root::Local(_)) {
                continue;
            }
            let what = What::Range { base: of, sub: of_sub, lo: start, hi: from };
            let left = self.take_out(state, turn, place, &what);
            if left.is_empty() && self.moving_element(place, &moving).is_none() {
                self.escape(state, &what, "copied, page by page, to objects of their own");
            }
            for (segment, spot) in left {
                self.leave_in(turn, &segment, spot);
            }
        }
    }

    /// Takes out of a turn's state what [`Exec::note_copies`] says is left to others.
    pub(super) fn take_out_left(&mut self, shape: &Shape, expected: &State, back: &mut State) {
        let moving = shape.moving();
        let turn = back.clone();
        for Copied { place, source, .. } in self.copied(shape, std::slice::from_ref(&turn)) {
            let Some((of, of_sub, at)) = self.moving_element(source, &moving) else { continue };
            let is_alias = self.as_alias(place, (of, &of_sub, &at), &moving).is_some();
            let is_kept = is_alias
                || self.as_scattered(place, (of, &of_sub)).is_some_and(|copy| {
                    let mut known = expected.aliases.iter();
                    known.any(|alias| (alias.base, &alias.sub, alias.of) == (copy.base, &copy.sub, copy.of))
                });
            if is_kept || matches!(self.terms.place(place).root, Root::Local(_)) {
                continue;
            }
            let what = What::Range { base: of, sub: of_sub, hi: at.offset(1), lo: at };
            self.take_out(back, &turn, place, &what);
        }
        for Batch { place, what } in self.batches(shape, &turn) {
            self.take_out(back, &turn, place, &what);
        }
    }

    /// What k turns copied to objects of their own, several pages each, is left there.
    fn leave_batches(&mut self, shape: &Shape, learned: &[State], state: &mut State) {
        let Some((turn, others)) = learned.split_first() else { return };
        let of_others: Vec<Vec<Batch>> = others.iter().map(|other| self.batches(shape, other)).collect();
        for batch in self.batches(shape, turn) {
            let Some(total) = self.all_batches(shape, turn, &batch) else { continue };
            let is_alike = |exec: &mut Self, other: &State, batches: &[Batch]| {
                let mut same = batches.iter().filter(|other| other.what.shares_array(&batch.what));
                same.any(|batch| exec.all_batches(shape, other, batch).as_ref() == Some(&total))
            };
            if !others.iter().zip(&of_others).all(|(other, batches)| is_alike(self, other, batches)) {
                continue;
            }
            let left = self.take_out(state, turn, batch.place, &total);
            if left.is_empty() {
                continue;
            }
            for (segment, spot) in left {
                self.leave_in(turn, &segment, spot);
            }
            state.aliases.retain(|alias| !self.is_made_in_iteration(alias.base, shape.before));
        }
    }

    /// All that k turns copy, if each goes on where the last one ended.
    fn all_batches(&mut self, shape: &Shape, back: &State, batch: &Batch) -> Option<What> {
        let What::Range { base, sub, lo, hi } = &batch.what else { return None };
        let (lo, hi) = self.total_range(shape, back, lo, hi)?;
        Some(What::Range { base: *base, sub: sub.clone(), lo, hi })
    }

    /// The ranges that a turn copied to objects that it made itself: by loops of its own, or a single page.
    ///
    /// ```c
    ///         while (got) {
    ///                 chunk = kmalloc(...);
    ///                 n = min(got, CHUNK);
    ///                 for (i = 0; i < n; i++)
    ///                         chunk->pages[i] = pages[off + i];
    ///                 list_add_tail(&chunk->list, chunks);
    ///                 off += n;
    ///                 got -= n;
    ///         }
    /// ```
    fn batches(&mut self, shape: &Shape, back: &State) -> Vec<Batch> {
        let moving = shape.moving();
        let mut batches = Vec::new();
        for alias in &back.aliases {
            let (Some((from, _)), Some(what)) = (&alias.extent, alias.copied()) else { continue };
            let is_moved =
                self.is_made_in_iteration(alias.base, shape.before) && !self.is_made_in_iteration(alias.of, shape.before);
            if is_moved {
                let place = element(&mut self.terms, alias.base, from, &alias.sub);
                batches.push(Batch { place, what });
            }
        }
        for (&place, value) in back.memory() {
            let is_own =
                matches!(self.terms.place(place).root, Root::At(object) if self.is_made_in_iteration(object, shape.before));
            let Some(source) = self.moving_source(value, &moving).filter(|_| is_own) else { continue };
            if let Some((base, sub, lo)) = self.moving_element(source, &moving)
                && !self.is_made_in_iteration(base, shape.before)
            {
                batches.push(Batch { place, what: What::Range { base, sub, hi: lo.offset(1), lo } });
            }
        }
        batches
    }

    /// The place as an element of an array that has, element by element, what the array `of` has from `from` on.
    fn as_alias(&mut self, place: LocId, (of, of_sub, from): (AtomId, &[Field], &Lin), moving: &[AtomId]) -> Option<Alias> {
        let (base, sub, at) = self.moving_element(place, moving)?;
        let shift = from.minus(&at);
        let stays = !moving.iter().any(|atom| shift.mentions(*atom));
        stays.then(|| Alias { base, sub, of, of_sub: of_sub.to_vec(), shift, extent: None })
    }

    /// The place as an element of an array of others that has, somewhere, what the array `of` has.
    ///
    /// ```c
    ///         while (dev->shadow[tid])
    ///                 tid++;
    ///         dev->shadow[tid] = pages[i];
    /// ```
    fn as_scattered(&mut self, place: LocId, (of, of_sub): (AtomId, &[Field])) -> Option<Alias> {
        let (array, sub, _) = in_array(self.terms.place(place))?;
        let Root::At(_) = array.root else { return None };
        let base = self.terms.address(&array).as_atom()?;
        Some(Alias { base, sub: sub?, of, of_sub: of_sub.to_vec(), shift: self.terms.fresh(Hint::None), extent: None })
    }

    /// Is it an entry of its turn? One that no turn leaves keeps the last page only.
    fn is_of_turn(&self, shape: &Shape, place: LocId) -> bool {
        let moving = shape.moving();
        self.mentions(place, &moving) || self.is_of_iteration(place, shape.before)
    }

    /// Places that every iteration copies an element of an array to, each with the element's.
    fn copied(&self, shape: &Shape, learned: &[State]) -> Vec<Copied> {
        let Some((one, others)) = learned.split_first() else { return Vec::new() };
        let moving = shape.moving();
        let mut copied = Vec::new();
        for (&place, value) in one.memory() {
            let Some(source) = self.moving_source(value, &moving).filter(|source| *source != place) else { continue };
            let is_same = others.iter().all(|other| other.memory().get(&place) == Some(value));
            let is_beside = |&(other, copy): &(&LocId, &Lin)| copy == value && self.share_array(place, *other);
            if is_same || others.iter().all(|other| other.memory().iter().any(|copy| is_beside(&copy))) {
                copied.push(Copied { place, source, is_same });
            }
        }
        copied
    }

    /// Are both elements of one array, at the same place in them?
    fn share_array(&self, a: LocId, b: LocId) -> bool {
        let Some((array, Some(sub), _)) = in_array(self.terms.place(a)) else { return false };
        in_element(self.terms.place(b), &array).is_some_and(|(_, rest)| are_fields(rest, &sub))
    }

    /// The place of which a value is the content, or is made of it: also as a pfn, `page - vmemmap`.
    fn moving_source(&self, value: &Lin, moving: &[AtomId]) -> Option<LocId> {
        let is_moving = |atom: &AtomId| {
            matches!(self.terms.get(*atom), Atom::Load(..) | Atom::Apply(..))
                && self.terms.depends(*atom, &|inner| moving.contains(&inner))
        };
        let mut sources = value.terms.iter().filter(|(_, factor)| *factor == 1).map(|(atom, _)| *atom).filter(is_moving);
        let (mut atom, None) = (sources.next()?, sources.next()) else { return None };
        while let Atom::Apply(_, args) = self.terms.get(atom) {
            let [only] = &args[..] else { return None };
            atom = only.as_atom()?;
        }
        match self.terms.get(atom) {
            Atom::Load(source, _) => Some(*source),
            _ => None,
        }
    }

    /// Takes out of `state` what is held of `what`, if a turn leaves it at `place` for others to find. Returns it as kept there, and
    /// where others find it.
    fn take_out(&mut self, state: &mut State, turn: &State, place: LocId, what: &What) -> Vec<(Segment, Spot)> {
        let mut out = Vec::new();
        for index in (0..state.segments.len()).rev() {
            if state.segments[index].status != Status::Held {
                continue;
            }
            let overlap = self.overlap(state, index, what);
            if !overlap.is_certain() {
                continue;
            }
            let kept =
                Segment { status: Status::Carried(place), what: What::One(Lin::default()), ..state.segments[index].clone() };
            let Some(spot) = self.lasting_slot(turn, &kept) else { continue };
            let part = self.cut(state, index, overlap);
            state.segments.remove(part);
            out.push((kept, spot));
        }
        out
    }
}

/// The same references by the arrays that they were copied to.
pub(in crate::exec) fn in_copies(state: &State, what: &What) -> Vec<What> {
    state.aliases.iter().filter_map(|alias| alias.in_copy(what)).collect()
}

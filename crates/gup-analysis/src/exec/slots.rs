//! Slots: the fields by which those who leave references and those who take them out know the same place.

use super::Exec;
use super::event::{Spot, Withdrawal};
use crate::domain::refs::What;
use crate::domain::state::State;
use crate::domain::term::{Atom, AtomId, Loc, LocId, Root, Step};
use crate::summary::{Field, ReleaseClass, ReleaseId};

impl Exec<'_> {
    /// The slot a place belongs to: the innermost field with a structure, else a global.
    pub(super) fn slot(&self, place: LocId) -> Option<String> {
        self.spot(place).map(|spot| spot.slot)
    }

    /// The same, with what it is embedded in, where the place says so: of `rsgl->sgl.sgt.nents`, `rsgl->sgl.sgt`.
    pub(super) fn spot(&self, place: LocId) -> Option<Spot> {
        let loc = self.terms.place(place);
        let is_field = |step: &&Step| matches!(step, Step::Field(_));
        let is_of_pages =
            loc.steps.iter().rfind(is_field).is_none_or(|step| matches!(step, Step::Field(field) if slot_name(field).is_some()));
        let mut fields = named_fields(loc);
        match (fields.next(), &loc.root) {
            (Some(slot), _) => Some(Spot { slot, within: fields.next(), is_of_pages }),
            (None, Root::Global(name)) => Some(Spot { slot: name.clone(), within: None, is_of_pages }),
            (None, Root::At(atom)) => {
                self.slot_of_atom(*atom).map(|spot| Spot { is_of_pages: spot.is_of_pages && is_of_pages, ..spot })
            }
            (None, Root::Local(_)) => None,
        }
    }

    pub(super) fn slot_of_atom(&self, atom: AtomId) -> Option<Spot> {
        match self.terms.get(atom) {
            Atom::Load(place, _) | Atom::Addr(place) => self.spot(*place),
            Atom::Apply(_, args) => args.iter().flat_map(|arg| &arg.terms).find_map(|&(inner, _)| self.slot_of_atom(inner)),
            _ => None,
        }
    }

    /// The fields that references were found in. Of `vmemmap + pfns[i]` each part may be the slot.
    pub(super) fn slots_of(&self, what: &What) -> Vec<String> {
        what.atoms().into_iter().filter_map(|atom| Some(self.slot_of_atom(atom)?.slot)).collect()
    }

    /// A release of what was found in a field: it may settle what others left there. `after`: the release that dropped the same before
    /// it.
    pub(super) fn withdrawal(
        &mut self,
        state: &State,
        what: &What,
        class: ReleaseClass,
        at: Option<ReleaseId>,
        after: Option<ReleaseId>,
    ) {
        let (0, Some(at)) = (self.quiet, at) else { return };
        for atom in what.atoms() {
            let Some(spot) = self.slot_of_atom(atom) else { continue };
            let is_content = !matches!(self.terms.get(atom), Atom::Apply(..));
            let length = self.length_of(state, what);
            let spots: Vec<Spot> = std::iter::once(spot).chain(self.spots_of_owner(atom)).collect();
            for Spot { slot, within, is_of_pages } in spots {
                let (by, pos, length) = (self.id, self.pos, length.clone());
                let is_inside = what.is_in_elements() || !is_of_pages;
                let withdrawal = Withdrawal { class, at, by, pos, is_content, length, after, within, is_inside };
                self.fates.withdrawals.entry(slot).or_default().insert(withdrawal);
            }
        }
    }

    /// Of what lies in an object, `info->pages`, where that was found: what others left in `bulk->remote_data` is taken out of it. Of what
    /// lies in an embedded one, the fields that it is embedded in: a table has its pages as a whole.
    ///
    /// ```c
    ///         info = bulk->remote_data;
    ///         unpin_user_pages(info->pages, info->num_pages);
    ///
    ///         for_each_sgtable_sg(&umem->sgt_append.sgt, sg, i)       // sgt.sgl[i]: out of umem->sgt_append
    ///                 unpin_user_page(sg_page(sg));
    /// ```
    fn spots_of_owner(&self, array: AtomId) -> Vec<Spot> {
        let Atom::Load(place, _) = self.terms.get(array) else { return Vec::new() };
        let loc = self.terms.place(*place);
        let mut around = named_fields(loc);
        let owner = if let Root::At(owner) = loc.root { Some(owner) } else { None };
        // Of `sgl[i].@page`: of sgl.
        if around.next().is_none() {
            return owner.map(|array| self.spots_of_owner(array)).unwrap_or_default();
        }
        let around: Vec<String> = around.collect();
        let within = |depth: usize| around.get(depth + 1).cloned();
        let embedding =
            around.iter().enumerate().map(|(depth, slot)| Spot { slot: slot.clone(), within: within(depth), is_of_pages: false });
        let found = owner.and_then(|owner| self.slot_of_atom(owner)).map(|spot| Spot { is_of_pages: false, ..spot });
        embedding.chain(found).collect()
    }
}

/// The fields of a place, innermost first.
fn named_fields(loc: &Loc) -> impl Iterator<Item = String> + '_ {
    loc.steps.iter().rev().filter_map(|step| if let Step::Field(field) = step { slot_name(field) } else { None })
}

/// The slot that a field is, unless it exists in contracts only.
pub(super) fn slot_name(field: &Field) -> Option<String> {
    let is_real = !field.name.starts_with('@') && !field.strukt.is_empty();
    is_real.then(|| format!("struct {}.{}", field.strukt, field.name))
}

//! Pages and their numbers: of an array of all page structures, `page - vmemmap_base`, and what is made of either.

use super::{Atom, AtomId, Lin, Loc, Root, Terms, is_property};

impl Terms {
    pub(super) fn bits_from(&self, atom: AtomId) -> Option<u32> {
        let Atom::Load(place, _) = self.get(atom) else { return None };
        let Loc { root: Root::Global(name), steps } = self.place(*place) else { return None };
        self.numbered.get(name).copied().filter(|_| steps.is_empty())
    }

    /// Of `factor * (page - vmemmap_base) + constant`, the number of a page: the factor, and how many bits the number has at most.
    /// C subtracts pointers within one array only, so whatever the page is, it is one, unless it is no pointer: `addr < VMEMMAP_START`.
    pub(crate) fn page_number(&self, value: &Lin) -> Option<(i128, u32)> {
        let [(a, f), (b, g)] = value.terms[..] else { return None };
        if f != -g || self.firsts.is_empty() {
            return None;
        }
        let (page, factor, bits) = match (self.firsts.get(&a), self.firsts.get(&b)) {
            (None, Some(&bits)) => (a, f, bits),
            (Some(&bits), None) => (b, g, bits),
            _ => return None,
        };
        (!self.bounds.contains_key(&page)).then_some((factor, bits))
    }

    /// Is there any?
    pub(crate) fn has_numbers(&self) -> bool {
        !self.firsts.is_empty()
    }

    /// Of `vmemmap_base + number`, a page: what points at the first page structure, and the number.
    pub(crate) fn by_first(&self, page: &Lin) -> Option<(AtomId, Lin)> {
        let (first, _) = page.terms.iter().find(|(atom, factor)| *factor == 1 && self.firsts.contains_key(atom))?;
        Some((*first, page.minus(&Lin::atom(*first))))
    }

    /// Of `page - vmemmap_base`, the number of a page that is known otherwise: what points at the first page structure, and the page.
    pub(crate) fn numbered_page(&self, number: &Lin) -> Option<(AtomId, Lin)> {
        let (first, _) = number.terms.iter().find(|(atom, factor)| *factor == -1 && self.firsts.contains_key(atom))?;
        Some((*first, number.plus(&Lin::atom(*first))))
    }

    /// Of `vmemmap_base + number`, a page: by how much the number falls short of the largest that there is.
    pub(crate) fn below_largest_number(&self, page: &Lin) -> Option<Lin> {
        let (first, bits) = page.terms.iter().find_map(|(atom, factor)| {
            let bits = self.firsts.get(atom).filter(|_| *factor == 1)?;
            Some((*atom, *bits))
        })?;
        Some(Lin::int((1 << bits) - 1).minus(&page.minus(&Lin::atom(first))))
    }

    /// How many bits the number of a page has at most.
    pub(crate) fn bits_of_number(&self, value: &Lin) -> Option<u32> {
        self.page_number(value).filter(|&(factor, _)| factor == 1 && value.constant == 0).map(|(_, bits)| bits)
    }

    /// Is `value` the other, or made of it: the pfn of a page (`page - vmemmap`), its physical address?
    pub(crate) fn derives_from(&self, value: &Lin, from: &Lin) -> bool {
        value == from
            || from.as_atom().is_some_and(|atom| value.mentions(atom))
            || self.is_counted_from_global(value, from)
            || value.terms.iter().any(|(atom, _)| match self.get(*atom) {
                Atom::Apply(name, args) => !is_property(name) && args.iter().any(|arg| self.derives_from(arg, from)),
                _ => false,
            })
    }

    /// Is the value made of a multiple of the sum of these, as the address of a page is of its number?
    pub(crate) fn grows_with(&self, value: &Lin, atoms: &[(AtomId, i128)]) -> bool {
        let Some(&(first, unit)) = atoms.first() else { return false };
        let factor_of = |of: AtomId| value.terms.iter().find(|(atom, _)| *atom == of).map_or(0, |(_, factor)| *factor);
        let times = factor_of(first) / unit;
        let is_multiple = times > 0 && atoms.iter().all(|&(atom, factor)| factor_of(atom) == times * factor);
        is_multiple
            || value.terms.iter().any(|(atom, _)| match self.get(*atom) {
                Atom::Apply(name, args) => !is_property(name) && args.iter().any(|arg| self.grows_with(arg, atoms)),
                _ => false,
            })
    }

    /// Is one the number of the other in what a variable of the program points at? Of `vmemmap_base + pfn`, the pfn.
    pub(crate) fn is_counted_from_global(&self, value: &Lin, from: &Lin) -> bool {
        let is_global =
            |atom| matches!(self.get(atom), Atom::Load(place, _) if matches!(self.place(*place).root, Root::Global(_)));
        let rest = from.minus(value);
        !value.terms.is_empty() && rest.constant == 0 && matches!(rest.terms[..], [(atom, 1)] if is_global(atom))
    }
}

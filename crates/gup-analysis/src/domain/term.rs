//! Symbolic values and memory places, interned per analysed function.
//!
//! A value is a [`Lin`]: a constant plus a sum of atoms. Pointers are values too, counted in elements of what they point
//! at (`pages + i` is `pages + i`), signed, so that `ERR_PTR(-12)` is -12, NULL is 0 and everything valid is positive.

mod numbers;

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;
use std::sync::Arc;

use gup_ir::{IntType, LocalId};
use rustc_hash::{FxHashMap, FxHashSet};
use smallvec::{SmallVec, smallvec};

use crate::limits;
use crate::summary::Field;

/// Bounds of any number without sign.
const WITHOUT_SIGN: (i128, i128) = (0, u64::MAX as i128);

/// An interned [`Atom`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct AtomId(pub(crate) u32);

/// An interned [`Loc`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct LocId(pub(crate) u32);

impl AtomId {
    pub(crate) fn number(self) -> usize {
        self.0 as usize
    }
}

/// `constant + sum of factor * atom`, atoms ascending, no factor zero.
#[derive(Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Lin {
    pub(crate) constant: i128,
    pub(crate) terms: SmallVec<[(AtomId, i128); 2]>,
}

impl Clone for Lin {
    /// As memory: `SmallVec` alone would clone its elements one by one, and sums are cloned more than anything else.
    fn clone(&self) -> Lin {
        Lin::of(self.constant, &self.terms)
    }
}

/// What atoms are replaced by.
pub(crate) type Replaced = FxHashMap<AtomId, Lin>;

/// Something without further structure to the arithmetic.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Atom {
    Param(u32),
    /// Unknown value number n.
    Fresh(u32),
    /// What memory held there at an epoch; 0 is function entry.
    Load(LocId, u32),
    Addr(LocId),
    Function(String),
    Str(String),
    /// A function of its arguments that is only compared for equality: `floordiv`, `mul`, `and`, ...
    Apply(String, Vec<Lin>),
}

/// A place in memory: a root and steps from it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Loc {
    pub(crate) root: Root,
    pub(crate) steps: Vec<Step>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Root {
    Local(LocalId),
    Global(String),
    /// What the pointer points at.
    At(AtomId),
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Step {
    Field(Field),
    Index(Lin),
}

/// Where an unknown value came from, for messages and for forks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Hint {
    None,
    /// Returned by this function.
    Result(String),
    /// A count that an acquisition returned: its sign matters when it is converted.
    Count,
}

/// All atoms and places of one function's analysis.
#[derive(Default)]
pub(crate) struct Terms {
    atoms: Vec<Atom>,
    /// Of each atom: how many atoms and steps it is made of, written out.
    sizes: Vec<u32>,
    atom_ids: FxHashMap<Atom, AtomId>,
    locs: Vec<Rc<Loc>>,
    loc_ids: FxHashMap<Rc<Loc>, LocId>,
    /// Of each place: the number of its root, so that most places are told apart without a look at them.
    root_numbers: Vec<u32>,
    roots: FxHashMap<Root, u32>,
    /// Of each place: those around it, the nearest first, as far as they were asked for.
    around: Vec<SmallVec<[LocId; 2]>>,
    /// Names of fields and structures, each once.
    names: FxHashSet<Arc<str>>,
    pointers: FxHashSet<AtomId>,
    /// Addresses of storage that held zeroes at first.
    zeroed: FxHashSet<AtomId>,
    hints: FxHashMap<AtomId, Hint>,
    /// Inclusive bounds that an atom's type gives it.
    bounds: FxHashMap<AtomId, (i128, i128)>,
    /// Fields that hold numbers without sign: the structures that have one of that name.
    unsigned: FxHashMap<Arc<str>, Vec<Arc<str>>>,
    /// Variables that point at the first page structure, and bits of the others' numbers.
    numbered: BTreeMap<String, u32>,
    /// Fields that do not change while their object lives, as structure and name.
    invariant: BTreeSet<(String, String)>,
    /// What such a variable held.
    firsts: FxHashMap<AtomId, u32>,
    fresh: u32,
}

impl Lin {
    fn of(constant: i128, terms: &[(AtomId, i128)]) -> Lin {
        Lin { constant, terms: SmallVec::from_slice(terms) }
    }

    pub(crate) fn int(value: i128) -> Lin {
        Lin { constant: value, terms: SmallVec::new() }
    }

    pub(crate) fn atom(atom: AtomId) -> Lin {
        Lin { constant: 0, terms: smallvec![(atom, 1)] }
    }

    pub(crate) fn as_int(&self) -> Option<i128> {
        self.terms.is_empty().then_some(self.constant)
    }

    /// The atom, if the value is exactly one.
    pub(crate) fn as_atom(&self) -> Option<AtomId> {
        match self.terms[..] {
            [(atom, 1)] if self.constant == 0 => Some(atom),
            _ => None,
        }
    }

    pub(crate) fn plus(&self, other: &Lin) -> Lin {
        self.combine(other, 1)
    }

    pub(crate) fn minus(&self, other: &Lin) -> Lin {
        self.combine(other, -1)
    }

    pub(crate) fn offset(&self, by: i128) -> Lin {
        Lin::of(self.constant.saturating_add(by), &self.terms)
    }

    /// Without the first of its atoms, and so much more.
    pub(crate) fn without_lead(&self, by: i128) -> Lin {
        Lin::of(self.constant.saturating_add(by), self.terms.get(1..).unwrap_or_default())
    }

    pub(crate) fn scaled(&self, factor: i128) -> Lin {
        if factor == 0 {
            return Lin::default();
        }
        let mut scaled = Lin::of(self.constant.saturating_mul(factor), &self.terms);
        scaled.terms.iter_mut().for_each(|(_, own)| *own = own.saturating_mul(factor));
        scaled
    }

    pub(crate) fn mentions(&self, atom: AtomId) -> bool {
        self.terms.iter().any(|&(a, _)| a == atom)
    }

    /// `self + factor * other`, by merging the sorted terms.
    pub(crate) fn combine(&self, other: &Lin, factor: i128) -> Lin {
        let constant = self.constant.saturating_add(other.constant.saturating_mul(factor));
        let (a, b) = (&self.terms[..], &other.terms[..]);
        if b.is_empty() {
            return Lin::of(constant, a);
        }
        let mut terms = SmallVec::new();
        let (mut i, mut j) = (0, 0);
        while i < a.len() || j < b.len() {
            let next = if j == b.len() || i < a.len() && a[i].0 < b[j].0 {
                i += 1;
                a[i - 1]
            } else if i == a.len() || b[j].0 < a[i].0 {
                j += 1;
                (b[j - 1].0, b[j - 1].1.saturating_mul(factor))
            } else {
                i += 1;
                j += 1;
                (a[i - 1].0, a[i - 1].1.saturating_add(b[j - 1].1.saturating_mul(factor)))
            };
            if next.1 != 0 {
                terms.push(next);
            }
        }
        Lin { constant, terms }
    }
}

/// Begins the name of a function whose value does not lead back to its argument: the node that a page is on.
pub(crate) const PROPERTY_OF: &str = "property ";

/// `page_to_nid(page)` and `page == other` say something of the page, but are no way to it.
fn is_property(function: &str) -> bool {
    function.starts_with(PROPERTY_OF) || function == "compare"
}

impl Terms {
    /// `numbered`: variables that point at the first of all page structures, and how many bits the number of a page has at most.
    /// `invariant`: fields that do not change while their object lives, as structure and name.
    pub(crate) fn knowing(numbered: &BTreeMap<String, u32>, invariant: &BTreeSet<(String, String)>) -> Terms {
        Terms { numbered: numbered.clone(), invariant: invariant.clone(), ..Terms::default() }
    }

    /// Does a field lie there that has one value from when its object is made? Nobody asks for it before.
    pub(crate) fn is_invariant(&self, id: LocId) -> bool {
        let Some(Step::Field(field)) = self.place(id).steps.last() else { return false };
        self.invariant.iter().any(|(strukt, name)| **name == *field.name && **strukt == *field.strukt)
    }

    pub(crate) fn atom_count(&self) -> usize {
        self.atoms.len()
    }

    pub(crate) fn atom(&mut self, atom: Atom) -> AtomId {
        if let Some(&id) = self.atom_ids.get(&atom) {
            return id;
        }
        let size = self.size_of(&atom);
        if size > limits::TERM && matches!(atom, Atom::Apply(..)) {
            // The same unknown each time: it still equals itself.
            self.fresh += 1;
            let id = self.atom(Atom::Fresh(self.fresh));
            self.atom_ids.insert(atom, id);
            return id;
        }
        let id = AtomId(self.atoms.len() as u32);
        if matches!(atom, Atom::Addr(_) | Atom::Function(_) | Atom::Str(_)) {
            self.pointers.insert(id);
        }
        self.atoms.push(atom.clone());
        self.sizes.push(size);
        self.atom_ids.insert(atom, id);
        if self.unsigned_field(id).is_some() {
            self.bounds.insert(id, WITHOUT_SIGN);
        }
        if let Some(bits) = self.bits_from(id) {
            self.firsts.insert(id, bits);
        }
        id
    }

    fn size_of(&self, atom: &Atom) -> u32 {
        let of_atom = |atom: AtomId| self.sizes[atom.0 as usize];
        let of_value = |value: &Lin| value.terms.iter().fold(1, |sum: u32, (atom, _)| sum.saturating_add(of_atom(*atom)));
        match atom {
            Atom::Load(place, _) | Atom::Addr(place) => {
                let loc = self.place(*place);
                let root = if let Root::At(base) = loc.root { of_atom(base) } else { 1 };
                let of_step = |step: &Step| if let Step::Index(index) = step { of_value(index) } else { 1 };
                loc.steps.iter().map(of_step).fold(root, u32::saturating_add)
            }
            Atom::Apply(_, args) => args.iter().map(of_value).fold(1, u32::saturating_add),
            _ => 1,
        }
    }

    pub(crate) fn known_atom(&self, atom: &Atom) -> Option<AtomId> {
        self.atom_ids.get(atom).copied()
    }

    pub(crate) fn get(&self, id: AtomId) -> &Atom {
        &self.atoms[id.0 as usize]
    }

    /// Places whose content was asked for.
    pub(crate) fn loaded_places(&self) -> impl Iterator<Item = LocId> {
        self.atoms.iter().filter_map(|atom| if let Atom::Load(place, _) = atom { Some(*place) } else { None })
    }

    pub(crate) fn loc(&mut self, loc: Loc) -> LocId {
        self.known_loc(&loc).unwrap_or_else(|| self.new_loc(loc))
    }

    /// The same, for a place that is still needed.
    pub(crate) fn loc_of(&mut self, loc: &Loc) -> LocId {
        self.known_loc(loc).unwrap_or_else(|| self.new_loc(loc.clone()))
    }

    fn known_loc(&self, loc: &Loc) -> Option<LocId> {
        self.loc_ids.get(loc).copied()
    }

    fn new_loc(&mut self, loc: Loc) -> LocId {
        let id = LocId(self.locs.len() as u32);
        let next = self.roots.len() as u32;
        let number = match self.roots.get(&loc.root) {
            Some(&number) => number,
            None => {
                self.roots.insert(loc.root.clone(), next);
                next
            }
        };
        let loc = Rc::new(loc);
        self.locs.push(Rc::clone(&loc));
        self.loc_ids.insert(loc, id);
        self.root_numbers.push(number);
        self.around.push(SmallVec::new());
        id
    }

    /// The place `nth` steps further out than the one around this: of `x.a.b`, `x.a` and `x`. They are asked for in this order.
    pub(crate) fn around(&mut self, id: LocId, nth: usize) -> Option<LocId> {
        if let Some(&known) = self.around[id.0 as usize].get(nth) {
            return Some(known);
        }
        let place = self.place(id);
        let length = place.steps.len().checked_sub(nth + 1)?;
        let outer = Loc { root: place.root.clone(), steps: place.steps[..length].to_vec() };
        let outer = self.loc(outer);
        self.around[id.0 as usize].push(outer);
        Some(outer)
    }

    /// Do both begin at the same root?
    pub(crate) fn share_root(&self, a: LocId, b: LocId) -> bool {
        self.root_numbers[a.0 as usize] == self.root_numbers[b.0 as usize]
    }

    /// The field of these names, which are kept once.
    pub(crate) fn field(&mut self, strukt: &str, name: &str) -> Field {
        Field { strukt: self.name(strukt), name: self.name(name) }
    }

    fn name(&mut self, name: &str) -> Arc<str> {
        if let Some(known) = self.names.get(name) {
            return known.clone();
        }
        let name: Arc<str> = name.into();
        self.names.insert(name.clone());
        name
    }

    pub(crate) fn place(&self, id: LocId) -> &Loc {
        &self.locs[id.0 as usize]
    }

    /// The place, cheaply, where the terms must be free to change meanwhile.
    pub(crate) fn place_rc(&self, id: LocId) -> Rc<Loc> {
        Rc::clone(&self.locs[id.0 as usize])
    }

    pub(crate) fn fresh(&mut self, hint: Hint) -> Lin {
        self.fresh += 1;
        let id = self.atom(Atom::Fresh(self.fresh));
        if hint != Hint::None {
            self.hints.insert(id, hint);
        }
        Lin::atom(id)
    }

    pub(crate) fn hint(&self, atom: AtomId) -> &Hint {
        self.hints.get(&atom).unwrap_or(&Hint::None)
    }

    pub(crate) fn apply(&mut self, name: &str, args: Vec<Lin>) -> Lin {
        Lin::atom(self.atom(Atom::Apply(name.to_owned(), args)))
    }

    /// Does the place depend, however deep, on an atom like that?
    pub(crate) fn place_depends(&self, place: LocId, is_like: &dyn Fn(AtomId) -> bool) -> bool {
        let loc = self.place(place);
        let in_root = matches!(loc.root, Root::At(base) if self.depends(base, is_like));
        in_root
            || loc.steps.iter().any(
                |step| matches!(step, Step::Index(index) if index.terms.iter().any(|&(atom, _)| self.depends(atom, is_like))),
            )
    }

    pub(crate) fn depends(&self, atom: AtomId, is_like: &dyn Fn(AtomId) -> bool) -> bool {
        is_like(atom)
            || match self.get(atom) {
                Atom::Load(place, _) | Atom::Addr(place) => self.place_depends(*place, is_like),
                Atom::Apply(_, args) => args.iter().flat_map(|arg| &arg.terms).any(|&(inner, _)| self.depends(inner, is_like)),
                _ => false,
            }
    }

    pub(crate) fn fresh_count(&self) -> u32 {
        self.fresh
    }

    /// Notes the range of the integer type an unknown value was read with; the first reading counts.
    pub(crate) fn mark_int(&mut self, value: &Lin, ty: IntType) {
        if let Some(atom) = value.as_atom()
            && !self.pointers.contains(&atom)
        {
            self.bounds.entry(atom).or_insert_with(|| int_range(ty));
        }
    }

    /// The field of a type without sign that the atom was read from.
    pub(crate) fn unsigned_field(&self, atom: AtomId) -> Option<Field> {
        let Atom::Load(place, _) = self.get(atom) else { return None };
        let Some(Step::Field(field)) = self.place(*place).steps.last() else { return None };
        self.is_unsigned(&field.strukt, &field.name).then(|| field.clone())
    }

    /// Is that known of the structure's field?
    pub(crate) fn is_unsigned(&self, strukt: &str, name: &str) -> bool {
        self.unsigned.get(name).is_some_and(|structures| structures.iter().any(|of| **of == *strukt))
    }

    /// Whatever was or will be read from the field has no sign: a number of less than 64 bits, so that no error number is one.
    pub(crate) fn note_unsigned(&mut self, field: &Field) {
        if self.is_unsigned(&field.strukt, &field.name) {
            return;
        }
        self.unsigned.entry(field.name.clone()).or_default().push(field.strukt.clone());
        for number in 0..self.atoms.len() {
            let atom = AtomId(number as u32);
            if self.unsigned_field(atom).is_some() {
                self.bounds.entry(atom).or_insert(WITHOUT_SIGN);
            }
        }
    }

    /// An unknown that such a field holds has none, either.
    pub(crate) fn mark_as_held(&mut self, field: &Field, value: &Lin) {
        if let Some(atom) = value.as_atom()
            && self.is_unsigned(&field.strukt, &field.name)
        {
            self.bounds.entry(atom).or_insert(WITHOUT_SIGN);
        }
    }

    pub(crate) fn bounds(&self, atom: AtomId) -> Option<(i128, i128)> {
        self.bounds.get(&atom).copied()
    }

    /// Notes that the value is an address: indices are told from bases by this.
    pub(crate) fn mark_pointer(&mut self, value: &Lin) {
        if let [(atom, 1)] = value.terms[..] {
            self.pointers.insert(atom);
        }
    }

    /// Notes that what the value points at holds zeroes where nothing was written yet.
    pub(crate) fn mark_zeroed(&mut self, value: &Lin) {
        self.zeroed.extend(value.as_atom());
    }

    pub(crate) fn is_zeroed(&self, base: AtomId) -> bool {
        self.zeroed.contains(&base)
    }

    /// Base and element offset of a pointer; `None` for integers and NULL.
    pub(crate) fn split_pointer(&self, value: &Lin) -> Option<(AtomId, Lin)> {
        let mut bases = value.terms.iter().filter(|(atom, f)| *f == 1 && self.pointers.contains(atom));
        let base = match (bases.next(), bases.next(), &value.terms[..]) {
            (Some(&(base, _)), None, _) => base,
            (None, None, [(only, 1)]) => *only,
            _ => return None,
        };
        Some((base, value.minus(&Lin::atom(base))))
    }

    /// The base of what is known to be a pointer.
    pub(crate) fn pointer_base(&self, value: &Lin) -> Option<AtomId> {
        self.split_pointer(value).map(|(base, _)| base).filter(|base| self.pointers.contains(base))
    }

    /// The place a pointer points at: `&x[3]` is `x[3]`, `p + i` is `p[i]`. The value is a pointer from now on.
    pub(crate) fn deref(&mut self, pointer: &Lin) -> Loc {
        if let Some((base, _)) = self.split_pointer(pointer) {
            self.pointers.insert(base);
        }
        self.place_at(pointer)
    }

    /// The same, for what need not be a pointer.
    pub(crate) fn place_at(&mut self, address: &Lin) -> Loc {
        let Some((base, offset)) = self.split_pointer(address) else {
            let base = match address.as_atom() {
                Some(atom) => atom,
                None => self.atom(Atom::Apply("pointer".into(), vec![address.clone()])),
            };
            return Loc { root: Root::At(base), steps: Vec::new() };
        };
        let mut loc = match self.get(base) {
            Atom::Addr(loc) => self.place(*loc).clone(),
            _ => Loc { root: Root::At(base), steps: Vec::new() },
        };
        index_by(&mut loc.steps, &offset);
        loc
    }

    /// The address of a place: the inverse of [`Terms::deref`].
    pub(crate) fn address(&mut self, loc: &Loc) -> Lin {
        let mut base = loc.clone();
        let offset = match base.steps.last() {
            Some(Step::Index(index)) => {
                let index = index.clone();
                base.steps.pop();
                index
            }
            _ => Lin::default(),
        };
        let base = match (&base.root, base.steps.is_empty()) {
            (Root::At(atom), true) => *atom,
            _ => {
                let id = self.loc(base);
                self.atom(Atom::Addr(id))
            }
        };
        self.pointers.insert(base);
        Lin::atom(base).plus(&offset)
    }

    /// Replaces atoms, also inside other atoms.
    pub(crate) fn substitute(&mut self, value: &Lin, map: &Replaced) -> Lin {
        let mut result = Lin::int(value.constant);
        for &(atom, factor) in &value.terms {
            let replaced = self.substitute_atom(atom, map);
            result = result.combine(&replaced, factor);
        }
        result
    }

    fn substitute_atom(&mut self, atom: AtomId, map: &Replaced) -> Lin {
        if let Some(value) = map.get(&atom) {
            return value.clone();
        }
        match self.get(atom) {
            &Atom::Load(loc, epoch) => {
                let new = self.substitute_loc(loc, map);
                if new == loc { Lin::atom(atom) } else { Lin::atom(self.atom(Atom::Load(new, epoch))) }
            }
            &Atom::Addr(loc) => {
                let new = self.substitute_loc(loc, map);
                if new == loc {
                    return Lin::atom(atom);
                }
                let place = self.place_rc(new);
                self.address(&place)
            }
            Atom::Apply(name, args) => {
                let (name, args) = (name.clone(), args.clone());
                let new: Vec<Lin> = args.iter().map(|arg| self.substitute(arg, map)).collect();
                if new == args { Lin::atom(atom) } else { self.rebuild(&name, new) }
            }
            _ => Lin::atom(atom),
        }
    }

    pub(crate) fn substitute_loc(&mut self, id: LocId, map: &Replaced) -> LocId {
        let loc = self.place_rc(id);
        let mut new = match loc.root {
            Root::At(base) => {
                let value = self.substitute_atom(base, map);
                if value == Lin::atom(base) { Loc { root: Root::At(base), steps: Vec::new() } } else { self.deref(&value) }
            }
            ref root => Loc { root: root.clone(), steps: Vec::new() },
        };
        for step in &loc.steps {
            match step {
                Step::Field(field) => new.steps.push(Step::Field(field.clone())),
                Step::Index(index) => {
                    let index = self.substitute(index, map);
                    index_by(&mut new.steps, &index);
                }
            }
        }
        self.loc(new)
    }

    /// Arithmetic that a substitution may have made simpler.
    pub(crate) fn rebuild(&mut self, name: &str, args: Vec<Lin>) -> Lin {
        match (name, &args[..]) {
            ("floordiv", [value, divisor]) => match divisor.as_int() {
                Some(d) => self.floor_div(value, d),
                None => self.apply(name, args),
            },
            ("mul", [a, b]) => self.multiply(&a.clone(), &b.clone()),
            _ => self.apply(name, args),
        }
    }

    /// `value / divisor` rounded down; exact where every part divides. DIV_ROUND_UP, PFN_UP and `>> PAGE_SHIFT` all come here.
    pub(crate) fn floor_div(&mut self, value: &Lin, divisor: i128) -> Lin {
        if divisor <= 0 {
            return self.apply("div", vec![value.clone(), Lin::int(divisor)]);
        }
        if self.bits_of_number(value).is_some_and(|bits| divisor >= 1 << bits) {
            return Lin::default();
        }
        let (whole, rest): (SmallVec<[_; 2]>, SmallVec<[_; 2]>) =
            value.terms.iter().copied().partition(|(_, f)| f % divisor == 0);
        let exact = Lin { constant: 0, terms: whole.into_iter().map(|(a, f)| (a, f / divisor)).collect() };
        if rest.is_empty() {
            return exact.offset(value.constant.div_euclid(divisor));
        }
        let inner = Lin { constant: value.constant.rem_euclid(divisor), terms: rest };
        let part = self.apply("floordiv", vec![inner, Lin::int(divisor)]);
        exact.plus(&part).offset(value.constant.div_euclid(divisor))
    }

    pub(crate) fn multiply(&mut self, a: &Lin, b: &Lin) -> Lin {
        match (a.as_int(), b.as_int()) {
            (Some(x), _) => b.scaled(x),
            (_, Some(y)) => a.scaled(y),
            _ => {
                let mut args = vec![a.clone(), b.clone()];
                args.sort();
                self.apply("mul", args)
            }
        }
    }
}

/// Moves a path by an index: `p[i]` by j is `p[i + j]`; index 0 is not written.
pub(crate) fn index_by(steps: &mut Vec<Step>, by: &Lin) {
    let sum = match steps.last() {
        Some(Step::Index(index)) => {
            let sum = index.plus(by);
            steps.pop();
            sum
        }
        _ => by.clone(),
    };
    if sum != Lin::default() {
        steps.push(Step::Index(sum));
    }
}

/// Smallest and largest value of an integer type.
pub(crate) fn int_range(ty: IntType) -> (i128, i128) {
    let bits = u32::from(ty.bits.clamp(1, 64));
    if ty.signed { (-(1i128 << (bits - 1)), (1i128 << (bits - 1)) - 1) } else { (0, (1i128 << bits) - 1) }
}

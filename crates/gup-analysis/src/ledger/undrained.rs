//! References left in a field that nobody ever takes them out of.
//!
//! ```c
//!         session->page = page;           // the only function that touches session->page
//! ```
//! That no release was found says little: it may stand where nobody looked, or come in a form that was not understood. It is a
//! leak where all who know the field were read, and none of them hands on what lies there: it is stored, compared, and given to
//! functions that keep and drop nothing. Of a structure that a source file defines they are in that unit; of one that a header
//! defines the driver finds them, once it was asked to.

use std::collections::BTreeSet;

use gup_ir::{Base, BinaryOp, Callee, LocalId, Operand, Place, Proj, Rvalue, StmtKind, Terminator, Type};

use super::Case;
use crate::exec::event::{Event, EventKind};
use crate::exec::mentions;
use crate::exec::reached::{Arrival, Source};
use crate::finding::PathStep;
use crate::limits;
use crate::program::{FnId, Known};
use crate::summary::{Effect, Expr, Refs, SiteId, Summary};

/// A field, by structure and name.
pub(super) struct Field<'a> {
    strukt: &'a str,
    name: &'a str,
}

impl<'a> Field<'a> {
    /// The field that a slot is, if it is one of a structure.
    pub(super) fn of(slot: &'a str) -> Option<Field<'a>> {
        let (strukt, name) = slot.strip_prefix("struct ")?.split_once('.')?;
        Some(Field { strukt, name })
    }
}

/// Who can name a field.
pub(super) enum Readers<'a> {
    /// The unit in whose source file the structure is defined.
    Unit(u32),
    /// All files of the tree that name it.
    Files(&'a BTreeSet<String>),
    /// Whoever includes some header.
    Unknown,
    /// It is no field of a structure with a name, or several have that name.
    Anyone,
}

impl Case<'_> {
    /// A leak, if all that the site's references were left in is like that. `Err`: whether it is hangs on who names these fields.
    pub(super) fn undrained(&self, site: SiteId, slot: &str) -> Result<Option<Event>, Vec<String>> {
        let Some(fate) = self.inference.fates.by_site.get(&site) else { return Ok(None) };
        if !fate.unresolved.is_empty() || !fate.returned_by.is_empty() {
            return Ok(None);
        }
        let (function, _, pos) = self.sites.site(site);
        let hands: BTreeSet<FnId> = fate.passed_up.iter().copied().chain([*function]).collect();
        let mut assumptions = Vec::new();
        let others = fate.also_in.iter().filter(|(of, _)| of == slot).map(|(_, other)| other.as_str());
        let mut unread = Vec::new();
        for home in std::iter::once(slot).chain(others) {
            if let Some(elements) = self.borrowed_from(home, &hands) {
                assumptions.push(format!("who has an array of struct {elements} looks for no pages in its place"));
                continue;
            }
            match self.is_never_read(home) {
                Some(true) => {}
                Some(false) => return Ok(None),
                None => unread.push(home.to_owned()),
            }
        }
        if !unread.is_empty() {
            return Err(unread);
        }
        let event = Event::concluded(EventKind::Undrained { slot: slot.to_owned() }, Some(site), *function, *pos);
        Ok(Some(Event { assumptions, ..event }))
    }

    /// Is the slot a field all of whose readers are known, and does none of them hand on what lies in it? `None`: who they are
    /// is not known.
    fn is_never_read(&self, slot: &str) -> Option<bool> {
        let Some(field) = Field::of(slot) else { return Some(false) };
        let keeps = |id: FnId| self.keeps_to_itself(id, &field, BTreeSet::new(), 0);
        match self.readers(slot, &field) {
            Readers::Unit(unit) => Some(!self.has_blind_release(|of| of == unit) && self.program.functions_of(unit).all(keeps)),
            Readers::Files(files) => {
                let is_one = |unit: u32| files.contains(self.program.file_of(unit));
                Some(!self.has_blind_release(is_one) && self.program.functions_in(files).all(keeps))
            }
            Readers::Unknown => None,
            Readers::Anyone => Some(false),
        }
    }

    /// Who can name the slot, if it is a field of a structure.
    pub(super) fn readers_of(&self, slot: &str) -> Option<Readers<'_>> {
        Field::of(slot).map(|field| self.readers(slot, &field))
    }

    fn readers(&self, slot: &str, field: &Field<'_>) -> Readers<'_> {
        let mut units = self.program.units_with_private(field.strukt);
        match (units.next(), units.next()) {
            (Some(unit), None) => Readers::Unit(unit),
            // Two units may each have their own of that name.
            (Some(_), Some(_)) => Readers::Anyone,
            (None, _) => self.settings.readers.get(slot).map_or(Readers::Unknown, Readers::Files),
        }
    }

    /// From the acquisition through those who pass the references on to where they are left.
    pub(super) fn way_into(&self, site: SiteId, slot: &str) -> Vec<PathStep> {
        let (function, api, pos) = self.sites.site(site);
        let step = |id: FnId, pos, message: String| PathStep {
            at: self.program.location(id, pos),
            function: self.program.name(id).to_owned(),
            message,
        };
        let mut path = vec![step(*function, *pos, format!("{api}() takes the references"))];
        let Some(fate) = self.inference.fates.by_site.get(&site) else { return path };
        let passing = fate
            .passed_up
            .iter()
            .map(|&id| step(id, self.program.function(id).pos, format!("{}() gives them to its callers", self.program.name(id))));
        path.extend(passing);
        path[1..].sort_by(|a, b| a.at.cmp(&b.at));
        if let Some(&(id, pos)) = fate.left_at.get(slot) {
            path.push(step(id, pos, format!("they are left in {slot}")));
        }
        path
    }

    /// Does nothing in the function hand on what lies in the field, or what these parameters lead to?
    fn keeps_to_itself(&self, id: FnId, field: &Field<'_>, params: BTreeSet<LocalId>, depth: usize) -> bool {
        let mut content = Content::new(self, id, field, params, depth);
        let function = self.program.function(id);
        loop {
            let known = content.locals.len();
            for block in &function.blocks {
                block.stmts.iter().for_each(|stmt| content.stmt(&stmt.kind));
                if let Terminator::Return { value: Some(value), .. } = &block.terminator {
                    content.is_handed_on |= content.has(value);
                }
            }
            if content.is_handed_on || content.locals.len() == known {
                return !content.is_handed_on;
            }
        }
    }

    /// Is there a release in one of the units whose pages came from where nobody saw? They may have been found by a number made
    /// of them.
    fn has_blind_release(&self, is_one: impl Fn(u32) -> bool) -> bool {
        let is_blind =
            |arrival: &Arrival| matches!(arrival.source, Source::Unknown(_)) && is_one(self.program.unit_of(arrival.by));
        self.inference.fates.reached.releases.values().flatten().any(is_blind)
    }
}

/// Where in a function the content of the field may be, in any order of statements.
pub(super) struct Content<'c> {
    case: &'c Case<'c>,
    id: FnId,
    field: &'c Field<'c>,
    /// Variables that may have it, its address, or a pointer made of either.
    locals: BTreeSet<LocalId>,
    is_handed_on: bool,
    /// Calls between the function that names the field and this one.
    depth: usize,
}

impl<'c> Content<'c> {
    pub(super) fn new(
        case: &'c Case<'c>,
        id: FnId,
        field: &'c Field<'c>,
        params: BTreeSet<LocalId>,
        depth: usize,
    ) -> Content<'c> {
        Content { case, id, field, locals: params, is_handed_on: depth > limits::UNDRAINED_DEPTH, depth }
    }

    pub(super) fn stmt(&mut self, stmt: &StmtKind) {
        match stmt {
            StmtKind::Assign { dst, src } if self.is_made_of_it(src) => self.keep(dst),
            StmtKind::Call { dst, callee, args } => {
                let given: Vec<u32> = (0..args.len() as u32).filter(|&number| self.has(&args[number as usize])).collect();
                if given.is_empty() {
                    return;
                }
                self.is_handed_on |= self.call_hands_on(callee, &given);
                dst.iter().for_each(|dst| self.keep(dst));
            }
            StmtKind::Opaque { reads, .. } => self.is_handed_on |= reads.iter().any(|read| self.has(read)),
            StmtKind::Assign { .. } | StmtKind::Forget(_) => {}
        }
    }

    /// It is written there: to a variable, back into the field, or where others may find it.
    fn keep(&mut self, dst: &Place) {
        match dst.base {
            Base::Local(LocalId(local)) if !dst.proj.contains(&Proj::Deref) => {
                // A number is no reference.
                if !matches!(self.case.program.function(self.id).locals[local as usize].ty, Type::Int(_)) {
                    self.locals.insert(LocalId(local));
                }
            }
            _ if self.names_field(dst) => {}
            _ => self.is_handed_on = true,
        }
    }

    fn call_hands_on(&self, callee: &Callee, given: &[u32]) -> bool {
        let Callee::Direct(name) = callee else { return true };
        match self.case.program.known(self.id, name, self.case.contracts) {
            Known::Contract(contract) => given.iter().any(|&number| hands_on(&contract.summary, number)),
            Known::Neutral => false,
            Known::Nothing => {
                let Some(id) = self.case.program.callee(self.id, name) else { return true };
                let params = given.iter().copied().map(LocalId).collect();
                !self.case.keeps_to_itself(id, self.field, params, self.depth + 1)
            }
        }
    }

    fn is_made_of_it(&self, src: &Rvalue) -> bool {
        match src {
            Rvalue::Cast { to: Type::Int(_), .. } | Rvalue::Binary { op: BinaryOp::PtrDiff, .. } => false,
            Rvalue::Use(value) | Rvalue::Cast { value, .. } | Rvalue::Unary(_, value) => self.has(value),
            Rvalue::ContainerOf { ptr, .. } => self.has(ptr),
            Rvalue::Binary { lhs, rhs, .. } => self.has(lhs) || self.has(rhs),
            Rvalue::Select { yes, no, .. } => self.has(yes) || self.has(no),
            Rvalue::AddrOf(place) => self.is_in(place),
            // A comparison tells nothing that could be released.
            Rvalue::Compare(_) | Rvalue::Opaque(_) => false,
        }
    }

    pub(super) fn has(&self, value: &Operand) -> bool {
        matches!(value, Operand::Place(place) if self.is_in(place))
    }

    fn is_in(&self, place: &Place) -> bool {
        self.names_field(place) || matches!(place.base, Base::Local(local) if self.locals.contains(&local))
    }

    fn names_field(&self, place: &Place) -> bool {
        let is_it = |step: &Proj| matches!(step, Proj::Field { strukt, field } if strukt == self.field.strukt && field == self.field.name);
        place.proj.iter().any(is_it)
    }
}

/// May a call drop, keep or pass on what its parameter is, or leads to?
fn hands_on(summary: &Summary, param: u32) -> bool {
    let of = |expr: &Expr| mentions(expr, &Expr::Param(param));
    let refs = |what: &Refs| match what {
        Refs::One(page) => of(page),
        Refs::Range { array, .. } => of(array),
    };
    summary.outcomes.iter().flat_map(|outcome| &outcome.effects).any(|effect| match effect {
        Effect::Release { what, .. } | Effect::Carry { what, .. } | Effect::Escape { what, .. } => refs(what),
        Effect::Copy { from, .. } => refs(from),
        Effect::Set { value, .. } => of(value),
        Effect::Publish { object } => of(object),
        Effect::Later { argument, .. } => of(argument),
        Effect::Acquire { .. }
        | Effect::Destroy { .. }
        | Effect::Forget { .. }
        | Effect::NoReturn
        | Effect::Touch { .. }
        | Effect::Atomic { .. } => false,
    })
}

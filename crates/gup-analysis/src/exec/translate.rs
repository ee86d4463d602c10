//! Between a summary's words ([`Expr`], [`Refs`]) and this function's values.

use std::collections::HashMap;

use gup_ir::CompareOp;

use super::Exec;
use crate::domain::refs::What;
use crate::domain::state::State;
use crate::domain::term::{Atom, AtomId, Hint, Lin, Loc, LocId, Root, Step, index_by};
use crate::summary::{self, Expr, Path, Refs, Test, TestOp};

/// The object that has the pointer's target as its field of that name.
pub(super) const CONTAINER_OF: &str = "container of ";

/// Meaning of a summary's symbols at one call.
#[derive(Clone)]
pub(super) struct Binding {
    pub(super) args: Vec<Lin>,
    pub(super) ret: Lin,
    pub(super) fresh: HashMap<u32, Lin>,
}

impl Exec<'_> {
    pub(super) fn expr(&mut self, state: &State, binding: &mut Binding, expr: &Expr) -> Lin {
        match expr {
            Expr::Int(value) => Lin::int(i128::from(*value)),
            Expr::Named(name) => self.terms.apply(&format!("constant {name}"), Vec::new()),
            Expr::Ret => binding.ret.clone(),
            Expr::Param(index) => match binding.args.get(*index as usize) {
                Some(value) => value.clone(),
                None => self.terms.fresh(Hint::None),
            },
            Expr::Load(path) => {
                let loc = self.path(state, binding, path);
                self.read(state, &loc)
            }
            Expr::Addr(path) => {
                let loc = self.path(state, binding, path);
                self.terms.address(&loc)
            }
            Expr::Function(name) => Lin::atom(self.terms.atom(Atom::Function(name.clone()))),
            Expr::Sum(constant, parts) => {
                let mut sum = Lin::int(i128::from(*constant));
                for (factor, part) in parts {
                    let value = self.expr(state, binding, part);
                    sum = sum.plus(&value.scaled(i128::from(*factor)));
                }
                sum
            }
            Expr::Pages(bytes, offset) => {
                let bytes = self.expr(state, binding, bytes);
                let offset = self.expr(state, binding, offset);
                let page = self.world.page_size;
                self.terms.floor_div(&bytes.plus(&offset).offset(page - 1), page)
            }
            Expr::Apply(name, args) => {
                let args: Vec<Lin> = args.iter().map(|arg| self.expr(state, binding, arg)).collect();
                match (name.as_str(), &args[..]) {
                    ("and", [a, b]) => self.bit_and(&a.clone(), &b.clone()),
                    ("compare", [a, b, code]) => match op_of(code) {
                        Some(op) => self.compare(state, op, &a.clone(), &b.clone()),
                        None => self.terms.rebuild(name, args),
                    },
                    ("select", [a, b, yes, no, code]) => {
                        let taken = op_of(code).and_then(|op| self.compare(state, op, &a.clone(), &b.clone()).as_int());
                        match taken {
                            Some(0) => no.clone(),
                            Some(_) => yes.clone(),
                            None => self.terms.rebuild(name, args),
                        }
                    }
                    // Of an argument that is `&object->field` here, it is the object.
                    (_, [inner]) if let Some(field) = name.strip_prefix(CONTAINER_OF) => {
                        self.container_of(&inner.clone(), &[field.to_owned()])
                    }
                    _ => self.terms.rebuild(name, args),
                }
            }
            Expr::Fresh(number) => match binding.fresh.get(number) {
                Some(value) => value.clone(),
                None => {
                    let value = self.named_unknown(number + 1, Hint::None);
                    binding.fresh.insert(*number, value.clone());
                    value
                }
            },
        }
    }

    pub(super) fn path(&mut self, state: &State, binding: &mut Binding, path: &Path) -> Loc {
        let mut loc = match &*path.root {
            summary::Root::Global(name) => Loc { root: Root::Global(name.clone()), steps: Vec::new() },
            summary::Root::At(expr) => {
                let pointer = self.expr(state, binding, expr);
                self.terms.mark_pointer(&pointer);
                self.terms.deref(&pointer)
            }
        };
        for step in &path.steps {
            match step {
                summary::Step::Field(field) => loc = self.field(loc, field.clone()),
                summary::Step::Index(index) => {
                    let index = self.expr(state, binding, index);
                    index_by(&mut loc.steps, &index);
                }
            }
        }
        loc
    }

    pub(super) fn refs(&mut self, state: &State, binding: &mut Binding, refs: &Refs) -> What {
        self.acquired(state, state, binding, refs)
    }

    /// The bounds of a range speak of another state than the array: a call that fills `pages[*n..]` may also set `*n`.
    pub(super) fn acquired(&mut self, state: &State, bounds: &State, binding: &mut Binding, refs: &Refs) -> What {
        match refs {
            // The page that a pfn was made of.
            Refs::One(Expr::Apply(name, args)) if name == "page_of_pfn" && args.len() == 1 => {
                let pfn = self.expr(state, binding, &args[0]);
                let held = state.segments.iter().find_map(|segment| match &segment.what {
                    What::One(page) if segment.is_open() && self.terms.derives_from(&pfn, page) => Some(page.clone()),
                    _ => None,
                });
                What::One(held.unwrap_or_else(|| self.terms.apply(name, vec![pfn])))
            }
            Refs::One(expr) => What::One(self.expr(state, binding, expr)),
            // Several references to one folio, or to pages that follow it: known by the one.
            Refs::Range { array: Expr::Apply(name, args), .. }
                if matches!(name.as_str(), "contiguous" | "repeated") && args.len() == 1 =>
            {
                What::One(self.expr(state, binding, &args[0]))
            }
            Refs::Range { array, sub, lo, hi } => {
                let array = self.expr(state, binding, array);
                let (lo, hi) = (self.expr(bounds, binding, lo), self.expr(bounds, binding, hi));
                let (base, offset) = match self.terms.split_pointer(&array) {
                    Some(parts) => parts,
                    None => (self.terms.atom(Atom::Apply("pointer".into(), vec![array])), Lin::default()),
                };
                self.terms.mark_pointer(&Lin::atom(base));
                What::Range { base, sub: sub.clone(), lo: lo.plus(&offset), hi: hi.plus(&offset) }
            }
        }
    }

    /// Adds a summary's test to the facts; false if it cannot hold.
    pub(super) fn assume_test(&mut self, state: &mut State, binding: &mut Binding, test: &Test) -> bool {
        let lhs = self.expr(state, binding, &test.lhs);
        let rhs = self.expr(state, binding, &test.rhs);
        match test.op {
            TestOp::Eq => self.assume(state, CompareOp::Eq, &lhs, &rhs),
            TestOp::Ne => self.assume(state, CompareOp::Ne, &lhs, &rhs),
            TestOp::Lt => self.assume(state, CompareOp::Lt, &lhs, &rhs),
            TestOp::Le => self.assume(state, CompareOp::Le, &lhs, &rhs),
            TestOp::Gt => self.assume(state, CompareOp::Gt, &lhs, &rhs),
            TestOp::Ge => self.assume(state, CompareOp::Ge, &lhs, &rhs),
            TestOp::IsErr => {
                self.assume(state, CompareOp::Lt, &lhs, &Lin::int(0)) && self.assume(state, CompareOp::Ge, &lhs, &Lin::int(-4095))
            }
            TestOp::NotErr => self.assume(state, CompareOp::Ge, &lhs, &Lin::int(0)),
            TestOp::HasBits => {
                let bits = self.bit_and(&lhs, &rhs);
                self.assume(state, CompareOp::Ne, &bits, &Lin::int(0))
            }
            TestOp::LacksBits => {
                let bits = self.bit_and(&lhs, &rhs);
                self.assume(state, CompareOp::Eq, &bits, &Lin::int(0))
            }
        }
    }
}

fn op_of(code: &Lin) -> Option<CompareOp> {
    [CompareOp::Eq, CompareOp::Ne, CompareOp::Lt, CompareOp::Le, CompareOp::Gt, CompareOp::Ge]
        .into_iter()
        .find(|op| *op as i128 == code.constant)
}

/// Names this function's values in its callers' words; what they cannot name becomes a numbered unknown.
#[derive(Default)]
pub(super) struct Namer {
    unknown: HashMap<AtomId, u32>,
    /// The value returned, where it is an unknown of its own: called `ret`.
    pub(super) ret: Option<AtomId>,
}

impl Namer {
    /// What has no other name, and its number.
    pub(super) fn unknowns(&self) -> Vec<(AtomId, u32)> {
        self.unknown.iter().map(|(&atom, &number)| (atom, number)).collect()
    }

    pub(super) fn expr(&mut self, exec: &Exec<'_>, value: &Lin) -> Expr {
        let constant = i64::try_from(value.constant).unwrap_or(i64::MAX);
        match &value.terms[..] {
            [] => Expr::Int(constant),
            [(atom, 1)] if constant == 0 => self.atom(exec, *atom),
            terms => {
                let part = |&(atom, factor)| (i64::try_from(factor).unwrap_or(i64::MAX), self.atom(exec, atom));
                let mut parts: Vec<(i64, Expr)> = terms.iter().map(part).collect();
                // Not in the order in which a path came upon the atoms: `page - vmemmap` is one value, whichever it met first.
                parts.sort_by(|(factor, a), (other, b)| a.cmp(b).then(factor.cmp(other)));
                Expr::Sum(constant, parts)
            }
        }
    }

    fn atom(&mut self, exec: &Exec<'_>, atom: AtomId) -> Expr {
        if self.ret == Some(atom) {
            return Expr::Ret;
        }
        match exec.terms.get(atom) {
            Atom::Param(index) => Expr::Param(*index),
            Atom::Function(name) => Expr::Function(name.clone()),
            Atom::Load(place, 0) => match self.path(exec, *place) {
                Some(path) => Expr::Load(path),
                None => self.number(atom),
            },
            Atom::Addr(place) => match self.path(exec, *place) {
                Some(path) => Expr::Addr(path),
                None => self.number(atom),
            },
            Atom::Apply(name, args) => Expr::Apply(name.clone(), args.clone().iter().map(|arg| self.expr(exec, arg)).collect()),
            Atom::Fresh(_) | Atom::Load(..) | Atom::Str(_) => self.number(atom),
        }
    }

    fn number(&mut self, atom: AtomId) -> Expr {
        let next = self.unknown.len() as u32;
        Expr::Fresh(*self.unknown.entry(atom).or_insert(next))
    }

    pub(super) fn path(&mut self, exec: &Exec<'_>, place: LocId) -> Option<Path> {
        let loc = exec.terms.place(place);
        let root = match &loc.root {
            Root::Local(_) => return None,
            Root::Global(name) => summary::Root::Global(name.clone()),
            Root::At(base) => summary::Root::At(self.atom(exec, *base)),
        };
        let mut steps = Vec::with_capacity(loc.steps.len());
        for step in &loc.steps {
            steps.push(match step {
                Step::Field(field) => summary::Step::Field(field.clone()),
                Step::Index(index) => summary::Step::Index(self.expr(exec, index)),
            });
        }
        Some(Path { root: Box::new(root), steps })
    }

    pub(super) fn refs(&mut self, exec: &Exec<'_>, what: &What) -> Refs {
        match what {
            What::One(value) => Refs::One(self.expr(exec, value)),
            What::Range { base, sub, lo, hi } => {
                Refs::Range { array: self.atom(exec, *base), sub: sub.clone(), lo: self.expr(exec, lo), hi: self.expr(exec, hi) }
            }
        }
    }
}

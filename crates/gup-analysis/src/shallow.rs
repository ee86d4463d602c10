//! Summaries of functions that are not executed, because nothing in them is about references and they are large: which fields
//! they may write, and which of their arguments they leave where others find them.

use std::collections::BTreeSet;
use std::sync::Arc;

use gup_ir::{Base, Callee, Function, LocalId, Operand, Place, Proj, Rvalue, StmtKind};

use crate::exec::event::Fates;
use crate::exec::{self, World};
use crate::memo::{Asked, Question};
use crate::program::{FnId, Known};
use crate::summary::{Effect, Expr, Field, Outcome, Path, Refs, Root, Step, Summary};

/// In any order of statements, whatever the conditions; also what was asked about the rest of the program.
pub(crate) fn run(world: &World<'_>, id: FnId) -> (exec::Outcome, Asked) {
    let mut asked = Asked::default();
    let summary = Arc::new(summary(world, id, &mut asked));
    let outcome = exec::Outcome { summary, events: Vec::new(), fates: Fates::default(), unknown_callees: BTreeSet::new() };
    (outcome, asked)
}

fn summary(world: &World<'_>, id: FnId, asked: &mut Asked) -> Summary {
    let function = world.program.function(id);
    let stmts = || function.blocks.iter().flat_map(|block| &block.stmts).map(|stmt| &stmt.kind);
    let mut clobbers: BTreeSet<(Arc<str>, Arc<str>)> = BTreeSet::new();
    let mut published: BTreeSet<u32> = BTreeSet::new();
    let mut forgotten: BTreeSet<u32> = BTreeSet::new();
    let mut copied: BTreeSet<u32> = BTreeSet::new();
    let carriers = carriers(function);
    let params = |operand: &Operand| -> BTreeSet<u32> {
        let Operand::Place(place) = operand else { return BTreeSet::new() };
        carried(&carriers, place)
    };
    for kind in stmts() {
        clobbers.extend(places_written(kind).filter_map(written_field).map(|field| (field.name, field.strukt)));
        forgotten.extend(places_written(kind).filter_map(pointee_of).flat_map(|local| &carriers[local.0 as usize]).copied());
        match kind {
            StmtKind::Assign { dst, src } if !is_own(dst) => values(src, |value| published.extend(params(value))),
            StmtKind::Call { callee: called, args, .. } => {
                let Callee::Direct(name) = called else { continue };
                let mut hear = |summary: &Summary| {
                    let fields = summary.clobbers.iter().chain(fields_written_by(summary));
                    clobbers.extend(fields.map(|field| (field.name.clone(), field.strukt.clone())));
                    published.extend(published_by(summary, args).flat_map(&params));
                    forgotten.extend(forgotten_by(summary, args).flat_map(&params));
                    copied.extend(copied_by(summary, args).flat_map(&params));
                };
                match world.program.known(id, name, world.contracts) {
                    Known::Contract(contract) => hear(&contract.summary),
                    Known::Neutral => {}
                    Known::Nothing => {
                        let found = asked.note(Question::Callee(name.clone()), id, world);
                        found.iter().flatten().flatten().for_each(|summary| hear(summary));
                    }
                }
            }
            _ => {}
        }
    }
    let memory = |pointer| Path { root: Box::new(Root::At(pointer)), steps: Vec::new() };
    let pointee = |number| memory(Expr::Param(number));
    let effects = forgotten.into_iter().map(|number| Effect::Forget { path: pointee(number) });
    let place = |pointer| Refs::One(Expr::Load(memory(pointer)));
    let copies =
        copied.into_iter().map(|number| Effect::Copy { from: place(Expr::Param(number)), to: place(Expr::Fresh(number)) });
    let effects = effects.chain(copies);
    let effects = effects.chain(published.into_iter().map(|number| Effect::Publish { object: Expr::Param(number) })).collect();
    let clobbers: Vec<Field> = clobbers.into_iter().map(|(name, strukt)| Field { strukt, name }).collect();
    Summary { outcomes: vec![Outcome { effects, ..Outcome::default() }], clobbers, ..Summary::default() }
}

/// The fields that a callee writes, in whatever object.
fn fields_written_by(summary: &Summary) -> impl Iterator<Item = &Field> {
    let effects = summary.outcomes.iter().flat_map(|outcome| &outcome.effects);
    effects.filter_map(|effect| match effect {
        Effect::Set { path, .. } | Effect::Forget { path } => path.steps.iter().rev().find_map(field_of),
        _ => None,
    })
}

fn field_of(step: &Step) -> Option<&Field> {
    if let Step::Field(field) = step { Some(field) } else { None }
}

/// The arguments that point at what a callee writes as a whole.
fn forgotten_by<'a>(summary: &Summary, args: &'a [Operand]) -> impl Iterator<Item = &'a Operand> {
    let effects = summary.outcomes.iter().flat_map(|outcome| &outcome.effects);
    effects.filter_map(|effect| match effect {
        Effect::Set { path, .. } | Effect::Forget { path } if path.steps.iter().find_map(field_of).is_none() => {
            pointing_at(path, args)
        }
        _ => None,
    })
}

/// The argument by which a callee comes to a place.
fn pointing_at<'a>(path: &Path, args: &'a [Operand]) -> Option<&'a Operand> {
    match *path.root {
        Root::At(Expr::Param(number)) => args.get(number as usize),
        _ => None,
    }
}

/// The arguments that point at memory which a callee copies. To where is not looked at.
fn copied_by<'a>(summary: &Summary, args: &'a [Operand]) -> impl Iterator<Item = &'a Operand> {
    let effects = summary.outcomes.iter().flat_map(|outcome| &outcome.effects);
    effects.filter_map(|effect| match effect {
        Effect::Copy { from: Refs::One(Expr::Load(path)), .. } => pointing_at(path, args),
        _ => None,
    })
}

/// The arguments that a callee leaves where others find them.
fn published_by<'a>(summary: &Summary, args: &'a [Operand]) -> impl Iterator<Item = &'a Operand> {
    let effects = summary.outcomes.iter().flat_map(|outcome| &outcome.effects);
    effects.filter_map(|effect| match effect {
        Effect::Publish { object: Expr::Param(number) } | Effect::Set { value: Expr::Param(number), .. } => {
            args.get(*number as usize)
        }
        _ => None,
    })
}

/// For each variable, the parameters whose value (or the address of something in what they point at) it may have.
fn carriers(function: &Function) -> Vec<BTreeSet<u32>> {
    let mut carriers: Vec<BTreeSet<u32>> = vec![BTreeSet::new(); function.locals.len()];
    for param in 0..function.params {
        carriers[param as usize].insert(param);
    }
    loop {
        let mut grew = false;
        for kind in function.blocks.iter().flat_map(|block| &block.stmts).map(|stmt| &stmt.kind) {
            let StmtKind::Assign { dst: Place { base: Base::Local(LocalId(local)), proj }, src } = kind else { continue };
            if proj.contains(&Proj::Deref) {
                continue;
            }
            let mut new = BTreeSet::new();
            values(src, |value| {
                if let Operand::Place(place) = value {
                    new.extend(carried(&carriers, place));
                }
            });
            if let Rvalue::AddrOf(place) = src
                && let Base::Local(LocalId(of)) = place.base
            {
                new.extend(carriers[of as usize].iter());
            }
            let known = &mut carriers[*local as usize];
            let before = known.len();
            known.extend(new);
            grew |= known.len() > before;
        }
        if !grew {
            return carriers;
        }
    }
}

/// The parameters whose value a place of this function's own has.
fn carried(carriers: &[BTreeSet<u32>], place: &Place) -> BTreeSet<u32> {
    match place.base {
        Base::Local(LocalId(local)) if is_own(place) => carriers[local as usize].clone(),
        _ => BTreeSet::new(),
    }
}

fn is_own(place: &Place) -> bool {
    matches!(place.base, Base::Local(_)) && !place.proj.contains(&Proj::Deref)
}

/// The operands whose value, or a pointer near it, the right side may be.
fn values(src: &Rvalue, mut visit: impl FnMut(&Operand)) {
    match src {
        Rvalue::Use(value) | Rvalue::Cast { value, .. } | Rvalue::ContainerOf { ptr: value, .. } => visit(value),
        Rvalue::Binary { lhs, rhs, .. } => {
            visit(lhs);
            visit(rhs);
        }
        Rvalue::Select { yes, no, .. } => {
            visit(yes);
            visit(no);
        }
        Rvalue::Unary(..) | Rvalue::AddrOf(_) | Rvalue::Compare(_) | Rvalue::Opaque(_) => {}
    }
}

fn places_written(kind: &StmtKind) -> impl Iterator<Item = &Place> {
    let (one, more) = match kind {
        StmtKind::Assign { dst, .. } | StmtKind::Call { dst: Some(dst), .. } => (Some(dst), &[][..]),
        StmtKind::Opaque { writes, .. } => (None, &writes[..]),
        _ => (None, &[][..]),
    };
    one.into_iter().chain(more)
}

/// Of `*size = len`: the variable. A field that is written is known by its name.
fn pointee_of(place: &Place) -> Option<LocalId> {
    match (&place.base, &place.proj[..]) {
        (Base::Local(local), [Proj::Deref, rest @ ..]) if !rest.iter().any(|step| matches!(step, Proj::Field { .. })) => {
            Some(*local)
        }
        _ => None,
    }
}

fn written_field(place: &Place) -> Option<Field> {
    place.proj.iter().rev().filter(|_| !is_own(place)).find_map(|step| match step {
        Proj::Field { strukt, field } => Some(Field { strukt: strukt.as_str().into(), name: field.as_str().into() }),
        _ => None,
    })
}

//! Initialiser lists: which value goes where.
//!
//! libclang shows them as written: designators, braces left out, entries that continue after a designator.

use gup_clang::{Cursor, CursorKind, Type, TypeKind};

use crate::names::{Names, is_identifier};

/// One step from the initialised variable to a part of it. Anonymous members are no step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    Field { strukt: String, field: String },
    Index(i64),
}

/// A value and the part of the variable it initialises.
pub(crate) struct Leaf<'tu> {
    pub(crate) path: Vec<Step>,
    pub(crate) expr: Cursor<'tu>,
    /// Type of that part.
    pub(crate) ty: Type<'tu>,
    /// Its width, if it is a bit-field.
    pub(crate) bits: Option<u8>,
}

/// A range designator stands for this many elements at most: `[0 ... 255] = handler` says the same of each.
const WIDEST_RANGE: i64 = 64;

/// All values of an initialiser list for a variable of type `ty`, in order.
pub(crate) fn leaves<'tu>(names: &mut Names, list: Cursor<'tu>, ty: Type<'tu>) -> Vec<Leaf<'tu>> {
    let mut walk = Walk { names, path: Vec::new(), bits: None, leaves: Vec::new() };
    walk.braced(list, ty.canonical());
    walk.leaves
}

struct Walk<'n, 'tu> {
    names: &'n mut Names,
    path: Vec<Step>,
    /// The width of the field that `path` ends in.
    bits: Option<u8>,
    leaves: Vec<Leaf<'tu>>,
}

impl<'tu> Walk<'_, 'tu> {
    fn braced(&mut self, list: Cursor<'tu>, ty: Type<'tu>) {
        let items = list.children();
        match items.first() {
            None => {}
            Some(text) if is_array(ty) && is_text(*text) => self.leaf(*text, ty),
            Some(_) if is_aggregate(ty) => self.aggregate(&items, &mut 0, ty, true),
            Some(value) => self.leaf(*value, ty),
        }
    }

    fn leaf(&mut self, expr: Cursor<'tu>, ty: Type<'tu>) {
        self.leaves.push(Leaf { path: self.path.clone(), expr, ty, bits: self.bits });
    }

    /// Fills a structure or array from `items[*at..]`; without braces of its own it stops when it is full or at a designator.
    fn aggregate(&mut self, items: &[Cursor<'tu>], at: &mut usize, ty: Type<'tu>, braced: bool) {
        let parts = Parts::of(ty);
        let mut part = 0;
        while let Some(item) = items.get(*at) {
            if is_designated(*item) {
                if !braced {
                    return;
                }
                *at += 1;
                part = self.designated(*item, ty) + 1;
            } else if parts.has(part) {
                self.part(items, at, &parts, part);
                part += 1;
            } else if braced {
                // More values than parts: an error that clang has reported.
                return;
            } else {
                return;
            }
        }
    }

    fn part(&mut self, items: &[Cursor<'tu>], at: &mut usize, parts: &Parts<'tu>, part: usize) {
        let (step, ty) = parts.get(part, self.names);
        self.bits = parts.bits(part);
        let depth = self.path.len();
        self.path.extend(step);
        self.object(items, at, ty);
        self.path.truncate(depth);
    }

    /// One part, from a value, a list in braces, or as many values as it takes.
    fn object(&mut self, items: &[Cursor<'tu>], at: &mut usize, ty: Type<'tu>) {
        let item = items[*at];
        if item.kind() == CursorKind::InitListExpr {
            *at += 1;
            self.braced(item, ty);
        } else if is_aggregate(ty) && !is_whole(item, ty) && Parts::of(ty).has(0) {
            self.aggregate(items, at, ty, false);
        } else {
            *at += 1;
            self.leaf(item, ty);
        }
    }

    /// `.a.b[3] = value`; gives the number of the outermost part that was named.
    fn designated(&mut self, item: Cursor<'tu>, ty: Type<'tu>) -> usize {
        let children = item.children();
        let Some((value, designators)) = children.split_last() else { return 0 };
        let depth = self.path.len();
        let outermost = self.designate(designators, *value, ty);
        self.path.truncate(depth);
        outermost
    }

    fn designate(&mut self, designators: &[Cursor<'tu>], value: Cursor<'tu>, ty: Type<'tu>) -> usize {
        let Some((first, rest)) = designators.split_first() else {
            self.object(&[value], &mut 0, ty);
            return 0;
        };
        if first.kind() == CursorKind::MemberRef {
            let Some(field) = first.referenced() else { return 0 };
            let number = Parts::of(ty).number_of(field);
            self.bits = field.bit_width();
            let depth = self.path.len();
            self.path.extend(self.names.field(field).map(|(strukt, field)| Step::Field { strukt, field }));
            self.designate(rest, value, field.ty().canonical());
            self.path.truncate(depth);
            return number;
        }
        self.bits = None;
        let (low, high, rest) = index_range(*first, rest, ty);
        for index in low..=high.min(low.saturating_add(WIDEST_RANGE - 1)) {
            self.path.push(Step::Index(index));
            self.designate(rest, value, ty.element().canonical());
            self.path.pop();
        }
        usize::try_from(high).unwrap_or(0)
    }
}

/// `[4]` has one literal and `[4 ... 7]` two; `[1][2]`, which also has two, only fits an array of arrays.
fn index_range<'a, 'tu>(first: Cursor<'tu>, rest: &'a [Cursor<'tu>], ty: Type<'tu>) -> (i64, i64, &'a [Cursor<'tu>]) {
    let low = constant(first);
    match rest.split_first() {
        Some((second, others)) if second.kind() != CursorKind::MemberRef && !is_array(ty.element().canonical()) => {
            (low, constant(*second).max(low), others)
        }
        _ => (low, low, rest),
    }
}

fn constant(cursor: Cursor<'_>) -> i64 {
    match cursor.evaluate() {
        Some(gup_clang::Evaluated::Int(value)) => value,
        _ => 0,
    }
}

/// The parts of a structure, union or array that entries without designators fill in turn.
enum Parts<'tu> {
    Fields(Vec<Cursor<'tu>>, usize),
    Elements(Type<'tu>, Option<u64>),
}

impl<'tu> Parts<'tu> {
    fn of(ty: Type<'tu>) -> Parts<'tu> {
        if is_array(ty) {
            return Parts::Elements(ty.element().canonical(), ty.array_size());
        }
        // Bit-fields without a name are padding.
        let named = |field: &Cursor<'tu>| is_identifier(&field.spelling()) || field.ty().canonical().kind() == TypeKind::Record;
        let fields: Vec<_> = ty.fields().into_iter().filter(named).collect();
        let is_union = ty.declaration().is_some_and(|record| record.kind() == CursorKind::UnionDecl);
        let fillable = if is_union { fields.len().min(1) } else { fields.len() };
        Parts::Fields(fields, fillable)
    }

    fn has(&self, part: usize) -> bool {
        match self {
            Parts::Fields(_, fillable) => part < *fillable,
            Parts::Elements(_, size) => size.is_none_or(|size| (part as u64) < size),
        }
    }

    fn get(&self, part: usize, names: &mut Names) -> (Option<Step>, Type<'tu>) {
        match self {
            Parts::Fields(fields, _) => {
                let step = names.field(fields[part]).map(|(strukt, field)| Step::Field { strukt, field });
                (step, fields[part].ty().canonical())
            }
            Parts::Elements(ty, _) => (Some(Step::Index(part as i64)), *ty),
        }
    }

    fn bits(&self, part: usize) -> Option<u8> {
        match self {
            Parts::Fields(fields, _) => fields[part].bit_width(),
            Parts::Elements(..) => None,
        }
    }

    fn number_of(&self, field: Cursor<'tu>) -> usize {
        match self {
            Parts::Fields(fields, _) => fields.iter().position(|one| one.id() == field.id()).unwrap_or(0),
            Parts::Elements(..) => 0,
        }
    }
}

/// libclang shows `.a = 1` as an unexposed node of type void.
fn is_designated(cursor: Cursor<'_>) -> bool {
    cursor.kind() == CursorKind::UnexposedExpr && cursor.ty().kind() == TypeKind::Void
}

fn is_array(ty: Type<'_>) -> bool {
    matches!(ty.kind(), TypeKind::ConstantArray | TypeKind::IncompleteArray)
}

fn is_aggregate(ty: Type<'_>) -> bool {
    is_array(ty) || ty.kind() == TypeKind::Record
}

/// Whether a value initialises an aggregate as a whole: a structure of its own, a text, an array literal.
fn is_whole(item: Cursor<'_>, ty: Type<'_>) -> bool {
    if is_array(ty) {
        return is_text(item) || is_array(item.ty().canonical());
    }
    item.ty().canonical().kind() == TypeKind::Record
}

fn is_text(cursor: Cursor<'_>) -> bool {
    let mut cursor = cursor;
    while matches!(cursor.kind(), CursorKind::ParenExpr | CursorKind::UnexposedExpr) {
        match cursor.children().as_slice() {
            [inner] => cursor = *inner,
            _ => return false,
        }
    }
    cursor.kind() == CursorKind::StringLiteral
}

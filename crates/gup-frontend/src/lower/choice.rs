//! `?:`, `a ?: b` and `_Generic` as values.

use gup_clang::{Cursor, CursorKind, UnaryOperator};
use gup_ir::{Operand, Place, Rvalue, Terminator, Type};

use super::cond::{Atom, branches};
use super::shape::strip;
use super::{Lowering, Value, is_nonzero};
use crate::types::scalar;

/// Arms with more nodes than this become real branches: a `Select` is for `min()`, not for programs.
const LARGEST_ARM: u32 = 120;

impl<'tu> Lowering<'_, '_, 'tu> {
    pub(super) fn conditional(&mut self, cursor: Cursor<'tu>) -> Value {
        let children = cursor.children();
        let [condition, yes, no] = children.as_slice() else { return self.unclear("expr: conditional", cursor) };
        let ty = self.type_of(cursor);
        if ty == Type::Void {
            self.conditional_effect(cursor);
            return Value::void();
        }
        if let Some(known) = Self::fold(*condition) {
            let value = self.value(if known != 0 { *yes } else { *no });
            return self.convert(value, &ty);
        }
        if scalar(&ty).is_some() && !branches(*condition) && self.may_select(*yes, &ty) && self.may_select(*no, &ty) {
            return self.select(*condition, *yes, *no, ty);
        }
        let place = Place::local(self.temporary(ty.clone()));
        let (first, second, join) = (self.graph.new_block(), self.graph.new_block(), self.graph.new_block());
        self.condition(*condition, first, second);
        for (block, arm) in [(first, *yes), (second, *no)] {
            self.graph.start(block);
            self.value_into(place.clone(), &ty, arm);
            self.graph.end(Terminator::Goto(join), join);
        }
        Value::of(Operand::Place(place), ty)
    }

    /// Whether an arm can be an operand of a `Select`. What must be computed for it is computed whether it is wanted or not, so this must be
    /// harmless: no `p->x + 1` in `p ? p->x + 1 : 0` (but `p->x` itself is read only if wanted).
    fn may_select(&mut self, arm: Cursor<'tu>, ty: &Type) -> bool {
        is_plain(arm) && (!any_below(arm, &follows_pointer) || (self.type_of(strip(arm)) == *ty && is_bare_read(strip(arm))))
    }

    fn select(&mut self, condition: Cursor<'tu>, yes: Cursor<'tu>, no: Cursor<'tu>, ty: Type) -> Value {
        let atom = self.atom(condition);
        let [yes, no] = [yes, no].map(|arm| {
            let value = self.value(arm);
            self.convert(value, &ty)
        });
        match atom {
            Atom::Known(true) => yes,
            Atom::Known(false) => no,
            Atom::Test(cond) => {
                let (yes, no) = (self.spill(yes), self.spill(no));
                Value::new(Rvalue::Select { cond, yes, no }, ty)
            }
        }
    }

    pub(super) fn conditional_effect(&mut self, cursor: Cursor<'tu>) {
        let children = cursor.children();
        let [condition, yes, no] = children.as_slice() else { return self.opaque_statement("expr: conditional") };
        let (first, second, join) = (self.graph.new_block(), self.graph.new_block(), self.graph.new_block());
        self.condition(*condition, first, second);
        for (block, arm) in [(first, *yes), (second, *no)] {
            self.graph.start(block);
            self.effect(arm);
            self.graph.end(Terminator::Goto(join), join);
        }
    }

    /// `condition ?: otherwise`
    pub(super) fn elvis(&mut self, condition: Cursor<'tu>, otherwise: Cursor<'tu>, ty: Type) -> Value {
        let value = self.value(condition);
        if let Some(known) = value.constant() {
            let value = if known != 0 { value } else { self.value(otherwise) };
            return self.convert(value, &ty);
        }
        let Some(test) = scalar(&value.ty) else { return Value::opaque("expr: conditional of no scalar", ty) };
        let from = value.ty.clone();
        let kept = self.snapshot(value);
        let cond = is_nonzero(kept.clone(), test);
        if self.may_select(otherwise, &ty) {
            let yes = self.convert(Value::of(kept, from), &ty);
            let no = self.value(otherwise);
            let no = self.convert(no, &ty);
            let (yes, no) = (self.spill(yes), self.spill(no));
            return Value::new(Rvalue::Select { cond, yes, no }, ty);
        }
        let place = Place::local(self.temporary(ty.clone()));
        let (first, second, join) = (self.graph.new_block(), self.graph.new_block(), self.graph.new_block());
        self.branch(cond, first, second);
        self.graph.start(first);
        let yes = self.convert(Value::of(kept, from), &ty);
        self.assign(place.clone(), yes.rv);
        self.graph.end(Terminator::Goto(join), second);
        self.value_into(place.clone(), &ty, otherwise);
        self.graph.fall_into(join);
        Value::of(Operand::Place(place), ty)
    }

    /// The arm of a `_Generic` that is taken: the one of the expression's own type; if several have it, the one whose association is the
    /// controlling expression's type.
    pub(super) fn chosen_association(&mut self, cursor: Cursor<'tu>) -> Option<Cursor<'tu>> {
        let children: Vec<_> = cursor.children().into_iter().filter(|child| child.kind() != CursorKind::TypeRef).collect();
        let (control, arms) = children.split_first()?;
        let own = cursor.ty().canonical().id();
        let mut fitting = arms.iter().filter(|arm| arm.ty().canonical().id() == own);
        if let (Some(only), None) = (fitting.next(), fitting.next()) {
            return Some(*only);
        }
        let types = self.outline().association_types(cursor)?;
        if types.len() != arms.len() {
            return None;
        }
        let wanted = unqualified(&control.ty().canonical().spelling());
        let is_wanted =
            |ty: &String| unqualified(ty) == wanted || typedef_in(cursor, ty).is_some_and(|ty| unqualified(&ty) == wanted);
        let exact = types.iter().position(is_wanted);
        exact.or_else(|| types.iter().position(|ty| ty == "default")).map(|index| arms[index])
    }
}

/// What a typedef of this name stands for, if an expression below, or a parameter of a function called there, has that type.
/// (libclang does not show the association's type itself.)
fn typedef_in(cursor: Cursor<'_>, name: &str) -> Option<String> {
    let canonical = |of: Cursor<'_>| (of.ty().spelling() == name).then(|| of.ty().canonical().spelling());
    let own = canonical(cursor).or_else(|| match cursor.kind() {
        CursorKind::DeclRefExpr => cursor.referenced()?.arguments().into_iter().find_map(canonical),
        _ => None,
    });
    own.or_else(|| cursor.children().into_iter().find_map(|child| typedef_in(child, name)))
}

/// The controlling expression of a `_Generic` loses its outermost qualifiers. Spaces around `*` do not matter.
fn unqualified(ty: &str) -> String {
    let (pointee, own) = match ty.rfind('*') {
        Some(star) => ty.split_at(star + 1),
        None => ("", ty),
    };
    let own: Vec<&str> = own.split_whitespace().filter(|word| !matches!(*word, "const" | "volatile" | "restrict")).collect();
    format!("{}{}", pointee.replace(' ', ""), own.join(" "))
}

/// Whether computing an expression changes nothing and takes no branch, so that it may be computed without being wanted.
pub(super) fn is_plain(cursor: Cursor<'_>) -> bool {
    let mut budget = LARGEST_ARM;
    plain_within(cursor, &mut budget)
}

fn any_below(cursor: Cursor<'_>, test: &dyn Fn(Cursor<'_>) -> bool) -> bool {
    test(cursor) || cursor.children().into_iter().any(|child| any_below(child, test))
}

/// `p->x`, `*p`, `p[i]`
fn follows_pointer(cursor: Cursor<'_>) -> bool {
    match cursor.kind() {
        CursorKind::UnaryOperator => cursor.unary_operator() == UnaryOperator::Deref,
        CursorKind::ArraySubscriptExpr => true,
        CursorKind::MemberRefExpr => {
            cursor.children().first().is_some_and(|base| base.ty().canonical().kind() == gup_clang::TypeKind::Pointer)
        }
        _ => false,
    }
}

/// A place and nothing else: it becomes one operand, without a statement before it.
fn is_bare_read(cursor: Cursor<'_>) -> bool {
    let computes = |cursor: Cursor<'_>| {
        matches!(
            cursor.kind(),
            CursorKind::BinaryOperator | CursorKind::CStyleCastExpr | CursorKind::StmtExpr | CursorKind::ConditionalOperator
        )
    };
    let is_place = match cursor.kind() {
        CursorKind::UnaryOperator => matches!(cursor.unary_operator(), UnaryOperator::Deref | UnaryOperator::AddrOf),
        CursorKind::DeclRefExpr | CursorKind::MemberRefExpr | CursorKind::ArraySubscriptExpr => true,
        _ => false,
    };
    is_place && !any_below(cursor, &computes)
}

fn plain_within(cursor: Cursor<'_>, budget: &mut u32) -> bool {
    use gup_clang::BinaryOperator as B;
    if *budget == 0 {
        return false;
    }
    *budget -= 1;
    let here = match cursor.kind() {
        CursorKind::CallExpr => Lowering::fold(cursor).is_some(),
        CursorKind::CompoundAssignOperator
        | CursorKind::AsmStmt
        | CursorKind::CompoundLiteralExpr
        | CursorKind::InitListExpr
        | CursorKind::AddrLabelExpr
        | CursorKind::FloatingLiteral => false,
        CursorKind::BinaryOperator => match cursor.binary_operator() {
            B::Assign | B::LogicalAnd | B::LogicalOr => false,
            // `n ? total / n : 0`
            B::Div | B::Rem => cursor.children().last().is_some_and(|by| Lowering::fold(*by).is_some_and(|by| by != 0)),
            _ => true,
        },
        CursorKind::UnaryOperator => !matches!(
            cursor.unary_operator(),
            UnaryOperator::PreInc | UnaryOperator::PreDec | UnaryOperator::PostInc | UnaryOperator::PostDec
        ),
        CursorKind::VarDecl => !cursor.children().iter().any(|child| child.kind().is_attribute()),
        CursorKind::CompoundStmt | CursorKind::DeclStmt | CursorKind::NullStmt => true,
        // Lowered to a Select themselves, or not plain.
        CursorKind::ConditionalOperator => cursor.children().first().is_some_and(|condition| !branches(*condition)),
        kind if kind.is_statement() => false,
        _ => true,
    };
    here && cursor.children().into_iter().all(|child| plain_within(child, budget))
}

//! A function's body becomes basic blocks.
//!
//! | file | what |
//! | --- | --- |
//! | `graph` | blocks while they are made |
//! | `stmt`, `jumps`, `scopes` | statements; loops, `switch`, `goto`; what happens at the end of a scope |
//! | `value`, `operators`, `convert` | expressions as values; arithmetic and assignments; conversions |
//! | `cond`, `choice` | expressions as conditions; `?:`, `&&` as values |
//! | `place` | expressions as places |
//! | `call`, `builtins`, `assembly` | calls; the compiler's own functions; `asm` |
//! | `declare` | local variables and their initialisers |
//! | `constant` | what is known without running anything |
//! | `shape` | kinds of nodes libclang does not tell apart |
//! | `outline` | what must be known of the whole body in advance |

mod assembly;
mod builtins;
mod call;
mod choice;
mod cond;
mod constant;
mod convert;
mod declare;
mod graph;
mod jumps;
mod operators;
mod outline;
mod place;
mod scopes;
mod shape;
mod stmt;
mod value;

use std::collections::HashMap;
use std::panic::{AssertUnwindSafe, catch_unwind};

use gup_clang::{Cursor, CursorId, CursorKind, UnaryOperator};
use gup_ir::{
    BasicBlock, BlockId, CompareOp, Cond, Function, Linkage, Local, LocalId, Operand, Place, Pos, Rvalue, StmtKind, Terminator,
    Type,
};

use crate::extract::Context;
use graph::Graph;
use outline::Outline;
use scopes::Scope;
use stmt::Switch;

pub(crate) use shape::function_in;

/// Nesting beyond this is Opaque: real code stays below 200, and the stack is not endless.
const DEEPEST: u32 = 700;

/// Lowers a function definition. A panic inside costs only this function.
pub(crate) fn function(cx: &mut Context<'_>, cursor: Cursor<'_>, linkage: Linkage) -> Function {
    let pos = cx.files.pos(cursor);
    let ret = cx.types.of(cursor.ty().result(), &mut cx.names);
    let lowered = catch_unwind(AssertUnwindSafe(|| Lowering::new(cx, cursor).run()));
    let (locals, params, blocks) = lowered.unwrap_or_else(|_| (Vec::new(), 0, not_understood(pos)));
    Function { name: cursor.spelling(), linkage, pos, params, locals, ret, blocks }
}

fn not_understood(pos: Pos) -> Vec<BasicBlock> {
    let kind = StmtKind::Opaque { reason: "front end panicked".to_owned(), reads: Vec::new(), writes: Vec::new() };
    vec![BasicBlock { stmts: vec![gup_ir::Stmt { kind, pos }], terminator: Terminator::Return { value: None, pos } }]
}

/// A function on its way.
struct Lowering<'u, 'a, 'tu> {
    cx: &'u mut Context<'a>,
    function: Cursor<'tu>,
    name: String,
    graph: Graph,
    locals: Vec<Local>,
    variables: HashMap<CursorId, Variable>,
    /// Open scopes, innermost last.
    scopes: Vec<Scope>,
    /// Where `break` and `continue` go, and how many scopes stay open there.
    breaks: Vec<(BlockId, usize)>,
    continues: Vec<(BlockId, usize)>,
    switches: Vec<Switch>,
    labels: HashMap<CursorId, BlockId>,
    outline: Option<Outline<'tu>>,
    /// Where statements made now come from.
    pos: Pos,
    loops: u32,
    depth: u32,
}

#[derive(Clone)]
enum Variable {
    Local(LocalId),
    Global(String),
}

/// A value on its way to a statement: how it is computed, and its type.
#[derive(Clone, Debug)]
struct Value {
    rv: Rvalue,
    ty: Type,
    /// `rv` is the address of an array that stands for its first element.
    decayed: bool,
}

impl Value {
    fn new(rv: Rvalue, ty: Type) -> Value {
        Value { rv, ty, decayed: false }
    }

    fn of(operand: Operand, ty: Type) -> Value {
        Value::new(Rvalue::Use(operand), ty)
    }

    fn int(value: i64, ty: gup_ir::IntType) -> Value {
        Value::of(Operand::Const(value), Type::Int(ty))
    }

    fn void() -> Value {
        Value::of(Operand::Const(0), Type::Void)
    }

    fn opaque(reason: impl Into<String>, ty: Type) -> Value {
        Value::new(Rvalue::Opaque(reason.into()), ty)
    }

    fn constant(&self) -> Option<i64> {
        match self.rv {
            Rvalue::Use(Operand::Const(value)) => Some(value),
            _ => None,
        }
    }
}

impl<'u, 'a, 'tu> Lowering<'u, 'a, 'tu> {
    fn new(cx: &'u mut Context<'a>, function: Cursor<'tu>) -> Self {
        let pos = cx.files.pos(function);
        Lowering {
            cx,
            function,
            name: function.spelling(),
            graph: Graph::new(),
            locals: Vec::new(),
            variables: HashMap::new(),
            scopes: Vec::new(),
            breaks: Vec::new(),
            continues: Vec::new(),
            switches: Vec::new(),
            labels: HashMap::new(),
            outline: None,
            pos,
            loops: 0,
            depth: 0,
        }
    }

    fn run(mut self) -> (Vec<Local>, u32, Vec<BasicBlock>) {
        for parameter in self.function.arguments() {
            let ty = self.type_of(parameter);
            let id = self.new_local(parameter.spelling(), ty);
            self.variables.insert(parameter.id(), Variable::Local(id));
        }
        let params = self.locals.len() as u32;
        for child in self.function.children() {
            if child.kind() == CursorKind::CompoundStmt {
                self.statement(child);
                self.pos = self.cx.files.end(child);
            }
        }
        self.graph.end_dead(Terminator::Return { value: None, pos: self.pos });
        (self.locals, params, self.graph.finish())
    }

    /// The type of an expression or declaration. libclang shows a parameter `struct page *pages[]`, and whatever is made of it, as an
    /// array; it is a pointer.
    fn type_of(&mut self, cursor: Cursor<'tu>) -> Type {
        match self.cx.types.of(cursor.ty(), &mut self.cx.names) {
            Type::Array(element, _) if !names_array(cursor) => Type::Pointer(element),
            Type::Function if cursor.kind() == CursorKind::ParmDecl => Type::Pointer(Box::new(Type::Function)),
            ty => ty,
        }
    }

    fn new_local(&mut self, name: String, ty: Type) -> LocalId {
        self.locals.push(Local { name, ty });
        LocalId(self.locals.len() as u32 - 1)
    }

    fn temporary(&mut self, ty: Type) -> LocalId {
        self.new_local(String::new(), ty)
    }

    fn emit(&mut self, kind: StmtKind) {
        self.graph.emit(kind, self.pos);
    }

    fn assign(&mut self, dst: Place, src: Rvalue) {
        self.emit(StmtKind::Assign { dst, src });
    }

    /// Runs `body` with statements positioned at `cursor`.
    fn at<R>(&mut self, cursor: Cursor<'tu>, body: impl FnOnce(&mut Self) -> R) -> R {
        let here = self.cx.files.pos(cursor);
        let outer = std::mem::replace(&mut self.pos, here);
        let result = body(self);
        self.pos = outer;
        result
    }

    /// Runs `body` one level deeper; `None` where the nesting is beyond reason.
    fn nested<R>(&mut self, body: impl FnOnce(&mut Self) -> R) -> Option<R> {
        if self.depth >= DEEPEST {
            return None;
        }
        self.depth += 1;
        let result = body(self);
        self.depth -= 1;
        Some(result)
    }

    fn opaque_statement(&mut self, reason: impl Into<String>) {
        self.emit(StmtKind::Opaque { reason: reason.into(), reads: Vec::new(), writes: Vec::new() });
    }

    fn outline(&mut self) -> &Outline<'tu> {
        self.outline.get_or_insert_with(|| Outline::of(self.function))
    }

    /// The value as something a statement can read; computed into a temporary where it is more than that.
    fn spill(&mut self, value: Value) -> Operand {
        match value.rv {
            Rvalue::Use(operand) => operand,
            rv => {
                let place = Place::local(self.temporary(value.ty));
                self.assign(place.clone(), rv);
                Operand::Place(place)
            }
        }
    }

    /// The value as of now, whatever happens to what it was read from.
    fn snapshot(&mut self, value: Value) -> Operand {
        match value.rv {
            Rvalue::Use(Operand::Place(_)) => {
                let place = Place::local(self.temporary(value.ty));
                self.assign(place.clone(), value.rv);
                Operand::Place(place)
            }
            _ => self.spill(value),
        }
    }

    fn branch(&mut self, cond: Cond, yes: BlockId, no: BlockId) {
        let pos = self.pos;
        self.graph.end_dead(Terminator::Branch { cond, yes, no, pos });
    }
}

/// Whether an expression of array type really is an array. Only what names memory is; values of array type do not exist in C.
fn names_array(cursor: Cursor<'_>) -> bool {
    match cursor.kind() {
        CursorKind::ParmDecl => false,
        CursorKind::DeclRefExpr => cursor.referenced().is_none_or(|referenced| referenced.kind() != CursorKind::ParmDecl),
        CursorKind::ParenExpr | CursorKind::GenericSelectionExpr => {
            cursor.children().last().is_some_and(|inner| names_array(*inner))
        }
        // `__func__` is a text in such a node; an implicit conversion is not an array; of `__builtin_choose_expr` the arm decides.
        CursorKind::UnexposedExpr => match cursor.children().as_slice() {
            [inner] => inner.kind() == CursorKind::StringLiteral,
            children => children.last().is_some_and(|inner| names_array(*inner)),
        },
        CursorKind::UnaryOperator => cursor.unary_operator() == UnaryOperator::Deref,
        CursorKind::BinaryOperator
        | CursorKind::CompoundAssignOperator
        | CursorKind::ConditionalOperator
        | CursorKind::CStyleCastExpr
        | CursorKind::CallExpr
        | CursorKind::StmtExpr => false,
        _ => true,
    }
}

/// `operand != 0`
fn is_nonzero(operand: Operand, ty: gup_ir::IntType) -> Cond {
    Cond { op: CompareOp::Ne, lhs: operand, rhs: Operand::Const(0), ty }
}

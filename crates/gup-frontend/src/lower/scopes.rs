//! Ends of scopes: `__attribute__((cleanup(f)))`, and `goto` out of them.

use gup_clang::{Cursor, CursorId};
use gup_ir::{Callee, LocalId, Operand, Place, Rvalue, StmtKind, Terminator, Type};

use super::{Lowering, Value};

/// An open scope.
pub(super) struct Scope {
    id: CursorId,
    /// Variables to clean up with their functions, in order of declaration.
    cleanups: Vec<(LocalId, String)>,
}

/// The function that cleans up a variable. The cursors only say that there is some attribute; the printed declaration has its name.
///
/// ```c
/// struct page **pages __attribute__((cleanup(free_pages_array))) = alloc();
/// ```
pub(super) fn cleanup_function(variable: Cursor<'_>) -> Option<String> {
    if !variable.children().iter().any(|child| child.kind().is_attribute()) {
        return None;
    }
    let text = variable.pretty_printed();
    let name = text.split("cleanup(").nth(1)?.split(')').next()?;
    Some(name.trim().to_owned())
}

impl<'tu> Lowering<'_, '_, 'tu> {
    pub(super) fn open_scope(&mut self, cursor: Cursor<'tu>) {
        self.scopes.push(Scope { id: cursor.id(), cleanups: Vec::new() });
    }

    pub(super) fn close_scope(&mut self) {
        self.clean_up_to(self.scopes.len() - 1);
        self.scopes.pop();
    }

    pub(super) fn add_cleanup(&mut self, variable: LocalId, function: String) {
        if let Some(scope) = self.scopes.last_mut() {
            scope.cleanups.push((variable, function));
        }
    }

    /// Whether leaving all scopes from number `depth` on runs any cleanup.
    pub(super) fn has_cleanups(&self, depth: usize) -> bool {
        self.scopes[depth..].iter().any(|scope| !scope.cleanups.is_empty())
    }

    /// Calls the cleanups of all scopes from number `depth` on, last declared first. The scopes stay open for other paths.
    pub(super) fn clean_up_to(&mut self, depth: usize) {
        for scope in (depth..self.scopes.len()).rev() {
            self.clean_up(scope, 0);
        }
    }

    /// Calls the cleanups of one scope, except for the first `keep` variables.
    fn clean_up(&mut self, scope: usize, keep: usize) {
        let cleanups: Vec<_> = self.scopes[scope].cleanups.iter().skip(keep).cloned().collect();
        for (variable, function) in cleanups.into_iter().rev() {
            let ty = Type::Pointer(Box::new(self.locals[variable.0 as usize].ty.clone()));
            let argument = self.spill(Value::new(Rvalue::AddrOf(Place::local(variable)), ty));
            self.emit(StmtKind::Call { dst: None, callee: Callee::Direct(function), args: vec![argument] });
        }
    }

    /// `goto`, with the cleanups of the scopes it leaves.
    pub(super) fn jump(&mut self, label: CursorId) {
        if self.has_cleanups(0) {
            let target = self
                .outline()
                .labels
                .iter()
                .find(|known| known.id == label)
                .map(|known| known.scopes.clone())
                .unwrap_or_default();
            for scope in (0..self.scopes.len()).rev() {
                match target.iter().find(|(id, _)| *id == self.scopes[scope].id) {
                    Some((_, declared_before)) => {
                        self.clean_up(scope, *declared_before);
                        break;
                    }
                    None => self.clean_up(scope, 0),
                }
            }
        }
        let block = self.label(label);
        self.graph.end_dead(Terminator::Goto(block));
    }

    /// The label of this name that is nearest: macros bring their own `__label__` of the same name with each expansion.
    pub(super) fn nearest_label(&mut self, name: &str) -> Option<CursorId> {
        let open: Vec<CursorId> = self.scopes.iter().map(|scope| scope.id).collect();
        let depth = |scopes: &[(CursorId, usize)]| scopes.iter().filter(|(id, _)| open.contains(id)).count();
        let labels = self.outline().labels.iter().filter(|label| label.name == name);
        labels.max_by_key(|label| depth(&label.scopes)).map(|label| label.id)
    }

    /// `return`, with the cleanups of all scopes after the value was computed.
    pub(super) fn leave(&mut self, value: Option<Value>) {
        let value: Option<Operand> =
            value.map(|value| if self.has_cleanups(0) { self.snapshot(value) } else { self.spill(value) });
        self.clean_up_to(0);
        let pos = self.pos;
        self.graph.end_dead(Terminator::Return { value, pos });
    }
}

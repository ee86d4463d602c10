//! Loops, `switch`, and jumps to one of several labels.

use gup_clang::{Cursor, CursorId};
use gup_ir::{BlockId, Operand, Place, Terminator};

use super::Lowering;
use super::stmt::Switch;
use crate::types::{scalar, wrap};

impl<'tu> Lowering<'_, '_, 'tu> {
    pub(super) fn while_statement(&mut self, cursor: Cursor<'tu>) {
        let children = cursor.children();
        let [condition, body] = children.as_slice() else { return self.opaque_statement("stmt: while") };
        let (head, inside, exit) = (self.graph.new_block(), self.graph.new_block(), self.graph.new_block());
        self.graph.fall_into(head);
        self.condition(*condition, inside, exit);
        self.graph.start(inside);
        self.loop_body(*body, exit, head);
        self.graph.end(Terminator::Goto(head), exit);
    }

    pub(super) fn do_statement(&mut self, cursor: Cursor<'tu>) {
        let children = cursor.children();
        let [body, condition] = children.as_slice() else { return self.opaque_statement("stmt: do") };
        let (inside, test, exit) = (self.graph.new_block(), self.graph.new_block(), self.graph.new_block());
        self.graph.fall_into(inside);
        // do { } while (0) is no loop
        if Self::fold(*condition) == Some(0) {
            self.body(*body, exit, test);
        } else {
            self.loop_body(*body, exit, test);
        }
        self.graph.fall_into(test);
        self.condition(*condition, inside, exit);
        self.graph.start(exit);
    }

    pub(super) fn for_statement(&mut self, cursor: Cursor<'tu>) {
        let children = cursor.children();
        let Some((body, parts)) = children.split_last() else { return self.opaque_statement("stmt: for") };
        // With a part missing the children do not say which: only the printed function does.
        let has = if parts.len() == 3 { [true; 3] } else { self.parts_of_for(cursor).unwrap_or_default() };
        if has.iter().filter(|has| **has).count() != parts.len() {
            return self.opaque_statement("stmt: for whose parts are unclear");
        }
        let mut rest = parts.iter().copied();
        let [init, condition, step] = has.map(|has| if has { rest.next() } else { None });
        let (head, inside, next, exit) =
            (self.graph.new_block(), self.graph.new_block(), self.graph.new_block(), self.graph.new_block());
        self.open_scope(cursor);
        init.into_iter().for_each(|init| self.statement(init));
        self.graph.fall_into(head);
        match condition {
            Some(condition) => self.condition(condition, inside, exit),
            None => self.graph.end_dead(Terminator::Goto(inside)),
        }
        self.graph.start(inside);
        self.loop_body(*body, exit, next);
        self.graph.fall_into(next);
        step.into_iter().for_each(|step| self.statement(step));
        self.graph.end(Terminator::Goto(head), exit);
        self.close_scope();
    }

    fn parts_of_for(&mut self, cursor: Cursor<'tu>) -> Option<[bool; 3]> {
        self.outline().for_parts(cursor).map(|parts| [parts.init, parts.cond, parts.step])
    }

    fn loop_body(&mut self, body: Cursor<'tu>, exit: BlockId, next: BlockId) {
        self.loops += 1;
        self.body(body, exit, next);
        self.loops -= 1;
    }

    /// A body in which `break` goes to `exit` and `continue` to `next`.
    fn body(&mut self, body: Cursor<'tu>, exit: BlockId, next: BlockId) {
        let depth = self.scopes.len();
        self.breaks.push((exit, depth));
        self.continues.push((next, depth));
        self.statement(body);
        self.breaks.pop();
        self.continues.pop();
    }

    pub(super) fn switch_statement(&mut self, cursor: Cursor<'tu>) {
        let children = cursor.children();
        let [value, body] = children.as_slice() else { return self.opaque_statement("stmt: switch") };
        let value = self.value(*value);
        let ty = scalar(&value.ty);
        let value = self.spill(value);
        let (head, pos) = (self.graph.current(), self.pos);
        let (inside, exit) = (self.graph.new_block(), self.graph.new_block());
        self.graph.start(inside);
        self.switches.push(Switch { ty, cases: Vec::new(), default: None });
        self.breaks.push((exit, self.scopes.len()));
        self.statement(*body);
        self.breaks.pop();
        let switch = self.switches.pop().expect("pushed above, and popped nowhere else");
        self.graph.fall_into(exit);
        let default = switch.default.unwrap_or(exit);
        self.graph.close(head, switch_on(value, switch.cases, default, pos));
    }

    pub(super) fn case_statement(&mut self, cursor: Cursor<'tu>) {
        let block = self.graph.new_block();
        self.graph.fall_into(block);
        let children = cursor.children();
        let (values, body) = match children.split_last() {
            Some((body, values)) => (values, *body),
            None => return self.opaque_statement("stmt: case"),
        };
        let values: Option<Vec<i64>> = values.iter().map(|value| Self::fold(*value)).collect();
        match (self.switches.last_mut(), values.as_deref()) {
            (Some(switch), Some([])) => switch.default = Some(block),
            (Some(switch), Some([value])) => {
                let value = switch.ty.map_or(*value, |ty| wrap(*value, ty));
                switch.cases.push((value, value, block));
            }
            (Some(switch), Some([low, high])) => switch.cases.push((*low, *high, block)),
            _ => self.opaque_statement("stmt: case whose value is unclear"),
        }
        self.statement(body);
    }

    /// Goes to any of `labels`, or on to `otherwise`, as `choice` (a number of unknown value) says.
    pub(super) fn jump_to_any(&mut self, choice: Place, labels: &[CursorId], otherwise: Option<BlockId>) {
        let (head, pos) = (self.graph.current(), self.pos);
        let mut blocks = Vec::new();
        for label in labels {
            let way = self.graph.new_block();
            self.graph.start(way);
            self.jump(*label);
            blocks.push(way);
        }
        let dead = self.graph.new_block();
        self.graph.start(otherwise.unwrap_or(dead));
        let Some(default) = otherwise.or_else(|| blocks.pop()) else { return self.graph.close(head, Terminator::Unreachable) };
        let cases = (1..).zip(blocks).map(|(number, block)| (number, number, block)).collect();
        self.graph.close(head, switch_on(Operand::Place(choice), cases, default, pos));
    }
}

fn switch_on(value: Operand, cases: Vec<(i64, i64, BlockId)>, default: BlockId, pos: gup_ir::Pos) -> Terminator {
    let Operand::Const(known) = value else { return Terminator::Switch { value, cases, default, pos } };
    let taken = cases.iter().find(|(low, high, _)| (*low..=*high).contains(&known)).map_or(default, |case| case.2);
    Terminator::Goto(taken)
}

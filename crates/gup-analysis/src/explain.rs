//! Seeing why: the state after each statement, summaries as text, call paths.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

use gup_ir::Function;

use crate::Settings;
use crate::contract::{Contracts, text};
use crate::domain::refs::{EVERYTHING, Status, What};
use crate::domain::state::State;
use crate::domain::term::{Atom, Lin, LocId, Root, Step, Terms};
use crate::exec;
use crate::finding::Location;
use crate::infer;
use crate::memo::{Memo, Summaries};
use crate::program::{FnId, Program, Sites};
use crate::summary::{Effect, Summary};

/// One step of a call path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CallStep {
    pub function: String,
    pub at: Location,
}

/// What calling the function does, in the form of a contract; one text per function of that name.
pub fn summary_text(
    program: &Program,
    contracts: &Contracts,
    settings: &Settings,
    memo: &mut Memo,
    function: &str,
) -> Option<String> {
    let sites = Sites::number(program, contracts);
    let inference = infer::infer(program, contracts, &sites, settings, memo, crate::UNWATCHED);
    let mut out = String::new();
    for id in program.named(function) {
        let body = program.function(id);
        let params: Vec<String> = body.locals.iter().take(body.params as usize).map(|local| local.name.clone()).collect();
        if let Some(summary) = inference.summaries.get(id) {
            out.push_str(&format!("# {}, {}\n", body.name, program.unit(id).file));
            out.push_str(&text::print(&summary, &params));
        }
    }
    (!out.is_empty()).then_some(out)
}

/// What an analysis found out about the functions of its program. Whoever asks waits for nobody.
pub struct Conclusions {
    pub(crate) program: Arc<Program>,
    pub(crate) contracts: Arc<Contracts>,
    pub(crate) summaries: Summaries,
}

impl Conclusions {
    /// What calling the function does to page references, in the form of a contract, contracts included; `None` for every function that
    /// does nothing to any. `file`: where it is called, for static functions.
    pub fn reference_text(&self, function: &str, file: &str) -> Option<String> {
        let concerns =
            |summary: &Summary| summary.outcomes.iter().flat_map(|outcome| &outcome.effects).any(Effect::is_about_references);
        if let Some(contract) = self.contracts.lookup(function, file) {
            let about = format!("# {function}(): a contract\n# {}\n", contract.source);
            return concerns(&contract.summary).then(|| about + &text::print(&contract.summary, &contract.params));
        }
        let program = &self.program;
        let ids = program.named(function);
        let in_file = ids.iter().copied().filter(|id| program.unit(*id).file == file).collect::<Vec<FnId>>();
        let meant = if in_file.is_empty() { ids } else { in_file };
        let mut out = String::new();
        for id in meant {
            let Some(summary) = self.summaries.get(id).filter(|summary| concerns(summary)) else { continue };
            let body = program.function(id);
            let params: Vec<String> = body.locals.iter().take(body.params as usize).map(|local| local.name.clone()).collect();
            out.push_str(&format!("# {function}(), {}\n{}", program.unit(id).file, text::print(&summary, &params)));
        }
        (!out.is_empty()).then_some(out)
    }
}

/// The states before each statement that execution came to, in that order.
pub fn explain(program: &Program, contracts: &Contracts, settings: &Settings, memo: &mut Memo, function: &str) -> Option<String> {
    let sites = Sites::number(program, contracts);
    let inference = infer::infer(program, contracts, &sites, settings, memo, crate::UNWATCHED);
    let mut out = String::new();
    for id in program.named(function) {
        let file = program.unit(id).file.clone();
        out.push_str(&format!("# {function}, {file}\n"));
        let world = inference.world(program, contracts, &sites, settings);
        let mut observer = |_: &Function, pos: gup_ir::Pos, state: &str| {
            let line = program.location(id, pos).line;
            out.push_str(&format!("{file}:{line}\n{state}"));
        };
        exec::run(world, id, Some(&mut observer));
    }
    (!out.is_empty()).then_some(out)
}

/// The shortest path of calls from one function to another, if there is one.
pub fn call_path(program: &Program, from: &str, to: &str) -> Option<Vec<CallStep>> {
    let goals: BTreeSet<FnId> = program.named(to).into_iter().collect();
    let mut came_from: BTreeMap<FnId, Option<FnId>> = program.named(from).into_iter().map(|id| (id, None)).collect();
    let mut queue: VecDeque<FnId> = came_from.keys().copied().collect();
    // Also into functions that a contract stands for.
    let graph = program.call_graph(&Sites::number(program, &Contracts::default()));
    while let Some(id) = queue.pop_front() {
        if goals.contains(&id) {
            let mut path = Vec::new();
            let mut at = Some(id);
            while let Some(step) = at {
                let function = program.function(step);
                path.push(CallStep { function: function.name.clone(), at: program.location(step, function.pos) });
                at = came_from.get(&step).copied().flatten();
            }
            path.reverse();
            return Some(path);
        }
        for callee in infer::callees(&graph, id).collect::<BTreeSet<_>>() {
            came_from.entry(callee).or_insert_with(|| {
                queue.push_back(callee);
                Some(id)
            });
        }
    }
    None
}

/// One state, for people.
pub(crate) fn state_text(terms: &Terms, function: &Function, state: &State) -> String {
    let show = |value: &Lin| lin_text(terms, function, value);
    let mut out = String::new();
    for (&place, value) in state.memory() {
        let name = loc_text(terms, function, place);
        if !name.starts_with('%') {
            out.push_str(&format!("    {name} = {}\n", show(value)));
        }
    }
    for fact in state.facts.at_least_zero() {
        out.push_str(&format!("    assume {} >= 0\n", show(fact)));
    }
    for fact in state.facts.not_zero() {
        out.push_str(&format!("    assume {} != 0\n", show(fact)));
    }
    for segment in &state.segments {
        let what = what_text(terms, function, &segment.what);
        let status = match &segment.status {
            Status::Held => "held".to_owned(),
            Status::Released { .. } => "released".to_owned(),
            Status::Carried(place) => format!("carried by {}", loc_text(terms, function, *place)),
            Status::Escaped(why) => format!("not followed: {why}"),
            Status::Renamed => "known by number".to_owned(),
        };
        out.push_str(&format!("    {:?} reference {what}: {status}\n", segment.kind).to_lowercase());
    }
    for alias in &state.aliases {
        let (from, to) = alias.extent.clone().unwrap_or_else(|| (alias.shift.scaled(-1), Lin::int(EVERYTHING.into())));
        let copy = What::Range { base: alias.base, sub: alias.sub.clone(), lo: from.clone(), hi: to };
        let (of, at) = (show(&Lin::atom(alias.of)), show(&from.plus(&alias.shift)));
        out.push_str(&format!("    copied to {}: {of} from {at} on\n", what_text(terms, function, &copy)));
    }
    out
}

pub(crate) fn what_text(terms: &Terms, function: &Function, what: &What) -> String {
    let show = |value: &Lin| lin_text(terms, function, value);
    match what {
        What::One(value) => show(value),
        What::Range { base, sub, lo, hi } => {
            let sub: String = sub.iter().map(|field| format!(".{}", field.name)).collect();
            format!("{}[{}..{}]{sub}", show(&Lin::atom(*base)), show(lo), show(hi))
        }
    }
}

fn lin_text(terms: &Terms, function: &Function, value: &Lin) -> String {
    let mut parts = Vec::new();
    for &(atom, factor) in &value.terms {
        let name = atom_text(terms, function, terms.get(atom));
        parts.push(match factor {
            1 => name,
            -1 => format!("-{name}"),
            _ => format!("{factor}*{name}"),
        });
    }
    if value.constant != 0 || parts.is_empty() {
        parts.push(value.constant.to_string());
    }
    parts.join(" + ").replace("+ -", "- ")
}

fn atom_text(terms: &Terms, function: &Function, atom: &Atom) -> String {
    match atom {
        Atom::Param(index) => function.locals[*index as usize].name.clone(),
        Atom::Fresh(number) => format!("?{number}"),
        Atom::Load(place, 0) => loc_text(terms, function, *place),
        Atom::Load(place, epoch) => format!("{}'{epoch}", loc_text(terms, function, *place)),
        Atom::Addr(place) => format!("&{}", loc_text(terms, function, *place)),
        Atom::Function(name) => name.clone(),
        Atom::Str(text) => format!("{text:?}"),
        Atom::Apply(name, args) => {
            let args: Vec<String> = args.iter().map(|arg| lin_text(terms, function, arg)).collect();
            format!("{name}({})", args.join(", "))
        }
    }
}

fn loc_text(terms: &Terms, function: &Function, place: LocId) -> String {
    let loc = terms.place(place);
    let mut out = match &loc.root {
        Root::Local(id) => {
            let name = &function.locals[id.0 as usize].name;
            if name.is_empty() { format!("%{}", id.0) } else { name.clone() }
        }
        Root::Global(name) => name.clone(),
        Root::At(atom) => format!("*{}", atom_text(terms, function, terms.get(*atom))),
    };
    for step in &loc.steps {
        match step {
            Step::Field(field) => out.push_str(&format!(".{}", field.name)),
            Step::Index(index) => out.push_str(&format!("[{}]", lin_text(terms, function, index))),
        }
    }
    out
}

//! What was found out about functions, kept for the next program that has them: the next round of demand, the same tree
//! with a patch, the same tree tomorrow.
//!
//! A function's result depends on its IR and on what it asked about the rest of the program: summaries of callees, and
//! whether it is a root. Both are recorded with the result, so it is valid where the IR is the same and every question has
//! the same answer. Contracts and settings are not recorded: a memo serves one set of them.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::exec::{Outcome, World};
use crate::program::{FnId, Program};
use crate::summary::{FnKey, Summary};

/// Results by function. Changes nothing but speed.
#[derive(Default, Serialize, Deserialize)]
pub struct Memo {
    entries: BTreeMap<FnKey, Entry>,
    /// Something was added since it was read.
    #[serde(skip)]
    pub is_new: bool,
}

#[derive(Serialize, Deserialize)]
struct Entry {
    /// Of the function's IR.
    function: u64,
    asked: Asked,
    outcome: Outcome,
    summary: u64,
}

/// A question about the rest of the program.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) enum Question {
    /// What does the function of that name, as this one sees it, do?
    Callee(String),
    /// What do the functions do that are stored in that field of that structure?
    Targets(String, String),
    Root,
}

/// Hashes of the summaries that answered; `None` = there is none yet (recursion). No answer = no such function.
type Answer = Option<Vec<Option<u64>>>;

/// Questions with their answers.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Asked(BTreeMap<Question, Answer>);

/// All summaries so far, each with its hash.
#[derive(Default)]
pub(crate) struct Summaries(BTreeMap<FnId, (Arc<Summary>, u64)>);

impl Memo {
    /// The result for a function, if what it depends on is as it was.
    pub(crate) fn recall(&self, world: &World<'_>, id: FnId) -> Option<(Outcome, u64)> {
        let entry = self.entries.get(&world.program.key(id))?;
        let same = entry.function == hash_of_function(world.program, id)
            && entry.asked.0.iter().all(|(question, answer)| question.answer(id, world) == *answer);
        same.then(|| (entry.outcome.clone().of_function(id), entry.summary))
    }

    /// Keeps a result; returns the hash of its summary.
    pub(crate) fn keep(&mut self, program: &Program, id: FnId, outcome: &Outcome, asked: Asked) -> u64 {
        let summary = hash_of_summary(&outcome.summary);
        let entry = Entry { function: hash_of_function(program, id), asked, outcome: outcome.clone(), summary };
        self.entries.insert(program.key(id), entry);
        self.is_new = true;
        summary
    }
}

impl Question {
    fn functions(&self, id: FnId, world: &World<'_>) -> Option<Vec<FnId>> {
        match self {
            Question::Callee(name) => Some(vec![world.program.callee(id, name)?]),
            Question::Targets(strukt, field) => Some(world.program.targets(strukt, field)),
            Question::Root => world.roots.contains(&id).then(Vec::new),
        }
    }

    fn answer(&self, id: FnId, world: &World<'_>) -> Answer {
        let functions = self.functions(id, world)?;
        Some(functions.iter().map(|function| world.summaries.0.get(function).map(|(_, hash)| *hash)).collect())
    }
}

impl Asked {
    /// Answers a question, and notes it.
    pub(crate) fn note(&mut self, question: Question, id: FnId, world: &World<'_>) -> Option<Vec<Option<Arc<Summary>>>> {
        let functions = question.functions(id, world);
        let answer = functions.map(|all| all.iter().map(|function| world.summaries.get(*function)).collect());
        self.0.entry(question.clone()).or_insert_with(|| question.answer(id, world));
        answer
    }

    pub(crate) fn is_root(&mut self, id: FnId, world: &World<'_>) -> bool {
        self.note(Question::Root, id, world).is_some()
    }
}

impl Summaries {
    pub(crate) fn get(&self, id: FnId) -> Option<Arc<Summary>> {
        self.0.get(&id).map(|(summary, _)| Arc::clone(summary))
    }

    pub(crate) fn insert(&mut self, id: FnId, summary: Arc<Summary>, hash: u64) {
        self.0.insert(id, (summary, hash));
    }
}

fn hash_of_function(program: &Program, id: FnId) -> u64 {
    let mut hasher = DefaultHasher::new();
    program.function(id).hash(&mut hasher);
    hasher.finish()
}

/// Of the whole summary: the structures of fields too, which do not count when fields are compared.
pub(crate) fn hash_of_summary(summary: &Summary) -> u64 {
    struct Text(DefaultHasher);
    impl Write for Text {
        fn write_str(&mut self, text: &str) -> std::fmt::Result {
            self.0.write(text.as_bytes());
            Ok(())
        }
    }
    let mut text = Text(DefaultHasher::new());
    // Writing to a hasher cannot fail.
    let _ = write!(text, "{summary:?}");
    text.0.finish()
}

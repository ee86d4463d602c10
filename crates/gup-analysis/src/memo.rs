//! What was found out about functions, kept for the next program that has them: the next round of demand, the same tree
//! with a patch, the same tree tomorrow.
//!
//! A function's result depends on its body and on what it asked about the rest of the program: summaries of callees, and
//! whether it is a root. Both are recorded with the result, so it is valid where the body is the same and every question has
//! the same answer. Contracts and settings are not recorded: a memo serves one set of them.
//!
//! Most results are needed only to say that they are as they were: a summary is decoded when a caller that is executed anew
//! asks for it.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::hash::{DefaultHasher, Hasher};
use std::ops::Range;
use std::sync::{Arc, OnceLock};

use rustc_hash::FxHashMap;
use serde::{Deserialize, Serialize};

use crate::exec::event::{Event, Fates};
use crate::exec::{Outcome, World};
use crate::program::{FnId, Program};
use crate::summary::{Effect, Expr, FnKey, Refs, Summary};

/// Results by function. Changes nothing but speed.
#[derive(Default)]
pub struct Memo {
    entries: FxHashMap<FnKey, Entry>,
    /// The entries of the last program, found without a look at any name.
    last: Option<Last>,
    /// Something was added since it was read.
    pub is_new: bool,
    /// The next program is this one with an edit: its functions are found by their numbers.
    pub follows_edits: bool,
}

#[derive(Clone)]
struct Entry {
    /// Of the function's body.
    function: u64,
    /// What holds of it for functions that are (not) about references only; `None`: for both.
    relevant: Option<bool>,
    asked: Arc<Asked>,
    result: Arc<Learned>,
}

struct Last {
    /// See [`Program::shape()`].
    shape: u64,
    /// By number of the function.
    known: Vec<Option<Recallable>>,
}

/// An entry, for programs of one shape.
struct Recallable {
    function: u64,
    relevant: Option<bool>,
    /// Functions that it asked about; a name that leads to none does so in all programs of the shape.
    answers: Vec<(FnId, Option<u64>)>,
    is_root: Option<bool>,
    result: Arc<Learned>,
}

/// What is known of a function.
pub(crate) struct Learned {
    /// Of the summary.
    hash: u64,
    /// Does a call of it concern the caller's references?
    matters: bool,
    summary: Lazy,
    pub(crate) notices: Option<Notices>,
}

/// What its execution noticed.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Notices {
    pub(crate) events: Vec<Event>,
    pub(crate) fates: Fates,
    pub(crate) unknown_callees: BTreeSet<String>,
}

/// A summary, perhaps still encoded.
struct Lazy {
    bytes: Arc<[u8]>,
    range: Range<usize>,
    value: OnceLock<Arc<Summary>>,
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

/// All results so far, by function; each comes once, from any thread.
pub(crate) struct Summaries(Vec<OnceLock<Arc<Learned>>>);

impl Memo {
    /// Another one that knows the same, for programs beside those of this one.
    pub fn fork(&self) -> Memo {
        Memo { entries: self.entries.clone(), last: None, is_new: self.is_new, follows_edits: self.follows_edits }
    }

    /// The result for a function, if what it depends on is as it was.
    pub(crate) fn recall(&self, world: &World<'_>, id: FnId, is_relevant: impl Fn() -> bool) -> Option<Arc<Learned>> {
        let same = |function: u64, relevant: Option<bool>| {
            function == world.program.outline(id).hash && relevant.is_none_or(|relevant| relevant == is_relevant())
        };
        if let Some(last) = self.last.as_ref().filter(|last| last.shape == world.program.shape()) {
            let known = last.known.get(id.0 as usize)?.as_ref()?;
            return (same(known.function, known.relevant) && known.holds(world, id)).then(|| known.result.clone());
        }
        let entry = self.entries.get(&world.program.key(id))?;
        let answers = &entry.asked.0;
        let holds =
            same(entry.function, entry.relevant) && answers.iter().all(|(asked, answer)| asked.has_answer(id, world, answer));
        holds.then(|| entry.result.clone())
    }

    /// Notes the entries of a program's functions for the next one, all or those of `new`.
    pub(crate) fn remember(&mut self, world: &World<'_>, new: &[FnId]) {
        if !self.follows_edits {
            return;
        }
        let shape = world.program.shape();
        let known = |id: FnId| self.entries.get(&world.program.key(id)).map(|entry| entry.known(world, id));
        match self.last.take().filter(|last| last.shape == shape) {
            Some(mut last) => {
                new.iter().for_each(|&id| last.known[id.0 as usize] = known(id));
                self.last = Some(last);
            }
            None => self.last = Some(Last { shape, known: world.program.ids().map(known).collect() }),
        }
    }

    /// Keeps a result. `relevant`: see [`Entry`].
    pub(crate) fn keep(&mut self, key: FnKey, function: u64, relevant: Option<bool>, asked: Asked, result: Arc<Learned>) {
        self.entries.insert(key, Entry { function, relevant, asked: Arc::new(asked), result });
        self.is_new = true;
    }
}

impl Entry {
    fn known(&self, world: &World<'_>, id: FnId) -> Recallable {
        let questions = &self.asked.0;
        let about = questions.iter().filter_map(|(question, answer)| {
            let functions = question.about(id, world, <[FnId]>::to_vec)?;
            Some(functions.into_iter().zip(answer.clone().unwrap_or_default()))
        });
        let is_root = questions.get(&Question::Root).map(Option::is_some);
        let (function, relevant) = (self.function, self.relevant);
        Recallable { function, relevant, answers: about.flatten().collect(), is_root, result: self.result.clone() }
    }
}

impl Recallable {
    fn holds(&self, world: &World<'_>, id: FnId) -> bool {
        let is_root = || world.roots.contains(&id);
        self.is_root.is_none_or(|was| was == is_root()) && self.answers.iter().all(|&(id, hash)| world.summaries.hash(id) == hash)
    }
}

impl Learned {
    pub(crate) fn of(outcome: Outcome) -> Learned {
        let Outcome { summary, events, fates, unknown_callees } = outcome;
        let is_quiet = events.is_empty() && fates == Fates::default() && unknown_callees.is_empty();
        let effects = || summary.outcomes.iter().flat_map(|outcome| &outcome.effects);
        Learned {
            hash: hash_of_summary(&summary),
            matters: effects().any(|effect| effect.is_about_references() || dirties_argument(effect) || effect.is_deciding()),
            summary: Lazy { bytes: Arc::default(), range: 0..0, value: OnceLock::from(summary) },
            notices: (!is_quiet).then_some(Notices { events, fates, unknown_callees }),
        }
    }
}

/// Pages that only the caller can say where it found. Those that a callee finds in a field are noted there.
fn dirties_argument(effect: &Effect) -> bool {
    let Effect::Touch { touch, what: Refs::One(page) | Refs::Range { array: page, .. }, .. } = effect else { return false };
    touch.is_dirtying() && matches!(page, Expr::Param(_))
}

impl Lazy {
    fn get(&self) -> Arc<Summary> {
        let decode = || postcard::from_bytes(self.bytes.get(self.range.clone())?).ok();
        // Bytes that passed the checksum and make no sense were not written by this program.
        let senseless = || Summary { gaps: vec!["what the cache says of it makes no sense".into()], ..Summary::default() };
        self.value.get_or_init(|| Arc::new(decode().unwrap_or_else(senseless))).clone()
    }
}

impl Question {
    /// The functions that it is about, handed to `read`.
    fn about<T>(&self, id: FnId, world: &World<'_>, read: impl FnOnce(&[FnId]) -> T) -> Option<T> {
        match self {
            Question::Callee(name) => Some(read(&[world.program.callee(id, name)?])),
            Question::Targets(strukt, field) => Some(read(world.program.targets(strukt, field))),
            Question::Root => world.roots.contains(&id).then(|| read(&[])),
        }
    }

    fn answer(&self, id: FnId, world: &World<'_>) -> Answer {
        self.about(id, world, |functions| functions.iter().map(|&id| world.summaries.hash(id)).collect())
    }

    fn has_answer(&self, id: FnId, world: &World<'_>, answer: &Answer) -> bool {
        let hash = |&id: &FnId| world.summaries.hash(id);
        let is_same =
            |functions: &[FnId]| answer.as_ref().is_some_and(|known| functions.iter().map(hash).eq(known.iter().copied()));
        self.about(id, world, is_same).unwrap_or(answer.is_none())
    }
}

impl Asked {
    /// Answers a question, and notes it.
    pub(crate) fn note(&mut self, question: Question, id: FnId, world: &World<'_>) -> Option<Vec<Option<Arc<Summary>>>> {
        let summaries = |all: &[FnId]| all.iter().map(|function| world.summaries.get(*function)).collect();
        let answer = question.about(id, world, summaries);
        self.0.entry(question.clone()).or_insert_with(|| question.answer(id, world));
        answer
    }

    pub(crate) fn is_root(&mut self, id: FnId, world: &World<'_>) -> bool {
        self.note(Question::Root, id, world).is_some()
    }
}

impl Summaries {
    /// None yet.
    pub(crate) fn of(program: &Program) -> Summaries {
        Summaries(program.ids().map(|_| OnceLock::new()).collect())
    }

    fn finding(&self, id: FnId) -> Option<&Arc<Learned>> {
        self.0.get(id.0 as usize)?.get()
    }

    fn hash(&self, id: FnId) -> Option<u64> {
        self.finding(id).map(|found| found.hash)
    }

    pub(crate) fn get(&self, id: FnId) -> Option<Arc<Summary>> {
        self.finding(id).map(|found| found.summary.get())
    }

    /// Does a call of the function concern its caller's references?
    pub(crate) fn matters(&self, id: FnId) -> bool {
        self.finding(id).is_some_and(|found| found.matters)
    }

    pub(crate) fn insert(&self, id: FnId, found: Arc<Learned>) {
        if let Some(place) = self.0.get(id.0 as usize) {
            place.get_or_init(|| found);
        }
    }
}

/// Of the whole summary: the structures of fields too, which do not count when fields are compared.
fn hash_of_summary(summary: &Summary) -> u64 {
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

/// An entry as it is stored, its summary elsewhere.
#[derive(Serialize, Deserialize)]
struct Stored {
    key: FnKey,
    function: u64,
    relevant: Option<bool>,
    asked: Asked,
    hash: u64,
    matters: bool,
    notices: Option<Notices>,
    summary: (u32, u32),
}

const LENGTH: usize = size_of::<u64>();

impl Memo {
    /// The length of the index, the index, all summaries. `None`: they would be larger than the form allows (4 GiB).
    pub fn encode(&self) -> Option<Vec<u8>> {
        let mut summaries: Vec<u8> = Vec::new();
        let mut index = Vec::new();
        let mut entries: Vec<(&FnKey, &Entry)> = self.entries.iter().collect();
        entries.sort_unstable_by_key(|(key, _)| **key);
        for (&key, entry) in entries {
            let start = u32::try_from(summaries.len()).ok()?;
            let (lazy, found) = (&entry.result.summary, &entry.result);
            match lazy.value.get().filter(|_| lazy.range.is_empty()) {
                Some(summary) => summaries.extend(postcard::to_stdvec(&**summary).ok()?),
                None => summaries.extend(lazy.bytes.get(lazy.range.clone())?),
            }
            index.push(Stored {
                key,
                function: entry.function,
                relevant: entry.relevant,
                asked: Asked::clone(&entry.asked),
                hash: found.hash,
                matters: found.matters,
                notices: found.notices.clone(),
                summary: (start, u32::try_from(summaries.len()).ok()?),
            });
        }
        let index = postcard::to_stdvec(&index).ok()?;
        let length = (index.len() as u64).to_le_bytes();
        Some([&length[..], &index, &summaries].concat())
    }

    /// `None`: these bytes are not of a memo.
    pub fn decode(bytes: &[u8]) -> Option<Memo> {
        let (length, rest) = bytes.split_at_checked(LENGTH)?;
        let (index, summaries) = rest.split_at_checked(usize::try_from(u64::from_le_bytes(length.try_into().ok()?)).ok()?)?;
        let index: Vec<Stored> = postcard::from_bytes(index).ok()?;
        let summaries: Arc<[u8]> = summaries.into();
        let entry = |stored: Stored| {
            let range = stored.summary.0 as usize..stored.summary.1 as usize;
            let summary = Lazy { bytes: summaries.clone(), range, value: OnceLock::new() };
            let found = Learned { hash: stored.hash, matters: stored.matters, summary, notices: stored.notices };
            let (function, relevant, asked) = (stored.function, stored.relevant, Arc::new(stored.asked));
            (stored.key, Entry { function, relevant, asked, result: Arc::new(found) })
        };
        Some(Memo { entries: index.into_iter().map(entry).collect(), ..Memo::default() })
    }
}

//! Every cap of the analysis, with its reason (invariant 12). Hitting one is recorded, never passed over.

/// Bytes of stack for a thread that executes functions: terms of a long loop nest deeply.
pub(crate) const THREAD_STACK: usize = 64 << 20;

/// Facts kept on one path. Long functions branch on some dozens of things; the oldest matter least.
pub(crate) const FACTS: usize = 48;

/// Facts that one proof may add up: `i < n`, `n <= ret`, and one more for a bound.
pub(crate) const PROOF_DEPTH: u32 = 3;

/// Bytes of the smallest unit that addresses are rounded to by a mask: no kernel has smaller pages, and few flags lie there.
pub(crate) const LEAST_UNIT: i128 = 4096;

/// From here on a division asks for bits by which errors are told from what counts: no size is divided by so much, and each question
/// whether anything is left costs a proof.
pub(crate) const HIGH_BITS: i128 = 1 << 40;

/// Atoms and steps of which a computed value is made, written out. Five nested `min()` double it five times; nothing is decided by
/// such a value but by its being equal to itself, and that an unknown is as well.
pub(crate) const TERM: u32 = 100;

/// Statements executed to summarise one loop with its first and last turns apart; then it counts as not understood.
pub(crate) const LOOP_STEPS: usize = 8_000;

/// How many paths are kept apart. A function that needs more is executed again with the next one: what is joined too early may
/// look undecided, what is dropped is.
pub(crate) struct Width {
    /// Paths alive at one program point before those with equal reference state are joined.
    pub(crate) disjuncts: usize,
    /// Paths at one program point before those are joined that differ neither in references nor in a constant.
    pub(crate) alike: usize,
    /// Paths on which nothing is held and nothing was done yet: what they differ in seldom matters later.
    pub(crate) idle: usize,
    /// States at a loop's entry that are summarised apart; more are joined first.
    pub(crate) loop_entries: usize,
    /// Outcomes of a callee that are looked at apart; of more, those with equal effects on references are joined.
    pub(crate) outcomes: usize,
    /// Then a callee's outcomes are joined, too, that differ in references which no acquisition of the ledger took, and what goes wrong
    /// on a path is not certain: it may be one that is none.
    pub(crate) is_least: bool,
}

/// That of nearly all functions, that of those with too many paths at one point, and that of those with too many statements in all: the
/// last costs an execution of its own, and is only for functions that have references of the ledger in hand where they are given up.
pub(crate) const WIDTHS: [Width; 3] = [
    Width { disjuncts: 24, alike: 4, idle: 6, loop_entries: 12, outcomes: 32, is_least: false },
    Width { disjuncts: 8, alike: 1, idle: 1, loop_entries: 4, outcomes: 4, is_least: false },
    Width { disjuncts: 3, alike: 1, idle: 1, loop_entries: 1, outcomes: 2, is_least: true },
];

/// Paths at one program point after joining, for a root also of those that differ only in what they did to others' references; more are
/// dropped, and the function's open references become unresolved.
pub(crate) const DISJUNCTS_HARD: usize = 48;

/// Distinct outcomes of a summary; beyond it those with equal effects are joined regardless of their tests.
pub(crate) const OUTCOMES: usize = 12;

/// The same for functions that do nothing to references: `if (list && id < 64) return &list[id]; return NULL;` must stay three cases,
/// but most are checks of which callers ask little.
pub(crate) const NEUTRAL_OUTCOMES: usize = 3;

/// First turns of a loop that is not understood after which a second one is looked at. Each costs as much as the first.
pub(crate) const PROBES: usize = 3;

/// Outcomes of a summary that are kept at all; of more, those are joined that give the same, and the rest is a gap. Each is a path for every
/// caller.
pub(crate) const OUTCOMES_HARD: usize = 16;

/// The same for those that give their callers references of the ledger: what is dropped there is not decided.
pub(crate) const OUTCOMES_OF_GIVERS: usize = 32;

/// Statements executed for one function, all paths together. Typical functions need some hundreds.
pub(crate) const STEPS: usize = 60_000;

/// Kinds of iterations of one loop that exclude each other: the cases of a command.
pub(crate) const LOOP_KINDS: usize = 8;

/// Completions, each called by the one before: a closure, its parent, and a work item behind that.
pub(crate) const HANDED_ON: u32 = 4;

/// Nested loops whose first and last turns are looked at apart: each doubles the work, and byte counts seldom nest.
pub(crate) const LOOPS_APART: u32 = 1;

/// Places that may count a range which a loop's turns keep: the first turn leaves few that do, and most are right at once.
pub(crate) const TALLIES: usize = 3;

/// Functions that one thread takes before it asks for more, at most: mostly they are looked up, in a hundred microseconds for all.
pub(crate) const TAKEN_AT_ONCE: usize = 64;

/// Rounds until the set of places that a loop changes is stable.
pub(crate) const LOOP_ROUNDS: usize = 4;

/// Blocks of a function without reference effects that is still executed for its value; larger ones only forget what they write.
pub(crate) const SMALL_FUNCTION: usize = 14;

/// Reasons why a summary is not the whole truth; the first is what people are told.
pub(crate) const GAPS: usize = 4;

/// Counts beside an array that say that there is nothing in it: flags and states that are 0 look like counts.
pub(crate) const COUNTS: usize = 16;

/// Ways to leave an acquisition's references that differ in which counts do not cover them.
pub(crate) const COUNT_WAYS: usize = 8;

/// Objects on the way from what callers know to references: `*ret = obj; obj->mem = mem; mem->pages = pages`.
pub(crate) const LINKS: usize = 4;

/// Targets of an indirect call that are applied one by one.
pub(crate) const INDIRECT_TARGETS: usize = 6;

/// Things said of the content of pages that callers hold; more evidence is dropped, dirtying is not.
pub(crate) const TOUCHES: usize = 24;

/// Locks that a function returns with, as its callers see it: one is the rule, two occur.
pub(crate) const LOCKS_OF_CALLEE: u32 = 2;

/// Steps of the path shown with a finding.
pub(crate) const TRAIL: usize = 24;

/// Functions named on a leak's path because they had the references in hand.
pub(crate) const PASSED_BY: usize = 4;

/// Calls along which what lies in a field is looked for. Deeper, it counts as handed on.
pub(crate) const UNDRAINED_DEPTH: usize = 6;

/// Callers, one above the other, that are looked at for what they know of a carrier. Deeper, they may know something.
pub(crate) const CARRIER_CALLERS: usize = 6;

/// Pointers on the way from what callers know to references: those further off are no reason to read the callers.
pub(crate) const POINTERS_ASKED: usize = 2;

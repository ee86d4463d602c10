//! What a call does to page references: the shared currency of contracts and inference.
//!
//! A [`Summary`] is a list of [`Outcome`]s: under these tests, these effects happen and this is returned. A contract in
//! `analyses/` is the same thing written by hand; `text` prints either so that it can be pasted into a contract.
//! Expressions speak of the state at entry (parameters and what they reach) and of `ret`.

mod walk;

use std::collections::BTreeSet;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

pub(crate) use walk::{in_expr, in_path, walk, walk_path};

/// How a page reference was obtained, hence how it must be dropped (DESIGN, section 1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RefKind {
    /// FOLL_PIN: pin_user_pages and kin.
    Pin,
    /// FOLL_GET: get_user_pages and kin.
    Get,
    /// A page-cache look-up.
    Cache,
    /// The page allocator: the reference of the allocation itself.
    Alloc,
    /// get_page, folio_get: one more on a page that is held anyway.
    Ref,
    /// No reference is held; the page is kept alive by something else.
    Borrowed,
    /// The zero page and its like: any release is harmless.
    Immortal,
}

/// How a reference is dropped.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ReleaseClass {
    /// unpin_user_page and kin.
    Unpin,
    /// put_page, folio_put and kin.
    Put,
    /// put_user_page of the seed's era.
    PutUser,
    /// __free_page: the allocator's own.
    Free,
}

impl RefKind {
    /// As contracts, reports and messages spell it.
    pub const fn name(self) -> &'static str {
        match self {
            RefKind::Pin => "pin",
            RefKind::Get => "get",
            RefKind::Cache => "cache",
            RefKind::Alloc => "alloc",
            RefKind::Ref => "ref",
            RefKind::Borrowed => "borrowed",
            RefKind::Immortal => "immortal",
        }
    }
}

impl ReleaseClass {
    /// As contracts and policies spell it.
    pub const fn name(self) -> &'static str {
        match self {
            ReleaseClass::Unpin => "unpin",
            ReleaseClass::Put => "put",
            ReleaseClass::PutUser => "put-user",
            ReleaseClass::Free => "free",
        }
    }
}

/// Everything a function may do, as alternatives that together cover all its returns.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Summary {
    pub outcomes: Vec<Outcome>,
    /// Why some outcomes ([`Outcome::is_gapped`]) are not the whole truth; empty = complete.
    pub gaps: Vec<String>,
    /// Fields that may have been written in objects that cannot be named, in whatever outcome; sorted by name.
    pub clobbers: Vec<Field>,
    /// Fields of a type without sign that the effects go by; sorted by name.
    pub unsigned: Vec<Field>,
}

/// One alternative. All tests hold; then the effects happen, in order.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outcome {
    pub when: Vec<Test>,
    pub effects: Vec<Effect>,
    /// The value returned, where it can be said in terms of the entry state (identity: `page_folio(page)` returns `page`).
    pub returns: Option<Expr>,
    /// What is returned is storage that was allocated in the call and that nobody else knows: the caller's own from here on.
    pub allocates: bool,
    /// That storage holds zeroes but for what `effects` say of it.
    pub zeroed: bool,
    /// Unknowns that are such storage, which callers come to know by the effects: `*pages = kvmalloc_array(...)`.
    pub made: BTreeSet<u32>,
    /// Not the whole truth, for one of [`Summary::gaps`].
    pub is_gapped: bool,
}

/// One atomic comparison.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Test {
    pub op: TestOp,
    pub lhs: Expr,
    pub rhs: Expr,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum TestOp {
    Eq,
    Ne,
    Lt,
    Le,
    Gt,
    Ge,
    /// `IS_ERR(lhs)`; rhs is `Int(0)`. False for NULL and for pointers.
    IsErr,
    NotErr,
    /// `lhs & rhs` is not zero.
    HasBits,
    LacksBits,
}

/// A value.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Expr {
    /// Integers; NULL is 0.
    Int(i64),
    /// A constant of the tree, resolved by the probe unit: `FOLL_PIN`.
    Named(String),
    /// The returned value.
    Ret,
    /// Parameter, from 0.
    Param(u32),
    /// Value at entry of the memory at a path: `pages[i]`, `req->nr`.
    Load(Path),
    /// `&path`, also an array as a value.
    Addr(Path),
    /// Address of a function.
    Function(String),
    /// `constant + sum(factor * expr)`; the expressions ascend in what the analysis finds out, not in contracts.
    Sum(i64, Vec<(i64, Expr)>),
    /// Pages that `bytes` bytes touch from `offset` in the first page: `DIV_ROUND_UP(bytes + offset, PAGE_SIZE)`.
    Pages(Box<Expr>, Box<Expr>),
    /// Some other function of its arguments, by name.
    Apply(String, Vec<Expr>),
    /// A value not expressible here; equal numbers are equal values within one outcome.
    Fresh(u32),
}

/// A place in memory: what `root` points at, then steps.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Path {
    pub root: Box<Root>,
    pub steps: Vec<Step>,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Root {
    /// What this value points at.
    At(Expr),
    Global(String),
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Step {
    Field(Field),
    Index(Expr),
}

/// A field. Contracts know only its name (`@name` for one that exists only in contracts, as `bio->@pages`, all the pages
/// of a bio as one unit), so fields compare by name; the structure is for slots and messages.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Field {
    pub strukt: Arc<str>,
    pub name: Arc<str>,
}

impl PartialEq for Field {
    fn eq(&self, other: &Field) -> bool {
        self.name == other.name
    }
}
impl Eq for Field {}
impl Ord for Field {
    fn cmp(&self, other: &Field) -> std::cmp::Ordering {
        self.name.cmp(&other.name)
    }
}
impl PartialOrd for Field {
    fn partial_cmp(&self, other: &Field) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}
impl std::hash::Hash for Field {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.name.hash(state);
    }
}

/// Which references an effect is about.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Refs {
    /// The one page (or the one unit, as `bio->@pages`) that this value names.
    One(Expr),
    /// `array[lo..hi]`, each element's page at `sub`: `pages[0..ret]`, `sg[0..n].@page`.
    Range { array: Expr, sub: Vec<Field>, lo: Expr, hi: Expr },
}

impl Refs {
    /// By what one knows them: the page, the array, or, of pages known by their numbers, the first of these.
    pub(crate) fn name(&self) -> &Expr {
        match self {
            Refs::One(name) => name,
            Refs::Range { sub, lo, .. } if is_by_number(sub) => lo,
            Refs::Range { array, .. } => array,
        }
    }
}

/// What leads from an element of the array of all page structures to the page that it stands for.
const ITSELF: &str = "@itself";

/// The way from an element to its page where the pages are known by their numbers.
pub(crate) fn by_number() -> Vec<Field> {
    vec![Field { strukt: "".into(), name: ITSELF.into() }]
}

pub(crate) fn is_by_number(sub: &[Field]) -> bool {
    matches!(sub, [field] if &*field.name == ITSELF)
}

/// One thing that happens.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Effect {
    /// References come into being. `site`: the acquisition they come from, in a summary; a contract's is the call itself.
    /// `short`: it returned less than was asked for.
    Acquire { kind: RefKind, what: Refs, site: Option<SiteId>, short: bool },
    /// References are dropped. `at`: where, in a summary; `count` > 1 for several on the same page.
    Release { class: ReleaseClass, what: Refs, at: Option<ReleaseId> },
    /// The references now belong to the object (a bio, an sg table, a list); releasing that object's content releases them.
    Carry { what: Refs, into: Path },
    /// The pages of one array are in another one as well: both are their homes. Of two places, `*from` and `*to`: what lies in memory
    /// from the one on, however much it is, lies from the other one on as well.
    Copy { from: Refs, to: Refs },
    /// Memory is written.
    Set { path: Path, value: Expr },
    /// The object's storage is gone (kfree); references whose last home it was are lost.
    Destroy { object: Expr },
    /// Others can reach the object from now on (a list, a work queue, a device).
    Publish { object: Expr },
    /// The references (or those in the object) went where nobody here can follow; `why` says where.
    Escape { what: Refs, why: String },
    /// The memory there has unknown content now.
    Forget { path: Path },
    /// `function(argument)` will run later, or runs now: completions. `atomic`: perhaps where sleeping is forbidden.
    Later { function: Expr, argument: Expr, atomic: bool },
    /// Control does not return from the call.
    NoReturn,
    /// Something happens to the pages' content, or is known of it. `given`: only when this holds; then it is no alternative of
    /// its own, but decided where it matters.
    Touch { touch: Touch, what: Refs, given: Option<Test> },
    /// Sleeping is forbidden from here on, or (`enter` false) no longer for this reason.
    Atomic { enter: bool },
}

/// What happens to the content of pages.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Touch {
    /// The page is looked at, or mapped into the kernel.
    Use,
    /// The kernel writes to it.
    Write,
    /// Mapped for a device that reads it.
    DeviceRead,
    /// Mapped for a device that writes to it.
    DeviceWrite,
    /// Mapped for a device that may do either.
    DeviceBoth,
    /// Whoever took the references asked for pages that may be written to.
    WriteAsked,
    /// Whoever took the references did not say that they are kept for long.
    ShortTerm,
    /// Marked dirty.
    Dirty,
    /// Marked dirty under the page's lock: may sleep.
    DirtyLock,
}

impl Touch {
    /// Somebody writes to the pages, or may.
    pub(crate) fn is_evidence(self) -> bool {
        matches!(self, Touch::Write | Touch::DeviceWrite | Touch::DeviceBoth)
    }

    pub(crate) fn is_dirtying(self) -> bool {
        matches!(self, Touch::Dirty | Touch::DirtyLock)
    }
}

impl Effect {
    /// Takes, drops or hands on references.
    pub(crate) fn is_about_references(&self) -> bool {
        matches!(self, Effect::Acquire { .. } | Effect::Release { .. } | Effect::Carry { .. } | Effect::Escape { .. })
    }

    /// Sets a field of contracts by which acquisitions go: `iter->@pins = 0`.
    pub(crate) fn is_deciding(&self) -> bool {
        let Effect::Set { path, value: Expr::Int(_) } = self else { return false };
        matches!(path.steps.last(), Some(Step::Field(field)) if field.name.starts_with('@'))
    }

    /// Memory is copied as it is: of no concern unless somebody has references there.
    pub(crate) fn is_memory_copy(&self) -> bool {
        matches!(self, Effect::Copy { from: Refs::One(_), .. })
    }

    /// Marks pages dirty.
    pub(crate) fn is_dirtying(&self) -> bool {
        matches!(self, Effect::Touch { touch, .. } if touch.is_dirtying())
    }
}

/// Which function of the program: the same in every program that has it, so that what one analysis found out can be kept for
/// the next. A hash of where it is defined and its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct FnKey(pub u64);

/// An acquisition site: the function it stands in, and its number there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct SiteId {
    pub function: FnKey,
    pub number: u32,
}

/// A release site: the function it stands in, and its number there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct ReleaseId {
    pub function: FnKey,
    pub number: u32,
}

//! The effect language: one sentence per effect.
//!
//! ```text
//! acquire KIND refs            references come into being: pin get cache alloc ref borrowed immortal
//! release CLASS refs           references are dropped: unpin put put-user free
//! carry refs into place        the references now belong to the object that holds the place
//! copy refs to refs            the pages of one array are in another one as well
//! copy place to place          all that lies in memory from the first place on lies from the second one on as well
//! set place = value            memory is written
//! forget place                 memory has unknown content from now on
//! destroy value                the object's storage is gone
//! publish value                others can reach the object from now on
//! escape refs: why             the references went where nobody here can follow
//! later function with value    function(value) runs later, or now
//! interrupt function with value  the same, perhaps where sleeping is forbidden
//! touch WHAT refs [if test]    the pages' content: use write device-read device-write device-both write-asked short-term
//!                              dirty dirty-lock
//! atomic enter | atomic leave  sleeping is forbidden from here on, or no longer
//! noreturn                     control does not come back
//! ```

use super::error::did_you_mean;
use super::lex::{Parsed, Reader};
use crate::summary::{Effect, Expr, RefKind, Refs, ReleaseClass, Test, TestOp, Touch};

/// Words for [`RefKind`], as in reports.
pub(super) const KINDS: [(&str, RefKind); 7] = [
    (RefKind::Pin.name(), RefKind::Pin),
    (RefKind::Get.name(), RefKind::Get),
    (RefKind::Cache.name(), RefKind::Cache),
    (RefKind::Alloc.name(), RefKind::Alloc),
    (RefKind::Ref.name(), RefKind::Ref),
    (RefKind::Borrowed.name(), RefKind::Borrowed),
    (RefKind::Immortal.name(), RefKind::Immortal),
];

/// Words for [`ReleaseClass`].
pub(super) const CLASSES: [(&str, ReleaseClass); 4] = [
    (ReleaseClass::Unpin.name(), ReleaseClass::Unpin),
    (ReleaseClass::Put.name(), ReleaseClass::Put),
    (ReleaseClass::PutUser.name(), ReleaseClass::PutUser),
    (ReleaseClass::Free.name(), ReleaseClass::Free),
];

/// Words for [`Touch`].
pub(super) const TOUCHES: [(&str, Touch); 9] = [
    ("use", Touch::Use),
    ("write", Touch::Write),
    ("device-read", Touch::DeviceRead),
    ("device-write", Touch::DeviceWrite),
    ("device-both", Touch::DeviceBoth),
    ("write-asked", Touch::WriteAsked),
    ("short-term", Touch::ShortTerm),
    ("dirty", Touch::Dirty),
    ("dirty-lock", Touch::DirtyLock),
];

/// Words for the two directions of [`Effect::Atomic`].
pub(super) const ATOMIC: [(&str, bool); 2] = [("enter", true), ("leave", false)];

const VERBS: [&str; 14] = [
    "acquire",
    "release",
    "carry",
    "copy",
    "set",
    "forget",
    "destroy",
    "publish",
    "escape",
    "later",
    "interrupt",
    "touch",
    "atomic",
    "noreturn",
];

/// Reads one effect.
pub(super) fn effect(reader: &mut Reader<'_>) -> Parsed<Effect> {
    let (verb, span) = reader.keyword();
    Ok(match verb {
        "acquire" => {
            let kind = word(reader, "kind of reference", &KINDS)?;
            Effect::Acquire { kind, what: reader.refs()?, site: None, short: false }
        }
        "release" => {
            let class = word(reader, "class of release", &CLASSES)?;
            Effect::Release { class, what: reader.refs()?, at: None }
        }
        "carry" => {
            let what = reader.refs()?;
            reader.expect_word("into")?;
            Effect::Carry { what, into: reader.path()? }
        }
        "copy" => {
            let start = reader.at;
            let from = reader.refs()?;
            reader.expect_word("to")?;
            let to = reader.refs()?;
            let is_pair = matches!(
                (&from, &to),
                (Refs::Range { .. }, Refs::Range { .. }) | (Refs::One(Expr::Load(_)), Refs::One(Expr::Load(_)))
            );
            if !is_pair {
                let help = "`copy pages[0..n] to list[0..n].page`, or `copy *from to *to` for memory as it is";
                return Err(reader.mistake(start..reader.at, "these are neither two arrays nor two places in memory", help));
            }
            Effect::Copy { from, to }
        }
        "set" => {
            let path = reader.path()?;
            reader.expect("=")?;
            Effect::Set { path, value: reader.sum()? }
        }
        "forget" => Effect::Forget { path: reader.path()? },
        "destroy" => Effect::Destroy { object: reader.sum()? },
        "publish" => Effect::Publish { object: reader.sum()? },
        "escape" => {
            let what = reader.refs()?;
            reader.expect(":")?;
            Effect::Escape { what, why: reader.rest().to_owned() }
        }
        "later" | "interrupt" => {
            let function = reader.sum()?;
            reader.expect_word("with")?;
            Effect::Later { function, argument: reader.sum()?, atomic: verb == "interrupt" }
        }
        "touch" => {
            let touch = word(reader, "way to touch pages", &TOUCHES)?;
            let what = reader.refs()?;
            let given = if reader.eat_word("if") { Some(condition(reader)?) } else { None };
            Effect::Touch { touch, what, given }
        }
        "atomic" => Effect::Atomic { enter: word(reader, "direction", &ATOMIC)? },
        "noreturn" => Effect::NoReturn,
        _ => return Err(reader.mistake(span, format!("`{verb}` is no effect"), did_you_mean(verb, &VERBS))),
    })
}

/// A test that is decided later: one on equality or on bits.
fn condition(reader: &mut Reader<'_>) -> Parsed<Test> {
    let start = reader.at;
    let test = reader.test()?;
    match test.op {
        TestOp::Eq | TestOp::Ne | TestOp::HasBits | TestOp::LacksBits => Ok(test),
        _ => {
            Err(reader.mistake(start..reader.at, "this is no condition for `touch`", "`a == b`, `a != b`, `a & B` or `!(a & B)`"))
        }
    }
}

/// The next word, which must be one of `words`.
pub(super) fn word<T: Copy>(reader: &mut Reader<'_>, what: &str, words: &[(&str, T)]) -> Parsed<T> {
    let (text, span) = reader.keyword();
    match words.iter().find(|(word, _)| *word == text) {
        Some((_, value)) => Ok(*value),
        None => {
            let allowed: Vec<&str> = words.iter().map(|(word, _)| *word).collect();
            Err(reader.mistake(span, format!("`{text}` is no {what}"), did_you_mean(text, &allowed)))
        }
    }
}

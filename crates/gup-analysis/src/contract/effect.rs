//! The effect language: one sentence per effect.
//!
//! ```text
//! acquire KIND refs            references come into being: pin get cache alloc ref borrowed immortal
//! release CLASS refs           references are dropped: unpin put put-user free
//! carry refs into place        the references now belong to the object that holds the place
//! set place = value            memory is written
//! forget place                 memory has unknown content from now on
//! destroy value                the object's storage is gone
//! publish value                others can reach the object from now on
//! escape refs: why             the references went where nobody here can follow
//! later function with value    function(value) runs later, or now
//! noreturn                     control does not come back
//! ```

use super::error::did_you_mean;
use super::lex::{Parsed, Reader};
use crate::summary::{Effect, RefKind, ReleaseClass};

/// Words for [`RefKind`], as in reports.
pub(super) const KINDS: [(&str, RefKind); 7] = [
    ("pin", RefKind::Pin),
    ("get", RefKind::Get),
    ("cache", RefKind::Cache),
    ("alloc", RefKind::Alloc),
    ("ref", RefKind::Ref),
    ("borrowed", RefKind::Borrowed),
    ("immortal", RefKind::Immortal),
];

/// Words for [`ReleaseClass`].
pub(super) const CLASSES: [(&str, ReleaseClass); 4] = [
    (ReleaseClass::Unpin.name(), ReleaseClass::Unpin),
    (ReleaseClass::Put.name(), ReleaseClass::Put),
    (ReleaseClass::PutUser.name(), ReleaseClass::PutUser),
    (ReleaseClass::Free.name(), ReleaseClass::Free),
];

const VERBS: [&str; 10] = ["acquire", "release", "carry", "set", "forget", "destroy", "publish", "escape", "later", "noreturn"];

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
        "later" => {
            let function = reader.sum()?;
            reader.expect_word("with")?;
            Effect::Later { function, argument: reader.sum()? }
        }
        "noreturn" => Effect::NoReturn,
        _ => return Err(reader.mistake(span, format!("`{verb}` is no effect"), did_you_mean(verb, &VERBS))),
    })
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

//! What a policy says about converting code to it: which call replaces which.
//!
//! ```toml
//!   [[policy.convert]]
//!   release = ["put_page"]
//!   one = "put_user_page"             # one page
//!   many = "put_user_pages"           # in a loop over an array of pages
//!   dirty_lock = "put_user_pages_dirty_lock"      # where each was marked dirty so before
//! ```
//!
//! And by which calls references go, for the fixes that findings propose:
//!
//! ```toml
//!   [policy.calls.put]
//!   one = "put_page"
//!   mark = "set_page_dirty_lock"      # what marks a page dirty before that
//! ```

use std::collections::BTreeMap;

use super::effect::CLASSES;
use super::error::Errors;
use super::read::is_c_name;
use super::table::Table;
use crate::summary::{ReleaseClass, Touch};

/// By name of the call that is to go.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Conversions {
    pub releases: BTreeMap<String, Replacement>,
    pub acquisitions: BTreeMap<String, String>,
}

/// The calls that take the place of a release; `None` where there is none of that shape.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Replacement {
    pub one: Option<String>,
    /// For the elements of an array of pages.
    pub many: Option<String>,
    /// The same for pages that were marked dirty, on every path; under their lock.
    pub dirty: Option<String>,
    pub dirty_lock: Option<String>,
    /// For pages that are marked dirty under their lock on some paths only.
    pub maybe_dirty_lock: Option<String>,
    /// One that takes the same arguments, so that only the name of the call is to be changed.
    pub same_arguments: Option<String>,
    /// Not the call is to be changed, but what it does: this goes into its body.
    pub inside: Option<String>,
}

/// The calls that drop references of one class; `None` where there is none of that shape.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Calls {
    pub one: Option<String>,
    /// For an array of pages.
    pub many: Option<String>,
    /// For an array whose pages it marks dirty first.
    pub dirty: Option<String>,
    /// Marks a page dirty.
    pub mark: Option<String>,
}

/// How a release is used.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Usage {
    pub many: bool,
    pub dirty: Option<Touch>,
    /// Not on every path.
    pub perhaps: bool,
}

impl Replacement {
    /// What is to stand there instead; `None`: the policy does not say.
    pub fn for_use(&self, name: &str, usage: Usage) -> Option<String> {
        if let Some(inside) = &self.inside {
            return Some(format!("{inside} inside {name}()"));
        }
        let dirty = match (usage.dirty, usage.perhaps) {
            (Some(Touch::DirtyLock), true) => &self.maybe_dirty_lock,
            (Some(Touch::DirtyLock), false) => &self.dirty_lock,
            (Some(_), false) => &self.dirty,
            _ => &None,
        };
        let plain = if usage.many { self.many.as_ref().or(self.one.as_ref()) } else { self.one.as_ref().or(self.many.as_ref()) };
        dirty.as_ref().or(plain).cloned()
    }
}

/// `[[policy.convert]]`, with `release` or `acquire`.
pub(super) fn conversions(policy: &mut Table<'_>, errors: &mut Errors) -> Conversions {
    let mut all = Conversions::default();
    for mut table in policy.tables("convert", errors) {
        let released = names(&mut table, "release", errors);
        let acquired = names(&mut table, "acquire", errors);
        let replacement = Replacement {
            one: name(&mut table, "one", errors),
            many: name(&mut table, "many", errors),
            dirty: name(&mut table, "dirty", errors),
            dirty_lock: name(&mut table, "dirty_lock", errors),
            maybe_dirty_lock: name(&mut table, "maybe_dirty_lock", errors),
            same_arguments: name(&mut table, "same_arguments", errors),
            inside: name(&mut table, "inside", errors),
        };
        let with = name(&mut table, "with", errors);
        table.finish("a conversion", errors);
        match (released.is_empty(), acquired.is_empty(), &with) {
            (false, true, None) if replacement != Replacement::default() => {
                all.releases.extend(released.into_iter().map(|name| (name, replacement.clone())));
            }
            (true, false, Some(with)) if replacement == Replacement::default() => {
                all.acquisitions.extend(acquired.into_iter().map(|name| (name, with.clone())));
            }
            _ => errors.add(
                table.head(),
                "this says neither what replaces a release nor what replaces an acquisition",
                "release = [\"put_page\"] with one, same_arguments, many, dirty, dirty_lock, maybe_dirty_lock or inside; or acquire = [\"get_pages\"] with = \"pin_pages\"",
            ),
        }
    }
    all
}

/// `[policy.calls.CLASS]`
pub(super) fn calls(policy: &mut Table<'_>, errors: &mut Errors) -> BTreeMap<ReleaseClass, Calls> {
    let Some(mut classes) = policy.table("calls", errors) else { return BTreeMap::new() };
    let mut all = BTreeMap::new();
    for (word, class) in CLASSES {
        let Some(mut table) = classes.table(word, errors) else { continue };
        let calls = Calls {
            one: name(&mut table, "one", errors),
            many: name(&mut table, "many", errors),
            dirty: name(&mut table, "dirty", errors),
            mark: name(&mut table, "mark", errors),
        };
        table.finish("a class of calls", errors);
        all.insert(class, calls);
    }
    classes.finish("`calls`", errors);
    all
}

fn names(table: &mut Table<'_>, key: &'static str, errors: &mut Errors) -> Vec<String> {
    let names = table.strings(key, errors);
    for name in names.iter().filter(|name| !is_c_name(name.text)) {
        errors.add(name.span.clone(), format!("`{}` is no function name", name.text), "a C identifier");
    }
    names.into_iter().map(|name| name.text.to_owned()).collect()
}

fn name(table: &mut Table<'_>, key: &'static str, errors: &mut Errors) -> Option<String> {
    let name = table.string(key, errors)?;
    if !is_c_name(name.text) {
        errors.add(name.span, format!("`{}` is no function name", name.text), "a C identifier");
    }
    Some(name.text.to_owned())
}

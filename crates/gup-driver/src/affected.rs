//! Which units must be read again when the tree changes from one version to another.
//!
//! A unit is read again if a source that it consists of changed, or its flags, or if it now finds another header. When a
//! header changed, those are read again that read it and name what changed, be it through other headers: a macro that uses
//! a changed macro is changed, too. The bodies of the common headers' inline functions are in the common headers' unit only.

use std::collections::{BTreeMap, BTreeSet};

use crate::extract::Loaded;
use crate::header::{self, Difference, Item, Kind};
use crate::limits;
use crate::pch::HEADERS_UNIT;
use crate::run::Run;
use crate::text::{mentions, names};

/// What a changed file means for the units.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Effect {
    /// Units that are read again because of it, [`HEADERS_UNIT`] among them.
    pub(crate) again: BTreeSet<String>,
    /// Of a header: what changed, for people.
    pub(crate) what: String,
}

/// Two versions of the tree and what was read of the first.
pub(crate) struct Versions<'r, 'a> {
    pub(crate) before: &'r Run<'a>,
    pub(crate) after: &'r Run<'a>,
    pub(crate) units: &'r BTreeMap<String, Loaded>,
    pub(crate) past: &'r Past,
}

/// What is known of files of the first version that may not be on disk any more as it has them.
#[derive(Clone, Default)]
pub(crate) struct Past {
    /// Their content; `None`: there was no such file.
    pub(crate) texts: BTreeMap<String, Option<Vec<u8>>>,
    /// Files whose content nobody has any more.
    pub(crate) lost: BTreeSet<String>,
}

impl Past {
    pub(crate) fn read(&self, before: &Run<'_>, file: &str) -> Option<Vec<u8>> {
        let read = || before.place().version.read(&before.base.tree.root, file);
        self.texts.get(file).cloned().unwrap_or_else(read)
    }
}

impl Versions<'_, '_> {
    /// By changed file. `touched`: the files that may differ; those that do not have no effect.
    pub(crate) fn effects(&self, touched: &BTreeSet<String>) -> BTreeMap<String, Effect> {
        touched.iter().map(|file| (file.clone(), self.effect(file))).collect()
    }

    fn effect(&self, file: &str) -> Effect {
        let (old, new) = (self.past.read(self.before, file), self.read_after(file));
        if self.past.lost.contains(file) && file.ends_with(".h") {
            return self.header(file, &Difference { everything: true, ..Difference::default() });
        }
        if old == new && !self.past.lost.contains(file) {
            return Effect::default();
        }
        if file.ends_with(".h") {
            return self.header(file, &Difference::between(old.as_deref(), new.as_deref()));
        }
        let again = match crate::version::is_makefile(file) {
            true => self.units.keys().filter(|unit| self.is_compiled_otherwise(unit)).cloned().collect(),
            false => self.readers(file).map(str::to_owned).collect(),
        };
        Effect { again, what: String::new() }
    }

    fn header(&self, file: &str, difference: &Difference) -> Effect {
        let mut again = BTreeSet::new();
        let mut what = describe(difference);
        // Where a header comes or goes, an #include may find another one than before.
        let found_by = |run: &Run<'_>, unit: &str, loaded: &Loaded| {
            let inputs = loaded.inputs.iter().map(String::as_str);
            run.place().spec(unit).map(|spec| run.place().rivals.of(&spec.command, inputs))
        };
        let finds_another =
            |(unit, loaded): &(&String, &Loaded)| found_by(self.before, unit, loaded) != found_by(self.after, unit, loaded);
        if self.past.read(self.before, file).is_none() || self.read_after(file).is_none() {
            again.extend(self.units.iter().filter(finds_another).map(|(unit, _)| unit.clone()));
        }
        if !difference.is_empty() {
            let common = self.is_common(file);
            let readers: BTreeSet<&str> = match common {
                true => self.units.keys().map(String::as_str).collect(),
                false => self.readers(file).collect(),
            };
            let names = Meaning::of(self, difference, common);
            if names.is_none() && !difference.everything {
                what.push_str("; more depends on it than is followed");
            }
            let concerned = |unit: &&str| names.as_ref().is_none_or(|names| self.names(unit, names));
            again.extend(readers.into_iter().filter(concerned).map(str::to_owned));
            if common {
                again.insert(HEADERS_UNIT.to_owned());
            }
        }
        Effect { again, what }
    }

    fn read_after(&self, file: &str) -> Option<Vec<u8>> {
        self.after.place().version.read(&self.after.base.tree.root, file)
    }

    /// Units that read a file themselves, not through the common headers.
    fn readers<'s>(&'s self, file: &'s str) -> impl Iterator<Item = &'s str> {
        let reads = move |(_, loaded): &(&String, &Loaded)| loaded.inputs.iter().any(|input| input == file);
        self.units.iter().filter(reads).map(|(unit, _)| unit.as_str())
    }

    fn is_common(&self, file: &str) -> bool {
        self.before.is_common(file) || self.after.is_common(file)
    }

    fn is_compiled_otherwise(&self, unit: &str) -> bool {
        self.before.place().spec(unit) != self.after.place().spec(unit)
    }

    /// Does the unit's source, in either version, have one of the words?
    fn names(&self, unit: &str, words: &BTreeSet<String>) -> bool {
        let words = names(words);
        let sources = self.units[unit].inputs.iter().filter(|input| !input.ends_with(".h"));
        let has = |file: &str, run: &Run<'_>| !mentions(&run.index.text(file), &words).is_empty();
        sources.into_iter().any(|file| has(file, self.before) || has(file, self.after))
    }
}

/// Names whose meaning changes with a header, found from header to header.
struct Meaning<'v, 'r, 'a> {
    versions: &'v Versions<'r, 'a>,
    /// Headers that some unit reads.
    read: BTreeSet<&'r str>,
    items: BTreeMap<String, Vec<Item>>,
    /// Macros that paste names together: they do not show which.
    pasting: Vec<Item>,
    changed: BTreeSet<String>,
}

impl<'v, 'r, 'a> Meaning<'v, 'r, 'a> {
    /// `None`: more than can be told by names. `common`: the header is one of the common ones.
    fn of(versions: &'v Versions<'r, 'a>, difference: &Difference, common: bool) -> Option<BTreeSet<String>> {
        if difference.everything {
            return None;
        }
        let mut changed = difference.names.clone();
        if !common {
            // The units that name such a function have its body.
            changed.extend(difference.bodies.iter().cloned());
        }
        let headers = versions.units.values().flat_map(|loaded| loaded.inputs.iter());
        let common = versions.before.common_headers().iter().chain(versions.after.common_headers());
        let read = headers.chain(common).map(String::as_str).filter(|input| input.ends_with(".h")).collect();
        let mut meaning = Meaning { versions, read, items: BTreeMap::new(), pasting: Vec::new(), changed };
        meaning.pasting = meaning.pasting();
        let mut fresh = meaning.changed.clone();
        while !fresh.is_empty() {
            if meaning.changed.len() > limits::NAMES_OF_A_CHANGE {
                return None;
            }
            fresh = meaning.follow(&fresh)?;
            fresh.retain(|name| !meaning.changed.contains(name));
            meaning.changed.extend(fresh.iter().cloned());
        }
        Some(meaning.changed)
    }

    fn pasting(&self) -> Vec<Item> {
        if self.changed.is_empty() {
            return Vec::new();
        }
        let texts = self.read.iter().map(|header| self.versions.after.index.text(header));
        let pasting = texts.filter(|text| memchr::memmem::find(text, b"##").is_some());
        let is_pasting = |item: &Item| matches!(item.kind, Kind::Macro(_)) && item.text.contains(" ## ");
        pasting.flat_map(|text| header::items(&text)).filter(is_pasting).collect()
    }

    /// The names that headers give a new meaning because of `fresh`.
    fn follow(&mut self, fresh: &BTreeSet<String>) -> Option<BTreeSet<String>> {
        let words: Vec<&str> = fresh.iter().map(String::as_str).collect();
        let index = &self.versions.after.index;
        let pasted = self.pasting.iter().filter(|item| is_pasted(&item.text, fresh));
        let mut found: BTreeSet<String> = pasted.flat_map(Item::names).collect();
        for header in index.candidates(&words).into_iter().filter(|file| self.read.contains(file)) {
            let common = self.versions.is_common(header);
            let items = self.items.entry(header.to_owned()).or_insert_with(|| header::items(&index.text(header)));
            for item in items.iter() {
                found.extend(depending(item, &self.changed, common)?);
            }
        }
        Some(found)
    }
}

/// The names of an item that depend on a changed name. `None`: it has none that could be followed.
fn depending(item: &Item, changed: &BTreeSet<String>, common: bool) -> Option<BTreeSet<String>> {
    let has = |text: &str| header::words(text).any(|word| changed.contains(word));
    let any = |names: &BTreeSet<String>| names.iter().any(|name| changed.contains(name));
    let in_context = has(&item.context);
    let in_body = || item.body.as_deref().is_some_and(has);
    match &item.kind {
        Kind::Unknown => (!(in_context || has(&item.text) || in_body())).then(BTreeSet::new),
        Kind::Macro(name) => Some(if in_context || has(&item.text) { [name.clone()].into() } else { BTreeSet::new() }),
        Kind::Function { declares, emits } => {
            // The body is in the common headers' unit, which is read again.
            let concerned = in_context || any(&declares.needs) || (!common && in_body());
            match concerned {
                true if *emits && !common => None,
                true => Some(item.names()),
                false => Some(BTreeSet::new()),
            }
        }
        Kind::Declares(declares) => {
            let mut names = BTreeSet::new();
            let mut whole = in_context || any(&declares.needs);
            for member in &declares.members {
                whole |= any(&member.by_value);
                if any(&member.words) {
                    names.extend(member.names.iter().cloned());
                }
            }
            if in_context || (whole && declares.is_enum) {
                return Some(item.names());
            }
            names.extend(if whole { declares.own() } else { BTreeSet::new() });
            Some(names)
        }
    }
}

/// `foo_##x` may be any changed name that starts with `foo_`.
fn is_pasted(text: &str, changed: &BTreeSet<String>) -> bool {
    let tokens: Vec<&str> = text.split(' ').collect();
    let parameters: BTreeSet<&str> = match tokens.get(1) {
        Some(name) if name.ends_with('(') => tokens.iter().skip(2).take_while(|token| **token != ")").copied().collect(),
        _ => BTreeSet::new(),
    };
    let is_part = |token: &&str| token.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_') && !parameters.contains(token);
    (0..tokens.len()).filter(|at| tokens[*at] == "##").any(|at| {
        let before = at.checked_sub(1).and_then(|before| tokens.get(before)).copied().filter(is_part);
        let after = tokens.get(at + 1).copied().filter(is_part);
        changed
            .iter()
            .any(|name| before.is_some_and(|part| name.starts_with(part)) || after.is_some_and(|part| name.ends_with(part)))
    })
}

fn describe(difference: &Difference) -> String {
    let list = |names: &BTreeSet<String>| {
        let shown: Vec<&str> = names.iter().take(8).map(String::as_str).collect();
        let more = if names.len() > shown.len() { format!(" and {} more", names.len() - shown.len()) } else { String::new() };
        shown.join(", ") + &more
    };
    let mut parts = Vec::new();
    if difference.everything {
        parts.push("changes that cannot be told by names".to_owned());
    }
    if !difference.names.is_empty() {
        parts.push(format!("macros, types or prototypes: {}", list(&difference.names)));
    }
    if !difference.bodies.is_empty() {
        parts.push(format!("inside inline functions: {}", list(&difference.bodies)));
    }
    if parts.is_empty() { "only comments or layout".to_owned() } else { parts.join("; ") }
}

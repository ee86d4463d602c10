//! What a configuration leaves out of the files that it does compile.
//!
//! ```c
//! #ifdef CONFIG_PVR2_DMA
//!         ret = pin_user_pages_fast(buf, nr_pages, FOLL_WRITE, pages);    // no statement of this configuration
//! #endif
//! ```

use std::collections::BTreeSet;

use crate::run::{Run, Settled};
use crate::state::State;
use crate::text::{mentions, names};

/// First and last line of a part, its directives among them.
type Part = (u32, u32);

/// Calls of the functions `apis` that stand in parts which are left out: the file, and in words which call, and under what.
pub(crate) fn acquisitions(run: &Run<'_>, settled: &Settled, apis: &BTreeSet<String>) -> Vec<(String, String)> {
    let apis = names(apis);
    let mut found = Vec::new();
    for (file, loaded) in &settled.units {
        let parts = &loaded.facts.left_out;
        if parts.is_empty() {
            continue;
        }
        let text = run.index.text(file);
        for mention in mentions(&text, &apis).into_iter().filter(|mention| mention.is_use()) {
            let line = mention.line();
            if let Some(part) = parts.iter().find(|(first, last)| (first..=last).contains(&&line)) {
                let api = String::from_utf8_lossy(mention.word);
                found.push((file.clone(), format!("{api}() in line {line} is left out by {}", directive(&text, *part))));
            }
        }
    }
    found
}

/// What leaves out all that a change changes in a source file: the first of the directives. `None`: something that is compiled changes as
/// well, or it is not known.
pub(crate) fn all_of_it(file: &str, before: &State<'_, '_>, after: &State<'_, '_>) -> Option<String> {
    let version = |state: &State<'_, '_>| {
        let text = state.run.place().version.read(&state.run.base.tree.root, file)?;
        Some((text, state.settled.units.get(file)?.facts.left_out.clone()))
    };
    let ((old, old_parts), (new, new_parts)) = (version(before)?, version(after)?);
    let is_elsewhere = without(&old, &old_parts).eq(without(&new, &new_parts));
    let fresh = new_only((&new, &new_parts), (&old, &old_parts)).or_else(|| new_only((&old, &old_parts), (&new, &new_parts)));
    fresh.filter(|_| is_elsewhere).map(|directive| format!("what changes is left out of this configuration by {directive}"))
}

/// The directive of the first part of one text that the other has not.
fn new_only((text, parts): (&[u8], &[Part]), (other, known): (&[u8], &[Part])) -> Option<String> {
    let is_known = |part: Part| known.iter().any(|known| lines_of(other, *known).eq(lines_of(text, part)));
    parts.iter().find(|part| !is_known(**part)).map(|part| directive(text, *part))
}

/// The lines that are not left out.
fn without<'t>(text: &'t [u8], parts: &[Part]) -> impl Iterator<Item = &'t [u8]> {
    let is_in = move |line: u32| parts.iter().any(|(first, last)| (*first..=*last).contains(&line));
    (1..).zip(text.split(|byte| *byte == b'\n')).filter(move |(line, _)| !is_in(*line)).map(|(_, text)| text)
}

fn lines_of(text: &[u8], (first, last): Part) -> impl Iterator<Item = &[u8]> {
    let (first, last) = (first as usize, last as usize);
    text.split(|byte| *byte == b'\n').skip(first.saturating_sub(1)).take((last + 1).saturating_sub(first))
}

/// The directive that a part begins with, as it is written, and its line.
fn directive(text: &[u8], part: Part) -> String {
    let line = lines_of(text, part).next().unwrap_or_default();
    format!("`{}` in line {}", String::from_utf8_lossy(line.trim_ascii()), part.0)
}

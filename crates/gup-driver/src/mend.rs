//! What certainly mends a finding: edits that were tried.
//!
//! By the finding, the policy's calls and the text of the acquisition there are a few edits that may be right. Each is applied
//! in memory and the tree analysed with it. It is right if the finding is gone, nothing new came, the file has no new error,
//! and the acquisition is balanced then, which it is only if all its paths were followed.

use std::collections::{BTreeMap, BTreeSet};

use gup_analysis::finding::{Analysis, Finding, Site, Verdict};
use gup_analysis::rules::{Remedy, remedy};
use gup_analysis::summary::{RefKind, ReleaseClass};
use gup_report::mend::{apply, arguments, call, insert_before};
use gup_report::report::{Edit, Suggestion};

use crate::limits;
use crate::run::{Run, Settled};

/// The edits that may mend a finding, the likeliest first. `text`: a file's.
pub(crate) fn candidates(run: &Run<'_>, finding: &Finding, text: &dyn Fn(&str) -> Option<String>) -> Vec<Suggestion> {
    let given = finding.fix.as_ref().filter(|fix| !fix.edits.is_empty());
    let mut all: Vec<Suggestion> = given.into_iter().map(Suggestion::from).collect();
    let Some(source) = text(&finding.at.file) else { return all };
    let case = Case { run, finding, source: &source };
    all.extend(match remedy(&finding.rule) {
        Some(Remedy::AnotherCall) => case.replacements(),
        Some(Remedy::Release) => case.insertions(),
        Some(Remedy::Dirtying) => case.dirtyings(),
        None => Vec::new(),
    });
    all.truncate(limits::MENDS);
    all
}

/// The text of a file with the edits that are in it.
pub(crate) fn edited(suggestion: &Suggestion, text: &dyn Fn(&str) -> Option<String>) -> Option<BTreeMap<String, String>> {
    let files: BTreeSet<&String> = suggestion.edits.iter().map(|edit| &edit.file).collect();
    let edit = |file: &String| {
        let own: Vec<Edit> = suggestion.edits.iter().filter(|edit| edit.file == *file).cloned().collect();
        Some((file.clone(), apply(&text(file)?, &own)?))
    };
    files.into_iter().map(edit).collect()
}

/// Did it mend the finding, and nothing else become worse?
pub(crate) fn is_mended(finding: &Finding, before: &Settled, after: &Settled) -> bool {
    let fingerprints = |analysis: &Analysis| {
        let mut all: Vec<String> = analysis.findings.iter().map(|finding| finding.fingerprint.clone()).collect();
        all.sort();
        all
    };
    let mut left = fingerprints(&before.analysis);
    let Ok(at) = left.binary_search(&finding.fingerprint) else { return false };
    left.remove(at);
    let is_expected = |fingerprint: &String| match left.binary_search(fingerprint) {
        Ok(at) => {
            left.remove(at);
            true
        }
        Err(_) => false,
    };
    let nothing_new = fingerprints(&after.analysis).iter().all(is_expected);
    let errors = |settled: &Settled| {
        let of = |(unit, loaded): (&String, &crate::extract::Loaded)| (unit.clone(), loaded.facts.errors.len());
        settled.units.iter().map(of).collect::<BTreeMap<String, usize>>()
    };
    let (old, new) = (errors(before), errors(after));
    let reads_as_well = new.iter().all(|(unit, count)| old.get(unit).is_none_or(|old| count <= old));
    let fails_no_more = after.failed.keys().all(|unit| before.failed.contains_key(unit));
    nothing_new && reads_as_well && fails_no_more && is_balanced(finding, before, after)
}

/// Lines moved: the site is the one with as many of its kind before it in the function.
fn is_balanced(finding: &Finding, before: &Settled, after: &Settled) -> bool {
    let Some(origin) = &finding.origin else { return false };
    let is_kin = |site: &&Site| site.at.file == origin.at.file && site.function == origin.function && site.api == origin.api;
    let kin: Vec<&Site> = before.analysis.ledger.sites.iter().filter(is_kin).collect();
    let Some(number) = kin.iter().position(|site| site.at == origin.at) else { return false };
    let site = after.analysis.ledger.sites.iter().filter(is_kin).nth(number);
    let has_others = || {
        let of = |settled: &Settled| {
            let is_of = |other: &&Finding| other.origin.as_ref().is_some_and(|other| other.function == origin.function);
            settled.analysis.findings.iter().filter(is_of).count()
        };
        of(before) > 1 && of(after) < of(before)
    };
    // Of several mistakes one is mended at a time.
    site.is_some_and(|site| site.verdict == Verdict::Balanced || (site.verdict == Verdict::Finding && has_others()))
}

struct Case<'c, 'a> {
    run: &'c Run<'a>,
    finding: &'c Finding,
    source: &'c str,
}

impl Case<'_, '_> {
    fn class(&self) -> Option<ReleaseClass> {
        self.run.contracts.policy().accepts.get(&self.kind()?)?.first().copied()
    }

    fn kind(&self) -> Option<RefKind> {
        self.finding.origin.as_ref().map(|origin| origin.kind)
    }

    /// Another call in the place of the one that the finding is at.
    fn replacements(&self) -> Vec<Suggestion> {
        let at = &self.finding.at;
        let Some(rest) = self.at(at.line, at.column) else { return Vec::new() };
        let name = leading_name(rest);
        let Some(given) = arguments(&rest[name.len()..]) else { return Vec::new() };
        let Some(calls) = self.class().and_then(|class| self.run.contracts.policy().calls.get(&class)) else { return Vec::new() };
        let with = match given.len() {
            1 => &calls.one,
            2 => &calls.many,
            _ => &None,
        };
        with.iter().filter(|with| *with != name).map(|with| self.replaced(name, with)).collect()
    }

    /// The pages marked dirty where they are released: by a release that does it, if they come in an array, else page by page
    /// before.
    fn dirtyings(&self) -> Vec<Suggestion> {
        let at = &self.finding.at;
        let Some(rest) = self.at(at.line, at.column) else { return Vec::new() };
        let name = leading_name(rest);
        let Some(given) = arguments(&rest[name.len()..]) else { return Vec::new() };
        let Some(calls) = self.class().and_then(|class| self.run.contracts.policy().calls.get(&class)) else { return Vec::new() };
        match (&given[..], &calls.mark, &calls.dirty) {
            ([page], Some(mark), _) => self.inserted(&format!("{mark}({page});")).into_iter().collect(),
            ([pages, count], _, Some(dirty)) => {
                let Some(end) = rest.find(')') else { return Vec::new() };
                let with = format!("{dirty}({pages}, {count}, true)");
                // Only of a call that is written as it is said here.
                let is_plain = rest[..=end].matches('(').count() == 1;
                is_plain.then(|| self.replaced(&rest[..=end], &with)).into_iter().collect()
            }
            _ => Vec::new(),
        }
    }

    /// A release before the place where the references are lost.
    fn insertions(&self) -> Vec<Suggestion> {
        self.statements().iter().filter_map(|statement| self.inserted(statement)).collect()
    }

    /// A statement before the one that the finding is at.
    fn inserted(&self, statement: &str) -> Option<Suggestion> {
        let at = &self.finding.at;
        let edits = insert_before(&at.file, self.source, (at.line, at.column), statement)?;
        let shown = statement.replace("\n\t", " ");
        Some(Suggestion { message: format!("insert `{shown}`"), edits })
    }

    /// Another text where the finding is at.
    fn replaced(&self, old: &str, with: &str) -> Suggestion {
        let at = &self.finding.at;
        let (file, replace, with) = (at.file.clone(), old.to_owned(), with.to_owned());
        let message = format!("call {} instead of {}", shown(&with), shown(&replace));
        Suggestion { message, edits: vec![Edit { file, line: at.line, column: at.column, replace, with }] }
    }

    /// Statements that drop what the function got, by the words of the call that got it.
    fn statements(&self) -> Vec<String> {
        let Some(calls) = self.class().and_then(|class| self.run.contracts.policy().calls.get(&class)) else { return Vec::new() };
        let Some((pages, got)) = self.obtained() else { return Vec::new() };
        let mut all = Vec::new();
        for name in &pages {
            if let (Some(page), Some(one)) = (name.strip_prefix('&'), &calls.one) {
                all.push(format!("{one}({page});"));
            }
        }
        let arrays = || pages.iter().filter(|name| !name.starts_with('&'));
        for array in arrays() {
            if let (Some(many), Some(got)) = (&calls.many, &got) {
                all.push(format!("{many}({array}, {got});"));
                all.push(format!("if ({got} > 0)\n\t{many}({array}, {got});"));
            }
            all.extend(calls.one.iter().map(|one| format!("{one}({array}[0]);")));
        }
        all
    }

    /// The arguments that may name the pages, and what has their number, at the first call on the path that is in the function
    /// itself.
    fn obtained(&self) -> Option<(Vec<String>, Option<String>)> {
        let is_here = |step: &&gup_analysis::finding::PathStep| {
            step.function == self.finding.function && step.at.file == self.finding.at.file
        };
        let step = self.finding.path.iter().find(is_here)?;
        let (given, target) = call(self.source, step.at.line, step.at.column)?;
        let rest = self.at(step.at.line, step.at.column)?;
        let known =
            self.run.contracts.lookup(leading_name(rest), &self.finding.at.file).and_then(|contract| contract.pages_param);
        let pages: Vec<String> = match known {
            Some(number) => given.get(number as usize).into_iter().map(|name| (*name).to_owned()).collect(),
            // A wrapper: it left the page where it was told to, or returned it.
            None => {
                let told = given.iter().filter(|name| name.starts_with('&')).map(|name| (*name).to_owned());
                told.chain(target.map(|target| format!("&{}", last_word(target)))).collect()
            }
        };
        // `int got = ...`
        let got = target.map(|target| last_word(target).to_owned());
        Some((pages, got))
    }

    fn at(&self, line: u32, column: u32) -> Option<&str> {
        let start: usize = self.source.split_inclusive('\n').take((line as usize).checked_sub(1)?).map(str::len).sum();
        self.source.get(start + (column as usize).checked_sub(1)?..)
    }
}

/// `page` of `struct page *page`.
fn last_word(declaration: &str) -> &str {
    declaration.rsplit([' ', '*']).next().unwrap_or(declaration)
}

/// The name that a text begins with.
fn leading_name(text: &str) -> &str {
    let end = text.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(text.len());
    &text[..end]
}

/// A call, or the name of a function, for people.
fn shown(call: &str) -> String {
    if call.ends_with(')') { call.to_owned() } else { format!("{call}()") }
}

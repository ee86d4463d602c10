//! What was said against what should have been said, strictly in both directions.

use gup_analysis::finding::{Analysis, Confidence, Conversion, Finding, Location, Reached, Site, Verdict};

use crate::fixture::{File, Fixture, Marker, Says};

/// Everything that is not as the markers say, one line each, in the order of files and lines. Empty: the fixture passes.
pub fn mismatches(fixture: &Fixture, analysis: &Analysis) -> Vec<String> {
    let mut problems = Vec::new();
    let mut unmatched: Vec<&Finding> = analysis.findings.iter().collect();
    for file in &fixture.files {
        for marker in &file.markers {
            problems.extend(check_marker(file, marker, &mut unmatched, &analysis.ledger.sites));
            problems.extend(check_conversion(file, marker, &analysis.conversion));
            problems.extend(check_step(file, marker, &analysis.findings));
        }
    }
    // What has low confidence is a hint: a marker may ask for it, none is a mistake.
    problems.extend(unmatched.into_iter().filter(|finding| !is_hint(finding)).map(|finding| {
        let Finding { at, rule, confidence, message, function, .. } = finding;
        problem(&at.file, at.line, &format!("not expected in {function}: {rule} ({confidence:?}): {message}"))
    }));
    problems.extend(fixture.files.iter().flat_map(|file| check_functions(file, &analysis.findings)));
    problems.extend(check_directives(fixture));
    problems.sort_by_key(|(place, _)| place.clone());
    problems.into_iter().map(|(_, text)| text).collect()
}

fn is_hint(finding: &Finding) -> bool {
    finding.confidence == Confidence::Low
}

type Problem = ((String, u32), String);

fn problem(file: &str, line: u32, text: &str) -> Problem {
    ((file.to_owned(), line), format!("{file}:{line}: {text}"))
}

fn stands_at(at: &Location, file: &File, line: u32) -> bool {
    at.file == file.name && at.line == line
}

/// A marker uses up the finding it speaks of.
fn check_marker(file: &File, marker: &Marker, unmatched: &mut Vec<&Finding>, sites: &[Site]) -> Option<Problem> {
    let fail = |text: String| Some(problem(&file.name, marker.line, &text));
    let mut take = |rule: &str, text: &str| {
        let found = unmatched.iter().position(|finding| {
            finding.rule == rule && finding.message.contains(text) && stands_at(&finding.at, file, marker.line)
        });
        found.map(|index| unmatched.remove(index))
    };
    match &marker.says {
        Says::Expect { rule, text } if take(rule, text).is_none() => match text.as_str() {
            "" => fail(format!("expected, but not found: {rule}")),
            text => fail(format!("expected, but not found: {rule} with \"{text}\"")),
        },
        Says::FixmeMissing { rule } if take(rule, "").is_some() => {
            fail(format!("{rule} is found now: make the fixme-missing an expect"))
        }
        Says::FixmeExtra { rule } if take(rule, "").is_none() => {
            fail(format!("{rule} is not found any more: drop the fixme-extra"))
        }
        Says::Balanced => check_balanced(file, marker.line, sites),
        Says::Unresolved { reason } => check_unresolved(file, marker.line, reason, sites),
        _ => None,
    }
}

fn check_balanced(file: &File, line: u32, sites: &[Site]) -> Option<Problem> {
    let mut here = sites.iter().filter(|site| stands_at(&site.at, file, line)).peekable();
    if here.peek().is_none() {
        return Some(problem(&file.name, line, "balanced, but the ledger has no site here"));
    }
    let other = here.find(|site| site.verdict != Verdict::Balanced)?;
    let verdict = verdict(other.verdict);
    Some(problem(&file.name, line, &format!("should be balanced, but {} is {verdict}: {}", other.api, other.reason)))
}

fn check_unresolved(file: &File, line: u32, reason: &str, sites: &[Site]) -> Option<Problem> {
    let here: Vec<&Site> = sites.iter().filter(|site| stands_at(&site.at, file, line)).collect();
    let is_meant = |site: &&Site| site.verdict == Verdict::Unresolved && site.reason.contains(reason);
    if here.iter().any(is_meant) {
        return None;
    }
    let instead: Vec<String> = here.iter().map(|site| format!("{} {}", verdict(site.verdict), site.reason)).collect();
    let instead = if instead.is_empty() { "no site".to_owned() } else { instead.join(", ") };
    Some(problem(&file.name, line, &format!("should be unresolved ({reason}), but there is: {}", instead.trim_end())))
}

fn check_step(file: &File, marker: &Marker, findings: &[Finding]) -> Option<Problem> {
    let Says::Step { text } = &marker.says else { return None };
    let mut steps = findings.iter().flat_map(|finding| &finding.path);
    let is_told = steps.any(|step| stands_at(&step.at, file, marker.line) && step.message.contains(text));
    (!is_told).then(|| problem(&file.name, marker.line, &format!("no path has the step \"{text}\" here")))
}

fn check_conversion(file: &File, marker: &Marker, entries: &[Conversion]) -> Option<Problem> {
    let Says::Converts { verdict, is_certain, replace_with } = &marker.says else { return None };
    let told = |verdict: &str, is_certain: bool, with: &str| {
        let mark = if is_certain { "" } else { "?" };
        format!("{verdict}{mark} {with}").trim_end().to_owned()
    };
    let of_entry = |entry: &Conversion| {
        let reached = match entry.verdict {
            Reached::Gup => "gup",
            Reached::Mixed => "mixed",
            Reached::Never => "never",
        };
        told(reached, entry.uncertain.is_empty(), &entry.replace_with)
    };
    let here: Vec<&Conversion> = entries.iter().filter(|entry| stands_at(&entry.at, file, marker.line)).collect();
    let wanted = told(verdict, *is_certain, replace_with);
    if here.iter().any(|entry| of_entry(entry) == wanted) {
        return None;
    }
    let instead: Vec<String> = here.iter().map(|entry| format!("{} ({:?})", of_entry(entry), entry.uncertain)).collect();
    let instead = if instead.is_empty() { "no entry".to_owned() } else { instead.join(", ") };
    Some(problem(&file.name, marker.line, &format!("should convert as {wanted}, but there is: {instead}")))
}

fn verdict(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Finding => "finding",
        Verdict::Unresolved => "unresolved",
        Verdict::Balanced => "balanced",
    }
}

/// Names make promises that a reader relies on.
fn check_functions(file: &File, findings: &[Finding]) -> Vec<Problem> {
    let mut problems = Vec::new();
    for function in &file.functions {
        let of_kind = |is_kind: fn(&Says) -> bool| {
            let within = |marker: &&Marker| (function.first..=function.last).contains(&marker.line) && is_kind(&marker.says);
            file.markers.iter().filter(within).count()
        };
        let is_here = |finding: &&Finding| finding.function == function.name && finding.at.file == file.name;
        let n_found = findings.iter().filter(is_here).count();
        let n_missing = of_kind(|says| matches!(says, Says::FixmeMissing { .. }));
        let n_extra = of_kind(|says| matches!(says, Says::FixmeExtra { .. }));
        if function.name.ends_with("_bad") && n_found + n_missing == 0 {
            problems.push(problem(&file.name, function.first, &format!("nothing is found in {}", function.name)));
        }
        let n_hints = findings.iter().filter(is_here).filter(|finding| is_hint(finding)).count();
        if function.name.ends_with("_ok") && n_found > n_extra + n_hints {
            problems.push(problem(&file.name, function.first, &format!("{} should have no finding", function.name)));
        }
    }
    problems
}

fn check_directives(fixture: &Fixture) -> Option<Problem> {
    let is_of_finding =
        |marker: &Marker| matches!(marker.says, Says::Expect { .. } | Says::FixmeMissing { .. } | Says::FixmeExtra { .. });
    let has_any = fixture.files.iter().flat_map(|file| &file.markers).any(is_of_finding);
    match (fixture.directives.clean, has_any) {
        (true, true) => Some(problem(&fixture.name, 0, "`//@ clean`, but there are markers for findings")),
        (false, false) => Some(problem(&fixture.name, 0, "no marker for a finding: say `//@ clean` if that is meant")),
        _ => None,
    }
}

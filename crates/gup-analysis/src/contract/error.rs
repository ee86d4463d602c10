//! Mistakes in contract files, each with the place and the remedy.

use std::ops::Range;

/// One mistake in a contract or policy file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ContractError {
    /// Name of the file as it was given to the parser.
    pub file: String,
    /// Bytes of the file's text that the message is about.
    pub span: Range<usize>,
    pub message: String,
    /// What to write instead.
    pub help: String,
}

/// Collects the mistakes of one file, so that all of them are shown at once.
pub struct Errors {
    pub(super) file: String,
    pub(super) found: Vec<ContractError>,
}

impl Errors {
    pub(super) fn new(file: &str) -> Errors {
        Errors { file: file.to_owned(), found: Vec::new() }
    }

    /// Notes a mistake at these bytes: what is wrong, and what to write instead.
    pub fn add(&mut self, span: Range<usize>, message: impl Into<String>, help: impl Into<String>) {
        self.found.push(ContractError { file: self.file.clone(), span, message: message.into(), help: help.into() });
    }
}

/// "did you mean `x`?", or the list of what is allowed where nothing is near.
pub fn did_you_mean(word: &str, allowed: &[&str]) -> String {
    let near = allowed
        .iter()
        .map(|candidate| (distance(word, candidate), candidate))
        .filter(|(distance, candidate)| *distance <= 1 + candidate.len() / 4)
        .min();
    match near {
        Some((_, candidate)) => format!("did you mean `{candidate}`?"),
        None if allowed.is_empty() => "nothing is allowed here".to_owned(),
        None => format!("allowed: {}", allowed.join(", ")),
    }
}

/// Levenshtein distance in characters.
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, ca) in a.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, cb) in b.iter().enumerate() {
            let replaced = diagonal + usize::from(ca != *cb);
            diagonal = row[j + 1];
            row[j + 1] = replaced.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use super::{did_you_mean, distance};

    #[test]
    fn distances() {
        assert_eq!(distance("pages", "pages"), 0);
        assert_eq!(distance("page", "pages"), 1);
        assert_eq!(distance("relase", "release"), 1);
        assert_eq!(distance("", "abc"), 3);
    }

    #[test]
    fn the_nearest_word_is_offered() {
        assert_eq!(did_you_mean("pagse", &["start", "pages"]), "did you mean `pages`?");
        assert_eq!(did_you_mean("xyzzy", &["start", "pages"]), "allowed: start, pages");
    }
}

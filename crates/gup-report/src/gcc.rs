//! Lines as gcc prints them, for pipes, editors and the log parsers of kernel CI.

use crate::Report;
use crate::report::Finding;

/// Of the open findings: one line each, and one `note:` per step of its path, to standard output or a log.
pub fn render(report: &Report) -> String {
    report.open().map(finding).collect()
}

/// The lines of one.
pub fn finding(finding: &Finding) -> String {
    let Finding { file, line, column, function, message, rule, .. } = finding;
    let severity = finding.severity.level();
    let mut text = format!("{file}: In function '{function}':\n");
    text.push_str(&format!("{file}:{line}:{column}: {severity}: {message} [{rule}]\n"));
    for (index, step) in finding.path.iter().enumerate() {
        let repeats_the_finding = (&step.message, &step.file, step.line) == (message, file, *line);
        if repeats_the_finding {
            continue;
        }
        let what = neutral(&step.message);
        text.push_str(&format!("{}:{}:{}: note: ({}) {what}\n", step.file, step.line, step.column, index + 1));
    }
    for assumption in &finding.assumptions {
        text.push_str(&format!("{file}:{line}:{column}: note: assumes: {}\n", neutral(assumption)));
    }
    for doubt in &finding.doubts {
        text.push_str(&format!("{file}:{line}:{column}: note: not certain: {}\n", neutral(doubt)));
    }
    if let Some(suggestion) = &finding.suggestion {
        text.push_str(&format!("{file}:{line}:{column}: note: suggestion: {}\n", neutral(&suggestion.message)));
    }
    text
}

/// Log parsers count lines that contain "error" or "warning"; a note must not count as a finding of its own. Only whole
/// words are replaced: `bio_io_error` stays what it is.
fn neutral(message: &str) -> String {
    let is_part = |char: char| char.is_alphanumeric() || char == '_';
    let mut text = String::with_capacity(message.len());
    let mut rest = message;
    while let Some(start) = rest.find(is_part) {
        let end = rest[start..].find(|char| !is_part(char)).map_or(rest.len(), |length| start + length);
        text.push_str(&rest[..start]);
        text.push_str(match rest[start..end].to_ascii_lowercase().as_str() {
            "error" => "failure",
            "errors" => "failures",
            "warn" | "warning" => "remark",
            "warns" | "warnings" => "remarks",
            _ => &rest[start..end],
        });
        rest = &rest[end..];
    }
    text.push_str(rest);
    text
}

#[cfg(test)]
mod tests {
    use super::neutral;

    #[test]
    fn only_whole_words_are_replaced() {
        assert_eq!(neutral("an error; Warnings from bio_io_error() é"), "an failure; remarks from bio_io_error() é");
        assert_eq!(neutral("terror error_code"), "terror error_code");
    }
}

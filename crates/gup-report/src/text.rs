//! For people at a terminal: each finding with its source lines and the path from the acquisition to the violation.

use codespan_reporting::diagnostic::{self, Diagnostic, Label, LabelStyle};
use codespan_reporting::term::termcolor::{Ansi, NoColor};
use codespan_reporting::term::{self, Config, DisplayStyle, StylesWriter};

use crate::Report;
use crate::report::{Finding, Severity};
use crate::source::Sources;

/// `source` gives a file's text by its name in the report, or None where it cannot be had: then positions stand without
/// their lines. `color`: with ANSI colours.
pub fn render(report: &Report, source: &dyn Fn(&str) -> Option<String>, color: bool) -> String {
    let mut sources = Sources::new(source);
    let mut text = String::new();
    for finding in report.open() {
        let diagnostic = diagnostic(finding, &mut sources);
        text.push_str(&emit(&diagnostic, &sources, color));
    }
    text
}

/// One rendered diagnostic, followed by an empty line.
pub(crate) fn emit(diagnostic: &Diagnostic<usize>, sources: &Sources, color: bool) -> String {
    let config = Config { display_style: DisplayStyle::Rich, tab_width: 8, ..Config::default() };
    let styles = term::Styles::default();
    let mut bytes = Vec::new();
    let result = if color {
        term::emit_to_write_style(&mut StylesWriter::new(Ansi::new(&mut bytes), &styles), &config, &sources.files, diagnostic)
    } else {
        term::emit_to_write_style(&mut StylesWriter::new(NoColor::new(&mut bytes), &styles), &config, &sources.files, diagnostic)
    };
    result.expect("labels lie within files that were added, and a vector takes all that is written");
    String::from_utf8(bytes).expect("codespan writes UTF-8")
}

fn diagnostic(finding: &Finding, sources: &mut Sources) -> Diagnostic<usize> {
    let severity = match finding.severity {
        Severity::Info => diagnostic::Severity::Note,
        Severity::Warning => diagnostic::Severity::Warning,
        Severity::Error => diagnostic::Severity::Error,
    };
    let diagnostic = Diagnostic::new(severity).with_code(&finding.rule).with_message(&finding.message);
    let mut notes = vec![format!("in {}, confidence {}", finding.function, finding.confidence.name())];
    let mut labels = Vec::new();
    for (index, step) in finding.path.iter().enumerate() {
        let is_violation = index + 1 == finding.path.len() && (&step.file, step.line) == (&finding.file, finding.line);
        // The last step often says what the headline says.
        let what = if is_violation && step.message == finding.message { "here" } else { &step.message };
        let message = format!("{}: {what}", index + 1);
        match sources.word_at(&step.file, step.line, step.column) {
            Some((id, range)) if is_violation => labels.push(Label::primary(id, range).with_message(message)),
            Some((id, range)) => labels.push(Label::secondary(id, range).with_message(message)),
            None => notes.push(format!("{}:{}:{}: {message}", step.file, step.line, step.column)),
        }
    }
    if labels.iter().all(|label| label.style != LabelStyle::Primary) {
        match sources.word_at(&finding.file, finding.line, finding.column) {
            Some((id, range)) => labels.push(Label::primary(id, range).with_message("here")),
            None => notes.insert(0, format!("{}:{}:{}", finding.file, finding.line, finding.column)),
        }
    }
    // The first label's file is shown first: the one where it goes wrong.
    labels.sort_by_key(|label| label.style != LabelStyle::Primary);
    notes.extend(finding.assumptions.iter().map(|assumption| format!("assumes: {assumption}")));
    notes.extend(finding.doubts.iter().map(|doubt| format!("not certain: {doubt}")));
    notes.extend(finding.suggestion.iter().map(|suggestion| format!("help: {}", suggestion.message)));
    diagnostic.with_labels(labels).with_notes(notes)
}

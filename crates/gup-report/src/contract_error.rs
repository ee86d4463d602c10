//! Mistakes in contract files, each with its line and the remedy.

use codespan_reporting::diagnostic::{Diagnostic, Label};
use gup_analysis::contract::ContractError;

use crate::source::Sources;
use crate::text::emit;

/// `source` gives a contract file's text by the name in the error. All mistakes, in the order given.
pub fn render(errors: &[ContractError], source: &dyn Fn(&str) -> Option<String>, color: bool) -> String {
    let mut sources = Sources::new(source);
    let mut text = String::new();
    for error in errors {
        let mut diagnostic = Diagnostic::error().with_message(&error.message);
        match sources.span(&error.file, error.span.clone()) {
            Some((id, range)) => diagnostic.labels.push(Label::primary(id, range).with_message(&error.help)),
            None => diagnostic.notes.push(format!("{}: {}", error.file, error.help)),
        }
        text.push_str(&emit(&diagnostic, &sources, color));
    }
    text
}

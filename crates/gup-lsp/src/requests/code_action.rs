//! `textDocument/codeAction`: edits that mend a finding, and what else can be done about it.
//!
//! An edit is offered only after the analyst has tried it: the finding is gone with it, and nothing else came.

use std::collections::HashMap;

use gen_lsp_types::{CodeAction, CodeActionKind, CodeActionParams, Command, Range, TextEdit, Uri, WorkspaceEdit};
use gup_report::report::{Finding, Suggestion};
use lsp_server::RequestId;
use serde_json::json;

use crate::analyst::Job;
use crate::position::Lines;
use crate::requests::execute_command::{EXPLAIN, SUPPRESS, TRACE};
use crate::requests::{Handled, value};
use crate::server::Server;

/// A request whose edits are being tried.
pub(crate) struct Asked {
    pub(crate) id: RequestId,
    name: String,
    range: Range,
}

/// `None`: the analyst is trying.
pub(crate) fn handle(server: &mut Server, id: &RequestId, params: &CodeActionParams) -> Option<Handled> {
    let name = params.text_document.uri.0.clone();
    let wanted = params.context.only.as_ref();
    let is_wanted =
        wanted.is_none_or(|only| only.iter().any(|kind| matches!(kind, CodeActionKind::Empty | CodeActionKind::QuickFix)));
    if !is_wanted || !server.is_analysed(&name) {
        return Some(value([(); 0]));
    }
    let key = |finding: &Finding| (finding.fingerprint.clone(), finding.line);
    let findings: Vec<(String, u32)> = here(server, &name, params.range).into_iter().map(key).collect();
    let untried: Vec<(String, u32)> = findings.iter().filter(|key| !server.mended.contains_key(*key)).cloned().collect();
    if !untried.is_empty() {
        let number = server.number();
        if server.ask(Job::Mend { number, findings: untried }) {
            server.actions.insert(number, Asked { id: id.clone(), name, range: params.range });
            return None;
        }
    }
    Some(value(actions(server, &name, params.range)))
}

/// The analyst tried. What it found is of no use if the text is another by now.
pub(crate) fn tried(server: &mut Server, number: u64, generation: u64, found: Vec<(String, u32, Suggestion)>) {
    let is_of_snapshot = server.snapshot.as_ref().is_some_and(|snapshot| snapshot.generation == generation);
    if is_of_snapshot {
        for (fingerprint, line, suggestion) in found {
            server.mended.insert((fingerprint, line), Some(suggestion));
        }
    }
    let Some(asked) = server.actions.remove(&number) else { return };
    if is_of_snapshot {
        let keys: Vec<(String, u32)> = here(server, &asked.name, asked.range)
            .into_iter()
            .map(|finding| (finding.fingerprint.clone(), finding.line))
            .collect();
        keys.into_iter().for_each(|key| _ = server.mended.entry(key).or_default());
    }
    let actions = actions(server, &asked.name, asked.range);
    server.answer(asked.id, value(actions));
}

/// The findings of a file that are told in a range.
fn here<'s>(server: &'s Server, name: &str, range: Range) -> Vec<&'s Finding> {
    let (Some(converter), Some(document)) = (server.converter(), server.documents.get(name)) else { return Vec::new() };
    let Some(file) = converter.snapshot.name(&document.path) else { return Vec::new() };
    let Some(snapshot) = server.snapshot.as_ref() else { return Vec::new() };
    let is_here = |finding: &&Finding| {
        let own = converter.location(&finding.file, finding.line, finding.column).range;
        finding.file == file && own.start.line <= range.end.line && range.start.line <= own.end.line
    };
    snapshot.report.findings.iter().filter(is_here).collect()
}

fn actions(server: &Server, name: &str, range: Range) -> Vec<CodeAction> {
    let mut all = Vec::new();
    for finding in here(server, name, range) {
        let key = (finding.fingerprint.clone(), finding.line);
        if let Some(suggestion) = server.mended.get(&key).and_then(Option::as_ref) {
            all.extend(edit(server, finding, suggestion));
        }
        if server.settings.as_ref().is_some_and(|settings| settings.suppressions.is_some()) {
            all.push(command("add to the suppressions", SUPPRESS, &finding.fingerprint));
        }
        all.push(command(&format!("explain {}", finding.rule), EXPLAIN, &finding.rule));
        if let Some(origin) = &finding.origin {
            all.push(command("where its references go", TRACE, &format!("{}:{}", origin.file, origin.line)));
        }
    }
    all
}

fn command(title: &str, command: &str, argument: &str) -> CodeAction {
    let title = format!("gupcheck: {title}");
    CodeAction {
        title: title.clone(),
        kind: Some(CodeActionKind::QuickFix),
        command: Some(Command { title, tooltip: None, command: command.to_owned(), arguments: Some(vec![json!(argument)]) }),
        ..CodeAction::default()
    }
}

fn edit(server: &Server, finding: &Finding, suggestion: &Suggestion) -> Option<CodeAction> {
    let converter = server.converter()?;
    let mut changes: HashMap<Uri, Vec<TextEdit>> = HashMap::new();
    for edit in &suggestion.edits {
        let text = converter.snapshot.text(&edit.file);
        let lines = Lines::new(&text, server.client.encoding);
        let start = lines.byte_at(edit.line, edit.column);
        let range = Range { start: lines.at(start), end: lines.at(start + edit.replace.len()) };
        changes.entry(converter.uri(&edit.file)).or_default().push(TextEdit { range, new_text: edit.with.clone() });
    }
    let diagnostic = converter.diagnostic(finding);
    Some(CodeAction {
        title: format!("gupcheck: {}", suggestion.message),
        kind: Some(CodeActionKind::QuickFix),
        diagnostics: Some(vec![diagnostic]),
        is_preferred: Some(true),
        edit: Some(WorkspaceEdit { changes: Some(changes), ..WorkspaceEdit::default() }),
        ..CodeAction::default()
    })
}

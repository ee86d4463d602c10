//! `textDocument/hover`: what calling a function does to page references. Nothing for any other function, so that clangd is
//! never in the shade.

use gen_lsp_types::{Contents, Hover, HoverParams, MarkupContent, MarkupKind, Range};
use lsp_server::RequestId;
use serde_json::Value;

use crate::analyst::Job;
use crate::position::Lines;
use crate::requests::{Handled, value};
use crate::server::Server;

/// A hover whose answer the analyst has.
pub(crate) struct Asked {
    pub(crate) id: RequestId,
    range: Range,
}

/// `None`: the analyst was asked.
pub(crate) fn handle(server: &mut Server, id: &RequestId, params: &HoverParams) -> Option<Handled> {
    let at = &params.text_document_position_params;
    let document = server.documents.get(&at.text_document.uri.0);
    let lines = document.map(|document| Lines::new(document.text.as_bytes(), server.client.encoding));
    let word = lines.and_then(|lines| lines.word(at.position).map(|(word, range)| (word.to_owned(), range)));
    let from = document.map(|document| document.path.clone()).unwrap_or_default();
    let Some((function, range)) = word else { return Some(Ok(Value::Null)) };
    let number = server.number();
    if !server.ask(Job::Summary { number, function, from }) {
        return Some(Ok(Value::Null));
    }
    server.summaries.insert(number, Asked { id: id.clone(), range });
    None
}

/// The analyst's answer; it may have been cancelled meanwhile.
pub(crate) fn answered(server: &mut Server, number: u64, text: Option<String>) {
    let Some(asked) = server.summaries.remove(&number) else { return };
    let hover = text.map(|text| Hover {
        contents: Contents::MarkupContent(MarkupContent {
            kind: MarkupKind::Markdown,
            value: format!("```toml\n{}\n```", text.trim_end()),
        }),
        range: Some(asked.range),
    });
    server.answer(asked.id, hover.map_or(Ok(Value::Null), value));
}

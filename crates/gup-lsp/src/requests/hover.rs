//! `textDocument/hover`: what calling a function does to page references. Nothing for any other function, so that clangd is
//! never in the shade.

use std::path::PathBuf;
use std::sync::Arc;

use gen_lsp_types::{Contents, Hover, HoverParams, MarkupContent, MarkupKind, Range};
use gup_driver::Conclusions;
use lsp_server::RequestId;
use serde_json::Value;

use crate::analyst::Job;
use crate::position::Lines;
use crate::requests::{Handled, value};
use crate::server::Server;

/// A hover that waits until anything is known of functions.
pub(crate) struct Asked {
    pub(crate) id: RequestId,
    function: String,
    /// The file in which it is called.
    from: PathBuf,
    range: Range,
}

/// `None`: it waits. It does so once at most: afterwards the last analysis is asked, be there a newer one at work.
pub(crate) fn handle(server: &mut Server, id: &RequestId, params: &HoverParams) -> Option<Handled> {
    let at = &params.text_document_position_params;
    let document = server.documents.get(&at.text_document.uri.0);
    let lines = document.map(|document| Lines::new(document.text.as_bytes(), server.client.encoding));
    let word = lines.and_then(|lines| lines.word(at.position).map(|(word, range)| (word.to_owned(), range)));
    let from = document.map(|document| document.path.clone()).unwrap_or_default();
    let Some((function, range)) = word else { return Some(Ok(Value::Null)) };
    let asked = Asked { id: id.clone(), function, from, range };
    if let Some(conclusions) = &server.conclusions {
        return Some(text(server, conclusions, &asked));
    }
    if !server.ask(Job::Conclude) {
        return Some(Ok(Value::Null));
    }
    server.hovers.push(asked);
    None
}

/// What the analyst knows is another now; `None`: it knows nothing.
pub(crate) fn answered(server: &mut Server, conclusions: Option<Arc<Conclusions>>) {
    server.conclusions = conclusions.or(server.conclusions.take());
    for asked in std::mem::take(&mut server.hovers) {
        let hover = server.conclusions.as_ref().map(|conclusions| text(server, conclusions, &asked));
        server.answer(asked.id, hover.unwrap_or(Ok(Value::Null)));
    }
}

fn text(server: &Server, conclusions: &Conclusions, asked: &Asked) -> Handled {
    let name = server.snapshot.as_ref().and_then(|snapshot| snapshot.name(&asked.from)).unwrap_or_default();
    let Some(text) = conclusions.reference_text(&asked.function, &name) else { return Ok(Value::Null) };
    value(Hover {
        contents: Contents::MarkupContent(MarkupContent {
            kind: MarkupKind::Markdown,
            value: format!("```toml\n{}\n```", text.trim_end()),
        }),
        range: Some(asked.range),
    })
}

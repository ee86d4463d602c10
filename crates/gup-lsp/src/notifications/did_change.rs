//! `textDocument/didChange`.

use std::time::Duration;

use gen_lsp_types::DidChangeTextDocumentParams;

use crate::server::Server;

/// Nobody types faster than this, and nobody sees that it is waited.
const PAUSE: Duration = Duration::from_millis(25);
/// A header may concern every unit.
const PAUSE_OF_HEADER: Duration = Duration::from_millis(300);

pub(crate) fn handle(server: &mut Server, params: DidChangeTextDocumentParams) {
    let name = params.text_document.text_document_identifier.uri.0;
    let encoding = server.client.encoding;
    if server.documents.change(&name, params.text_document.version, params.content_changes, encoding) {
        server.changed(if name.ends_with(".h") { PAUSE_OF_HEADER } else { PAUSE });
    }
}

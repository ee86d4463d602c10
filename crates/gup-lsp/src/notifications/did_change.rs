//! `textDocument/didChange`.

use std::time::Duration;

use gen_lsp_types::DidChangeTextDocumentParams;

use crate::server::Server;

/// What an editor changes by one command comes within this. Keys that are pressed one after the other do not, and need not: of
/// texts that come during an analysis only the newest is analysed.
const PAUSE: Duration = Duration::from_millis(10);
/// A header may concern every unit.
const PAUSE_OF_HEADER: Duration = Duration::from_millis(300);

pub(crate) fn handle(server: &mut Server, params: DidChangeTextDocumentParams) {
    let name = params.text_document.text_document_identifier.uri.0;
    let encoding = server.client.encoding;
    if server.documents.change(&name, params.text_document.version, params.content_changes, encoding) {
        server.changed(if name.ends_with(".h") { PAUSE_OF_HEADER } else { PAUSE });
    }
}

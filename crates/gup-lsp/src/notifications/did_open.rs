//! `textDocument/didOpen`.

use std::time::Duration;

use gen_lsp_types::DidOpenTextDocumentParams;

use crate::server::Server;

pub(crate) fn handle(server: &mut Server, params: DidOpenTextDocumentParams) {
    let document = params.text_document;
    if !server.documents.open(&document.uri.0, document.version, document.text) {
        return;
    }
    if !server.is_open() && server.client.root.is_none() && !server.is_asking() {
        // Without a folder the first file says which tree is meant.
        return server.open();
    }
    server.changed(Duration::ZERO);
}

//! `textDocument/didClose`: what is on disk counts again.

use std::time::Duration;

use gen_lsp_types::DidCloseTextDocumentParams;

use crate::analyst::Job;
use crate::server::Server;

pub(crate) fn handle(server: &mut Server, params: DidCloseTextDocumentParams) {
    let Some(document) = server.documents.close(&params.text_document.uri.0) else { return };
    server.ask(Job::Look(vec![document.path]));
    server.changed(Duration::ZERO);
}

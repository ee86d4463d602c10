//! `textDocument/didSave`: the text is on disk now, and is not waited for any longer.

use std::time::Duration;

use gen_lsp_types::DidSaveTextDocumentParams;

use crate::analyst::Job;
use crate::server::Server;

pub(crate) fn handle(server: &mut Server, params: DidSaveTextDocumentParams) {
    let Some(document) = server.documents.get(&params.text_document.uri.0) else { return };
    server.ask(Job::Look(vec![document.path.clone()]));
    server.changed(Duration::ZERO);
}

//! `textDocument/didSave`: the text is on disk now, and is not waited for any longer.

use std::time::Duration;

use gen_lsp_types::DidSaveTextDocumentParams;

use crate::analyst::Job;
use crate::server::Server;
use crate::watched;

pub(crate) fn handle(server: &mut Server, params: DidSaveTextDocumentParams) {
    let Some(document) = server.documents.get(&params.text_document.uri.0) else { return };
    if watched::is_settings(&document.path) {
        return server.open();
    }
    if server.settings.as_ref().is_some_and(|settings| settings.files.contains(&document.path)) {
        return server.read_known();
    }
    server.ask(Job::Look(vec![document.path.clone()]));
    server.changed(Duration::ZERO);
}

//! `workspace/didChangeWatchedFiles`: the client sees what others do to the tree.

use std::path::PathBuf;
use std::time::Duration;

use gen_lsp_types::DidChangeWatchedFilesParams;

use crate::analyst::Job;
use crate::server::Server;
use crate::{uri, watched};

pub(crate) fn handle(server: &mut Server, params: DidChangeWatchedFilesParams) {
    let files: Vec<PathBuf> = params.changes.iter().filter_map(|change| uri::path(&change.uri.0)).collect();
    let settings = server.settings.as_ref().map(|settings| settings.files.clone()).unwrap_or_default();
    if files.iter().any(|file| watched::is_settings(file)) {
        return server.open();
    }
    if files.iter().any(|file| settings.contains(file)) {
        server.read_known();
    }
    if !server.is_open() {
        return server.open();
    }
    server.ask(Job::Look(files));
    server.changed(Duration::from_millis(200));
}

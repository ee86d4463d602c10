//! Notifications of the client, one file each.

pub(crate) mod cancel;
pub(crate) mod did_change;
pub(crate) mod did_change_configuration;
pub(crate) mod did_change_watched_files;
pub(crate) mod did_close;
pub(crate) mod did_open;
pub(crate) mod did_save;
pub(crate) mod initialized;

use lsp_server::Notification;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::server::Server;

pub(crate) fn handle(server: &mut Server, notification: Notification) {
    let Notification { method, params } = notification;
    match method.as_str() {
        "initialized" => initialized::handle(server),
        "textDocument/didOpen" => with(server, params, did_open::handle),
        "textDocument/didChange" => with(server, params, did_change::handle),
        "textDocument/didSave" => with(server, params, did_save::handle),
        "textDocument/didClose" => with(server, params, did_close::handle),
        "workspace/didChangeWatchedFiles" => with(server, params, did_change_watched_files::handle),
        "workspace/didChangeConfiguration" => did_change_configuration::handle(server, &params),
        "$/cancelRequest" => with(server, params, cancel::handle),
        // `$/setTrace` and its kin.
        _ => {}
    }
}

/// What cannot be read is logged: nobody waits for an answer.
fn with<P: DeserializeOwned>(server: &mut Server, params: Value, handle: impl FnOnce(&mut Server, P)) {
    match serde_json::from_value(params) {
        Ok(params) => handle(server, params),
        Err(error) => server.log(&format!("gupcheck: a notification makes no sense: {error}")),
    }
}

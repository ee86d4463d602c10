//! `initialized`: the tree is opened, once the settings are known.

use serde_json::json;

use crate::notifications::did_change_configuration;
use crate::server::{Asked, Server};
use crate::watched;

pub(crate) fn handle(server: &mut Server) {
    if server.client.watches_files {
        let registrations = json!({ "registrations": [{
            "id": "gupcheck/files",
            "method": "workspace/didChangeWatchedFiles",
            "registerOptions": { "watchers": watched::patterns(server.client.watches_relative, server.client.root.as_deref()) },
        }] });
        server.request("client/registerCapability", registrations, Asked::Other);
    }
    match server.client.has_configuration {
        true => did_change_configuration::ask(server),
        false => server.open(),
    }
}

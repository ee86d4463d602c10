//! `workspace/didChangeConfiguration`, and asking for the configuration where the client wants to be asked.

use serde_json::{Map, Value, json};

use crate::server::{Asked, Server};

pub(crate) fn handle(server: &mut Server, params: &Value) {
    if server.client.has_configuration {
        return ask(server);
    }
    let own = params.pointer("/settings/gupcheck").and_then(Value::as_object).cloned();
    set(server, own.unwrap_or_default());
}

pub(crate) fn ask(server: &mut Server) {
    server.request("workspace/configuration", json!({ "items": [{ "section": "gupcheck" }] }), Asked::Configuration);
}

/// `None`: the client would not say.
pub(crate) fn answered(server: &mut Server, answer: Option<Value>) {
    let own = answer.as_ref().and_then(|answer| answer.get(0)).and_then(Value::as_object).cloned();
    set(server, own.unwrap_or_default());
}

fn set(server: &mut Server, given: Map<String, Value>) {
    if server.given != given || !server.is_open() {
        server.given = given;
        server.open();
    }
}

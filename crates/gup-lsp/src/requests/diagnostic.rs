//! `textDocument/diagnostic`, and telling clients that do not ask.

use std::collections::BTreeSet;
use std::hash::{DefaultHasher, Hash, Hasher};

use gen_lsp_types::{Diagnostic, DocumentDiagnosticParams, PublishDiagnosticsParams, Uri};
use serde_json::{Value, json};

use crate::requests::Handled;
use crate::server::{Asked, Server};

pub(crate) fn handle(server: &mut Server, params: &DocumentDiagnosticParams) -> Handled {
    let list = server.told().get(&params.text_document.uri.0).map(Vec::as_slice).unwrap_or_default();
    Ok(report(list, params.previous_result_id.as_deref()))
}

/// A full report, or that it is the one which the client has.
pub(crate) fn report(list: &[Diagnostic], previous: Option<&str>) -> Value {
    let id = result_id(list);
    match previous == Some(&id) {
        true => json!({ "kind": "unchanged", "resultId": id }),
        false => json!({ "kind": "full", "resultId": id, "items": list }),
    }
}

/// Equal lists have equal ids, also after the server was started again.
pub(crate) fn result_id(list: &[Diagnostic]) -> String {
    let mut hasher = DefaultHasher::new();
    serde_json::to_string(list).unwrap_or_default().hash(&mut hasher);
    format!("{:016x}", hasher.finish())
}

/// After a new snapshot: pushes what changed, or says that it is time to ask.
pub(crate) fn tell(server: &mut Server) {
    let before = server.told().clone();
    let changed = server.retell();
    if server.client.pulls {
        let files_not_open = changed.iter().any(|name| server.documents.get(name).is_none());
        // Who edits asks again anyway; what it does not know is that other files changed, or that the first audit is over.
        let is_news = files_not_open || before.keys().chain(&changed).any(|name| changed.contains(name));
        if is_news && server.client.refreshes_diagnostics {
            server.request("workspace/diagnostic/refresh", Value::Null, Asked::Other);
        }
    } else {
        push(server, &changed);
    }
    if server.client.refreshes_lenses && !changed.is_empty() {
        server.request("workspace/codeLens/refresh", Value::Null, Asked::Other);
    }
}

/// Open documents always, so that a client knows what its version has come to.
fn push(server: &Server, changed: &BTreeSet<String>) {
    let Some(snapshot) = &server.snapshot else { return };
    let names: BTreeSet<&String> = changed.iter().chain(snapshot.versions.keys()).collect();
    for name in names {
        let params = PublishDiagnosticsParams {
            uri: Uri(name.clone()),
            version: snapshot.versions.get(name).copied(),
            diagnostics: server.told().get(name).cloned().unwrap_or_default(),
        };
        server.notify("textDocument/publishDiagnostics", params);
    }
}

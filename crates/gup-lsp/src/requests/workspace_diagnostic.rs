//! `workspace/diagnostic`: all files with findings, open or not.

use std::collections::{BTreeMap, BTreeSet};

use gen_lsp_types::WorkspaceDiagnosticParams;
use serde_json::json;

use crate::requests::Handled;
use crate::requests::diagnostic;
use crate::server::Server;

pub(crate) fn handle(server: &mut Server, params: &WorkspaceDiagnosticParams) -> Handled {
    let known: BTreeMap<&str, &str> =
        params.previous_result_ids.iter().map(|known| (known.uri.0.as_str(), known.value.as_str())).collect();
    let told = server.told();
    // A file that had findings and has none any more is told once, empty.
    let empty = diagnostic::result_id(&[]);
    let gone = known.iter().filter(|(name, id)| !told.contains_key(**name) && **id != empty).map(|(name, _)| *name);
    let names: BTreeSet<&str> = told.keys().map(String::as_str).chain(gone).collect();
    let items: Vec<serde_json::Value> = names
        .into_iter()
        .map(|name| {
            let list = told.get(name).map(Vec::as_slice).unwrap_or_default();
            let mut report = diagnostic::report(list, known.get(name).copied());
            report["uri"] = name.into();
            report["version"] = server.documents.get(name).map(|document| document.version).into();
            report
        })
        .collect();
    Ok(json!({ "items": items }))
}

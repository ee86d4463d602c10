//! What the client can, as it says in `initialize`. Read leniently: a member that is not as it should be is not there.

use std::path::PathBuf;

use serde_json::{Map, Value};

use crate::position::Encoding;
use crate::uri;

#[derive(Clone, Debug)]
pub(crate) struct Client {
    pub(crate) encoding: Encoding,
    /// The folder that is open.
    pub(crate) root: Option<PathBuf>,
    /// `initializationOptions`.
    pub(crate) options: Map<String, Value>,
    /// It asks for diagnostics; then none are pushed, or it would show them twice.
    pub(crate) pulls: bool,
    pub(crate) refreshes_diagnostics: bool,
    pub(crate) refreshes_lenses: bool,
    pub(crate) has_configuration: bool,
    pub(crate) watches_files: bool,
    pub(crate) watches_relative: bool,
    pub(crate) shows_progress: bool,
}

impl Client {
    pub(crate) fn of(params: &Value) -> Client {
        let can = |pointer: &str| params.pointer(&format!("/capabilities/{pointer}"));
        let is = |pointer: &str| can(pointer).and_then(Value::as_bool) == Some(true);
        let offered: Vec<String> = can("general/positionEncodings")
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
            .filter_map(|name| name.as_str().map(str::to_owned))
            .collect();
        let folder = params.pointer("/workspaceFolders/0/uri").or_else(|| params.get("rootUri")).and_then(Value::as_str);
        let path = params.get("rootPath").and_then(Value::as_str).map(PathBuf::from);
        Client {
            encoding: Encoding::negotiate(&offered),
            root: folder.and_then(uri::path).or(path),
            options: params.get("initializationOptions").and_then(Value::as_object).cloned().unwrap_or_default(),
            pulls: can("textDocument/diagnostic").is_some_and(Value::is_object),
            refreshes_diagnostics: is("workspace/diagnostics/refreshSupport"),
            refreshes_lenses: is("workspace/codeLens/refreshSupport"),
            has_configuration: is("workspace/configuration"),
            watches_files: is("workspace/didChangeWatchedFiles/dynamicRegistration"),
            watches_relative: is("workspace/didChangeWatchedFiles/relativePatternSupport"),
            shows_progress: is("window/workDoneProgress"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_is_missing_or_odd_is_not_there() {
        let client = Client::of(&json!({"rootUri": null, "workspaceFolders": null, "capabilities": {"window": 3}}));
        assert_eq!((client.encoding, client.root.clone(), client.pulls), (Encoding::Utf16, None, false));
        let client = Client::of(&json!({
            "rootUri": "file:///src/linux",
            "capabilities": {"general": {"positionEncodings": ["utf-8"]}, "textDocument": {"diagnostic": {}}},
        }));
        assert_eq!((client.encoding, client.root.as_deref(), client.pulls), (Encoding::Utf8, Some("/src/linux".as_ref()), true));
    }
}

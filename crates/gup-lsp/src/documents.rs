//! What is open in the editor, and with which text.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use gen_lsp_types::TextDocumentContentChangeEvent;

use crate::analyst::Text;
use crate::position::{Encoding, Lines};
use crate::uri;

/// Open documents by URI.
#[derive(Default)]
pub(crate) struct Documents {
    open: BTreeMap<String, Document>,
}

pub(crate) struct Document {
    /// As on disk, symbolic links resolved: findings name files so.
    pub(crate) path: PathBuf,
    pub(crate) version: i32,
    pub(crate) text: String,
}

impl Documents {
    /// False where the URI means no file.
    pub(crate) fn open(&mut self, name: &str, version: i32, text: String) -> bool {
        let Some(path) = uri::path(name) else { return false };
        let path = path.canonicalize().unwrap_or(path);
        self.open.insert(name.to_owned(), Document { path, version, text });
        true
    }

    pub(crate) fn close(&mut self, name: &str) -> Option<Document> {
        self.open.remove(name)
    }

    /// Applies changes in order; false where the document is not open.
    pub(crate) fn change(
        &mut self,
        name: &str,
        version: i32,
        changes: Vec<TextDocumentContentChangeEvent>,
        encoding: Encoding,
    ) -> bool {
        let Some(document) = self.open.get_mut(name) else { return false };
        for change in changes {
            apply(&mut document.text, change, encoding);
        }
        document.version = version;
        true
    }

    pub(crate) fn get(&self, name: &str) -> Option<&Document> {
        self.open.get(name)
    }

    /// The URI under which the client has a file open.
    pub(crate) fn name_of(&self, path: &Path) -> Option<&str> {
        self.open.iter().find(|(_, document)| document.path == path).map(|(name, _)| name.as_str())
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (&str, &Document)> {
        self.open.iter().map(|(name, document)| (name.as_str(), document))
    }

    /// All texts, by URI.
    pub(crate) fn texts(&self) -> BTreeMap<String, Text> {
        let text = |document: &Document| Text {
            path: document.path.clone(),
            version: document.version,
            content: document.text.as_str().into(),
        };
        self.open.iter().map(|(name, document)| (name.clone(), text(document))).collect()
    }
}

fn apply(text: &mut String, change: TextDocumentContentChangeEvent, encoding: Encoding) {
    match change {
        TextDocumentContentChangeEvent::TextDocumentContentChangePartial(change) => {
            let lines = Lines::new(text.as_bytes(), encoding);
            let (start, end) = (lines.offset(change.range.start), lines.offset(change.range.end));
            text.replace_range(start..end.max(start), &change.text);
        }
        TextDocumentContentChangeEvent::TextDocumentContentChangeWholeDocument(change) => *text = change.text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn changes_apply_in_order() {
        let mut documents = Documents::default();
        assert!(documents.open("file:///nowhere/a.c", 1, "int \u{1f427};\nx\n".to_owned()));
        let changes = json!([
            {"range": {"start": {"line": 0, "character": 4}, "end": {"line": 0, "character": 6}}, "text": "ab"},
            {"range": {"start": {"line": 0, "character": 7}, "end": {"line": 1, "character": 0}}, "rangeLength": 1, "text": " "},
        ]);
        let changes: Vec<TextDocumentContentChangeEvent> = serde_json::from_value(changes).unwrap();
        assert!(documents.change("file:///nowhere/a.c", 2, changes, Encoding::Utf16));
        let document = documents.get("file:///nowhere/a.c").unwrap();
        assert_eq!((document.text.as_str(), document.version), ("int ab; x\n", 2));
        let whole = serde_json::from_value(json!([{"text": "y"}])).unwrap();
        documents.change("file:///nowhere/a.c", 3, whole, Encoding::Utf16);
        assert_eq!(&*documents.texts()["file:///nowhere/a.c"].content, "y");
        assert!(!documents.open("untitled:1", 1, String::new()));
        assert!(!documents.change("file:///b.c", 2, Vec::new(), Encoding::Utf8), "not open");
    }
}

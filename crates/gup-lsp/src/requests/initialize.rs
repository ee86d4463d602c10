//! `initialize`: what the client can, and what we can.

use gen_lsp_types::{
    CodeActionKind, CodeActionOptions, CodeActionProvider, CodeLensOptions, DiagnosticOptions, DiagnosticProvider,
    ExecuteCommandOptions, HoverProvider, Save, ServerCapabilities, TextDocumentSync, TextDocumentSyncKind,
    TextDocumentSyncOptions,
};
use serde_json::{Value, json};

use crate::client::Client;
use crate::convert::SOURCE;
use crate::requests::execute_command;
use crate::server::{Phase, Server};

pub(crate) fn handle(server: &mut Server, params: &Value) -> Value {
    server.client = Client::of(params);
    server.phase = Phase::Running;
    let capabilities = ServerCapabilities {
        position_encoding: Some(server.client.encoding.kind()),
        text_document_sync: Some(TextDocumentSync::Options(TextDocumentSyncOptions {
            open_close: Some(true),
            change: Some(TextDocumentSyncKind::Incremental),
            save: Some(Save::Bool(true)),
            ..TextDocumentSyncOptions::default()
        })),
        diagnostic_provider: Some(DiagnosticProvider::DiagnosticOptions(DiagnosticOptions {
            identifier: Some(SOURCE.to_owned()),
            inter_file_dependencies: true,
            workspace_diagnostics: true,
            ..DiagnosticOptions::default()
        })),
        code_action_provider: Some(CodeActionProvider::CodeActionOptions(CodeActionOptions {
            code_action_kinds: Some(vec![CodeActionKind::QuickFix]),
            ..CodeActionOptions::default()
        })),
        code_lens_provider: Some(CodeLensOptions::default()),
        hover_provider: Some(HoverProvider::Bool(true)),
        execute_command_provider: Some(ExecuteCommandOptions {
            commands: execute_command::NAMES.map(str::to_owned).to_vec(),
            ..ExecuteCommandOptions::default()
        }),
        ..ServerCapabilities::default()
    };
    json!({
        "capabilities": serde_json::to_value(capabilities).unwrap_or_default(),
        "serverInfo": { "name": SOURCE, "version": env!("CARGO_PKG_VERSION") },
    })
}

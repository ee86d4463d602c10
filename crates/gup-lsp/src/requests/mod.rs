//! Requests of the client, one file each. Those about the analysis wait until it is about the texts as they are.

pub(crate) mod code_action;
pub(crate) mod code_lens;
pub(crate) mod diagnostic;
pub(crate) mod execute_command;
pub(crate) mod hover;
pub(crate) mod initialize;
pub(crate) mod workspace_diagnostic;

use lsp_server::{ErrorCode, Request};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::server::{Refusal, Server};

/// What a handler says at once.
pub(crate) type Handled = Result<Value, Refusal>;

pub(crate) fn handle(server: &mut Server, request: Request) {
    let is_about_analysis = matches!(
        request.method.as_str(),
        "textDocument/diagnostic" | "workspace/diagnostic" | "textDocument/codeLens" | "textDocument/codeAction"
    );
    // Also before the settings are known, and the tree with them.
    if is_about_analysis && !server.can_answer(&request.method) {
        server.wait(request);
    } else {
        now(server, request);
    }
}

/// Answers a request with what there is.
pub(crate) fn now(server: &mut Server, request: Request) {
    let Request { id, method, params } = request;
    let handled = match method.as_str() {
        "textDocument/diagnostic" => with(params, |params| diagnostic::handle(server, &params)),
        "workspace/diagnostic" => with(params, |params| workspace_diagnostic::handle(server, &params)),
        "textDocument/codeLens" => with(params, |params| code_lens::handle(server, &params)),
        "workspace/executeCommand" => with(params, |params| execute_command::handle(server, params)),
        "textDocument/codeAction" => match serde_json::from_value(params) {
            Ok(params) => match code_action::handle(server, &id, &params) {
                Some(answer) => answer,
                None => return,
            },
            Err(error) => Err(invalid(&error)),
        },
        "textDocument/hover" => match serde_json::from_value(params) {
            Ok(params) => match hover::handle(server, &id, &params) {
                Some(answer) => answer,
                // The analyst is asked.
                None => return,
            },
            Err(error) => Err(invalid(&error)),
        },
        other => Err(Refusal::new(ErrorCode::MethodNotFound, format!("gupcheck does not know {other}"))),
    };
    server.answer(id, handled);
}

fn with<P: DeserializeOwned>(params: Value, handle: impl FnOnce(P) -> Handled) -> Handled {
    serde_json::from_value(params).map_err(|error| invalid(&error)).and_then(handle)
}

fn invalid(error: &serde_json::Error) -> Refusal {
    Refusal::new(ErrorCode::InvalidParams, error.to_string())
}

/// The answer as the protocol has it.
pub(crate) fn value(result: impl Serialize) -> Handled {
    serde_json::to_value(result).map_err(|error| Refusal::new(ErrorCode::InternalError, error.to_string()))
}

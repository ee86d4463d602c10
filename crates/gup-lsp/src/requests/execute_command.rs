//! `workspace/executeCommand`: where the references of a place go, and what a rule is about.

use gen_lsp_types::ExecuteCommandParams;
use lsp_server::ErrorCode;
use serde_json::{Value, json};

use crate::requests::Handled;
use crate::server::{Refusal, Server};

/// Argument: `file:line` in the tree, or a function. Answers with a text, and shows it.
pub(crate) const TRACE: &str = "gupcheck/trace";
/// Argument: a rule. Answers with its page, and shows it.
pub(crate) const EXPLAIN: &str = "gupcheck/explain";

pub(crate) const NAMES: [&str; 2] = [TRACE, EXPLAIN];

pub(crate) fn handle(server: &mut Server, params: ExecuteCommandParams) -> Handled {
    let arguments = params.arguments.unwrap_or_default();
    let argument = arguments.first().and_then(Value::as_str).unwrap_or_default().to_owned();
    let text = match params.command.as_str() {
        TRACE => trace(server, &argument)?,
        EXPLAIN => explain(server, &argument)?,
        other => return Err(Refusal::new(ErrorCode::InvalidParams, format!("gupcheck has no command {other}"))),
    };
    server.notify("window/showMessage", json!({ "type": 3, "message": text }));
    Ok(Value::String(text))
}

fn trace(server: &Server, what: &str) -> Result<String, Refusal> {
    let snapshot = server.snapshot.as_ref().ok_or_else(|| Refusal::new(ErrorCode::RequestFailed, "the audit is not over yet"))?;
    let text = gup_report::trace::render(&snapshot.report, what);
    if text.is_empty() {
        return Err(Refusal::new(
            ErrorCode::RequestFailed,
            format!("no acquisition or release at {what}, and none in a function {what}"),
        ));
    }
    Ok(text)
}

fn explain(server: &Server, rule: &str) -> Result<String, Refusal> {
    let rules = server.settings.iter().flat_map(|settings| &settings.rules);
    let page = rules.into_iter().find(|known| known.name == rule).map(|known| known.page.clone());
    page.ok_or_else(|| Refusal::new(ErrorCode::InvalidParams, format!("there is no rule {rule}")))
}

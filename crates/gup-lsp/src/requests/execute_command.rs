//! `workspace/executeCommand`: where the references of a place go, and what a rule is about.

use gen_lsp_types::ExecuteCommandParams;
use gup_report::known::suppression::Covers;
use gup_report::known::suppression::edit::{New, added};
use lsp_server::ErrorCode;
use serde_json::{Value, json};

use crate::requests::Handled;
use crate::server::{Refusal, Server};

/// Argument: `file:line` in the tree, or a function. Answers with a text, and shows it.
pub(crate) const TRACE: &str = "gupcheck/trace";
/// Argument: a rule. Answers with its page, and shows it.
pub(crate) const EXPLAIN: &str = "gupcheck/explain";

/// Arguments: a fingerprint, and if they are known reason and owner. Adds the finding to the file of suppressions.
pub(crate) const SUPPRESS: &str = "gupcheck/suppress";

pub(crate) const NAMES: [&str; 3] = [TRACE, EXPLAIN, SUPPRESS];

pub(crate) fn handle(server: &mut Server, params: ExecuteCommandParams) -> Handled {
    let arguments = params.arguments.unwrap_or_default();
    let argument = arguments.first().and_then(Value::as_str).unwrap_or_default().to_owned();
    let text = match params.command.as_str() {
        TRACE => trace(server, &argument)?,
        EXPLAIN => explain(server, &argument)?,
        SUPPRESS => {
            let word = |number: usize| arguments.get(number).and_then(Value::as_str).filter(|word| !word.is_empty());
            suppress(server, &argument, word(1).unwrap_or(UNSAID), word(2).unwrap_or(UNSAID))?
        }
        other => return Err(Refusal::new(ErrorCode::InvalidParams, format!("gupcheck has no command {other}"))),
    };
    server.notify("window/showMessage", json!({ "type": 3, "message": text }));
    Ok(Value::String(text))
}

/// What stands in the file until somebody says better.
const UNSAID: &str = "TODO";

fn suppress(server: &mut Server, fingerprint: &str, reason: &str, owner: &str) -> Result<String, Refusal> {
    let failed = |message: String| Refusal::new(ErrorCode::RequestFailed, message);
    let path = server.settings.as_ref().and_then(|settings| settings.suppressions.clone());
    let path =
        path.ok_or_else(|| failed("no file of suppressions is set: name one as `suppressions` in the settings".to_owned()))?;
    let finding = server.snapshot.as_ref().and_then(|snapshot| {
        let findings = &snapshot.report.findings;
        findings.iter().find(|finding| finding.fingerprint == fingerprint)
    });
    let finding = finding.ok_or_else(|| failed(format!("there is no finding {fingerprint}")))?;
    let covers = Covers::One {
        fingerprint: fingerprint.to_owned(),
        rule: finding.rule.clone(),
        file: finding.file.clone(),
        function: finding.function.clone(),
    };
    let new = New { covers, message: finding.message.clone(), reason: reason.to_owned(), owner: owner.to_owned(), until: None };
    let old = match path.exists() {
        true => std::fs::read_to_string(&path).map_err(|error| failed(format!("{}: {error}", path.display())))?,
        false => String::new(),
    };
    std::fs::write(&path, added(&old, &new)).map_err(|error| failed(format!("{}: {error}", path.display())))?;
    server.read_known();
    Ok(format!("{}: added {fingerprint}; say there why it is not to be told", path.display()))
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

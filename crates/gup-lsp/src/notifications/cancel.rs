//! `$/cancelRequest`: a request that waits is not waited for any more. One that is being answered is answered.

use gen_lsp_types::CancelParams;
use lsp_server::{ErrorCode, RequestId};
use serde_json::Value;

use crate::server::{Refusal, Server};

pub(crate) fn handle(server: &mut Server, params: CancelParams) {
    let id = match serde_json::to_value(params.id) {
        Ok(Value::String(name)) => RequestId::from(name),
        Ok(Value::Number(number)) => match number.as_i64().and_then(|number| i32::try_from(number).ok()) {
            Some(number) => RequestId::from(number),
            None => return,
        },
        _ => return,
    };
    let (hovers, actions) = (server.hovers.len(), server.actions.len());
    server.hovers.retain(|asked| asked.id != id);
    server.actions.retain(|_, asked| asked.id != id);
    let was_asked = (hovers, actions) != (server.hovers.len(), server.actions.len());
    if server.forget(&id) || was_asked {
        server.answer(id, Err(Refusal::new(ErrorCode::RequestCanceled, "cancelled")));
    }
}

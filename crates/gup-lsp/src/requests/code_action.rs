//! `textDocument/codeAction`.

use gen_lsp_types::CodeActionParams;

use crate::requests::{Handled, value};
use crate::server::Server;

pub(crate) fn handle(_server: &mut Server, _params: &CodeActionParams) -> Handled {
    value([(); 0])
}

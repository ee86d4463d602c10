//! The language server: what an audit says of a tree, while its files are being edited.
//!
//! The main loop (`main_loop`) takes one closed [`main_loop::Event`] after the other and never waits; all that takes long
//! is done by one thread that has the tree open (`analyst`), through the driver, as an audit does it; headers that concern much of
//! the tree are prepared beside it (`beside`), so that it has answers meanwhile. What comes back is a `snapshot`. Each request and each notification has a file of its own (`requests`, `notifications`), and `convert` alone
//! knows both findings and the protocol's types. This crate reads neither command line nor environment: its host does.
//!
//! Start with [`serve()`], then `main_loop`.

mod main_loop;
mod server;
mod settings;
mod client;
mod analyst;
mod beside;
mod snapshot;
mod documents;
mod position;
mod uri;
mod convert;
mod requests;
mod notifications;
mod progress;
mod pages;
mod watched;

pub use lsp_server::Connection;
pub use main_loop::serve;
pub use settings::{Host, Reader, Request, Settings};

/// Serves on stdin and stdout until the client says `exit` or is gone. True: it said `shutdown` before.
pub fn stdio(host: Host) -> bool {
    let (connection, threads) = Connection::stdio();
    let is_orderly = serve(connection, host);
    // What was sent last is still on its way; a client that is gone does not matter any more.
    let _ = threads.join();
    is_orderly
}

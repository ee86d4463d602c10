//! `$/progress`: what the first audit of a tree is doing, for clients that show it.

use std::time::{Duration, Instant};

use gup_driver::Event;
use serde_json::json;

use crate::server::{Asked, Server};

const TOKEN: &str = "gupcheck/audit";
/// Not more often than people read.
const INTERVAL: Duration = Duration::from_millis(200);

#[derive(Default)]
pub(crate) struct Progress {
    is_open: bool,
    last: Option<Instant>,
}

/// The audit begins or ended.
pub(crate) fn auditing(server: &mut Server, begins: bool) {
    if !server.client.shows_progress || server.progress.is_open == begins {
        return;
    }
    server.progress.is_open = begins;
    server.progress.last = None;
    if begins {
        server.request("window/workDoneProgress/create", json!({ "token": TOKEN }), Asked::Other);
        tell(server, json!({ "kind": "begin", "title": "gupcheck audits the tree", "cancellable": false, "percentage": 0 }));
    } else {
        tell(server, json!({ "kind": "end" }));
    }
}

/// Something happened on the way.
pub(crate) fn event(server: &mut Server, event: &Event) {
    let is_too_soon = server.progress.last.is_some_and(|last| last.elapsed() < INTERVAL);
    if !server.progress.is_open || is_too_soon {
        return;
    }
    server.progress.last = Some(Instant::now());
    let (message, percentage) = match event {
        Event::Extracting { left, total } => {
            (format!("reading: {left} of {total} files left"), Some(100 * (total - left.min(total)) / (*total).max(1)))
        }
        Event::Analysing { done, total } => ("analysing".to_owned(), Some(100 * done / (*total).max(1))),
        Event::Demand { round, units } => (format!("round {round}: {units} more files"), None),
    };
    let mut value = json!({ "kind": "report", "message": message });
    if let Some(percentage) = percentage {
        value["percentage"] = percentage.into();
    }
    tell(server, value);
}

fn tell(server: &Server, value: serde_json::Value) {
    server.notify("$/progress", json!({ "token": TOKEN, "value": value }));
}

//! What is going on, on stderr: one line that is rewritten on a terminal, lines with `-v`, otherwise nothing.

use std::io::{IsTerminal, Write};
use std::sync::Arc;

use gup_driver::{Event, Listener};

pub(crate) fn listener(quiet: bool, verbose: bool) -> Option<Listener> {
    let terminal = std::io::stderr().is_terminal();
    match (quiet, verbose) {
        (true, _) => None,
        (_, true) => Some(Arc::new(|event| {
            let is_step = matches!(event, Event::Extracting { left, total } if *left != *total && *left % 50 != 0);
            if !is_step {
                let _ = writeln!(std::io::stderr(), "gupcheck: {}", describe(event));
            }
        })),
        _ if !terminal => None,
        _ => Some(Arc::new(|event| {
            let _ = write!(std::io::stderr(), "\r\x1b[K{}{}", bar(event), describe(event));
        })),
    }
}

/// Removes the line, before anything else is written.
pub(crate) fn clear() {
    if std::io::stderr().is_terminal() {
        let _ = write!(std::io::stderr(), "\r\x1b[K");
    }
}

/// How far reading has come; analysing does not know.
fn bar(event: &Event) -> String {
    const WIDTH: usize = 24;
    let Event::Extracting { left, total } = event else { return String::new() };
    let done = total.saturating_sub(*left) * WIDTH / (*total).max(1);
    format!("[{}{}] ", "#".repeat(done), "-".repeat(WIDTH - done))
}

fn describe(event: &Event) -> String {
    match event {
        Event::Extracting { left, total } => format!("reading: {left} of {total} units left"),
        Event::Analysing { units } => format!("analysing {units} units"),
        Event::Demand { round, units } => format!("round {round}: {units} more units"),
    }
}

//! What is going on, on stderr: one line that is rewritten on a terminal, lines with `-v`, otherwise nothing.

use std::io::{IsTerminal, Write};
use std::sync::{Arc, Mutex, PoisonError};

use gup_driver::{Event, Listener};

pub(crate) fn listener(quiet: bool, verbose: bool) -> Option<Listener> {
    let terminal = std::io::stderr().is_terminal();
    let tell: fn(&str) = match (quiet, verbose) {
        (true, _) => return None,
        (_, true) => |line| {
            let _ = writeln!(std::io::stderr(), "gupcheck: {line}");
        },
        _ if !terminal => return None,
        _ => |line| {
            let _ = write!(std::io::stderr(), "\r\x1b[K{line}");
        },
    };
    // Events come by the thousand, from all threads; a line only where it says something else than the last.
    let last = Mutex::new(String::new());
    Some(Arc::new(move |event| {
        let line = if verbose { step(event) } else { Some(bar(event)) };
        let mut last = last.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(line) = line.filter(|line| *line != *last) {
            tell(&line);
            *last = line;
        }
    }))
}

/// Removes the line, before anything else is written.
pub(crate) fn clear() {
    if std::io::stderr().is_terminal() {
        let _ = write!(std::io::stderr(), "\r\x1b[K");
    }
}

/// For a terminal: how far the phase has come.
fn bar(event: &Event) -> String {
    match *event {
        Event::Extracting { left, total } => {
            let done = total.saturating_sub(left);
            format!("{} reading: {done} of {total} files", gauge(done, total))
        }
        Event::Analysing { done, total } => {
            format!("{} analysing: {} %", gauge(done, total), percent(done, total))
        }
        Event::Demand { round, units } => demand(round, units),
    }
}

fn gauge(done: usize, total: usize) -> String {
    const WIDTH: usize = 24;
    let filled = (done * WIDTH / total.max(1)).min(WIDTH);
    format!("[{}{}]", "#".repeat(filled), "-".repeat(WIDTH - filled))
}

/// For a log: some of the steps.
fn step(event: &Event) -> Option<String> {
    match *event {
        Event::Extracting { left, total } if left != total && left % 50 != 0 => None,
        Event::Extracting { left, total } => Some(format!("reading: {left} of {total} units left")),
        Event::Analysing { done, total } => Some(format!("analysing: {} %", percent(done, total) / 25 * 25)),
        Event::Demand { round, units } => Some(demand(round, units)),
    }
}

fn percent(done: usize, total: usize) -> usize {
    done * 100 / total.max(1)
}

fn demand(round: u32, units: usize) -> String {
    format!("round {round}: {units} more units")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_long_phases_have_a_bar() {
        assert_eq!(bar(&Event::Extracting { left: 5, total: 10 }), "[############------------] reading: 5 of 10 files");
        assert_eq!(bar(&Event::Analysing { done: 9, total: 12 }), "[##################------] analysing: 75 %");
        assert_eq!(bar(&Event::Analysing { done: 0, total: 0 }), "[------------------------] analysing: 0 %");
    }

    #[test]
    fn a_log_has_a_few_lines_of_each_phase() {
        let lines: std::collections::BTreeSet<String> =
            (1..=1000).filter_map(|done| step(&Event::Analysing { done, total: 1000 })).collect();
        assert_eq!(lines.len(), 5, "{lines:?}");
        assert_eq!((0..=120).rev().filter_map(|left| step(&Event::Extracting { left, total: 120 })).count(), 4);
    }
}

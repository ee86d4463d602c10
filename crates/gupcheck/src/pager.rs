//! Long texts for people at a terminal, through the pager that they like.

use std::io::{IsTerminal, Write};
use std::process::{Command, Stdio};

use crate::output::{Failure, print};

/// Through `$GUPCHECK_PAGER`, `$PAGER` or less where stdout is a terminal, else as it is. An empty variable: no pager.
pub(crate) fn show(text: &str) -> Result<(), Failure> {
    let wanted = ["GUPCHECK_PAGER", "PAGER"].into_iter().find_map(|name| std::env::var(name).ok());
    let pager = wanted.unwrap_or_else(|| "less".to_owned());
    if !std::io::stdout().is_terminal() || pager.is_empty() {
        return print(text);
    }
    let mut command = Command::new("sh");
    command.arg("-c").arg(pager).stdin(Stdio::piped());
    if std::env::var_os("LESS").is_none() {
        // Ends by itself where one screen holds all, and leaves the text there; as git does it.
        command.env("LESS", "FRX");
    }
    let Ok(mut child) = command.spawn() else { return print(text) };
    if let Some(mut input) = child.stdin.take() {
        // Who leaves the pager early has read enough.
        let _ = input.write_all(text.as_bytes());
    }
    match child.wait() {
        // The shell did not find it.
        Ok(status) if status.code() == Some(127) => print(text),
        _ => Ok(()),
    }
}

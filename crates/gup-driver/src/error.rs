//! What stops a run. Everything else (a unit that fails, a cache that is torn) is part of the outcome.

use std::fmt;

use gup_analysis::contract::ContractError;

/// Why there is no outcome.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Error {
    /// [`crate::Options::stop`] said so.
    Stopped,
    /// For the user: what is wrong and what to do about it.
    Message(String),
    /// Mistakes in contract or policy files, with the names and texts of the files.
    Contracts { errors: Vec<ContractError>, files: Vec<(String, String)> },
}

impl Error {
    pub fn new(message: impl Into<String>) -> Error {
        Error::Message(message.into())
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Error::Stopped => f.write_str("stopped: the result is not wanted any more"),
            Error::Message(message) => f.write_str(message),
            Error::Contracts { errors, .. } => {
                let lines: Vec<String> = errors.iter().map(|error| format!("{}: {}", error.file, error.message)).collect();
                f.write_str(&lines.join("\n"))
            }
        }
    }
}

impl std::error::Error for Error {}

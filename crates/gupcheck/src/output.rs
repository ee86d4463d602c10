//! Where text goes: stdout, stderr and files, with quiet ends for broken pipes.

use std::io::{IsTerminal, Write};
use std::path::Path;
use std::process::ExitCode;

use gup_analysis::contract::ContractError;
use gup_driver::Outcome;

use crate::cli::Color;
use crate::formats::Format;

/// Why a command ends with status 2: the message for the user, which may be several lines already rendered.
pub(crate) struct Failure(String);

impl Failure {
    pub(crate) fn new(message: impl Into<String>) -> Failure {
        Failure(format!("gupcheck: {}\n", message.into()))
    }

    /// Mistakes in one file of ours, each with its line.
    pub(crate) fn in_file(errors: &[ContractError], name: &str, text: &str) -> Failure {
        let source = |file: &str| (file == name).then(|| text.to_owned());
        Failure(gup_report::contract_error::render(errors, &source, wants_color(&std::io::stderr())))
    }

    /// For a client, which puts the program's name before it.
    pub(crate) fn text(&self) -> String {
        self.0.trim_end().trim_start_matches("gupcheck: ").to_owned()
    }

    pub(crate) fn report(&self) -> ExitCode {
        crate::progress::clear();
        let _ = std::io::stderr().write_all(self.0.as_bytes());
        ExitCode::from(2)
    }
}

impl From<gup_driver::Error> for Failure {
    fn from(error: gup_driver::Error) -> Failure {
        match error {
            gup_driver::Error::Stopped => Failure::new(error.to_string()),
            gup_driver::Error::Message(message) => Failure::new(message),
            gup_driver::Error::Contracts { errors, files } => {
                let source = |name: &str| files.iter().find(|(file, _)| file == name).map(|(_, text)| text.clone());
                Failure(gup_report::contract_error::render(&errors, &source, wants_color(&std::io::stderr())))
            }
        }
    }
}

/// A file of the tree as it was analysed, for its lines.
pub(crate) fn source(outcome: &Outcome, file: &str) -> Option<String> {
    let bytes = match outcome.files.get(file) {
        Some(content) => content.clone()?,
        None => std::fs::read(outcome.root.join(file)).ok()?,
    };
    Some(as_text(bytes))
}

/// What is not UTF-8 becomes `?` and keeps its place.
pub(crate) fn as_text(bytes: Vec<u8>) -> String {
    let ascii = |bytes: Vec<u8>| bytes.into_iter().map(|byte| if byte.is_ascii() { char::from(byte) } else { '?' }).collect();
    String::from_utf8(bytes).unwrap_or_else(|error| ascii(error.into_bytes()))
}

/// Text on a terminal, gcc's form in pipes, nothing where the user asked for files.
pub(crate) fn default_format(asked: Option<Format>, files: bool) -> Option<Format> {
    match (asked, files, std::io::stdout().is_terminal()) {
        (Some(format), ..) => Some(format),
        (None, true, _) => None,
        (None, false, true) => Some(Format::Text),
        (None, false, false) => Some(Format::Gcc),
    }
}

pub(crate) fn use_color(choice: Color) -> bool {
    match choice {
        Color::Always => true,
        Color::Never => false,
        Color::Auto => wants_color(&std::io::stdout()),
    }
}

/// A terminal whose user did not say otherwise (no-color.org).
fn wants_color(stream: &impl IsTerminal) -> bool {
    let is_dumb = std::env::var_os("TERM").is_some_and(|term| term == "dumb");
    stream.is_terminal() && !is_dumb && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty())
}

/// Whole, by rename, so that nobody reads half a report.
pub(crate) fn write_file(path: &Path, text: &str) -> Result<(), Failure> {
    if path == Path::new("-") {
        return print(text);
    }
    // A device or a pipe is written to: to rename over /dev/null would take it away from everybody.
    if path.exists() && !path.is_file() {
        return std::fs::write(path, text).map_err(|error| Failure::new(format!("cannot write {}: {error}", path.display())));
    }
    let mut name = path.file_name().unwrap_or_default().to_os_string();
    name.push(format!(".{}.tmp", std::process::id()));
    let temporary = path.with_file_name(name);
    let written = std::fs::write(&temporary, text).and_then(|()| std::fs::rename(&temporary, path));
    written.map_err(|error| {
        let _ = std::fs::remove_file(&temporary);
        Failure::new(format!("cannot write {}: {error}", path.display()))
    })
}

/// To stdout. A reader that has gone away has seen enough.
pub(crate) fn print(text: &str) -> Result<(), Failure> {
    let mut out = std::io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => Err(Failure::new(format!("stdout: {error}"))),
        _ => Ok(()),
    }
}

/// To stderr.
pub(crate) fn say(text: &str) {
    let _ = std::io::stderr().write_all(text.as_bytes());
}

//! What the program around the server knows: how settings become options of the driver.

use std::path::PathBuf;
use std::sync::Arc;

use gup_driver::Options;
use gup_report::RuleText;
use gup_report::known::{Day, Given};
use gup_report::report::Confidence;
use serde_json::{Map, Value};

/// The program that the server is part of. It reads command line, environment and configuration files; the server has none of these.
#[derive(Clone)]
pub struct Host {
    /// The settings for a tree: the folder that is open in the client, if any, and what the client set. The error is for people.
    pub settings: Reader,
    /// Day of the calendar, for suppressions that end.
    pub today: fn() -> Day,
}

/// Finds out what is set for a tree.
pub type Reader = Arc<dyn Fn(&Request) -> Result<Settings, String> + Send + Sync>;

/// What the client says about settings.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Request {
    /// A directory in the tree.
    pub folder: PathBuf,
    /// By the names that the command line has for them, without dashes in front.
    pub given: Map<String, Value>,
}

/// How a tree is audited and what is told of it.
#[derive(Clone)]
pub struct Settings {
    pub options: Options,
    /// Findings of at least this confidence are told.
    pub confidence: Confidence,
    pub known: Given,
    /// The file that suppressions are added to, if one is named.
    pub suppressions: Option<PathBuf>,
    /// Other files that the settings came from.
    pub files: Vec<PathBuf>,
    pub rules: Vec<RuleText>,
}

//! `gupcheck report`: a stored report or diff in other formats, without an analysis.

use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;
use gup_driver::Tree;
use gup_report::json::{self, Stored};

use crate::cli::Color;
use crate::formats::{FormatOptions, Rendering, Subject, rule_texts};
use crate::output::{Failure, as_text};

#[derive(Args)]
pub(crate) struct Options {
    /// What `audit -o json=IN` or `diff -o json=IN` wrote; - reads it from stdin
    #[arg(value_name = "IN")]
    input: PathBuf,
    /// The kernel tree that was audited, for source lines [default: without them]
    #[arg(long, value_name = "DIR")]
    tree: Option<PathBuf>,
    #[command(flatten)]
    formats: FormatOptions,
    /// Colours on a terminal
    #[arg(long, value_enum, default_value_t = Color::Auto, value_name = "WHEN")]
    color: Color,
}

pub(crate) fn run(args: &Options) -> Result<ExitCode, Failure> {
    let text = read(&args.input)?;
    let stored = json::read(&text)
        .map_err(|error| Failure::new(format!("{}: {error}; `gupcheck audit -o json=FILE` writes one", args.input.display())))?;
    let version = match &stored {
        Stored::Report(report) => &report.tree.version,
        Stored::Diff(diff) => &diff.tree.version,
    };
    let root = args.tree.as_deref().map(|path| tree(path, version)).transpose()?;
    if args.formats.sarif_root && root.is_none() {
        return Err(Failure::new("--sarif-root needs --tree DIR"));
    }
    let source = |_: Option<usize>, file: &str| std::fs::read(root.as_ref()?.join(file)).ok().map(as_text);
    let subject = match &stored {
        Stored::Report(report) => Subject::Report(report),
        Stored::Diff(diff) => Subject::Diff(diff),
    };
    let rendering =
        Rendering { subject, options: &args.formats, rules: rule_texts(None)?, source: &source, root: root.as_deref() };
    rendering.write(args.color)?;
    Ok(ExitCode::SUCCESS)
}

fn read(path: &Path) -> Result<String, Failure> {
    let mut text = String::new();
    let result = match path == Path::new("-") {
        true => std::io::stdin().lock().read_to_string(&mut text).map(|_| ()),
        false => std::fs::read_to_string(path).map(|read| text = read),
    };
    result.map_err(|error| Failure::new(format!("{}: {error}", path.display())))?;
    Ok(text)
}

/// The tree must be the kernel that the report is of: source lines of another would be nonsense.
fn tree(path: &Path, reported: &str) -> Result<PathBuf, Failure> {
    let root = path.canonicalize().map_err(|error| Failure::new(format!("{}: {error}", path.display())))?;
    let version = Tree::version_at(&root)?;
    match version == reported || reported.is_empty() {
        true => Ok(root),
        false => Err(Failure::new(format!(
            "{} is Linux {version}, the report is of {reported}: name the tree that was audited, or leave --tree out",
            path.display()
        ))),
    }
}

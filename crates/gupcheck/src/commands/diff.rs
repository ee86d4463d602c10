//! `gupcheck diff`: what a patch introduces, fixes and leaves.

use std::io::Read;
use std::path::Path;
use std::process::ExitCode;

use gup_driver::{Change, Status};
use gup_report::Diff;
use gup_report::diff::{ChangedFile, FileStatus};

use crate::cli::{self, Format};
use crate::commands::audit;
use crate::output::{Failure, default_format, print, rendered, say, use_color, write_file};
use crate::progress;

pub(crate) fn run(args: &cli::Diff) -> Result<ExitCode, Failure> {
    let patch = read(&args.patch)?;
    let options = args.tree.options(&[])?;
    let change = gup_driver::diff(&options, &patch)?;
    progress::clear();
    let before = audit::report(&change.before, args.report.confidence);
    let after = audit::report(&change.after, args.report.confidence);
    let diff = Diff::between(&before, &after, changed(&change));
    // The people's formats show what the patch introduces.
    let mut introduced = after.clone();
    introduced.findings.clone_from(&diff.introduced);
    let text = |format, color| match format {
        Format::Json => gup_report::json::diff(&diff),
        format => rendered(&introduced, format, &change.after.root, color),
    };
    for target in &args.report.output {
        write_file(&target.file, &text(target.format, false))?;
    }
    if let Some(format) = default_format(args.report.format, !args.report.output.is_empty()) {
        print(&text(format, use_color(args.tree.color)))?;
    }
    audit::warn(&change.after);
    if !args.tree.quiet {
        say(&summary(&diff, &change.after.phases));
    }
    let status = audit::status(&introduced, &change.after, &args.report);
    Ok(status)
}

fn read(path: &Path) -> Result<Vec<u8>, Failure> {
    let mut bytes = Vec::new();
    let result = match path == Path::new("-") {
        true => std::io::stdin().lock().read_to_end(&mut bytes).map(|_| ()),
        false => std::fs::read(path).map(|read| bytes = read),
    };
    result.map_err(|error| Failure::new(format!("{}: {error}", path.display())))?;
    Ok(bytes)
}

fn changed(change: &Change) -> Vec<ChangedFile> {
    let file = |changed: &gup_driver::Changed| ChangedFile {
        file: changed.file.clone(),
        status: match changed.status {
            Status::Analysed => FileStatus::Analysed,
            Status::Failed => FileStatus::Failed,
            Status::NotInConfiguration => FileStatus::NotInConfiguration,
            Status::Header => FileStatus::Header,
        },
        reason: changed.reason.clone(),
    };
    change.changed.iter().map(file).collect()
}

fn summary(diff: &Diff, phases: &[(String, f64)]) -> String {
    let mut text = format!("introduced {}, fixed {}, unchanged {}\n", diff.introduced.len(), diff.fixed.len(), diff.unchanged);
    for file in diff.changed.iter().filter(|file| file.status != FileStatus::Analysed) {
        text.push_str(&format!("not analysed: {}: {}\n", file.file, file.reason));
    }
    let seconds: Vec<String> = phases.iter().map(|(name, seconds)| format!("{name} {seconds:.1}")).collect();
    text.push_str(&format!("seconds: {}\n", seconds.join(", ")));
    text
}

//! A commit log for the fix of a finding: what the kernel's researcher guidelines ask for (Documentation/process/researcher-guidelines.rst),
//! answered from the finding. What gupcheck cannot know stands in brackets: nobody may send it unread.

use crate::Report;
use crate::report::Finding;

/// Width of a line, as git and checkpatch like it.
const WIDTH: usize = 72;

/// `finding` is one of the report's, `why` what its rule's page says about why it is bad.
pub fn render(report: &Report, finding: &Finding, why: &str) -> String {
    let Finding { file, line, function, message, rule, .. } = finding;
    let mut text = format!("{}: [what the patch does, in words of a command] in {function}()\n\n", prefix(file));
    text.push_str(&filled(&format!("In {function}() ({file}:{line}), {message}.")));
    text.push_str("\nHow it is reached:\n\n");
    for (number, step) in finding.path.iter().enumerate() {
        text.push_str(&format!("  {}. {}:{} in {}(): {}\n", number + 1, step.file, step.line, step.function, step.message));
    }
    if !finding.assumptions.is_empty() {
        text.push_str(&filled(&format!("\nThis rests on: {}.", finding.assumptions.join("; "))));
    }
    if !finding.doubts.is_empty() {
        text.push_str(&filled(&format!("\n[Not certain, to be read first: {}.]", finding.doubts.join("; "))));
    }
    text.push_str(&filled("\n[Which system call or event leads there, and whether an ordinary user can cause it.]\n"));
    text.push_str(&filled(&format!("Effect: {} [What of this is seen on a running system.]", why.replace('\n', " ").trim())));
    let proposed = finding.suggestion.as_ref().map(|suggestion| format!("gupcheck suggests: {}; ", suggestion.message));
    let proposed = proposed.unwrap_or_default();
    text.push_str(&filled(&format!("\nFix: [{proposed}what was changed, and why that is right on the other paths, too].\n")));
    let found = format!(
        "Found by static analysis: {} {}, rule {rule}, on Linux {} ({}), confidence {}. [Found by reading only, or also seen to happen?]",
        report.tool.name,
        report.tool.version,
        report.tree.version,
        report.tree.arch,
        finding.confidence.name()
    );
    text.push_str(&filled(&found));
    text.push_str(&filled("\n[How it was build tested and run-time tested; \"compile tested only\" if that is so.]\n"));
    text.push_str("Fixes: [12 digits of the commit that brought it] (\"[its subject]\")\n");
    text.push_str("Signed-off-by: [you]\n");
    let addresses = finding.maintainers.iter().map(|address| format!("To: {address}\n"));
    let lists = finding.lists.iter().map(|list| format!("Cc: {list}\n"));
    let people: String = addresses.chain(lists).collect();
    if !people.is_empty() {
        text.push_str(&format!("---\n{people}"));
    }
    text
}

/// As most subjects begin: the directory and the file's name.
fn prefix(file: &str) -> String {
    let stem = file.strip_suffix(".c").or_else(|| file.strip_suffix(".h")).unwrap_or(file);
    let mut parts: Vec<&str> = stem.split('/').collect();
    let first = parts.first().copied().unwrap_or_default();
    if first == "drivers" && parts.len() > 2 {
        parts.remove(0);
    }
    let last = parts.pop().unwrap_or_default();
    parts.last().map_or_else(|| last.to_owned(), |directory| format!("{directory}: {last}"))
}

/// Broken into lines at blanks.
fn filled(text: &str) -> String {
    let mut out = String::new();
    let mut length = 0;
    for word in text.split(' ') {
        if length > 0 && length + 1 + word.trim_end().len() > WIDTH {
            out.push('\n');
            length = 0;
        } else if length > 0 {
            out.push(' ');
            length += 1;
        }
        out.push_str(word);
        length += word.len();
    }
    out + "\n"
}

//! A mail as the 0-day robot writes them: what was audited, how to repeat it, the new findings, then the old ones of the same
//! files. Plain text with a Subject, and To and Cc where all new findings have the same; whoever sends it reads it first.

use crate::gcc;
use crate::input::{Input, Standing};
use crate::report::Finding;

/// Source lines shown before and after the line of a finding.
const CONTEXT: usize = 3;

/// The mail. Empty where there is nothing new to tell: a robot does not write then.
pub fn render(input: &Input<'_>) -> String {
    let new = input.told();
    if new.is_empty() {
        return String::new();
    }
    let findings = input.findings();
    let of = |wanted: Standing| -> Vec<&Finding> {
        findings.iter().filter(|(standing, _)| *standing == wanted).map(|(_, finding)| *finding).collect()
    };
    let mut text = head(&new);
    text.push_str(&what(input));
    text.push_str(TAGS);
    let title = if input.change.is_some() { "New gupcheck findings" } else { "gupcheck findings" };
    text.push_str(&section(title, ">> ", &new));
    text.push_str(&section("Old gupcheck findings", "   ", &of(Standing::Old)));
    text.push_str(&section("Fixed by this change", "   ", &of(Standing::Fixed)));
    for finding in &new {
        text.push_str(&excerpt(input, finding));
    }
    text
}

const TAGS: &str = "\
If you fix the issue in a separate patch/commit (i.e. not just a new version of
the same patch/commit), kindly add following tag
| Reported-by: gupcheck

";

fn head(new: &[&Finding]) -> String {
    let first = new[0];
    let more = match new.len() {
        1 => String::new(),
        count => format!(" (and {} more)", count - 1),
    };
    // Nobody is written to about what is somebody else's: then whoever sends it takes it apart with --subsystem.
    let is_for_all = new.iter().all(|finding| (&finding.maintainers, &finding.lists) == (&first.maintainers, &first.lists));
    let (to, cc) = if is_for_all { (&first.maintainers[..], &first.lists[..]) } else { (&[][..], &[][..]) };
    let mut text = format!("Subject: {}:{}: {}{more}\n", first.file, first.line, first.message);
    for (header, addresses) in [("To", to), ("Cc", cc)] {
        if !addresses.is_empty() {
            text.push_str(&format!("{header}: {}\n", addresses.join(",\n ")));
        }
    }
    text.push_str("MIME-Version: 1.0\nContent-Type: text/plain; charset=UTF-8\n\n");
    text
}

fn what(input: &Input<'_>) -> String {
    let (tree, tool) = (&input.report.tree, &input.report.tool);
    let command = if input.change.is_some() { "diff --patch PATCH" } else { "audit" };
    let patch = input.patch.map(|title| format!("patch:     {title}\n")).unwrap_or_default();
    format!(
        "{patch}tree:      Linux {}\narch:      {}\ntool:      gupcheck {}, {}\nreproduce: in the tree, BUILD being where it was configured and prepared\n        gupcheck {command} --tree . --build BUILD --policy {}\n\n",
        tree.version, tree.arch, tool.version, tool.libclang, tree.policy
    )
}

/// The line of each finding marked, its notes below without a mark.
fn section(title: &str, mark: &str, findings: &[&Finding]) -> String {
    if findings.is_empty() {
        return String::new();
    }
    let mut text = format!("{title}:\n\n");
    for finding in findings {
        for line in gcc::finding(finding).lines().filter(|line| !line.contains(": In function ")) {
            let is_headline = line.ends_with(&format!("[{}]", finding.rule));
            text.push_str(&format!("{}{line}\n", if is_headline { mark } else { "   " }));
        }
    }
    text.push('\n');
    text
}

/// The lines around the finding, the one itself marked; nothing where the source cannot be had.
fn excerpt(input: &Input<'_>, finding: &Finding) -> String {
    let Some(source) = (input.source)(&finding.file) else { return String::new() };
    let line = finding.line as usize;
    let first = line.saturating_sub(CONTEXT).max(1);
    let mut text = format!("vim +/{} +{line} {}\n\n", finding.function, finding.file);
    for (index, content) in source.lines().enumerate().skip(first - 1).take(line + CONTEXT + 1 - first) {
        let mark = if index + 1 == line { '>' } else { ' ' };
        text.push_str(format!("{mark}{:>6}  {content}", index + 1).trim_end());
        text.push('\n');
    }
    text.push('\n');
    text
}

//! MAINTAINERS: who looks after a file. Read as scripts/get_maintainer.pl reads it; text in, entries out ([`Maintainers::read`]
//! alone touches files).
//!
//! An entry is a headline and lines `X: value`. It is about a file that a pattern `F:` or `N:` matches and no `X:` does, and
//! about text that a `K:` matches. Checked against the script: `tests/maintainers.rs`.

use std::collections::BTreeSet;
use std::path::Path;

use regex::{Regex, RegexBuilder};

use crate::mailbox::{Mailbox, Mailmap};

/// The file, parsed.
#[derive(Clone, Debug, Default)]
pub struct Maintainers {
    entries: Vec<Entry>,
    mailmap: Mailmap,
}

/// One subsystem.
#[derive(Clone, Debug, Default)]
pub struct Entry {
    /// The headline: `MEMORY MANAGEMENT`.
    pub name: String,
    /// M:
    pub maintainers: Vec<String>,
    /// R:
    pub reviewers: Vec<String>,
    /// L: without remarks.
    pub lists: Vec<String>,
    /// Lists that only take mail from subscribers.
    pub closed_lists: Vec<String>,
    /// S:
    pub status: String,
    /// T:
    pub trees: Vec<String>,
    files: Vec<Pattern>,
    excluded: Vec<Pattern>,
    names: Vec<Regex>,
    keywords: Vec<Regex>,
}

/// `F:` or `X:`. What is no wildcard of them is left to the regular expression that it becomes, as the script does.
#[derive(Clone, Debug)]
struct Pattern {
    /// Starts every file that it matches; so that few of the thousands are compiled.
    prefix: String,
    expression: String,
    /// With the one of a last component.
    depth: i64,
    is_directory: bool,
}

/// How the whole of a file's entries is written to: who gets the mail.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Addresses {
    /// M: and R:, each person once.
    pub people: Vec<String>,
    pub lists: Vec<String>,
}

impl Maintainers {
    /// Of a tree; one without MAINTAINERS has no entries.
    pub fn read(root: &Path) -> Maintainers {
        let text = |file: &str| {
            let bytes = std::fs::read(root.join(file)).unwrap_or_default();
            String::from_utf8_lossy(&bytes).into_owned()
        };
        Maintainers::parse(&text("MAINTAINERS"), &text(".mailmap"), &|path| root.join(path).is_dir())
    }

    /// All of them, in the order of the file.
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// `mailmap`: the text of `.mailmap`. `is_directory` says whether a path of the tree is one: `F: mm` then means `F: mm/`.
    pub fn parse(text: &str, mailmap: &str, is_directory: &dyn Fn(&str) -> bool) -> Maintainers {
        let mut entries: Vec<Entry> = Vec::new();
        let mut headline = "";
        let mut is_new = true;
        for line in text.lines() {
            if let Some((letter, value)) = field(line) {
                if is_new {
                    entries.push(Entry { name: headline.to_owned(), ..Entry::default() });
                    is_new = false;
                }
                if let Some(entry) = entries.last_mut() {
                    entry.add(letter, value, is_directory);
                }
            } else if !line.trim().is_empty() && !line.trim_start().starts_with('#') {
                (headline, is_new) = (line, true);
            }
        }
        Maintainers { entries, mailmap: Mailmap::parse(mailmap) }
    }

    /// The entries about a file, the most precise first; where `text` is given, then those of which a keyword is in it. The one
    /// about everything (`THE REST`) is the last of the former.
    pub fn of<'m>(&'m self, file: &str, text: &str) -> Vec<&'m Entry> {
        let depth = |entry: &'m Entry| Some((entry.depth(file)?, entry));
        let mut about: Vec<(i64, &Entry)> = self.entries.iter().filter_map(depth).collect();
        about.sort_by_key(|(depth, _)| -depth);
        let mut found: Vec<&Entry> = about.into_iter().map(|(_, entry)| entry).collect();
        let is_found = |found: &[&Entry], entry: &Entry| found.iter().any(|other| std::ptr::eq(*other, entry));
        for entry in &self.entries {
            if entry.keywords.iter().any(|keyword| keyword.is_match(text)) && !is_found(&found, entry) {
                found.push(entry);
            }
        }
        found
    }

    /// People and lists of these entries, each once, under the names and addresses that they use today.
    pub fn addresses(&self, entries: &[&Entry]) -> Addresses {
        let mut people: Vec<Mailbox> = Vec::new();
        let (mut names, mut addresses) = (BTreeSet::new(), BTreeSet::new());
        let mut is_new = |mailbox: &Mailbox| {
            let has_name = !mailbox.name.is_empty() && !names.insert(mailbox.name.to_lowercase());
            let has_address = !addresses.insert(mailbox.address.to_lowercase());
            !has_name && !has_address
        };
        // The script leaves out the one who gets everything in the end.
        for entry in entries.iter().filter(|entry| !entry.is_the_chief()) {
            people.extend(entry.maintainers.iter().chain(&entry.reviewers).filter_map(|text| Mailbox::parse(text)));
        }
        people.retain(|mailbox| is_new(mailbox));
        let (mut names, mut addresses) = (BTreeSet::new(), BTreeSet::new());
        let today = people.iter().map(|mailbox| self.mailmap.today(mailbox)).filter(|mailbox| {
            let is_known = names.contains(&mailbox.name.to_lowercase()) || addresses.contains(&mailbox.address.to_lowercase());
            names.insert(mailbox.name.to_lowercase());
            addresses.insert(mailbox.address.to_lowercase());
            !is_known
        });
        let people = today.map(|mailbox| mailbox.text()).collect();
        let mut seen = BTreeSet::new();
        let all = entries.iter().flat_map(|entry| &entry.lists);
        let lists = all.filter(|list| seen.insert(list.to_lowercase())).cloned().collect();
        Addresses { people, lists }
    }
}

impl Entry {
    /// The one about all that is nobody's.
    pub fn is_about_everything(&self) -> bool {
        self.files.iter().any(|pattern| pattern.prefix.is_empty() && pattern.is_directory && pattern.depth < 0)
    }

    fn is_the_chief(&self) -> bool {
        self.status == "Buried alive in reporters"
    }

    /// How precisely the entry names the file; `None`: not at all.
    fn depth(&self, file: &str) -> Option<i64> {
        if self.excluded.iter().any(|pattern| pattern.is_match(file)) {
            return None;
        }
        let by_name = self.names.iter().any(|name| name.is_match(file)).then_some(0);
        let by_file = self.files.iter().rfind(|pattern| pattern.is_match(file)).map(|pattern| pattern.depth);
        by_file.max(by_name)
    }

    fn add(&mut self, letter: char, value: &str, is_directory: &dyn Fn(&str) -> bool) {
        let value = value.to_owned();
        match letter {
            'M' => self.maintainers.push(value),
            'R' => self.reviewers.push(value),
            'L' if value.contains("subscribers-only") => self.closed_lists.push(address(&value)),
            'L' => self.lists.push(address(&value)),
            'S' => self.status = value,
            'T' => self.trees.push(value),
            'F' => self.files.push(Pattern::new(&value, is_directory)),
            'X' => self.excluded.push(Pattern::new(&value, is_directory)),
            'N' => self.names.extend(expression(&value)),
            'K' => self.keywords.extend(expression(&value)),
            _ => {}
        }
    }
}

impl Pattern {
    fn new(value: &str, is_directory: &dyn Fn(&str) -> bool) -> Pattern {
        let mut value = value.to_owned();
        // The script asks after it has escaped the dots, so a name with one is never found to be a directory.
        if !value.ends_with('/') && !value.contains('.') && is_directory(&value) {
            value.push('/');
        }
        let is_directory = value.ends_with('/');
        let slashes = value.matches('/').count() as i64;
        let depth = match (value.starts_with('*'), is_directory) {
            (true, _) => -1,
            (_, true) => slashes,
            (_, false) => slashes + 1,
        };
        let prefix = value.split(|char: char| !char.is_alphanumeric() && !matches!(char, '/' | '_' | '-' | '.' | ',')).next();
        let mut prefix = prefix.unwrap_or_default().to_owned();
        // A quantifier makes the character before it optional.
        if prefix.len() < value.len() {
            prefix.pop();
        }
        let expression = format!("^{}", value.replace('.', "\\.").replace('*', ".*").replace('?', "."));
        Pattern { prefix, expression, depth, is_directory }
    }

    fn is_match(&self, file: &str) -> bool {
        if !file.starts_with(&self.prefix) {
            return false;
        }
        let as_deep = self.is_directory || file.matches('/').count() == self.expression.matches('/').count();
        as_deep && Regex::new(&self.expression).is_ok_and(|regex| regex.is_match(file))
    }
}

/// `X: value`
fn field(line: &str) -> Option<(char, &str)> {
    let (letter, value) = line.split_once(':')?;
    let mut chars = letter.chars();
    match (chars.next(), chars.next()) {
        (Some(letter @ 'A'..='Z'), None) => Some((letter, value.trim_start())),
        _ => None,
    }
}

/// The address of `list@example.org (moderated for non-subscribers)`, and of `Name <list@example.org>`, of which the script makes
/// nothing.
fn address(value: &str) -> String {
    if let Some(mailbox) = Mailbox::parse(value).filter(|mailbox| !mailbox.name.is_empty()) {
        return mailbox.address;
    }
    value.split_whitespace().next().unwrap_or_default().to_owned()
}

/// Perl's, with /x. One that is beyond this library says nothing.
fn expression(value: &str) -> Option<Regex> {
    RegexBuilder::new(value).ignore_whitespace(true).build().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "\
List of maintainers

MEMORY MANAGEMENT
M:\tAndrew Morton <akpm@linux-foundation.org>
R:\tOld Name <old@x.org>
L:\tlinux-mm@kvack.org
L:\tinsiders@x.org (subscribers-only)
L:\tThe Team <team@x.org>
S:\tMaintained
T:\tgit git://git.kernel.org/pub/scm/linux/kernel/git/akpm/mm
F:\tinclude/linux/mm.h
F:\tmm/
X:\tmm/foo*.c

TEGRA
M:\tNew Name <new@x.org>
L:\tlinux-tegra@vger.kernel.org (moderated for non-subscribers)
N:\t[^a-z]tegra

PIDFD
M:\tSomebody <s@x.org>
K:\t(?i)pidfd

# nobody
DRIVERS
F:\tdrivers/*
F:\tdrivers/net

THE REST
M:\tLinus Torvalds <torvalds@linux-foundation.org>
L:\tlinux-kernel@vger.kernel.org
S:\tBuried alive in reporters
F:\t*
F:\t*/
";

    fn maintainers() -> Maintainers {
        Maintainers::parse(TEXT, "New Name <new@x.org> <old@x.org>\n", &|path| path == "drivers/net")
    }

    fn names(file: &str, text: &str) -> Vec<String> {
        maintainers().of(file, text).iter().map(|entry| entry.name.clone()).collect()
    }

    #[test]
    fn patterns_match_as_the_script_matches_them() {
        assert_eq!(names("mm/gup.c", ""), ["MEMORY MANAGEMENT", "THE REST"]);
        assert_eq!(names("mm/foo_bar.c", ""), ["THE REST"], "X:");
        assert_eq!(names("include/linux/mm.h", ""), ["MEMORY MANAGEMENT", "THE REST"]);
        assert_eq!(names("include/linux/mm_types.h", ""), ["THE REST"]);
        assert_eq!(names("sound/x-tegra/a.c", ""), ["TEGRA", "THE REST"], "N:");
        assert_eq!(names("drivers/a.c", ""), ["DRIVERS", "THE REST"]);
        assert_eq!(names("drivers/a/b.c", ""), ["THE REST"], "a wildcard stays in its directory");
        assert_eq!(names("drivers/net/b/c.c", ""), ["DRIVERS", "THE REST"], "a directory, with or without its slash");
        assert_eq!(names("COPYING", "PidFD"), ["THE REST", "PIDFD"], "K:");
    }

    #[test]
    fn everybody_is_written_to_once_under_todays_address() {
        let maintainers = maintainers();
        let entries: Vec<&Entry> = maintainers.entries().iter().collect();
        let addresses = maintainers.addresses(&entries);
        assert_eq!(
            addresses.people,
            ["Andrew Morton <akpm@linux-foundation.org>", "New Name <new@x.org>", "Somebody <s@x.org>"],
            "two names of one person, and not the one at the end"
        );
        assert_eq!(
            addresses.lists,
            ["linux-mm@kvack.org", "team@x.org", "linux-tegra@vger.kernel.org", "linux-kernel@vger.kernel.org"]
        );
        assert_eq!(entries[0].closed_lists, ["insiders@x.org"]);
        assert!(entries[4].is_about_everything() && !entries[3].is_about_everything());
    }

    #[test]
    fn a_tree_without_the_file_has_no_entries() {
        assert!(Maintainers::read(Path::new("/nonexistent")).of("mm/gup.c", "").is_empty());
    }
}

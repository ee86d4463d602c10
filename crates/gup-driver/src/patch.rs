//! Unified diffs, as `diff -u`, `git diff` and mailed series write them, applied in memory.

use std::collections::BTreeMap;
use std::path::{Component, Path};

use crate::Error;

/// What a patch does to one file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct FilePatch {
    /// `None`: the file is new.
    pub(crate) old: Option<String>,
    /// `None`: the file goes away.
    pub(crate) new: Option<String>,
    hunks: Vec<Hunk>,
    kind: Kind,
}

/// What becomes of the file under the old name where the new one is another.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Kind {
    #[default]
    Same,
    Renamed,
    Copied,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Hunk {
    /// As it stands in the patch, for messages: `@@ -10,7 +10,6 @@`.
    header: String,
    /// First line in the old file, from 1; 0 for an empty one.
    start: usize,
    lines: Vec<Line>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Line {
    sign: Sign,
    /// With its line end, unless the file ends without one here.
    text: Vec<u8>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Sign {
    Context,
    Removed,
    Added,
}

/// A file after the patch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Patched {
    /// The name it had, when that is another one or there was none.
    pub(crate) from: Option<String>,
    /// `None`: deleted.
    pub(crate) content: Option<Vec<u8>>,
    /// Hunks that fit only elsewhere or with less context than they have.
    pub(crate) remarks: Vec<String>,
}

/// Lines of context that may differ at each end of a hunk, as patch(1) has it.
const FUZZ: usize = 2;

/// All files that a patch touches, in order; it may touch one several times. None: the text has no diff.
pub(crate) fn parse(text: &[u8]) -> Result<Vec<FilePatch>, Error> {
    let lines: Vec<&[u8]> = text.split_inclusive(|byte| *byte == b'\n').collect();
    let mut files: Vec<FilePatch> = Vec::new();
    let mut at = 0;
    while at < lines.len() {
        let line = trimmed(lines[at]);
        if let Some(names) = line.strip_prefix("diff --git ") {
            let (old, new) = git_names(names);
            files.push(FilePatch { old, new, ..FilePatch::default() });
        } else if let Some(old) = line.strip_prefix("--- ") {
            if let Some(new) =
                lines.get(at + 1).map(|next| trimmed(next)).and_then(|next| next.strip_prefix("+++ ").map(str::to_owned))
            {
                name_file(&mut files, file_name(old), file_name(&new));
                at += 1;
            }
        } else if line.starts_with("@@ -") && !files.is_empty() {
            let (hunk, next) = hunk(&lines, at)?;
            if let Some(file) = files.last_mut() {
                file.hunks.push(hunk);
            }
            at = next;
            continue;
        } else if let Some(file) = files.last_mut().filter(|file| file.hunks.is_empty()) {
            extended_header(file, &line);
        }
        at += 1;
    }
    files.retain(|file| file.old.is_some() || file.new.is_some());
    for name in files.iter().flat_map(|file| [&file.old, &file.new]).flatten() {
        let inside = Path::new(name).components().all(|part| matches!(part, Component::Normal(_)));
        if !inside {
            return Err(Error::new(format!("the patch changes {name}, which is no file of a tree")));
        }
    }
    Ok(files)
}

/// Applies all of them; `read` gives a file's content before the patch.
pub(crate) fn apply(files: &[FilePatch], read: impl Fn(&str) -> Option<Vec<u8>>) -> Result<BTreeMap<String, Patched>, Error> {
    let mut out: BTreeMap<String, Patched> = BTreeMap::new();
    for file in files {
        let before = |name: &str| match out.get(name) {
            Some(patched) => patched.content.clone(),
            None => read(name),
        };
        let name = file.new.as_ref().or(file.old.as_ref()).cloned().unwrap_or_default();
        let content = match &file.old {
            None if before(&name).is_some() => {
                return Err(Error::new(format!("the patch makes {name}, which this tree has already")));
            }
            None => Vec::new(),
            Some(old) => {
                before(old).ok_or_else(|| Error::new(format!("the patch changes {old}, which this tree does not have")))?
            }
        };
        let (content, remarks) = apply_hunks(&name, &content, &file.hunks)?;
        if file.new.is_none() && !file.hunks.is_empty() && !content.is_empty() {
            return Err(Error::new(format!("the patch removes {name}, which has more lines in this tree")));
        }
        if let (Some(old), Kind::Renamed) = (&file.old, file.kind) {
            out.insert(old.clone(), Patched { from: None, content: None, remarks: Vec::new() });
        }
        let earlier = out.remove(&name);
        let renamed_from = file.old.clone().filter(|_| file.kind == Kind::Renamed);
        let from = earlier.as_ref().and_then(|patched| patched.from.clone()).or(renamed_from);
        let mut all = earlier.map(|patched| patched.remarks).unwrap_or_default();
        all.extend(remarks);
        out.insert(name, Patched { from, content: file.new.is_some().then_some(content), remarks: all });
    }
    Ok(out)
}

fn apply_hunks(name: &str, content: &[u8], hunks: &[Hunk]) -> Result<(Vec<u8>, Vec<String>), Error> {
    let old: Vec<&[u8]> = content.split_inclusive(|byte| *byte == b'\n').collect();
    let mut out = Vec::with_capacity(content.len());
    let mut remarks = Vec::new();
    let (mut done, mut drift) = (0usize, 0isize);
    for (number, hunk) in hunks.iter().enumerate() {
        let expected = hunk.start.saturating_sub(1).saturating_add_signed(drift);
        let Some((place, fuzz)) = find(&old, hunk, expected, done) else {
            return Err(Error::new(format!("{name}: hunk {} ({}) does not apply to this tree", number + 1, hunk.header)));
        };
        // Lines of context that were let go stay as they are in the file.
        let lines = &hunk.lines[fuzz.0..hunk.lines.len() - fuzz.1];
        let start = place;
        if start != expected + fuzz.0 || fuzz != (0, 0) {
            remarks.push(format!("{name}: hunk {} applied at line {} with fuzz {}", number + 1, start + 1, fuzz.0.max(fuzz.1)));
        }
        drift = start as isize - (hunk.start.saturating_sub(1) + fuzz.0) as isize;
        old[done..start].iter().for_each(|line| out.extend_from_slice(line));
        done = start;
        for line in lines {
            match line.sign {
                Sign::Added => out.extend_from_slice(&line.text),
                Sign::Removed => done += 1,
                Sign::Context => {
                    out.extend_from_slice(old[done]);
                    done += 1;
                }
            }
        }
    }
    old[done..].iter().for_each(|line| out.extend_from_slice(line));
    Ok((out, remarks))
}

/// The line at which the hunk fits, nearest to `expected` and not before `done`, and how many lines of context at its
/// head and tail were let go for that.
fn find(old: &[&[u8]], hunk: &Hunk, expected: usize, done: usize) -> Option<(usize, (usize, usize))> {
    let context = |lines: &mut dyn Iterator<Item = &Line>| lines.take_while(|line| line.sign == Sign::Context).count();
    let (head, tail) = (context(&mut hunk.lines.iter()), context(&mut hunk.lines.iter().rev()));
    let mut tried = Vec::new();
    for fuzz in 0..=FUZZ {
        let cut = (fuzz.min(head), fuzz.min(tail));
        // A hunk without changes or all context cut away would fit anywhere.
        if tried.contains(&cut) || cut.0 + cut.1 >= hunk.lines.len() {
            continue;
        }
        tried.push(cut);
        let lines = &hunk.lines[cut.0..hunk.lines.len() - cut.1];
        let wanted: Vec<&[u8]> = lines.iter().filter(|line| line.sign != Sign::Added).map(|line| line.text.as_slice()).collect();
        let fits = |at: usize| {
            at >= done && old.get(at..at + wanted.len()).is_some_and(|there| there.iter().zip(&wanted).all(|(a, b)| same(a, b)))
        };
        let expected = expected + cut.0;
        if wanted.is_empty() {
            // Only additions: the line number is all there is.
            return (done..=old.len()).contains(&expected.min(old.len())).then_some((expected.min(old.len()), cut));
        }
        let far = old.len().max(expected);
        let found = (0..=far).find_map(|distance| {
            let before = expected.checked_sub(distance).filter(|at| fits(*at));
            before.or_else(|| Some(expected + distance).filter(|at| fits(*at)))
        });
        if let Some(at) = found {
            return Some((at, cut));
        }
    }
    None
}

/// Equal but for a line end that is missing at the end of either file.
fn same(a: &[u8], b: &[u8]) -> bool {
    a == b || a.strip_suffix(b"\n").unwrap_or(a) == b.strip_suffix(b"\n").unwrap_or(b)
}

/// The hunk at `at` and the number of the line after it.
fn hunk(lines: &[&[u8]], at: usize) -> Result<(Hunk, usize), Error> {
    let header = trimmed(lines[at]);
    let bad = || Error::new(format!("line {} of the patch is no hunk header: {header}", at + 1));
    let (start, mut old, mut new) = ranges(&header).ok_or_else(bad)?;
    let mut hunk = Hunk {
        header: header[..header[2..].find("@@").map_or(header.len(), |end| end + 4)].to_owned(),
        start,
        lines: Vec::new(),
    };
    let mut next = at + 1;
    while old > 0 || new > 0 {
        let Some(line) = lines.get(next) else {
            return Err(Error::new(format!("the patch ends inside hunk {}", hunk.header)));
        };
        let (sign, text) = match line.first() {
            Some(b' ') => (Sign::Context, &line[1..]),
            Some(b'-') => (Sign::Removed, &line[1..]),
            Some(b'+') => (Sign::Added, &line[1..]),
            // A mailer that strips blanks at line ends makes an empty context line wholly empty.
            Some(b'\n' | b'\r') => (Sign::Context, &line[..]),
            Some(b'\\') => {
                no_line_end(&mut hunk);
                next += 1;
                continue;
            }
            _ => return Err(Error::new(format!("line {} of the patch does not belong in hunk {}", next + 1, hunk.header))),
        };
        old = old.saturating_sub(usize::from(sign != Sign::Added));
        new = new.saturating_sub(usize::from(sign != Sign::Removed));
        hunk.lines.push(Line { sign, text: text.to_vec() });
        next += 1;
    }
    if lines.get(next).is_some_and(|line| line.starts_with(b"\\")) {
        no_line_end(&mut hunk);
        next += 1;
    }
    Ok((hunk, next))
}

/// `\ No newline at end of file`
fn no_line_end(hunk: &mut Hunk) {
    if let Some(last) = hunk.lines.last_mut()
        && last.text.ends_with(b"\n")
    {
        last.text.pop();
    }
}

/// `@@ -start,old +start,new @@`
fn ranges(header: &str) -> Option<(usize, usize, usize)> {
    let mut words = header.strip_prefix("@@ -")?.split(' ');
    let range = |text: &str| -> Option<(usize, usize)> {
        match text.split_once(',') {
            Some((start, count)) => Some((start.parse().ok()?, count.parse().ok()?)),
            None => Some((text.parse().ok()?, 1)),
        }
    };
    let (start, old) = range(words.next()?)?;
    let (_, new) = range(words.next()?.strip_prefix('+')?)?;
    // An empty old range names the line before.
    Some((if old == 0 { start + 1 } else { start }, old, new))
}

/// `--- a/name` and `+++ b/name` belong to the `diff --git` line above them, if there is one.
fn name_file(files: &mut Vec<FilePatch>, old: Option<String>, new: Option<String>) {
    match files.last_mut().filter(|file| file.hunks.is_empty()) {
        Some(file) if file.kind != Kind::Same => {}
        Some(file) => (file.old, file.new) = agreed(old, new),
        None => {
            let (old, new) = agreed(old, new);
            files.push(FilePatch { old, new, ..FilePatch::default() });
        }
    }
}

/// A diff without git's headers renames nothing: its names are of two trees side by side (`linux.orig/mm/gup.c`,
/// `linux/mm/gup.c`), or of a file and its backup.
fn agreed(old: Option<String>, new: Option<String>) -> (Option<String>, Option<String>) {
    let (Some(before), Some(after)) = (&old, &new) else { return (old, new) };
    if before == after {
        return (old, new);
    }
    let below = |name: &str| name.split_once('/').map(|(_, below)| below.to_owned());
    let name = below(before).filter(|name| below(after).as_ref() == Some(name)).unwrap_or_else(|| after.clone());
    (Some(name.clone()), Some(name))
}

/// The lines of git between `diff --git` and the hunks.
fn extended_header(file: &mut FilePatch, line: &str) {
    if line.starts_with("new file mode") {
        file.old = None;
    } else if line.starts_with("deleted file mode") {
        file.new = None;
    } else if let Some(name) = line.strip_prefix("rename from ") {
        (file.old, file.kind) = (Some(name.to_owned()), Kind::Renamed);
    } else if let Some(name) = line.strip_prefix("copy from ") {
        (file.old, file.kind) = (Some(name.to_owned()), Kind::Copied);
    } else if let Some(name) = line.strip_prefix("rename to ").or_else(|| line.strip_prefix("copy to ")) {
        file.new = Some(name.to_owned());
    }
}

/// The name without `a/` or `b/` and without a time stamp; `None` for `/dev/null`.
fn file_name(text: &str) -> Option<String> {
    let name = text.split('\t').next().unwrap_or(text).trim().trim_matches('"');
    let stripped = name.strip_prefix("a/").or_else(|| name.strip_prefix("b/")).unwrap_or(name);
    (name != "/dev/null").then(|| stripped.to_owned())
}

fn git_names(text: &str) -> (Option<String>, Option<String>) {
    match text.split_once(" b/") {
        Some((old, new)) => (file_name(old), Some(new.trim_matches('"').to_owned())),
        None => (None, None),
    }
}

fn trimmed(line: &[u8]) -> String {
    String::from_utf8_lossy(line).trim_end_matches(['\n', '\r']).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    const OLD: &str = "one\ntwo\nthree\nfour\nfive\nsix\nseven\neight\nnine\nten\n";

    fn patched(patch: &str, old: &str) -> Result<String, Error> {
        let files = parse(patch.as_bytes())?;
        let all = apply(&files, |name| (name == "f.c").then(|| old.as_bytes().to_vec()))?;
        Ok(String::from_utf8(all["f.c"].content.clone().unwrap()).unwrap())
    }

    fn hunk_on(lines: &str) -> String {
        format!("--- a/f.c\n+++ b/f.c\n@@ -4,3 +4,3 @@ func\n{lines}")
    }

    #[test]
    fn a_hunk_applies_where_it_says() {
        let new = patched(&hunk_on(" four\n-five\n+FIVE\n six\n"), OLD).unwrap();
        assert_eq!(new, OLD.replace("five", "FIVE"));
    }

    #[test]
    fn a_hunk_moves_with_its_lines() {
        let old = format!("zero\nzero\n{OLD}");
        assert_eq!(patched(&hunk_on(" four\n-five\n+FIVE\n six\n"), &old).unwrap(), old.replace("five", "FIVE"));
    }

    #[test]
    fn context_may_differ_at_the_ends_but_not_the_change() {
        let near = hunk_on(" 4our\n-five\n+FIVE\n six\n");
        assert_eq!(patched(&near, OLD).unwrap(), OLD.replace("five", "FIVE"));
        let error = patched(&hunk_on(" four\n-5ive\n+FIVE\n six\n"), OLD).unwrap_err().to_string();
        assert_eq!(error, "f.c: hunk 1 (@@ -4,3 +4,3 @@) does not apply to this tree");
    }

    #[test]
    fn a_later_hunk_finds_its_place_after_an_earlier_one() {
        let two = "--- a/f.c\n+++ b/f.c\n@@ -1,2 +1,3 @@\n one\n+one and a half\n two\n@@ -9,2 +10,1 @@\n nine\n-ten\n";
        assert_eq!(patched(two, OLD).unwrap(), OLD.replace("two", "one and a half\ntwo").replace("ten\n", ""));
    }

    #[test]
    fn a_series_applies_in_order_and_mail_around_it_is_passed_over() {
        // Twice the same file in one text, as `git log -p` writes it.
        let mail = format!(
            "From 123 Mon Sep 17 00:00:00 2001\nSubject: [PATCH 1/2] x\n\n---\n f.c | 2 +-\n\ndiff --git a/f.c b/f.c\nindex 1..2 100644\n{}-- \n2.39\n\n\
             From 124\nSubject: [PATCH 2/2]\n---\n{}-- \n2.39\n",
            hunk_on(" four\n-five\n+FIVE\n six\n"),
            hunk_on(" four\n-FIVE\n+V\n six\n")
        );
        assert_eq!(patched(&mail, OLD).unwrap(), OLD.replace("five", "V"));
    }

    #[test]
    fn files_come_and_go_and_change_their_names() {
        let text = "diff --git a/f.c b/g.c\nsimilarity index 90%\nrename from f.c\nrename to g.c\n--- a/f.c\n+++ b/g.c\n@@ -1 +1 @@\n-one\n+ONE\n\
             diff --git a/new.c b/new.c\nnew file mode 100644\n--- /dev/null\n+++ b/new.c\n@@ -0,0 +1,2 @@\n+int x;\n+int y;\n";
        let all = apply(&parse(text.as_bytes()).unwrap(), |name| (name == "f.c").then(|| b"one\n".to_vec())).unwrap();
        assert_eq!(all["f.c"].content, None);
        assert_eq!((all["g.c"].content.as_deref(), all["g.c"].from.as_deref()), (Some(&b"ONE\n"[..]), Some("f.c")));
        assert_eq!(all["new.c"].content.as_deref(), Some(&b"int x;\nint y;\n"[..]));
    }

    #[test]
    fn a_copy_leaves_the_original_and_trees_side_by_side_are_one() {
        let copy = "diff --git a/f.c b/g.c\nsimilarity index 100%\ncopy from f.c\ncopy to g.c\n";
        let all = apply(&parse(copy.as_bytes()).unwrap(), |name| (name == "f.c").then(|| b"one\n".to_vec())).unwrap();
        assert_eq!(all.keys().collect::<Vec<_>>(), ["g.c"]);
        assert_eq!((all["g.c"].content.as_deref(), &all["g.c"].from), (Some(&b"one\n"[..]), &None));
        let hunk = "@@ -4,3 +4,3 @@ func\n four\n-five\n+FIVE\n six\n";
        for (old, new) in [("linux.orig/f.c", "linux/f.c"), ("f.c.orig", "f.c"), ("i/f.c", "w/f.c"), ("f.c\t2026", "f.c\t2026")] {
            assert_eq!(patched(&format!("--- {old}\n+++ {new}\n{hunk}"), OLD).unwrap(), OLD.replace("five", "FIVE"), "{old}");
        }
        let prefixed = format!("diff --git i/f.c w/f.c\nindex 1..2 100644\n--- i/f.c\n+++ w/f.c\n{hunk}");
        assert_eq!(patched(&prefixed, OLD).unwrap(), OLD.replace("five", "FIVE"));
    }

    #[test]
    fn line_ends_at_the_end_of_the_file() {
        let text = "--- a/f.c\n+++ b/f.c\n@@ -1,2 +1,2 @@\n one\n-two\n\\ No newline at end of file\n+TWO\n\\ No newline at end of file\n";
        assert_eq!(patched(text, "one\ntwo").unwrap(), "one\nTWO");
    }

    #[test]
    fn what_is_no_patch_is_said() {
        assert_eq!(parse(b"hello\n").unwrap(), []);
        assert!(parse(b"--- a/f.c\n+++ b/f.c\n@@ -1,3 +1,3 @@\n one\n").unwrap_err().to_string().contains("ends inside"));
        let outside = parse(b"--- a/../f.c\n+++ b/../f.c\n@@ -1 +1 @@\n-one\n+two\n");
        assert!(outside.unwrap_err().to_string().contains("no file of a tree"));
        let exists = "--- /dev/null\n+++ b/f.c\n@@ -0,0 +1 @@\n+int x;\n";
        assert!(patched(exists, OLD).unwrap_err().to_string().contains("has already"));
        let gone = "--- a/f.c\n+++ /dev/null\n@@ -1,1 +0,0 @@\n-one\n";
        assert!(patched(gone, OLD).unwrap_err().to_string().contains("has more lines"));
        let missing = apply(&parse(hunk_on(" a\n-b\n+c\n d\n").as_bytes()).unwrap(), |_| None);
        assert!(missing.unwrap_err().to_string().contains("does not have"));
    }
}

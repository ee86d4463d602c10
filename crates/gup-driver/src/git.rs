//! Commits of the tree's own repository, as versions. Only git's objects are read: neither index nor work tree is written,
//! and nothing that a repository's configuration may name (filters, monitors, drivers, hooks) is run.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead, BufReader, Read, Write};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};

use crate::Error;
use crate::limits;
use crate::series::{Series, Step};
use crate::version::{Content, Version, is_makefile};

/// The repository that the tree is in.
pub(crate) struct Repository<'t> {
    root: &'t Path,
    /// The tree's directory in the repository, ending in `/`; empty where it is the top.
    prefix: String,
}

/// A change between two commits.
#[derive(Default)]
struct Delta {
    /// Relative to the tree.
    touched: BTreeSet<String>,
    /// Of files that were renamed, new name → old name.
    renamed: BTreeMap<String, String>,
}

impl<'t> Repository<'t> {
    /// `root`: the kernel tree.
    pub(crate) fn open(root: &'t Path) -> Result<Repository<'t>, Error> {
        let prefix = git(root, &["rev-parse", "--show-prefix"])
            .map_err(|reason| Error::new(format!("{} is in no git repository that can be read: {reason}", root.display())))?;
        Ok(Repository { root, prefix: prefix.trim_end_matches('\n').to_owned() })
    }

    /// The versions of `BASE..HEAD` (or `BASE...HEAD`: from where HEAD branched off), with `each` commit by commit, along the
    /// first parents of merges. Also HEAD's name. They have the tree as it is in these commits, also where the work tree is at
    /// another one; unless that differs in too many files: then they have those that the range changes.
    pub(crate) fn series(&self, range: &str, each: bool) -> Result<(Series, String), Error> {
        let (base, head) = self.ends(range)?;
        let commits = if each { self.commits(&base, &head)? } else { vec![head.clone()] };
        let start = if each { self.rev(&format!("{}~", commits[0]))? } else { base };
        let mut before = start.clone();
        let mut deltas = Vec::new();
        for commit in &commits {
            deltas.push(self.delta(&before, commit)?);
            before.clone_from(commit);
        }
        let whole = self.delta(&start, &head)?;
        let touched: BTreeSet<String> = deltas.iter().flat_map(|delta| delta.touched.iter().cloned()).collect();
        let mut objects = Objects::start(self)?;
        let mut version = Version::default();
        self.set(&mut version, &start, &touched, &mut objects)?;
        self.set(&mut version, &head, &self.elsewhere(&head, &touched)?, &mut objects)?;
        // The makefiles may know a file by either name.
        version.other_names = whole.renamed.iter().map(|(new, old)| (old.clone(), new.clone())).collect();
        let mut series = Series { start: version.clone().without_what_is_on_disk(self.root), steps: Vec::new() };
        version.other_names.clone_from(&whole.renamed);
        for (commit, delta) in commits.iter().zip(deltas) {
            self.set(&mut version, commit, &delta.touched, &mut objects)?;
            version.other_names.extend(delta.renamed);
            let title = if each { self.title(commit)? } else { String::new() };
            let version = version.clone().without_what_is_on_disk(self.root);
            series.steps.push(Step { title, version, touched: delta.touched, remarks: Vec::new() });
        }
        Ok((series, head))
    }

    /// What `head` has otherwise than the commit that the work tree is at, apart from `touched`.
    fn elsewhere(&self, head: &str, touched: &BTreeSet<String>) -> Result<BTreeSet<String>, Error> {
        let Ok(current) = self.rev("HEAD") else { return Ok(BTreeSet::new()) };
        let mut files = self.delta(&current, head)?.touched;
        files.retain(|file| (file.ends_with(".c") || file.ends_with(".h") || is_makefile(file)) && !touched.contains(file));
        Ok(if files.len() > limits::OTHER_FILES { BTreeSet::new() } else { files })
    }

    /// Which of `files` (relative to the tree) are not in the work tree as `commit` has them. Files that git does not know are not.
    pub(crate) fn differing(&self, commit: &str, files: &BTreeSet<&str>) -> Result<Vec<String>, Error> {
        let listing = git(self.root, &["ls-tree", "-r", "-z", "--full-tree", &self.tree_of(commit)]).map_err(Error::new)?;
        let mut known: BTreeMap<&str, &str> = BTreeMap::new();
        for entry in listing.split('\0') {
            // mode type hash<TAB>path
            if let Some((facts, path)) =
                entry.split_once('\t').filter(|(facts, path)| facts.starts_with("100") && files.contains(path))
            {
                known.insert(path, facts.rsplit(' ').next().unwrap_or_default());
            }
        }
        let present: Vec<(&str, &str)> = known.into_iter().filter(|(path, _)| self.root.join(path).is_file()).collect();
        let names: String = present.iter().map(|(path, _)| format!("{path}\n")).collect();
        let hashes = git_with_input(self.root, &["hash-object", "--no-filters", "--stdin-paths"], names).map_err(Error::new)?;
        let differs = |((path, known), now): ((&str, &str), &str)| (known != now).then(|| path.to_owned());
        Ok(present.into_iter().zip(hashes.lines()).filter_map(differs).collect())
    }

    /// Both ends of a range as commits.
    fn ends(&self, range: &str) -> Result<(String, String), Error> {
        let (base, head, branch) = match (range.split_once("..."), range.split_once("..")) {
            (Some((base, head)), _) => (base, head, true),
            (None, Some((base, head))) => (base, head, false),
            (None, None) => {
                let message = format!("{range} is no range of commits: write BASE..HEAD, or give a patch with --patch FILE");
                return Err(Error::new(message));
            }
        };
        let rev = |name: &str| self.rev(if name.is_empty() { "HEAD" } else { name });
        let (base, head) = (rev(base)?, rev(head)?);
        if !branch {
            return Ok((base, head));
        }
        let merge_base = git(self.root, &["merge-base", &base, &head]);
        let merge_base = merge_base.map_err(|_| Error::new(format!("{range}: the two have no commit in common")))?;
        Ok((merge_base.trim().to_owned(), head))
    }

    /// The commit that a name means.
    fn rev(&self, name: &str) -> Result<String, Error> {
        let found = git(self.root, &["rev-parse", "--verify", "--quiet", "--end-of-options", &format!("{name}^{{commit}}")]);
        let found = found.map_err(|_| Error::new(format!("{name} is no commit of the repository of {}", self.root.display())))?;
        Ok(found.trim().to_owned())
    }

    /// Commits after `base` up to `head`, oldest first.
    fn commits(&self, base: &str, head: &str) -> Result<Vec<String>, Error> {
        let range = format!("{base}..{head}");
        let listing = git(self.root, &["rev-list", "--reverse", "--first-parent", &range]).map_err(Error::new)?;
        let commits: Vec<String> = listing.lines().map(str::to_owned).collect();
        let is_ancestor = git(self.root, &["merge-base", "--is-ancestor", base, head]).is_ok();
        if commits.is_empty() || !is_ancestor {
            return Err(Error::new("there are no commits between the two to look at one by one: HEAD must come after BASE"));
        }
        Ok(commits)
    }

    fn title(&self, commit: &str) -> Result<String, Error> {
        let title =
            git(self.root, &["show", "--no-patch", "--no-show-signature", "--format=%h %s", commit]).map_err(Error::new)?;
        Ok(title.trim_end().to_owned())
    }

    /// The kernel tree in a commit, as git names it.
    fn tree_of(&self, commit: &str) -> String {
        format!("{commit}:{}", self.prefix)
    }

    fn delta(&self, before: &str, after: &str) -> Result<Delta, Error> {
        let (before, after) = (self.tree_of(before), self.tree_of(after));
        let listing = git(self.root, &["diff-tree", "-r", "-z", "-M", "--raw", "--no-abbrev", &before, &after])
            .map_err(|reason| Error::new(format!("the commits do not have this tree: {reason}")))?;
        let mut delta = Delta::default();
        let mut fields = listing.split('\0');
        // :mode mode hash hash status, then one path, or two for a rename.
        while let Some(facts) = fields.next().filter(|facts| facts.starts_with(':')) {
            let is_rename = facts.rsplit(' ').next().is_some_and(|status| status.starts_with('R'));
            let Some(path) = fields.next() else { break };
            delta.touched.insert(path.to_owned());
            if is_rename && let Some(new) = fields.next() {
                delta.touched.insert(new.to_owned());
                delta.renamed.insert(new.to_owned(), path.to_owned());
            }
        }
        Ok(delta)
    }

    /// Those files as a commit has them.
    fn set(&self, version: &mut Version, commit: &str, files: &BTreeSet<String>, objects: &mut Objects) -> Result<(), Error> {
        for file in files {
            version.set(file, objects.read(&format!("{}{file}", self.tree_of(commit)))?);
        }
        Ok(())
    }
}

/// `git cat-file --batch`: contents of objects, one after another.
struct Objects {
    child: Child,
    output: BufReader<ChildStdout>,
}

impl Objects {
    fn start(repository: &Repository<'_>) -> Result<Objects, Error> {
        let mut command = command(repository.root, &["cat-file", "--batch"]);
        let mut child = command
            .stdin(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .map_err(|error| Error::new(format!("cannot start git: {error}")))?;
        let output = child.stdout.take().ok_or_else(|| Error::new("git without output"))?;
        Ok(Objects { child, output: BufReader::new(output) })
    }

    /// The content of `commit:path`; `None` when the commit has no such file.
    fn read(&mut self, name: &str) -> Result<Option<Content>, Error> {
        let failed = |error: std::io::Error| Error::new(format!("git cat-file: {error}"));
        if name.contains('\n') {
            return Ok(None);
        }
        let input = self.child.stdin.as_mut().ok_or_else(|| Error::new("git without input"))?;
        input.write_all(format!("{name}\n").as_bytes()).and_then(|()| input.flush()).map_err(failed)?;
        let mut header = String::new();
        self.output.read_line(&mut header).map_err(failed)?;
        // hash type size
        let Some(size) = header.trim_end().rsplit(' ').next().and_then(|size| size.parse::<usize>().ok()) else {
            return Ok(None);
        };
        let mut content = vec![0; size + 1];
        self.output.read_exact(&mut content).map_err(failed)?;
        content.pop();
        Ok(Some(content.into()).filter(|_| header.contains(" blob ")))
    }
}

impl Drop for Objects {
    fn drop(&mut self) {
        drop(self.child.stdin.take());
        let _ = self.child.wait();
    }
}

/// What git says of itself; `None` when there is none.
pub(crate) fn version() -> Option<String> {
    let output = Command::new("git").arg("--version").stdin(Stdio::null()).output().ok()?;
    output.status.success().then(|| String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

/// git in the tree, so that it writes nothing, asks nobody, fetches nothing and runs nothing that the repository names.
fn command(root: &Path, args: &[&str]) -> Command {
    const SETTINGS: [&str; 6] = ["-c", "core.fsmonitor=false", "-c", "core.hooksPath=/dev/null", "-c", "core.quotePath=false"];
    let mut command = Command::new("git");
    command.arg("--no-pager").arg("-C").arg(root).args(SETTINGS).args(args);
    for name in ["GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_PREFIX", "GIT_EXTERNAL_DIFF"] {
        command.env_remove(name);
    }
    for (name, value) in [("GIT_OPTIONAL_LOCKS", "0"), ("GIT_NO_LAZY_FETCH", "1"), ("GIT_TERMINAL_PROMPT", "0"), ("LC_ALL", "C")]
    {
        command.env(name, value);
    }
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

/// What git prints; the error is its first line of complaint.
fn git(root: &Path, args: &[&str]) -> Result<String, String> {
    finish(command(root, args).output())
}

fn git_with_input(root: &Path, args: &[&str], input: String) -> Result<String, String> {
    let mut child = command(root, args).stdin(Stdio::piped()).spawn().map_err(|error| format!("cannot start git: {error}"))?;
    let mut stdin = child.stdin.take().ok_or("git without input")?;
    // On its own, because git answers before it has read all.
    let writer = std::thread::spawn(move || stdin.write_all(input.as_bytes()));
    let output = finish(child.wait_with_output());
    let _ = writer.join();
    output
}

fn finish(output: std::io::Result<std::process::Output>) -> Result<String, String> {
    let output = output.map_err(|error| format!("cannot start git: {error}"))?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
    }
    let complaint = String::from_utf8_lossy(&output.stderr);
    let first = complaint.lines().next().unwrap_or("git failed without a word");
    Err(first.trim_start_matches("fatal: ").to_owned())
}

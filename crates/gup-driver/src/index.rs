//! Which source file of the tree has which words: built by one pass over the text, kept between runs.
//!
//! Words are 24-bit hashes ([`words`]), so an answer is a superset; callers look at the text of the few files it names.
//! `#include "x.c"` counts as a word of its own, by the last part of the path.

mod words;

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use serde::{Deserialize, Serialize};

use crate::limits;
use crate::stamp::Stamp;
use crate::text;
use crate::version::Content;
use words::{Postings, WordSet, hash, in_words};

/// The sources of a tree: all `.c` files, and headers, outside the directories that hold no kernel code. A clone costs little.
#[derive(Clone, Default)]
pub(crate) struct Index {
    root: PathBuf,
    on_disk: Arc<OnDisk>,
    /// Files whose content is not the one on disk; `None`: gone.
    overlay: BTreeMap<String, Option<Overlaid>>,
    /// Files that were read because they are new or changed; 0 when everything came from the stored index.
    pub(crate) read: usize,
}

/// What is kept.
#[derive(Default, Serialize, Deserialize)]
struct OnDisk {
    /// By path.
    files: Vec<File>,
    /// Of `files`, by their numbers.
    postings: Postings,
    /// By path: files that are new or changed since the postings were made.
    changed: Vec<Entry>,
    /// Of `files` those that are not there any more, or stand in `changed`.
    #[serde(skip)]
    outdated: Vec<bool>,
}

/// A file whose words are in the postings.
#[derive(Serialize, Deserialize)]
struct File {
    /// Relative to the tree.
    path: String,
    stamp: Option<Stamp>,
}

/// A file with its words.
#[derive(Clone, Serialize, Deserialize)]
struct Entry {
    path: String,
    stamp: Option<Stamp>,
    /// See [`in_words()`].
    #[serde(with = "serde_bytes")]
    words: Vec<u8>,
}

#[derive(Clone)]
struct Overlaid {
    entry: Entry,
    content: Content,
}

/// Where the words of a file of the tree are.
enum Found {
    /// In the postings, by that number.
    Posted(usize),
    Entry(Entry),
}

impl Index {
    /// Brings `stored` (from [`Index::stored`]; empty for none) up to date with the tree, on `threads` threads.
    /// `build`: the `O=` directory, which is no source where it lies inside the tree.
    pub(crate) fn build(root: &Path, build: &Path, stored: &[u8], threads: usize) -> Index {
        let mut on_disk: OnDisk = postcard::from_bytes(stored).unwrap_or_default();
        let paths = source_files(root, build);
        let next = AtomicUsize::new(0);
        let read = AtomicUsize::new(0);
        let work = || {
            let mut hasher = WordSet::default();
            let mut done = Vec::new();
            // Neighbours on disk stay together, and the threads end at about the same time.
            const CHUNK: usize = 64;
            loop {
                let start = next.fetch_add(CHUNK, Ordering::Relaxed);
                let Some(chunk) = paths.get(start..).filter(|rest| !rest.is_empty()) else { return done };
                for path in &chunk[..chunk.len().min(CHUNK)] {
                    let full = root.join(path);
                    let Some(stamp) = Stamp::of(&full) else { continue };
                    done.push(on_disk.find(path, stamp).unwrap_or_else(|| {
                        read.fetch_add(1, Ordering::Relaxed);
                        Found::Entry(Entry::read(path, &full, stamp, &mut hasher))
                    }));
                }
            }
        };
        let found: Vec<Found> = std::thread::scope(|scope| {
            let others: Vec<_> = (1..threads.max(1)).map(|_| scope.spawn(work)).collect();
            let mut all = work();
            for other in others {
                all.extend(other.join().expect("the index threads do not panic"));
            }
            all
        });
        on_disk.update(found);
        Index { root: root.to_path_buf(), on_disk: Arc::new(on_disk), overlay: BTreeMap::new(), read: read.into_inner() }
    }

    /// The form that [`Index::build`] takes back.
    pub(crate) fn stored(&self) -> Vec<u8> {
        postcard::to_stdvec(&*self.on_disk).unwrap_or_default()
    }

    /// Uses `content` for `path` from now on; `None`: there is no such file.
    pub(crate) fn overlay(&mut self, path: &str, content: Option<&Content>) {
        let entry = |content: &Content| {
            let words = WordSet::default().of(content);
            Overlaid { entry: Entry { path: path.to_owned(), stamp: None, words }, content: content.clone() }
        };
        self.overlay.insert(path.to_owned(), content.map(entry));
    }

    /// Files that may have any of the words, in order.
    pub(crate) fn candidates<'i>(&'i self, words: &[&str]) -> Vec<&'i str> {
        let mut found = self.candidates_of_each(words).concat();
        found.sort_unstable();
        found.dedup();
        found
    }

    /// For each of the words the files that may have it, in order.
    pub(crate) fn candidates_of_each<'i>(&'i self, words: &[impl AsRef<str>]) -> Vec<Vec<&'i str>> {
        let hashes: Vec<u32> = words.iter().map(|word| hash(word.as_ref().as_bytes())).collect();
        let mut found: Vec<Vec<&str>> = hashes.iter().map(|&word| self.posted(word).collect()).collect();
        let mut asked: HashMap<u32, Vec<usize>> = HashMap::new();
        hashes.iter().enumerate().for_each(|(number, &word)| asked.entry(word).or_default().push(number));
        for entry in self.entries() {
            let numbers = in_words(&entry.words).filter_map(|word| asked.get(&word)).flatten();
            numbers.for_each(|&number| found[number].push(&entry.path));
        }
        found.iter_mut().for_each(|files| files.sort_unstable());
        found
    }

    /// The paths of all headers, in no order.
    pub(crate) fn headers(&self) -> impl Iterator<Item = &str> {
        let numbers = 0..self.on_disk.files.len() as u32;
        let posted = numbers.filter_map(|number| self.current(number));
        posted.chain(self.entries().map(|entry| entry.path.as_str())).filter(|path| path.ends_with(".h"))
    }

    fn posted(&self, word: u32) -> impl Iterator<Item = &str> {
        self.on_disk.postings.with(word).filter_map(|number| self.current(number))
    }

    /// The file of that number in the postings, if what they say of it holds.
    fn current(&self, number: u32) -> Option<&str> {
        let file = self.on_disk.files.get(number as usize).filter(|_| !self.on_disk.outdated[number as usize])?;
        self.on_disk_still(&file.path).then_some(&file.path)
    }

    /// Files whose words are not in the postings.
    fn entries(&self) -> impl Iterator<Item = &Entry> {
        let on_disk = self.on_disk.changed.iter().filter(|entry| self.on_disk_still(&entry.path));
        on_disk.chain(self.overlay.values().flatten().map(|overlaid| &overlaid.entry))
    }

    fn on_disk_still(&self, path: &str) -> bool {
        self.overlay.is_empty() || !self.overlay.contains_key(path)
    }

    /// Files that may have an `#include` of a file of that name, in order.
    pub(crate) fn including<'i>(&'i self, file_name: &str) -> Vec<&'i str> {
        self.candidates(&[&format!("#{file_name}")])
    }

    /// Those of `files` whose last component stands in some `#include`.
    pub(crate) fn included<'f>(&self, files: impl Iterator<Item = &'f str>) -> BTreeSet<String> {
        let last = |path: &str| path.rsplit('/').next().unwrap_or(path).to_owned();
        let files: Vec<&str> = files.collect();
        let words: Vec<String> = files.iter().map(|file| format!("#{}", last(file))).collect();
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        let includers = if words.is_empty() { Vec::new() } else { self.candidates(&words) };
        let targets = includers.iter().flat_map(|includer| text::includes(&self.text(includer)));
        let named: HashSet<String> = targets.map(|target| last(&target)).collect();
        files.into_iter().filter(|file| named.contains(&last(file))).map(str::to_owned).collect()
    }

    pub(crate) fn contains(&self, path: &str) -> bool {
        match self.overlay.get(path) {
            Some(overlaid) => overlaid.is_some(),
            None => self.on_disk.contains(path),
        }
    }

    /// The content of a file; empty when it is gone.
    pub(crate) fn text(&self, path: &str) -> Vec<u8> {
        match self.overlay.get(path) {
            Some(overlaid) => overlaid.as_ref().map(|overlaid| overlaid.content.to_vec()).unwrap_or_default(),
            None => std::fs::read(self.root.join(path)).unwrap_or_default(),
        }
    }
}

impl OnDisk {
    /// What is known of a file with that stamp.
    fn find(&self, path: &str, stamp: Stamp) -> Option<Found> {
        let posted = self.number(path).filter(|&number| self.files[number].stamp == Some(stamp));
        let entry = || self.changed(path).filter(|entry| entry.stamp == Some(stamp)).cloned();
        posted.map(Found::Posted).or_else(|| entry().map(Found::Entry))
    }

    fn contains(&self, path: &str) -> bool {
        self.number(path).is_some_and(|number| !self.outdated[number]) || self.changed(path).is_some()
    }

    fn number(&self, path: &str) -> Option<usize> {
        self.files.binary_search_by(|file| file.path.as_str().cmp(path)).ok()
    }

    fn changed(&self, path: &str) -> Option<&Entry> {
        let at = self.changed.binary_search_by(|entry| entry.path.as_str().cmp(path));
        at.ok().map(|at| &self.changed[at])
    }

    /// The tree has these files now, and no others.
    fn update(&mut self, found: Vec<Found>) {
        self.outdated = vec![true; self.files.len()];
        self.changed.clear();
        for found in found {
            match found {
                Found::Posted(number) => self.outdated[number] = false,
                Found::Entry(entry) => self.changed.push(entry),
            }
        }
        self.changed.sort_by(|a, b| a.path.cmp(&b.path));
        if self.changed.len() > limits::CHANGED_FILES {
            *self = self.with_all_posted();
        }
    }

    /// The same, with nothing changed since.
    fn with_all_posted(&mut self) -> OnDisk {
        let kept = std::mem::take(&mut self.files).into_iter().zip(&self.outdated).enumerate();
        let kept = kept.filter(|(_, (_, outdated))| !**outdated).map(|(number, (file, _))| (file, Ok(number)));
        let changed = std::mem::take(&mut self.changed).into_iter();
        let changed = changed.map(|Entry { path, stamp, words }| (File { path, stamp }, Err(words)));
        let mut all: Vec<(File, Result<usize, Vec<u8>>)> = kept.chain(changed).collect();
        all.sort_by(|a, b| a.0.path.cmp(&b.0.path));
        let mut renumbered: Vec<Option<u32>> = vec![None; self.outdated.len()];
        for (number, (_, words)) in all.iter().enumerate() {
            if let Ok(old) = words {
                renumbered[*old] = Some(number as u32);
            }
        }
        let known = self.postings.pairs().filter_map(|(word, file)| Some((word, (*renumbered.get(file as usize)?)?)));
        let new = all.iter().enumerate().filter_map(|(number, (_, words))| Some((number as u32, words.as_ref().err()?)));
        let new = new.flat_map(|(number, words)| in_words(words).map(move |word| (word, number)));
        let postings = Postings::of(known.chain(new));
        let outdated = vec![false; all.len()];
        OnDisk { files: all.into_iter().map(|(file, _)| file).collect(), postings, changed: Vec::new(), outdated }
    }
}

impl Entry {
    fn read(path: &str, full: &Path, stamp: Stamp, hasher: &mut WordSet) -> Entry {
        let limit = if path.ends_with(".c") { limits::SOURCE_BYTES } else { limits::HEADER_BYTES };
        let content = if stamp.size() <= limit { std::fs::read(full).unwrap_or_default() } else { Vec::new() };
        Entry { path: path.to_owned(), stamp: stamp.is_settled().then_some(stamp), words: hasher.of(&content) }
    }
}

/// Directories below the top level that hold programs for other places than the kernel.
const SKIPPED: &[&str] = &["tools", "scripts", "Documentation", "LICENSES", "rust"];

/// All `.c` and `.h` files, relative to the tree.
fn source_files(root: &Path, build: &Path) -> Vec<String> {
    let build = build.strip_prefix(root).map(|below| below.to_string_lossy().into_owned()).unwrap_or_default();
    let mut out = Vec::new();
    let mut pending = vec![String::new()];
    while let Some(directory) = pending.pop() {
        let Ok(entries) = std::fs::read_dir(root.join(&directory)) else { continue };
        for entry in entries.flatten() {
            let (Ok(kind), Ok(name)) = (entry.file_type(), entry.file_name().into_string()) else { continue };
            let path = if directory.is_empty() { name.clone() } else { format!("{directory}/{name}") };
            if kind.is_dir() && !name.starts_with('.') && !SKIPPED.contains(&path.as_str()) && path != build {
                pending.push(path);
            } else if kind.is_file() && (name.ends_with(".c") || name.ends_with(".h")) {
                out.push(path);
            }
        }
    }
    out.sort();
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tree(name: &str) -> PathBuf {
        let root = crate::tests::directory(name);
        for (file, text) in [
            ("mm/a.c", "int grab(void);\nvoid f(void)\n{\n\tgrab();\n}\n"),
            ("mm/b.c", "#include \"../mm/a.c\"\n"),
            ("include/linux/grab.h", "int grab(void);\n"),
            ("tools/t.c", "grab\n"),
            ("Documentation/d.c", "grab\n"),
        ] {
            let path = root.join(file);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        }
        root
    }

    #[test]
    fn files_are_found_by_their_words_and_by_what_they_include() {
        let root = tree("index");
        let index = Index::build(&root, &root, &[], 2);
        assert_eq!(
            index.candidates(&["grab"]),
            ["include/linux/grab.h", "mm/a.c"],
            "not what is below tools/ and Documentation/"
        );
        assert_eq!(index.candidates(&["gra", "grabs"]), [""; 0]);
        assert_eq!(index.including("a.c"), ["mm/b.c"]);
    }

    #[test]
    fn the_stored_index_is_used_where_stamps_agree_and_only_there() {
        let root = tree("index-stored");
        let first = Index::build(&root, &root, &[], 1);
        assert_eq!(first.read, 3);
        // Fresh files have no stamp that can be believed.
        assert_eq!(Index::build(&root, &root, &first.stored(), 1).read, 3);
        let mut old = Index::build(&root, &root, &[], 1);
        let on_disk = Arc::get_mut(&mut old.on_disk).unwrap();
        for entry in &mut on_disk.changed {
            entry.stamp = Stamp::of(&root.join(&entry.path));
        }
        assert_eq!(Index::build(&root, &root, &old.stored(), 1).read, 0);
        let on_disk = Arc::get_mut(&mut old.on_disk).unwrap();
        *on_disk = on_disk.with_all_posted();
        let posted = Index::build(&root, &root, &old.stored(), 1);
        assert_eq!((posted.read, posted.on_disk.changed.len()), (0, 0));
        assert_eq!(posted.candidates(&["grab", "f"]), ["include/linux/grab.h", "mm/a.c"]);
        std::fs::write(root.join("mm/a.c"), "void drop_it(void) { }\n").unwrap();
        std::fs::remove_file(root.join("mm/b.c")).unwrap();
        let mut again = Index::build(&root, &root, &old.stored(), 1);
        assert_eq!((again.read, again.on_disk.changed.len()), (1, 1));
        for all_posted in [false, true] {
            let on_disk = Arc::get_mut(&mut again.on_disk).unwrap();
            if all_posted {
                *on_disk = on_disk.with_all_posted();
            }
            assert_eq!(again.candidates(&["drop_it"]), ["mm/a.c"]);
            assert_eq!(again.candidates(&["grab"]), ["include/linux/grab.h"]);
            assert_eq!(again.including("a.c"), [""; 0]);
            assert!(again.contains("mm/a.c") && !again.contains("mm/b.c"));
        }
        assert_eq!(Index::build(&root, &root, b"\x05garbage", 1).read, 2);
    }

    #[test]
    fn an_overlaid_file_has_its_new_words_and_text() {
        let root = tree("index-overlay");
        let mut index = Index::build(&root, &root, &[], 1);
        let content: Content = b"\tgrab_more();\n"[..].into();
        index.overlay("mm/b.c", Some(&content));
        index.overlay("mm/new.c", Some(&content));
        index.overlay("mm/a.c", None);
        assert_eq!(index.candidates(&["grab_more"]), ["mm/b.c", "mm/new.c"]);
        assert_eq!(index.including("a.c"), [""; 0]);
        assert_eq!(index.text("mm/new.c"), b"\tgrab_more();\n");
        assert_eq!(index.candidates(&["grab"]), ["include/linux/grab.h"], "a.c is gone");
        assert!(index.contains("mm/new.c") && !index.contains("mm/a.c"));
    }
}

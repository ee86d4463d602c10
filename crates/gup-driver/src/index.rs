//! Which source file of the tree has which words: built by one pass over the text, kept between runs.
//!
//! Per file the set of its identifiers is kept as 24-bit hashes (45 MB for Linux 6.12). An answer is a superset; callers
//! look at the text of the few files it names. `#include "x.c"` counts as a word of its own, by the last part of the path.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use serde::{Deserialize, Serialize};

use crate::limits;
use crate::stamp::Stamp;
use crate::text;
use crate::version::Content;

/// The sources of a tree: all `.c` files, and headers, outside the directories that hold no kernel code. A clone costs little.
#[derive(Clone, Default)]
pub(crate) struct Index {
    root: PathBuf,
    /// By path.
    files: Arc<Vec<Entry>>,
    /// Files whose content is not the one on disk; `None`: gone.
    overlay: BTreeMap<String, Option<Overlaid>>,
    /// Files that were read because they are new or changed; 0 when everything came from the stored index.
    pub(crate) read: usize,
}

#[derive(Clone)]
struct Overlaid {
    entry: Entry,
    content: Content,
}

#[derive(Clone, Serialize, Deserialize)]
struct Entry {
    /// Relative to the tree.
    path: String,
    stamp: Option<Stamp>,
    /// Three bytes per word, in no order.
    #[serde(with = "serde_bytes")]
    words: Vec<u8>,
}

impl Index {
    /// Brings `stored` (from [`Index::stored`]; empty for none) up to date with the tree, on `threads` threads.
    /// `build`: the `O=` directory, which is no source where it lies inside the tree.
    pub(crate) fn build(root: &Path, build: &Path, stored: &[u8], threads: usize) -> Index {
        let old: Vec<Entry> = postcard::from_bytes(stored).unwrap_or_default();
        let old: BTreeMap<&str, &Entry> = old.iter().map(|entry| (entry.path.as_str(), entry)).collect();
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
                    let known = old.get(path.as_str()).filter(|entry| entry.stamp == Some(stamp));
                    done.push(
                        known.map_or_else(|| Entry::read(path, &full, stamp, &mut hasher, &read), |entry| (*entry).clone()),
                    );
                }
            }
        };
        let mut files: Vec<Entry> = std::thread::scope(|scope| {
            let others: Vec<_> = (1..threads.max(1)).map(|_| scope.spawn(work)).collect();
            let mut all = work();
            for other in others {
                all.extend(other.join().expect("the index threads do not panic"));
            }
            all
        });
        files.sort_by(|a, b| a.path.cmp(&b.path));
        Index { root: root.to_path_buf(), files: Arc::new(files), overlay: BTreeMap::new(), read: read.into_inner() }
    }

    /// The form that [`Index::build`] takes back.
    pub(crate) fn stored(&self) -> Vec<u8> {
        postcard::to_stdvec(&*self.files).unwrap_or_default()
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
        let wanted = Wanted::of(words);
        let has = |entry: &&Entry| entry.words.chunks_exact(3).any(|word| wanted.contains(unpack(word)));
        let mut found: Vec<&str> = self.entries().filter(has).map(|entry| entry.path.as_str()).collect();
        found.sort_unstable();
        found
    }

    /// For each of the words the files that may have it, in order: one look at the index for all of them.
    pub(crate) fn candidates_of_each<'i>(&'i self, words: &[String]) -> Vec<Vec<&'i str>> {
        let wanted = Wanted::of(&words.iter().map(String::as_str).collect::<Vec<&str>>());
        let hashes: Vec<u32> = words.iter().map(|word| hash(word.as_bytes())).collect();
        let mut found = vec![Vec::new(); words.len()];
        for entry in self.entries() {
            for word in entry.words.chunks_exact(3).map(unpack).filter(|word| wanted.contains(*word)) {
                let same = hashes.iter().zip(&mut found).filter(|(hash, _)| **hash == word);
                same.for_each(|(_, files)| files.push(entry.path.as_str()));
            }
        }
        found.iter_mut().for_each(|files| files.sort_unstable());
        found
    }

    /// The paths of all headers, in no order.
    pub(crate) fn headers(&self) -> impl Iterator<Item = &str> {
        self.entries().map(|entry| entry.path.as_str()).filter(|path| path.ends_with(".h"))
    }

    fn entries(&self) -> impl Iterator<Item = &Entry> {
        let on_disk = self.files.iter().filter(|entry| self.overlay.is_empty() || !self.overlay.contains_key(&entry.path));
        on_disk.chain(self.overlay.values().flatten().map(|overlaid| &overlaid.entry))
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
            None => self.files.binary_search_by(|entry| entry.path.as_str().cmp(path)).is_ok(),
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

impl Entry {
    fn read(path: &str, full: &Path, stamp: Stamp, hasher: &mut WordSet, read: &AtomicUsize) -> Entry {
        read.fetch_add(1, Ordering::Relaxed);
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

/// Collects the distinct words of a file.
#[derive(Default)]
struct WordSet {
    seen: Option<Bits>,
}

impl WordSet {
    fn of(&mut self, content: &[u8]) -> Vec<u8> {
        let seen = self.seen.get_or_insert_with(Bits::new);
        let mut words = Vec::new();
        let mut add = |word: u32| {
            if seen.insert(word) {
                words.extend_from_slice(&word.to_le_bytes()[..3]);
            }
        };
        let mut at = 0;
        while at < content.len() {
            if !text::is_word_byte(content[at]) {
                at += 1;
                continue;
            }
            let start = at;
            let mut state = HASH_START;
            while at < content.len() && text::is_word_byte(content[at]) {
                state = step(state, content[at]);
                at += 1;
            }
            if !content[start].is_ascii_digit() {
                add(finish(state));
            }
        }
        for target in text::includes(content) {
            let name = target.rsplit('/').next().unwrap_or(&target);
            add(hash(format!("#{name}").as_bytes()));
        }
        for word in words.chunks_exact(3) {
            seen.remove(unpack(word));
        }
        words
    }
}

const HASH_START: u64 = 0xcbf2_9ce4_8422_2325;

/// FNV-1a, folded to 24 bits.
fn hash(word: &[u8]) -> u32 {
    finish(word.iter().fold(HASH_START, |state, byte| step(state, *byte)))
}

fn step(state: u64, byte: u8) -> u64 {
    (state ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
}

fn finish(state: u64) -> u32 {
    ((state ^ (state >> 24) ^ (state >> 48)) & 0x00ff_ffff) as u32
}

fn unpack(word: &[u8]) -> u32 {
    u32::from_le_bytes([word[0], word[1], word[2], 0])
}

/// A set of 24-bit numbers.
struct Bits(Vec<u64>);

impl Bits {
    fn new() -> Bits {
        Bits(vec![0; 1 << 18])
    }

    /// False when it was in already.
    fn insert(&mut self, word: u32) -> bool {
        let (slot, bit) = (&mut self.0[word as usize >> 6], 1 << (word & 63));
        let new = *slot & bit == 0;
        *slot |= bit;
        new
    }

    fn remove(&mut self, word: u32) {
        self.0[word as usize >> 6] &= !(1 << (word & 63));
    }
}

/// The words of a question. 20 million words are held against it, so most must be told apart within the first-level cache.
struct Wanted {
    /// By the low 12 bits.
    some: [bool; 1 << 12],
    exact: HashSet<u32>,
}

impl Wanted {
    fn of(words: &[&str]) -> Wanted {
        let exact: HashSet<u32> = words.iter().map(|word| hash(word.as_bytes())).collect();
        let mut some = [false; 1 << 12];
        for word in words {
            some[hash(word.as_bytes()) as usize & 0xfff] = true;
        }
        Wanted { some, exact }
    }

    fn contains(&self, word: u32) -> bool {
        self.some[word as usize & 0xfff] && self.exact.contains(&word)
    }
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
        for entry in Arc::make_mut(&mut old.files) {
            entry.stamp = Stamp::of(&root.join(&entry.path));
        }
        assert_eq!(Index::build(&root, &root, &old.stored(), 1).read, 0);
        std::fs::write(root.join("mm/a.c"), "void drop_it(void) { }\n").unwrap();
        let again = Index::build(&root, &root, &old.stored(), 1);
        assert_eq!((again.read, again.candidates(&["drop_it"])), (1, vec!["mm/a.c"]));
        assert_eq!(Index::build(&root, &root, b"\x05garbage", 1).read, 3);
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

//! Which files are read: those that name an acquisition, then those that the analysis asks for.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use gup_analysis::finding::Demand;

use crate::index::Index;
use crate::kbuild::{Kbuild, normalize};
use crate::limits;
use crate::readers::own_name;
use crate::text::{Mention, mentions, names};
use crate::tree::Tree;

/// Answers "which units must be read for this?" for one tree.
pub(crate) struct Selector<'a> {
    pub(crate) tree: &'a Tree,
    /// Name of a file → its name in another version, by which the makefiles may know it.
    pub(crate) other_names: &'a BTreeMap<String, String>,
    pub(crate) kbuild: &'a Kbuild,
    pub(crate) index: &'a Index,
}

/// Units to read, and files that should have been but are not compiled.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Selection {
    /// `.c` files relative to the tree.
    pub(crate) units: BTreeSet<String>,
    /// File → why it is not compiled.
    pub(crate) absent: BTreeMap<String, String>,
    /// Caps that were hit, for people.
    pub(crate) limits: BTreeSet<String>,
}

impl Selector<'_> {
    /// Units under `paths` (all, when empty) that use one of the functions `sites`; files named in `paths` always count.
    pub(crate) fn initial(&self, sites: &BTreeSet<String>, paths: &[String]) -> Selection {
        let mut selection = Selection::default();
        let wanted = |file: &str| paths.is_empty() || paths.iter().any(|path| Path::new(file).starts_with(path));
        for file in self.files_with(sites, |mention| mention.is_use() || mention.is_definition()) {
            // Headers of the kernel's API are read with the units that include them.
            if wanted(&file) && !is_api_header(&file) {
                self.select(&file, &mut selection);
            }
        }
        for path in paths.iter().filter(|path| path.ends_with(".c")) {
            self.select(path, &mut selection);
        }
        selection
    }

    /// Units that the analysis asks for.
    pub(crate) fn demanded(&self, demand: &Demand) -> Selection {
        let mut selection = Selection::default();
        if *demand == Demand::default() {
            return selection;
        }
        let defined: BTreeSet<String> = demand.definitions_of.keys().cloned().collect();
        for file in self.files_with(&defined, |mention| mention.is_definition()) {
            if file.ends_with(".c") {
                self.select(&file, &mut selection);
            }
        }
        for field in demand.targets_of.keys() {
            let files = self.storing(field);
            if files.len() > limits::STORING_ONE {
                selection
                    .limits
                    .insert(format!("{} files store functions in {field}; none of them was read for it", files.len()));
                continue;
            }
            files.iter().for_each(|file| self.select(file, &mut selection));
        }
        for (name, files) in self.callers(demand.callers_of.keys().cloned().collect()) {
            if files.len() > limits::CALLERS_OF_ONE {
                selection.limits.insert(format!("{} files use {name}; none of them was read for it", files.len()));
                continue;
            }
            for file in files {
                self.select(&file, &mut selection);
            }
        }
        // Files that are not compiled were not asked for by name, so they are no loss to report.
        selection.absent.clear();
        selection
    }

    /// For each field, written `struct s.f`, all files that can name it: those that mention it among the headers that define
    /// the structure and what includes these, directly or not. `None`: too many to be read for it, or a macro may hide its name.
    pub(crate) fn readers(&self, fields: &BTreeSet<String>) -> BTreeMap<String, Option<BTreeSet<String>>> {
        let parts: Vec<(&String, &str, &str)> = fields.iter().filter_map(|field| parts(field)).collect();
        let structures: Vec<String> = parts.iter().map(|(_, strukt, _)| (*strukt).to_owned()).collect();
        let names: Vec<String> = parts.iter().map(|(.., name)| (*name).to_owned()).collect();
        let defining = self.index.candidates_of_each(&structures).into_iter().zip(&structures);
        let defining: Vec<BTreeSet<String>> = defining.map(|(files, strukt)| self.headers_defining(&files, strukt)).collect();
        let knowing = self.all_including(defining);
        let naming = self.index.candidates_of_each(&names);
        let mut known = BTreeMap::new();
        for (((field, _, name), knowing), naming) in parts.into_iter().zip(knowing).zip(naming) {
            let Some(knowing) = knowing else { continue };
            let files: Vec<&str> = naming.into_iter().filter(|file| knowing.contains(*file)).collect();
            known.insert(field.clone(), self.mentioning(&files, name));
        }
        fields.iter().map(|field| (field.clone(), known.get(field).cloned().flatten())).collect()
    }

    fn headers_defining(&self, files: &[&str], strukt: &str) -> BTreeSet<String> {
        let wanted = BTreeSet::from([strukt.to_owned()]);
        let defines = |file: &&&str| mentions(&self.index.text(file), &names(&wanted)).iter().any(Mention::is_structure);
        files.iter().filter(|file| file.ends_with(".h")).filter(defines).map(|file| (*file).to_owned()).collect()
    }

    /// The sources that store something in a field of that name.
    ///
    /// ```c
    ///         dd->f_put_tid = put_tid;
    ///         static const struct ops ops = { .f_put_tid = put_tid };
    /// ```
    fn storing(&self, field: &str) -> Vec<String> {
        let mut files = self.files_with(&BTreeSet::from([own_name(field)]), |mention| mention.is_stored_to());
        files.retain(|file| file.ends_with(".c"));
        files
    }

    /// Those of the files that do have the word.
    fn mentioning(&self, files: &[&str], name: &str) -> Option<BTreeSet<String>> {
        let wanted = BTreeSet::from([name.to_owned()]);
        let mut readers = BTreeSet::new();
        for file in files {
            let text = self.index.text(file);
            let found = mentions(&text, &names(&wanted));
            if file.ends_with(".h") && found.iter().any(Mention::is_in_macro) {
                return None;
            }
            if !found.is_empty() {
                readers.insert((*file).to_owned());
            }
        }
        let units = readers.iter().filter(|file| file.ends_with(".c")).count();
        (!readers.is_empty() && units <= limits::READERS_OF_ONE).then_some(readers)
    }

    /// For each of the sets these files and all that include them, directly or not; `None` when they are none or too many.
    fn all_including(&self, sets: Vec<BTreeSet<String>>) -> Vec<Option<BTreeSet<String>>> {
        let mut fresh = sets.clone();
        let mut all: Vec<Option<BTreeSet<String>>> = sets.into_iter().map(|set| (!set.is_empty()).then_some(set)).collect();
        while fresh.iter().any(|files| !files.is_empty()) {
            let last: BTreeSet<String> = fresh.iter().flatten().map(|file| format!("#{}", last_component(file))).collect();
            let last: Vec<String> = last.into_iter().collect();
            let candidates = self.index.candidates_of_each(&last);
            for (all, fresh) in all.iter_mut().zip(&mut fresh) {
                let headers = std::mem::take(fresh);
                let Some(known) = all else { continue };
                let is_meant = |word: &str| headers.iter().any(|file| last_component(file) == &word[1..]);
                let files = last.iter().zip(&candidates).filter(|(word, _)| is_meant(word)).flat_map(|(_, files)| files);
                let files: BTreeSet<&str> = files.copied().filter(|file| !known.contains(*file)).collect();
                if known.len() + files.len() > limits::INCLUDERS {
                    *all = None;
                    continue;
                }
                let found: Vec<&str> = files.into_iter().filter(|file| self.includes_one(file, &headers)).collect();
                fresh.extend(found.iter().filter(|file| file.ends_with(".h")).map(|file| (*file).to_owned()));
                known.extend(found.into_iter().map(str::to_owned));
            }
        }
        all
    }

    fn includes_one(&self, includer: &str, headers: &BTreeSet<String>) -> bool {
        let targets = crate::text::includes(&self.index.text(includer));
        targets.iter().any(|target| headers.iter().any(|file| means(includer, target, file)))
    }

    /// The units that have the functions of `readers` that name a field: of headers those with a function that does.
    pub(crate) fn units_of_readers(&self, field: &str, readers: &BTreeSet<String>) -> BTreeSet<String> {
        let wanted: BTreeSet<String> = field.rsplit('.').take(1).map(str::to_owned).collect();
        let matters = |file: &&String| {
            let in_function =
                || mentions(&self.index.text(file), &names(&wanted)).iter().any(|mention| mention.wrapper().is_some());
            file.ends_with(".c") || in_function()
        };
        readers.iter().filter(matters).flat_map(|file| self.units(file)).collect()
    }

    /// The units that compile `file`: itself, or those that include it; none when nothing does.
    pub(crate) fn units(&self, file: &str) -> BTreeSet<String> {
        self.units_of(file, 0)
    }

    /// Adds the unit that compiles `file`: itself, or those that include it.
    fn select(&self, file: &str, selection: &mut Selection) {
        let units = self.units_of(file, 0);
        if units.is_empty() {
            selection.absent.insert(file.to_owned(), self.reason(file));
        }
        selection.units.extend(units);
    }

    fn units_of(&self, file: &str, depth: u32) -> BTreeSet<String> {
        let other_name = || self.other_names.get(file).is_some_and(|name| self.kbuild.is_compiled(name));
        if file.ends_with(".c") && (self.kbuild.is_compiled(file) || other_name()) {
            return BTreeSet::from([file.to_owned()]);
        }
        // No other architecture's file is part of this build, and asking who includes one takes time.
        if depth >= limits::INCLUDE_DEPTH || self.tree.is_foreign(file) {
            return BTreeSet::new();
        }
        let mut units = BTreeSet::new();
        for includer in self.includers(file) {
            units.extend(self.units_of(&includer, depth + 1));
            // A header's functions are the same in all units that include it.
            if file.ends_with(".h") && !units.is_empty() {
                break;
            }
        }
        units
    }

    /// Files with an `#include` that means `file`, as far as the text says.
    fn includers(&self, file: &str) -> Vec<String> {
        let includes = |includer: &&str| {
            crate::text::includes(&self.index.text(includer)).iter().any(|target| means(includer, target, file))
        };
        self.index.including(last_component(file)).into_iter().filter(includes).map(str::to_owned).collect()
    }

    fn reason(&self, file: &str) -> String {
        if self.tree.is_foreign(file) {
            return self.kbuild.reason(self.tree, file);
        }
        match self.includers(file).first() {
            Some(includer) if file.ends_with(".h") => format!("no unit of this configuration includes it ({includer} would)"),
            Some(includer) => {
                format!("included by {includer}, which is not compiled: {}", self.kbuild.reason(self.tree, includer))
            }
            None => self.kbuild.reason(self.tree, file),
        }
    }

    /// Files in which some mention of a name passes the test, in order.
    fn files_with(&self, wanted: &BTreeSet<String>, test: impl Fn(&Mention<'_>) -> bool) -> Vec<String> {
        let words: Vec<&str> = wanted.iter().map(String::as_str).collect();
        let names = names(wanted);
        let has = |file: &&str| mentions(&self.index.text(file), &names).iter().any(&test);
        self.index.candidates(&words).into_iter().filter(has).map(str::to_owned).collect()
    }

    /// For each function the `.c` files that use it, also by the names that headers wrap it in.
    fn callers(&self, functions: BTreeSet<String>) -> BTreeMap<String, BTreeSet<String>> {
        // Name in the text → the functions that were asked for.
        let mut meaning: BTreeMap<String, BTreeSet<String>> =
            functions.iter().map(|name| (name.clone(), BTreeSet::from([name.clone()]))).collect();
        let mut fresh = functions;
        for _ in 0..limits::WRAPPER_DEPTH {
            fresh = self.wrappers(&fresh, &mut meaning);
        }
        let words: Vec<&str> = meaning.keys().map(String::as_str).collect();
        let names = names(meaning.keys());
        let mut callers: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for file in self.index.candidates(&words).into_iter().filter(|file| file.ends_with(".c")) {
            let text = self.index.text(file);
            let found = mentions(&text, &names);
            let own: BTreeSet<&[u8]> =
                found.iter().filter(|mention| mention.is_definition()).map(|mention| mention.word).collect();
            // A file that defines the name has either the function itself, which is known, or a static one of its own.
            for mention in found.iter().filter(|mention| !own.contains(mention.word) && mention.is_use()) {
                let word = String::from_utf8_lossy(mention.word);
                for function in meaning.get(&*word).into_iter().flatten() {
                    callers.entry(function.clone()).or_default().insert(file.to_owned());
                }
            }
        }
        callers
    }

    /// Adds the names by which headers wrap `names` to `meaning`, and returns the new ones.
    fn wrappers(&self, wrapped: &BTreeSet<String>, meaning: &mut BTreeMap<String, BTreeSet<String>>) -> BTreeSet<String> {
        let words: Vec<&str> = wrapped.iter().map(String::as_str).collect();
        let names = names(wrapped);
        let mut fresh = BTreeSet::new();
        for file in self.index.candidates(&words).into_iter().filter(|file| file.ends_with(".h")) {
            let text = self.index.text(file);
            for mention in mentions(&text, &names).iter().filter(|mention| mention.is_use()) {
                let Some(wrapper) = mention.wrapper() else { continue };
                let meant = meaning.get(&*String::from_utf8_lossy(mention.word)).cloned().unwrap_or_default();
                if !meaning.contains_key(&wrapper) {
                    fresh.insert(wrapper.clone());
                }
                meaning.entry(wrapper).or_default().extend(meant);
            }
        }
        fresh
    }
}

/// A field with the names of its structure and its own.
fn parts(field: &String) -> Option<(&String, &str, &str)> {
    let (strukt, name) = field.strip_prefix("struct ")?.split_once('.')?;
    Some((field, strukt, name))
}

/// May `#include <target>` in `includer` mean the file?
fn means(includer: &str, target: &str, file: &str) -> bool {
    let beside = Path::new(includer).parent().map(|directory| normalize(&directory.join(target)));
    beside.is_some_and(|path| path == Path::new(file)) || Path::new(file).ends_with(target)
}

fn last_component(file: &str) -> &str {
    file.rsplit('/').next().unwrap_or(file)
}

/// Below `include/`, or an architecture's.
pub(crate) fn is_api_header(file: &str) -> bool {
    file.starts_with("include/") || (file.starts_with("arch/") && file.split('/').nth(2) == Some("include"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tree::tests::prepared;

    struct World {
        tree: Tree,
        kbuild: Kbuild,
        index: Index,
    }

    impl World {
        fn new(name: &str, files: &[(&str, &str)]) -> World {
            let root = prepared(name, "CONFIG_YES=y\n");
            for (file, text) in files {
                let path = root.join("source").join(file);
                std::fs::create_dir_all(path.parent().unwrap()).unwrap();
                std::fs::write(path, text).unwrap();
            }
            let tree = Tree::open(&root, Some(&root.join("source")), Some(&root.join("build")), None).unwrap();
            let (kbuild, index) = (Kbuild::read(&tree), Index::build(&tree.root, &tree.build, &[], 1));
            World { tree, kbuild, index }
        }

        fn selector(&self) -> Selector<'_> {
            const NONE: &BTreeMap<String, String> = &BTreeMap::new();
            Selector { tree: &self.tree, other_names: NONE, kbuild: &self.kbuild, index: &self.index }
        }

        fn initial(&self, paths: &[&str]) -> Selection {
            let paths: Vec<String> = paths.iter().map(|path| (*path).to_owned()).collect();
            self.selector().initial(&BTreeSet::from(["take".to_owned()]), &paths)
        }

        fn demanded(&self, callers: &[&str], definitions: &[&str]) -> Vec<String> {
            let map = |names: &[&str]| names.iter().map(|name| ((*name).to_owned(), String::new())).collect();
            let demand = Demand { callers_of: map(callers), definitions_of: map(definitions), ..Demand::default() };
            self.selector().demanded(&demand).units.into_iter().collect()
        }
    }

    const KBUILD: (&str, &str) = ("Kbuild", "obj-y += a.o b.o c.o d.o e.o\nobj-$(CONFIG_NO) += off.o\n");

    #[test]
    fn what_acquires_is_read_through_the_unit_that_compiles_it() {
        let world = World::new(
            "select-initial",
            &[
                KBUILD,
                ("include/linux/take.h", "int take(void);\nstatic inline int taken(void)\n{\n\treturn take();\n}\n"),
                ("a.c", "int f(void)\n{\n\treturn take();\n}\n"),
                ("b.c", "/* says take() only */\nint g(void);\n"),
                ("c.c", "#include \"parts/part.c\"\n"),
                ("parts/part.c", "#include \"deeper.c\"\n"),
                ("parts/deeper.c", "static int h(void)\n{\n\treturn take();\n}\n"),
                ("d.c", "#include \"own.h\"\n"),
                ("e.c", "#include \"own.h\"\n"),
                ("own.h", "static inline int own(void)\n{\n\treturn take();\n}\n"),
                ("off.c", "int o(void)\n{\n\treturn take();\n}\n"),
                ("lost.c", "int l(void)\n{\n\treturn take();\n}\n"),
                ("arch/arm/x.c", "int x(void)\n{\n\treturn take();\n}\n"),
            ],
        );
        let selection = world.initial(&[]);
        let units: Vec<&str> = selection.units.iter().map(String::as_str).collect();
        assert_eq!(units, ["a.c", "c.c", "d.c"], "one unit is enough for a header's functions");
        assert_eq!(selection.absent["off.c"], "CONFIG_NO is not set (Kbuild)");
        assert_eq!(selection.absent["lost.c"], "no makefile of this configuration names it");
        assert_eq!(selection.absent["arch/arm/x.c"], "for arch/arm; this tree is configured for x86");
        assert_eq!(selection.absent.len(), 3);
        assert_eq!(world.initial(&["parts"]).units, BTreeSet::from(["c.c".to_owned()]));
        assert_eq!(world.initial(&["b.c"]).units, BTreeSet::from(["b.c".to_owned()]), "named outright");
    }

    #[test]
    fn callers_are_found_through_the_names_that_headers_wrap() {
        let world = World::new(
            "select-demand",
            &[
                KBUILD,
                (
                    "include/linux/w.h",
                    "int deep(int x);\n#define middle(x) hook(deep(x))\nstatic inline int outer(int x)\n{\n\treturn middle(x);\n}\n",
                ),
                ("a.c", "int deep(int x)\n{\n\treturn x;\n}\nint f(void)\n{\n\treturn deep(1);\n}\n"),
                ("b.c", "int f(void)\n{\n\treturn outer(1);\n}\n"),
                ("c.c", "static const struct ops ops = {\n\t.run = deep,\n};\n"),
                ("d.c", "static int deep(int x)\n{\n\treturn x;\n}\nint f(void)\n{\n\treturn deep(1);\n}\n"),
                ("e.c", "int other(void)\n{\n\treturn 0;\n}\n"),
            ],
        );
        assert_eq!(world.demanded(&["deep"], &[]), ["b.c", "c.c"], "a.c has it, d.c has one of its own");
        assert_eq!(world.demanded(&[], &["deep", "other"]), ["a.c", "d.c", "e.c"]);
        assert_eq!(world.demanded(&["nothing"], &["nothing"]), [""; 0]);
    }

    #[test]
    fn functions_in_a_field_are_found_where_they_are_stored() {
        let world = World::new(
            "select-targets",
            &[
                KBUILD,
                ("a.c", "void f(struct dev *dev)\n{\n\tdev->put = put_tid;\n}\n"),
                ("b.c", "static const struct ops ops = {\n\t.put\t= put_tid,\n};\n"),
                ("c.c", "void f(struct dev *dev)\n{\n\tif (dev->put == put_tid)\n\t\tdev->put(dev);\n}\n"),
                ("d.c", "int f(void)\n{\n\tint put = 1;\n\treturn put;\n}\n"),
            ],
        );
        let demand = Demand { targets_of: [("dev.put".to_owned(), String::new())].into(), ..Demand::default() };
        let units: Vec<String> = world.selector().demanded(&demand).units.into_iter().collect();
        assert_eq!(units, ["a.c", "b.c"]);
    }

    #[test]
    fn a_function_that_everybody_uses_is_not_followed() {
        let names: Vec<String> = (0..=limits::CALLERS_OF_ONE).map(|number| format!("u{number}")).collect();
        let kbuild: String = names.iter().map(|name| format!("obj-y += {name}.o\n")).collect();
        let mut files = vec![("Kbuild".to_owned(), kbuild)];
        files.extend(names.iter().map(|name| (format!("{name}.c"), "int f(void)\n{\n\treturn common();\n}\n".to_owned())));
        let files: Vec<(&str, &str)> = files.iter().map(|(name, text)| (name.as_str(), text.as_str())).collect();
        let world = World::new("select-limit", &files);
        let demand = Demand { callers_of: [("common".to_owned(), String::new())].into(), ..Demand::default() };
        let selection = world.selector().demanded(&demand);
        assert_eq!((selection.units.len(), selection.limits.len()), (0, 1));
    }
}

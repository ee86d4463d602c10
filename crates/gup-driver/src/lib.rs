//! The way from a kernel tree to an analysis: the one place with IO, processes and threads.
mod command;
mod error;
mod index;
mod stamp;
mod text;
mod kbuild;
mod limits;
mod tree;

pub use error::Error;
pub use tree::Tree;

pub fn dump(tree: &Tree, file: &str) -> String {
    let t = std::time::Instant::now();
    let k = kbuild::Kbuild::read(tree);
    let mut out = format!("{} objects in {:?}\n", k.object_count(), t.elapsed());
    for file in file.split_whitespace() {
        match k.compilation(file) {
            Some(c) => out += &format!("{file}\t{:?}\t{}\n", c.kind, c.args.join(" ")),
            None => out += &format!("{file}\tNOT\t{}\n", k.reason(tree, file)),
        }
    }
    out
}

pub fn compare(tree: &Tree, log: &str) -> String {
    let k = kbuild::Kbuild::read(tree);
    let mut out = String::new();
    let mut seen = std::collections::BTreeSet::new();
    let (mut same, mut kind_bad, mut flags_bad, mut missing) = (0, 0, 0, 0);
    for line in log.lines() {
        let words = command::words(line);
        let Some(file) = words.last().and_then(|w| w.strip_prefix(&format!("{}/", tree.root.display()))) else { continue };
        let file = kbuild::normalize(file.as_ref()).to_string_lossy().into_owned();
        if !file.ends_with(".c") || !seen.insert(file.clone()) { continue }
        let truth = command::Command::from_words(&words, &tree.build);
        let clean = |args: &[String]| -> Vec<String> {
            args.iter().filter(|a| !a.starts_with("-DKBUILD_") && !a.starts_with("-D__KBUILD")).map(|a| match a.strip_prefix("-I") { Some(p) => format!("-I{}", kbuild::normalize(&tree.build.join(p)).display()), None => a.clone() }).collect()
        };
        match k.compilation(&file) {
            None => { missing += 1; out += &format!("MISSING {file}: {}\n", k.reason(tree, &file)); }
            Some(c) => {
                let module = truth.args.iter().any(|a| a == "-DMODULE");
                if module != (c.kind == kbuild::Kind::Module) { kind_bad += 1; out += &format!("KIND {file} make says module={module}\n"); continue }
                let (mut a, mut b) = (clean(&truth.args), clean(&c.args));
                a.retain(|x| x != "-DMODULE"); b.retain(|x| x != "-DMODULE");
                if a == b { same += 1 } else { flags_bad += 1;
                    let da: Vec<_> = a.iter().filter(|x| !b.contains(x)).collect(); let db: Vec<_> = b.iter().filter(|x| !a.contains(x)).collect();
                    out += &format!("FLAGS {file}: make {da:?} ours {db:?}\n"); }
            }
        }
    }
    out + &format!("objects {} same {same} kind {kind_bad} flags {flags_bad} missing {missing}\n", k.object_count())
}

pub fn index(tree: &Tree) -> String {
    let t = std::time::Instant::now();
    let i = index::Index::build(&tree.root, &[], 2);
    let mut out = format!("{} .c, read {} in {:?}\n", i.source_count(), i.read, t.elapsed());
    let t = std::time::Instant::now();
    let s = i.stored();
    out += &format!("stored {} in {:?}\n", s.len(), t.elapsed());
    let t = std::time::Instant::now();
    let i = index::Index::build(&tree.root, &s, 2);
    out += &format!("{} .c, read {} in {:?}\n", i.source_count(), i.read, t.elapsed());
    let t = std::time::Instant::now();
    let c = i.candidates(&["get_user_pages", "pin_user_pages_fast"]);
    out += &format!("{} in {:?}\n", c.len(), t.elapsed());
    out
}

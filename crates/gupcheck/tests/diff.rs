//! `gupcheck diff` as its users run it: patches, series, ranges of commits, and changes of headers.
#![allow(clippy::unwrap_used)]

mod tree;

use std::process::Command;

use serde_json::{Value, json};
use tree::{Run, Tree};

fn findings(report: &Value) -> Vec<String> {
    let list = report.as_array().unwrap().iter();
    list.map(|finding| format!("{} {}", finding["rule"].as_str().unwrap(), finding["file"].as_str().unwrap())).collect()
}

#[test]
fn a_patch_is_judged_by_what_it_introduces_and_fixes() {
    let tree = Tree::new("diff");
    let fixes = tree.diff("drivers/leak.c", "return 0;", "put_page(page);\n\treturn 0;");
    let diff = fixes.json();
    assert_eq!((findings(&diff["introduced"]).len(), findings(&diff["fixed"])), (0, vec!["leak drivers/leak.c".to_owned()]));
    assert_eq!(diff["sites"][0]["before"], json!("finding"));
    assert_eq!(diff["sites"][0]["after"], json!("balanced"));
    assert_eq!(fixes.status, Some(0));
    // The site is in another unit than the one that changes.
    let breaks = tree.diff("drivers/caller.c", "\tput_page(page);\n", "");
    let diff = breaks.json();
    assert_eq!((findings(&diff["introduced"]).len(), &diff["unchanged"]), (1, &json!(1)), "{diff}");
    let caller = json!({"file": "drivers/caller.c", "renamed_from": null, "status": "analysed", "reason": "", "read_again": ["drivers/caller.c"]});
    assert_eq!(diff["changed"], json!([caller]));
    assert_eq!(breaks.status, Some(1));
    // A file that another one includes.
    let part = tree.diff("drivers/part.c", "\tput_page(page);\n", "").json();
    assert_eq!(findings(&part["introduced"]), ["leak drivers/part.c"]);
    assert!(tree.read("drivers/part.c").contains("put_page"), "only in memory");
}

#[test]
fn a_file_that_was_not_analysed_is_never_passed_over() {
    let tree = Tree::new("diff-status");
    let changed = |run: &Run| run.json()["changed"][0].clone();
    let off = changed(&tree.diff("drivers/off.c", "return 0;", "return 1;"));
    assert_eq!(
        (&off["status"], &off["reason"]),
        (&json!("not-in-configuration"), &json!("CONFIG_OFF is not set (drivers/Makefile)"))
    );
    let new = "--- /dev/null\n+++ b/drivers/new.c\n@@ -0,0 +1 @@\n+int x;\n";
    assert_eq!(changed(&tree.apply(new))["status"], json!("not-in-configuration"));
    let broken = changed(&tree.diff("drivers/leak.c", "#include <linux/mm.h>", "#include <linux/nowhere.h>"));
    assert_eq!(broken["status"], json!("failed"));
    assert!(broken["reason"].as_str().unwrap().contains("nowhere.h"));
}

#[test]
fn a_change_under_an_ifdef_that_leaves_it_out_is_said_not_to_be_compiled() {
    let tree = Tree::new("diff-left-out");
    let part = "#ifdef CONFIG_DMA\nint drop(unsigned long addr)\n{\n\tstruct page *page;\n\n\treturn get_user_pages_fast(addr, 1, 0, &page);\n}\n#endif\n";
    tree.write("drivers/leak.c", &(tree.read("drivers/leak.c") + part));
    let changed = |run: &Run| run.json()["changed"][0].clone();
    let inside =
        changed(&tree.diff("drivers/leak.c", "addr, 1, 0, &page);\n}\n#endif", "addr, 1, FOLL_WRITE, &page);\n}\n#endif"));
    assert_eq!(
        (&inside["status"], &inside["reason"]),
        (
            &json!("not-in-configuration"),
            &json!("what changes is left out of this configuration by `#ifdef CONFIG_DMA` in line 10")
        )
    );
    // A part that is new.
    let more = tree.diff("drivers/leak.c", "#ifdef CONFIG_DMA", "#ifdef CONFIG_MORE\nint more;\n#endif\n#ifdef CONFIG_DMA");
    let reason = "what changes is left out of this configuration by `#ifdef CONFIG_MORE` in line 10";
    assert_eq!(changed(&more)["reason"], json!(reason));
    // Something that is compiled changes as well.
    let both = tree.change("drivers/leak.c", "int look(unsigned long addr)", "int peek(unsigned long addr)");
    assert_eq!(changed(&tree.apply(&both))["status"], json!("analysed"));
    let audit = tree.audit(&["--format", "json"]).json();
    let left_out = json!([{"file": "drivers/leak.c", "reason": "get_user_pages_fast() in line 15 is left out by `#ifdef CONFIG_DMA` in line 10"}]);
    assert_eq!(audit["coverage"]["units"]["left_out"], left_out);
}

#[test]
fn a_renamed_file_is_compared_with_itself() {
    let tree = Tree::new("diff-renamed");
    let moved = "diff --git a/drivers/leak.c b/drivers/moved.c\nrename from drivers/leak.c\nrename to drivers/moved.c\n";
    // Also where no makefile knows the new name.
    for makefile in ["", &tree.change("drivers/Makefile", "leak.o", "moved.o")] {
        let run = tree.apply(&format!("{makefile}{moved}"));
        let diff = run.json();
        assert_eq!(
            (run.status, &diff["introduced"], &diff["fixed"], &diff["unchanged"]),
            (Some(0), &json!([]), &json!([]), &json!(1))
        );
        let of =
            |file: &str| diff["changed"].as_array().unwrap().iter().find(|changed| changed["file"] == file).cloned().unwrap();
        assert_eq!(of("drivers/moved.c")["renamed_from"], "drivers/leak.c");
        assert_eq!(of("drivers/moved.c")["read_again"], json!(["drivers/moved.c"]));
        assert_eq!(of("drivers/leak.c")["status"], "analysed");
        assert_eq!(diff["sites"][0]["before"], diff["sites"][0]["after"], "{diff}");
    }
}

#[test]
fn files_that_are_added_and_deleted() {
    let tree = Tree::new("diff-added");
    let lines: Vec<String> =
        tree.read("drivers/leak.c").lines().map(|line| format!("+{}\n", line.replace("look", "peer"))).collect();
    let new = format!("--- /dev/null\n+++ b/drivers/new.c\n@@ -0,0 +1,{} @@\n{}", lines.len(), lines.concat());
    let diff = tree.apply(&(tree.change("drivers/Makefile", "leak.o", "leak.o new.o") + &new)).json();
    assert_eq!(
        (findings(&diff["introduced"]), findings(&diff["fixed"]).len()),
        (vec!["leak drivers/new.c".to_owned()], 0),
        "{diff}"
    );
    assert_eq!(diff["changed"][1]["status"], "analysed");
    let lines: Vec<String> = tree.read("drivers/leak.c").lines().map(|line| format!("-{line}\n")).collect();
    let gone = format!("--- a/drivers/leak.c\n+++ /dev/null\n@@ -1,{} +0,0 @@\n{}", lines.len(), lines.concat());
    let diff = tree.apply(&(tree.change("drivers/Makefile", "leak.o ", "") + &gone)).json();
    assert_eq!(
        (findings(&diff["introduced"]).len(), findings(&diff["fixed"])),
        (0, vec!["leak drivers/leak.c".to_owned()]),
        "{diff}"
    );
    let diff = tree.apply(&tree.change("drivers/Makefile", "leak.o ", "")).json();
    assert_eq!(findings(&diff["fixed"]).len(), 1, "not built any more");
}

#[test]
fn a_hunk_that_does_not_apply_is_named() {
    let tree = Tree::new("diff-hunk");
    let run = tree.apply("--- a/drivers/leak.c\n+++ b/drivers/leak.c\n@@ -3,1 +3,1 @@\n-no such line\n+x\n");
    assert_eq!((run.status, run.out.as_str()), (Some(2), ""));
    assert_eq!(run.complaints(), ["gupcheck: drivers/leak.c: hunk 1 (@@ -3,1 +3,1 @@) does not apply to this tree"]);
    let nonsense = tree.apply("hello\n");
    assert_eq!(nonsense.status, Some(2));
}

/// Takes the caller's release away, then gives it back.
fn series(tree: &Tree) -> String {
    let mail = |number: u32, title: &str, diff: &str| {
        format!(
            "From {number:040} Mon Sep 17 00:00:00 2001\nFrom: A <a@example.org>\nSubject: [PATCH {number}/2] {title}\n\nWhy.\n---\n \
             drivers/caller.c | 1 +\n\n{diff}-- \n2.39.5\n\n"
        )
    };
    let caller = tree.read("drivers/caller.c");
    let first = tree.change("drivers/caller.c", "\tput_page(page);\n", "");
    tree.write("drivers/caller.c", &caller.replace("\tput_page(page);\n", ""));
    let second = tree.change("drivers/caller.c", "\treturn 0;", "\tput_page(page);\n\treturn 0;");
    tree.write("drivers/caller.c", &caller);
    let cover =
        "From 0 Mon Sep 17 00:00:00 2001\nSubject: [PATCH 0/2] cover\n\n>From here to there.\n\n drivers/caller.c | 2 +-\n\n";
    format!("{cover}{}{}", mail(1, "break it", &first), mail(2, "mend it", &second))
}

#[test]
fn a_series_is_judged_as_a_whole_or_patch_by_patch() {
    let tree = Tree::new("series");
    let mbox = series(&tree);
    let whole = tree.apply(&mbox);
    let diff = whole.json();
    assert_eq!(
        (whole.status, &diff["introduced"], &diff["fixed"], &diff["patches"]),
        (Some(0), &json!([]), &json!([]), &json!([]))
    );
    let each = tree.apply_with(&mbox, &["--each"]);
    let diff = each.json();
    assert_eq!((&diff["introduced"], &diff["unchanged"]), (&json!([]), &json!(1)), "the whole is as before");
    let patches = diff["patches"].as_array().unwrap();
    assert_eq!(
        (&patches[0]["title"], findings(&patches[0]["introduced"])),
        (&json!("[PATCH 1/2] break it"), vec!["leak drivers/caller.c".to_owned()]),
        "{diff}"
    );
    assert_eq!(
        (&patches[1]["title"], findings(&patches[1]["fixed"]), patches.len()),
        (&json!("[PATCH 2/2] mend it"), vec!["leak drivers/caller.c".to_owned()], 2)
    );
    assert_eq!(each.status, Some(1), "somebody will bisect through the first");
    std::fs::write(tree.directory.join("change.patch"), &mbox).unwrap();
    let text = tree.run(&["diff", "--each", "--confidence", "medium", "--patch", "../change.patch"]);
    assert!(text.out.starts_with("[PATCH 1/2] break it:\n") && !text.out.contains("2/2"), "{}", text.out);
    let format = |format: &str| {
        tree.run(&["diff", "-q", "--each", "--confidence", "medium", "--patch", "../change.patch", "--format", format]).out
    };
    let mails = format("mail");
    assert_eq!(
        mails.lines().filter(|line| line.starts_with("From ")).count(),
        1,
        "one mail for each that brings something: {mails}"
    );
    assert!(mails.starts_with("From gupcheck ") && mails.contains("\npatch:     [PATCH 1/2] break it\n"), "{mails}");
    let checks: Vec<Value> = serde_json::from_str(&format("b4")).unwrap();
    let [check] = &checks[..] else { panic!("{checks:?}") };
    assert!(check["summary"].as_str().unwrap().starts_with("[PATCH 1/2] break it: drivers/caller.c:"), "{check}");
    assert!(format("html").contains("\"title\":\"[PATCH 1/2] break it\""));
    let wrong = tree.apply(&mbox.replacen("\n-int peek", "\n-int poke", 1));
    assert_eq!((wrong.status, wrong.complaints().len()), (Some(2), 1), "{}", wrong.err);
    assert!(wrong.err.contains("[PATCH 1/2] break it: ") && wrong.err.contains("drivers/caller.c: hunk 1 (@@ "), "{}", wrong.err);
}

#[test]
fn encoded_mails_are_read() {
    let tree = Tree::new("mails");
    let diff = tree.change("drivers/leak.c", "return 0;", "put_page(page);\n\treturn 0;");
    let quoted: String = diff.replace('=', "=3D").replace('\t', "=09=\n");
    let mail = format!("From: A <a@example.org>\nSubject: [PATCH] mend\nContent-Transfer-Encoding: quoted-printable\n\n{quoted}");
    assert_eq!(findings(&tree.apply(&mail).json()["fixed"]), ["leak drivers/leak.c"]);
}

/// git in the tree, as nobody in particular.
fn git(tree: &Tree, args: &[&str]) {
    let mut command = Command::new("git");
    command.args(["-c", "user.name=A", "-c", "user.email=a@example.org", "-c", "commit.gpgSign=false"]).args(args);
    let output = command.current_dir(tree.root()).env("GIT_CONFIG_GLOBAL", "/dev/null").output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

fn commit(tree: &Tree, message: &str) {
    git(tree, &["add", "-A"]);
    git(tree, &["commit", "-q", "-m", message]);
}

/// The tree as three commits: as it is, without the caller's release, and with it again but in a file of another name.
fn history(name: &str) -> Tree {
    let tree = Tree::new(name);
    git(&tree, &["init", "-q", "-b", "main"]);
    commit(&tree, "one");
    let caller = tree.read("drivers/caller.c");
    tree.write("drivers/caller.c", &caller.replace("\tput_page(page);\n", ""));
    commit(&tree, "two: break it");
    tree.write("drivers/user.c", &caller);
    std::fs::remove_file(tree.root().join("drivers/caller.c")).unwrap();
    tree.write("drivers/Makefile", &tree.read("drivers/Makefile").replace("caller.o", "user.o"));
    commit(&tree, "three: mend it");
    tree
}

fn range(tree: &Tree, range: &str, args: &[&str]) -> Run {
    tree.run(&[&["diff", range, "--format", "json", "--confidence", "medium"], args].concat())
}

#[test]
fn a_range_of_commits_is_compared_wherever_the_work_tree_is() {
    let tree = history("range");
    for at in ["main", "main~1", "main~2"] {
        git(&tree, &["checkout", "-q", at]);
        let breaks = range(&tree, "main~2..main~1", &[]);
        let diff = breaks.json();
        assert_eq!(
            (breaks.status, findings(&diff["introduced"]), &diff["unchanged"]),
            (Some(1), vec!["leak drivers/caller.c".to_owned()], &json!(1)),
            "{at}: {}",
            breaks.err
        );
        assert_eq!(diff["changed"][0]["file"], "drivers/caller.c");
        let mends = range(&tree, "main~1..main", &[]).json();
        assert_eq!(
            (findings(&mends["introduced"]).len(), findings(&mends["fixed"])),
            (0, vec!["leak drivers/caller.c".to_owned()]),
            "{at}"
        );
        let whole = range(&tree, "main~2..main", &["--each"]);
        let diff = whole.json();
        assert_eq!(
            (&diff["introduced"], &diff["fixed"], &diff["unchanged"]),
            (&json!([]), &json!([]), &json!(1)),
            "{at}: {diff}"
        );
        let each: Vec<(bool, usize, usize)> = diff["patches"]
            .as_array()
            .unwrap()
            .iter()
            .map(|patch| {
                let title = patch["title"].as_str().unwrap();
                (
                    title.ends_with(": break it") || title.ends_with(": mend it"),
                    findings(&patch["introduced"]).len(),
                    findings(&patch["fixed"]).len(),
                )
            })
            .collect();
        assert_eq!(each, [(true, 1, 0), (true, 0, 1)], "{at}");
        assert_eq!(breaks.complaints(), [""; 0]);
    }
}

#[test]
fn what_the_range_does_not_change_is_read_from_the_work_tree_and_said() {
    let tree = history("range-dirty");
    tree.write("drivers/leak.c", &tree.read("drivers/leak.c").replace("return 0;", "put_page(page);\n\treturn 0;"));
    tree.write("drivers/user.c", "this is not C");
    let diff = range(&tree, "main~2..main~1", &[]).json();
    assert_eq!((findings(&diff["introduced"]).len(), &diff["unchanged"]), (1, &json!(0)), "the leak is mended on both sides");
    let remark = diff["remarks"][0].as_str().unwrap();
    assert!(remark.starts_with("1 files that the range does not change") && remark.ends_with(": drivers/leak.c"), "{remark}");
}

#[test]
fn a_range_that_makes_no_sense_is_one_error() {
    let tree = Tree::new("range-errors");
    let fails = |range: &str, args: &[&str], text: &str| {
        let run = self::range(&tree, range, args);
        assert_eq!((run.status, run.out.as_str(), run.err.lines().count()), (Some(2), "", 1), "{}", run.err);
        assert!(run.err.contains(text), "{}", run.err);
    };
    fails("a..b", &[], "is in no git repository");
    git(&tree, &["init", "-q"]);
    fails("HEAD..HEAD", &[], "HEAD is no commit of the repository");
    commit(&tree, "one");
    fails("HEAD", &[], "write BASE..HEAD");
    fails("nothing..HEAD", &[], "nothing is no commit of the repository");
    fails("HEAD..HEAD", &["--each"], "HEAD must come after BASE");
    let same = range(&tree, "HEAD..HEAD", &[]);
    assert_eq!((same.status, &same.json()["changed"]), (Some(0), &json!([])));
    assert_eq!(tree.run(&["diff"]).status, Some(2));
}

/// A repository may name programs for git to run.
#[test]
fn nothing_that_a_repository_names_is_run_and_nothing_written() {
    let tree = history("range-hostile");
    let mark = tree.directory.join("was-run");
    let script = format!("touch {}; cat", mark.display());
    for name in [
        "core.fsmonitor",
        "diff.external",
        "filter.evil.clean",
        "filter.evil.smudge",
        "filter.evil.process",
        "diff.evil.textconv",
        "core.pager",
        "gpg.program",
    ] {
        git(&tree, &["config", name, &script]);
    }
    git(&tree, &["config", "log.showSignature", "true"]);
    std::fs::write(tree.root().join(".git/info/attributes"), "*.c filter=evil diff=evil\n*.h filter=evil diff=evil\n").unwrap();
    let index = std::fs::metadata(tree.root().join(".git/index")).unwrap().modified().unwrap();
    tree.write("drivers/leak.c", &(tree.read("drivers/leak.c") + "\n"));
    let _ = std::fs::remove_file(&mark);
    let run = range(&tree, "main~2..main", &["--each"]);
    assert_eq!((run.status, run.json()["remarks"].as_array().unwrap().len()), (Some(1), 1), "{}", run.err);
    assert!(!mark.exists());
    assert_eq!(std::fs::metadata(tree.root().join(".git/index")).unwrap().modified().unwrap(), index);
}

fn header(run: &Run) -> (Value, String, Vec<String>) {
    let changed = run.json()["changed"].as_array().unwrap().iter().find(|changed| changed["status"] == "header").unwrap().clone();
    let again = changed["read_again"].as_array().unwrap().iter().map(|unit| unit.as_str().unwrap().to_owned()).collect();
    (run.json(), changed["reason"].as_str().unwrap().to_owned(), again)
}

#[test]
fn a_changed_header_is_analysed_in_memory() {
    let tree = Tree::new("header");
    // A private one, by a macro that one unit names.
    let (diff, reason, again) = header(&tree.diff("drivers/own.h", "FLAGS 0", "FLAGS 1"));
    assert_eq!((reason.as_str(), again), ("macros, types or prototypes: GRAB_FLAGS", vec!["drivers/wrapper.c".to_owned()]));
    assert_eq!((&diff["introduced"], &diff["fixed"]), (&json!([]), &json!([])));
    // A macro that takes a release away, from those who name it.
    let put = "#define GRAB_FLAGS 0\n#define put_page(page) ((void)(page))";
    let (diff, _, again) = header(&tree.diff("drivers/own.h", "#define GRAB_FLAGS 0", put));
    assert_eq!(
        (findings(&diff["introduced"]), again),
        (vec!["leak drivers/caller.c".to_owned()], vec!["drivers/caller.c".to_owned()])
    );
    let (_, reason, again) = header(&tree.diff("drivers/own.h", "#define", "/* how */\n#define"));
    assert_eq!((reason.as_str(), again), ("only comments or layout; no unit that was read depends on it", vec![]));
}

#[test]
fn a_changed_common_header_gets_a_precompiled_header_of_its_own() {
    let tree = Tree::new("header-common");
    let mm = "include/linux/mm.h";
    let body = "static inline void drop(struct page *page)\n{\n\tput_page(page);\n}\n";
    tree.write(mm, &(tree.read(mm) + body + "#define dropped(page) drop(page)\n"));
    tree.write("drivers/caller.c", &tree.read("drivers/caller.c").replace("\tput_page(page);", "\tdropped(page);"));
    assert_eq!(findings(&tree.audit(&[]).json()["findings"]), ["leak drivers/leak.c"]);
    // Inside an inline function: no unit but that of the common headers is read again.
    let run = tree.diff(mm, "\tput_page(page);\n}", "}");
    let (diff, reason, again) = header(&run);
    assert_eq!((reason.as_str(), again), ("inside inline functions: drop", vec!["(common headers)".to_owned()]));
    assert_eq!(findings(&diff["introduced"]), ["leak drivers/caller.c"], "{diff}");
    // The same as if the header were so on disk.
    let same = |from: &str, to: &str, introduced: &[&str], again: &[&str]| {
        let (diff, _, read) = header(&tree.diff(mm, from, to));
        assert_eq!(
            (findings(&diff["introduced"]), read),
            (introduced.iter().map(|text| (*text).to_owned()).collect(), again.iter().map(|text| (*text).to_owned()).collect()),
            "{to}"
        );
        let old = tree.read(mm);
        tree.write(mm, &old.replace(from, to));
        let audit = tree.audit(&[]).json();
        let expected = findings(&audit["findings"]).len();
        tree.write(mm, &old);
        assert_eq!(expected, 1 + introduced.len(), "{to}");
    };
    // A macro that a macro uses.
    same("drop(page)\n", "((void)(page))\n", &["leak drivers/caller.c"], &["(common headers)", "drivers/caller.c"]);
    // What comes last in the header: drop() has the old one.
    let put = "#define put_page(page) ((void)(page))\n#define dropped";
    same("#define dropped", put, &["leak drivers/part.c"], &["(common headers)", "drivers/whole.c"]);
    // Together with a source, which is read with the new headers.
    let both = tree.change(mm, "#define dropped", "#define lost(page) ((void)(page))\n#define dropped")
        + &tree.change("drivers/caller.c", "dropped(page)", "lost(page)");
    let (diff, _, again) = header(&tree.apply(&both));
    assert_eq!((findings(&diff["introduced"]), again.len()), (vec!["leak drivers/caller.c".to_owned()], 2), "{diff}");
    assert_eq!(diff["coverage"]["after"]["failed"], json!([]));
    let audit = tree.audit(&[]);
    assert_eq!((findings(&audit.json()["findings"]).len(), audit.complaints()), (1, vec![]), "nothing of it is left");
}

#[test]
fn a_header_that_comes_or_goes() {
    let tree = Tree::new("header-new");
    // It hides the one that the sources found until now.
    let lines: Vec<String> = (tree.read("include/linux/mm.h") + "#define put_page(page) ((void)(page))\n")
        .lines()
        .map(|line| format!("+{line}\n"))
        .collect();
    let new = format!("--- /dev/null\n+++ b/arch/x86/include/linux/mm.h\n@@ -0,0 +1,{} @@\n{}", lines.len(), lines.concat());
    let (diff, _, _) = header(&tree.apply(&new));
    assert_eq!(findings(&diff["introduced"]), ["leak drivers/caller.c", "leak drivers/part.c"], "{diff}");
    let lines: Vec<String> = tree.read("drivers/own.h").lines().map(|line| format!("-{line}\n")).collect();
    let gone = format!("--- a/drivers/own.h\n+++ /dev/null\n@@ -1,{} +0,0 @@\n{}", lines.len(), lines.concat());
    let (diff, reason, again) = header(&tree.apply(&gone));
    assert_eq!(again, ["drivers/caller.c", "drivers/wrapper.c"]);
    assert!(
        reason.contains("drivers/caller.c could not be read") && reason.contains("'drivers/own.h' file not found"),
        "{reason}"
    );
    let failed: Vec<&str> =
        diff["coverage"]["after"]["failed"].as_array().unwrap().iter().map(|unit| unit["file"].as_str().unwrap()).collect();
    assert_eq!((failed, &diff["coverage"]["before"]["failed"]), (vec!["drivers/caller.c", "drivers/wrapper.c"], &json!([])));
}

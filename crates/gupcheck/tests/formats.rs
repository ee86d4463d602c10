//! Formats as the binary writes them on a small kernel tree: from an audit, from a diff, from what was stored; for one maintainer.
#![allow(clippy::unwrap_used, clippy::print_stderr, reason = "what fails, fails the test; a test that skips says so")]

mod tree;

use std::path::PathBuf;
use std::process::Command;

use serde_json::{Value, json};
use tree::Tree;

const MAINTAINERS: &str = "\
Maintainers List

LEAKY DRIVER
M:\tAda <ada@example.org>
L:\tleaks@lists.example.org
S:\tMaintained
F:\tdrivers/leak.c

OWN DRIVER
M:\tBob <bob@example.org>
F:\tdrivers/
X:\tdrivers/leak.c

THE REST
M:\tLinus Torvalds <torvalds@linux-foundation.org>
L:\tlinux-kernel@vger.kernel.org
S:\tBuried alive in reporters
F:\t*
F:\t*/
";

fn owned(name: &str) -> Tree {
    let tree = Tree::new(name);
    tree.write("MAINTAINERS", MAINTAINERS);
    tree
}

#[test]
fn every_format_from_an_audit_is_the_one_from_its_stored_report() {
    let tree = owned("stored");
    let formats = ["text", "gcc", "sarif", "kcidb", "b4", "mail", "html"];
    let targets: Vec<String> = formats.iter().map(|format| format!("{format}=../audit.{format}")).collect();
    let mut args = vec!["audit", "-q", "-o", "json=../report.json"];
    args.extend(targets.iter().flat_map(|target| ["-o", target]));
    let run = tree.run(&args);
    assert_eq!((run.status, run.out.as_str(), run.err.as_str()), (Some(1), "", ""));
    for format in formats {
        let run = tree.run(&["report", "../report.json", "--tree", ".", "--format", format]);
        let written = std::fs::read_to_string(tree.directory.join(format!("audit.{format}"))).unwrap();
        assert_eq!((run.status, run.out == written), (Some(0), true), "{format}: {}", run.err);
        assert!(written.contains("leak"), "{format}: {written}");
    }
    let without = tree.run(&["report", "../report.json", "--format", "html"]).out;
    assert!(!without.contains("return -EFAULT"), "no source without a tree");
}

#[test]
fn source_lines_come_only_from_the_kernel_that_was_audited() {
    let tree = owned("version");
    tree.run(&["audit", "-q", "-o", "json=../report.json"]);
    tree.write("Makefile", "VERSION = 6\nPATCHLEVEL = 13\nSUBLEVEL = 0\n");
    let run = tree.run(&["report", "../report.json", "--tree", ".", "--format", "html"]);
    assert_eq!((run.status, run.out.as_str()), (Some(2), ""));
    let message = "gupcheck: . is Linux 6.13.0, the report is of 6.12.0: name the tree that was audited, or leave --tree out\n";
    assert_eq!(run.err, message);
    assert_eq!(tree.run(&["report", "../report.json", "--format", "gcc"]).status, Some(0));
}

#[test]
fn a_diff_renders_in_every_format_also_from_what_was_stored() {
    let tree = owned("diff-formats");
    let leak = ("drivers/caller.c", "\tput_page(page);\n\treturn 0;", "\treturn 0;");
    let json = tree.diff(leak.0, leak.1, leak.2);
    std::fs::write(tree.directory.join("diff.json"), &json.out).unwrap();
    for format in ["text", "gcc", "sarif", "kcidb", "b4", "mail", "html"] {
        let run = tree.run(&["diff", "-q", "--confidence", "medium", "--format", format, "--patch", "../change.patch"]);
        assert_eq!(run.status, Some(1), "{format}: {}", run.err);
        assert!(run.out.contains("leak") && run.out.contains("caller.c"), "{format}: {}", run.out);
        if !matches!(format, "text" | "mail" | "html") {
            let stored = tree.run(&["report", "../diff.json", "--format", format]);
            assert_eq!(stored.out, run.out, "{format}: only source lines may differ");
        }
    }
    let mail = tree.run(&["report", "../diff.json", "--format", "mail"]).out;
    assert!(mail.contains("To: Bob <bob@example.org>\n") && mail.contains("New gupcheck findings:\n"), "{mail}");
    let sarif: Value = serde_json::from_str(&tree.run(&["report", "../diff.json", "--format", "sarif"]).out).unwrap();
    assert_eq!(sarif["runs"][0]["results"][0]["baselineState"], "new");
}

#[test]
fn findings_name_those_who_look_after_them_and_filters_follow() {
    let tree = owned("owners");
    let report = tree.audit(&[]).json();
    let finding = &report["findings"][0];
    assert_eq!(
        (&finding["maintainers"], &finding["lists"], &finding["subsystems"]),
        (
            &json!(["Ada <ada@example.org>"]),
            &json!(["leaks@lists.example.org", "linux-kernel@vger.kernel.org"]),
            &json!(["LEAKY DRIVER"])
        )
    );
    assert_eq!(report["subsystems"].as_array().unwrap().len(), 3, "{}", report["subsystems"]);
    let own = tree.audit(&["--maintainer", "BOB@"]);
    let report = own.json();
    assert_eq!((own.status, &report["findings"], &report["coverage"]["sites"]["total"]), (Some(0), &json!([]), &json!(2)));
    assert_eq!(tree.audit(&["--subsystem", "leaky"]).json()["findings"].as_array().unwrap().len(), 1);
    for (option, value, complaint) in
        [("--subsystem", "no such", "match no entry of"), ("--maintainer", "(", "--maintainer takes a regular expression")]
    {
        let run = tree.audit(&[option, value]);
        assert_eq!(run.status, Some(2));
        assert!(run.err.contains(complaint), "{}", run.err);
    }
    tree.run(&["audit", "-q", "-o", "maintainers=../by"]);
    let mut files: Vec<String> = std::fs::read_dir(tree.directory.join("by"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    files.sort();
    let names = ["leaky-driver", "own-driver", "the-rest"];
    assert_eq!(files, names.iter().flat_map(|name| [format!("{name}.json"), format!("{name}.txt")]).collect::<Vec<_>>());
}

#[test]
fn wrong_input_is_one_sentence() {
    let tree = owned("wrong");
    std::fs::write(tree.directory.join("wrong.json"), "{}").unwrap();
    for (args, complaint) in [
        (&["report", "../wrong.json"][..], "not a gupcheck report"),
        (&["report", "../none.json"], "../none.json"),
        (&["audit", "-q", "--kcidb-origin", "My-CI", "--format", "kcidb"], "is no KCIDB origin"),
    ] {
        let run = tree.run(args);
        assert_eq!((run.status, run.complaints().len()), (Some(2), 1), "{}", run.err);
        assert!(run.err.contains(complaint), "{}", run.err);
    }
}

#[test]
fn an_unknown_format_is_refused_with_those_that_are() {
    let run = owned("unknown").run(&["audit", "-o", "pdf=x"]);
    assert_eq!(run.status, Some(2));
    assert!(run.err.contains("there is no format pdf: text, gcc, json, sarif"), "{}", run.err);
}

#[test]
fn a_fix_is_proposed_where_it_is_certain() {
    let tree = owned("fix");
    let pinned = "#include <linux/mm.h>\nint look(unsigned long addr)\n{\n\tstruct page *page;\n\n\tif (pin_user_pages_fast(addr, 1, 0, &page) != 1)\n\t\treturn -EFAULT;\n\tput_page(page);\n\treturn 0;\n}\n";
    tree.write("drivers/leak.c", pinned);
    let report = tree.audit(&[]).json();
    let fix = json!({"file": "drivers/leak.c", "line": 8, "column": 2, "replace": "put_page", "with": "unpin_user_page"});
    assert_eq!((&report["findings"][0]["rule"], &report["findings"][0]["fix"]), (&json!("wrong-put"), &fix));
    // A macro of the driver's own: the call does not stand there.
    let hidden =
        pinned.replace("int look", "#define drop(page) put_page(page)\nint look").replace("\tput_page(page)", "\tdrop(page)");
    tree.write("drivers/leak.c", &hidden);
    let report = tree.audit(&[]).json();
    assert_eq!((&report["findings"][0]["rule"], &report["findings"][0]["fix"]), (&json!("wrong-put"), &Value::Null));
}

/// b4 runs `gupcheck diff` itself, as `git config b4.review-perpatch-check-cmd` has it.
#[test]
fn b4_reads_the_checks_of_a_patch() {
    let python = std::env::var_os("GUPCHECK_TEST_CONSUMERS").map(|folder| PathBuf::from(folder).join("bin/python"));
    let Some(python) = python.filter(|path| path.is_file()) else {
        return eprintln!("skipped: b4; `cargo xtask test` installs it where a registry can be reached");
    };
    let tree = owned("b4");
    let script = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../testdata/consumers/b4_check.py");
    let command = format!("{} diff -q --confidence medium --format b4 --patch -", env!("CARGO_BIN_EXE_gupcheck"));
    let checks = |patch: &str| -> Value {
        let mail =
            format!("From: A <a@example.org>\nSubject: [PATCH] own: change\nMessage-Id: <1@example.org>\n\nText.\n---\n{patch}");
        let file = tree.directory.join("patch.eml");
        std::fs::write(&file, mail).unwrap();
        let mut b4 = Command::new(&python);
        b4.arg(&script).arg(tree.root()).arg(&file).arg(&command).env("GUPCHECK_CACHE_DIR", tree.cache());
        let output = b4.output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        serde_json::from_slice(&output.stdout).unwrap()
    };
    let bad = checks(&tree.change("drivers/caller.c", "\tput_page(page);\n\treturn 0;", "\treturn 0;"));
    assert_eq!((bad.as_array().unwrap().len(), &bad[0]["tool"]), (1, &json!("gupcheck")), "{bad}");
    assert!(bad[0]["status"] != "pass" && bad[0]["summary"].as_str().unwrap().ends_with("[leak]"), "{bad}");
    assert!(bad[0]["details"].as_str().unwrap().contains("note: (1)"), "{bad}");
    let good = checks(&tree.change("drivers/leak.c", "return 0;", "put_page(page);\n\treturn 0;"));
    assert_eq!((&good[0]["status"], &good[0]["summary"]), (&json!("pass"), &json!("no new findings; fixed 1, unchanged 0")));
}

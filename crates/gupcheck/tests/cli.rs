//! The binary as its users run it, on a small kernel tree: formats, exit status, cache, workers, errors. Patches are in `diff.rs`.
#![allow(clippy::unwrap_used)]

mod tree;

use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::time::{Duration, SystemTime};

use serde_json::{Value, json};
use tree::{Run, Tree};

fn findings(report: &Value) -> Vec<String> {
    let list = report.as_array().unwrap().iter();
    list.map(|finding| format!("{} {}", finding["rule"].as_str().unwrap(), finding["file"].as_str().unwrap())).collect()
}

#[test]
fn an_audit_reads_what_acquires_and_what_the_analysis_asks_for() {
    let tree = Tree::new("audit");
    let run = tree.audit(&[]);
    let report = run.json();
    assert_eq!(run.status, Some(1), "{}", run.err);
    assert_eq!(findings(&report["findings"]), ["leak drivers/leak.c"]);
    let units = &report["coverage"]["units"];
    assert_eq!(
        (&units["selected"], &units["extracted"], &units["failed"]),
        (&json!(4), &json!(4), &json!([])),
        "leak, wrapper, whole; caller on demand"
    );
    assert_eq!(
        units["not_in_configuration"],
        json!([{"file": "drivers/off.c", "reason": "CONFIG_OFF is not set (drivers/Makefile)"}])
    );
    let sites: Vec<&str> =
        report["ledger"]["sites"].as_array().unwrap().iter().map(|site| site["file"].as_str().unwrap()).collect();
    assert_eq!(sites, ["drivers/leak.c", "drivers/part.c", "drivers/wrapper.c", "include/linux/mm.h"]);
    assert_eq!(run.complaints(), [""; 0]);
    assert!(run.err.contains("4 of 4 read"));
}

#[test]
fn the_same_bytes_for_any_number_of_workers_cold_warm_and_without_cache_or_pch() {
    let tree = Tree::new("bytes");
    let first = tree.audit(&["-j", "1"]).out;
    assert_eq!(first, tree.audit(&["-j", "2"]).out, "warm");
    std::fs::remove_dir_all(tree.cache()).unwrap();
    assert_eq!(first, tree.audit(&["-j", "2"]).out, "cold");
    assert_eq!(first, tree.audit(&["-j", "2", "--no-cache"]).out);
    assert_eq!(first, tree.audit(&["--no-cache", "--no-pch"]).out);
    assert!(!tree.root().join("gupcheck-constants.c").exists());
}

#[test]
fn nothing_is_written_into_the_tree() {
    let tree = Tree::new("read-only");
    let all = |root: &Path| -> Vec<(String, SystemTime)> {
        let mut out = Vec::new();
        let mut pending = vec![root.to_path_buf()];
        while let Some(path) = pending.pop() {
            let entries = std::fs::read_dir(&path).into_iter().flatten().flatten();
            pending.extend(entries.map(|entry| entry.path()));
            out.push((path.display().to_string(), path.metadata().unwrap().modified().unwrap()));
        }
        out.sort();
        out
    };
    let before = all(&tree.root());
    tree.audit(&[]);
    tree.diff("drivers/leak.c", "return 0;", "put_page(page);\n\treturn 0;");
    assert_eq!(before, all(&tree.root()));
}

#[test]
fn a_changed_header_is_noticed_also_when_it_is_in_the_pch() {
    let tree = Tree::new("stale");
    assert_eq!(findings(&tree.audit(&[]).json()["findings"]), ["leak drivers/leak.c"]);
    // A private header takes the caller's release away.
    tree.write("drivers/own.h", &(tree.read("drivers/own.h") + "#define put_page(page) ((void)(page))\n"));
    assert_eq!(findings(&tree.audit(&[]).json()["findings"]).len(), 2);
    // A header of the PCH does the same for all.
    tree.write("include/linux/mm.h", &(tree.read("include/linux/mm.h") + "#define put_page(page) ((void)(page))\n"));
    assert_eq!(findings(&tree.audit(&[]).json()["findings"]).len(), 3);
}

#[test]
fn a_new_header_that_hides_another_is_noticed() {
    let tree = Tree::new("hidden");
    assert_eq!(findings(&tree.audit(&[]).json()["findings"]), ["leak drivers/leak.c"]);
    let release = "#define put_page(page) ((void)(page))\n";
    // Beside own.h of the drivers, which is found through the directory of its includer.
    tree.write("drivers/caller.c", &tree.read("drivers/caller.c").replace("\"own.h\"", "<own/own.h>"));
    tree.write("include/own/own.h", &tree.read("drivers/own.h"));
    assert_eq!(findings(&tree.audit(&[]).json()["findings"]).len(), 1);
    tree.write("arch/x86/include/own/own.h", &(tree.read("drivers/own.h") + release));
    assert_eq!(findings(&tree.audit(&[]).json()["findings"]).len(), 2, "the caller's release is gone");
    // One that hides a header of the PCH.
    tree.write("arch/x86/include/linux/mm.h", &(tree.read("include/linux/mm.h") + release));
    assert_eq!(findings(&tree.audit(&[]).json()["findings"]).len(), 3);
    std::fs::remove_file(tree.root().join("arch/x86/include/linux/mm.h")).unwrap();
    std::fs::remove_file(tree.root().join("arch/x86/include/own/own.h")).unwrap();
    assert_eq!(findings(&tree.audit(&[]).json()["findings"]).len(), 1);
}

#[test]
fn a_touched_header_costs_time_and_nothing_else() {
    let tree = Tree::new("touched");
    let first = tree.audit(&[]);
    let header = std::fs::File::open(tree.root().join("include/linux/mm.h")).unwrap();
    header.set_modified(SystemTime::now() - Duration::from_secs(1000)).unwrap();
    let second = tree.audit(&[]);
    assert_eq!((first.out, second.complaints()), (second.out.clone(), vec![]));
}

#[test]
fn a_torn_or_hostile_cache_is_one_warning_and_the_same_report() {
    let tree = Tree::new("torn");
    let first = tree.audit(&[]);
    let entries = || -> Vec<std::path::PathBuf> {
        let below = std::fs::read_dir(tree.cache().join("v3")).unwrap().map(|entry| entry.unwrap().path());
        below.flat_map(|path| std::fs::read_dir(path).unwrap().map(|entry| entry.unwrap().path())).collect()
    };
    assert!(entries().len() > 8);
    for damage in [
        |bytes: &mut Vec<u8>| bytes.truncate(bytes.len() / 2),
        |bytes: &mut Vec<u8>| bytes.iter_mut().for_each(|byte| *byte ^= 0xff),
    ] {
        for path in entries() {
            let mut bytes = std::fs::read(&path).unwrap();
            damage(&mut bytes);
            std::fs::write(&path, bytes).unwrap();
        }
        let again = tree.audit(&[]);
        assert_eq!(again.out, first.out);
        assert_eq!(again.complaints().len(), 1, "{}", again.err);
        assert!(again.complaints()[0].contains("damaged"));
    }
    assert_eq!(tree.audit(&[]).complaints(), [""; 0], "it was mended");
}

#[test]
fn paths_choose_what_is_reported() {
    let tree = Tree::new("paths");
    let of = |args: &[&str]| {
        let report = tree.audit(args).json();
        (findings(&report["findings"]).len(), report["ledger"]["sites"].as_array().unwrap().len())
    };
    assert_eq!(of(&["drivers/leak.c"]), (1, 1));
    assert_eq!(of(&["drivers/wrapper.c"]), (0, 1));
    assert_eq!(of(&["drivers"]), (1, 3));
    assert_eq!(of(&["include"]), (0, 1));
}

#[test]
fn each_error_of_the_environment_is_one_message_with_its_remedy() {
    let tree = Tree::new("errors");
    let fails = |run: Run, text: &str| {
        assert_eq!((run.status, run.out.as_str()), (Some(2), ""), "{}", run.err);
        assert_eq!(run.err.lines().count(), 1, "{}", run.err);
        assert!(run.err.contains(text), "{}", run.err);
    };
    fails(tree.run(&["audit", "--tree", "/"]), "is not a Linux kernel source tree: name one with --tree DIR");
    fails(tree.run(&["audit", "--policy", "none"]), "choose auto or one of");
    fails(tree.run(&["audit", "--arch", "arm64"]), "configured for x86, not arm64");
    let no_libclang = tree.command(&["audit"]).env("LIBCLANG_PATH", "/nowhere").output().unwrap();
    fails(Run::of(no_libclang), "install the package libclang1-19");
    std::fs::remove_file(tree.root().join("include/generated/autoconf.h")).unwrap();
    fails(tree.run(&["audit"]), "prepare");
}

#[test]
fn a_mistake_in_a_contract_is_shown_with_its_line() {
    let tree = Tree::new("contracts");
    let analyses = tree.directory.join("analyses");
    for below in ["contracts", "policies", "rules"] {
        std::fs::create_dir_all(analyses.join(below)).unwrap();
    }
    std::fs::write(analyses.join("contracts/own.toml"), "# ours\n[[api]]\nnmae = \"f\"\n").unwrap();
    let run = tree.run(&["audit", "--analyses", "../analyses"]);
    assert_eq!((run.status, run.out.as_str()), (Some(2), ""));
    assert!(run.err.contains("contracts/own.toml:3:1") && run.err.contains("nmae"), "{}", run.err);
}

#[test]
fn coverage_has_its_own_status() {
    let tree = Tree::new("coverage");
    tree.write("drivers/leak.c", "#include <linux/nowhere.h>\nint f(void)\n{\n\treturn get_user_pages_fast(0, 1, 0, 0);\n}\n");
    let run = tree.audit(&[]);
    let failed = &run.json()["coverage"]["units"]["failed"];
    assert_eq!((run.status, &failed[0]["file"]), (Some(0), &json!("drivers/leak.c")));
    assert!(failed[0]["reason"].as_str().unwrap().contains("'linux/nowhere.h' file not found"));
    assert_eq!(tree.audit(&["--min-coverage", "90"]).status, Some(3));
}

#[test]
fn reports_go_where_they_are_sent() {
    let tree = Tree::new("outputs");
    let run = tree.run(&["audit", "-q", "-o", "json=../report.json", "-o", "gcc=../report.txt"]);
    assert_eq!((run.status, run.out.as_str(), run.err.as_str()), (Some(1), "", ""));
    let json = std::fs::read_to_string(tree.directory.join("report.json")).unwrap();
    assert_eq!(json, tree.audit(&[]).out);
    let text = std::fs::read_to_string(tree.directory.join("report.txt")).unwrap();
    assert_eq!(text, tree.run(&["audit"]).out, "in a pipe the default is gcc's form");
    assert!(text.lines().any(|line| line.starts_with("drivers/leak.c:") && line.ends_with("[leak]")), "{text}");
    assert_eq!(tree.run(&["audit", "--fail-on", "never"]).status, Some(0));
    // A pipe is written to, not replaced, and so is /dev/null.
    let pipe = tree.directory.join("pipe");
    assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    let reader = std::thread::spawn({
        let pipe = pipe.clone();
        move || std::fs::read_to_string(pipe).unwrap()
    });
    assert_eq!(tree.run(&["audit", "-q", "-o", "json=../pipe"]).status, Some(1));
    assert!(!pipe.is_file(), "it is still a pipe");
    assert_eq!(reader.join().unwrap(), json);
    let blocked = tree.run(&["audit", "-o", "json=/nowhere/report.json"]);
    assert_eq!(blocked.status, Some(2));
}

#[test]
fn a_reader_that_goes_away_is_no_error() {
    let tree = Tree::new("pipe");
    let mut child = tree
        .command(&["audit", "--format", "json"])
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let run = Run::of(child.wait_with_output().unwrap());
    assert_eq!((run.status, run.complaints()), (Some(1), vec![]));
}

#[test]
fn a_cache_that_cannot_be_written_is_a_warning() {
    let tree = Tree::new("cache-blocked");
    std::fs::write(tree.directory.join("file"), "").unwrap();
    let run = tree.audit(&["--cache-dir", "../file/x"]);
    assert_eq!((run.status, run.complaints().len()), (Some(1), 1), "{}", run.err);
}

#[test]
fn nothing_named_in_flags_is_run() {
    let tree = Tree::new("hostile");
    let mark = tree.directory.join("was-run");
    let script = tree.root().join("evil.sh");
    std::fs::write(&script, format!("#!/bin/sh\ntouch {}\n", mark.display())).unwrap();
    std::fs::set_permissions(&script, std::fs::Permissions::from_mode(0o755)).unwrap();
    let evil = "./evil.sh";
    tree.write("drivers/Makefile", &format!(
        "X := $(shell {evil})\nY != {evil}\n$(eval $(shell {evil}))\nCC := {evil}\nccflags-y := -fplugin={evil} -Xclang -load -Xclang {evil} @{evil} -wrapper {evil} -B. \
         -no-integrated-as\nobj-m += leak.o\nall:\n\t{evil}\n"
    ));
    assert_eq!(tree.audit(&[]).json()["coverage"]["units"]["failed"], json!([]));
    assert!(!mark.exists());
}

#[test]
fn views_into_one_function() {
    let tree = Tree::new("views");
    let ir = tree.run(&["ir", "drivers/leak.c"]);
    assert!(ir.out.contains("look") && ir.out.contains("get_user_pages_fast"), "{}{}", ir.out, ir.err);
    let here = tree.command(&["ir", "leak.c"]).current_dir(tree.root().join("drivers")).output().unwrap();
    assert_eq!(Run::of(here).out, ir.out, "relative to the working directory");
    assert!(tree.run(&["ir", "drivers/off.c"]).err.contains("CONFIG_OFF is not set"));
    let summary = tree.run(&["summary", "grab_one"]);
    assert_eq!((summary.status, summary.out.contains("drivers/wrapper.c")), (Some(0), true), "{}", summary.err);
    assert!(tree.run(&["summary", "grab_one", "--explain"]).out.lines().count() > 3);
    assert_eq!(tree.run(&["summary", "no_such_function"]).status, Some(2));
    let trace = tree.run(&["trace", "grab_one"]);
    assert!(trace.out.contains("get_user_pages_fast in grab_one takes get"), "{}{}", trace.out, trace.err);
    let at = tree.run(&["trace", "drivers/leak.c:6"]);
    assert!(at.out.contains("finding leak"), "{}{}", at.out, at.err);
    let path = tree.run(&["trace", "peek", "--to", "grab_one"]);
    assert_eq!(path.out.lines().map(|line| line.trim().split(' ').next().unwrap()).collect::<Vec<_>>(), ["peek", "grab_one"]);
    assert_eq!(tree.run(&["trace", "grab_one", "--to", "peek"]).status, Some(1));
}

#[test]
fn rules_are_explained_offline() {
    let tree = Tree::new("rules");
    let rules = tree.run(&["rules"]).out;
    for rule in rules.lines().map(|line| line.split(' ').next().unwrap()) {
        let page = tree.run(&["explain", rule]);
        assert_eq!(page.status, Some(0), "{}", page.err);
        assert!(page.out.contains(rule));
    }
    assert!(tree.run(&["explain", "no-such-rule"]).err.contains("there is no rule"));
}

/// Two hand their bios to one handler: GUP pages and others.
fn two_submitters() -> String {
    let send = "\tbio = bio_alloc(GFP_KERNEL, 1);\n\tbio->bi_end_io = both_end_io;\n\
        \t__bio_add_page(bio, page, PAGE_SIZE, 0);\n\tsubmit_bio(bio);\n\treturn 0;\n}\n\n";
    format!(
        "#include <linux/bio.h>\n#include <linux/pagemap.h>\n\n\
         static void both_end_io(struct bio *bio)\n{{\n\tstruct bvec_iter_all iter;\n\tstruct bio_vec *bvec;\n\n\
         \tbio_for_each_segment_all(bvec, bio, iter)\n\t\tput_page(bvec->bv_page);\n\tbio_put(bio);\n}}\n\n\
         int send_user(struct block_device *bdev, unsigned long addr)\n{{\n\tstruct page *page;\n\tstruct bio *bio;\n\n\
         \tif (get_user_pages_fast(addr, 1, 0, &page) != 1)\n\t\treturn -EFAULT;\n{send}\
         int send_cached(struct block_device *bdev, struct address_space *mapping)\n{{\n\
         \tstruct page *page = find_get_page(mapping, 0);\n\tstruct bio *bio;\n\n\tif (!page)\n\t\treturn -ENOENT;\n{send}"
    )
}

#[test]
fn an_audit_says_what_to_convert_and_a_trace_what_is_in_the_bios() {
    let tree = Tree::new("conversion");
    let of_2019 = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../testdata/seed/include/linux");
    for header in std::fs::read_dir(of_2019).unwrap().map(|entry| entry.unwrap().path()) {
        let name = header.file_name().unwrap().to_string_lossy().into_owned();
        tree.write(&format!("include/linux/{name}"), &std::fs::read_to_string(header).unwrap());
    }
    tree.write("drivers/leak.c", &two_submitters());
    let entry_of = |report: &Value, file: &str| {
        let all = report["conversion"].as_array().unwrap().clone();
        all.into_iter().find(|entry| entry["file"] == file).unwrap_or_else(|| panic!("{file} in {}", report["conversion"]))
    };
    let report = tree.audit(&[]).json();
    let caller = entry_of(&report, "drivers/caller.c");
    assert_eq!((&caller["verdict"], &caller["replace_with"]), (&json!("gup"), &json!("put_user_page")), "{caller}");
    let mixed = entry_of(&report, "drivers/leak.c");
    assert_eq!((&mixed["verdict"], &mixed["reached_by"]), (&json!("mixed"), &json!(["gup", "other"])), "{mixed}");
    assert_eq!(mixed["blocked_by"].as_array().unwrap().len(), 1, "{mixed}");
    let pin = entry_of(&tree.audit(&["--policy", "pin"]).json(), "drivers/caller.c");
    assert_eq!(pin["replace_with"], json!("unpin_user_page"));
    assert_eq!(pin["acquisitions"][0]["replace_with"], json!("pin_user_pages_fast"));
    let own = entry_of(&tree.audit(&["--policy", "get-put"]).json(), "drivers/caller.c");
    assert_eq!((&own["replace_with"], &own["blocked_by"]), (&json!(""), &json!([])));
    let trace = tree.run(&["trace", "both_end_io"]);
    for said in
        ["is handed to it at 2 places", "hands it get from get_user_pages_fast", "hands it cache", "both: GUP pages and others"]
    {
        assert!(trace.out.contains(said), "{said} in:\n{}{}", trace.out, trace.err);
    }
    let release = tree.run(&["trace", &format!("drivers/leak.c:{}", mixed["line"])]);
    assert!(release.out.contains("in the way: a page of the page cache"), "{}{}", release.out, release.err);
}

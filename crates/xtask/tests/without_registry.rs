//! `cargo xtask audit` of somebody without root where no registry can be reached: a sentence, and the kernel of the tests instead.
#![allow(clippy::unwrap_used, clippy::print_stderr, reason = "what fails, fails the test; a test that skips says so")]

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Any user that is not root.
const NOBODY: &str = "65534";

/// A folder that everybody may write to.
fn folder(path: &Path) -> PathBuf {
    fs::create_dir_all(path).unwrap();
    fs::set_permissions(path, fs::Permissions::from_mode(0o777)).unwrap();
    path.to_path_buf()
}

fn script(path: &Path, lines: &str) {
    fs::write(path, format!("#!/bin/sh\n{lines}\n")).unwrap();
    fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
}

/// A system whose packages are not installed: what asks for them fails as `apt` says, cargo has built a gupcheck that tells
/// how it was called.
fn system(name: &str, apt: &str) -> PathBuf {
    let root = folder(&std::env::temp_dir().join(format!("xtask-registry-{}-{name}", std::process::id())));
    let bin = folder(&root.join("bin"));
    script(&bin.join("apt-get"), apt);
    script(&bin.join("apt-cache"), "exit 0");
    script(&bin.join("dpkg-query"), "exit 1");
    script(&root.join("gupcheck"), "echo \"called: $*\"");
    let built = format!("{{\"target\":{{\"name\":\"gupcheck\"}},\"executable\":\"{}\"}}", root.join("gupcheck").display());
    script(&root.join("cargo"), &format!("echo '{built}'"));
    // Where the checkout lies nobody else need be able to look.
    fs::copy(env!("CARGO_BIN_EXE_xtask"), root.join("xtask")).unwrap();
    root
}

/// Standard output, errors and status of the audit there; `None` where it cannot be tried here.
fn audit(root: &Path) -> Option<(String, String, Option<i32>)> {
    let is_root = fs::metadata("/proc/self").is_ok_and(|meta| std::os::unix::fs::MetadataExt::uid(&meta) == 0);
    let mut command = if is_root { Command::new("setpriv") } else { Command::new(root.join("xtask")) };
    if is_root {
        command.args(["--reuid", NOBODY, "--regid", NOBODY, "--clear-groups"]).arg(root.join("xtask"));
    }
    let path = format!("{}:/usr/bin:/bin", root.join("bin").display());
    let run = command
        .args(["audit", "--", "-q"])
        .env("PATH", path)
        .env("CARGO", root.join("cargo"))
        .env("GUPCHECK_CACHE_DIR", folder(&root.join("cache")))
        .env("HOME", root)
        .current_dir(root)
        .output()
        .ok()?;
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let (out, err) = (text(&run.stdout), text(&run.stderr));
    fs::remove_dir_all(root).unwrap();
    let cannot = ["setpriv:", "Permission denied", "libclang"].iter().find(|why| err.contains(**why));
    if let Some(why) = cannot {
        eprintln!("skipped, {why}: {err}");
        return None;
    }
    Some((out, err, run.status.code()))
}

fn audits_the_mini_kernel(name: &str, apt: &str, why: &str) {
    let root = system(name, apt);
    let Some((out, err, status)) = audit(&root) else { return };
    assert_eq!(status, Some(0), "{err}");
    let tree = root.join("cache/kernels/linux-mini/source");
    assert_eq!(out, format!("called: audit --tree {} -q\n", tree.display()), "{err}");
    let said: Vec<&str> = err.lines().filter(|line| line.contains("mini kernel")).collect();
    assert_eq!(said.len(), 1, "{err}");
    assert!(said[0].starts_with("xtask: no kernel can be brought (") && said[0].contains(why), "{err}");
}

#[test]
fn where_nothing_can_be_downloaded() {
    audits_the_mini_kernel("offline", "case \"$*\" in *update*) exit 100;; esac; exit 100", "check the network");
}

#[test]
fn where_apt_updates_its_lists_with_nothing() {
    audits_the_mini_kernel("empty", "case \"$*\" in *update*) exit 0;; esac; exit 100", "apt-get does not know");
}

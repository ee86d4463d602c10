//! The main job in one command, and the comparison of what two runs of it reported.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};

use crate::cache::{Cache, write_whole};
use crate::kernel::{self, Kernel};
use crate::libclang::LibClang;
use crate::report::Report;
use crate::run::{Failure, Outcome};
use crate::{apt, compare as differences, summary, workspace};

/// What the reports in a folder were made from.
const PACKAGE_FILE: &str = "package.txt";

/// Everything that an audit needs, at hand.
pub(crate) struct Ready {
    pub(crate) kernel: Kernel,
    pub(crate) libclang: LibClang,
    pub(crate) binary: PathBuf,
}

impl Ready {
    /// Installs, extracts, prepares and builds whatever is not there yet.
    pub(crate) fn ensure(version: &str) -> Outcome<Ready> {
        let cache = Cache::locate()?;
        let lock = cache.lock()?;
        let libclang = LibClang::ensure(&cache)?;
        let kernel = kernel::ensure(&cache, version)?;
        drop(lock);
        Ok(Ready { kernel, libclang, binary: workspace::release_binary()? })
    }

    /// `gupcheck <command>` on this tree.
    pub(crate) fn gupcheck(&self, command: &str) -> Command {
        let mut gupcheck = Command::new(&self.binary);
        self.libclang.tell(&mut gupcheck);
        gupcheck.arg(command).arg("--tree").arg(&self.kernel.source).arg("--build").arg(&self.kernel.build);
        gupcheck
    }
}

/// `cargo xtask audit`
pub(crate) fn run(version: &str, out: Option<PathBuf>, extra: &[OsString]) -> Outcome<ExitCode> {
    let ready = match Ready::ensure(version) {
        Err(failure) if failure.is_unreachable && !apt::is_root() => return mini_kernel(&failure, extra),
        ready => ready?,
    };
    newer_package(version, &ready.kernel.package);
    let folder = out.unwrap_or_else(|| workspace::root().join(format!("reports/linux-{version}")));
    let json = folder.join("report.json");
    std::fs::create_dir_all(&folder).map_err(|e| Failure::io("create", &folder, &e))?;
    let mut gupcheck = ready.gupcheck("audit");
    gupcheck.arg("-o").arg(named("json=", &json)).args(extra);
    let status = gupcheck.stdin(Stdio::null()).status();
    let status = status.map_err(|e| Failure::new(format!("cannot start {}: {e}", ready.binary.display())))?;
    if matches!(status.code(), Some(0 | 1)) {
        let page = summary::summary(&Report::read(&json)?, &ready.kernel.package);
        write_whole(&folder.join("summary.txt"), page.as_bytes())?;
        write_whole(&folder.join(PACKAGE_FILE), format!("{}\n", ready.kernel.package).as_bytes())?;
    }
    eprintln!("xtask: reports in {}; to repeat by hand:", folder.display());
    let Kernel { source, build, .. } = &ready.kernel;
    let binary = ready.binary.display();
    eprintln!("  {}{binary} audit --tree {} --build {}", ready.libclang.by_hand(), source.display(), build.display());
    match status.code() {
        // Findings are what an audit is for: here they are no failure.
        Some(0 | 1) => Ok(ExitCode::SUCCESS),
        Some(code) => Ok(ExitCode::from(u8::try_from(code).unwrap_or(2))),
        None => Err(Failure::new(format!("gupcheck was killed ({status}); if memory was short, try -j1"))),
    }
}

fn named(prefix: &str, path: &Path) -> OsString {
    let mut word = OsString::from(prefix);
    word.push(path);
    word
}

/// Without root and without a registry there is no kernel to be had: the one that the tests use shows the way all the same.
fn mini_kernel(failure: &Failure, extra: &[OsString]) -> Outcome<ExitCode> {
    eprintln!("xtask: no kernel can be brought ({}); auditing the mini kernel of the tests instead", failure.sentence());
    let libclang = LibClang::ensure(&Cache::locate()?)?;
    let mut gupcheck = Command::new(workspace::release_binary()?);
    libclang.tell(&mut gupcheck);
    gupcheck.arg("audit").arg("--tree").arg(workspace::root().join("testdata/mini-kernel")).args(extra);
    let status = gupcheck.stdin(Stdio::null()).status().map_err(|e| Failure::new(format!("cannot start gupcheck: {e}")))?;
    Ok(if matches!(status.code(), Some(0 | 1)) { ExitCode::SUCCESS } else { ExitCode::from(2) })
}

/// A newer package is worth a line, never a failure and never a reinstallation.
fn newer_package(version: &str, package: &str) {
    let name = format!("linux-source-{version}");
    if let Some(candidate) = apt::candidate_version(&name)
        && package != format!("{name} {candidate}")
    {
        eprintln!(
            "xtask: Debian has {name} {candidate}; this audit is of {package} (`apt-get install {name}` brings the newer one)"
        );
    }
}

/// `cargo xtask compare`
pub(crate) fn compare(old: &Path, new: &Path) -> Outcome<ExitCode> {
    let (from, to) = (package(old)?, package(new)?);
    let [before, after] = [Report::read(&old.join("report.json"))?, Report::read(&new.join("report.json"))?];
    let lines = differences::compare(&before, &after).lines;
    for line in &lines {
        println!("{line}");
    }
    let count = lines.len();
    if from != to {
        println!("compared {from} with {to}: {count} differences between two versions of the kernel, none of them a failure");
    } else if count == 0 {
        println!("no differences: {} findings, {} sites, {to}", after.findings.len(), after.ledger.sites.len());
    } else {
        println!("{count} differences for the same {to}; if they are meant, `cargo xtask audit` and commit {}", old.display());
        return Ok(ExitCode::FAILURE);
    }
    Ok(ExitCode::SUCCESS)
}

fn package(folder: &Path) -> Outcome<String> {
    let path = folder.join(PACKAGE_FILE);
    match std::fs::read_to_string(&path) {
        Ok(text) => Ok(text.trim().to_owned()),
        Err(error) => Err(Failure::new(format!("cannot read {}: {error}; `cargo xtask audit` makes it", path.display()))),
    }
}

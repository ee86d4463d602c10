//! The main job in one command.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};

use crate::cache::Cache;
use crate::kernel::{self, Kernel};
use crate::libclang::LibClang;
use crate::reports::Reports;
use crate::run::{Failure, Outcome};
use crate::{apt, mini, workspace};

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
    let reports = match out {
        // What was asked for with options of its own is not the audit that is committed.
        None if !extra.is_empty() => Reports::at(&workspace::root().join(format!("out/linux-{version}"))),
        out => Reports::of(version, out.as_ref()),
    };
    std::fs::create_dir_all(reports.folder()).map_err(|e| Failure::io("create", reports.folder(), &e))?;
    let Kernel { source, build, package } = &ready.kernel;
    let (libclang, binary) = (ready.libclang.by_hand(), ready.binary.display());
    eprintln!("xtask: {libclang}{binary} audit --tree {} --build {}", source.display(), build.display());
    let mut gupcheck = ready.gupcheck("audit");
    gupcheck.arg("-o").arg(named("json=", &reports.json())).args(extra);
    let status = gupcheck.stdin(Stdio::null()).status();
    let status = status.map_err(|e| Failure::new(format!("cannot start {binary}: {e}")))?;
    match status.code() {
        // Findings are what an audit is for: here they are no failure.
        Some(0 | 1) => {
            reports.finish(package)?;
            eprintln!("xtask: findings with their paths in {}", reports.folder().join("summary.txt").display());
            Ok(ExitCode::SUCCESS)
        }
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
    let cache = Cache::locate()?;
    let libclang = LibClang::ensure(&cache)?;
    let tree = mini::ensure(&cache, &workspace::root().join("testdata"))?;
    let mut gupcheck = Command::new(workspace::release_binary()?);
    libclang.tell(&mut gupcheck);
    gupcheck.arg("audit").arg("--tree").arg(tree).args(extra);
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

//! A kernel tree ready for auditing: Debian's source package, extracted, configured and prepared in the cache.

use std::fs;
use std::path::PathBuf;

use crate::apt::{self, Unpacked};
use crate::cache::{Cache, Stamped};
use crate::run::{Failure, Outcome, Step};
use crate::toolchain::Toolchain;

/// How the build directory is made; a new recipe makes old ones stale.
const RECIPE: &str = "ARCH=x86_64 allmodconfig prepare";

/// A prepared tree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Kernel {
    pub(crate) source: PathBuf,
    pub(crate) build: PathBuf,
    /// `linux-source-6.12 6.12.117-1~deb12u1`
    pub(crate) package: String,
}

/// The tree in the cache, if it is whole; nothing is made.
pub(crate) fn existing(cache: &Cache, version: &str) -> Option<Kernel> {
    let (source, build) = places(cache, version);
    let package = source.made_from()?;
    (build.made_from()? == build_stamp(&package)).then_some(Kernel { source: source.folder, build: build.folder, package })
}

/// The tree in the cache, made as far as it is missing, torn or older than the installed package.
pub(crate) fn ensure(cache: &Cache, version: &str) -> Outcome<Kernel> {
    let (source, build) = places(cache, version);
    let name = format!("linux-source-{version}");
    if let (Some(kernel), false) = (existing(cache, version), is_stale(&source, &name)) {
        return Ok(kernel);
    }
    let toolchain = Toolchain::ensure(cache)?;
    let package = match source.made_from().filter(|_| !is_stale(&source, &name)) {
        Some(package) => package,
        None => extract(cache, &toolchain, &source, &name)?,
    };
    if build.made_from().as_deref() != Some(&build_stamp(&package)) {
        prepare(cache, &toolchain, &source, &build, version)?;
        build.finish(&build_stamp(&package))?;
    }
    Ok(Kernel { source: source.folder, build: build.folder, package })
}

fn places(cache: &Cache, version: &str) -> (Stamped, Stamped) {
    let folder = cache.kernel(version);
    (Stamped { folder: folder.join("source") }, Stamped { folder: folder.join("build") })
}

fn build_stamp(package: &str) -> String {
    format!("{package}; {RECIPE}")
}

/// Whether the system has another version of the package than the tree was made from.
fn is_stale(source: &Stamped, name: &str) -> bool {
    match (source.made_from(), apt::installed_version(name)) {
        (Some(made_from), Some(version)) => made_from != format!("{name} {version}"),
        _ => false,
    }
}

/// Extracts the packaged source beside its place and moves it there whole. Returns name and version of the package.
fn extract(cache: &Cache, toolchain: &Toolchain, source: &Stamped, name: &str) -> Outcome<String> {
    let (tarball, version) = tarball(cache, name)?;
    let package = format!("{name} {version}");
    source.clear()?;
    let partial = Stamped { folder: source.folder.with_extension("partial") };
    partial.clear()?;
    fs::create_dir_all(&partial.folder).map_err(|e| Failure::io("create", &partial.folder, &e))?;
    let what = format!("extracting {package}");
    let remedy = format!("free 2 GB below {}, or run `apt-get install --reinstall {name}`", partial.folder.display());
    let step = Step { what: &what, remedy: &remedy, log: cache.log("extract") };
    let mut tar = toolchain.command("tar");
    step.run(tar.arg("-C").arg(&partial.folder).args(["--strip-components=1", "-xf"]).arg(&tarball))?;
    fs::rename(&partial.folder, &source.folder).map_err(|e| Failure::io("move", &partial.folder, &e))?;
    source.finish(&package)?;
    if tarball.starts_with(cache.debs()) {
        fs::remove_file(&tarball).map_err(|e| Failure::io("remove", &tarball, &e))?;
    }
    Ok(package)
}

/// Where the compressed source is, and its package's version; installed or downloaded first.
fn tarball(cache: &Cache, name: &str) -> Outcome<(PathBuf, String)> {
    let file = format!("usr/src/{name}.tar.xz");
    if apt::installed_version(name).is_none() {
        if !apt::is_root() {
            let mut unpacked = Unpacked::new(cache);
            let chosen = unpacked.fetch(cache, &[name])?;
            let version = chosen.into_iter().find(|package| package.name == name).map(|package| package.version);
            return version.map(|version| (unpacked.root().join(file), version)).ok_or_else(|| not_there(name));
        }
        apt::install(cache, &[name])?;
    }
    let version = apt::installed_version(name).ok_or_else(|| not_there(name))?;
    Ok((PathBuf::from("/").join(file), version))
}

fn not_there(name: &str) -> Failure {
    Failure::new(format!("apt-get did not bring {name}; run `apt-get install {name}` by hand to see why"))
}

/// Configures and prepares. A build directory holds its own absolute path, so it is made in place and counts by its stamp.
fn prepare(cache: &Cache, toolchain: &Toolchain, source: &Stamped, build: &Stamped, version: &str) -> Outcome<()> {
    build.clear()?;
    fs::create_dir_all(&build.folder).map_err(|e| Failure::io("create", &build.folder, &e))?;
    let jobs = std::thread::available_parallelism().map_or(1, usize::from);
    for target in ["allmodconfig", "prepare"] {
        let what = format!("make {target} for linux-{version}");
        let log = cache.log(target);
        let remedy = "the log names what is missing; install it and run this command again";
        let mut make = toolchain.command("make");
        make.arg("-C").arg(&source.folder).arg(format!("O={}", build.folder.display()));
        // Of a caller's own kernel work nothing may leak in.
        for variable in
            ["ARCH", "CROSS_COMPILE", "LLVM", "CC", "HOSTCC", "KCONFIG_ALLCONFIG", "KCONFIG_CONFIG", "MAKEFLAGS", "KCFLAGS"]
        {
            make.env_remove(variable);
        }
        Step { what: &what, remedy, log }.run(make.arg("ARCH=x86_64").arg(format!("-j{jobs}")).arg(target))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cache_in(folder: &std::path::Path) -> Cache {
        Cache::at(folder.to_path_buf())
    }

    #[test]
    fn a_tree_counts_only_when_source_and_build_are_whole_and_belong_together() {
        let root = std::env::temp_dir().join(format!("xtask-kernel-{}", std::process::id()));
        let cache = cache_in(&root);
        let (source, build) = places(&cache, "6.12");
        fs::create_dir_all(&source.folder).unwrap();
        fs::create_dir_all(&build.folder).unwrap();
        assert_eq!(existing(&cache, "6.12"), None, "no stamps");
        source.finish("linux-source-6.12 2").unwrap();
        assert_eq!(existing(&cache, "6.12"), None, "not prepared");
        build.finish(&build_stamp("linux-source-6.12 1")).unwrap();
        assert_eq!(existing(&cache, "6.12"), None, "prepared from another source");
        build.finish(&build_stamp("linux-source-6.12 2")).unwrap();
        assert_eq!(existing(&cache, "6.12").unwrap().package, "linux-source-6.12 2");
        fs::remove_dir_all(root).unwrap();
    }
}

//! Debian packages: as root into the system, else unpacked into the cache.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::cache::Cache;
use crate::run::{Failure, Outcome, Step, on_path, output_of};

/// Whether packages can go into the system.
pub(crate) fn is_root() -> bool {
    // The owner of our own /proc entry is the effective user.
    fs::metadata("/proc/self").is_ok_and(|meta| meta.uid() == 0)
}

/// Version of a package that is installed in the system.
pub(crate) fn installed_version(package: &str) -> Option<String> {
    let text = output_of(Command::new("dpkg-query").args(["-W", "-f", "${db:Status-Status} ${Version}", package]))?;
    text.strip_prefix("installed ").map(|version| version.trim().to_owned())
}

/// The newest version that the package lists on this machine know.
pub(crate) fn candidate_version(package: &str) -> Option<String> {
    let text = output_of(Command::new("apt-cache").args(["policy", package]))?;
    let version = text.lines().find_map(|line| line.trim().strip_prefix("Candidate: "))?;
    (version != "(none)").then(|| version.to_owned())
}

/// Installs the packages into the system. Only for root.
pub(crate) fn install(cache: &Cache, packages: &[&str]) -> Outcome<()> {
    let names = packages.join(" ");
    let remedy = format!("run `apt-get update && apt-get install {names}` by hand to see why");
    let mut fresh = false;
    if !packages.iter().all(|package| candidate_version(package).is_some()) {
        update(cache, &remedy)?;
        fresh = true;
        if let Some(unknown) = packages.iter().find(|package| candidate_version(package).is_none()) {
            return Err(Failure::new(format!(
                "Debian's package lists do not know {unknown}; see that /etc/apt/sources.list has bookworm and bookworm-security"
            )));
        }
    }
    let what = format!("installing {names}");
    let step = Step { what: &what, remedy: &remedy, log: cache.log("apt-install") };
    match step.run(install_command().args(packages)) {
        // Old lists name versions that the archive no longer has.
        Err(_) if !fresh => {
            update(cache, &remedy)?;
            step.run(install_command().args(packages))
        }
        done => done,
    }
}

fn install_command() -> Command {
    let mut command = Command::new("apt-get");
    command.env("DEBIAN_FRONTEND", "noninteractive");
    command.args(["install", "-y", "--no-install-recommends", "-o", "Dpkg::Options::=--force-confold"]);
    command
}

fn update(cache: &Cache, remedy: &str) -> Outcome<()> {
    let step = Step { what: "reading Debian's package lists", remedy, log: cache.log("apt-update") };
    step.run(Command::new("apt-get").arg("update"))
}

const LIBRARIES: [&str; 2] = ["usr/lib/x86_64-linux-gnu", "lib/x86_64-linux-gnu"];

/// Packages of people without root: downloaded by apt, unpacked below the cache, never installed.
pub(crate) struct Unpacked {
    root: PathBuf,
    /// Options that give apt a state of its own, where the system's lists know too little.
    apt: Vec<String>,
}

impl Unpacked {
    pub(crate) fn new(cache: &Cache) -> Unpacked {
        Unpacked { root: cache.debs(), apt: Vec::new() }
    }

    /// Where the contents of the packages are, as if this were `/`.
    pub(crate) fn root(&self) -> PathBuf {
        self.root.join("root")
    }

    /// Folders with shared libraries; Debian 12 still ships some packages with `/lib` beside `/usr/lib`.
    pub(crate) fn libraries(&self) -> [PathBuf; 2] {
        LIBRARIES.map(|folder| self.root().join(folder))
    }

    /// Downloads the packages with what they depend on and the system lacks, and unpacks them. Returns name and version of each.
    pub(crate) fn fetch(&mut self, cache: &Cache, packages: &[&str]) -> Outcome<Vec<Chosen>> {
        let names = packages.join(" ");
        if !on_path("apt-get") || !on_path("dpkg-deb") {
            return Err(Failure::new(format!(
                "this is no Debian system (there is no apt-get); install {names} or their like yourself"
            ))
            .unreachable());
        }
        self.know(cache, packages)?;
        let all = self.with_dependencies(packages)?;
        let folder = self.root.join("archives");
        // What an interrupted download left is not to be trusted.
        fs::remove_dir_all(&folder).ok();
        fs::create_dir_all(&folder).map_err(|e| Failure::io("create", &folder, &e))?;
        let what = format!("downloading {names} without root");
        let remedy = format!("check the network, or have someone with root run `apt-get install {names}`");
        let step = Step { what: &what, remedy: &remedy, log: cache.log("apt-download") };
        let mut download = self.apt_get();
        step.run(download.current_dir(&folder).arg("download").args(all.iter().map(Chosen::exactly)))
            .map_err(Failure::unreachable)?;
        let what = format!("unpacking {} packages into the cache", all.len());
        let remedy = format!("see that {} has 2 GB free", self.root.display());
        let step = Step { what: &what, remedy: &remedy, log: cache.log("dpkg-deb") };
        let each = r#"for deb; do dpkg-deb -x "$deb" "$0" || exit 1; done"#;
        step.run(Command::new("sh").args(["-c", each]).arg(self.root()).args(entries(&folder)?))?;
        fs::remove_dir_all(&folder).map_err(|e| Failure::io("remove", &folder, &e))?;
        mend_links(&self.root())?;
        Ok(all)
    }

    /// Sees to it that apt knows the packages, with lists of our own if the system's do not have them.
    fn know(&mut self, cache: &Cache, packages: &[&str]) -> Outcome<()> {
        if packages.iter().all(|package| candidate_version(package).is_some()) {
            return Ok(());
        }
        let state = self.root.join("apt");
        for folder in ["state/lists/partial", "cache/archives/partial"] {
            let folder = state.join(folder);
            fs::create_dir_all(&folder).map_err(|e| Failure::io("create", &folder, &e))?;
        }
        let option = |name: &str, path: PathBuf| format!("{name}={}", path.display());
        self.apt = vec![
            option("Dir::State", state.join("state")),
            option("Dir::State::status", PathBuf::from("/var/lib/dpkg/status")),
            option("Dir::Cache", state.join("cache")),
        ];
        let remedy = "check the network and /etc/apt/sources.list, or have someone with root run `apt-get update`";
        let step = Step { what: "reading Debian's package lists without root", remedy, log: cache.log("apt-update") };
        step.run(self.apt_get().arg("update")).map_err(Failure::unreachable)
    }

    /// What `apt-get install` would bring; a simulation needs no root.
    fn with_dependencies(&self, packages: &[&str]) -> Outcome<Vec<Chosen>> {
        let mut command = self.apt_get();
        command.args(["-s", "-o", "Debug::NoLocking=1", "--no-install-recommends", "install"]).args(packages);
        // Also without a network: `apt-get update` succeeds where it could fetch nothing.
        let plan = output_of(&mut command).ok_or_else(|| {
            let names = packages.join(" ");
            Failure::new(format!(
                "apt-get does not know {names} (is there a network?); run `apt-get -s install {names}` to see why"
            ))
            .unreachable()
        })?;
        Ok(to_install(&plan))
    }

    fn apt_get(&self) -> Command {
        let mut command = Command::new("apt-get");
        for option in &self.apt {
            command.args(["-o", option]);
        }
        command
    }
}

/// A package in the version that apt chose.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Chosen {
    pub(crate) name: String,
    pub(crate) version: String,
}

impl Chosen {
    fn exactly(&self) -> String {
        format!("{}={}", self.name, self.version)
    }
}

/// The packages of lines as `Inst flex (2.6.4-8.2 Debian:12 [amd64])`.
fn to_install(plan: &str) -> Vec<Chosen> {
    let of = |line: &str| {
        let mut words = line.strip_prefix("Inst ")?.split_whitespace();
        let name = words.next()?.to_owned();
        let version = words.find_map(|word| word.strip_prefix('('))?.to_owned();
        Some(Chosen { name, version })
    };
    plan.lines().filter_map(of).collect()
}

/// A -dev package links to a library beside it (`libelf.so -> libelf.so.1`) that may be installed in the system and so is
/// not among the unpacked ones: such links are turned to the system's.
fn mend_links(root: &Path) -> Outcome<()> {
    for folder in LIBRARIES {
        let here = root.join(folder);
        if !here.is_dir() {
            continue;
        }
        for link in entries(&here)? {
            let Ok(target) = fs::read_link(&link) else { continue };
            let Some(name) = target.file_name() else { continue };
            let system = LIBRARIES.map(|folder| Path::new("/").join(folder).join(name));
            if let (false, Some(there)) = (link.exists(), system.iter().find(|path| path.exists())) {
                fs::remove_file(&link).map_err(|e| Failure::io("mend", &link, &e))?;
                std::os::unix::fs::symlink(there, &link).map_err(|e| Failure::io("mend", &link, &e))?;
            }
        }
    }
    Ok(())
}

fn entries(folder: &Path) -> Outcome<Vec<PathBuf>> {
    let read = fs::read_dir(folder).map_err(|e| Failure::io("read", folder, &e))?;
    let mut paths: Vec<PathBuf> = read.filter_map(|entry| Some(entry.ok()?.path())).collect();
    paths.sort();
    Ok(paths)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_simulation_names_what_to_download() {
        let plan = "Reading package lists...\nInst m4 (1.4.19-3 Debian:12.1/stable [amd64])\n\
                    Inst xz-utils [5.4.1-1] (5.4.1-1+deb12u2 Debian-Security:12 [amd64])\nConf m4 (1.4.19-3 Debian:12.1/stable [amd64])\n";
        let chosen: Vec<String> = to_install(plan).iter().map(Chosen::exactly).collect();
        assert_eq!(chosen, ["m4=1.4.19-3", "xz-utils=5.4.1-1+deb12u2"]);
    }

    #[test]
    fn a_dangling_library_link_is_turned_to_the_system() {
        let root = std::env::temp_dir().join(format!("xtask-links-{}", std::process::id()));
        let folder = root.join("usr/lib/x86_64-linux-gnu");
        fs::create_dir_all(&folder).unwrap();
        let system = entries(Path::new("/usr/lib/x86_64-linux-gnu")).unwrap();
        let library = system.iter().find(|path| path.is_file()).unwrap();
        std::os::unix::fs::symlink(library.file_name().unwrap(), folder.join("libx.so")).unwrap();
        std::os::unix::fs::symlink("gupcheck-no-such-library.so.1", folder.join("liby.so")).unwrap();
        mend_links(&root).unwrap();
        assert_eq!(fs::read_link(folder.join("libx.so")).unwrap(), *library);
        assert!(!folder.join("liby.so").exists(), "nothing to turn it to");
        fs::remove_dir_all(root).unwrap();
    }
}

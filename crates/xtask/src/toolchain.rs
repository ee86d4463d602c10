//! What configuring a kernel and `make prepare` run, found on the machine or brought by Debian packages.

use std::path::Path;
use std::process::Command;

use crate::apt::{self, Unpacked};
use crate::cache::Cache;
use crate::run::{Failure, Outcome, extend, on_path};

/// One thing that the kernel's build looks for, and the Debian package that has it.
struct Need {
    probe: Probe,
    package: &'static str,
}

enum Probe {
    Program(&'static str),
    /// Relative to the folders where the compiler finds headers.
    Header(&'static str),
}

/// Found by running allmodconfig and prepare of 6.1 and 6.12 in a debootstrapped Debian 12, where nothing else was: fixdep, kconfig
/// and modpost want the compiler, flex and bison; timeconst.h wants bc; objtool wants libelf; sign-file wants OpenSSL; the
/// packaged source is compressed with xz.
const NEEDS: [Need; 9] = [
    Need { probe: Probe::Program("make"), package: "make" },
    Need { probe: Probe::Program("gcc"), package: "gcc" },
    Need { probe: Probe::Header("stdio.h"), package: "libc6-dev" },
    Need { probe: Probe::Program("flex"), package: "flex" },
    Need { probe: Probe::Program("bison"), package: "bison" },
    Need { probe: Probe::Program("bc"), package: "bc" },
    Need { probe: Probe::Program("xz"), package: "xz-utils" },
    Need { probe: Probe::Header("libelf.h"), package: "libelf-dev" },
    Need { probe: Probe::Header("openssl/opensslv.h"), package: "libssl-dev" },
];

const HEADER_FOLDERS: [&str; 3] = ["usr/include", "usr/include/x86_64-linux-gnu", "usr/local/include"];

/// The programs and headers, wherever they are.
pub(crate) struct Toolchain {
    /// What people without root unpacked.
    unpacked: Option<Unpacked>,
}

impl Toolchain {
    /// Brings what is missing.
    pub(crate) fn ensure(cache: &Cache) -> Outcome<Toolchain> {
        if !cfg!(target_arch = "x86_64") {
            let hint = "prepare the tree elsewhere and run `gupcheck audit --tree DIR --build DIR`";
            return Err(Failure::new(format!("preparing an x86_64 kernel needs an x86_64 machine; {hint}")));
        }
        let mut unpacked = Unpacked::new(cache);
        let missing: Vec<&str> = NEEDS.iter().filter(|need| !need.met(&unpacked.root())).map(|need| need.package).collect();
        if !missing.is_empty() {
            if apt::is_root() && on_path("apt-get") {
                apt::install(cache, &missing)?;
            } else {
                unpacked.fetch(cache, &missing)?;
            }
        }
        Ok(Toolchain { unpacked: unpacked.root().is_dir().then_some(unpacked) })
    }

    /// `program` with PATH and search paths such that it finds what was unpacked.
    pub(crate) fn command(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        if let Some(unpacked) = &self.unpacked {
            let usr = unpacked.root().join("usr");
            extend(&mut command, "PATH", &[usr.join("bin"), unpacked.root().join("bin")]);
            extend(&mut command, "LD_LIBRARY_PATH", &unpacked.libraries());
            extend(&mut command, "LIBRARY_PATH", &unpacked.libraries());
            extend(&mut command, "C_INCLUDE_PATH", &[usr.join("include"), usr.join("include/x86_64-linux-gnu")]);
            // bison and m4 have their place compiled in.
            command.env("BISON_PKGDATADIR", usr.join("share/bison"));
            if usr.join("bin/m4").is_file() {
                command.env("M4", usr.join("bin/m4"));
            }
        }
        command
    }
}

impl Need {
    fn met(&self, unpacked: &Path) -> bool {
        let roots = [Path::new("/"), unpacked];
        match self.probe {
            Probe::Program(name) => on_path(name) || unpacked.join("usr/bin").join(name).is_file(),
            Probe::Header(name) => {
                roots.iter().any(|root| HEADER_FOLDERS.iter().any(|folder| root.join(folder).join(name).is_file()))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unpacked_programs_come_before_the_systems() {
        let toolchain = Toolchain { unpacked: Some(Unpacked::new(&Cache::at("/cache".into()))) };
        let command = toolchain.command("make");
        let path = command.get_envs().find(|(name, _)| *name == "PATH").and_then(|(_, value)| value).unwrap();
        assert!(path.to_string_lossy().starts_with("/cache/debs/root/usr/bin:/cache/debs/root/bin:"), "{path:?}");
    }

    #[test]
    fn without_unpacked_packages_nothing_is_changed() {
        assert_eq!(Toolchain { unpacked: None }.command("make").get_envs().count(), 0);
    }
}

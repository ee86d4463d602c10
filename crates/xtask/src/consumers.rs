//! The programs that read what gupcheck writes, for the tests that hold every format against one: a Python environment in the
//! cache, editors and a browser from Debian. What cannot be had is said once, and its tests skip.

use std::path::PathBuf;
use std::process::Command;

use crate::apt;
use crate::cache::{Cache, Stamped};
use crate::run::{Failure, Outcome, Step, on_path, output_of};

/// Where tests find the environment.
const VARIABLE: &str = "GUPCHECK_TEST_CONSUMERS";

/// From PyPI, in the versions that were tried: CodeChecker's importer of SARIF, KernelCI's schema, b4, and what drives the browser.
const PACKAGES: [&str; 4] = ["codechecker==6.29.1", "kcidb-io==141", "b4==0.16.0", "playwright==1.65.2"];
/// Program and the Debian package that has it.
const PROGRAMS: [(&str, &str); 3] = [("vim", "vim"), ("nvim", "neovim"), ("chromium", "chromium")];

/// What is there.
#[derive(Debug, Default)]
pub(crate) struct Consumers {
    environment: Option<PathBuf>,
}

impl Consumers {
    /// Brings what is missing and can be had.
    pub(crate) fn ensure(cache: &Cache) -> Consumers {
        if let Err(failure) = programs(cache) {
            eprintln!("xtask: tests of editors and of the page skip: {}", failure.sentence());
        }
        match environment(cache) {
            Ok(folder) => Consumers { environment: Some(folder) },
            Err(failure) => {
                eprintln!("xtask: tests of programs from PyPI skip: {}", failure.sentence());
                Consumers::default()
            }
        }
    }

    /// Tells tests where they are.
    pub(crate) fn tell(&self, command: &mut Command) {
        if let Some(folder) = &self.environment {
            command.env(VARIABLE, folder);
        }
    }
}

fn programs(cache: &Cache) -> Outcome<()> {
    let missing: Vec<&str> = PROGRAMS.iter().filter(|(program, _)| !on_path(program)).map(|(_, package)| *package).collect();
    if missing.is_empty() {
        return Ok(());
    }
    if !apt::is_root() {
        return Err(Failure::new(format!("have someone with root run `apt-get install {}`", missing.join(" "))));
    }
    apt::install(cache, &missing)
}

/// A virtual environment: its stamp names what is in it.
fn environment(cache: &Cache) -> Outcome<PathBuf> {
    let made = Stamped { folder: cache.consumers() };
    let folder = made.folder.clone();
    let wanted = PACKAGES.join(" ");
    if made.made_from().as_deref() == Some(&wanted) {
        return Ok(folder);
    }
    if output_of(Command::new("python3").arg("--version")).is_none() {
        return Err(Failure::new("there is no python3; install it with its module venv"));
    }
    made.clear()?;
    let remedy = "check the network and that python3 has the module venv (Debian: python3-venv)";
    let make = Step { what: "making a Python environment for tests", remedy, log: cache.log("consumers-venv") };
    make.run(Command::new("python3").args(["-m", "venv"]).arg(&folder))?;
    let install = Step { what: &format!("installing {wanted}"), remedy, log: cache.log("consumers-pip") };
    install.run(Command::new(folder.join("bin/python")).args(["-m", "pip", "install", "--quiet"]).args(PACKAGES))?;
    made.finish(&wanted)?;
    Ok(folder)
}

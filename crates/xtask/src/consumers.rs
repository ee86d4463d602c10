//! The programs that read what gupcheck writes, for the tests that hold every format against one: a Python environment in the
//! cache, editors and a browser from Debian. What cannot be had is said once, and its tests skip.

use std::path::PathBuf;
use std::process::Command;

use crate::apt;
use crate::cache::{Cache, Stamped};
use crate::run::{Failure, Outcome, Step, on_path, output_of};

/// Where tests find the environment.
const VARIABLE: &str = "GUPCHECK_TEST_CONSUMERS";
/// Where tests find the packages for Node.js: the folder that has `node_modules`.
const NODE: &str = "GUPCHECK_TEST_NODE";

/// From PyPI, in the versions that were tried: CodeChecker's importer of SARIF, KernelCI's schema, b4, and what drives the browser.
const PACKAGES: [&str; 4] = ["codechecker==6.29.1", "kcidb-io==141", "b4==0.16.0", "playwright==1.65.2"];
/// Program and the Debian package that has it.
const PROGRAMS: [(&str, &str); 5] =
    [("vim", "vim"), ("nvim", "neovim"), ("chromium", "chromium"), ("emacs", "emacs-nox"), ("npm", "npm")];
/// Debian packages without a program.
const ADDITIONS: [&str; 1] = ["elpa-lsp-mode"];
/// From npm, in the versions that were tried: the protocol's official client library, which VS Code has as well.
const MODULES: [&str; 2] = ["vscode-languageserver-protocol@3.18.5", "vscode-languageserver-textdocument@1.0.16"];

/// What is there.
#[derive(Debug, Default)]
pub(crate) struct Consumers {
    environment: Option<PathBuf>,
    modules: Option<PathBuf>,
}

impl Consumers {
    /// Brings what is missing and can be had.
    pub(crate) fn ensure(cache: &Cache) -> Consumers {
        if let Err(failure) = programs(cache) {
            eprintln!("xtask: tests of editors and of the page skip: {}", failure.sentence());
        }
        let had = |what: &str, made: Outcome<PathBuf>| {
            made.inspect_err(|failure| eprintln!("xtask: tests of programs from {what} skip: {}", failure.sentence())).ok()
        };
        Consumers { environment: had("PyPI", environment(cache)), modules: had("npm", modules(cache)) }
    }

    /// Tells tests where they are.
    pub(crate) fn tell(&self, command: &mut Command) {
        if let Some(folder) = &self.environment {
            command.env(VARIABLE, folder);
        }
        if let Some(folder) = &self.modules {
            command.env(NODE, folder);
        }
    }
}

fn programs(cache: &Cache) -> Outcome<()> {
    let mut missing: Vec<&str> = PROGRAMS.iter().filter(|(program, _)| !on_path(program)).map(|(_, package)| *package).collect();
    missing.extend(ADDITIONS.iter().filter(|package| apt::installed_version(package).is_none()));
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

/// Packages for Node.js: their stamp names them.
fn modules(cache: &Cache) -> Outcome<PathBuf> {
    let made = Stamped { folder: cache.node_modules() };
    let wanted = MODULES.join(" ");
    if made.made_from().as_deref() == Some(&wanted) {
        return Ok(made.folder);
    }
    if !on_path("npm") {
        return Err(Failure::new("there is no npm; install it (Debian: npm)"));
    }
    made.clear()?;
    let step = Step { what: &format!("installing {wanted}"), remedy: "check the network", log: cache.log("consumers-npm") };
    let mut npm = Command::new("npm");
    npm.args(["install", "--no-audit", "--no-fund", "--ignore-scripts", "--prefix"]).arg(&made.folder).args(MODULES);
    step.run(&mut npm)?;
    made.finish(&wanted)?;
    Ok(made.folder)
}

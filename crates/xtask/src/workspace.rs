//! This checkout: where it is and how its programs are built.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::run::{Failure, Outcome};

/// The root of the checkout.
pub(crate) fn root() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.ancestors().nth(2).expect("crates/xtask lies two folders below the root").to_path_buf()
}

/// The cargo that started us.
pub(crate) fn cargo() -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.current_dir(root());
    command
}

/// git in the checkout.
pub(crate) fn git() -> Command {
    let mut command = Command::new("git");
    command.current_dir(root());
    command
}

/// Builds the release binary as far as it is not up to date, and says where it is.
pub(crate) fn release_binary() -> Outcome<PathBuf> {
    let mut command = cargo();
    command.args(["build", "--release", "--package", "gupcheck", "--message-format", "json-render-diagnostics"]);
    let remedy = "the compiler's message above says why; `cargo build --release -p gupcheck` repeats it";
    let out = command
        .stdin(Stdio::null())
        .stderr(Stdio::inherit())
        .output()
        .map_err(|e| Failure::new(format!("cannot start cargo: {e}")))?;
    if !out.status.success() {
        return Err(Failure::new(format!("gupcheck does not build: {remedy}")));
    }
    let messages = String::from_utf8_lossy(&out.stdout);
    executable(&messages).ok_or_else(|| Failure::new("cargo built no gupcheck binary; see crates/gupcheck/Cargo.toml".to_owned()))
}

/// The program that cargo's messages, one JSON object a line, say they made.
fn executable(messages: &str) -> Option<PathBuf> {
    let of = |line: &str| {
        let message: serde_json::Value = serde_json::from_str(line).ok()?;
        let named = message.pointer("/target/name")? == "gupcheck";
        let path = message.get("executable")?.as_str()?;
        named.then(|| PathBuf::from(path))
    };
    messages.lines().filter_map(of).next_back()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_root_holds_the_workspace() {
        assert!(root().join("crates/xtask/Cargo.toml").is_file());
    }

    #[test]
    fn cargos_messages_name_the_program() {
        let messages = "{\"reason\":\"compiler-artifact\",\"target\":{\"name\":\"gup-ir\"},\"executable\":null}\n\
                        {\"reason\":\"compiler-artifact\",\"target\":{\"name\":\"gupcheck\"},\"executable\":\"/t/release/gupcheck\"}\n\
                        {\"reason\":\"build-finished\",\"success\":true}\n";
        assert_eq!(executable(messages), Some(PathBuf::from("/t/release/gupcheck")));
        assert_eq!(executable("{\"reason\":\"build-finished\"}"), None);
    }
}

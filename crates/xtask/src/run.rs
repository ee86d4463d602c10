//! Running other programs, quietly: output goes to a log, and a failure is one sentence with the remedy.

use std::fmt;
use std::fs::{self, File};
use std::io::{IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Instant;

/// Why a command of xtask ended early: one sentence that names the remedy, perhaps followed by the end of a log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Failure(pub String);

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Failure {
    /// For an IO error: what was attempted, on what, and what to do.
    pub(crate) fn io(what: &str, path: &Path, error: &std::io::Error) -> Failure {
        Failure(format!("cannot {what} {}: {error}; check its permissions and the free space of its disk", path.display()))
    }
}

pub(crate) type Outcome<T> = Result<T, Failure>;

/// One long step of the set-up: what it does in a few words ("extracting linux-source-6.12"), and what to try when it fails.
pub(crate) struct Step<'a> {
    pub(crate) what: &'a str,
    pub(crate) remedy: &'a str,
    /// Where the output of the program goes.
    pub(crate) log: PathBuf,
}

impl Step<'_> {
    /// Runs the command to its end, says how long it took, and shows the end of its output only when it fails.
    pub(crate) fn run(&self, command: &mut Command) -> Outcome<()> {
        let mut err = std::io::stderr();
        let terminal = err.is_terminal();
        if terminal {
            // On a terminal the line is completed in place; in a log one line per step is enough.
            write!(err, "xtask: {} ...", self.what).ok();
        }
        let start = Instant::now();
        let status = self.spawn(command);
        let seconds = start.elapsed().as_secs_f64();
        let prefix = if terminal { "\r" } else { "" };
        match status {
            Ok(true) => {
                writeln!(err, "{prefix}xtask: {} ({seconds:.1} s)", self.what).ok();
                Ok(())
            }
            Ok(false) => {
                writeln!(err, "{prefix}xtask: {} failed ({seconds:.1} s)", self.what).ok();
                let end = last_lines(&fs::read_to_string(&self.log).unwrap_or_default(), 15);
                Err(Failure(format!("{} failed: {}\nThe end of {}:\n{end}", self.what, self.remedy, self.log.display())))
            }
            Err(failure) => {
                writeln!(err).ok();
                Err(failure)
            }
        }
    }

    fn spawn(&self, command: &mut Command) -> Outcome<bool> {
        if let Some(folder) = self.log.parent() {
            fs::create_dir_all(folder).map_err(|e| Failure::io("create", folder, &e))?;
        }
        let log = File::create(&self.log).map_err(|e| Failure::io("write", &self.log, &e))?;
        let copy = log.try_clone().map_err(|e| Failure::io("write", &self.log, &e))?;
        command.stdin(Stdio::null()).stdout(log).stderr(copy);
        match command.status() {
            Ok(status) => Ok(status.success()),
            Err(error) => Err(Failure(format!("cannot start {:?}: {error}; {}", command.get_program(), self.remedy))),
        }
    }
}

/// What the command prints on stdout, or `None` when it cannot be started or fails.
pub(crate) fn output_of(command: &mut Command) -> Option<String> {
    let out = command.stdin(Stdio::null()).stderr(Stdio::null()).output().ok()?;
    out.status.success().then(|| String::from_utf8_lossy(&out.stdout).into_owned())
}

/// Whether a program of this name is on PATH.
pub(crate) fn on_path(program: &str) -> bool {
    std::env::var_os("PATH").is_some_and(|path| std::env::split_paths(&path).any(|dir| dir.join(program).is_file()))
}

fn last_lines(text: &str, count: usize) -> String {
    let lines: Vec<&str> = text.lines().collect();
    lines[lines.len().saturating_sub(count)..].iter().map(|line| format!("  {line}\n")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failing_step_names_the_remedy_and_shows_its_output() {
        let log = std::env::temp_dir().join(format!("xtask-step-{}.log", std::process::id()));
        let step = Step { what: "asking", remedy: "ask again", log: log.clone() };
        let failure = step.run(Command::new("sh").args(["-c", "echo no such luck; exit 3"])).unwrap_err();
        assert!(failure.0.starts_with("asking failed: ask again\n"), "{failure}");
        assert!(failure.0.contains("  no such luck\n"), "{failure}");
        fs::remove_file(log).unwrap();
    }

    #[test]
    fn a_program_that_is_not_there_is_one_sentence() {
        let log = std::env::temp_dir().join(format!("xtask-none-{}.log", std::process::id()));
        let step = Step { what: "asking", remedy: "install it", log: log.clone() };
        let failure = step.run(&mut Command::new("gupcheck-no-such-program")).unwrap_err();
        assert!(failure.0.starts_with("cannot start") && failure.0.ends_with("install it"), "{failure}");
        fs::remove_file(log).unwrap();
    }

    #[test]
    fn only_the_end_of_a_log_is_shown() {
        let text: String = (0..40).map(|n| format!("line {n}\n")).collect();
        assert_eq!(last_lines(&text, 2), "  line 38\n  line 39\n");
    }
}

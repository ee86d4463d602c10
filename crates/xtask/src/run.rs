//! Running other programs, quietly: output goes to a log, and a failure is one sentence with the remedy.

use std::fmt;
use std::fs::{self, File};
use std::io::{IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Instant;

/// Why a command of xtask ended early: one sentence that names the remedy, perhaps followed by lines of a log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Failure {
    pub(crate) text: String,
    /// What is missing has to come from a registry, and that cannot be reached or does not have it.
    pub(crate) is_unreachable: bool,
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl Failure {
    pub(crate) fn new(text: impl Into<String>) -> Failure {
        Failure { text: text.into(), is_unreachable: false }
    }

    pub(crate) fn unreachable(self) -> Failure {
        Failure { is_unreachable: true, ..self }
    }

    /// The sentence without the log.
    pub(crate) fn sentence(&self) -> &str {
        self.text.lines().next().unwrap_or_default()
    }

    /// For an IO error: what was attempted, on what, and what to do.
    pub(crate) fn io(what: &str, path: &Path, error: &std::io::Error) -> Failure {
        Failure::new(format!("cannot {what} {}: {error}; check its permissions and the free space of its disk", path.display()))
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
                let telling = telling_lines(&String::from_utf8_lossy(&fs::read(&self.log).unwrap_or_default()));
                Err(Failure::new(format!("{} failed: {}\nFrom {}:\n{telling}", self.what, self.remedy, self.log.display())))
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
            Err(error) => Err(Failure::new(format!("cannot start {:?}: {error}; {}", command.get_program(), self.remedy))),
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

/// Puts folders before those that a variable as PATH already names.
pub(crate) fn extend(command: &mut Command, variable: &str, folders: &[PathBuf]) {
    let old = std::env::var_os(variable).unwrap_or_default();
    let old = std::env::split_paths(&old).filter(|path| !path.as_os_str().is_empty());
    if let Ok(joined) = std::env::join_paths(folders.iter().cloned().chain(old)) {
        command.env(variable, joined);
    }
}

/// The lines of a log that say what went wrong; its end, where none is marked. With make -j the end is mostly other jobs.
fn telling_lines(log: &str) -> String {
    const MARKS: [&str; 6] = ["error:", "error while", "Error ", "ERROR", "E: ", "not found"];
    const ENOUGH: usize = 12;
    let lines: Vec<&str> = log.lines().collect();
    let marked: Vec<&str> = lines.iter().filter(|line| MARKS.iter().any(|mark| line.contains(mark))).copied().collect();
    let telling =
        if marked.is_empty() { &lines[lines.len().saturating_sub(ENOUGH)..] } else { &marked[..marked.len().min(ENOUGH)] };
    telling.iter().map(|line| format!("  {line}\n")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failing_step_names_the_remedy_and_shows_its_output() {
        let log = std::env::temp_dir().join(format!("xtask-step-{}.log", std::process::id()));
        let step = Step { what: "asking", remedy: "ask again", log: log.clone() };
        let failure = step.run(Command::new("sh").args(["-c", "echo no such luck; exit 3"])).unwrap_err();
        assert!(failure.text.starts_with("asking failed: ask again\n"), "{failure}");
        assert!(failure.text.contains("  no such luck\n"), "{failure}");
        fs::remove_file(log).unwrap();
    }

    #[test]
    fn a_program_that_is_not_there_is_one_sentence() {
        let log = std::env::temp_dir().join(format!("xtask-none-{}.log", std::process::id()));
        let step = Step { what: "asking", remedy: "install it", log: log.clone() };
        let failure = step.run(&mut Command::new("gupcheck-no-such-program")).unwrap_err();
        assert!(failure.text.starts_with("cannot start") && failure.text.ends_with("install it"), "{failure}");
        fs::remove_file(log).unwrap();
    }

    #[test]
    fn a_log_is_cut_to_what_tells() {
        let quiet: String = (0..40).map(|n| format!("line {n}\n")).collect();
        assert!(telling_lines(&quiet).starts_with("  line 28\n") && telling_lines(&quiet).ends_with("  line 39\n"));
        let make = format!("bc: error while loading shared libraries\nmake: *** [Kbuild:24] Error 127\n{quiet}");
        assert_eq!(telling_lines(&make), "  bc: error while loading shared libraries\n  make: *** [Kbuild:24] Error 127\n");
    }
}

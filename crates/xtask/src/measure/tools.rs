//! The scripts that come with the data: started here with this tree, this binary and this libclang.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::audit::Ready;
use crate::run::{Failure, Outcome};
use crate::workspace;

pub(crate) struct Tools {
    folder: PathBuf,
    kernel: String,
}

impl Tools {
    pub(crate) fn find(folder: &Path, kernel: &str) -> Outcome<Tools> {
        if !folder.join("seeded.py").is_file() {
            return Err(Failure::new(format!(
                "{} has no seeded.py; name the folder of the tools with --tools",
                folder.display()
            )));
        }
        Ok(Tools { folder: folder.to_path_buf(), kernel: kernel.to_owned() })
    }

    pub(crate) fn data(&self, name: &str) -> PathBuf {
        self.folder.join("data").join(name)
    }

    /// Sites of Linux 6.12 that people read by hand.
    pub(crate) fn golden(&self, report: &Path) -> Outcome<()> {
        println!("## Ledger against sites read by hand\n");
        let mut command = self.python("ledger_score.py");
        show(command.arg(report).arg(self.data("golden-dev.json")).args(["--show", "wrong"]))
    }

    /// Historical bugs, put back one at a time.
    pub(crate) fn reintroduced(&self, ready: &Ready, limit: Option<u32>) -> Outcome<()> {
        println!("\n## Historical bugs put back\n");
        self.seeded(&self.data("reintroduce-dev.json"), ready, "reintroduced", limit)
    }

    /// Bugs made from every acquisition and release of the tree.
    pub(crate) fn mutants(&self, ready: &Ready, per_op: u32, limit: Option<u32>) -> Outcome<()> {
        println!("\n## Mutants\n");
        let set = self.result("mutants-set")?;
        let mut command = self.python("mutate.py");
        command.arg(&ready.kernel.source).args([
            "--half",
            "dev",
            "--label",
            &self.kernel,
            "--per-op",
            &per_op.to_string(),
            "--out",
        ]);
        // Its tables of candidates are not what is asked here.
        quietly(command.arg(&set))?;
        self.seeded(&set, ready, "mutants", limit)
    }

    fn seeded(&self, set: &Path, ready: &Ready, name: &str, limit: Option<u32>) -> Outcome<()> {
        let mut command = self.python("seeded.py");
        command.arg(set).arg("--tree").arg(&ready.kernel.source).arg("--build").arg(&ready.kernel.build);
        command.arg("--gupcheck").arg(&ready.binary).args(["--label", &self.kernel]).arg("--out").arg(self.result(name)?);
        if let Some(limit) = limit {
            command.args(["--limit", &limit.to_string()]);
        }
        ready.libclang.tell(&mut command);
        show(&mut command)
    }

    fn python(&self, script: &str) -> Command {
        let mut command = Command::new("python3");
        command.arg(self.folder.join(script));
        command
    }

    /// Where the rows of a measurement are kept; not part of the repository.
    fn result(&self, name: &str) -> Outcome<PathBuf> {
        let folder = workspace::root().join("out/measure");
        std::fs::create_dir_all(&folder).map_err(|e| Failure::io("create", &folder, &e))?;
        Ok(folder.join(format!("{name}-{}.json", self.kernel)))
    }
}

fn show(command: &mut Command) -> Outcome<()> {
    finish(command)
}

fn quietly(command: &mut Command) -> Outcome<()> {
    finish(command.stdout(Stdio::null()))
}

fn finish(command: &mut Command) -> Outcome<()> {
    let script = command.get_args().next().unwrap_or(OsStr::new("")).to_string_lossy().into_owned();
    match command.stdin(Stdio::null()).status() {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(Failure::new(format!("{script} failed ({status}); its message is above"))),
        Err(error) => Err(Failure::new(format!(
            "cannot start python3: {error}; the measuring tools need Python 3 (`apt-get install python3`)"
        ))),
    }
}

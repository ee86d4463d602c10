//! A fixture that can be edited, moved and audited again.

use std::path::Path;

use gup_analysis::finding::Analysis;
use gup_driver::Options;
use gup_ir::Unit;

use crate::edits::Edit;
use crate::fixture::Fixture;
use crate::run::options;
use crate::tree::Tree;

/// A program of one source in a tree of its own.
pub struct Program {
    tree: Tree,
    options: Options,
    /// Name of the source in the tree.
    file: String,
    text: String,
    args: Vec<String>,
}

impl Program {
    /// `None` for a fixture of several files.
    pub fn of(testdata: &Path, fixture: &Fixture) -> Option<Program> {
        let [file] = &fixture.files[..] else { return None };
        let tree = Tree::build(testdata, fixture).ok()?;
        let options = options(testdata, fixture, &tree);
        let text = std::fs::read_to_string(tree.root.join(&file.name)).ok()?;
        Some(Program { tree, options, file: file.name.clone(), text, args: fixture.directives.args.clone() })
    }

    /// What the audit says; the errors are the compiler's.
    pub fn audit(&self) -> Result<Analysis, String> {
        let outcome = gup_driver::audit(&self.options).map_err(|error| error.to_string())?;
        let coverage = &outcome.coverage;
        match coverage.failed.iter().chain(&coverage.with_errors).next() {
            Some((file, error)) => Err(format!("{file}: {error}")),
            None => Ok(outcome.analysis),
        }
    }

    /// False where the edit has no place.
    pub fn edit(&mut self, edit: Edit) -> bool {
        let Some(text) = self.unit().and_then(|unit| edit.apply(&self.text, &unit)) else { return false };
        self.write(text);
        true
    }

    pub fn write(&mut self, text: String) {
        self.text = text;
        self.tree.write(&self.file, &self.text).expect("the tree can be written");
    }

    pub fn text(&self) -> &str {
        &self.text
    }

    /// `git mv`, and the makefile with it.
    pub fn rename(&mut self, file: &str) {
        std::fs::remove_file(self.tree.root.join(&self.file)).expect("the source is there");
        self.file = file.to_owned();
        let object = file.strip_suffix(".c").unwrap_or(file);
        self.tree
            .write("Kbuild", &format!("ccflags-y := {}\nobj-y += {object}.o\n", self.args.join(" ")))
            .expect("a makefile is written");
        self.write(self.text.clone());
    }

    pub fn exists(&self, file: &str) -> bool {
        self.tree.root.join(file).exists()
    }

    fn unit(&self) -> Option<Unit> {
        gup_ir::text::parse(&gup_driver::ir(&self.options, &self.file).ok()?).ok()
    }
}

//! One unit, as its compiler was called for it: what `make C=1 CHECK="gupcheck cc-check"` asks for each file of a build.
//!
//! Most files of a kernel have nothing to do with page references, and a build asks for all of them. So the text of the file
//! is looked at first, before the tree is opened and libclang is loaded: a file that names no acquisition, and nothing that
//! the last audit of this tree asked about, is done. The others are audited with the flags of the call, together with what that
//! audit read of the rest of the tree, out of the cache. Where there is no such audit, or the tree is another by now, a few
//! files that the unit works with are read instead, and that is said: no build waits for an audit.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::Error;
use crate::analyses::Analyses;
use crate::base::Base;
use crate::command::Command;
use crate::contents::Hash;
use crate::extract::Loaded;
use crate::kbuild::normalize;
use crate::limits;
use crate::options::Options;
use crate::outcome::Outcome;
use crate::pch::Shared;
use crate::readers::own_name;
use crate::run::{Run, Settled};
use crate::store::{Kind, Store};
use crate::text;
use crate::tree::Tree;
use crate::unit::UnitSpec;

/// A compiler's call without the compiler's name, as Kbuild hands it to a checker: flags, and last the file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Call {
    /// As it stands in the call.
    pub file: String,
    flags: Vec<String>,
}

/// What was found out about a unit.
#[derive(Clone, Debug, PartialEq)]
pub struct Checked {
    pub outcome: Outcome,
    /// Relative to the tree, or absolute where it lies outside.
    pub file: String,
    /// Why the unit could not be read.
    pub failed: Option<String>,
    /// No audit of this tree as it is has been here, so what other files say was looked for in a few of them only.
    pub is_alone: bool,
}

/// What an audit of the whole tree asked about: units that it read, and names that it looked for.
#[derive(Default, Serialize, Deserialize)]
pub(crate) struct Asked {
    units: BTreeSet<String>,
    names: BTreeSet<String>,
}

impl Call {
    /// The error says how a call looks.
    pub fn of(words: &[String]) -> Result<Call, Error> {
        match words.split_last() {
            Some((file, flags)) if file.ends_with(".c") => Ok(Call { file: file.clone(), flags: flags.to_vec() }),
            _ => Err(Error::new(
                "the last argument is not a .c file: Kbuild calls `gupcheck cc-check FLAGS... FILE.c` when it is given as CHECK=\"gupcheck cc-check\"",
            )),
        }
    }

    /// Kbuild puts CHECKFLAGS before the compiler's own flags, which begin with the dependency file. Those are for sparse, and
    /// without them the unit is the one that an audit reads.
    fn compiler_flags(&self) -> &[String] {
        let start = self.flags.iter().position(|flag| flag.starts_with("-Wp,-MMD,") || flag.starts_with("-Wp,-MD,"));
        &self.flags[start.unwrap_or(0)..]
    }
}

/// Audits the unit of the call. `options.working` is where the compiler ran, the build directory. `None`: nothing in the file
/// can matter.
pub fn check(options: &Options, call: &Call) -> Result<Option<Checked>, Error> {
    let path = options.working.join(&call.file);
    let source = std::fs::read(&path).map_err(|error| Error::new(format!("{}: {error}", path.display())))?;
    let root = Tree::source(&options.working, options.tree.as_deref())?;
    let store = Store::new(options.cache.clone());
    let asked = Asked::read(&store, &root);
    if !matters(options, &path, &source, asked.as_ref(), &root)? {
        return Ok(None);
    }
    let options = &in_build(options);
    let base = Base::open(options)?;
    let file = base.relative(Path::new(&call.file));
    let file = if base.tree.root.join(&file).is_file() { file } else { normalize(&path).to_string_lossy().into_owned() };
    let command = Command::from_flags(call.compiler_flags(), &options.working);
    let spec = UnitSpec::given(&base.kbuild, &file, command);
    let mut place = base.place();
    place.given = Some(Arc::new(spec));
    let shared = Shared::prepare(&place, &base.pool, options.pch);
    let run = Run::new(&base, place, shared)?;
    let others = asked.map(|asked| asked.others(&run, &file)).unwrap_or_default();
    let is_alone = others.is_empty();
    let budget = if is_alone { limits::UNITS_ALONE } else { limits::UNITS };
    let start = Settled { units: others, ..Settled::default() };
    let settled = run.settle_from(start, BTreeSet::from([file.clone()]), budget)?;
    base.keep();
    Ok(Some(checked(&run, settled, file, is_alone)))
}

/// The compiler ran in the build directory, so nobody need name it.
fn in_build(options: &Options) -> Options {
    let is_build = options.working.join("include/config/auto.conf").is_file();
    let build = options.build.clone().or_else(|| is_build.then(|| options.working.clone()));
    Options { build, ..options.clone() }
}

fn checked(run: &Run<'_>, settled: Settled, file: String, is_alone: bool) -> Checked {
    let failed = settled.failed.get(&file).cloned();
    let parts: BTreeSet<String> = settled.units.get(&file).into_iter().flat_map(|unit| unit.inputs.iter().cloned()).collect();
    let is_unit = |name: &str| name.ends_with(".c") && run.place().kbuild.is_compiled(name);
    let mut outcome = Outcome::of(run, settled);
    let is_of_unit = |at: &str| at == file || (parts.contains(at) && !is_unit(at));
    outcome.analysis.findings.retain(|finding| is_of_unit(&finding.at.file));
    Checked { outcome, file, failed, is_alone }
}

/// Did an audit read the file, or does it, or one that it includes by name from beside it, name anything that audits look for?
fn matters(options: &Options, path: &Path, source: &[u8], asked: Option<&Asked>, root: &Path) -> Result<bool, Error> {
    let file = path.canonicalize().unwrap_or_else(|_| path.to_path_buf());
    let name = file.strip_prefix(root).unwrap_or(&file).to_string_lossy().into_owned();
    if asked.is_some_and(|asked| asked.units.contains(&name)) {
        return Ok(true);
    }
    let mut wanted = Analyses::load(options.analyses.as_deref())?.contracts()?.site_names();
    wanted.extend(asked.into_iter().flat_map(|asked| asked.names.iter().cloned()));
    let names = text::names(&wanted);
    let has = |text: &[u8]| !text::mentions(text, &names).is_empty();
    let beside = |target: String| std::fs::read(path.parent()?.join(target)).ok();
    Ok(has(source) || text::includes(source).into_iter().filter_map(beside).any(|text| has(&text)))
}

impl Asked {
    /// After an audit of the whole tree.
    pub(crate) fn keep(run: &Run<'_>, settled: &Settled) {
        let demand = &settled.analysis.demand;
        let functions = demand.callers_of.keys().chain(demand.definitions_of.keys()).cloned();
        let names = functions.chain(settled.stored_in.iter().map(|field| own_name(field))).collect();
        let asked = Asked { units: settled.units.keys().chain(settled.failed.keys()).cloned().collect(), names };
        if let Ok(bytes) = postcard::to_stdvec(&asked) {
            run.base.store.write(Kind::Asked, &Asked::name(&run.base.tree.root), &bytes);
        }
    }

    /// The units of that audit but `file`, out of the cache; none where more than a tenth of them changed since: then analysing the
    /// rest would take as long as an audit, for each file of a build.
    fn others(&self, run: &Run<'_>, file: &str) -> BTreeMap<String, Loaded> {
        let specs: Vec<UnitSpec> =
            self.units.iter().filter(|unit| *unit != file).filter_map(|unit| run.place().spec(unit)).collect();
        let cached = run.extractor.cached(&specs);
        if cached.len() * 10 < specs.len() * 9 { BTreeMap::new() } else { cached }
    }

    pub(crate) fn read(store: &Store, root: &Path) -> Option<Asked> {
        postcard::from_bytes(&store.read(Kind::Asked, &Asked::name(root))?).ok()
    }

    fn name(root: &Path) -> String {
        Hash::of(root.to_string_lossy().as_bytes()).name()
    }
}

//! From units to their IR: out of the cache where nothing changed, else by a worker.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, Once, PoisonError};

use gup_ir::Unit;
use serde::{Deserialize, Serialize};

use crate::contents::Hash;
use crate::pch::{HEADERS_UNIT, Place, Shared, parse};
use crate::pool::Pool;
use crate::protocol::{Extracted, Facts, Parse, Reply, Request};
use crate::store::Kind;
use crate::unit::UnitSpec;

/// A unit that was extracted, its IR still encoded.
#[derive(Clone)]
pub(crate) struct Loaded {
    /// Equal identities mean equal IR.
    pub(crate) identity: Hash,
    pub(crate) facts: Facts,
    unit: Vec<u8>,
    /// Came out of the cache.
    pub(crate) cached: bool,
}

impl Loaded {
    /// The IR; `None` when the bytes make no sense (a damaged cache).
    pub(crate) fn unit(&self) -> Option<Unit> {
        let unit: Unit = postcard::from_bytes(&self.unit).ok()?;
        let sound = unit.functions.iter().all(|function| gup_ir::check::check(function).is_ok()) && !unit.files.is_empty();
        sound.then_some(unit)
    }
}

/// What is kept of a unit.
#[derive(Serialize, Deserialize)]
struct Entry<'a> {
    inputs: Vec<(String, Hash)>,
    facts: Facts,
    #[serde(borrow)]
    unit: &'a [u8],
}

/// Extracts units of one tree.
pub(crate) struct Extractor<'a> {
    pub(crate) place: Place<'a>,
    pub(crate) pool: &'a Pool,
    pub(crate) shared: &'a Shared,
    /// Identity of the common headers' unit: every unit depends on those headers.
    headers: Hash,
    has_headers: bool,
    rebuilt: Once,
    warnings: Mutex<BTreeSet<String>>,
}

/// Changes with the sources of the IR, the front end and libclang's wrapper.
const FRONTEND: &str = env!("GUPCHECK_FRONTEND");

impl<'a> Extractor<'a> {
    /// Also extracts the common headers: their unit, or why there is none (then each unit brings its own).
    pub(crate) fn new(place: Place<'a>, pool: &'a Pool, shared: &'a Shared) -> (Extractor<'a>, Result<Loaded, String>) {
        let mut extractor = Extractor {
            place,
            pool,
            shared,
            headers: Hash::of(b""),
            has_headers: false,
            rebuilt: Once::new(),
            warnings: Mutex::default(),
        };
        let spec = UnitSpec::common(place.tree, place.kbuild, HEADERS_UNIT, crate::kbuild::Kind::BuiltIn);
        let key = extractor.key(&spec);
        let result = extractor.load(&key).map_or_else(|| extractor.headers(&spec, &key), Ok);
        let result = result.map(|(loaded, inputs)| {
            extractor.has_headers = true;
            // A module's PCH may have read a header that the others did not.
            let contents = shared.inputs.iter().filter_map(|input| place.contents.hash(input)).collect::<Vec<_>>();
            extractor.headers =
                Hash::of_all(std::iter::once(&loaded.identity).chain(&contents).map(|hash| hash.bytes().as_slice()));
            let build = &place.tree.build;
            let named = |input: String| match std::path::Path::new(&input).strip_prefix(build) {
                Ok(below) => format!("build:{}", below.display()),
                Err(_) => input,
            };
            pool.set_known_headers(inputs.into_iter().map(named).collect());
            loaded
        });
        (extractor, result)
    }

    /// All units, in any order on several threads; the result is by file.
    pub(crate) fn extract(
        &self,
        specs: &[UnitSpec],
        progress: &(dyn Fn(usize) + Sync),
    ) -> BTreeMap<String, Result<Loaded, String>> {
        let results = Mutex::new(BTreeMap::new());
        let missing = Mutex::new(Vec::new());
        let keep = |file: &str, result| results.lock().unwrap_or_else(PoisonError::into_inner).insert(file.to_owned(), result);
        self.pool.each(specs.len(), |number| {
            let spec = &specs[number];
            match self.load(&self.key(spec)) {
                Some((loaded, _)) => drop(keep(&spec.file, Ok(loaded))),
                None => missing.lock().unwrap_or_else(PoisonError::into_inner).push(spec),
            }
        });
        let mut missing = missing.into_inner().unwrap_or_default();
        // The longest first, so that no worker is left alone with one at the end.
        let size = |spec: &&UnitSpec| std::fs::metadata(self.place.tree.root.join(&spec.file)).map_or(0, |data| data.len());
        missing.sort_by_key(|spec| (std::cmp::Reverse(size(spec)), &spec.file));
        let left = std::sync::atomic::AtomicUsize::new(missing.len());
        progress(missing.len());
        self.pool.each(missing.len(), |number| {
            let spec = missing[number];
            let result = self.fresh(spec, &[]).map(|extracted| self.keep(spec, extracted));
            keep(&spec.file, result);
            progress(left.fetch_sub(1, std::sync::atomic::Ordering::Relaxed) - 1);
        });
        results.into_inner().unwrap_or_default()
    }

    /// One unit with other content for some files (relative to the tree) than on disk. Not kept.
    pub(crate) fn overlaid(&self, spec: &UnitSpec, overlay: &BTreeMap<&str, &[u8]>) -> Result<Loaded, String> {
        let files: Vec<_> = overlay.iter().map(|(file, content)| (self.place.tree.root.join(file), content.to_vec())).collect();
        let extracted = self.fresh(spec, &files)?;
        let known = extracted.inputs.iter().filter(|input| !overlay.contains_key(input.as_str()));
        let mut hashes = vec![self.key(spec)];
        hashes.extend(known.filter_map(|input| self.place.contents.hash(input)));
        hashes.extend(overlay.iter().flat_map(|(file, content)| [Hash::of(file.as_bytes()), Hash::of(content)]));
        let identity = Hash::of_all(hashes.iter().map(|hash| hash.bytes().as_slice()));
        Ok(Loaded { identity, facts: extracted.facts, unit: extracted.unit, cached: false })
    }

    /// Once more, for a unit whose kept IR turned out to be no IR.
    pub(crate) fn again(&self, file: &str) -> Option<Unit> {
        let Place { tree, kbuild, store, .. } = self.place;
        let headers = file == HEADERS_UNIT;
        let spec = match headers {
            true => UnitSpec::common(tree, kbuild, file, crate::kbuild::Kind::BuiltIn),
            false => UnitSpec::of(tree, kbuild, file)?,
        };
        let key = self.key(&spec);
        store.reject(Kind::Units, &key.name());
        let loaded = match headers {
            true => self.headers(&spec, &key).ok()?.0,
            false => self.keep(&spec, self.fresh(&spec, &[]).ok()?),
        };
        loaded.unit()
    }

    /// What went wrong without stopping anything.
    pub(crate) fn warnings(&self) -> Vec<String> {
        self.warnings.lock().unwrap_or_else(PoisonError::into_inner).iter().cloned().collect()
    }

    fn headers(&self, spec: &UnitSpec, key: &Hash) -> Result<(Loaded, Vec<String>), String> {
        let beside = self.shared.beside(&key.name());
        let reply = self.pool.ask(&Request::Headers { parse: parse(spec, None), header: self.shared.header.clone(), beside });
        let extracted = outcome(reply)?;
        let inputs = extracted.inputs.clone();
        Ok((self.keep(spec, extracted), inputs))
    }

    /// Asks a worker, and again where another way of reading may help.
    fn fresh(&self, spec: &UnitSpec, overlay: &[(std::path::PathBuf, Vec<u8>)]) -> Result<Extracted, String> {
        let ask = |spec: &UnitSpec, pch: bool| {
            let pch = self.pch_for(spec).filter(|_| pch);
            let request = Parse { overlay: overlay.to_vec(), ..parse(spec, pch) };
            outcome(self.pool.ask(&Request::Unit(request)))
        };
        let mut result = ask(spec, true);
        if result.as_ref().is_err_and(|reason| is_refusal(reason)) {
            self.rebuilt.call_once(|| {
                let warnings = self.shared.rebuild(&self.place, self.pool);
                self.warnings.lock().unwrap_or_else(PoisonError::into_inner).extend(warnings);
            });
            result = ask(spec, true);
            if result.as_ref().is_err_and(|reason| is_refusal(reason)) {
                result = ask(spec, false);
            }
        }
        let mut extracted = result?;
        if missing_header(&extracted).is_some() {
            extracted = ask(&spec.with_parents(self.place.tree), true)?;
            if let Some(error) = missing_header(&extracted) {
                return Err(error.to_owned());
            }
        }
        if !extracted.facts.errors.is_empty() && self.pch_for(spec).is_some() {
            // What a unit defines before it includes a header does not reach a header of the PCH.
            let plain = ask(spec, false)?;
            if plain.facts.errors.len() < extracted.facts.errors.len() {
                extracted = plain;
            }
        }
        Ok(extracted)
    }

    /// With a PCH a unit does not bring the functions of its headers, so they must have come otherwise.
    fn pch_for(&self, spec: &UnitSpec) -> Option<&std::path::Path> {
        self.shared.pch_for(spec).filter(|_| self.has_headers)
    }

    /// Stores a fresh unit.
    fn keep(&self, spec: &UnitSpec, extracted: Extracted) -> Loaded {
        let key = self.key(spec);
        let known = |input: &String| self.place.contents.hash(input).map(|hash| (input.clone(), hash));
        let inputs: Option<Vec<(String, Hash)>> = extracted.inputs.iter().map(known).collect();
        let inputs = inputs.unwrap_or_default();
        let identity = identity(&key, &inputs);
        let entry = Entry { inputs, facts: extracted.facts.clone(), unit: &extracted.unit };
        // Without its inputs nobody could say whether it is still right.
        if let (false, Ok(bytes)) = (entry.inputs.is_empty(), postcard::to_stdvec(&entry)) {
            self.place.store.write(Kind::Units, &key.name(), &bytes);
        }
        Loaded { identity, facts: extracted.facts, unit: extracted.unit, cached: false }
    }

    /// From the cache, with the inputs, when all of them are as they were.
    fn load(&self, key: &Hash) -> Option<(Loaded, Vec<String>)> {
        let bytes = self.place.store.read(Kind::Units, &key.name())?;
        let Ok(entry) = postcard::from_bytes::<Entry<'_>>(&bytes) else {
            self.place.store.reject(Kind::Units, &key.name());
            return None;
        };
        let same = |(path, hash): &(String, Hash)| self.place.contents.hash(path) == Some(*hash);
        if entry.inputs.is_empty() || !entry.inputs.iter().all(same) {
            return None;
        }
        let identity = identity(key, &entry.inputs);
        let loaded = Loaded { identity, facts: entry.facts, unit: entry.unit.to_vec(), cached: true };
        Some((loaded, entry.inputs.into_iter().map(|(path, _)| path).collect()))
    }

    /// Everything but the content of its files that a unit's IR depends on.
    pub(crate) fn key(&self, spec: &UnitSpec) -> Hash {
        let args = spec.command.args.join("\n");
        let directory = spec.command.directory.to_string_lossy();
        let root = self.place.tree.root.to_string_lossy();
        let texts = [FRONTEND, &self.pool.version, &root, &spec.file, &args, &directory, &self.shared.header];
        let mut parts: Vec<&[u8]> = texts.iter().map(|text| text.as_bytes()).collect();
        parts.push(self.headers.bytes());
        Hash::of_all(parts)
    }
}

fn identity(key: &Hash, inputs: &[(String, Hash)]) -> Hash {
    let parts = inputs.iter().flat_map(|(path, hash)| [path.as_bytes(), hash.bytes().as_slice()]);
    Hash::of_all(std::iter::once(key.bytes().as_slice()).chain(parts))
}

fn outcome(reply: Reply) -> Result<Extracted, String> {
    match reply {
        Reply::Extracted(extracted) => Ok(*extracted),
        Reply::Failed(reason) => Err(reason),
        other => Err(format!("unexpected answer {other:?}")),
    }
}

/// libclang would not take the PCH.
fn is_refusal(reason: &str) -> bool {
    reason.starts_with("the precompiled header")
}

fn missing_header(extracted: &Extracted) -> Option<&str> {
    extracted.facts.errors.iter().map(String::as_str).find(|error| error.ends_with("file not found"))
}

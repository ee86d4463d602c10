//! From units to their IR: out of the cache where nothing changed, else by a worker.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, Once, OnceLock, PoisonError};

use gup_ir::packed::Packed;
use serde::{Deserialize, Serialize};

use crate::contents::Hash;
use crate::pch::{HEADERS_UNIT, Overlay, Place, Shared, overlay, parse, spelled};
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
    unit: Arc<Encoded>,
    /// Every file that was read, but for those of a PCH; relative to the tree or absolute.
    pub(crate) inputs: Arc<[String]>,
    /// Came out of the cache.
    pub(crate) cached: bool,
}

/// A [`Packed`], encoded, and decoded when it is first needed.
struct Encoded {
    bytes: Box<[u8]>,
    packed: OnceLock<Option<Arc<Packed>>>,
}

impl Loaded {
    fn new(identity: Hash, facts: Facts, unit: Vec<u8>, inputs: Vec<String>, cached: bool) -> Loaded {
        let unit = Encoded { bytes: unit.into(), packed: OnceLock::new() };
        Loaded { identity, facts, unit: Arc::new(unit), inputs: inputs.into(), cached }
    }

    /// The IR, bodies still encoded; `None` when the bytes make no sense (a damaged cache).
    pub(crate) fn packed(&self) -> Option<Arc<Packed>> {
        let decode = || postcard::from_bytes::<Packed>(&self.unit.bytes).ok().filter(Packed::is_sound).map(Arc::new);
        self.unit.packed.get_or_init(decode).clone()
    }
}

/// What is kept of a unit.
#[derive(Serialize, Deserialize)]
struct Entry<'a> {
    inputs: Vec<(String, Hash)>,
    /// See [`crate::rivals::Rivals`].
    rivals: Hash,
    facts: Facts,
    #[serde(borrow)]
    unit: &'a [u8],
}

/// Extracts units of one version of a tree.
pub(crate) struct Extractor<'a> {
    pub(crate) place: Place<'a>,
    pub(crate) pool: &'a Pool,
    pub(crate) shared: Arc<Shared>,
    /// Identity of the common headers' unit: every unit depends on those headers.
    headers: Hash,
    has_headers: bool,
    /// Headers whose functions the units need not bring.
    known: BTreeSet<String>,
    /// Files of this version that are not as on disk and that units may include.
    overlay: Overlay,
    rebuilt: Once,
}

/// Changes with the sources of the IR, the front end and libclang's wrapper.
const FRONTEND: &str = env!("GUPCHECK_FRONTEND");

impl<'a> Extractor<'a> {
    /// Also extracts the common headers: their unit, or why there is none (then each unit brings its own).
    pub(crate) fn new(place: Place<'a>, pool: &'a Pool, shared: Arc<Shared>) -> (Extractor<'a>, Result<Loaded, String>) {
        let overlay = included_overlay(&place);
        let mut extractor = Extractor {
            place,
            pool,
            shared,
            headers: Hash::of(b""),
            has_headers: false,
            known: BTreeSet::new(),
            overlay,
            rebuilt: Once::new(),
        };
        let spec = UnitSpec::common(extractor.place.tree, &extractor.place.kbuild, HEADERS_UNIT, crate::kbuild::Kind::BuiltIn);
        let result = extractor.load(&spec).map_or_else(|| extractor.headers(&spec), Ok);
        if let Ok(loaded) = &result {
            extractor.has_headers = true;
            let contents = &extractor.place.contents;
            // A module's PCH may have read a header that the others did not.
            let mut hashes: Vec<Hash> = extractor.shared.inputs.iter().filter_map(|input| contents.hash(input)).collect();
            let headers = extractor.overlay.iter().filter(|_| extractor.shared.is_of_version());
            hashes.extend(headers.map(|(_, content)| Hash::of(content)));
            extractor.headers =
                Hash::of_all(std::iter::once(&loaded.identity).chain(&hashes).map(|hash| hash.bytes().as_slice()));
            let build = &extractor.place.tree.build;
            let named = |input: &String| match std::path::Path::new(input).strip_prefix(build) {
                Ok(below) => format!("build:{}", below.display()),
                Err(_) => input.clone(),
            };
            extractor.known = loaded.inputs.iter().map(named).collect();
        }
        (extractor, result)
    }

    /// The same headers for another version of the tree, which differs in none of them.
    pub(crate) fn of_version(&self, place: Place<'a>) -> Extractor<'a> {
        Extractor {
            overlay: included_overlay(&place),
            place,
            pool: self.pool,
            shared: self.shared.clone(),
            headers: self.headers,
            has_headers: self.has_headers,
            known: self.known.clone(),
            rebuilt: Once::new(),
        }
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
        self.pool.each(self.place.at_once(self.pool), specs.len(), |number| {
            let spec = &specs[number];
            match self.load(spec) {
                Some(loaded) => drop(keep(&spec.file, Ok(loaded))),
                None => missing.lock().unwrap_or_else(PoisonError::into_inner).push(spec),
            }
        });
        let mut missing = missing.into_inner().unwrap_or_default();
        // The longest first, so that no worker is left alone with one at the end.
        let size = |spec: &&UnitSpec| std::fs::metadata(self.place.tree.root.join(&spec.file)).map_or(0, |data| data.len());
        missing.sort_by_key(|spec| (std::cmp::Reverse(size(spec)), &spec.file));
        let left = std::sync::atomic::AtomicUsize::new(missing.len());
        progress(missing.len());
        self.pool.each(self.place.at_once(self.pool), missing.len(), |number| {
            // Then nobody looks at what was read.
            if self.place.is_given_up() {
                return;
            }
            let spec = missing[number];
            let result = self.fresh(spec, None).map(|extracted| self.keep(spec, extracted));
            keep(&spec.file, result);
            progress(left.fetch_sub(1, std::sync::atomic::Ordering::Relaxed) - 1);
        });
        results.into_inner().unwrap_or_default()
    }

    /// Those of the units that are in the cache and still right; nothing is read anew.
    pub(crate) fn cached(&self, specs: &[UnitSpec]) -> BTreeMap<String, Loaded> {
        let found = Mutex::new(BTreeMap::new());
        self.pool.each(self.place.at_once(self.pool), specs.len(), |number| {
            if let Some(loaded) = self.load(&specs[number]) {
                found.lock().unwrap_or_else(PoisonError::into_inner).insert(specs[number].file.clone(), loaded);
            }
        });
        found.into_inner().unwrap_or_default()
    }

    /// A unit that exists in memory only. Not kept.
    pub(crate) fn in_memory(&self, spec: &UnitSpec, content: &[u8]) -> Result<Loaded, String> {
        let extracted = self.fresh(spec, Some(content))?;
        let known = extracted.inputs.iter().filter_map(|input| self.place.contents.hash(input));
        let hashes: Vec<Hash> = [self.key(spec), Hash::of(content)].into_iter().chain(known).collect();
        let identity = Hash::of_all(hashes.iter().map(|hash| hash.bytes().as_slice()));
        Ok(Loaded::new(identity, extracted.facts, extracted.unit, extracted.inputs, false))
    }

    /// Once more, for a unit whose kept IR turned out to be no IR.
    pub(crate) fn again(&self, file: &str) -> Option<Arc<Packed>> {
        let headers = file == HEADERS_UNIT;
        let spec = match headers {
            true => UnitSpec::common(self.place.tree, &self.place.kbuild, file, crate::kbuild::Kind::BuiltIn),
            false => self.place.spec(file)?,
        };
        self.place.store.reject(Kind::Units, &self.key(&spec).name());
        let loaded = match headers {
            true => self.headers(&spec).ok()?,
            false => self.keep(&spec, self.fresh(&spec, None).ok()?),
        };
        loaded.packed()
    }

    /// What went wrong without stopping anything.
    pub(crate) fn warnings(&self) -> Vec<String> {
        self.shared.warnings()
    }

    fn headers(&self, spec: &UnitSpec) -> Result<Loaded, String> {
        let beside = self.shared.beside(&self.key(spec).name());
        let parse = Parse { overlay: spelled(spec, &self.overlay), ..parse(spec, None) };
        let reply =
            self.place.ask(self.pool, &self.known, &Request::Headers { parse, header: self.shared.header.clone(), beside });
        Ok(self.keep(spec, outcome(reply)?))
    }

    /// Asks a worker, and again where another way of reading may help. `content`: of the file, if it is not on disk.
    fn fresh(&self, spec: &UnitSpec, content: Option<&[u8]>) -> Result<Extracted, String> {
        let own = overlay(&self.place, |file| file == spec.file && !is_included(&self.place, file));
        let given = content.map(|content| (self.place.tree.root.join(&spec.file), content.to_vec()));
        let overlay: Overlay = self.overlay.iter().cloned().chain(own).chain(given).collect();
        let live = self.place.live.as_ref().filter(|_| self.place.version.has(&spec.file));
        let ask = |spec: &UnitSpec, pch: bool| {
            let pch = self.pch_for(spec).filter(|_| pch);
            let request = Parse { overlay: spelled(spec, &overlay), ..parse(spec, pch) };
            outcome(match live {
                Some(live) => self.place.ask_live(self.pool, live, &self.known, request),
                None => self.place.ask(self.pool, &self.known, &Request::Unit(request)),
            })
        };
        if live.is_some_and(|live| live.plain.contains(&spec.file)) {
            return ask(spec, false);
        }
        let mut result = ask(spec, true);
        if result.as_ref().is_err_and(|reason| is_refusal(reason)) {
            self.rebuilt.call_once(|| self.shared.rebuild(&self.place, self.pool));
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
        // Of a file in an editor they come from what is being typed, and it was seen on disk how it is to be read.
        if !extracted.facts.errors.is_empty() && live.is_none() && self.pch_for(spec).is_some() {
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
        self.shared.pch_for(&self.place, self.pool, spec).filter(|_| self.has_headers)
    }

    /// A fresh unit, stored unless it is of a version that is not on disk.
    fn keep(&self, spec: &UnitSpec, extracted: Extracted) -> Loaded {
        let key = self.key(spec);
        let known = |input: &String| self.place.contents.hash(input).map(|hash| (input.clone(), hash));
        let inputs: Option<Vec<(String, Hash)>> = extracted.inputs.iter().map(known).collect();
        // Without its inputs nobody could say whether it is still right.
        let complete = inputs.is_some();
        let inputs = inputs.unwrap_or_default();
        let identity = identity(&key, &inputs);
        let on_disk = !self.shared.is_of_version() && !extracted.inputs.iter().any(|input| self.place.version.has(input));
        if complete && on_disk {
            let rivals = self.rivals(spec, &extracted.inputs);
            let entry = Entry { inputs, rivals, facts: extracted.facts.clone(), unit: &extracted.unit };
            if let Ok(bytes) = postcard::to_stdvec(&entry) {
                self.place.store.write(Kind::Units, &key.name(), &bytes);
            }
        }
        Loaded::new(identity, extracted.facts, extracted.unit, extracted.inputs, false)
    }

    /// From the cache, when all inputs are as they were and none would be another file now.
    fn load(&self, spec: &UnitSpec) -> Option<Loaded> {
        if self.place.version.has(&spec.file) && self.place.live.is_some() {
            return None;
        }
        let key = self.key(spec);
        let bytes = self.place.store.read(Kind::Units, &key.name())?;
        let Ok(entry) = postcard::from_bytes::<Entry<'_>>(&bytes) else {
            self.place.store.reject(Kind::Units, &key.name());
            return None;
        };
        let same = |(path, hash): &(String, Hash)| self.place.contents.hash(path) == Some(*hash);
        if entry.inputs.is_empty() || !entry.inputs.iter().all(same) {
            return None;
        }
        let identity = identity(&key, &entry.inputs);
        let inputs: Vec<String> = entry.inputs.into_iter().map(|(path, _)| path).collect();
        let is_right = entry.rivals == self.rivals(spec, &inputs);
        is_right.then(|| Loaded::new(identity, entry.facts, entry.unit.to_vec(), inputs, true))
    }

    fn rivals(&self, spec: &UnitSpec, inputs: &[String]) -> Hash {
        self.place.rivals.of(&spec.command, inputs.iter().map(String::as_str))
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

/// What any unit may include of the files that are not as on disk.
fn included_overlay(place: &Place<'_>) -> Overlay {
    overlay(place, |file| is_included(place, file))
}

/// Headers, and sources that are part of other units.
fn is_included(place: &Place<'_>, file: &str) -> bool {
    file.ends_with(".h") || place.parts.contains(file)
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

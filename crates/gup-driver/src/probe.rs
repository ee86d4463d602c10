//! Values of named constants (`FOLL_PIN`), which are macros in one kernel and enumerators in the next.

use std::collections::{BTreeMap, BTreeSet};

use crate::contents::Hash;
use crate::extract::Extractor;
use crate::kbuild::Kind;
use crate::store;
use crate::unit::UnitSpec;

/// Name of the file that exists in memory only.
const FILE: &str = "gupcheck-constants.c";
/// Names that do not exist are dropped and the rest asked again; one round finds them all.
const ROUNDS: u32 = 3;

/// The constants of `wanted` that this tree has.
pub(crate) fn constants(extractor: &Extractor<'_>, wanted: &BTreeSet<String>) -> BTreeMap<String, i64> {
    let place = &extractor.place;
    let spec = UnitSpec::common(place.tree, &place.kbuild, FILE, Kind::BuiltIn);
    let text = source(extractor, wanted);
    let name = Hash::of_all([extractor.key(&spec).bytes().as_slice(), text.as_bytes()]).name();
    let stored = place.store.read(store::Kind::Analyses, &name);
    if let Some(values) = stored.and_then(|bytes| postcard::from_bytes(&bytes).ok()) {
        return values;
    }
    let values = ask(extractor, &spec, wanted.clone());
    if let (false, Ok(bytes)) = (values.is_empty(), postcard::to_stdvec(&values)) {
        place.store.write(store::Kind::Analyses, &name, &bytes);
    }
    values
}

fn ask(extractor: &Extractor<'_>, spec: &UnitSpec, mut wanted: BTreeSet<String>) -> BTreeMap<String, i64> {
    for _ in 0..ROUNDS {
        let text = source(extractor, &wanted);
        let Ok(loaded) = extractor.in_memory(spec, text.as_bytes()) else { break };
        let errors = loaded.facts.errors.join("\n");
        let missing: BTreeSet<String> = wanted.iter().filter(|name| errors.contains(&format!("'{name}'"))).cloned().collect();
        if missing.is_empty() {
            return loaded.packed().map(|unit| unit.constants.iter().cloned().collect()).unwrap_or_default();
        }
        wanted.retain(|name| !missing.contains(name));
    }
    BTreeMap::new()
}

/// One enumeration for each, so that one that is missing spoils no other.
fn source(extractor: &Extractor<'_>, names: &BTreeSet<String>) -> String {
    let enums: String = names.iter().map(|name| format!("enum {{ gup_{name} = {name} }};\n")).collect();
    extractor.shared.header.clone() + &enums
}

//! Who can name a field of a header's structure: looked for when the analysis asks, and kept until an edit may say otherwise.

use std::collections::{BTreeMap, BTreeSet};

use crate::run::Settled;
use crate::select::Selector;
use crate::text::{includes, mentions, names};

/// See [`gup_analysis::Settings::readers`].
pub(crate) type Known = BTreeMap<String, BTreeSet<String>>;

/// All files that can name a field, and the units that compile them.
#[derive(Clone)]
pub(crate) struct Readers {
    files: BTreeSet<String>,
    units: BTreeSet<String>,
}

impl Settled {
    /// Looks for the readers of fields that were not asked about before. Returns units to read for them, not above `budget`.
    pub(crate) fn ask_for_readers(&mut self, selector: &Selector<'_>, budget: usize) -> BTreeSet<String> {
        let asked = self.analysis.demand.readers_of.iter().filter(|field| !self.readers.contains_key(*field));
        let asked: BTreeSet<String> = asked.cloned().collect();
        if asked.is_empty() {
            return asked;
        }
        let mut next = BTreeSet::new();
        for (field, files) in selector.readers(&asked) {
            let readers = files.map(|files| Readers { units: selector.units_of_readers(&field, &files), files });
            let units = readers.iter().flat_map(|readers| &readers.units).filter(|unit| !self.has(unit)).cloned();
            let wanted: BTreeSet<String> = units.chain(next.iter().cloned()).collect();
            if self.units.len() + wanted.len() <= budget {
                next = wanted;
            }
            self.readers.insert(field, readers);
        }
        next
    }

    /// The fields all of whose readers were read.
    pub(crate) fn readers_read(&self) -> Known {
        let known = self.readers.iter().filter_map(|(field, readers)| Some((field, readers.as_ref()?)));
        let is_read = |readers: &Readers| readers.units.iter().all(|unit| self.units.contains_key(unit));
        known.filter(|(_, readers)| is_read(readers)).map(|(field, readers)| (field.clone(), readers.files.clone())).collect()
    }

    /// Forgets who can name fields where the touched files may say otherwise than before. `texts`: what such a file had and has;
    /// `None`: nobody knows what it had.
    pub(crate) fn forget_readers(&mut self, touched: &BTreeSet<String>, texts: impl Fn(&str) -> Option<[Vec<u8>; 2]>) {
        for file in touched {
            if self.readers.is_empty() {
                return;
            }
            match texts(file).filter(|_| file.ends_with(".c")).filter(|[had, has]| includes(had) == includes(has)) {
                Some([had, has]) => self.forget_readers_by_words(&had, &has),
                None => self.readers.clear(),
            }
        }
    }

    /// Looking for readers takes a look at the words of the whole tree, and of a source's text only this counts: which words it
    /// has. So an edit costs that look only where it brings or takes away a field's name.
    fn forget_readers_by_words(&mut self, had: &[u8], has: &[u8]) {
        let wanted: BTreeSet<String> = self.readers.keys().map(|field| own_name(field)).collect();
        let wanted = names(&wanted);
        let words = |text| mentions(text, &wanted).into_iter().map(|mention| mention.word.to_vec()).collect();
        let (had, has): (BTreeSet<Vec<u8>>, BTreeSet<Vec<u8>>) = (words(had), words(has));
        let differing: BTreeSet<&[u8]> = had.symmetric_difference(&has).map(Vec::as_slice).collect();
        self.readers.retain(|field, _| !differing.contains(own_name(field).as_bytes()));
    }
}

/// The name of a field that is written `struct s.f`.
pub(crate) fn own_name(field: &str) -> String {
    field.rsplit('.').next().unwrap_or(field).to_owned()
}

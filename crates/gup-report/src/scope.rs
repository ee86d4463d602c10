//! A report cut to some subsystems, for one maintainer or one subsystem's folder.

use std::collections::BTreeSet;

use crate::Report;
use crate::report::{Subsystem, count_sites, count_unresolved};

impl Report {
    /// Keeps what concerns subsystems that `wanted` chooses: findings and sites, slots and completions with such a site in them,
    /// releases of their files, and the counts of all that.
    pub fn only(&mut self, wanted: impl Fn(&Subsystem) -> bool) {
        let names: BTreeSet<String> =
            self.subsystems.iter().filter(|subsystem| wanted(subsystem)).map(|subsystem| subsystem.name.clone()).collect();
        let is_wanted = |of: &[String]| of.iter().any(|name| names.contains(name));
        self.findings.retain(|finding| is_wanted(&finding.subsystems));
        let ledger = &mut self.ledger;
        ledger.sites.retain(|site| is_wanted(&site.subsystems));
        let files: BTreeSet<&str> = ledger.sites.iter().map(|site| site.file.as_str()).collect();
        ledger.slots.retain(|slot| slot.deposits.iter().any(|origin| files.contains(origin.file.as_str())));
        ledger.completions.retain(|completion| completion.origins.iter().any(|origin| files.contains(origin.file.as_str())));
        self.conversion.retain(|entry| files.contains(entry.file.as_str()));
        self.coverage.sites = count_sites(&ledger.sites);
        self.coverage.unresolved_reasons = count_unresolved(&ledger.sites);
        self.subsystems.retain(|subsystem| names.contains(&subsystem.name));
    }
}

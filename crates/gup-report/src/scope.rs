//! A report cut to some subsystems, for one maintainer or one subsystem's folder.

use std::collections::BTreeSet;

use crate::Report;
use crate::report::{Coverage, Ledger, Origin, Site, Subsystem, count_sites, count_unresolved};

impl Report {
    /// What concerns subsystems that `wanted` chooses: findings and sites, slots and completions with such a site in them,
    /// releases of their files, and the counts of all that.
    pub fn only(&self, wanted: impl Fn(&Subsystem) -> bool) -> Report {
        let names: BTreeSet<String> =
            self.subsystems.iter().filter(|subsystem| wanted(subsystem)).map(|subsystem| subsystem.name.clone()).collect();
        let is_wanted = |of: &[String]| of.iter().any(|name| names.contains(name));
        let ledger = &self.ledger;
        let sites: Vec<Site> = ledger.sites.iter().filter(|site| is_wanted(&site.subsystems)).cloned().collect();
        let files: BTreeSet<&str> = sites.iter().map(|site| site.file.as_str()).collect();
        let has_site = |origins: &[Origin]| origins.iter().any(|origin| files.contains(origin.file.as_str()));
        let coverage =
            Coverage { sites: count_sites(&sites), unresolved_reasons: count_unresolved(&sites), ..self.coverage.clone() };
        // Nothing is copied that goes away: a tree has hundreds of subsystems.
        Report {
            schema: self.schema.clone(),
            tool: self.tool.clone(),
            tree: self.tree.clone(),
            coverage,
            findings: self.findings.iter().filter(|finding| is_wanted(&finding.subsystems)).cloned().collect(),
            subsystems: self.subsystems.iter().filter(|subsystem| names.contains(&subsystem.name)).cloned().collect(),
            conversion: self.conversion.iter().filter(|entry| files.contains(entry.file.as_str())).cloned().collect(),
            known: self.known.clone(),
            ledger: Ledger {
                slots: ledger.slots.iter().filter(|slot| has_site(&slot.deposits)).cloned().collect(),
                completions: ledger.completions.iter().filter(|completion| has_site(&completion.origins)).cloned().collect(),
                sites,
            },
        }
    }
}

//! Functions behind contracts.
//!
//! ```c
//!         ssize_t extract_iter_to_sg(...)                 // there is a contract
//!                 return extract_user_to_sg(...);         // static, called by nobody else: on failure it unpins what it put there
//! ```
//! Such a release takes back what the function itself left in the caller's table. It does not drain the tables of those callers that
//! got what the contract says.

use std::collections::{BTreeMap, BTreeSet};

use gup_ir::Linkage;

use crate::contract::Contracts;
use crate::exec::event::Fates;
use crate::program::{FnId, Program};

/// Of the functions that take references out of slots: those that have a contract, and those that only such functions call.
pub(super) fn implementing(program: &Program, contracts: &Contracts, fates: &Fates) -> BTreeSet<FnId> {
    let has_contract = |id: FnId| program.has_contract(id, contracts);
    let takers: BTreeSet<FnId> = fates.withdrawals.values().flatten().map(|withdrawal| withdrawal.by).collect();
    let is_helper = |id: &FnId| program.outline(*id).linkage == Linkage::Static && !program.is_address_taken(*id);
    let helpers: BTreeSet<FnId> = takers.iter().copied().filter(|id| is_helper(id) && !has_contract(*id)).collect();
    let units: BTreeSet<u32> = helpers.iter().map(|id| program.unit_of(*id)).collect();
    let mut is_behind: BTreeMap<FnId, bool> = BTreeMap::new();
    for caller in program.ids().filter(|id| units.contains(&program.unit_of(*id))) {
        for callee in program.called_directly(caller).filter(|callee| helpers.contains(callee) && *callee != caller) {
            *is_behind.entry(callee).or_insert(true) &= has_contract(caller);
        }
    }
    let behind = is_behind.into_iter().filter(|(_, is_behind)| *is_behind).map(|(id, _)| id);
    takers.iter().copied().filter(|id| has_contract(*id)).chain(behind).collect()
}

//! One file per subcommand or pair of them.

pub(crate) mod audit;
pub(crate) mod baseline;
pub(crate) mod cc_check;
pub(crate) mod config;
pub(crate) mod diff;
pub(crate) mod doctor;
pub(crate) mod draft;
pub(crate) mod install;
pub(crate) mod lsp;
pub(crate) mod report;
pub(crate) mod rules;
pub(crate) mod source;
pub(crate) mod suppress;
pub(crate) mod trace;
pub(crate) mod view;

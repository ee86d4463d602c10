//! Contracts: summaries written by hand, in TOML.

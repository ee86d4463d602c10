//! The abstract domain: values ([`term`]), assumptions about them ([`fact`]), held references ([`refs`]), and all of it on
//! one path ([`state`]).

pub(crate) mod content;
pub(crate) mod fact;
pub(crate) mod forgotten;
pub(crate) mod refs;
pub(crate) mod state;
pub(crate) mod term;

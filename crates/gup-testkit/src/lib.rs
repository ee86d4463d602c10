//! Fixtures: small C programs with markers that say what gupcheck must say about them.
//!
//! ```c
//! int peek_bad(unsigned long addr)
//! {
//!     struct page *page;
//!
//!     if (get_user_pages_fast(addr, 1, 0, &page) != 1)
//!         return -EFAULT;
//!     return page->flags; // expect: leak
//! }
//! ```
//!
//! | marker, at the end of the line or alone on lines above it | says of that line |
//! | --- | --- |
//! | `// expect: RULE "text"` | one finding of this rule, whose message contains the text (which may be left out) |
//! | `// fixme-missing: RULE why` | there should be one, and there is not yet: fails as soon as there is |
//! | `// fixme-extra: RULE why` | there is one, and should not be: fails as soon as there is none |
//! | `// balanced` | the ledger calls every acquisition on this line balanced |
//! | `// unresolved: text` | the ledger calls an acquisition on this line unresolved, for a reason that contains the text |
//! | `// step: "text"` | the path of some finding comes by here, with a step that contains the text |
//! | `// converts: gup CALL` | a release that only GUP references reach is to become CALL; also `mixed`, `never`; `gup?` where that is not certain |
//!
//! Every finding needs exactly one marker and the reverse. A function whose name ends in `_bad` needs a finding (or
//! `fixme-missing`), one in `_ok` may have none (but `fixme-extra`). Directives stand on lines of their own at the top:
//!
//! | directive | |
//! | --- | --- |
//! | `//@ clean` | no finding at all is expected; a fixture without any marker for a finding must say so |
//! | `//@ policy: pin` | the policy in force; without it, what the mini kernel declares decides |
//! | `//@ include: seed/include` | headers of another kernel, which lie over those of the mini kernel |
//! | `//@ args: -DCONFIG_X` | further arguments of the compiler |
//!
//! A `.c` file is a program; so is a folder of several within a folder of fixtures. [`run()`] does everything for one of
//! them. Start with [`fixture`], then [`matcher`]. Only [`run()`] knows the pipeline.

pub mod edits;
pub mod fixture;
pub mod matcher;
pub mod program;
mod run;
mod tree;

pub use run::run;

//! Every cap of this crate, with its reason. Hitting one is reported (invariant 12).

use std::time::Duration;

/// Characters that the makefiles of one directory may expand to. The largest of Linux 6.12 needs about 2 million.
pub(crate) const MAKE_BUDGET: u64 = 50_000_000;
/// Longest value of one make variable, in bytes.
pub(crate) const MAKE_VARIABLE_BYTES: usize = 4 << 20;
/// Nesting of `$(…)`; recursive definitions end here.
pub(crate) const MAKE_EXPAND_DEPTH: u32 = 100;
pub(crate) const MAKE_INCLUDE_DEPTH: u32 = 20;
/// Directories below one another; Linux has 9.
pub(crate) const KBUILD_DEPTH: u32 = 40;

/// One unit may take this long: the slowest of Linux 6.12 takes 4 s without a PCH on an idle core.
pub(crate) const UNIT_TIME: Duration = Duration::from_secs(120);
/// Address space of one worker. Measured: 140 to 210 MB resident, about 1 GB mapped.
pub(crate) const WORKER_MEMORY: u64 = 4 << 30;
/// A message from a worker may not be larger than this, in bytes.
pub(crate) const MESSAGE_BYTES: u32 = 1 << 30;

/// Stack of the thread that analyses, in bytes; only what is used is ever touched.
pub(crate) const ANALYSIS_STACK: usize = 512 << 20;

/// A source file that is larger is not searched for words. The largest `.c` of Linux 6.12 has 1.3 MB.
pub(crate) const SOURCE_BYTES: u64 = 8 << 20;
/// A header that is larger is not searched for words: those are register tables without a function in them.
pub(crate) const HEADER_BYTES: u64 = 256 << 10;

/// `#include "part.c"` inside a file that is itself included: KVM does it once.
pub(crate) const INCLUDE_DEPTH: u32 = 3;
/// Headers that wrap a function in a macro that another header wraps in a function.
pub(crate) const WRAPPER_DEPTH: u32 = 2;
/// A function that more files use than this is an interface that wants a contract, not a wrapper to follow.
pub(crate) const CALLERS_OF_ONE: usize = 300;
/// Files that are read to know who takes references out of one field. Drivers have some dozens of files in all.
pub(crate) const READERS_OF_ONE: usize = 40;
/// Files that are read for the functions that they store in a field. More of them have a field of that name in structures of their own.
pub(crate) const STORING_ONE: usize = 12;
/// Files that include a header, directly or not, and may know a field: an interface of the kernel has more.
pub(crate) const INCLUDERS: usize = 600;
/// Files that a range of commits does not change and that the work tree has otherwise. More of them mean another kernel, for
/// which the build directory is not configured; then they are read as they are, which is said.
pub(crate) const OTHER_FILES: usize = 2000;
/// Parts of a mail within parts of a mail.
pub(crate) const MIME_DEPTH: u32 = 4;
/// Names that may depend on what a patch changes in a header. Beyond, all units that read the header are read again.
pub(crate) const NAMES_OF_A_CHANGE: usize = 5000;
/// Rounds of "read what the analysis asks for". Linux 6.12 settles in fewer.
pub(crate) const DEMAND_ROUNDS: u32 = 8;
/// Units in one audit.
pub(crate) const UNITS: usize = 4000;
/// Units in the check of one unit where no audit has been in this tree: a build must not wait for one. Of the 96 units of Linux 6.12
/// with an acquisition 92 need fewer than 10, and one 37.
pub(crate) const UNITS_ALONE: usize = 40;
/// Files read for `summary` of a static function that several files have under one name.
pub(crate) const DEFINITIONS_OF_ONE: usize = 20;
/// Files that change on disk under an open tree before it is opened anew: a checkout of another branch, not an edit.
pub(crate) const DRIFTED_FILES: usize = 200;
/// Niceness of what is done beside answers: a tenth of the processor where others want it, too.
pub(crate) const NICE: i32 = 10;
/// Units that an edit of a header may make an editor wait for, a tenth of a second each.
pub(crate) const READ_AT_ONCE: usize = 8;
/// Edits that are tried for one finding; each is an analysis of the tree, which takes a fraction of a second.
pub(crate) const MENDS: usize = 6;
/// Files that are new or changed since the index was turned round, all of whose words are looked at for each question. Turning it round anew
/// takes a second for Linux 6.12.
pub(crate) const CHANGED_FILES: usize = 500;
/// Open files that are read before they are edited; the worker keeps as many (`KEPT` in gup-frontend).
pub(crate) const WARMED: usize = 4;

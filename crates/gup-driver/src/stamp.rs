//! When a file was last written, as the file system tells it: the fast path in front of content hashes.

use std::fs::Metadata;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};

/// Equal stamps of a path mean equal content, unless it was written within the clock's resolution (see [`Stamp::is_settled`]).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Stamp {
    size: u64,
    inode: u64,
    /// Nanoseconds since 1970. `ctime` changes even when a tool restores `mtime`.
    mtime: i64,
    ctime: i64,
}

impl Stamp {
    pub(crate) fn of(path: &Path) -> Option<Stamp> {
        std::fs::metadata(path).ok().filter(Metadata::is_file).map(|metadata| Stamp::from(&metadata))
    }

    pub(crate) fn size(self) -> u64 {
        self.size
    }

    /// False for a file so fresh that it may be written again without its stamp changing. Such stamps are not stored.
    pub(crate) fn is_settled(self) -> bool {
        const RESOLUTION: i64 = 2_000_000_000;
        let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_nanos() as i64);
        self.mtime.max(self.ctime) + RESOLUTION < now
    }
}

impl From<&Metadata> for Stamp {
    fn from(metadata: &Metadata) -> Stamp {
        let nanos = |seconds: i64, rest: i64| seconds.wrapping_mul(1_000_000_000).wrapping_add(rest);
        Stamp {
            size: metadata.size(),
            inode: metadata.ino(),
            mtime: nanos(metadata.mtime(), metadata.mtime_nsec()),
            ctime: nanos(metadata.ctime(), metadata.ctime_nsec()),
        }
    }
}

//! What tells that a file is another than it was, without reading it.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use serde::{Deserialize, Serialize};

/// A file's path, inode, length and time of the last change, which a rename or a copy that keeps times changes too.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Seen {
    path: PathBuf,
    inode: u64,
    length: u64,
    changed: SystemTime,
}

/// A file's time may be behind the clock by as much.
pub(crate) const TICK: Duration = Duration::from_millis(20);

impl Seen {
    /// A file as it is now; nothing where there is none.
    pub fn of(file: &Path) -> Option<Self> {
        let meta = fs::metadata(file).ok()?;
        Some(Seen {
            path: file.to_owned(),
            inode: meta.ino(),
            length: meta.len(),
            changed: changed(&meta),
        })
    }

    /// Whether it has been as it is since before `moment`.
    pub fn is_older_than(&self, moment: SystemTime) -> bool {
        is_before(self.changed, moment)
    }
}

/// When a file was last changed. A rename keeps the time of the content, and changes this one.
pub fn changed(meta: &fs::Metadata) -> SystemTime {
    let nanoseconds = meta.ctime_nsec().try_into().unwrap_or(0);
    SystemTime::UNIX_EPOCH + Duration::new(meta.ctime().try_into().unwrap_or(0), nanoseconds)
}

/// Whether a change was certainly made before `moment`: one that is made right after it may have a time before it.
pub fn is_before(changed: SystemTime, moment: SystemTime) -> bool {
    changed + TICK < moment
}

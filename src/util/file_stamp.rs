//! Detects from metadata that a file has changed.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use serde::{Deserialize, Serialize};

/// A file's path, inode, length and ctime, which also changes on a rename and on a copy that keeps times.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileStamp {
    path: PathBuf,
    inode: u64,
    length: u64,
    changed: SystemTime,
}

/// How far a file's time may lag behind the clock.
pub(crate) const TICK: Duration = Duration::from_millis(20);

impl FileStamp {
    /// The stamp of a file as it is now; `None` if it does not exist.
    pub fn of(file: &Path) -> Option<Self> {
        let meta = fs::metadata(file).ok()?;
        Some(FileStamp {
            path: file.to_owned(),
            inode: meta.ino(),
            length: meta.len(),
            changed: changed(&meta),
        })
    }

    /// Whether the last change is certainly older than `moment`.
    pub fn is_older_than(&self, moment: SystemTime) -> bool {
        is_before(self.changed, moment)
    }
}

/// The ctime of a file. Unlike the mtime, it also changes on a rename.
pub fn changed(meta: &fs::Metadata) -> SystemTime {
    let nanoseconds = meta.ctime_nsec().try_into().unwrap_or(0);
    SystemTime::UNIX_EPOCH + Duration::new(meta.ctime().try_into().unwrap_or(0), nanoseconds)
}

/// Whether a change certainly happened before `moment`: the time of a change right after it may still precede it.
pub fn is_before(changed: SystemTime, moment: SystemTime) -> bool {
    changed + TICK < moment
}

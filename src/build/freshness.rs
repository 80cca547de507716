//! Which output was finished from which link: lets a rebuild with nothing changed skip the copy and the checks.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use serde::{Deserialize, Serialize};

use crate::util::file_stamp::FileStamp;
use crate::util::hash::sha256_of;
use crate::verify::checks::Checks;

/// Saved next to the linked file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Stamp {
    /// The linked file's Go build ID, which contains a hash of its content. Its time does not matter: the go command
    /// touches a file that is up to date.
    linked: String,
    output: PathBuf,
    finished: FileStamp,
    /// Whether the output was seen long enough after it was written: a change at the same moment has the same time.
    settled: bool,
    pub(crate) sha256: String,
    pub(crate) checks: Checks,
}

impl Stamp {
    /// The stamp, if both files are unchanged since it was written.
    pub(crate) fn valid(linked: &Path, build_id: &str, output: &Path) -> Option<Stamp> {
        Self::load(linked, output).filter(|stamp| stamp.linked == build_id)
    }

    /// The stamp, if the output is unchanged since it was made from the linked file, whatever has been linked since.
    pub(crate) fn load(linked: &Path, output: &Path) -> Option<Stamp> {
        let now = SystemTime::now();
        let mut stamp: Stamp = serde_json::from_slice(&fs::read(path(linked)).ok()?).ok()?;
        if stamp.output != output || Some(&stamp.finished) != FileStamp::of(output).as_ref() {
            return None;
        }
        if !stamp.settled {
            if sha256_of(output).ok()? != stamp.sha256 {
                return None;
            }
            stamp.settled = stamp.finished.is_older_than(now);
            stamp.keep(linked);
        }
        Some(stamp)
    }

    /// Best effort: otherwise the next run does the work again.
    pub(crate) fn write(linked: &Path, build_id: &str, output: &Path, sha256: &str, checks: &Checks) {
        let Some(finished) = FileStamp::of(output) else { return };
        let stamp = Stamp {
            linked: build_id.to_owned(),
            output: output.to_owned(),
            finished,
            settled: false,
            sha256: sha256.to_owned(),
            checks: checks.clone(),
        };
        stamp.keep(linked);
    }

    fn keep(&self, linked: &Path) {
        if let Ok(text) = serde_json::to_vec(self) {
            let _ = fs::write(path(linked), text);
        }
    }
}

fn path(linked: &Path) -> PathBuf {
    linked.with_extension("stamp.json")
}

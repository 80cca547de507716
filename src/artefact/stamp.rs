//! What was finished from which link: lets a rebuild with nothing changed skip the copy and the checks.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

use serde::{Deserialize, Serialize};

use super::Checks;

/// Kept beside the linked file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Stamp {
    /// The linked file's Go build ID, which holds a hash of its content. Its time says nothing: the go command
    /// touches a file that is up to date.
    linked: String,
    output: PathBuf,
    finished: Seen,
    pub(super) sha256: String,
    pub(super) checks: Checks,
}

/// A file as it was: what changes when it is written again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Seen {
    length: u64,
    modified_nanos: u128,
}

impl Stamp {
    /// The stamp, if both files still are what they were when it was written.
    pub(super) fn valid(linked: &Path, build_id: &str, output: &Path) -> Option<Stamp> {
        Self::of(linked, output).filter(|stamp| stamp.linked == build_id)
    }

    /// The stamp, if the output still is what was made of the linked file, whatever has been linked since.
    pub(super) fn of(linked: &Path, output: &Path) -> Option<Stamp> {
        let stamp: Stamp = serde_json::from_slice(&fs::read(place(linked)).ok()?).ok()?;
        let same = stamp.output == output && Some(&stamp.finished) == seen(output).as_ref();
        same.then_some(stamp)
    }

    /// Best effort: without it the next run does the work again.
    pub(super) fn write(linked: &Path, build_id: &str, output: &Path, sha256: &str, checks: &Checks) {
        let Some(finished) = seen(output) else { return };
        let stamp = Stamp {
            linked: build_id.to_owned(),
            output: output.to_owned(),
            finished,
            sha256: sha256.to_owned(),
            checks: checks.clone(),
        };
        if let Ok(text) = serde_json::to_vec(&stamp) {
            let _ = fs::write(place(linked), text);
        }
    }
}

fn place(linked: &Path) -> PathBuf {
    linked.with_extension("stamp.json")
}

fn seen(file: &Path) -> Option<Seen> {
    let meta = fs::metadata(file).ok()?;
    let modified = meta.modified().ok()?.duration_since(UNIX_EPOCH).ok()?;
    Some(Seen {
        length: meta.len(),
        modified_nanos: modified.as_nanos(),
    })
}

//! Go's own files that a build reads: the standard library's, and the tools.
//!
//! They are identified by path, inode, length and time, not read: they are many, and nobody edits them but to patch
//! them.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::util::file_stamp;

/// Directories, and the names of the files in them that count.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct GoFiles(BTreeMap<PathBuf, Vec<String>>);

impl GoFiles {
    /// What every build uses: the tools, their headers, and the settings of the go command.
    pub(crate) fn new(goroot: &Path) -> Self {
        let mut files = GoFiles::default();
        files.add(goroot, ["VERSION", "go.env"]);
        let tools = names(&goroot.join("pkg/tool")).into_iter();
        let folders = tools.map(|host| Path::new("pkg/tool").join(host));
        for folder in folders.chain(["pkg/include".into()]) {
            let folder = goroot.join(folder);
            files.add(&folder, names(&folder).iter().map(String::as_str));
        }
        files
    }

    pub(crate) fn add<'a>(&mut self, dir: &Path, names: impl IntoIterator<Item = &'a str>) {
        let names = names.into_iter().map(str::to_owned);
        self.0.entry(dir.to_owned()).or_default().extend(names);
    }
}

fn names(dir: &Path) -> Vec<String> {
    let entries = fs::read_dir(dir).into_iter().flatten().flatten();
    let mut names: Vec<String> = entries
        .filter_map(|entry| entry.file_name().into_string().ok())
        .collect();
    names.sort();
    names
}

/// The state of such directories, read once per run: many builds ask for the same.
#[derive(Debug, Default)]
pub(crate) struct GoSeen(BTreeMap<PathBuf, (Vec<String>, SeenFolder)>);

#[derive(Debug, Clone, Copy)]
pub(crate) struct SeenFolder {
    pub(crate) digest: [u8; 32],
    pub(crate) newest: Option<SystemTime>,
}

impl GoSeen {
    /// A digest over all of them.
    pub(crate) fn digest(&mut self, files: &GoFiles) -> SeenFolder {
        let (mut hash, mut newest) = (Sha256::new(), None);
        for (dir, names) in &files.0 {
            let seen = match self.0.get(dir) {
                Some((known, seen)) if known == names => *seen,
                _ => {
                    let seen = digest_dir(dir, names);
                    self.0.insert(dir.clone(), (names.clone(), seen));
                    seen
                }
            };
            hash.update(seen.digest);
            newest = newest.max(seen.newest);
        }
        SeenFolder {
            digest: hash.finalize().into(),
            newest,
        }
    }
}

/// The directory counts as well: a file that is added may be part of the package.
fn digest_dir(dir: &Path, names: &[String]) -> SeenFolder {
    let (mut hash, mut newest) = (Sha256::new(), None);
    let mut path = dir.to_owned();
    let mut add = |path: &Path, name: &str| {
        hash.update(name);
        hash.update([0]);
        let Ok(meta) = fs::metadata(path) else { return };
        for number in [meta.ino(), meta.len()] {
            hash.update(number.to_le_bytes());
        }
        hash.update(meta.ctime().to_le_bytes());
        hash.update(meta.ctime_nsec().to_le_bytes());
        newest = newest.max(Some(file_stamp::changed(&meta)));
    };
    add(dir, &dir.to_string_lossy());
    for name in names {
        path.push(name);
        add(&path, name);
        path.pop();
    }
    SeenFolder {
        digest: hash.finalize().into(),
        newest,
    }
}

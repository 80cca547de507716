//! When the directories and links of a path were moved into place: they can be exchanged while a build reads.
//!
//! A rename changes the time of what is renamed, so what was exchanged and put back differs from what was never
//! touched.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use crate::util::file_stamp;

pub(crate) struct Places<'a> {
    roots: Vec<&'a Path>,
    output: &'a Path,
    visited: BTreeSet<PathBuf>,
    pub(crate) newest: Option<SystemTime>,
}

impl<'a> Places<'a> {
    pub(crate) fn new(roots: impl Iterator<Item = &'a Path>, output: &'a Path) -> Self {
        Places {
            roots: roots.collect(),
            output,
            visited: BTreeSet::new(),
            newest: None,
        }
    }

    /// A path, all its parent directories, and the targets of links among them.
    pub(crate) fn visit(&mut self, path: &Path) {
        for place in path.ancestors() {
            // Its parents were visited then.
            if !self.visited.insert(place.to_owned()) {
                return;
            }
            let Ok(meta) = place.symlink_metadata() else { continue };
            let changed = file_stamp::changed(&meta);
            let counts = if meta.is_symlink() {
                if let Ok(target) = fs::read_link(place) {
                    self.visit(&place.parent().unwrap_or(Path::new("/")).join(target));
                }
                true
            } else {
                // Entries come and go above a module and where files are written, and change both times of a directory;
                // a rename of the directory itself changes one.
                meta.is_dir() && (self.is_quiet(place) || meta.modified().ok() != Some(changed))
            };
            if counts {
                self.newest = self.newest.max(Some(changed));
            }
        }
    }

    /// Whether a directory contains sources only.
    fn is_quiet(&self, folder: &Path) -> bool {
        self.roots.iter().any(|root| folder.starts_with(root)) && !self.output.starts_with(folder)
    }
}

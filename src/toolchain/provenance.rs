//! Where a toolchain came from, recorded in a file of its directory in the store.

use std::fs;
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::util::error::{Error, Result};

/// The file's name. No toolchain has a file of this name.
pub const FILE: &str = ".plugbuild.json";

/// Who vouched for the checksum.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Word {
    /// A row of toolchains/.
    Pinned,
    /// The project's plugbuild.lock.
    Locked,
    /// Go's checksum database.
    ChecksumDatabase,
    /// The list next to the archives, of the official source or of a mirror that the user named.
    Published,
    /// The list of a bundle that the user installed.
    Bundle,
}

/// Where a toolchain came from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Record {
    pub from: String,
    /// `sha256:…` or `sha512:…` of an archive, or `h1:…` of a module.
    pub sum: String,
    pub word: Word,
}

impl Record {
    /// Writes it into a directory that is not published yet.
    ///
    /// # Errors
    /// The disk is full.
    pub fn write(&self, folder: &Path) -> Result<()> {
        let file = folder.join(FILE);
        let text = serde_json::to_vec(self).map_err(|e| Error::io("write", &file, e))?;
        fs::write(&file, text).map_err(|e| Error::io("write", &file, e))
    }

    /// Reads it from a directory that has one.
    pub fn read(folder: &Path) -> Option<Self> {
        serde_json::from_slice(&fs::read(folder.join(FILE)).ok()?).ok()
    }

    /// Whether its own source is the only one that vouched for it.
    pub fn is_unpinned(&self) -> bool {
        self.word == Word::Published
    }

    /// Whether it came as an archive with another SHA-256.
    pub fn contradicts(&self, sha256: &str) -> bool {
        let archive = matches!(self.word, Word::Pinned | Word::Published);
        archive
            && self
                .sum
                .strip_prefix("sha256:")
                .is_some_and(|sum| !sum.eq_ignore_ascii_case(sha256))
    }
}

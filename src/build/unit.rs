//! TODO src/build/unit.rs

use std::fmt::Debug;
use std::path::Path;

use crate::binary::notes;

/// What a job needs to heed a seal, or to make one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fingerprint {
    /// A digest of all that goes into the build but the plugin's own sources.
    pub(crate) made_of: String,
    /// The linked file's build ID, where nothing has changed since it was linked.
    pub(crate) unchanged: Option<String>,
    /// A digest of the C compiler, and of what it takes from the environment.
    pub(crate) compiler: String,
}

impl Fingerprint {
    /// Whether nothing has changed, so that the go command need not run.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        self.unchanged.is_some()
    }

    /// Whether the linked file is what the go command would make now. Only while nobody else may link it.
    #[must_use]
    pub fn holds(&self, linked: &Path) -> bool {
        self.unchanged.is_some() && self.unchanged == notes::build_id_of(linked)
    }
}

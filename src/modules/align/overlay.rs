//! The overlay that makes a build use the gateway's modules: a copy of go.mod and the flags that name it.

use std::ffi::OsString;

use serde::{Deserialize, Serialize};

use crate::modules::PossibleConflict;
use crate::modules::align::Alignment;
use crate::modules::modfile::ModFile;
use crate::plan::Job;

/// The changes that make a build use the gateway's modules; none if it fits as it is.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct ModuleOverlay {
    /// How modules were changed, if any had to be.
    pub alignment: Option<Alignment>,
    /// What only the gateway's own file could tell.
    pub possible_conflicts: Vec<PossibleConflict>,
    /// The copy of go.mod or go.work that is read in its place.
    pub copy: Option<ModFile>,
}

impl ModuleOverlay {
    /// Flags that make the go command read the copy.
    pub(crate) fn flags(&self) -> Vec<String> {
        self.copy.as_ref().map(ModFile::flags).unwrap_or_default()
    }

    /// The user's flags for the build, less those on how go.mod is read: that is ours to decide
    pub(crate) fn user_flags(&self, job: &Job) -> Vec<String> {
        let flags = job.user_flags.iter();
        flags
            .filter(|flag| self.copy.is_none() || !flag.starts_with("-mod="))
            .cloned()
            .collect()
    }

    /// The go command's environment settings.
    pub(crate) fn env(&self) -> Option<(String, OsString)> {
        self.copy.as_ref().and_then(ModFile::env)
    }
}

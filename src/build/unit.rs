//! The stages of one build: a job of the plan, a unit that has its tools, a ready unit that has its modules and its
//! command.

use std::fmt::Debug;
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use crate::binary::notes;
use crate::modules::align::overlay::ModuleOverlay;
use crate::plan::Job;
use crate::toolchain::Toolchain;
use crate::toolchain::store::Store;
use crate::util::hash::hex;
use crate::util::process::Invocation;

/// A job with the tools that build it, found but perhaps still to be fetched.
#[derive(Debug, Clone)]
pub(crate) struct Unit {
    pub job: Job,
    pub toolchain: Toolchain,
    pub linked: LinkedFile,
}

impl Unit {
    pub(crate) fn new(job: Job, toolchain: Toolchain, store: &Store) -> Self {
        let linked = LinkedFile::new(&job, store);
        Unit { job, toolchain, linked }
    }
}

/// A unit that can be linked: its modules are decided, its command is known.
#[derive(Debug, Clone)]
pub(crate) struct ReadyUnit {
    pub job: Job,
    pub toolchain: Toolchain,
    pub linked: LinkedFile,
    /// What makes it build against the gateway's modules.
    pub overlay: ModuleOverlay,
    /// The exact command that builds it.
    pub go: Invocation,
    /// How the build can see that nothing has changed; `None` if only the go command can.
    pub fingerprint: Option<Fingerprint>,
}

impl ReadyUnit {
    /// Whether nothing has changed since it was linked, so that the go command need not run.
    pub(crate) fn is_fresh(&self) -> bool {
        self.fingerprint.as_ref().is_some_and(Fingerprint::is_fresh)
    }
}

/// Where the go command links to. The file stays there as it was linked: the next run's up-to-date check reads its
/// build ID, which the finished file no longer has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct LinkedFile {
    /// Its identity: two jobs with the same key share one, in turn.
    pub key: String,
    /// Its directory in the store.
    pub dir: PathBuf,
    pub path: PathBuf,
}

impl LinkedFile {
    pub(crate) fn new(job: &Job, store: &Store) -> Self {
        let gateway = &job.gateway;
        let mut hash = Sha256::new();
        let go = gateway.go.to_string();
        let target = job.target.value.to_string();
        for part in [&gateway.label, &go, &target, &gateway.module_cache, &gateway.main_root] {
            hash.update(part);
            hash.update([0]);
        }
        // Other flags make another file; both stay, so that switching between them links nothing again.
        for flag in &job.user_flags {
            hash.update(flag);
            hash.update([0]);
        }
        hash.update(job.plugin.dir.as_os_str().as_encoded_bytes());
        let key = hex(&hash.finalize()[..8]);
        let dir = store.link_dir(&key);
        let path = dir.join(format!("{}.so", job.name));
        LinkedFile { key, dir, path }
    }
}

/// A build's inputs, and whether they have changed since it was linked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Fingerprint {
    /// A digest of all the build's inputs but the plugin's own sources.
    pub(crate) made_of: String,
    /// The linked file's build ID, if nothing has changed since it was linked.
    pub(crate) unchanged: Option<String>,
    /// A digest of the C compiler, and of what it takes from the environment.
    pub(crate) compiler: String,
}

impl Fingerprint {
    /// Whether nothing has changed, so that the go command need not run.
    pub(crate) fn is_fresh(&self) -> bool {
        self.unchanged.is_some()
    }

    /// Whether the linked file is what the go command would make now. Only while nobody else may link it.
    pub(crate) fn matches(&self, linked: &Path) -> bool {
        self.unchanged.is_some() && self.unchanged == notes::build_id_of(linked)
    }
}

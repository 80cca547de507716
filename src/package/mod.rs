//! The release directory: artifacts with an SBOM, provenance and checksums.
//!
//! Nothing in it depends on when or where it was made: the same sources give the same bytes.

pub(crate) mod check;
pub(crate) mod staging;
pub(crate) mod modules;
pub(crate) mod provenance;
pub(crate) mod sbom;
pub(crate) mod vcs;

use serde::{Deserialize, Serialize};

use crate::build::artifact::Artifact;
use crate::gateway::facts::file_label;
use crate::plan::Job;
use crate::toolchain::Toolchain;
use crate::util::target::Target;
use crate::verify::checks::Checks;

/// The checksums of every other file.
pub(crate) const SUMS: &str = "SHA256SUMS";
/// The list of artifacts.
pub(crate) const LIST: &str = "artifacts.json";
/// The provenance of each artifact, one statement per line.
pub(crate) const PROVENANCE: &str = "provenance.intoto.jsonl";

/// `artifacts.json`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Manifest {
    /// Until 0.1 it was called `format-version`.
    #[serde(alias = "format-version")]
    pub schema_version: u32,
    pub artifacts: Vec<ArtifactEntry>,
}

/// The format of [`Manifest`] that this plugbuild writes.
pub(crate) const SCHEMA_VERSION: u32 = 1;

/// One artifact of a release.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct ArtifactEntry {
    /// The plugin's name.
    pub name: String,
    pub version: String,
    /// Its main package, which is also the path Go knows it by.
    pub plugin: String,
    pub gateway: String,
    pub target: Target,
    pub go: String,
    pub cc: String,
    /// The file in the release directory.
    pub file: String,
    /// That file's SHA-256.
    pub sha256: String,
    pub size: u64,
    /// The plugin inside, if the file is an archive.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub member: Option<Member>,
    pub sbom: String,
    pub checks: Checks,
}

/// The plugin in an archive.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Member {
    pub file: String,
    pub sha256: String,
}

impl ArtifactEntry {
    /// The SHA-256 of the plugin itself.
    pub(crate) fn plugin_sha256(&self) -> &str {
        self.member.as_ref().map_or(&self.sha256, |member| &member.sha256)
    }
}

/// `auth_1.2.3_2.12.1_linux_arm64_musl`: the prefix of every file of an artifact.
pub(crate) fn stem(job: &Job, version: &str) -> String {
    let Target { arch, libc } = job.target.value;
    format!(
        "{}_{}_{}_linux_{arch}_{}",
        job.name,
        file_label(version),
        job.gateway.file_label(),
        libc.kind
    )
}

/// The import path of a job's main package.
pub(crate) fn plugin_path(job: &Job) -> String {
    job.plugin.import_path()
}

/// An artifact's entry, for a plugin that is in the directory as it is.
pub(crate) fn entry(job: &Job, tools: &Toolchain, artifact: &Artifact, version: &str, size: u64) -> ArtifactEntry {
    let stem = stem(job, version);
    ArtifactEntry {
        name: job.name.to_string(),
        version: version.to_owned(),
        plugin: plugin_path(job),
        gateway: job.gateway.label.clone(),
        target: job.target.value,
        go: tools.go.version.to_string(),
        cc: tools.cc.label.clone(),
        file: format!("{stem}.so"),
        sha256: artifact.sha256.clone(),
        size,
        member: None,
        sbom: format!("{stem}.cdx.json"),
        checks: artifact.checks.clone(),
    }
}

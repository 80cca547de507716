//! The pinned zig: which version, where it is published, and the digests of its wheels.

use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::matrix::rows;
use crate::util::error::Result;

/// The zig that is used when nothing else is asked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Zig {
    /// `0.16.0`.
    pub version: String,
    /// Versions whose plugins gateways were seen to load: a zig on PATH is used when it is one of them.
    pub known: Vec<String>,
    /// The published list of archives and their SHA-256.
    pub index: String,
    archive_url: String,
    host: Vec<ZigHost>,
    pub source: String,
}

/// A host that zig runs on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ZigHost {
    /// `linux/amd64`, as `GOOS/GOARCH`.
    pub host: String,
    /// Its key under the version in the index.
    pub key: String,
    archive: String,
    /// The file name of its wheel of the Python package `ziglang`.
    pub wheel: String,
    pub wheel_sha256: String,
    /// Of the official archive, where it is known; else the official index decides.
    pub archive_sha256: Option<String>,
}

impl Zig {
    /// The row of a host, given as `GOOS/GOARCH`.
    pub fn host(&self, host: &str) -> Option<&ZigHost> {
        self.host.iter().find(|row| row.host == host)
    }

    /// Whether plugins made by this version were seen to load.
    pub fn is_known(&self, version: &str) -> bool {
        self.known.iter().any(|known| known == version)
    }

    /// All hosts.
    pub fn hosts(&self) -> &[ZigHost] {
        &self.host
    }

    /// The official archive's file name on a host.
    pub fn archive(&self, host: &ZigHost) -> String {
        host.archive.replace("{version}", &self.version)
    }

    /// Where the official archive is published.
    pub fn archive_url(&self, host: &ZigHost) -> String {
        self.archive_url
            .replace("{version}", &self.version)
            .replace("{archive}", &self.archive(host))
    }
}

pub(crate) fn parse(text: &str) -> Result<Zig> {
    rows::parse(text, Path::new("toolchains/zig.toml"))
}

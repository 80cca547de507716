//! The pinned zig: its version, where it is published, and the digests of its wheels.

use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::matrix::rows;
use crate::util::error::Result;

/// The default zig.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PinnedZig {
    /// `0.16.0`.
    pub version: String,
    /// Versions whose plugins load in gateways: one of them on PATH is used.
    pub known: Vec<String>,
    /// The published index of archives with their SHA-256.
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
    /// The key under the version in the index.
    pub key: String,
    archive: String,
    /// The file name of its wheel of the Python package `ziglang`.
    pub wheel: String,
    pub wheel_sha256: String,
    /// The SHA-256 of the official archive, if known; otherwise the official index has it.
    pub archive_sha256: Option<String>,
}

impl PinnedZig {
    /// The row of a host, given as `GOOS/GOARCH`.
    pub fn host(&self, host: &str) -> Option<&ZigHost> {
        self.host.iter().find(|row| row.host == host)
    }

    /// Whether plugins built with this version load.
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

    /// The URL of the official archive.
    pub fn archive_url(&self, host: &ZigHost) -> String {
        self.archive_url
            .replace("{version}", &self.version)
            .replace("{archive}", &self.archive(host))
    }
}

pub(crate) fn parse(text: &str) -> Result<PinnedZig> {
    rows::parse(text, Path::new("toolchains/zig.toml"))
}

//! Where official gateway archives are published.

use std::path::Path;

use serde::Deserialize;

use crate::matrix::rows;
use crate::util::error::Result;
use crate::util::target::{LibcKind, Target};
use crate::util::version::GatewayVersion;

/// The layout of upstream's release assets.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Official {
    url: String,
    /// The checksum list's file name; its lines are `sha512  file`.
    pub checksums: String,
    archive: Archive,
    pub source: String,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct Archive {
    musl: String,
    glibc: String,
}

impl Official {
    /// The URL directory of a release's assets.
    pub fn url(&self, version: GatewayVersion) -> String {
        self.url.replace("{version}", &version.to_string())
    }

    /// The archive's file name for a target.
    pub fn archive(&self, version: GatewayVersion, target: &Target) -> String {
        let name = match target.libc.kind {
            LibcKind::Musl => &self.archive.musl,
            LibcKind::Glibc => &self.archive.glibc,
        };
        name.replace("{version}", &version.to_string())
            .replace("{arch}", target.arch.goarch())
    }
}

pub(crate) fn parse(text: &str) -> Result<Official> {
    rows::parse(text, Path::new("toolchains/official.toml"))
}

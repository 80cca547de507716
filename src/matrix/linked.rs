//! The modules really linked into each release, from toolchains/linked.toml.

use std::collections::BTreeSet;
use std::path::Path;

use serde::Deserialize;

use crate::matrix::{modules, rows};
use crate::util::error::Result;
use crate::util::version::GatewayVersion;

/// The modules linked into a release, by path; `None` if unknown.
///
/// Only these can conflict with a plugin's.
pub fn linked(version: GatewayVersion) -> Result<Option<BTreeSet<String>>> {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct File {
        release: Vec<Row>,
    }
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Row {
        version: GatewayVersion,
        unlinked: BTreeSet<String>,
        #[serde(rename = "source")]
        _source: String,
    }
    let file: File = rows::parse(
        include_str!("../../toolchains/linked.toml"),
        Path::new("toolchains/linked.toml"),
    )?;
    let Some(row) = file.release.into_iter().find(|row| row.version == version) else {
        return Ok(None);
    };
    let paths = modules::of(version)?.into_iter().map(|module| module.path);
    Ok(Some(paths.filter(|path| !row.unlinked.contains(path)).collect()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn linked_modules_of_some_releases() {
        for (release, count) in [("2.1.4", 235), ("2.4.6", 237), ("2.12.1", 264)] {
            let linked = linked(release.parse().unwrap()).unwrap().unwrap();
            assert_eq!(linked.len(), count, "{release}");
            assert!(linked.contains("github.com/gin-gonic/gin"));
            assert!(!linked.contains("github.com/nats-io/nats-server/v2"));
        }
        assert_eq!(linked("2.13.0".parse().unwrap()).unwrap(), None);
    }
}

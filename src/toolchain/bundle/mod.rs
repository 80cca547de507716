//! A bundle: everything that the builds of a plan need, in one file, for a machine without a network.
//!
//! It is a plain tar: first its list, then each tool as an archive, the modules laid out as a GOPROXY, and what releases that
//! are newer than the matrix are built with.

use std::collections::BTreeSet;
use std::path::{Component, Path};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::matrix::kept_release;
use crate::toolchain::unpacked;
use crate::util::error::{Error, Result};
use crate::util::hash::hex;

pub mod proxy;
pub mod pack;
pub mod unpack;

/// The list's name: the first member of a bundle.
pub const LIST: &str = "bundle.json";

/// The version of the list; any other is refused.
pub const SCHEMA_VERSION: u32 = 1;

/// Where tools are in a bundle.
pub const TOOLS: &str = "tools";

/// Where the releases are that were read from the gateway's own module, as in the store.
pub const RELEASES: &str = kept_release::FOLDER;

/// Where modules are, laid out as a GOPROXY.
pub const MODULES: &str = "modules/cache/download";

/// `bundle.json`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BundleManifest {
    #[serde(alias = "format-version")]
    pub schema_version: u32,
    /// The plugbuild that made it.
    pub plugbuild: String,
    /// The machines that its tools are for: `linux/amd64`.
    pub host: String,
    pub tools: Vec<Tool>,
    /// Every other member, in order.
    pub members: Vec<BundleMember>,
}

/// A tool: `go` or `zig`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tool {
    pub name: String,
    pub version: String,
    /// Its archive, a member.
    pub file: String,
}

/// A file of a bundle.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BundleMember {
    pub file: String,
    pub size: u64,
    pub sha256: String,
}

impl BundleManifest {
    /// Reads a list, and refuses one that is invalid.
    ///
    /// # Errors
    /// Another version (a usage error), or not a list.
    pub fn parse(text: &str) -> Result<Self> {
        #[derive(Deserialize)]
        struct Versioned {
            #[serde(alias = "format-version")]
            schema_version: u32,
        }
        let damaged = |why: &dyn std::fmt::Display| Error::integrity(format!("its {LIST} cannot be understood: {why}"));
        let Versioned { schema_version } = serde_json::from_str(text).map_err(|e| damaged(&e))?;
        if schema_version != SCHEMA_VERSION {
            let what = format!(
                "its {LIST} has the schema version {schema_version}, and this plugbuild knows {SCHEMA_VERSION} only"
            );
            return Err(Error::usage(what).help("install it with the plugbuild that made it, or make it again"));
        }
        let list: BundleManifest = serde_json::from_str(text).map_err(|e| damaged(&e))?;
        if list.members.is_empty() {
            return Err(Error::integrity("it contains neither a tool nor a module"));
        }
        let mut seen = BTreeSet::new();
        for member in &list.members {
            if !is_plain(&member.file) || unpacked::plain(member.file.as_bytes())? != member.file {
                return Err(Error::integrity(format!("its member {} leads out of it", member.file)));
            }
            if !seen.insert(&member.file) {
                return Err(damaged(&format!("{} is in it twice", member.file)));
            }
        }
        for tool in &list.tools {
            let plain = |c: char| c.is_ascii_alphanumeric() || ".-+".contains(c);
            let version = tool.version.starts_with(|c: char| c.is_ascii_digit()) && tool.version.chars().all(plain);
            if !version || !["go", "zig"].contains(&tool.name.as_str()) || !seen.contains(&tool.file) {
                return Err(damaged(&format!("a tool {} {} in it", tool.name, tool.version)));
            }
        }
        Ok(list)
    }

    /// The modules' id, derived from them alone: bundles with the same modules share one directory of the store.
    pub fn modules_id(&self) -> Option<String> {
        let mut hash = Sha256::new();
        let mut some = false;
        for member in self.members.iter().filter(|member| is_module(&member.file)) {
            hash.update(format!("{}  {}\n", member.sha256, member.file));
            some = true;
        }
        some.then(|| hex(&hash.finalize()[..8]))
    }
}

/// Whether a member is a module's.
fn is_module(file: &str) -> bool {
    file.strip_prefix(MODULES).is_some_and(|rest| rest.starts_with('/'))
}

/// Whether the path is below one of the three directories, with plain names only.
fn is_plain(file: &str) -> bool {
    let plain = Path::new(file)
        .components()
        .all(|part| matches!(part, Component::Normal(_)));
    let tool = file.strip_prefix(TOOLS).is_some_and(|rest| rest.starts_with('/'));
    let release = file.strip_prefix(RELEASES).is_some_and(|rest| rest.starts_with('/'));
    plain && (tool || release || is_module(file)) && !file.ends_with('/')
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::util::error::ErrorKind;

    fn list(files: &[&str]) -> BundleManifest {
        let member = |file: &&str| BundleMember {
            file: (*file).to_owned(),
            size: 1,
            sha256: "00".to_owned(),
        };
        BundleManifest {
            schema_version: SCHEMA_VERSION,
            plugbuild: "1".to_owned(),
            host: "linux/amd64".to_owned(),
            tools: Vec::new(),
            members: files.iter().map(member).collect(),
        }
    }

    fn parsed(list: &BundleManifest) -> Result<BundleManifest> {
        BundleManifest::parse(&serde_json::to_string(list).unwrap())
    }

    #[test]
    fn an_impossible_list_is_refused() {
        let good = list(&["tools/go.tar.gz", "modules/cache/download/x/@v/v1.zip"]);
        assert_eq!(parsed(&good).unwrap(), good);
        for bad in [
            "../x",
            "/tools/x",
            "tools/../../x",
            "tools",
            "tools/",
            "toolsx/y",
            "x",
            "modules/x",
            "modules/cache/download",
            "./tools/x",
        ] {
            let error = parsed(&list(&[bad])).unwrap_err();
            assert_eq!(error.kind, ErrorKind::Integrity, "{bad}");
        }
        assert!(parsed(&list(&["tools/x", "tools/x"])).is_err());
        let mut tool = good.clone();
        tool.tools = vec![Tool {
            name: "go".to_owned(),
            version: "1.25.6".to_owned(),
            file: "tools/go.tar.gz".to_owned(),
        }];
        assert!(parsed(&tool).is_ok());
        tool.tools[0].version = "1/../../x".to_owned();
        assert!(parsed(&tool).is_err());
        tool.tools[0].version = "1.25.6".to_owned();
        tool.tools[0].file = "tools/other.tar.gz".to_owned();
        assert!(parsed(&tool).is_err());
        let newer = BundleManifest {
            schema_version: 2,
            ..good.clone()
        };
        assert_eq!(parsed(&newer).unwrap_err().kind, ErrorKind::Usage);
        assert_eq!(BundleManifest::parse("{}").unwrap_err().kind, ErrorKind::Integrity);
    }

    #[test]
    fn the_modules_alone_make_their_name() {
        let one = list(&["tools/a", "modules/cache/download/x/@v/v1.zip"]);
        let other = list(&["tools/b", "modules/cache/download/x/@v/v1.zip"]);
        assert_eq!(one.modules_id(), other.modules_id());
        let third = list(&["tools/b", "modules/cache/download/x/@v/v2.zip"]);
        assert_ne!(one.modules_id(), third.modules_id());
        assert_eq!(list(&["tools/b"]).modules_id(), None);
    }
}

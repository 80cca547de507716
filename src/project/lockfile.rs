//! `plugbuild.lock`: the toolchains and gateways of the project's builds, so that `--locked` can refuse changes.
//! Committed beside plugbuild.toml.

use std::collections::BTreeMap;
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::gateway::facts::GatewayFacts;
use crate::util::error::{Error, Result};
use crate::util::fs::overwrite;

/// The file's name.
pub const FILE: &str = "plugbuild.lock";

const VERSION: u32 = 2;

/// A lockfile of this version pins one program per toolchain.
const OF_PROGRAMS: u32 = 1;

const HEADER: &str = "# Written by plugbuild; commit it. `plugbuild --locked` refuses a build that would change it.\n";

/// The whole file. Entries of other hosts are kept, so that each host finds its own checksums.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Lock {
    version: u32,
    /// By the gateway's name in messages.
    #[serde(default)]
    gateway: BTreeMap<String, GatewayFacts>,
    /// The SHA-256 of its manifest, by `go 1.25.6` or `zig 0.16.0`, then by host: `linux/amd64`.
    #[serde(default)]
    tool: BTreeMap<String, BTreeMap<String, String>>,
    /// Official gateway archives, by release and target, `2.12.1 amd64-glibc`: `sha512:…`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    archive: BTreeMap<String, String>,
    /// Whether it was read from a file that pins less than this version of plugbuild.
    #[serde(skip)]
    is_outdated: bool,
}

/// The result of comparing a tool with its pin.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PinCheck {
    Same,
    /// It is not pinned.
    New,
    /// The pin is different: this SHA-256.
    Other(String),
}

impl Lock {
    /// Reads the file; a missing file is an empty lockfile.
    ///
    /// # Errors
    /// It cannot be read or parsed.
    pub fn read(file: &Path) -> Result<Self> {
        let text = match crate::util::regular_file::read_to_string(file) {
            Ok(text) => text,
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => {
                return Ok(Lock {
                    version: VERSION,
                    ..Lock::default()
                });
            }
            Err(e) => return Err(Error::io("read", file, e)),
        };
        let mut lock: Lock = toml::from_str(&text).map_err(|e| {
            Error::usage(format!("{}: {}", file.display(), e.to_string().trim_end()))
                .help(format!("make it again: `rm {FILE}`, then `plugbuild lock`"))
        })?;
        if lock.version == OF_PROGRAMS {
            lock.version = VERSION;
            lock.is_outdated = true;
            lock.tool.clear();
        }
        if lock.version != VERSION {
            return Err(Error::usage(format!(
                "{} has version {}, this plugbuild supports {VERSION}",
                file.display(),
                lock.version
            ))
            .help("a newer plugbuild wrote it: use that one, or remove the file and recreate it: `plugbuild lock`"));
        }
        Ok(lock)
    }

    /// Records a gateway; returns how it differs from the previous record.
    pub fn gateway(&mut self, label: &str, facts: GatewayFacts) -> Option<Error> {
        match self.gateway.insert(label.to_owned(), facts.clone()) {
            Some(locked) => facts.difference(&locked, label),
            None => Some(Error::usage(format!("the gateway {label} is not locked"))),
        }
    }

    /// Records a tool of this host by the SHA-256 of its manifest.
    pub fn tool(&mut self, name: &str, host: &str, sha256: &str) -> PinCheck {
        let hosts = self.tool.entry(name.to_owned()).or_default();
        match hosts.insert(host.to_owned(), sha256.to_owned()) {
            Some(old) if old == sha256 => PinCheck::Same,
            Some(old) => PinCheck::Other(old),
            None => PinCheck::New,
        }
    }

    /// The required SHA-512 of an official gateway archive.
    pub fn archive_checksum(&self, key: &str) -> Option<&str> {
        self.archive.get(key)?.strip_prefix("sha512:")
    }

    /// Records such an archive; returns how it differs from the previous record. A missing record is not a difference,
    /// since the archive does not affect plugins.
    pub fn archive(&mut self, key: &str, checksum: &str) -> Option<String> {
        let old = self.archive.insert(key.to_owned(), checksum.to_owned())?;
        (old != checksum)
            .then(|| format!("the archive of the gateway {key} has the checksum {checksum}, locked is {old}"))
    }

    /// Whether a tool of this host is pinned, with any checksum.
    pub fn has_tool(&self, name: &str, host: &str) -> bool {
        self.tool.get(name).is_some_and(|hosts| hosts.contains_key(host))
    }

    /// Whether an older plugbuild wrote it, so that it does not pin the tools.
    pub fn is_outdated(&self) -> bool {
        self.is_outdated
    }

    /// Removes what this plan does not use: gateways, and tools of this host.
    pub fn keep(&mut self, gateways: &[&str], tools: &[String], host: &str) {
        self.gateway.retain(|label, _| gateways.contains(&label.as_str()));
        self.archive
            .retain(|key, _| key.split(' ').next().is_some_and(|label| gateways.contains(&label)));
        for (name, hosts) in &mut self.tool {
            if !tools.contains(name) {
                hosts.remove(host);
            }
        }
        self.tool.retain(|_, hosts| !hosts.is_empty());
    }

    /// Writes the file if its content changes.
    ///
    /// # Errors
    /// It cannot be written.
    pub fn write(&self, file: &Path) -> Result<bool> {
        let text = toml::to_string(self).map_err(|e| Error::io("write", file, e))?;
        let text = format!("{HEADER}{text}");
        if crate::util::regular_file::read_to_string(file).is_ok_and(|old| old == text) {
            return Ok(false);
        }
        overwrite(file, &text)?;
        Ok(true)
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::util::error::ErrorKind;

    fn facts(go: &str) -> GatewayFacts {
        let text =
            format!("go = \"{go}\"\nmodule_cache = \"/go/pkg/mod\"\nmain_root = \"/app\"\nglibc_floor = \"2.36\"");
        toml::from_str(&text).expect("the facts that a lockfile needs")
    }

    #[test]
    fn another_module_of_a_locked_release_is_an_alarm() {
        let from = |h1: &str| {
            let mut from = facts("1.26.8");
            from.module_sum = Some(h1.to_owned());
            from
        };
        let mut lock = Lock::default();
        assert_eq!(lock.gateway("2.99.0", from("h1:a=")).unwrap().kind, ErrorKind::Usage);
        assert!(lock.gateway("2.99.0", from("h1:a=")).is_none());
        let error = lock.gateway("2.99.0", from("h1:b=")).unwrap();
        assert_eq!(error.kind, ErrorKind::Integrity);
        assert!(
            error.message.contains("h1:b=") && error.message.contains("h1:a="),
            "{error}"
        );
        // A plugbuild whose matrix has the release asks for no module.
        assert!(lock.gateway("2.99.0", facts("1.26.8")).is_none());
    }

    #[test]
    fn lockfile_roundtrips_and_reports_drift() {
        let dir = tempfile::tempdir().expect("a directory");
        let file = dir.path().join(FILE);
        let mut lock = Lock::read(&file).expect("none is empty");
        assert_eq!(
            lock.gateway("2.12.1", facts("1.25.6")).unwrap().message,
            "the gateway 2.12.1 is not locked"
        );
        assert!(!lock.has_tool("go 1.25.6", "linux/amd64"));
        assert_eq!(lock.tool("go 1.25.6", "linux/amd64", "aa"), PinCheck::New);
        lock.tool("go 1.25.6", "darwin/arm64", "bb");
        assert!(lock.write(&file).expect("written"));
        let mut again = Lock::read(&file).expect("read");
        assert_eq!(again, lock);
        assert!(!again.write(&file).expect("the same"));
        assert!(again.gateway("2.12.1", facts("1.25.6")).is_none());
        assert_eq!(again.tool("go 1.25.6", "darwin/arm64", "bb"), PinCheck::Same);
        assert_eq!(
            again.tool("go 1.25.6", "darwin/arm64", "cc"),
            PinCheck::Other("bb".to_owned())
        );
        let message = again.gateway("2.12.1", facts("1.25.7")).expect("drift");
        assert_eq!(message.message, "the gateway 2.12.1 has Go 1.25.7, locked is Go 1.25.6");
        again.keep(&[], &[], "linux/amd64");
        assert!(again.gateway.is_empty());
        assert_eq!(again.tool["go 1.25.6"].len(), 1, "another host's checksum is lost");
    }

    #[test]
    fn every_build_setting_is_locked() {
        let facts = |more: &str| -> GatewayFacts {
            let text = "go = \"1.25.6\"\nmodule_cache = \"/go/pkg/mod\"\nmain_root = \"/app\"\n";
            toml::from_str(&format!("{text}{more}")).expect("facts")
        };
        for more in [
            "goamd64 = \"v3\"",
            "goarm64 = \"v9.0\"",
            "goexperiment = \"greenteagc\"",
            "tags = [\"a\"]",
        ] {
            let mut lock = Lock::default();
            lock.gateway("acme-3", facts(""));
            let message = lock.gateway("acme-3", facts(more));
            assert_eq!(
                message.as_ref().map(|why| why.message.as_str()),
                Some("the gateway acme-3 differs from the locked one"),
                "{more}"
            );
        }
        let mut lock = Lock::default();
        lock.gateway("2.12.1", facts(""));
        assert!(
            lock.gateway("2.12.1", facts("main_module = \"example.com/gateway\""))
                .is_none()
        );
    }

    #[test]
    fn version_1_lockfile_keeps_only_gateways() {
        let dir = tempfile::tempdir().expect("a directory");
        let file = dir.path().join(FILE);
        let text = "version = 1\n[tool.\"go 1.25.6\"]\n\"linux/amd64\" = \"aa\"\n";
        fs::write(&file, text).expect("written");
        let old = Lock::read(&file).expect("read");
        assert!(old.is_outdated() && !old.has_tool("go 1.25.6", "linux/amd64"));
        assert!(old.write(&file).expect("written"));
        assert!(!Lock::read(&file).expect("read").is_outdated());
    }

    #[test]
    fn newer_lockfile_is_rejected() {
        let dir = tempfile::tempdir().expect("a directory");
        let file = dir.path().join(FILE);
        fs::write(&file, "version = 9\n").expect("written");
        assert!(Lock::read(&file).is_err());
    }
}

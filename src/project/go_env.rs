//! The go command's settings as it would read them: environment, then its `go env -w` file, then its defaults.
//!
//! Read here instead of by `go env`, so that planning works on a machine without Go.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::path::PathBuf;

use crate::util::error::{Error, Result};
use crate::util::go_flags;
use crate::util::host::{Host, Os};

/// The go command's settings that a build depends on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GoEnv {
    /// Where modules are unpacked; the source side of the path map.
    pub module_cache: PathBuf,
    /// The user's GOFLAGS, one flag per entry.
    pub flags: Vec<String>,
    /// Other settings of the `go env -w` file that the environment does not override: GOPROXY, GOPRIVATE, …
    pub written: BTreeMap<String, String>,
    /// GOWORK as set: `off`, a path, or unset.
    pub work: Option<OsString>,
}

impl GoEnv {
    /// # Errors
    /// No GOMODCACHE, GOPATH or HOME to locate the module cache, or GOFLAGS cannot be split.
    pub fn read(host: &Host) -> Result<Self> {
        let file = settings_file(host)
            .and_then(|path| crate::util::regular_file::read_to_string(path).ok())
            .unwrap_or_default();
        let written = parse_settings(&file);
        let get = |name: &str| {
            host.var(name)
                .map(OsStr::to_owned)
                .or_else(|| written.get(name).filter(|v| !v.is_empty()).map(Into::into))
        };
        let flags = get("GOFLAGS").unwrap_or_default();
        let flags = flags
            .to_str()
            .ok_or_else(|| Error::usage("GOFLAGS is not UTF-8 text"))?;
        let carried = written
            .iter()
            .filter(|(name, value)| !value.is_empty() && !OURS.contains(name) && host.var(name).is_none());
        Ok(GoEnv {
            written: carried
                .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
                .collect(),
            module_cache: module_cache(host, &get)?,
            flags: split(flags)?,
            work: get("GOWORK"),
        })
    }
}

fn split(flags: &str) -> Result<Vec<String>> {
    go_flags::split(flags).map_err(|open| {
        Error::usage(format!("a {} is not closed in the flags `{flags}`", open.quote))
            .help("close it in GOFLAGS, or in the file that `go env GOENV` names")
    })
}

/// Settings that a build takes from the gateway or the plan, not from the user's file.
const OURS: [&str; 18] = [
    "GOFLAGS",
    "GOOS",
    "GOARCH",
    "GOAMD64",
    "GOARM64",
    "GOARM",
    "GO386",
    "GOEXPERIMENT",
    "GOFIPS140",
    "CGO_ENABLED",
    "CC",
    "CXX",
    "GOTOOLCHAIN",
    "GOROOT",
    "GOMODCACHE",
    "GOWORK",
    "GOENV",
    "GO111MODULE",
];

fn module_cache(host: &Host, get: &dyn Fn(&str) -> Option<OsString>) -> Result<PathBuf> {
    if let Some(given) = get("GOMODCACHE") {
        return Ok(given.into());
    }
    let gopath = get("GOPATH").and_then(|list| std::env::split_paths(&list).next());
    let gopath = gopath.or_else(|| host.home.as_ref().map(|home| home.join("go")));
    gopath.map(|first| first.join("pkg/mod")).ok_or_else(|| {
        Error::usage("no directory for Go modules: neither GOMODCACHE, GOPATH nor HOME is set")
            .help("set HOME, or set GOMODCACHE to a writable directory")
    })
}

fn settings_file(host: &Host) -> Option<PathBuf> {
    match host.var("GOENV") {
        Some(off) if off == "off" => None,
        Some(path) => Some(path.into()),
        None => {
            let config = match host.platform.os {
                Os::Linux => host
                    .var("XDG_CONFIG_HOME")
                    .map(PathBuf::from)
                    .or_else(|| host.home.as_ref().map(|home| home.join(".config"))),
                Os::MacOs => host.home.as_ref().map(|home| home.join("Library/Application Support")),
            };
            config.map(|dir| dir.join("go/env"))
        }
    }
}

/// The settings of such a file; a GOROOT also has its defaults in one.
pub(crate) fn parse_settings(text: &str) -> BTreeMap<&str, &str> {
    text.lines()
        .filter(|line| !line.starts_with('#'))
        .filter_map(|line| line.trim_end().split_once('='))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn environment_overrides_go_env_file() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("env");
        std::fs::write(
            &file,
            "# kept\nGOMODCACHE=/from/file\nGOFLAGS=-v\nGOPROXY=file:///proxy\n",
        )
        .unwrap();
        let with = |vars: &[(&str, &str)]| {
            let mut env: BTreeMap<OsString, OsString> = vars
                .iter()
                .map(|(k, v)| (OsString::from(k), OsString::from(v)))
                .collect();
            env.insert("HOME".into(), "/home/u".into());
            GoEnv::read(&Host::new(env, "/".into(), false).unwrap()).unwrap()
        };
        let env = file.to_str().unwrap();
        assert_eq!(with(&[("GOENV", env)]).module_cache, PathBuf::from("/from/file"));
        assert_eq!(with(&[("GOENV", env)]).flags, ["-v"]);
        assert_eq!(with(&[("GOENV", env)]).written["GOPROXY"], "file:///proxy");
        assert!(with(&[("GOENV", env), ("GOPROXY", "off")]).written.is_empty());
        assert_eq!(
            with(&[("GOENV", env), ("GOMODCACHE", "/m")]).module_cache,
            PathBuf::from("/m")
        );
        assert_eq!(
            with(&[("GOENV", "off"), ("GOPATH", "/a:/b")]).module_cache,
            PathBuf::from("/a/pkg/mod")
        );
        assert_eq!(
            with(&[("GOENV", "off")]).module_cache,
            PathBuf::from("/home/u/go/pkg/mod")
        );
    }
}

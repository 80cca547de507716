//! A local clone of the gateway's repository, asked through `git`; go.mod files are read by `go` itself.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use plugbuild::matrix::plugin_loader::imports_plugin_loader;
use plugbuild::matrix::upstream::Files;
use plugbuild::util::error::{Error, Result};
use plugbuild::util::version::GatewayVersion;
use serde_json::Value;

/// The clone, bare or not.
pub(super) struct Clone<'a>(pub(super) &'a Path);

impl Clone<'_> {
    /// The tags that are releases (`v2.1.4`, not `v2.1.4-rc1`, not `v1.4.1`) with their days, oldest first.
    pub(super) fn releases(&self) -> Result<BTreeMap<GatewayVersion, String>> {
        let format = "--format=%(refname:strip=2) %(creatordate:short)";
        let tags = self.git(&["for-each-ref", format, "refs/tags/v*"])?;
        let release = |line: &str| {
            let (tag, day) = line.split_once(' ')?;
            let version: GatewayVersion = tag.parse().ok()?;
            (version.major >= 2).then(|| (version, day.to_owned()))
        };
        Ok(tags.lines().filter_map(release).collect())
    }

    /// The files of one tag that say how the release is built.
    pub(super) fn files(&self, version: GatewayVersion) -> Result<Files> {
        let tag = format!("v{version}");
        let names = self.git(&["ls-tree", "--name-only", &tag])?;
        let show = |name: &str| -> Result<Option<String>> {
            let there = names.lines().any(|line| line == name);
            there.then(|| self.git(&["show", &format!("{tag}:{name}")])).transpose()
        };
        let must = |name: &str| show(name)?.ok_or_else(|| Error::usage(format!("{tag} has no {name}")));
        Ok(Files {
            go_mod_json: go_mod_json(&must("go.mod")?)?,
            go_sum: must("go.sum")?,
            makefile: must("Makefile")?,
            dockerfile: show("Dockerfile")?.unwrap_or_default(),
            dockerfile_builder_linux: show("Dockerfile-builder-linux")?,
        })
    }

    /// Whether a Go file at the top of the repository imports a plugin loader.
    pub(super) fn loads_plugins(&self, version: GatewayVersion) -> Result<bool> {
        let tag = format!("v{version}");
        let names = self.git(&["ls-tree", "--name-only", &tag])?;
        let is_source = |name: &&str| name.ends_with(".go") && !name.ends_with("_test.go");
        for name in names.lines().filter(is_source) {
            if imports_plugin_loader(&self.git(&["show", &format!("{tag}:{name}")])?) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// The module path of go.mod.
    pub(super) fn main_module(&self, version: GatewayVersion) -> Result<Option<String>> {
        let text = go_mod_json(&self.git(&["show", &format!("v{version}:go.mod")])?)?;
        let go_mod: Value =
            serde_json::from_str(&text).map_err(|e| Error::usage(format!("`go mod edit -json`: {e}")))?;
        Ok(go_mod["Module"]["Path"].as_str().map(str::to_owned))
    }

    fn git(&self, args: &[&str]) -> Result<String> {
        let dir = self.0.as_os_str();
        let args = ["-C".as_ref(), dir].into_iter().chain(args.iter().map(AsRef::as_ref));
        read("git", duct::cmd("git", args))
    }
}

/// `go mod edit -json` of a go.mod's text.
fn go_mod_json(text: &str) -> Result<String> {
    let dir = tempfile::tempdir().map_err(|e| Error::io("create", std::env::temp_dir(), e))?;
    let path = dir.path().join("go.mod");
    fs::write(&path, text).map_err(|e| Error::io("write", &path, e))?;
    let go = duct::cmd!("go", "mod", "edit", "-json", &path)
        .dir(dir.path())
        .env("GOFLAGS", " ")
        .env("GOTOOLCHAIN", "local");
    read("go", go)
}

fn read(program: &str, command: duct::Expression) -> Result<String> {
    let out = command
        .stdout_capture()
        .stderr_capture()
        .unchecked()
        .run()
        .map_err(|e| Error::tool_missing(format!("cannot run {program}: {e}")))?;
    if !out.status.success() {
        let words = String::from_utf8_lossy(&out.stderr);
        return Err(Error::build(format!("{program} failed: {}", words.trim())));
    }
    String::from_utf8(out.stdout).map_err(|_| Error::build(format!("{program} printed what is not text")))
}

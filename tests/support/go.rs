//! Real Go toolchains of any version, and small programs built with them.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Mutex;

use crate::support::cache;

/// A Go toolchain.
#[derive(Clone, Debug)]
pub(crate) struct Go {
    pub(crate) version: String,
    pub(crate) root: PathBuf,
}

/// Why a toolchain could not be had, by version: asked for once in a run.
static TRIED: Mutex<BTreeMap<String, Result<Go, String>>> = Mutex::new(BTreeMap::new());

impl Go {
    /// Fetches a toolchain through the machine's own go, once; the error says why it cannot be had.
    pub(crate) fn fetch(version: &str) -> Result<Go, String> {
        Go::fetch_for(version, "amd64")
    }

    /// The same for another architecture, of which the proxies have other versions: see [`Go::emulated`].
    pub(crate) fn fetch_for(version: &str, arch: &str) -> Result<Go, String> {
        let mut tried = TRIED.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        tried
            .entry(format!("{version}.linux-{arch}"))
            .or_insert_with(|| fetch(version, arch))
            .clone()
    }

    /// A go command that sees nothing of the machine's own settings but its proxy.
    #[allow(clippy::disallowed_methods, reason = "tests start tools themselves")]
    pub(crate) fn command(&self) -> Command {
        let mut go = Command::new(self.root.join("bin/go"));
        go.env_remove("GOROOT")
            .env("GOTOOLCHAIN", "local")
            .env("GOENV", "off")
            .env("GOFLAGS", "")
            .env("GO111MODULE", "on")
            .env("GOWORK", "off")
            .env("CGO_ENABLED", "1")
            .env("GOCACHE", cache().join("gocache"));
        go
    }

    /// The command of a toolchain for arm64, which compiles pure Go: it and its tools run under emulation.
    #[allow(clippy::disallowed_methods, reason = "tests start tools themselves")]
    pub(crate) fn emulated(&self) -> Command {
        const RUNNER: [&str; 3] = ["qemu-aarch64-static", "-L", "/usr/aarch64-linux-gnu"];
        let mut go = Command::new(RUNNER[0]);
        go.args(&RUNNER[1..]).arg(self.root.join("bin/go"));
        let own = self.command();
        go.envs(own.get_envs().filter_map(|(key, value)| Some((key, value?))));
        go.env("GOROOT", &self.root).env("CGO_ENABLED", "0");
        go.env("GOFLAGS", format!("'-toolexec={}'", RUNNER.join(" ")));
        go
    }

    /// Runs a build and gives back the file it wrote; `-o` is added.
    pub(crate) fn build(&self, folder: &Path, output: &Path, args: &[&str], env: &[(&str, &str)]) -> PathBuf {
        let mut go = self.command();
        go.current_dir(folder).arg("build").arg("-o").arg(output).args(args);
        go.envs(env.iter().copied());
        let out = go.output().expect("go starts");
        assert!(out.status.success(), "{go:?}: {}", String::from_utf8_lossy(&out.stderr));
        output.to_owned()
    }
}

#[allow(clippy::disallowed_methods, reason = "tests start tools themselves")]
fn fetch(version: &str, arch: &str) -> Result<Go, String> {
    let staging = cache().join("staging");
    fs::create_dir_all(&staging).map_err(|e| e.to_string())?;
    let root = staging.join(format!("golang.org/toolchain@v0.0.1-go{version}.linux-{arch}"));
    if !root.join("plugbuild-ready").exists() {
        let out = Command::new("go")
            .args(["mod", "download", "-json"])
            .arg(format!("golang.org/toolchain@v0.0.1-go{version}.linux-{arch}"))
            .current_dir(&staging)
            .env("GOTOOLCHAIN", "local")
            .env("GOFLAGS", "-modcacherw")
            .env("GOMODCACHE", &staging)
            .output()
            .map_err(|why| format!("no go command on this machine: {why}"))?;
        if !out.status.success() {
            return Err(format!(
                "go {version} cannot be fetched: {}",
                String::from_utf8_lossy(&out.stdout).trim()
            ));
        }
        make_runnable(&root).map_err(|why| why.to_string())?;
        fs::write(root.join("plugbuild-ready"), "").map_err(|why| why.to_string())?;
    }
    Ok(Go {
        version: version.to_owned(),
        root,
    })
}

/// The module zip keeps no permission bits.
fn make_runnable(root: &Path) -> std::io::Result<()> {
    let mut folders = vec![root.join("bin"), root.join("pkg/tool")];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder)? {
            let path = entry?.path();
            if path.is_dir() {
                folders.push(path);
            } else {
                fs::set_permissions(&path, fs::Permissions::from_mode(0o755))?;
            }
        }
    }
    Ok(())
}

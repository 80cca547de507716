//! The Go toolchains of this machine and of the store: where they are, and which version each reports.

use std::fs;
use std::path::{Path, PathBuf};

use crate::toolchain::store::{Store, entries};
use crate::toolchain::unpacked;
use crate::util::error::{Error, Result};
use crate::util::host::Host;
use crate::util::sort::sort_by;
use crate::util::version::GoVersion;

/// `PLUGBUILD_GO`: a go command or a GOROOT of exactly the needed version.
pub(crate) fn from_env(given: &Path, version: &GoVersion, host: &Host) -> Result<PathBuf> {
    let root = if given.join("bin/go").is_file() {
        Some(given.to_owned())
    } else {
        root_of(given)
    };
    let root = root.ok_or_else(|| {
        Error::tool_missing(format!(
            "PLUGBUILD_GO={} is neither a go command nor a GOROOT",
            given.display()
        ))
        .help("unset PLUGBUILD_GO: the right Go is found or fetched")
    })?;
    match version_of(&root) {
        Some(have) if have == *version => Ok(host.absolute(root)),
        have => {
            let have = have.map_or_else(|| "another Go".to_owned(), |v| format!("Go {v}"));
            Err(Error::tool_missing(format!(
                "PLUGBUILD_GO={} is {have}, and the gateway needs Go {version}",
                given.display()
            ))
            .help("unset PLUGBUILD_GO: the right Go is found or fetched"))
        }
    }
}

/// Where a Go might be, and the place's description.
pub(crate) fn candidates(version: &GoVersion, host: &Host) -> Vec<(PathBuf, String)> {
    let on_path = host
        .find("go")
        .and_then(|go| root_of(&go))
        .map(|root| (root, "on PATH".to_owned()));
    let by_env = host
        .var("GOROOT")
        .map(|root| (PathBuf::from(root), "GOROOT".to_owned()));
    let sdk = host
        .home
        .as_ref()
        .map(|home| (home.join(format!("sdk/go{version}")), format!("in ~/sdk/go{version}")));
    let usual = Some((PathBuf::from("/usr/local/go"), "in /usr/local/go".to_owned()));
    [on_path, by_env, sdk, usual].into_iter().flatten().collect()
}

/// The GOROOT of a go command: two directories up, links followed. `None` for a script that stands for another Go.
fn root_of(go: &Path) -> Option<PathBuf> {
    let real = go.canonicalize().ok()?;
    real.parent()?.parent().map(Path::to_owned)
}

/// The version of a GOROOT, without running it. A Go of a distribution or vendor has more than a version there
/// (`go1.22.7 (Red Hat …)`) and is not used: its standard library may differ.
pub(crate) fn version_of(root: &Path) -> Option<GoVersion> {
    if !root.join("bin/go").is_file() {
        return None;
    }
    let text = fs::read_to_string(root.join("VERSION")).ok()?;
    text.lines().next()?.trim().strip_prefix("go")?.parse().ok()
}

/// The version of an unpacked GOROOT: its directories and its go command must not be links, and the command must be
/// executable.
pub(crate) fn version_unpacked(root: &Path) -> Option<GoVersion> {
    let is_folder = |path: PathBuf| path.symlink_metadata().is_ok_and(|meta| meta.is_dir());
    let whole = is_folder(root.to_owned()) && is_folder(root.join("bin")) && unpacked::is_program(&root.join("bin/go"));
    version_of(root).filter(|_| whole)
}

/// Any Go from 1.21 on can fetch any other (design fact 5): one on the machine, else one in the store.
pub(crate) fn bootstrap_go(host: &Host, store: &Store) -> Option<(PathBuf, GoVersion)> {
    let on_path = host.find("go").and_then(|go| root_of(&go));
    let by_env = host.var("GOROOT").map(PathBuf::from);
    let sdk = host.home.iter().flat_map(|home| entries(&home.join("sdk")));
    let own = store.places("go");
    on_path
        .into_iter()
        .chain(by_env)
        .chain([PathBuf::from("/usr/local/go")])
        .chain(sdk)
        .chain(own)
        .find_map(|root| Some((root.join("bin/go"), version_of(&root).filter(|v| v.at_least(1, 21))?)))
}

/// Installed Go versions of the store, with their directories.
pub(crate) fn installed(store: &Store) -> Vec<(GoVersion, PathBuf)> {
    let mut all: Vec<_> = store
        .places("go")
        .into_iter()
        .filter_map(|root| Some((version_of(&root)?, root)))
        .collect();
    sort_by(&mut all, Ord::cmp);
    all
}

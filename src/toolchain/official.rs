//! A release's own gateway, fetched once into the store to verify plugins against. It is read, never run.

use std::path::{Path, PathBuf};

use crate::error::{Error, Result};
use crate::host::Host;
use crate::matrix::Matrix;
use crate::target::Target;
use crate::toolchain::archive;
use crate::toolchain::fetch::{self, Sum};
use crate::toolchain::store::{Store, create_dir};
use crate::ui::Ui;
use crate::version::GatewayVersion;

/// Where the gateway is in the store, whether or not it is there.
#[must_use]
pub fn place(version: GatewayVersion, target: &Target, store: &Store) -> PathBuf {
    store
        .root()
        .join(format!("gateways/{version}-{}/krakend", target.short()))
}

/// Fetches the release's archive for a target, unless its gateway is in the store already.
///
/// # Errors
/// `--offline`, the network, an archive that is not in the published list or differs from it, or has no gateway in it.
pub fn ensure(
    version: GatewayVersion,
    target: &Target,
    matrix: &Matrix,
    host: &Host,
    store: &Store,
    offline: bool,
    ui: &Ui,
) -> Result<PathBuf> {
    let gateway = place(version, target, store);
    let what = format!("the official gateway {version} for {}", target.short());
    let _lock = store.lock(&format!("gateway-{version}-{}", target.short()), || {
        ui.status("waiting", format!("another plugbuild is fetching {what}"));
    })?;
    if gateway.is_file() {
        return Ok(gateway);
    }
    if offline {
        return Err(
            Error::tool_missing(format!("{what} is not in the store, and --offline forbids to fetch it"))
                .help("give a gateway's file: `--gateway ./krakend`"),
        );
    }
    let official = matrix.official_archives();
    let mirror = host
        .text("PLUGBUILD_GATEWAY_MIRROR")?
        .map(|m| m.trim_end_matches('/').to_owned());
    let folder = mirror.unwrap_or_else(|| official.folder(version));
    let name = official.archive(version, target);
    ui.status("fetching", format!("{what} from {folder}"));
    let list = fetch::text(&format!("{folder}/{}", official.sums), "the list of sums", host).map_err(|why| {
        why.help("give a gateway's file: `--gateway ./krakend`, or a mirror: PLUGBUILD_GATEWAY_MIRROR=https://… (file:// too)")
    })?;
    let sum = published(&list, &name).ok_or_else(|| {
        Error::network(format!(
            "{what} is not published: {folder}/{} does not list {name}",
            official.sums
        ))
        .help("give a gateway's file: `--gateway ./krakend`")
    })?;
    let stage = store.stage()?;
    let packed = stage.path().join(&name);
    fetch::download(&format!("{folder}/{name}"), &Sum::Sha512(sum), &packed, &what, host)?;
    let unpacked = stage.path().join("unpacked");
    archive::unpack_tar_gz(&packed, &unpacked)?;
    let found = find(&unpacked).ok_or_else(|| Error::integrity(format!("{name} has no krakend in it")))?;
    let staged = stage.path().join("gateway");
    create_dir(&staged)?;
    std::fs::rename(&found, staged.join("krakend")).map_err(|e| Error::io("move", &found, e))?;
    if let Some(dir) = gateway.parent() {
        store.publish(&staged, dir)?;
    }
    Ok(gateway)
}

/// The SHA-512 of a file in a list of `sum  file` lines.
fn published(list: &str, name: &str) -> Option<String> {
    list.lines().find_map(|line| {
        let (sum, file) = line.split_once(char::is_whitespace)?;
        let same = file.trim().trim_start_matches(['*', '.', '/']) == name;
        let whole = sum.len() == 128 && sum.bytes().all(|b| b.is_ascii_hexdigit());
        (same && whole).then(|| sum.to_owned())
    })
}

/// The file called krakend, wherever the archive keeps it.
fn find(dir: &Path) -> Option<PathBuf> {
    std::fs::read_dir(dir)
        .ok()?
        .flatten()
        .map(|entry| entry.path())
        .find_map(|path| {
            let meta = path.symlink_metadata().ok()?;
            if meta.is_dir() {
                find(&path)
            } else {
                (path.file_name()? == "krakend" && meta.is_file()).then_some(path)
            }
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sum_is_found_by_the_files_exact_name() {
        let sum = "a".repeat(128);
        let list = format!(
            "{}  other_krakend.tar.gz\nshort  krakend.tar.gz\n{sum} *./krakend.tar.gz\n",
            "b".repeat(128)
        );
        assert_eq!(published(&list, "krakend.tar.gz"), Some(sum));
        assert_eq!(published(&list, "rakend.tar.gz"), None);
    }
}

//! A release's own gateway, fetched once into the store to verify plugins against. It is read, never run.

use std::path::{Path, PathBuf};

use crate::matrix::{Matrix, official_sums};
use crate::toolchain::fetch::Checksum;
use crate::toolchain::provenance::{Record, Word};
use crate::toolchain::store::Store;
use crate::toolchain::{archive, fetch};
use crate::util::context::Context;
use crate::util::error::{Error, Result};
use crate::util::fs::create_dir;
use crate::util::host::Host;
use crate::util::target::Target;
use crate::util::version::GatewayVersion;

/// The gateway of a release for a target.
#[derive(Debug, Clone, Copy)]
pub struct Wanted<'a> {
    pub version: GatewayVersion,
    pub target: &'a Target,
    /// The SHA-512 of its archive in the project's plugbuild.lock.
    pub locked: Option<&'a str>,
}

/// The gateway in the store, and who vouched for its archive.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Had {
    pub file: PathBuf,
    pub record: Record,
}

impl<'a> Wanted<'a> {
    /// Without what a lock says of it.
    pub fn new(version: GatewayVersion, target: &'a Target) -> Self {
        Wanted {
            version,
            target,
            locked: None,
        }
    }

    /// Its archive's name in plugbuild.lock.
    pub fn key(&self) -> String {
        format!("{} {}", self.version, self.target.short())
    }

    fn description(&self) -> String {
        format!("the official gateway {} for {}", self.version, self.target.short())
    }

    /// The SHA-512 of its archive and its origin, if known beforehand.
    fn pinned(&self) -> Option<(&str, Word)> {
        let carried = official_sums::lookup(self.version, self.target).map(|sum| (sum, Word::Pinned));
        carried.or(self.locked.map(|sum| (sum, Word::Locked)))
    }

    fn path(&self, store: &Store) -> PathBuf {
        store.path(format!("gateways/{}-{}", self.version, self.target.short()))
    }

    /// The gateway, if the store has the pinned one.
    pub fn in_store(&self, store: &Store) -> Option<Had> {
        let place = self.path(store);
        let record = Record::read(&place)?;
        let file = Some(place.join("krakend")).filter(|file| file.is_file())?;
        let is_it = |(sum, _)| record.sum == tagged(sum);
        self.pinned().is_none_or(is_it).then_some(Had { file, record })
    }

    /// Fetches the archive, unless its gateway is in the store already.
    ///
    /// # Errors
    /// `--offline`, the network, an archive that is not the pinned one, is not in the published list or differs from
    /// it, or has no gateway in it.
    pub fn ensure(&self, matrix: &Matrix, store: &Store, cx: Context) -> Result<Had> {
        let Context { host, ui, offline, .. } = cx;
        let what = self.description();
        let _lock = store.lock(&format!("gateway-{}-{}", self.version, self.target.short()), || {
            ui.status("waiting", format!("another plugbuild is fetching {what}"));
        })?;
        if let Some(had) = self.in_store(store) {
            return Ok(had);
        }
        if offline {
            return Err(
                Error::tool_missing(format!("{what} is not in the store, and --offline allows no download"))
                    .help("give a gateway's file: `--gateway ./krakend`"),
            );
        }
        let official = matrix.official_archives();
        let mirror = host
            .text("PLUGBUILD_GATEWAY_MIRROR")?
            .map(|m| m.trim_end_matches('/').to_owned());
        let folder = mirror.unwrap_or_else(|| official.url(self.version));
        let name = official.archive(self.version, self.target);
        let (sum, word) = match self.pinned() {
            Some((sum, word)) => {
                ui.status("fetching", format!("{what} from {folder}"));
                (sum.to_owned(), word)
            }
            None => {
                ui.status("fetching", format!("{what} from {folder}{UNPINNED}"));
                (
                    self.published(&folder, &official.checksums, &name, host)?,
                    Word::Published,
                )
            }
        };
        let from = format!("{folder}/{name}");
        self.install(Record { from, sum, word }, &name, store, host)
    }

    /// Downloads the archive, which must have the record's checksum, and keeps its gateway.
    fn install(&self, published: Record, name: &str, store: &Store, host: &Host) -> Result<Had> {
        let Record { from, sum, word } = published;
        let (what, place) = (self.description(), self.path(store));
        let stage = store.stage()?;
        let packed = stage.path().join(name);
        fetch::download(&from, &Checksum::Sha512(sum.clone()), &packed, &what, host).map_err(reachable)?;
        let unpacked = stage.path().join("unpacked");
        archive::unpack_tar_gz(&packed, &unpacked)?;
        let found = find(&unpacked).ok_or_else(|| Error::integrity(format!("{name} has no krakend in it")))?;
        let staged = stage.path().join("gateway");
        create_dir(&staged)?;
        std::fs::rename(&found, staged.join("krakend")).map_err(|e| Error::io("move", &found, e))?;
        let sum = tagged(&sum);
        let record = Record { from, sum, word };
        record.write(&staged)?;
        store.publish(&staged, &place)?;
        Ok(Had {
            file: place.join("krakend"),
            record,
        })
    }

    /// The SHA-512 of an archive in the list next to it.
    fn published(&self, folder: &str, sums: &str, name: &str, host: &Host) -> Result<String> {
        let list = fetch::get_text(&format!("{folder}/{sums}"), "the list of checksums", host).map_err(reachable)?;
        published(&list, name).ok_or_else(|| {
            Error::network(format!(
                "{} is not published: {folder}/{sums} does not list {name}",
                self.description()
            ))
            .help("give a gateway's file: `--gateway ./krakend`")
        })
    }
}

/// The note for an archive that nobody else vouches for.
const UNPINNED: &str = " (its checksum comes from the same server)";

/// A SHA-512 as records and plugbuild.lock have it.
fn tagged(sha512: &str) -> String {
    format!("sha512:{sha512}")
}

fn reachable(why: Error) -> Error {
    why.help_if_none(
        "give a gateway's file: `--gateway ./krakend`, or a mirror: PLUGBUILD_GATEWAY_MIRROR=https://… (file:// too)",
    )
}

/// The SHA-512 of a file in a list of `sum  file` lines.
fn published(list: &str, name: &str) -> Option<String> {
    list.lines().find_map(|line| {
        let (sum, file) = line.split_once(char::is_whitespace)?;
        let same = file.trim().trim_start_matches(['*', '.', '/']) == name;
        let whole = sum.len() == 128 && sum.bytes().all(|b| b.is_ascii_hexdigit());
        (same && whole).then(|| sum.to_ascii_lowercase())
    })
}

/// The file called krakend, wherever it is in the archive.
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

//! File ownership: files that somebody else can write are not trusted.

use std::fs::{self, Metadata};
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use crate::util::error::{Error, Result};
use crate::util::host::Host;

const WORLD_WRITABLE: u32 = 0o002;
const STICKY: u32 = 0o1000;

/// The trusted owners: root, this user, and the owner of the user's home directory (a container may run as root with
/// the home of a CI runner).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trusted(Vec<u32>);

impl Trusted {
    pub fn of(host: &Host) -> Self {
        let home = host.home.as_ref().and_then(|home| fs::metadata(home).ok());
        let own = rustix::process::geteuid().as_raw();
        Trusted([0, own].into_iter().chain(home.map(|meta| meta.uid())).collect())
    }

    /// Also trusts the owner of a directory that the user named.
    pub fn and_owner_of(mut self, dir: &Path) -> Self {
        self.0.extend(fs::metadata(dir).ok().map(|meta| meta.uid()));
        self
    }

    /// For reading the store, also trusts its owner if the user named it; but root must not run files of another user.
    pub fn reading(self, root: &Path, host: &Host) -> Self {
        let names_it = host.var("PLUGBUILD_HOME").is_some() && !rustix::process::geteuid().is_root();
        if names_it { self.and_owner_of(root) } else { self }
    }

    /// What is wrong with a file or directory of this owner and mode.
    fn fault(&self, uid: u32, mode: u32, is_dir: bool) -> Option<String> {
        if !self.0.contains(&uid) {
            return Some(format!("belongs to another user (uid {uid})"));
        }
        // In a sticky directory everybody may add files, but nobody may replace another user's.
        let open = mode & WORLD_WRITABLE != 0 && !(is_dir && mode & STICKY != 0);
        open.then(|| "can be written by everybody".to_owned())
    }

    fn fault_of(&self, meta: &Metadata) -> Option<String> {
        self.fault(meta.uid(), meta.mode(), meta.is_dir())
    }

    /// Checks that a file that was found implicitly belongs to a trusted owner, and so does a link to it.
    ///
    /// # Errors
    /// Somebody else can write it. A missing file is not an error.
    pub fn check_file(&self, file: &Path) -> Result<()> {
        let link = file
            .symlink_metadata()
            .ok()
            .filter(|meta| self.fault(meta.uid(), 0, false).is_some());
        let Some((meta, why)) = link
            // Reading refuses a pipe or a device anyway.
            .or_else(|| file.metadata().ok().filter(|meta| meta.is_file() || meta.is_dir()))
            .and_then(|meta| self.fault_of(&meta).map(|why| (meta, why)))
        else {
            return Ok(());
        };
        let path = crate::util::process::quoted(file.as_os_str());
        let cure = match self.0.contains(&meta.uid()) {
            true => format!("`chmod o-w {path}`"),
            false => format!("if you trust its content, take ownership: `chown -h $(id -u) {path}`; else move it away"),
        };
        Err(Error::usage(format!("{} {why}: it is not read", file.display())).help(cure))
    }

    /// Checks that nobody else can add to the store or replace it.
    ///
    /// # Errors
    /// Somebody else can write a directory of it.
    pub fn check_store(&self, root: &Path) -> Result<()> {
        let there = root.ancestors().find_map(|dir| Some((dir, dir.canonicalize().ok()?)));
        let Some((given, real)) = there else { return Ok(()) };
        for dir in real.ancestors() {
            let Some(why) = fs::metadata(dir).ok().filter(Metadata::is_dir).and_then(|meta| {
                // A directory that everybody may add to cannot be a store, even if sticky.
                let mode = if given == root && dir == real {
                    meta.mode() & !STICKY
                } else {
                    meta.mode()
                };
                self.fault(meta.uid(), mode, true)
            }) else {
                continue;
            };
            return Err(Error::usage(format!(
                "toolchains are not kept in {}: {} {why}",
                root.display(),
                dir.display()
            ))
            .help(
                "set PLUGBUILD_HOME to a directory that only you can write, or fix that one with `chmod` and `chown`",
            ));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn foreign_and_world_writable_files_are_rejected() {
        let trusted = Trusted(vec![0, 1000]);
        let fault = |uid, mode, dir| trusted.fault(uid, mode, dir).is_some();
        for (uid, mode, is_dir, bad) in [
            (1000, 0o100644, false, false),
            (0, 0o100644, false, false),
            (1001, 0o100644, false, true),
            (1000, 0o100666, false, true),
            // A sticky bit on a file has no meaning.
            (1000, 0o101666, false, true),
            (1000, 0o100664, false, false),
            (0, 0o041777, true, false),
            (0, 0o040777, true, true),
            (1001, 0o041777, true, true),
        ] {
            assert_eq!(fault(uid, mode, is_dir), bad, "{uid} {mode:o}");
        }
    }
}

//! Whose a file is: what somebody else can write is not read as if it were the user's own.

use std::fs::{self, Metadata};
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use crate::util::error::{Error, Result};
use crate::util::host::Host;

const WORLD_WRITABLE: u32 = 0o002;
const STICKY: u32 = 0o1000;

/// Who may have written what is read: root, this user, and who owns the user's home folder, as where a container runs as
/// root with the runner's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trusted(Vec<u32>);

impl Trusted {
    pub fn of(host: &Host) -> Self {
        let home = host.home.as_ref().and_then(|home| fs::metadata(home).ok());
        let own = rustix::process::geteuid().as_raw();
        Trusted([0, own].into_iter().chain(home.map(|meta| meta.uid())).collect())
    }

    /// The same, and who owns a folder that was named.
    pub fn and_owner_of(mut self, dir: &Path) -> Self {
        self.0.extend(fs::metadata(dir).ok().map(|meta| meta.uid()));
        self
    }

    /// Who may read the store of `root`'s owner too: the user who names it. Root would run what another user has put there.
    pub fn reading(self, root: &Path, host: &Host) -> Self {
        let names_it = host.var("PLUGBUILD_HOME").is_some() && !rustix::process::geteuid().is_root();
        if names_it { self.and_owner_of(root) } else { self }
    }

    /// What is wrong with a file or folder of this owner and mode.
    fn fault(&self, uid: u32, mode: u32, is_dir: bool) -> Option<String> {
        if !self.0.contains(&uid) {
            return Some(format!("belongs to another user (uid {uid})"));
        }
        // In a sticky folder everybody may add, and none may replace what is another's.
        let open = mode & WORLD_WRITABLE != 0 && !(is_dir && mode & STICKY != 0);
        open.then(|| "can be written by everybody".to_owned())
    }

    fn fault_of(&self, meta: &Metadata) -> Option<String> {
        self.fault(meta.uid(), meta.mode(), meta.is_dir())
    }

    /// Holds that a file that was found by itself is one of theirs, and the link that leads to it.
    ///
    /// # Errors
    /// Somebody else can write it. One that is not there is no error.
    pub fn check_file(&self, file: &Path) -> Result<()> {
        let link = file
            .symlink_metadata()
            .ok()
            .filter(|meta| self.fault(meta.uid(), 0, false).is_some());
        let Some((meta, why)) = link
            // A pipe or a device is refused by whoever reads it, whosever it is.
            .or_else(|| file.metadata().ok().filter(|meta| meta.is_file() || meta.is_dir()))
            .and_then(|meta| self.fault_of(&meta).map(|why| (meta, why)))
        else {
            return Ok(());
        };
        let path = crate::util::process::quoted(file.as_os_str());
        let cure = match self.0.contains(&meta.uid()) {
            true => format!("`chmod o-w {path}`"),
            false => format!("if you trust what it says, make it yours: `chown -h $(id -u) {path}`; else move it away"),
        };
        Err(Error::usage(format!("{} {why}: it is not read", file.display())).help(cure))
    }

    /// Holds that nobody else can put something into the store, or another in its place.
    ///
    /// # Errors
    /// The folder that somebody else can write.
    pub fn check_store(&self, root: &Path) -> Result<()> {
        let there = root.ancestors().find_map(|dir| Some((dir, dir.canonicalize().ok()?)));
        let Some((given, real)) = there else { return Ok(()) };
        for dir in real.ancestors() {
            let Some(why) = fs::metadata(dir).ok().filter(Metadata::is_dir).and_then(|meta| {
                // What everybody may add to is no store, sticky or not.
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
                "set PLUGBUILD_HOME to a folder that only you can write, or mend that one with `chmod` and `chown`",
            ));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_s_and_everybody_s_is_refused() {
        let trusted = Trusted(vec![0, 1000]);
        let fault = |uid, mode, dir| trusted.fault(uid, mode, dir).is_some();
        for (uid, mode, is_dir, bad) in [
            (1000, 0o100644, false, false),
            (0, 0o100644, false, false),
            (1001, 0o100644, false, true),
            (1000, 0o100666, false, true),
            // A sticky bit means nothing on a file.
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

//! The store: where toolchains are installed. An entry appears in it complete, by one rename, or not at all.

use std::fs;
use std::fs::{File, OpenOptions, TryLockError};
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use crate::util::error::{Error, Result};
use crate::util::fs::{create_dir, remove_tree};
use crate::util::host::Host;
use crate::util::owner::Trusted;
use crate::util::process::signals::sleep;
use crate::util::version::GoVersion;

/// The directory that plugbuild owns; nothing in it is ever changed in place.
#[derive(Debug, Clone)]
pub struct Store {
    root: PathBuf,
    /// A read-only store: its entries are used, not made again.
    shared: Option<PathBuf>,
}

/// The lock that everybody who uses the store shares.
pub(crate) const IN_USE: &str = "in-use";

const ELSEWHERE: &str = "set PLUGBUILD_HOME to a writable directory";

/// Held while a process makes one entry; the system releases it even if the process is killed.
#[derive(Debug)]
pub struct ExclusiveLock {
    file: File,
    /// A locked entry is in use and is not removed meanwhile.
    _hold: Option<SharedLock>,
}

/// Held while a process uses the store, so that no other collects garbage.
#[derive(Debug)]
pub struct SharedLock {
    _file: File,
}

impl ExclusiveLock {
    /// For a process that must hold it too: the lock lasts until both have released it.
    pub fn file(&self) -> &File {
        &self.file
    }
}

/// A directory to make something in, deleted when dropped. It is locked while a process has it; an unlocked one is left
/// over from a killed process, whatever its time.
#[derive(Debug)]
pub struct Stage {
    folder: TempDir,
    /// `None` if the file system cannot lock directories; then it is never removed.
    _lock: Option<File>,
}

impl Stage {
    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    /// `None` if it was removed before it was locked.
    fn of(folder: TempDir) -> Option<Self> {
        let file = File::open(folder.path()).ok()?;
        let lock = match file.try_lock() {
            Ok(()) => Some(file),
            Err(TryLockError::WouldBlock) => return None,
            Err(TryLockError::Error(_)) => None,
        };
        folder.path().is_dir().then_some(Stage { folder, _lock: lock })
    }
}

impl Store {
    pub fn of(host: &Host) -> Self {
        Self::at(&host.store)
    }

    /// Opens the store to run tools from it or install some. If the user may only read it, new entries go into the
    /// user's own cache.
    ///
    /// # Errors
    /// Somebody else can write it: another user, unless the store is named and only read, or everybody.
    pub fn open(host: &Host) -> Result<Self> {
        let trusted = Trusted::of(host);
        let own = match trusted.check_store(&host.store) {
            Ok(()) => may_be_written(&host.store),
            Err(_) => {
                trusted.clone().reading(&host.store, host).check_store(&host.store)?;
                false
            }
        };
        let Some(cache) = host.cache.as_ref().filter(|_| !own) else {
            return Ok(Self::of(host));
        };
        trusted.check_store(cache)?;
        Ok(Store {
            root: cache.clone(),
            shared: Some(host.store.clone()),
        })
    }

    /// A store in a directory.
    pub fn at(root: &Path) -> Self {
        Store {
            root: root.to_owned(),
            shared: None,
        }
    }

    /// The read-only directory, if there is one.
    pub fn shared(&self) -> Option<&Path> {
        self.shared.as_deref()
    }

    /// The path of an entry that never changes: in the store itself, else in the shared one; else where it will be
    /// made.
    pub fn path(&self, path: impl AsRef<Path>) -> PathBuf {
        let own = self.root.join(&path);
        let shared = self.shared.as_ref().map(|shared| shared.join(&path));
        shared.filter(|shared| !own.exists() && shared.exists()).unwrap_or(own)
    }

    /// All such entries of a directory, the store's own first.
    pub fn places(&self, folder: &str) -> Vec<PathBuf> {
        let roots = std::iter::once(&self.root).chain(&self.shared);
        roots.flat_map(|root| entries(&root.join(folder))).collect()
    }

    /// A path relative to the store.
    pub fn relative<'a>(&self, path: &'a Path) -> Option<&'a Path> {
        let mut roots = std::iter::once(&self.root).chain(&self.shared);
        roots.find_map(|root| path.strip_prefix(root).ok())
    }

    pub fn root(&self) -> &Path {
        &self.root
    }

    /// The GOROOT of a Go version for this host; it may not exist.
    pub fn go(&self, version: &GoVersion, host: &Host) -> PathBuf {
        let platform = host.platform;
        self.path(format!("go/go{version}.{}-{}", platform.goos(), platform.arch.goarch()))
    }

    /// The directory of a zig version for this host; it may not exist.
    pub fn zig(&self, version: &str, host: &Host) -> PathBuf {
        self.path(format!(
            "zig/zig-{version}.{}-{}",
            host.platform.goos(),
            host.platform.arch
        ))
    }

    /// zig's own cache: the libcs it compiles once.
    pub fn zig_cache(&self) -> PathBuf {
        self.root.join("zig/cache")
    }

    /// The directory of our compiler wrappers; it is first on PATH of a build.
    pub fn wrappers(&self) -> PathBuf {
        self.root.join("bin")
    }

    /// Where a job's file stays as the go command linked it, so that the go command sees that it is up to date.
    pub fn link_dir(&self, key: &str) -> PathBuf {
        self.root.join("linked").join(key)
    }

    /// Where the copies of a project's go.mod and go.sum are that builds read in their place.
    pub fn modfiles(&self, key: &str) -> PathBuf {
        self.root.join("modfiles").join(key)
    }

    /// A directory of the store, created if it is missing.
    ///
    /// # Errors
    /// The store cannot be written.
    pub fn ensure_dir(&self, path: impl AsRef<Path>) -> Result<PathBuf> {
        let dir = self.root.join(path);
        create_dir(&dir).map_err(|e| e.help_if_none(ELSEWHERE))?;
        Ok(dir)
    }

    /// A directory to make something in, on the store's file system; deleted when dropped.
    ///
    /// # Errors
    /// The store cannot be written.
    pub fn stage(&self) -> Result<Stage> {
        loop {
            let dir = self.ensure_dir("tmp")?;
            let folder = tempfile::Builder::new()
                .prefix("stage-")
                .tempdir_in(&dir)
                .map_err(|e| Error::io("create a directory in", &dir, e).help_if_none(ELSEWHERE))?;
            if let Some(stage) = Stage::of(folder) {
                return Ok(stage);
            }
            sleep()?;
        }
    }

    /// Staging directories of processes that have ended.
    pub fn left_stages(&self) -> Vec<PathBuf> {
        let entries = fs::read_dir(self.root.join("tmp")).into_iter().flatten().flatten();
        entries
            .map(|entry| entry.path())
            .filter(|path| File::open(path).is_ok_and(|file| file.try_lock().is_ok()))
            .collect()
    }

    /// Removes a staging directory whose process has ended.
    ///
    /// # Errors
    /// Something in it cannot be removed.
    pub fn remove_left(&self, stage: &Path) -> Result<()> {
        // Locked meanwhile: its maker, who has not locked it yet, and others that remove it cannot have it now.
        match File::open(stage) {
            Ok(file) if file.try_lock().is_ok() => remove_tree(stage),
            _ => Ok(()),
        }
    }

    /// Waits for, and takes, the lock for making one entry. Calls `waiting` once if another process has it.
    ///
    /// # Errors
    /// The store cannot be written.
    pub fn lock(&self, name: &str, waiting: impl FnOnce()) -> Result<ExclusiveLock> {
        let hold = self.lock_shared()?;
        let file = self.acquire(&format!("{name}.lock"), File::try_lock, waiting)?;
        Ok(ExclusiveLock {
            file,
            _hold: Some(hold),
        })
    }

    /// Keeps others from removing entries of the store during a run; waits for one that does.
    ///
    /// # Errors
    /// The store cannot be written.
    pub fn lock_shared(&self) -> Result<SharedLock> {
        // Removing takes a moment: no message about it.
        let file = self.acquire(IN_USE, File::try_lock_shared, || {})?;
        Ok(SharedLock { _file: file })
    }

    /// Waits until nobody uses the store, and keeps it so.
    ///
    /// # Errors
    /// The store cannot be written.
    pub fn lock_exclusive(&self, waiting: impl FnOnce()) -> Result<ExclusiveLock> {
        let file = self.acquire(IN_USE, File::try_lock, waiting)?;
        Ok(ExclusiveLock { file, _hold: None })
    }

    /// The same, if nobody uses it right now.
    pub fn try_lock_exclusive(&self) -> Option<ExclusiveLock> {
        let file = self.lock_file(IN_USE).ok()?;
        file.try_lock().ok()?;
        Some(ExclusiveLock { file, _hold: None })
    }

    fn lock_file(&self, name: &str) -> Result<File> {
        let path = self.ensure_dir("locks")?.join(name);
        OpenOptions::new()
            .create(true)
            .truncate(false)
            .write(true)
            .open(&path)
            .map_err(|e| Error::io("open the lock", &path, e).help_if_none(ELSEWHERE))
    }

    fn acquire(
        &self,
        name: &str,
        take: impl Fn(&File) -> Result<(), TryLockError>,
        waiting: impl FnOnce(),
    ) -> Result<File> {
        let file = self.lock_file(name)?;
        let mut waiting = Some(waiting);
        loop {
            match take(&file) {
                Ok(()) => return Ok(file),
                // Polled: a blocking lock would not react to signals.
                Err(TryLockError::WouldBlock) => {
                    if let Some(notify) = waiting.take() {
                        notify();
                    }
                    sleep()?;
                }
                Err(TryLockError::Error(e)) => return Err(Error::io("lock", self.root.join("locks").join(name), e)),
            }
        }
    }

    /// Moves a staging directory to its final path by one rename. The caller holds its lock and has found no complete
    /// entry there; an incomplete one is replaced.
    ///
    /// # Errors
    /// A rename failed.
    pub fn publish(&self, staged: &Path, place: &Path) -> Result<()> {
        if let Some(parent) = place.parent() {
            create_dir(parent)?;
        }
        if place.symlink_metadata().is_ok() {
            let stage = self.stage()?;
            let aside = stage.path().join("aside");
            fs::rename(place, &aside).map_err(|e| Error::io("move away", place, e))?;
            // What cannot be removed now is removed later.
            let _ = remove_tree(stage.path());
        }
        fs::rename(staged, place).map_err(|e| Error::io("move the finished files to", place, e))
    }
}

/// Whether this user may create something in a directory, or create the directory.
fn may_be_written(dir: &Path) -> bool {
    use rustix::fs::{Access, AtFlags, CWD, accessat};
    !dir.exists() || accessat(CWD, dir, Access::WRITE_OK, AtFlags::EACCESS).is_ok()
}

/// The entries of a directory, sorted; empty if it does not exist.
pub(crate) fn entries(dir: &Path) -> Vec<PathBuf> {
    let mut entries: Vec<PathBuf> = fs::read_dir(dir)
        .into_iter()
        .flatten()
        .flatten()
        .map(|entry| entry.path())
        .collect();
    entries.sort();
    entries
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_staged_is_gone_unless_published() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::at(&dir.path().join("store"));
        let staged = store.stage().unwrap();
        fs::write(staged.path().join("x"), "1").unwrap();
        drop(staged);
        assert_eq!(fs::read_dir(store.root.join("tmp")).unwrap().count(), 0);
        let staged = store.stage().unwrap();
        store.publish(staged.path(), &store.root.join("go/go1.0.0")).unwrap();
        drop(staged);
        assert!(store.root.join("go/go1.0.0").is_dir());
        // Over an incomplete older one.
        fs::write(store.root.join("go/go1.0.0/rest"), "1").unwrap();
        let staged = store.stage().unwrap();
        fs::write(staged.path().join("new"), "2").unwrap();
        store.publish(staged.path(), &store.root.join("go/go1.0.0")).unwrap();
        assert!(store.root.join("go/go1.0.0/new").is_file() && !store.root.join("go/go1.0.0/rest").exists());
        drop(staged);
        assert_eq!(fs::read_dir(store.root.join("tmp")).unwrap().count(), 0);
    }

    #[test]
    fn a_lock_is_held_by_one_at_a_time() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::at(dir.path());
        let (mut waited, mut first) = (false, Some(store.lock("go", || unreachable!()).unwrap()));
        store
            .lock("go", || {
                waited = true;
                first = None;
            })
            .unwrap();
        assert!(waited);
    }
}

//! Garbage collection of the store: which entries can be made again, their size, and removing those unused for long.

use std::fs;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use crate::toolchain::sha256_cache;
use crate::toolchain::store::{ExclusiveLock, IN_USE, Store, entries};
use crate::util::error::{Error, Result};
use crate::util::fs::remove_tree;
use crate::util::sort::sort_by_key;

const DAY: Duration = Duration::from_secs(24 * 3600);

/// Entries that no build used for this long are removed automatically.
pub const MAX_AGE: Duration = Duration::from_secs(30 * 24 * 3600);

/// Directories of the store with an entry per project or build.
const PER_PROJECT: [&str; 2] = ["linked", "modfiles"];

/// Directories that builds fill again as needed.
const REGENERABLE: [&str; 3] = ["zig/cache", "bin", sha256_cache::FOLDER];

/// The file whose time is that of the last collection.
const LAST_GC: &str = "swept";

/// An entry that a collection would remove.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CacheEntry {
    pub place: PathBuf,
    pub bytes: u64,
}

/// A part of the store, as `plugbuild cache size` names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    pub folder: &'static str,
    pub what: &'static str,
    pub entries: usize,
    pub bytes: u64,
}

/// Marks an entry as used now, by its directory's modification time.
pub fn touch(dir: &Path) {
    // A read-only store is not collected either.
    let _ = File::open(dir).and_then(|dir| dir.set_modified(SystemTime::now()));
}

/// The parts of the store, the largest first.
pub fn parts(store: &Store) -> Vec<Part> {
    let folders = [
        ("go", "Go toolchains"),
        ("zig", "zig, and the libcs it has compiled"),
        ("linked", "plugins as they were linked, for quick rebuilds"),
        ("modfiles", "copies of go.mod and go.sum"),
        ("modules", "modules of bundles"),
        ("gateways", "gateways of releases"),
        ("releases", "what newer releases are built with"),
        ("tmp", "what is being made"),
    ];
    let mut parts: Vec<Part> = folders
        .into_iter()
        .map(|(folder, what)| {
            let dir = store.root().join(folder);
            Part {
                folder,
                what,
                entries: entries(&dir).len(),
                bytes: size(&dir),
            }
        })
        .filter(|part| part.entries > 0)
        .collect();
    sort_by_key(&mut parts, |part| std::cmp::Reverse(part.bytes));
    parts
}

/// Entries that builds have not used for `unused`; with `all`, everything they can make again.
pub fn candidates(store: &Store, unused: Duration, all: bool) -> Vec<CacheEntry> {
    let mut places: Vec<PathBuf> = PER_PROJECT
        .iter()
        .flat_map(|folder| entries(&store.root().join(folder)))
        .filter(|place| all || older(place, unused))
        .collect();
    if all {
        places.extend(store.left_stages());
        let folders = REGENERABLE.map(|folder| store.root().join(folder));
        places.extend(folders.into_iter().filter(|dir| dir.is_dir()));
    }
    places
        .into_iter()
        .map(|place| CacheEntry {
            bytes: size(&place),
            place,
        })
        .collect()
}

/// Removes an entry: it disappears for others at once, even if deleting its files fails.
///
/// # Errors
/// The store cannot be written.
pub fn remove(entry: &Path, store: &Store, _alone: &ExclusiveLock) -> Result<()> {
    if entry.parent() == Some(&store.root().join("tmp")) {
        return store.remove_left(entry);
    }
    if !entry.starts_with(store.root()) {
        return Err(
            Error::usage(format!("{} is in a store that may only be read", entry.display()))
                .help("run this as the user whom that store belongs to"),
        );
    }
    let stage = store.stage()?;
    store.publish(entry, &stage.path().join("removed"))?;
    remove_tree(stage.path())
}

/// Once a day, if no other process uses the store: removes stale staging directories and entries unused for long.
pub fn auto(store: &Store) {
    remove_stale_staging(store);
    let swept = store.root().join(LAST_GC);
    if swept.exists() && !older(&swept, DAY) {
        return;
    }
    let Some(alone) = store.try_lock_exclusive() else {
        return;
    };
    // Failures are tried again tomorrow.
    let _ = prune(store, MAX_AGE, &alone);
    let _ = fs::write(&swept, "");
}

fn prune(store: &Store, unused: Duration, alone: &ExclusiveLock) -> Result<()> {
    for entry in candidates(store, unused, false) {
        remove(&entry.place, store, alone)?;
    }
    let locks = entries(&store.root().join("locks"));
    for lock in locks
        .iter()
        .filter(|lock| !lock.ends_with(IN_USE) && older(lock, unused))
    {
        // No process has it open: whoever takes a lock locks the store first.
        fs::remove_file(lock).map_err(|e| Error::io("remove", lock, e))?;
    }
    Ok(())
}

/// Removes staging directories of killed processes.
fn remove_stale_staging(store: &Store) {
    for left in store.left_stages() {
        // Failures are tried again next time.
        let _ = store.remove_left(&left);
    }
}

/// A size for people: `2.5 MB`.
pub fn megabytes(bytes: u64) -> String {
    format!("{}.{} MB", bytes / 1_000_000, bytes % 1_000_000 / 100_000)
}

fn older(path: &Path, age: Duration) -> bool {
    let modified = path.symlink_metadata().and_then(|meta| meta.modified());
    modified.is_ok_and(|time| time.elapsed().is_ok_and(|elapsed| elapsed > age))
}

/// The size of a file, or of all files below a directory.
pub fn size(path: &Path) -> u64 {
    match path.symlink_metadata() {
        Ok(meta) if meta.is_dir() => entries(path).iter().map(|inner| size(inner)).sum(),
        Ok(meta) => meta.len(),
        Err(_) => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn store() -> (tempfile::TempDir, Store) {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::at(&dir.path().join("store"));
        for (name, days) in [
            ("linked/old", 31),
            ("linked/new", 29),
            ("modfiles/old", 99),
            ("go/old", 99),
        ] {
            let place = store.ensure_dir(name).unwrap();
            fs::write(place.join("file"), [0; 100]).unwrap();
            let then = SystemTime::now() - DAY * days;
            File::open(&place).unwrap().set_modified(then).unwrap();
        }
        (dir, store)
    }

    fn names(store: &Store, folder: &str) -> Vec<String> {
        let names = entries(&store.root().join(folder)).into_iter();
        names
            .map(|path| path.file_name().unwrap().to_string_lossy().into_owned())
            .collect()
    }

    #[test]
    fn what_was_not_used_for_long_goes_by_itself() {
        let (_dir, store) = store();
        auto(&store);
        assert_eq!(names(&store, "linked"), ["new"]);
        assert!(names(&store, "modfiles").is_empty());
        assert_eq!(names(&store, "go"), ["old"], "a toolchain is removed only on request");
        assert!(names(&store, "tmp").is_empty());
    }

    #[test]
    fn a_use_is_a_stamp() {
        let (_dir, store) = store();
        touch(&store.root().join("linked/old"));
        auto(&store);
        assert_eq!(names(&store, "linked"), ["new", "old"]);
    }

    #[test]
    fn it_is_swept_once_a_day() {
        let (_dir, store) = store();
        fs::write(store.root().join(LAST_GC), "").unwrap();
        auto(&store);
        assert_eq!(names(&store, "linked"), ["new", "old"]);
        let yesterday = SystemTime::now() - DAY - Duration::from_secs(1);
        File::open(store.root().join(LAST_GC))
            .unwrap()
            .set_modified(yesterday)
            .unwrap();
        auto(&store);
        assert_eq!(names(&store, "linked"), ["new"]);
    }

    #[test]
    fn nothing_is_swept_while_another_uses_the_store() {
        let (_dir, store) = store();
        let lock = store.lock("linked-old", || {}).unwrap();
        auto(&store);
        assert_eq!(names(&store, "linked"), ["new", "old"]);
        drop(lock);
        let old = File::open(store.root().join("locks/linked-old.lock")).unwrap();
        old.set_modified(SystemTime::now() - DAY * 31).unwrap();
        auto(&store);
        assert_eq!(names(&store, "linked"), ["new"]);
        assert_eq!(names(&store, "locks"), [IN_USE]);
    }
}

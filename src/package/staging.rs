//! Writes a release directory: complete or not at all, and never over anything but an older release.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use flate2::{Compression, GzBuilder};
use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::package::{LIST, SUMS};
use crate::toolchain::store::{ExclusiveLock, Store};
use crate::util::error::{Error, Result};
use crate::util::fs::{create_dir, remove_tree};
use crate::util::hash::{hex, sha256_of};

/// A directory that is being made, next to its final path.
#[derive(Debug)]
pub(crate) struct ReleaseDir {
    staged: PathBuf,
    place: PathBuf,
    /// Where an older one is during its replacement, if the system cannot exchange two directories.
    aside: PathBuf,
    /// Keeps other processes from making this directory meanwhile.
    _lock: ExclusiveLock,
}

impl ReleaseDir {
    /// Starts one; nothing appears at the path until [`ReleaseDir::publish`].
    ///
    /// # Errors
    /// Something else exists there, or the parent directory cannot be written.
    pub(crate) fn create(place: &Path, store: &Store, waiting: impl FnOnce()) -> Result<Self> {
        refuse_foreign(place)?;
        let (Some(above), Some(name)) = (place.parent(), place.file_name()) else {
            return Err(Error::usage(format!(
                "{} cannot be a release directory",
                place.display()
            )));
        };
        create_dir(above)?;
        let key = hex(&Sha256::digest(place.as_os_str().as_encoded_bytes())[..8]);
        let lock = store.lock(&format!("dist-{key}"), waiting)?;
        let hidden = |ending: &str| above.join(format!(".{}.{ending}", name.to_string_lossy()));
        let (staged, aside) = (hidden("plugbuild"), hidden("plugbuild-old"));
        // Left by a killed process: we hold the lock, so nobody uses it.
        remove_if_there(&staged)?;
        if is_there(&aside) {
            let to = if is_there(place) { &staged } else { place };
            fs::rename(&aside, to).map_err(|e| Error::io("write", to, e))?;
            remove_if_there(&staged)?;
        }
        fs::create_dir(&staged).map_err(|e| Error::io("create the directory", &staged, e))?;
        Ok(ReleaseDir {
            staged,
            place: place.to_owned(),
            aside,
            _lock: lock,
        })
    }

    /// The path of its files until it is published.
    pub(crate) fn path(&self) -> &Path {
        &self.staged
    }

    /// Copies a file into it.
    ///
    /// # Errors
    /// See [`Error::io`].
    pub(crate) fn copy(&self, from: &Path, name: &str) -> Result<()> {
        let to = self.path().join(name);
        fs::copy(from, &to).map_err(|e| Error::io("write", &to, e))?;
        set_mode(&to)
    }

    /// Writes a text into it.
    ///
    /// # Errors
    /// See [`Error::io`].
    pub(crate) fn write(&self, name: &str, text: &str) -> Result<()> {
        let to = self.path().join(name);
        fs::write(&to, text).map_err(|e| Error::io("write", &to, e))?;
        set_mode(&to)
    }

    /// Writes a JSON document into it.
    ///
    /// # Errors
    /// See [`Error::io`].
    pub(crate) fn write_json(&self, name: &str, value: &Value) -> Result<()> {
        let text = serde_json::to_string_pretty(value).map_err(|e| Error::io("write", name, e))?;
        self.write(name, &format!("{text}\n"))
    }

    /// Creates an archive in it whose bytes depend on the files' contents and names only.
    ///
    /// # Errors
    /// See [`Error::io`].
    pub(crate) fn archive(&self, name: &str, files: &[(&str, &Path)], mtime: u64) -> Result<()> {
        use std::os::unix::fs::PermissionsExt;
        let to = self.path().join(name);
        let failed = |e: io::Error| Error::io("write", &to, e);
        let file = File::create(&to).map_err(failed)?;
        let gzip = GzBuilder::new().mtime(0).write(file, Compression::best());
        let mut tar = tar::Builder::new(gzip);
        for (member, from) in files {
            let bytes = crate::util::regular_file::read_unlimited(from).map_err(|e| Error::io("read", from, e))?;
            let mut header = tar::Header::new_gnu();
            header.set_size(bytes.len() as u64);
            let run = fs::metadata(from).map_err(failed)?.permissions().mode() & 0o100 != 0;
            header.set_mode(if run && !member.ends_with(".so") { 0o755 } else { 0o644 });
            header.set_mtime(mtime);
            header.set_uid(0);
            header.set_gid(0);
            tar.append_data(&mut header, member, bytes.as_slice()).map_err(failed)?;
        }
        let mut file = tar
            .into_inner()
            .and_then(flate2::write::GzEncoder::finish)
            .map_err(failed)?;
        file.flush().map_err(failed)?;
        set_mode(&to)
    }

    /// Writes the checksums of everything in it.
    ///
    /// # Errors
    /// See [`Error::io`].
    pub(crate) fn write_checksums(&self) -> Result<()> {
        let mut text = String::new();
        for name in names(self.path())? {
            text += &format!("{}  {name}\n", sha256_of(&self.path().join(&name))?);
        }
        self.write(SUMS, &text)
    }

    /// Moves it to its final path, replacing an older one.
    ///
    /// # Errors
    /// Somebody else created something there meanwhile, or the rename failed.
    pub(crate) fn publish(self) -> Result<()> {
        refuse_foreign(&self.place)?;
        let failed = |e: io::Error| Error::io("write", &self.place, e);
        if self.place.exists() {
            // What is staged afterwards is the older one; it is deleted when this is dropped.
            swap(&self.staged, &self.place, &self.aside).map_err(failed)
        } else {
            fs::rename(&self.staged, &self.place).map_err(failed)
        }
    }
}

impl Drop for ReleaseDir {
    fn drop(&mut self) {
        // The next one removes whatever is left of it.
        let _ = remove_tree(&self.staged);
    }
}

/// Exchanges two directories, in one step if possible.
fn swap(staged: &Path, place: &Path, aside: &Path) -> io::Result<()> {
    exchange(staged, place).or_else(|_| replace(staged, place, aside))
}

/// In one step, which not every system and file system supports.
fn exchange(one: &Path, other: &Path) -> io::Result<()> {
    #[cfg(any(target_os = "linux", target_vendor = "apple"))]
    {
        use rustix::fs::{CWD, RenameFlags, renameat_with};
        Ok(renameat_with(CWD, one, CWD, other, RenameFlags::EXCHANGE)?)
    }
    #[cfg(not(any(target_os = "linux", target_vendor = "apple")))]
    Err(io::ErrorKind::Unsupported.into())
}

/// The same by renames. Between the first two the path does not exist, as a rename cannot replace a directory that is
/// not empty: a reader finds no release then, and a killed process leaves none until the next [`ReleaseDir::create`],
/// which restores the older one.
fn replace(staged: &Path, place: &Path, aside: &Path) -> io::Result<()> {
    fs::rename(place, aside)?;
    fs::rename(staged, place).inspect_err(|_| {
        // It failed because of the new directory: the older one is restored.
        let _ = fs::rename(aside, place);
    })?;
    // Moved, not removed, so that whatever is set aside is complete. The release exists, even if this fails.
    let _ = fs::rename(aside, staged);
    Ok(())
}

fn is_there(path: &Path) -> bool {
    path.symlink_metadata().is_ok()
}

fn remove_if_there(path: &Path) -> Result<()> {
    if is_there(path) { remove_tree(path) } else { Ok(()) }
}

/// A directory that contains anything but an older release is not ours to replace.
fn refuse_foreign(place: &Path) -> Result<()> {
    let Ok(meta) = place.symlink_metadata() else {
        return Ok(());
    };
    let refused = |what: &str| Err(Error::usage(format!("{} {what}", place.display())));
    let sums = place.join(SUMS);
    if !(meta.is_dir() && place.join(LIST).is_file() && sums.is_file()) {
        let empty = meta.is_dir() && fs::read_dir(place).is_ok_and(|mut entries| entries.next().is_none());
        return match empty {
            true => Ok(()),
            false => refused("exists and is not a release directory of plugbuild")
                .map_err(|e| e.help("name another: `--dist DIR`")),
        };
    }
    let text = crate::util::regular_file::read(&sums).map_err(|e| Error::io("read", &sums, e))?;
    let text = String::from_utf8_lossy(&text);
    let summed: Vec<&str> = text.lines().filter_map(|line| Some(line.split_once("  ")?.1)).collect();
    match unexpected_file(place, |name| name == LIST || summed.contains(&name))? {
        None => Ok(()),
        Some(name) => refused(&format!(
            "contains {name}, which does not belong to the older release there"
        ))
        .map_err(|e| e.help("move it, or create the release elsewhere: `--dist DIR`")),
    }
}

/// The first file of a release directory that its checksums do not cover.
///
/// # Errors
/// See [`names`].
pub(crate) fn unexpected_file(dir: &Path, summed: impl Fn(&str) -> bool) -> Result<Option<String>> {
    // A signature is next to what it signs.
    let known = |name: &String| summed(name) || name.starts_with(SUMS);
    Ok(names(dir)?.into_iter().find(|name| !known(name)))
}

/// The names in a directory, sorted, without the checksums.
///
/// # Errors
/// It cannot be read, or a name is not UTF-8.
pub(crate) fn names(dir: &Path) -> Result<Vec<String>> {
    let mut names = Vec::new();
    for entry in fs::read_dir(dir).map_err(|e| Error::io("read", dir, e))? {
        let entry = entry.map_err(|e| Error::io("read", dir, e))?;
        let name = entry.file_name().into_string();
        names.push(name.map_err(|_| Error::io("read", dir, "a name in it is not text"))?);
    }
    names.retain(|name| name != SUMS);
    names.sort();
    Ok(names)
}

fn set_mode(file: &Path) -> Result<()> {
    use std::os::unix::fs::PermissionsExt;
    fs::set_permissions(file, fs::Permissions::from_mode(0o644)).map_err(|e| Error::io("write", file, e))
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Above(tempfile::TempDir);

    impl Above {
        fn with(releases: &[(&str, &str)]) -> Self {
            let above = Above(tempfile::tempdir().unwrap());
            for (name, content) in releases {
                let folder = above.at(name);
                create_dir(&folder).unwrap();
                for file in [LIST, SUMS] {
                    fs::write(folder.join(file), content).unwrap();
                }
            }
            above
        }

        fn at(&self, name: &str) -> PathBuf {
            self.0.path().join(name)
        }

        fn begin(&self) -> ReleaseDir {
            let store = Store::at(&self.at("store"));
            ReleaseDir::create(&self.at("dist"), &store, || {}).unwrap()
        }

        /// Each existing release, and its contents.
        fn releases(&self) -> Vec<(String, String)> {
            let mut names = names(self.0.path()).unwrap();
            names.retain(|name| name != "store");
            let content = |name: &str| fs::read_to_string(self.at(name).join(LIST)).unwrap_or_default();
            names.into_iter().map(|name| (name.clone(), content(&name))).collect()
        }
    }

    fn only(content: &str) -> Vec<(String, String)> {
        vec![("dist".to_owned(), content.to_owned())]
    }

    #[test]
    fn a_folder_takes_the_place_of_another() {
        for way in [swap, replace] {
            let above = Above::with(&[("dist", "old"), ("new", "new")]);
            way(&above.at("new"), &above.at("dist"), &above.at("aside")).unwrap();
            remove_tree(&above.at("new")).unwrap();
            assert_eq!(above.releases(), only("new"));
        }
    }

    #[test]
    fn where_there_is_no_new_folder_the_older_one_stays() {
        let above = Above::with(&[("dist", "old")]);
        replace(&above.at("none"), &above.at("dist"), &above.at("aside")).unwrap_err();
        assert_eq!(above.releases(), only("old"));
    }

    #[test]
    fn a_file_of_somebody_elses_is_not_replaced_with_the_release_beside_it() {
        let above = Above::with(&[("dist", "old")]);
        let put = |name: &str| fs::write(above.at("dist").join(name), "").unwrap();
        put("SHA256SUMS.sig");
        let folder = above.begin();
        // Between the two it is created there.
        put("extra");
        let error = folder.publish().unwrap_err();
        assert!(
            error
                .message
                .ends_with("dist contains extra, which does not belong to the older release there"),
            "{error}"
        );
        assert_eq!(above.releases(), only("old"));
        let store = Store::at(&above.at("store"));
        assert_eq!(
            ReleaseDir::create(&above.at("dist"), &store, || {})
                .unwrap_err()
                .message,
            error.message
        );
        assert!(above.at("dist/extra").is_file());
    }

    #[test]
    fn what_a_copy_leaves_that_is_killed_while_it_publishes() {
        // After the first rename, after the second, after the third.
        for (left, seen) in [
            ([(".dist.plugbuild-old", "old"), (".dist.plugbuild", "new")], "old"),
            ([(".dist.plugbuild-old", "old"), ("dist", "new")], "new"),
            ([(".dist.plugbuild", "old"), ("dist", "new")], "new"),
        ] {
            let above = Above::with(&left);
            let folder = above.begin();
            assert_eq!(above.releases()[1], only(seen)[0], "{left:?}");
            // It leaves nothing, or a release.
            drop(folder);
            assert_eq!(above.releases(), only(seen), "{left:?}");
            let folder = above.begin();
            for file in [LIST, SUMS] {
                folder.write(file, "newest").unwrap();
            }
            folder.publish().unwrap();
            assert_eq!(above.releases(), only("newest"), "{left:?}");
        }
    }
}

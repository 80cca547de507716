//! Writing a release folder: whole or not at all, over nothing but an older one of ours.

use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};

use flate2::{Compression, GzBuilder};
use serde_json::Value;
use sha2::{Digest, Sha256};

use super::{LIST, SUMS};
use crate::error::{Error, Result};
use crate::toolchain::fetch::{hex, sha256_of};
use crate::toolchain::store::{Lock, Store, create_dir, remove_tree};

/// A folder that is being made, beside the place it will have.
#[derive(Debug)]
pub struct Folder {
    staged: PathBuf,
    place: PathBuf,
    /// No other copy makes this folder meanwhile.
    _lock: Lock,
}

impl Folder {
    /// Begins one; nothing is seen at `place` until [`Folder::publish`].
    ///
    /// # Errors
    /// Something else is there, or the folder above cannot be written.
    pub fn begin(place: &Path, store: &Store, waiting: impl FnOnce()) -> Result<Self> {
        refuse_foreign(place)?;
        let (Some(above), Some(name)) = (place.parent(), place.file_name()) else {
            return Err(Error::usage(format!("{} cannot be a release folder", place.display())));
        };
        create_dir(above)?;
        let key = hex(&Sha256::digest(place.as_os_str().as_encoded_bytes())[..8]);
        let lock = store.lock(&format!("dist-{key}"), waiting)?;
        let staged = above.join(format!(".{}.plugbuild", name.to_string_lossy()));
        // Left by a copy that was killed: we hold the lock, so nobody is at it.
        if staged.symlink_metadata().is_ok() {
            remove_tree(&staged)?;
        }
        fs::create_dir(&staged).map_err(|e| Error::io("make the folder", &staged, e))?;
        Ok(Folder {
            staged,
            place: place.to_owned(),
            _lock: lock,
        })
    }

    /// Where its files are meanwhile.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.staged
    }

    /// Copies a file into it.
    ///
    /// # Errors
    /// See [`Error::io`].
    pub fn copy(&self, from: &Path, name: &str) -> Result<()> {
        let to = self.path().join(name);
        fs::copy(from, &to).map_err(|e| Error::io("write", &to, e))?;
        set_mode(&to)
    }

    /// Writes a text into it.
    ///
    /// # Errors
    /// See [`Error::io`].
    pub fn write(&self, name: &str, text: &str) -> Result<()> {
        let to = self.path().join(name);
        fs::write(&to, text).map_err(|e| Error::io("write", &to, e))?;
        set_mode(&to)
    }

    /// Writes a JSON document into it.
    ///
    /// # Errors
    /// See [`Error::io`].
    pub fn write_json(&self, name: &str, value: &Value) -> Result<()> {
        let text = serde_json::to_string_pretty(value).map_err(|e| Error::io("write", name, e))?;
        self.write(name, &format!("{text}\n"))
    }

    /// Makes an archive in it whose bytes depend on the files' content and names only.
    ///
    /// # Errors
    /// See [`Error::io`].
    pub fn archive(&self, name: &str, files: &[(&str, &Path)], mtime: u64) -> Result<()> {
        use std::os::unix::fs::PermissionsExt;
        let to = self.path().join(name);
        let failed = |e: std::io::Error| Error::io("write", &to, e);
        let file = File::create(&to).map_err(failed)?;
        let gzip = GzBuilder::new().mtime(0).write(file, Compression::best());
        let mut tar = tar::Builder::new(gzip);
        for (member, from) in files {
            let bytes = fs::read(from).map_err(|e| Error::io("read", from, e))?;
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

    /// Writes the sums of everything in it.
    ///
    /// # Errors
    /// See [`Error::io`].
    pub fn sum_up(&self) -> Result<()> {
        let mut text = String::new();
        for name in names(self.path())? {
            text += &format!("{}  {name}\n", sha256_of(&self.path().join(&name))?);
        }
        self.write(SUMS, &text)
    }

    /// Puts it in its place, for an older one there.
    ///
    /// # Errors
    /// Somebody else put something there meanwhile, or the rename failed.
    pub fn publish(self) -> Result<()> {
        refuse_foreign(&self.place)?;
        let failed = |e: std::io::Error| Error::io("write", &self.place, e);
        if self.place.exists() {
            // What is staged afterwards is the older one; it goes when this is dropped.
            swap(&self.staged, &self.place).map_err(failed)
        } else {
            fs::rename(&self.staged, &self.place).map_err(failed)
        }
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // Whatever is left of it is removed by the next one.
        let _ = remove_tree(&self.staged);
    }
}

/// Exchanges two folders in one step where the system can, else in two.
fn swap(one: &Path, other: &Path) -> std::io::Result<()> {
    #[cfg(target_os = "linux")]
    {
        use rustix::fs::{CWD, RenameFlags, renameat_with};
        if renameat_with(CWD, one, CWD, other, RenameFlags::EXCHANGE).is_ok() {
            return Ok(());
        }
    }
    let aside = one.with_extension("old");
    fs::rename(other, &aside)?;
    fs::rename(one, other)?;
    fs::rename(&aside, one)
}

/// A folder that holds anything but an older release is not ours to replace.
fn refuse_foreign(place: &Path) -> Result<()> {
    let foreign = match place.symlink_metadata() {
        Err(_) => return Ok(()),
        Ok(meta) if !meta.is_dir() => true,
        Ok(_) if place.join(LIST).is_file() && place.join(SUMS).is_file() => false,
        Ok(_) => !names(place)?.is_empty(),
    };
    if foreign {
        return Err(Error::usage(format!(
            "{} is there and is no release folder of plugbuild",
            place.display()
        ))
        .help("name another: `--dist DIR`"));
    }
    Ok(())
}

/// The names in a folder, sorted, its sums left out.
///
/// # Errors
/// It cannot be read, or a name is not text.
pub fn names(dir: &Path) -> Result<Vec<String>> {
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

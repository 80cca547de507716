//! Writes a bundle: its bytes depend on its contents only, and it appears by one rename.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::{fs, io};

use flate2::{Compression, GzBuilder};

use crate::toolchain::bundle::{BundleManifest, BundleMember, LIST};
use crate::toolchain::provenance;
use crate::util::error::{Error, Result};
use crate::util::fs::create_dir;
use crate::util::hash::sha256_of;
use crate::util::process::interrupted;

/// No tool has directories as deep; a link to a parent directory has.
const DEEPEST: usize = 64;

/// A bundle that is being written, next to its final path. Deleted when dropped.
#[derive(Debug)]
pub struct Staged {
    staged: PathBuf,
    place: PathBuf,
}

impl Staged {
    /// Starts one. The caller holds a lock for the path.
    ///
    /// # Errors
    /// The path is a directory, or cannot be written.
    pub fn create(place: &Path) -> Result<Self> {
        let (Some(above), Some(name)) = (place.parent(), place.file_name()) else {
            return Err(Error::usage(format!("{} cannot be a bundle", place.display())));
        };
        if place.metadata().is_ok_and(|meta| !meta.is_file()) {
            return Err(Error::usage(format!("{} exists and is not a file", place.display())).help("name another file"));
        }
        create_dir(above)?;
        let staged = above.join(format!(".{}.plugbuild", name.to_string_lossy()));
        File::create(&staged).map_err(|e| Error::io("write", place, e))?;
        Ok(Staged {
            staged,
            place: place.to_owned(),
        })
    }

    /// Its path until it is published.
    pub fn path(&self) -> &Path {
        &self.staged
    }

    /// Writes the list and the members, which are below `dir`.
    ///
    /// # Errors
    /// A member that cannot be read, a full disk, an interruption.
    pub fn write(&self, list: &BundleManifest, dir: &Path) -> Result<()> {
        let failed = |e: io::Error| write_error(&self.place, &e);
        let file = File::create(&self.staged).map_err(failed)?;
        let mut tar = tar::Builder::new(BufWriter::new(file));
        let text = serde_json::to_string_pretty(list).map_err(|e| Error::io("write", LIST, e))? + "\n";
        append(&mut tar, LIST, 0o644, text.len() as u64, text.as_bytes()).map_err(failed)?;
        for member in &list.members {
            let (from, size, _) = opened(&dir.join(&member.file))?;
            append(&mut tar, &member.file, 0o644, size, from).map_err(failed)?;
        }
        let file = tar.into_inner().and_then(|mut out| {
            out.flush()?;
            out.into_inner().map_err(io::IntoInnerError::into_error)
        });
        file.and_then(|file| file.sync_all()).map_err(failed)
    }

    /// Moves it to its final path.
    ///
    /// # Errors
    /// The rename failed.
    pub fn publish(self) -> Result<()> {
        fs::rename(&self.staged, &self.place).map_err(|e| Error::io("write", &self.place, e))
    }
}

impl Drop for Staged {
    fn drop(&mut self) {
        // It no longer exists once it is published.
        let _ = fs::remove_file(&self.staged);
    }
}

/// Packs a tool's directory, following links, into an archive whose bytes depend on names, contents and run bits only.
///
/// # Errors
/// A file that cannot be read or is not regular, a full disk, an interruption.
pub fn tool(root: &Path, to: &Path) -> Result<()> {
    let failed = |e: io::Error| write_error(to, &e);
    let file = BufWriter::new(File::create(to).map_err(failed)?);
    // A higher level takes much longer and saves little.
    let gzip = GzBuilder::new().mtime(0).write(file, Compression::new(4));
    let mut tar = tar::Builder::new(gzip);
    // Where this machine got it from does not concern others.
    let own = files(root)?.into_iter().filter(|(name, _)| name != provenance::FILE);
    for (name, file) in own {
        let (from, size, run) = opened(&file)?;
        append(&mut tar, &name, if run { 0o755 } else { 0o644 }, size, from).map_err(failed)?;
    }
    let out = tar.into_inner().and_then(flate2::write::GzEncoder::finish);
    out.and_then(|mut out| out.flush()).map_err(failed)
}

/// The members below a directory, in order.
///
/// # Errors
/// A file that cannot be read.
pub fn members(dir: &Path) -> Result<Vec<BundleMember>> {
    files(dir)?
        .into_iter()
        .map(|(name, file)| {
            Ok(BundleMember {
                size: opened(&file)?.1,
                sha256: sha256_of(&file)?,
                file: name,
            })
        })
        .collect()
}

/// The files below a directory by relative name, sorted; links are followed.
///
/// # Errors
/// A directory that cannot be read or contains itself; a name that is not UTF-8; anything but files and directories.
pub fn files(dir: &Path) -> Result<Vec<(String, PathBuf)>> {
    let mut found = Vec::new();
    let mut folders = vec![(String::new(), dir.to_owned())];
    while let Some((prefix, folder)) = folders.pop() {
        let unread = |e: io::Error| Error::io("read", &folder, e);
        for entry in fs::read_dir(&folder).map_err(unread)? {
            let path = entry.map_err(unread)?.path();
            let unread = |e: &dyn std::fmt::Display| Error::io("read", &path, e);
            let own = path.file_name().and_then(|name| name.to_str());
            let own = own.ok_or_else(|| unread(&"its name is not text"))?;
            let name = format!("{prefix}{own}");
            let meta = path.metadata().map_err(|e| unread(&e))?;
            if meta.is_file() {
                found.push((name, path));
            } else if meta.is_dir() && name.matches('/').count() < DEEPEST {
                folders.push((format!("{name}/"), path));
            } else {
                return Err(unread(&"it is neither a file nor a directory"));
            }
        }
    }
    found.sort();
    Ok(found)
}

fn opened(path: &Path) -> Result<(File, u64, bool)> {
    let unread = |e: io::Error| Error::io("read", path, e);
    let file = crate::util::regular_file::open(path).map_err(unread)?;
    let meta = file.metadata().map_err(unread)?;
    Ok((file, meta.len(), meta.permissions().mode() & 0o100 != 0))
}

fn write_error(file: &Path, why: &io::Error) -> Error {
    if interrupted() {
        return Error::interrupted();
    }
    Error::io("write", file, why)
}

fn append<W: Write>(
    tar: &mut tar::Builder<W>,
    name: &str,
    mode: u32,
    size: u64,
    from: impl io::Read,
) -> io::Result<()> {
    if interrupted() {
        return Err(io::ErrorKind::Interrupted.into());
    }
    let mut header = tar::Header::new_gnu();
    header.set_size(size);
    header.set_mode(mode);
    header.set_mtime(0);
    header.set_uid(0);
    header.set_gid(0);
    tar.append_data(&mut header, name, from)
}

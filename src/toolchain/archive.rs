//! Unpacking: only of what was verified, only below the folder given, links that leave it refused.

use std::fs::{self, File};
use std::io::{self, BufReader, Read};
use std::path::{Component, Path};

use crate::error::{Error, Result};
use crate::invocation::interrupted;

/// # Errors
/// A damaged archive, an entry that would leave `to`, a full disk.
pub fn unpack_tar_gz(archive: &Path, to: &Path) -> Result<()> {
    unpack_tar(flate2::read::GzDecoder::new(open(archive)?), archive, to)
}

/// # Errors
/// As [`unpack_tar_gz`].
pub fn unpack_tar_xz(archive: &Path, to: &Path) -> Result<()> {
    unpack_tar(lzma_rust2::XzReader::new(open(archive)?, false), archive, to)
}

/// Unpacks the entries below `prefix/` of a zip file (a Python wheel).
///
/// # Errors
/// As [`unpack_tar_gz`].
pub fn unpack_zip(archive: &Path, prefix: &str, to: &Path) -> Result<()> {
    let bad = |why: &dyn std::fmt::Display| Error::network(format!("{} is damaged: {why}", name_of(archive)));
    let mut zip = zip::ZipArchive::new(open(archive)?).map_err(|e| bad(&e))?;
    for index in 0..zip.len() {
        stop_if_interrupted()?;
        let mut entry = zip.by_index(index).map_err(|e| bad(&e))?;
        let Some(name) = entry.enclosed_name() else {
            let name = entry.name().map_err(|e| bad(&e))?;
            return Err(escapes(archive, Path::new(name.as_ref())));
        };
        let Ok(inner) = name.strip_prefix(prefix) else { continue };
        let place = to.join(inner);
        if entry.is_dir() {
            fs::create_dir_all(&place).map_err(|e| Error::io("make the folder", &place, e))?;
            continue;
        }
        if let Some(parent) = place.parent() {
            fs::create_dir_all(parent).map_err(|e| Error::io("make the folder", parent, e))?;
        }
        let mut file = File::create(&place).map_err(|e| Error::io("write", &place, e))?;
        io::copy(&mut entry, &mut file).map_err(|e| Error::io("write", &place, e))?;
    }
    Ok(())
}

fn unpack_tar(from: impl Read, archive: &Path, to: &Path) -> Result<()> {
    let damaged = |why: &io::Error| match why.kind() {
        io::ErrorKind::StorageFull
        | io::ErrorKind::QuotaExceeded
        | io::ErrorKind::FileTooLarge
        | io::ErrorKind::ReadOnlyFilesystem
        | io::ErrorKind::PermissionDenied => Error::io("unpack to", to, cause(why)),
        _ => Error::network(format!("{} cannot be unpacked: {}", name_of(archive), cause(why))),
    };
    fs::create_dir_all(to).map_err(|e| Error::io("make the folder", to, e))?;
    let mut tar = tar::Archive::new(from);
    tar.set_preserve_mtime(false);
    for entry in tar.entries().map_err(|e| damaged(&e))? {
        stop_if_interrupted()?;
        let mut entry = entry.map_err(|e| damaged(&e))?;
        let name = entry.path().map_err(|e| damaged(&e))?.into_owned();
        let link = entry.link_name().map_err(|e| damaged(&e))?;
        let leaves = !stays_inside(&name)
            || link.is_some_and(|link| !stays_inside(&name.parent().unwrap_or(Path::new("")).join(link)));
        if leaves || !entry.unpack_in(to).map_err(|e| damaged(&e))? {
            return Err(escapes(archive, &name));
        }
    }
    Ok(())
}

/// The innermost error: those around it name the staged folder, which is gone when the message is read.
fn cause(why: &io::Error) -> String {
    let mut cause: &dyn std::error::Error = why;
    while let Some(inner) = cause.source() {
        cause = inner;
    }
    cause.to_string()
}

/// Whether a relative path never climbs above where it starts.
fn stays_inside(path: &Path) -> bool {
    let mut depth = 0i32;
    path.components().all(|part| {
        match part {
            Component::Normal(_) => depth += 1,
            Component::ParentDir => depth -= 1,
            Component::CurDir => {}
            Component::RootDir | Component::Prefix(_) => return false,
        }
        depth >= 0
    })
}

fn open(archive: &Path) -> Result<BufReader<File>> {
    File::open(archive)
        .map(BufReader::new)
        .map_err(|e| Error::io("read", archive, e))
}

/// Where it is staged is gone when the message is read.
fn name_of(archive: &Path) -> std::borrow::Cow<'_, str> {
    archive.file_name().unwrap_or_default().to_string_lossy()
}

fn escapes(archive: &Path, entry: &Path) -> Error {
    Error::network(format!(
        "{} is refused: its entry {} leads out of it",
        name_of(archive),
        entry.display()
    ))
}

fn stop_if_interrupted() -> Result<()> {
    if interrupted() {
        Err(Error::interrupted())
    } else {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tar_gz(write: impl FnOnce(&mut tar::Builder<flate2::write::GzEncoder<File>>)) -> tempfile::TempDir {
        let dir = tempfile::tempdir().unwrap();
        let file = File::create(dir.path().join("a.tar.gz")).unwrap();
        let mut builder = tar::Builder::new(flate2::write::GzEncoder::new(file, flate2::Compression::fast()));
        write(&mut builder);
        builder.into_inner().unwrap().finish().unwrap();
        dir
    }

    fn header(name: &str, kind: tar::EntryType) -> tar::Header {
        let mut header = tar::Header::new_gnu();
        // Written raw: `set_path` refuses what this test is about.
        header.as_old_mut().name[..name.len()].copy_from_slice(name.as_bytes());
        header.set_entry_type(kind);
        header.set_mode(0o644);
        header
    }

    #[test]
    fn entries_and_links_that_leave_the_folder_are_refused() {
        type Writer = fn(&mut tar::Builder<flate2::write::GzEncoder<File>>);
        let climbing: Writer = |b| {
            let mut h = header("go/../../evil", tar::EntryType::Regular);
            h.set_size(1);
            h.set_cksum();
            b.append(&h, &b"x"[..]).unwrap();
        };
        let linking: Writer = |b| {
            let mut h = header("go/link", tar::EntryType::Symlink);
            h.set_link_name("../../evil").unwrap();
            h.set_size(0);
            h.set_cksum();
            b.append(&h, &b""[..]).unwrap();
        };
        for write in [climbing, linking] {
            let dir = tar_gz(write);
            let to = dir.path().join("in/to");
            let error = unpack_tar_gz(&dir.path().join("a.tar.gz"), &to).unwrap_err();
            assert!(error.what.contains("leads out of it"), "{error}");
            assert!(!dir.path().join("in/evil").exists() && !dir.path().join("evil").exists());
        }
    }

    #[test]
    fn a_truncated_archive_is_an_error() {
        let dir = tar_gz(|b| {
            let mut h = tar::Header::new_gnu();
            h.set_size(100_000);
            h.set_cksum();
            let noise: Vec<u8> = (0..100_000u32)
                .map(|i| (i.wrapping_mul(2_654_435_761) >> 13) as u8)
                .collect();
            b.append_data(&mut h, "go/x", noise.as_slice()).unwrap();
        });
        let file = dir.path().join("a.tar.gz");
        let bytes = fs::read(&file).unwrap();
        fs::write(&file, &bytes[..bytes.len() / 2]).unwrap();
        assert!(unpack_tar_gz(&file, &dir.path().join("to")).is_err());
    }
}

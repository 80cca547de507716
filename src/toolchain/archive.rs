//! The supported archives, read into one [`Tree`]: tar, optionally packed by gzip or xz, and zip.

use std::fs::File;
use std::io::{BufReader, Read};
use std::path::Path;

use crate::toolchain::unpacked;
use crate::toolchain::unpacked::{Limits, Tree};
use crate::util::error::{Error, ErrorKind, Result};
use crate::util::process::interrupted;

/// The limit for a name or other metadata of one entry, which is read whole.
const EXTENSION: u64 = 64 << 10;

/// The memory limit for unpacking, in KiB.
const XZ_MEMORY: u32 = 256 << 10;

/// # Errors
/// A damaged archive, an entry or link that would leave `to`, more than a toolchain holds, a full disk.
pub fn unpack_tar_gz(archive: &Path, to: &Path) -> Result<()> {
    let from = flate2::read::GzDecoder::new(open(archive)?);
    unpack_tar(from, Limits::TOOL, to).map_err(|why| refused(archive, why))
}

/// # Errors
/// As [`unpack_tar_gz`].
pub fn unpack_tar_xz(archive: &Path, to: &Path) -> Result<()> {
    let from = lzma_rust2::XzReader::new_mem_limit(open(archive)?, false, XZ_MEMORY);
    unpack_tar(from, Limits::TOOL, to).map_err(|why| refused(archive, why))
}

/// Unpacks the entries below `prefix/` of a zip file (a Python wheel).
///
/// # Errors
/// As [`unpack_tar_gz`].
pub fn unpack_zip(archive: &Path, prefix: &str, to: &Path) -> Result<()> {
    let from = open(archive)?;
    unzip(from, prefix, Limits::TOOL, to).map_err(|why| refused(archive, why))
}

fn unzip(from: BufReader<File>, prefix: &str, limits: Limits, to: &Path) -> Result<()> {
    let mut zip = zip::ZipArchive::new(from).map_err(|e| damaged(&e))?;
    limits.entries(zip.len())?;
    let mut tree = Tree::new(to, limits)?;
    for index in 0..zip.len() {
        stop_if_interrupted()?;
        let mut entry = zip.by_index(index).map_err(|e| damaged(&e))?;
        let name = entry.name().map_err(|e| damaged(&e))?.into_owned();
        let Some(inner) = unpacked::plain(name.as_bytes())?
            .strip_prefix(prefix)
            .map(str::to_owned)
        else {
            continue;
        };
        let Some(inner) = inner.strip_prefix('/').or(Some("").filter(|_| inner.is_empty())) else {
            continue;
        };
        let mode = entry.unix_mode().unwrap_or(0o644);
        if entry.is_dir() {
            tree.create_dir(inner)?;
        } else if entry.is_symlink() {
            let mut target = Vec::new();
            (&mut entry)
                .take(EXTENSION)
                .read_to_end(&mut target)
                .map_err(|e| damaged(&e))?;
            tree.link(inner, &target)?;
        } else {
            tree.file(inner, mode, &mut entry)?;
        }
    }
    tree.finish()
}

fn unpack_tar(from: impl Read, limits: Limits, to: &Path) -> Result<()> {
    let mut tree = Tree::new(to, limits)?;
    for_each_entry(from, limits, |entry| {
        let name = unpacked::plain(&entry.name)?;
        match entry.kind {
            tar::EntryType::Regular | tar::EntryType::Continuous => tree.file(&name, entry.mode, entry.content),
            tar::EntryType::Directory => tree.create_dir(&name),
            tar::EntryType::Symlink => tree.link(&name, &entry.link),
            // Toolchains do not need hard links.
            _ => Err(Error::integrity(format!(
                "its entry {name} is neither a file nor a directory"
            ))),
        }
    })?;
    tree.finish()
}

/// An entry of a tar archive, with long names from the entries before it resolved.
pub struct Entry<'a> {
    pub name: Vec<u8>,
    pub kind: tar::EntryType,
    pub link: Vec<u8>,
    pub mode: u32,
    pub content: &'a mut dyn Read,
}

/// Passes on each entry of a tar archive, within the limits. What the tar crate would read whole is read here, with a
/// limit.
///
/// # Errors
/// An error of `take`, a damaged archive, too many entries, too much data.
pub fn for_each_entry(from: impl Read, limits: Limits, mut take: impl FnMut(Entry) -> Result<()>) -> Result<()> {
    let mut tar = tar::Archive::new(limits.bounded(from));
    let (mut name, mut link) = (None, None);
    for (count, entry) in tar.entries().map_err(|e| damaged(&e))?.raw(true).enumerate() {
        stop_if_interrupted()?;
        limits.entries(count + 1)?;
        let mut entry = entry.map_err(|e| damaged(&e))?;
        let kind = entry.header().entry_type();
        if (kind.is_gnu_longname() || kind.is_gnu_longlink() || kind.is_pax_local_extensions())
            && entry.size() > EXTENSION
        {
            let what = format!("a name in it has {} bytes", entry.size());
            return Err(Error::integrity(what));
        }
        if kind.is_gnu_longname() {
            name = Some(c_string(&mut entry)?);
        } else if kind.is_gnu_longlink() {
            link = Some(c_string(&mut entry)?);
        } else if kind.is_pax_local_extensions() {
            for field in entry.pax_extensions().map_err(|e| damaged(&e))?.into_iter().flatten() {
                let field = field.map_err(|e| damaged(&e))?;
                match field.key_bytes() {
                    b"path" => name = Some(field.value_bytes().to_owned()),
                    b"linkpath" => link = Some(field.value_bytes().to_owned()),
                    // Readers that disagree about it see different entries.
                    key if key == b"size" || key.starts_with(b"GNU.sparse") => {
                        let what = "an entry's size differs from its header";
                        return Err(Error::integrity(what));
                    }
                    _ => {}
                }
            }
        } else if !kind.is_pax_global_extensions() {
            let header = entry.header();
            let (name, link) = (name.take(), link.take());
            take(Entry {
                name: name.unwrap_or_else(|| header.path_bytes().into_owned()),
                kind,
                link: link.unwrap_or_else(|| header.link_name_bytes().unwrap_or_default().into_owned()),
                mode: header.mode().unwrap_or(0o644),
                content: &mut entry,
            })?;
        }
    }
    Ok(())
}

/// The content up to its first zero byte.
fn c_string(content: &mut impl Read) -> Result<Vec<u8>> {
    let mut text = Vec::new();
    content.read_to_end(&mut text).map_err(|e| damaged(&e))?;
    text.truncate(text.iter().position(|byte| *byte == 0).unwrap_or(text.len()));
    Ok(text)
}

fn open(archive: &Path) -> Result<BufReader<File>> {
    File::open(archive)
        .map(BufReader::new)
        .map_err(|e| Error::io("read", archive, e))
}

fn damaged(why: &dyn std::fmt::Display) -> Error {
    Error::integrity(format!("it is damaged: {why}"))
}

/// Names the archive, not its staging path, which no longer exists when the user reads this.
fn refused(archive: &Path, why: Error) -> Error {
    let name = archive.file_name().unwrap_or_default().to_string_lossy();
    match why.kind {
        ErrorKind::Integrity => Error {
            message: format!("{name} is refused: {why}"),
            ..why
        },
        ErrorKind::Io => Error {
            message: format!("cannot unpack {name}: {why}"),
            ..why
        },
        _ => why,
    }
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
    use std::fs;

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
            assert!(error.message.contains("leads out of it"), "{error}");
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

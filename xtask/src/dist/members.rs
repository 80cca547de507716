//! Archives whose bytes depend on their members alone: no time, no owner, fixed modes.

use std::fs::File;
use std::io::{self, Write};
use std::path::Path;

use flate2::{Compression, GzBuilder};
use plugbuild::util::error::{Error, Result};
use zip::write::SimpleFileOptions;
use zip::{DateTime, ZipWriter};

/// A file in an archive: its name, its bytes, its mode.
pub(super) struct Member {
    pub(super) name: String,
    pub(super) bytes: Vec<u8>,
    pub(super) mode: u32,
}

impl Member {
    pub(super) fn new(name: impl Into<String>, bytes: impl Into<Vec<u8>>) -> Member {
        Member {
            name: name.into(),
            bytes: bytes.into(),
            mode: 0o644,
        }
    }

    pub(super) fn program(name: impl Into<String>, bytes: impl Into<Vec<u8>>) -> Member {
        Member {
            mode: 0o755,
            ..Member::new(name, bytes)
        }
    }
}

/// Writes a zip of the members, in the order given.
pub(super) fn zip(to: &Path, members: &[Member]) -> Result<()> {
    let file = File::create(to).map_err(|e| Error::io("create", to, e))?;
    let mut zip = ZipWriter::new(file);
    let options = SimpleFileOptions::default().last_modified_time(DateTime::default());
    let mut add = |member: &Member| -> zip::result::ZipResult<()> {
        zip.start_file(member.name.as_str(), options.unix_permissions(member.mode))?;
        Ok(zip.write_all(&member.bytes)?)
    };
    let added = members.iter().try_for_each(&mut add);
    added
        .and_then(|()| zip.finish())
        .map_err(|e| Error::io("write", to, e))?;
    Ok(())
}

/// Writes a gzipped tar of the members, in the order given.
pub(super) fn tar_gz(to: &Path, members: &[Member]) -> Result<()> {
    let write = || -> io::Result<()> {
        let gzip = GzBuilder::new().mtime(0).write(File::create(to)?, Compression::best());
        let mut tar = tar::Builder::new(gzip);
        for member in members {
            let mut header = tar::Header::new_gnu();
            header.set_size(member.bytes.len() as u64);
            header.set_mode(member.mode);
            header.set_mtime(0);
            header.set_uid(0);
            header.set_gid(0);
            tar.append_data(&mut header, &member.name, member.bytes.as_slice())?;
        }
        tar.into_inner()?.finish()?.flush()
    };
    write().map_err(|e| Error::io("write", to, e))
}

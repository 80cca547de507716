//! Reading a user's file: only a regular file, and only up to a sane size.
//!
//! A pipe or a device in its place would block forever or fill the memory.

use std::fs::{File, FileType, OpenOptions};
use std::io::{Error, ErrorKind, Read, Result};
use std::os::unix::fs::{FileTypeExt, OpenOptionsExt};
use std::path::Path;

use rustix::fs::OFlags;

use crate::util::ui::waits_for;

/// More than any source file, settings file or list of modules has.
const LIMIT: u64 = 64 << 20;

/// Whether a file of any kind exists here. One that is not regular is refused when it is read, instead of being
/// ignored here.
pub fn is_there(path: impl AsRef<Path>) -> bool {
    path.as_ref().metadata().is_ok_and(|meta| !meta.is_dir())
}

/// Opens a regular file; anything else is refused without waiting.
///
/// # Errors
/// It cannot be opened, or is something else: a named pipe, a device, a directory.
pub fn open(path: impl AsRef<Path>) -> Result<File> {
    let path = path.as_ref();
    // Without the flag, opening a pipe waits for a writer.
    let flags = i32::try_from(OFlags::NONBLOCK.bits()).map_err(Error::other)?;
    let file = OpenOptions::new().read(true).custom_flags(flags).open(path)?;
    let kind = file.metadata()?.file_type();
    if kind.is_file() {
        Ok(file)
    } else {
        Err(not_regular(kind))
    }
}

/// The same, or a pipe: a log or version text may come from a process. It waits for the pipe's writer, so call it
/// where a signal ends the wait.
///
/// # Errors
/// See [`open`].
pub fn open_or_pipe(path: impl AsRef<Path>) -> Result<File> {
    let path = path.as_ref();
    if path.metadata()?.file_type().is_fifo() {
        if !is_passed_on(path) {
            waits_for(path);
        }
        File::open(path)
    } else {
        open(path)
    }
}

/// Whether it is a shell's `<(…)` or `/dev/stdin`, which exist for this run only.
fn is_passed_on(path: &Path) -> bool {
    path.starts_with("/dev/fd") || path.starts_with("/proc/self/fd") || path == Path::new("/dev/stdin")
}

/// Reads a whole file, including one passed on by a shell.
///
/// # Errors
/// See [`open`]; or it is larger than 64 MiB.
pub fn read(path: impl AsRef<Path>) -> Result<Vec<u8>> {
    let path = path.as_ref();
    let file = if is_passed_on(path) {
        open_or_pipe(path)?
    } else {
        open(path)?
    };
    let mut bytes = Vec::new();
    file.take(LIMIT + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > LIMIT {
        return Err(Error::new(
            ErrorKind::FileTooLarge,
            format!("it is larger than {} MiB", LIMIT >> 20),
        ));
    }
    Ok(bytes)
}

/// Reads a whole file of any size, such as one that a build embeds.
///
/// # Errors
/// See [`open`].
pub fn read_unlimited(path: impl AsRef<Path>) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    open(path)?.read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// Reads a whole file as text.
///
/// # Errors
/// See [`read`]; or it is not UTF-8.
pub fn read_to_string(path: impl AsRef<Path>) -> Result<String> {
    String::from_utf8(read(path)?).map_err(|_| Error::new(ErrorKind::InvalidData, "stream did not contain valid UTF-8"))
}

fn not_regular(kind: FileType) -> Error {
    let (what, error) = match kind {
        kind if kind.is_dir() => ("a directory", ErrorKind::IsADirectory),
        kind if kind.is_fifo() => ("a named pipe", ErrorKind::InvalidInput),
        kind if kind.is_socket() => ("a socket", ErrorKind::InvalidInput),
        _ => ("a device", ErrorKind::InvalidInput),
    };
    Error::new(error, format!("it is {what}, not a regular file"))
}

//! Writing a file of the user's: whole or not at all, through links, and with the mode it has.

use std::fs::{self, Permissions};
use std::io::{self, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use crate::error::{Error, Result};

/// Puts a text in a file, by one rename.
///
/// # Errors
/// Its folder cannot be written.
pub fn overwrite(file: &Path, text: &str) -> Result<()> {
    put(file, text).map_err(|e| Error::io("write", file, e))
}

fn put(file: &Path, text: &str) -> io::Result<()> {
    let file = real(file)?;
    let dir = file.parent().unwrap_or(Path::new("/"));
    let mode = match fs::metadata(&file) {
        Ok(meta) => meta.permissions(),
        Err(_) => Permissions::from_mode(0o644),
    };
    let mut staged = tempfile::Builder::new().prefix(".plugbuild-").tempfile_in(dir)?;
    staged.write_all(text.as_bytes())?;
    staged.as_file().set_permissions(mode)?;
    staged.persist(&file)?;
    Ok(())
}

/// The file that a link stands for is the one to change.
fn real(file: &Path) -> io::Result<PathBuf> {
    match file.canonicalize() {
        Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(file.to_owned()),
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_stays_a_link_and_a_mode_a_mode() {
        let dir = tempfile::tempdir().unwrap();
        let (file, link) = (dir.path().join("file"), dir.path().join("link"));
        overwrite(&file, "1").unwrap();
        assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o644);
        fs::set_permissions(&file, Permissions::from_mode(0o600)).unwrap();
        std::os::unix::fs::symlink(&file, &link).unwrap();
        overwrite(&link, "2").unwrap();
        assert!(link.is_symlink());
        assert_eq!(fs::read_to_string(&file).unwrap(), "2");
        assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 2, "something staged is left");
        let error = overwrite(&file.join("none"), "3").unwrap_err();
        assert!(error.what.contains("cannot write"), "{error}");
    }
}

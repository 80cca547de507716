//! Writing a user's file: atomically, through links, and with its mode kept.

use std::fs::Permissions;
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::{fs, io};

use crate::util::error::{Error, Result};

/// Replaces a file's content by one rename.
///
/// # Errors
/// The directory cannot be written.
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

/// The target of a link is the file to change.
fn real(file: &Path) -> io::Result<PathBuf> {
    match file.canonicalize() {
        Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(file.to_owned()),
        other => other,
    }
}

/// Checks that a directory can be written or created, without creating it.
///
/// # Errors
/// The system's error.
pub fn check_writable(dir: &Path) -> std::io::Result<()> {
    use rustix::fs::{Access, access};
    let there = dir.ancestors().find(|dir| dir.exists());
    let dir = there
        .filter(|dir| !dir.as_os_str().is_empty())
        .unwrap_or(Path::new("."));
    if !dir.is_dir() {
        return Err(std::io::ErrorKind::NotADirectory.into());
    }
    Ok(access(dir, Access::WRITE_OK | Access::EXEC_OK)?)
}

/// `mkdir -p` with our error.
///
/// # Errors
/// The directory cannot be created.
pub fn create_dir(dir: &Path) -> Result<()> {
    fs::create_dir_all(dir).map_err(|e| Error::io("create the directory", dir, e))
}

/// Removes a tree, including directories without write permission (Go unpacks modules that way).
///
/// # Errors
/// Something in it cannot be removed.
pub fn remove_tree(path: &Path) -> Result<()> {
    use std::os::unix::fs::PermissionsExt;
    let meta = path.symlink_metadata().map_err(|e| Error::io("remove", path, e))?;
    if !meta.is_dir() {
        return fs::remove_file(path).map_err(|e| Error::io("remove", path, e));
    }
    if meta.permissions().mode() & 0o700 != 0o700 {
        let _ = fs::set_permissions(path, fs::Permissions::from_mode(0o700));
    }
    for entry in fs::read_dir(path).map_err(|e| Error::io("remove", path, e))? {
        remove_tree(&entry.map_err(|e| Error::io("remove", path, e))?.path())?;
    }
    fs::remove_dir(path).map_err(|e| Error::io("remove", path, e))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn overwrite_keeps_links_and_modes() {
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
        assert!(error.message.contains("cannot write"), "{error}");
    }
}

//! Where the go command looks for packages.

use std::path::{Path, PathBuf};

/// The subdirectories that the go command treats as packages, sorted in reverse.
pub(crate) fn package_dirs_below(dir: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(dir).into_iter().flatten().flatten();
    let mut dirs: Vec<_> = entries
        .filter(|entry| {
            let name = entry.file_name();
            let name = name.to_string_lossy();
            let skipped = name.starts_with(['.', '_']) || matches!(&*name, "vendor" | "testdata" | "node_modules");
            !skipped && entry.file_type().is_ok_and(|kind| kind.is_dir())
        })
        .map(|entry| entry.path())
        .collect();
    dirs.sort();
    dirs.reverse();
    dirs
}

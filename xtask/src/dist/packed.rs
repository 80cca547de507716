//! The archive of a target: its name, what it holds, and its bytes, which depend on nothing else.

use std::fs;
use std::path::{Path, PathBuf};

use plugbuild::package::staging::ReleaseDir;
use plugbuild::toolchain::store::Store;
use plugbuild::util::error::{Error, Result};

use super::{VERSION, inside, name};

/// The folder in a target's archive, which is also the archive's name without its ending.
pub(super) fn stem(target: &str) -> String {
    format!("plugbuild-{VERSION}-{target}")
}

/// Packs a binary with the licence, the completions and the man pages that are in `out`.
pub(super) fn archive(target: &str, binary: &Path, root: &Path, out: &Path) -> Result<PathBuf> {
    let mut files = vec![("plugbuild".to_owned(), binary.to_owned())];
    files.push(("LICENSE".to_owned(), root.join("LICENSE")));
    for folder in ["completions", "man"] {
        let all = inside(&out.join(folder))?;
        files.extend(all.into_iter().map(|file| (format!("{folder}/{}", name(&file)), file)));
    }
    let stem = stem(target);
    let members: Vec<(String, PathBuf)> = files
        .into_iter()
        .map(|(member, file)| (format!("{stem}/{member}"), file))
        .collect();
    let members: Vec<(&str, &Path)> = members
        .iter()
        .map(|(member, file)| (member.as_str(), file.as_path()))
        .collect();
    let archive = format!("{stem}.tar.gz");
    let work = tempfile::tempdir_in(out).map_err(|e| Error::io("write", out, e))?;
    let staged = ReleaseDir::create(&work.path().join("packed"), &Store::at(work.path()), || {})?;
    staged.archive(&archive, &members, 0)?;
    let to = out.join(&archive);
    fs::rename(staged.path().join(&archive), &to).map_err(|e| Error::io("write", &to, e))?;
    Ok(to)
}

//! The archive of a target: its name, and what it holds.

use std::path::{Path, PathBuf};

use plugbuild::util::error::Result;

use super::members::{self, Member};
use super::{VERSION, inside, name, read};

/// The folder in a target's archive, which is also the archive's name without its ending.
pub(super) fn stem(target: &str) -> String {
    format!("plugbuild-{VERSION}-{target}")
}

/// Packs a binary with the licence, the completions and the man pages that are in `out`.
pub(super) fn archive(target: &str, binary: &Path, root: &Path, out: &Path) -> Result<PathBuf> {
    let stem = stem(target);
    let mut all = vec![
        Member::program(format!("{stem}/plugbuild"), read(binary)?),
        Member::new(format!("{stem}/LICENSE"), read(&root.join("LICENSE"))?),
    ];
    for folder in ["completions", "man"] {
        for file in inside(&out.join(folder))? {
            all.push(Member::new(format!("{stem}/{folder}/{}", name(&file)), read(&file)?));
        }
    }
    let to = out.join(format!("{stem}.tar.gz"));
    members::tar_gz(&to, &all)?;
    Ok(to)
}

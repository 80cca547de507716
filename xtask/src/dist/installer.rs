//! The install script: the archive of each machine, by its checksum.

use std::path::PathBuf;

use plugbuild::util::error::Result;
use plugbuild::util::hash::sha256_of;

use super::formula::release_url;
use super::{VERSION, platform};

/// The script of these targets' archives.
pub(super) fn text(repository: &str, archives: &[(&str, PathBuf)]) -> Result<String> {
    let mut cases = Vec::new();
    for (target, archive) in archives {
        let sum = sha256_of(archive)?;
        cases.push(format!(
            "        {}) target={target} sum={sum} ;;",
            platform::of(target)?.uname
        ));
    }
    Ok(include_str!("install.sh.txt")
        .replace("@VERSION@", VERSION)
        .replace("@REPOSITORY@", repository)
        .replace("@URL@", &release_url(repository))
        .replace("@MACHINES@", &cases.join("\n")))
}

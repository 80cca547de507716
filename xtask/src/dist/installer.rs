//! The install script: the archive of each machine, by its checksum.

use std::path::PathBuf;

use plugbuild::util::error::{Error, Result};
use plugbuild::util::hash::sha256_of;

use super::VERSION;
use super::formula::release_url;

/// What `uname -s`-`uname -m` says on a machine that a target's binary is for.
fn machines(target: &str) -> Result<&'static str> {
    Ok(match target {
        "x86_64-unknown-linux-musl" => "Linux-x86_64|Linux-amd64",
        "aarch64-unknown-linux-musl" => "Linux-aarch64|Linux-arm64",
        "x86_64-apple-darwin" => "Darwin-x86_64",
        "aarch64-apple-darwin" => "Darwin-arm64",
        _ => return Err(Error::usage(format!("no machine is known for {target}"))),
    })
}

/// The script of these targets' archives.
pub(super) fn text(repository: &str, archives: &[(&str, PathBuf)]) -> Result<String> {
    let mut cases = Vec::new();
    for (target, archive) in archives {
        let sum = sha256_of(archive)?;
        cases.push(format!("        {}) target={target} sum={sum} ;;", machines(target)?));
    }
    Ok(include_str!("install.sh.txt")
        .replace("@VERSION@", VERSION)
        .replace("@REPOSITORY@", repository)
        .replace("@URL@", &release_url(repository))
        .replace("@MACHINES@", &cases.join("\n")))
}

//! The Python wheel of a target: the static binary as the program that pip, pipx and uv put on PATH.
//!
//! The layout is PEP 427's, the metadata is version 2.4 of the core metadata (PEP 639 for the licence).

use std::path::{Path, PathBuf};

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use plugbuild::util::error::Result;
use sha2::{Digest, Sha256};

use super::members::{self, Member};
use super::{VERSION, platform, read};

/// Packs a binary.
pub(super) fn pack(target: &str, binary: &Path, root: &Path, out: &Path, repository: &str) -> Result<PathBuf> {
    let tags = platform::of(target)?.wheel;
    let info = format!("plugbuild-{VERSION}.dist-info");
    let mut metadata = metadata(repository).into_bytes();
    metadata.extend(read(&root.join("README.md"))?);
    let mut members = vec![
        Member::program(format!("plugbuild-{VERSION}.data/scripts/plugbuild"), read(binary)?),
        Member::new(format!("{info}/METADATA"), metadata),
        Member::new(format!("{info}/WHEEL"), wheel(tags)),
        Member::new(format!("{info}/licenses/LICENSE"), read(&root.join("LICENSE"))?),
    ];
    let record = format!("{info}/RECORD");
    members.push(Member::new(&record, listed(&members) + &record + ",,\n"));
    let to = out.join(format!("plugbuild-{VERSION}-py3-none-{}.whl", tags.join(".")));
    members::zip(&to, &members)?;
    Ok(to)
}

/// The record's lines: each member with its checksum and its size in bytes.
fn listed(members: &[Member]) -> String {
    let line = |member: &Member| {
        let sum = BASE64_URL_SAFE_NO_PAD.encode(Sha256::digest(&member.bytes));
        format!("{},sha256={sum},{}\n", member.name, member.bytes.len())
    };
    members.iter().map(line).collect()
}

fn metadata(repository: &str) -> String {
    let link = match repository {
        "" => String::new(),
        url => format!("Project-URL: Repository, {url}\n"),
    };
    format!(
        "Metadata-Version: 2.4
Name: plugbuild
Version: {VERSION}
Summary: {}
License-Expression: {}
License-File: LICENSE
{link}Requires-Python: >=3.7
Description-Content-Type: text/markdown

",
        env!("CARGO_PKG_DESCRIPTION"),
        env!("CARGO_PKG_LICENSE"),
    )
}

fn wheel(platforms: &[&str]) -> String {
    let tags: String = platforms.iter().map(|name| format!("Tag: py3-none-{name}\n")).collect();
    format!("Wheel-Version: 1.0\nGenerator: plugbuild-xtask {VERSION}\nRoot-Is-Purelib: false\n{tags}")
}

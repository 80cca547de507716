//! `package --check`: whether a release directory is complete, and its documents agree with its files.

use std::collections::BTreeMap;
use std::path::Path;
use std::{fs, io};

use serde_json::Value;

use crate::binary::Binary;
use crate::binary::buildinfo::BuildInfo;
use crate::package::{ArtifactEntry, LIST, Manifest, PROVENANCE, SCHEMA_VERSION, SUMS, sbom, staging};
use crate::util::error::{Error, ErrorKind, Result};
use crate::util::hash::sha256_of;

/// Checks a directory; returns the entries that were verified.
///
/// # Errors
/// The first problem.
pub(crate) fn check(dir: &Path) -> Result<Vec<ArtifactEntry>> {
    entries(dir).map_err(|e| {
        e.help_if_none("copy it again from where it was made, or make it again: `plugbuild package --dist DIR`")
    })
}

fn entries(dir: &Path) -> Result<Vec<ArtifactEntry>> {
    let sums = sums(dir)?;
    for (name, want) in &sums {
        let have = sha256_of(&dir.join(name)).map_err(|_| integrity_error(dir, format!("{name} is missing")))?;
        if have != *want {
            return Err(integrity_error(
                dir,
                format!("{name} does not match {SUMS}: its SHA-256 is {have}"),
            ));
        }
    }
    if let Some(name) = staging::unexpected_file(dir, |name| sums.contains_key(name))? {
        return Err(
            integrity_error(dir, format!("{name} is not in {SUMS}")).help("move it: it is not part of the release")
        );
    }
    let list: Manifest = read_json(dir, LIST)?;
    if list.schema_version != SCHEMA_VERSION {
        let what = format!(
            "{LIST} has the schema version {}, this plugbuild knows {SCHEMA_VERSION}",
            list.schema_version
        );
        return Err(integrity_error(dir, what).help("check it with the plugbuild that made it"));
    }
    let statements = statements(dir)?;
    for entry in &list.artifacts {
        check_entry(dir, entry, &sums, &statements)?;
    }
    Ok(list.artifacts)
}

fn check_entry(dir: &Path, entry: &ArtifactEntry, sums: &BTreeMap<String, String>, statements: &[Value]) -> Result<()> {
    let problem = |what: &str| integrity_error(dir, format!("{}: {what}", entry.file));
    if sums.get(&entry.file) != Some(&entry.sha256) {
        return Err(problem(&format!("{LIST} and {SUMS} differ")));
    }
    let unpacked = tempfile::tempdir().map_err(|e| Error::io("create", "a temporary directory", e))?;
    let file = match &entry.member {
        None => dir.join(&entry.file),
        Some(member) => {
            let to = unpacked.path().join("plugin.so");
            unpack_member(&dir.join(&entry.file), &member.file, &to)?;
            to
        }
    };
    if sha256_of(&file)? != entry.plugin_sha256() {
        return Err(problem("the plugin in it is not the one that was put in"));
    }
    let binary = Binary::open(&file)?;
    let go = binary.go_version();
    let another = go
        .as_ref()
        .is_some_and(|go| go.split([' ', '-']).next() != Some(&format!("go{}", entry.go)));
    if another || binary.image().arch() != entry.target.arch {
        let go = go.unwrap_or_default();
        return Err(problem(&format!(
            "it is a plugin of {go} for {}",
            binary.image().arch()
        )));
    }
    let document: Value = read_json(dir, &entry.sbom)?;
    // Plugins of Go 1.20 and older do not record their modules.
    let differs = |info: BuildInfo| sbom::modules_of(&document) != sbom::modules_in(&info);
    if binary.build_info().is_ok_and(differs) {
        return Err(problem(&format!(
            "{} does not list the modules that are in it",
            entry.sbom
        )));
    }
    let about = |statement: &&Value| {
        let subjects = statement["subject"].as_array().into_iter().flatten();
        subjects
            .into_iter()
            .any(|s| s["name"] == entry.file.as_str() && s["digest"]["sha256"] == entry.sha256.as_str())
    };
    if !statements.iter().any(|statement| about(&statement)) {
        return Err(problem(&format!("{PROVENANCE} does not mention it")));
    }
    Ok(())
}

/// Piece by piece: the size that an archive states is not trusted.
fn unpack_member(archive: &Path, name: &str, to: &Path) -> Result<()> {
    let failed = |e: std::io::Error| Error::io("read", archive, e);
    let file = crate::util::regular_file::open(archive).map_err(failed)?;
    let mut tar = tar::Archive::new(flate2::read::GzDecoder::new(file));
    for entry in tar.entries().map_err(failed)? {
        let mut entry = entry.map_err(failed)?;
        if entry.path().is_ok_and(|path| path == Path::new(name)) {
            let mut out = fs::File::create(to).map_err(|e| Error::io("write", to, e))?;
            return io::copy(&mut entry, &mut out).map(drop).map_err(failed);
        }
    }
    Err(integrity_error(archive, format!("it does not contain {name}")))
}

fn sums(dir: &Path) -> Result<BTreeMap<String, String>> {
    let path = dir.join(SUMS);
    let text = crate::util::regular_file::read_to_string(&path)
        .map_err(|e| Error::io("read", &path, e).help("give a directory that `plugbuild package` made"))?;
    (1..)
        .zip(text.lines())
        .map(|(number, line)| {
            let (sum, name) = line.split_once("  ").ok_or_else(|| {
                let what = match line.trim().is_empty() {
                    true => "is empty".to_owned(),
                    false => format!("is not a checksum, two spaces and a name: `{line}`"),
                };
                integrity_error(dir, format!("line {number} of {SUMS} {what}"))
            })?;
            // A name is resolved in this directory, whatever it contains.
            if name.contains('/') || name.starts_with('.') {
                return Err(integrity_error(dir, format!("{SUMS} names a file elsewhere: {name}")));
            }
            Ok((name.to_owned(), sum.to_owned()))
        })
        .collect()
}

fn statements(dir: &Path) -> Result<Vec<Value>> {
    let path = dir.join(PROVENANCE);
    let text = crate::util::regular_file::read_to_string(&path).map_err(|e| Error::io("read", &path, e))?;
    text.lines()
        .map(|line| serde_json::from_str(line).map_err(|e| integrity_error(dir, format!("{PROVENANCE}: {e}"))))
        .collect()
}

fn read_json<T: serde::de::DeserializeOwned>(dir: &Path, name: &str) -> Result<T> {
    let path = dir.join(name);
    let text = crate::util::regular_file::read_to_string(&path).map_err(|e| Error::io("read", &path, e))?;
    serde_json::from_str(&text).map_err(|e| integrity_error(dir, format!("{name}: {e}")))
}

fn integrity_error(dir: &Path, what: String) -> Error {
    Error::new(ErrorKind::Integrity, format!("{}: {what}", dir.display()))
}

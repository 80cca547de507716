//! A release that was read from the gateway's own module, in a directory of the store: written and read.

use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::matrix::module_facts::{MODULES, ModuleFacts, SUMS, is_h1};
use crate::matrix::release::Release;
use crate::matrix::sums;
use crate::matrix::upstream::Upstream;
use crate::util::error::{Error, Result};
use crate::util::fs::overwrite;
use crate::util::regular_file::read_to_string;

/// The directory of all in the store; each is in one by its version.
pub const FOLDER: &str = "releases";

const SCHEMA_VERSION: u32 = 1;

const ROW: &str = "release.json";

/// The files of one release.
pub const FILES: [&str; 3] = [ROW, MODULES, SUMS];

#[derive(Serialize, Deserialize)]
struct File {
    schema_version: u32,
    module: ModuleFacts,
    release: Release,
}

/// Writes a release into an empty directory.
///
/// # Errors
/// The row makes no sense, or the directory cannot be written.
pub fn write(module: ModuleFacts, release: Release, from: &Upstream, dir: &Path) -> Result<()> {
    release.check().map_err(Error::integrity)?;
    let modules: String = from.modules.iter().map(|row| format!("{row}\n")).collect();
    let file = File {
        schema_version: SCHEMA_VERSION,
        module,
        release,
    };
    let row = serde_json::to_string_pretty(&file).map_err(|e| Error::io("write", dir.join(ROW), e))?;
    overwrite(&dir.join(ROW), &format!("{row}\n"))?;
    overwrite(&dir.join(MODULES), &modules)?;
    overwrite(&dir.join(SUMS), &sums::text_of(&from.sums))
}

/// The release in a directory; `None` if that is not one that this plugbuild has written whole.
pub fn read(dir: &Path) -> Option<Release> {
    let text = read_to_string(dir.join(ROW)).ok()?;
    let file: File = serde_json::from_str(&text).ok()?;
    let is_its = dir.file_name()?.to_str()? == file.release.version.to_string();
    let facts = ModuleFacts {
        dir: dir.to_owned(),
        ..file.module
    };
    let release = file.release;
    let is_sound = file.schema_version == SCHEMA_VERSION && is_h1(&facts.h1) && release.check().is_ok();
    let is_official = release.name.is_none() && release.modules.is_none();
    let is_whole = FILES.iter().all(|name| dir.join(name).is_file());
    (is_its && is_sound && is_official && is_whole).then_some(Release {
        from_module: Some(facts),
        ..release
    })
}

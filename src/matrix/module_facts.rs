//! A release that was read from the gateway's own module: its files in a directory, written and read.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::matrix::modules::ModuleRow;
use crate::matrix::upstream::{Sums, Upstream};
use crate::matrix::{Release, modules, sums};
use crate::util::error::{Error, Result};
use crate::util::fs::overwrite;
use crate::util::regular_file::read_to_string;

/// The directory of them in a store.
pub const FOLDER: &str = "releases";

const SCHEMA_VERSION: u32 = 1;

/// The files of one release.
const ROW: &str = "release.json";
const MODULES: &str = "modules.txt";
const SUMS: &str = "sums.txt";
pub const FILES: [&str; 3] = [ROW, MODULES, SUMS];

/// The module that a row was read from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ModuleFacts {
    /// `github.com/krakend/krakend-ce/v2`.
    pub path: String,
    /// The sum of its zip, as in go.sum: `h1:…`.
    pub h1: String,
    /// What had to be assumed.
    pub notes: Vec<String>,
    /// Where its lists are.
    #[serde(skip)]
    dir: PathBuf,
}

#[derive(Serialize, Deserialize)]
struct File {
    schema_version: u32,
    module: ModuleFacts,
    release: Release,
}

impl ModuleFacts {
    pub fn new(path: &str, h1: &str, notes: Vec<String>) -> Self {
        ModuleFacts {
            path: path.to_owned(),
            h1: h1.to_owned(),
            notes,
            dir: PathBuf::new(),
        }
    }

    /// Writes a release into an empty directory.
    ///
    /// # Errors
    /// The row makes no sense, or the directory cannot be written.
    pub fn write(self, release: Release, from: &Upstream, dir: &Path) -> Result<()> {
        release.check().map_err(Error::integrity)?;
        let modules: String = from.modules.iter().map(|row| format!("{row}\n")).collect();
        let file = File {
            schema_version: SCHEMA_VERSION,
            module: self,
            release,
        };
        let row = serde_json::to_string_pretty(&file).map_err(|e| Error::io("write", dir.join(ROW), e))?;
        overwrite(&dir.join(ROW), &format!("{row}\n"))?;
        overwrite(&dir.join(MODULES), &modules)?;
        overwrite(&dir.join(SUMS), &sums_text(&from.sums))
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

    /// The modules that it requires.
    pub(crate) fn modules(&self) -> Result<Vec<ModuleRow>> {
        let file = self.dir.join(MODULES);
        let text = read_to_string(&file).map_err(|e| Error::io("read", &file, e))?;
        modules::parse(&text, &file)
    }

    /// The go.sum lines of a module version that it requires.
    pub(crate) fn go_sum_lines(&self, module: &str, version: &str) -> Option<String> {
        let text = read_to_string(self.dir.join(SUMS)).ok()?;
        sums::lines_in(&text, module, version)
    }
}

/// As toolchains/sums.txt.
fn sums_text(all: &Sums) -> String {
    let line = |((module, version), (zip, go_mod)): (&(String, String), &(String, String))| {
        format!("{module} {version} {zip} {go_mod}\n")
    };
    all.iter().map(line).collect()
}

/// Whether a text has the form of a sum in go.sum: SHA-256 in base64.
pub fn is_h1(text: &str) -> bool {
    let is_base64 = |b: u8| b.is_ascii_alphanumeric() || b == b'+' || b == b'/';
    let sum = text.strip_prefix("h1:").and_then(|sum| sum.strip_suffix('='));
    sum.is_some_and(|sum| sum.len() == 43 && sum.bytes().all(is_base64))
}

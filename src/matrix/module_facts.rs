//! The gateway's own module, as far as a release was read from it: its sum, and the lists that are kept of it.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::matrix::modules::ModuleRow;
use crate::matrix::{modules, sums};
use crate::util::error::{Error, Result};
use crate::util::regular_file::read_to_string;

pub(crate) const MODULES: &str = "modules.txt";
pub(crate) const SUMS: &str = "sums.txt";

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
    pub(crate) dir: PathBuf,
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

/// Whether a text has the form of a sum in go.sum: SHA-256 in base64.
pub fn is_h1(text: &str) -> bool {
    let is_base64 = |b: u8| b.is_ascii_alphanumeric() || b == b'+' || b == b'/';
    let sum = text.strip_prefix("h1:").and_then(|sum| sum.strip_suffix('='));
    sum.is_some_and(|sum| sum.len() == 43 && sum.bytes().all(is_base64))
}

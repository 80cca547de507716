//! `go mod download -json` of one module: the command, and its answer.

use std::path::{Path, PathBuf};
use std::process::Output;

use serde::Deserialize;

use crate::util::process::Invocation;

/// What it says of a module.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Downloaded {
    #[serde(default)]
    pub(crate) dir: PathBuf,
    #[serde(default)]
    pub(crate) zip: PathBuf,
    /// `h1:…` of the zip.
    #[serde(default)]
    pub(crate) sum: String,
    error: Option<String>,
}

impl Downloaded {
    /// Where the module is and its checksum, else why there is none.
    pub(crate) fn parse(output: &Output, module: &str) -> Result<Self, String> {
        let said = || String::from_utf8_lossy(&output.stderr).trim().to_owned();
        let downloaded: Downloaded = serde_json::from_slice(&output.stdout).map_err(|_| said())?;
        match &downloaded.error {
            None if downloaded.dir.as_os_str().is_empty() => Err(said()),
            None => Ok(downloaded),
            // The go command's message begins with the module, which is named already.
            Some(error) => Err(error.trim().trim_start_matches(&format!("{module}: ")).to_owned()),
        }
    }
}

/// A go command that keeps modules in a staging directory, apart from any module, workspace and other Go; all else is
/// as the user has it.
pub(crate) fn staged(go: &Path, stage: &Path, flags: &str) -> Invocation {
    Invocation::new(go, stage)
        .env("GOMODCACHE", stage.join("mod"))
        .env("GOFLAGS", flags)
        .env("GOTOOLCHAIN", "local")
        .env("GO111MODULE", "on")
        .env("GOWORK", "off")
        .env_remove("GIT_HTTP_USER_AGENT")
        .env_remove("GOROOT")
}

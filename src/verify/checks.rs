//! Checks of a linked plugin, made before a build succeeds. Each reads the file; none runs it.

use std::fmt;

use memchr::memmem;
use serde::{Deserialize, Serialize};

use crate::binary::Binary;
use crate::binary::go_format::GoFormat;
use crate::plan::Job;
use crate::util::error::{Error, Result};
use crate::util::host::Host;
use crate::util::version::LibcVersion;
use crate::verify;
use crate::verify::plugin::PluginBinary;
use crate::verify::registerers;

/// What the checks found in the file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Checks {
    pub arch: String,
    pub go: String,
    /// The libraries it needs at run time.
    pub needed: Vec<String>,
    /// The newest glibc symbol version it needs.
    pub glibc: Option<LibcVersion>,
    pub registerers: Vec<String>,
    /// Directories of this machine whose names are in it.
    pub local_paths: Vec<String>,
}

/// Checks a linked file against its job.
///
/// # Errors
/// The first check that fails, with the found and the expected value.
pub(crate) fn check(binary: &Binary, job: &Job, host: &Host) -> Result<Checks> {
    let image = binary.image();
    let target = &job.target.value;
    let problem = |what: String| Error::incompatible(format!("the plugin for {target} {what}"));
    if image.arch() != target.arch {
        return Err(problem(format!("is for {} instead", image.arch())));
    }
    // A stripped plugin of Go 1.20 or older does not record it, but the job's Go compiled it.
    let go = binary.go_version().unwrap_or_else(|| format!("go{}", job.gateway.go));
    if go != format!("go{}", job.gateway.go) {
        return Err(problem(format!(
            "was compiled by {go}, the gateway by go{}",
            job.gateway.go
        )));
    }
    let needed: Vec<String> = image.needed().map(str::to_owned).collect();
    let plugin = PluginBinary::read(binary)?;
    let glibc = verify::fits_libc(&plugin, target)
        .map_err(|what| problem(what).help("let zig compile it: leave `--cc` out"))?;
    let registerers: Vec<String> = registerers::exported(&plugin)
        .into_iter()
        .map(|(row, _)| row.symbol.clone())
        .collect();
    if registerers.is_empty() && GoFormat::of(&go).is_some() {
        return Err(problem(format!("exports none of {}", registerers::symbols()))
            .help("a gateway looks for a package-level variable of one of these names in package main")
            .help("for example `var HandlerRegisterer = registerer(\"my-handler\")`"));
    }
    Ok(Checks {
        arch: image.arch().to_string(),
        go,
        needed,
        glibc,
        registerers,
        local_paths: local_paths(binary.bytes(), job, host),
    })
}

/// Directories of this machine that a rule should have replaced.
fn local_paths(bytes: &[u8], job: &Job, host: &Host) -> Vec<String> {
    let store = host.store.clone();
    job.rules
        .sources()
        .chain(std::iter::once(store.as_path()))
        .map(|dir| format!("{}/", dir.display()))
        // A gateway's own directories are expected; `/` alone means nothing.
        .filter(|dir| dir.len() > 2 && !job.rules.is_mapped(dir))
        .filter(|dir| memmem::find(bytes, dir.as_bytes()).is_some())
        .collect()
}

impl fmt::Display for Checks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let needed = if self.needed.is_empty() {
            "no library".to_owned()
        } else {
            self.needed.join(" ")
        };
        write!(f, "{}, {}, needs {needed}", self.arch, self.go)?;
        if let Some(glibc) = self.glibc {
            write!(f, " (glibc {glibc})")?;
        }
        match self.registerers[..] {
            [] => f.write_str(", exports unknown: how this Go lays out its files is not known"),
            _ => write!(f, ", exports {}", self.registerers.join(", ")),
        }
    }
}

//! Which programs a project's settings file may run: those the user trusts. Everything else in it needs no trust.

use std::fs;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use toml::Spanned;

use crate::gateway::GatewaySpec;
use crate::matrix::Matrix;
use crate::project::config::{Config, PluginConfig, Settings, Texts};
use crate::util::error::{Error, Result};
use crate::util::hash::{hex, sha256_of};
use crate::util::host::Host;
use crate::util::position::LineIndex;
use crate::util::printable::printable_line;
use crate::util::sort::sort_by;

/// The keys that name programs.
pub const CC: &str = "build.cc";
pub const SIGN: &str = "package.sign";
pub const GATEWAY: &str = "gateway.version";
pub const GATEWAYS: &str = "plugin.gateways";

/// Trusts files from the environment: `1`, or a list of files and directories. Not read from files.
pub const VARIABLE: &str = "PLUGBUILD_TRUST";

/// A program that a settings file names, with its arguments.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Program {
    pub key: &'static str,
    /// Its line, from 1, if known.
    pub line: Option<usize>,
    pub words: Vec<String>,
}

/// The programs of a settings file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Programs {
    pub file: PathBuf,
    pub all: Vec<Program>,
}

/// The user's decision about a file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TrustRecord {
    pub file: PathBuf,
    /// The hash of the programs as shown.
    pub sha256: String,
}

/// The path of a program from a settings file: a bare name is looked up on PATH, a path is relative to the file.
pub fn program_of(name: &str, file: &Path) -> PathBuf {
    match name.contains('/') {
        true => file.parent().unwrap_or(Path::new("/")).join(name),
        false => PathBuf::from(name),
    }
}

/// Whether plugbuild itself looks for this program on PATH, so that naming it adds nothing.
pub(crate) fn is_usual(name: &str, matrix: &Matrix, host: &Host) -> bool {
    let platform = host.platform.to_string();
    let mut rows = matrix.targets().iter();
    ["auto", "zig", "gcc"].contains(&name) || rows.any(|row| row.gccs(&platform).any(|gcc| gcc == name))
}

impl Programs {
    /// The programs of the project's file.
    pub fn from_project(settings: &Settings, matrix: &Matrix, host: &Host) -> Option<Self> {
        let (config, file) = settings.project()?;
        let usual = |name: &str| is_usual(name, matrix, host);
        Some(Self::from_config(config, settings.project_text()?, file, &usual))
    }

    /// Collects the programs of a file, without compilers that plugbuild looks for itself.
    pub fn from_config(config: &Config, text: &str, file: &Path, usual: &dyn Fn(&str) -> bool) -> Self {
        let lines = LineIndex::of(text);
        let line = |start: usize| Some(lines.position(start).line);
        let one = |word: &str| vec![word.to_owned()];
        let mut all = Vec::new();
        if let Some(cc) = config.build.cc.as_ref().filter(|cc| !usual(cc.get_ref())) {
            all.push(Program {
                key: CC,
                line: line(cc.span().start),
                words: one(cc.get_ref()),
            });
        }
        if let Some(sign) = config.package.sign.as_ref().filter(|sign| !sign.get_ref().is_empty()) {
            all.push(Program {
                key: SIGN,
                line: line(sign.span().start),
                words: Spanned::get_ref(sign).clone(),
            });
        }
        let own = |plugin: &PluginConfig| plugin.gateways.clone();
        let in_config = config
            .gateway
            .version
            .iter()
            .flat_map(Texts::iter)
            .map(|word| (GATEWAY, word.to_owned()));
        let in_plugins = config.plugin.iter().flat_map(own).map(|word| (GATEWAYS, word));
        for (key, word) in in_config.chain(in_plugins) {
            if matches!(word.parse(), Ok(GatewaySpec::File(_))) {
                all.push(Program {
                    key,
                    line: None,
                    words: vec![word],
                });
            }
        }
        Programs {
            file: file.to_owned(),
            all,
        }
    }

    /// A hash of what is trusted: each program with its arguments and, if it is beside the file, its content.
    fn sha256(&self) -> String {
        let root = self.file.parent().unwrap_or(Path::new("/"));
        let bytes = |word: &String| {
            let path = root.join(word).canonicalize().ok()?;
            (path.starts_with(root) && path.is_file()).then(|| sha256_of(&path).ok())?
        };
        let all: Vec<_> = self
            .all
            .iter()
            .map(|program| {
                (
                    program.key,
                    &program.words,
                    program.words.iter().map(bytes).collect::<Vec<_>>(),
                )
            })
            .collect();
        hex(&Sha256::digest(serde_json::to_vec(&all).unwrap_or_default()))
    }

    /// The user's decision about them.
    ///
    /// # Errors
    /// The record cannot be read.
    pub fn standing(&self, host: &Host) -> Result<Standing> {
        if self.all.is_empty() || is_named(&self.file, host) {
            return Ok(Standing::Trusted);
        }
        Ok(match record(&self.file, host)? {
            Some(record) if record.sha256 == self.sha256() => Standing::Trusted,
            Some(_) => Standing::Changed,
            None => Standing::Unknown,
        })
    }

    /// Records that they may be run.
    ///
    /// # Errors
    /// The state directory cannot be written.
    pub fn trust(&self, host: &Host) -> Result<()> {
        let path = record_path(&self.file, host)?;
        let record = TrustRecord {
            file: self.file.clone(),
            sha256: self.sha256(),
        };
        let dir = path.parent().unwrap_or(Path::new("/"));
        crate::util::fs::create_dir(dir)?;
        let text = serde_json::to_string(&record).unwrap_or_default();
        let failed = |e: std::io::Error| Error::io("write", &path, e);
        // Written atomically, and only by this user.
        let mut file = tempfile::NamedTempFile::new_in(dir).map_err(failed)?;
        std::io::Write::write_all(&mut file, text.as_bytes()).map_err(failed)?;
        file.persist(&path).map_err(|e| failed(e.error))?;
        Ok(())
    }
}

/// What is known about a file's programs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    Trusted,
    /// They were trusted, but have changed.
    Changed,
    Unknown,
}

/// Checks that a program from the project's file may be run.
///
/// # Errors
/// The file is not trusted; the message names the program and the command to trust it.
pub fn require(settings: &Settings, key: &str, matrix: &Matrix, host: &Host) -> Result<()> {
    let Some(programs) = Programs::from_project(settings, matrix, host) else {
        return Ok(());
    };
    let Some(program) = programs.all.iter().find(|program| program.key == key) else {
        return Ok(());
    };
    let why = match programs.standing(host)? {
        Standing::Trusted => return Ok(()),
        Standing::Changed => "it has changed since the file was trusted",
        Standing::Unknown => "the file is not trusted",
    };
    let file = programs.file.display();
    let line = program.line.map(|line| format!(":{line}")).unwrap_or_default();
    let what = format!(
        "{file}{line}: `{key}` names a program to run, and {why}: {}",
        printable_line(&program.words.join(" "))
    );
    let path = crate::util::process::quoted(programs.file.as_os_str());
    Err(Error::usage(what).help(format!(
        "if you trust it: `plugbuild trust {path}`; in CI: `{VARIABLE}={path}`"
    )))
}

/// Checks the same for a gateway's file that is to be run, if the project's file names it.
///
/// # Errors
/// As [`require`].
pub fn may_run_gateway(named_in: Option<&str>, settings: &Settings, matrix: &Matrix, host: &Host) -> Result<()> {
    let project = settings.project().map(|(_, file)| file.display().to_string());
    if named_in.is_none() || named_in != project.as_deref() {
        return Ok(());
    }
    [GATEWAY, GATEWAYS]
        .iter()
        .try_for_each(|key| require(settings, key, matrix, host))
}

/// Whether the environment trusts a file.
fn is_named(file: &Path, host: &Host) -> bool {
    let Some(value) = host.var(VARIABLE) else { return false };
    match value.to_str() {
        Some("1" | "true") => true,
        Some("0" | "false") => false,
        _ => std::env::split_paths(value)
            .filter(|path| !path.as_os_str().is_empty())
            .any(|path| {
                let path = host.absolute(path);
                file.starts_with(path.canonicalize().unwrap_or(path))
            }),
    }
}

/// The directory of the records.
///
/// # Errors
/// The user has no home.
pub fn records_dir(host: &Host) -> Result<PathBuf> {
    host.state.as_ref().map(|state| state.join("trust")).ok_or_else(|| {
        Error::usage("no directory for trusted files: HOME is not set")
            .help(format!("set HOME, or trust by the environment: `{VARIABLE}=FILE`"))
    })
}

fn record_path(file: &Path, host: &Host) -> Result<PathBuf> {
    let name = hex(&Sha256::digest(file.as_os_str().as_encoded_bytes()));
    Ok(records_dir(host)?.join(name).with_extension("json"))
}

fn record(file: &Path, host: &Host) -> Result<Option<TrustRecord>> {
    let Some(path) = host.state.is_some().then(|| record_path(file, host)).transpose()? else {
        return Ok(None);
    };
    Ok(read(&path)?.filter(|record| record.file == file))
}

fn read(path: &Path) -> Result<Option<TrustRecord>> {
    match crate::util::regular_file::read(path) {
        Ok(text) => Ok(serde_json::from_slice(&text).ok()),
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(e) => Err(Error::io("read", path, e)),
    }
}

/// Removes a file's record. Returns whether there was one.
///
/// # Errors
/// The record cannot be removed.
pub fn revoke(file: &Path, host: &Host) -> Result<bool> {
    let path = record_path(file, host)?;
    match fs::remove_file(&path) {
        Ok(()) => Ok(true),
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => Ok(false),
        Err(e) => Err(Error::io("remove", &path, e)),
    }
}

/// All records, by file name.
///
/// # Errors
/// The directory cannot be read.
pub fn records(host: &Host) -> Result<Vec<TrustRecord>> {
    let dir = records_dir(host)?;
    let entries = match fs::read_dir(&dir) {
        Ok(entries) => entries,
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(e) => return Err(Error::io("read", &dir, e)),
    };
    let mut all = Vec::new();
    for entry in entries.flatten() {
        all.extend(read(&entry.path())?);
    }
    sort_by(&mut all, |a, b| a.file.cmp(&b.file));
    Ok(all)
}

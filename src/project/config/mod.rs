//! `plugbuild.toml`: the project's settings, found upward from the plugin's directory, and the user's own file.

use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::matrix::Matrix;
use crate::util::error::{Error, Result};
use crate::util::host::Host;
use crate::util::owner::Trusted;
use crate::util::regular_file::is_there;
use crate::util::schema::Described;

pub mod tables;
pub mod unknown;
#[cfg(test)]
mod tests;

pub use crate::project::config::tables::{AlignWish, Config, Count, PluginConfig, Texts};

/// The name of a project's settings file.
pub const FILE: &str = "plugbuild.toml";

/// The effective settings, nearest first. Flags override the environment, which overrides the project's file, which
/// overrides the user's.
#[derive(Debug, Clone, Default)]
pub struct Settings {
    files: Vec<SettingsFile>,
    /// Whether the first file is the project's.
    has_project: bool,
    /// A user's file that was named but does not exist.
    absent: Option<PathBuf>,
}

/// One settings file.
#[derive(Debug, Clone)]
struct SettingsFile {
    path: PathBuf,
    text: String,
    config: Config,
}

impl Settings {
    /// Reads the project's file (in `dir` or above) and the user's.
    ///
    /// # Errors
    /// A file cannot be read or parsed, or somebody else can write it.
    pub fn read(dir: &Path, host: &Host) -> Result<Self> {
        let project = dir.ancestors().map(|d| d.join(FILE)).find(|file| is_there(file));
        if let Some(file) = &project {
            Trusted::of(host).and_owner_of(dir).check_file(file)?;
        }
        let user = host.user_config.clone();
        // The usual way to have no settings file.
        let user = user.filter(|file| is_there(file) && file != Path::new("/dev/null"));
        let has_project = project.is_some();
        let files = project
            .into_iter()
            .chain(user)
            .map(|path| SettingsFile::read(&path))
            .collect::<Result<_>>()?;
        let named = host.var("PLUGBUILD_CONFIG").and(host.user_config.as_ref());
        Ok(Settings {
            files,
            has_project,
            absent: named.filter(|file| !file.is_file()).cloned(),
        })
    }

    /// The built-in matrix with the rows of the files; the project's override the user's.
    ///
    /// # Errors
    /// A row makes no sense.
    pub fn matrix(&self) -> Result<Matrix> {
        self.files
            .iter()
            .rev()
            .filter(|file| !file.config.matrix.release.is_empty())
            .try_fold(Matrix::builtin()?, |matrix, file| {
                matrix.with_releases(file.config.matrix.release.clone(), &file.text, &file.path)
            })
    }

    /// The value from the nearest file that has one, with that file.
    pub fn first<'a, T>(&'a self, get: impl Fn(&'a Config) -> Option<T>) -> Option<(T, &'a Path)> {
        self.files
            .iter()
            .find_map(|file| Some((get(&file.config)?, file.path.as_path())))
    }

    /// The project's file.
    pub fn project(&self) -> Option<(&Config, &Path)> {
        let file = self.files.first().filter(|_| self.has_project)?;
        Some((&file.config, &file.path))
    }

    /// The text of the project's file.
    pub fn project_text(&self) -> Option<&str> {
        let file = self.files.first().filter(|_| self.has_project)?;
        Some(&file.text)
    }

    /// The files that were read, nearest first.
    pub fn files(&self) -> impl Iterator<Item = &Path> {
        self.files.iter().map(|file| file.path.as_path())
    }

    /// A warning for each unknown key, and for a file that does not exist.
    pub fn warnings(&self) -> Vec<String> {
        let schema = Config::schema();
        self.files
            .iter()
            .flat_map(|file| unknown::warnings(&file.text, &file.path, &schema))
            .chain(self.absent.iter().map(|file| {
                format!(
                    "PLUGBUILD_CONFIG={} is not a file: no settings are read from it",
                    file.display()
                )
            }))
            .collect()
    }

    /// The host with the mirrors of the settings files, unless its environment sets them.
    pub fn with_mirrors(&self, host: &Host) -> Host {
        let mut host = host.clone();
        for mirror in MIRRORS {
            if host.var(mirror.variable).is_none()
                && let Some((url, file)) = self.first(mirror.get)
            {
                if self.project().is_some_and(|(_, project)| project == file) {
                    host.repository_mirrors.push(mirror.variable);
                }
                host.env.insert(mirror.variable.into(), url.into());
            }
        }
        host
    }
}

/// A mirror that a variable or a key can set.
#[derive(Debug, Clone, Copy)]
pub struct MirrorSetting {
    pub key: &'static str,
    pub variable: &'static str,
    pub get: fn(&Config) -> Option<&String>,
}

/// All mirrors.
pub const MIRRORS: [MirrorSetting; 3] = [
    MirrorSetting {
        key: "mirrors.go",
        variable: "PLUGBUILD_GO_MIRROR",
        get: |config| config.mirrors.go.as_ref(),
    },
    MirrorSetting {
        key: "mirrors.zig",
        variable: "PLUGBUILD_ZIG_MIRROR",
        get: |config| config.mirrors.zig.as_ref(),
    },
    MirrorSetting {
        key: "mirrors.modules",
        variable: "GOPROXY",
        get: |config| config.mirrors.modules.as_ref(),
    },
];

/// The JSON schema of a settings file, for editors.
pub fn schema() -> Value {
    let mut schema = Config::schema();
    schema["$schema"] = json!("https://json-schema.org/draft/2020-12/schema");
    schema["title"] = json!(FILE);
    schema
}

/// Parses a settings file.
///
/// # Errors
/// It cannot be parsed.
pub fn parse(text: &str, file: &Path) -> Result<Config> {
    toml::from_str(text).map_err(|e| {
        Error::usage(format!("{}: {}", file.display(), e.to_string().trim_end()))
            .help("`plugbuild config schema` prints every key with what it takes")
    })
}

impl SettingsFile {
    fn read(path: &Path) -> Result<Self> {
        let text = crate::util::regular_file::read_to_string(path).map_err(|e| Error::io("read", path, e))?;
        Ok(SettingsFile {
            config: parse(&text, path)?,
            path: path.to_owned(),
            text,
        })
    }
}

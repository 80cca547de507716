//! `plugbuild.toml`: the project's settings, found upward from the plugin's folder, and the user's own file.

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

/// The settings in force, nearest first. Flags win over the environment, that over the project's file, that over the
/// user's.
#[derive(Debug, Clone, Default)]
pub struct Settings {
    files: Vec<File>,
    /// The first of the files is the project's, not the user's.
    has_project: bool,
    /// A file of the user's that was named and is not there.
    absent: Option<PathBuf>,
}

/// One settings file as it was read.
#[derive(Debug, Clone)]
struct File {
    path: PathBuf,
    text: String,
    config: Config,
}

impl Settings {
    /// Reads the project's file (in `dir` or above) and the user's.
    ///
    /// # Errors
    /// A file that cannot be read or understood, or that somebody else can write.
    pub fn read(dir: &Path, host: &Host) -> Result<Self> {
        let project = dir.ancestors().map(|d| d.join(FILE)).find(|file| is_there(file));
        if let Some(file) = &project {
            Trusted::of(host).and_owner_of(dir).check_file(file)?;
        }
        let user = host.user_config.clone();
        // Some say so that they have no settings.
        let user = user.filter(|file| is_there(file) && file != Path::new("/dev/null"));
        let has_project = project.is_some();
        let files = project
            .into_iter()
            .chain(user)
            .map(|path| File::read(&path))
            .collect::<Result<_>>()?;
        let named = host.var("PLUGBUILD_CONFIG").and(host.user_config.as_ref());
        Ok(Settings {
            files,
            has_project,
            absent: named.filter(|file| !file.is_file()).cloned(),
        })
    }

    /// The built-in matrix with the files' own rows; the project's win over the user's.
    ///
    /// # Errors
    /// A row that cannot be meant.
    pub fn matrix(&self) -> Result<Matrix> {
        self.files
            .iter()
            .rev()
            .filter(|file| !file.config.matrix.release.is_empty())
            .try_fold(Matrix::builtin()?, |matrix, file| {
                matrix.with_releases(file.config.matrix.release.clone(), &file.text, &file.path)
            })
    }

    /// The nearest file that has a value, with that file.
    pub fn first<'a, T>(&'a self, get: impl Fn(&'a Config) -> Option<T>) -> Option<(T, &'a Path)> {
        self.files
            .iter()
            .find_map(|file| Some((get(&file.config)?, file.path.as_path())))
    }

    /// The project's own file.
    pub fn project(&self) -> Option<(&Config, &Path)> {
        let file = self.files.first().filter(|_| self.has_project)?;
        Some((&file.config, &file.path))
    }

    /// The text of the project's own file.
    pub fn project_text(&self) -> Option<&str> {
        let file = self.files.first().filter(|_| self.has_project)?;
        Some(&file.text)
    }

    /// The files that were read, nearest first.
    pub fn files(&self) -> impl Iterator<Item = &Path> {
        self.files.iter().map(|file| file.path.as_path())
    }

    /// A word for each key that nothing reads, and for a file that is not there.
    pub fn warnings(&self) -> Vec<String> {
        let schema = Config::schema();
        self.files
            .iter()
            .flat_map(|file| unknown::warnings(&file.text, &file.path, &schema))
            .chain(self.absent.iter().map(|file| {
                format!(
                    "PLUGBUILD_CONFIG={} is no file: no settings are read from it",
                    file.display()
                )
            }))
            .collect()
    }

    /// The surroundings with the mirrors the files name, where the environment names none.
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

/// A mirror that may be set by a variable or a key.
#[derive(Debug, Clone, Copy)]
pub struct Mirror {
    pub key: &'static str,
    pub variable: &'static str,
    pub get: fn(&Config) -> Option<&String>,
}

/// Every mirror there is.
pub const MIRRORS: [Mirror; 3] = [
    Mirror {
        key: "mirrors.go",
        variable: "PLUGBUILD_GO_MIRROR",
        get: |config| config.mirrors.go.as_ref(),
    },
    Mirror {
        key: "mirrors.zig",
        variable: "PLUGBUILD_ZIG_MIRROR",
        get: |config| config.mirrors.zig.as_ref(),
    },
    Mirror {
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

/// Reads a settings file's text.
///
/// # Errors
/// It cannot be understood.
pub fn parse(text: &str, file: &Path) -> Result<Config> {
    toml::from_str(text).map_err(|e| {
        Error::usage(format!("{}: {}", file.display(), e.to_string().trim_end()))
            .help("`plugbuild config schema` prints every key with what it takes")
    })
}

impl File {
    fn read(path: &Path) -> Result<Self> {
        let text = crate::util::regular_file::read_to_string(path).map_err(|e| Error::io("read", path, e))?;
        Ok(File {
            config: parse(&text, path)?,
            path: path.to_owned(),
            text,
        })
    }
}

//! `plugbuild.toml`: the project's settings, found upward from the plugin's folder, and the user's own file.

use std::path::{Path, PathBuf};

use serde::Deserialize;
use toml::Spanned;

use crate::error::{Error, Result};
use crate::host::Host;
use crate::matrix::{Matrix, OwnRelease};
use crate::target::Target;

/// One settings file. Flags win over the environment, that over the project's file, that over the user's.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct Config {
    pub gateway: GatewayConfig,
    pub build: BuildConfig,
    pub matrix: MatrixConfig,
    /// The file itself, and its text.
    #[serde(skip)]
    pub origin: Option<(PathBuf, String)>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct GatewayConfig {
    /// As `--gateway` takes it; a path is relative to the file.
    pub version: Option<String>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct BuildConfig {
    pub targets: Vec<Target>,
    pub out_dir: Option<PathBuf>,
    pub cc: Option<String>,
}

/// Rows of the user's own, in the shape of toolchains/releases.toml.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct MatrixConfig {
    pub release: Vec<Spanned<OwnRelease>>,
}

/// The settings in force, nearest first.
#[derive(Debug, Clone, Default)]
pub struct Settings {
    files: Vec<Config>,
}

impl Settings {
    /// Reads the project's file (in `dir` or above) and the user's.
    ///
    /// # Errors
    /// A file that cannot be read or understood.
    pub fn read(dir: &Path, host: &Host) -> Result<Self> {
        let project = dir
            .ancestors()
            .map(|d| d.join("plugbuild.toml"))
            .find(|file| file.is_file());
        let user = host.user_config.clone().filter(|file| file.is_file());
        let files = project
            .into_iter()
            .chain(user)
            .map(|file| read(&file))
            .collect::<Result<_>>()?;
        Ok(Settings { files })
    }

    /// The built-in matrix with the files' own rows; the project's win over the user's.
    ///
    /// # Errors
    /// A row that cannot be meant.
    pub fn matrix(&self) -> Result<Matrix> {
        self.files
            .iter()
            .rev()
            .filter(|f| !f.matrix.release.is_empty())
            .try_fold(Matrix::builtin()?, |matrix, file| match &file.origin {
                Some((path, text)) => matrix.with_releases(file.matrix.release.clone(), text, path),
                None => Ok(matrix),
            })
    }

    /// The nearest file that has a value, with that file.
    pub fn first<'a, T>(&'a self, get: impl Fn(&'a Config) -> Option<T>) -> Option<(T, &'a Path)> {
        self.files
            .iter()
            .find_map(|file| Some((get(file)?, file.origin.as_ref()?.0.as_path())))
    }
}

fn read(file: &Path) -> Result<Config> {
    let text = std::fs::read_to_string(file).map_err(|e| Error::io("read", file, e))?;
    parse(&text, file)
}

/// Reads a settings file's text.
///
/// # Errors
/// It cannot be understood.
pub fn parse(text: &str, file: &Path) -> Result<Config> {
    let mut config: Config =
        toml::from_str(text).map_err(|e| Error::usage(format!("{}: {}", file.display(), e.to_string().trim_end())))?;
    config.origin = Some((file.to_owned(), text.to_owned()));
    Ok(config)
}

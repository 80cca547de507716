//! The tables and keys of a settings file.

use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::str::FromStr;

use serde::{Deserialize, Deserializer};
use serde_json::{Value, json};
use toml::Spanned;

use crate::gateway::registerer::PluginKind;
use crate::matrix::Release;
use crate::util::error::{Error, Result};
use crate::util::schema::{Described, table};
use crate::util::target::Target;
use crate::util::version::GoVersion;

table! {
    /// A whole file.
    pub struct Config {
        /// The gateway that plugins are built for
        pub gateway: GatewayConfig,
        /// How plugins are built
        pub build: BuildConfig,
        /// The plugins of the workspace that need settings of their own
        pub plugin: Vec<PluginConfig>,
        /// Which directories hold plugins
        pub workspace: WorkspaceConfig,
        /// What `--release` and `plugbuild package` do differently
        pub profile: Profiles,
        /// Where Go, zig and modules are fetched from
        pub mirrors: MirrorsConfig,
        /// What `plugbuild package` makes
        pub package: PackageConfig,
        /// Gateways of your own
        pub matrix: MatrixConfig,
    }
}

table! {
    pub struct GatewayConfig {
        /// One or several, each in the form of `--gateway`; a path is relative to the file
        pub version: Option<Texts>,
        /// The Go it was compiled with, if the gateway does not say
        pub go: Option<GoVersion>,
    }
}

table! {
    pub struct BuildConfig {
        /// The targets, in the form of `--target`
        pub targets: Vec<Target>,
        /// The directory that plugins are written to, relative to the file
        pub out_dir: Option<PathBuf>,
        /// Whether to build against the gateway's module versions
        pub align: Option<AlignWish>,
        /// The C compiler: auto, zig, gcc or a program; with a `/` a path relative to the file
        pub cc: Option<Spanned<String>>,
        /// How many builds run at once
        pub jobs: Option<Count>,
    }
}

table! {
    pub struct PluginConfig {
        /// The name of its file; the last element of its module by default
        pub name: Option<String>,
        /// The directory of its main package, relative to the file
        pub path: PathBuf,
        /// Its type
        pub r#type: Option<PluginKind>,
        /// The names it registers, as krakend.json refers to them
        pub registers: Vec<String>,
        /// Its gateways, if they differ from those of the other plugins
        pub gateways: Vec<String>,
        /// Its targets, if they differ from those of the other plugins
        pub targets: Vec<Target>,
    }
}

table! {
    pub struct WorkspaceConfig {
        /// Directories of plugins, relative to the file; `*` stands for any name, `**` for any directories
        pub members: Vec<String>,
        /// Directories among them that are not plugins
        pub exclude: Vec<String>,
    }
}

table! {
    pub struct Profiles {
        /// The profile of `--release` and `plugbuild package`
        pub release: ReleaseProfile,
    }
}

table! {
    pub struct ReleaseProfile {
        /// Leave out the symbol table and debug information
        pub strip: Option<bool>,
    }
}

table! {
    pub struct MirrorsConfig {
        /// A mirror of the official Go archives, https or file; as PLUGBUILD_GO_MIRROR
        pub go: Option<String>,
        /// A mirror of the official zig archives, https or file; as PLUGBUILD_ZIG_MIRROR
        pub zig: Option<String>,
        /// Where Go modules are fetched from; as GOPROXY
        pub modules: Option<String>,
    }
}

table! {
    pub struct PackageConfig {
        /// The directory to create, relative to the file; dist by default
        pub out_dir: Option<PathBuf>,
        /// Put each plugin in an archive of its own
        pub archive: Option<bool>,
        /// The version in file names and documents; the source's revision by default
        pub version: Option<String>,
        /// A command that signs a file: program and arguments, `{file}` stands for the file
        pub sign: Option<Spanned<Vec<String>>>,
    }
}

table! {
    /// Custom rows, in the form of toolchains/releases.toml.
    pub struct MatrixConfig {
        /// A gateway: what it was compiled with
        pub release: Vec<Spanned<Release>>,
    }
}

/// One text or several.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(untagged, expecting = "expected a string or a list of strings")]
pub enum Texts {
    One(String),
    Many(Vec<String>),
}

impl Texts {
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        match self {
            Texts::One(text) => std::slice::from_ref(text).iter(),
            Texts::Many(texts) => texts.iter(),
        }
        .map(String::as_str)
    }
}

impl Described for Texts {
    fn schema() -> Value {
        json!({ "anyOf": [String::schema(), Vec::<String>::schema()] })
    }
}

/// A count: 1 or more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Count(pub NonZeroUsize);

impl FromStr for Count {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let number = text.parse().map(Count);
        number.map_err(|_| {
            Error::usage(format!("expected a number of at least 1, found `{text}`")).help("write 1 or more")
        })
    }
}

impl<'de> Deserialize<'de> for Count {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let number = i64::deserialize(from)?;
        number
            .to_string()
            .parse()
            .map_err(|e: Error| serde::de::Error::custom(e.message))
    }
}

impl Described for Count {
    fn schema() -> Value {
        json!({ "type": "integer", "minimum": 1 })
    }
}

/// Whether a plugin is built against the gateway's module versions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum AlignWish {
    /// If its own versions would conflict.
    Auto,
    Always,
    Never,
}

impl Described for AlignWish {
    fn schema() -> Value {
        json!({ "enum": ["auto", "always", "never"] })
    }
}

/// Whether a build may be aligned.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, clap::ValueEnum)]
pub enum Mode {
    /// If the plugin would not load otherwise
    #[default]
    Auto,
    /// In any case: the gateway's modules are built at its versions
    Always,
    /// Never: a plugin that would not load is rejected
    Never,
}

impl From<AlignWish> for Mode {
    fn from(wish: AlignWish) -> Self {
        match wish {
            AlignWish::Auto => Mode::Auto,
            AlignWish::Always => Mode::Always,
            AlignWish::Never => Mode::Never,
        }
    }
}

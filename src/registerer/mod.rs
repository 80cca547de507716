//! The plugin types: which symbol the gateway looks up, what it asserts, and where a configuration names the plugin.

pub mod assertion;
pub mod names;
pub mod overlay;
pub mod source;
mod tokens;

use std::fmt;
use std::path::Path;
use std::str::FromStr;

use serde::Deserialize;

use crate::config::PluginType;
use crate::error::{Error, Result};
use crate::version::GatewayVersion;

/// A plugin type.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// Wraps the gateway's HTTP server.
    Handler,
    /// Takes the place of a backend's HTTP client.
    Client,
    /// Changes requests or responses of an endpoint or a backend.
    Modifier,
    /// Wraps an endpoint or a backend; Enterprise edition only.
    Middleware,
}

/// Where in a configuration an `extra_config` stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    Service,
    Endpoint,
    Backend,
}

/// How a namespace gives its plugins' names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Names {
    Text,
    List,
    TextOrList,
}

/// One row of toolchains/registerers.toml.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Registerer {
    pub kind: Kind,
    /// Other names of the kind.
    pub also: Vec<String>,
    pub symbol: String,
    pub method: String,
    /// The parameters of the method, as Go writes them.
    pub wants: String,
    /// Packages that `wants` names.
    pub imports: Vec<String>,
    #[serde(default)]
    pub optional: Vec<Optional>,
    pub namespace: String,
    /// The long name that the namespace stands for.
    pub formerly: String,
    pub levels: Vec<Level>,
    pub names: Names,
    /// Names that the Enterprise edition brings itself.
    pub built_in: Vec<String>,
    pub enterprise: bool,
    pub docs: String,
    pub source: String,
}

/// A method that the gateway calls where it finds it.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Optional {
    pub method: String,
    pub wants: String,
    /// The first release that calls it.
    pub since: GatewayVersion,
}

#[derive(Deserialize)]
struct File {
    registerer: Vec<Registerer>,
}

/// All four rows, in the file's order.
///
/// # Errors
/// None with the built-in file, which a test reads.
pub fn all() -> Result<Vec<Registerer>> {
    let text = include_str!("../../toolchains/registerers.toml");
    let file: File = toml::from_str(text)
        .map_err(|e| Error::usage(format!("{}: {e}", Path::new("toolchains/registerers.toml").display())))?;
    Ok(file.registerer)
}

impl Kind {
    pub const ALL: [Kind; 4] = [Kind::Handler, Kind::Client, Kind::Modifier, Kind::Middleware];

    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Kind::Handler => "handler",
            Kind::Client => "client",
            Kind::Modifier => "modifier",
            Kind::Middleware => "middleware",
        }
    }
}

/// As plugbuild.toml says it.
impl From<PluginType> for Kind {
    fn from(said: PluginType) -> Self {
        match said {
            PluginType::HttpServer => Kind::Handler,
            PluginType::HttpClient => Kind::Client,
            PluginType::ReqRespModifier => Kind::Modifier,
            PluginType::Middleware => Kind::Middleware,
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// As typed: `handler`, `http-server`, `modifier`…
impl FromStr for Kind {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        all()?
            .iter()
            .find(|row| row.kind.name() == text || row.also.iter().any(|name| name == text) || row.namespace == text)
            .map(|row| row.kind)
            .ok_or_else(|| {
                Error::usage(format!("{text} is no plugin type")).help(
                    "types are handler (http-server), client (http-client), modifier (req-resp-modifier) and middleware",
                )
            })
    }
}

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Level::Service => "service",
            Level::Endpoint => "endpoint",
            Level::Backend => "backend",
        })
    }
}

/// What is near enough to have been meant.
#[must_use]
pub fn nearest<'a>(name: &str, known: &[&'a str]) -> Option<&'a str> {
    known
        .iter()
        .map(|candidate| {
            (
                strsim::osa_distance(&name.to_lowercase(), &candidate.to_lowercase()),
                *candidate,
            )
        })
        .filter(|(distance, candidate)| *distance <= (candidate.len() / 3).clamp(1, 3))
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_kind_has_one_row_and_its_names() {
        let rows = all().unwrap();
        let kinds: Vec<Kind> = rows.iter().map(|row| row.kind).collect();
        assert_eq!(kinds, Kind::ALL);
        for row in rows {
            assert_eq!(row.kind.name().parse::<Kind>().unwrap(), row.kind);
            assert_eq!(row.namespace.parse::<Kind>().unwrap(), row.kind);
            for name in &row.also {
                assert_eq!(name.parse::<Kind>().unwrap(), row.kind);
            }
        }
        assert!("handlers".parse::<Kind>().is_err());
    }
}

//! The plugin types: the symbol the gateway looks up, the type it asserts, and where a configuration names the plugin.

use std::fmt;
use std::str::FromStr;
use std::sync::LazyLock;

use serde::{Deserialize, Deserializer};
use serde_json::{Value, json};

use crate::util::edition::Edition;
use crate::util::error::{Error, Result};
use crate::util::schema::Described;
use crate::util::version::GatewayVersion;

/// A plugin type. Its row has the facts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PluginKind {
    /// Wraps the gateway's HTTP server.
    Handler,
    /// Replaces a backend's HTTP client.
    Client,
    /// Changes requests or responses of an endpoint or a backend.
    Modifier,
    /// Wraps an endpoint or a backend; Enterprise edition only.
    Middleware,
}

/// Where in a configuration an `extra_config` is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    Service,
    Endpoint,
    Backend,
}

/// How a namespace lists its plugins' names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum NameFormat {
    Text,
    List,
    TextOrList,
}

/// One row of toolchains/registerers.toml.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Registerer {
    #[serde(deserialize_with = "short_name")]
    pub kind: PluginKind,
    /// Other names of the type.
    pub aliases: Vec<String>,
    pub symbol: String,
    pub method: String,
    /// The parameters of the method in Go.
    pub params: String,
    /// The method's type as in Go's linker, if it has only one.
    pub signature: Option<String>,
    /// Packages used in `params`.
    pub imports: Vec<String>,
    #[serde(default)]
    pub optional: Vec<Optional>,
    pub namespace: String,
    /// The long name of the namespace.
    pub legacy_namespace: String,
    pub levels: Vec<Level>,
    pub names: NameFormat,
    /// Names that the Enterprise edition registers itself.
    pub builtins: Vec<String>,
    /// The flag of `krakend test-plugin`.
    pub flag: String,
    /// Parts of the gateway's log line that counts the loaded plugins.
    pub log: Vec<String>,
    pub enterprise: bool,
    /// The first release of its edition that looks it up, if not all do.
    pub since: Option<GatewayVersion>,
    pub docs: String,
    pub source: String,
}

/// A method that the gateway calls if it exists.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Optional {
    pub method: String,
    pub params: String,
    /// The method's type as in Go's linker, where `verify` looks at it.
    pub signature: Option<String>,
    /// The first release that calls it.
    pub since: GatewayVersion,
    /// Whether only the Enterprise Edition calls it.
    #[serde(default)]
    pub enterprise: bool,
    pub docs: Option<String>,
}

impl Optional {
    /// Why a gateway never calls it; `None` if it does, or if that is not known.
    pub fn never_called(&self, version: Option<GatewayVersion>, edition: Option<Edition>) -> Option<String> {
        if self.enterprise && edition == Some(Edition::Community) {
            return Some("only the Enterprise Edition calls it".to_owned());
        }
        let version = version.filter(|_| !self.enterprise || edition == Some(Edition::Enterprise))?;
        let whose = if self.enterprise {
            "KrakenD Enterprise"
        } else {
            "KrakenD"
        };
        (version < self.since).then(|| format!("{whose} calls it from {} on, this is {version}", self.since))
    }
}

#[derive(Deserialize)]
struct File {
    registerer: Vec<Registerer>,
    optional: Vec<Optional>,
}

/// All four rows, in the order of [`Kind::ALL`].
pub fn all() -> &'static [Registerer] {
    static ROWS: LazyLock<Vec<Registerer>> = LazyLock::new(|| {
        let file: File = toml::from_str(include_str!("../../toolchains/registerers.toml"))
            .expect("toolchains/registerers.toml is a part of the program, and a test reads it");
        let with_all = |mut row: Registerer| {
            row.optional.extend(file.optional.iter().cloned());
            row
        };
        file.registerer.into_iter().map(with_all).collect()
    });
    &ROWS
}

impl PluginKind {
    pub const ALL: [PluginKind; 4] = [
        PluginKind::Handler,
        PluginKind::Client,
        PluginKind::Modifier,
        PluginKind::Middleware,
    ];

    pub fn name(self) -> &'static str {
        match self {
            PluginKind::Handler => "handler",
            PluginKind::Client => "client",
            PluginKind::Modifier => "modifier",
            PluginKind::Middleware => "middleware",
        }
    }

    /// The row of this type.
    pub fn row(self) -> &'static Registerer {
        &all()[self as usize]
    }
}

impl Registerer {
    /// The type in KrakenD's configuration: `http-server`.
    pub fn long_name(&self) -> &str {
        self.namespace.trim_start_matches("plugin/")
    }

    /// The method with its parameters, in Go.
    pub fn signature_text(&self) -> String {
        format!("{}({})", self.method, self.params)
    }
}

impl fmt::Display for PluginKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// As typed: `handler`, `http-server`, `modifier`…
impl FromStr for PluginKind {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let row = all().iter().find(|row| {
            row.kind.name() == text || row.aliases.iter().any(|name| name == text) || row.namespace == text
        });
        row.map(|row| row.kind).ok_or_else(|| {
            let names: Vec<String> = all()
                .iter()
                .map(|row| match row.long_name() {
                    long if long == row.kind.name() => long.to_owned(),
                    long => format!("{} ({long})", row.kind),
                })
                .collect();
            Error::usage(format!("`{text}` is not a type of plugin"))
                .help(format!("the types are: {}", names.join(", ")))
        })
    }
}

/// As in a settings file: any name that can be typed.
impl<'de> Deserialize<'de> for PluginKind {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let text = String::deserialize(from)?;
        text.parse()
            .map_err(|e: Error| serde::de::Error::custom(e.in_one_line()))
    }
}

impl Described for PluginKind {
    fn schema() -> Value {
        let names =
            |row: &'static Registerer| std::iter::once(row.kind.name()).chain(row.aliases.iter().map(String::as_str));
        json!({ "enum": all().iter().flat_map(names).collect::<Vec<_>>() })
    }
}

impl Registerer {
    /// What a gateway does with a type that it does not look up.
    pub fn ignored(&self) -> String {
        let since = self.since.map(|since| format!(", from {since} on"));
        format!(
            "{} is ignored by this gateway: {} plugins work in the Enterprise edition only{}",
            self.symbol,
            self.kind,
            since.unwrap_or_default()
        )
    }

    /// Whether a gateway does not look this type up, as far as is known of it.
    pub fn is_ignored_by(&self, version: Option<GatewayVersion>, edition: Option<Edition>) -> bool {
        match edition {
            Some(Edition::Community) => self.enterprise,
            Some(Edition::Enterprise) => version.zip(self.since).is_some_and(|(version, since)| version < since),
            None => false,
        }
    }
}

/// A row's own type by its one built-in name; the other names come from the rows.
fn short_name<'de, D: Deserializer<'de>>(from: D) -> Result<PluginKind, D::Error> {
    let text = String::deserialize(from)?;
    let kind = PluginKind::ALL.into_iter().find(|kind| kind.name() == text);
    kind.ok_or_else(|| serde::de::Error::custom(format!("`{text}` is not a kind")))
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plugin_types_have_one_row_each() {
        let kinds: Vec<PluginKind> = all().iter().map(|row| row.kind).collect();
        assert_eq!(kinds, PluginKind::ALL);
        for row in all() {
            assert_eq!(row.kind.row().symbol, row.symbol);
            assert_eq!(row.kind.name().parse::<PluginKind>().unwrap(), row.kind);
            assert_eq!(row.namespace.parse::<PluginKind>().unwrap(), row.kind);
            for name in &row.aliases {
                assert_eq!(name.parse::<PluginKind>().unwrap(), row.kind);
            }
        }
        assert!("handlers".parse::<PluginKind>().is_err());
    }

    /// `params` without the parameters' names, as in Go's linker.
    fn linked(row: &Registerer) -> String {
        let full = format!(
            "func({})",
            row.params
                .replace("interface{}", "interface {}")
                .replace("http.", "net/http.")
        );
        let mut text = String::new();
        for part in full.split_inclusive(['(', ',']) {
            let part = match part.trim_start().split_once(' ') {
                Some((name, rest)) if name != "interface" && name.chars().all(char::is_alphanumeric) => rest,
                _ => part.trim_start(),
            };
            text += part;
            if part.ends_with(',') {
                text.push(' ');
            }
        }
        text
    }

    #[test]
    fn signature_matches_params() {
        for row in all() {
            match &row.signature {
                Some(signature) => assert_eq!(linked(row), *signature),
                None => assert!(row.enterprise),
            }
        }
    }
}

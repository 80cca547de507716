//! The version of a configuration: which gateway reads which, and what that version calls its parts.

use std::fmt;
use std::sync::LazyLock;

use serde::{Deserialize, Deserializer};

use crate::gateway::config::document::{Entry, Node, Value};
use crate::gateway::facts::Gateway;
use crate::util::version::GatewayVersion;

/// A version whose form is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ConfigVersion {
    /// `plugin` at the root, and namespaces that list names with the settings beside them.
    V3,
    /// `plugin` in the service's `extra_config`, and namespaces that list plugins as objects.
    V4,
}

/// A row of toolchains/configurations.toml.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Row {
    #[serde(deserialize_with = "by_number")]
    version: ConfigVersion,
    /// The major version of the gateways that read it.
    gateway: u32,
    schema: String,
    /// The first release of a line with a schema of its own.
    first: GatewayVersion,
    older: String,
    #[allow(dead_code, reason = "for who reads the row")]
    source: String,
}

/// What a gateway does where a plugin cannot be loaded.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OnLoadError {
    pub value: String,
    /// Another word for it.
    pub also: Option<String>,
    /// What then happens.
    pub effect: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
struct File {
    configuration: Vec<Row>,
    on_load_error: Vec<OnLoadError>,
}

static FILE: LazyLock<File> = LazyLock::new(|| {
    toml::from_str(include_str!("../../../toolchains/configurations.toml"))
        .expect("toolchains/configurations.toml is a part of the program, and a test reads it")
});

impl ConfigVersion {
    pub const ALL: [ConfigVersion; 2] = [ConfigVersion::V3, ConfigVersion::V4];

    pub fn number(self) -> i64 {
        match self {
            ConfigVersion::V3 => 3,
            ConfigVersion::V4 => 4,
        }
    }

    /// The version that a release reads, of either edition; `None` of a major version that no row has.
    pub fn read_by(release: GatewayVersion) -> Option<Self> {
        let mut rows = FILE.configuration.iter();
        rows.find(|row| row.gateway == release.major).map(|row| row.version)
    }

    /// The `version` of a configuration; the documented spelling counts before another one.
    pub(crate) fn entry(root: &Node) -> Option<&Entry> {
        let of_any_case = |entry: &&Entry| entry.key.eq_ignore_ascii_case("version");
        root.get("version").or_else(|| root.entries().iter().rfind(of_any_case))
    }

    /// The version that a configuration has, if it has one of the known ones.
    pub fn written_in(root: &Node) -> Option<Self> {
        let number = integer(&Self::entry(root)?.node.value)?;
        Self::ALL.into_iter().find(|version| version.number() == number)
    }

    /// The version whose form a configuration has: the written one, else `otherwise`.
    pub fn of(root: &Node, otherwise: Option<Self>) -> Self {
        Self::written_in(root).or(otherwise).unwrap_or(ConfigVersion::V3)
    }

    /// The address of its JSON schema for a release.
    pub fn schema(self, release: Option<GatewayVersion>) -> String {
        let row = self.row();
        match release.filter(|release| release.major == row.gateway && *release >= row.first) {
            Some(release) => row
                .schema
                .replace("{line}", &format!("{}.{}", release.major, release.minor)),
            None => row.older.clone(),
        }
    }

    fn row(self) -> &'static Row {
        let found = FILE.configuration.iter().find(|row| row.version == self);
        found.expect("a test counts the rows")
    }
}

impl fmt::Display for ConfigVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.number().fmt(f)
    }
}

impl OnLoadError {
    /// All of them; the first is the default.
    pub fn all() -> &'static [OnLoadError] {
        &FILE.on_load_error
    }

    /// By a word of a configuration.
    pub fn named(word: &str) -> Option<&'static OnLoadError> {
        Self::all()
            .iter()
            .find(|one| one.value == word || one.also.as_deref() == Some(word))
    }
}

/// The gateway that will read a configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfigReader {
    /// Its name in messages.
    pub label: String,
    pub release: GatewayVersion,
    pub version: ConfigVersion,
}

impl ConfigReader {
    /// What a gateway reads, if its version says so; an Enterprise edition may print `3.0.4-ee`.
    pub fn of(gateway: &Gateway) -> Option<Self> {
        let release = gateway.version.or_else(|| leading_version(&gateway.label))?;
        Some(ConfigReader {
            label: gateway.label.clone(),
            release,
            version: ConfigVersion::read_by(release)?,
        })
    }
}

/// A value where the gateway expects an integer.
pub(crate) fn integer(value: &Value) -> Option<i64> {
    match value {
        #[allow(clippy::cast_possible_truncation, reason = "as Go converts a float")]
        Value::Number(number) => number.parse::<f64>().ok().map(|number| number as i64),
        Value::Text(text) => {
            let digits = text.trim_start_matches('+').replace('_', "").to_lowercase();
            let (digits, base) = match (digits.get(..2), digits.strip_prefix('0')) {
                (Some("0x"), _) => (&digits[2..], 16),
                (Some("0b"), _) => (&digits[2..], 2),
                (Some("0o"), _) => (&digits[2..], 8),
                (_, Some(octal)) if !octal.is_empty() => (octal, 8),
                _ => (digits.as_str(), 10),
            };
            i64::from_str_radix(digits, base).ok()
        }
        Value::Bool(is) => Some(i64::from(*is)),
        Value::Null => Some(0),
        Value::List(_) | Value::Map(_) => None,
    }
}

/// The version at the beginning of a label.
fn leading_version(label: &str) -> Option<GatewayVersion> {
    let end = label.find(|c: char| !c.is_ascii_digit() && c != '.');
    let numbers = label[..end.unwrap_or(label.len())].trim_end_matches('.');
    match numbers.split('.').count() {
        2 => format!("{numbers}.0").parse().ok(),
        _ => numbers.parse().ok(),
    }
}

fn by_number<'de, D: Deserializer<'de>>(from: D) -> Result<ConfigVersion, D::Error> {
    let number = i64::deserialize(from)?;
    let found = ConfigVersion::ALL
        .into_iter()
        .find(|version| version.number() == number);
    found.ok_or_else(|| serde::de::Error::custom(format!("no form of configuration {number} is known")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_version_has_one_row() {
        let versions: Vec<ConfigVersion> = FILE.configuration.iter().map(|row| row.version).collect();
        assert_eq!(versions, ConfigVersion::ALL);
        assert_eq!(OnLoadError::all()[0].value, "critical");
        assert_eq!(
            OnLoadError::named("reject").map(|one| one.value.as_str()),
            Some("error")
        );
        assert!(OnLoadError::named("Critical").is_none());
    }

    #[test]
    fn gateways_read_one_version_each() {
        for (release, version, schema) in [
            (
                "2.0.5",
                Some(ConfigVersion::V3),
                "https://www.krakend.io/schema/v3.json",
            ),
            (
                "2.13.8",
                Some(ConfigVersion::V3),
                "https://www.krakend.io/schema/v2.13/krakend.json",
            ),
            (
                "3.0.4",
                Some(ConfigVersion::V4),
                "https://www.krakend.io/schema/v3.0/krakend.json",
            ),
            (
                "3.12.0",
                Some(ConfigVersion::V4),
                "https://www.krakend.io/schema/v3.12/krakend.json",
            ),
            ("1.4.0", None, ""),
            ("4.0.0", None, ""),
        ] {
            let release: GatewayVersion = release.parse().unwrap();
            assert_eq!(ConfigVersion::read_by(release), version, "{release}");
            if let Some(version) = version {
                assert_eq!(version.schema(Some(release)), schema);
            }
        }
        assert_eq!(ConfigVersion::V3.schema(None), "https://www.krakend.io/schema/v3.json");
    }

    #[test]
    fn labels_say_the_release() {
        let release = |label: &str| leading_version(label).map(|version| version.to_string());
        assert_eq!(release("3.0.4-ee").as_deref(), Some("3.0.4"));
        assert_eq!(release("2.9-acme").as_deref(), Some("2.9.0"));
        assert_eq!(release("3.1").as_deref(), Some("3.1.0"));
        for label in ["go1.26.1", "krakend", "acme-3.0", "", "3", "3.0.0.1"] {
            assert_eq!(release(label), None, "{label}");
        }
    }
}

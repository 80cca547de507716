//! KrakenD's editions, and its releases by the names that they report: `2.13.3`, and `2.13.3-ee` of the Enterprise Edition.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::util::version::GatewayVersion;

/// The editions of KrakenD: the same number is another program in each, mostly compiled by another Go.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Edition {
    Community,
    Enterprise,
}

/// What the Enterprise Edition's versions end in, as in `krakend version`.
pub const ENTERPRISE_SUFFIX: &str = "-ee";

impl Edition {
    /// The edition that is built from this main module. The Enterprise Edition's own is not public: its version says it.
    pub fn of_module(path: &str) -> Option<Edition> {
        path.split('/').find_map(|element| match element {
            "krakend-ce" => Some(Edition::Community),
            "krakend-ee" | "krakend-enterprise" => Some(Edition::Enterprise),
            _ => None,
        })
    }

    /// A release of this edition as it reports itself.
    pub fn label(self, version: GatewayVersion) -> String {
        match self {
            Edition::Community => version.to_string(),
            Edition::Enterprise => format!("{version}{ENTERPRISE_SUFFIX}"),
        }
    }
}

impl fmt::Display for Edition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Edition::Community => "Community",
            Edition::Enterprise => "Enterprise",
        })
    }
}

/// A release by the version that a gateway reports; `None` for what a fork calls itself.
pub fn release(reported: &str) -> Option<(Edition, GatewayVersion)> {
    let (edition, version) = match reported.strip_suffix(ENTERPRISE_SUFFIX) {
        Some(version) => (Edition::Enterprise, version),
        None => (Edition::Community, reported),
    };
    Some((edition, version.parse().ok()?))
}

/// A gateway in a sentence, by its label: `KrakenD 2.13.3`, `KrakenD Enterprise 2.13.3`.
pub fn title(label: &str) -> String {
    match release(label) {
        Some((Edition::Enterprise, version)) => format!("KrakenD {} {version}", Edition::Enterprise),
        _ => format!("KrakenD {label}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn releases_of_both_editions() {
        for (reported, want, named) in [
            ("2.13.3", Some((Edition::Community, "2.13.3")), "KrakenD 2.13.3"),
            ("v3.0.0", Some((Edition::Community, "3.0.0")), "KrakenD v3.0.0"),
            (
                "2.13.3-ee",
                Some((Edition::Enterprise, "2.13.3-ee")),
                "KrakenD Enterprise 2.13.3",
            ),
            (
                "v3.0.4-ee",
                Some((Edition::Enterprise, "3.0.4-ee")),
                "KrakenD Enterprise 3.0.4",
            ),
            ("2.9-acme", None, "KrakenD 2.9-acme"),
            ("2.13-ee", None, "KrakenD 2.13-ee"),
            ("3.0.0-rc1-ee", None, "KrakenD 3.0.0-rc1-ee"),
            ("-ee", None, "KrakenD -ee"),
            ("undefined", None, "KrakenD undefined"),
            ("", None, "KrakenD "),
        ] {
            let found = release(reported).map(|(edition, version)| (edition, edition.label(version)));
            assert_eq!(
                found,
                want.map(|(edition, label)| (edition, label.to_owned())),
                "{reported}"
            );
            assert_eq!(title(reported), named);
        }
    }

    #[test]
    fn main_modules() {
        for (path, want) in [
            ("github.com/krakend/krakend-ce/v2", Some(Edition::Community)),
            ("github.com/devopsfaith/krakend-ce/v2", Some(Edition::Community)),
            ("github.com/krakend/krakend-ce/v3", Some(Edition::Community)),
            ("example.com/krakend-ee/v2", Some(Edition::Enterprise)),
            ("example.com/my-krakend-ce", None),
            ("example.com/gateway", None),
        ] {
            assert_eq!(Edition::of_module(path), want, "{path}");
        }
    }
}

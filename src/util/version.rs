//! The versions compared here: a gateway's `2.1.4`, a Go toolchain's `1.19.5`, a libc's `2.31`.

use std::fmt;
use std::str::FromStr;

use crate::util::error::{Error, Result};

/// A KrakenD release, always exact: `2.1.4`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct GatewayVersion {
    pub major: u32,
    pub minor: u32,
    pub patch: u32,
}

impl GatewayVersion {
    /// Whether it begins with these numbers: 2.1.4 with `[2, 1]`, and every one with `[]`.
    pub fn starts_with(self, prefix: &[u32]) -> bool {
        self.numbers().starts_with(prefix)
    }

    pub(crate) fn numbers(self) -> [u32; 3] {
        [self.major, self.minor, self.patch]
    }
}

impl fmt::Display for GatewayVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}", self.major, self.minor, self.patch)
    }
}

impl FromStr for GatewayVersion {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        match numbers(text.strip_prefix('v').unwrap_or(text)).as_deref() {
            Some(&[major, minor, patch]) => Ok(GatewayVersion { major, minor, patch }),
            _ => Err(Error::usage(format!("`{text}` is not a gateway version like 2.1.4"))),
        }
    }
}

/// A released Go toolchain: `1.19.5`, `1.21rc2`, `1.20` (Go's own name for it, without `.0`).
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct GoVersion {
    major: u32,
    minor: u32,
    /// `None` for a first release before Go 1.21, and for release candidates.
    patch: Option<u32>,
    /// `rc2`, `beta1`; empty for a release.
    pre: String,
}

impl GoVersion {
    /// Whether this is Go `major.minor` or later, including its release candidates.
    pub fn at_least(&self, major: u32, minor: u32) -> bool {
        (self.major, self.minor) >= (major, minor)
    }

    /// Whether this is a language version, not a release: from Go 1.21 on a release has three numbers.
    pub fn is_language(&self) -> bool {
        self.at_least(1, 21) && self.patch.is_none() && self.pre.is_empty()
    }

    /// The newest `go` line that this Go understands: its own version, or its language version before Go 1.21.
    pub fn newest_line(&self) -> String {
        if self.at_least(1, 21) {
            self.to_string()
        } else {
            format!("{}.{}", self.major, self.minor)
        }
    }

    /// `1.19` of `1.19.5`: the form in older go.mod files, and what decides about quirks.
    pub fn line(&self) -> (u32, u32) {
        (self.major, self.minor)
    }
}

impl PartialOrd for GoVersion {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

/// The go command's order: `1.21` (a language version) < `1.21rc1` < `1.21.0` < `1.21.1`;
/// before Go 1.21 the first release is `1.20` itself, after its candidates.
impl Ord for GoVersion {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        fn rank(v: &GoVersion) -> (u32, u32, u8, u32, &str) {
            let stage = match (v.patch, v.pre.is_empty()) {
                (Some(_), _) => 3,
                (None, true) if (v.major, v.minor) >= (1, 21) => 0,
                (None, true) => 2,
                (None, false) => 1,
            };
            (v.major, v.minor, stage, v.patch.unwrap_or(0), &v.pre)
        }
        rank(self).cmp(&rank(other))
    }
}

impl fmt::Display for GoVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.major, self.minor)?;
        if let Some(patch) = self.patch {
            write!(f, ".{patch}")?;
        }
        f.write_str(&self.pre)
    }
}

impl FromStr for GoVersion {
    type Err = Error;

    /// Accepts `1.19.5`, `go1.19.5` and `v1.19.5`.
    fn from_str(text: &str) -> Result<Self> {
        let bad = || {
            Error::usage(format!("`{text}` is not a Go version like 1.19.5"))
                .help("write it as `go version` prints it: 1.25.6, go1.25.6")
        };
        let bare = text
            .strip_prefix("go")
            .or_else(|| text.strip_prefix('v'))
            .unwrap_or(text);
        let (digits, pre) = match bare.find(|c: char| c != '.' && !c.is_ascii_digit()) {
            Some(at) => bare.split_at(at),
            None => (bare, ""),
        };
        let known = pre.is_empty()
            || ["rc", "beta"]
                .iter()
                .any(|p| pre.strip_prefix(p).is_some_and(|n| n.parse::<u32>().is_ok()));
        let (major, minor, patch) = match numbers(digits).as_deref() {
            Some(&[major, minor]) => (major, minor, None),
            Some(&[major, minor, patch]) => (major, minor, Some(patch)),
            _ => return Err(bad()),
        };
        if !known || (patch.is_some() && !pre.is_empty()) {
            return Err(bad());
        }
        Ok(GoVersion {
            major,
            minor,
            patch,
            pre: pre.to_owned(),
        })
    }
}

/// A libc's version: glibc's `2.31` (patch 0), musl's `1.2.5`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LibcVersion {
    pub major: u32,
    pub minor: u32,
    pub patch: u32,
}

impl fmt::Display for LibcVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.major, self.minor)?;
        if self.patch > 0 {
            write!(f, ".{}", self.patch)
        } else {
            Ok(())
        }
    }
}

impl FromStr for LibcVersion {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        match numbers(text).as_deref() {
            Some(&[major, minor]) => Ok(LibcVersion { major, minor, patch: 0 }),
            Some(&[major, minor, patch]) => Ok(LibcVersion { major, minor, patch }),
            _ => Err(Error::usage(format!("`{text}` is not a libc version like 2.31"))),
        }
    }
}

/// Decimal numbers between dots; `None` if any part is not a number.
pub(crate) fn numbers(text: &str) -> Option<Vec<u32>> {
    text.split('.')
        .map(|part| {
            let plain = !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
            if plain { part.parse().ok() } else { None }
        })
        .collect()
}

/// The numbers of a version or of its beginning, as people write them: `2.1`.
pub(crate) fn dotted(numbers: &[u32]) -> String {
    let numbers: Vec<String> = numbers.iter().map(u32::to_string).collect();
    numbers.join(".")
}

/// Serializes as the text people write.
macro_rules! as_text {
    ($($name:ty),*) => {$(
        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, to: S) -> std::result::Result<S::Ok, S::Error> {
                to.collect_str(self)
            }
        }
        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(from: D) -> std::result::Result<Self, D::Error> {
                let text = <std::borrow::Cow<'de, str>>::deserialize(from)?;
                text.parse().map_err(|e: $crate::util::error::Error| serde::de::Error::custom(e.in_one_line()))
            }
        }
    )*};
}
pub(crate) use as_text;
as_text!(GatewayVersion, GoVersion, LibcVersion);

/// Whether a Go rejects a go.mod because of its go line. Before 1.21 the line was only a hint, but three numbers
/// were a syntax error, and the last of these releases refuse to compile for 1.22 and later, where loops changed.
pub fn stops(have: &GoVersion, go: &GoVersion) -> bool {
    if go.at_least(1, 21) {
        have > go
    } else {
        have.at_least(1, 22) || have.to_string().matches('.').count() > 1
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn go_versions_order_like_the_go_command() {
        let order = [
            "1.17.8", "1.17.13", "1.20rc1", "1.20", "1.20.1", "1.21", "1.21rc2", "1.21.0", "1.21.1", "1.26.1",
        ];
        let parsed: Vec<GoVersion> = order.iter().map(|v| v.parse().unwrap()).collect();
        assert!(parsed.is_sorted(), "{parsed:?}");
        for (text, version) in order.iter().zip(&parsed) {
            assert_eq!(&version.to_string(), text);
        }
    }

    #[test]
    fn invalid_versions() {
        for text in [
            "",
            "go",
            "1",
            "1.",
            "1.2.3.4",
            "1.21.1rc1",
            "1.x",
            "1.21foo",
            "undefined",
            "+1.2",
        ] {
            assert!(text.parse::<GoVersion>().is_err(), "{text}");
        }
        for text in ["", "2", "2.1", "2.1.x", "2.1.4-rc1"] {
            assert!(text.parse::<GatewayVersion>().is_err(), "{text}");
        }
    }
}

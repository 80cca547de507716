//! One quirk per row: what a Go version, a target or a C compiler needs done differently, and why.

use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::matrix::rows;
use crate::util::error::Result;
use crate::util::target::{Arch, LibcKind};
use crate::util::version::GoVersion;

/// What is done differently, and where it applies.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Quirk {
    pub name: String,
    #[serde(default)]
    pub when: When,
    /// Added to `go build`.
    #[serde(default)]
    pub go_flags: Vec<String>,
    /// Set for the go command.
    #[serde(default)]
    pub go_env: BTreeMap<String, String>,
    /// Directives of a go.mod that this Go does not know.
    #[serde(default)]
    pub go_mod_drop: Vec<String>,
    /// The C compiler's wrapper fails when called with all of these.
    #[serde(default)]
    pub cc_fail: Vec<String>,
    /// Arguments that the wrapper drops.
    #[serde(default)]
    pub cc_drop: Vec<String>,
    /// Arguments that the wrapper prepends.
    #[serde(default)]
    pub cc_add: Vec<String>,
    /// Added to `-extldflags`.
    #[serde(default)]
    pub ext_ldflags: Vec<String>,
    /// The reason, for the report.
    pub why: String,
    pub source: String,
}

/// Where a quirk applies: all given conditions must hold.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct When {
    pub go: Option<GoRange>,
    pub arch: Option<Arch>,
    pub libc: Option<LibcKind>,
    pub cc: Option<CcKind>,
    pub gold: Option<bool>,
}

/// The two kinds of C compiler that differ.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum CcKind {
    Zig,
    /// gcc, or clang called like gcc.
    Gcc,
}

/// What is known about a build when quirks are looked up. Unknown facts match no row that requires them.
#[derive(Debug, Clone)]
pub struct QuirkFacts<'a> {
    pub go: &'a GoVersion,
    pub arch: Option<Arch>,
    pub libc: Option<LibcKind>,
    pub cc: Option<CcKind>,
    /// Whether `-fuse-ld=gold` of the compiler is GNU gold.
    pub gold: Option<bool>,
}

impl<'a> QuirkFacts<'a> {
    /// Facts about a Go version alone.
    pub fn for_go(go: &'a GoVersion) -> Self {
        QuirkFacts {
            go,
            arch: None,
            libc: None,
            cc: None,
            gold: None,
        }
    }
}

impl Quirk {
    pub(crate) fn holds(&self, facts: &QuirkFacts) -> bool {
        fn fits<T: PartialEq>(want: Option<T>, have: Option<T>) -> bool {
            want.is_none() || want == have
        }
        let When {
            go,
            arch,
            libc,
            cc,
            gold,
        } = &self.when;
        go.as_ref().is_none_or(|range| range.contains(facts.go))
            && fits(*arch, facts.arch)
            && fits(*libc, facts.libc)
            && fits(*cc, facts.cc)
            && fits(*gold, facts.gold)
    }
}

/// A range of Go lines: `>=1.18, <1.20`. Patch releases and candidates belong to their line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GoRange {
    from: Option<(u32, u32)>,
    before: Option<(u32, u32)>,
}

impl GoRange {
    pub fn contains(&self, go: &GoVersion) -> bool {
        self.from.is_none_or(|from| go.line() >= from) && self.before.is_none_or(|before| go.line() < before)
    }

    fn parse(text: &str) -> Option<GoRange> {
        let line = |v: &str| v.parse::<GoVersion>().ok().map(|v| v.line());
        let mut range = GoRange {
            from: None,
            before: None,
        };
        for part in text.split(',').map(str::trim) {
            if let Some(from) = part.strip_prefix(">=") {
                range.from = Some(line(from)?);
            } else {
                range.before = Some(line(part.strip_prefix('<')?)?);
            }
        }
        Some(range)
    }
}

impl fmt::Display for GoRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some((major, minor)) = self.from {
            write!(f, ">={major}.{minor}")?;
        }
        if self.from.is_some() && self.before.is_some() {
            f.write_str(", ")?;
        }
        match self.before {
            Some((major, minor)) => write!(f, "<{major}.{minor}"),
            None => Ok(()),
        }
    }
}

impl Serialize for GoRange {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for GoRange {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let text = <std::borrow::Cow<'de, str>>::deserialize(from)?;
        let bad = || serde::de::Error::custom(format!("`{text}` is not a range of Go lines like \">=1.18, <1.20\""));
        GoRange::parse(&text).ok_or_else(bad)
    }
}

pub(crate) fn parse(text: &str) -> Result<Vec<Quirk>> {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct File {
        quirk: Vec<Quirk>,
    }
    rows::parse(text, Path::new("toolchains/quirks.toml")).map(|file: File| file.quirk)
}

//! The Go line that added each standard package, and the go lines each Go compiles, from toolchains/std.toml.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use serde::Deserialize;

use crate::util::version::GoVersion;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    line: Vec<Row>,
    limit: Vec<Limit>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Row {
    go: GoVersion,
    packages: Vec<String>,
    #[serde(rename = "source")]
    _source: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Limit {
    go: GoVersion,
    newest: GoVersion,
    #[serde(rename = "source")]
    _source: String,
}

static FILE: LazyLock<File> = LazyLock::new(|| {
    toml::from_str(include_str!("../../toolchains/std.toml"))
        .expect("toolchains/std.toml is a part of the program, and a test reads it")
});

/// Whether a Go refuses to compile modules with this go line, even as dependencies.
pub fn refuses(go: &GoVersion, line: &GoVersion) -> bool {
    if go.at_least(1, 21) {
        return line > go;
    }
    let mut limits = FILE
        .limit
        .iter()
        .filter(|limit| limit.go.line() == go.line() && *go >= limit.go);
    limits.any(|limit| line.line() > limit.newest.line())
}

/// Each standard package newer than the oldest gateway's Go, with the Go line that added it.
pub fn added() -> &'static BTreeMap<String, GoVersion> {
    static ADDED: LazyLock<BTreeMap<String, GoVersion>> = LazyLock::new(|| {
        let one = |row: &'static Row| row.packages.iter().map(|package| (package.clone(), row.go.clone()));
        FILE.line.iter().flat_map(one).collect()
    });
    &ADDED
}

/// The Go line that added a standard package; `None` if every gateway's Go has it, or if it is not one.
pub fn since(package: &str) -> Option<&'static GoVersion> {
    added().get(package)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packages_by_go_line() {
        let of = |package| since(package).map(ToString::to_string);
        assert_eq!(of("slices").as_deref(), Some("1.21"));
        assert_eq!(of("net/netip").as_deref(), Some("1.18"));
        assert_eq!(of("fmt"), None);
        assert_eq!(of("github.com/google/uuid"), None);
    }
}

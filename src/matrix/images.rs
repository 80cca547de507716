//! The libc of base images, from toolchains/images.toml.

use std::path::Path;

use serde::Deserialize;

use crate::matrix::rows;
use crate::util::error::{Error, Result};
use crate::util::version::LibcVersion;

/// What base images have.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Images {
    alpine: Vec<Alpine>,
    debian: Vec<Debian>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct Alpine {
    version: String,
    musl: LibcVersion,
    #[serde(rename = "source")]
    _source: String,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct Debian {
    name: String,
    glibc: LibcVersion,
    #[serde(rename = "source")]
    _source: String,
}

impl Images {
    /// # Errors
    /// A row is malformed.
    pub fn builtin() -> Result<Images> {
        rows::parse(
            include_str!("../../toolchains/images.toml"),
            Path::new("toolchains/images.toml"),
        )
    }

    /// The musl of an Alpine.
    ///
    /// # Errors
    /// It has none.
    pub fn musl(&self, alpine: &str) -> Result<LibcVersion> {
        let row = self.alpine.iter().find(|row| row.version == alpine);
        row.map(|row| row.musl).ok_or_else(|| unknown("alpine", alpine))
    }

    /// The glibc of a Debian; without a generic build the lowest floor, as that is the safe one.
    ///
    /// # Errors
    /// It has none.
    pub fn glibc(&self, debian: Option<&str>) -> Result<LibcVersion> {
        match debian {
            Some(name) => {
                let row = self.debian.iter().find(|row| row.name == name);
                row.map(|row| row.glibc).ok_or_else(|| unknown("debian", name))
            }
            None => self.lowest_glibc(),
        }
    }

    /// The musl of an Alpine without a row, and whether it is assumed: an Alpine newer than every row has the newest
    /// musl or one with all its symbols, any other one at least the oldest.
    ///
    /// # Errors
    /// There are no rows.
    pub fn assumed_musl(&self, alpine: &str) -> Result<(LibcVersion, bool)> {
        let line = |text: &str| -> Option<(u32, u32)> {
            let mut numbers = text.split('.').map(str::parse);
            Some((numbers.next()?.ok()?, numbers.next()?.ok()?))
        };
        let known = self.alpine.iter().find(|row| line(&row.version) == line(alpine));
        if let Some(row) = known.filter(|_| line(alpine).is_some()) {
            return Ok((row.musl, false));
        }
        let all = self.alpine.iter().map(|row| row.musl);
        let is_newer = line(alpine) > self.alpine.iter().filter_map(|row| line(&row.version)).max();
        let musl = if is_newer { all.max() } else { all.min() };
        musl.map(|musl| (musl, true))
            .ok_or_else(|| Error::usage("toolchains/images.toml has no alpine row"))
    }

    /// The lowest glibc of any row: a plugin that needs no more loads with any of them.
    ///
    /// # Errors
    /// There are no rows.
    pub fn lowest_glibc(&self) -> Result<LibcVersion> {
        let lowest = self.debian.iter().map(|row| row.glibc).min();
        lowest.ok_or_else(|| Error::usage("toolchains/images.toml has no debian row"))
    }
}

fn unknown(image: &str, name: &str) -> Error {
    Error::usage(format!("toolchains/images.toml has no {image} row of `{name}`"))
        .help("look up its libc and add the row, then run this again")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_alpine_without_a_row_has_the_newest_or_the_oldest_musl() {
        let images = Images::builtin().unwrap();
        let newest = images.alpine.iter().map(|row| row.musl).max().unwrap();
        let oldest = images.alpine.iter().map(|row| row.musl).min().unwrap();
        for (alpine, want) in [
            ("3.15", (oldest, false)),
            ("3.23", (newest, false)),
            ("3.23.4", (newest, false)),
            ("3.99", (newest, true)),
            ("4.0", (newest, true)),
            ("3.2", (oldest, true)),
            ("edge", (oldest, true)),
        ] {
            assert_eq!(images.assumed_musl(alpine).unwrap(), want, "{alpine}");
        }
        assert!(images.musl("3.99").is_err() && images.glibc(Some("trixie")).is_err());
    }
}

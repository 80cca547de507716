//! The binary format of each Go line, and whether it is proved: the rows of toolchains/go-formats.toml.

use std::sync::LazyLock;

use serde::Deserialize;
use sha1::Sha1;
use sha2::{Digest, Sha256};

use crate::util::version::GoVersion;

/// The format of one Go line.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GoFormat {
    /// The line: `1.24`.
    pub go: GoVersion,
    /// The release that a test builds with.
    pub proved: GoVersion,
    /// The prefix of package hash symbols.
    pub hash_prefix: String,
    type_prefix: String,
    type_hash: TypeHash,
    type_hash_of: Hashed,
    pub source: String,
}

/// The hash of a long type name, named as the linker's function.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "lowercase")]
enum TypeHash {
    Sha1,
    NotSha256,
    Sum20,
    Sum32,
}

/// What is hashed.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Hashed {
    /// The prefix and the name.
    Symbol,
    Name,
}

/// All rows, oldest first.
pub fn all() -> &'static [GoFormat] {
    #[derive(Deserialize)]
    struct File {
        format: Vec<GoFormat>,
    }
    static ROWS: LazyLock<Vec<GoFormat>> = LazyLock::new(|| {
        let file: File = toml::from_str(include_str!("../../toolchains/go-formats.toml"))
            .expect("toolchains/go-formats.toml is a part of the program, and a test reads it");
        file.format
    });
    &ROWS
}

/// The prefixes of package hash symbols, newest line first, each once.
pub fn hash_prefixes() -> &'static [&'static [u8]] {
    static PREFIXES: LazyLock<Vec<&'static [u8]>> = LazyLock::new(|| {
        let mut prefixes: Vec<&[u8]> = all().iter().rev().map(|row| row.hash_prefix.as_bytes()).collect();
        prefixes.dedup();
        prefixes
    });
    &PREFIXES
}

impl GoFormat {
    /// The row for a Go version as Go prints it (`go1.22.1 X:loopvar`); `None` if its line is not proved.
    pub fn of(go: &str) -> Option<&'static GoFormat> {
        let version: GoVersion = go.split([' ', '-']).next()?.parse().ok()?;
        all().iter().find(|row| row.go.line() == version.line())
    }

    /// The symbol of a type with a long name, such as a function type.
    pub fn type_symbol(&self, name: &str) -> String {
        let hashed = match self.type_hash_of {
            Hashed::Symbol => format!("{}{name}", self.type_prefix),
            Hashed::Name => name.to_owned(),
        };
        format!("{}{}", self.type_prefix, base64(&self.type_hash.six_bytes(&hashed)))
    }
}

impl TypeHash {
    fn six_bytes(self, text: &str) -> Vec<u8> {
        let (digest, from): (Vec<u8>, usize) = match self {
            TypeHash::Sha1 => (Sha1::digest(text).to_vec(), 0),
            TypeHash::NotSha256 => (Sha256::digest(text).iter().map(|b| !b).collect(), 0),
            TypeHash::Sum20 => (Sha256::digest(text).to_vec(), 4),
            TypeHash::Sum32 => {
                let turned = |(at, byte): (usize, &u8)| if at == 0 { !byte } else { *byte };
                (Sha256::digest(text).iter().enumerate().map(turned).collect(), 0)
            }
        };
        digest.into_iter().skip(from).take(6).collect()
    }
}

/// Base64 of a multiple of three bytes.
fn base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    bytes
        .chunks(3)
        .flat_map(|three| {
            let word = three.iter().fold(0u32, |word, &b| word << 8 | u32::from(b));
            [18, 12, 6, 0].map(|shift| char::from(DIGITS[(word >> shift) as usize & 63]))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::matrix::Matrix;

    #[test]
    fn go_lines_have_one_row_each() {
        let lines: Vec<(u32, u32)> = all().iter().map(|row| row.go.line()).collect();
        let first = lines.first().unwrap().1;
        let whole: Vec<(u32, u32)> = (first..).take(lines.len()).map(|minor| (1, minor)).collect();
        assert_eq!(lines, whole);
        for row in all() {
            assert_eq!(row.proved.line(), row.go.line());
            assert!(!row.proved.is_language() && row.source.contains(&format!("go{}", row.proved)));
        }
    }

    #[test]
    fn go_of_every_release_is_proved() {
        for release in Matrix::builtin().unwrap().official() {
            let go = format!("go{}", release.go);
            assert!(GoFormat::of(&go).is_some(), "KrakenD {}: {go}", release.version);
        }
    }

    #[test]
    fn go_without_a_row_is_not_proved() {
        for go in ["go1.99.0", "go1.16.15", "devel go1.28-0123456789", "go2.0.0", ""] {
            assert!(GoFormat::of(go).is_none(), "{go}");
        }
        for go in ["go1.22.1 X:loopvar", "go1.27rc1", "go1.25.6-fips", "go1.20"] {
            assert!(GoFormat::of(go).is_some(), "{go}");
        }
    }
    #[test]
    fn type_names_shorten_like_each_linker() {
        let signature = crate::gateway::registerer::PluginKind::Handler
            .row()
            .signature
            .as_deref()
            .unwrap();
        let symbols: Vec<String> = all().iter().map(|row| row.type_symbol(signature)).collect();
        // Read from plugins of these lines, oldest first, that hold this type.
        let read = [
            "type.jdGB4cjN",
            "type.jdGB4cjN",
            "type.790qg0j5",
            "type:9Xa5W7hV",
            "type:U4jU/HvF",
            "type:U4jU/HvF",
            "type:U4jU/HvF",
            "type:hDpPsZXs",
            "type:U3crA4Q6",
            "type:U3crA4Q6",
            "type:U3crA4Q6",
        ];
        assert_eq!(symbols, read);
    }
}

//! The hash of each linked package: what `plugin.Open` compares, readable from the dynamic symbol table.
//!
//! A binary that takes part in plugin loading exports `go:link.pkghashbytes.<package>` (the prefix depends on the Go
//! line: toolchains/go-formats.toml): 8 bytes, a hash of the package's export data. Strip keeps it, since the loader
//! needs the dynamic symbols.

use std::borrow::Cow;

use crate::binary::go_format::hash_prefixes;
use crate::binary::image::Image;
use crate::binary::symbols::Symbol;

/// The hash of a package's export data.
pub type Hash = [u8; 8];

/// A package and the hash it was linked with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PackageHash<'d> {
    /// The import path; for a plugin's own main package, the plugin path.
    pub path: &'d str,
    pub hash: Hash,
}

/// All packages of a binary, in the order of its symbol table.
pub(crate) fn all(image: Image<'_>) -> impl Iterator<Item = PackageHash<'_>> {
    // Go's linker puts them all into one section, the one of the runtime's hash, which every binary has.
    let runtime = Lookup::new(image).symbol("runtime");
    let found = image.objects_named(size_of::<Hash>() as u64, hash_prefixes(), runtime);
    found.filter_map(move |(symbol, path)| {
        Some(PackageHash {
            path: std::str::from_utf8(path).ok()?,
            hash: bytes_of(image, &symbol)?,
        })
    })
}

fn bytes_of(image: Image<'_>, symbol: &Symbol<'_>) -> Option<Hash> {
    image.at(symbol.address, size_of::<Hash>() as u64)?.try_into().ok()
}

/// Looks up many packages of one binary through its hash table.
#[derive(Debug)]
pub struct Lookup<'d> {
    image: Image<'d>,
    /// The symbol prefix of this binary's Go, followed by the last name asked for.
    name: Vec<u8>,
    prefix: usize,
}

impl<'d> Lookup<'d> {
    pub fn new(image: Image<'d>) -> Self {
        let known = hash_prefixes();
        let prefix = known
            .iter()
            .find(|prefix| image.symbol(&[**prefix, b"runtime".as_slice()].concat()).is_some())
            .or(known.first())
            .copied()
            .unwrap_or_default();
        Lookup {
            image,
            name: prefix.to_vec(),
            prefix: prefix.len(),
        }
    }

    /// The hash of a package by import path.
    pub fn get(&mut self, path: &str) -> Option<Hash> {
        let symbol = self.symbol(path)?;
        bytes_of(self.image, &symbol)
    }

    fn symbol(&mut self, path: &str) -> Option<Symbol<'d>> {
        self.name.truncate(self.prefix);
        self.name.extend_from_slice(path.as_bytes());
        self.image.symbol(&self.name)
    }
}

/// An import path as in the symbols of functions and variables (package hashes keep it plain): in the last element
/// dots become `%2e`, and everywhere blanks, quotes, `%` and non-ASCII bytes become `%xx`.
pub fn escape(path: &str) -> Cow<'_, str> {
    let last = path.rfind('/').map_or(0, |slash| slash + 1);
    let special = |at: usize, b: u8| b <= b' ' || (b == b'.' && at >= last) || b == b'%' || b == b'"' || b >= 0x7f;
    if !path.bytes().enumerate().any(|(at, b)| special(at, b)) {
        return Cow::Borrowed(path);
    }
    let mut escaped = String::with_capacity(path.len() + 16);
    for (at, b) in path.bytes().enumerate() {
        if special(at, b) {
            escaped.push_str(&format!("%{b:02x}"));
        } else {
            escaped.push(char::from(b));
        }
    }
    Cow::Owned(escaped)
}

/// The inverse of [`escape`].
pub(crate) fn unescape(escaped: &str) -> Cow<'_, str> {
    let (mut path, mut rest) = (Vec::new(), escaped.as_bytes());
    while let Some(at) = memchr::memchr(b'%', rest) {
        let code = rest.get(at + 1..at + 3).and_then(|hex| std::str::from_utf8(hex).ok());
        let Some(byte) = code.and_then(|hex| u8::from_str_radix(hex, 16).ok()) else {
            return Cow::Borrowed(escaped);
        };
        path.extend_from_slice(&rest[..at]);
        path.push(byte);
        rest = &rest[at + 3..];
    }
    path.extend_from_slice(rest);
    String::from_utf8(path).map_or(Cow::Borrowed(escaped), Cow::Owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_escape_like_go() {
        for (path, symbol) in [
            ("fmt", "fmt"),
            ("github.com/gin-gonic/gin", "github.com/gin-gonic/gin"),
            ("gopkg.in/yaml.v3", "gopkg.in/yaml%2ev3"),
            ("example.com", "example%2ecom"),
            ("a/é b", "a/%c3%a9%20b"),
        ] {
            assert_eq!(escape(path), symbol);
            assert_eq!(unescape(symbol), path);
        }
    }
}

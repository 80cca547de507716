//! Why a file cannot be read as a gateway or a plugin, without the file's name.

use std::path::Path;

use crate::util::error::Error;

/// What is wrong with the bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// Not ELF; the text says what it looks like.
    NotElf(&'static str),
    /// The file ends before this part.
    Truncated(&'static str),
    /// A field contradicts the others.
    Malformed(&'static str),
    Class32,
    BigEndian,
    /// An `e_machine` that no gateway is released for.
    Machine(u16),
    /// ELF, but not built by Go.
    NotGo,
    /// Built by Go, but without build information.
    NoBuildInfo,
}

impl Fault {
    /// The error for the file at `path`.
    pub fn named(self, path: &Path) -> Error {
        let name = path.display();
        match self {
            Fault::NotElf(what) => Error::usage(format!("{name} is {what}, not an ELF binary"))
                .help("gateways and plugins for Linux are ELF files: pass the `krakend` binary itself, or the `.so`"),
            Fault::Truncated(what) => Error::usage(format!("{name} is truncated: it ends before {what} does"))
                .help("copy or download it again"),
            Fault::Malformed(what) => {
                Error::usage(format!("{name} is a damaged ELF file: {what}")).help("copy or download it again")
            }
            Fault::Class32 => Error::usage(format!("{name} is a 32-bit binary"))
                .help("gateways are released for amd64 and arm64, both 64-bit"),
            Fault::BigEndian => Error::usage(format!("{name} is a big-endian binary"))
                .help("gateways are released for amd64 and arm64, both little-endian"),
            Fault::Machine(machine) => Error::usage(format!("{name} is built for {}", machine_name(machine)))
                .help("gateways are released for amd64 and arm64"),
            Fault::NotGo => Error::usage(format!("{name} was not built by Go: it has no Go build information"))
                .help("pass the `krakend` binary itself, or a plugin built with -buildmode=plugin"),
            Fault::NoBuildInfo => Error::usage(format!(
                "{name} has no Go build information: plugins have had it only since Go 1.21"
            ))
            .help("to see what was linked: `plugbuild inspect FILE`"),
        }
    }
}

/// Common machines by name.
fn machine_name(machine: u16) -> String {
    let name = match machine {
        3 => "i386",
        8 => "mips",
        20 => "ppc",
        21 => "ppc64",
        22 => "s390x",
        40 => "arm (32-bit)",
        243 => "riscv",
        258 => "loong64",
        _ => return format!("ELF machine {machine}"),
    };
    name.to_owned()
}

/// What a file without the ELF magic looks like, from its first bytes.
pub fn sniff(bytes: &[u8]) -> &'static str {
    const KNOWN: [(&[u8], &str); 15] = [
        (b"#!", "a script"),
        (b"\xcf\xfa\xed\xfe", "a Mach-O file (macOS)"),
        (b"\xce\xfa\xed\xfe", "a Mach-O file (macOS)"),
        (b"\xfe\xed\xfa", "a Mach-O file (macOS)"),
        (b"\xca\xfe\xba\xbe", "a universal Mach-O file (macOS)"),
        (b"MZ", "a Windows executable (PE)"),
        (b"\x1f\x8b", "a gzip archive"),
        (b"PK\x03\x04", "a zip archive"),
        (b"\x28\xb5\x2f\xfd", "a zstd archive"),
        (b"\xfd7zXZ", "an xz archive"),
        (b"BZh", "a bzip2 archive"),
        (b"!<arch>", "an ar archive (a static library or a .deb)"),
        (b"\xed\xab\xee\xdb", "an rpm package"),
        (b"package ", "Go source"),
        (b"\0asm", "a WebAssembly module"),
    ];
    if bytes.is_empty() {
        return "an empty file";
    }
    if let Some((_, what)) = KNOWN.iter().find(|(magic, _)| bytes.starts_with(magic)) {
        return what;
    }
    let head = &bytes[..bytes.len().min(512)];
    if head.iter().all(|&b| b >= b' ' || matches!(b, b'\n' | b'\r' | b'\t')) {
        "a text file"
    } else {
        "a data file"
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn other_file_formats_are_named() {
        for (bytes, want) in [
            (&b""[..], "an empty file"),
            (b"#!/bin/sh\n", "a script"),
            (b"\xcf\xfa\xed\xfe\x07", "a Mach-O file (macOS)"),
            (b"MZ\x90", "a Windows executable (PE)"),
            (b"\x1f\x8b\x08", "a gzip archive"),
            (b"KrakenD Version: 2.1.4\n", "a text file"),
            (b"\x00\x01\x02", "a data file"),
        ] {
            assert_eq!(sniff(bytes), want);
        }
    }
}

//! The gateway that a plugin is checked against: its file, or what else is known of it.

use std::collections::BTreeSet;

use crate::binary::Binary;
use crate::binary::buildinfo::BuildInfo;
use crate::binary::symbol_versions::{glibc_of, newest_glibc};
use crate::gateway::facts::Gateway;
use crate::gateway::version_output::parse_libc;
use crate::matrix::modules::ModuleRow;
use crate::matrix::{Matrix, Release, linked};
use crate::toolchain::provenance::Record;
use crate::util::error::Result;
use crate::util::target::{Arch, Libc, LibcKind};
use crate::util::version::LibcVersion;

/// Everything about a gateway that a verdict depends on.
#[derive(Debug)]
pub struct LoadTarget<'a> {
    pub gateway: &'a Gateway,
    /// What to type for it: `--gateway ./krakend`.
    pub typed: String,
    /// Its file: with it the verdict is as good as the loader's own.
    pub file: Option<File<'a>>,
    pub system: System,
    pub arch: Option<Arch>,
    /// For a release without its file: its requirements, and which of them are linked, if known.
    pub modules: Vec<ModuleRow>,
    pub linked: Option<BTreeSet<String>>,
    /// For a release's own gateway that was fetched: its source, and who vouched for it.
    pub official: Option<Record>,
}

/// The gateway's own file.
#[derive(Debug)]
pub struct File<'a> {
    pub binary: &'a Binary,
    pub info: BuildInfo,
}

/// The system a gateway runs on, as far as it concerns a plugin.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct System {
    pub kind: Option<LibcKind>,
    /// The libc's version: the one the gateway was built on is assumed.
    pub version: Option<LibcVersion>,
    /// The version is the one the gateway needs; its system has at least that.
    pub at_least: bool,
    /// Where the version comes from.
    pub source: String,
}

impl<'a> LoadTarget<'a> {
    /// A gateway with its file. `asked` is a libc that the user named, which wins over the file's.
    ///
    /// # Errors
    /// The file was not built by Go.
    pub fn file(gateway: &'a Gateway, binary: &'a Binary, asked: Option<Libc>, typed: String) -> Result<Self> {
        let info = binary.build_info()?;
        let system = System::from_file(gateway, binary, &info, asked);
        Ok(LoadTarget {
            gateway,
            typed,
            arch: Some(binary.image().arch()),
            file: Some(File { binary, info }),
            system,
            modules: Vec::new(),
            linked: None,
            official: None,
        })
    }

    /// A gateway known only by its release or version.
    ///
    /// # Errors
    /// The matrix's own lists cannot be read.
    pub fn known(
        gateway: &'a Gateway,
        matrix: &Matrix,
        asked: Option<Libc>,
        arch: Option<Arch>,
        typed: String,
    ) -> Result<Self> {
        let release = gateway.release().and_then(|version| matrix.release(version));
        Ok(LoadTarget {
            gateway,
            typed,
            arch: gateway.arch.or(arch),
            file: None,
            system: System::from_release(gateway, matrix, asked),
            modules: release.map_or(Ok(Vec::new()), Release::requirements)?,
            linked: release.map_or(Ok(None), |release| linked(release.version))?,
            official: None,
        })
    }
}

impl System {
    fn from_file(gateway: &Gateway, binary: &Binary, info: &BuildInfo, asked: Option<Libc>) -> Self {
        let image = binary.image();
        let kind = libc_of(binary);
        let linked = linked_libc(binary, info);
        let system = |version, source: &str| System {
            kind: Some(kind),
            version,
            at_least: false,
            source: source.to_owned(),
        };
        if let Some(floor) = asked.filter(|libc| libc.kind == kind).and_then(|libc| libc.floor) {
            return system(Some(floor), "--libc");
        }
        if let Some((text, version)) = linked
            .as_deref()
            .and_then(|text| Some((text, libc_version(text, kind)?)))
        {
            return system(Some(version), &format!("it says `{text}`"));
        }
        match (kind, gateway.glibc_floor, newest_glibc(image)) {
            (LibcKind::Glibc, Some(floor), _) => system(Some(floor), &format!("release {}", gateway.label)),
            (LibcKind::Glibc, None, Some((version, _))) => System {
                at_least: true,
                ..system(Some(version), "what the gateway itself needs")
            },
            _ => system(None, ""),
        }
    }

    fn from_release(gateway: &Gateway, matrix: &Matrix, asked: Option<Libc>) -> Self {
        let libc = asked.or(gateway.libc);
        let row = gateway.release().and_then(|version| matrix.release(version));
        let kind = libc.map(|libc| libc.kind);
        let of_row = row.zip(kind).and_then(|(row, kind)| row.libc_version(kind));
        let floor = libc.and_then(|libc| libc.floor);
        System {
            kind,
            version: floor.or(of_row),
            at_least: false,
            source: if floor.is_some() {
                "--libc".to_owned()
            } else {
                format!("release {}", gateway.label)
            },
        }
    }
}

/// The libc that a gateway is linked with.
fn libc_of(binary: &Binary) -> LibcKind {
    let image = binary.image();
    let loader = image.interpreter().unwrap_or_default();
    let musl = loader.contains("ld-musl")
        || image
            .needed()
            .any(|lib| lib.starts_with("libc.musl-") || lib == "libc.so");
    if musl { LibcKind::Musl } else { LibcKind::Glibc }
}

/// The libc a gateway was built on: a value its linker set, found even where the flags were not recorded.
fn linked_libc(binary: &Binary, info: &BuildInfo) -> Option<String> {
    const VARIABLE: &str = "github.com/luraproject/lura/v2/core.GlibcVersion";
    let value = info
        .x_value("GlibcVersion")
        .or_else(|| binary.image().go_string(VARIABLE))?;
    Some(value.to_owned()).filter(|value| !value.is_empty() && value != "undefined")
}

/// The version in `MUSL-1.2.5_(alpine-3.23.0)` or `GLIBC-2.36_(debian-12)`, if it is for this libc.
fn libc_version(text: &str, kind: LibcKind) -> Option<LibcVersion> {
    let libc = parse_libc(text).filter(|libc| libc.kind == kind)?;
    let digits = text.split_once('-')?.1;
    let end = digits
        .find(|c: char| c != '.' && !c.is_ascii_digit())
        .unwrap_or(digits.len());
    libc.floor.or_else(|| digits[..end].parse().ok())
}

impl std::fmt::Display for System {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match (self.kind, self.version) {
            (Some(kind), Some(version)) => write!(f, "{kind} {version}"),
            (Some(kind), None) => write!(f, "{kind}"),
            (None, _) => f.write_str("an unknown libc"),
        }
    }
}

/// Whether the system has a needed version; glibc's own versions count as present where its version is unknown.
pub(crate) fn system_has(system: &System, version: &str) -> bool {
    glibc_of(version)
        .zip(system.version)
        .is_none_or(|(needed, has)| needed <= has)
}

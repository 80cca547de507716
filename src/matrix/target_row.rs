//! One target per row: its names in Go, zig, gcc, qemu and the loader.

use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::matrix::rows;
use crate::util::error::{Error, Result};
use crate::util::target::{Arch, Libc, LibcKind, Target};
use crate::util::version::LibcVersion;

/// A target's names in the tools that know it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TargetRow {
    /// `aarch64-unknown-linux-musl`.
    pub triple: Target,
    pub arch: Arch,
    pub libc: Libc,
    pub goarch: String,
    /// The level official gateways are compiled for on amd64.
    pub goamd64: Option<String>,
    /// The same on arm64 (read by Go 1.23 and later).
    pub goarm64: Option<String>,
    zig: String,
    gcc: Vec<CrossGcc>,
    /// The glibc floors that can be requested, for a glibc target.
    #[serde(default)]
    pub glibc: Option<GlibcRange>,
    /// The path of the dynamic loader on a system of this target.
    pub loader: String,
    /// User-mode emulators to look for, in order.
    pub qemu: Vec<String>,
    pub source: String,
}

/// The oldest and the newest glibc that a plugin can be linked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GlibcRange {
    pub oldest: LibcVersion,
    pub newest: LibcVersion,
}

/// A C compiler by name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CrossGcc {
    pub program: String,
    /// The only host, as `GOOS/GOARCH`, where the name means this target.
    pub host: Option<String>,
}

impl TargetRow {
    /// The argument of `zig cc -target`: `aarch64-linux-gnu.2.31`. musl has no floor.
    pub fn zig_target(&self, floor: Option<LibcVersion>) -> String {
        match (self.libc.kind, floor) {
            (LibcKind::Glibc, Some(floor)) => format!("{}.{floor}", self.zig),
            _ => self.zig.clone(),
        }
    }

    /// Checks that a plugin can be linked for this glibc.
    ///
    /// # Errors
    /// The architecture does not have this version, or it is unknown.
    pub fn check_floor(&self, floor: Option<LibcVersion>) -> Result<()> {
        let Some((floor, range)) = floor.zip(self.glibc.as_ref()) else {
            return Ok(());
        };
        let GlibcRange { oldest, newest } = range;
        if (oldest..=newest).contains(&&floor) {
            return Ok(());
        }
        let arch = self.arch;
        let (what, help) = if floor < *oldest {
            (
                format!("glibc {floor} is older than any for {arch}: the first is {oldest}"),
                *oldest,
            )
        } else {
            (
                format!("glibc {floor} is not known: a plugin can be linked for {oldest} to {newest}"),
                *newest,
            )
        };
        Err(Error::usage(what).help(format!(
            "write `--libc glibc={help}`: a plugin loads on its floor and on every later glibc"
        )))
    }

    /// The gcc names for this target on a host (`linux/amd64`), in search order.
    pub fn gccs<'a>(&'a self, host: &'a str) -> impl Iterator<Item = &'a str> {
        self.gcc
            .iter()
            .filter(move |gcc| gcc.host.as_deref().is_none_or(|only| only == host))
            .map(|gcc| gcc.program.as_str())
    }
}

/// A target's index in the table, which has exactly one row for each.
pub(crate) fn index(target: &Target) -> usize {
    let arch = match target.arch {
        Arch::Amd64 => 0,
        Arch::Arm64 => 1,
    };
    let libc = match target.libc.kind {
        LibcKind::Musl => 0,
        LibcKind::Glibc => 1,
    };
    arch * 2 + libc
}

pub(crate) fn parse(text: &str) -> Result<[TargetRow; 4]> {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct File {
        target: Vec<TargetRow>,
    }
    let file: File = rows::parse(text, Path::new("toolchains/targets.toml"))?;
    let broken = |what: &str| Error::usage(format!("toolchains/targets.toml: {what}"));
    for (at, row) in file.target.iter().enumerate() {
        let same = row.triple.arch == row.arch && row.triple.libc == row.libc && index(&row.triple) == at;
        if !same {
            return Err(broken(&format!("the row of {} is out of place", row.triple)));
        }
    }
    file.target.try_into().map_err(|_| broken("there are four targets"))
}

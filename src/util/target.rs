//! What a plugin is built for: arch × libc. The only parser of all their spellings.

use std::fmt;
use std::str::FromStr;

use target_lexicon::{Architecture, Environment, OperatingSystem, Triple};

use crate::util::error::{Error, Result};
use crate::util::version::{LibcVersion, as_text};

/// A processor architecture with gateway releases.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Arch {
    Amd64,
    Arm64,
}

impl Arch {
    pub const ALL: [Arch; 2] = [Arch::Amd64, Arch::Arm64];

    /// The GOARCH, which is also the short name.
    pub fn goarch(self) -> &'static str {
        match self {
            Arch::Amd64 => "amd64",
            Arch::Arm64 => "arm64",
        }
    }

    /// The name in a triple.
    pub fn triple_name(self) -> &'static str {
        match self {
            Arch::Amd64 => "x86_64",
            Arch::Arm64 => "aarch64",
        }
    }
}

impl fmt::Display for Arch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.goarch())
    }
}

impl FromStr for Arch {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        match text.to_ascii_lowercase().as_str() {
            "amd64" | "x86_64" | "x86-64" | "x64" => Ok(Arch::Amd64),
            "arm64" | "aarch64" => Ok(Arch::Arm64),
            _ => Err(Error::usage(format!("no target has the architecture `{text}`"))
                .help("gateways are released for amd64 (x86_64) and arm64 (aarch64)")),
        }
    }
}

/// The C library a gateway was linked with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum LibcKind {
    Musl,
    Glibc,
}

impl LibcKind {
    pub const ALL: [LibcKind; 2] = [LibcKind::Musl, LibcKind::Glibc];

    pub fn name(self) -> &'static str {
        match self {
            LibcKind::Musl => "musl",
            LibcKind::Glibc => "glibc",
        }
    }

    /// The name in a triple.
    pub fn triple_name(self) -> &'static str {
        match self {
            LibcKind::Musl => "musl",
            LibcKind::Glibc => "gnu",
        }
    }
}

impl fmt::Display for LibcKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for LibcKind {
    type Err = Error;

    /// Accepts the spellings of [`Libc`] without a floor.
    fn from_str(text: &str) -> Result<Self> {
        let libc: Libc = text.parse()?;
        match libc.floor {
            None => Ok(libc.kind),
            Some(_) => Err(Error::usage(format!("`{text}`: a floor is not allowed here")).help("write musl or glibc")),
        }
    }
}

/// A requested libc: its kind, and for glibc the newest version whose symbols may be needed (the floor).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Libc {
    pub kind: LibcKind,
    /// Only set for glibc: musl has no symbol versions.
    pub floor: Option<LibcVersion>,
}

impl fmt::Display for Libc {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.floor {
            Some(floor) => write!(f, "{}={floor}", self.kind),
            None => self.kind.fmt(f),
        }
    }
}

impl FromStr for Libc {
    type Err = Error;

    /// Accepts `musl`, `alpine`, `glibc`, `gnu`, `generic-linux`, `linux-generic`, and `glibc=2.31`.
    fn from_str(text: &str) -> Result<Self> {
        let (name, floor) = match text.split_once('=') {
            Some((name, floor)) => (name, Some(floor)),
            None => (text, None),
        };
        let kind = match name.to_ascii_lowercase().as_str() {
            "musl" | "alpine" => LibcKind::Musl,
            "glibc" | "gnu" | "generic-linux" | "linux-generic" => LibcKind::Glibc,
            _ => {
                return Err(Error::usage(format!("no target has the libc `{text}`"))
                    .help("write musl (alpine) or glibc (gnu, generic-linux), with a floor if wanted: glibc=2.31"));
            }
        };
        let floor = match (kind, floor) {
            (_, None) => None,
            (LibcKind::Glibc, Some(floor)) => Some(glibc(floor)?),
            (LibcKind::Musl, Some(_)) => {
                return Err(
                    Error::usage(format!("`{text}`: musl has no symbol versions, so it takes no floor"))
                        .help("write `musl`"),
                );
            }
        };
        Ok(Libc { kind, floor })
    }
}

/// Parses a version of glibc.
fn glibc(text: &str) -> Result<LibcVersion> {
    let version: LibcVersion = text.parse()?;
    match version.major {
        2 => Ok(version),
        _ => Err(Error::usage(format!("no glibc has the version {version}")).help("write for example glibc=2.31")),
    }
}

/// What a plugin is built for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Target {
    pub arch: Arch,
    pub libc: Libc,
}

impl Target {
    /// The four targets, without a floor.
    pub fn all() -> impl Iterator<Item = Target> {
        Arch::ALL
            .into_iter()
            .flat_map(|arch| LibcKind::ALL.into_iter().map(move |kind| Target::new(arch, kind)))
    }

    pub fn new(arch: Arch, kind: LibcKind) -> Self {
        Target {
            arch,
            libc: Libc { kind, floor: None },
        }
    }

    /// `aarch64-unknown-linux-musl`.
    pub fn triple(&self) -> String {
        format!(
            "{}-unknown-linux-{}",
            self.arch.triple_name(),
            self.libc.kind.triple_name()
        )
    }

    /// `arm64-musl`.
    pub fn short(&self) -> String {
        format!("{}-{}", self.arch, self.libc.kind)
    }
}

/// The triple, with a glibc floor after a dot as in zig and cargo-zigbuild.
impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.triple())?;
        match self.libc.floor {
            Some(floor) => write!(f, ".{floor}"),
            None => Ok(()),
        }
    }
}

impl FromStr for Target {
    type Err = Error;

    /// Accepts `aarch64-unknown-linux-musl`, `aarch64-linux-gnu.2.31`, `arm64-musl`, `linux/arm64/musl`,
    /// `linux-arm64-glibc=2.31`.
    fn from_str(text: &str) -> Result<Self> {
        parse_triple(text).or_else(|| parse_short(text)).ok_or_else(|| {
            let error = Error::usage(format!("`{text}` is not a target of a gateway"));
            let alone = text
                .parse::<Arch>()
                .map(|arch| format!("an architecture alone is `--arch {arch}`"));
            alone
                .into_iter()
                .fold(error, Error::help)
                .help("write aarch64-unknown-linux-musl, arm64-musl, linux/arm64/musl or x86_64-unknown-linux-gnu.2.31")
                .help("`plugbuild target list` lists them")
        })
    }
}

fn parse_triple(text: &str) -> Option<Target> {
    let (triple, floor) = match text.find("-gnu.") {
        Some(at) => (&text[..at + 4], Some(glibc(&text[at + 5..]).ok()?)),
        None => (text, None),
    };
    let triple: Triple = triple.parse().ok()?;
    let arch = match triple.architecture {
        Architecture::X86_64 => Arch::Amd64,
        Architecture::Aarch64(_) => Arch::Arm64,
        _ => return None,
    };
    let kind = match triple.environment {
        Environment::Musl => LibcKind::Musl,
        Environment::Gnu => LibcKind::Glibc,
        _ => return None,
    };
    let linux = triple.operating_system == OperatingSystem::Linux;
    linux.then_some(Target {
        arch,
        libc: Libc { kind, floor },
    })
}

fn parse_short(text: &str) -> Option<Target> {
    let bare = text
        .strip_prefix("linux/")
        .or_else(|| text.strip_prefix("linux-"))
        .unwrap_or(text);
    let (arch, libc) = bare.split_once(['/', '-'])?;
    Some(Target {
        arch: arch.parse().ok()?,
        libc: libc.parse().ok()?,
    })
}

as_text!(Arch, LibcKind, Libc, Target);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_spellings_of_a_target() {
        for (text, want) in [
            ("aarch64-unknown-linux-musl", "aarch64-unknown-linux-musl"),
            ("aarch64-linux-musl", "aarch64-unknown-linux-musl"),
            ("arm64-musl", "aarch64-unknown-linux-musl"),
            ("linux/arm64/musl", "aarch64-unknown-linux-musl"),
            ("linux-arm64-alpine", "aarch64-unknown-linux-musl"),
            ("x86_64-unknown-linux-gnu", "x86_64-unknown-linux-gnu"),
            ("x86_64-unknown-linux-gnu.2.31", "x86_64-unknown-linux-gnu.2.31"),
            ("amd64-glibc=2.36", "x86_64-unknown-linux-gnu.2.36"),
            ("linux/amd64/generic-linux", "x86_64-unknown-linux-gnu"),
        ] {
            assert_eq!(text.parse::<Target>().unwrap().to_string(), want, "{text}");
        }
        for text in [
            "",
            "arm64",
            "riscv64-musl",
            "aarch64-apple-darwin",
            "x86_64-pc-windows-msvc",
            "x86_64-unknown-linux-gnu.x",
            "arm64-musl=1.2",
        ] {
            assert!(text.parse::<Target>().is_err(), "{text}");
        }
    }

    #[test]
    fn architecture_alone_suggests_arch() {
        for (text, option) in [("arm64", "`--arch arm64`"), ("x86_64", "`--arch amd64`")] {
            let help = text.parse::<Target>().unwrap_err().help;
            assert!(help[0].ends_with(option), "{help:?}");
        }
    }

    #[test]
    fn targets_roundtrip() {
        for target in Target::all() {
            assert_eq!(target.to_string().parse::<Target>().unwrap(), target);
            assert_eq!(target.short().parse::<Target>().unwrap(), target);
        }
    }
}

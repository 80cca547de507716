//! The names of a gateway on the command line, parsed but not yet looked up.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

use crate::util::edition::{ENTERPRISE_SUFFIX, Edition};
use crate::util::error::{Error, Result};
use crate::util::suggest::nearest;
use crate::util::target::{Libc, LibcKind};
use crate::util::version::{GoVersion, dotted, numbers};

/// The forms of `--gateway`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum GatewaySpec {
    /// `2`, `2.1`, `v2.1.4`, with a flavor as in the official images: the newest release with this prefix.
    Release {
        numbers: Vec<u32>,
        flavour: Option<LibcKind>,
    },
    /// `2.13@latest`, `2@latest-alpine`: the newest with this prefix that the user's GOPROXY lists.
    Newest {
        numbers: Vec<u32>,
        flavour: Option<LibcKind>,
    },
    /// `latest`, `latest-alpine`.
    Latest { flavour: Option<LibcKind> },
    /// `2.13.3-ee`, `krakend/krakend-ee:2.13.3`: the newest one of the user's own with this prefix; no numbers for any.
    Enterprise {
        numbers: Vec<u32>,
        flavour: Option<LibcKind>,
        typed: String,
    },
    /// `auto`: the `krakend` on PATH.
    Auto,
    /// `-`: the text of `krakend version` on standard input.
    Stdin,
    /// A krakend binary, or a file with the output of `krakend version`.
    File(PathBuf),
    /// A custom gateway by name.
    Named(String),
}

/// The forms, shown by every error that asks for one.
pub const FORMS: [&str; 4] = [
    "a release: `--gateway 2.1`, `--gateway 2.13.8-linux-generic`, `--gateway latest`",
    "a gateway's file, which no build runs: `--gateway ./krakend`, or `--gateway auto` for the one on PATH",
    "its version output: `krakend version 2>&1 | plugbuild --gateway -`",
    "its parts: `--go 1.25.6 --libc musl`",
];

impl FromStr for GatewaySpec {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let looks_like_path = text.contains('/') || text.starts_with('.');
        match text {
            "" => return Err(forms(Error::usage("`--gateway` names no gateway"))),
            "-" => return Ok(GatewaySpec::Stdin),
            "auto" => return Ok(GatewaySpec::Auto),
            _ => {}
        }
        if let Some((image, tag)) = split_image(text) {
            // Tags that are not releases are reported when the gateway is looked up.
            let edition = if image == ENTERPRISE {
                Edition::Enterprise
            } else {
                Edition::Community
            };
            let named = || GatewaySpec::Named(format!("{image}:{tag}"));
            return Ok(release(tag, edition, text).unwrap_or_else(named));
        }
        if looks_like_path {
            return Ok(GatewaySpec::File(text.into()));
        }
        Ok(release(text, Edition::Community, text).unwrap_or_else(|| GatewaySpec::Named(text.to_owned())))
    }
}

/// A release by its version, or by the tag of an image of this edition; `-ee` makes it one of the Enterprise Edition.
fn release(text: &str, edition: Edition, typed: &str) -> Option<GatewaySpec> {
    let (name, flavour) = split_flavour(text);
    let (name, edition) = match name.strip_suffix(ENTERPRISE_SUFFIX) {
        Some(name) => (name, Edition::Enterprise),
        None => (name, edition),
    };
    let (name, flavour) = match flavour {
        None => split_flavour(name),
        Some(_) => (name, flavour),
    };
    let bare = name.strip_prefix(['v', 'V']).unwrap_or(name);
    if let Some(line) = bare.strip_suffix(ASKED) {
        let numbers = numbers(line).filter(|numbers| numbers.len() <= 2 && edition == Edition::Community)?;
        return Some(GatewaySpec::Newest { numbers, flavour });
    }
    let numbers = match name {
        "latest" => Vec::new(),
        _ => numbers(bare).filter(|numbers| numbers.len() <= 3)?,
    };
    Some(match edition {
        Edition::Enterprise => GatewaySpec::Enterprise {
            numbers,
            flavour,
            typed: typed.to_owned(),
        },
        Edition::Community if numbers.is_empty() => GatewaySpec::Latest { flavour },
        Edition::Community => GatewaySpec::Release { numbers, flavour },
    })
}

/// As typed.
impl fmt::Display for GatewaySpec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let flavoured = |f: &mut fmt::Formatter<'_>, name: &str, flavour: &Option<LibcKind>| match flavour {
            Some(LibcKind::Musl) => write!(f, "{name}-alpine"),
            Some(LibcKind::Glibc) => write!(f, "{name}-linux-generic"),
            None => f.write_str(name),
        };
        match self {
            GatewaySpec::Release { numbers, flavour } => flavoured(f, &dotted(numbers), flavour),
            GatewaySpec::Newest { numbers, flavour } => flavoured(f, &format!("{}{ASKED}", dotted(numbers)), flavour),
            GatewaySpec::Latest { flavour } => flavoured(f, "latest", flavour),
            GatewaySpec::Enterprise { typed, .. } => f.write_str(typed),
            GatewaySpec::Auto => f.write_str("auto"),
            GatewaySpec::Stdin => f.write_str("-"),
            GatewaySpec::File(path) => path.display().fmt(f),
            GatewaySpec::Named(name) => f.write_str(name),
        }
    }
}

/// What asks for the newest release there is, as in `go get`.
const ASKED: &str = "@latest";

const SUFFIXES: [(&str, LibcKind); 5] = [
    ("-linux-generic", LibcKind::Glibc),
    ("-generic-linux", LibcKind::Glibc),
    ("-glibc", LibcKind::Glibc),
    ("-alpine", LibcKind::Musl),
    ("-musl", LibcKind::Musl),
];

fn split_flavour(text: &str) -> (&str, Option<LibcKind>) {
    SUFFIXES
        .iter()
        .find_map(|(suffix, kind)| Some((text.strip_suffix(suffix)?, Some(*kind))))
        .unwrap_or((text, None))
}

/// KrakenD's images, for gateways and for building plugins; both use the same tags.
const IMAGES: [&str; 5] = ["krakend", "krakend-ce", "builder", ENTERPRISE, "builder-ee"];
const ENTERPRISE: &str = "krakend-ee";

/// The image, without its owner, and the tag of `krakend:2.9.4-alpine`, `krakend/builder:2.9.4` or
/// `docker.io/devopsfaith/krakend:2.9`.
fn split_image(text: &str) -> Option<(&str, &str)> {
    let (place, tag) = text.rsplit_once(':')?;
    let (owner, image) = place.rsplit_once('/').unwrap_or(("", place));
    let is_builder = image.starts_with("builder");
    let owner = owner.rsplit('/').next().unwrap_or_default();
    let known = IMAGES.contains(&image)
        && (["krakend", "devopsfaith"].contains(&owner) || !is_builder && ["", "library"].contains(&owner));
    let image = if image == "builder-ee" { ENTERPRISE } else { image };
    known.then_some((image, tag))
}

/// A suggestion for a name close to a release: an image, a misspelt flavor.
pub fn suggestion(name: &str) -> Option<String> {
    let (image, tag) = name.split_once(':').unwrap_or((name, ""));
    match image {
        ENTERPRISE => None,
        "krakend" | "krakend-ce" | "builder" => {
            let release = corrected(tag)?;
            Some(format!(
                "did you mean `--gateway {release}`? that is the release, without its image's name"
            ))
        }
        _ => Some(format!("did you mean `--gateway {}`?", corrected(name)?)),
    }
}

/// A release with its flavor, or the nearest one.
fn corrected(text: &str) -> Option<String> {
    let is_release = |text: &str| {
        let spec = text.parse();
        matches!(
            spec,
            Ok(GatewaySpec::Release { .. } | GatewaySpec::Latest { .. } | GatewaySpec::Enterprise { .. })
        )
    };
    if is_release(text) {
        return Some(text.to_owned());
    }
    let (name, flavour) = text.split_at(text.find('-')?);
    let near = nearest(flavour, SUFFIXES.map(|(suffix, _)| suffix))?;
    is_release(name).then(|| format!("{name}{near}"))
}

/// Adds the forms of a gateway as help.
pub fn forms(error: Error) -> Error {
    FORMS.iter().fold(error, |error, form| error.help(*form))
}

/// What the command line says about the gateway.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Asked {
    pub gateway: Option<GatewaySpec>,
    /// Where the gateway was named, if not by `--gateway`.
    pub named_in: Option<String>,
    /// `--go`: overrides the gateway's own Go.
    pub go: Option<GoVersion>,
    /// The first `--libc`, for a gateway about which nothing else is known.
    pub libc: Option<Libc>,
}

impl Asked {
    /// A gateway given as a file.
    pub fn file(file: PathBuf) -> Self {
        Asked {
            gateway: Some(GatewaySpec::File(file)),
            ..Asked::default()
        }
    }

    /// The same with this Go.
    pub(crate) fn with_go(&self, go: &GoVersion) -> Self {
        Asked {
            go: Some(go.clone()),
            ..self.clone()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gateway_forms() {
        let release = |numbers: &[u32], flavour| GatewaySpec::Release {
            numbers: numbers.to_vec(),
            flavour,
        };
        for (text, want) in [
            ("2", release(&[2], None)),
            ("v2.1", release(&[2, 1], None)),
            ("V2.12", release(&[2, 12], None)),
            ("2.1.4", release(&[2, 1, 4], None)),
            ("2.13.8-linux-generic", release(&[2, 13, 8], Some(LibcKind::Glibc))),
            ("v2.13-alpine", release(&[2, 13], Some(LibcKind::Musl))),
            (
                "2.13@latest",
                GatewaySpec::Newest {
                    numbers: vec![2, 13],
                    flavour: None,
                },
            ),
            (
                "v2@latest-alpine",
                GatewaySpec::Newest {
                    numbers: vec![2],
                    flavour: Some(LibcKind::Musl),
                },
            ),
            ("2.13.8@latest", GatewaySpec::Named("2.13.8@latest".into())),
            ("latest", GatewaySpec::Latest { flavour: None }),
            (
                "latest-alpine",
                GatewaySpec::Latest {
                    flavour: Some(LibcKind::Musl),
                },
            ),
            ("auto", GatewaySpec::Auto),
            ("-", GatewaySpec::Stdin),
            ("./krakend", GatewaySpec::File("./krakend".into())),
            ("bin/2.1", GatewaySpec::File("bin/2.1".into())),
            ("krakend:2.9.4-alpine", release(&[2, 9, 4], Some(LibcKind::Musl))),
            ("krakend/builder:2.9.4", release(&[2, 9, 4], None)),
            (
                "krakend/builder:2.9.4-linux-generic",
                release(&[2, 9, 4], Some(LibcKind::Glibc)),
            ),
            ("devopsfaith/krakend:2.1", release(&[2, 1], None)),
            (
                "docker.io/krakend/krakend-ce:latest",
                GatewaySpec::Latest { flavour: None },
            ),
            ("3", release(&[3], None)),
            ("v3.0", release(&[3, 0], None)),
            ("krakend:3.0.0", release(&[3, 0, 0], None)),
            ("krakend:3-alpine", release(&[3], Some(LibcKind::Musl))),
            ("krakend/krakend-ee:main", GatewaySpec::Named("krakend-ee:main".into())),
            (
                "krakend/krakend-ee:2.13.3-watch",
                GatewaySpec::Named("krakend-ee:2.13.3-watch".into()),
            ),
            ("acme-ee", GatewaySpec::Named("acme-ee".into())),
            ("3.0.0-rc1", GatewaySpec::Named("3.0.0-rc1".into())),
            ("-ee", GatewaySpec::Named("-ee".into())),
            ("krakend/builder:main", GatewaySpec::Named("builder:main".into())),
            ("./krakend:2.1", GatewaySpec::File("./krakend:2.1".into())),
            ("out/krakend:2.1", GatewaySpec::File("out/krakend:2.1".into())),
            ("acme-3.0", GatewaySpec::Named("acme-3.0".into())),
            ("2.1.4.5", GatewaySpec::Named("2.1.4.5".into())),
            ("+2.1", GatewaySpec::Named("+2.1".into())),
        ] {
            assert_eq!(text.parse::<GatewaySpec>().unwrap(), want, "{text}");
        }
        for (text, numbers, flavour) in [
            ("2.13.3-ee", &[2, 13, 3][..], None),
            ("v2.13-ee", &[2, 13], None),
            ("3.0.4-ee", &[3, 0, 4], None),
            ("3-ee", &[3], None),
            ("krakend/krakend-ee:2.13.3", &[2, 13, 3], None),
            ("krakend-ee:v3", &[3], None),
            ("krakend/krakend-ee:2.13.3-ee", &[2, 13, 3], None),
            (
                "krakend/builder-ee:2.13.3-linux-generic",
                &[2, 13, 3],
                Some(LibcKind::Glibc),
            ),
            ("2.13.3-ee-alpine", &[2, 13, 3], Some(LibcKind::Musl)),
            ("2.13.3-alpine-ee", &[2, 13, 3], Some(LibcKind::Musl)),
            ("krakend/krakend-ee:latest", &[], None),
        ] {
            let want = GatewaySpec::Enterprise {
                numbers: numbers.to_vec(),
                flavour,
                typed: text.to_owned(),
            };
            assert_eq!(text.parse::<GatewaySpec>().unwrap(), want, "{text}");
            assert_eq!(want.to_string(), text);
        }
        assert_eq!("".parse::<GatewaySpec>().unwrap_err().help.len(), FORMS.len());
    }

    #[test]
    fn release_suggestions() {
        let help = |name: &str| suggestion(name).unwrap_or_default();
        for (name, release) in [
            ("builder:2.12.1-alpin", "2.12.1-alpine"),
            ("krakend:2.12.1-alpin", "2.12.1-alpine"),
            ("2.12.1-linux-generik", "2.12.1-linux-generic"),
            ("v2.1-apline", "v2.1-alpine"),
            ("latest-muls", "latest-musl"),
        ] {
            assert!(
                help(name).starts_with(&format!("did you mean `--gateway {release}`?")),
                "{name}"
            );
        }
        for name in [
            "acme",
            "krakend",
            "acme-3.0",
            "2.1.4-rc1",
            "krakend:main",
            "krakend-ee:main",
            "redis:7",
            "-alpine",
            "99999999999.1",
        ] {
            assert_eq!(help(name), "", "{name}");
        }
    }
}

//! The output of `krakend version`, and its libc strings.

use crate::util::component;
use crate::util::edition;
use crate::util::edition::Edition;
use crate::util::error::{Error, Result};
use crate::util::target::{Libc, LibcKind};
use crate::util::version::{GatewayVersion, GoVersion};

/// The three lines of `krakend version`, as far as they could be parsed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct VersionText {
    /// As printed; an Enterprise edition or a fork may print more than a version.
    pub krakend: Option<String>,
    pub go: Option<GoVersion>,
    /// As printed, for messages.
    pub libc_text: Option<String>,
    pub libc: Option<Libc>,
}

impl VersionText {
    /// The release and its edition, unless it is a fork's own name.
    pub fn release(&self) -> Option<(Edition, GatewayVersion)> {
        edition::release(self.krakend.as_deref()?)
    }

    /// Parses the output, ignoring anything that a shell or Docker printed around it.
    ///
    /// # Errors
    /// It has none of the three lines.
    pub fn parse(text: &str) -> Result<Self> {
        let value = |label: &str| {
            text.lines()
                .find_map(|line| line.trim().trim_start_matches('\u{feff}').strip_prefix(label))
                .map(str::trim)
                .filter(|v| *v != "undefined" && component::checked_line("a version", v).is_ok())
                .map(str::to_owned)
        };
        let labels = ["KrakenD Version:", "Go Version:", "Glibc Version:"];
        // `krakend help` prints one line of it, which other programs print too.
        let of_help = || value("Version:").filter(|version| edition::release(version).is_some());
        let krakend = value(labels[0]).or_else(of_help);
        if krakend.is_none() && !labels.iter().any(|label| text.contains(label)) {
            return Err(Error::usage(
                "this is not what `krakend version` prints: no `KrakenD Version:` line",
            ));
        }
        let libc_text = value(labels[2]);
        Ok(VersionText {
            krakend,
            go: value(labels[1]).and_then(|v| v.parse().ok()),
            libc: libc_text.as_deref().and_then(parse_libc),
            libc_text,
        })
    }
}

/// Parses `MUSL-1.2.5_(alpine-3.23.0)`, `GLIBC-2.36_(debian-12)`, `RHEL-…`: the kind, and for glibc the version.
/// Others are unknown (`DARWIN-…`, names of distributions).
pub fn parse_libc(text: &str) -> Option<Libc> {
    let (name, rest) = text.split_once('-')?;
    let number: String = rest.chars().take_while(|c| c.is_ascii_digit() || *c == '.').collect();
    match name.to_ascii_uppercase().as_str() {
        "MUSL" => Some(Libc {
            kind: LibcKind::Musl,
            floor: None,
        }),
        "GLIBC" => Some(Libc {
            kind: LibcKind::Glibc,
            floor: number.parse().ok(),
        }),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn official_version_output() {
        let text = "\nKrakenD Version: 2.12.1\nGo Version: 1.25.6\nGlibc Version: MUSL-1.2.5_(alpine-3.23.0)\n";
        let parsed = VersionText::parse(text).unwrap();
        assert_eq!(parsed.release(), Some((Edition::Community, "2.12.1".parse().unwrap())));
        assert_eq!(parsed.go.unwrap().to_string(), "1.25.6");
        assert_eq!(parsed.libc.unwrap().kind, LibcKind::Musl);
        assert_eq!(parse_libc("GLIBC-2.36_(debian-12)").unwrap().to_string(), "glibc=2.36");
        assert_eq!(parse_libc("glibc-2.31").unwrap().to_string(), "glibc=2.31");
    }

    #[test]
    fn releases_of_both_editions() {
        let head = "Go Version: 1.26.5\nGlibc Version: MUSL-1.2.5_(alpine-3.23)\n";
        let help =
            "\n  ▐███ ██▌\n\nVersion: {}\n\nKrakenD is a high-performance API gateway\n\nUsage:\n  krakend [command]\n";
        for (reported, want) in [
            ("3.0.0", Some((Edition::Community, "3.0.0"))),
            ("v2.13.8", Some((Edition::Community, "2.13.8"))),
            ("2.12.4-ee", Some((Edition::Enterprise, "2.12.4"))),
            ("3.0.4-ee", Some((Edition::Enterprise, "3.0.4"))),
            ("3.0.4-ee-acme", None),
            ("3.0-acme", None),
            ("3", None),
            ("undefined", None),
        ] {
            let want = want.map(|(edition, version)| (edition, version.parse().unwrap()));
            let text = VersionText::parse(&format!("KrakenD Version: {reported}\n{head}")).unwrap();
            assert_eq!(text.release(), want, "{reported}");
            assert_eq!(text.go.unwrap().to_string(), "1.26.5");
            let text = VersionText::parse(&help.replace("{}", reported));
            assert_eq!(text.ok().and_then(|text| text.release()), want, "{reported}");
        }
        for garbage in [
            "Version: 3",
            "Version:",
            "Compose Version: 3.0.0",
            "3.0.0",
            "Version 3.0.0",
        ] {
            assert!(VersionText::parse(garbage).is_err(), "{garbage}");
        }
    }

    #[test]
    fn unknown_version_output() {
        let parsed =
            VersionText::parse("KrakenD Version: undefined\r\nGo Version: undefined\r\nGlibc Version: DARWIN-23\r\n")
                .unwrap();
        let unknown = VersionText {
            libc_text: Some("DARWIN-23".into()),
            ..VersionText::default()
        };
        assert_eq!(parsed, unknown);
        assert!(VersionText::parse("hello").is_err());
        let fork = VersionText::parse("KrakenD Version: 2.9-acme\nGo Version: 1.22.11\n").unwrap();
        assert_eq!((fork.release(), fork.krakend.as_deref()), (None, Some("2.9-acme")));
    }
}

//! The modules each release requires, from toolchains/modules.txt.
//!
//! The text is embedded, unpacked and parsed on demand, so it costs nothing at start-up.

use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;

use serde::Serialize;

use crate::util::error::{Error, Result};
use crate::util::packed::{Packed, packed};
use crate::util::version::GatewayVersion;

static TEXT: Packed = packed!("modules.txt");
const ORIGIN: &str = "toolchains/modules.txt";

/// A module at the version in the main module's build list.
///
/// Written `path version [indirect] [=> replacement@version]`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct ModuleRow {
    pub path: String,
    pub version: String,
    /// Not imported by the main module itself.
    pub indirect: bool,
    /// The module and version compiled instead.
    pub replace: Option<(String, String)>,
}

impl ModuleRow {
    /// The module path and version really compiled, to which the checksums belong.
    pub fn effective(&self) -> (&str, &str) {
        match &self.replace {
            Some((path, version)) => (path, version),
            None => (&self.path, &self.version),
        }
    }
}

impl fmt::Display for ModuleRow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.path, self.version)?;
        if self.indirect {
            f.write_str(" indirect")?;
        }
        match &self.replace {
            Some((path, version)) => write!(f, " => {path}@{version}"),
            None => Ok(()),
        }
    }
}

/// The modules a release requires, sorted by path.
pub fn of(version: GatewayVersion) -> Result<Vec<ModuleRow>> {
    let mut list = List::default();
    for section in sections() {
        let section = section?;
        list.apply(&section)?;
        if section.version == version {
            return Ok(list.rows());
        }
    }
    Err(
        Error::usage(format!("the module list of krakend {version} is not known"))
            .help("`plugbuild gateway list` lists the known releases")
            .help("pass the gateway's binary, which holds its own: `--gateway ./krakend`"),
    )
}

/// The modules of every release, oldest first; one pass, so all cost little more than one.
pub fn all() -> Result<Vec<(GatewayVersion, Vec<ModuleRow>)>> {
    let mut list = List::default();
    sections()
        .map(|section| {
            let section = section?;
            list.apply(&section)?;
            Ok((section.version, list.rows()))
        })
        .collect()
}

/// Parses a user's module list: a `path version [=> replacement@version]` per line, `#` for comments.
pub fn parse(text: &str, origin: &Path) -> Result<Vec<ModuleRow>> {
    let mut list = BTreeMap::new();
    for (at, line) in text.lines().enumerate() {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let (path, state) = entry(line).ok_or_else(|| {
            let what = format!(
                "{}:{}: `{line}` is not a module and its version",
                origin.display(),
                at + 1
            );
            Error::usage(what).help("write `github.com/gin-gonic/gin v1.9.1`, one a line")
        })?;
        list.insert(path, state);
    }
    Ok(List(list).rows())
}

/// One release's lines.
struct ReleaseSection {
    version: GatewayVersion,
    /// With line numbers.
    lines: Vec<(usize, &'static str)>,
}

fn sections() -> impl Iterator<Item = Result<ReleaseSection>> {
    let mut lines = TEXT
        .text()
        .lines()
        .enumerate()
        .map(|(at, line)| (at + 1, line))
        .filter(|(_, line)| !line.is_empty() && !line.starts_with('#'))
        .peekable();
    std::iter::from_fn(move || {
        let (at, head) = lines.next()?;
        let version = head.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
        let Some(version) = version.and_then(|version| version.parse().ok()) else {
            return Some(Err(malformed(at, head)));
        };
        let lines = std::iter::from_fn(|| lines.next_if(|(_, line)| !line.starts_with('['))).collect();
        Some(Ok(ReleaseSection { version, lines }))
    })
}

/// A module without its path, while the list is being built.
#[derive(Default)]
struct List<'a>(BTreeMap<&'a str, ModuleState<'a>>);

struct ModuleState<'a> {
    version: &'a str,
    indirect: bool,
    replace: Option<(&'a str, &'a str)>,
}

impl List<'static> {
    fn apply(&mut self, section: &ReleaseSection) -> Result<()> {
        for &(at, line) in &section.lines {
            self.apply_line(line).ok_or_else(|| malformed(at, line))?;
        }
        Ok(())
    }

    /// `None` also if the line contradicts the previous ones.
    fn apply_line(&mut self, line: &'static str) -> Option<()> {
        let (sign, rest) = line.split_once(' ')?;
        match sign {
            "+" => {
                let (path, state) = entry(rest)?;
                self.0.insert(path, state).is_none().then_some(())
            }
            "-" => self.0.remove(rest).map(drop),
            "~" => {
                let (old, new) = rest.split_once(" -> ")?;
                let (path, old) = old.split_once(' ')?;
                let state = self.0.get_mut(path)?;
                let fits = state.version == old;
                *state = self::state(new)?;
                fits.then_some(())
            }
            _ => None,
        }
    }
}

impl List<'_> {
    fn rows(&self) -> Vec<ModuleRow> {
        let row = |(path, state): (&&str, &ModuleState)| ModuleRow {
            path: (*path).to_owned(),
            version: state.version.to_owned(),
            indirect: state.indirect,
            replace: state
                .replace
                .map(|(path, version)| (path.to_owned(), version.to_owned())),
        };
        self.0.iter().map(row).collect()
    }
}

/// `path version [indirect] [=> replacement@version]`.
fn entry(text: &str) -> Option<(&str, ModuleState<'_>)> {
    let (path, rest) = text.split_once(' ')?;
    let plain = |text: &str| !text.is_empty() && !text.contains(|c: char| c.is_control() || c.is_whitespace());
    let state = state(rest)?;
    let replaced = state
        .replace
        .is_none_or(|(path, version)| plain(path) && (version.is_empty() || plain(version)));
    (plain(path) && plain(state.version) && replaced).then_some((path, state))
}

fn state(text: &str) -> Option<ModuleState<'_>> {
    let (text, replace) = match text.split_once(" => ") {
        Some((text, replace)) => (text, Some(replace.split_once('@')?)),
        None => (text, None),
    };
    let (version, indirect) = match text.strip_suffix(" indirect") {
        Some(version) => (version, true),
        None => (text, false),
    };
    let plain = version.starts_with('v') && !version.contains(char::is_whitespace);
    plain.then_some(ModuleState {
        version,
        indirect,
        replace,
    })
}

fn malformed(at: usize, line: &str) -> Error {
    Error::usage(format!("{ORIGIN}:{at}: `{line}` does not fit here"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn v(text: &str) -> GatewayVersion {
        text.parse().unwrap()
    }

    #[test]
    fn every_release_has_its_modules() {
        let all = all().unwrap();
        let releases: Vec<_> = crate::matrix::Matrix::builtin()
            .unwrap()
            .releases()
            .iter()
            .map(|r| r.version)
            .collect();
        assert_eq!(all.iter().map(|(v, _)| *v).collect::<Vec<_>>(), releases);
        assert_eq!(all.len(), 57);
        assert_eq!(all.iter().map(|(_, rows)| rows.len()).sum::<usize>(), 14_564);
        let direct = all
            .iter()
            .flat_map(|(_, rows)| rows)
            .filter(|row| !row.indirect)
            .count();
        assert_eq!(direct, 1_982);
        for (version, rows) in &all {
            assert!(rows.is_sorted_by(|a, b| a.path < b.path), "{version}");
        }
    }

    #[test]
    fn one_release_equals_its_part_of_all() {
        for (version, rows) in all().unwrap() {
            assert_eq!(of(version).unwrap(), rows, "{version}");
        }
        let error = of(v("2.1.9")).unwrap_err();
        assert!(error.message.contains("2.1.9") && error.help.len() == 2, "{error:?}");
    }

    #[test]
    fn known_modules_are_listed() {
        for (release, count, want) in [
            ("2.1.4", 241, "github.com/gin-gonic/gin v1.8.2"),
            ("2.1.4", 241, "github.com/luraproject/lura/v2 v2.2.3"),
            (
                "2.1.4",
                241,
                "github.com/auth0-community/go-auth0 v1.0.0 indirect => github.com/devopsfaith/go-auth0@v0.0.0-20220422124632-a1358a81b559",
            ),
            ("2.12.1", 278, "github.com/luraproject/lura/v2 v2.12.1"),
            ("2.12.1", 278, "go.opentelemetry.io/otel v1.34.0 indirect"),
        ] {
            let rows = of(v(release)).unwrap();
            assert_eq!(rows.len(), count, "{release}");
            assert!(rows.iter().any(|row| row.to_string() == want), "{release}: {want}");
        }
    }

    #[test]
    fn custom_lists_roundtrip() {
        let text =
            "# acme 3.0\nexample.com/b v1.0.0 indirect => example.com/c@v0.1.0\n\nexample.com/a v2.0.0+incompatible\n";
        let rows = parse(text, Path::new("acme.txt")).unwrap();
        assert_eq!(
            rows.iter().map(|r| r.path.as_str()).collect::<Vec<_>>(),
            ["example.com/a", "example.com/b"]
        );
        assert_eq!(rows[1].effective(), ("example.com/c", "v0.1.0"));
        let written: String = rows.iter().map(|row| format!("{row}\n")).collect();
        assert_eq!(parse(&written, Path::new("acme.txt")).unwrap(), rows);
        for bad in [
            "example.com/a",
            "example.com/a 1.0",
            "example.com/a v1 direct",
            "a v1 => b",
            "a\u{1b}[2J v1.0.0",
            "a v1.0.0 => b\u{9b}@v1",
            "[2.1.4]",
        ] {
            let error = parse(&format!("\n{bad}\n"), Path::new("acme.txt")).unwrap_err();
            assert!(error.message.starts_with("acme.txt:2: "), "{bad}: {error}");
        }
    }

    #[test]
    fn contradictory_lines_are_rejected() {
        for line in ["~ a v1 -> v2", "- a", "* a v1", "+ a", "+ b v1", "~ b v2 -> v3"] {
            let mut list = List::default();
            list.apply_line("+ b v1").unwrap();
            assert!(list.apply_line(line).is_none(), "{line}");
        }
    }
}

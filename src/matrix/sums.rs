//! The `h1:` checksums of all modules that any release requires, from toolchains/sums.txt: with them in a go.sum, the
//! go command need not ask a checksum database about the gateway's modules.

use std::collections::BTreeMap;

use crate::util::packed::{Packed, packed};

/// Lines of `module version h1:zip h1:go.mod`, sorted for a binary search in the text itself.
static TEXT: Packed = packed!("sums.txt");

/// A module version's two checksums, as in go.sum.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Checksums<'a> {
    /// `h1:…` of the module's zip; `None` if no release compiles the module.
    pub zip: Option<&'a str>,
    /// `h1:…` of its go.mod.
    pub go_mod: &'a str,
}

/// By module and version: the `h1:` sum of the zip (`-`: no package of it is compiled) and of the go.mod.
pub type Sums = BTreeMap<(String, String), (String, String)>;

/// The text of such a list, as toolchains/sums.txt has it.
pub fn text_of(sums: &Sums) -> String {
    let line = |((module, version), (zip, go_mod)): (&(String, String), &(String, String))| {
        format!("{module} {version} {zip} {go_mod}\n")
    };
    sums.iter().map(line).collect()
}

/// Whether two records, each the sums of the zip and of the go.mod, cannot be of one module version.
pub fn contradict((zip, go_mod): (&str, &str), (other_zip, other_go_mod): (&str, &str)) -> bool {
    go_mod != other_go_mod || zip != other_zip && zip != "-" && other_zip != "-"
}

/// The checksums of a module version, if any release requires it.
pub fn lookup(module: &str, version: &str) -> Option<Checksums<'static>> {
    lookup_in(TEXT.text(), module, version)
}

fn lookup_in<'a>(text: &'a str, module: &str, version: &str) -> Option<Checksums<'a>> {
    let mut rest = text;
    while !rest.is_empty() {
        let middle = rest.len() / 2;
        // A test checks that the text is ASCII, so a search by bytes is safe.
        let bytes = rest.as_bytes();
        let start = bytes[..middle].iter().rposition(|&b| b == b'\n').map_or(0, |at| at + 1);
        let end = bytes[middle..]
            .iter()
            .position(|&b| b == b'\n')
            .map_or(rest.len(), |at| middle + at);
        let (have_module, have_version, sum) = fields(rest.get(start..end)?)?;
        match (module, version).cmp(&(have_module, have_version)) {
            std::cmp::Ordering::Equal => return Some(sum),
            std::cmp::Ordering::Less => rest = rest.get(..start)?,
            std::cmp::Ordering::Greater => rest = rest.get(end + 1..)?,
        }
    }
    None
}

/// All entries: module, version, checksums.
pub fn all() -> impl Iterator<Item = (&'static str, &'static str, Checksums<'static>)> {
    TEXT.text().lines().filter_map(fields)
}

/// The go.sum lines of a module version, if its checksums are known.
pub fn go_sum_lines(module: &str, version: &str) -> Option<String> {
    lines_in(TEXT.text(), module, version)
}

/// The same from the text of another such list.
pub(crate) fn lines_in(text: &str, module: &str, version: &str) -> Option<String> {
    let sum = lookup_in(text, module, version)?;
    let zip = sum
        .zip
        .map_or_else(String::new, |zip| format!("{module} {version} {zip}\n"));
    Some(format!("{zip}{module} {version}/go.mod {}", sum.go_mod))
}

fn fields(line: &str) -> Option<(&str, &str, Checksums<'_>)> {
    let mut fields = line.split(' ');
    let (module, version) = (fields.next()?, fields.next()?);
    let (zip, go_mod) = (fields.next()?, fields.next()?);
    let zip = (zip != "-").then_some(zip);
    Some((module, version, Checksums { zip, go_mod }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::matrix::modules;
    use crate::matrix::modules::ModuleRow;

    /// Each module as its replacement, if it has one.
    fn lines(rows: &[ModuleRow]) -> Vec<String> {
        let effective = rows.iter().map(ModuleRow::effective);
        effective
            .filter_map(|(path, version)| go_sum_lines(path, version))
            .collect()
    }

    #[test]
    fn every_line_parses_and_is_found() {
        assert!(TEXT.text().is_ascii() && TEXT.text().ends_with('\n'));
        let lines: Vec<_> = TEXT.text().lines().map(|line| fields(line).unwrap()).collect();
        assert_eq!(lines.len(), 1_426);
        assert!(lines.is_sorted_by(|a, b| (a.0, a.1) < (b.0, b.1)));
        for (module, version, sum) in lines {
            for h1 in sum.zip.into_iter().chain([sum.go_mod]) {
                assert!(
                    h1.len() == 47 && h1.starts_with("h1:") && h1.ends_with('='),
                    "{module} {version}: {h1}"
                );
            }
            assert_eq!(lookup(module, version), Some(sum), "{module} {version}");
            assert_eq!(lookup(module, "v0.0.0"), None, "{module}");
        }
        for absent in ["", "a", "zzz", "github.com/gin-gonic"] {
            assert_eq!(lookup(absent, "v1.0.0"), None, "{absent}");
        }
    }

    #[test]
    fn every_module_has_checksums() {
        let mut used = std::collections::BTreeSet::new();
        for (version, rows) in modules::all().unwrap() {
            assert_eq!(lines(&rows).len(), rows.len(), "{version}");
            used.extend(rows.iter().map(|row| {
                let (path, version) = row.effective();
                (path.to_owned(), version.to_owned())
            }));
        }
        assert_eq!(used.len(), 1_426, "and there are no others");
    }

    #[test]
    fn go_sum_has_both_lines_of_a_replacement() {
        let rows = modules::of("2.1.4".parse().unwrap()).unwrap();
        let text = lines(&rows).join("\n");
        assert!(
            text.contains("github.com/devopsfaith/go-auth0 v0.0.0-20220422124632-a1358a81b559 h1:"),
            "{text}"
        );
        assert!(text.contains("github.com/devopsfaith/go-auth0 v0.0.0-20220422124632-a1358a81b559/go.mod h1:"));
        assert!(!text.contains("github.com/auth0-community/go-auth0 "));
    }
}

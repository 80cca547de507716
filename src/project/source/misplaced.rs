//! Finds registerers in the wrong package: gateways look up variables of package main only.

use std::path::Path;

use crate::gateway::registerer::Registerer;
use crate::project::source::{Declared, Source};
use crate::util::error::{Error, Result};
use crate::util::process::quoted;
use crate::util::ui::and_more;

/// The most directories to search.
const MOST: usize = 500;

/// For a plugin without a registerer in package main: looks for one in the packages below its directory.
///
/// # Errors
/// A registerer was found; the message names its position.
pub(crate) fn check(dir: &Path, rows: &[Registerer]) -> Result<()> {
    let mut folders = below(dir);
    let mut looked = 0;
    while let (Some(folder), true) = (folders.pop(), looked < MOST) {
        looked += 1;
        // Another module or another plugin is not a package of this one.
        let source = Source::read(&folder)?;
        if folder.join("go.mod").exists() || source.has_main() {
            continue;
        }
        for row in rows {
            if let Some(Declared { package, file, line }) = source.variable(&row.symbol) {
                let place = file.strip_prefix(dir).unwrap_or(file).display();
                let symbol = &row.symbol;
                return Err(Error::incompatible(format!(
                    "{place}:{line}: {symbol} is in package {package}: the gateway looks it up in package main"
                ))
                .help(format!(
                    "add to package main: `var {symbol} = {package}.{symbol}`, with the import of {package}"
                ))
                .help(format!("see {}", row.docs)));
            }
        }
        folders.extend(below(&folder));
    }
    Ok(())
}

/// The help that lists the directories below `dir` with a `package main`, or those of them that have a registerer;
/// `None` if there are none.
pub(crate) fn mains_below(dir: &Path) -> Option<String> {
    let (mut plugins, mut programs) = (Vec::new(), Vec::new());
    let mut folders = below(dir);
    // A tree may be as large as a disk.
    let mut left = 2000;
    while let Some(folder) = folders.pop().filter(|_| left > 0) {
        left -= 1;
        folders.extend(below(&folder));
        let Some(source) = Source::read(&folder).ok().filter(Source::has_main) else {
            continue;
        };
        let registers = crate::gateway::registerer::all()
            .iter()
            .any(|row| source.variable(&row.symbol).is_some());
        let found = if registers { &mut plugins } else { &mut programs };
        found.push(format!("`plugbuild {}`", quoted(folder.as_os_str())));
    }
    match if plugins.is_empty() { programs } else { plugins }.as_slice() {
        [] => None,
        [only] => Some(format!("`package main` is in a folder below: {only}")),
        many => {
            let shown = many.len().min(5);
            Some(format!(
                "`package main` is in folders below: {}{}",
                many[..shown].join(", "),
                and_more(many.len() - shown)
            ))
        }
    }
}

/// The subdirectories that the go command treats as packages, sorted in reverse.
fn below(dir: &Path) -> Vec<std::path::PathBuf> {
    let entries = std::fs::read_dir(dir).into_iter().flatten().flatten();
    let mut folders: Vec<_> = entries
        .filter(|entry| {
            let name = entry.file_name();
            let name = name.to_string_lossy();
            let skipped = name.starts_with(['.', '_']) || matches!(&*name, "vendor" | "testdata" | "node_modules");
            !skipped && entry.file_type().is_ok_and(|kind| kind.is_dir())
        })
        .map(|entry| entry.path())
        .collect();
    folders.sort();
    folders.reverse();
    folders
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_registerer_of_another_package_is_found() {
        let dir = tempfile::tempdir().unwrap();
        let write = |path: &str, text: &str| {
            let path = dir.path().join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        };
        let variable = |package: &str| format!("package {package}\n\nvar HandlerRegisterer = registerer(\"x\")\n");
        write("cmd/other/main.go", &variable("main"));
        write("testdata/x.go", &variable("x"));
        write("nested/go.mod", "module nested\n");
        write("nested/x.go", &variable("nested"));
        check(dir.path(), crate::gateway::registerer::all()).unwrap();
        write("internal/auth/register.go", &variable("auth"));
        let error = check(dir.path(), crate::gateway::registerer::all()).unwrap_err();
        assert_eq!(
            error.message,
            "internal/auth/register.go:3: HandlerRegisterer is in package auth: the gateway looks it up in package main"
        );
    }
}

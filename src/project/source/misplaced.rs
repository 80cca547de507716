//! Finds registerers in the wrong package: gateways look up variables of package main only.

use std::path::Path;

use crate::gateway::registerer::Registerer;
use crate::project::source::package_dirs::package_dirs_below;
use crate::project::source::{Declared, PluginSource};
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
    let mut dirs = package_dirs_below(dir);
    let mut looked = 0;
    while let (Some(subdir), true) = (dirs.pop(), looked < MOST) {
        looked += 1;
        // Another module or another plugin is not a package of this one.
        let source = PluginSource::read(&subdir)?;
        if subdir.join("go.mod").exists() || source.has_main() {
            continue;
        }
        for row in rows {
            if let Some(Declared { package, file, line }) = source.variable(&row.symbol) {
                let shown = file.strip_prefix(dir).unwrap_or(file).display();
                let symbol = &row.symbol;
                return Err(Error::incompatible(format!(
                    "{shown}:{line}: {symbol} is in package {package}: the gateway looks it up in package main"
                ))
                .help(format!(
                    "add to package main: `var {symbol} = {package}.{symbol}`, with the import of {package}"
                ))
                .help(format!("see {}", row.docs)));
            }
        }
        dirs.extend(package_dirs_below(&subdir));
    }
    Ok(())
}

/// The help that lists the directories below `dir` with a `package main`, or those of them that have a registerer;
/// `None` if there are none.
pub(crate) fn mains_below(dir: &Path) -> Option<String> {
    let (mut plugins, mut programs) = (Vec::new(), Vec::new());
    let mut dirs = package_dirs_below(dir);
    // A tree may be as large as a disk.
    let mut left = 2000;
    while let Some(subdir) = dirs.pop().filter(|_| left > 0) {
        left -= 1;
        dirs.extend(package_dirs_below(&subdir));
        let Some(source) = PluginSource::read(&subdir).ok().filter(PluginSource::has_main) else {
            continue;
        };
        let registers = crate::gateway::registerer::all()
            .iter()
            .any(|row| source.variable(&row.symbol).is_some());
        let found = if registers { &mut plugins } else { &mut programs };
        found.push(format!("`plugbuild {}`", quoted(subdir.as_os_str())));
    }
    match if plugins.is_empty() { programs } else { plugins }.as_slice() {
        [] => None,
        [only] => Some(format!("`package main` is in a directory below: {only}")),
        many => {
            let shown = many.len().min(5);
            Some(format!(
                "`package main` is in directories below: {}{}",
                many[..shown].join(", "),
                and_more(many.len() - shown)
            ))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn registerer_in_another_package() {
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

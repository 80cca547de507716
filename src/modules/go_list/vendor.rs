//! A vendor folder against the modules that it says it is of: what somebody changed there is another module's source.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use crate::modules::{PluginModule, PluginModules, Source};
use crate::util::module_path::escaped;

/// Takes each module whose vendored copy is not as it was published for one that the user replaces by a folder, which it
/// is. Of a module that is not in the cache nothing is known.
pub(crate) fn take_changed(side: &mut PluginModules, vendor: &Path, cache: &Path) {
    for module in &mut side.modules {
        let Source::Published { path, version } = &module.source else {
            continue;
        };
        let published = cache.join(format!("{}@{}", escaped(path), escaped(version)));
        if published.is_dir() && is_changed(module, vendor, &published) {
            module.source = Source::Folder(vendor.join(&module.path).display().to_string());
            module.replaced = true;
        }
    }
}

fn is_changed(module: &PluginModule, vendor: &Path, published: &Path) -> bool {
    module.packages.iter().any(|package| {
        let inner = package.strip_prefix(module.path.as_str()).unwrap_or_default();
        files(&vendor.join(package)) != files(&published.join(inner.trim_start_matches('/')))
    })
}

/// What a package is compiled from, which is what `go mod vendor` copies for sure: its tests and its notes may be there.
fn files(package: &Path) -> BTreeMap<std::ffi::OsString, Vec<u8>> {
    const COMPILED: [&str; 8] = ["go", "s", "c", "h", "cc", "cpp", "hpp", "syso"];
    let compiled = |name: &Path| {
        let known = name.extension().and_then(|ending| ending.to_str());
        known.is_some_and(|ending| COMPILED.contains(&ending)) && !name.to_string_lossy().ends_with("_test.go")
    };
    let entries = fs::read_dir(package).into_iter().flatten().flatten();
    entries
        .filter(|entry| compiled(Path::new(&entry.file_name())))
        .filter_map(|entry| Some((entry.file_name(), crate::util::regular_file::read(entry.path()).ok()?)))
        .filter(|(name, bytes)| !is_ignored(name.to_string_lossy().as_ref(), bytes))
        .collect()
}

/// `go mod vendor` leaves files out that no build has.
fn is_ignored(name: &str, bytes: &[u8]) -> bool {
    let text = String::from_utf8_lossy(bytes);
    let head = text.lines().take_while(|line| !line.starts_with("package "));
    name.ends_with(".go")
        && head
            .clone()
            .any(|line| line.starts_with("//go:build ") && line.contains("ignore"))
        || name.ends_with(".go") && head.clone().any(|line| line.starts_with("// +build ignore"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::modules::tests::{module, plugin};

    #[test]
    fn a_vendored_copy_that_was_changed_is_a_folder_of_the_users() {
        let place = tempfile::tempdir().unwrap();
        let write = |path: &str, text: &str| {
            let path = place.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        };
        let (vendor, cache) = (place.path().join("vendor"), place.path().join("mod"));
        let state = || {
            let mut side = plugin(vec![module("a.org/X", "v1.0.0", &["a.org/X", "a.org/X/in"])]);
            take_changed(&mut side, &vendor, &cache);
            (side.modules[0].replaced, side.modules[0].source.to_string())
        };
        let published = (false, "a.org/X@v1.0.0".to_owned());
        write("vendor/a.org/X/x.go", "package x\n");
        write("vendor/a.org/X/in/in.go", "package in\n");
        assert_eq!(state(), published, "nothing to compare with");
        write("mod/a.org/!x@v1.0.0/x.go", "package x\n");
        write("mod/a.org/!x@v1.0.0/x_test.go", "package x\n");
        write("mod/a.org/!x@v1.0.0/gen.go", "//go:build ignore\n\npackage main\n");
        write("mod/a.org/!x@v1.0.0/in/in.go", "package in\n");
        write("mod/a.org/!x@v1.0.0/other/other.go", "package other\n");
        assert_eq!(state(), published, "as `go mod vendor` leaves it");
        let changed = (true, format!("the directory {}", vendor.join("a.org/X").display()));
        write("vendor/a.org/X/in/in.go", "package in\n\nvar More int\n");
        assert_eq!(state(), changed);
        write("vendor/a.org/X/in/in.go", "package in\n");
        write("vendor/a.org/X/in/more.go", "package in\n");
        assert_eq!(state(), changed, "a file more");
        fs::remove_file(vendor.join("a.org/X/in/more.go")).unwrap();
        fs::remove_file(vendor.join("a.org/X/x.go")).unwrap();
        assert_eq!(state(), changed, "a file less");
    }
}

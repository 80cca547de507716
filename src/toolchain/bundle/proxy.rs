//! The modules of bundles: module cache files that form a GOPROXY, and how offline builds use them.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use crate::toolchain::bundle::pack;
use crate::toolchain::store::Store;
use crate::util::error::{Error, Result};
use crate::util::fs::create_dir;
use crate::util::host::Host;
use crate::util::sort::sort_by;

/// What a GOPROXY serves; a module cache also holds locks, its own checksums and partial downloads.
const SERVED: [&str; 3] = [".info", ".mod", ".zip"];

/// Where the modules of one bundle are, in a directory laid out as a module cache.
pub fn path(id: &str, store: &Store) -> PathBuf {
    store.path(Path::new("modules").join(id))
}

/// Copies what a module cache has downloaded into a directory; returns how many modules.
///
/// # Errors
/// A file that cannot be read or written.
pub fn collect(module_cache: &Path, to: &Path) -> Result<usize> {
    let downloaded = module_cache.join("cache/download");
    if !downloaded.is_dir() {
        return Ok(0);
    }
    let mut modules = 0;
    for (name, file) in pack::files(&downloaded)? {
        let served = name.ends_with("/@v/list") || SERVED.iter().any(|ending| name.ends_with(ending));
        // The checksum database is not used without a network.
        if !served || name.starts_with("sumdb/") {
            continue;
        }
        let place = to.join(&name);
        create_dir(place.parent().unwrap_or(to))?;
        fs::hard_link(&file, &place)
            .or_else(|_| fs::copy(&file, &place).map(drop))
            .map_err(|e| Error::io("write", &place, e))?;
        modules += usize::from(name.ends_with(".zip"));
    }
    Ok(modules)
}

/// Keeps the go command off the network with `offline` or if the user's GOPROXY says so: what the module cache lacks
/// comes only from bundles and from directories that the user names.
pub fn offline_goproxy(env: &mut BTreeMap<String, OsString>, offline: bool, host: &Host, store: &Store) {
    let written = env.get("GOPROXY").map(OsString::as_os_str);
    let given = host.var("GOPROXY").or(written).unwrap_or_default();
    let given = given.to_string_lossy().into_owned();
    if !offline && given != "off" {
        return;
    }
    let bundles = proxies(store);
    if !bundles.is_empty() {
        // The checksum database cannot be reached; go.sum is still checked.
        env.insert("GOSUMDB".to_owned(), "off".into());
    }
    if offline {
        // Private modules too: the go command would otherwise fetch them from their origin.
        env.insert("GONOPROXY".to_owned(), "none".into());
    }
    let folders = given.split([',', '|']).filter(|proxy| proxy.starts_with("file://"));
    let all: Vec<&str> = bundles
        .iter()
        .map(String::as_str)
        .chain(folders)
        .chain(["off"])
        .collect();
    env.insert("GOPROXY".to_owned(), all.join(",").into());
}

fn proxies(store: &Store) -> Vec<String> {
    let places = installed(store).into_iter();
    places
        .map(|(_, place)| file_url(&place.join("cache/download")))
        .collect()
}

/// The modules of each installed bundle: a name, and their path.
pub fn installed(store: &Store) -> Vec<(String, PathBuf)> {
    let mut bundles: Vec<(String, PathBuf)> = store
        .places("modules")
        .into_iter()
        .filter(|place| place.join("cache/download").is_dir())
        .filter_map(|place| Some((place.file_name()?.to_string_lossy().into_owned(), place)))
        .collect();
    sort_by(&mut bundles, Ord::cmp);
    bundles
}

/// The number of modules in such a directory.
pub fn count(place: &Path) -> usize {
    let files = pack::files(place).unwrap_or_default();
    files.iter().filter(|(name, _)| name.ends_with(".zip")).count()
}

/// A directory as a GOPROXY, with the characters escaped that have a meaning in a URL or in a list of them.
pub fn file_url(dir: &Path) -> String {
    let mut url = "file://".to_owned();
    for byte in dir.as_os_str().as_bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'/' | b'.' | b'_' | b'-' | b'~' => url.push(char::from(*byte)),
            other => url.push_str(&format!("%{other:02X}")),
        }
    }
    url
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::toolchain::bundle::pack;

    #[test]
    fn a_build_without_a_network_takes_modules_from_bundles_and_folders_only() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::at(&dir.path().join("a store"));
        let settings = |offline: bool, proxy: &str| {
            let vars = [("HOME", "/home/u"), ("GOPROXY", proxy)];
            let vars = vars.map(|(name, value)| (OsString::from(name), OsString::from(value)));
            let host = Host::new(vars.into(), "/".into(), false).unwrap();
            let mut env = BTreeMap::new();
            offline_goproxy(&mut env, offline, &host, &store);
            let all = env
                .iter()
                .map(|(name, value)| format!("{name}={}", value.to_string_lossy()));
            let place = file_url(store.root());
            all.collect::<Vec<_>>().join(" ").replace(&place, "[STORE]")
        };
        // Without a bundle.
        assert_eq!(settings(false, ""), "");
        assert_eq!(settings(false, "https://a.org"), "");
        assert_eq!(settings(false, "off"), "GOPROXY=off");
        assert_eq!(settings(true, "https://a.org"), "GONOPROXY=none GOPROXY=off");
        assert_eq!(
            settings(true, "file:///mirror|https://a.org,direct"),
            "GONOPROXY=none GOPROXY=file:///mirror,off"
        );
        // With two.
        store.ensure_dir("modules/b/cache/download").unwrap();
        store.ensure_dir("modules/a/cache/download").unwrap();
        let both = "GOPROXY=[STORE]/modules/a/cache/download,[STORE]/modules/b/cache/download";
        assert_eq!(settings(false, "https://a.org"), "");
        assert_eq!(settings(false, "off"), format!("{both},off GOSUMDB=off"));
        assert_eq!(
            settings(true, "file:///m,direct"),
            format!("GONOPROXY=none {both},file:///m,off GOSUMDB=off")
        );
        assert!(file_url(store.root()).ends_with("/a%20store"));
    }

    #[test]
    fn what_a_proxy_does_not_serve_is_left_behind() {
        let dir = tempfile::tempdir().unwrap();
        for name in [
            "x/@v/v1.zip",
            "x/@v/v1.mod",
            "x/@v/v1.info",
            "x/@v/v1.lock",
            "x/@v/v1.ziphash",
            "x/@v/list",
            "x/@v/list.lock",
            "sumdb/sum/tile.mod",
        ] {
            let file = dir.path().join("cache/cache/download").join(name);
            fs::create_dir_all(file.parent().unwrap()).unwrap();
            fs::write(file, "").unwrap();
        }
        let to = dir.path().join("to");
        assert_eq!(collect(&dir.path().join("cache"), &to).unwrap(), 1);
        let names: Vec<String> = pack::files(&to).unwrap().into_iter().map(|(name, _)| name).collect();
        assert_eq!(names, ["x/@v/list", "x/@v/v1.info", "x/@v/v1.mod", "x/@v/v1.zip"]);
        assert_eq!(collect(&dir.path().join("none"), &to).unwrap(), 0);
    }
}

//! The modules of bundles: files of a module cache that are a GOPROXY, and how builds without a network come to them.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use super::pack;
use crate::error::{Error, Result};
use crate::host::Host;
use crate::toolchain::store::{Store, create_dir};

/// What a GOPROXY serves; locks, sums of its own and half downloads lie in a module cache too.
const SERVED: [&str; 3] = [".info", ".mod", ".zip"];

/// Where the modules of one bundle are, in a folder that is laid out as a module cache.
#[must_use]
pub fn place(id: &str, store: &Store) -> PathBuf {
    store.root().join("modules").join(id)
}

/// Puts what a module cache has downloaded into a folder, and counts it.
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
        // The checksum database is not asked where there is no network.
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

/// Keeps the go command from the network: what is missing in the module cache comes from bundles, and from nowhere else.
pub fn without_network(env: &mut BTreeMap<String, OsString>, store: &Store) {
    let mut proxies = proxies(store);
    let none = proxies.is_empty();
    proxies.push("off".to_owned());
    env.insert("GOPROXY".to_owned(), proxies.join(",").into());
    if !none {
        // Whose sums were not in the bundle's own list are not in it. go.sum is held to all the same.
        env.insert("GOSUMDB".to_owned(), "off".into());
        // Private modules are in bundles too.
        env.insert("GONOPROXY".to_owned(), "none".into());
    }
}

/// Whether the user's own settings keep the go command from the network.
#[must_use]
pub fn proxy_is_off(host: &Host, env: &BTreeMap<String, OsString>) -> bool {
    let written = || env.get("GOPROXY").map(OsString::as_os_str);
    host.var("GOPROXY").or_else(written).is_some_and(|proxy| proxy == "off")
}

fn proxies(store: &Store) -> Vec<String> {
    let places = installed(store).into_iter();
    places
        .map(|(_, place)| file_url(&place.join("cache/download")))
        .collect()
}

/// The modules of each bundle that was installed: a name, and where they are.
#[must_use]
pub fn installed(store: &Store) -> Vec<(String, PathBuf)> {
    let entries = fs::read_dir(store.root().join("modules"));
    let mut bundles: Vec<(String, PathBuf)> = entries
        .into_iter()
        .flatten()
        .flatten()
        .filter(|entry| entry.path().join("cache/download").is_dir())
        .map(|entry| (entry.file_name().to_string_lossy().into_owned(), entry.path()))
        .collect();
    bundles.sort();
    bundles
}

/// How many modules are in such a folder.
#[must_use]
pub fn count(place: &Path) -> usize {
    let files = pack::files(place).unwrap_or_default();
    files.iter().filter(|(name, _)| name.ends_with(".zip")).count()
}

/// A folder as a GOPROXY: whatever means something in a URL or in a list of them is escaped.
#[must_use]
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

    #[test]
    fn a_build_without_a_network_takes_modules_from_bundles_only() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::at(&dir.path().join("a store"));
        let mut env = BTreeMap::new();
        without_network(&mut env, &store);
        assert_eq!(env["GOPROXY"], "off");
        assert!(!env.contains_key("GOSUMDB"), "without a bundle all stays as it was");
        store.folder("modules/b/cache/download").unwrap();
        store.folder("modules/a/cache/download").unwrap();
        without_network(&mut env, &store);
        let proxy = env["GOPROXY"].to_str().unwrap();
        let parts: Vec<&str> = proxy.split(',').collect();
        assert!(parts[0].ends_with("/a%20store/modules/a/cache/download"), "{proxy}");
        assert_eq!((parts.len(), parts[2]), (3, "off"));
        assert_eq!((&env["GOSUMDB"], &env["GONOPROXY"]), (&"off".into(), &"none".into()));
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

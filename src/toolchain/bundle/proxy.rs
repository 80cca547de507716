//! The modules of bundles: files of a module cache that are a GOPROXY, and how builds without a network come to them.

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

/// What a GOPROXY serves; locks, sums of its own and half downloads lie in a module cache too.
const SERVED: [&str; 3] = [".info", ".mod", ".zip"];

/// Where the modules of one bundle are, in a folder that is laid out as a module cache.
pub fn place(id: &str, store: &Store) -> PathBuf {
    store.place(Path::new("modules").join(id))
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

/// Keeps the go command from the network where `offline` or the user's own GOPROXY say so: what is missing in the module
/// cache comes from bundles and from folders that the user names, and from nowhere else.
pub fn without_network(env: &mut BTreeMap<String, OsString>, offline: bool, host: &Host, store: &Store) {
    let written = env.get("GOPROXY").map(OsString::as_os_str);
    let given = host.var("GOPROXY").or(written).unwrap_or_default();
    let given = given.to_string_lossy().into_owned();
    if !offline && given != "off" {
        return;
    }
    let bundles = proxies(store);
    if !bundles.is_empty() {
        // No checksum database can be asked. go.sum is held to all the same.
        env.insert("GOSUMDB".to_owned(), "off".into());
    }
    if offline {
        // Private modules too: else they would be asked for where they come from.
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

/// The modules of each bundle that was installed: a name, and where they are.
pub fn installed(store: &Store) -> Vec<(String, PathBuf)> {
    let mut bundles: Vec<(String, PathBuf)> = store
        .places("modules")
        .into_iter()
        .filter(|place| place.join("cache/download").is_dir())
        .filter_map(|place| Some((place.file_name()?.to_string_lossy().into_owned(), place)))
        .collect();
    bundles.sort();
    bundles
}

/// How many modules are in such a folder.
pub fn count(place: &Path) -> usize {
    let files = pack::files(place).unwrap_or_default();
    files.iter().filter(|(name, _)| name.ends_with(".zip")).count()
}

/// A folder as a GOPROXY: whatever means something in a URL or in a list of them is escaped.
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
            without_network(&mut env, offline, &host, &store);
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
        store.folder("modules/b/cache/download").unwrap();
        store.folder("modules/a/cache/download").unwrap();
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

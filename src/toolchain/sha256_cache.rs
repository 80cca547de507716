//! SHA-256 checksums of large files and of toolchains, kept in the store as long as the files are unchanged: a build
//! that changes nothing must not read a compiler.

use std::fs;
use std::path::Path;
use std::time::SystemTime;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::toolchain::manifest;
use crate::toolchain::manifest::Parts;
use crate::toolchain::store::Store;
use crate::util::error::Result;
use crate::util::file_stamp::FileStamp;
use crate::util::hash;
use crate::util::hash::hex;

/// The directory of the store that holds them.
pub const FOLDER: &str = "sums";

/// The extension of the manifests there, each named by its own SHA-256.
const MANIFEST: &str = "files";

/// A cached digest, and the metadata of its file.
#[derive(Serialize, Deserialize)]
struct Known<Looks> {
    seen: Looks,
    sha256: String,
}

/// A file's SHA-256, cached in the store. Good enough to notice that a tool has been replaced; to be certain, read the
/// file: [`hash::sha256_of`].
///
/// # Errors
/// The file cannot be read.
pub fn known_sha256_of(file: &Path, store: &Store) -> Result<String> {
    let (seen, now) = (FileStamp::of(file), SystemTime::now());
    let settled = seen.as_ref().is_some_and(|seen| seen.is_older_than(now));
    let key = file.as_os_str().as_encoded_bytes();
    known(key, seen, settled, store, || hash::sha256_of(file))
}

/// The SHA-256 of a toolchain's manifest. Its files are read only if one was written, added or removed since.
///
/// # Errors
/// See [`Parts::list`], [`manifest::Files::manifest`].
pub fn toolchain_manifest(parts: &Parts, store: &Store) -> Result<String> {
    let now = SystemTime::now();
    let files = parts.list()?;
    let settled = files.are_older_than(now);
    known(&parts.key(), Some(files.stamp()), settled, store, || {
        let manifest = files.manifest()?;
        let sha256 = hex(&Sha256::digest(&manifest));
        // Kept to report later which file differs.
        let _ = store
            .ensure_dir(FOLDER)
            .map(|dir| fs::write(dir.join(&sha256).with_extension(MANIFEST), manifest));
        Ok(sha256)
    })
}

/// Which files differ between the toolchains with these digests, if the store knows both.
pub fn changes(locked: &str, found: &str, store: &Store) -> Vec<String> {
    let manifest = |sha256: &str| {
        let is_digest = !sha256.is_empty() && sha256.bytes().all(|byte| byte.is_ascii_hexdigit());
        let file = store.root().join(FOLDER).join(sha256).with_extension(MANIFEST);
        let text = is_digest.then(|| fs::read_to_string(file).ok()).flatten()?;
        (hex(&Sha256::digest(&text)) == sha256).then_some(text)
    };
    match (manifest(locked), manifest(found)) {
        (Some(locked), Some(found)) => manifest::changes(&locked, &found),
        _ => Vec::new(),
    }
}

fn known<Looks: PartialEq + Serialize + DeserializeOwned>(
    key: &[u8],
    seen: Option<Looks>,
    settled: bool,
    store: &Store,
    read: impl FnOnce() -> Result<String>,
) -> Result<String> {
    let name = hex(&Sha256::digest(key)[..8]);
    let place = store.root().join(FOLDER).join(name).with_extension("json");
    let known = fs::read(&place)
        .ok()
        .and_then(|text| serde_json::from_slice(&text).ok());
    if let Some(Known { sha256, .. }) = known.filter(|known: &Known<Looks>| Some(&known.seen) == seen.as_ref()) {
        return Ok(sha256);
    }
    let sha256 = read()?;
    if let Some(seen) = seen.filter(|_| settled)
        && store.ensure_dir(FOLDER).is_ok()
    {
        let known = Known { seen, sha256 };
        // A store that cannot be written, or a partial file, only means reading it again.
        let _ = serde_json::to_vec(&known).map(|text| fs::write(place, text));
        return Ok(known.sha256);
    }
    Ok(sha256)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sum_is_kept_until_the_file_is_another() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::at(&dir.path().join("store"));
        let file = dir.path().join("tool");
        let sum = |bytes: &str| hex(&Sha256::digest(bytes));
        let kept = || fs::read_dir(store.root().join(FOLDER)).map_or(0, Iterator::count);
        let rest = || std::thread::sleep(crate::util::file_stamp::TICK * 2);
        fs::write(&file, "one").unwrap();
        assert_eq!(known_sha256_of(&file, &store).unwrap(), sum("one"));
        assert_eq!(kept(), 0, "it may be changed once more at the same moment");
        rest();
        assert_eq!(known_sha256_of(&file, &store).unwrap(), sum("one"));
        assert_eq!(kept(), 1);

        // The cached value is returned.
        let place = fs::read_dir(store.root().join(FOLDER))
            .unwrap()
            .next()
            .unwrap()
            .unwrap()
            .path();
        let text = fs::read_to_string(&place).unwrap();
        fs::write(&place, text.replace(&sum("one"), "from the store")).unwrap();
        assert_eq!(known_sha256_of(&file, &store).unwrap(), "from the store");

        // Another file in its place, with the same size and time.
        let time = fs::metadata(&file).unwrap().modified().unwrap();
        fs::write(dir.path().join("new"), "two").unwrap();
        fs::File::open(dir.path().join("new"))
            .unwrap()
            .set_modified(time)
            .unwrap();
        fs::rename(dir.path().join("new"), &file).unwrap();
        assert_eq!(known_sha256_of(&file, &store).unwrap(), sum("two"));
        fs::write(&place, "{").unwrap();
        assert_eq!(known_sha256_of(&file, &store).unwrap(), sum("two"));
        fs::remove_file(&file).unwrap();
        assert!(known_sha256_of(&file, &store).is_err());
    }

    #[test]
    fn a_toolchain_is_read_again_once_a_file_of_it_is_another() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::at(&dir.path().join("store"));
        let (go, file) = (dir.path().join("go"), dir.path().join("go/src/fmt/print.go"));
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(&file, "one").unwrap();
        std::thread::sleep(crate::util::file_stamp::TICK * 2);
        let digest = || toolchain_manifest(&Parts::for_go(&go), &store).unwrap();
        let first = digest();
        let kept = fs::read_dir(store.root().join(FOLDER)).unwrap().flatten();
        let place = kept
            .map(|entry| entry.path())
            .find(|path| path.extension().is_some_and(|json| json == "json"))
            .unwrap();
        let text = fs::read_to_string(&place).unwrap();
        fs::write(&place, text.replace(&first, "from the store")).unwrap();
        assert_eq!(digest(), "from the store");

        let time = fs::metadata(&file).unwrap().modified().unwrap();
        fs::write(&file, "two").unwrap();
        fs::File::options()
            .write(true)
            .open(&file)
            .unwrap()
            .set_modified(time)
            .unwrap();
        let second = digest();
        assert_eq!(changes(&first, &second, &store), ["src/fmt/print.go is another file"]);
        assert_eq!(changes("../../go", &second, &store), [""; 0]);
        fs::write(&file, "one").unwrap();
        assert_eq!(digest(), first);
    }
}

//! SHA-256 sums of large files, kept in the store for as long as the files are the same: a build that changes nothing
//! shall not read a compiler.

use std::fs;
use std::path::Path;
use std::time::SystemTime;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::fetch::{self, hex};
use super::store::Store;
use crate::error::Result;
use crate::seen::Seen;

/// The folder of the store that they are kept in.
pub const FOLDER: &str = "sums";

#[derive(Serialize, Deserialize)]
struct Known {
    seen: Seen,
    sha256: String,
}

/// A file's SHA-256, from the store where it is known. Good enough to tell that a tool has been replaced; whoever must be
/// sure reads the file: [`fetch::sha256_of`].
///
/// # Errors
/// The file cannot be read.
pub fn known_sha256_of(file: &Path, store: &Store) -> Result<String> {
    let name = hex(&Sha256::digest(file.as_os_str().as_encoded_bytes())[..8]);
    let place = store.root().join(FOLDER).join(name).with_extension("json");
    let (seen, now) = (Seen::of(file), SystemTime::now());
    let known = fs::read(&place)
        .ok()
        .and_then(|text| serde_json::from_slice(&text).ok());
    if let Some(Known { sha256, .. }) = known.filter(|known: &Known| Some(&known.seen) == seen.as_ref()) {
        return Ok(sha256);
    }
    let sha256 = fetch::sha256_of(file)?;
    if let Some(seen) = seen.filter(|seen| seen.is_older_than(now))
        && store.folder(FOLDER).is_ok()
    {
        let known = Known { seen, sha256 };
        // A store that cannot be written, or half a file, only means to read it again.
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
        let rest = || std::thread::sleep(crate::seen::TICK * 2);
        fs::write(&file, "one").unwrap();
        assert_eq!(known_sha256_of(&file, &store).unwrap(), sum("one"));
        assert_eq!(kept(), 0, "it may be changed once more at the same moment");
        rest();
        assert_eq!(known_sha256_of(&file, &store).unwrap(), sum("one"));
        assert_eq!(kept(), 1);

        // What is kept is what is told.
        let place = fs::read_dir(store.root().join(FOLDER))
            .unwrap()
            .next()
            .unwrap()
            .unwrap()
            .path();
        let text = fs::read_to_string(&place).unwrap();
        fs::write(&place, text.replace(&sum("one"), "from the store")).unwrap();
        assert_eq!(known_sha256_of(&file, &store).unwrap(), "from the store");

        // Another file in its place, as long and with the old one's time.
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
}

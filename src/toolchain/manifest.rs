//! A toolchain's manifest: the files that a build reads, each with its SHA-256. A lock pins the manifest's own SHA-256.

use std::collections::BTreeMap;
use std::fs::{DirEntry, Metadata};
use std::io::{Error as IoError, ErrorKind};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::SystemTime;
use std::{fs, thread};

use sha2::{Digest, Sha256};

use crate::toolchain::unpacked::Limits;
use crate::util::error::{Error, Result};
use crate::util::file_stamp;
use crate::util::hash::{hex, sha256_of};
use crate::util::process::interrupted;

/// What a build reads of a GOROOT. The archive also has `api`, `doc`, `misc` and `test`, which the module lacks.
const GO: [&str; 6] = ["VERSION", "bin", "go.env", "lib", "pkg", "src"];

/// The files and directories of a toolchain, by their names in its manifest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parts(Vec<(&'static str, PathBuf)>);

impl Parts {
    pub fn for_go(root: &Path) -> Self {
        Parts(GO.map(|name| (name, root.join(name))).into())
    }

    /// zig and its library, found as zig itself does, unless `ZIG_LIB_DIR` is set.
    pub fn for_zig(program: &Path, library: Option<&Path>) -> Self {
        let program = program.canonicalize().unwrap_or_else(|_| program.to_owned());
        let beside = || {
            let above = program.ancestors().skip(1);
            let mut places = above.flat_map(|dir| [dir.join("lib/zig"), dir.join("lib")]);
            places.find(|lib| lib.join("std/std.zig").is_file())
        };
        let library = library.map(Path::to_owned).or_else(beside);
        let library = library.map(|lib| ("lib", lib));
        Parts([("zig", program)].into_iter().chain(library).collect())
    }

    /// The directory that the toolchain is in.
    pub fn root(&self) -> &Path {
        let first = self.0.first().and_then(|(_, path)| path.parent());
        first.unwrap_or(Path::new(""))
    }

    /// What identifies these parts on this machine.
    pub fn key(&self) -> Vec<u8> {
        let parts = self.0.iter();
        let named = parts.flat_map(|(name, path)| [name.as_bytes(), path.as_os_str().as_encoded_bytes()]);
        named.collect::<Vec<_>>().join(&0)
    }

    /// Lists every file, following links; reads none.
    ///
    /// # Errors
    /// A directory cannot be read, or something in it is neither a file nor a directory.
    pub fn list(&self) -> Result<Files> {
        let (mut files, mut directories) = (Vec::new(), Vec::new());
        for (name, path) in &self.0 {
            let found = match fs::metadata(path) {
                Ok(meta) => Found::new((*name).to_owned(), path.clone(), &meta)?,
                Err(why) if why.kind() == ErrorKind::NotFound => continue,
                Err(why) => return Err(unreadable(path, why)),
            };
            found.add_to(&mut files, &mut directories);
        }
        while !directories.is_empty() {
            // A link may lead to a parent directory.
            if files.len() + directories.len() > Limits::TOOL.entries {
                let what = format!("it has more than {} entries", Limits::TOOL.entries);
                return Err(unreadable(self.root(), IoError::other(what)));
            }
            let level = in_parallel(&directories, Directory::read)?;
            directories.clear();
            for found in level.into_iter().flatten() {
                found.add_to(&mut files, &mut directories);
            }
        }
        files.sort_unstable_by(|a, b| a.name.cmp(&b.name));
        Ok(Files(files))
    }
}

/// The files of a toolchain, ordered by name.
#[derive(Debug)]
pub struct Files(Vec<File>);

#[derive(Debug)]
struct File {
    name: String,
    path: PathBuf,
    stamp: [i64; 7],
    changed: SystemTime,
}

struct Directory {
    name: String,
    path: PathBuf,
}

enum Found {
    File(File),
    Directory(Directory),
}

impl Found {
    fn new(name: String, path: PathBuf, meta: &Metadata) -> Result<Self> {
        if meta.is_dir() {
            return Ok(Found::Directory(Directory { name, path }));
        }
        if !meta.is_file() {
            return Err(unreadable(&path, IoError::other("it is not a regular file")));
        }
        let stamp = [
            meta.dev().cast_signed(),
            meta.ino().cast_signed(),
            meta.len().cast_signed(),
            meta.mtime(),
            meta.mtime_nsec(),
            meta.ctime(),
            meta.ctime_nsec(),
        ];
        let changed = file_stamp::changed(meta);
        Ok(Found::File(File {
            name,
            path,
            stamp,
            changed,
        }))
    }

    fn add_to(self, files: &mut Vec<File>, directories: &mut Vec<Directory>) {
        match self {
            Found::File(file) => files.push(file),
            Found::Directory(directory) => directories.push(directory),
        }
    }
}

impl Directory {
    fn read(&self) -> Result<Vec<Found>> {
        let entry = |entry: std::io::Result<DirEntry>| {
            let entry = entry.map_err(|why| unreadable(&self.path, why))?;
            let path = entry.path();
            let name = format!("{}/{}", self.name, name_of(entry.file_name().as_encoded_bytes()));
            let meta = match entry.metadata() {
                Ok(meta) if meta.is_symlink() => fs::metadata(&path),
                meta => meta,
            };
            let meta = meta.map_err(|why| unreadable(&path, why))?;
            Found::new(name, path, &meta)
        };
        let entries = fs::read_dir(&self.path).map_err(|why| unreadable(&self.path, why))?;
        entries.map(entry).collect()
    }
}

/// Runs the same on many items, with one thread per core, in no order.
fn in_parallel<'a, T: Sync, R: Send>(things: &'a [T], act: impl Fn(&'a T) -> Result<R> + Sync) -> Result<Vec<R>> {
    let next = AtomicUsize::new(0);
    let work = || {
        let mut done = Vec::new();
        while let Some(thing) = things.get(next.fetch_add(1, Ordering::Relaxed)) {
            if interrupted() {
                return Err(Error::interrupted());
            }
            done.push(act(thing)?);
        }
        Ok(done)
    };
    let threads = thread::available_parallelism().map_or(1, usize::from).min(things.len());
    thread::scope(|scope| {
        let threads: Vec<_> = (0..threads).map(|_| scope.spawn(work)).collect();
        let mut all = Vec::with_capacity(things.len());
        for thread in threads {
            all.extend(thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))?);
        }
        Ok(all)
    })
}

/// A name in a line of the manifest. A module cannot contain a go.mod, so Go's toolchain modules call it `_go.mod`.
fn name_of(raw: &[u8]) -> String {
    match raw {
        b"_go.mod" => "go.mod".to_owned(),
        raw => raw.escape_ascii().to_string(),
    }
}

fn unreadable(path: &Path, why: IoError) -> Error {
    Error::io("read", path, why)
}

impl Files {
    /// Changes when any file is added, removed, renamed or written.
    pub fn stamp(&self) -> String {
        let mut hash = Sha256::new();
        for file in &self.0 {
            hash.update(file.name.as_bytes());
            hash.update([0]);
            file.stamp.iter().for_each(|part| hash.update(part.to_le_bytes()));
        }
        hex(&hash.finalize())
    }

    /// Whether all of them were last changed before `moment`.
    pub fn are_older_than(&self, moment: SystemTime) -> bool {
        self.0.iter().all(|file| file_stamp::is_before(file.changed, moment))
    }

    /// Reads every file and returns the manifest, in the format of `sha256sum`.
    ///
    /// # Errors
    /// A file cannot be read, or a signal came.
    pub fn manifest(&self) -> Result<String> {
        let mut sums = in_parallel(&self.0, |file| Ok((file.name.as_str(), file.sha256()?)))?;
        // The go command may have written go.mod next to _go.mod: one of them is enough.
        sums.sort_unstable();
        sums.dedup();
        Ok(sums.iter().map(|(name, sum)| format!("{sum}  {name}\n")).collect())
    }
}

impl File {
    fn sha256(&self) -> Result<String> {
        match self.name.as_str() {
            "go.env" => {
                let text = crate::util::regular_file::read(&self.path).map_err(|why| unreadable(&self.path, why))?;
                Ok(hex(&Sha256::digest(settings(&text))))
            }
            _ => sha256_of(&self.path),
        }
    }
}

/// The lines of a GOROOT's go.env that can change a build. We always set GOTOOLCHAIN, and images set their own there.
fn settings(text: &[u8]) -> Vec<u8> {
    let lines = text.split(|byte| *byte == b'\n');
    let matter = |line: &&[u8]| !line.is_empty() && !line.starts_with(b"#") && !line.starts_with(b"GOTOOLCHAIN=");
    lines.filter(matter).collect::<Vec<_>>().join(&b'\n')
}

/// Describes how the files of one manifest differ from another's.
pub fn changes(old: &str, new: &str) -> Vec<String> {
    fn files(manifest: &str) -> BTreeMap<&str, Vec<&str>> {
        let mut files = BTreeMap::<_, Vec<_>>::new();
        for (sum, name) in manifest.lines().filter_map(|line| line.split_once("  ")) {
            files.entry(name).or_default().push(sum);
        }
        files
    }
    let (old, new) = (files(old), files(new));
    let kept = old.iter().filter_map(|(name, sums)| match new.get(name) {
        None => Some(format!("{name} is missing")),
        Some(now) if now != sums => Some(format!("{name} is another file")),
        Some(_) => None,
    });
    let added = new.keys().filter(|name| !old.contains_key(*name));
    kept.chain(added.map(|name| format!("{name} is new"))).collect()
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    fn tree(files: &[(&str, &str)]) -> tempfile::TempDir {
        let dir = tempfile::tempdir().unwrap();
        for (name, content) in files {
            let file = dir.path().join(name);
            fs::create_dir_all(file.parent().unwrap()).unwrap();
            fs::write(file, content).unwrap();
        }
        dir
    }

    fn manifest(dir: &tempfile::TempDir) -> String {
        Parts::for_go(dir.path()).list().unwrap().manifest().unwrap()
    }

    #[test]
    fn a_module_and_an_archive_of_one_go_are_the_same() {
        let archive = [
            ("VERSION", "go1.25.6\n"),
            ("bin/go", "go"),
            (
                "go.env",
                "# by the image\n\nGOSUMDB=sum.golang.org\nGOTOOLCHAIN=local\n",
            ),
            ("src/go.mod", "module std\n"),
            ("test/x.go", "no build reads it"),
        ];
        let mut module = archive;
        module[2].1 = "GOSUMDB=sum.golang.org\nGOTOOLCHAIN=auto";
        module[3].0 = "src/_go.mod";
        module[4].0 = ".plugbuild.json";
        let (archive, module) = (tree(&archive), tree(&module));
        let known = manifest(&archive);
        assert_eq!(known, manifest(&module));
        assert!(known.ends_with("  src/go.mod\n"), "{known}");
        // As the go command completes a module.
        fs::write(module.path().join("src/go.mod"), "module std\n").unwrap();
        assert_eq!(known, manifest(&module));
        fs::write(module.path().join("src/go.mod"), "module other\n").unwrap();
        assert_eq!(changes(&known, &manifest(&module)), ["src/go.mod is another file"]);
        fs::write(archive.path().join("go.env"), "GOSUMDB=sum.golang.org\nGOFLAGS=-x\n").unwrap();
        assert_eq!(changes(&known, &manifest(&archive)), ["go.env is another file"]);
    }

    #[test]
    fn a_name_is_one_line_and_links_are_followed() {
        let dir = tree(&[("src/a\nb", "1"), ("elsewhere/c.go", "2")]);
        symlink("../elsewhere", dir.path().join("src/linked")).unwrap();
        let known = manifest(&dir);
        assert_eq!(known.lines().count(), 2, "{known}");
        assert!(
            known.contains("  src/a\\nb\n") && known.contains("  src/linked/c.go\n"),
            "{known}"
        );
        fs::write(dir.path().join("elsewhere/c.go"), "3").unwrap();
        assert_eq!(changes(&known, &manifest(&dir)), ["src/linked/c.go is another file"]);
        symlink(".", dir.path().join("src/round")).unwrap();
        assert!(Parts::for_go(dir.path()).list().is_err());
    }

    #[test]
    fn zig_has_its_library_wherever_zig_finds_it() {
        let dir = tree(&[
            ("bin/zig", "zig"),
            ("lib/zig/std/std.zig", "std"),
            ("own/std/std.zig", "own"),
        ]);
        let parts = |library: Option<&Path>| Parts::for_zig(&dir.path().join("bin/zig"), library);
        let names = |parts: Parts| {
            let files = parts.list().unwrap().0;
            files.into_iter().map(|file| file.name).collect::<Vec<_>>()
        };
        assert_eq!(names(parts(None)), ["lib/std/std.zig", "zig"]);
        let own = parts(Some(&dir.path().join("own")));
        assert_ne!(
            own.list().unwrap().manifest().unwrap(),
            parts(None).list().unwrap().manifest().unwrap()
        );
        let flat = tree(&[
            ("zig", "zig"),
            ("lib/std/std.zig", "std"),
            ("lib/libc/x.h", "x"),
            ("README", ""),
        ]);
        let flat = Parts::for_zig(&flat.path().join("zig"), None);
        assert_eq!(names(flat), ["lib/libc/x.h", "lib/std/std.zig", "zig"]);
    }
}

//! The files a build reads outside the module cache and Go itself, and a digest of them.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::time::SystemTime;
use std::{fs, io};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::build::fingerprint::go_files::{GoFiles, GoSeen};
use crate::build::fingerprint::path_times::Places;
use crate::plan::Job;
use crate::util::file_stamp;
use crate::util::hash::hex;
use crate::util::sort::sort_by_key;

/// Files, and directories of packages.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Inputs {
    files: BTreeSet<PathBuf>,
    folders: BTreeMap<PathBuf, Depth>,
    go: GoFiles,
}

/// How much of a directory counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Depth {
    /// Its source files.
    Sources,
    /// Everything in and below it: a `go:embed` pattern may name anything.
    Tree,
}

/// The state found on the disk.
#[derive(Debug)]
pub(crate) struct InputDigest {
    pub(crate) text: String,
    /// When the last of the files was changed.
    pub(crate) newest: Option<SystemTime>,
    /// The directories and links on the paths.
    places: Vec<PathBuf>,
}

/// One package per line. For the standard library, its directory and files. For others, also the import path, the
/// module's directory, the number of C files and of `go:embed` patterns.
pub(crate) const FORMAT: &str = "{{if .Standard}}go\t{{.Dir}}\t{{range .GoFiles}}{{.}} {{end}}{{range .CgoFiles}}{{.}} {{end}}\
{{range .CFiles}}{{.}} {{end}}{{range .HFiles}}{{.}} {{end}}{{range .SFiles}}{{.}} {{end}}{{range .SysoFiles}}{{.}} {{end}}\
{{else}}{{.Dir}}\t{{.ImportPath}}\t{{with .Module}}{{.Dir}}{{end}}\t{{len .CgoFiles}}\t{{len .SwigFiles}}{{len .SwigCXXFiles}}\t{{len .EmbedPatterns}}{{end}}";

/// More files than this cannot be read again quickly.
const MAX_FILES: usize = 20_000;

impl Inputs {
    /// Reads a listing; also returns whether that is everything to look at.
    pub(crate) fn parse(
        listing: &str,
        job: &Job,
        goroot: &Path,
        store: &Path,
        module_cache: &Path,
    ) -> Option<(Self, bool)> {
        let mut inputs = Inputs {
            files: module_files(job),
            folders: BTreeMap::new(),
            go: GoFiles::new(goroot),
        };
        let mut complete = true;
        for line in listing.lines().filter(|line| !line.is_empty()) {
            let fields: Vec<&str> = line.split('\t').collect();
            if let ["go", dir, files] = fields.as_slice() {
                // The store never changes; reading a thousand files would take as long as everything else.
                if !goroot.starts_with(store) {
                    inputs.go.add(Path::new(dir), files.split_whitespace());
                }
                continue;
            }
            let [dir, import_path, module, cgo, swig, patterns] = fields.try_into().ok()?;
            complete &= cgo == "0" && swig == "00";
            let dir = Path::new(dir);
            // A directory of this import path in a module that is here would have the package as well.
            for own in std::iter::once(&job.plugin.module).chain(&job.plugin.siblings) {
                if let Some(inner) = import_path
                    .strip_prefix(&own.path)
                    .and_then(|rest| rest.strip_prefix('/'))
                {
                    inputs.folders.entry(own.root.join(inner)).or_insert(Depth::Sources);
                }
            }
            // The module cache never changes.
            if !dir.starts_with(module_cache) {
                let depth = if patterns == "0" { Depth::Sources } else { Depth::Tree };
                inputs.folders.insert(dir.to_owned(), depth);
                inputs.files.extend(module_borders(dir, module));
            }
        }
        Some((inputs, complete))
    }

    /// Reads everything; for Go's own files, their metadata.
    pub(crate) fn digest(&self, seen: &mut GoSeen) -> io::Result<InputDigest> {
        let mut reading = InputHasher {
            hash: Sha256::new(),
            newest: None,
            files: 0,
            places: Vec::new(),
        };
        for file in &self.files {
            reading.name(file);
            match crate::util::regular_file::read_unlimited(file) {
                Ok(bytes) => reading.content(file, &bytes)?,
                Err(e) if e.kind() == io::ErrorKind::NotFound => reading.hash.update([0]),
                Err(e) => return Err(e),
            }
        }
        for (folder, depth) in &self.folders {
            reading.dir(folder, *depth)?;
        }
        let go = seen.digest(&self.go);
        reading.hash.update(go.digest);
        Ok(InputDigest {
            text: hex(&reading.hash.finalize()),
            newest: reading.newest.max(go.newest),
            places: reading.places,
        })
    }

    /// When a directory or link on the paths was last moved into place.
    pub(crate) fn newest_place(&self, found: &InputDigest, job: &Job) -> Option<SystemTime> {
        let roots = std::iter::once(&job.plugin.module).chain(&job.plugin.siblings);
        let mut places = Places::new(roots.map(|module| module.root.as_path()), &job.output);
        let files = self.files.iter().filter(|file| file.exists());
        files.chain(&found.places).for_each(|path| places.visit(path));
        places.newest
    }
}

/// The go.mod that would make a package's directory another module.
fn module_borders(dir: &Path, module: &str) -> Vec<PathBuf> {
    if module.is_empty() || !dir.starts_with(module) {
        return Vec::new();
    }
    let folders = dir.ancestors().take_while(|folder| folder.starts_with(module));
    folders.map(|folder| folder.join("go.mod")).collect()
}

/// The files that say which modules there are; also those that do not exist, as they might be created.
fn module_files(job: &Job) -> BTreeSet<PathBuf> {
    let plugin = &job.plugin;
    let mut files: BTreeSet<PathBuf> = std::iter::once(&plugin.module)
        .chain(&plugin.siblings)
        .flat_map(|module| ["go.mod", "go.sum"].map(|name| module.root.join(name)))
        .collect();
    files.insert(plugin.module.root.join("vendor/modules.txt"));
    if let Some(work) = &plugin.work {
        files.extend([
            work.clone(),
            work.with_extension("work.sum"),
            work.with_file_name("vendor/modules.txt"),
        ]);
    }
    files
}

struct InputHasher {
    hash: Sha256,
    newest: Option<SystemTime>,
    files: usize,
    places: Vec<PathBuf>,
}

impl InputHasher {
    fn dir(&mut self, dir: &Path, depth: Depth) -> io::Result<()> {
        self.name(dir);
        let entries = match fs::read_dir(dir) {
            Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(()),
            entries => entries?,
        };
        self.places.push(dir.to_owned());
        let mut entries = entries.collect::<io::Result<Vec<_>>>()?;
        sort_by_key(&mut entries, fs::DirEntry::file_name);
        for entry in entries {
            let (path, kind) = (entry.path(), entry.file_type()?);
            if depth == Depth::Tree && kind.is_dir() {
                if entry.file_name() != ".git" {
                    self.dir(&path, depth)?;
                }
                continue;
            }
            if depth == Depth::Sources && !is_source(&path) {
                continue;
            }
            if kind.is_symlink() {
                // The go command does not embed links.
                self.name(&fs::read_link(&path)?);
                self.places.push(path.clone());
            }
            if path.is_file() {
                self.name(&path);
                self.content(&path, &crate::util::regular_file::read_unlimited(&path)?)?;
            }
        }
        Ok(())
    }

    fn name(&mut self, path: &Path) {
        self.hash.update(path.as_os_str().as_encoded_bytes());
        self.hash.update([0]);
    }

    fn content(&mut self, path: &Path, bytes: &[u8]) -> io::Result<()> {
        self.files += 1;
        if self.files > MAX_FILES {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        self.hash.update((bytes.len() as u64).to_le_bytes());
        self.hash.update(bytes);
        self.newest = self.newest.max(Some(file_stamp::changed(&fs::metadata(path)?)));
        Ok(())
    }
}

/// Whether the go command may read a file of a package, by its name.
fn is_source(path: &Path) -> bool {
    if path.file_name().is_some_and(|name| name == "go.mod") {
        return true;
    }
    const ENDINGS: [&str; 20] = [
        "go", "s", "S", "sx", "h", "hh", "hpp", "hxx", "c", "cc", "cpp", "cxx", "m", "f", "F", "for", "f90", "swig",
        "swigcxx", "syso",
    ];
    path.extension()
        .and_then(|ending| ending.to_str())
        .is_some_and(|ending| ENDINGS.contains(&ending))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A change of an input, made in its directory.
    type Change = fn(&Path) -> io::Result<()>;

    fn digest(depth: Depth, dir: &Path) -> String {
        let inputs = Inputs {
            files: [dir.join("go.mod"), dir.join("go.sum")].into(),
            folders: [(dir.to_owned(), depth)].into(),
            go: GoFiles::default(),
        };
        inputs.digest(&mut GoSeen::default()).unwrap().text
    }

    #[test]
    fn a_change_of_what_is_read_is_seen_and_no_other() {
        let changes: [(&str, Change, bool, bool); 8] = [
            (
                "a source",
                |d| fs::write(d.join("main.go"), "package main // other"),
                true,
                true,
            ),
            (
                "a new source",
                |d| fs::write(d.join("more.go"), "package main"),
                true,
                true,
            ),
            ("a source gone", |d| fs::remove_file(d.join("main.go")), true, true),
            (
                "a source with another name",
                |d| fs::rename(d.join("main.go"), d.join("mein.go")),
                true,
                true,
            ),
            (
                "go.mod",
                |d| fs::write(d.join("go.mod"), "module m // other"),
                true,
                true,
            ),
            (
                "a go.sum where none was",
                |d| fs::write(d.join("go.sum"), ""),
                true,
                true,
            ),
            (
                "a file to embed",
                |d| fs::write(d.join("data/x.json"), "{}"),
                false,
                true,
            ),
            ("what was built", |d| fs::write(d.join(".git/index"), "x"), false, false),
        ];
        for (what, change, in_sources, in_tree) in changes {
            for (depth, seen) in [(Depth::Sources, in_sources), (Depth::Tree, in_tree)] {
                let dir = tempfile::tempdir().unwrap();
                fs::write(dir.path().join("main.go"), "package main").unwrap();
                fs::write(dir.path().join("go.mod"), "module m").unwrap();
                fs::create_dir(dir.path().join("data")).unwrap();
                fs::create_dir(dir.path().join(".git")).unwrap();
                let before = digest(depth, dir.path());
                assert_eq!(digest(depth, dir.path()), before);
                change(dir.path()).unwrap();
                assert_eq!(digest(depth, dir.path()) != before, seen, "{what} in {depth:?}");
            }
        }
    }
}

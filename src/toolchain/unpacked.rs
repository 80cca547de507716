//! What an archive unpacks to: files below one directory, within limits, and links that stay in it.

use std::collections::BTreeMap;
use std::fs::{self, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt, symlink};
use std::path::{Path, PathBuf};

use crate::util::error::{Error, Result};
use crate::util::process::interrupted;

/// How much an archive may contain.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    pub bytes: u64,
    pub entries: usize,
}

/// The limits of a path's length, its parts' length, and their number.
const PATH: usize = 1024;
const PART: usize = 255;
const DEEPEST: usize = 64;

/// The limits of the number of links, and of links followed for one path.
const LINKS: usize = 1024;
const HOPS: usize = 32;

impl Limits {
    /// Twice what the largest toolchain contains.
    pub const TOOL: Limits = Limits {
        bytes: 1 << 30,
        entries: 100_000,
    };

    /// # Errors
    /// More than `count` entries.
    pub fn entries(self, count: usize) -> Result<()> {
        if count > self.entries {
            return Err(Error::integrity(format!("it has more than {} entries", self.entries)));
        }
        Ok(())
    }

    /// Reads up to the limit; more data is an error.
    pub fn bounded<R: Read>(self, from: R) -> impl Read {
        Bounded {
            from,
            left: self.bytes,
            all: self.bytes,
        }
    }
}

struct Bounded<R> {
    from: R,
    left: u64,
    all: u64,
}

impl<R: Read> Read for Bounded<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.from.read(buffer)?;
        let Some(left) = self.left.checked_sub(read as u64) else {
            let what = format!("it contains more than {} MiB", self.all >> 20);
            return Err(io::Error::other(what));
        };
        self.left = left;
        Ok(read)
    }
}

#[derive(Debug, PartialEq, Eq)]
enum Node {
    Folder,
    File,
    Link(String),
}

/// A directory that is being filled. Links are created last, so that nothing is ever written through one.
#[derive(Debug)]
pub struct Tree {
    root: PathBuf,
    limits: Limits,
    bytes: u64,
    nodes: BTreeMap<String, Node>,
    links: usize,
}

impl Tree {
    /// # Errors
    /// The directory cannot be created.
    pub fn new(root: &Path, limits: Limits) -> Result<Self> {
        fs::create_dir_all(root).map_err(|e| write_error(&e))?;
        Ok(Tree {
            root: root.to_owned(),
            limits,
            bytes: 0,
            nodes: BTreeMap::new(),
            links: 0,
        })
    }

    /// # Errors
    /// Something else exists at the path, or the disk is full.
    pub fn create_dir(&mut self, name: &str) -> Result<()> {
        let ends = name.match_indices('/').map(|(at, _)| at).chain([name.len()]);
        for end in ends {
            let folder = &name[..end];
            match self.nodes.get(folder) {
                Some(Node::Folder) => continue,
                Some(_) => return Err(duplicate_entry(folder)),
                None if folder.is_empty() => continue,
                None => {}
            }
            match fs::create_dir(self.root.join(folder)) {
                Err(e) if e.kind() == io::ErrorKind::AlreadyExists => return Err(duplicate_entry(folder)),
                made => made.map_err(|e| write_error(&e))?,
            }
            self.nodes.insert(folder.to_owned(), Node::Folder);
        }
        Ok(())
    }

    /// # Errors
    /// The path exists already, `content` is damaged or exceeds the limit, or the disk is full.
    pub fn file(&mut self, name: &str, mode: u32, content: &mut dyn Read) -> Result<()> {
        self.free(name, Node::File)?;
        let mut file = match OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(mode & 0o755 | 0o400)
            .open(self.root.join(name))
        {
            // Some file systems treat two names as one.
            Err(e) if e.kind() == io::ErrorKind::AlreadyExists => return Err(duplicate_entry(name)),
            made => made.map_err(|e| write_error(&e))?,
        };
        let mut buffer = vec![0; 128 << 10];
        loop {
            let read = content
                .read(&mut buffer)
                .map_err(|e| Error::integrity(format!("its entry {name} is damaged: {e}")))?;
            if read == 0 {
                return Ok(());
            }
            self.bytes += read as u64;
            if self.bytes > self.limits.bytes {
                let what = format!("it contains more than {} MiB", self.limits.bytes >> 20);
                return Err(Error::integrity(what));
            }
            if interrupted() {
                return Err(Error::interrupted());
            }
            file.write_all(&buffer[..read]).map_err(|e| write_error(&e))?;
        }
    }

    /// Records a link, which is created at the end.
    ///
    /// # Errors
    /// The path exists already, or there are too many.
    pub fn link(&mut self, name: &str, target: &[u8]) -> Result<()> {
        self.links += 1;
        let target = std::str::from_utf8(target).ok();
        let target = target.filter(|to| !to.is_empty() && to.len() <= PATH && !to.contains(char::is_control));
        let target = target.ok_or_else(|| Error::integrity(format!("its link {name} leads nowhere")))?;
        if self.links > LINKS {
            return Err(Error::integrity(format!("it has more than {LINKS} links")));
        }
        self.free(name, Node::Link(target.to_owned()))
    }

    fn free(&mut self, name: &str, node: Node) -> Result<()> {
        if let Some((parent, _)) = name.rsplit_once('/') {
            self.create_dir(parent)?;
        }
        if name.is_empty() || self.nodes.contains_key(name) {
            return Err(duplicate_entry(name));
        }
        self.nodes.insert(name.to_owned(), node);
        Ok(())
    }

    /// Creates the links, each of which must end below the directory.
    ///
    /// # Errors
    /// One does not.
    pub fn finish(self) -> Result<()> {
        let out = |name: &str| Error::integrity(format!("its link {name} leads out of it"));
        let links = || {
            self.nodes.iter().filter_map(|(name, node)| match node {
                Node::Link(target) => Some((name, target)),
                _ => None,
            })
        };
        for (name, target) in links() {
            if !self.stays(name) {
                return Err(out(name));
            }
            symlink(target, self.root.join(name)).map_err(|e| write_error(&e))?;
        }
        // Checked again, as the file system resolves them: it may treat two names as one.
        let root = self.root.canonicalize().map_err(|e| write_error(&e))?;
        for (name, _) in links() {
            if let Ok(end) = self.root.join(name).canonicalize()
                && !end.starts_with(&root)
            {
                return Err(out(name));
            }
        }
        Ok(())
    }

    /// Whether a link, through all links on its path, ends below the directory.
    fn stays(&self, name: &str) -> bool {
        let mut place: Vec<&str> = Vec::new();
        let mut todo: Vec<&str> = name.rsplit('/').collect();
        let mut hops = 0;
        while let Some(part) = todo.pop() {
            match part {
                "" | "." => {}
                ".." => {
                    if place.pop().is_none() {
                        return false;
                    }
                }
                _ => {
                    place.push(part);
                    if let Some(Node::Link(target)) = self.nodes.get(&place.join("/")) {
                        place.pop();
                        hops += 1;
                        if hops > HOPS || target.starts_with('/') {
                            return false;
                        }
                        todo.extend(target.rsplit('/'));
                    }
                }
            }
        }
        true
    }
}

/// An entry's name as a plain path below the directory: `go/bin/go`.
///
/// # Errors
/// It leads out of it, is too long or too deep, or is not plain UTF-8.
pub fn plain(raw: &[u8]) -> Result<String> {
    let text = std::str::from_utf8(raw)
        .ok()
        .filter(|text| !text.contains(char::is_control));
    let text = text.ok_or_else(|| {
        let shown: String = String::from_utf8_lossy(raw).escape_debug().take(PART).collect();
        Error::integrity(format!("its entry {shown} has a name that is not plain text"))
    })?;
    let parts: Vec<&str> = text.split('/').filter(|part| !["", "."].contains(part)).collect();
    if text.len() > PATH || parts.len() > DEEPEST || parts.iter().any(|part| part.len() > PART) {
        let shown: String = text.chars().take(60).collect();
        return Err(Error::integrity(format!(
            "its entry {shown}… has a path of {} bytes and {} parts: more than {PATH} and {DEEPEST}, or {PART} in one, are too many",
            text.len(),
            parts.len()
        )));
    }
    if text.starts_with('/') || parts.contains(&"..") {
        return Err(Error::integrity(format!("its entry {text} leads out of it")));
    }
    Ok(parts.join("/"))
}

/// Whether a file is a program: executable, and not a link to one.
pub fn is_program(file: &Path) -> bool {
    const STARTS: [&[u8]; 4] = [b"\x7fELF", b"\xcf\xfa\xed\xfe", b"\xca\xfe\xba\xbe", b"#!"];
    let plain = |meta: fs::Metadata| meta.is_file() && meta.permissions().mode() & 0o100 != 0;
    let mut start = Vec::new();
    file.symlink_metadata().is_ok_and(plain)
        && fs::File::open(file).is_ok_and(|file| file.take(4).read_to_end(&mut start).is_ok())
        && STARTS.iter().any(|known| start.starts_with(known))
}

/// Sets the run bit of a file that came without one. Never follows links.
///
/// # Errors
/// It is not a file, or another user owns it.
pub fn set_run_bit(file: &Path) -> io::Result<()> {
    if !file.symlink_metadata()?.is_file() {
        return Err(io::Error::other("it is not a file"));
    }
    fs::set_permissions(file, fs::Permissions::from_mode(0o755))
}

fn duplicate_entry(name: &str) -> Error {
    Error::integrity(format!("its entry {name} appears twice"))
}

fn write_error(why: &io::Error) -> Error {
    Error::new(crate::util::error::ErrorKind::Io, why.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tree(limits: Limits) -> (tempfile::TempDir, Tree) {
        let dir = tempfile::tempdir().unwrap();
        let tree = Tree::new(&dir.path().join("to"), limits).unwrap();
        (dir, tree)
    }

    #[test]
    fn a_link_is_judged_by_where_it_ends() {
        let ends = |links: &[(&str, &str)]| {
            let (dir, mut tree) = tree(Limits::TOOL);
            tree.create_dir("a/b").unwrap();
            for (name, target) in links {
                tree.link(name, target.as_bytes()).unwrap();
            }
            let done = tree.finish();
            drop(dir);
            done.is_ok()
        };
        assert!(ends(&[
            ("a/up", ".."),
            ("top", "a/b"),
            ("gone", "nowhere"),
            ("a/b/x", "../up/a")
        ]));
        assert!(!ends(&[("out", "..")]) && !ends(&[("a/out", "../..")]) && !ends(&[("out", "/etc/passwd")]));
        // Each stays below by its name; together they climb out.
        assert!(!ends(&[("a/b/up", "../.."), ("a/c", "b/up/..")]));
        assert!(!ends(&[("d", "a/b"), ("a/b/e", "../../d/../../.."),]));
        assert!(!ends(&[("one", "two"), ("two", "one")]), "a circle ends nowhere");
    }

    #[test]
    fn nothing_is_written_twice_or_through_a_link() {
        let (_dir, mut tree) = tree(Limits::TOOL);
        tree.link("l", b"elsewhere").unwrap();
        for name in ["l", "l/x"] {
            assert!(tree.file(name, 0o644, &mut &b"x"[..]).is_err(), "{name}");
        }
        tree.file("f", 0o4777, &mut &b"x"[..]).unwrap();
        assert!(tree.file("f", 0o644, &mut &b"y"[..]).is_err() && tree.create_dir("f/x").is_err());
        let mode = fs::metadata(tree.root.join("f")).unwrap().permissions().mode();
        assert_eq!(mode & 0o7777 & !0o755, 0, "{mode:o}");
    }

    #[test]
    fn names_and_sizes_have_limits() {
        let limits = Limits { bytes: 9, entries: 2 };
        let (_dir, mut tree) = tree(limits);
        assert!(limits.entries(2).is_ok() && limits.entries(3).is_err());
        tree.file("a", 0o644, &mut &[0; 9][..]).unwrap();
        assert!(tree.file("b", 0o644, &mut &[0; 1][..]).is_err());
        assert!(io::copy(&mut limits.bounded(&[0; 10][..]), &mut io::sink()).is_err());
        assert_eq!(plain(b"./go//bin/./go").unwrap(), "go/bin/go");
        for bad in [
            "../x".to_owned(),
            "/x".to_owned(),
            "a/../../x".to_owned(),
            "a\nb".to_owned(),
            "a\u{1b}[2J".to_owned(),
            "d/".repeat(65),
            "x".repeat(256),
            "dddd/".repeat(300),
        ] {
            assert!(plain(bad.as_bytes()).is_err(), "{bad}");
        }
        assert!(plain(b"\xff").is_err());
    }
}

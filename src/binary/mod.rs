//! The contents of a gateway or a plugin, read from the file's bytes, never by running it.
//!
//! ```text
//! File (mapped) ─► Image (ELF) ─┬► buildinfo (Go version, modules, settings)
//!                               ├► pclntab   (source paths)
//!                               ├► pkghash   (what plugin.Open compares)
//!                               └► moduledata (what a plugin exports)
//! ```
//! Everything below [`Binary`] is a pure function over bytes. The files may be hostile: nothing here panics on
//! them, nothing allocates more than a small multiple of their size.

use std::fs;
use std::path::{Path, PathBuf};

use memmap2::Mmap;

use crate::binary::buildinfo::BuildInfo;
use crate::binary::error::Fault;
use crate::binary::image::{Image, Layout};
use crate::binary::pclntab::LineTable;
use crate::util::error::{Error, Result};

pub mod image;
pub mod dynamic;
pub mod symbols;
pub mod linkage;
pub mod notes;
pub mod buildinfo;
pub mod ldflags;
pub mod producer;
pub mod pclntab;
pub mod module_dirs;
pub mod pkghash;
pub mod moduledata;
pub mod error;
pub mod go_format;
pub mod symbol_versions;
pub mod dynamic_table;
pub mod pod;
pub mod segments;

/// An opened gateway or plugin: a 64-bit little-endian ELF file of an architecture that gateways are released for.
#[derive(Debug)]
pub struct Binary {
    path: PathBuf,
    bytes: Mmap,
    layout: Layout,
}

impl Binary {
    /// Maps the file and reads its headers.
    ///
    /// # Errors
    /// The message names the file and says what it is instead: a script, a Mach-O file, truncated, 32-bit…
    pub fn open(path: impl AsRef<Path>) -> Result<Self> {
        let path = path.as_ref();
        let file = crate::util::regular_file::open(path).map_err(|why| Error::io("read", path, why))?;
        let meta = file.metadata().map_err(|why| Error::io("read", path, why))?;
        if !meta.is_file() {
            return Err(Error::usage(format!("{} is not a file", path.display())));
        }
        if meta.len() == 0 {
            return Err(Fault::NotElf("an empty file").named(path));
        }
        // SAFETY: the map is private and read-only, and lives no longer than `Binary`. Rust requires the bytes to stay
        // unchanged; a writer that changes the file in place could violate that, as with every mapped file. All reads
        // are bounds-checked against the map's fixed length and none is trusted twice, so changed bytes give a
        // different answer, not a memory error; a file truncated meanwhile ends the process by a signal.
        let bytes = unsafe { Mmap::map(&file) }.map_err(|why| Error::io("map", path, why))?;
        let layout = Layout::parse(&bytes).map_err(|fault| fault.named(path))?;
        Ok(Binary {
            path: path.to_owned(),
            bytes,
            layout,
        })
    }

    /// The path it was opened by.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Whether both are the same file, also through links.
    pub fn is_same_file(&self, other: &Binary) -> bool {
        let real = |path: &Path| fs::canonicalize(path).ok();
        self.path == other.path || real(&self.path).is_some_and(|path| Some(path) == real(&other.path))
    }

    /// Whether it can load plugins: then it has a package hash, at least for its runtime.
    pub fn loads_plugins(&self) -> bool {
        pkghash::Lookup::new(self.image()).get("runtime").is_some()
    }

    /// The whole content.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The ELF view.
    pub fn image(&self) -> Image<'_> {
        Image::new(&self.bytes, &self.layout)
    }

    /// Go's build information.
    ///
    /// # Errors
    /// The file was not built by Go, or is a plugin of Go 1.20 or older, which gave plugins no build information.
    pub fn build_info(&self) -> Result<BuildInfo> {
        buildinfo::read(self.image()).map_err(|fault| {
            let from_go = fault == Fault::NotGo && self.package_hashes().next().is_some();
            let fault = if from_go { Fault::NoBuildInfo } else { fault };
            fault.named(&self.path)
        })
    }

    /// The Go that compiled it (`go1.19.5`), from its build information or debug information. Unknown for a stripped
    /// plugin of Go 1.20 or older.
    pub fn go_version(&self) -> Option<String> {
        match buildinfo::read(self.image()) {
            Ok(info) => Some(info.go),
            Err(_) => producer::read(self.image()).map(|(version, _)| version),
        }
    }

    /// Go's line table, if it can be found.
    pub fn line_table(&self) -> Option<LineTable<'_>> {
        pclntab::find(self.image())
    }

    /// The packages linked into this file with their hashes, in the order of the symbol table.
    pub fn package_hashes(&self) -> impl Iterator<Item = pkghash::PackageHash<'_>> {
        pkghash::all(self.image())
    }

    /// The hash of one package.
    pub fn package_hash(&self, package: &str) -> Option<pkghash::Hash> {
        pkghash::Lookup::new(self.image()).get(package)
    }
}

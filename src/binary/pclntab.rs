//! Go's line table: the source file names of a build, and with them its source directories.
//!
//! Package hashes depend on the paths: a plugin must be compiled as if its modules were where the gateway's were.

use std::collections::HashSet;

use crate::binary::image::Image;
use crate::util::module_path::{escaped, unescaped};

/// The header's first word from Go 1.16, 1.18 and 1.20 on, and how many words precede the table offsets.
const MAGICS: [(u32, usize); 3] = [(0xffff_fffa, 2), (0xffff_fff0, 3), (0xffff_fff1, 3)];
const HEADER: usize = 8;
const WORD: usize = 8;

/// The file names of a line table.
#[derive(Debug, Clone, Copy)]
pub struct LineTable<'d> {
    /// File names, each terminated by a zero byte.
    files: &'d [u8],
    /// The index in [`MAGICS`].
    magic: u32,
}

/// The directory of a module's sources when they were compiled.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SourceRoot {
    /// A directory.
    At(String),
    /// Unknown: removed by `-trimpath`.
    Trimmed,
}

/// Finds the line table: in its own section, else (in plugins) inside the read-only data.
pub fn find(image: Image<'_>) -> Option<LineTable<'_>> {
    let own = [".gopclntab", ".data.rel.ro.gopclntab"]
        .into_iter()
        .filter_map(|name| image.section(name));
    if let Some(table) = own.into_iter().find_map(|section| LineTable::parse(section.bytes)) {
        return Some(table);
    }
    let merged = [".data.rel.ro", ".rodata"]
        .into_iter()
        .filter_map(|name| image.section(name))
        .map(|section| section.bytes);
    let segments = image.segments().map(|s| image.segment_bytes(s));
    merged.chain(segments).find_map(scan)
}

/// The first valid table in `bytes`, which begin at an aligned address.
fn scan(bytes: &[u8]) -> Option<LineTable<'_>> {
    let starts = bytes.chunks_exact(WORD).enumerate().filter(|(_, word)| is_header(word));
    starts
        .into_iter()
        .find_map(|(at, _)| LineTable::parse(bytes.get(at * WORD..)?))
}

/// Magic, two zero bytes, the instruction size (1 on amd64, 4 on arm64), the pointer size.
fn is_header(word: &[u8]) -> bool {
    let [a, b, c, d, 0, 0, 1 | 2 | 4, 8, ..] = *word else {
        return false;
    };
    let magic = u32::from_le_bytes([a, b, c, d]);
    MAGICS.iter().any(|(known, _)| *known == magic)
}

/// A directory of a module cache: `<path>@<version>`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CacheDir<'d> {
    /// Including the cache's directory, unless trimmed; upper-case letters are written `!x`.
    pub(crate) path: &'d str,
    pub(crate) version: &'d str,
}

impl CacheDir<'_> {
    /// Its location, if it is a directory of this module.
    pub fn root_of(&self, module: &str) -> Option<SourceRoot> {
        let root = self.path.strip_suffix(escaped(module).as_str())?;
        match root.strip_suffix('/') {
            Some(cache) => Some(SourceRoot::At(cache.to_owned())),
            None if root.is_empty() => Some(SourceRoot::Trimmed),
            None => None,
        }
    }

    /// The version as in a go.mod.
    pub fn version(&self) -> String {
        unescaped(self.version)
    }
}

impl<'d> LineTable<'d> {
    /// Parses a table that begins with these bytes.
    pub fn parse(bytes: &'d [u8]) -> Option<Self> {
        if !is_header(bytes.get(..HEADER)?) {
            return None;
        }
        let magic = u32::from_le_bytes(bytes.get(..4)?.try_into().ok()?);
        let (_, first) = MAGICS.iter().find(|(known, _)| *known == magic)?;
        let word = |index: usize| {
            let at = HEADER + index * WORD;
            let word = bytes.get(at..at + WORD)?.try_into().ok()?;
            usize::try_from(u64::from_le_bytes(word)).ok()
        };
        // Function names, units, files, program counters, functions: each ends where the next begins.
        let tables: Vec<usize> = (*first..first + 5).map(word).collect::<Option<_>>()?;
        let [.., files, counters, functions] = tables[..] else {
            return None;
        };
        if !tables.is_sorted() || functions > bytes.len() {
            return None;
        }
        Some(LineTable {
            files: bytes.get(files..counters)?,
            magic,
        })
    }

    /// The Go versions that write this format.
    pub fn go_lines(self) -> &'static str {
        match self.magic {
            0xffff_fffa => "go1.16 or go1.17",
            0xffff_fff0 => "go1.18 or go1.19",
            _ => "go1.20 or later",
        }
    }

    /// The source file names as the compiler recorded them.
    pub fn files(self) -> impl Iterator<Item = &'d str> {
        let names = self.files.split(|&b| b == 0).filter(|name| !name.is_empty());
        names.filter_map(|name| std::str::from_utf8(name).ok())
    }

    /// The versioned source directories, each once, in the table's order.
    pub fn module_dirs(self) -> impl Iterator<Item = CacheDir<'d>> {
        let mut seen = HashSet::new();
        self.files().filter_map(move |file| {
            let (path, rest) = file.split_once('@')?;
            let version = rest.split('/').next()?;
            let whole = &file[..path.len() + 1 + version.len()];
            seen.insert(whole).then_some(CacheDir { path, version })
        })
    }

    /// Whether the standard library's file names have no directory, as with `-trimpath`.
    pub fn is_trimmed(self) -> bool {
        const FILE: &str = "runtime/proc.go";
        self.file_with(FILE).is_some_and(|(file, _)| file == FILE)
    }

    /// The first file name that contains this text, and the offset: one search over all of them.
    fn file_with(self, text: &str) -> Option<(&'d str, usize)> {
        let found = memchr::memmem::find(self.files, text.as_bytes())?;
        let start = memchr::memrchr(0, &self.files[..found]).map_or(0, |zero| zero + 1);
        let end = found + memchr::memchr(0, &self.files[found..]).unwrap_or(self.files.len() - found);
        let file = std::str::from_utf8(&self.files[start..end]).ok()?;
        Some((file, found - start))
    }

    /// The directory of Go's own sources: `/usr/local/go/src`.
    pub fn go_root(self) -> Option<&'d str> {
        let (file, at) = self.file_with("/runtime/proc.go")?;
        Some(&file[..at])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::binary::buildinfo::BuildInfo;
    use crate::binary::buildinfo::BuildModule;

    fn info() -> BuildInfo {
        let module = |path: &str, version: &str| BuildModule {
            path: path.to_owned(),
            version: version.to_owned(),
            ..BuildModule::default()
        };
        BuildInfo {
            path: "example.com/gw/cmd/gw".to_owned(),
            main: Some(module("example.com/gw", "(devel)")),
            deps: vec![module("github.com/Azure/x", "v1.2.3")],
            ..BuildInfo::default()
        }
    }

    fn files(names: &[&str]) -> Vec<u8> {
        names
            .iter()
            .flat_map(|name| [name.as_bytes(), b"\0"].concat())
            .collect()
    }

    #[test]
    fn source_dirs_from_file_names() {
        let names = files(&[
            "/usr/local/go/src/runtime/proc.go",
            "/go/pkg/mod/github.com/!azure/x@v1.2.3/a/b.go",
            "/app/cmd/gw/main.go",
        ]);
        let table = LineTable {
            files: &names,
            magic: 0xffff_fff1,
        };
        assert_eq!(
            table.module_cache(&info()),
            Some(SourceRoot::At("/go/pkg/mod".to_owned()))
        );
        assert_eq!(table.main_module(&info()), Some(SourceRoot::At("/app".to_owned())));
        assert_eq!(table.go_root(), Some("/usr/local/go/src"));
        let dirs: Vec<_> = table.module_dirs().collect();
        assert_eq!(dirs.len(), 1);
        assert_eq!(
            dirs[0].root_of("github.com/Azure/x"),
            Some(SourceRoot::At("/go/pkg/mod".to_owned()))
        );
        assert_eq!(
            dirs[0].root_of("Azure/x"),
            Some(SourceRoot::At("/go/pkg/mod/github.com".to_owned()))
        );
        assert_eq!(dirs[0].root_of("zure/x"), None);
        assert_eq!(dirs[0].version(), "v1.2.3");
    }

    #[test]
    fn trimmed_and_vendored_names_differ() {
        let names = files(&["github.com/!azure/x@v1.2.3/a/b.go", "example.com/gw/cmd/gw/main.go"]);
        let table = LineTable {
            files: &names,
            magic: 0xffff_fff1,
        };
        assert_eq!(table.module_cache(&info()), Some(SourceRoot::Trimmed));
        assert_eq!(table.main_module(&info()), Some(SourceRoot::Trimmed));
        let names = files(&["/w/vendor/github.com/Azure/x/a.go"]);
        let table = LineTable {
            files: &names,
            magic: 0xffff_fff1,
        };
        assert_eq!(table.module_cache(&info()), None);
        let vendored = SourceRoot::At("/w/vendor".to_owned());
        let dirs = table.module_index();
        let module = &info().deps[0];
        assert_eq!(dirs.root_of(module), Some(vendored));
        let other = BuildModule {
            path: "github.com/Azure".to_owned(),
            ..BuildModule::default()
        };
        assert_eq!(dirs.root_of(&other), Some(SourceRoot::At("/w/vendor".to_owned())));
        let none = BuildModule {
            path: "Azure/x".to_owned(),
            ..BuildModule::default()
        };
        assert_eq!(dirs.root_of(&none), None);
    }
}

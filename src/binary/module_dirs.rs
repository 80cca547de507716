//! The source directories of a build, by module.
//!
//! A file may list many directories and many modules, so each module is looked up in an index.

use std::collections::HashMap;
use std::sync::OnceLock;

use crate::binary::buildinfo::{BuildInfo, BuildModule, DEEPEST};
use crate::binary::pclntab::{CacheDir, LineTable, SourceRoot};
use crate::util::module_path::escaped;

/// A gateway has some 300.
const MOST_DIRS: usize = 1 << 16;
/// A limit for vendored paths: a gateway has some 5,000.
const MOST_VENDORED: usize = 1 << 20;
const VENDOR: &str = "/vendor/";

/// See the module.
#[derive(Debug)]
pub struct ModuleDirs<'d> {
    table: LineTable<'d>,
    all: Vec<CacheDir<'d>>,
    /// The index of the first directory for a module path: by the whole path, and by each suffix that starts after a
    /// slash.
    by_path: HashMap<&'d str, usize>,
    by_version: HashMap<(&'d str, &'d str), usize>,
    /// The vendor directory above each possible module path.
    vendored: OnceLock<HashMap<&'d str, &'d str>>,
}

impl<'d> ModuleDirs<'d> {
    pub(crate) fn of(table: LineTable<'d>) -> Self {
        let all: Vec<CacheDir<'d>> = table.module_dirs().take(MOST_DIRS).collect();
        let (mut by_path, mut by_version) = (HashMap::new(), HashMap::new());
        for (at, dir) in all.iter().enumerate() {
            let slashes = dir.path.rmatch_indices('/').take(DEEPEST);
            for start in slashes.map(|(slash, _)| slash + 1).chain([0]) {
                let module = &dir.path[start..];
                by_path.entry(module).or_insert(at);
                by_version.entry((module, dir.version)).or_insert(at);
            }
        }
        ModuleDirs {
            table,
            all,
            by_path,
            by_version,
            vendored: OnceLock::new(),
        }
    }

    /// The first directory of a module, of any version: the version, and where it was.
    pub fn of_module(&self, path: &str) -> Option<(String, SourceRoot)> {
        let dir = &self.all[*self.by_path.get(escaped(path).as_str())?];
        Some((dir.version(), dir.root_of(path)?))
    }

    /// The directory of exactly this version of a module: in a module cache or in a vendor directory.
    pub fn root_of(&self, module: &BuildModule) -> Option<SourceRoot> {
        let built = module.effective();
        let cached = self.index_of(built).and_then(|at| self.all[at].root_of(&built.path));
        cached.or_else(|| self.vendored(&module.path))
    }

    /// The module cache: the parent of the first directory of any compiled module.
    pub fn cache_of(&self, info: &BuildInfo) -> Option<SourceRoot> {
        let built = info.deps.iter().map(BuildModule::effective);
        let placed = built
            .filter(|m| !m.version.is_empty())
            .filter_map(|m| Some((self.index_of(m)?, m)));
        let (at, module) = placed.min_by_key(|(at, _)| *at)?;
        self.all[at].root_of(&module.path)
    }

    fn index_of(&self, module: &BuildModule) -> Option<usize> {
        let (path, version) = (escaped(&module.path), escaped(&module.version));
        self.by_version.get(&(path.as_str(), version.as_str())).copied()
    }

    /// The vendor directory that a module's sources were in, if any.
    fn vendored(&self, module: &str) -> Option<SourceRoot> {
        let by_path = self.vendored.get_or_init(|| vendored(self.table));
        Some(SourceRoot::At((*by_path.get(module)?).to_owned()))
    }
}

impl<'d> LineTable<'d> {
    /// The module cache: `/go/pkg/mod`, from the directory of any module in the build info.
    pub fn module_cache(self, info: &BuildInfo) -> Option<SourceRoot> {
        self.module_index().cache_of(info)
    }

    /// An index of the source directories, for many look-ups.
    pub fn module_index(self) -> ModuleDirs<'d> {
        ModuleDirs::of(self)
    }

    /// The directory of the main module's sources: `/app`.
    pub fn main_module(self, info: &BuildInfo) -> Option<SourceRoot> {
        let module = info.main.as_ref()?;
        let below = info.path.strip_prefix(&module.path)?.trim_start_matches('/');
        let trimmed = format!("{}/", module.path);
        let cache = self.module_cache(info);
        let elsewhere = |file: &&str| {
            let cached = matches!(&cache, Some(SourceRoot::At(root)) if file.starts_with(root.as_str()));
            !cached && !file.contains("/vendor/") && !file.starts_with('<')
        };
        let go_root = self.go_root();
        let outside_go = |file: &&str| go_root.is_none_or(|root| !file.starts_with(root));
        self.files().filter(elsewhere).filter(outside_go).find_map(|file| {
            if file.starts_with(&trimmed) {
                return Some(SourceRoot::Trimmed);
            }
            let dir = file.rsplit_once('/')?.0;
            let root = dir.strip_suffix(below)?;
            let whole = below.is_empty() || root.ends_with('/');
            let root = root.trim_end_matches('/');
            (whole && root.starts_with('/')).then(|| SourceRoot::At(root.to_owned()))
        })
    }
}

fn vendored(table: LineTable<'_>) -> HashMap<&str, &str> {
    let mut by_path = HashMap::new();
    for file in table.files() {
        // A directory named `vendor` may be above the work tree's, or below.
        for at in [file.find(VENDOR), file.rfind(VENDOR)].into_iter().flatten() {
            let (root, below) = (&file[..at + VENDOR.len() - 1], &file[at + VENDOR.len()..]);
            for (end, _) in below.match_indices('/').take(DEEPEST) {
                if by_path.len() < MOST_VENDORED {
                    by_path.entry(&below[..end]).or_insert(root);
                }
            }
        }
    }
    by_path
}

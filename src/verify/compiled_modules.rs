//! Where each file has a module from: its version, its replacement, and the directory it was compiled in.

use crate::binary::Binary;
use crate::binary::buildinfo::{BuildInfo, BuildModule, ModuleIndex};
use crate::binary::module_dirs::ModuleDirs;
use crate::binary::pclntab::{LineTable, SourceRoot};

/// The modules of one file, a gateway or a plugin.
#[derive(Debug)]
pub(crate) struct Side<'a> {
    info: Option<&'a BuildInfo>,
    modules: Option<ModuleIndex<'a>>,
    table: Option<LineTable<'a>>,
    folders: Option<ModuleDirs<'a>>,
}

/// A module as one file has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ModuleCopy {
    /// The path that was compiled.
    pub(crate) path: String,
    /// Empty for a local directory.
    pub(crate) version: String,
    pub(crate) replaced: bool,
    /// The module cache, vendor directory or work tree it was compiled in, if the line table shows it.
    pub(crate) root: Option<SourceRoot>,
}

impl<'a> Side<'a> {
    pub(crate) fn new(binary: &'a Binary, info: Option<&'a BuildInfo>) -> Self {
        let table = binary.line_table();
        Side {
            info,
            modules: info.map(BuildInfo::index),
            table,
            folders: table.map(LineTable::module_index),
        }
    }

    /// The module a package belongs to, by this file's build info.
    pub(crate) fn module_of(&self, package: &str) -> Option<&'a BuildModule> {
        self.modules.as_ref()?.of_package(package)
    }

    /// A module by its path.
    pub(crate) fn module(&self, path: &str) -> Option<&'a BuildModule> {
        self.modules.as_ref()?.get(path)
    }

    /// A module as this file has it. Without build info, the directory it was compiled in identifies it.
    pub(crate) fn copy(&self, module: &str, or_as: &str) -> Option<ModuleCopy> {
        if let Some(info) = self.info {
            let module = self.module(module)?;
            let built = module.effective();
            let is_main = info.main.as_ref().is_some_and(|main| main.path == module.path);
            return Some(ModuleCopy {
                path: built.path.clone(),
                version: built.version.clone(),
                replaced: module.replace.is_some(),
                root: if is_main {
                    self.table.and_then(|t| t.main_module(info))
                } else {
                    self.folders.as_ref().and_then(|folders| folders.root_of(module))
                },
            });
        }
        let (path, (version, root)) =
            (self.dir_of(module).map(|found| (module, found))).or_else(|| Some((or_as, self.dir_of(or_as)?)))?;
        Some(ModuleCopy {
            path: path.to_owned(),
            version,
            replaced: path != module,
            root: Some(root),
        })
    }

    /// Whether it was built with `-trimpath`, by its settings and by the file names of the standard library.
    pub(crate) fn trimmed(&self) -> bool {
        let is_set = self.info.and_then(|info| info.setting("-trimpath")) == Some("true");
        is_set || self.table.is_some_and(LineTable::is_trimmed)
    }

    /// The Go versions that write such a line table.
    pub(crate) fn go_lines(&self) -> Option<&'static str> {
        Some(self.table?.go_lines())
    }

    /// The root of its modules, whichever is found first.
    pub(crate) fn module_cache(&self) -> Option<SourceRoot> {
        self.folders.as_ref()?.cache_of(self.info?)
    }

    /// The modules found in file names, with their versions; used without build info.
    pub(crate) fn dir_of(&self, module: &str) -> Option<(String, SourceRoot)> {
        self.folders.as_ref()?.of_module(module)
    }
}

//! Where each side has a module from: its version, what replaced it, and the folder it was compiled in.

use crate::binary::Binary;
use crate::binary::buildinfo::{BuildInfo, Module};
use crate::binary::pclntab::{LineTable, ModuleFolder, SourceRoot};

/// One side's modules: a gateway's or a plugin's.
#[derive(Debug)]
pub(super) struct Side<'a> {
    info: Option<&'a BuildInfo>,
    table: Option<LineTable<'a>>,
    folders: Vec<ModuleFolder<'a>>,
}

/// One side's copy of a module.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Copy {
    /// The path that was really compiled.
    pub(super) path: String,
    /// Empty for a local folder.
    pub(super) version: String,
    pub(super) replaced: bool,
    /// The module cache, vendor folder or work tree it was compiled in, if the line table says.
    pub(super) root: Option<SourceRoot>,
}

impl<'a> Side<'a> {
    pub(super) fn of(binary: &'a Binary, info: Option<&'a BuildInfo>) -> Self {
        let table = binary.line_table();
        Side {
            info,
            table,
            folders: table.map(|table| table.module_folders().collect()).unwrap_or_default(),
        }
    }

    /// The module a package belongs to, by this side's build info.
    pub(super) fn module_of(&self, package: &str) -> Option<&'a Module> {
        self.info?.module_of(package)
    }

    /// This side's copy of a module. Without build info it is recognised by the folder it was compiled in.
    pub(super) fn copy(&self, module: &str, or_as: &str) -> Option<Copy> {
        if let Some(info) = self.info {
            let module = info.module(module)?;
            let built = module.effective();
            let is_main = info.main.as_ref().is_some_and(|main| main.path == module.path);
            return Some(Copy {
                path: built.path.clone(),
                version: built.version.clone(),
                replaced: module.replace.is_some(),
                root: if is_main {
                    self.table.and_then(|t| t.main_module(info))
                } else {
                    self.root(module)
                },
            });
        }
        let of = |path: &str| self.folders.iter().find_map(|f| Some((f, f.root_of(path)?)));
        let (path, (folder, root)) = of(module)
            .map(|found| (module, found))
            .or_else(|| Some((or_as, of(or_as)?)))?;
        Some(Copy {
            path: path.to_owned(),
            version: folder.version(),
            replaced: path != module,
            root: Some(root),
        })
    }

    fn root(&self, module: &Module) -> Option<SourceRoot> {
        let built = module.effective();
        let cached = self.folders.iter().find_map(|folder| folder.root_of_version(built));
        cached.or_else(|| self.table?.vendored(&module.path))
    }

    /// Whether it was built with `-trimpath`: told by the settings, and by the files of the standard library.
    pub(super) fn trimmed(&self) -> bool {
        let told = self.info.and_then(|info| info.setting("-trimpath")) == Some("true");
        told || self.table.is_some_and(LineTable::is_trimmed)
    }

    /// The Go versions that write such a line table.
    pub(super) fn go_lines(&self) -> Option<&'static str> {
        Some(self.table?.go_lines())
    }

    /// Where its modules were, whichever is seen first.
    pub(super) fn module_cache(&self) -> Option<SourceRoot> {
        self.table?.module_cache(self.info?)
    }

    /// The modules seen in the folders, with their versions: what there is without build info.
    pub(super) fn folder_of(&self, module: &str) -> Option<(String, SourceRoot)> {
        self.folders
            .iter()
            .find_map(|f| Some((f.version(), f.root_of(module)?)))
    }
}

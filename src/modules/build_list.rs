//! The two sides of a comparison: what a plugin selects, and what a gateway was built from.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::binary::buildinfo;
use crate::binary::buildinfo::BuildInfo;
use crate::matrix::modules::ModuleRow;
use crate::matrix::{Matrix, Release, linked, modules};
use crate::project::go_mod::Directive;
use crate::util::error::Result;
use crate::util::version::{GoVersion, LibcVersion};

/// Where a module's source comes from. It is a part of every package's hash, so both must have the same.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Source {
    /// A published version, of this module or of one that replaces it.
    Published { path: String, version: String },
    /// A directory: a workspace member, a local replacement, the main module.
    Folder(String),
}

impl Source {
    pub(crate) fn published(path: &str, version: &str) -> Self {
        Source::Published {
            path: path.to_owned(),
            version: version.to_owned(),
        }
    }

    /// A local directory of the gateway has no version, or `(devel)`: it is not published.
    pub(crate) fn from_row(row: &ModuleRow) -> Self {
        let (path, version) = row.effective();
        if version.starts_with('v') {
            Source::published(path, version)
        } else {
            Source::Folder(path.to_owned())
        }
    }

    /// For messages about a module: the version alone, unless another module replaces it.
    pub fn relative_to(&self, module: &str) -> String {
        match self {
            Source::Published { path, version } if path == module => version.clone(),
            _ => self.to_string(),
        }
    }
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Source::Published { path, version } => write!(f, "{path}@{version}"),
            Source::Folder(dir) => write!(f, "the directory {dir}"),
        }
    }
}

/// A module of the plugin's build list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct PluginModule {
    pub path: String,
    /// What is compiled: the selected version, or what replaces it.
    pub source: Source,
    /// Whether a `replace` of the user's decides it.
    pub replaced: bool,
    /// The module's own `go` line.
    pub go: Option<GoVersion>,
    /// Its packages that are compiled into the plugin, without the plugin's main package.
    pub packages: Vec<String>,
    /// Why it is there: a direct requirement of the plugin, then each module that requires the next, this one last.
    pub chain: Vec<String>,
    /// Whether the plugin's own go.mod requires exactly this version.
    pub required: bool,
    /// The standard packages that it imports and that not every gateway's Go has.
    pub uses: Vec<StdUse>,
}

/// An import of a standard package that is newer than the oldest gateway's Go.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct StdUse {
    pub package: String,
    /// The package that imports it.
    pub by: String,
    /// The chain of modules that import it.
    pub chain: Vec<String>,
    /// For each import in the chain that only some Go versions compile: the constraints of the files that have it.
    pub conditions: Vec<Vec<String>>,
}

impl PluginModule {
    /// The main module or a workspace member: compiled from its directory, whatever a `replace` says.
    pub(crate) fn is_own(&self) -> bool {
        !self.replaced && matches!(self.source, Source::Folder(_))
    }
}

/// What the go command reports about a plugin.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct PluginModules {
    /// The main module's path.
    pub module: String,
    /// The main module's `go` line.
    pub go: Option<GoVersion>,
    /// The go.work in use, if any.
    pub work: Option<Work>,
    /// The directives of its go.mod, or of its go.work if one is in use.
    pub directives: Vec<String>,
    /// The build list, with the main module and workspace members as [own](PluginModule::is_own) ones.
    pub modules: Vec<PluginModule>,
    /// How much of the build list is known.
    pub build_list: BuildList,
    /// Packages that the go command found in several modules, and so cannot load.
    pub ambiguous: Vec<Ambiguous>,
    /// The newest language that the plugin's own sources show to be written in, where that is none that each Go knows.
    pub language: Option<GoVersion>,
    /// Whether C code is compiled in.
    pub c_code: bool,
}

/// A package that several modules have.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Ambiguous {
    pub package: String,
    /// With their versions; a directory has none.
    pub modules: Vec<(String, Option<String>)>,
}

impl fmt::Display for Ambiguous {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let modules: Vec<&str> = self.modules.iter().map(|(path, _)| path.as_str()).collect();
        write!(f, "{} is in several modules: {}", self.package, modules.join(", "))
    }
}

/// How much of a plugin's build list is known. What is compiled in always is, and only that can conflict.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "known", rename_all = "kebab-case")]
pub(crate) enum BuildList {
    Whole,
    /// A vendor directory has only what is compiled in.
    Vendored,
    /// The go command could not list it, for this reason.
    Unknown {
        why: String,
    },
}

impl PluginModules {
    /// The note on a build list that is not known.
    pub(crate) fn unlisted(&self) -> Option<String> {
        let BuildList::Unknown { why } = &self.build_list else {
            return None;
        };
        Some(format!(
            "the build list of {} is not known, only what is compiled in is compared: {why}",
            self.module
        ))
    }
}

/// The parts of a go.work that matter.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Work {
    pub go: Option<GoVersion>,
}

impl Work {
    pub(crate) fn from_directives(directives: &[Directive]) -> Self {
        let line = directives.iter().find(|d| d.verb == "go");
        Work {
            go: line.and_then(|line| line.words.first()?.parse().ok()),
        }
    }
}

/// How much is known of what a gateway links.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Precision {
    /// Each package, from its binary: the answer is exact.
    Packages,
    /// Its modules: packages that only one of them links may still look like conflicts.
    Modules,
    /// Its requirements: as with modules, and a few of these are not linked at all.
    Requirements,
}

/// What a gateway was built from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GatewayModules {
    /// `2.1.4`, or a name that the user chose.
    pub label: String,
    pub go: GoVersion,
    /// The path of its main module, if known.
    pub main_module: Option<String>,
    /// The musl of its Alpine, and the glibc floor of its generic Linux build, if known.
    pub musl: Option<LibcVersion>,
    pub glibc: Option<LibcVersion>,
    pub(crate) modules: BTreeMap<String, ModuleRow>,
    pub(crate) linked: Option<BTreeSet<String>>,
    pub(crate) packages: Option<BTreeSet<String>>,
}

impl GatewayModules {
    /// A gateway known from its binary: the [modules](module_rows) of its build info, the packages whose hashes it has.
    pub fn from_binary(
        label: String,
        go: GoVersion,
        main_module: Option<String>,
        modules: Vec<ModuleRow>,
        packages: BTreeSet<String>,
    ) -> Self {
        let modules = by_path(modules);
        GatewayModules {
            label,
            go,
            main_module,
            musl: None,
            glibc: None,
            linked: Some(modules.keys().cloned().collect()),
            modules,
            packages: Some(packages),
        }
    }

    /// A gateway of which only the Go is known.
    pub fn unknown(label: String, go: GoVersion) -> Self {
        Self::from_binary(label, go, None, Vec::new(), BTreeSet::new())
    }

    /// A gateway of the user's own, from the list of modules that it links.
    pub fn from_list(release: &Release, modules: Vec<ModuleRow>) -> Self {
        let modules = by_path(modules);
        let linked = modules.keys().cloned().collect();
        Self::new(release, modules, Some(linked))
    }

    /// A release, from the matrix.
    pub fn from_release(release: &Release) -> Result<Self> {
        let modules = by_path(release.requirements()?);
        Ok(Self::new(release, modules, linked(release.version)?))
    }

    /// Every official release, oldest first.
    pub fn all_releases(matrix: &Matrix) -> Result<Vec<Self>> {
        let mut listed: BTreeMap<_, _> = modules::all()?.into_iter().collect();
        let mut all = Vec::new();
        for release in matrix.official() {
            let rows = match (listed.remove(&release.version), &release.from_module) {
                (_, Some(_)) => release.requirements()?,
                (Some(rows), None) => rows,
                // A row of the user's own.
                (None, None) => continue,
            };
            all.push(Self::new(release, by_path(rows), linked(release.version)?));
        }
        Ok(all)
    }

    fn new(release: &Release, modules: BTreeMap<String, ModuleRow>, linked: Option<BTreeSet<String>>) -> Self {
        GatewayModules {
            label: release.label(),
            go: release.go.clone(),
            main_module: release.main_module.clone(),
            musl: release.musl,
            glibc: release.glibc,
            modules,
            linked,
            packages: None,
        }
    }

    pub fn known(&self) -> Precision {
        match (&self.packages, &self.linked) {
            (Some(_), _) => Precision::Packages,
            (None, Some(_)) => Precision::Modules,
            (None, None) => Precision::Requirements,
        }
    }

    /// All modules it requires, by path.
    pub fn modules(&self) -> impl Iterator<Item = &ModuleRow> {
        self.modules.values()
    }

    /// The modules it links, as far as known: those that a plugin must have in the same version.
    pub fn linked_modules(&self) -> impl Iterator<Item = &ModuleRow> {
        self.modules().filter(|row| self.links(&row.path))
    }

    pub fn module(&self, path: &str) -> Option<&ModuleRow> {
        self.modules.get(path)
    }

    /// What it compiled for a module that it requires.
    pub fn source(&self, path: &str) -> Option<Source> {
        self.module(path).map(Source::from_row)
    }

    /// Whether it links a module, as far as known.
    pub fn links(&self, module: &str) -> bool {
        let required = self.modules.contains_key(module);
        required && self.linked.as_ref().is_none_or(|linked| linked.contains(module))
    }

    /// Its packages, if known.
    pub(crate) fn packages(&self) -> Option<&BTreeSet<String>> {
        self.packages.as_ref()
    }

    /// The module that has a package: the one with the longest path that is a prefix of the package's.
    pub(crate) fn provider(&self, package: &str) -> Option<&ModuleRow> {
        let mut path = package;
        loop {
            if let Some(row) = self.module(path) {
                return Some(row);
            }
            path = path.rsplit_once('/')?.0;
        }
    }
}

/// The modules of a binary's build info, without its main module.
pub(crate) fn module_rows(info: &BuildInfo) -> Vec<ModuleRow> {
    let row = |module: &buildinfo::BuildModule| ModuleRow {
        path: module.path.clone(),
        version: module.version.clone(),
        indirect: false,
        replace: module.replace.as_ref().map(|to| (to.path.clone(), to.version.clone())),
    };
    info.deps.iter().map(row).collect()
}

fn by_path(rows: Vec<ModuleRow>) -> BTreeMap<String, ModuleRow> {
    rows.into_iter().map(|row| (row.path.clone(), row)).collect()
}

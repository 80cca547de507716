//! Why packages differ: first what all of them share (Go, settings), then module by module.

use std::collections::BTreeMap;

use crate::binary::pclntab::SourceRoot;
use crate::verify::build_settings;
use crate::verify::build_settings::Difference;
use crate::verify::compiled_modules::{ModuleCopy, Side};
use crate::verify::finding::{Diagnostic, Id, Stage};
use crate::verify::gateway::{File, LoadTarget};
use crate::verify::package_hashes::{other_go, rebuild, release};
use crate::verify::plugin::PluginBinary;

/// The causes for packages whose hash differs from the gateway's.
pub(crate) fn causes(
    plugin: &PluginBinary<'_>,
    file: &File<'_>,
    against: &LoadTarget<'_>,
    differing: &[&str],
) -> Vec<Diagnostic> {
    let pair = Pair {
        plugin,
        file,
        against,
        ours: Side::new(plugin.binary, plugin.info.as_ref()),
        theirs: Side::new(file.binary, Some(&file.info)),
    };
    pair.causes(differing)
}

struct Pair<'x, 'a> {
    plugin: &'x PluginBinary<'a>,
    file: &'x File<'a>,
    against: &'x LoadTarget<'a>,
    ours: Side<'x>,
    theirs: Side<'x>,
}

/// Packages with another hash, by where they come from.
#[derive(Default)]
struct Differing<'p> {
    standard: Vec<&'p str>,
    modules: BTreeMap<&'p str, Vec<&'p str>>,
    unexplained: Vec<&'p str>,
}

/// The packages that were compiled in another directory.
#[derive(Default)]
struct Moved<'p> {
    modules: Vec<&'p str>,
    packages: Vec<&'p str>,
}

impl<'x> Pair<'x, '_> {
    fn causes(&'x self, differing: &[&'x str]) -> Vec<Diagnostic> {
        let Differing {
            standard,
            modules,
            mut unexplained,
        } = self.by_origin(differing);
        let mut findings = Vec::new();
        let mut trimmed = Moved::default();
        let mut moved: BTreeMap<(String, String), Moved<'_>> = BTreeMap::new();
        if let (Some(go), false) = (self.other_go(), standard.is_empty()) {
            findings.push(other_go(&go, self.file.info.go_release(), self.against).packages(&standard));
        } else if self.ours.trimmed() != self.theirs.trimmed() {
            // It changes the paths, and so the hashes, of the standard library too.
            trimmed.packages = standard;
        } else if !standard.is_empty() {
            findings.extend(self.standard_library(&standard));
        }
        for (module, packages) in modules {
            let as_built = self.theirs.module(module).map_or(module, |m| &m.effective().path);
            let (ours, theirs) = (self.ours.copy(module, as_built), self.theirs.copy(module, as_built));
            match (ours, theirs) {
                (Some(ours), Some(theirs)) if (&ours.path, &ours.version) != (&theirs.path, &theirs.version) => {
                    findings.push(other_copy(module, &ours, &theirs, self.against).packages(&packages));
                }
                (Some(ModuleCopy { root: Some(ours), .. }), Some(ModuleCopy { root: Some(theirs), .. }))
                    if ours != theirs =>
                {
                    let moved = match (ours, theirs) {
                        (SourceRoot::At(ours), SourceRoot::At(theirs)) => moved.entry((ours, theirs)).or_default(),
                        _ => &mut trimmed,
                    };
                    moved.modules.push(module);
                    moved.packages.extend(packages);
                }
                _ => unexplained.extend(packages),
            }
        }
        if !trimmed.packages.is_empty() {
            findings.push(self.trimpath().packages(&trimmed.packages));
        }
        let of_folders = |((ours, theirs), moved): (&(String, String), &Moved<'_>)| {
            other_path(ours, theirs, &moved.modules, self.against).packages(&moved.packages)
        };
        findings.extend(moved.iter().map(of_folders));
        if findings.is_empty() {
            findings.extend(self.unexplained(&unexplained));
        }
        findings
    }

    fn by_origin(&'x self, differing: &[&'x str]) -> Differing<'x> {
        let mut found = Differing::default();
        for package in differing {
            let module = self.theirs.module_of(package).or_else(|| self.ours.module_of(package));
            match module {
                Some(module) => found.modules.entry(&module.path).or_default().push(package),
                None if is_standard(package) => found.standard.push(*package),
                None => found.unexplained.push(*package),
            }
        }
        found
    }

    /// The plugin's Go, if it differs from the gateway's: as recorded, or as the line table shows.
    fn other_go(&self) -> Option<String> {
        match self.plugin.go.as_deref().map(release) {
            Some(go) => Some(go.to_owned()).filter(|go| go != self.file.info.go_release()),
            None => {
                let lines = self
                    .ours
                    .go_lines()
                    .filter(|lines| Some(*lines) != self.theirs.go_lines());
                lines.map(str::to_owned)
            }
        }
    }

    fn settings(&self) -> Vec<Difference> {
        let ours = self.plugin.info.as_ref();
        ours.map(|info| build_settings::differences(info, &self.file.info))
            .unwrap_or_default()
    }

    fn for_settings(&self, packages: &[&str]) -> Vec<Diagnostic> {
        let rebuild = rebuild(self.against);
        let differences = self.settings();
        differences
            .iter()
            .map(|d| build_settings::finding(d, &rebuild).packages(packages))
            .collect()
    }

    fn standard_library(&self, packages: &[&str]) -> Vec<Diagnostic> {
        let of_settings = self.for_settings(packages);
        if !of_settings.is_empty() {
            return of_settings;
        }
        let (gateway, n) = (self.file.info.go_release(), packages.len());
        let what = match self.plugin.go {
            Some(_) => {
                format!("its standard library is not the gateway's, though both record {gateway}: {n} packages differ")
            }
            None => format!(
                "its standard library is not the gateway's of {gateway}: {n} packages differ; the Go that compiled it is not recorded"
            ),
        };
        let help = format!(
            "use the Go that go.dev publishes, with default settings; {}",
            rebuild(self.against)
        );
        vec![
            Diagnostic::new(Id::StdMismatch, Stage::Open, what)
                .help(help)
                .packages(packages),
        ]
    }

    fn trimpath(&self) -> Diagnostic {
        let (what, ours, theirs, cure) = match self.ours.trimmed() {
            true => (
                "it is built with -trimpath, the gateway without",
                "-trimpath",
                "",
                "leave -trimpath out; ",
            ),
            false => ("the gateway is built with -trimpath, it without", "", "-trimpath", ""),
        };
        Diagnostic::new(Id::Trimpath, Stage::Open, what)
            .about("-trimpath")
            .sides(ours, theirs)
            .help(format!("{cure}{}", rebuild(self.against)))
    }

    /// Nothing explains it: settings that differ are the likely cause.
    fn unexplained(&self, packages: &[&str]) -> Vec<Diagnostic> {
        let Some(first) = packages.first() else {
            return Vec::new();
        };
        let of_settings = self.for_settings(packages);
        if !of_settings.is_empty() {
            return of_settings;
        }
        let which = match packages.len() {
            1 => format!("package {first} differs"),
            n => format!("{n} packages differ ({first}, …)"),
        };
        let what = format!("{which} from the gateway's, and neither version, directory nor setting explains it");
        vec![
            Diagnostic::new(Id::PackageMismatch, Stage::Open, what)
                .about(*first)
                .help(format!(
                    "its sources may have been changed, or C headers differ; {}",
                    rebuild(self.against)
                ))
                .packages(packages),
        ]
    }
}

/// Standard library paths have no dot in their first element; paths of modules that can be fetched do.
fn is_standard(package: &str) -> bool {
    let first = package.split('/').next().unwrap_or_default();
    !first.contains('.') && (first != "plugin" || package == first)
}

fn other_copy(module: &str, ours: &ModuleCopy, theirs: &ModuleCopy, against: &LoadTarget<'_>) -> Diagnostic {
    let shown = |copy: &ModuleCopy| match copy.replaced {
        true => format!("{} {} in its place", copy.path, copy.version),
        false => copy.version.clone(),
    };
    let replaced = ours.replaced || theirs.replaced;
    let wanted = match theirs.version.as_str() {
        "" | "(devel)" => theirs.path.clone(),
        version => format!("{}@{version}", theirs.path),
    };
    let (id, cure) = match replaced {
        true => (Id::ReplacedModule, format!("`go mod edit -replace {module}={wanted}`")),
        false => (Id::ModuleMismatch, format!("`go get {wanted}`")),
    };
    let (ours, theirs) = (shown(ours), shown(theirs));
    Diagnostic::new(
        id,
        Stage::Open,
        format!("module {module}: it has {ours}, the gateway {theirs}"),
    )
    .about(module)
    .sides(ours, theirs)
    .help(format!(
        "{cure}, or let plugbuild use the gateway's: `plugbuild {} --align`",
        against.typed
    ))
}

fn other_path(ours: &str, theirs: &str, modules: &[&str], against: &LoadTarget<'_>) -> Diagnostic {
    let first = modules.first().copied().unwrap_or_default();
    let which = match modules.len() {
        1 => format!("module {first}"),
        n => format!("{n} modules ({first}, …)"),
    };
    let what = format!("{which} of the same version: compiled in {ours}, for the gateway in {theirs}");
    Diagnostic::new(Id::BuildPathMismatch, Stage::Open, what)
        .about(first)
        .sides(ours, theirs)
        .help(rebuild(against))
}

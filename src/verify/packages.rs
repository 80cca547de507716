//! What `plugin.Open` compares: the hash of each package that both sides link, and why some differ.

use std::collections::BTreeMap;

use crate::binary::pclntab::SourceRoot;
use crate::binary::pkghash::{Lookup, PackageHash};
use crate::verify::against::{Against, File};
use crate::verify::finding::{Finding, Id, Severity, Stage};
use crate::verify::plugin::Plugin;
use crate::verify::settings;
use crate::verify::sides::{Copy, Side};

/// The outcome of comparing one plugin with one other file.
#[derive(Debug, Default)]
pub(super) struct Comparison<'p> {
    /// Packages in both.
    pub(super) shared: usize,
    /// Those whose hash differs.
    pub(super) differing: Vec<&'p str>,
    /// Those the other does not have.
    pub(super) own: Vec<PackageHash<'p>>,
}

pub(super) fn compare<'p>(packages: &[PackageHash<'p>], other: &mut Lookup<'_>) -> Comparison<'p> {
    let mut comparison = Comparison::default();
    for package in packages {
        match other.get(package.path) {
            None => comparison.own.push(*package),
            Some(hash) => {
                comparison.shared += 1;
                if hash != package.hash {
                    comparison.differing.push(package.path);
                }
            }
        }
    }
    comparison
}

pub(super) fn rebuild(against: &Against<'_>) -> String {
    format!("rebuild it for this gateway: `plugbuild {}`", against.typed)
}

/// The causes for packages that differ from the gateway's: first what differs for all, then module by module.
pub(super) fn causes(plugin: &Plugin<'_>, file: &File<'_>, against: &Against<'_>, differing: &[&str]) -> Vec<Finding> {
    let ours = Side::of(plugin.binary, plugin.info.as_ref());
    let theirs = Side::of(file.binary, Some(&file.info));
    let mut standard = Vec::new();
    let mut modules: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    let mut nobodys = Vec::new();
    for package in differing {
        match theirs.module_of(package).or_else(|| ours.module_of(package)) {
            Some(module) => modules.entry(&module.path).or_default().push(package),
            None if is_standard(package) => standard.push(*package),
            None => nobodys.push(*package),
        }
    }
    let mut findings = match standard.is_empty() {
        true => Vec::new(),
        false => standard_library(plugin, file, against, &ours, &standard),
    };
    let mut unexplained = nobodys;
    let mut moved: BTreeMap<(String, String), Moved<'_>> = BTreeMap::new();
    for (module, packages) in modules {
        let as_built = file.info.module(module).map_or(module, |m| &m.effective().path);
        match (ours.copy(module, as_built), theirs.copy(module, as_built)) {
            (Some(our), Some(their)) if (&our.path, &our.version) != (&their.path, &their.version) => {
                findings.push(other_copy(module, &our, &their, against).packages(&packages));
            }
            (Some(Copy { root: Some(our), .. }), Some(Copy { root: Some(their), .. })) if our != their => {
                let moved = moved.entry((told(&our), told(&their))).or_default();
                moved.modules.push(module);
                moved.packages.extend(packages);
            }
            _ => unexplained.extend(packages),
        }
    }
    findings.extend(
        moved
            .into_iter()
            .map(|((our, their), moved)| other_path(&our, &their, &moved.modules, against).packages(&moved.packages)),
    );
    if findings.is_empty() {
        findings.extend(unexplained_finding(plugin, file, against, &unexplained));
    }
    findings
}

/// What was compiled in another folder.
#[derive(Default)]
struct Moved<'p> {
    modules: Vec<&'p str>,
    packages: Vec<&'p str>,
}

const TRIMMED: &str = "-trimpath";

fn told(root: &SourceRoot) -> String {
    match root {
        SourceRoot::At(folder) => folder.clone(),
        SourceRoot::Trimmed => TRIMMED.to_owned(),
    }
}

/// Paths of the standard library have no dot in their first element, as no module's may that can be fetched.
fn is_standard(package: &str) -> bool {
    let first = package.split('/').next().unwrap_or_default();
    !first.contains('.') && first != "plugin" || package == "plugin"
}

fn standard_library(
    plugin: &Plugin<'_>,
    file: &File<'_>,
    against: &Against<'_>,
    ours: &Side<'_>,
    packages: &[&str],
) -> Vec<Finding> {
    let gateway = file.info.go_release();
    let release = |go: &str| go.split([' ', '-']).next().unwrap_or_default().to_owned();
    let said = plugin.go.as_deref().map(release);
    let by_table = ours
        .go_lines()
        .filter(|lines| Some(*lines) != Side::of(file.binary, None).go_lines());
    if let Some(go) = said.filter(|go| go != gateway).or_else(|| by_table.map(str::to_owned)) {
        return vec![other_go(&go, gateway, against).packages(packages)];
    }
    let differences = plugin
        .info
        .as_ref()
        .map(|info| settings::differences(info, &file.info))
        .unwrap_or_default();
    if !differences.is_empty() {
        let rebuild = rebuild(against);
        return differences
            .iter()
            .map(|d| settings::finding(d, &rebuild).packages(packages))
            .collect();
    }
    let what = match plugin.go {
        Some(_) => format!(
            "its standard library is not the gateway's, though both say {gateway}: {} packages differ",
            packages.len()
        ),
        None => format!(
            "its standard library is not the gateway's of {gateway}: {} packages differ; it does not say which Go compiled it",
            packages.len()
        ),
    };
    vec![
        Finding::new(Id::OtherStandardLibrary, Stage::Open, what)
            .help(format!(
                "use the Go that go.dev publishes, with default settings; {}",
                rebuild(against)
            ))
            .packages(packages),
    ]
}

pub(super) fn other_go(plugin: &str, gateway: &str, against: &Against<'_>) -> Finding {
    let line = |go: &str| {
        go.trim_start_matches("go")
            .split('.')
            .take(2)
            .map(str::to_owned)
            .collect::<Vec<_>>()
    };
    let fatal = match line(plugin) == line(gateway) {
        true => "",
        false => "; it can end the whole gateway (`fatal error: runtime: no plugin module data`)",
    };
    Finding::new(
        Id::OtherGo,
        Stage::Open,
        format!("it is compiled by {plugin}, the gateway by {gateway}{fatal}"),
    )
    .sides(plugin, gateway)
    .help(rebuild(against))
}

fn other_copy(module: &str, our: &Copy, their: &Copy, against: &Against<'_>) -> Finding {
    let shown = |copy: &Copy| {
        let version = if copy.version.is_empty() {
            String::new()
        } else {
            format!(" {}", copy.version)
        };
        match copy.replaced {
            true => format!("{}{version} in its place", copy.path),
            false => copy.version.clone(),
        }
    };
    let replaced = our.replaced || their.replaced;
    let version = match their.version.as_str() {
        "" => their.path.clone(),
        version => format!("{}@{version}", their.path),
    };
    let cure = match replaced {
        true => format!("`go mod edit -replace {module}={version}`"),
        false => format!("`go get {version}`"),
    };
    Finding::new(
        if replaced {
            Id::ReplacedModule
        } else {
            Id::OtherModuleVersion
        },
        Stage::Open,
        format!("module {module}: it has {}, the gateway {}", shown(our), shown(their)),
    )
    .about(module)
    .sides(shown(our), shown(their))
    .help(format!(
        "{cure}, or let the gateway's versions be taken: `plugbuild {} --align`",
        against.typed
    ))
}

fn other_path(our: &str, their: &str, modules: &[&str], against: &Against<'_>) -> Finding {
    let first = modules.first().copied().unwrap_or_default();
    let which = match modules.len() {
        1 => format!("module {first}"),
        n => format!("{n} modules ({first}, …)"),
    };
    let (id, what) = match (our, their) {
        (TRIMMED, _) => (
            Id::Trimpath,
            format!("{which} of the same version: it is built with -trimpath, the gateway in {their}"),
        ),
        (_, TRIMMED) => (
            Id::Trimpath,
            format!("{which} of the same version: the gateway is built with -trimpath, it in {our}"),
        ),
        _ => (
            Id::OtherBuildPath,
            format!("{which} of the same version: compiled in {our}, for the gateway in {their}"),
        ),
    };
    Finding::new(id, Stage::Open, what)
        .about(first)
        .sides(our, their)
        .help(rebuild(against))
}

/// Nothing says why: the settings that differ are the likely cause.
fn unexplained_finding(plugin: &Plugin<'_>, file: &File<'_>, against: &Against<'_>, packages: &[&str]) -> Vec<Finding> {
    let Some(first) = packages.first() else {
        return Vec::new();
    };
    let rebuild = rebuild(against);
    let differences = plugin
        .info
        .as_ref()
        .map(|info| settings::differences(info, &file.info))
        .unwrap_or_default();
    if !differences.is_empty() {
        return differences
            .iter()
            .map(|d| settings::finding(d, &rebuild).packages(packages))
            .collect();
    }
    let what = match packages.len() {
        1 => format!("package {first} differs from the gateway's: neither version, folder nor setting says why"),
        n => {
            format!("{n} packages differ from the gateway's ({first}, …): neither version, folder nor setting says why")
        }
    };
    vec![
        Finding::new(Id::OtherPackage, Stage::Open, what)
            .about(*first)
            .help(format!("sources may have been changed, or C headers differ; {rebuild}"))
            .packages(packages),
    ]
}

/// Same hashes by another Go: it loads, for now.
pub(super) fn go_by_luck(plugin: &Plugin<'_>, file: &File<'_>, against: &Against<'_>) -> Option<Finding> {
    let go = plugin.go.as_deref()?.split([' ', '-']).next()?;
    let gateway = file.info.go_release();
    (go != gateway).then(|| {
        let what = format!(
            "it is compiled by {go}, the gateway by {gateway}; every package they share is the same all the same"
        );
        Finding::new(Id::OtherGo, Stage::Open, what)
            .severity(Severity::Warning)
            .sides(go, gateway)
            .help(rebuild(against))
    })
}

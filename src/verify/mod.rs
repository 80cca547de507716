//! Predicts from the files whether a gateway will load a plugin, and explains why not.
//!
//! The model is Go's own `plugin.Open` on top of the system's dynamic loader, step by step: machine, libraries and
//! symbols (`dlopen`), plugin path, the hash of every package that is in the process already, then what the gateway
//! looks up. Plugins are judged in the order they are given, since each one opened adds its packages to the process.

use std::path::PathBuf;

use serde::Serialize;

use crate::binary::image::Image;
use crate::binary::pkghash::Lookup;
use crate::util::ui::and_more;
use crate::verify::finding::{Diagnostic, Id, Severity, Stage};
use crate::verify::gateway::LoadTarget;
use crate::verify::package_hashes::compare;
use crate::verify::plugin::PluginBinary;

pub mod checks;
pub mod inspect;
pub mod finding;
pub mod plugin;
pub mod gateway;
pub mod musl_symbols;
pub mod libc;
pub mod linkage;
pub mod compiled_modules;
pub mod build_settings;
pub mod package_hashes;
pub mod causes;
pub mod without_binary;
pub mod unproved;
pub mod registerers;
pub mod plugin_conflicts;
pub mod render;

pub use crate::binary::symbol_versions::newest_glibc;
use crate::util::sort::sort_by_key;
pub use crate::verify::libc::fits_libc;

/// Will it load?
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum LoadOutcome {
    WillLoad,
    WillNotLoad,
    CantTell,
}

/// The answer for one plugin, and everything that led to it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Verdict {
    pub plugin: PathBuf,
    pub answer: LoadOutcome,
    /// The number of its packages.
    pub packages: usize,
    /// How many of them were compared with the gateway's, if its file was available.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub shared: Option<usize>,
    pub findings: Vec<Diagnostic>,
    /// What could not be checked, and so may still fail.
    pub unseen: Vec<String>,
    /// Whether the gateway opens it and uses nothing of it.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub ignored: bool,
}

impl Verdict {
    /// The answer in words.
    pub fn words(&self) -> &'static str {
        match self.answer {
            LoadOutcome::WillLoad if self.ignored => "will open, and be ignored",
            LoadOutcome::WillLoad => "will load",
            LoadOutcome::WillNotLoad => "will not load",
            LoadOutcome::CantTell => "can't tell",
        }
    }

    /// Whether `plugin.Open` itself would succeed, whatever the gateway then finds in the plugin.
    pub fn opens(&self) -> LoadOutcome {
        let open: Vec<_> = self
            .findings
            .iter()
            .filter(|f| f.stage != Stage::Register)
            .cloned()
            .collect();
        answer(&open, &self.unseen)
    }
}

fn answer(findings: &[Diagnostic], unseen: &[String]) -> LoadOutcome {
    match findings.iter().map(|f| f.severity).max() {
        Some(Severity::Error) => LoadOutcome::WillNotLoad,
        Some(Severity::Unsure) => LoadOutcome::CantTell,
        _ if !unseen.is_empty() => LoadOutcome::CantTell,
        _ => LoadOutcome::WillLoad,
    }
}

/// Judges plugins in the order a gateway would open them.
pub fn judge(plugins: &[PluginBinary<'_>], against: &LoadTarget<'_>) -> Vec<Verdict> {
    let mut process = Process::default();
    let mut verdicts: Vec<Verdict> = Vec::new();
    for (at, plugin) in plugins.iter().enumerate() {
        // Go opens a file once, under whichever name, and keeps the result.
        let same = plugins[..at]
            .iter()
            .position(|before| plugin.binary.is_same_file(before.binary));
        let verdict = match same.and_then(|same| verdicts.get(same)) {
            Some(before) => Verdict {
                plugin: plugin.binary.path().to_owned(),
                ..before.clone()
            },
            None => process.open(plugin, against),
        };
        verdicts.push(verdict);
    }
    verdicts
}

/// What earlier plugins left in the gateway's process.
#[derive(Default)]
struct Process<'p, 'a> {
    /// Loaded by the dynamic loader, even if Go refused it: its symbols take precedence over those of later ones.
    mapped: Vec<&'p PluginBinary<'a>>,
    /// Opened by Go.
    opened: Vec<&'p PluginBinary<'a>>,
    /// After this one Go finds no further plugin, if the process survives.
    corrupting: Option<&'p PluginBinary<'a>>,
}

impl<'p, 'a> Process<'p, 'a> {
    fn open(&mut self, plugin: &'p PluginBinary<'a>, against: &LoadTarget<'_>) -> Verdict {
        let mut verdict = Verdict {
            plugin: plugin.binary.path().to_owned(),
            answer: LoadOutcome::CantTell,
            packages: plugin.packages.len(),
            shared: None,
            findings: wrong_machine(plugin, against).into_iter().collect(),
            unseen: Vec::new(),
            ignored: registerers::are_ignored(plugin, against.gateway),
        };
        let mut linked = false;
        if verdict.findings.is_empty() {
            verdict.findings = libc::check(plugin, against);
            let stops = |f: &Diagnostic| f.severity == Severity::Error && f.stage == Stage::Link;
            linked = !verdict.findings.iter().any(stops);
            self.go_open(plugin, against, &mut verdict);
            verdict.findings.extend(registerers::check(plugin, against));
            verdict.findings.extend(self.corrupting.map(after_corruption));
        }
        unproved::leave_open(&mut verdict, plugin, against);
        if linked {
            self.mapped.push(plugin);
            self.corrupting = self
                .corrupting
                .or(Some(plugin).filter(|plugin| corrupts_runtime(plugin, against)));
            if verdict.opens() != LoadOutcome::WillNotLoad {
                self.opened.push(plugin);
            }
        }
        verdict.answer = answer(&verdict.findings, &verdict.unseen);
        sort_by_key(&mut verdict.findings, |finding| std::cmp::Reverse(finding.severity));
        verdict
    }

    /// Go's part.
    fn go_open(&self, plugin: &PluginBinary<'_>, against: &LoadTarget<'_>, verdict: &mut Verdict) {
        let same_path = |other: &&&PluginBinary<'_>| plugin.path.is_some() && other.path == plugin.path;
        if let Some(other) = self.opened.iter().find(same_path) {
            verdict.findings.push(same_plugin_path(plugin, other));
        }
        let own = match &against.file {
            Some(file) => {
                let found = compare(&plugin.packages, &mut Lookup::new(file.binary.image()));
                verdict.shared = Some(found.shared);
                verdict.findings.extend(match found.differing.is_empty() {
                    true => package_hashes::go_by_luck(plugin, file, against).into_iter().collect(),
                    false => causes::causes(plugin, file, against, &found.differing),
                });
                found.own
            }
            None => {
                let (findings, unseen) = without_binary::check(plugin, against);
                verdict.findings.extend(findings);
                verdict.unseen.extend(unseen);
                plugin.packages.clone()
            }
        };
        verdict.findings.extend(self.conflicts(plugin, own));
    }

    /// Packages that the gateway does not have, but plugins loaded before do.
    fn conflicts(
        &self,
        plugin: &PluginBinary<'_>,
        mut own: Vec<crate::binary::pkghash::PackageHash<'_>>,
    ) -> Vec<Diagnostic> {
        let mut findings = Vec::new();
        for other in &self.mapped {
            let found = compare(&own, &mut Lookup::new(other.image()));
            // A package is bound to the first file that has it.
            own = found.own;
            // Already reported as `SamePluginPath` if the other plugin is open.
            let reported =
                |path: &&str| plugin.path == Some(*path) && self.opened.iter().any(|open| std::ptr::eq(*open, *other));
            let differing: Vec<&str> = found.differing.into_iter().filter(|path| !reported(path)).collect();
            findings.extend((!differing.is_empty()).then(|| plugins_conflict(other, &differing)));
        }
        findings
    }
}

/// A problem that makes all other checks pointless.
fn wrong_machine(plugin: &PluginBinary<'_>, against: &LoadTarget<'_>) -> Option<Diagnostic> {
    let arch = plugin.image().arch();
    if let Some(theirs) = against.arch.filter(|theirs| *theirs != arch) {
        return Some(
            Diagnostic::new(
                Id::MachineMismatch,
                Stage::Link,
                format!("it is built for {arch}, the gateway for {theirs}"),
            )
            .sides(arch.to_string(), theirs.to_string())
            .help(format!(
                "build it for {theirs}: `plugbuild {} --arch {theirs}`",
                against.typed
            )),
        );
    }
    let none = against.gateway.no_plugins.as_ref()?;
    let what = format!("the gateway cannot load any plugin: {}", none.why);
    Some(Diagnostic::new(Id::NoPluginSupport, Stage::Open, what).help(none.help.join("; ")))
}

/// Whether it corrupts the runtime's module list: it adds itself where another Go keeps the next entry, or to its own
/// list.
fn corrupts_runtime(plugin: &PluginBinary<'_>, against: &LoadTarget<'_>) -> bool {
    // The next entry is the last field.
    let size = |image: Image<'_>| Some(image.symbol(b"runtime.firstmoduledata")?.size);
    let gateway = against.file.as_ref().and_then(|file| size(file.binary.image()));
    let differs = size(plugin.image())
        .zip(gateway)
        .is_some_and(|(ours, theirs)| ours != theirs);
    differs || plugin.image().binds_itself()
}

fn after_corruption(before: &PluginBinary<'_>) -> Diagnostic {
    let name = before.binary.path().display();
    Diagnostic::new(
        Id::AfterCorruption,
        Stage::Open,
        format!("{name}, which comes before it, ends the gateway, or else its ability to load further plugins"),
    )
    .about(name.to_string())
    .help(format!("take {name} away, or mend it first"))
}

fn same_plugin_path(plugin: &PluginBinary<'_>, other: &PluginBinary<'_>) -> Diagnostic {
    let path = plugin.path.unwrap_or_default();
    Diagnostic::new(
        Id::SamePluginPath,
        Stage::Open,
        format!(
            "{} has the same plugin path, {path}: Go loads only the first of them",
            other.binary.path().display()
        ),
    )
    .about(path)
    .help("give each plugin a module path of its own in its go.mod, and build the directory (`.`), not `main.go`")
}

fn plugins_conflict(other: &PluginBinary<'_>, packages: &[&str]) -> Diagnostic {
    let first = packages.first().copied().unwrap_or_default();
    let others = and_more(packages.len().saturating_sub(1));
    Diagnostic::new(
        Id::PluginConflict,
        Stage::Open,
        format!(
            "package {first}{others} differs from the one in {}, which is loaded before",
            other.binary.path().display()
        ),
    )
    .about(first)
    .packages(packages)
    .help("build both from the same versions of what they share, with the same plugbuild command")
}

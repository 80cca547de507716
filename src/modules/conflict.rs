//! One conflict: a module that differs from the gateway's, and whether that matters.

use std::fmt;

use semver::Version;
use serde::{Deserialize, Serialize};

use crate::modules::build_list::{GatewayModules, PluginModule, PluginModules, Source};

/// A module that differs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Conflict {
    pub module: String,
    pub have: Source,
    pub want: Source,
    pub cause: Cause,
    pub direction: Direction,
    pub impact: Impact,
    /// The direct requirement that brings it in, then the chain down to it.
    pub chain: Vec<String>,
}

/// Why it differs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Cause {
    /// Another version of the same module.
    Version,
    /// One of them replaces it, or both replace it differently.
    Replaced,
    /// Packages that the gateway has from another module: one was split off the other, or they moved.
    Moved,
    /// The gateway's main module, or a directory that it uses for a module: a plugin can only have it from elsewhere.
    GatewaysOwn,
    /// A module of the plugin's own, main or in its workspace, which the gateway links from its published source.
    PluginsOwn,
}

/// The direction to the gateway's version.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Direction {
    /// A newer version: raising the requirement is enough.
    Up,
    /// An older version: other modules may require more, and then only a `replace` selects it.
    Down,
    /// Not another version of the same module.
    Aside,
}

/// Whether a difference matters.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "linked", rename_all = "kebab-case")]
pub(crate) enum Impact {
    /// None of its packages is compiled into the plugin.
    NotInPlugin,
    /// The gateway links none of the packages that the plugin has from it.
    NotInGateway,
    /// Both link it, and the gateway would refuse the plugin: these packages, as far as known.
    InBoth { packages: Vec<String> },
}

/// `github.com/gin-gonic/gin v1.10.1 → v1.9.1`.
impl fmt::Display for Conflict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Conflict { module, have, want, .. } = self;
        write!(
            f,
            "{module} {} → {}",
            have.relative_to(module),
            want.relative_to(module)
        )
    }
}

impl Conflict {
    /// Whether building against the gateway's versions resolves it.
    pub(crate) fn can_align(&self) -> bool {
        let published = |source: &Source| matches!(source, Source::Published { .. });
        match self.cause {
            Cause::Version | Cause::Replaced => true,
            // The module that has the packages there can take its place.
            Cause::Moved => published(&self.have) && published(&self.want),
            Cause::GatewaysOwn | Cause::PluginsOwn => false,
        }
    }

    /// Whether the gateway would refuse the plugin for it.
    pub(crate) fn prevents_loading(&self) -> bool {
        matches!(self.impact, Impact::InBoth { .. })
    }
}

/// Every module that differs, in the order of the plugin's list; only [some](Conflict::prevents_loading) matter.
pub(crate) fn conflicts(plugin: &PluginModules, gateway: &GatewayModules) -> Vec<Conflict> {
    plugin.modules.iter().filter_map(|m| conflict_of(m, gateway)).collect()
}

fn conflict_of(module: &PluginModule, gateway: &GatewayModules) -> Option<Conflict> {
    let (want, cause) = want(module, gateway)?;
    // Two directories of the same name still differ.
    if want == module.source && matches!(want, Source::Published { .. }) {
        return None;
    }
    let packages = match cause {
        Cause::Moved => moved_packages(module, gateway)
            .map(|(package, _)| package.clone())
            .collect(),
        _ => shared_packages(module, gateway),
    };
    let impact = if module.packages.is_empty() {
        Impact::NotInPlugin
    } else if packages.is_empty() {
        Impact::NotInGateway
    } else {
        Impact::InBoth { packages }
    };
    Some(Conflict {
        module: module.path.clone(),
        direction: direction(&module.source, &want),
        have: module.source.clone(),
        want,
        cause,
        impact,
        chain: module.chain.clone(),
    })
}

/// What the gateway has in place of a module; `None` if it has nothing.
fn want(module: &PluginModule, gateway: &GatewayModules) -> Option<(Source, Cause)> {
    if gateway.main_module.as_ref() == Some(&module.path) {
        return Some((
            Source::Folder("that the gateway was built in".to_owned()),
            Cause::GatewaysOwn,
        ));
    }
    let Some(row) = gateway.module(&module.path) else {
        let (_, provider) = moved_packages(module, gateway).next()?;
        return Some((provider, Cause::Moved));
    };
    let want = Source::from_row(row);
    let cause = if module.is_own() {
        Cause::PluginsOwn
    } else if matches!(want, Source::Folder(_)) {
        Cause::GatewaysOwn
    } else if module.replaced || row.replace.is_some() {
        Cause::Replaced
    } else {
        Cause::Version
    };
    Some((want, cause))
}

/// The plugin's packages of a module that the gateway links too; all of them if its packages are not known.
pub(crate) fn shared_packages(module: &PluginModule, gateway: &GatewayModules) -> Vec<String> {
    let own = gateway.main_module.as_ref() == Some(&module.path);
    match gateway.packages() {
        Some(linked) => module
            .packages
            .iter()
            .filter(|p| linked.contains(*p))
            .cloned()
            .collect(),
        None if own || gateway.links(&module.path) => module.packages.clone(),
        None => Vec::new(),
    }
}

/// Packages that the gateway links too, but from another module. Its binary can tell; otherwise, a module that it links
/// whose path is between this one's and the package's: no other may have the package next to it. That a module's path
/// is a prefix proves nothing, as many repositories have several modules.
fn moved_packages<'a>(
    module: &'a PluginModule,
    gateway: &'a GatewayModules,
) -> impl Iterator<Item = (&'a String, Source)> {
    let inner = |package: &str| {
        let provider = gateway.provider(package).filter(|row| gateway.links(&row.path));
        provider.is_some_and(|row| row.path.len() > module.path.len())
    };
    let linked = move |package: &&String| match gateway.packages() {
        Some(linked) => linked.contains(*package),
        None => inner(package),
    };
    module
        .packages
        .iter()
        .filter(linked)
        .filter_map(|package| Some((package, Source::from_row(gateway.provider(package)?))))
}

/// A module that may have been split off one of the gateway's: then both have the same packages, and conflict.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct PossibleConflict {
    pub module: String,
    pub parent: String,
}

/// Modules of which only the gateway's file could tell whether another module has their packages there.
pub(crate) fn possible_conflicts(plugin: &PluginModules, gateway: &GatewayModules) -> Vec<PossibleConflict> {
    if gateway.packages().is_some() {
        return Vec::new();
    }
    let compiled = plugin.modules.iter().filter(|m| !m.is_own() && !m.packages.is_empty());
    compiled
        .filter(|module| gateway.module(&module.path).is_none())
        .filter_map(|module| {
            let (above, _) = module.path.rsplit_once('/')?;
            let parent = gateway.provider(above).filter(|row| gateway.links(&row.path))?;
            Some(PossibleConflict {
                module: module.path.clone(),
                parent: parent.path.clone(),
            })
        })
        .collect()
}

fn direction(have: &Source, want: &Source) -> Direction {
    let (Source::Published { path: a, version: have }, Source::Published { path: b, version: want }) = (have, want)
    else {
        return Direction::Aside;
    };
    let parsed = |version: &str| Version::parse(version.strip_prefix('v').unwrap_or(version)).ok();
    match (parsed(have), parsed(want)) {
        (Some(have), Some(want)) if a == b && have < want => Direction::Up,
        (Some(have), Some(want)) if a == b && have > want => Direction::Down,
        _ => Direction::Aside,
    }
}

//! What a plugin has to change to go from one gateway to another.

use std::collections::BTreeSet;

use serde::Serialize;

use crate::modules::build_list::{GatewayModules, PluginModules, Precision, Source};
use crate::modules::decision::decide;
use crate::modules::go_needs::Need;
use crate::util::version::{GoVersion, LibcVersion};

/// The difference between two gateways, for one plugin.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Upgrade {
    pub from: String,
    pub to: String,
    /// The two Go versions; the plugin has to be rebuilt in any case.
    pub go: (GoVersion, GoVersion),
    pub musl: (Option<LibcVersion>, Option<LibcVersion>),
    pub glibc: (Option<LibcVersion>, Option<LibcVersion>),
    /// The modules that the plugin compiles in, either gateway links, and that change.
    pub modules: Vec<Change>,
    /// What the plugin needs, or may need, and the new gateway's Go does not have.
    pub needs: Vec<Need>,
}

/// One module's change.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Change {
    pub module: String,
    /// `None`: from then on it is shared.
    pub from: Option<Source>,
    /// `None`: from then on it is free.
    pub to: Option<Source>,
    /// The version that the plugin's own go.mod selects today, if it has the module.
    pub have: Option<Source>,
}

/// What changes; without a plugin, for every module that either gateway links.
pub(crate) fn upgrade(from: &GatewayModules, to: &GatewayModules, plugin: Option<&PluginModules>) -> Upgrade {
    // If one gateway is known better than the other, only what both are known for may be compared:
    // otherwise a module that neither links would seem to become shared.
    let exact = from.known() != Precision::Requirements && to.known() != Precision::Requirements;
    let bound = |gateway: &GatewayModules, path: &str| !exact || gateway.links(path);
    let rows = from.modules().chain(to.modules());
    let mut paths: BTreeSet<String> = rows.map(|row| row.path.clone()).collect();
    if let Some(plugin) = plugin {
        let compiled = |path: &String| plugin.modules.iter().any(|m| m.path == *path && !m.packages.is_empty());
        paths.retain(compiled);
    }
    let source = |gateway: &GatewayModules, path: &str| gateway.source(path).filter(|_| bound(gateway, path));
    let have = |path: &str| {
        plugin?
            .modules
            .iter()
            .find(|m| m.path == path)
            .map(|m| m.source.clone())
    };
    let change = |module: String| {
        let (old, new) = (source(from, &module), source(to, &module));
        (old != new).then(|| Change {
            from: old,
            to: new,
            have: have(&module),
            module,
        })
    };
    Upgrade {
        from: from.label.clone(),
        to: to.label.clone(),
        go: (from.go.clone(), to.go.clone()),
        musl: (from.musl, to.musl),
        glibc: (from.glibc, to.glibc),
        modules: paths.into_iter().filter_map(change).collect(),
        needs: plugin.map(|plugin| decide(plugin, to, &[]).needs).unwrap_or_default(),
    }
}

//! One line of `plugbuild deps`: whether the gateway or the plugin decides a module's version.

use serde::Serialize;

use crate::modules::build_list::{GatewayModules, PluginModule, PluginModules, Source};
use crate::modules::conflict::{conflicts, shared_packages};

/// A module of the plugin, and how the gateway constrains it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Dep {
    pub module: String,
    pub have: Source,
    /// The gateway's version, if it has the module.
    pub gateway: Option<Source>,
    pub owner: VersionOwner,
    /// Whether `have` would conflict.
    pub conflicts: bool,
    pub chain: Vec<String>,
}

/// Who decides its version.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum VersionOwner {
    /// Both link it: it must be the gateway's.
    Shared,
    /// Both require it, but they share none of its packages: free to change as long as that stays so.
    Unlinked,
    /// The gateway does not have it: free to change.
    Free,
}

/// Every module of the plugin's list but its own.
pub(crate) fn deps(plugin: &PluginModules, gateway: &GatewayModules) -> Vec<Dep> {
    let conflicts = conflicts(plugin, gateway);
    let others = plugin.modules.iter().filter(|m| !m.is_own());
    others
        .map(|module| {
            let conflict = conflicts.iter().find(|c| c.module == module.path);
            let real = conflict.is_some_and(|c| c.prevents_loading());
            Dep {
                module: module.path.clone(),
                have: module.source.clone(),
                gateway: conflict
                    .map(|c| c.want.clone())
                    .or_else(|| gateway.source(&module.path)),
                owner: if real {
                    VersionOwner::Shared
                } else {
                    owner(module, gateway)
                },
                conflicts: real,
                chain: module.chain.clone(),
            }
        })
        .collect()
}

fn owner(module: &PluginModule, gateway: &GatewayModules) -> VersionOwner {
    if gateway.module(&module.path).is_none() {
        VersionOwner::Free
    } else if shared_packages(module, gateway).is_empty() {
        VersionOwner::Unlinked
    } else {
        VersionOwner::Shared
    }
}

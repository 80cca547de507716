//! One line of `plugbuild deps`: whether a module's version is the gateway's to say, or the plugin's.

use serde::Serialize;

use crate::modules::build_list::{GatewayModules, PluginModule, PluginModules, Source};
use crate::modules::conflict::{clashes, shared_packages};

/// A module of the plugin's, as the gateway binds it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Dep {
    pub module: String,
    pub have: Source,
    /// What the gateway has, if it has it.
    pub gateway: Option<Source>,
    pub freedom: VersionOwner,
    /// Whether `have` would clash.
    pub clashes: bool,
    pub chain: Vec<String>,
}

/// Who decides its version.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum VersionOwner {
    /// Both link it: it must be the gateway's.
    Shared,
    /// Both require it, but no package is linked by both: free to bump as long as that stays so.
    Unlinked,
    /// The gateway does not have it: free to bump.
    Free,
}

/// Every module of the plugin's list but its own.
pub fn deps(plugin: &PluginModules, gateway: &GatewayModules) -> Vec<Dep> {
    let clashes = clashes(plugin, gateway);
    let others = plugin.modules.iter().filter(|m| !m.is_own());
    others
        .map(|module| {
            let clash = clashes.iter().find(|c| c.module == module.path);
            let real = clash.is_some_and(|c| c.is_real());
            Dep {
                module: module.path.clone(),
                have: module.source.clone(),
                gateway: clash.map(|c| c.want.clone()).or_else(|| gateway.source(&module.path)),
                freedom: if real {
                    VersionOwner::Shared
                } else {
                    freedom(module, gateway)
                },
                clashes: real,
                chain: module.chain.clone(),
            }
        })
        .collect()
}

fn freedom(module: &PluginModule, gateway: &GatewayModules) -> VersionOwner {
    if gateway.module(&module.path).is_none() {
        VersionOwner::Free
    } else if shared_packages(module, gateway).is_empty() {
        VersionOwner::Unlinked
    } else {
        VersionOwner::Shared
    }
}

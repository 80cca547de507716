//! Plugins of one gateway among themselves: which of them another has another package than one before it.

use std::collections::BTreeMap;

use crate::binary::Binary;

/// Two plugins that one gateway cannot hold: it refuses the later one.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct PluginConflict {
    /// Places in the list; the earlier one is loaded first.
    pub earlier: usize,
    pub later: usize,
    /// What they both have, and differently.
    pub packages: Vec<String>,
}

/// Every pair that clashes, when the plugins are loaded in this order. What the gateway itself links is none of this.
pub fn clashes(plugins: &[Binary]) -> Vec<PluginConflict> {
    // A package is bound to the first file that has it.
    let mut first = BTreeMap::new();
    let mut found: BTreeMap<(usize, usize), Vec<String>> = BTreeMap::new();
    for (later, plugin) in plugins.iter().enumerate() {
        for package in plugin.package_hashes() {
            let (earlier, hash) = *first.entry(package.path).or_insert((later, package.hash));
            if hash != package.hash {
                found.entry((earlier, later)).or_default().push(package.path.to_owned());
            }
        }
    }
    let clash = |((earlier, later), packages)| PluginConflict {
        earlier,
        later,
        packages,
    };
    found.into_iter().map(clash).collect()
}

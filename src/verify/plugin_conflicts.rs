//! Conflicts between plugins of one gateway: packages that two of them link with different hashes.

use std::collections::BTreeMap;

use crate::binary::Binary;

/// Two plugins that one gateway cannot hold: it refuses the later one.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct PluginConflict {
    /// Positions in the list; the earlier one is loaded first.
    pub earlier: usize,
    pub later: usize,
    /// The packages that differ.
    pub packages: Vec<String>,
}

/// Every conflicting pair, in load order. Packages that the gateway itself links do not count.
pub fn conflicts(plugins: &[Binary]) -> Vec<PluginConflict> {
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
    let conflict = |((earlier, later), packages)| PluginConflict {
        earlier,
        later,
        packages,
    };
    found.into_iter().map(conflict).collect()
}

//! Finds the keys of a configuration that may be plugin namespaces.

use crate::gateway::config::document::{Entry, Node};
use crate::gateway::registerer::{Level, Registerer};

/// A key that was found, and where.
#[derive(Debug, Clone)]
pub(crate) struct PluginEntry<'a> {
    pub(crate) entry: &'a Entry,
    pub(crate) spot: Scope,
    /// Its owner, for messages: `the endpoint /foo`.
    pub(crate) whose: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Scope {
    /// In the `extra_config` of a level.
    Extra(Level),
    /// In the `extra_config` of an async agent, which is read like an endpoint's.
    Agent,
    /// Not in an `extra_config`, or in one that takes no plugins.
    Elsewhere,
}

impl Scope {
    /// Whether the gateway reads the namespace of a plugin type here.
    pub(crate) fn is_read(self, row: &Registerer) -> bool {
        match self {
            Scope::Extra(level) => row.levels.contains(&level),
            // Its `extra_config` goes to the same factories as an endpoint's.
            Scope::Agent => row.levels.contains(&Level::Endpoint),
            Scope::Elsewhere => false,
        }
    }
}

/// One step down: a key, or an item of its list.
#[derive(Clone, Copy)]
enum Step<'a> {
    Key(&'a str),
    Item(usize, &'a Node),
}

/// Every wanted key, from top to bottom; does not search below one.
pub(crate) fn sightings<'a>(root: &'a Node, wanted: &dyn Fn(&str) -> bool) -> Vec<PluginEntry<'a>> {
    let mut found = Vec::new();
    descend(root, &mut Vec::new(), wanted, &mut found);
    found
}

fn descend<'a>(
    node: &'a Node,
    path: &mut Vec<Step<'a>>,
    wanted: &dyn Fn(&str) -> bool,
    found: &mut Vec<PluginEntry<'a>>,
) {
    for entry in node.entries() {
        if wanted(&entry.key) {
            found.push(PluginEntry {
                entry,
                spot: spot(path),
                whose: whose(path),
            });
            continue;
        }
        path.push(Step::Key(&entry.key));
        descend(&entry.node, path, wanted, found);
        path.pop();
    }
    for (number, item) in node.items().iter().enumerate() {
        path.push(Step::Item(number, item));
        descend(item, path, wanted, found);
        path.pop();
    }
}

fn spot(path: &[Step]) -> Scope {
    use Step::{Item, Key};
    match path {
        [Key("extra_config")] => Scope::Extra(Level::Service),
        [Key("endpoints"), Item(..), Key("extra_config")] => Scope::Extra(Level::Endpoint),
        [
            Key("endpoints" | "async_agent"),
            Item(..),
            Key("backend"),
            Item(..),
            Key("extra_config"),
        ] => Scope::Extra(Level::Backend),
        [Key("async_agent"), Item(..), Key("extra_config")] => Scope::Agent,
        _ => Scope::Elsewhere,
    }
}

fn whose(path: &[Step]) -> String {
    let named = |node: &Node, key: &str| node.get(key).and_then(|entry| entry.node.text()).map(str::to_owned);
    let holders: Vec<String> = path
        .windows(2)
        .rev()
        .filter_map(|pair| match pair {
            [Step::Key("backend"), Step::Item(number, node)] => Some(named(node, "url_pattern").map_or_else(
                || format!("backend {}", number + 1),
                |name| format!("the backend {name}"),
            )),
            [Step::Key("endpoints"), Step::Item(number, node)] => Some(named(node, "endpoint").map_or_else(
                || format!("endpoint {}", number + 1),
                |name| format!("the endpoint {name}"),
            )),
            [Step::Key("async_agent"), Step::Item(number, node)] => Some(named(node, "name").map_or_else(
                || format!("async agent {}", number + 1),
                |name| format!("the async agent {name}"),
            )),
            _ => None,
        })
        .collect();
    if holders.is_empty() {
        "the service".to_owned()
    } else {
        holders.join(" of ")
    }
}

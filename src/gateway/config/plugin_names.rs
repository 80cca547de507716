//! The plugins that a configuration asks for, with the settings it gives them.

use serde_json::Value;

use crate::gateway::config::decode::decode;
use crate::gateway::config::document::Node;
use crate::gateway::config::extra_config::sightings;
use crate::gateway::config::parse::Document;
use crate::gateway::registerer::{NameFormat, PluginKind, Registerer};

/// One name that is asked for.
#[derive(Debug, Clone, PartialEq)]
pub struct RequestedPlugin {
    pub kind: PluginKind,
    pub name: String,
    /// The whole object of the namespace, which the plugin is handed.
    pub settings: Value,
}

/// Each name once for each type, in the order of the file.
pub fn wanted(document: &Document, rows: &[Registerer]) -> Vec<RequestedPlugin> {
    let row_of = |key: &str| rows.iter().find(|row| row.namespace == key || row.formerly == key);
    let Some(root) = decode(&document.root, rows).root else {
        return Vec::new();
    };
    let mut found: Vec<RequestedPlugin> = Vec::new();
    for sighting in sightings(&root, &|key| row_of(key).is_some()) {
        let Some(row) = row_of(&sighting.entry.key).filter(|row| sighting.spot.is_read(row)) else {
            continue;
        };
        let node = &sighting.entry.node;
        for text in names(row, node).filter_map(Node::text) {
            if !found.iter().any(|known| known.kind == row.kind && known.name == text) {
                found.push(RequestedPlugin {
                    kind: row.kind,
                    name: text.to_owned(),
                    settings: node.plain(),
                });
            }
        }
    }
    found
}

/// What a namespace gives as names, in a form that the gateway takes for that type.
fn names<'n>(row: &Registerer, namespace: &'n Node) -> impl Iterator<Item = &'n Node> {
    let name = namespace.get("name").map(|entry| &entry.node);
    let text = name.filter(|name| row.names != NameFormat::List && name.text().is_some());
    let list = name
        .filter(|_| row.names != NameFormat::Text)
        .map_or(&[][..], Node::items);
    text.into_iter().chain(list)
}

#[cfg(test)]
mod tests {
    use super::*;

    use crate::gateway::config::parse;
    use crate::gateway::config::parse::Read;

    #[test]
    fn names_come_with_the_settings_around_them() {
        let yaml = "extra_config:\n  plugin/http-server:\n    name: [a, b]\n    a: {deep: true, n: 1.5}\n\
            endpoints:\n- backend:\n  - extra_config:\n      plugin/http-client: {name: c}\n\
            plugin/http-client: {name: stray}\n";
        let Read::Document(document) = parse::read("k.yaml", yaml) else {
            panic!("{yaml}");
        };
        let found = wanted(&document, crate::gateway::registerer::all());
        let names: Vec<String> = found.iter().map(|one| format!("{} {}", one.kind, one.name)).collect();
        assert_eq!(names, ["handler a", "handler b", "client c"]);
        assert_eq!(
            found[0].settings,
            serde_json::json!({ "name": ["a", "b"], "a": { "deep": true, "n": 1.5 } })
        );
    }
}

//! The plugins that a configuration asks for, with the settings it gives them.

use serde_json::Value;

use super::document::Document;
use super::walk::{Spot, sightings};
use crate::registerer::{Kind, Registerer};

/// One name that is asked for.
#[derive(Debug, Clone, PartialEq)]
pub struct Wanted {
    pub kind: Kind,
    pub name: String,
    /// The whole object of the namespace, which the plugin is handed.
    pub settings: Value,
}

/// Each name once for each type, in the order of the file.
#[must_use]
pub fn wanted(document: &Document, rows: &[Registerer]) -> Vec<Wanted> {
    let row_of = |key: &str| rows.iter().find(|row| row.namespace == key || row.formerly == key);
    let mut found: Vec<Wanted> = Vec::new();
    for sighting in sightings(&document.root, &|key| row_of(key).is_some()) {
        let Some(row) = row_of(&sighting.entry.key).filter(|_| sighting.spot != Spot::Elsewhere) else {
            continue;
        };
        let node = &sighting.entry.node;
        let Some(name) = node.get("name") else { continue };
        for text in std::iter::once(&name.node)
            .chain(name.node.items())
            .filter_map(|node| node.text())
        {
            if !found.iter().any(|known| known.kind == row.kind && known.name == text) {
                found.push(Wanted {
                    kind: row.kind,
                    name: text.to_owned(),
                    settings: node.plain(),
                });
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::krakend::document::{self, Read};

    #[test]
    fn names_come_with_the_settings_around_them() {
        let yaml = "extra_config:\n  plugin/http-server:\n    name: [a, b]\n    a: {deep: true, n: 1.5}\n\
            endpoints:\n- backend:\n  - extra_config:\n      plugin/http-client: {name: c}\n\
            plugin/http-client: {name: stray}\n";
        let Read::Document(document) = document::read("k.yaml", yaml) else {
            panic!("{yaml}");
        };
        let found = wanted(&document, crate::registerer::all());
        let names: Vec<String> = found.iter().map(|one| format!("{} {}", one.kind, one.name)).collect();
        assert_eq!(names, ["handler a", "handler b", "client c"]);
        assert_eq!(
            found[0].settings,
            serde_json::json!({ "name": ["a", "b"], "a": { "deep": true, "n": 1.5 } })
        );
    }
}

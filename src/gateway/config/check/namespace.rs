//! Checks the namespaces that inject plugins: their level, their type, and that their names are registered.

use crate::gateway::config::check::{Checker, LISTED, Used, example, join, nearest};
use crate::gateway::config::document::{Entry, Node, Position, Value};
use crate::gateway::config::extra_config::{PluginEntry, Scope, sightings};
use crate::gateway::config::version::ConfigVersion;
use crate::gateway::registerer::{NameFormat, PluginKind, Registerer};

impl<'a> Checker<'a> {
    /// Checks every plugin namespace, at any level.
    pub(crate) fn namespaces(&mut self) {
        let rows = self.rows;
        let wanted = |key: &str| row_of(rows, key).is_some() || nearest_namespace(rows, key).is_some();
        for sighting in sightings(self.root, &wanted) {
            match row_of(rows, &sighting.entry.key) {
                Some(row) => self.namespace(row, &sighting),
                None => {
                    let near = nearest_namespace(rows, &sighting.entry.key).unwrap_or_default();
                    let what = format!(
                        "`{}` is not a namespace the gateway knows: it is ignored",
                        sighting.entry.key
                    );
                    self.error(sighting.entry.at, what, format!("did you mean `{near}`?"));
                }
            }
        }
    }

    fn namespace(&mut self, row: &'a Registerer, sighting: &PluginEntry<'a>) {
        let PluginEntry { entry, spot, .. } = sighting;
        self.level(row, sighting);
        if row.enterprise && self.version == ConfigVersion::V3 {
            let what = format!(
                "`{}` works in the Enterprise edition only: the Community edition ignores it",
                row.namespace
            );
            self.warning(entry.at, what, None);
        }
        if !matches!(entry.node.value, Value::Map(_)) {
            let what = format!(
                "`{}` must be an object, not {}: no plugin is injected",
                entry.key,
                entry.node.what()
            );
            let example = match self.version {
                ConfigVersion::V4 if row.names != NameFormat::Text => LISTED.to_owned(),
                _ => example(row),
            };
            self.error(entry.node.at, what, example);
            return;
        }
        let is_read = spot.is_read(row) && !self.is_old(row, entry);
        let names = match self.version {
            ConfigVersion::V3 => self.names_and_settings(row, entry),
            ConfigVersion::V4 => self.objects(row, entry),
        };
        for (name, at) in names {
            self.name(row, &name, at);
            self.used.push(Used {
                kind: row.kind,
                name,
                at,
                read: is_read,
            });
        }
    }

    /// Whether it is where the gateway reads it.
    fn level(&mut self, row: &Registerer, sighting: &PluginEntry<'a>) {
        let PluginEntry { entry, spot, whose } = sighting;
        let levels = join(row.levels.iter().map(ToString::to_string), "or");
        match spot {
            spot if spot.is_read(row) => {}
            Scope::Extra(_) | Scope::Agent => {
                let what = format!(
                    "`{}` is not read from the extra_config of {whose}: a {}'s place is the {levels}",
                    row.namespace, row.kind
                );
                self.error(entry.at, what, wrong_level(row));
            }
            Scope::Elsewhere => {
                let what = format!(
                    "`{}` is outside of an `extra_config`: the gateway ignores it",
                    row.namespace
                );
                self.error(entry.at, what, wrong_level(row));
            }
        }
    }

    /// The names in a namespace, with the settings beside them.
    pub(crate) fn names_and_settings(&mut self, row: &Registerer, entry: &'a Entry) -> Vec<(String, Position)> {
        let names = self.names(row, entry);
        self.settings(row, entry, &names);
        names
    }

    fn no_name(&mut self, row: &Registerer, entry: &Entry) {
        let near = entry
            .node
            .entries()
            .iter()
            .find(|e| matches!(e.key.as_str(), "names" | "Name" | "plugin" | "plugins"));
        match near {
            Some(near) if near.key == "plugins" && near.node.items().iter().any(|item| item.get("name").is_some()) => {
                let what = format!(
                    "`plugins` is the form of version 4; version 3 reads `name` from `{}`: no plugin is injected",
                    entry.key
                );
                self.error(near.at, what, example(row));
            }
            Some(near) => {
                let what = format!("`{}` instead of `name`: no plugin is injected", near.key);
                self.error(near.at, what, example(row));
            }
            None => {
                let what = format!("`{}` has no `name`: no plugin is injected", entry.key);
                self.error(entry.at, what, example(row));
            }
        }
    }

    /// The names in a namespace, as the gateway reads them.
    fn names(&mut self, row: &Registerer, entry: &'a Entry) -> Vec<(String, Position)> {
        let Some(name) = entry.node.get("name") else {
            self.no_name(row, entry);
            return Vec::new();
        };
        match (&name.node.value, row.names) {
            (Value::Text(text), NameFormat::Text) => vec![(text.clone(), name.node.at)],
            (Value::Text(text), NameFormat::TextOrList) => {
                self.warning(
                    name.node.at,
                    "`name` is documented as a list; the gateway takes a text too, for one plugin",
                    format!("write `\"name\": [\"{text}\"]`"),
                );
                vec![(text.clone(), name.node.at)]
            }
            (Value::List(items), NameFormat::List | NameFormat::TextOrList) => self.name_list(row, name, items),
            _ => {
                let must = if row.names == NameFormat::Text {
                    "a text"
                } else {
                    "a list of texts"
                };
                let what = format!(
                    "`name` of a {} must be {must}, not {}: no plugin is injected",
                    row.kind,
                    name.node.what()
                );
                self.error(name.node.at, what, example(row));
                Vec::new()
            }
        }
    }

    fn name_list(&mut self, row: &Registerer, name: &Entry, items: &[Node]) -> Vec<(String, Position)> {
        if items.is_empty() {
            self.warning(name.node.at, "`name` is empty: no plugin is injected", None);
        }
        let mut names: Vec<(String, Position)> = Vec::new();
        for item in items {
            let Some(text) = item.text() else {
                let what = format!(
                    "a plugin's name must be a text, not {}: the gateway skips it",
                    item.what()
                );
                self.error(item.at, what, None);
                continue;
            };
            if names.iter().any(|(known, _)| known == text) {
                let what = format!("{text} is named twice: each {} runs twice", row.kind);
                self.warning(item.at, what, None);
            }
            names.push((text.to_owned(), item.at));
        }
        names
    }

    /// Reports settings of a plugin that is not injected.
    fn settings(&mut self, row: &Registerer, entry: &'a Entry, names: &[(String, Position)]) {
        for own in entry.node.entries().iter().filter(|e| e.key != "name") {
            let registered = self.plugins.iter().filter_map(|p| p.registered.as_ref());
            let known = registered
                .flat_map(|r| &r.names)
                .any(|(kind, name)| *kind == row.kind && *name == own.key);
            if known && !names.iter().any(|(name, _)| *name == own.key) {
                let what = format!(
                    "settings of {}, which `name` does not have: it is not injected",
                    own.key
                );
                self.warning(own.at, what, None);
            }
        }
    }

    /// Checks a name against the registered ones.
    fn name(&mut self, row: &Registerer, name: &str, at: Position) {
        if name.trim() != name || name.is_empty() {
            let what = format!("the plugin's name is `{name}`: names must match exactly");
            self.error(at, what, None);
            return;
        }
        let template = name.contains("{{");
        if self.plugins.is_empty() || template || row.builtins.iter().any(|own| own == name) {
            return;
        }
        // A plugin with unknown names may have registered anything.
        let Some(all) = self
            .plugins
            .iter()
            .map(|p| p.registered.as_ref())
            .collect::<Option<Vec<_>>>()
        else {
            return;
        };
        let names: Vec<&(PluginKind, String)> = all.iter().flat_map(|r| &r.names).collect();
        if names.iter().any(|(kind, known)| *kind == row.kind && known == name) {
            return;
        }
        if let Some((kind, _)) = names.iter().find(|(_, known)| known == name) {
            let right = self.rows.iter().find(|row| row.kind == *kind);
            let what = format!("{name} is registered as a {kind}, not as a {}", row.kind);
            self.error(
                at,
                what,
                right.map(|row| format!("its namespace is `{}`", row.namespace)),
            );
            return;
        }
        let known: Vec<&str> = names
            .iter()
            .filter(|(kind, _)| *kind == row.kind)
            .map(|(_, name)| name.as_str())
            .collect();
        let help = match nearest(name, known.iter().copied()) {
            Some(near) => Some(format!("did you mean `{near}`?")),
            None if known.is_empty() => Some(format!("none of the plugins given registers a {}", row.kind)),
            None => Some(format!("registered as {}s: {}", row.kind, known.join(", "))),
        };
        self.error(at, format!("no plugin registers a {} called {name}", row.kind), help);
    }
}

fn row_of<'a>(rows: &'a [Registerer], key: &str) -> Option<&'a Registerer> {
    rows.iter()
        .find(|row| row.namespace == key || row.legacy_namespace == key)
}

/// The namespace closest to an unknown key.
fn nearest_namespace<'a>(rows: &'a [Registerer], key: &str) -> Option<&'a str> {
    let lower = key.to_lowercase().replace(['_', '.'], "-");
    let looks = lower.starts_with("plugin/") || lower.starts_with("plugins/") || lower.starts_with("plugin-");
    let namespaces: Vec<&str> = rows.iter().map(|row| row.namespace.as_str()).collect();
    let known_by = rows
        .iter()
        .find(|row| row.aliases.iter().any(|name| lower.rsplit('/').next() == Some(name)))
        .map(|row| row.namespace.as_str());
    // The long names of v1, with `.` and `_` exchanged or with lura's name in them.
    let long = rows.iter().find(|row| {
        let tail = row
            .legacy_namespace
            .split_once("/krakend/")
            .map(|(_, tail)| tail.replace(['_', '.'], "-"));
        tail.is_some_and(|tail| lower.starts_with("github-com/") && lower.ends_with(&format!("/{tail}")))
    });
    if let Some(row) = long {
        return Some(&row.namespace);
    }
    if looks {
        known_by
            .or_else(|| nearest(&lower, namespaces.iter().copied()))
            .or(namespaces.first().copied())
    } else {
        rows.iter()
            .find(|row| row.namespace.rsplit('/').next() == Some(&lower) && row.aliases.contains(&lower))
            .map(|row| row.namespace.as_str())
    }
}

fn wrong_level(row: &Registerer) -> String {
    match row.kind {
        PluginKind::Handler => "handlers wrap the whole server: move it to the `extra_config` at the root".to_owned(),
        PluginKind::Client => "move it into the `extra_config` of the backend it is to call".to_owned(),
        PluginKind::Modifier | PluginKind::Middleware => {
            "move it into the `extra_config` of an endpoint or of a backend".to_owned()
        }
    }
}

//! Checks a namespace of version 4: its plugins are objects in the list `plugins`.

use crate::gateway::config::check::{Checker, LISTED, MIGRATE, example};
use crate::gateway::config::document::{Entry, Node, Position, Value};
use crate::gateway::config::names::{is_annotation, objects_of};
use crate::gateway::config::version::ConfigVersion;
use crate::gateway::registerer::{NameFormat, Registerer};

/// The keys of one plugin.
const KEYS: [&str; 3] = ["name", "config", "on_load_error"];

impl<'a> Checker<'a> {
    /// The names in a namespace of version 4.
    pub(crate) fn objects(&mut self, row: &Registerer, entry: &'a Entry) -> Vec<(String, Position)> {
        if entry.key == row.legacy_namespace {
            let what = format!("`{}` is not documented for version 4", entry.key);
            self.warning(entry.at, what, format!("write `{}`", row.namespace));
        }
        let plugins = entry.node.get("plugins");
        if row.names == NameFormat::Text {
            let Some(plugins) = plugins.filter(|_| entry.node.get("name").is_none()) else {
                return self.names_and_settings(row, entry);
            };
            let what = format!("`{}` is documented with one `name`, not with `plugins`", entry.key);
            self.warning(plugins.at, what, example(row));
        } else {
            self.keys(row, entry);
        }
        let Some(plugins) = plugins else {
            let Some(name) = entry.node.get("name") else {
                let what = format!("`{}` has no `plugins`: no plugin is injected", entry.key);
                self.error(entry.at, what, LISTED.to_owned());
                return Vec::new();
            };
            let old = objects_of(&entry.node)
                .map(|objects| objects.plugins)
                .unwrap_or_default();
            return old.iter().map(|(own, _)| ((*own).to_owned(), name.node.at)).collect();
        };
        let Value::List(items) = &plugins.node.value else {
            let what = format!(
                "`plugins` must be a list of objects, not {}: no plugin is injected",
                plugins.node.what()
            );
            self.error(plugins.node.at, what, LISTED.to_owned());
            return Vec::new();
        };
        if items.is_empty() {
            let what = "`plugins` is empty, and version 4 requires one at least";
            self.error(plugins.node.at, what, LISTED.to_owned());
        }
        let mut names: Vec<(String, Position)> = Vec::new();
        for item in items {
            let Some((name, at)) = self.object(item) else { continue };
            if names.iter().any(|(known, _)| *known == name) {
                self.warning(at, format!("{name} is named twice: each {} runs twice", row.kind), None);
            }
            names.push((name, at));
        }
        names
    }

    /// Whether a namespace has the form of version 3 in a configuration of version 4.
    pub(crate) fn is_old(&self, row: &Registerer, entry: &Entry) -> bool {
        let listed = self.version == ConfigVersion::V4 && row.names != NameFormat::Text;
        listed && entry.node.get("name").is_some() && entry.node.get("plugins").is_none()
    }

    /// Reports the form of version 3, and keys that are of no form.
    fn keys(&mut self, row: &Registerer, entry: &Entry) {
        let old = entry.node.get("name").filter(|_| self.is_old(row, entry));
        let converted = objects_of(&entry.node);
        if let Some(old) = old {
            let what = format!(
                "`name` is the form of version 3; version 4 reads `plugins` from `{}`: no plugin is injected",
                entry.key
            );
            let help = converted.as_ref().map_or(LISTED, |_| MIGRATE);
            self.error(old.at, what, help.to_owned());
        }
        for other in entry.node.entries() {
            let rest = converted.as_ref().map(|converted| &converted.rest);
            let is_moved =
                old.is_some() && (other.key == "name" || rest.is_some_and(|rest| !rest.contains(&other.key)));
            if !is_annotation(&other.key) && !is_moved {
                self.foreign_key(&format!("`{}`", entry.key), other, &["plugins"]);
            }
        }
    }

    /// Checks one plugin, and returns its name.
    fn object(&mut self, item: &'a Node) -> Option<(String, Position)> {
        if !matches!(item.value, Value::Map(_)) {
            let what = format!("each of `plugins` must be an object, not {}", item.what());
            let help = match item.text() {
                Some(name) => format!("write `{{\"name\": \"{name}\"}}`"),
                None => LISTED.to_owned(),
            };
            self.error(item.at, what, help);
            return None;
        }
        for entry in item.entries().iter().filter(|entry| !is_annotation(&entry.key)) {
            self.foreign_key("a plugin", entry, &KEYS);
        }
        if let Some(config) = item
            .get("config")
            .filter(|config| !matches!(config.node.value, Value::Map(_)))
        {
            let what = format!("`config` must be an object, not {}", config.node.what());
            self.error(config.node.at, what, None);
        }
        if let Some(entry) = item.get("on_load_error") {
            self.on_load_error(entry);
        }
        let Some(name) = item.get("name") else {
            self.error(
                item.at,
                "this plugin has no `name`: it is not injected",
                LISTED.to_owned(),
            );
            return None;
        };
        let Some(text) = name.node.text() else {
            let what = format!("a plugin's name must be a text, not {}", name.node.what());
            self.error(name.node.at, what, None);
            return None;
        };
        Some((text.to_owned(), name.node.at))
    }
}

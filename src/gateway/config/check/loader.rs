//! Checks the root `plugin`: which files the gateway opens.

use crate::gateway::config::check::{Checker, Used, nearest};
use crate::gateway::config::document::{Entry, Position, Value};
use crate::gateway::config::plugin_dir::PluginDir;

impl<'a> Checker<'a> {
    /// Checks the root `plugin`: without it the gateway opens no plugin.
    pub(crate) fn loader(&mut self, look: &dyn Fn(&str) -> PluginDir) {
        let given = self.root.get("plugin");
        let Some(plugin) = given.filter(|plugin| plugin.node.value != Value::Null) else {
            if let Some(near) = self.root.get("plugins") {
                self.error(
                    near.at,
                    "`plugins` is not a key that the gateway reads: it loads no plugin",
                    "call it `plugin`".to_owned(),
                );
            } else if let Some(Used { name, at, .. }) = self.used.first().cloned() {
                let what = format!("{name} is injected, but no plugin is loaded: the configuration has no `plugin`");
                let help = "add `\"plugin\": {\"pattern\": \".so\", \"folder\": \"./plugins/\"}` at the root";
                self.error(at, what, help.to_owned());
            }
            return;
        };
        if !matches!(plugin.node.value, Value::Map(_)) {
            return;
        }
        for entry in plugin.node.entries() {
            if let Some(near) = nearest(&entry.key, ["pattern", "folder"]) {
                self.warning(
                    entry.at,
                    format!("`{}` is not a key that the gateway reads", entry.key),
                    format!("did you mean `{near}`?"),
                );
            }
        }
        let pattern = self.loader_text(plugin, "pattern");
        let folder = self.loader_text(plugin, "folder");
        let pattern = pattern.filter(|(pattern, at)| self.pattern(pattern, *at));
        if let Some((folder, at)) = folder {
            self.folder(folder, at, pattern, &look(folder));
        }
    }

    fn loader_text(&mut self, plugin: &'a Entry, key: &str) -> Option<(&'a str, Position)> {
        let entry = plugin.node.get(key).filter(|entry| entry.node.value != Value::Null);
        let Some(entry) = entry else {
            if key == "pattern" {
                let help = "add `\"pattern\": \".so\"`".to_owned();
                self.warning(
                    plugin.at,
                    "`plugin` has no `pattern`: the gateway opens every file of the folder",
                    help,
                );
            } else {
                self.error(plugin.at, "`plugin` has no `folder`: no plugin is loaded", None);
            }
            return None;
        };
        entry
            .node
            .text()
            .filter(|text| !text.contains("{{"))
            .map(|text| (text, entry.node.at))
    }

    /// Whether the pattern can match a plugin.
    fn pattern(&mut self, pattern: &str, at: Position) -> bool {
        let glob = pattern.contains(['*', '?', '^', '$', '\\', '|']);
        if glob {
            let what = format!(
                "`{pattern}` is matched literally in file names: it is neither a glob nor a regular expression"
            );
            self.error(
                at,
                what,
                "write the part that the names have in common, such as `.so`".to_owned(),
            );
            return false;
        }
        if pattern.is_empty() {
            self.warning(
                at,
                "an empty `pattern`: the gateway opens every file of the folder",
                "write `.so`".to_owned(),
            );
        }
        for plugin in self.plugins {
            if let Some(file) = plugin.file.as_ref().filter(|file| !file.contains(pattern)) {
                self.error(
                    at,
                    format!("{file} is not loaded: its name does not have `{pattern}` in it"),
                    None,
                );
            }
        }
        true
    }

    fn folder(&mut self, folder: &str, at: Position, pattern: Option<(&str, Position)>, found: &PluginDir) {
        if folder.is_empty() {
            self.error(
                at,
                "an empty `folder`: no plugin is loaded",
                "`./` is the folder the gateway is started in".to_owned(),
            );
            return;
        }
        if !folder.ends_with('/') {
            let what = format!("`{folder}` does not end with a slash, which KrakenD's documentation demands");
            self.warning(at, what, format!("write `{folder}/`"));
        }
        match found {
            PluginDir::Missing if folder.starts_with('/') => {
                let what = format!("there is no {folder} on this machine; where the gateway runs there must be one");
                self.warning(at, what, None);
            }
            PluginDir::Missing => {
                let what = format!(
                    "there is no folder {folder}, neither here nor beside the configuration; where the gateway runs there must be one"
                );
                let help = "it is relative to the folder the gateway is started in";
                self.warning(at, what, help.to_owned());
            }
            PluginDir::File => self.error(
                at,
                format!("{folder} is a file: no plugin is loaded"),
                "name the folder it is in".to_owned(),
            ),
            PluginDir::Closed(why) => self.error(at, format!("the folder {folder} cannot be read: {why}"), None),
            PluginDir::Open(entries) => {
                let Some((pattern, at)) = pattern else { return };
                self.matches(folder, pattern, at, entries);
            }
        }
    }

    /// Checks which files of an existing directory the pattern matches.
    fn matches(&mut self, folder: &str, pattern: &str, at: Position, entries: &[(String, bool)]) {
        let files = || {
            entries
                .iter()
                .filter(|(_, is_dir)| !is_dir)
                .map(|(name, _)| name.as_str())
        };
        let picked: Vec<&str> = files().filter(|name| name.contains(pattern)).collect();
        if picked.is_empty() {
            let plugins: Vec<&str> = files().filter(|name| name.ends_with(".so")).collect();
            let help = match plugins.as_slice() {
                [] if entries.iter().any(|(_, is_dir)| *is_dir) => {
                    Some("the gateway does not look into folders below it".to_owned())
                }
                [] => None,
                some => Some(format!("there: {}", some.join(", "))),
            };
            self.warning(
                at,
                format!("no file in {folder} has `{pattern}` in its name: no plugin is loaded"),
                help,
            );
        }
        let others: Vec<&str> = picked.into_iter().filter(|name| !name.ends_with(".so")).collect();
        if !others.is_empty() {
            let what = format!(
                "`{pattern}` also picks {}: the gateway tries to open each as a plugin",
                others.join(", ")
            );
            self.warning(at, what, None);
        }
    }
}

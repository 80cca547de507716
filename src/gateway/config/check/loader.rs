//! Checks `plugin`, which says what files the gateway opens.

use crate::gateway::config::check::{Checker, MIGRATE, Used, join, nearest};
use crate::gateway::config::document::{Entry, Position, Value};
use crate::gateway::config::plugin_dir::PluginDir;
use crate::gateway::config::version::{ConfigVersion, OnLoadError};

/// How `plugin` is written.
const EXAMPLE: &str = "`\"plugin\": {\"pattern\": \".so\", \"folder\": \"./plugins/\"}`";
/// The keys of `plugin` in each version; version 4 allows no others.
const KEYS: [&str; 2] = ["pattern", "folder"];
const KEYS_4: [&str; 3] = ["pattern", "folder", DEFAULT];
const DEFAULT: &str = "on_load_default_error";

impl<'a> Checker<'a> {
    /// `plugin`, where this version has it.
    pub(crate) fn loader_entry(&self) -> Option<&'a Entry> {
        let place = match self.version {
            ConfigVersion::V3 => self.root,
            ConfigVersion::V4 => &self.root.get("extra_config")?.node,
        };
        place.get("plugin").filter(|plugin| plugin.node.value != Value::Null)
    }

    /// Checks `plugin`: without it the gateway opens no plugin.
    pub(crate) fn loader(&mut self, look: &dyn Fn(&str) -> PluginDir) {
        let misplaced = self.misplaced();
        let Some(plugin) = self.loader_entry() else {
            if !misplaced {
                self.no_loader();
            }
            return;
        };
        if !matches!(plugin.node.value, Value::Map(_)) {
            if self.version == ConfigVersion::V4 {
                let what = format!(
                    "`plugin` must be an object, not {}: no plugin is loaded",
                    plugin.node.what()
                );
                self.error(plugin.node.at, what, format!("as in {EXAMPLE}"));
            }
            return;
        }
        self.loader_keys(plugin);
        let pattern = self.loader_text(plugin, "pattern");
        let folder = self.loader_text(plugin, "folder");
        let pattern = pattern.filter(|(pattern, at)| self.pattern(pattern, *at));
        if let Some((folder, at)) = folder {
            self.folder(folder, at, pattern, &look(folder));
        }
        if let Some(default) = plugin.node.get(DEFAULT).filter(|_| self.version == ConfigVersion::V4) {
            self.on_load_error(default);
        }
    }

    /// Reports a `plugin` at the place of the other version.
    fn misplaced(&mut self) -> bool {
        let in_extra = || self.root.get("extra_config").and_then(|extra| extra.node.get("plugin"));
        let (found, what, help) = match self.version {
            ConfigVersion::V3 => (
                in_extra(),
                "`plugin` in the `extra_config` is the form of version 4; version 3 reads it at the root only",
                format!("write {EXAMPLE} at the root"),
            ),
            ConfigVersion::V4 => (
                self.root.get("plugin"),
                "`plugin` at the root is the form of version 3; version 4 reads it in the `extra_config` only",
                match in_extra() {
                    Some(_) => "take this one out".to_owned(),
                    None => MIGRATE.to_owned(),
                },
            ),
        };
        let Some(found) = found.filter(|found| found.node.value != Value::Null) else {
            return false;
        };
        self.error(found.at, what, help);
        true
    }

    fn no_loader(&mut self) {
        if let Some(near) = self.root.get("plugins") {
            let what = "`plugins` is not a key that the gateway reads: it loads no plugin";
            self.error(near.at, what, "call it `plugin`".to_owned());
        } else if let Some(Used { name, at, .. }) = self.used.first().cloned() {
            let what = format!("{name} is injected, but no plugin is loaded: the configuration has no `plugin`");
            let place = match self.version {
                ConfigVersion::V3 => "at the root",
                ConfigVersion::V4 => "to the `extra_config` at the root",
            };
            self.error(at, what, format!("add {EXAMPLE} {place}"));
        }
    }

    fn loader_keys(&mut self, plugin: &Entry) {
        for entry in plugin.node.entries() {
            match self.version {
                ConfigVersion::V3 => {
                    if let Some(near) = nearest(&entry.key, KEYS) {
                        let what = format!("`{}` is not a key that the gateway reads", entry.key);
                        self.warning(entry.at, what, format!("did you mean `{near}`?"));
                    }
                }
                ConfigVersion::V4 => self.foreign_key("`plugin`", entry, &KEYS_4),
            }
        }
    }

    /// Reports a key that the schema of version 4 does not allow.
    pub(crate) fn foreign_key(&mut self, of: &str, entry: &Entry, known: &[&str]) {
        if known.contains(&entry.key.as_str()) {
            return;
        }
        let what = format!(
            "`{}` is not a key of {of}: the schema of version 4 allows no others",
            entry.key
        );
        let help = match nearest(&entry.key, known.iter().copied()) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("it has {}", quoted(known)),
        };
        self.error(entry.at, what, help);
    }

    /// Checks what is to happen where a plugin cannot be loaded.
    pub(crate) fn on_load_error(&mut self, entry: &Entry) {
        if entry
            .node
            .text()
            .is_some_and(|word| word.contains("{{") || OnLoadError::named(word).is_some())
        {
            return;
        }
        let known: Vec<&str> = OnLoadError::all().iter().map(|one| one.value.as_str()).collect();
        let help = match entry.node.text().and_then(|word| nearest(word, known.iter().copied())) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("it takes {}", quoted(&known)),
        };
        let given = match entry.node.text() {
            Some(word) => format!("`{word}`"),
            None => entry.node.what().to_owned(),
        };
        let what = format!("`{}` does not take {given}", entry.key);
        self.error(entry.node.at, what, help);
    }

    fn loader_text(&mut self, plugin: &'a Entry, key: &str) -> Option<(&'a str, Position)> {
        let entry = plugin.node.get(key).filter(|entry| entry.node.value != Value::Null);
        let Some(entry) = entry else {
            self.missing_key(plugin, key);
            return None;
        };
        if entry.node.text().is_none() && self.version == ConfigVersion::V4 {
            let what = format!("`{key}` must be a text, not {}: no plugin is loaded", entry.node.what());
            self.error(entry.node.at, what, None);
        }
        entry
            .node
            .text()
            .filter(|text| !text.contains("{{"))
            .map(|text| (text, entry.node.at))
    }

    fn missing_key(&mut self, plugin: &Entry, key: &str) {
        match (key, self.version) {
            ("pattern", ConfigVersion::V3) => self.warning(
                plugin.at,
                "`plugin` has no `pattern`: the gateway opens every file of the folder",
                "add `\"pattern\": \".so\"`".to_owned(),
            ),
            ("pattern", ConfigVersion::V4) => self.error(
                plugin.at,
                "`plugin` has no `pattern`, which version 4 requires",
                "add `\"pattern\": \".so\"`".to_owned(),
            ),
            _ => self.error(plugin.at, "`plugin` has no `folder`: no plugin is loaded", None),
        }
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

fn quoted(words: &[&str]) -> String {
    join(words.iter().map(|word| format!("`{word}`")), "or")
}

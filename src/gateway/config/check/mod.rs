//! Checks the plugins of a configuration: each issue with its position, in the order of the file.
//!
//! The gateway logs most of these at debug level or not at all, and runs without the plugin.

pub mod loader;
pub mod namespace;
pub mod objects;

use std::collections::HashMap;

use crate::gateway::config::decode::decode;
use crate::gateway::config::document::{Node, Position};
use crate::gateway::config::extra_config::sightings;
use crate::gateway::config::issue::{ConfigIssue, IssueSeverity};
use crate::gateway::config::parse::{ConfigFormat, Document};
use crate::gateway::config::plugin_dir::PluginDir;
use crate::gateway::config::version::ConfigReader;
use crate::gateway::config::version::ConfigVersion;
use crate::gateway::config::version::OnLoadError;
use crate::gateway::registerer::NameFormat;
use crate::gateway::registerer::PluginKind;
use crate::gateway::registerer::Registerer;
use crate::util::sort::sort_by_key;
use crate::util::suggest::nearest;

/// The cure for what is of version 3.
pub(crate) const MIGRATE: &str = "`plugbuild config migrate` brings it to version 4";

/// How version 4 names plugins.
pub(crate) const LISTED: &str = "as in `\"plugins\": [{\"name\": \"my-plugin\"}]`";

/// A plugin given together with the configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GivenPlugin {
    /// As typed.
    pub label: String,
    /// The file's name, for a built plugin.
    pub file: Option<String>,
    /// The names it registers; `None` if unknown.
    pub registered: Option<RegisteredNames>,
}

/// The names a plugin registers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RegisteredNames {
    pub names: Vec<(PluginKind, String)>,
    /// How they are known, for the message.
    pub origin: String,
}

/// Checks a configuration against the plugin types, the given plugins, the plugin directory, and the gateway that will
/// read it, if known.
pub fn check(
    document: &Document,
    rows: &[Registerer],
    plugins: &[GivenPlugin],
    look: &dyn Fn(&str) -> PluginDir,
    reader: Option<&ConfigReader>,
) -> Vec<ConfigIssue> {
    let decoded = decode(&document.root, rows, reader);
    let root = decoded.root.as_ref();
    let mut checker = Checker {
        root: root.unwrap_or(&document.root),
        version: decoded.version,
        rows,
        plugins,
        found: decoded.findings,
        used: Vec::new(),
    };
    if document.format == ConfigFormat::Json {
        checker.keys_given_twice(&document.root);
    }
    if root.is_some() {
        checker.namespaces();
        checker.loader(look);
        checker.unused();
    }
    sort_by_key(&mut checker.found, |finding| (finding.at, finding.severity));
    checker.found
}

/// The plugins that the gateway looks for: a name in a namespace that it reads, by type.
pub fn injected(document: &Document, rows: &[Registerer]) -> Vec<(PluginKind, String)> {
    let decoded = decode(&document.root, rows, None);
    let Some(root) = &decoded.root else {
        return Vec::new();
    };
    let mut checker = Checker {
        root,
        version: decoded.version,
        rows,
        plugins: &[],
        found: Vec::new(),
        used: Vec::new(),
    };
    checker.namespaces();
    let read = checker.used.into_iter().filter(|used| used.read);
    read.map(|used| (used.kind, used.name)).collect()
}

/// What the gateway does if a plugin with these names (`None`: any) cannot be loaded, where the configuration says it: the
/// strictest of all places that use it. A configuration of version 3 says nothing: the gateway runs without the plugin.
pub fn on_load_error(
    document: &Document,
    rows: &[Registerer],
    names: Option<&RegisteredNames>,
) -> Option<&'static OnLoadError> {
    let decoded = decode(&document.root, rows, None);
    let root = decoded.root.as_ref().filter(|_| decoded.version == ConfigVersion::V4)?;
    let word = |node: &Node, key: &str| OnLoadError::named(node.get(key)?.node.text()?);
    let loader = root.get("extra_config").and_then(|extra| extra.node.get("plugin"));
    let default = loader
        .and_then(|loader| word(&loader.node, "on_load_default_error"))
        .or_else(|| OnLoadError::all().first())?;
    let is_row = |row: &Registerer, key: &str| row.namespace == key || row.legacy_namespace == key;
    let mut used = Vec::new();
    for found in sightings(root, &|key| rows.iter().any(|row| is_row(row, key))) {
        let row = rows
            .iter()
            .find(|row| is_row(row, &found.entry.key) && found.spot.is_read(row));
        let Some(row) = row else { continue };
        let namespace = &found.entry.node;
        let listed = namespace.get("plugins").map_or(&[][..], |plugins| plugins.node.items());
        // A client has a name only.
        for plugin in listed.iter().chain([namespace]) {
            let Some(name) = plugin.get("name").and_then(|name| name.node.text()) else {
                continue;
            };
            let is_own = |(kind, own): &(PluginKind, String)| *kind == row.kind && own == name;
            if names.is_none_or(|known| known.names.iter().any(is_own)) {
                used.push(word(plugin, "on_load_error").unwrap_or(default));
            }
        }
    }
    OnLoadError::all()
        .iter()
        .find(|one| used.iter().any(|used| std::ptr::eq(*used, *one)))
}

/// A name that the configuration asks for.
#[derive(Clone)]
struct Used {
    kind: PluginKind,
    name: String,
    at: Position,
    /// Whether it stands where the gateway reads it.
    read: bool,
}

struct Checker<'a> {
    root: &'a Node,
    version: ConfigVersion,
    rows: &'a [Registerer],
    plugins: &'a [GivenPlugin],
    found: Vec<ConfigIssue>,
    used: Vec<Used>,
}

impl<'a> Checker<'a> {
    fn error(&mut self, at: Position, what: impl Into<String>, help: impl Into<Option<String>>) {
        self.report(at, IssueSeverity::Error, what, help);
    }

    fn warning(&mut self, at: Position, what: impl Into<String>, help: impl Into<Option<String>>) {
        self.report(at, IssueSeverity::Warning, what, help);
    }

    fn report(
        &mut self,
        at: Position,
        severity: IssueSeverity,
        what: impl Into<String>,
        help: impl Into<Option<String>>,
    ) {
        self.found.push(ConfigIssue {
            at,
            severity,
            what: what.into(),
            help: help.into(),
        });
    }

    /// Valid JSON, but the gateway takes the last one: a repeated `extra_config` loses the content of the first.
    fn keys_given_twice(&mut self, node: &Node) {
        let mut left: HashMap<&str, usize> = HashMap::new();
        for entry in node.entries() {
            *left.entry(&entry.key).or_default() += 1;
        }
        for entry in node.entries() {
            let left = left.entry(&entry.key).or_default();
            *left = left.saturating_sub(1);
            if *left > 0 {
                let what = format!("`{}` is given twice: the gateway takes the last one only", entry.key);
                self.warning(entry.at, what, None);
            }
            self.keys_given_twice(&entry.node);
        }
        for item in node.items() {
            self.keys_given_twice(item);
        }
    }

    /// Reports given plugins that the configuration does not use.
    fn unused(&mut self) {
        // A name from a template may be any name.
        if self.used.iter().any(|used| used.name.contains("{{")) {
            return;
        }
        let at = self.loader_entry().map_or(self.root.at, |entry| entry.at);
        for plugin in self.plugins {
            let Some(registered) = plugin.registered.as_ref().filter(|r| !r.names.is_empty()) else {
                continue;
            };
            let used = |(kind, name): &(PluginKind, String)| {
                self.used.iter().any(|used| used.kind == *kind && used.name == *name)
            };
            if !registered.names.iter().any(used) {
                let names = join(
                    registered.names.iter().map(|(kind, name)| format!("{name} ({kind})")),
                    "or",
                );
                let what = format!("{} is not used: the configuration does not use {names}", plugin.label);
                self.warning(at, what, format!("the names are {}", registered.origin));
            }
        }
    }
}

/// How version 3 names plugins.
pub(crate) fn example(row: &Registerer) -> String {
    match row.names {
        NameFormat::Text => "as in `\"name\": \"my-plugin\"`".to_owned(),
        NameFormat::List | NameFormat::TextOrList => "as in `\"name\": [\"my-plugin\"]`".to_owned(),
    }
}

fn join(words: impl Iterator<Item = String>, last: &str) -> String {
    let words: Vec<String> = words.collect();
    match words.as_slice() {
        [] => String::new(),
        [one] => one.clone(),
        [head @ .., tail] => format!("{} {last} {tail}", head.join(", ")),
    }
}

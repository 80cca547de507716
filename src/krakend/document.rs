//! A configuration as a tree in which each value and each key knows its line and column.

use super::{json, toml, yaml};
pub use crate::place::Place;

/// A value and where it begins.
#[derive(Debug, Clone, PartialEq)]
pub struct Node {
    pub at: Place,
    pub value: Value,
}

#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    Null,
    Bool(bool),
    /// As it is written.
    Number(String),
    Text(String),
    List(Vec<Node>),
    Map(Vec<Entry>),
}

/// One key of a map, and where the key begins.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    pub key: String,
    pub at: Place,
    pub node: Node,
}

impl Node {
    /// The entry of a key; as in the gateway, the last one where a key is given twice.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&Entry> {
        self.entries().iter().rfind(|entry| entry.key == key)
    }

    /// A map's entries; none of anything else.
    #[must_use]
    pub fn entries(&self) -> &[Entry] {
        match &self.value {
            Value::Map(entries) => entries,
            _ => &[],
        }
    }

    /// A list's items; none of anything else.
    #[must_use]
    pub fn items(&self) -> &[Node] {
        match &self.value {
            Value::List(items) => items,
            _ => &[],
        }
    }

    #[must_use]
    pub fn text(&self) -> Option<&str> {
        match &self.value {
            Value::Text(text) => Some(text),
            _ => None,
        }
    }

    /// The same without places.
    #[must_use]
    pub fn plain(&self) -> serde_json::Value {
        use serde_json::Value as Plain;
        match &self.value {
            Value::Null => Plain::Null,
            Value::Bool(is) => Plain::Bool(*is),
            Value::Number(text) => serde_json::from_str(text).unwrap_or_else(|_| text.as_str().into()),
            Value::Text(text) => text.as_str().into(),
            Value::List(items) => items.iter().map(Node::plain).collect(),
            Value::Map(entries) => {
                let entries = entries.iter().map(|entry| (entry.key.clone(), entry.node.plain()));
                Plain::Object(entries.collect())
            }
        }
    }

    /// What it is, for messages.
    #[must_use]
    pub fn what(&self) -> &'static str {
        match self.value {
            Value::Null => "null",
            Value::Bool(_) => "a boolean",
            Value::Number(_) => "a number",
            Value::Text(_) => "a text",
            Value::List(_) => "a list",
            Value::Map(_) => "an object",
        }
    }
}

/// What a file turned out to be.
#[derive(Debug, Clone, PartialEq)]
pub enum Read {
    Document(Document),
    /// A template of the flexible configuration: only the gateway can say what becomes of it.
    Template,
    /// The gateway cannot parse it, and why.
    Broken(Place, String),
    /// Not a format that is read here.
    Unknown,
}

/// A configuration that parses.
#[derive(Debug, Clone, PartialEq)]
pub struct Document {
    pub format: Format,
    pub root: Node,
}

/// The formats the gateway takes and plugbuild reads; the file's extension says which.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    Json,
    Yaml,
    Toml,
}

impl Format {
    /// By a file's name.
    #[must_use]
    pub fn of(name: &str) -> Option<Format> {
        match name.rsplit_once('.')?.1 {
            "json" => Some(Format::Json),
            "yaml" | "yml" => Some(Format::Yaml),
            "toml" => Some(Format::Toml),
            _ => None,
        }
    }
}

/// Reads a configuration; `name` is its file's, whose extension tells the format.
#[must_use]
pub fn read(name: &str, text: &str) -> Read {
    if name.ends_with(".tmpl") {
        return Read::Template;
    }
    let Some(format) = Format::of(name) else {
        return Read::Unknown;
    };
    let root = match format {
        Format::Json => json::read(text),
        Format::Yaml => yaml::read(text),
        Format::Toml => toml::read(text),
    };
    match root {
        Ok(root) => Read::Document(Document { format, root }),
        // What `{{ include "…" }}` and the like leave of the syntax is no mistake.
        Err(_) if text.contains("{{") => Read::Template,
        Err((at, why)) => Read::Broken(at, why),
    }
}

/// What each of the readers gives back.
pub(super) type Parsed = Result<Node, (Place, String)>;

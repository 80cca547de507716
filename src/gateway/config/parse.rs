//! A configuration file, parsed by its format.

use crate::gateway::config::document::Node;
use crate::gateway::config::document::Position;
use crate::gateway::config::{json, toml, yaml};

/// What a file turned out to be.
#[derive(Debug, Clone, PartialEq)]
pub enum Read {
    Document(Document),
    /// A template of the flexible configuration: only the gateway can say what becomes of it.
    Template,
    /// The gateway cannot parse it, and why.
    Broken(Position, String),
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

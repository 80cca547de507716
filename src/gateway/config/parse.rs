//! Parses a configuration file by its format.

use crate::gateway::config::document::Node;
use crate::gateway::config::document::Position;
use crate::gateway::config::{json, toml, yaml};

/// The result of reading a file.
#[derive(Debug, Clone, PartialEq)]
pub enum Read {
    Document(Document),
    /// A template of the flexible configuration, which only the gateway can render.
    Template,
    /// The gateway cannot parse it; position and reason.
    Broken(Position, String),
    /// An unsupported format.
    Unknown,
}

/// A parsed configuration.
#[derive(Debug, Clone, PartialEq)]
pub struct Document {
    pub format: Format,
    pub root: Node,
}

/// The formats that both the gateway and plugbuild read, by file extension.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    Json,
    Yaml,
    Toml,
}

impl Format {
    /// The format of a file name.
    pub fn of(name: &str) -> Option<Format> {
        match name.rsplit_once('.')?.1 {
            "json" => Some(Format::Json),
            "yaml" | "yml" => Some(Format::Yaml),
            "toml" => Some(Format::Toml),
            _ => None,
        }
    }
}

/// Reads a configuration; the extension of `name` gives the format.
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
        // `{{ include "…" }}` and the like break the syntax legitimately.
        Err(_) if text.contains("{{") => Read::Template,
        Err((at, why)) => Read::Broken(at, why),
    }
}

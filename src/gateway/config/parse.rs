//! Parses a configuration file by its format.

use crate::gateway::config::document::Node;
use crate::gateway::config::document::Position;
use crate::gateway::config::{json, toml, yaml};

/// The result of reading a file.
#[derive(Debug, Clone, PartialEq)]
pub enum ParsedConfig {
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
    pub format: ConfigFormat,
    pub root: Node,
}

/// The formats that both the gateway and plugbuild read, by file extension.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ConfigFormat {
    Json,
    Yaml,
    Toml,
}

impl ConfigFormat {
    /// The format of a file name.
    pub fn of(name: &str) -> Option<ConfigFormat> {
        match name.rsplit_once('.')?.1 {
            "json" => Some(ConfigFormat::Json),
            "yaml" | "yml" => Some(ConfigFormat::Yaml),
            "toml" => Some(ConfigFormat::Toml),
            _ => None,
        }
    }
}

/// Reads a configuration; the extension of `name` gives the format.
pub fn read(name: &str, text: &str) -> ParsedConfig {
    if name.ends_with(".tmpl") {
        return ParsedConfig::Template;
    }
    let Some(format) = ConfigFormat::of(name) else {
        return ParsedConfig::Unknown;
    };
    let root = match format {
        ConfigFormat::Json => json::read(text),
        ConfigFormat::Yaml => yaml::read(text),
        ConfigFormat::Toml => toml::read(text),
    };
    match root {
        Ok(root) => ParsedConfig::Document(Document { format, root }),
        // `{{ include "…" }}` and the like break the syntax legitimately.
        Err(_) if text.contains("{{") => ParsedConfig::Template,
        Err((at, why)) => ParsedConfig::Broken(at, why),
    }
}

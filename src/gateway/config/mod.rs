//! A gateway's configuration (krakend.json): read with positions, checked for plugins, and given new ones.
//!
//! All pure: the text and the state of the disk come in as values; issues or a new text go out.

pub mod check;
pub mod decode;
pub mod document;
pub mod plugin_dir;
pub mod inject;
pub mod json;
pub mod toml;
pub mod extra_config;
pub mod yaml;
#[cfg(test)]
mod tests;
pub mod parse;
pub mod issue;
pub mod migrate;
pub mod names;
pub mod version;

pub use crate::gateway::config::check::{GivenPlugin, RegisteredNames, check, injected, on_load_error};
pub use crate::gateway::config::document::Position;
pub use crate::gateway::config::issue::{ConfigIssue, IssueSeverity};
pub use crate::gateway::config::parse::{Document, ParsedConfig};
pub use crate::gateway::config::plugin_dir::PluginDir;
pub use crate::gateway::config::version::{ConfigReader, ConfigVersion};

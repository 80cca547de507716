//! An issue of a configuration, and its position.

use crate::gateway::config::document::Position;

/// The severity of an issue.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum IssueSeverity {
    /// The gateway does not start, or runs without the plugin.
    Error,
    /// It works, but probably not as intended.
    Warning,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfigIssue {
    pub at: Position,
    pub severity: IssueSeverity,
    pub what: String,
    pub help: Option<String>,
}

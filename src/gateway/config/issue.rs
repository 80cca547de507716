//! What is wrong in a configuration, and where.

use crate::gateway::config::document::Position;

/// How bad a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// The gateway does not start, or runs without the plugin.
    Error,
    /// It works, but hardly as it is meant.
    Warning,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfigIssue {
    pub at: Position,
    pub severity: Severity,
    pub what: String,
    pub help: Option<String>,
}

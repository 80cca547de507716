//! One edit of a go.mod, as `go mod edit` makes it: comments and order are kept.

use std::fmt;
use std::path::PathBuf;

use crate::project::plugin::Plugin;
use crate::util::error::Result;
use crate::util::process::quoted;
use crate::util::version::GoVersion;

/// An edit, with the reason unless it is obvious.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Edit {
    GoLine(GoVersion),
    /// `godebug default=go1.26` names a Go, too.
    DropGodebugDefault,
    /// A directive that the gateway's Go does not know, and its value.
    Drop {
        verb: String,
        what: String,
    },
    Require(String, String),
    DropReplace(String),
    Replace {
        module: String,
        to: String,
        version: String,
        why: &'static str,
    },
}

impl Edit {
    /// The flags of `go mod edit`.
    pub(crate) fn flags(&self) -> Vec<String> {
        match self {
            Edit::GoLine(go) if go.at_least(1, 21) => vec![format!("-go={go}"), "-toolchain=none".to_owned()],
            Edit::GoLine(go) => vec![format!("-go={go}")],
            Edit::DropGodebugDefault => vec!["-dropgodebug=default".to_owned()],
            Edit::Drop { verb, .. } if verb == "toolchain" => vec!["-toolchain=none".to_owned()],
            Edit::Drop { verb, what } => {
                let name = what.split('=').next().unwrap_or_default();
                vec![format!("-drop{verb}={name}")]
            }
            Edit::Require(module, version) => vec![format!("-require={module}@{version}")],
            Edit::DropReplace(module) => vec![format!("-dropreplace={module}")],
            Edit::Replace {
                module, to, version, ..
            } => vec![format!("-replace={module}={to}@{version}")],
        }
    }
}

impl fmt::Display for Edit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Edit::GoLine(go) => write!(f, "go {go}"),
            Edit::DropGodebugDefault => f.write_str("no godebug default"),
            Edit::Drop { verb, what } => write!(f, "no {verb} {what}: the gateway's Go does not know it"),
            Edit::Require(module, version) => write!(f, "require {module} {version}"),
            Edit::DropReplace(module) => write!(f, "no replace of {module}"),
            Edit::Replace {
                module,
                to,
                version,
                why,
            } => write!(f, "replace {module} => {to} {version}: {why}"),
        }
    }
}

impl Fix {
    /// The equivalent commands to type.
    pub(crate) fn commands(&self, plugin: &Plugin) -> Vec<String> {
        let flags = self.edits.iter().flat_map(Edit::flags);
        let edits: Vec<String> = flags
            .map(|flag| format!("go mod edit {}", quoted(flag.as_ref())))
            .collect();
        if edits.is_empty() {
            return edits;
        }
        let dir = format!("cd {}", quoted(plugin.module.root.as_os_str()));
        [vec![dir], edits, vec!["go mod tidy".to_owned()]].concat()
    }
}

/// A fix that was tried.
#[derive(Debug, Clone)]
pub(crate) struct Fix {
    /// In the order they are made.
    pub edits: Vec<Edit>,
    /// The files before and after: go.mod, go.sum.
    pub files: Vec<FileChange>,
    /// Whether `go mod tidy` was tried on it; if it could not be, why.
    pub tidied: Result<()>,
}

/// A file of the user's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct FileChange {
    pub path: PathBuf,
    pub old: String,
    pub new: String,
}

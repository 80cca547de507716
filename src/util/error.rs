//! The one error type: what failed, `help:` lines that say what to type, and the exit code.

use std::fmt;
use std::io;
use std::path::Path;

use rustix::io::Errno;

/// Why plugbuild stopped. Each kind has one exit code; this is the only list of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ErrorKind {
    /// The plugin does not match the gateway, or would not load.
    Incompatible,
    /// The command line, a setting or the plugin's own files ask for something impossible.
    Usage,
    /// The go command, the C compiler or the linker failed.
    Build,
    /// A tool is missing and cannot or must not be fetched.
    ToolMissing,
    /// A download failed.
    Network,
    /// A download or a stored file differs from what was published or recorded.
    Integrity,
    /// A file could not be read or written.
    Io,
    /// The user (or the system) interrupted the run.
    Interrupted,
}

impl ErrorKind {
    /// The process exit code; documented in docs/errors.md, which a test holds to this list.
    pub fn exit_code(self) -> u8 {
        match self {
            ErrorKind::Incompatible => 1,
            ErrorKind::Usage => 2,
            ErrorKind::Build => 3,
            ErrorKind::ToolMissing => 4,
            ErrorKind::Network | ErrorKind::Integrity => 5,
            ErrorKind::Io => 6,
            ErrorKind::Interrupted => 130,
        }
    }
}

/// What failed, with the names in it, and what to type about it.
///
/// The message is lower case, without a full stop, and complete: printing adds nothing to it.
#[derive(Debug, Clone)]
pub struct Error {
    pub kind: ErrorKind,
    pub message: String,
    pub help: Vec<String>,
}

/// The help for a full disk or an exhausted quota.
pub const FULL_DISK: &str =
    "the disk is full: free some space; `plugbuild cache prune --all` removes what builds can recreate";

pub type Result<T, E = Error> = std::result::Result<T, E>;

impl Error {
    pub fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Error {
            kind,
            message: message.into(),
            help: Vec::new(),
        }
    }

    pub fn incompatible(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Incompatible, message)
    }

    pub fn usage(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Usage, message)
    }

    pub fn build(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Build, message)
    }

    pub fn tool_missing(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::ToolMissing, message)
    }

    pub fn network(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Network, message)
    }

    pub fn integrity(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Integrity, message)
    }

    pub fn interrupted() -> Self {
        Self::new(ErrorKind::Interrupted, "interrupted")
    }

    /// An operating system error on a file, as "cannot `verb` `path`: why". Adds the help about a full disk for all
    /// callers.
    pub fn io(verb: &str, path: impl AsRef<Path>, why: impl fmt::Display) -> Self {
        let path = path.as_ref().display();
        let why = why.to_string();
        let error = Self::new(ErrorKind::Io, format!("cannot {verb} {path}: {why}"));
        // Wrapped errors keep the system's text.
        match [Errno::NOSPC, Errno::DQUOT]
            .iter()
            .any(|full| why.contains(&io::Error::from(*full).to_string()))
        {
            true => error.help(FULL_DISK),
            false => error,
        }
    }

    /// A file named on the command line that does not exist or cannot be read: [`Kind::Io`] for every command.
    pub fn unreadable(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Io, message)
    }

    /// Message and help in one line, for output that takes a single text.
    pub fn in_one_line(&self) -> String {
        let parts: Vec<&str> = std::iter::once(&self.message)
            .chain(&self.help)
            .map(String::as_str)
            .collect();
        parts.join("; ")
    }

    /// Adds a `help:` line unless there is one already.
    pub fn help_if_none(self, line: impl Into<String>) -> Self {
        if self.help.is_empty() { self.help(line) } else { self }
    }

    /// Adds a `help:` line.
    pub fn help(mut self, line: impl Into<String>) -> Self {
        self.help.push(line.into());
        self
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Error {}

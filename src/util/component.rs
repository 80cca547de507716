//! Names that become part of a path, a line and a command line: the characters they may contain.

use std::fmt;
use std::ops::Deref;

use serde::Serialize;

use crate::util::error::{Error, Result};

/// Allowed besides letters and digits of any script: no shell, list or path gives them a meaning.
const SIGNS: &str = "-_.+~";

/// A name that is safe in all three: letters, digits, `-`, `_`, `.`, `+` and `~`, without a leading dash, not `..`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Name(String);

impl Name {
    /// # Errors
    /// The name is not allowed; `what` says in the message what it names.
    pub fn new(what: &str, name: impl Into<String>) -> Result<Self> {
        let name = name.into();
        check(what, &name).map(|()| Name(name))
    }
}

impl Deref for Name {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

fn check(what: &str, name: &str) -> Result<()> {
    let plain = |c: char| c.is_alphanumeric() || SIGNS.contains(c);
    let why = match name {
        "" => "it is empty".to_owned(),
        "." | ".." => "it is a directory's own name".to_owned(),
        _ if name.starts_with('-') => "it begins with a dash".to_owned(),
        _ => match name.chars().find(|c| !plain(*c)) {
            Some('/' | '\\') => "it contains a path separator".to_owned(),
            Some(c) if c.is_control() => "it contains a control character".to_owned(),
            Some(c) => format!("it contains {c:?}"),
            None => return Ok(()),
        },
    };
    Err(Error::usage(format!("{name:?} cannot be {what}: {why}"))
        .help("use letters, digits, `-`, `_`, `.`, `+` and `~`"))
}

/// Checks that a text from outside, such as a version, is one line without control characters.
///
/// # Errors
/// It is empty, or has more than one line.
pub fn checked_line(what: &str, text: &str) -> Result<()> {
    if !text.is_empty() && !text.contains(crate::util::printable::acts) {
        return Ok(());
    }
    Err(Error::usage(format!(
        "{text:?} cannot be {what}: it is empty or contains a control character"
    ))
    .help("use letters, digits and signs, in one line"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_safe_everywhere() {
        for bad in [
            "",
            ".",
            "..",
            "../x",
            "a/b",
            "/a",
            "a\\b",
            "a\nb",
            "a\0",
            "a\u{1b}[2J",
            "-x",
            "a\u{9b}b",
            "a\u{202e}b",
            "a=b",
            "a b",
            "::a",
            "$(a)",
        ] {
            assert!(Name::new("a name", bad).is_err(), "{bad:?}");
        }
        for good in ["auth", "acme-3.0", "v2_x", "..a", "é", "a~b", "1.0+x"] {
            assert!(Name::new("a name", good).is_ok(), "{good:?}");
        }
    }

    #[test]
    fn version_is_one_line() {
        for bad in ["", "1\n2", "1\u{1b}[m", "1\u{9b}"] {
            assert!(checked_line("a version", bad).is_err(), "{bad:?}");
        }
        assert!(checked_line("a version", "2.6 (feature/x = y)").is_ok());
    }
}

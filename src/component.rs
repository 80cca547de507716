//! A text that becomes one part of a path, or one part of a line.

use crate::error::{Error, Result};

/// Holds a name to what is safe in both: no separator, no way up, no control character, no dash in front.
///
/// # Errors
/// Says what the name is of, and what is wrong with it.
pub fn checked(what: &str, name: &str) -> Result<()> {
    let why = match name {
        "" => "it is empty",
        "." | ".." => "it is a directory's own name",
        _ if name.starts_with('-') => "it begins with a dash",
        _ if name.contains(['/', '\\']) => "it contains a path separator",
        _ if name.chars().any(char::is_control) => "it contains a control character",
        _ => return Ok(()),
    };
    Err(Error::usage(format!("{name:?} cannot be {what}: {why}"))
        .help("use letters, digits, dots, dashes and underscores"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_one_part_of_a_path_and_of_a_line() {
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
        ] {
            assert!(checked("a name", bad).is_err(), "{bad:?}");
        }
        for good in ["auth", "acme-3.0", "v2_x", "..a", "é"] {
            assert!(checked("a name", good).is_ok(), "{good:?}");
        }
    }
}

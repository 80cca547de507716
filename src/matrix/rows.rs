//! Reading a TOML file of rows, with errors that name the file and the line.

use std::ops::Range;
use std::path::Path;

use serde::de::DeserializeOwned;

use crate::util::error::{Error, Result};

/// Parses a whole file.
pub(crate) fn parse<T: DeserializeOwned>(text: &str, origin: &Path) -> Result<T> {
    toml::from_str(text).map_err(|e| at(text, origin, e.span(), e.message().trim_end()))
}

/// A cell of a text with lines `name cell cell …`, where the first line names the columns.
pub(crate) fn cell<'a>(text: &'a str, row: &str, column: &str) -> Option<&'a str> {
    let mut lines = text.lines().filter(|line| !line.starts_with('#'));
    let column = lines.next()?.split(' ').position(|name| name == column)?;
    let line = lines.find(|line| line.split(' ').next() == Some(row))?;
    line.split(' ').nth(column)
}

/// An error at a position in a file: `plugbuild.toml:12: what`.
pub(crate) fn at(text: &str, origin: &Path, span: Option<Range<usize>>, what: &str) -> Error {
    let line = span
        .and_then(|s| text.get(..s.start))
        .map(|before| before.matches('\n').count() + 1);
    let position = match line {
        Some(line) => format!("{}:{line}", origin.display()),
        None => origin.display().to_string(),
    };
    Error::usage(format!("{position}: {what}"))
}

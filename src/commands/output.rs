//! Results on standard output: text with control characters escaped, JSON as it is.

use std::io::Write;
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use crate::util::error::{Error, Result};
use crate::util::printable::{printable, printable_json, printable_line};

/// Prints clap's own output: help, the version.
///
/// # Errors
/// It could not be written.
pub fn print_help(text: &clap::Error) -> Result<()> {
    let _ = text.print().map_err(note_stdout_error);
    flush_stdout()
}

/// Whether all of standard output was written.
pub(crate) fn flush_stdout() -> Result<()> {
    let _ = std::io::stdout().flush().map_err(note_stdout_error);
    match STDOUT_ERROR.lock().unwrap_or_else(PoisonError::into_inner).take() {
        Some(why) => Err(Error::io("write", "standard output", why)),
        None => Ok(()),
    }
}

/// Writes to standard output. A reader that has gone away (`| head`) is not an error; anything else fails the command when
/// it has finished.
pub(crate) fn print(text: impl std::fmt::Display) {
    let text = text.to_string();
    print_as_is(printable(&text));
}

/// Writes one line, whatever characters are in the names.
pub(crate) fn print_line(text: impl std::fmt::Display) {
    print_as_is(printable_line(&text.to_string()));
}

/// A path as a line.
pub(crate) fn print_path(path: &Path) {
    print_line(path.display());
}

/// Writes text that contains our colours; text of others must go through [`printable`] first.
pub(crate) fn print_as_is(text: impl std::fmt::Display) {
    let _ = writeln!(std::io::stdout().lock(), "{text}").map_err(note_stdout_error);
}

/// The first failure to write to standard output.
pub(crate) static STDOUT_ERROR: Mutex<Option<std::io::Error>> = Mutex::new(None);

pub(crate) fn note_stdout_error(why: std::io::Error) {
    if why.kind() != std::io::ErrorKind::BrokenPipe {
        STDOUT_ERROR
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .get_or_insert(why);
    }
}

/// Writes JSON, or text with JSON strings.
pub(crate) fn print_data(text: &str) {
    print_as_is(printable_json(text));
}

/// Writes one JSON document, or one event of a stream, as a line.
pub(crate) fn print_json(value: &impl serde::Serialize) {
    match serde_json::to_string(value) {
        Ok(text) => print_data(&text),
        // Our own types have string keys only, so this cannot happen; nothing useful could be done.
        Err(why) => print_as_is(format_args!("{{\"error\":\"{why}\"}}")),
    }
}

//! Explains a gateway's log messages about plugins: cause and help, line by line.
//!
//! The messages are data (toolchains/explain.toml). Their patterns are plain text with holes, which is enough for
//! messages made by printf.

pub mod pattern;
pub mod multiline;
#[cfg(test)]
mod tests;

use std::borrow::Cow;
use std::io::{self, BufRead, Read};

use serde::{Deserialize, Serialize};

use crate::gateway::explain::multiline::{Combiner, LogMessage};
use crate::gateway::explain::pattern::{fill, fit};
use crate::util::error::{Error, Result};
use crate::util::packed::{Packed, packed};

static ROWS: Packed = packed!("explain.toml");

/// The most that is read of a line. No message is longer, but a file that is not a log may have no line ends.
const LINE_LIMIT: u64 = 1 << 20;

/// The id of an error that no row explains.
pub const UNKNOWN: &str = "unknown";

/// A known message.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Message {
    pub id: String,
    #[serde(rename = "match")]
    pub pattern: String,
    pub cause: String,
    pub help: String,
    /// Whether the plugin's own code failed: then comparing files finds nothing.
    #[serde(default)]
    pub own_code: bool,
    pub source: Vec<String>,
}

/// An explained line of a log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Explanation {
    /// Its line number, from 1.
    pub line: usize,
    pub text: String,
    pub id: String,
    pub cause: String,
    pub help: String,
    #[serde(skip)]
    pub own_code: bool,
    pub source: Vec<String>,
}

/// The known messages, most specific first.
///
/// # Errors
/// toolchains/explain.toml is invalid, which a test prevents.
pub fn messages() -> Result<Vec<Message>> {
    #[derive(Deserialize)]
    struct Rows {
        message: Vec<Message>,
    }
    let rows: Rows =
        toml::from_str(ROWS.text()).map_err(|why| Error::usage(format!("toolchains/explain.toml: {why}")))?;
    Ok(rows.message)
}

/// The lines of a log, one at a time: invalid UTF-8 is replaced, long lines are cut.
pub fn lines(mut log: impl BufRead) -> impl Iterator<Item = io::Result<String>> {
    std::iter::from_fn(move || next_line(&mut log).transpose())
}

fn next_line(log: &mut impl BufRead) -> io::Result<Option<String>> {
    let mut line = Vec::new();
    if log.by_ref().take(LINE_LIMIT).read_until(b'\n', &mut line)? == 0 {
        return Ok(None);
    }
    if line.last() != Some(&b'\n') {
        log.skip_until(b'\n')?;
    }
    // A single line, without its end.
    Ok(String::from_utf8_lossy(&line).lines().next().map(str::to_owned))
}

/// Explains each known line, and lists unknown ones about plugins; repeated messages about the same subject are
/// dropped.
///
/// # Errors
/// As [`messages`], or a line could not be read.
pub fn explain<L: AsRef<str>>(log: impl IntoIterator<Item = Result<L>>) -> Result<Vec<Explanation>> {
    let messages = messages()?;
    let mut found = Vec::new();
    let mut combiner = Combiner::default();
    for (number, line) in log.into_iter().enumerate() {
        let line = line?;
        let line = plain(line.as_ref());
        for message in combiner.take(number + 1, &line) {
            add(&mut found, message, &messages);
        }
    }
    for message in combiner.end() {
        add(&mut found, message, &messages);
    }
    found.sort_by_key(|explanation| explanation.line);
    Ok(found)
}

fn add(found: &mut Vec<Explanation>, logged: LogMessage, messages: &[Message]) {
    let fitting = messages.iter().find_map(|m| Some((m, fit(&m.pattern, &logged.text)?)));
    let explanation = match fitting {
        Some((message, holes)) => Explanation {
            id: message.id.clone(),
            cause: fill(&message.cause, &holes),
            help: fill(&message.help, &holes),
            own_code: message.own_code,
            source: message.source.clone(),
            line: logged.line,
            text: logged.shown,
        },
        None if is_trouble(&logged.text) => Explanation {
            id: UNKNOWN.to_owned(),
            cause: "an error about plugins that plugbuild does not know".to_owned(),
            help: "look for its words in the plugin's own source: a plugin may write to the gateway's log".to_owned(),
            own_code: false,
            source: Vec::new(),
            line: logged.line,
            text: logged.shown,
        },
        None => return,
    };
    // The same unknown message repeats with other times and numbers.
    let key = |of: &Explanation| match of.id.as_str() {
        UNKNOWN => of.text.replace(|c: char| c.is_ascii_digit(), ""),
        _ => of.cause.clone(),
    };
    let known = found
        .iter()
        .any(|old| old.id == explanation.id && key(old) == key(&explanation));
    if !known {
        found.push(explanation);
    }
}

/// Whether a line is an error about plugins.
fn is_trouble(line: &str) -> bool {
    if line.contains("plugin.Open(") {
        return true;
    }
    // `[KO] 2 tested plugin(s) in …` only summarizes the lines above it.
    if line.contains("[KO] ") {
        return !line.contains(" tested plugin(s) in ");
    }
    let upper = line.to_uppercase();
    let level = ["ERROR", "CRITICAL", "FATAL", "ERRO[", "LEVEL=ERR"];
    let about = upper.contains("PLUGIN") || upper.contains(".SO");
    // Loader lines are headers of the lines that follow.
    about && level.iter().any(|word| upper.contains(word)) && !line.contains("plugin loader found ")
}

/// The line without terminal colors and without the escaped quotes of a JSON log.
fn plain(line: &str) -> Cow<'_, str> {
    if !line.contains(['\u{1b}', '\\']) {
        return Cow::Borrowed(line);
    }
    let mut text = String::with_capacity(line.len());
    let mut chars = line.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            // A color: ESC [ numbers m.
            '\u{1b}' => _ = chars.by_ref().find(char::is_ascii_alphabetic),
            '\\' if chars.peek() == Some(&'"') => {}
            c => text.push(c),
        }
    }
    Cow::Owned(text)
}

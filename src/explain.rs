//! What a gateway's log says about a plugin, in other words: cause and cure, line by line.
//!
//! The messages are data (toolchains/explain.toml). Their patterns are plain text with holes, which is all that
//! messages made by printf need.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::io::{self, BufRead, Read};

use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};

const ROWS: &str = include_str!("../toolchains/explain.toml");

/// What is read of a line. No message is longer, but what somebody takes for a log may have no line ends.
const LINE_LIMIT: u64 = 1 << 20;

/// A message that is known.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Message {
    pub id: String,
    #[serde(rename = "match")]
    pub pattern: String,
    pub cause: String,
    pub cure: String,
    pub source: Vec<String>,
}

/// A line of a log that was understood.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Explanation {
    /// Its number in the text, from 1.
    pub line: usize,
    pub text: String,
    pub id: String,
    pub cause: String,
    pub cure: String,
    pub source: Vec<String>,
}

/// The known messages, special ones first.
///
/// # Errors
/// If toolchains/explain.toml is broken, which a test prevents.
pub fn messages() -> Result<Vec<Message>> {
    #[derive(Deserialize)]
    struct Rows {
        message: Vec<Message>,
    }
    let rows: Rows = toml::from_str(ROWS).map_err(|why| Error::usage(format!("toolchains/explain.toml: {why}")))?;
    Ok(rows.message)
}

/// The lines of a log, one in memory at a time: what is no text in them is replaced, and long ones are cut.
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
    // It is one line, without its end.
    Ok(String::from_utf8_lossy(&line).lines().next().map(str::to_owned))
}

/// Explains each line that is understood; one message told of the same thing again is left out.
///
/// # Errors
/// As [`messages`], and that of a line that could not be read.
pub fn explain<L: AsRef<str>>(log: impl IntoIterator<Item = Result<L>>) -> Result<Vec<Explanation>> {
    let messages = messages()?;
    let mut found: Vec<Explanation> = Vec::new();
    for (number, line) in log.into_iter().enumerate() {
        let line = line?;
        let line = plain(line.as_ref());
        let fitting = messages.iter().find_map(|m| Some((m, fit(&m.pattern, &line)?)));
        let Some((message, holes)) = fitting else { continue };
        let explanation = Explanation {
            line: number + 1,
            text: line.trim().to_owned(),
            id: message.id.clone(),
            cause: fill(&message.cause, &holes),
            cure: fill(&message.cure, &holes),
            source: message.source.clone(),
        };
        let told = found
            .iter()
            .any(|old| (&old.id, &old.cause) == (&explanation.id, &explanation.cause));
        if !told {
            found.push(explanation);
        }
    }
    Ok(found)
}

/// The line without the colours that a terminal log has, and without escaped quotes that a JSON log has.
fn plain(line: &str) -> Cow<'_, str> {
    if !line.contains(['\u{1b}', '\\']) {
        return Cow::Borrowed(line);
    }
    let mut text = String::with_capacity(line.len());
    let mut chars = line.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            // A colour: ESC [ numbers m.
            '\u{1b}' => _ = chars.by_ref().find(char::is_ascii_alphabetic),
            '\\' if chars.peek() == Some(&'"') => {}
            c => text.push(c),
        }
    }
    Cow::Owned(text)
}

/// What stands in the holes of a pattern, if the line has it anywhere.
fn fit<'l>(pattern: &str, line: &'l str) -> Option<BTreeMap<String, &'l str>> {
    let parts = parts(pattern);
    let mut holes = BTreeMap::new();
    // A hole in front takes the word before what follows it.
    let (mut rest, start) = match parts.first()? {
        Part::Text(text) => (&line[line.find(text.as_str())? + text.len()..], 1),
        Part::Hole { .. } => (line, 0),
    };
    let mut parts = parts[start..].iter().peekable();
    while let Some(part) = parts.next() {
        match part {
            Part::Text(text) => rest = rest.strip_prefix(text.as_str())?,
            Part::Hole { name, kind } => {
                let end = match parts.peek() {
                    Some(Part::Text(text)) => rest.find(text.as_str())?,
                    _ => word_end(rest),
                };
                let (value, after) = rest.split_at(end);
                // What leads a line (time, level) is not a part of the name.
                let first = holes.is_empty() && start == 0 && rest.len() == line.len();
                let value = if first { last_word(value) } else { value };
                if !kind.allows(value) {
                    return None;
                }
                if !name.is_empty() {
                    holes.insert(name.clone(), value);
                }
                rest = after;
            }
        }
    }
    Some(holes)
}

/// Where a name at the end of a message ends: at a blank or closing mark.
fn word_end(text: &str) -> usize {
    text.find(|c: char| c.is_whitespace() || matches!(c, ')' | ']' | '"' | '`' | '\'' | ','))
        .unwrap_or(text.len())
}

fn last_word(text: &str) -> &str {
    text.rsplit(|c: char| c.is_whitespace() || c == '"')
        .next()
        .unwrap_or(text)
}

enum Part {
    Text(String),
    Hole { name: String, kind: Kind },
}

/// What may stand in a hole.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Any,
    /// A package of the standard library.
    Std,
    /// A name that glibc's headers make of a plain one: `__fprintf_chk`.
    Fortify,
    /// The rest of a musl library's name.
    Musl,
    /// A name with its folder, as Go hands a plugin's to the loader; libraries that a plugin needs have none.
    Path,
}

impl Kind {
    fn allows(self, text: &str) -> bool {
        match self {
            Kind::Any => true,
            Kind::Std => !text.is_empty() && !text.split('/').next().unwrap_or_default().contains('.'),
            Kind::Fortify => text.starts_with("__") && (text.ends_with("_chk") || text.starts_with("__isoc")),
            Kind::Musl => text.starts_with("musl-"),
            Kind::Path => text.contains('/'),
        }
    }
}

/// A pattern cut at its holes: `{name}`, `{name:kind}`, `{}`.
fn parts(pattern: &str) -> Vec<Part> {
    let mut parts = Vec::new();
    let mut rest = pattern;
    while let Some((text, after)) = rest.split_once('{') {
        let Some((hole, after)) = after.split_once('}') else {
            break;
        };
        if !text.is_empty() {
            parts.push(Part::Text(text.to_owned()));
        }
        let (name, kind) = hole.split_once(':').unwrap_or((hole, ""));
        let kind = match kind {
            "std" => Kind::Std,
            "fortify" => Kind::Fortify,
            "musl" => Kind::Musl,
            "path" => Kind::Path,
            _ => Kind::Any,
        };
        parts.push(Part::Hole {
            name: name.to_owned(),
            kind,
        });
        rest = after;
    }
    if !rest.is_empty() {
        parts.push(Part::Text(rest.to_owned()));
    }
    parts
}

fn fill(text: &str, holes: &BTreeMap<String, &str>) -> String {
    holes.iter().fold(text.to_owned(), |text, (name, value)| {
        text.replace(&format!("{{{name}}}"), value)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(log: &str) -> Vec<Explanation> {
        explain(log.lines().map(Ok)).unwrap()
    }

    fn ids(log: &str) -> Vec<String> {
        told(log).into_iter().map(|e| e.id).collect()
    }

    #[test]
    fn every_message_says_all_and_is_reached() {
        for message in messages().unwrap() {
            for text in [&message.cause, &message.cure] {
                assert!(!text.is_empty() && !text.ends_with('.'), "{}", message.id);
            }
            assert!(!message.source.is_empty(), "{}", message.id);
            // A line made from the pattern itself is explained by it, not by one above it.
            let sample = message
                .pattern
                .replace("{}", " ")
                .replace("{package:std}", "internal/cpu");
            let sample = sample
                .replace("{symbol:fortify}", "__fprintf_chk")
                .replace("{libc:musl}", "musl-x86_64.so.1")
                .replace("{file:path}", "/p/a.so");
            let sample = sample.replace("{package}", "github.com/a/b");
            let sample = sample.replace(['{', '}'], "");
            assert_eq!(
                ids(&format!("2022/01/01 DEBUG: {sample} and more")),
                [message.id.as_str()],
                "{sample}"
            );
        }
    }

    #[test]
    fn logs_as_people_pasted_them_are_understood() {
        let log = "\
            Parsing configuration file: krakend.json\n\
            2022/04/12 12:18:59 KRAKEND DEBUG: [SERVICE: Executor Plugin] plugin #1 (/etc/krakend/plugins/modifierPlugin.so): plugin.Open(\"/etc/krakend/plugins/modifierPlugin\"): plugin was built with a different version of package github.com/luraproject/lura/v2/register\n\
            [00] 2021/03/21 17:11:55  WARNING: opening plugin 0 (plugin/clientPlugin.so): plugin.Open(\"plugin/clientPlugin.so\"): plugin was built with a different version of package internal/cpu (previous failure)]\n\
            opening plugin 0: plugin.Open(\"plugin/clientPlugin\"): plugin was built with a different version of package internal/cpu]\n\
            plugin #0 (plugins/grpc-gateway.so): plugin.Open(\"plugins/grpc-gateway.so\"): Error relocating /etc/krakend/plugins/grpc-gateway.so: unsupported relocation type 7\n\
            \u{1b}[31mError relocating /a.so: __vfprintf_chk: symbol not found\u{1b}[0m\n\
            /lib/x86_64-linux-gnu/libc.so.6: version `GLIBC_2.34' not found (required by /a.so)\n\
            {\"level\":\"debug\",\"msg\":\"plugin: symbol ClientRegisterer not found in plugin plugin/unnamed-00ec48\"}\n\
            fatal error: runtime: no plugin module data\n\
            plugin #3 (x.so): http-server-handler plugin loader: unknown type\n";
        let told = told(log);
        let ids: Vec<_> = told.iter().map(|e| (e.line, e.id.as_str())).collect();
        let want = [
            (2, "different-version"),
            (3, "previous-failure"),
            (4, "different-version-std"),
            (5, "musl-relocation"),
            (6, "fortify-symbol"),
            (7, "glibc-not-found"),
            (8, "symbol-not-found-in-plugin"),
            (9, "no-plugin-module-data"),
            (10, "unknown-type"),
        ];
        assert_eq!(ids, want);
        assert!(
            told[0]
                .cause
                .contains("links github.com/luraproject/lura/v2/register too"),
            "{}",
            told[0].cause
        );
        assert!(told[2].cause.starts_with("internal/cpu is"), "{}", told[2].cause);
        assert!(told[6].cause.contains("no ClientRegisterer:"), "{}", told[6].cause);
    }

    /// The words that docs/errors.md quotes, each said of a plugin.
    #[test]
    fn what_the_documents_quote_is_explained() {
        let page = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/errors.md")).unwrap();
        let (_, table) = page.split_once("| the gateway's words |").unwrap();
        let cells = table.lines().skip(2).filter_map(|row| row.split('|').nth(1));
        let quoted: Vec<&str> = cells.flat_map(|cell| cell.split('`').skip(1).step_by(2)).collect();
        assert!(quoted.len() > 8, "{quoted:?}");
        for words in quoted {
            let said = words.replace('…', "foo");
            for line in [
                format!("plugin.Open(\"/p/a.so\"): /p/a.so: {said}"),
                format!("/p/a.so: {said}"),
            ] {
                assert_eq!(told(&line).len(), 1, "{line}");
            }
        }
    }

    #[test]
    fn a_plugin_that_is_not_loaded_is_told_from_a_library_that_is_not_there() {
        let id = |file: &str| {
            let said = "cannot open shared object file: No such file or directory";
            ids(&format!("plugin.Open(\"/p/a.so\"): {file}: {said}"))
        };
        assert_eq!(id("/p/a.so"), ["other-machine-glibc"]);
        assert_eq!(id("libfoo.so.1"), ["missing-library"]);
        assert_eq!(id("libc.musl-x86_64.so.1"), ["missing-libc-musl"]);
    }

    #[test]
    fn other_lines_are_left_alone() {
        assert_eq!(ids("INFO: Listening on port: 8080\n\nplugin loaded\n\u{1b}"), [""; 0]);
        let twice = "fatal error: runtime: no plugin module data\n".repeat(3);
        assert_eq!(ids(&twice), ["no-plugin-module-data"]);
    }

    #[test]
    fn lines_are_read_as_they_are_and_long_ones_cut() {
        let read = |log: &[u8]| lines(log).collect::<io::Result<Vec<_>>>().unwrap();
        for log in ["", "\n", "a", "a\n", "a\r\n\r\nb", "\n\na\rb\n", "a\r", "\u{1b}[31mä\n"] {
            assert_eq!(read(log.as_bytes()), log.lines().collect::<Vec<_>>(), "{log:?}");
        }
        assert_eq!(read(b"a\xff\xc3\nb\0\xe2\x82"), ["a\u{fffd}\u{fffd}", "b\0\u{fffd}"]);
        let limit = usize::try_from(LINE_LIMIT).unwrap();
        for length in [limit - 1, limit, limit + 1, 3 * limit] {
            let log = format!("{}\nfatal error: runtime: no plugin module data", "x".repeat(length));
            let read = read(log.as_bytes());
            assert_eq!((read.len(), read[0].len()), (2, length.min(limit)));
            assert_eq!(explain(read.iter().map(Ok)).unwrap()[0].line, 2);
        }
    }
}

//! Message patterns: plain text with holes, and the text that fills them in a line.

use std::collections::BTreeMap;

/// The text in the holes of a pattern, if the line contains it.
pub(crate) fn fit<'l>(pattern: &str, line: &'l str) -> Option<BTreeMap<String, &'l str>> {
    let parts = parts(pattern);
    let mut holes = BTreeMap::new();
    // A leading hole takes the word before the text.
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
                let end = if kind.takes_all() { rest.len() } else { end };
                let (value, after) = rest.split_at(end);
                let value = if kind.takes_all() { ended(value) } else { value };
                // The prefix of a line (time, level) is not part of the name.
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

/// A message without the end of a JSON log line.
fn ended(text: &str) -> &str {
    let text = text.trim();
    text.strip_suffix("\"}").unwrap_or(text)
}

/// The end of a name at the end of a message: a blank or closing mark.
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
    Hole { name: String, kind: HoleKind },
}

/// What a hole matches.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum HoleKind {
    Any,
    /// The main package of a program, or of a plugin whose module has that name.
    Main,
    /// A package of the standard library.
    Std,
    /// A fortified name from glibc's headers: `__fprintf_chk`.
    Fortify,
    /// The rest of a musl library's name.
    Musl,
    /// The rest of the line.
    Rest,
    /// The rest of the line, unless it comes from Go's loader or the gateway: so it comes from the plugin's code.
    Own,
    /// A name with a directory, as Go passes a plugin's to the loader; needed libraries have none.
    Path,
}

impl HoleKind {
    fn allows(self, text: &str) -> bool {
        match self {
            HoleKind::Any => true,
            HoleKind::Main => text == "main",
            HoleKind::Std => !text.is_empty() && !text.split('/').next().unwrap_or_default().contains('.'),
            HoleKind::Fortify => text.starts_with("__") && (text.ends_with("_chk") || text.starts_with("__isoc")),
            HoleKind::Musl => text.starts_with("musl-"),
            HoleKind::Path => text.contains('/'),
            HoleKind::Rest => !text.is_empty(),
            HoleKind::Own => {
                let loaders = ["plugin.Open(", "plugin: ", "plugin loader found "];
                !text.is_empty()
                    && !loaders.iter().any(|words| text.starts_with(words))
                    && !text.ends_with("plugin loader: unknown type")
            }
        }
    }

    fn takes_all(self) -> bool {
        matches!(self, HoleKind::Rest | HoleKind::Own)
    }
}

/// Splits a pattern at its holes: `{name}`, `{name:kind}`, `{}`.
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
            "main" => HoleKind::Main,
            "std" => HoleKind::Std,
            "fortify" => HoleKind::Fortify,
            "musl" => HoleKind::Musl,
            "path" => HoleKind::Path,
            "rest" => HoleKind::Rest,
            "own" => HoleKind::Own,
            _ => HoleKind::Any,
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

pub(crate) fn fill(text: &str, holes: &BTreeMap<String, &str>) -> String {
    holes.iter().fold(text.to_owned(), |text, (name, value)| {
        text.replace(&format!("{{{name}}}"), value)
    })
}

//! Text from files and other programs, made safe for a terminal and a CI log. Pure.

use std::borrow::Cow;

/// Escapes control characters other than tabs and line ends, and the beginning of a line that GitHub's runner would
/// take for a command (`::set-output …`, `##[…]`).
pub fn printable(text: &str) -> Cow<'_, str> {
    escaped(text, |c, next| {
        acts(c) && !matches!((c, next), ('\n' | '\t', _) | ('\r', Some('\n')))
    })
}

/// The same for a single line, such as a path: line ends are escaped too.
pub fn printable_line(text: &str) -> Cow<'_, str> {
    escaped(text, |c, _| acts(c))
}

/// The same for a JSON document, whose strings may contain all but the first 32 characters unescaped.
pub fn printable_json(text: &str) -> Cow<'_, str> {
    if !text.contains(|c| acts(c) && c != '\n') {
        return Cow::Borrowed(text);
    }
    let escaped = |c: char| match acts(c) && c != '\n' {
        true => format!("\\u{:04x}", u32::from(c)),
        false => c.to_string(),
    };
    Cow::Owned(text.chars().map(escaped).collect())
}

/// Whether a terminal acts on a character instead of showing it, including marks that change the text direction.
pub(crate) fn acts(c: char) -> bool {
    c.is_control() || matches!(c, '\u{2028}' | '\u{2029}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

fn escaped(text: &str, is_escaped: impl Fn(char, Option<char>) -> bool) -> Cow<'_, str> {
    let mut out = String::new();
    let mut copied = 0;
    // Whether the line has only had blanks so far.
    let mut begins = true;
    for (at, c) in text.char_indices() {
        let rest = &text[at + c.len_utf8()..];
        let command = match c {
            ':' => {
                begins
                    && rest
                        .strip_prefix(':')
                        .is_some_and(|word| word.starts_with(|c: char| c.is_ascii_alphabetic()))
            }
            '#' => rest.starts_with("#["),
            _ => false,
        };
        begins = matches!(c, '\n' | '\r') || begins && c.is_whitespace();
        if command || is_escaped(c, rest.chars().next()) {
            out.push_str(&text[copied..at]);
            match command {
                true => out.extend(c.escape_unicode()),
                false => out.extend(c.escape_default()),
            }
            copied = at + c.len_utf8();
        }
    }
    if copied == 0 {
        return Cow::Borrowed(text);
    }
    out.push_str(&text[copied..]);
    Cow::Owned(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn control_characters_are_written_out() {
        assert_eq!(
            printable("a\u{1b}[2Jb\rc\u{7}\u{9b}\u{202e}\r\n\td"),
            "a\\u{1b}[2Jb\\rc\\u{7}\\u{9b}\\u{202e}\r\n\td"
        );
        assert_eq!(printable("plain é\n"), "plain é\n");
        assert_eq!(printable_line("a\nb\r\n\tc é"), "a\\nb\\r\\n\\tc é");
    }

    #[test]
    fn json_stays_valid() {
        let text = serde_json::json!({ "a": "\u{1b}\u{9b}\u{202e}\u{7f}\n::é" });
        let shown = printable_json(&text.to_string()).into_owned();
        assert!(!shown.contains(acts), "{shown}");
        assert_eq!(serde_json::from_str::<serde_json::Value>(&shown).unwrap(), text);
    }

    #[test]
    fn ci_commands_are_escaped() {
        for (text, want) in [
            ("::set-output name=x::y", "\\u{3a}:set-output name=x::y"),
            ("a\n  ::add-mask::y", "a\n  \\u{3a}:add-mask::y"),
            ("a ##[error]x", "a \\u{23}#[error]x"),
        ] {
            assert_eq!(printable(text), want);
        }
        for text in ["::1 listens", "a ::set-output b", "net::Error", "## title"] {
            assert_eq!(printable(text), text);
        }
    }
}

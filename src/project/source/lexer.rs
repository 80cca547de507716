//! Go source as tokens: enough to find declarations and constants, without comments.

/// A token and its line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Token {
    pub(crate) line: usize,
    pub(crate) word: TokenKind,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum TokenKind {
    /// An identifier or a keyword.
    Name(String),
    /// A string's value.
    Text(String),
    /// A number or a character, which is never used.
    Other,
    /// Anything else, one character at a time.
    Sign(char),
}

impl Token {
    pub(crate) fn is(&self, sign: char) -> bool {
        self.word == TokenKind::Sign(sign)
    }

    pub(crate) fn name(&self) -> Option<&str> {
        match &self.word {
            TokenKind::Name(name) => Some(name),
            _ => None,
        }
    }

    /// Whether Go ends a statement at a line break after this token.
    pub(crate) fn ends_line(&self) -> bool {
        match &self.word {
            TokenKind::Sign(sign) => matches!(sign, ')' | ']' | '}'),
            _ => true,
        }
    }
}

/// Splits a source text. Text that is not Go yields useless tokens, not an error.
pub(crate) fn tokens(text: &str) -> Vec<Token> {
    let mut reader = Reader {
        rest: text,
        line: 1,
        found: Vec::new(),
    };
    while reader.step() {}
    reader.found
}

struct Reader<'a> {
    rest: &'a str,
    line: usize,
    found: Vec<Token>,
}

impl<'a> Reader<'a> {
    fn step(&mut self) -> bool {
        let Some(first) = self.rest.chars().next() else {
            return false;
        };
        let line = self.line;
        let word = match first {
            c if c.is_whitespace() => {
                self.take(c.len_utf8());
                return true;
            }
            '/' if self.rest.starts_with("//") => {
                let end = self.rest.find('\n').unwrap_or(self.rest.len());
                self.take(end);
                return true;
            }
            '/' if self.rest.starts_with("/*") => {
                // After the opening: `/*/` only opens.
                let end = self.rest[2..].find("*/").map_or(self.rest.len(), |end| end + 4);
                self.take(end);
                return true;
            }
            '`' => {
                let end = self.rest[1..].find('`').map_or(self.rest.len(), |end| end + 2);
                let whole = self.take(end);
                TokenKind::Text(whole.trim_matches('`').replace('\r', ""))
            }
            '"' => {
                let whole = self.quoted('"');
                TokenKind::Text(unescaped(whole.trim_matches('"')))
            }
            '\'' => {
                self.quoted('\'');
                TokenKind::Other
            }
            c if c.is_alphabetic() || c == '_' => {
                TokenKind::Name(self.take_while(|c| c.is_alphanumeric() || c == '_').to_owned())
            }
            c if c.is_ascii_digit() => {
                self.take_while(|c| c.is_alphanumeric() || c == '_' || c == '.');
                TokenKind::Other
            }
            c => {
                self.take(c.len_utf8());
                TokenKind::Sign(c)
            }
        };
        self.found.push(Token { line, word });
        true
    }

    fn take_while(&mut self, is_part: impl Fn(char) -> bool) -> &'a str {
        let end = self.rest.find(|c| !is_part(c)).unwrap_or(self.rest.len());
        self.take(end)
    }

    /// Up to the closing quote, or the end of the line if there is none.
    fn quoted(&mut self, quote: char) -> &'a str {
        let mut escaped = false;
        let end = self.rest.char_indices().skip(1).find_map(|(at, c)| {
            let ends = !escaped && c == quote || c == '\n';
            escaped = !escaped && c == '\\';
            ends.then_some(at + 1)
        });
        self.take(end.unwrap_or(self.rest.len()))
    }

    fn take(&mut self, bytes: usize) -> &'a str {
        let (taken, rest) = self.rest.split_at(bytes);
        self.line += taken.matches('\n').count();
        self.rest = rest;
        taken
    }
}

/// The escapes that occur in names.
fn unescaped(text: &str) -> String {
    text.replace("\\\"", "\"").replace("\\\\", "\\")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_and_strings_are_skipped() {
        let text = "package main // var X\n/*/ var\nY */ var Z = \"a\\\"b\" + `c\nd` + 'x'\nvar W = \"open\n";
        let found: Vec<(usize, String)> = tokens(text)
            .into_iter()
            .map(|token| {
                let word = match token.word {
                    TokenKind::Name(name) => name,
                    TokenKind::Text(text) => format!("<{text}>"),
                    TokenKind::Other => "?".to_owned(),
                    TokenKind::Sign(sign) => sign.to_string(),
                };
                (token.line, word)
            })
            .collect();
        let words: Vec<&str> = found.iter().map(|(_, word)| word.as_str()).collect();
        assert_eq!(
            words,
            [
                "package", "main", "var", "Z", "=", "<a\"b>", "+", "<c\nd>", "+", "?", "var", "W", "=", "<open\n>"
            ]
        );
        assert_eq!(found[2].0, 3);
        assert_eq!(found[9].0, 4);
    }
}

//! The lines of a go.mod or go.work as words: enough to find a name, a version or a directory without Go.
//!
//! Anything that decides versions is left to the go command.

/// A directive: `require`, `replace`, `go`, `use`, … and the words after it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Directive {
    pub verb: String,
    pub words: Vec<String>,
}

/// A line of a go.mod or go.work and the directive it belongs to. `words` is `(` where a block opens and `)` where it
/// closes; a line without a directive has no verb.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line<'a> {
    pub text: &'a str,
    pub verb: Option<String>,
    pub words: Vec<String>,
}

impl Line<'_> {
    fn is_bracket(&self) -> bool {
        match self.words.as_slice() {
            [one] => one == "(" || one == ")",
            // An empty block on one line.
            [open, close] => open == "(" && close == ")",
            _ => false,
        }
    }
}

/// Parses go.mod's grammar line by line: single directives, blocks in parentheses, `//` comments, quoted words.
pub fn lines(text: &str) -> impl Iterator<Item = Line<'_>> {
    let mut block: Option<String> = None;
    text.lines().map(move |line| {
        let mut words = words(line);
        let verb = match (&block, words.as_slice()) {
            (_, []) => None,
            (Some(_), [close]) if close == ")" => block.take(),
            (Some(verb), _) => Some(verb.clone()),
            (None, [verb, open]) if open == "(" => {
                block = Some(verb.clone());
                Some(words.remove(0))
            }
            (None, _) => Some(words.remove(0)),
        };
        Line {
            text: line,
            verb,
            words,
        }
    })
}

/// The directives alone.
pub fn parse(text: &str) -> Vec<Directive> {
    lines(text)
        .filter(|line| !line.is_bracket())
        .filter_map(|line| {
            Some(Directive {
                verb: line.verb?,
                words: line.words,
            })
        })
        .collect()
}

fn words(line: &str) -> Vec<String> {
    let mut rest = line.trim();
    let mut words = Vec::new();
    while !rest.is_empty() && !rest.starts_with("//") {
        let quoted = rest.chars().next().filter(|c| *c == '"' || *c == '`');
        let (word, after) = match quoted.and_then(|q| rest[1..].split_once(q)) {
            Some(split) => split,
            None => rest.split_at(end_of_word(rest)),
        };
        words.push(word.to_owned());
        rest = after.trim_start();
    }
    words
}

/// A word ends at a blank, a comment or a bracket; a bracket is a word itself.
fn end_of_word(text: &str) -> usize {
    let bracket = |c: char| "()[]{},".contains(c);
    let ends = |(at, c): (usize, char)| c.is_whitespace() || bracket(c) || text[at..].starts_with("//");
    match text.chars().next() {
        Some(c) if bracket(c) => c.len_utf8(),
        _ => text.char_indices().find(|c| ends(*c)).map_or(text.len(), |(at, _)| at),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_have_their_directive() {
        let found: Vec<String> = lines("tool (\n\tx.org/y\n)\n\ngo 1.24 // why\n")
            .map(|line| format!("{}:{}", line.verb.unwrap_or_default(), line.words.join("|")))
            .collect();
        assert_eq!(found, ["tool:(", "tool:x.org/y", "tool:)", ":", "go:1.24"]);
    }

    #[test]
    fn lines_blocks_comments_and_quotes() {
        let text = "// top\nmodule \"example.com/a b\" // why\n\ngo 1.17\nrequire (\n\tx.org/y v1.2.3 // indirect\n\t// none\n)\nreplace x.org/y => ../y\nuse ()\nuse(\n./a// tight\n)\n";
        let found: Vec<String> = parse(text)
            .iter()
            .map(|d| format!("{}: {}", d.verb, d.words.join("|")))
            .collect();
        assert_eq!(
            found,
            [
                "module: example.com/a b",
                "go: 1.17",
                "require: x.org/y|v1.2.3",
                "replace: x.org/y|=>|../y",
                "use: ./a"
            ]
        );
    }
}

//! GitHub's workflow commands: GitHub shows an `::error` line beside the file and line that it names. Pure.

use std::path::Path;

/// `::error file=…,line=…,col=…,title=…::text`, with the position that the text begins with, if it does; paths in it
/// are relative to `dir`.
pub fn error(title: &str, text: &str, dir: &Path) -> String {
    let position = position(text).map_or_else(String::new, |position| {
        let file = property(&dir.join(position.file).display().to_string());
        let column = position
            .column
            .map_or_else(String::new, |column| format!(",col={column}"));
        format!("file={file},line={}{column},", position.line)
    });
    command("error", &position, title, text)
}

/// The annotation for a diagnostic of the Go compiler; `None` for its other output.
pub fn for_compiler_line(line: &str, dir: &Path) -> Option<String> {
    let position = position(line)?;
    let is_source = [".go", ".mod", ".sum", ".work", ".c", ".h", ".s"]
        .iter()
        .any(|ending| position.file.ends_with(ending));
    is_source.then(|| error("go build", line, dir))
}

/// A command without a position.
pub fn plain(level: &str, title: &str, text: &str) -> String {
    command(level, "", title, text)
}

fn command(level: &str, position: &str, title: &str, text: &str) -> String {
    format!("::{level} {position}title={}::{}", property(title), data(text))
}

/// The position a message is about.
#[derive(Debug, PartialEq, Eq)]
struct Position<'a> {
    file: &'a str,
    line: usize,
    column: Option<usize>,
}

/// `plugin.go:12:5: …`, `go.mod:3: …`, `…/plugbuild.toml: TOML parse error at line 2, column 11`.
fn position(text: &str) -> Option<Position<'_>> {
    let first = text.lines().next()?;
    if let Some((file, at)) = first.split_once(": TOML parse error at line ") {
        let (line, column) = at.split_once(", column ").unwrap_or((at, ""));
        return Some(Position {
            file,
            line: line.parse().ok()?,
            column: column.parse().ok(),
        });
    }
    let (file, rest) = first.split_once(':')?;
    let plain = !file.is_empty() && !file.contains(char::is_whitespace) && file.contains('.');
    let (line, rest) = rest.split_once(':')?;
    let column = rest.split_once(':').and_then(|(column, _)| column.parse().ok());
    let line = line.parse().ok()?;
    plain.then_some(Position { file, line, column })
}

/// Escapes the text of a command.
fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

/// Escapes a property of a command, including the separators between properties.
fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn error_annotation_has_its_position() {
        let of = |text: &str| error("plugbuild", text, Path::new("/w/p"));
        for (text, begins) in [
            (
                "./plugin.go:12:5: undefined: x",
                "::error file=/w/p/./plugin.go,line=12,col=5,title=plugbuild::./plugin",
            ),
            (
                "go.mod:3: unknown directive",
                "::error file=/w/p/go.mod,line=3,title=plugbuild::go.mod",
            ),
            (
                "/w/plugbuild.toml: TOML parse error at line 2, column 11\n  |",
                "::error file=/w/plugbuild.toml,line=2,col=11,title=plugbuild::/w/plugbuild.toml: TOML parse error at line 2, column 11%0A",
            ),
            (
                "no release 9.9 of KrakenD is known",
                "::error title=plugbuild::no release",
            ),
            ("cannot fetch https://x:80/: 1:2", "::error title=plugbuild::cannot"),
        ] {
            assert!(of(text).starts_with(begins), "{}", of(text));
        }
    }

    #[test]
    fn only_diagnostics_are_annotated() {
        let of = |line: &str| for_compiler_line(line, Path::new("/w"));
        assert!(of("a/x.go:1:2: bad").is_some());
        for line in [
            "# example.com/handler",
            "\tx.go:1:2: in detail",
            "go: downloading x v1",
            "a.b:1:2: c",
        ] {
            assert_eq!(of(line), None, "{line}");
        }
    }
}

//! Messages on standard error, in cargo's style: a verb, then its object. Results go to standard output elsewhere.

use std::fmt::Display;
use std::io::{IsTerminal, Write};
use std::path::Path;

use anstyle::{AnsiColor, Effects, Style};
use clap::ValueEnum;

use crate::util::annotation;
use crate::util::error::Error;
use crate::util::host::Host;
use crate::util::printable::{printable, printable_line};

const GOOD: Style = AnsiColor::Green.on_default().effects(Effects::BOLD);
const NOTE: Style = AnsiColor::Cyan.on_default().effects(Effects::BOLD);
const WARN: Style = AnsiColor::Yellow.on_default().effects(Effects::BOLD);
const BAD: Style = AnsiColor::Red.on_default().effects(Effects::BOLD);

/// `1 module`, `23 modules`, `2 entries`, `2 gateways`.
pub fn counted(count: usize, what: &str) -> String {
    match (count, what.strip_suffix('y')) {
        (1, _) => format!("1 {what}"),
        (_, Some(stem)) if !stem.ends_with(['a', 'e', 'o', 'u']) => format!("{count} {stem}ies"),
        _ => format!("{count} {what}s"),
    }
}

/// Wraps a text to the width of a terminal, after a label: breaks between words only, and indents to the end of the
/// label. A long word, such as a path, stays whole.
pub fn wrapped(text: &str, label: usize, width: usize) -> String {
    let indent = if label * 2 < width { label } else { 0 };
    let mut lines = Vec::new();
    for (at, line) in text.split('\n').enumerate() {
        let mut column = if at == 0 { label } else { 0 };
        let mut out = String::new();
        for (nth, word) in line.split(' ').enumerate() {
            let length = word.chars().count();
            if nth > 0 && column + 1 + length > width && column > indent {
                out.push('\n');
                out.push_str(&" ".repeat(indent));
                column = indent;
            } else if nth > 0 {
                out.push(' ');
                column += 1;
            }
            out.push_str(word);
            column += length;
        }
        lines.push(out);
    }
    lines.join("\n")
}

/// Says that the run waits for a named pipe, which might take forever; printed even with `--quiet`.
pub fn waits_for(pipe: &Path) {
    let pipe = pipe.display().to_string();
    let what = "     waiting for a program that writes to the named pipe";
    let _ = writeln!(std::io::stderr().lock(), "{what} {}", printable_line(&pipe));
}

/// ` and 3 more` after a shortened list; empty if nothing was left out.
pub fn and_more(count: usize) -> String {
    match count {
        0 => String::new(),
        _ => format!(" and {count} more"),
    }
}

/// How much to print on standard error.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Volume {
    /// Warnings and errors only.
    Quiet,
    Normal,
    /// Also reasons and commands.
    Verbose,
}

/// How much to print, and whether in color.
#[derive(Debug, Clone, Copy)]
pub struct Ui {
    color: bool,
    verbose: bool,
    quiet: bool,
    /// Color was requested even where the output is not a terminal.
    forced: bool,
    /// Prints nothing: the message was printed before, or will be.
    muted: bool,
    /// The width of the terminal, if it is one.
    width: Option<usize>,
    /// GitHub shows `::error` lines beside the change.
    github: bool,
}

impl Ui {
    pub fn new(color: Color, volume: Volume, host: &Host, terminal: bool) -> Self {
        let dumb = host.var("TERM").is_some_and(|t| t == "dumb");
        let on = match color {
            Color::Always => true,
            Color::Never => false,
            Color::Auto if host.var("NO_COLOR").is_some() => false,
            Color::Auto => host.switch("CLICOLOR_FORCE") || terminal && !dumb,
        };
        Ui {
            forced: on && (color == Color::Always || host.switch("CLICOLOR_FORCE")),
            color: on,
            muted: false,
            verbose: volume == Volume::Verbose,
            quiet: volume == Volume::Quiet,
            width: (terminal && !dumb)
                .then(|| terminal_size::terminal_size_of(std::io::stderr()))
                .flatten()
                .map(|(columns, _)| usize::from(columns.0)),
            github: host.switch("GITHUB_ACTIONS"),
        }
    }

    /// Whether standard output, which may go to a file, is colored too.
    pub fn colors_stdout(&self) -> bool {
        self.forced || self.color && std::io::stdout().is_terminal()
    }

    /// `    finished  handler.so`
    pub fn status(&self, verb: &str, what: impl Display) {
        if !self.quiet {
            self.labelled(GOOD, &format!("{verb:>12}"), what);
        }
    }

    /// As [`Ui::status`], with `--verbose` only.
    pub fn verbose(&self, verb: &str, what: impl Display) {
        if self.verbose {
            self.labelled(NOTE, &format!("{verb:>12}"), what);
        }
    }

    pub fn warn(&self, what: impl Display) {
        self.labelled(WARN, "warning:", what);
    }

    /// What to do about the previous message.
    pub fn help(&self, what: impl Display) {
        self.labelled(NOTE, "help:", what);
    }

    /// Output of another tool: lines and tabs unchanged, other control characters escaped.
    pub fn raw(&self, text: &str) {
        self.plain_line(text);
    }

    /// A command for GitHub's runner, from [`annotation`].
    pub fn annotate(&self, command: &str) {
        let _ = writeln!(std::io::stderr().lock(), "{command}");
    }

    fn plain_line(&self, text: &str) {
        let _ = writeln!(std::io::stderr().lock(), "{}", printable(text));
    }

    /// A line of the go command, which builds in `dir`.
    pub fn go_output(&self, text: &str, dir: &Path) {
        self.raw(text);
        if self.github
            && let Some(annotation) = annotation::for_compiler_line(text, dir)
        {
            self.annotate(&annotation);
        }
    }

    /// A line of a table.
    pub fn line(&self, text: impl Display) {
        if !self.quiet {
            self.plain_line(&text.to_string());
        }
    }

    /// Whether a line of this width fits; always true outside a terminal.
    pub fn fits(&self, columns: usize) -> bool {
        self.width.is_none_or(|width| columns <= width)
    }

    /// A copy that prints nothing.
    pub fn muted(&self) -> Self {
        Ui { muted: true, ..*self }
    }

    pub fn is_quiet(&self) -> bool {
        self.quiet
    }

    /// One of several jobs failed; the run goes on, or ends with [`Ui::error`].
    pub fn failed(&self, what: &str, error: &Error) {
        self.labelled(BAD, &format!("{:>12}", "failed"), format_args!("{what}: {error}"));
        for help in &error.help {
            self.help(help);
        }
    }

    pub fn error(&self, error: &Error) {
        self.labelled(BAD, "error:", error);
        for help in &error.help {
            self.help(help);
        }
        if self.github {
            self.annotate(&annotation::error("plugbuild", &error.message, Path::new("")));
        }
    }

    fn labelled(&self, style: Style, label: &str, what: impl Display) {
        if self.muted {
            return;
        }
        let what = what.to_string();
        let what = match self.width {
            Some(width) => wrapped(&printable(&what), label.chars().count() + 1, width),
            None => printable(&what).into_owned(),
        };
        let mut to = std::io::stderr().lock();
        // If standard error is closed, there is nobody to report it to.
        let _ = if self.color {
            writeln!(to, "{style}{label}{style:#} {what}")
        } else {
            writeln!(to, "{label} {what}")
        };
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Color {
    Auto,
    Always,
    Never,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Format {
    Human,
    Json,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wrapping_breaks_between_words() {
        let text = "/a/very/long/path/that/is/longer/than/that and some words behind it\nand a second line";
        let wrapped = wrapped(text, 8, 24);
        assert_eq!(
            wrapped,
            "/a/very/long/path/that/is/longer/than/that\n        and some words\n        behind it\nand a second line"
        );
        assert_eq!(crate::util::ui::wrapped(text, 8, 400), text);
        let line = "one two three four five six seven eight nine ten";
        assert!(
            crate::util::ui::wrapped(line, 0, 12)
                .lines()
                .all(|line| line.len() <= 12)
        );
    }

    #[test]
    fn counts_have_a_plural() {
        let of = |what| [0, 1, 2].map(|count| counted(count, what));
        assert_eq!(of("module"), ["0 modules", "1 module", "2 modules"]);
        assert_eq!(of("entry"), ["0 entries", "1 entry", "2 entries"]);
        assert_eq!(of("gateway"), ["0 gateways", "1 gateway", "2 gateways"]);
    }
}

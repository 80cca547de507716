//! `cargo xtask docs`: the pages that are made from data: one for each message of toolchains/explain.toml, titled with the words
//! that people look for, and the reference of all commands, as clap prints it.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use clap::CommandFactory;
use plugbuild::commands::cli::Cli;
use plugbuild::util::error::{Error, Result};
use serde::Deserialize;

/// Write the pages of docs/ that are made from toolchains/explain.toml and from the commands
#[derive(clap::Args)]
pub(crate) struct Args {
    /// Say what differs and fail; write nothing
    #[arg(long)]
    check: bool,
}

const WRITTEN: &str = "<!-- Written by `cargo xtask docs`; a test compares. -->";

pub(crate) fn run(args: &Args, root: &Path) -> Result<()> {
    let pages = pages(root)?;
    let stale = stale(&pages, root)?;
    if args.check {
        let Some(page) = stale.first() else { return Ok(()) };
        let what = format!("{} is not what `cargo xtask docs` would write", page.display());
        return Err(Error::build(what).help("run it without --check, and look at the difference"));
    }
    for path in stale {
        match pages.get(&path) {
            Some(text) => fs::write(root.join(&path), text),
            None => fs::remove_file(root.join(&path)),
        }
        .map_err(|e| Error::io("write", &path, e))?;
        println!("{} written", path.display());
    }
    Ok(())
}

/// The pages that differ from what is there, and those that are there for nothing.
fn stale(pages: &BTreeMap<PathBuf, String>, root: &Path) -> Result<Vec<PathBuf>> {
    let differs = |(path, text): &(&PathBuf, &String)| fs::read_to_string(root.join(path)).ok().as_ref() != Some(*text);
    let mut stale: Vec<PathBuf> = pages.iter().filter(differs).map(|(path, _)| path.clone()).collect();
    let folder = Path::new("docs/errors");
    plugbuild::util::fs::create_dir(&root.join(folder))?;
    let there = fs::read_dir(root.join(folder)).map_err(|e| Error::io("read", folder, e))?;
    let names = there.flatten().map(|entry| folder.join(entry.file_name()));
    stale.extend(names.filter(|path| !pages.contains_key(path)));
    Ok(stale)
}

/// Every page by its path from the root.
fn pages(root: &Path) -> Result<BTreeMap<PathBuf, String>> {
    let messages = messages(root)?;
    let mut pages: BTreeMap<PathBuf, String> = messages
        .iter()
        .map(|(title, rows)| (Path::new("docs").join(file(rows)), error_page(title, rows)))
        .collect();
    pages.insert("docs/cli.md".into(), reference());
    let summary = summary(root, &messages)?;
    pages.insert("docs/llms.txt".into(), index(&summary));
    pages.insert("docs/SUMMARY.md".into(), summary);
    Ok(pages)
}

/// A row of toolchains/explain.toml, as far as a page shows it.
#[derive(Deserialize)]
struct Row {
    id: String,
    #[serde(rename = "match")]
    pattern: String,
    cause: String,
    help: String,
    source: Vec<String>,
}

/// The rows by title, in the file's order: the same words may have more than one cause.
fn messages(root: &Path) -> Result<Vec<(String, Vec<Row>)>> {
    #[derive(Deserialize)]
    struct File {
        message: Vec<Row>,
    }
    let path = root.join("toolchains/explain.toml");
    let text = fs::read_to_string(&path).map_err(|e| Error::io("read", &path, e))?;
    let file: File = toml::from_str(&text).map_err(|e| Error::usage(format!("{}: {e}", path.display())))?;
    let mut titles: Vec<(String, Vec<Row>)> = Vec::new();
    for row in file.message {
        let title = words(&row.pattern);
        match titles.iter_mut().find(|(known, _)| *known == title) {
            Some((_, rows)) => rows.push(row),
            None => titles.push((title, vec![row])),
        }
    }
    Ok(titles)
}

/// A pattern's or a sentence's text, with a name in capitals for each part that varies.
fn words(text: &str) -> String {
    let mut parts = text.split('{');
    let mut out = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (name, rest) = part.split_once('}').unwrap_or((part, ""));
        let name = name.split(':').next().unwrap_or_default();
        out += &if name.is_empty() {
            "…".to_owned()
        } else {
            name.to_uppercase()
        };
        out += rest;
    }
    out.trim().replace('\t', " ")
}

/// By the most general row, which is the last one.
fn file(rows: &[Row]) -> String {
    format!("errors/{}.md", rows.last().map_or("", |row| &row.id))
}

/// A title as Markdown shows it as it is.
fn plain(title: &str) -> String {
    let special = |c: char| "\\`*_[]<>".contains(c);
    let letter = |c: char| if special(c) { format!("\\{c}") } else { c.to_string() };
    title.chars().map(letter).collect()
}

fn error_page(title: &str, rows: &[Row]) -> String {
    let mut page = format!("# {}\n\n{WRITTEN}\n\n", plain(title));
    for row in rows {
        page += &format!(
            "**What it means:** {}.\n\n**What to do:** {}.\n\n",
            words(&row.cause),
            words(&row.help)
        );
        let links: Vec<String> = row
            .source
            .iter()
            .filter(|source| source.starts_with("https://"))
            .map(|link| format!("<{link}>"))
            .collect();
        if !links.is_empty() {
            page += &format!("Reported in {}.\n\n", links.join(", "));
        }
    }
    page + "`plugbuild explain gateway.log` finds this, and what else a log says of plugins; see [all errors](../errors.md).\n"
}

/// docs/SUMMARY.md with the pages of the errors below the chapter on them.
fn summary(root: &Path, messages: &[(String, Vec<Row>)]) -> Result<String> {
    let path = root.join("docs/SUMMARY.md");
    let text = fs::read_to_string(&path).map_err(|e| Error::io("read", &path, e))?;
    let mut out = String::new();
    for line in text.lines().filter(|line| !line.contains("](errors/")) {
        out += &format!("{line}\n");
        if line.ends_with("](errors.md)") {
            for (title, rows) in messages {
                out += &format!("  - [{}]({})\n", plain(title), file(rows));
            }
        }
    }
    Ok(out)
}

/// The chapters, in the form that language models look for (llmstxt.org).
fn index(summary: &str) -> String {
    let chapters = summary.lines().filter(|line| line.trim_start().starts_with("- ["));
    let chapters: String = chapters.map(|line| format!("{}\n", line.trim_start())).collect();
    format!(
        "# plugbuild\n\n> {}\n\n## Docs\n\n{chapters}",
        env!("CARGO_PKG_DESCRIPTION")
    )
}

/// Every command with its help.
fn reference() -> String {
    let mut command = Cli::command().term_width(100);
    command.build();
    let mut page = format!(
        "# Command reference\n\n{WRITTEN}\n\nWhat `--help` prints for each command; [Commands](commands.md) says what they are for.\n"
    );
    describe(&mut command, "plugbuild", &mut page);
    page
}

fn describe(command: &mut clap::Command, name: &str, page: &mut String) {
    let help = command.render_long_help().to_string();
    let help: Vec<&str> = help.lines().map(str::trim_end).collect();
    *page += &format!("\n## {name}\n\n```text\n{}\n```\n", help.join("\n").trim_end());
    for sub in command.get_subcommands_mut() {
        if !sub.is_hide_set() && sub.get_name() != "help" {
            let name = format!("{name} {}", sub.get_name());
            describe(sub, &name, page);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn committed_pages_are_what_is_written() {
        let stale = stale(&pages(crate::root()).unwrap(), crate::root()).unwrap();
        assert!(stale.is_empty(), "`cargo xtask docs` would change {stale:?}");
    }

    #[test]
    fn what_varies_is_a_name_in_capitals() {
        for (text, want) in [
            ("{file:path}: {}machine", "FILE: …machine"),
            ("version `{version}' not found", "version `VERSION' not found"),
            ("unknown type", "unknown type"),
        ] {
            assert_eq!(words(text), want);
        }
    }

    /// What people paste into a search box is the title of a page.
    #[test]
    fn a_page_is_titled_with_the_loaders_words() {
        let pages = pages(crate::root()).unwrap();
        let page = &pages[Path::new("docs/errors/different-version.md")];
        assert!(
            page.starts_with("# plugin was built with a different version of package PACKAGE\n"),
            "{page}"
        );
        for part in [
            "is of Go's standard library",
            "the gateway links PACKAGE too",
            "plugbuild verify",
        ] {
            assert!(page.contains(part), "{page}");
        }
        let reference = &pages[Path::new("docs/cli.md")];
        assert!(reference.contains("\n## plugbuild gateway list\n"), "{reference}");
    }
}

//! `plugbuild trust`: allows the programs that a plugbuild.toml names to run, and revokes that.

use std::path::PathBuf;

use clap::Args;
use serde_json::json;

use crate::commands::output::{print, print_json, print_line};
use crate::project::config::{FILE, Settings};
use crate::project::trust;
use crate::project::trust::{Programs, Standing};
use crate::util::context::Context;
use crate::util::error::{Error, Result};
use crate::util::printable::printable_line;
use crate::util::ui::Format;

#[derive(Debug, Clone, Args)]
pub struct TrustArgs {
    /// The settings file, or its directory
    #[arg(default_value = ".", value_name = "FILE")]
    pub file: PathBuf,
    /// Stop trusting it
    #[arg(long)]
    pub revoke: bool,
    /// List the trusted files
    #[arg(long, conflicts_with_all = ["revoke", "file"])]
    pub list: bool,
}

pub(crate) fn run(args: &TrustArgs, cx: Context) -> Result<()> {
    if args.list {
        return list(cx);
    }
    let given = cx.host.absolute(&args.file);
    let path = given.canonicalize().unwrap_or(given);
    if args.revoke {
        return revoke(path, cx);
    }
    let programs = programs(&path, cx)?;
    let file = programs.file.display();
    if programs.all.is_empty() {
        cx.ui.status(
            "unchanged",
            format!("{file} names no program: there is nothing to trust"),
        );
        return Ok(());
    }
    programs.trust(cx.host)?;
    for program in &programs.all {
        cx.ui.status(
            "may run",
            format!("{}: {}", program.key, printable_line(&program.words.join(" "))),
        );
    }
    let named: Vec<_> = programs
        .all
        .iter()
        .map(|program| json!({ "key": program.key, "line": program.line, "command": program.words }))
        .collect();
    match cx.format {
        Format::Human => print(file),
        Format::Json => print_json(&json!({ "reason": "trusted", "file": programs.file, "programs": named })),
    }
    Ok(())
}

/// The programs of the named settings file, or of the one that applies to the named directory.
fn programs(path: &std::path::Path, cx: Context) -> Result<Programs> {
    let none = |what: String| Error::usage(what).help("name a plugbuild.toml: `plugbuild trust FILE`");
    if !path.exists() {
        return Err(Error::unreadable(format!("{} does not exist", path.display())));
    }
    let folder = match path.is_dir() {
        true => path,
        false if path.file_name().is_some_and(|name| name == FILE) => path.parent().unwrap_or(path),
        false => return Err(none(format!("{} is not a {FILE}", path.display()))),
    };
    let settings = Settings::read(folder, cx.host)?;
    let matrix = settings.matrix()?;
    Programs::from_project(&settings, &matrix, cx.host)
        .ok_or_else(|| none(format!("{FILE} does not exist in {} or above it", folder.display())))
}

/// Also for a file that no longer exists, or cannot be parsed any more.
fn revoke(path: PathBuf, cx: Context) -> Result<()> {
    let file = match path.is_dir() {
        true => path.ancestors().map(|dir| dir.join(FILE)).find(|file| file.exists()),
        false => Some(path.clone()),
    };
    let file = file.unwrap_or_else(|| path.join(FILE));
    let known = trust::revoke(&file, cx.host)?;
    let word = if known { "revoked" } else { "unchanged" };
    match cx.format {
        Format::Human => cx.ui.status(word, file.display()),
        Format::Json => print_json(&json!({ "reason": "trust-revoked", "file": file, "changed": known })),
    }
    Ok(())
}

fn list(cx: Context) -> Result<()> {
    for record in trust::records(cx.host)? {
        let standing = match record.file.exists() {
            false => "gone",
            // Of the file as it is now.
            true => match programs(&record.file, cx).and_then(|programs| programs.standing(cx.host)) {
                Ok(Standing::Trusted) => "trusted",
                Ok(_) => "changed",
                Err(_) => "unreadable",
            },
        };
        match cx.format {
            Format::Human => print_line(format_args!("{standing:<11}{}", record.file.display())),
            Format::Json => print_json(&json!({ "file": record.file, "standing": standing })),
        }
    }
    Ok(())
}

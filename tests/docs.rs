//! The documents: every command in them is one that plugbuild takes, and the book and the action name what is there.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::fs;

use clap::Parser;
use plugbuild::cli::{Cli, with_default_command};

use crate::support::root;

/// The commands of a text: lines of `sh` blocks that begin with plugbuild, and `args:` of the action.
fn commands(text: &str) -> Vec<String> {
    let mut shell = false;
    let mut found = Vec::new();
    for line in text.lines() {
        if let Some(fence) = line.trim_start().strip_prefix("```") {
            shell = fence == "sh";
        } else if let Some(args) = line.trim_start().strip_prefix("args: ") {
            found.push(format!("plugbuild {args}"));
        } else if let Some(script) = line.trim_start().strip_prefix("- plugbuild ") {
            found.push(format!("plugbuild {script}"));
        } else if shell && line.starts_with("plugbuild ") {
            found.push(line.to_owned());
        }
    }
    found
}

/// Words as a shell would split them, variables taken for values that fit anywhere, comments and pipes cut off.
fn words(command: &str) -> Vec<OsString> {
    let command = command.split(" #").next().unwrap().split(" | ").next().unwrap();
    let filled = command
        .replace("${{ matrix.plugin }}", "auth")
        .replace("${{ matrix.gateway }}", "2.12.1")
        .replace("${{ matrix.target }}", "arm64-musl");
    filled
        .split_whitespace()
        .map(|word| word.trim_matches(['"', '\'']).into())
        .collect()
}

#[test]
fn every_command_in_the_documents_is_one_that_plugbuild_takes() {
    let mut checked = 0;
    for entry in fs::read_dir(root().join("docs")).unwrap().flatten() {
        if entry.path().extension().is_none_or(|ending| ending != "md") {
            continue;
        }
        for command in commands(&fs::read_to_string(entry.path()).unwrap()) {
            let parsed = Cli::try_parse_from(with_default_command(words(&command)));
            assert!(
                parsed.is_ok(),
                "{}: {command}\n{}",
                entry.path().display(),
                parsed.err().unwrap()
            );
            checked += 1;
        }
    }
    assert!(checked >= 8, "{checked} commands");
}

#[test]
fn the_book_has_every_document() {
    let summary = fs::read_to_string(root().join("docs/SUMMARY.md")).unwrap();
    let named: BTreeSet<String> = summary
        .split("](")
        .skip(1)
        .map(|rest| rest.split(')').next().unwrap().to_owned())
        .collect();
    let mut there: BTreeSet<String> = fs::read_dir(root().join("docs"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name.ends_with(".md") && name != "SUMMARY.md")
        .collect();
    // A document may come from another branch of work before the book knows it; the other way is an error.
    there.retain(|name| named.contains(name));
    assert_eq!(named, there);
}

#[test]
fn the_action_says_what_it_uses() {
    let text = fs::read_to_string(root().join("action.yml")).unwrap();
    let declared: BTreeSet<&str> = text
        .lines()
        .skip_while(|line| *line != "inputs:")
        .skip(1)
        .take_while(|line| line.starts_with("  "))
        .filter(|line| !line.starts_with("   "))
        .map(|line| line.trim().trim_end_matches(':'))
        .collect();
    let used: BTreeSet<&str> = text
        .split("inputs.")
        .skip(1)
        .map(|rest| rest.split(|c: char| !c.is_alphanumeric() && c != '-').next().unwrap())
        .collect();
    assert_eq!(declared, used);
    // Text of others never becomes part of a script: it comes in by the environment (script injection).
    for script in text.split("run:").skip(1) {
        let script = script.split("\n    - ").next().unwrap();
        assert!(!script.contains("${{"), "an expression inside a script:\n{script}");
    }
    let steps = text.split("steps:").nth(1).unwrap();
    let ids: BTreeSet<&str> = steps
        .lines()
        .filter_map(|line| line.trim().strip_prefix("id: "))
        .collect();
    for named in text.split("steps.").skip(1).map(|rest| rest.split('.').next().unwrap()) {
        assert!(ids.contains(named), "no step {named}");
    }
}

//! What plugbuild is made of: crates of the registry, pinned by their checksums, of licences and versions that deny.toml allows.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::process::Command;

use serde_json::Value;

use crate::support::root;

const REGISTRY: &str = "registry+https://github.com/rust-lang/crates.io-index";

fn toml(name: &str) -> toml::Table {
    fs::read_to_string(root().join(name)).unwrap().parse().unwrap()
}

fn text<'a>(table: &'a toml::Table, key: &str) -> &'a str {
    table.get(key).and_then(toml::Value::as_str).unwrap_or_default()
}

fn rows<'a>(table: &'a toml::Table, key: &str) -> Vec<&'a toml::Table> {
    let rows = table[key].as_array().unwrap().iter();
    rows.map(|row| row.as_table().unwrap()).collect()
}

#[test]
fn crates_are_pinned() {
    let lock = toml("Cargo.lock");
    let mut own = Vec::new();
    for package in rows(&lock, "package") {
        let name = text(package, "name");
        if !package.contains_key("source") {
            own.push(name);
            continue;
        }
        assert_eq!(text(package, "source"), REGISTRY, "{name}");
        let sum = text(package, "checksum");
        assert!(
            sum.len() == 64 && sum.bytes().all(|b| b.is_ascii_hexdigit()),
            "{name}: {sum}"
        );
    }
    assert_eq!(own, ["plugbuild", "xtask"], "a folder is a dependency");
}

#[test]
fn crates_have_one_version() {
    let lock = toml("Cargo.lock");
    let mut versions: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for package in rows(&lock, "package") {
        versions
            .entry(text(package, "name"))
            .or_default()
            .insert(text(package, "version"));
    }
    let deny = toml("deny.toml");
    for skip in rows(deny["bans"].as_table().unwrap(), "skip") {
        assert!(!text(skip, "reason").is_empty(), "{skip:?}");
        let (name, line) = text(skip, "crate").split_once('@').unwrap();
        let all = versions
            .get_mut(name)
            .unwrap_or_else(|| panic!("{name} is no dependency any more"));
        let of_line = |version: &&str| version.strip_prefix(line).is_some_and(|rest| rest.starts_with('.'));
        let skipped = *all
            .iter()
            .find(|version| of_line(version))
            .unwrap_or_else(|| panic!("{name}@{line} is gone"));
        assert!(all.len() > 1, "{name} has one version: it needs no reason");
        all.remove(skipped);
    }
    let twice: Vec<_> = versions.iter().filter(|(_, all)| all.len() > 1).collect();
    assert!(twice.is_empty(), "{twice:?}");
}

/// Whether a licence expression can be met with these licences.
fn is_met(expression: &str, allowed: &[&str]) -> bool {
    let expression = expression.replace('/', " OR ").replace('(', " ( ").replace(')', " ) ");
    let mut words = expression.split_whitespace().peekable();
    let met = any(&mut words, allowed);
    assert_eq!(words.next(), None, "{expression}");
    met
}

type Words<'a> = std::iter::Peekable<std::str::SplitWhitespace<'a>>;

fn any(words: &mut Words, allowed: &[&str]) -> bool {
    let mut met = every(words, allowed);
    while words.next_if_eq(&"OR").is_some() {
        met |= every(words, allowed);
    }
    met
}

fn every(words: &mut Words, allowed: &[&str]) -> bool {
    let mut met = one(words, allowed);
    while words.next_if_eq(&"AND").is_some() {
        met &= one(words, allowed);
    }
    met
}

fn one(words: &mut Words, allowed: &[&str]) -> bool {
    let word = words.next().unwrap();
    if word == "(" {
        let met = any(words, allowed);
        assert_eq!(words.next(), Some(")"));
        return met;
    }
    let licence = match words.next_if_eq(&"WITH") {
        Some(with) => format!("{word} {with} {}", words.next().unwrap()),
        None => word.to_owned(),
    };
    allowed.contains(&licence.as_str())
}

#[test]
#[allow(clippy::disallowed_methods, reason = "tests start tools themselves")]
fn licences_are_allowed() {
    assert!(is_met("MIT/Apache-2.0", &["MIT"]) && is_met("(A OR B) AND C", &["B", "C"]));
    assert!(!is_met("(A OR B) AND C", &["A", "B"]) && !is_met("A WITH x", &["A"]) && is_met("A AND B OR C", &["C"]));

    let cargo = |args: &[&str]| {
        let output = Command::new(env!("CARGO"))
            .args(args)
            .current_dir(root())
            .output()
            .unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    };
    // Those that are compiled here: the others were never downloaded.
    let host = cargo(&["-vV"]);
    let host = host.lines().find_map(|line| line.strip_prefix("host: ")).unwrap();
    let metadata = [
        "metadata",
        "--format-version",
        "1",
        "--locked",
        "--offline",
        "--filter-platform",
        host,
    ];
    let metadata: Value = serde_json::from_str(&cargo(&metadata)).unwrap();
    let packages = metadata["packages"].as_array().unwrap();
    let deny = toml("deny.toml");
    let allowed: Vec<&str> = deny["licenses"]["allow"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(toml::Value::as_str)
        .collect();
    let refused: Vec<_> = packages
        .iter()
        .filter(|package| {
            !package["license"]
                .as_str()
                .is_some_and(|licence| is_met(licence, &allowed))
        })
        .map(|package| (&package["name"], &package["license"]))
        .collect();
    assert!(refused.is_empty(), "{refused:?}");
    assert!(packages.len() > 50, "{}", packages.len());
}

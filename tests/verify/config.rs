//! What `config check` says of a configuration, against what the gateway's own parser does with it: each of
//! tests/config/cases.txt, in a gateway of either parser.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use plugbuild::gateway::config::parse::{Document, ParsedConfig};
use plugbuild::gateway::config::{PluginDir, check, injected, parse};
use plugbuild::gateway::registerer;
use serde::Deserialize;

use crate::support::gateway::{Release, text};
use crate::support::root;

/// What the gateway said of one file.
#[derive(Debug, Deserialize)]
struct Parsed {
    file: String,
    starts: bool,
    #[serde(default)]
    error: String,
    injected: Vec<String>,
}

/// Cases in which the older parser does otherwise, and why. What `config check` says is the newer one's.
const OLDER: [(&str, &str); 3] = [
    (
        "decoded-caps-ns.json",
        "viper makes keys lower case, also those of the service's extra_config",
    ),
    ("decoded-caps-name.json", "the same"),
    (
        "decoded-endpoints-empty-text.json",
        "viper splits a text at its commas, and an empty one into nothing",
    ),
];

/// The configurations of the cases that are read here, by their file's name.
fn cases(folder: &Path) -> BTreeMap<String, (PathBuf, ParsedConfig)> {
    let cases = fs::read_to_string(root().join("tests/config/cases.txt")).unwrap();
    let case = |case: &str| {
        let (head, _) = case.split_once(">>>\n").expect("a case has its >>>");
        let (name, rest) = head.split_once('\n').unwrap();
        let given = rest.lines().take_while(|line| line.starts_with("plugin ")).count();
        let text: String = rest.split_inclusive('\n').skip(given).collect();
        let file = folder.join(name);
        fs::write(&file, &text).unwrap();
        (name.to_owned(), (file, parse::read(name, &text)))
    };
    cases.split("### ").skip(1).map(case).collect()
}

/// Whether the gateway starts with it, and which plugins it injects, as `config check` has it.
fn ours(document: &Document) -> (bool, Vec<String>) {
    let rows = registerer::all();
    let findings = check(document, rows, &[], &|_| PluginDir::Open(Vec::new()), None);
    let refused = findings
        .iter()
        .any(|finding| finding.what.ends_with("the gateway refuses to start"));
    let mut injected: Vec<String> = injected(document, rows)
        .iter()
        .filter(|(kind, _)| !kind.row().enterprise)
        .map(|(kind, name)| format!("{kind} {name}"))
        .collect();
    injected.sort();
    injected.dedup();
    (!refused, injected)
}

#[test]
fn configurations_match_the_gateways_parser() {
    let folder = tempfile::tempdir().unwrap();
    let cases = cases(folder.path());
    let read: Vec<&(PathBuf, ParsedConfig)> = cases
        .values()
        .filter(|(_, read)| matches!(read, ParsedConfig::Document(_) | ParsedConfig::Broken(..)))
        .collect();
    assert!(read.len() > 120, "{}", read.len());
    let mut wrong = Vec::new();
    for (release, older) in [
        (Release::new("2.1.4", "1.19.5", "1.19.13"), true),
        (Release::new("2.12.1", "1.25.6", "1.25.6"), false),
    ] {
        let gateway = release.gateway("amd64-glibc");
        let files = read.iter().map(|(file, _)| file);
        let out = gateway.command(&["parse"]).args(files).output().expect("sh starts");
        let lines = text(&out.stdout);
        let told: Vec<Parsed> = lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        assert_eq!(told.len(), read.len(), "{}", text(&out.stderr));
        for theirs in told {
            let (starts, injected) = match &cases[&theirs.file].1 {
                ParsedConfig::Document(document) => ours(document),
                _ => (false, Vec::new()),
            };
            let agree = starts == theirs.starts && (!starts || injected == theirs.injected);
            let other = older && OLDER.iter().any(|(name, _)| *name == theirs.file);
            if agree == other {
                let Parsed { file, error, .. } = &theirs;
                wrong.push(format!(
                    "{}: {file}: the gateway starts: {} {error} {:?}; here: {starts} {injected:?}",
                    release.version, theirs.starts, theirs.injected
                ));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

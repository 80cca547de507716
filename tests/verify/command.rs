//! Verdicts as users get them: the command's words and JSON, its documentation, and its agreement with real gateways.

use std::fs;
use std::path::{Path, PathBuf};

use plugbuild::gateway::registerer;
use plugbuild::verify::finding::Id;
use serde_json::Value;

use crate::build::load::{examples, new, old};
use crate::support::gateway::text;
use crate::support::{plugbuild, root, say, skipped};
use crate::verify::oracle::{base_host, plugin};

#[test]
fn every_cause_is_documented() {
    let docs = fs::read_to_string(root().join("docs/verify.md")).unwrap();
    let causes = docs.split("## Causes").nth(1).unwrap().split("## JSON").next().unwrap();
    let documented: Vec<&str> = causes
        .lines()
        .filter_map(|line| line.strip_prefix("| `")?.split('`').next())
        .collect();
    assert_eq!(documented, Id::ALL.map(Id::name));
}

/// The fields of a document as docs/verify.md writes them.
fn fields(value: &Value, name: &str, into: &mut Vec<String>) {
    match value {
        Value::Object(object) => {
            for (key, value) in object {
                let name = if name.is_empty() {
                    key.clone()
                } else {
                    format!("{name}.{key}")
                };
                fields(value, &name, into);
            }
        }
        Value::Array(items) if items.iter().any(Value::is_object) => {
            items.iter().for_each(|item| fields(item, &format!("{name}[]"), into));
        }
        _ => into.push(name.to_owned()),
    }
}

#[test]
fn json_fields_and_exit_codes_are_documented() {
    let (Some(host), Some(good), Some(bad)) = (base_host(), plugin("own-path"), plugin("leaf-up")) else {
        return skipped("verify's JSON", "the host or a plugin cannot be built here");
    };
    let verify = |files: &[&Path], extra: &[&str]| {
        let mut run = plugbuild(&["verify", "--gateway"]);
        run.arg(&host).args(files).args(extra).env_remove("GITHUB_ACTIONS");
        run.output().unwrap()
    };
    let out = verify(&[&good, &bad], &["--format", "json"]);
    let document: Value = serde_json::from_slice(&out.stdout).unwrap();
    let mut found = Vec::new();
    fields(&document, "", &mut found);
    found.sort();
    found.dedup();
    let docs = fs::read_to_string(root().join("docs/verify.md")).unwrap();
    for field in &found {
        assert!(docs.contains(&format!("| `{field}` |")), "docs/verify.md lacks {field}");
    }
    assert_eq!(document["schema_version"], 1);
    let ids: Vec<&str> = document["verdicts"][1]["findings"]
        .as_array()
        .unwrap()
        .iter()
        .map(|f| f["id"].as_str().unwrap())
        .collect();
    assert!(ids.contains(&"module-mismatch"), "{ids:?}");
    assert_eq!(out.status.code(), Some(1));
    let out = verify(&[&bad], &[]);
    let said = text(&out.stdout);
    assert!(said.contains("leaf-up: will not load (gateway"), "{said}");
    assert!(
        said.contains("error[module-mismatch]: module example.org/leaf: it has v1.1.0, the gateway v1.0.0"),
        "{said}"
    );
    assert!(said.contains("help: `go get example.org/leaf@v1.0.0`"), "{said}");
}

#[test]
fn github_annotations() {
    let (Some(host), Some(bad)) = (base_host(), plugin("leaf-up")) else {
        return skipped("verify's annotations", "the host or a plugin cannot be built here");
    };
    let mut run = plugbuild(&["verify", "--gateway"]);
    let out = run.arg(host).arg(bad).env("GITHUB_ACTIONS", "true").output().unwrap();
    let said = text(&out.stderr);
    let line = said
        .lines()
        .find(|line| line.contains("module-mismatch"))
        .unwrap_or_default();
    assert!(
        line.starts_with("::error title=") && line.contains("%0Ahelp: "),
        "{said}"
    );
}

#[test]
fn verdict_from_a_release_alone() {
    let (Some(good), Some(other)) = (plugin("own-path"), plugin("go-1.26")) else {
        return skipped("verify by release", "a plugin cannot be built here");
    };
    let verify = |file: &Path| {
        let mut run = plugbuild(&[
            "verify",
            "--gateway",
            "2.12.1",
            "--libc",
            "glibc",
            "--arch",
            "amd64",
            "--format",
            "json",
        ]);
        let out = run.arg(file).output().unwrap();
        let document: Value = serde_json::from_slice(&out.stdout).unwrap();
        (document["verdicts"][0].clone(), out.status.code())
    };
    let (verdict, _) = verify(&good);
    let unseen = verdict["unseen"].as_array().unwrap();
    assert_eq!(unseen.len(), 1, "{verdict}");
    assert!(
        unseen[0].as_str().unwrap().starts_with("the gateway's package hashes"),
        "{verdict}"
    );
    let (verdict, code) = verify(&other);
    assert_eq!((verdict["answer"].as_str(), code), (Some("will-not-load"), Some(1)));
    assert_eq!(verdict["findings"][0]["id"], "go-mismatch", "{verdict}");
}

/// Every example plugin of every target and release, put to every real gateway that this machine can run at once.
#[test]
fn verdicts_agree_with_real_gateways() {
    let gateways: Vec<_> = ["amd64-glibc", "amd64-musl", "arm64-glibc", "arm64-musl"]
        .into_iter()
        .flat_map(|target| [old(), new()].map(|release| (release.gateway(target), release)))
        .collect();
    let plugins: Vec<PathBuf> = gateways
        .iter()
        .flat_map(|(gateway, release)| examples(release, gateway))
        .map(|(file, _)| file)
        .collect();
    let (mut pairs, mut loaded) = (0, 0);
    for (gateway, release) in &gateways {
        // Under emulation each answer takes seconds: there only plugins of the same machine are tried.
        let emulated = !gateway
            .target
            .starts_with(if cfg!(target_arch = "x86_64") { "amd64" } else { "arm64" });
        let arch = &gateway.target[..5];
        let files: Vec<&Path> = plugins
            .iter()
            .map(PathBuf::as_path)
            .filter(|file| !emulated || file.to_string_lossy().contains(arch))
            .collect();
        for opened in gateway.open(&files) {
            let mut run = plugbuild(&["verify", "--format", "json", "--gateway"]);
            let out = run.arg(&gateway.binary).arg(&opened.file).output().unwrap();
            let document: Value =
                serde_json::from_slice(&out.stdout).unwrap_or_else(|_| panic!("{}", text(&out.stderr)));
            let verdict = &document["verdicts"][0];
            let told = (verdict["answer"].as_str().unwrap(), opened.ok);
            assert!(
                matches!(told, ("will-load", true) | ("will-not-load", false)),
                "{} in {} of {}: {told:?} {} {verdict}",
                opened.file.display(),
                gateway.target,
                release.version,
                opened.error
            );
            // What the real gateway makes of the registerers is what the file showed.
            let wrong = |name: &str| {
                verdict["findings"]
                    .to_string()
                    .contains(&format!("\"subject\":\"{name}\""))
            };
            for row in registerer::all()
                .iter()
                .filter(|row| opened.symbols.get(&row.symbol) == Some(&true))
            {
                if let Some(usable) = opened.usable.get(&row.symbol) {
                    assert_eq!(*usable, !wrong(&row.symbol), "{} {verdict}", opened.file.display());
                }
            }
            pairs += 1;
            loaded += usize::from(opened.ok);
        }
    }
    say(&format!("real gateways: {pairs} pairs, {loaded} load, none disagrees"));
    assert!(loaded > 0 && loaded < pairs, "{loaded} of {pairs}");
}

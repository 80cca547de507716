//! What `config check` says of configurations of version 4, and what `new`, `inject`, `migrate` and `test` write, against a
//! gateway of our own that reads this version as KrakenD documents it: tests/gateway4.

use std::fmt::Write as _;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use plugbuild::gateway::config::inject::{Injection, inject};
use plugbuild::gateway::config::migrate::migrate;
use plugbuild::gateway::config::parse::ParsedConfig;
use plugbuild::gateway::config::{
    ConfigReader, ConfigVersion, GivenPlugin, IssueSeverity, PluginDir, RegisteredNames, check, injected, parse,
};
use plugbuild::gateway::registerer;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::support::gateway::{Release, text};
use crate::support::{plugbuild, root};

/// A Go that the tests have in any case.
fn go() -> Release {
    Release::new("2.12.1", "1.25.6", "1.25.6")
}

/// Builds the gateway into a folder.
fn gateway(folder: &Path) -> PathBuf {
    gateway_without(folder, "")
}

/// The same without one of its commands.
fn gateway_without(folder: &Path, command: &str) -> PathBuf {
    let flags = &format!("-ldflags=-X example.com/gateway4.KrakendVersion=3.0.4-ee -X main.without={command}");
    let sources = root().join("tests/gateway4");
    go().go.build(&sources, &folder.join("krakend"), &[flags, "."], &[])
}

/// A configuration, and what the plugins in its folder register; without that it is whatever is injected.
struct Case {
    name: String,
    text: String,
    registered: Option<Vec<String>>,
}

#[derive(Debug, Deserialize)]
struct Judged {
    name: String,
    starts: bool,
    #[serde(default)]
    error: String,
    injected: Vec<String>,
}

/// What the gateway says of each.
#[allow(clippy::disallowed_methods, reason = "tests start tools themselves")]
fn judged(gateway: &Path, cases: &[Case]) -> Vec<Judged> {
    let mut lines = String::new();
    for case in cases {
        let config: Value = serde_json::from_str(&case.text).unwrap_or_else(|e| panic!("{}: {e}", case.name));
        let asked = json!({"name": case.name, "config": config, "registered": case.registered});
        writeln!(lines, "{asked}").unwrap();
    }
    let mut judge = Command::new(gateway);
    let mut judge = judge
        .arg("judge")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = judge.stdin.take().unwrap();
    let writer = std::thread::spawn(move || stdin.write_all(lines.as_bytes()));
    let out = judge.wait_with_output().unwrap();
    writer.join().unwrap().unwrap();
    let judged: Vec<Judged> = text(&out.stdout)
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(judged.len(), cases.len());
    judged
}

/// Whether `config check` finds no error, and which plugins the gateway looks for.
fn ours(case: &Case) -> (bool, Vec<String>) {
    let rows = registerer::all();
    let ParsedConfig::Document(document) = parse::read("k.json", &case.text) else {
        panic!("{}", case.name);
    };
    let names = |all: &Vec<String>| {
        let name = |word: &String| {
            let (kind, name) = word.split_once(' ').unwrap();
            (kind.parse().unwrap(), name.to_owned())
        };
        all.iter().map(name).collect()
    };
    let plugins = case.registered.iter().map(|all| GivenPlugin {
        label: "the plugins".to_owned(),
        file: None,
        registered: Some(RegisteredNames {
            names: names(all),
            origin: "as the case says".to_owned(),
        }),
    });
    let plugins: Vec<GivenPlugin> = plugins.collect();
    let folder = |_: &str| PluginDir::Open(vec![("a.so".to_owned(), false)]);
    let reader = ConfigReader {
        label: "3.0.4-ee".to_owned(),
        release: "3.0.4".parse().unwrap(),
        version: ConfigVersion::V4,
    };
    let issues = check(&document, rows, &plugins, &folder, Some(&reader));
    let right = !issues.iter().any(|issue| issue.severity == IssueSeverity::Error);
    let mut injected: Vec<String> = injected(&document, rows)
        .iter()
        .map(|(kind, name)| format!("{kind} {name}"))
        .collect();
    injected.sort();
    (right, injected)
}

/// The JSON cases of tests/config/cases-4.txt that are for the gateway alone.
fn listed() -> Vec<Case> {
    let cases = fs::read_to_string(root().join("tests/config/cases-4.txt")).unwrap();
    let case = |case: &str| {
        let (head, _) = case.split_once(">>>\n").expect("a case has its >>>");
        let (name, rest) = head.split_once('\n').unwrap();
        let given: Vec<&str> = rest
            .lines()
            .take_while(|line| line.starts_with("plugin ") || line.starts_with("gateway "))
            .collect();
        let plugins: Vec<&&str> = given.iter().filter(|line| line.starts_with("plugin ")).collect();
        let names = plugins.iter().flat_map(|line| line.split_whitespace().skip(2));
        Case {
            name: name.to_owned(),
            text: rest.split_inclusive('\n').skip(given.len()).collect(),
            registered: (!plugins.is_empty()).then(|| names.map(|name| name.replace('=', " ")).collect()),
        }
    };
    let is_judged = |case: &Case| {
        // A template is a text to this gateway, a long name is left to what an Enterprise edition does, and what clients
        // look like is not documented beyond their name.
        let apart = [
            "right-template-words.json",
            "namespace-long-name.json",
            "client-plugins.json",
        ];
        case.name.ends_with(".json") && !case.name.contains("-for-2.13") && !apart.contains(&case.name.as_str())
    };
    cases.split("### ").skip(1).map(case).filter(is_judged).collect()
}

#[test]
fn configurations_of_version_4_match_the_gateway() {
    let folder = tempfile::tempdir().unwrap();
    let gateway = gateway(folder.path());
    let cases = listed();
    assert!(cases.len() >= 50, "{}", cases.len());
    let mut wrong = Vec::new();
    let (mut right, mut refused) = (0, 0);
    for (case, theirs) in cases.iter().zip(judged(&gateway, &cases)) {
        let (starts, injected) = ours(case);
        *if starts { &mut right } else { &mut refused } += 1;
        if starts != theirs.starts || starts && injected != theirs.injected {
            let Judged { name, error, .. } = &theirs;
            wrong.push(format!(
                "{name}: the gateway starts: {} {error} {:?}; here: {starts} {injected:?}",
                theirs.starts, theirs.injected
            ));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(right >= 12 && refused >= 30, "{right} start, {refused} do not");
}

/// Cases of version 3 become right ones of version 4, with the same plugins.
#[test]
fn gateway_starts_with_what_is_written() {
    let folder = tempfile::tempdir().unwrap();
    let gateway = gateway(folder.path());
    let rows = registerer::all();
    let all = fs::read_to_string(root().join("tests/config/cases.txt")).unwrap();
    let mut cases = Vec::new();
    for case in all.split("### ").skip(1) {
        let (head, issues) = case.split_once(">>>\n").unwrap();
        let (name, rest) = head.split_once('\n').unwrap();
        if !name.starts_with("right")
            || !name.ends_with(".json")
            || !issues.trim().is_empty()
            || name.contains("template")
        {
            continue;
        }
        let text: String = rest
            .split_inclusive('\n')
            .filter(|line| !line.starts_with("plugin "))
            .collect();
        let new = migrate(&text, rows, "https://www.krakend.io/schema/v3.0/krakend.json").unwrap();
        cases.push(Case {
            name: format!("migrated {name}"),
            text: new,
            registered: None,
        });
    }
    assert!(cases.len() >= 8, "{}", cases.len());
    for row in rows {
        let text = r#"{"version": 4, "endpoints": [{"endpoint": "/a", "backend": [{"url_pattern": "/b"}]}]}"#;
        let injection = Injection {
            name: "auth".to_owned(),
            ..Injection::default()
        };
        let once = inject(text, row, &injection).unwrap();
        let other = if row.kind.name() == "client" {
            once.clone()
        } else {
            inject(
                &once,
                row,
                &Injection {
                    name: "cache".to_owned(),
                    ..Injection::default()
                },
            )
            .unwrap()
        };
        cases.push(Case {
            name: format!("injected {}", row.kind),
            text: other,
            registered: None,
        });
        let dir = folder.path().join(row.kind.name());
        let mut new = plugbuild(&["new", "--type", row.kind.name(), "--gateway"]);
        succeeded(new.arg(&gateway).arg(&dir).env("HOME", folder.path()));
        let text = fs::read_to_string(dir.join("krakend.json")).unwrap();
        assert!(
            text.contains("https://www.krakend.io/schema/v3.0/krakend.json"),
            "{text}"
        );
        cases.push(Case {
            name: format!("new {}", row.kind),
            text,
            registered: None,
        });
    }
    for (case, theirs) in cases.iter().zip(judged(&gateway, &cases)) {
        let (starts, injected) = ours(case);
        assert!(
            theirs.starts && starts,
            "{}: {} {}",
            theirs.name,
            theirs.error,
            case.text
        );
        assert_eq!(theirs.injected, injected, "{}", case.text);
    }
}

#[allow(clippy::disallowed_methods, reason = "tests start tools themselves")]
fn succeeded(command: &mut Command) -> Output {
    let out = command.output().unwrap();
    assert!(
        out.status.success(),
        "{command:?}: {}{}",
        text(&out.stdout),
        text(&out.stderr)
    );
    out
}

/// A plugin is made, built, tried and served in a gateway that reads version 4.
#[test]
fn plugin_is_served_by_a_gateway_of_version_4() {
    let folder = tempfile::tempdir().unwrap();
    let gateway = gateway(folder.path());
    let dir = folder.path().join("auth");
    let run = |args: &[&str]| {
        let mut command = plugbuild(args);
        command.arg("--gateway").arg(&gateway).env("HOME", folder.path());
        if dir.is_dir() {
            command.current_dir(&dir);
        }
        command
    };
    succeeded(run(&["new", "--type", "handler"]).arg(&dir));
    succeeded(&mut run(&["build"]));
    let plugins = fs::read_dir(dir.join("plugins")).unwrap();
    let built = plugins
        .map(|entry| entry.unwrap().path())
        .find(|file| file.extension().is_some_and(|e| e == "so"));
    let built = built.unwrap();
    let request = [
        "--request",
        "GET",
        "/hello",
        "--expect-status",
        "200",
        "--expect-header",
        "X-Plugin: auth",
    ];
    succeeded(run(&["test"]).arg(&built).args(request));
    // Without a command of its own for it, the gateway is started with the plugin alone.
    let other = folder.path().join("other");
    fs::create_dir(&other).unwrap();
    let other = gateway_without(&other, "test-plugin");
    let mut test = plugbuild(&["test", "--gateway"]);
    let said = succeeded(test.arg(other).arg(&built).current_dir(&dir).env("HOME", folder.path()));
    assert!(text(&said.stdout).contains("loaded:"), "{}", text(&said.stdout));
    // One that cannot be loaded: by default this gateway does not start, and may be told otherwise.
    let config: Value = serde_json::from_str(&fs::read_to_string(dir.join("krakend.json")).unwrap()).unwrap();
    for (word, started, status) in [
        (None, false, 0),
        (Some("passthrough"), true, 200),
        (Some("error"), true, 500),
    ] {
        let mut config = config.clone();
        let server = &mut config["extra_config"]["plugin/http-server"]["plugins"];
        server.as_array_mut().unwrap().push(json!({"name": "absent"}));
        if let Some(word) = word {
            config["extra_config"]["plugin"]["on_load_default_error"] = json!(word);
        }
        let file = dir.join("other.json");
        fs::write(&file, config.to_string()).unwrap();
        let mut test = run(&["test", "--request", "GET", "/hello", "--config", "other.json"]);
        test.arg(&built).arg("--expect-status").arg(status.max(200).to_string());
        assert_eq!(test.output().unwrap().status.success(), started, "{word:?}");
        let checked = run(&["config", "check", "other.json", "."]).output().unwrap();
        assert!(
            text(&checked.stdout).contains("no plugin registers a handler called absent"),
            "{}",
            text(&checked.stdout)
        );
    }
    // A file of version 3 is refused before anything runs, with its cure.
    fs::write(dir.join("old.json"), r#"{"version": 3}"#).unwrap();
    let refused = run(&["test", "--request", "GET", "/hello", "--config", "old.json"])
        .arg(&built)
        .output()
        .unwrap();
    assert_eq!(refused.status.code(), Some(2));
    let said = text(&refused.stderr);
    assert!(
        said.contains("reads version 4") && said.contains("plugbuild config migrate"),
        "{said}"
    );
}

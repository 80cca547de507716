//! Configurations and the issues found in them, side by side in tests/config/cases.txt, and in cases-4.txt those of
//! version 4.
//!
//! A case is `### file name`, `plugin …` and `gateway …` lines, the configuration, `>>>`, the issues. UPDATE=1 in the environment
//! rewrites the issues: read the diff before you commit it.

use super::*;
use crate::gateway::config::parse::ParsedConfig;
use crate::gateway::config::parse::read;
use crate::gateway::registerer;

const CASES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/config/cases.txt");
const CASES_4: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/config/cases-4.txt");

/// The directories of the cases.
fn look(folder: &str) -> PluginDir {
    let files =
        |names: &[&str]| PluginDir::Open(names.iter().map(|n| ((*n).to_owned(), n.ends_with("-dir"))).collect());
    match folder.trim_end_matches('/') {
        "./plugins" => files(&["auth.so", "cache.so"]),
        "./empty" => files(&[]),
        "./nested" => files(&["amd64-dir"]),
        "./mixed" => files(&["auth.so", "auth.so.bak", "notes.so.md"]),
        "./plugins/auth.so" => PluginDir::File,
        "./closed" => PluginDir::Closed("permission denied".to_owned()),
        _ => PluginDir::Missing,
    }
}

/// `plugin auth.so handler=auth modifier=auth-request`; `plugin old.so ?` has unknown names.
fn plugin(line: &str) -> GivenPlugin {
    let mut words = line.split_whitespace().skip(1);
    let label = words.next().unwrap().to_owned();
    let names: Vec<&str> = words.collect();
    let registered = (names != ["?"]).then(|| RegisteredNames {
        names: names
            .iter()
            .map(|word| {
                let (kind, name) = word.split_once('=').unwrap();
                (kind.parse().unwrap(), name.to_owned())
            })
            .collect(),
        origin: "as its test says".to_owned(),
    });
    GivenPlugin {
        file: label.ends_with(".so").then(|| label.clone()),
        label,
        registered,
    }
}

/// `gateway 2.13.8`.
fn reader(line: &str) -> ConfigReader {
    let release = line.trim_start_matches("gateway ").parse().unwrap();
    ConfigReader {
        label: format!("{release}"),
        release,
        version: ConfigVersion::read_by(release).unwrap(),
    }
}

fn report(name: &str, text: &str, plugins: &[GivenPlugin], reader: Option<&ConfigReader>) -> String {
    match read(name, text) {
        ParsedConfig::Document(document) => check(&document, registerer::all(), plugins, &look, reader)
            .into_iter()
            .map(|finding| {
                let help = finding.help.map(|help| format!("  help: {help}\n")).unwrap_or_default();
                format!("{} {:?}: {}\n{help}", finding.at, finding.severity, finding.what)
            })
            .collect(),
        ParsedConfig::Template => "a template\n".to_owned(),
        ParsedConfig::Broken(at, why) => format!("{at} cannot be parsed: {why}\n"),
        ParsedConfig::Unknown => "not a format that is read\n".to_owned(),
    }
}

/// How many cases of a file have issues, and how many have none.
#[allow(clippy::disallowed_methods, reason = "the switch that rewrites the snapshot")]
fn compared(file: &str) -> (usize, usize) {
    let cases = std::fs::read_to_string(file).unwrap();
    let (mut written, mut broken, mut right) = (String::new(), 0, 0);
    for case in cases.split("### ").skip(1) {
        let (head, _) = case.split_once(">>>\n").expect("a case has its >>>");
        let (name, rest) = head.split_once('\n').unwrap();
        let is_given = |line: &&str| line.starts_with("plugin ") || line.starts_with("gateway ");
        let (gateways, plugins): (Vec<&str>, Vec<&str>) = rest
            .lines()
            .take_while(is_given)
            .partition(|line| line.starts_with("gateway "));
        let given = gateways.len() + plugins.len();
        let plugins: Vec<GivenPlugin> = plugins.into_iter().map(plugin).collect();
        let text: String = rest.split_inclusive('\n').skip(given).collect();
        let reader = gateways.first().map(|line| reader(line));
        let report = report(name, &text, &plugins, reader.as_ref());
        if report.is_empty() {
            right += 1;
        } else {
            broken += 1;
        }
        written += &format!("### {head}>>>\n{report}\n");
    }
    let written = format!("{}\n", written.trim_end());
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(file, written).unwrap();
    } else {
        assert_eq!(cases, written, "read what changed, then run this with UPDATE=1");
    }
    (broken, right)
}

#[test]
fn config_cases() {
    let (broken, right) = compared(CASES);
    assert!(broken >= 30 && right >= 10, "{broken} broken and {right} right cases");
    let (broken, right) = compared(CASES_4);
    assert!(
        broken >= 30 && right >= 8,
        "{broken} broken and {right} right cases of version 4"
    );
}

/// What happens where the plugin cannot be loaded is said by the configuration.
#[test]
fn strictest_use_decides() {
    let text = r#"{"version": 4, "extra_config": {
        "plugin": {"pattern": ".so", "folder": "./plugins/", "on_load_default_error": "reject"},
        "plugin/http-server": {"plugins": [{"name": "a", "on_load_error": "passthrough"}, {"name": "b"}]}
    }, "endpoints": [{"endpoint": "/", "backend": [{"extra_config": {
        "plugin/http-client": {"name": "c"},
        "plugin/req-resp-modifier": {"plugins": [{"name": "a", "on_load_error": "exit"}]}}}]}]}"#;
    let ParsedConfig::Document(document) = read("k.json", text) else {
        panic!("{text}");
    };
    let said = |words: &str| {
        let given = plugin(&format!("plugin x.so {words}"));
        on_load_error(&document, registerer::all(), given.registered.as_ref()).map(|one| one.value.as_str())
    };
    for (names, word) in [
        ("handler=a", Some("passthrough")),
        ("handler=b", Some("error")),
        ("client=c", Some("error")),
        ("handler=a modifier=a", Some("critical")),
        ("modifier=b", None),
        ("?", Some("critical")),
    ] {
        assert_eq!(said(names), word, "{names}");
    }
    let ParsedConfig::Document(three) = read("k.json", r#"{"version": 3}"#) else {
        panic!()
    };
    assert!(on_load_error(&three, registerer::all(), None).is_none());
}

/// Replaces one value of a configuration, at any depth.
fn disturb(value: &mut serde_json::Value, random: &mut fastrand::Rng) {
    let mut parts: Vec<&mut serde_json::Value> = match value {
        serde_json::Value::Array(items) => items.iter_mut().collect(),
        serde_json::Value::Object(entries) => entries.values_mut().collect(),
        _ => Vec::new(),
    };
    if parts.is_empty() || random.u8(..5) == 0 {
        let other = [
            "null",
            "[]",
            "{}",
            "\"x\"",
            "4",
            "[{}]",
            "[\"a\"]",
            "{\"name\": \"a\"}",
            "{\"plugins\": [{}]}",
        ];
        *value = serde_json::from_str(random.choice(other).unwrap()).unwrap();
    } else {
        let at = random.usize(..parts.len());
        disturb(parts.swap_remove(at), random);
    }
}

/// Whatever a configuration looks like, a second migration or injection changes nothing, and what is injected in the form of
/// version 4 is left alone by the migration.
#[test]
fn odd_configurations_are_migrated_and_injected_once() {
    let rows = registerer::all();
    let schema = ConfigVersion::V4.schema(None);
    let mut random = fastrand::Rng::with_seed(4);
    let all = [CASES, CASES_4]
        .map(|file| std::fs::read_to_string(file).unwrap())
        .concat();
    let given = |line: &&str| line.starts_with("plugin ") || line.starts_with("gateway ");
    let (mut migrated, mut injected) = (0, 0);
    for case in all.split("### ").skip(1) {
        let rest = case.split_once(">>>\n").unwrap().0.split_once('\n').unwrap().1;
        let text: String = rest.split_inclusive('\n').filter(|line| !given(line)).collect();
        let Ok(mut value) = serde_json::from_str::<serde_json::Value>(&text) else {
            continue;
        };
        for _ in 0..6 {
            let text = value.to_string();
            let Ok(once) = migrate::migrate(&text, rows, &schema) else {
                break;
            };
            migrated += 1;
            assert_eq!(migrate::migrate(&once, rows, &schema).unwrap(), once, "{text}");
            report("k.json", &once, &[], None);
            for row in rows {
                let injection = inject::Injection {
                    name: "new".to_owned(),
                    ..inject::Injection::default()
                };
                let Ok(new) = inject::inject(&once, row, &injection) else {
                    continue;
                };
                injected += 1;
                assert_eq!(inject::inject(&new, row, &injection).unwrap(), new, "{once}");
                assert_eq!(migrate::migrate(&new, rows, &schema).unwrap(), new, "{once}");
            }
            disturb(&mut value, &mut random);
        }
    }
    assert!(migrated > 300 && injected > 200, "{migrated} and {injected}");
}

/// Arbitrary text never panics.
#[test]
fn arbitrary_text_never_panics() {
    let mut random = fastrand::Rng::with_seed(6);
    let cases = [CASES, CASES_4]
        .map(|file| std::fs::read_to_string(file).unwrap())
        .concat();
    for _ in 0..4000 {
        let mut bytes: Vec<u8> = cases.bytes().skip(random.usize(..cases.len())).take(300).collect();
        for _ in 0..random.usize(..6) {
            let at = random.usize(..bytes.len().max(1));
            if let Some(byte) = bytes.get_mut(at) {
                *byte = *random.choice(b"{}[]\",:\n#-&*<0a\xc3").unwrap();
            }
        }
        let text = String::from_utf8_lossy(&bytes);
        for name in ["k.json", "k.yaml", "k.toml"] {
            report(name, &text, &[], None);
        }
    }
    for deep in ["[", "{\"a\":", "- "] {
        for name in ["k.json", "k.yaml", "k.toml"] {
            report(name, &deep.repeat(20_000), &[], None);
        }
    }
    let laughs: String = (1..30)
        .map(|n| format!("a{n}: &a{n} [*a{0}, *a{0}, *a{0}]\n", n - 1))
        .collect();
    let laughs = format!("a0: &a0 [lol]\n{laughs}");
    assert!(report("k.yaml", &laughs, &[], None).contains("aliases counted in full"));
}

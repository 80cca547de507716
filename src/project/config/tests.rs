//! Settings files: what is read, the warnings, and the schema generated from the types.

use super::*;
use crate::gateway::registerer::PluginKind;

const FULL: &str = r#"
[gateway]
version = ["2.12", "2.1"]
go = "1.25.6"

[build]
targets = ["arm64-musl", "amd64-glibc=2.31"]
out-dir = "out"
align = "auto"
cc = "zig"
jobs = 2

[[plugin]]
name = "auth"
path = "plugins/auth"
type = "http-server"
registers = ["acme-auth"]
gateways = ["2.12"]
targets = ["amd64-musl"]

[workspace]
members = ["plugins/*"]
exclude = ["plugins/old"]

[profile.release]
strip = true

[mirrors]
go = "file:///srv/go"
zig = "file:///srv/zig"
modules = "https://goproxy.example.com"

[package]
out-dir = "dist"
archive = true
version = "1.2.3"
sign = ["minisign", "-Sm", "{file}"]

[[matrix.release]]
name = "acme"
version = "2.13.8"
go = "1.25.6"
"#;

/// All key paths of a schema.
fn keys(schema: &Value, path: &str, to: &mut Vec<String>) {
    for (key, value) in schema["properties"].as_object().into_iter().flatten() {
        let full = format!("{path}{key}");
        let inner = if value["items"].is_object() {
            &value["items"]
        } else {
            value
        };
        if inner["properties"].is_object() {
            keys(inner, &format!("{full}."), to);
        } else {
            to.push(full);
        }
    }
}

#[test]
fn file_with_every_key_has_no_warning() {
    let config: Config = toml::from_str(FULL).unwrap();
    assert_eq!(config.plugin[0].r#type, Some(PluginKind::Handler));
    assert_eq!(
        config.gateway.version.unwrap().iter().collect::<Vec<_>>(),
        ["2.12", "2.1"]
    );
    assert_eq!(
        unknown::warnings(FULL, Path::new("p.toml"), &Config::schema()),
        Vec::<String>::new()
    );
    let mut all = Vec::new();
    keys(&Config::schema(), "", &mut all);
    let unused: Vec<&String> = all
        .iter()
        .filter(|key| !key.starts_with("matrix."))
        .filter(|key| !FULL.contains(&format!("\n{} = ", key.rsplit('.').next().unwrap())))
        .collect();
    assert!(
        unused.is_empty(),
        "keys of the schema that this test's file lacks: {unused:?}"
    );
}

#[test]
fn unknown_key_has_position_and_suggestion() {
    let text = "[biuld]\ntargets = []\n[build]\nout_dir = \"x\"\n  target = []\n\n[[plugin]]\nregister = []\n[[plugin]]\nzzzz = 1\n[profile.relaese]\nstrip = true\n";
    assert_eq!(
        unknown::warnings(text, Path::new("p.toml"), &Config::schema()),
        [
            "p.toml:1:2: the key `biuld` is not known; did you mean `build`?",
            "p.toml:4:1: the key `build.out_dir` is not known; did you mean `out-dir`?",
            "p.toml:5:3: the key `build.target` is not known; did you mean `targets`?",
            "p.toml:8:1: the key `plugin.register` is not known; did you mean `registers`?",
            "p.toml:10:1: the key `plugin.zzzz` is not known",
            "p.toml:11:10: the key `profile.relaese` is not known; did you mean `release`?",
        ]
    );
}

#[test]
fn matrix_row_keys_match_the_schema() {
    let message = toml::from_str::<Config>("[[matrix.release]]\nversion = \"2.1.4\"\ngo = \"1.19.5\"\nbogus = 1\n")
        .unwrap_err()
        .to_string();
    let (_, listed) = message.split_once("expected one of ").unwrap();
    let mut taken: Vec<&str> = listed.split('`').skip(1).step_by(2).collect();
    taken.sort_unstable();
    let schema = crate::matrix::Release::schema();
    let mut known: Vec<&str> = schema["properties"]
        .as_object()
        .unwrap()
        .keys()
        .map(String::as_str)
        .collect();
    known.sort_unstable();
    assert_eq!(taken, known);
}

#[test]
fn schema_in_docs_is_current() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/plugbuild.schema.json");
    let want = format!("{}\n", serde_json::to_string_pretty(&schema()).unwrap());
    let have = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        have == want,
        "it is old: `plugbuild config schema > docs/plugbuild.schema.json`"
    );
}

#[test]
fn environment_overrides_mirrors() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(
        dir.path().join(FILE),
        "[mirrors]\ngo = \"file:///a\"\nmodules = \"off\"\n",
    )
    .unwrap();
    let env = [("HOME", "/home/u"), ("GOPROXY", "direct")];
    let env = env.map(|(k, v)| (k.into(), v.into())).into_iter().collect();
    let host = Host::new(env, dir.path().to_owned(), false).unwrap();
    let inner = dir.path().join("a/b");
    std::fs::create_dir_all(&inner).unwrap();
    let host = Settings::read(&inner, &host).unwrap().with_mirrors(&host);
    assert_eq!(host.var("PLUGBUILD_GO_MIRROR").unwrap(), "file:///a");
    assert_eq!(host.var("GOPROXY").unwrap(), "direct");
    assert_eq!(host.var("PLUGBUILD_ZIG_MIRROR"), None);
}

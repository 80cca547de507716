//! What plugbuild reads for itself, held against the go command where there is one, and against random text.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use plugbuild::gateway::version_output::{VersionText, parse_libc};
use plugbuild::gateway::{Asked, GatewaySpec, identify};
use plugbuild::matrix::Matrix;
use plugbuild::project::go_env::GoEnv;
use plugbuild::project::go_mod;
use plugbuild::project::plugin::Plugin;
use plugbuild::util::host::Host;

use crate::support::skipped;

fn random_text(rng: &mut fastrand::Rng, words: &[&str]) -> String {
    (0..rng.usize(0..24)).map(|_| words[rng.usize(..words.len())]).collect()
}

fn host(dir: &Path, vars: &[(&str, OsString)]) -> Host {
    let mut env: BTreeMap<OsString, OsString> = vars.iter().map(|(k, v)| (OsString::from(k), v.clone())).collect();
    env.entry("HOME".into()).or_insert_with(|| dir.join("home").into());
    Host::new(env, dir.to_owned(), false).unwrap()
}

#[allow(clippy::disallowed_methods, reason = "tests start tools themselves")]
fn go(host: &Host, args: &[&str]) -> Option<String> {
    let out = Command::new("go")
        .args(args)
        .env_clear()
        .envs(&host.env)
        .env("PATH", std::env::var_os("PATH")?)
        .env("GOTOOLCHAIN", "local")
        .current_dir(&host.cwd)
        .output()
        .ok()?;
    out.status.success().then(|| String::from_utf8(out.stdout).unwrap())
}

/// Settings of all sorts, in the environment and in the file that `go env -w` writes, read by both.
#[test]
fn settings_match_go_env() {
    let dir = tempfile::tempdir().unwrap();
    let root = dir.path().canonicalize().unwrap();
    if go(&host(&root, &[]), &["version"]).is_none() {
        return skipped("settings_match_go_env", "no go on PATH");
    }
    let mut rng = fastrand::Rng::with_seed(5);
    let file = root.join("goenv");
    let mut unlike_default = 0;
    for _ in 0..40 {
        let mut vars: Vec<(&str, OsString)> = Vec::new();
        let mut written = String::from("# settings\n\n");
        let choices: [(&str, Vec<OsString>); 4] = [
            ("GOMODCACHE", vec!["/a/mod".into(), "".into(), root.join("m c").into()]),
            ("GOPATH", vec!["/a:/b".into(), "".into(), root.join("path").into()]),
            (
                "GOFLAGS",
                vec![
                    "-mod=mod -v".into(),
                    "'-ldflags=-s -w' -x".into(),
                    "".into(),
                    "\t-p=2  \"-tags=a b\" ".into(),
                ],
            ),
            ("GOWORK", vec!["off".into(), "".into(), root.join("go.work").into()]),
        ];
        for (name, values) in &choices {
            let value = &values[rng.usize(..values.len())];
            match rng.u8(0..3) {
                0 => vars.push((name, value.clone())),
                // A file's GOWORK is refused by the go command.
                1 if *name != "GOWORK" => written += &format!("{name}={}\n", value.to_str().unwrap()),
                _ => {}
            }
        }
        match rng.u8(0..4) {
            0 => vars.push(("GOENV", "off".into())),
            1 => {
                fs::write(&file, &written).unwrap();
                vars.push(("GOENV", file.clone().into()));
            }
            2 => {
                fs::create_dir_all(root.join("home/.config/go")).unwrap();
                fs::write(root.join("home/.config/go/env"), &written).unwrap();
            }
            _ => {
                fs::create_dir_all(root.join("config/go")).unwrap();
                fs::write(root.join("config/go/env"), &written).unwrap();
                vars.push(("XDG_CONFIG_HOME", root.join("config").into()));
            }
        }
        let host = host(&root, &vars);
        let ours = GoEnv::read(&host).unwrap();
        let told =
            go(&host, &["env", "GOMODCACHE", "GOFLAGS"]).unwrap_or_else(|| panic!("go env with {vars:?} {written}"));
        let mut lines = told.lines();
        assert_eq!(
            ours.module_cache,
            PathBuf::from(lines.next().unwrap()),
            "{vars:?} {written}"
        );
        let flags = plugbuild::util::go_flags::split(lines.next().unwrap_or_default()).unwrap();
        assert_eq!(ours.flags, flags, "{vars:?} {written}");
        unlike_default += usize::from(ours.module_cache != root.join("home/go/pkg/mod"));
    }
    assert!(unlike_default > 10);
}

/// Which GOFLAGS the go command takes at all, and how it splits them.
#[test]
fn goflags_are_split_as_go_does() {
    let dir = tempfile::tempdir().unwrap();
    let root = dir.path().canonicalize().unwrap();
    if go(&host(&root, &[]), &["version"]).is_none() {
        return skipped("goflags_are_split_as_go_does", "no go on PATH");
    }
    fs::write(root.join("go.mod"), "module example.com/x\n").unwrap();
    let mut rng = fastrand::Rng::with_seed(6);
    let (mut taken, mut refused) = (0, 0);
    for _ in 0..60 {
        let text = format!(
            "-installsuffix=start {}",
            random_text(&mut rng, &[" ", "'", "\"", "-installsuffix=a", "\u{a0}", "b"])
        );
        let flags = plugbuild::util::go_flags::split(&text);
        let host = host(&root, &[("GOFLAGS", text.clone().into())]);
        let go_takes = go(&host, &["list", "-m"]).is_some();
        let ours_takes = flags.is_ok_and(|flags| flags.iter().all(|flag| flag.starts_with("-installsuffix=")));
        assert_eq!(ours_takes, go_takes, "{text:?}");
        if go_takes { taken += 1 } else { refused += 1 }
    }
    assert!(taken > 0 && refused > 0, "{taken} {refused}");
}

#[test]
fn random_module_files_never_panic() {
    let mut rng = fastrand::Rng::with_seed(8);
    let words = [
        "module",
        "go",
        "require",
        "replace",
        "use",
        "(",
        ")",
        "=>",
        "\n",
        " ",
        "\t",
        "\"",
        "`",
        "//",
        "v1.0.0",
        "../x",
        "./y",
        "example.com/z",
        "é",
        "\u{feff}",
        "\r",
        "1.19",
        ",",
        "'",
    ];
    for _ in 0..20_000 {
        let text = random_text(&mut rng, &words);
        for directive in go_mod::parse(&text) {
            assert!(
                !directive.verb.contains(['\n', ' ']) || text.contains(['"', '`']),
                "{text:?}: {directive:?}"
            );
        }
    }
}

/// The directives that decide paths, in every way the go command reads them.
#[test]
fn module_files_are_read_as_go_does() {
    let dir = tempfile::tempdir().unwrap();
    let root = dir.path().canonicalize().unwrap();
    let own = host(&root, &[]);
    let go_is_here = go(&own, &["version"]).is_some();
    if !go_is_here {
        skipped(
            "module_files_are_read_as_go_does",
            "no go on PATH: held to the table only",
        );
    }
    fs::create_dir_all(root.join("dep")).unwrap();
    fs::write(root.join("dep/go.mod"), "module example.com/dep\n").unwrap();
    for text in [
        "module example.com/p\ngo 1.19\nreplace example.com/dep => ./dep\n",
        "module (\n\texample.com/p\n)\ngo 1.19\nreplace (\n\texample.com/dep => ./dep // why\n)\n",
        "module \"example.com/p\"\ngo 1.19\nreplace(\n\texample.com/dep v1.0.0 => \"./dep\"\n)\n",
        "// a comment\nmodule \"example.com/p\" // another\r\n\r\ngo 1.19// tight\r\nreplace example.com/dep => ./dep//tight\r\n",
    ] {
        fs::write(root.join("go.mod"), text).unwrap();
        let plugin =
            Plugin::read(&root, &own, &GoEnv::read(&own).unwrap()).unwrap_or_else(|why| panic!("{text}: {why}"));
        let ours = (
            plugin.module.path.as_str(),
            plugin.module.go.clone().unwrap().to_string(),
            plugin.siblings[0].path.as_str(),
        );
        assert_eq!(ours, ("example.com/p", "1.19".to_owned(), "example.com/dep"), "{text}");
        if go_is_here {
            let told = go(&own, &["mod", "edit", "-json"]).unwrap_or_else(|| panic!("the go command refuses {text}"));
            let told: serde_json::Value = serde_json::from_str(&told).unwrap();
            assert_eq!(
                (told["Module"]["Path"].as_str(), told["Go"].as_str()),
                (Some("example.com/p"), Some("1.19")),
                "{text}"
            );
            assert_eq!(told["Replace"][0]["New"]["Path"].as_str(), Some("./dep"), "{text}");
        }
    }
}

#[test]
fn random_gateways_never_panic() {
    let dir = tempfile::tempdir().unwrap();
    let (host, matrix) = (host(dir.path(), &[]), Matrix::builtin().unwrap());
    let mut rng = fastrand::Rng::with_seed(9);
    let words = [
        "v",
        "2",
        ".",
        "1",
        "13",
        "-",
        "alpine",
        "linux-generic",
        "latest",
        "99999999999",
        "é",
        "x",
        " ",
        "+",
    ];
    let mut known = 0;
    for _ in 0..5_000 {
        let text = random_text(&mut rng, &words);
        let Ok(spec) = text.parse::<GatewaySpec>() else {
            continue;
        };
        if matches!(spec, GatewaySpec::Stdin | GatewaySpec::File(_)) {
            continue;
        }
        let asked = Asked {
            gateway: Some(spec),
            ..Asked::default()
        };
        match identify(&asked, &matrix, &host) {
            Ok(gateway) => {
                known += 1;
                assert!(gateway.label.starts_with('2'), "{text}");
            }
            Err(why) => assert!(!why.help.is_empty(), "{text}: {why}"),
        }
    }
    assert!(known > 10, "{known}");
}

#[test]
fn random_version_texts_never_panic() {
    let mut rng = fastrand::Rng::with_seed(10);
    let words = [
        "KrakenD Version:",
        "Go Version:",
        "Glibc Version:",
        " ",
        "\n",
        "\r\n",
        "2.1.4",
        "1.25.6",
        "undefined",
        "MUSL-1.2.5",
        "GLIBC-",
        "2.36",
        "_(debian-12)",
        "é",
        "\0",
        "-",
    ];
    let mut understood = 0;
    for _ in 0..20_000 {
        let text = random_text(&mut rng, &words);
        understood += usize::from(VersionText::parse(&text).is_ok_and(|told| told.go.is_some()));
        let _ = parse_libc(&text);
    }
    assert!(understood > 100, "{understood}");
}

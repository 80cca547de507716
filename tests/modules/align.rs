//! Plugins that do not fit: what check says of each, that aligned they load in a real gateway, that fixed they stay so.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Output;

use plugbuild::binary::Binary;
use serde_json::Value;

use crate::support::gateway::{Gateway, Release, text};
use crate::support::{cache, copy_tree, made, plugbuild, root, say};

pub(crate) const TARGET: &str = "amd64-glibc";

pub(crate) fn old() -> (Release, Gateway) {
    let release = Release::new("2.1.4", "1.19.5", "1.19.13");
    let gateway = release.gateway(TARGET);
    (release, gateway)
}

pub(crate) fn new() -> (Release, Gateway) {
    let release = Release::new("2.12.1", "1.25.6", "1.25.6");
    let gateway = release.gateway(TARGET);
    (release, gateway)
}

/// A copy of a fixture of its own for each test, at a place that stays.
pub(crate) fn fixture(name: &str, of: &str) -> PathBuf {
    let place = cache().join("misfits").join(of).join(name);
    let _ = fs::remove_dir_all(&place);
    copy_tree(&root().join("tests/fixtures/misfits").join(name), &place);
    place
}

/// Every file below a folder, with its bytes.
fn tree(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut all = BTreeMap::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            all.extend(tree(&path));
        } else {
            all.insert(path.clone(), fs::read(&path).unwrap());
        }
    }
    all
}

pub(crate) fn run(args: &[&str], folder: &Path) -> Output {
    plugbuild(args).current_dir(folder).output().expect("plugbuild starts")
}

pub(crate) fn check(folder: &Path, gateway: &str) -> (Option<i32>, Value) {
    let out = run(&["check", "--message-format", "json", "--gateway", gateway], folder);
    let found = text(&out.stdout);
    // Behind the report, an event says why the exit code is not 0.
    let first = found.lines().next().unwrap_or_default();
    let report = serde_json::from_str(first).unwrap_or_else(|why| panic!("{why}: {found}{}", text(&out.stderr)));
    (out.status.code(), report)
}

/// `gin v1.10.1 -> v1.9.1`, by the last elements of the paths.
pub(crate) fn conflicts(report: &Value) -> Vec<String> {
    let version = |source: &Value, module: &str| {
        let published = &source["published"];
        let (path, version) = (
            published["path"].as_str().unwrap(),
            published["version"].as_str().unwrap(),
        );
        if path == module {
            version.to_owned()
        } else {
            format!("{path}@{version}")
        }
    };
    let one = |conflict: &Value| {
        let module = conflict["module"].as_str().unwrap();
        format!(
            "{module} {} -> {}",
            version(&conflict["have"], module),
            version(&conflict["want"], module)
        )
    };
    report["conflicts"].as_array().unwrap().iter().map(one).collect()
}

pub(crate) fn build(folder: &Path, gateway: &str, output: &Path, more: &[&str]) -> Output {
    build_for(TARGET, folder, gateway, output, more)
}

fn build_for(target: &str, folder: &Path, gateway: &str, output: &Path, more: &[&str]) -> Output {
    let output = output.to_str().unwrap();
    let args = ["build", "--gateway", gateway, "--target", target, "--output", output];
    run(&[&args, more].concat(), folder)
}

/// Builds it, has the gateway open it, and looks that nothing of the user's was touched.
pub(crate) fn builds_and_loads(folder: &Path, whole: &Path, release: &Release, gateway: &Gateway) -> (String, PathBuf) {
    let before = tree(whole);
    let output = made(&format!(
        "aligned-{}-{}-{}.so",
        release.version,
        gateway.target,
        folder
            .strip_prefix(cache())
            .unwrap()
            .display()
            .to_string()
            .replace('/', "-")
    ));
    let out = build_for(gateway.target, folder, &release.spec(gateway), &output, &[]);
    let said = text(&out.stderr);
    assert!(out.status.success(), "{}\n{said}", folder.display());
    assert_eq!(
        tree(whole),
        before,
        "{}: the user's tree is as it was, byte for byte",
        folder.display()
    );
    let opened = &gateway.open(&[&output])[0];
    assert!(opened.ok, "{}: {}", folder.display(), opened.error);
    assert_eq!(opened.usable.get("HandlerRegisterer"), Some(&true), "{opened:?}");
    (said, output)
}

#[test]
fn misfits_of_a_new_gateway() {
    let (release, gateway) = new();
    let spec = release.spec(&gateway);
    for (name, count, some, go_line) in [
        (
            "newer",
            13,
            &[
                "github.com/gin-gonic/gin v1.10.1 -> v1.9.1",
                "go.opentelemetry.io/otel v1.38.0 -> v1.34.0",
                "golang.org/x/net v0.48.0 -> v0.47.0",
                "google.golang.org/protobuf v1.34.1 -> v1.36.10",
            ][..],
            false,
        ),
        ("go-line", 11, &["golang.org/x/net v0.10.0 -> v0.47.0"], true),
        ("no-sum", 1, &["github.com/google/uuid v1.5.0 -> v1.6.0"], false),
        ("replaced", 1, &["github.com/google/uuid v1.4.0 -> v1.6.0"], false),
        (
            "demands",
            2,
            &[
                "golang.org/x/net v0.48.0 -> v0.47.0",
                "golang.org/x/text v0.32.0 -> v0.31.0",
            ],
            false,
        ),
    ] {
        let folder = fixture(&format!("new/{name}"), "cured");
        let (code, report) = check(&folder, &spec);
        let found = conflicts(&report);
        assert_eq!((code, found.len()), (Some(1), count), "{name}: {found:#?}");
        assert!(
            some.iter().all(|conflict| found.iter().any(|t| t == conflict)),
            "{name}: {found:#?}"
        );
        assert_eq!(report["verdict"], "fits-aligned", "{name}");
        assert_eq!(report["go_line"].is_object(), go_line, "{name}: {}", report["go_line"]);
        let (said, _) = builds_and_loads(&folder, &folder, &release, &gateway);
        let words = if count == 1 {
            "1 module".to_owned()
        } else {
            format!("{count} modules")
        };
        assert!(
            said.contains(&format!("aligned {words} with KrakenD 2.12.1: ")),
            "{name}: {said}"
        );
    }
}

#[test]
fn misfits_of_an_old_gateway() {
    let (release, gateway) = old();
    for (name, some) in [
        ("newer", "github.com/gin-gonic/gin v1.9.1 -> v1.8.2"),
        (
            "moved",
            "google.golang.org/genproto/googleapis/api v0.0.0-20230526161137-0005af68ea54 -> \
             google.golang.org/genproto@v0.0.0-20220502173005-c8bf987b8c21",
        ),
    ] {
        let folder = fixture(&format!("old/{name}"), "cured");
        // Only its file tells which packages it has: where one of them moved to is not to be known otherwise.
        let (code, report) = check(&folder, gateway.binary.to_str().unwrap());
        let found = conflicts(&report);
        assert!(code == Some(1) && found.iter().any(|t| t == some), "{name}: {found:#?}");
        assert_eq!(report["go_line"].is_object(), name == "newer");
        // By its release there is at least a possible conflict.
        let possible = check(&folder, release.version).1["possible_conflicts"]
            .as_array()
            .unwrap()
            .len();
        assert_eq!(possible, if name == "moved" { 2 } else { 0 });
        builds_and_loads(&folder, &folder, &release, &gateway);
    }
}

#[test]
fn aligned_plugins_load_on_every_target() {
    for ((release, _), name) in [(old(), "old/newer"), (new(), "new/newer")] {
        let folder = fixture(name, "targets");
        for target in ["amd64-musl", "arm64-glibc", "arm64-musl"] {
            let gateway = release.gateway(target);
            let (said, _) = builds_and_loads(&folder, &folder, &release, &gateway);
            assert!(said.contains(" aligned "), "{target}: {said}");
        }
    }
}

/// The modules of packages whose hash differs between a plugin that was not aligned and a gateway.
fn by_hash(plugin: &Path, gateway: &Path) -> BTreeSet<String> {
    let (plugin, gateway) = (Binary::open(plugin).unwrap(), Binary::open(gateway).unwrap());
    let info = plugin.build_info().unwrap();
    let modules = info.index();
    let differs = |path: &str, hash| gateway.package_hash(path).is_some_and(|other| other != hash);
    plugin
        .package_hashes()
        .filter(|package| differs(package.path, package.hash))
        .filter_map(|package| Some(modules.of_package(package.path)?.path.clone()))
        .collect()
}

#[test]
fn check_agrees_with_package_hashes() {
    let (release, gateway) = new();
    let file = gateway.binary.to_str().unwrap();
    for name in ["newer", "replaced", "demands"] {
        let folder = fixture(&format!("new/{name}"), "hashes");
        let plugin = made(&format!("unaligned-{name}.so"));
        // Of a gateway given by its parts no modules are known, so nothing is aligned.
        let go = release.go.version.as_str();
        let args = [
            "build",
            "--go",
            go,
            "--target",
            TARGET,
            "--output",
            plugin.to_str().unwrap(),
        ];
        let out = run(&args, &folder);
        assert!(out.status.success(), "{name}: {}", text(&out.stderr));
        assert!(!gateway.open(&[&plugin])[0].ok, "{name} is refused as it is");
        let hashes = by_hash(&plugin, &gateway.binary);
        let (_, report) = check(&folder, file);
        let modules: Vec<&str> = report["conflicts"]
            .as_array()
            .unwrap()
            .iter()
            .map(|c| c["module"].as_str().unwrap())
            .collect();
        // A package's hash covers what it imports: a module that only builds on another that conflicts differs, too.
        let missed: Vec<&String> = hashes
            .iter()
            .filter(|module| !modules.contains(&module.as_str()) && !builds_on_a_conflict(&report, module, &folder))
            .collect();
        assert!(missed.is_empty(), "{name}: missed {missed:?}");
        let invented: Vec<&&str> = modules.iter().filter(|module| !hashes.contains(**module)).collect();
        assert!(invented.is_empty(), "{name}: invented {invented:?}");
        say(&format!(
            "{name}: check and the package hashes agree on {} modules",
            modules.len()
        ));
    }
}

/// Whether something of a conflicting module is behind it: then its own version may well be the gateway's.
fn builds_on_a_conflict(report: &Value, module: &str, folder: &Path) -> bool {
    let out = run(&["deps", "--message-format", "json", "--gateway", "2.12.1"], folder);
    let same = text(&out.stdout)
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap())
        .any(|dep| dep["module"] == module && dep["have"] == dep["gateway"]);
    same && !report["conflicts"].as_array().unwrap().is_empty()
}

#[test]
fn fix_survives_go_mod_tidy() {
    let (release, gateway) = new();
    let spec = release.spec(&gateway);
    for name in ["newer", "go-line", "replaced", "demands", "no-sum"] {
        let folder = fixture(&format!("new/{name}"), "fixed");
        let before = tree(&folder);
        let shown = run(&["fix", "--gateway", &spec], &folder);
        assert!(shown.status.success(), "{name}: {}", text(&shown.stderr));
        assert!(
            text(&shown.stdout).contains("+++ b/go.mod"),
            "{name}: {}",
            text(&shown.stdout)
        );
        assert_eq!(tree(&folder), before, "{name}: shown only");
        let written = run(&["fix", "--write", "--gateway", &spec], &folder);
        assert!(written.status.success(), "{name}: {}", text(&written.stderr));
        let go_mod = || fs::read_to_string(folder.join("go.mod")).unwrap();
        let fixed = go_mod();
        assert_eq!(check(&folder, &spec).0, Some(0), "{name}: {fixed}");
        let mut tidy = release.go.command();
        let out = tidy.current_dir(&folder).args(["mod", "tidy"]).output().unwrap();
        assert!(out.status.success(), "{name}: {}", text(&out.stderr));
        let (code, report) = check(&folder, &spec);
        assert_eq!(code, Some(0), "{name} after tidy: {report:#}\n{}", go_mod());
        assert_eq!(report["verdict"], "fits");
        let again = run(&["fix", "--gateway", &spec], &folder);
        assert!(
            again.status.success() && again.stdout.is_empty(),
            "{name}: {}",
            text(&again.stdout)
        );
        let replaces = go_mod().lines().filter(|line| line.contains("=>")).count();
        // Only where something else asks for more there has to be a replace of the gateway's.
        assert_eq!(
            replaces,
            match name {
                "demands" => 3,
                _ => 0,
            },
            "{name}: {}",
            go_mod()
        );
    }
}

#[test]
fn downgraded_module_is_named_in_the_error() {
    let (release, gateway) = new();
    let folder = fixture("new/too-new", "refused");
    let out = build(&folder, &release.spec(&gateway), &made("too-new.so"), &[]);
    let said = text(&out.stderr);
    assert_eq!(out.status.code(), Some(3), "{said}");
    assert!(said.contains("semconv/v1.37.0"), "the go command's own words: {said}");
    assert!(said.contains("go.opentelemetry.io/otel v1.38.0 → v1.34.0"), "{said}");
}

#[test]
fn align_never_refuses_misfits() {
    let (release, gateway) = new();
    let folder = fixture("new/replaced", "never");
    let file = made("never.so");
    let out = build(&folder, &release.spec(&gateway), &file, &["--align", "never"]);
    let said = text(&out.stderr);
    assert_eq!(out.status.code(), Some(1), "{said}");
    assert!(said.contains("github.com/google/uuid v1.4.0 → v1.6.0"), "{said}");
    assert!(!file.exists());
}

#[test]
fn imported_gateway_needs_no_file() {
    let (_, gateway) = new();
    let folder = fixture("new/replaced", "imported");
    let file = gateway.binary.to_str().unwrap();
    let out = run(&["gateway", "import", file, "--name", "acme-3.0"], &folder);
    assert!(out.status.success(), "{}", text(&out.stderr));
    assert_eq!(
        conflicts(&check(&folder, "acme-3.0").1),
        conflicts(&check(&folder, file).1)
    );
    let shown = text(&run(&["gateway", "show", "--gateway", "acme-3.0"], &folder).stdout);
    assert!(
        shown.contains("Go            1.25.6") && shown.contains("that it links"),
        "{shown}"
    );
    let again = run(&["gateway", "import", file, "--name", "acme-3.0"], &folder);
    assert_eq!(again.status.code(), Some(2), "{}", text(&again.stderr));
    // A name that no settings file may hold is refused before it is in one.
    let kept = fs::read_to_string(folder.join("plugbuild.toml")).unwrap();
    let version = run(&["gateway", "import", file, "--name", "2.12"], &folder);
    assert_eq!(version.status.code(), Some(2), "{}", text(&version.stderr));
    assert!(
        text(&version.stderr).contains("--name acme-3.0"),
        "{}",
        text(&version.stderr)
    );
    assert_eq!(fs::read_to_string(folder.join("plugbuild.toml")).unwrap(), kept);
}

#[test]
fn check_reads_as_check_plugin() {
    let folder = fixture("new/replaced", "words");
    let said = |args: &[&str]| {
        let out = run(&[&["check", "--gateway", "2.12.1"], args].concat(), &folder);
        assert_eq!(out.status.code(), Some(1), "{}", text(&out.stderr));
        text(&out.stdout)
    };
    let conflict = "github.com/google/uuid  v1.4.0, the gateway has v1.6.0";
    let fits = said(&[
        "-g",
        "1.25.6",
        "-l",
        "MUSL-1.2.5_(alpine-3.23.9)",
        "-s",
        "./go.sum",
        "-f",
    ]);
    assert!(
        fits.contains(conflict) && !fits.contains("libc:") && !fits.contains("go:"),
        "{fits}"
    );
    assert!(
        fits.contains("go mod edit -require=github.com/google/uuid@v1.6.0"),
        "{fits}"
    );
    let floor = said(&["-l", "GLIBC-2.41_(debian-13)"]);
    assert!(
        floor.contains("libc: the plugin may need glibc 2.41, the gateway's system has 2.36"),
        "{floor}"
    );
    assert!(!said(&["-l", "GLIBC-2.31"]).contains("libc:"));
    let go = said(&["--go", "1.25.5"]);
    assert!(
        go.contains("go: compiled with Go 1.25.5, the gateway with Go 1.25.6"),
        "{go}"
    );
}

#[test]
fn fetch_then_build_offline() {
    let (release, gateway) = new();
    let spec = release.spec(&gateway);
    let folder = fixture("new/no-sum", "offline");
    let place = tempfile::tempdir().unwrap();
    let modules = place.path().join("mod");
    let fetched = plugbuild(&["fetch", "--gateway", &spec, "--target", TARGET])
        .current_dir(&folder)
        .env("GOMODCACHE", &modules)
        .env("GOFLAGS", "-modcacherw")
        .output()
        .unwrap();
    assert!(fetched.status.success(), "{}", text(&fetched.stderr));
    let file = place.path().join("offline.so");
    let built = plugbuild(&["build", "--gateway", &spec, "--target", TARGET, "--output"])
        .arg(&file)
        .current_dir(&folder)
        .env("GOMODCACHE", &modules)
        .env("GOFLAGS", "-modcacherw")
        .env("GOPROXY", "off")
        .env("HTTPS_PROXY", "http://127.0.0.1:9")
        .output()
        .unwrap();
    assert!(built.status.success(), "{}", text(&built.stderr));
    assert!(gateway.open(&[&file])[0].ok);
}

#[test]
fn compat_upgrade_and_deps() {
    let folder = fixture("new/newer", "answers");
    let lines = |args: &[&str]| {
        let out = run(&[args, &["--message-format", "json"]].concat(), &folder);
        assert!(out.status.success(), "{}", text(&out.stderr));
        let all = text(&out.stdout);
        all.lines()
            .map(|line| serde_json::from_str::<Value>(line).unwrap())
            .collect::<Vec<_>>()
    };
    let compat = lines(&["compat", "--from", "2.12"]);
    let row = compat.iter().find(|row| row["gateway"] == "2.12.1").unwrap();
    assert_eq!((&row["fit"], &row["moves"]), (&"aligned".into(), &13.into()), "{row}");
    assert!(
        compat.iter().all(|row| row["gateway"].as_str().unwrap() >= "2.12"),
        "{compat:?}"
    );
    assert_eq!(lines(&["compat"]).len(), 57);
    for (first, code) in [("2.99", 2), ("9.9", 1)] {
        let none = run(&["compat", "--from", first], &folder);
        assert_eq!(none.status.code(), Some(code), "{}", text(&none.stderr));
    }
    let upgrade = &lines(&["upgrade", "--from", "2.12.0", "--to", "2.12.1"])[0];
    assert_eq!(upgrade["go"], serde_json::json!(["1.25.3", "1.25.6"]));
    let changes = upgrade["modules"].as_array().unwrap();
    assert!(
        changes.iter().any(|c| c["module"] == "golang.org/x/crypto"),
        "{upgrade:#}"
    );
    assert!(
        changes.iter().all(|c| c["module"] != "github.com/spf13/cobra"),
        "only what the plugin has: {upgrade:#}"
    );
    let deps = lines(&["deps", "--gateway", "2.12.1"]);
    let owner = |module: &str| deps.iter().find(|dep| dep["module"] == module).unwrap()["owner"].clone();
    assert_eq!(owner("github.com/gin-gonic/gin"), "shared");
    assert_eq!(owner("github.com/redis/go-redis/v9"), "free");
    assert_eq!(owner("github.com/bytedance/sonic"), "unlinked");
}

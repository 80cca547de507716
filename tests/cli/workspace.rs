//! Many plugins, gateways and targets by one command: the plan, the summary, failures, and what two plugins must not share.

use crate::support::case::{Case, MAIN_GO};
use crate::support::{gateway_file, stand_ins_are_amd64};

/// A plugin's sources below plugins/.
fn with_plugin(case: Case, name: &str, module: &str, registers: &str) -> Case {
    case.file(
        &format!("work/plugins/{name}/go.mod"),
        format!("module {module}\n\ngo 1.19\n"),
    )
    .file(
        &format!("work/plugins/{name}/main.go"),
        MAIN_GO.replace("\"handler\"", &format!("\"{registers}\"")),
    )
}

/// Two plugins, a folder that is none, one that is excluded, and both Go versions.
fn workspace(settings: &str) -> Case {
    let case = Case::empty()
        .go("home/sdk/go1.19.5", "1.19.5")
        .go("home/sdk/go1.25.6", "1.25.6")
        .zig()
        .file("work/plugbuild.toml", settings)
        .file("work/plugins/readme/README.md", "none");
    let case = with_plugin(case, "auth", "example.com/auth", "acme-auth");
    let case = with_plugin(case, "limit", "example.com/limit", "acme-limit");
    with_plugin(case, "old", "example.com/old", "acme-old")
}

const SETTINGS: &str = "[gateway]\nversion = [\"2.12.1\", \"2.1.4\"]\n\n[build]\nout-dir = \"out\"\ntargets = [\"amd64-musl\", \"amd64-glibc\"]\n\n\
                        [workspace]\nmembers = [\"plugins/*\"]\nexclude = [\"plugins/old\"]\n";

#[test]
fn workspace_builds_every_gateway_and_target() {
    if !stand_ins_are_amd64("a workspace") {
        return;
    }
    let case = workspace(SETTINGS);
    let ran = case.run("-j 3");
    ran.exits(0);
    let mut want = Vec::new();
    for name in ["auth", "limit"] {
        for gateway in ["2.1.4", "2.12.1"] {
            for libc in ["glibc", "musl"] {
                want.push(format!("{name}_{gateway}_linux_amd64_{libc}.so"));
            }
        }
    }
    assert_eq!(case.list("work/out"), want);
    assert!(
        ran.stderr
            .contains("8 builds: 2 plugins, 2 gateways, 2 targets; 3 at a time"),
        "{}",
        ran.text()
    );
    assert_eq!(ran.stdout.lines().count(), 8, "{}", ran.text());
    assert!(
        ran.stderr.contains("8 built, 0 up to date, 0 failed, 0 not begun"),
        "{}",
        ran.text()
    );
    let again = case.run("--workspace");
    assert!(
        again.exits(0).stderr.contains("0 built, 8 up to date"),
        "{}",
        again.text()
    );
    let one = case.run("-p limit -g 2.12.1 -t amd64-musl");
    assert_eq!(one.exits(0).stdout, "[CWD]/out/limit_2.12.1_linux_amd64_musl.so\n");
}

#[test]
fn events_of_each_job_and_the_end() {
    if !stand_ins_are_amd64("events") {
        return;
    }
    let ran = workspace(SETTINGS).run("-p auth --message-format json -q");
    let events: Vec<serde_json::Value> = ran
        .exits(0)
        .stdout
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(events.len(), 5);
    assert!(
        events[..4]
            .iter()
            .all(|event| event["reason"] == "plugin-built" && event["name"] == "auth")
    );
    assert_eq!(events[4]["reason"], "build-finished");
    assert_eq!((&events[4]["built"], &events[4]["failed"]), (&4.into(), &0.into()));
}

#[test]
fn failure_stops_the_rest_unless_keep_going() {
    if !stand_ins_are_amd64("a failure") {
        return;
    }
    let broken = |case: Case| {
        case.script(
            "home/sdk/go1.25.6/bin/go",
            "echo main.go:3: no such thing >&2; exit 1\n",
        )
    };
    let stopped = broken(workspace(SETTINGS)).run("-j 1");
    assert!(
        stopped
            .exits(3)
            .stderr
            .contains("0 built, 0 up to date, 1 failed, 7 not begun"),
        "{}",
        stopped.text()
    );
    let case = broken(workspace(SETTINGS));
    let went_on = case.run("-j 2 --keep-going");
    assert!(
        went_on
            .exits(3)
            .stderr
            .contains("4 built, 0 up to date, 4 failed, 0 not begun"),
        "{}",
        went_on.text()
    );
    assert!(went_on.stderr.contains("4 of 8 builds failed"), "{}", went_on.text());
    assert_eq!(case.list("work/out").len(), 4);
    assert!(went_on.stderr.contains("main.go:3: no such thing"));
}

#[test]
fn conflicting_plugins_are_refused_before_a_build() {
    let refused = |case: Case, what: &str| {
        let ran = case.run("--workspace -t amd64-musl");
        assert!(ran.exits(2).stderr.contains(what), "{}", ran.text());
        assert!(
            case.list("work/out").is_empty() && case.list("store").is_empty(),
            "{}",
            ran.text()
        );
    };
    let third = |module, registers| with_plugin(workspace(SETTINGS), "third", module, registers);
    refused(
        third("example.com/auth", "x"),
        "two plugins are called auth: [CWD]/plugins/auth and [CWD]/plugins/third",
    );
    refused(
        third("example.com/auth", "x").file(
            "work/plugbuild.toml",
            format!("{SETTINGS}\n[[plugin]]\nname = \"third\"\npath = \"plugins/third\"\n"),
        ),
        "two plugins have the plugin path example.com/auth",
    );
    refused(
        third("example.com/third", "acme-auth"),
        "two plugins register `acme-auth`",
    );
    let ran = workspace(SETTINGS).run("-p autth");
    assert!(
        ran.exits(2).stderr.contains("no plugin is called `autth`"),
        "{}",
        ran.text()
    );
    assert!(ran.stderr.contains("the plugins are: auth, limit"), "{}", ran.text());
}

#[test]
fn plugin_entry_sets_name_gateways_and_targets() {
    if !stand_ins_are_amd64("an entry") {
        return;
    }
    let entry =
        "\n[[plugin]]\nname = \"guard\"\npath = \"plugins/auth\"\ngateways = [\"2.1.4\"]\ntargets = [\"amd64-musl\"]\n";
    let case = workspace(&format!("{SETTINGS}{entry}"));
    let here = case.run("plugins/auth");
    assert_eq!(here.exits(0).stdout, "[CWD]/out/guard_2.1.4_linux_amd64_musl.so\n");
    let flag_wins = case.run("-p guard -g 2.12.1");
    assert_eq!(
        flag_wins.exits(0).stdout,
        "[CWD]/out/guard_2.12.1_linux_amd64_musl.so\n"
    );
}

#[test]
fn config_show_names_each_source() {
    let case = workspace(SETTINGS)
        .file(
            "home/.config/plugbuild/plugbuild.toml",
            "[build]\ncc = \"gcc\"\njobs = 7\ntargtes = []\n[mirrors]\nzig = \"file:///z\"\n",
        )
        .env("PLUGBUILD_GO_MIRROR", "file:///g");
    let ran = case.run("config show --cc zig");
    let shown = |key: &str| {
        let line = ran
            .stdout
            .lines()
            .find(|line| line.starts_with(key))
            .unwrap_or_else(|| panic!("no {key}: {}", ran.text()));
        let (value, source) = line[key.len()..].split_once('#').unwrap();
        (value.trim().to_owned(), source.trim().to_owned())
    };
    let pair = |value: &str, source: &str| (value.to_owned(), source.to_owned());
    ran.exits(0);
    assert_eq!(shown("gateway.version"), pair("2.12.1", "[CWD]/plugbuild.toml"));
    assert_eq!(shown("build.cc"), pair("zig", "--cc"));
    // Without any, what the documents call the default.
    let plain = Case::plugin().run("config show").stdout;
    let cc = plain.lines().find(|line| line.starts_with("build.cc")).unwrap();
    let value = cc.split_whitespace().nth(1).unwrap();
    let default = format!("`--cc {value}` (the default: ");
    assert!(include_str!("../../docs/commands.md").contains(&default), "{cc}");
    assert_eq!(
        shown("build.jobs"),
        pair("7", "[HOME]/.config/plugbuild/plugbuild.toml")
    );
    assert_eq!(shown("mirrors.go"), pair("file:///g", "PLUGBUILD_GO_MIRROR"));
    assert_eq!(
        shown("mirrors.zig"),
        pair("file:///z", "[HOME]/.config/plugbuild/plugbuild.toml")
    );
    assert_eq!(shown("offline"), pair("false", "default"));
    assert!(
        ran.stderr
            .contains("plugbuild.toml:4:1: the key `build.targtes` is not known; did you mean `targets`?"),
        "{}",
        ran.text()
    );
}

#[test]
fn fifty_plugins_are_planned_fast() {
    let mut case = Case::empty().go("home/sdk/go1.25.6", "1.25.6").zig().file(
        "work/plugbuild.toml",
        "[gateway]\nversion = \"2.12.1\"\n[workspace]\nmembers = [\"plugins/*\"]\n",
    );
    for n in 0..50 {
        case = with_plugin(
            case,
            &format!("p{n}"),
            &format!("example.com/p{n}"),
            &format!("acme-{n}"),
        );
    }
    let begun = std::time::Instant::now();
    let ran = case.run("--all-targets --dry-run --message-format json");
    let took = begun.elapsed();
    assert_eq!(ran.exits(0).stdout.lines().count(), 200);
    // The goal is 100 ms of a release build on a free machine; this holds the order of it anywhere.
    assert!(took.as_secs() < 10, "{took:?}");
    crate::support::say(&format!("50 plugins × 4 targets planned in {} ms", took.as_millis()));
}

/// A workspace whose Go has the tools that a lock holds.
fn lockable() -> Case {
    workspace(SETTINGS)
        .script("home/sdk/go1.19.5/pkg/tool/linux_amd64/compile", "# 1.19.5\n")
        .script("home/sdk/go1.25.6/pkg/tool/linux_amd64/compile", "# 1.25.6\n")
}

#[test]
fn lock_refuses_changes() {
    if !stand_ins_are_amd64("a lock") {
        return;
    }
    let case = lockable();
    let build = "-p auth -g 2.12.1 -t amd64-musl";
    let ran = case.run(&format!("{build} --locked"));
    assert!(
        ran.exits(2).stderr.contains("[CWD]/plugbuild.lock does not exist"),
        "{}",
        ran.text()
    );
    case.run(build).exits(0);
    assert!(!case.at("work/plugbuild.lock").exists(), "a build wrote the lock");
    case.run("lock --workspace").exits(0);
    let text = std::fs::read_to_string(case.at("work/plugbuild.lock")).unwrap();
    assert!(
        text.contains("[gateway.\"2.12.1\"]") && text.contains("[tool.\"go 1.19.5\"]"),
        "{text}"
    );
    case.run(&format!("{build} --locked")).exits(0);
    case.run(&format!("{build} --frozen")).exits(0);
    let unlocked = case.run("-p auth -g 2.11.2 -t amd64-musl --frozen");
    assert_ne!(unlocked.code, Some(0));
    let case = case.script("home/sdk/go1.25.6/pkg/tool/linux_amd64/compile", "# another\n");
    case.run(build).exits(0);
    let refused = case.run(&format!("{build} --locked"));
    assert!(
        refused.exits(5).stderr.contains("is not what plugbuild.lock pins"),
        "{}",
        refused.text()
    );
    assert!(case.run("lock --workspace").exits(0).stderr.contains("locked"));
    case.run(&format!("{build} --locked")).exits(0);
    let told = case
        .run("lock --workspace --message-format json")
        .exits(0)
        .stdout
        .clone();
    let unchanged = "{\"changed\":false,\"file\":\"[CWD]/plugbuild.lock\",\"reason\":\"locked\"}\n";
    assert_eq!(told, unchanged);
    let case = case.file("work/plugbuild.lock", "version = 1\n[[");
    for command in ["lock --workspace", build] {
        let ran = case.run(command);
        assert!(
            ran.exits(2).stderr.contains("help: make it again: `rm plugbuild.lock`"),
            "{}",
            ran.stderr
        );
    }
}

#[test]
fn commands_refuse_flags_they_ignore() {
    let case = workspace(SETTINGS);
    let others = [
        ("lock", "--dry-run --locked --reproduce --out-dir=x --jobs=2"),
        ("metadata --format-version 1", "--dry-run --frozen --keep-going"),
        ("matrix", "--dry-run --output=x.so --locked"),
        ("env", "--dry-run --output=x.so --jobs=2"),
        ("fetch", "--dry-run --reproduce --out-dir=x"),
        ("watch", "--dry-run --reproduce --keep-going"),
        ("package", "--reproduce --output=x.so"),
        ("bundle create x", "--reproduce --keep-going --out-dir=x"),
        ("config show", "--dry-run --reproduce"),
    ];
    for (command, flags) in others {
        for flag in flags.split(' ') {
            let ran = case.run(&format!("{command} {flag}"));
            assert!(
                ran.exits(2).stderr.contains("unexpected argument '--"),
                "{command} {flag}: {}",
                ran.stderr
            );
        }
    }
}

#[test]
fn lone_plugin_is_a_workspace_of_one() {
    let case = Case::equipped();
    let planned = |args: &str| {
        case.run(&format!("matrix -g 2.12 -t amd64-musl {args}"))
            .exits(0)
            .stdout
            .clone()
    };
    let alone = planned("");
    let row = "[{\"gateway\":\"2.12.1\",\"go\":\"1.25.6\",\"plugin\":\"handler\",\"target\":\"amd64-musl\"}]\n";
    assert_eq!(alone, row);
    assert_eq!(planned("-p handler"), alone);
    assert_eq!(planned("--workspace"), alone);
    // One gateway in two words is one.
    assert_eq!(planned("-g 2.12.1 -g v2.12.1"), alone);
    let ran = case.run("matrix -g 2.12 -p limit");
    assert!(
        ran.exits(2).stderr.contains("no plugin is called `limit`"),
        "{}",
        ran.stderr
    );
    // With settings that name no plugin, as `new` writes them, it is the same.
    let case = case.file("work/plugbuild.toml", "[gateway]\nversion = \"2.12\"\n");
    let named = case.run("matrix -t amd64-musl -p handler");
    assert_eq!(named.exits(0).stdout, row);
    // Of a gateway given by its file the file is what a job must name.
    let krakend = gateway_file("listed", "1.25.6", "2.12.1", "MUSL-1.2.5_(alpine-3.23.0)");
    let case = case.file("work/krakend", std::fs::read(krakend).unwrap());
    let listed = case.run("matrix -g ./krakend -t amd64-musl");
    assert!(
        listed.exits(0).stdout.contains(r#""gateway":"./krakend""#),
        "{}",
        listed.stdout
    );
}

#[test]
fn metadata_and_ci_matrix() {
    let case = workspace(SETTINGS);
    let json = |args: &str| -> serde_json::Value { serde_json::from_str(&case.run(args).exits(0).stdout).unwrap() };
    let document = json("metadata --workspace --format-version 1");
    assert_eq!(document["schema_version"], 1);
    let len = |key: &str| document[key].as_array().map(Vec::len);
    assert_eq!(
        [len("plugins"), len("gateways"), len("jobs")],
        [Some(2), Some(2), Some(8)]
    );
    assert_eq!(document["plugins"][0]["registers"][0]["name"], "acme-auth");
    assert_eq!(document["plugins"][0]["registers"][0]["type"], "http-server");
    assert!(document["jobs"][0]["command"]["argv"].is_array());
    let main = |gateway: &serde_json::Value| [gateway["main_module"].clone(), gateway["main_root"].clone()];
    assert_eq!(
        main(&document["gateways"][0]),
        ["github.com/krakend/krakend-ce/v2", "/app"]
    );
    let by_parts = json("metadata -p auth --go 1.25.6 --libc musl --format-version 1");
    assert_eq!(main(&by_parts["gateways"][0]), [serde_json::Value::Null, "/app".into()]);
    let shown = json("gateway show --gateway 2.12.1 --message-format json");
    for (key, value) in document["gateways"][0].as_object().unwrap() {
        let is_own = key == "origin" || key == "notes";
        assert!(
            is_own || shown[key] == *value,
            "{key}: {value}, but `gateway show` says {}",
            shown[key]
        );
    }
    case.run("metadata --format-version 2").exits(2);
    assert_eq!(
        json("matrix --workspace --ci github")["include"][7]["target"],
        "amd64-glibc"
    );
    assert_eq!(json("matrix -p limit").as_array().map(Vec::len), Some(4));
    assert!(
        case.run("matrix -p limit --ci gitlab")
            .exits(0)
            .stdout
            .starts_with(".plugbuild-matrix:\n  parallel:\n")
    );
    assert!(case.list("store").is_empty(), "looking at the plan wrote something");
}

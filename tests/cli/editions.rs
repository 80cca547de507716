//! The Community Edition from 3.0 on loads no plugins, and the same number is another gateway in the Enterprise Edition.

use std::fs;

use snapbox::str;

use crate::support::case::Case;
use crate::support::{gateway_file, gateway_without_plugins, stand_ins_are_amd64, static_gateway};

const NONE: &str = "error: KrakenD Community 3";

/// What `krakend version` prints.
fn version_text(krakend: &str, go: &str) -> String {
    format!("\nKrakenD Version: {krakend}\nGo Version: {go}\nGlibc Version: MUSL-1.2.5_(alpine-3.23.0)\n")
}

/// Every command that takes a gateway has the same answer, before anything is fetched.
#[test]
fn community_3_is_refused_by_every_command() {
    let case = Case::plugin()
        .file("work/three.txt", version_text("3.0.0", "1.26.5"))
        .file("work/krakend.json", "{\"version\": 3}\n");
    let so = case.at("work/handler.so");
    fs::copy(crate::support::plugin_file("1.25.6"), so).unwrap();
    for command in [
        "build",
        "build --dry-run",
        "check",
        "fix",
        "deps",
        "env",
        "fetch",
        "lock",
        "matrix",
        "metadata --format-version 1",
        "package",
        "package --dry-run",
        "gateway show",
        "bundle create site.plugbundle",
        "config check krakend.json .",
        "verify handler.so",
        "test handler.so",
        "watch",
        "new other --type handler",
        "compat --from 3",
        "upgrade --from 2.13 --to",
    ] {
        for gateway in ["3.0.0", "3", "v3.0", "krakend:3.0.0", "./three.txt"] {
            let ran = match command {
                "compat --from 3" => case.run(command),
                "upgrade --from 2.13 --to" => case.run(&format!("{command} {gateway}")),
                _ => case.run(&format!("{command} --gateway {gateway}")),
            };
            assert!(
                ran.exits(1).stderr.contains(NONE),
                "{command} {gateway}: {}",
                ran.text()
            );
            assert!(
                ran.stderr.contains("`--gateway 2.13`"),
                "{command} {gateway}: {}",
                ran.text()
            );
        }
    }
    let fetched = ["go", "zig", "gateways", "staging"];
    assert!(
        case.list("store").iter().all(|name| !fetched.contains(&name.as_str())),
        "{:?}",
        case.list("store")
    );
}

#[test]
fn community_3_in_words_and_as_json() {
    let case = Case::plugin();
    case.run("--gateway krakend:3").is(str![[r#"
exit: 1
--- stderr
error: KrakenD Community 3 loads no Go plugins
help: stay on the last line that loads them: `--gateway 2.13` (now 2.13.8)
help: or move to KrakenD Enterprise, which still loads plugins: give its file, `--gateway ./krakend`
help: or use no plugin: compile the code into the gateway, or write it in Lua; docs/community-3.md compares the ways

"#]]);
    case.run("--gateway 3.0.0 --message-format json").is(str![[r#"
exit: 1
--- stdout
{"error":"KrakenD Community 3.0.0 loads no Go plugins","exit_code":1,"help":["stay on the last line that loads them: `--gateway 2.13` (now 2.13.8)","or move to KrakenD Enterprise, which still loads plugins: give its file, `--gateway ./krakend`","or use no plugin: compile the code into the gateway, or write it in Lua; docs/community-3.md compares the ways"],"reason":"error"}
--- stderr
error: KrakenD Community 3.0.0 loads no Go plugins
help: stay on the last line that loads them: `--gateway 2.13` (now 2.13.8)
help: or move to KrakenD Enterprise, which still loads plugins: give its file, `--gateway ./krakend`
help: or use no plugin: compile the code into the gateway, or write it in Lua; docs/community-3.md compares the ways

"#]]);
    let stdin = Case::plugin().stdin(&version_text("3.0.1", "1.26.5"));
    stdin.run("--gateway -").is(str![[r#"
exit: 1
--- stderr
error: KrakenD Community 3.0.1 loads no Go plugins (the output of `krakend version` on standard input)
help: stay on the last line that loads them: `--gateway 2.13` (now 2.13.8)
help: or move to KrakenD Enterprise, which still loads plugins: give its file, `--gateway ./krakend`
help: or use no plugin: compile the code into the gateway, or write it in Lua; docs/community-3.md compares the ways

"#]]);
    let help = Case::plugin().stdin("Version: 3.0.0\n").run("--gateway -");
    assert!(help.exits(1).stderr.contains(NONE), "{}", help.text());
    Case::plugin()
        .file("work/plugbuild.toml", "[gateway]\nversion = \"3\"\n")
        .run("")
        .is(str![[r#"
exit: 1
--- stderr
error: KrakenD Community 3 loads no Go plugins (the gateway is named in [CWD]/plugbuild.toml)
help: stay on the last line that loads them: `--gateway 2.13` (now 2.13.8)
help: or move to KrakenD Enterprise, which still loads plugins: give its file, `--gateway ./krakend`
help: or use no plugin: compile the code into the gateway, or write it in Lua; docs/community-3.md compares the ways

"#]]);
    let row = "[[matrix.release]]\nversion = \"3.0.4\"\ngo = \"1.26.5\"\n";
    Case::plugin().settings(row).run("--gateway 3.0.4").is(str![[r#"
exit: 2
--- stderr
error: [HOME]/settings.toml:1: KrakenD Community 3.0.4 loads no Go plugins; the row of an Enterprise gateway has `edition = "enterprise"`, that of a fork a `name`

"#]]);
}

/// What the file can do decides; which release it is decides what to do about it.
#[test]
fn files_that_load_no_plugins() {
    if !stand_ins_are_amd64("files_that_load_no_plugins") {
        return;
    }
    let case = [
        (
            "three",
            gateway_without_plugins("community-3", "1.26.5", "krakend-ce/v3 3.0.0"),
        ),
        (
            "own-three",
            gateway_without_plugins("community-3-own", "1.26.5", "krakend-ce/v3 undefined"),
        ),
        (
            "static-three",
            static_gateway("community-3-static", "1.26.5", "krakend-ce/v3 3.0.0"),
        ),
        (
            "static-two",
            static_gateway("community-2-static", "1.25.6", "krakend-ce/v2 2.12.1"),
        ),
        (
            "two",
            gateway_without_plugins("community-2", "1.25.6", "krakend-ce/v2 2.12.1"),
        ),
        ("ee", gateway_without_plugins("enterprise-3-bare", "1.26.5", "3.0.4-ee")),
        ("fork", gateway_without_plugins("fork-bare", "1.25.6", "2.9-acme")),
    ]
    .into_iter()
    .fold(Case::plugin(), |case, (name, file)| {
        case.file(&format!("work/{name}"), fs::read(file).unwrap())
    });
    fs::copy(crate::support::plugin_file("1.25.6"), case.at("work/handler.so")).unwrap();
    let mut said = String::new();
    for name in ["three", "own-three", "static-three", "static-two", "two", "ee", "fork"] {
        let built = case.run(&format!("--gateway ./{name}"));
        said += &format!("$ {name}\n{}", built.exits(1).stderr);
        let verified = case.run(&format!("verify handler.so --gateway ./{name}"));
        assert!(
            verified.exits(1).stdout.contains("error[no-plugin-support]"),
            "{}",
            verified.text()
        );
        let first = built
            .stderr
            .lines()
            .find_map(|line| line.strip_prefix("help: "))
            .unwrap();
        assert!(verified.stdout.contains(first), "{first}: {}", verified.text());
    }
    snapbox::Assert::new().action_env("SNAPSHOTS").eq(
        said,
        str![[r#"
$ three
error: KrakenD Community 3.0.0 loads no Go plugins ([CWD]/three)
help: stay on the last line that loads them: `--gateway 2.13` (now 2.13.8)
help: or move to KrakenD Enterprise, which still loads plugins: give its file, `--gateway ./krakend`
help: or use no plugin: compile the code into the gateway, or write it in Lua; docs/community-3.md compares the ways
$ own-three
error: KrakenD Community 3 loads no Go plugins ([CWD]/own-three)
help: stay on the last line that loads them: `--gateway 2.13` (now 2.13.8)
help: or move to KrakenD Enterprise, which still loads plugins: give its file, `--gateway ./krakend`
help: or use no plugin: compile the code into the gateway, or write it in Lua; docs/community-3.md compares the ways
$ static-three
error: KrakenD Community 3.0.0 loads no Go plugins ([CWD]/static-three)
help: stay on the last line that loads them: `--gateway 2.13` (now 2.13.8)
help: or move to KrakenD Enterprise, which still loads plugins: give its file, `--gateway ./krakend`
help: or use no plugin: compile the code into the gateway, or write it in Lua; docs/community-3.md compares the ways
$ static-two
error: [CWD]/static-two cannot load plugins: it is linked statically, and no such program can load any
help: use the official build of 2.12.1, which loads plugins: `--gateway 2.12.1`; or build yours with CGO_ENABLED=1
$ two
error: [CWD]/two cannot load plugins: it was linked without Go's plugin package or without cgo
help: use the official build of 2.12.1, which loads plugins: `--gateway 2.12.1`; or build yours with CGO_ENABLED=1
$ ee
error: [CWD]/ee cannot load plugins: it was linked without Go's plugin package or without cgo
help: use the official build of KrakenD Enterprise, which loads plugins
$ fork
error: [CWD]/fork cannot load plugins: it was linked without Go's plugin package or without cgo
help: build the gateway with CGO_ENABLED=1, and with the plugin loader in it

"#]],
    );
}

/// A fork of Community 3 that has its loader back loads plugins, and so does Enterprise.
#[test]
fn version_3_that_loads_plugins() {
    if !stand_ins_are_amd64("version_3_that_loads_plugins") {
        return;
    }
    let musl = "MUSL-1.2.5_(alpine-3.23.0)";
    for (name, krakend, label, title) in [
        ("enterprise-3", "3.0.4-ee", "3.0.4-ee", "KrakenD Enterprise 3.0.4"),
        ("enterprise-2", "v2.13.3-ee", "2.13.3-ee", "KrakenD Enterprise 2.13.3"),
        (
            "enterprise-by-module",
            "krakend-ee/v2 2.13.3",
            "2.13.3-ee",
            "KrakenD Enterprise 2.13.3",
        ),
        ("fork-of-3", "krakend-ce/v3 3.0.0", "3.0.0", "KrakenD 3.0.0"),
    ] {
        let file = gateway_file(name, "1.25.6", krakend, musl);
        let case = Case::equipped().file("work/krakend", fs::read(file).unwrap());
        let ran = case.run("--gateway ./krakend -a amd64");
        let out = format!("[CWD]/handler_{label}_linux_amd64_musl.so\n");
        assert_eq!(ran.exits(0).stdout, out, "{krakend}");
        assert!(
            ran.stderr.contains(&format!("gateway {title}: read from")),
            "{}",
            ran.text()
        );
    }
}

/// Without facts the binary or the version text is asked for; with them they are used, and never the Community's row.
#[test]
fn enterprise_by_its_version() {
    let case = Case::equipped();
    let mut said = String::new();
    for gateway in [
        "2.13.3-ee",
        "krakend/krakend-ee:3",
        "krakend/krakend-ee:2.13.3-watch",
        "krakend-ee:latest",
    ] {
        said += &format!("$ {gateway}\n{}", case.run(&format!("-g {gateway}")).exits(2).stderr);
    }
    snapbox::Assert::new().action_env("SNAPSHOTS").eq(said, str![[r#"
$ 2.13.3-ee
error: what KrakenD Enterprise 2.13.3 was compiled with is not known
help: give its file: `docker cp $(docker create krakend/krakend-ee:2.13.3):/usr/bin/krakend .`, then `--gateway ./krakend`; `plugbuild gateway import ./krakend` keeps what it says
help: or what it says of itself: `docker run --rm krakend/krakend-ee:2.13.3 version 2>&1 | plugbuild --gateway -`
help: `--gateway 2.13.3` is the Community Edition's 2.13.3, another program, mostly of another Go
$ krakend/krakend-ee:3
error: what KrakenD Enterprise 3 was compiled with is not known
help: give its file: `docker cp $(docker create krakend/krakend-ee:3):/usr/bin/krakend .`, then `--gateway ./krakend`; `plugbuild gateway import ./krakend` keeps what it says
help: or what it says of itself: `docker run --rm krakend/krakend-ee:3 version 2>&1 | plugbuild --gateway -`
$ krakend/krakend-ee:2.13.3-watch
error: `krakend-ee:2.13.3-watch` is not a release, and no custom gateway has this name
help: give its file: `docker cp $(docker create krakend/krakend-ee:2.13.3-watch):/usr/bin/krakend .`, then `--gateway ./krakend`; `plugbuild gateway import ./krakend` keeps what it says
help: or what it says of itself: `docker run --rm krakend/krakend-ee:2.13.3-watch version 2>&1 | plugbuild --gateway -`
$ krakend-ee:latest
error: what krakend-ee:latest was compiled with is not known
help: give its file: `docker cp $(docker create krakend/krakend-ee:latest):/usr/bin/krakend .`, then `--gateway ./krakend`; `plugbuild gateway import ./krakend` keeps what it says
help: or what it says of itself: `docker run --rm krakend/krakend-ee:latest version 2>&1 | plugbuild --gateway -`

"#]]);
    let text = version_text("2.13.3-ee", "1.25.6");
    let shown = Case::equipped()
        .stdin(&text)
        .run("gateway show -g - --message-format json");
    shown.is(str![[r#"
exit: 0
--- stdout
{"reason":"gateway","name":"2.13.3-ee","version":"2.13.3","edition":"enterprise","arch":null,"libc":"musl","go":"1.25.6","module_cache":"/go/pkg/mod","main_module":null,"main_root":"/app","glibc_floor":null,"trimpath":false,"tags":[],"goamd64":null,"goarm64":null,"goexperiment":null,"file":null,"origin":"the output of `krakend version` on standard input","notes":["assuming the paths and settings of the official builds"],"known":null,"modules":[]}

"#]]);
    let row = "[[matrix.release]]\nversion = \"2.13.3\"\nedition = \"enterprise\"\ngo = \"1.25.6\"\nlibc = \"musl\"\n";
    let case = Case::equipped().settings(row);
    for gateway in ["2.13.3-ee", "2.13-ee", "krakend/krakend-ee:2.13.3"] {
        let ran = case.run(&format!("-g {gateway} -a amd64"));
        let out = "[CWD]/handler_2.13.3-ee_linux_amd64_musl.so\n";
        assert_eq!(ran.exits(0).stdout, out, "{}", ran.text());
        assert!(
            ran.stderr
                .contains("gateway KrakenD Enterprise 2.13.3: a row of your own"),
            "{}",
            ran.text()
        );
    }
    let community = case.run("gateway show -g 2.13.3").exits(0).stdout.clone();
    assert!(
        community.starts_with("KrakenD 2.13.3: the Community Edition's row"),
        "{community}"
    );
    assert!(community.contains("1.25.8"), "{community}");
    case.run("-g 2.13.4-ee").exits(2);
}

/// An imported Enterprise gateway is found by its name and by its version.
#[test]
fn enterprise_is_imported_as_such() {
    let file = gateway_file(
        "enterprise-to-import",
        "1.25.6",
        "2.13.3-ee",
        "MUSL-1.2.5_(alpine-3.23.0)",
    );
    let case = Case::plugin().file("work/krakend", fs::read(file).unwrap());
    case.run("gateway import ./krakend").exits(0);
    let text = fs::read_to_string(case.at("work/plugbuild.toml")).unwrap();
    assert!(
        text.contains("version = \"2.13.3\"\nedition = \"enterprise\"\n"),
        "{text}"
    );
    for gateway in ["krakend-2.13.3-ee", "2.13.3-ee", "3-ee"] {
        let ran = case.run(&format!("gateway show -g {gateway}"));
        assert_eq!(ran.code, Some(if gateway == "3-ee" { 2 } else { 0 }), "{}", ran.text());
    }
}

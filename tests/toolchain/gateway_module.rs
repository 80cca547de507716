//! Releases that are newer than the matrix: looked up in the gateway's own module, kept, locked, bundled.

use std::fs;
use std::process::Stdio;

use serde_json::Value;

use crate::support::case::{Case, HOST};
use crate::support::gateway::{text, zig};
use crate::support::mirror::{Answer, Mirror};
use crate::support::module_proxy::{Files, MODULE, case_with};
use crate::support::{plugbuild, root, stand_ins_are_amd64};

const SHOW: &str = "gateway show --gateway 2.99.0 --message-format json";

fn json(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|e| panic!("{e}: {text}"))
}

/// Nothing was kept, and nothing is left of the attempt.
#[track_caller]
fn nothing_kept(case: &Case) {
    assert!(case.list("store/releases").is_empty());
    assert!(case.list("store/tmp").is_empty(), "{:?}", case.list("store/tmp"));
}

#[test]
fn a_release_published_today_is_read_from_its_module_once() {
    let (case, _proxy) = case_with(&[("2.99.0", Files::of("2.99.0"))]);
    let first = case.run(SHOW);
    first.exits(0);
    assert!(
        first
            .stderr
            .contains(&format!("fetching {MODULE}@v2.99.0 through your GOPROXY")),
        "{}",
        first.stderr
    );
    let shown = json(&first.stdout);
    assert_eq!((&shown["go"], &shown["version"]), (&"1.25.6".into(), &"2.99.0".into()));
    assert_eq!(
        (&shown["glibc_floor"], &shown["main_root"]),
        (&"2.36".into(), &"/app".into())
    );
    let h1 = shown["module_sum"].as_str().unwrap();
    assert!(
        h1.starts_with("h1:") && shown["origin"] == format!("its own module, {h1}"),
        "{shown}"
    );
    // Its modules are those of its go.mod, as of a release of the matrix.
    let modules = |version: &str| {
        let shown = case.run(&format!("gateway show --modules --gateway {version}"));
        let lines = shown
            .exits(0)
            .stdout
            .lines()
            .filter(|line| line.starts_with("    "))
            .map(str::to_owned);
        lines.collect::<Vec<_>>()
    };
    let linked = json(&case.run("gateway show --gateway 2.12.1 --message-format json").stdout);
    assert!(modules("2.99.0").len() >= modules("2.12.1").len(), "{linked}");
    // Kept: nothing is asked any more.
    let case = case.env("GOPROXY", "off");
    for args in [SHOW, "gateway show --offline --gateway 2.99 --message-format json"] {
        let again = case.run(args);
        assert_eq!(json(&again.exits(0).stdout)["module_sum"], h1);
        assert!(!again.stderr.contains("fetching"), "{}", again.stderr);
    }
    let list = case.run("gateway list");
    let line = list.stdout.lines().find(|line| line.starts_with("2.99.0")).unwrap();
    assert!(
        line.contains("1.25.6") && line.ends_with(&format!("from the module, {h1}")),
        "{line}"
    );
    let rows = json(&case.run("gateway list --message-format json").stdout);
    let row = rows
        .as_array()
        .unwrap()
        .iter()
        .find(|row| row["version"] == "2.99.0")
        .unwrap();
    assert_eq!(
        (&row["from_module"]["path"], &row["from_module"]["h1"]),
        (&MODULE.into(), &h1.into())
    );
    let latest = case.run("gateway show");
    latest.exits(2);
    let latest = case.run("gateway show --gateway latest");
    assert!(
        latest
            .stdout
            .contains("the newest Community release that is known, from its own module, h1:"),
        "{}",
        latest.text()
    );
}

#[test]
fn what_may_not_ask_names_what_would_be_asked() {
    let (case, _proxy) = case_with(&[("2.99.0", Files::of("2.99.0"))]);
    for (args, why) in [
        ("build --offline --gateway 2.99.0", "--offline allows no look-up"),
        ("build --dry-run --gateway 2.99.0", "this command looks nothing up"),
        (
            "metadata --format-version 1 --gateway 2.99.0",
            "this command looks nothing up",
        ),
        ("verify --offline x.so --gateway 2.99.0", "--offline allows no look-up"),
    ] {
        let ran = case.run(args);
        ran.exits(4);
        assert!(
            ran.stderr.contains(&format!(
                "no release 2.99.0 of KrakenD is known, and cannot be looked up: {why}"
            )),
            "{}",
            ran.stderr
        );
        assert!(
            ran.stderr.contains(&format!("asks your GOPROXY for {MODULE}@v2.99.0")),
            "{}",
            ran.stderr
        );
        assert!(ran.stderr.contains("--gateway ./krakend"), "{}", ran.stderr);
        nothing_kept(&case);
    }
    // Between known releases there are no others: nothing is asked.
    let ran = case.run("gateway show --gateway 2.13.8-alpine");
    assert!(!ran.exits(0).stderr.contains("GOPROXY"), "{}", ran.stderr);
}

#[test]
fn newer_releases_are_listed_and_learned_at_once() {
    let no_loader = Files::of("2.99.2").file("plugin.go", "package krakend\n");
    let (case, proxy) = case_with(&[
        ("2.13.1", Files::of("2.13.1")),
        ("2.99.0", Files::of("2.99.0")),
        ("2.99.1", Files::of("2.99.1")),
        ("2.99.2", no_loader),
        ("2.99.3-rc1", Files::of("2.99.3-rc1")),
    ]);
    let ran = case.run("gateway update");
    ran.exits(0);
    let learned: Vec<&str> = ran.stdout.lines().map(|line| line.split(',').next().unwrap()).collect();
    assert_eq!(learned, ["2.99.0  Go 1.25.6", "2.99.1  Go 1.25.6"], "{}", ran.text());
    assert!(
        ran.stderr.contains("KrakenD 2.99.2 loads no Go plugins"),
        "{}",
        ran.stderr
    );
    assert_eq!(case.list("store/releases"), ["2.99.0", "2.99.1"]);
    // One that came since: `2.99` means the newest that is known, `2.99@latest` asks.
    proxy.publish("2.99.4", &Files::with_go("2.99.4", "1.26.1"));
    let version = |gateway: &str| {
        let ran = case.run(&format!("gateway show --message-format json --gateway {gateway}"));
        json(&ran.exits(0).stdout)["version"].as_str().unwrap().to_owned()
    };
    assert_eq!(version("2.99"), "2.99.1");
    assert_eq!(version("2.99@latest"), "2.99.4");
    assert_eq!(version("2.99"), "2.99.4");
    assert_eq!(version("2.13@latest"), "2.13.8");
    let ran = case.run("gateway update");
    ran.exits(0);
    assert!(ran.stdout.is_empty(), "{}", ran.text());
}

#[test]
fn a_module_that_is_not_the_gateways_is_refused_and_not_kept() {
    let good = || Files::of("2.99.0");
    let long = "x".repeat(3 << 20);
    for (what, files, code, says) in [
        ("no Makefile", good().without("Makefile"), 5, "it has no Makefile"),
        ("no go.sum", good().without("go.sum"), 5, "it has no go.sum"),
        (
            "another form",
            good()
                .file("Makefile", "GOLANG=1.26\n")
                .file("Dockerfile", "FROM scratch\n"),
            5,
            "neither the Dockerfile nor the Makefile gives GOLANG_VERSION",
        ),
        (
            "no exact Go",
            good().edited("Makefile", "1.25.6", "1.26"),
            5,
            "its Go 1.26 is a language version",
        ),
        (
            "another module",
            good().edited("go.mod", MODULE, "example.com/other/v2"),
            5,
            "its go.mod is of the module example.com/other/v2",
        ),
        (
            "a broken go.mod",
            good().file("go.mod", "module x\nrequire (\n"),
            5,
            "2.99.0",
        ),
        ("sums missing", good().file("go.sum", "\n"), 5, "go.sum has no line for"),
        (
            "a sum that is none",
            good().edited("go.sum", "/go.mod h1:", "/go.mod h1:!"),
            5,
            "has the sum h1:!",
        ),
        (
            "a huge Makefile",
            good().file("Makefile", &long),
            5,
            "its Makefile has more than 2 MiB",
        ),
        (
            "a hostile folder",
            good().edited("Dockerfile", "/app", "app\u{1b}[2J"),
            5,
            "2.99.0",
        ),
        (
            "a folder as replacement",
            good().edited(
                "go.mod",
                "go 1.25.3\n",
                "go 1.25.3\n\nreplace github.com/gin-gonic/gin => ../gin\n",
            ),
            5,
            "which no plugin can have",
        ),
        (
            "no loader",
            good().file("plugin.go", "package krakend\n"),
            1,
            "KrakenD 2.99.0 loads no Go plugins",
        ),
    ] {
        let (case, _proxy) = case_with(&[("2.99.0", files)]);
        let ran = case.run(SHOW);
        assert_eq!(ran.code, Some(code), "{what}: {}", ran.text());
        assert!(ran.stderr.contains(says), "{what}: {}", ran.stderr);
        assert!(ran.stdout.is_empty(), "{what}: {}", ran.stdout);
        nothing_kept(&case);
    }
    // Not a zip, and one with very many files.
    let many = (0..6_000).fold(good(), |files, n| {
        Files([files.0, vec![(format!("d/{n}"), Vec::new())]].concat())
    });
    for (zip, says) in [
        (b"PK\x03\x04 not one".to_vec(), "zip"),
        (many.zip("2.99.0"), "more than 5000 files"),
    ] {
        let (case, proxy) = case_with(&[("2.99.0", good())]);
        proxy.put("2.99.0", "zip", zip);
        let ran = case.run(SHOW);
        ran.exits(5);
        assert!(ran.stderr.contains(says), "{}", ran.stderr);
        nothing_kept(&case);
    }
}

#[test]
fn a_sum_that_another_release_has_otherwise_is_an_alarm() {
    let good = Files::of("2.99.0");
    let (_, sums) = good.0.iter().find(|(name, _)| name == "go.sum").unwrap().clone();
    let sums = String::from_utf8(sums).unwrap();
    let line = sums
        .lines()
        .find(|line| line.contains("gin-gonic/gin ") && line.contains("/go.mod h1:"))
        .unwrap();
    let other = format!(
        "{}/go.mod h1:{}=",
        line.split("/go.mod").next().unwrap(),
        "A".repeat(43)
    );
    let (case, _proxy) = case_with(&[("2.99.0", good.edited("go.sum", line, &other))]);
    let ran = case.run(SHOW);
    ran.exits(5);
    assert!(ran.stderr.contains("and another is known"), "{}", ran.stderr);
    nothing_kept(&case);
}

#[test]
fn a_proxy_without_the_module_leaves_the_other_ways() {
    for status in [404, 410, 403, 500] {
        let mirror = Mirror::start();
        mirror.serve(&format!("/{MODULE}/@v/v2.99.0.info"), Answer::Status(status));
        let (case, _proxy) = case_with(&[]);
        let case = case.env("GOPROXY", &mirror.url);
        let ran = case.run(SHOW);
        ran.exits(5);
        for says in [
            &format!(" {status} "),
            "the nearest are 2.13.8",
            "--gateway ./krakend",
            "--go 1.26.1 --libc musl",
        ] {
            assert!(ran.stderr.contains(says), "{status}: {}", ran.stderr);
        }
        nothing_kept(&case);
    }
    let (case, _proxy) = case_with(&[]);
    let ran = case.env("GOPROXY", "off").run("gateway update");
    ran.exits(5);
    assert!(
        ran.stderr.contains("the releases of KrakenD cannot be listed"),
        "{}",
        ran.stderr
    );
}

#[test]
fn an_answer_that_stops_is_given_up_and_nothing_is_kept() {
    let mirror = Mirror::start();
    let files = Files::of("2.99.0");
    let place = |ending: &str| format!("/{MODULE}/@v/v2.99.0.{ending}");
    mirror.serve(&place("info"), Answer::Whole(b"{\"Version\":\"v2.99.0\"}".to_vec()));
    mirror.serve(&place("mod"), Answer::Whole(format!("module {MODULE}\n").into_bytes()));
    mirror.serve(&place("zip"), Answer::Stalled(files.zip("2.99.0")));
    let (case, _proxy) = case_with(&[]);
    let case = case.env("GOPROXY", &mirror.url).env("PLUGBUILD_TIMEOUT", "1");
    let ran = case.run(SHOW);
    ran.exits(5);
    assert!(ran.stderr.contains("nothing arrived for 1 s"), "{}", ran.stderr);
    nothing_kept(&case);
    // What comes next is whole.
    mirror.serve(&place("zip"), Answer::Whole(files.zip("2.99.0")));
    mirror.serve(&place("mod"), Answer::Whole(files.0[0].1.clone()));
    case.run(SHOW).exits(0);
    assert_eq!(
        case.list("store/releases/2.99.0"),
        ["modules.txt", "release.json", "sums.txt"]
    );
}

#[test]
fn two_at_once_keep_one() {
    let (case, _proxy) = case_with(&[("2.99.0", Files::of("2.99.0"))]);
    let mut both: Vec<_> = (0..2)
        .map(|_| case.command(SHOW.split(' ')).stdout(Stdio::piped()).spawn().unwrap())
        .collect();
    let outputs: Vec<_> = both
        .drain(..)
        .map(|child| case.told(&child.wait_with_output().unwrap()))
        .collect();
    let fetched = outputs
        .iter()
        .filter(|ran| ran.exits(0).stderr.contains("fetching"))
        .count();
    assert_eq!((fetched, &outputs[0].stdout), (1, &outputs[1].stdout));
    assert_eq!(case.list("store/releases"), ["2.99.0"]);
    assert!(case.list("store/tmp").is_empty());
}

#[test]
fn a_damaged_entry_is_looked_up_again() {
    let (case, _proxy) = case_with(&[("2.99.0", Files::of("2.99.0"))]);
    let first = case.run(SHOW);
    first.exits(0);
    let row = case.at("store/releases/2.99.0/release.json");
    let text = fs::read_to_string(&row).unwrap();
    for bad in [
        "",
        "{}",
        &text.replace("h1:", "h2:"),
        &text.replace("\"2.99.0\"", "\"2.99.1\""),
    ] {
        fs::write(&row, bad).unwrap();
        let again = case.run(SHOW);
        assert_eq!(again.exits(0).stdout, first.stdout);
        assert_eq!(fs::read_to_string(&row).unwrap(), text, "{bad}");
    }
}

#[test]
fn a_lock_holds_the_module_of_a_release() {
    let (case, _proxy) = case_with(&[("2.99.0", Files::of("2.99.0"))]);
    let case = case.go("home/sdk/go1.25.6", "1.25.6").zig();
    case.run("lock --gateway 2.99.0").exits(0);
    let lock = case.at("work/plugbuild.lock");
    let text = fs::read_to_string(&lock).unwrap();
    let line = text
        .lines()
        .find(|line| line.starts_with("module_sum = \"h1:"))
        .unwrap_or_else(|| panic!("{text}"));
    case.run("fetch --locked --gateway 2.99.0").exits(0);
    fs::write(
        &lock,
        text.replace(line, &format!("module_sum = \"h1:{}=\"", "A".repeat(43))),
    )
    .unwrap();
    let ran = case.run("build --locked --gateway 2.99.0");
    ran.exits(5);
    assert!(
        ran.stderr
            .contains("the module that KrakenD 2.99.0 is read from has the sum h1:"),
        "{}",
        ran.stderr
    );
}

/// What one machine has looked up builds on another that asks nobody.
#[test]
fn a_bundle_takes_a_release_along() {
    if !stand_ins_are_amd64("bundles") {
        return;
    }
    let (case, _proxy) = case_with(&[("2.99.0", Files::of("2.99.0"))]);
    let case = case
        .go("home/sdk/go1.25.6", "1.25.6")
        .file("home/sdk/go1.25.6/src/bulk", "bulk")
        .script(
            &format!("store/zig/zig-0.16.0.{HOST}/zig"),
            "[ \"$1\" = version ] && echo 0.16.0\n",
        );
    case.run("bundle create out.plugbundle -g 2.99.0 -t amd64-musl -q")
        .exits(0);
    let site = Case::plugin().file("in.plugbundle", fs::read(case.at("work/out.plugbundle")).unwrap());
    let ran = site.run("bundle install ../in.plugbundle");
    assert!(
        ran.exits(0)
            .stderr
            .contains("installed what KrakenD 2.99.0 is built with: [STORE]/releases/2.99.0"),
        "{}",
        ran.stderr
    );
    site.run("build --offline -g 2.99.0 -t amd64-musl").exits(0);
    assert_eq!(
        site.list("work"),
        ["go.mod", "handler_2.99.0_linux_amd64_musl.so", "main.go"]
    );
    let same = |case: &Case| fs::read(case.at("store/releases/2.99.0/release.json")).unwrap();
    assert_eq!(same(&site), same(&case));
    // A bundle whose release is not one is refused whole.
    let bundle = fs::read(case.at("work/out.plugbundle")).unwrap();
    let (ours, theirs) = (b"\"version\": \"2.99.0\"", b"\"version\": \"2.99.1\"");
    let at = bundle.windows(ours.len()).position(|window| window == ours).unwrap();
    let mut bad = bundle.clone();
    bad[at..at + ours.len()].copy_from_slice(theirs);
    let site = Case::plugin().file("in.plugbundle", bad);
    site.run("bundle install ../in.plugbundle").exits(5);
    assert!(site.list("store/releases").is_empty() && site.list("store/go").is_empty());
}

/// A real gateway's modules and Go, under the name of a release that no matrix has.
#[test]
fn a_plugin_for_a_release_of_today_opens_in_its_gateway() {
    let release = crate::build::load::new();
    let gateway = release.gateway("amd64-musl");
    let (case, proxy) = case_with(&[("2.99.0", Files::of("2.99.0"))]);
    let file = case.at("shared.so");
    let mut build = plugbuild(&["build", "--gateway", "2.99.0", "--target", "amd64-musl", "--output"]);
    build
        .arg(&file)
        .arg(root().join("examples/shared"))
        .env("PLUGBUILD_HOME", case.at("store"))
        .env("PLUGBUILD_GO", &release.go.root)
        .env("PLUGBUILD_ZIG", zig())
        .env("GONOSUMDB", "github.com/krakend/*")
        .env("GOPROXY", format!("{},{}", proxy.url(), goproxy()));
    let out = build.output().unwrap();
    assert!(out.status.success(), "{}", text(&out.stderr));
    let opened = gateway.open(&[&file]);
    assert!(opened[0].ok, "{opened:?}");
}

/// The machine's own proxies, as its go command knows them.
#[allow(clippy::disallowed_methods, reason = "tests start tools themselves")]
fn goproxy() -> String {
    let out = std::process::Command::new("go")
        .args(["env", "GOPROXY"])
        .output()
        .unwrap();
    assert!(out.status.success(), "{out:?}");
    text(&out.stdout).trim().to_owned()
}

//! Every way to say which gateway is meant, and what a build then says of its choice.

use std::fs;

use snapbox::{Assert, IntoData, str};

use crate::support::case::Case;
use crate::support::{gateway_file, stand_ins_are_amd64};

/// What a build says of its choice, for each way to name a gateway: the file, then which gateway, Go and target, and why; or the
/// error. What nearly all say alike is left out: the line of zig, and the ways to name a gateway.
fn choices(case: &Case, ways: &[&str]) -> String {
    const ZIG: &str = "          cc zig 0.16.0: compiles for every target and libc version, on PATH\n";
    let none = Case::plugin().run("").stderr;
    let general = &none[none.find("help: ").unwrap()..];
    let mut all = String::new();
    for way in ways {
        let ran = case.run(&format!("{way} -a amd64 --out-dir out"));
        let mut text = ran.text();
        if ran.code == Some(0) {
            text.truncate(text.find("    building ").unwrap());
            assert!(text.contains("\n          cc "), "{text}");
            text = text.replace("exit: 0\n--- stdout\n", "").replace("--- stderr\n", "");
        }
        all += &format!("$ {way}\n{}\n", text.replace(ZIG, "").replace(general, "[HELP]\n"));
    }
    all
}

/// The same of one way, as a snapshot.
#[track_caller]
fn chosen(case: &Case, way: &str, snapshot: impl IntoData) {
    told(&choices(case, &[way]), snapshot);
}

#[track_caller]
fn told(text: &str, snapshot: impl IntoData) {
    Assert::new()
        .action_env("SNAPSHOTS")
        .normalize_paths(false)
        .eq(text.to_owned(), snapshot);
}

fn equipped() -> Case {
    Case::equipped()
        .go("home/sdk/go1.25.12", "1.25.12")
        .go("home/sdk/go1.22.11", "1.22.11")
}

#[test]
fn release_number_prefix_or_flavour() {
    if !stand_ins_are_amd64("release_number_prefix_or_flavour") {
        return;
    }
    let case = equipped();
    told(
        &choices(
            &case,
            &[
                "-g 2.1.4",
                "-g v2.1",
                "-g 2",
                "-g latest",
                "-g 2.13.8-linux-generic",
                "-g v2.12-alpine",
                "-g latest-glibc",
                "-g 2.12.1-alpine --libc glibc=2.31",
            ],
        ),
        str![[r#"
$ -g 2.1.4
[CWD]/out/handler_2.1.4_linux_amd64_musl.so
     gateway KrakenD 2.1.4: the Community Edition's row of this release
          go 1.19.5, as the gateway: in ~/sdk/go1.19.5
      target x86_64-unknown-linux-musl: --arch; musl as in the official image

$ -g v2.1
[CWD]/out/handler_2.1.4_linux_amd64_musl.so
     gateway KrakenD 2.1.4: the newest 2.1 Community release in the matrix
          go 1.19.5, as the gateway: in ~/sdk/go1.19.5
      target x86_64-unknown-linux-musl: --arch; musl as in the official image

$ -g 2
[CWD]/out/handler_2.13.8_linux_amd64_musl.so
     gateway KrakenD 2.13.8: the newest 2 Community release in the matrix
          go 1.25.12, as the gateway: in ~/sdk/go1.25.12
      target x86_64-unknown-linux-musl: --arch; musl as in the official image

$ -g latest
[CWD]/out/handler_2.13.8_linux_amd64_musl.so
     gateway KrakenD 2.13.8: the newest Community release that loads plugins: those from 3.0.0 on load none
          go 1.25.12, as the gateway: in ~/sdk/go1.25.12
      target x86_64-unknown-linux-musl: --arch; musl as in the official image

$ -g 2.13.8-linux-generic
[CWD]/out/handler_2.13.8_linux_amd64_glibc.so
     gateway KrakenD 2.13.8: the Community Edition's row of this release
          go 1.25.12, as the gateway: in ~/sdk/go1.25.12
      target x86_64-unknown-linux-gnu.2.36: --arch; glibc as the gateway

$ -g v2.12-alpine
[CWD]/out/handler_2.12.1_linux_amd64_musl.so
     gateway KrakenD 2.12.1: the newest 2.12 Community release in the matrix
          go 1.25.6, as the gateway: in ~/sdk/go1.25.6
      target x86_64-unknown-linux-musl: --arch; musl as the gateway

$ -g latest-glibc
[CWD]/out/handler_2.13.8_linux_amd64_glibc.so
     gateway KrakenD 2.13.8: the newest Community release that loads plugins: those from 3.0.0 on load none
          go 1.25.12, as the gateway: in ~/sdk/go1.25.12
      target x86_64-unknown-linux-gnu.2.36: --arch; glibc as the gateway

$ -g 2.12.1-alpine --libc glibc=2.31
[CWD]/out/handler_2.12.1_linux_amd64_glibc.so
     gateway KrakenD 2.12.1: the Community Edition's row of this release
          go 1.25.6, as the gateway: in ~/sdk/go1.25.6
      target x86_64-unknown-linux-gnu.2.31: --arch; --libc


"#]],
    );
}

#[test]
fn unknown_release() {
    let case = Case::plugin().env("GOPROXY", "off");
    told(
        &choices(
            &case,
            &[
                "-g 2.1.9",
                "-g 3",
                "-g 1.4.1-linux-generic",
                "-g acme",
                "-g 2.1.4-rc1",
                "-g 99999999999.1",
            ],
        ),
        str![[r#"
$ -g 2.1.9
exit: 5
--- stderr
    fetching github.com/krakend/krakend-ce/v2@v2.1.9 through your GOPROXY, for what KrakenD 2.1.9 is built with
error: no release 2.1.9 of KrakenD is known, and cannot be looked up: module lookup disabled by GOPROXY=off
help: the nearest are 2.1.4, 2.1.3, 2.1.2; `plugbuild gateway list` lists all
help: any gateway can be given as it is: `--gateway ./krakend` (its file), or `krakend version 2>&1 | plugbuild --gateway -`
help: or by its parts: `--go 1.26.1 --libc musl`

$ -g 3
exit: 1
--- stderr
error: KrakenD Community 3 loads no Go plugins
help: stay on the last line that loads them: `--gateway 2.13` (now 2.13.8)
help: or move to KrakenD Enterprise, which still loads plugins: give its file, `--gateway ./krakend`
help: or use no plugin: compile the code into the gateway, or write it in Lua; docs/community-3.md compares the ways

$ -g 1.4.1-linux-generic
exit: 2
--- stderr
error: no release 1.4.1 of KrakenD is known
help: known are 2.0.0 to 2.13.8; `plugbuild gateway list` lists all
help: any gateway can be given as it is: `--gateway ./krakend` (its file), or `krakend version 2>&1 | plugbuild --gateway -`
help: or by its parts: `--go 1.26.1 --libc musl`

$ -g acme
exit: 2
--- stderr
error: `acme` is not a release, and no custom gateway has this name
[HELP]

$ -g 2.1.4-rc1
exit: 2
--- stderr
error: `2.1.4-rc1` is not a release, and no custom gateway has this name
[HELP]

$ -g 99999999999.1
exit: 2
--- stderr
error: `99999999999.1` is not a release, and no custom gateway has this name
[HELP]


"#]],
    );
    chosen(
        &case.file("work/krakend", ""),
        "-g krakend",
        str![[r#"
$ -g krakend
exit: 2
--- stderr
error: `krakend` is not a release, and no custom gateway has this name
help: for the file of that name type `--gateway ./krakend`


"#]],
    );
}

#[test]
fn image_name_or_misspelt_flavour() {
    let case = Case::plugin();
    let equipped = Case::equipped();
    for (image, target) in [
        ("krakend:2.12.1-alpine", "linux-musl"),
        ("krakend/builder:2.12.1", "linux-musl"),
        ("krakend/builder:2.12.1-linux-generic", "linux-gnu"),
        ("docker.io/devopsfaith/krakend:2.12.1", "linux-musl"),
    ] {
        let plan = equipped.run(&format!("metadata --format-version 1 -g {image}"));
        let stdout = &plan.exits(0).stdout;
        assert!(
            stdout.contains("\"2.12.1\"") && stdout.contains(target),
            "{image}: {stdout}"
        );
    }
    told(
        &choices(
            &case,
            &[
                "-g krakend:main",
                "-g devopsfaith/krakend:2.12.1-alpin",
                "-g krakend/krakend-ee:2.9",
                "-g 2.12.1-linux-generik",
            ],
        ),
        str![[r#"
$ -g krakend:main
exit: 2
--- stderr
error: `krakend:main` is not a release, and no custom gateway has this name
[HELP]

$ -g devopsfaith/krakend:2.12.1-alpin
exit: 2
--- stderr
error: `krakend:2.12.1-alpin` is not a release, and no custom gateway has this name
help: did you mean `--gateway 2.12.1-alpine`? that is the release, without its image's name

$ -g krakend/krakend-ee:2.9
exit: 2
--- stderr
error: what KrakenD Enterprise 2.9 was compiled with is not known
help: give its file: `docker cp $(docker create krakend/krakend-ee:2.9):/usr/bin/krakend .`, then `--gateway ./krakend`; `plugbuild gateway import ./krakend` keeps what it says
help: or what it says of itself: `docker run --rm krakend/krakend-ee:2.9 version 2>&1 | plugbuild --gateway -`
help: `--gateway 2.9` is the Community Edition's 2.9.4, another program, mostly of another Go

$ -g 2.12.1-linux-generik
exit: 2
--- stderr
error: `2.12.1-linux-generik` is not a release, and no custom gateway has this name
help: did you mean `--gateway 2.12.1-linux-generic`?


"#]],
    );
}

/// A gateway's file is mostly called as its image: a mistyped path is no release.
#[test]
fn missing_path_is_not_an_image() {
    let ran = Case::plugin().run("-g ./krakend");
    assert!(ran.exits(6).stderr.contains("help: a gateway's file"), "{}", ran.stderr);
    let ran = Case::plugin().run("-g krakend");
    assert!(ran.exits(2).stderr.contains("help: a gateway's file"), "{}", ran.stderr);
    assert!(!ran.stderr.contains("did you mean"), "{}", ran.stderr);
}

#[test]
fn no_gateway() {
    let case = Case::plugin();
    case.run("").is(str![[r#"
exit: 2
--- stderr
error: no gateway: which KrakenD must load the plugin?
help: a release: `--gateway 2.1`, `--gateway 2.13.8-linux-generic`, `--gateway latest`
help: a gateway's file, which no build runs: `--gateway ./krakend`, or `--gateway auto` for the one on PATH
help: its version output: `krakend version 2>&1 | plugbuild --gateway -`
help: its parts: `--go 1.25.6 --libc musl`

"#]]);
    assert_eq!(case.run("--libc musl").text(), case.run("").text());
    case.run_args(["--gateway", ""]).is(str![[r#"
exit: 2
--- stderr
error: invalid value '' for '--gateway <G>': `--gateway` names no gateway
help: a release: `--gateway 2.1`, `--gateway 2.13.8-linux-generic`, `--gateway latest`
help: a gateway's file, which no build runs: `--gateway ./krakend`, or `--gateway auto` for the one on PATH
help: its version output: `krakend version 2>&1 | plugbuild --gateway -`
help: its parts: `--go 1.25.6 --libc musl`

For more information, try '--help'.

"#]]);
}

const TEXT: &str = "KrakenD Version: 2.12.1\nGo Version: 1.25.6\nGlibc Version: GLIBC-2.36_(debian-12)\n";

#[test]
fn version_text() {
    if !stand_ins_are_amd64("version_text") {
        return;
    }
    let case = equipped().stdin(TEXT);
    chosen(
        &case,
        "-g -",
        str![[r#"
$ -g -
[CWD]/out/handler_2.12.1_linux_amd64_glibc.so
     gateway KrakenD 2.12.1: the output of `krakend version` on standard input
          go 1.25.6, as the gateway: in ~/sdk/go1.25.6
      target x86_64-unknown-linux-gnu.2.36: --arch; glibc as the gateway


"#]],
    );
    chosen(
        &case.file("work/version.txt", TEXT),
        "-g ./version.txt",
        str![[r#"
$ -g ./version.txt
[CWD]/out/handler_2.12.1_linux_amd64_glibc.so
     gateway KrakenD 2.12.1: the output of `krakend version` on [CWD]/version.txt
          go 1.25.6, as the gateway: in ~/sdk/go1.25.6
      target x86_64-unknown-linux-gnu.2.36: --arch; glibc as the gateway


"#]],
    );
    let docker = format!("Unable to find image locally\r\n\r\n{}", TEXT.replace('\n', "\r\n"));
    let mut said = String::new();
    for (text, way) in [
        // A mark that some editors put first.
        (format!("\u{feff}{TEXT}").as_str(), "-g -"),
        // Docker's own words around it, and the line ends of another system.
        (&docker, "-g -"),
        (
            "KrakenD Version: 2.1.4\nGo Version: undefined\nGlibc Version: RHEL-9\n",
            "-g -",
        ),
        (
            "KrakenD Version: 2.9-acme\nGo Version: 1.22.11\nGlibc Version: MUSL-1.2.5\n",
            "-g -",
        ),
        ("KrakenD Version: 2.9-acme\nGo Version: undefined\n", "-g -"),
        (
            "KrakenD Version: 2.9-acme\nGo Version: undefined\n",
            "-g - --go 1.22.11",
        ),
        ("KrakenD Version: 2.1.4\nGo Version: 1.25.6\n", "-g -"),
        ("zsh: command not found: krakend\n", "-g -"),
        ("", "-g -"),
    ] {
        said += &choices(&equipped().stdin(text), &[way]);
    }
    told(
        &said,
        str![[r#"
$ -g -
[CWD]/out/handler_2.12.1_linux_amd64_glibc.so
     gateway KrakenD 2.12.1: the output of `krakend version` on standard input
          go 1.25.6, as the gateway: in ~/sdk/go1.25.6
      target x86_64-unknown-linux-gnu.2.36: --arch; glibc as the gateway

$ -g -
[CWD]/out/handler_2.12.1_linux_amd64_glibc.so
     gateway KrakenD 2.12.1: the output of `krakend version` on standard input
          go 1.25.6, as the gateway: in ~/sdk/go1.25.6
      target x86_64-unknown-linux-gnu.2.36: --arch; glibc as the gateway

$ -g -
[CWD]/out/handler_2.1.4_linux_amd64_musl.so
warning: it does not report its Go version: assuming Go 1.19.5
warning: its libc `RHEL-9` is neither musl nor glibc as far as known
     gateway KrakenD 2.1.4: the output of `krakend version` on standard input
          go 1.19.5, as the gateway: in ~/sdk/go1.19.5
      target x86_64-unknown-linux-musl: --arch; musl as in the official image

$ -g -
[CWD]/out/handler_2.9-acme_linux_amd64_musl.so
warning: assuming the paths and settings of the official builds
     gateway KrakenD 2.9-acme: the output of `krakend version` on standard input
          go 1.22.11, as the gateway: in ~/sdk/go1.22.11
      target x86_64-unknown-linux-musl: --arch; musl as the gateway

$ -g -
exit: 2
--- stderr
error: the version text on standard input does not contain the gateway's Go version
help: give it: `--go 1.25.6` (in the container: `docker inspect`, or read the binary with `--gateway ./krakend`)

$ -g - --go 1.22.11
[CWD]/out/handler_2.9-acme_linux_amd64_musl.so
warning: assuming the paths and settings of the official builds
warning: it does not report its Go version: assuming Go 1.22.11
     gateway KrakenD 2.9-acme: the output of `krakend version` on standard input
          go 1.22.11, as the gateway: in ~/sdk/go1.22.11
      target x86_64-unknown-linux-musl: --arch; musl as in the official image

$ -g -
[CWD]/out/handler_2.1.4_linux_amd64_musl.so
warning: it reports Go 1.25.6, the release 2.1.4 has Go 1.19.5: using what it reports
     gateway KrakenD 2.1.4: the output of `krakend version` on standard input
          go 1.25.6, as the gateway: in ~/sdk/go1.25.6
      target x86_64-unknown-linux-musl: --arch; musl as in the official image

$ -g -
exit: 2
--- stderr
error: this is not what `krakend version` prints: no `KrakenD Version:` line
[HELP]

$ -g -
exit: 2
--- stderr
error: this is not what `krakend version` prints: no `KrakenD Version:` line
[HELP]


"#]],
    );
}

/// `--gateway <(docker run krakend version)`: a pipe can be read only once.
#[test]
#[allow(clippy::disallowed_methods, reason = "tests start tools themselves")]
fn version_text_from_a_pipe() {
    if !stand_ins_are_amd64("version_text_from_a_pipe") {
        return;
    }
    let case = equipped();
    assert!(
        std::process::Command::new("mkfifo")
            .arg(case.at("work/pipe"))
            .status()
            .unwrap()
            .success()
    );
    let pipe = case.at("work/pipe");
    let writer = std::thread::spawn(move || fs::write(pipe, TEXT));
    chosen(
        &case,
        "-g ./pipe",
        str![[r#"
$ -g ./pipe
[CWD]/out/handler_2.12.1_linux_amd64_glibc.so
     waiting for a program that writes to the named pipe [CWD]/pipe
     gateway KrakenD 2.12.1: the output of `krakend version` on [CWD]/pipe
          go 1.25.6, as the gateway: in ~/sdk/go1.25.6
      target x86_64-unknown-linux-gnu.2.36: --arch; glibc as the gateway


"#]],
    );
    writer.join().unwrap().unwrap();
}

#[test]
fn gateway_by_its_file() {
    if !stand_ins_are_amd64("gateway_by_its_file") {
        return;
    }
    let official = gateway_file("official", "1.25.6", "2.12.1", "MUSL-1.2.5_(alpine-3.23.0)");
    let fork = gateway_file("fork", "1.22.11", "v2.9-acme", "GLIBC-2.36_(debian-12)");
    let case = equipped()
        .file("work/krakend", fs::read(&official).unwrap())
        .file("work/acme", fs::read(&fork).unwrap())
        .script("bin/krakend", "");
    told(
        &choices(&case, &["-g ./krakend", "-g ./acme", "-g ./acme --go 1.25.6"]),
        str![[r#"
$ -g ./krakend
[CWD]/out/handler_2.12.1_linux_amd64_musl.so
warning: the gateway's file does not say where its module cache was: assuming /go/pkg/mod
warning: the gateway's file does not say where its main module was: assuming /app
     gateway KrakenD 2.12.1: read from [CWD]/krakend
          go 1.25.6, as the gateway: in ~/sdk/go1.25.6
      target x86_64-unknown-linux-musl: --arch; musl as the gateway

$ -g ./acme
[CWD]/out/handler_v2.9-acme_linux_amd64_glibc.so
warning: the gateway's file does not say where its module cache was: assuming /go/pkg/mod
warning: the gateway's file does not say where its main module was: assuming /app
     gateway KrakenD v2.9-acme: read from [CWD]/acme
          go 1.22.11, as the gateway: in ~/sdk/go1.22.11
      target x86_64-unknown-linux-gnu.2.36: --arch; glibc as the gateway

$ -g ./acme --go 1.25.6
exit: 1
--- stderr
warning: the gateway's file does not say where its module cache was: assuming /go/pkg/mod
warning: the gateway's file does not say where its main module was: assuming /app
warning: --go 1.25.6 wins over the gateway's own Go 1.22.11
     gateway KrakenD v2.9-acme: read from [CWD]/acme
          go 1.25.6, not as the gateway, which has 1.22.11: in ~/sdk/go1.25.6
      target x86_64-unknown-linux-gnu.2.36: --arch; glibc as the gateway
    building example.com/handler ([CWD])
[CWD]/out/handler_v2.9-acme-go1.25.6_linux_amd64_glibc.so: will not load (gateway v2.9-acme: amd64, go1.25.6, glibc 2.36)
  error[go-mismatch]: it is compiled by go1.25.6, the gateway by go1.22.11; it can end the whole gateway (`fatal error: runtime: no plugin module data`)
    differs: runtime
    help: rebuild it for this gateway: `plugbuild --gateway [CWD]/acme`
  compared 1 of 2 packages by their hash
error: the gateway will not load [CWD]/out/handler_v2.9-acme-go1.25.6_linux_amd64_glibc.so


"#]],
    );
    case.run("-g ./krakend -a arm64 --dry-run").is(str![[r#"
exit: 2
--- stderr
error: KrakenD 2.12.1 is an amd64 program and cannot load a plugin for arm64
help: leave the architecture out, or give the arm64 gateway

"#]]);
    let case = case.file("bin/krakend", fs::read(&official).unwrap());
    chosen(
        &case,
        "-g auto",
        str![[r#"
$ -g auto
[CWD]/out/handler_2.12.1_linux_amd64_musl.so
warning: the gateway's file does not say where its module cache was: assuming /go/pkg/mod
warning: the gateway's file does not say where its main module was: assuming /app
     gateway KrakenD 2.12.1: read from [BIN]/krakend
          go 1.25.6, as the gateway: in ~/sdk/go1.25.6
      target x86_64-unknown-linux-musl: --arch; musl as the gateway


"#]],
    );
    chosen(
        &equipped(),
        "-g auto",
        str![[r#"
$ -g auto
exit: 2
--- stderr
error: no `krakend` on PATH
[HELP]


"#]],
    );
}

#[test]
fn parts_and_settings() {
    if !stand_ins_are_amd64("parts_and_settings") {
        return;
    }
    let case = equipped();
    told(
        &choices(
            &case,
            &["--go 1.25.6 --libc musl", "--go go1.25.6", "-g 2.1.4 --go 1.25.6"],
        ),
        str![[r#"
$ --go 1.25.6 --libc musl
[CWD]/out/handler_go1.25.6_linux_amd64_musl.so
warning: assuming the paths and settings of the official builds
     gateway KrakenD go1.25.6: given by its parts
          go 1.25.6, as the gateway: in ~/sdk/go1.25.6
      target x86_64-unknown-linux-musl: --arch; --libc

$ --go go1.25.6
[CWD]/out/handler_go1.25.6_linux_amd64_musl.so
warning: assuming the paths and settings of the official builds
     gateway KrakenD go1.25.6: given by its parts
          go 1.25.6, as the gateway: in ~/sdk/go1.25.6
      target x86_64-unknown-linux-musl: --arch; musl as in the official image

$ -g 2.1.4 --go 1.25.6
[CWD]/out/handler_2.1.4-go1.25.6_linux_amd64_musl.so
warning: --go 1.25.6 wins over the gateway's own Go 1.19.5
     gateway KrakenD 2.1.4: the Community Edition's row of this release
          go 1.25.6, not as the gateway, which has 1.19.5: in ~/sdk/go1.25.6
      target x86_64-unknown-linux-musl: --arch; musl as in the official image


"#]],
    );
    let case = case.env("PLUGBUILD_GATEWAY", "2.1");
    chosen(
        &case,
        "",
        str![[r#"
$ 
[CWD]/out/handler_2.1.4_linux_amd64_musl.so
     gateway KrakenD 2.1.4: the newest 2.1 Community release in the matrix (named in PLUGBUILD_GATEWAY)
          go 1.19.5, as the gateway: in ~/sdk/go1.19.5
      target x86_64-unknown-linux-musl: --arch; musl as in the official image


"#]],
    );
    let case = case.without("PLUGBUILD_GATEWAY").file(
        "plugbuild.toml",
        "[gateway]\nversion = \"acme-3\"\n\n[build]\ntargets = [\"amd64-glibc=2.31\"]\nout-dir = \"dist\"\n\n\
         [[matrix.release]]\nname = \"acme-3\"\nversion = \"2.9.1\"\ngo = \"1.22.11\"\nmodule_cache = \"/build/mod\"\nmain_module = \"example.com/handler\"\nmain_root = \"/build/src\"\nlibc = \"glibc\"\nglibc = \"2.28\"\n",
    );
    case.run("").is(str![[r#"
exit: 0
--- stdout
[ROOT]/dist/handler_acme-3_linux_amd64_glibc.so
--- stderr
     gateway KrakenD acme-3: a row of your own: [ROOT]/plugbuild.toml (named in [ROOT]/plugbuild.toml)
          go 1.22.11, as the gateway: in ~/sdk/go1.22.11
      target x86_64-unknown-linux-gnu.2.31: targets of [ROOT]/plugbuild.toml
          cc zig 0.16.0: compiles for every target and libc version, on PATH
    building example.com/handler ([CWD])
     checked amd64, go1.22.11, needs no library, exports HandlerRegisterer
    finished [ROOT]/dist/handler_acme-3_linux_amd64_glibc.so (sha256 [HASH])

"#]]);
    assert_eq!(case.list("dist"), ["handler_acme-3_linux_amd64_glibc.so"]);
    chosen(
        &case,
        "-g 2.1",
        str![[r#"
$ -g 2.1
[CWD]/out/handler_2.1.4_linux_amd64_musl.so
     gateway KrakenD 2.1.4: the newest 2.1 Community release in the matrix
          go 1.19.5, as the gateway: in ~/sdk/go1.19.5
      target x86_64-unknown-linux-musl: --arch; musl as in the official image


"#]],
    );
    let ran = case.run("--dry-run").exits(0).stdout.clone();
    // The plugin is in the gateway's own module here.
    assert!(
        ran.contains("-trimpath=[HOME]/go/pkg/mod=>/build/mod;[CWD]=>/build/src"),
        "{ran}"
    );
    // The user's own file comes after the project's.
    let case = case.file(
        "home/.config/plugbuild/plugbuild.toml",
        "[gateway]\nversion = \"2.1\"\n[build]\ncc = \"zig\"\n",
    );
    chosen(
        &case,
        "",
        str![[r#"
$ 
[CWD]/out/handler_acme-3_linux_amd64_glibc.so
     gateway KrakenD acme-3: a row of your own: [ROOT]/plugbuild.toml (named in [ROOT]/plugbuild.toml)
          go 1.22.11, as the gateway: in ~/sdk/go1.22.11
      target x86_64-unknown-linux-gnu.2.28: --arch; glibc as the gateway
          cc zig 0.16.0: cc of [HOME]/.config/plugbuild/plugbuild.toml, on PATH


"#]],
    );
}
